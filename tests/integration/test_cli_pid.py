"""`cora pid` on the example beamline with a simulated DataCite, beside the database and through a server."""

import asyncio
import csv
import json
import re
from collections.abc import AsyncGenerator, Generator
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import Mock

import asyncpg
import pytest
from pydantic import HttpUrl, SecretStr
from tests.architecture.source import REPOSITORY
from tests.authorities.datacite_simulator import PASSWORD, PREFIX, DataciteSimulator, datacite_simulator
from tests.authorities.datacite_simulator import REPOSITORY as ACCOUNT
from tests.authorities.faults import Says
from tests.conftest import in_database, new_database
from tests.integration.mcp_world import serving
from typer.testing import CliRunner, Result

from cora.equipment.adapters import opening
from cora.equipment.adapters.budget import CallBudget
from cora.equipment.ports.calls import Calls
from cora.equipment.wired import Equipment
from cora.kernel.principal import Role
from cora.settings import Settings
from cora.surfaces import start
from cora.surfaces.cli import common, pid_assign, pid_reconcile
from cora.surfaces.cli.main import app
from cora.surfaces.start import opened

EXAMPLE = REPOSITORY / "examples" / "aps-2bm.yaml"
ROTARY = "aps/2-BM/SampleTable/Hexapod/LaminographyPitch/Rotary"
HEXAPOD = "aps/2-BM/SampleTable/Hexapod"
TOWER = "Sample tower at 2-BM"
WAYS = ("beside", "server")


@dataclass(frozen=True)
class Hall:
    """The example beamline, its authority, and the two ways to it."""

    datacite: DataciteSimulator
    equipment: Equipment
    ways: dict[str, dict[str, str]]
    reader: str

    async def cora(self, *arguments: str, code: int = 0, way: str = "beside", answer: str | None = None) -> Result:
        """What a command wrote; it runs in a thread, as the server and the authority run in this loop."""
        told = await asyncio.to_thread(CliRunner().invoke, app, arguments, env=self.ways[way], input=answer)
        assert told.exit_code == code, told.output
        assert isinstance(told.exception, SystemExit | None), told.exception
        assert "\x1b" not in told.output
        return told

    async def pid(self, *arguments: str, code: int = 0, way: str = "beside") -> Result:
        return await self.cora("pid", *arguments, code=code, way=way)

    async def answer(self, *arguments: str, code: int = 0, way: str = "beside") -> Any:
        """The JSON on stdout."""
        return json.loads((await self.pid(*arguments, "--json", code=code, way=way)).stdout)


@pytest.fixture(scope="module")
def template(postgres: str, template: str, tmp_path_factory: pytest.TempPathFactory) -> Generator[str]:
    """The example beamline is applied once; each test has a copy."""
    directory = tmp_path_factory.mktemp("example")
    file = directory / "facility.yaml"
    lines = EXAMPLE.read_text().splitlines()
    file.write_text("\n".join(line for line in lines if not line.startswith("    assign:")))
    with new_database(postgres, template) as name:
        env = {"CORA_DATABASE_URL": in_database(postgres, name), "CORA_DATA_DIR": str(directory)}
        told = CliRunner().invoke(app, ["apply", str(file)], env=env)
        assert told.exit_code == 0, told.output
        yield name


