"""What the pages for people say exists: every command with its options, every setting, every file they point to."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.architecture.source import REPOSITORY
from typer.testing import CliRunner

from cora.settings import Settings
from cora.surfaces.cli.main import app

PAGES = [
    *REPOSITORY.glob("*.md"),
    *(REPOSITORY / "docs" / "how-to").glob("*.md"),
    *(REPOSITORY / "docs" / "decisions").glob("*.md"),
]


def commands(text: str) -> Iterator[list[str]]:
    """Every `cora ...` in a block of code or between backticks, as words."""
    blocks = "\n".join(re.findall(r"^ {4}[^\n]*$|^```.*?^```", text, re.MULTILINE | re.DOTALL))
    for found in re.findall(r"^\s*(?:[A-Z_]+=\S+ )*cora (.+)$", blocks, re.MULTILINE):
        yield shlex.split(found, comments=True)
    for found in re.findall(r"`(?:[A-Z_]+=\S+ )*cora ([^`]+)`", text):
        yield shlex.split(found)


def complaint(words: list[str]) -> str | None:
    """What is wrong with a command: it must be there and have the options it is given."""
    path: list[str] = []
    for word in words:
        if word.startswith("-") or not re.fullmatch("[a-z_-]+", word) or len(path) == 2:
            break
        path.append(word)
        if path[0] not in {"call", "pid", "token"}:
            break
    told = CliRunner().invoke(app, [*path, "--help"])
    if told.exit_code != 0:
        return f"cora {' '.join(path)}: no such command"
    options = [word.partition("=")[0] for word in words if word.startswith("--")]
    missing = [option for option in options if not re.search(rf"{re.escape(option)}(?![\w-])", told.stdout)]
    return f"cora {' '.join(path)}: no {', '.join(missing)}" if missing else None


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_what_a_page_says_is_there(page: Path) -> None:
    text = page.read_text()
    assert [found for words in commands(text) if (found := complaint(words))] == []
    settings = {f"CORA_{name.upper()}" for name in Settings.model_fields}
    known = settings | {"CORA_TEST_DATABASE_URL", "CORA_SERVER", "CORA_TOKEN"}
    assert set(re.findall(r"\bCORA_[A-Z_]+[A-Z]", text)) - known == set()
    links = re.findall(r"\]\((?!https?:|#|mailto:)([^)#]+)", text)
    assert [link for link in links if not (page.parent / link).exists()] == []
    targets = re.findall(r"`make ([a-z]+)`|^    make ([a-z]+)", text, re.MULTILINE)
    makefile = (REPOSITORY / "Makefile").read_text()
    assert [a or b for a, b in targets if f"\n{a or b}:" not in makefile] == []


def test_the_first_screen_of_the_readme_holds_exactly_the_two_commands() -> None:
    screen = "\n".join((REPOSITORY / "README.md").read_text().splitlines()[:24])
    blocks = [line.split("#")[0].strip() for line in screen.splitlines() if line.startswith("    ")]
    assert blocks == ["make run", "make test"]


@pytest.mark.parametrize(
    ("text", "complaints"),
    [
        ("`cora serve --port 1`", []),
        ("`cora sing`", ["cora sing: no such command"]),
        ("    cora serve --loudly", ["cora serve: no --loudly"]),
        ("    CORA_PORT=1 cora call activate_asset --asset-id x --dry-run", []),
        ("    cora call activate_asset --asset x", ["cora call activate_asset: no --asset"]),
        ("    cora call activate_assets --asset-id x", ["cora call activate_assets: no such command"]),
        ("    cora token make --role reader", ["cora token make: no such command"]),
        ("    cora pid push 10.82433/08qf-ee96 --again", []),
        ("    cora pid sing", ["cora pid sing: no such command"]),
        ("cora is the record of equipment", []),
    ],
)
def test_a_page_that_says_what_is_not_there_is_found(text: str, complaints: list[str]) -> None:
    assert [found for words in commands(text) if (found := complaint(words))] == complaints
