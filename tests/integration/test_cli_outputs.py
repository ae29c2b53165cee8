"""What a person sees: tables, empty states, times, progress; commands run in this process where that shows the same."""

import json
import os
import pty
import re
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
from tests.architecture.source import REPOSITORY
from typer.testing import CliRunner, Result

from cora.surfaces.cli.main import app

CORA = Path(sys.executable).parent / "cora"
EXAMPLE = REPOSITORY / "examples" / "aps-2bm.yaml"
UNKNOWN = "00000000-0000-7000-8000-000000000000"


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> dict[str, str]:
    """The environment of commands on an empty database."""
    return {"CORA_DATABASE_URL": database_url, "CORA_DATA_DIR": str(tmp_path)}


def cora(settings: dict[str, str], *arguments: str, code: int = 0) -> Result:
    """What a command wrote."""
    told = CliRunner().invoke(app, arguments, env=settings)
    assert told.exit_code == code, told.output
    return told


def answer(settings: dict[str, str], *arguments: str) -> Any:
    """The JSON on stdout."""
    return json.loads(cora(settings, *arguments, "--json").stdout)


def test_the_version_is_told() -> None:
    assert cora({}, "--version").stdout == f"cora {version('cora')}\n"


def test_tokens_are_listed_whole_in_utc(settings: dict[str, str]) -> None:
    assert "There are no tokens" in cora(settings, "token", "list").stdout
    assert answer(settings, "token", "list") == []
    east = ["--expires", "2999-01-01T00:00:00"]
    token = cora(settings, "token", "create", "--role", "reader", "--name", "Grace Hopper", *east).stdout.strip()
    cora(settings, "token", "create", "--role", "admin")
    (grace, other) = answer(settings, "token", "list")
    assert (grace["name"], grace["role"], grace["expires_at"]) == ("Grace Hopper", "reader", "2999-01-01T00:00:00Z")
    assert other["name"].startswith("admin-")
    shown = cora(settings, "token", "list").stdout
    assert token.split("_", 2)[2] not in shown
    head, first, second = shown.splitlines()
    assert head.split() == ["id", "name", "role", "created", "expires", "revoked"]
    assert re.match(rf"{grace['id']}  Grace Hopper +reader  \d", first)
    assert re.search(r"  \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC  2999-01-01 00:00:00 UTC  -$", first)
    assert second.endswith("  -")
    assert cora(settings, "token", "revoke", grace["id"]).stdout == "Revoked.\n"
    assert grace["id"] in cora(settings, "token", "revoke", grace["id"], code=1).stderr
    assert cora(settings, "token", "list").stdout.splitlines()[1].endswith(" UTC")


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["--role", "reader", "--name", "taken"], 1, "revoke it first"),
        (["--role", "reader", "--name", "no/name"], 1, "no/name"),
        (["--role", "reader", "--expires", "2020-01-01"], 2, "2020-01-01 00:00:00 UTC has passed"),
        (["--role", "reader", "--expires", "soon"], 2, "--expires"),
        (["--role", "anonymous"], 2, "reader, operator, steward, admin"),
        ([], 2, "--role"),
    ],
)
def test_a_token_that_cannot_be_made(settings: dict[str, str], arguments: list[str], code: int, said: str) -> None:
    cora(settings, "token", "create", "--role", "reader", "--name", "taken")
    told = cora(settings, "token", "create", *arguments, code=code)
    assert said in told.stderr
    assert told.stdout == ""
    assert len(answer(settings, "token", "list")) == 1


def test_an_empty_database_is_shown_as_such(settings: dict[str, str]) -> None:
    assert "Nothing to apply" in cora(settings, "migrate").stdout
    assert answer(settings, "call", "list_assets") == {"items": [], "next": None}
    assert cora(settings, "verify").stdout.startswith("Intact: ")
    file = Path(settings["CORA_DATA_DIR"]) / "empty.yaml"
    file.write_text("cora: 1\n")
    for command in ("plan", "apply"):
        assert cora(settings, command, str(file)).stdout.startswith("Nothing to change")


