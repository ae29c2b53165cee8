"""What is wrong with an option is told in cora's words, not in those of what checks it."""

import pytest
from typer.testing import CliRunner

from cora.surfaces.cli.main import app


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["list", "asset", "--limit", "x"], "'--limit': must be a whole number"),
        (["list", "asset", "--limit", "0"], "'--limit': must be at least 1"),
        (["history", "asset", "x", "--limit", "1.5"], "'--limit': must be a whole number"),
        (["labels", "--layout", "x"], "'--layout': 'x' is not one of 'avery-l4731', 'avery-l7160', 'roll-62x29'"),
        (["pid", "list", "--status", "Draft", "--status", "x"], "'--status': 'x' is not one of 'Reserved', 'Draft'"),
        (["pid", "preview", "x", "--scheme", "ARK"], "'--scheme': 'ARK' is not one of 'DOI', 'Handle'"),
        (["serve", "--port", "http"], "'--port': must be a whole number"),
        (["token", "revoke", "x"], "'id': must be a UUID"),
        (["token", "create", "--role", "admin", "--expires", "x"], "'--expires': must be a time"),
        (["pid", "assign", "x", "--suffix"], "Option '--suffix' requires an argument"),
        (["list", "x", "--limit", "1"], "COLLECTION: 'x' is no kind of record"),
    ],
)
def test_what_is_wrong_is_told(arguments: list[str], says: str) -> None:
    ended = CliRunner().invoke(app, arguments)
    assert ended.exit_code == 2
    assert says in ended.output
    assert "Value error" not in ended.output


@pytest.mark.parametrize(
    ("arguments", "usage"),
    [
        (["apply"], "{FILE}..."),
        (["import"], "[FILE]..."),
        (["search"], "{WORDS}..."),
        (["pid", "assign"], "[WHICH]"),
        (["pid", "redirect"], "[WHICH]..."),
    ],
)
def test_the_usage_of_arguments_is_shown_once(arguments: list[str], usage: str) -> None:
    told = CliRunner().invoke(app, [*arguments, "--help"]).output
    assert told.splitlines()[0] == f"Usage: cora {' '.join(arguments)} [OPTIONS] {usage}"
