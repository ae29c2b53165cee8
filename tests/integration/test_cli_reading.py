"""`cora get`, `list`, `search`, `history`, `tree` on the example beamline, beside the database and through a server."""

import asyncio
import csv
import json
import os
import re
import subprocess
import sys
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, HTTPServer
from io import StringIO
from pathlib import Path
from threading import Thread
from typing import Any
from unittest.mock import Mock

import pytest
from openpyxl import load_workbook
from tests.architecture.source import REPOSITORY
from tests.integration.mcp_world import serving
from typer.testing import CliRunner, Result

from cora.kernel.principal import Role
from cora.surfaces.cli.main import app
from cora.surfaces.start import Opened

CORA = Path(sys.executable).parent / "cora"
EXAMPLE = REPOSITORY / "examples" / "aps-2bm.yaml"
UNKNOWN = "00000000-0000-7000-8000-000000000000"
ROTARY = "aps/2-BM/SampleTable/Hexapod/LaminographyPitch/Rotary"
BASE = "2-BM source/Hutch B entrance/Sample tower base"
BEFORE = "2016-01-01T00:00:00Z"


@dataclass(frozen=True)
class Hall:
    """The example beamline, and the two ways to it."""

    database: dict[str, str]
    server: dict[str, str]

    async def cora(self, *arguments: str, code: int = 0, beside: bool = False) -> Result:
        """What a command wrote; it runs in a thread, as the server runs in this loop."""
        env = self.database if beside else self.server
        told = await asyncio.to_thread(CliRunner().invoke, app, arguments, env=env)
        assert told.exit_code == code, told.output
        assert isinstance(told.exception, SystemExit | None), told.exception
        assert "\x1b" not in told.output
        return told

    async def both(self, *arguments: str, code: int = 0) -> Result:
        """What a command wrote, the same by way of the server and beside the database."""
        told = await self.cora(*arguments, code=code)
        other = await self.cora(*arguments, code=code, beside=True)
        assert (told.stdout, told.stderr) == (other.stdout, other.stderr)
        return told

    async def answer(self, *arguments: str) -> Any:
        """The JSON on stdout."""
        return json.loads((await self.cora(*arguments, "--json")).stdout)