def test_a_plan_says_in_words_what_would_be_done(settings: dict[str, str]) -> None:
    told = cora(settings, "plan", str(EXAMPLE)).stdout
    *steps, summary = told.splitlines()
    assert re.fullmatch(r"[1-9A-Z].*\.", summary)
    assert all(step.startswith(("  ", "...")) for step in steps)
    assert "Sample tower at 2-BM" in told
    assert cora(settings, "apply", "--dry-run", str(EXAMPLE)).stdout == told
    assert answer(settings, "call", "list_assets")["items"] == []


def test_a_slice_tells_its_refusals_and_reads_null(settings: dict[str, str]) -> None:
    told = cora(settings, "call", "install_asset", "--help").stdout
    assert "MountAlreadyOccupied" in told
    assert "--idempotency-key" in told
    cora(settings, "call", "register-facility", "--code", "f", "--name", "F")
    family = answer(settings, "call", "define_family", "--name", "Mirror")
    call = ["call", "update_family_settings_schema", "--family-id", family["id"], "--settings-schema"]
    schema = {"type": "object", "properties": {"tilt": {"type": "number", "unit": "mrad"}}}
    assert answer(settings, *call, json.dumps(schema))["state"]["settings_schema"] == schema
    assert answer(settings, *call, "null")["state"]["settings_schema"] is None
    asset = answer(settings, "call", "register_asset", "--name", "A", "--tier", "Unit", "--facility-code", "f")
    dead = cora(settings, "call", "get_asset_pidinst", "--asset-id", UNKNOWN, code=1)
    assert dead.stderr.startswith("AssetNotFound: ")
    record = answer(settings, "call", "get_asset_pidinst", "--asset-id", asset["id"])
    assert record["identifier"]["identifier"] == f"urn:uuid:{asset['id']}"


def test_a_rehearsal_says_that_it_was_one(settings: dict[str, str]) -> None:
    told = cora(settings, "call", "register_facility", "--code", "f", "--name", "F", "--dry-run")
    assert "Nothing was recorded" in told.stderr
    assert json.loads(told.stdout)["dry_run"] is True
    assert answer(settings, "call", "list_facilities")["items"] == []


def test_many_commands_come_from_a_file(settings: dict[str, str]) -> None:
    codes = [{"command": "register_facility", "arguments": {"code": code, "name": code}} for code in ("a", "b", "a")]
    file = Path(settings["CORA_DATA_DIR"]) / "commands.json"
    file.write_text(json.dumps(codes))
    call = ["call", "batch", "--commands", f"@{file}"]
    told = cora(settings, *call, "--atomic", "true", code=1)
    assert told.stderr.startswith("/commands/2: FacilityAlreadyExists: ")
    assert told.stdout == ""
    told = cora(settings, *call, "--dry-run", code=1)
    assert "1 of 3 commands were refused." in told.stderr
    assert "Nothing was recorded" in told.stderr
    assert answer(settings, "call", "list_facilities")["items"] == []
    told = cora(settings, *call, "--json", code=1)
    assert [each["status"] for each in json.loads(told.stdout)["answers"]] == [201, 201, 409]
    told = CliRunner().invoke(
        app,
        ["call", "batch", "--commands", "@-", "--json"],
        input=json.dumps(codes).replace('"b"', '"c"'),
        env=settings,
    )
    assert [each["status"] for each in json.loads(told.stdout)["answers"]] == [409, 201, 409]


@pytest.mark.parametrize(
    ("commands", "said"),
    [
        ("@nowhere.json", "/commands: nowhere.json cannot be read: No such file or directory"),
        ("@", "/commands: "),
        ("[{]", "/commands: is not JSON"),
        ("[]", "/commands: "),
        ('[{"command": "paint_asset"}]', "/commands/0/command: "),
    ],
)
def test_commands_that_cannot_be_read(settings: dict[str, str], commands: str, said: str) -> None:
    told = cora(settings, "call", "batch", "--commands", commands, "--atomic", "true", code=1)
    assert told.stderr.startswith(said)
    assert told.stdout == ""