@pytest.fixture
async def hall(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[Hall]:
    # The server runs in this process, where its log lines would stand among what the commands print.
    monkeypatch.setattr("cora.surfaces.http.surface._logger", Mock())
    monkeypatch.setattr(start, "WORK_EVERY", 3600.0)
    monkeypatch.setattr(pid_reconcile, "PAUSE", 0.01)
    async with datacite_simulator() as datacite:
        settings = Settings(
            data_dir=tmp_path,
            public_url=HttpUrl("https://cora.test"),
            datacite_url=HttpUrl(datacite.url),
            datacite_repository=ACCOUNT,
            datacite_password=SecretStr(PASSWORD),
            datacite_prefix=PREFIX,
            publish="draft",
        )
        env = {
            "CORA_DATABASE_URL": database_url,
            "CORA_DATA_DIR": str(tmp_path),
            "CORA_PUBLIC_URL": "https://cora.test",
            "CORA_DATACITE_URL": datacite.url,
            "CORA_DATACITE_REPOSITORY": ACCOUNT,
            "CORA_DATACITE_PASSWORD": PASSWORD,
            "CORA_DATACITE_PREFIX": PREFIX,
            "CORA_PUBLISH": "draft",
        }
        async with opened(settings, database_url) as cora, serving(cora) as running:
            server = {
                "CORA_DATABASE_URL": "none",
                "CORA_DATA_DIR": str(tmp_path),
                "CORA_SERVER": running.url,
                "CORA_TOKEN": running.bearers[Role.STEWARD],
            }
            yield Hall(datacite, cora.equipment, {"beside": env, "server": server}, running.bearers[Role.READER])


@pytest.mark.parametrize("way", WAYS)
async def test_an_identifier_on_its_way_through_the_commands(hall: Hall, way: str) -> None:
    value = f"{PREFIX}/rotary"
    shown = await hall.answer("preview", ROTARY, "--suffix", "rotary", way=way)
    assert hall.datacite.plan.calls == []
    assert (await hall.pid("status", ROTARY, code=1, way=way)).stdout == ""
    told = await hall.pid("assign", ROTARY, "--suffix", "rotary", way=way)
    assert "1 assigned." in told.stdout
    assert f"assigned {value} Draft" in " ".join(told.stdout.split())
    assert "Nobody sees a Draft until it is published: cora pid publish WHICH" in told.stdout
    sent = {**shown["payload"]["data"]["attributes"], "doi": value}
    kept = hall.datacite.records[value]
    assert kept.state == "draft"
    assert {name: sent[name] for name in kept.attributes} == kept.attributes
    listed = await hall.pid("list", "--status", "Draft", "--subject", ROTARY, way=way)
    assert listed.stdout.splitlines()[1].split()[:3] == [value, "Draft", ROTARY]
    for which in (value, value.upper(), f"https://doi.org/{value}", f"doi:{value}", ROTARY):
        told = await hall.pid("status", which, way=way)
        assert f" names asset {ROTARY} " in " ".join(told.stdout.split())
        assert "told last" in told.stdout
    await hall.pid("publish", f"doi:{value}", way=way)
    assert kept.state == "findable"
    calls = len(hall.datacite.plan.calls)
    shown = await hall.answer("preview", ROTARY, way=way)
    assert (shown["value"], shown["publication"], shown["url"]) == (value, "Minted", kept.attributes["url"])
    sent = {**shown["payload"]["data"]["attributes"], "doi": value}
    assert {name: sent[name] for name in kept.attributes} == kept.attributes
    assert len(hall.datacite.plan.calls) == calls
    assert (await hall.pid("preview", ROTARY, way=way)).stdout.startswith(
        f"The DOI {value} is Minted; it leads to {shown['url']}.\n"
    )
    saved = kept.saved
    assert f"should have of the DOI {value}." in (await hall.pid("push", value, way=way)).stdout
    assert kept.saved == saved
    await hall.pid("push", ROTARY, "--again", way=way)
    assert kept.saved == saved + 1
    record = await hall.answer("status", value, way=way)
    told = await hall.pid("withdraw", record["record"]["id"], "--reason", "never existed", way=way)
    assert told.stdout == f"The DOI {value} is withdrawn.\n"
    told = await hall.pid("status", value, way=way)
    assert "withdrawn: never existed" in told.stdout
    assert "published: the world can find it" in told.stdout
    refused = await hall.pid("publish", value, code=1, way=way)
    assert "only a Draft can be published" in refused.stderr


@pytest.mark.parametrize("way", WAYS)
async def test_a_recorded_identifier_is_withdrawn_here_alone_and_that_is_said(hall: Hall, way: str) -> None:
    id = json.loads((await hall.cora("get", "asset", ROTARY, "--json", way=way)).stdout)["id"]
    given = ("--asset-id", id, "--scheme", "Handle", "--value", "21.11157/abc")
    await hall.cora("call", "record_asset_persistent_id", *given)
    told = await hall.pid("status", ROTARY, way=way)
    assert "Minted, recorded since" in told.stdout
    assert "leads to    where it did before it was recorded" in told.stdout
    assert [line.partition("recorded")[1:] for line in told.stdout.splitlines()[-2:]] == [
        ("recorded", ", as it was registered before"),
        ("recorded", ""),
    ]
    told = await hall.pid("withdraw", ROTARY, "--reason", "never existed", way=way)
    assert told.stdout == (
        "The Handle 21.11157/abc is withdrawn. Its own authority is not told: it is not kept here. "
        "Have it withdrawn there too.\n"
    )
    told = await hall.pid("status", ROTARY, way=way)
    assert re.search(r"^status +Withdrawn since \S+ \S+ UTC, recorded$", told.stdout, re.MULTILINE)


async def test_who_may_assign_none_is_told_so_once(hall: Hall) -> None:
    hall.ways["reader"] = {**hall.ways["server"], "CORA_TOKEN": hall.reader}
    refused = await hall.pid("assign", "--under", "aps", code=1, way="reader")
    assert refused.output == "Forbidden: This needs the role steward; the token has the role reader.\n"


@pytest.mark.parametrize("way", WAYS)
async def test_where_an_identifier_leads_is_told_for_what_it_is(hall: Hall, way: str) -> None:
    told = await hall.pid("preview", ROTARY, way=way)
    assert "(or another that cora chooses) would be assigned" in told.stdout
    await hall.pid("assign", ROTARY, "--suffix", "rotary", way=way)
    assert "is to lead to  http" in (await hall.pid("status", ROTARY, way=way)).stdout
    assert "is Draft; it is to lead to http" in (await hall.pid("preview", ROTARY, way=way)).stdout
    await hall.pid("withdraw", ROTARY, "--reason", "never existed", way=way)
    assert "leads to    nothing: it was a draft" in (await hall.pid("status", ROTARY, way=way)).stdout


@pytest.mark.parametrize("way", WAYS)
async def test_what_is_reserved_and_not_minted_is_given_up(hall: Hall, way: str) -> None:
    value = f"{PREFIX}/rotary"
    # It is refused, and whether it is there is not told.
    not_now = Says(403, '{"errors":[{"status":"403","title":"Not now."}]}', "application/json")
    hall.datacite.plan.next(not_now, not_now)
    await hall.pid("assign", ROTARY, "--suffix", "rotary", code=1, way=way)
    assert (await hall.pid("list", way=way)).stdout.splitlines()[1].split()[:2] == [value, "Reserved"]
    told = await hall.pid("release", value, "--reason", "another is wanted", way=way)
    assert told.stdout == f"The DOI {value} is released.\n"
    assert value in (await hall.pid("list", "--status", "Released", way=way)).stdout
    assert "Released since" in (await hall.pid("status", value, way=way)).stdout
    assert "1 assigned." in (await hall.pid("assign", ROTARY, "--suffix", "stage", way=way)).stdout
    refused = await hall.pid("release", f"{PREFIX}/stage", "--reason", "another is wanted", code=1, way=way)
    assert "only a Reserved identifier can be released" in refused.stderr


@pytest.mark.parametrize("way", WAYS)
async def test_a_preview_is_readable_and_a_fixture_has_one(hall: Hall, way: str) -> None:
    await hall.pid("assign", "--under", "aps/2-BM", "--yes", code=1, way=way)
    assert "HasPart" not in (await hall.pid("preview", TOWER, way=way)).stdout
    await hall.pid("publish", ROTARY, way=way)
    told = await hall.pid("preview", TOWER, "--suffix", "tower", way=way)
    assert told.stdout.startswith(
        f"The DOI {PREFIX}/tower would be assigned, as a Draft that nobody sees until it is published, and lead to http"
    )
    assert '"relationType": "HasPart"' in told.stdout
    assert "SchemaVersion" in told.stdout
    assert "Nothing was recorded" in told.stderr
    refused = await hall.pid("preview", "aps/2-BM", code=1, way=way)
    assert "Manufacturer" in refused.stderr
    assert "is no asset" in (await hall.pid("preview", "nowhere", code=1, way=way)).stderr


@pytest.mark.parametrize("way", WAYS)
async def test_all_below_one_are_assigned_past_those_that_cannot_be(hall: Hall, way: str, tmp_path: Path) -> None:
    report = tmp_path / "report.csv"
    told = await hall.pid("assign", "--under", HEXAPOD, "--dry-run", "--csv", str(report), way=way)
    assert hall.datacite.plan.calls == []
    with report.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert ROTARY in {row["name"] for row in rows}
    assert {(row["complete"], row["outcome"]) for row in rows} == {("yes", "ready")}
    assert f"{len(rows)} ready." in told.stdout
    hall.datacite.plan.next(Says(403, '{"errors":[{"status":"403","title":"Not now."}]}', "application/json"))
    done = await hall.answer("assign", "--under", HEXAPOD, "--yes", code=1, way=way)
    outcomes = [each["outcome"] for each in done["items"]]
    assert outcomes == ["failed", *["assigned"] * (len(rows) - 1)]
    assert "Not now." in done["items"][0]["detail"]
    assert len(hall.datacite.records) == len(rows) - 1
    again = await hall.answer("assign", "--under", HEXAPOD, "--yes", way=way)
    assert [each["outcome"] for each in again["items"]] == ["assigned"]
    assert "nothing without an identifier" in (await hall.pid("assign", "--under", HEXAPOD, way=way)).stdout
    assert len(hall.datacite.records) == len(rows)


@pytest.mark.parametrize("way", WAYS)
async def test_where_no_call_is_free_it_is_waited_for(hall: Hall, way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async def sleep(_seconds: float) -> None:
        """The time in which calls are counted has passed."""
        connection = await asyncpg.connect(hall.ways["beside"]["CORA_DATABASE_URL"])
        await connection.execute("update cora.authority_call set ended = ended - interval '1 hour'")
        await connection.close()

    def budget(calls: Calls, authority: str, _most: int) -> CallBudget:
        return CallBudget(calls, authority, 3)

    monkeypatch.setattr(opening, "CallBudget", budget)
    minter: Any = hall.equipment.doi_minter
    minter._minters["DOI"]._web._budget._most = 3
    others = {"gather": asyncio.gather, "Semaphore": asyncio.Semaphore}
    monkeypatch.setattr(pid_assign, "asyncio", SimpleNamespace(sleep=sleep, **others))
    told = await hall.pid("assign", "--under", HEXAPOD, "--yes", way=way)
    assert "4 assigned." in told.stdout
    assert "DataCite was called as often as we may" in told.stderr
    assert "Waiting until then." in told.stderr
    assert hall.datacite.plan.asked(["PUT"]) == len(hall.datacite.records) == 4
    for value in hall.datacite.records:
        history = (await hall.answer("status", value))["history"]
        assert "PersistentIdMintFailed" not in {each["kind"] for each in history}


async def test_incomplete_ones_are_reported_with_what_they_lack_and_nothing_of_it_is_run(
    hall: Hall, tmp_path: Path
) -> None:
    facts = await hall.cora("get", "asset", "aps/2-BM", "--json")
    parent = json.loads(facts.stdout)["id"]
    await hall.cora(
        "call", "register_asset", "--name", "=cmd()", "--tier", "Device", "--parent-id", parent, "--family-ids", "[]"
    )
    report = tmp_path / "report.csv"
    told = await hall.pid("assign", "--under", "aps/2-BM", "--dry-run", "--csv", str(report), code=1)
    assert "incomplete" in told.stdout
    with report.open(encoding="utf-8-sig", newline="") as file:
        (bad,) = [row for row in csv.DictReader(file) if row["name"].endswith("=cmd()")]
    assert (bad["complete"], bad["outcome"]) == ("no", "incomplete")
    assert bad["missing"].startswith("Manufacturer: ")
    cameras = await hall.answer("assign", "--under", "aps/2-BM", "--family", "Camera", "--dry-run")
    everything = await hall.answer("assign", "--under", "aps/2-BM", "--dry-run", code=1)
    assert 0 < len(cameras["items"]) < len(everything["items"])
    facility = await hall.answer("assign", "--under", "aps", "--dry-run", code=1)
    above = [each for each in facility["items"] if each not in everything["items"]]
    assert [each["name"] for each in above] == ["aps/2-BM"]


@pytest.mark.parametrize(("answer", "assigned"), [("n", False), ("y", True)])
async def test_on_a_terminal_it_is_asked_before_it_is_for_ever(
    hall: Hall, answer: str, assigned: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(common, "on_terminal", lambda: True)
    told = await hall.cora("pid", "assign", ROTARY, code=0 if assigned else 1, answer=f"{answer}\n")
    assert f"Assign a DOI to {ROTARY}, for ever?" in told.stderr
    assert len(hall.datacite.records) == assigned


@pytest.mark.parametrize("way", WAYS)
async def test_identifiers_are_redirected_when_the_pages_have_moved(hall: Hall, way: str) -> None:
    for path, suffix in ((ROTARY, "rotary"), (HEXAPOD, "hexapod")):
        await hall.pid("assign", path, "--suffix", suffix, way=way)
    told = await hall.pid("redirect", way=way)
    assert told.stdout == "All identifiers lead to where their pages are.\n"
    # The server of a facility is started anew with its new address.
    object.__setattr__(hall.equipment, "public_url", "https://moved.test")
    hall.ways["beside"]["CORA_PUBLIC_URL"] = "https://moved.test"
    shown = await hall.answer("redirect", "--dry-run", way=way)
    assert [(each["leads_to"][:17], each["moves_to"][:18]) for each in shown["items"]] == [
        ("https://cora.test", "https://moved.test")
    ] * 2
    assert not shown["done"]
    one = await hall.pid("redirect", ROTARY, way=way)
    assert "1 moved." in one.stdout
    rest = await hall.answer("redirect", "--yes", way=way)
    assert [each["value"] for each in rest["items"]] == [f"{PREFIX}/hexapod"]
    assert (await hall.answer("redirect", way=way))["items"] == []
    unknown = await hall.pid("redirect", f"{PREFIX}/nobody", code=1, way=way)
    assert "no identifier" in unknown.stderr


@pytest.mark.parametrize(("answer", "moved"), [("n", False), ("y", True)])
async def test_on_a_terminal_it_is_asked_before_identifiers_are_redirected(
    hall: Hall, answer: str, moved: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    await hall.pid("assign", ROTARY, "--suffix", "rotary")
    hall.ways["beside"]["CORA_PUBLIC_URL"] = "https://moved.test"
    monkeypatch.setattr(common, "on_terminal", lambda: True)
    told = await hall.cora("pid", "redirect", answer=f"{answer}\n")
    assert f"Have {PREFIX}/rotary lead to https://moved.test?" in told.stderr
    assert ("1 moved." in told.stdout) is moved


@pytest.mark.parametrize("way", WAYS)
async def test_what_differs_is_found_and_mended(hall: Hall, way: str) -> None:
    await hall.pid("assign", "--under", HEXAPOD, "--yes")
    await hall.pid("publish", ROTARY)
    # The one above it and the two on it do not tell yet that it can be found now.
    assert "3 mended" in (await hall.pid("reconcile", "--fix", way=way)).stdout
    assert (await hall.pid("reconcile", way=way)).stdout == "4 agree.\n"
    lost, foreign = sorted(hall.datacite.records)[:2]
    record = hall.datacite.records.pop(lost)
    hall.datacite.records[foreign].attributes["url"] = "https://somebody.example"
    orphan = f"{PREFIX}/orphan"
    hall.datacite.put_there(orphan, f"https://cora.test/id/{'0' * 8}-0000-7000-8000-{'0' * 12}")
    hall.datacite.put_there(f"{PREFIX}/theirs", "https://somebody.example/2")
    hall.datacite.plan.next(
        Says(429, '{"errors":[{"status":"429","title":"Slow."}]}', "application/json", {"Retry-After": "0"})
    )
    told = await hall.pid("reconcile", code=1, way=way)
    assert "going on in" in told.stderr
    lines = {line.split()[1]: line.split()[0] for line in told.stdout.splitlines()[1:4]}
    found = await hall.answer("reconcile", code=1, way=way)
    differ = {lost: "Missing", foreign: "Foreign", orphan: "Orphaned"}
    assert {each["value"]: each["difference"] for each in found["findings"]} == lines == differ
    assert [each["value"] for each in found["others"]] == [f"{PREFIX}/theirs"]
    fixed = await hall.answer("reconcile", "--fix", code=1, way=way)
    assert {each["value"]: each["mended"] for each in fixed["findings"]} == {lost: True, foreign: None, orphan: None}
    assert hall.datacite.records[lost].attributes["url"] == record.attributes["url"]
    hall.datacite.records[foreign].attributes["url"] = "https://cora.test/id/elsewhere"
    del hall.datacite.records[orphan]
    told = await hall.pid("reconcile", "--fix", "--each", way=way)
    assert "1 mended" in told.stdout
    assert "differ" not in (await hall.pid("reconcile", way=way)).stdout


async def test_an_authority_that_does_not_answer_is_told_in_words(hall: Hall) -> None:
    await hall.pid("assign", ROTARY)
    hall.datacite.plan.always["GET"] = Says(401)
    told = await hall.pid("reconcile", code=1)
    assert "Not all was compared" in told.stderr
    assert "did not accept our credentials" in told.stderr
    assert PASSWORD not in told.output
    hall.datacite.plan.always.clear()


@pytest.mark.parametrize("way", WAYS)
async def test_an_authority_that_does_not_answer_keeps_no_other_from_being_compared(
    hall: Hall, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Any] = []

    async def no_doi(_reached: Any, _report: Any, narrowed: dict[str, str], **_: bool) -> None:
        asked.append(narrowed["scheme"])
        if narrowed["scheme"] == "DOI":
            raise pid_reconcile._InterruptedError("DataCite is away.")  # pyright: ignore[reportPrivateUsage]

    monkeypatch.setattr(pid_reconcile, "_compare", no_doi)
    told = await hall.pid("reconcile", code=1, way=way)
    assert asked == ["DOI", "Handle"]
    assert "Not all was compared: DataCite is away.\n" in told.stderr


async def test_of_a_draft_that_was_given_up_nothing_is_tried_any_more(hall: Hall) -> None:
    await hall.pid("assign", ROTARY, "--suffix", "rotary")
    refused = Says(422, '{"errors":[{"status":"422","title":"No."}]}', "application/json")
    hall.datacite.plan.always["PUT"] = refused
    await hall.pid("publish", ROTARY, code=1)
    hall.datacite.plan.always.clear()
    assert f"{PREFIX}/rotary" in (await hall.pid("list", "--error")).stdout
    assert "next try" in (await hall.pid("status", ROTARY)).stdout
    await hall.pid("withdraw", ROTARY, "--reason", "refused")
    assert "no such identifiers" in (await hall.pid("list", "--error")).stdout
    told = await hall.pid("status", ROTARY)
    assert ("last error" in told.stdout, "next try" in told.stdout) == (True, False)


async def test_lists_are_narrowed_by_what_the_authority_said(hall: Hall) -> None:
    hall.datacite.plan.always["PUT"] = Says(401)
    await hall.pid("assign", ROTARY, code=1)
    hall.datacite.plan.always.clear()
    await hall.pid("assign", TOWER, "--suffix", "tower")
    shown_at = str((await hall.answer("status", TOWER))["record"]["position"])
    for filter, number in (("CREDENTIALS", 1), ("", 1), ("credentialed", 0), ("%", 0)):
        shown = await hall.cora("list", "persistent_ids", "--filter", f"last_error={filter}", "--json")
        assert len(json.loads(shown.stdout)["items"]) == number, filter
        then = ("--as-of", shown_at)
        past = await hall.cora("list", "persistent_ids", "--filter", f"last_error={filter}", "--json", *then)
        assert len(json.loads(past.stdout)["items"]) == number, filter


async def test_what_failed_is_listed_with_when_it_is_tried_next(hall: Hall) -> None:
    hall.datacite.plan.always["PUT"] = Says(401)
    await hall.pid("assign", ROTARY, code=1)
    hall.datacite.plan.always.clear()
    listed = await hall.pid("list", "--error")
    assert "Reserved" in listed.stdout
    assert "401" in listed.stdout
    told = await hall.pid("status", ROTARY)
    assert "next try" in told.stdout
    assert "the authority did not register it: DataCite" in told.stdout
    assert (await hall.answer("list", "--status", "Minted"))["items"] == []
    assert "no such identifiers" in (await hall.pid("list", "--status", "Minted")).stdout


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("assign",), "name one record"),
        (("assign", ROTARY, "--under", "aps/2-BM"), "name one record"),
        (("assign", ROTARY, "--family", "Camera"), "goes with --under"),
        (("assign", "--under", "aps/2-BM", "--suffix", "a"), "goes with one record"),
        (("assign", "--under", TOWER), "is no asset (by its id or path, as aps/2-BM) and no facility (by its code)"),
        (("assign", "--under", "aps/3-BM"), "is no asset"),
    ],
)
async def test_wrong_usage_is_told(hall: Hall, arguments: tuple[str, ...], says: str) -> None:
    told = await hall.pid(*arguments, code=2)
    assert says in " ".join(told.stderr.replace("│", " ").split())


@pytest.mark.parametrize("way", WAYS)
async def test_an_unknown_identifier_is_told(hall: Hall, way: str) -> None:
    told = await hall.pid("publish", "https://doi.org/10.1234/nobody", code=1, way=way)
    assert "no identifier 10.1234/nobody is recorded" in told.stderr
    told = await hall.pid("status", "10.82433/unknown-1", code=1, way=way)
    assert "no identifier 10.82433/unknown-1 is recorded" in told.stderr
    assert "Usage" not in told.stderr
    assert "is no asset" in (await hall.pid("status", "nobody", code=1, way=way)).stderr
    told = await hall.pid("assign", ROTARY, "--suffix", "A b", code=1, way=way)
    assert "must be 1 to 100 small letters (a to z), digits, dots, hyphens and underscores" in told.stdout
    told = await hall.pid("status", ROTARY, code=1, way=way)
    assert "cora pid assign" in told.stderr