@pytest.fixture(scope="module")
async def hall(
    module_cora: Opened, module_database_url: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncGenerator[Hall]:
    directory = str(tmp_path_factory.mktemp("hall"))
    with pytest.MonkeyPatch.context() as patch:
        # The server runs in this process, where its log lines would stand among what the commands print.
        patch.setattr("cora.surfaces.http.surface._logger", Mock())
        async with serving(module_cora) as running:
            database = {"CORA_DATABASE_URL": module_database_url, "CORA_DATA_DIR": directory}
            reader = {"CORA_SERVER": running.url, "CORA_TOKEN": running.bearers[Role.READER]}
            hall = Hall(database, {"CORA_DATABASE_URL": "none", "CORA_DATA_DIR": directory, **reader})
            await hall.cora("apply", str(EXAMPLE), beside=True)
            async with running.web(Role.ADMIN) as web:
                for name in ("=1+1", "-2", "A/B 10%?#", "100% #1?&é"):
                    answer = await web.post("/families", json={"name": name})
                    assert answer.status_code == 201
            yield hall


def lines_of(told: Result) -> dict[str, str]:
    """A sheet by its labels; a line without a label belongs to the one above."""
    found: dict[str, str] = {}
    last = ""
    width = max(len(line.partition("  ")[0]) for line in told.stdout.splitlines()) + 2
    for line in told.stdout.splitlines():
        name = line[:width].strip()
        last = name or last
        found[last] = line[width:] if name else f"{found[last]}\n{line[width:]}"
    return found


async def test_an_asset_is_shown_with_where_it_is_and_since_when(hall: Hall) -> None:
    told = await hall.both("get", "asset", ROTARY)
    facts = lines_of(told)
    record = await hall.answer("get", "asset", ROTARY)
    since = record["beside"]["mount"]["installed_at"][:19].replace("T", " ")
    assert list(facts)[:4] == ["name", "path", "description", "lifecycle"]
    assert (facts["name"], facts["path"], facts["id"]) == ("Rotary", ROTARY, record["id"])
    assert facts["mount"] == f"02-BM-B-ROTARY since {since} UTC"
    assert facts["identifiers"] == "SerialNumber 146853-A-1-1-X\nEPICS PV 2bmb:m102"
    assert facts["model"] == "ABRS-250MP (manufacturer: Aerotech, part_number: ABRS-250MP-M-AS)"
    assert (facts["families"], facts["controller"], facts["lifecycle"]) == ("RotaryStage", "RotaryDrive", "Active")
    assert re.findall(r"\w{8}-\w{4}-\w{4}-\w{4}-\w{12}", told.stdout) == [record["id"]], "all else is told by name"
    assert await hall.answer("get", "assets", record["id"]) == record


@pytest.mark.parametrize(
    ("kind", "which", "said"),
    [
        ("asset", "aps/2-BM", "not installed"),
        ("mount", "02-bm-b-rotary", f"Rotary (path: {ROTARY}, "),
        ("mounts", "02-BM-B-ROTARY", "y 1130, z 0 mm; tolerances x 0.05, z 0.05; MountingFace"),
        ("frame", BASE, "x 0, y 0, z 1500 mm"),
        ("facility", "aps", "ROR https://ror.org/05gvnxz63"),
        ("family", "rotarystage", "Rotatable"),
        ("family", "A/B 10%?#", "A/B 10%?#"),
        ("family", "100% #1?&É", "100% #1?&é"),
        ("model", "Aerotech/ABRS-250MP-M-AS", "RotaryStage"),
        ("role", "Positioner", "EncoderPosition"),
        ("assembly", "SampleTower", "SampleTower"),
        ("fixture", "Sample tower at 2-BM", "aps-2bm-sample-tower (a test identifier)"),
    ],
)
async def test_every_kind_is_found_by_what_people_call_it(hall: Hall, kind: str, which: str, said: str) -> None:
    assert said in (await hall.both("get", kind, which)).stdout


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["get", "thing", "a"], 2, "'thing' is no kind of record; there are: facility, family,"),
        (["get", "asset", "aps/3-BM"], 1, "AssetNotFound: "),
        (["get", "asset", UNKNOWN], 1, "AssetNotFound: "),
        (["get", "family", "No/Such"], 1, "FamilyNotFound: "),
        (["get", "mount", "No/Such"], 1, "MountNotFound: "),
        (["get", "mount", "no such"], 1, "MountNotFound: "),
        (["get", "mount", ".."], 1, "MountNotFound: "),
        (["get", "asset", "aps/2-BM/../2-BM"], 1, "AssetNotFound: "),
        (["get", "asset", "aps"], 1, "/path: names a facility only"),
        (["get", "asset", "/"], 2, "names nothing"),
        (["get", "persistent-id", "10.5072/a"], 1, "PersistentIdNotFound: "),
        (["get", "persistent-id", "a"], 1, "/value: is no DOI or Handle"),
        (["get", "asset", "aps/2-BM", "--as-of", "yesterday"], 1, "/as_of: must be a time with its offset"),
        (["get", "asset", "aps/2-BM", "--true-at", "2999-01-01"], 1, "/true_at: "),
        (["get", "asset", "aps/2-BM", "--as-of", "1"], 1, "The question is about a moment in the past."),
        (["get", "asset", ROTARY, "--true-at", "2010-01-01T00:00:00Z"], 1, "AssetNotFound: "),
        (["list", "things"], 2, "there are: facility, family,"),
        (["list", "assets", "--filter", "colour=red"], 2, "assets are not filtered by 'colour'; the names are:"),
        (["list", "assets", "--filter", "name"], 2, "alternate_identifier, commissioned_at_from,"),
        (["list", "assets", "--filter", "limit=1"], 2, "assets are not filtered by 'limit'"),
        (["list", "assets", "--sort", "colour"], 1, "/sort: 'colour' is not known here; there is: name, registered_at"),
        (["list", "assets", "--missing", "colour"], 1, "/missing: 'colour' is not known here"),
        (["list", "assets", "--fields", "name,colour"], 1, "/fields: 'colour' is not known here; there is: "),
        (["list", "assets", "--under", "aps/3-BM"], 1, "AssetNotFound: "),
        (["list", "families", "--under", "aps"], 1, "/under: families stand below nothing"),
        (["list", "assets", "--all", "--limit", "5"], 2, "goes without --all"),
        (["list", "assets", "--csv", "--json"], 2, "one goes at a time"),
        (["list", "assets", "--csv", "--count"], 2, "one goes at a time"),
        (["list", "assets", "--limit", "0"], 2, "--limit"),
        (["search", "?"], 1, "/q: holds no letter or digit"),
        (["search"], 2, "WORDS"),
        (["search", "a", "--kind", "thing"], 2, "'thing' is no kind of record; there are: facility, family,"),
        (["history", "asset", "aps/3-BM"], 1, "AssetNotFound: "),
        (["history", "asset", UNKNOWN], 1, "AssetNotFound: "),
        (["tree", "aps/3-BM"], 1, "AssetNotFound: "),
        (["tree", "--frames", UNKNOWN], 1, "FrameNotFound: "),
        (["tree", "aps/2-BM", "--depth", "65"], 2, "--depth"),
    ],
)
async def test_what_cannot_be_read_is_told(hall: Hall, arguments: list[str], code: int, said: str) -> None:
    asked = hall.both if code == 1 else hall.cora
    told = await asked(*arguments, code=code)
    assert told.stdout == ""
    assert said in " ".join(told.stderr.replace("│", " ").split())