@pytest.fixture(scope="module")
def beamline(module_database_url: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment of commands on a database with the example beamline."""
    settings = {"CORA_DATABASE_URL": module_database_url, "CORA_DATA_DIR": str(tmp_path_factory.mktemp("cora"))}
    cora(settings, "apply", str(EXAMPLE))
    return settings


def test_an_export_goes_to_a_file_or_to_stdout_and_its_report_beside_it(
    beamline: dict[str, str], tmp_path: Path
) -> None:
    file = tmp_path / "exported.yaml"
    told = cora(beamline, "export", "-o", str(file))
    assert told.stdout == ""
    assert told.stderr.startswith("Exported 73 records (1 facility, 14 families, ")
    assert "Test identifiers of the stub" in told.stderr
    assert [each.name for each in tmp_path.iterdir()] == [file.name]
    shown = cora(beamline, "export", "--json")
    assert shown.stdout == file.read_text()
    assert json.loads(shown.stderr)["counts"]["assets"] == 20
    report = answer(beamline, "export", "-o", str(file), "--under", "aps/2-BM/SampleTable", "--no-test-identifiers")
    assert (report["under"], report["counts"]["assets"]) == ("aps/2-BM/SampleTable", 6)
    assert [note["note"] for note in report["notes"]] == ["test_identifiers_left_out", "outside"]
    assert "persistent_id" not in file.read_text()
    assert "Nothing to change" in cora(beamline, "apply", str(file)).stdout


def test_an_export_that_fails_leaves_the_file_as_it_was(beamline: dict[str, str], tmp_path: Path) -> None:
    file = tmp_path / "exported.yaml"
    file.write_text("as it was")
    file.chmod(0o640)
    told = cora(beamline, "export", "-o", str(file), "--under", "aps/3-BM", code=1)
    assert (told.stdout, told.stderr) == ("", "there is no asset '3-BM' below aps, or it is decommissioned\n")
    assert file.read_text() == "as it was"
    assert [each.name for each in tmp_path.iterdir()] == [file.name]
    missing = cora(beamline, "export", "-o", str(tmp_path / "nowhere" / "x.yaml"), code=1)
    assert missing.stderr.endswith("nowhere/x.yaml cannot be written: No such file or directory\n")
    assert "cannot be written: Is a directory" in cora(beamline, "export", "-o", str(tmp_path), code=1).stderr
    cora(beamline, "export", "-o", str(file))
    assert file.read_text().startswith("cora: 1\n")
    assert file.stat().st_mode & 0o777 == 0o640
    cora(beamline, "export", "-o", os.devnull)
    assert not Path(os.devnull).is_file()


def test_who_reads_no_further_ends_an_export(beamline: dict[str, str]) -> None:
    with subprocess.Popen(
        [CORA, "export"], env={**os.environ, **beamline}, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert b"Traceback" not in process.stderr.read()


@pytest.mark.parametrize(
    ("arguments", "what", "writes"),
    [
        (["apply", str(EXAMPLE)], "applying", r"\d+ changes made\.\n"),
        (["export"], "reading", r"cora: 1\n(.*\n){500,}"),
    ],
)
def test_long_work_shows_a_bar_on_a_terminal_and_nothing_of_it_stays(
    settings: dict[str, str], beamline: dict[str, str], arguments: list[str], what: str, writes: str
) -> None:
    ours, theirs = pty.openpty()
    where = settings if arguments[0] == "apply" else beamline
    environment = {**os.environ, **where, "TERM": "xterm", "COLUMNS": "100"}
    with subprocess.Popen([CORA, *arguments], env=environment, stdout=subprocess.PIPE, stderr=theirs) as process:
        os.close(theirs)
        shown = b""
        try:
            while chunk := os.read(ours, 4096):
                shown += chunk
        except OSError:
            pass  # what a terminal says when the other side is gone
        finally:
            os.close(ours)
        assert process.stdout is not None
        written = process.stdout.read().decode()
    assert process.returncode == 0, shown.decode()
    assert what in shown.decode()
    assert "\x1b[2K" in shown.decode()
    assert "\x1b" not in written
    assert re.fullmatch(writes, written)