async def test_a_list_is_a_table_that_can_be_narrowed_and_ordered(hall: Hall) -> None:
    told = await hall.both("list", "assets", "--under", "aps/2-BM/SampleTable", "--sort", "-name")
    head, *rows = told.stdout.splitlines()
    assert head.split("  ")[0] == "name"
    assert head.split()[:5] == ["name", "parent", "tier", "lifecycle", "condition"]
    assert [row.split("  ")[0] for row in rows] == [
        "SampleTop Z", "SampleTop X", "Rotary", "LaminographyPitch", "Hexapod",
    ]  # fmt: skip
    assert "SerialNumber 146853-A-1-1-X, EPICS PV 2bmb:m102" in rows[2]
    assert rows[2].split()[:3] == ["Rotary", "LaminographyPitch", "Device"]
    assert told.stderr == ""
    mounts = (await hall.both("list", "mounts", "--filter", "slot_code=02-BM-B-ROTARY")).stdout
    assert mounts.splitlines()[1].split()[:2] == ["02-BM-B-ROTARY", "Rotary"]
    narrowed = await hall.answer(
        "list", "assets", "--filter", "name=Rotary", "--filter", "name=Timing", "--filter", "tier=Device"
    )
    assert {item["state"]["name"] for item in narrowed["items"]} == {"Rotary", "Timing"}
    missing = await hall.answer("list", "asset", "--missing", "model_id", "--missing", "parent_id", "--fields", "name")
    assert [item["state"] for item in missing["items"]] == [{"name": "2-BM"}]
    fields = (await hall.cora("list", "mounts", "--fields", "slot_code, installed_at", "--limit", "1")).stdout
    assert fields.splitlines()[0].split() == ["slot", "code", "installed", "id"]
    for asked, header in (("slot_code,id", ["slot", "code", "id"]), ("id", ["id"])):
        shown = (await hall.cora("list", "mounts", "--fields", asked, "--limit", "1")).stdout.splitlines()
        assert shown[0].split() == header
        assert shown[1].strip()


async def test_a_list_says_that_there_is_more_or_nothing(hall: Hall) -> None:
    told = await hall.both("list", "assets", "--limit", "3")
    assert len(told.stdout.splitlines()) == 4
    assert told.stderr == "There are more: --all shows all of them, --count how many there are.\n"
    assert (await hall.answer("list", "assets", "--limit", "3"))["next"] is not None
    assert (await hall.both("list", "assets", "--count")).stdout == "20\n"
    assert await hall.answer("list", "assets", "--count", "--filter", "tier=Unit") == {"count": 1}
    none = await hall.both("list", "assets", "--filter", "name=nobody")
    assert (none.stdout, none.stderr) == ("There are no assets that fit.\n", "")
    past = await hall.both("list", "persistent-ids", "--true-at", BEFORE)
    assert past.stdout == "There are no persistent ids.\n"
    assert (await hall.answer("list", "assets", "--as-of", "0"))["items"] == []


async def test_all_pages_are_gone_through(hall: Hall, monkeypatch: pytest.MonkeyPatch) -> None:
    one = await hall.answer("list", "assets", "--limit", "200", "--sort", "name")
    monkeypatch.setattr("cora.surfaces.cli.finding.MAXIMUM_LIMIT", 7)
    assert await hall.answer("list", "assets", "--all", "--sort", "name") == one
    assert len((await hall.answer("list", "assets", "--limit", "9", "--sort", "name"))["items"]) == 9
    table = (await hall.both("list", "assets", "--all", "--sort", "name", "--csv")).stdout_bytes
    assert table.count(b"\xef\xbb\xbf") == table.count(b"record_version") == 1
    rows = list(csv.DictReader(StringIO(table.decode("utf-8-sig"), newline="")))
    assert [row["id"] for row in rows] == [item["id"] for item in one["items"]]


async def test_a_table_of_a_list_is_not_run(hall: Hall, tmp_path: Path) -> None:
    names = ["'-2", "'=1+1", "A/B 10%?#"]
    told = await hall.both(
        "list", "families", "--sort", "name", "--fields", "name,affordances", "--missing", "affordances", "--csv"
    )
    rows = list(csv.DictReader(StringIO(told.stdout_bytes.decode("utf-8-sig"), newline="")))
    assert [row["name"] for row in rows if row["name"] in names] == names
    assert list(rows[0])[:4] == ["id", "name", "affordances", "record_version"]
    assert {row["record_version"] for row in rows} <= {"1", "2"}
    file = tmp_path / "families.xlsx"
    written = await hall.cora("list", "families", "--all", "--xlsx", str(file))
    assert (written.stdout, written.stderr) == ("", "")
    book: Any = load_workbook(file)
    header, *cells = book["families"].iter_rows()
    column = [cell.value for cell in header].index("name")
    assert {name for row in cells if (name := row[column].value) in names} == set(names)
    assert {cell.data_type for row in cells for cell in row if cell.value is not None} == {"s", "n"}
    nowhere = await hall.cora("list", "families", "--xlsx", str(tmp_path / "none" / "x.xlsx"), code=1)
    assert "cannot be written: No such file or directory" in nowhere.stderr


async def test_a_search_tells_what_it_found_and_where(hall: Hall) -> None:
    told = await hall.both("search", "rotary")
    head, first, *_ = told.stdout.splitlines()
    assert head.split() == ["kind", "name", "path", "status", "matched", "id"]
    assert first.split()[:5] == ["asset", "Rotary", ROTARY, "Active", "name:"]
    by_name = await hall.both("search", "2bmb:m102")
    assert "identifiers: 2bmb:m102" in by_name.stdout
    assert len(by_name.stdout.splitlines()) == 2
    phrase = await hall.answer("search", "air bearing", "--kind", "assets", "--kind", "frame")
    assert [(item["kind"], item["name"]) for item in phrase["items"]] == [("asset", "Rotary")]
    assert (await hall.answer("search", "bearing air"))["items"] == []
    assert [item["name"] for item in (await hall.answer("search", "bearing", "air"))["items"]] == ["Rotary"]
    none = await hall.both("search", "nowhere")
    assert (none.stdout, none.stderr) == ("Nothing is found.\n", "")
    more = await hall.both("search", "2bmb", "--limit", "2")
    assert len(more.stdout.splitlines()) == 3
    assert more.stderr == "There are more: --limit 4 shows more of them; more words find fewer.\n"


async def test_a_history_tells_when_who_what_and_why(hall: Hall) -> None:
    told = await hall.both("history", "asset", ROTARY)
    head, *rows = told.stdout.splitlines()
    assert head.split() == ["occurred", "recorded", "by", "through", "event", "reason", "changed"]
    assert rows[-1].lstrip() != rows[-1], "the registration changed several parts"
    events = await hall.answer("history", "asset", ROTARY)
    assert events["next"] is None
    kinds = [event["kind"] for event in events["items"]]
    assert kinds[-1] == "AssetRegistered"
    assert [kind for row in rows for kind in row.split() if kind in kinds] == kinds
    assert any("MountAssetInstalled (02-BM-B-ROTARY)  " in row for row in rows)
    assert any(row.endswith("installed_asset_id: nothing -> Rotary") for row in rows)
    assert any(row.endswith(" controller_id: RotaryDrive") for row in rows)
    assert any("lifecycle: Commissioned -> Active" in row for row in rows)
    assert "cli:" in told.stdout
    assert "  import  " in told.stdout
    first = await hall.both("history", "mount", "02-BM-B-ROTARY", "--oldest", "--limit", "1")
    assert "MountRegistered" in first.stdout
    assert "MountAssetInstalled" not in first.stdout
    assert first.stderr == "There are more: --limit 2 shows more of them.\n"
    newest = await hall.answer("history", "mount", "02-BM-B-ROTARY", "--newest", "--limit", "1")
    assert [event["kind"] for event in newest["items"]] == ["MountAssetInstalled"]


async def test_a_tree_shows_what_is_below_and_where_it_is_mounted(hall: Hall) -> None:
    told = await hall.both("tree", "aps/2-BM/SampleTable", "--depth", "3")
    assert told.stdout.splitlines() == [
        "aps/2-BM/SampleTable  Component, in 02-BM-B-TABLE",
        "└── Hexapod  Device, in 02-BM-B-HEXAPOD",
        "    └── LaminographyPitch  Device, in 02-BM-B-TILT",
        "        └── Rotary  Device, in 02-BM-B-ROTARY",
        "            └── 2 more below",
    ]
    found = await hall.answer("tree", "aps/2-BM", "--depth", "1")
    assert (found["path"], found["truncated"]) == ("aps/2-BM", False)
    assert (await hall.cora("tree", found["root"]["id"], "--depth", "0")).stdout.startswith("aps/2-BM  Unit\n")


async def test_a_frame_is_shown_with_its_mounts(hall: Hall) -> None:
    told = await hall.both("tree", "--frames", "2-BM source", "--depth", "9")
    lines = told.stdout.splitlines()
    assert lines[:3] == [
        "2-BM source",
        "└── Hutch B entrance  x 0, y 0, z 50500 mm; MountingFace",
        "    ├── 02-BM-B-TIMING: Timing",
    ]
    assert "    └── Sample tower base  x 0, y 0, z 1500 mm; MountingFace" in lines
    assert "        └── 02-BM-B-TOP-Z: SampleTop Z" in lines
    assert len((await hall.cora("tree", "--frames", "2-BM source", "--as-of", "0", code=1)).stderr) > 0


@pytest.mark.parametrize(
    ("server", "said"),
    [
        ("http://127.0.0.1:1", "http://127.0.0.1:1 cannot be reached: "),
        ("nonsense", "nonsense cannot be "),
    ],
)
async def test_a_server_that_is_not_there_is_told(hall: Hall, server: str, said: str) -> None:
    told = await hall.cora("list", "assets", "--server", server, "--token", "x", code=1)
    assert told.stderr.startswith(said)


class _SomebodyElse(BaseHTTPRequestHandler):
    """A server that is no cora, and gives one answer to everything."""

    body = b"{}"
    status = 200

    def do_GET(self) -> None:
        self.send_response(self.status)
        self.end_headers()
        self.wfile.write(self.body)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.mark.parametrize(
    ("status", "body", "said"),
    [
        (200, b"{}", "the answer is not one of a cora server: it lacks "),
        (200, b"[]", " does not answer as a cora server does (200)"),
        (200, b"<html>", " does not answer as a cora server does (200)"),
        (404, b'{"error": "no"}', " does not answer as a cora server does (404)"),
        (503, b'{"code": "Overloaded", "detail": "Come again."}', "Overloaded: Come again."),
    ],
)
@pytest.mark.parametrize(
    "arguments",
    [["get", "asset", ROTARY], ["list", "assets"], ["list", "assets", "--count"], ["history", "asset", UNKNOWN],
     ["tree", UNKNOWN], ["search", "a"]],
    ids=lambda arguments: " ".join(arguments[:1] + arguments[2:3]),
)  # fmt: skip
def test_what_another_server_answers_is_told(arguments: list[str], status: int, body: bytes, said: str) -> None:
    handler = type("Handler", (_SomebodyElse,), {"status": status, "body": body})
    with HTTPServer(("127.0.0.1", 0), handler) as server:
        answering = Thread(target=server.handle_request)
        answering.start()
        address = f"http://127.0.0.1:{server.server_port}"
        told = CliRunner().invoke(app, [*arguments, "--server", address, "--token", "x"])
        answering.join()
    assert (told.exit_code, told.stdout) == (1, "")
    assert said in told.stderr


async def test_a_wrong_token_is_told(hall: Hall) -> None:
    told = await hall.cora("list", "assets", "--token", "cora_wrong", code=1)
    assert told.stderr.endswith(" does not accept the token; give another with --token\n")
    told = await hall.cora("list", "assets", "--token", "", code=1)
    assert told.stderr.endswith(" wants a token; give one with --token\n")


@pytest.mark.parametrize("command", ["get", "list", "search", "history", "tree"])
def test_help_shows_how_it_is_written(command: str) -> None:
    assert f"    cora {command} " in CliRunner().invoke(app, [command, "--help"]).stdout


def test_who_reads_no_further_ends_a_table(hall: Hall) -> None:
    with subprocess.Popen(
        [CORA, "list", "assets", "--csv"], env={**os.environ, **hall.database}, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        said = process.stderr.read()
    assert (b"Traceback" in said, b"database" in said) == (False, False)
