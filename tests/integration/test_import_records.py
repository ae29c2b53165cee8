"""Records of others on Postgres: imported, told again in the form they came in, and imported again."""

import asyncio
import json
from collections.abc import AsyncGenerator, Mapping
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest
from tests.integration.mcp_world import Server, serving
from tests.unit.equipment.pidinst.forms.records import changed
from tests.unit.equipment.pidinst.reading.samples import FILES
from typer.testing import CliRunner, Result

from cora.equipment.identifiers import AGENT_SCHEMES
from cora.equipment.pidinst import record as pidinst
from cora.equipment.pidinst.forms import FORMS
from cora.equipment.pidinst.forms.form import Form
from cora.equipment.pidinst.reading import Dialect, ImportedRecord, read_records
from cora.equipment.pidinst.reading.quirks import agent_code, same_identifier
from cora.equipment.pidinst.reading.record import Code, Thing
from cora.equipment.related_identifier import RelatedIdentifierScheme, RelationType
from cora.facility_file import DirectFacility, apply_plan, make_plan
from cora.facility_file.records import Destination, read_as_files
from cora.kernel.principal import Principal, Role
from cora.surfaces.cli.main import app
from cora.surfaces.start import Opened

TO = Destination(("hzb", "Imported instruments"), "Helmholtz-Zentrum Berlin für Materialien und Energie")
FORM = {
    Dialect.PIDINST_XML: "pidinst.xml",
    Dialect.INSTRUMENTDB: "pidinst.json",
    Dialect.HANDLE: "handle.json",
    Dialect.B2INST: "b2inst.json",
    Dialect.DATACITE_XML: "datacite.xml",
}
HZB = ("hzb-mx-14-1.xml", "hzb-mx-14-1-pilatus.xml")
ACTRIS_XML = ("actris-components-parent.xml", "actris-components-child.xml")
ACTRIS_JSON = ("actris-components-parent.json", "actris-components-child.json")
DIALECTS = (
    "pidinst.json", "pidinst.xml", "pidinst-1.1.json", "pidinst-1.1.xml", "datacite.json", "datacite.xml",
    "b2inst.json", "handle.json",
)  # fmt: skip
"""The forms of cora that are read too."""
B2INST, EPIC = "b2inst-v3-docs-aws42-draft-payload.json", "epic-bodc-sbe37-handle-record.json"
DATACITE = "datacite-example-instrument-v4.7.xml"
TOGETHER = [
    HZB, ACTRIS_XML, ACTRIS_JSON, ("actris-simple.xml",), ("actris-simple.json",),
    ("actris-simple-create-or-update-pid.json",), (B2INST,), (EPIC,), (DATACITE,),
]  # fmt: skip


def facility_of(cora: Opened) -> DirectFacility:
    return DirectFacility(
        cora.kernel, cora.log, cora.log.contacts, cora.equipment.slices, Principal("test", Role.ADMIN)
    )


async def imported(cora: Opened, *names: str) -> tuple[int, str]:
    """Import files: how many changes that took, and what was told."""
    facility = facility_of(cora)
    files = await read_as_files([FILES[name] for name in names], TO, facility)
    plan = await make_plan(files, facility)
    assert plan.problems == ()
    result = await apply_plan(plan, facility)
    assert result.is_complete, result.failures
    return len(plan.steps), "\n".join(map(str, plan.warnings))


def facts(record: ImportedRecord) -> set[tuple[str, ...]]:
    """What a record says, each by itself, as whoever compares records would put it."""

    def told(name: str, thing: Thing) -> tuple[str, ...]:
        code = thing.code and agent_code(thing.code)
        known = code and AGENT_SCHEMES.get((code.scheme or "").casefold())
        value = "" if code is None else known[1](code.value) if known else code.value
        return (name, thing.name or "", value, (code and code.scheme) or "")

    def identified(code: Code) -> str:
        return ":".join(same_identifier(code))

    found = {
        ("name", record.name or ""),
        ("landing page", record.landing_page or ""),
        ("description", record.description or ""),
        *(told("owner", each) for each in record.owners),
        *(told("manufacturer", each) for each in record.manufacturers),
        *(("model", each.name or "") for each in (record.model,) if each),
        *(
            ("model identifier", each.code.value, each.code.scheme or "")
            for each in (record.model,)
            if each and each.code
        ),
        *(told("type", each) for each in record.instrument_types),
        *(told("variable", each) for each in record.measured_variables),
        *(told("technique", each) for each in record.measurement_techniques),
        *(("date", each.kind, each.day.isoformat()) for each in record.dates),
        *(("related", each.relation, identified(each.code)) for each in record.related),
        *(("relation is named", each.relation, each.name) for each in record.related if each.name),
        *(told("subject", each) for each in record.subjects),
        *(("alternate", each.kind, each.value, each.name or "") for each in record.alternates),
    }
    if record.identifier is not None:
        found.add(("identifier", identified(record.identifier)))
    return {fact for fact in found if fact[1]}


@pytest.fixture
async def server(cora: Opened) -> AsyncGenerator[Server]:
    async with serving(cora) as running:
        yield running


async def told_again(cora: Opened, server: Server, before: ImportedRecord, form: str | None = None) -> ImportedRecord:
    """The record of the asset that a record became, in the form that it had or in another one."""
    id = await cora.log.pool.fetchval("select id from document where body->>'name' = $1", before.name)
    async with server.web(Role.READER) as web:
        answer = await web.get(f"/id/{id}/{form or FORM[before.dialect]}")
    assert answer.status_code == 200
    (after,) = read_records(answer.content).records
    return after


# The made-up identifiers of HZB are no Handles. The instrument is known by them as by another identifier, and the tree
# relates the two; told to the world as Handles they would be links that lead nowhere.
LOST: Mapping[str, set[tuple[str, ...]]] = {
    HZB[0]: {("identifier", "handle:1234.1675"), ("related", "HasComponent", "handle:1234.1675.1")},
    HZB[1]: {("identifier", "handle:1234.1675.1"), ("related", "IsComponentOf", "handle:1234.1675")},
    DATACITE: {("related", "IsComponentOf", "handle:1234.1675")},
}
"""What is not told again, beside the landing page, which is that of cora."""


@pytest.mark.parametrize("names", TOGETHER, ids=lambda names: names[0])
async def test_what_is_imported_is_told_again_and_nothing_is_lost_untold(
    cora: Opened, server: Server, names: tuple[str, ...]
) -> None:
    changes, warnings = await imported(cora, *names)
    assert changes
    for name in names:
        (before,) = read_records(FILES[name].read_bytes()).records
        after = await told_again(cora, server, before)
        lost, gained = facts(before) - facts(after), facts(after) - facts(before)
        assert {fact for fact in lost if fact[0] != "landing page"} == LOST.get(name, set())
        for fact in lost:
            assert fact[-1].partition(":")[2] in warnings
        # Said beside: since when it is recorded, and what others are called.
        assert {fact[0] for fact in gained} <= {
            "landing page", "identifier", "date", "alternate", "relation is named",
        }  # fmt: skip
        if before.dates:
            assert not [fact for fact in gained if fact[0] == "date"]
    assert (await imported(cora, *names))[0] == 0


async def test_all_that_the_draft_of_1_1_can_say_is_told_again_in_it_and_by_datacite(
    cora: Opened, server: Server, tmp_path: Path
) -> None:
    told: dict[str, Any] = {
        "schemaVersion": "1.1", "name": "Spectrometer", "description": "It sees.",
        "identifier": {"identifier": "10.5438/whole-record", "identifierType": "DOI"},
        "owners": [{"ownerName": "Lab", "ownerIdentifier": {
            "ownerIdentifier": "https://ror.org/02aj13c28", "ownerIdentifierType": "ROR"}}],
        "manufacturers": [{"manufacturerName": "ACME"}, {"manufacturerName": "Lab", "manufacturerIdentifier": {
            "manufacturerIdentifier": "https://ror.org/02aj13c28", "manufacturerIdentifierType": "ROR"}}],
        "model": {"modelName": "X", "modelIdentifier": {
            "modelIdentifier": "RRID:SCR_1", "modelIdentifierType": "RRID"}},
        "instrumentTypes": [
            {"instrumentTypeName": "Spectrometer (UV: 200 nm)"},
            {"instrumentTypeName": "Spectrometer kind", "instrumentTypeIdentifier": {
                "instrumentTypeIdentifier": "Q191839", "instrumentTypeIdentifierType": "Wikidata"}}],
        "measuredQuantities": [{"measuredQuantityName": "energy", "measuredQuantityIdentifier": {
            "measuredQuantityIdentifier": "http://vocab.test/energy", "measuredQuantityIdentifierType": "URL"}},
            {"measuredQuantityName": "Temp. Model: x"}],
        "measurementTechniques": [{"measurementTechniqueName": "XAS", "measurementTechniqueIdentifier": {
            "measurementTechniqueIdentifier": "L05 / 7", "measurementTechniqueIdentifierType": "SDN"}}],
        "dates": [{"date": "2020-05-01", "dateType": "Commissioned"}],
        "relatedIdentifiers": [
            *({"relatedIdentifier": f"10.5438/{relation.lower()}", "relatedIdentifierType": "DOI",
               "relationType": relation, "relatedIdentifierName": f"The {relation}"} for relation in RelationType),
            *({"relatedIdentifier": f"a {scheme} 1", "relatedIdentifierType": scheme, "relationType": "References"}
              for scheme in RelatedIdentifierScheme if scheme not in ("DOI", "Handle")),
        ],
        "alternateIdentifiers": [{"alternateIdentifier": "S-1", "alternateIdentifierType": "SerialNumber"}],
        "subjects": [{"subjectName": "optics", "subjectIdentifier": {
            "subjectIdentifier": "VOC:7", "subjectIdentifierType": "Keywords"}}, {"subjectName": "vacuum"},
            {"subjectName": "Spectrometer kind"}, {"subjectName": "Temp. Model: x"}],
    }  # fmt: skip
    path = tmp_path / "whole.json"
    path.write_text(json.dumps(told))
    facility = facility_of(cora)
    plan = await make_plan(await read_as_files([path], TO, facility), facility)
    assert (plan.problems, plan.warnings) == ((), ())
    assert (await apply_plan(plan, facility)).is_complete
    (before,) = read_records(path.read_bytes()).records
    wanted = facts(before)
    for form in ("pidinst-1.1.json", "pidinst-1.1.xml", "datacite.xml", "datacite.json"):
        after = facts(await told_again(cora, server, before, form))
        # What is related has no name in DataCite.
        unnamed = {fact for fact in wanted if fact[0] == "relation is named" and "datacite" in form}
        assert wanted - after == unnamed
        assert {fact[0] for fact in after - wanted} <= {"landing page"}


@pytest.mark.parametrize("form", [form for form in FORMS if form.name in DIALECTS], ids=lambda form: form.name)
async def test_all_who_made_an_instrument_are_told_again_in_their_order(
    cora: Opened, server: Server, tmp_path: Path, form: Form
) -> None:
    makers = tuple(
        pidinst.Manufacturer(
            manufacturer_name=name,
            manufacturer_identifier=pidinst.ManufacturerIdentifier(
                manufacturer_identifier=value, manufacturer_identifier_type=scheme
            ),
        )
        for name, value, scheme in (
            ("Zweite Werke", "Q107529885", "Wikidata"),
            ("Helmholtz-Zentrum Berlin", "https://ror.org/02aj13c28", "ROR"),
            ("ACME", "https://acme.example", "URL"),
        )
    )
    path = tmp_path / form.name
    path.write_bytes(form.render(changed(manufacturers=makers)))
    facility = facility_of(cora)
    plan = await make_plan(await read_as_files([path], TO, facility), facility)
    assert plan.problems == ()
    assert [told for told in map(str, plan.warnings) if "anufacturer" in told or "reator" in told] == []
    assert (await apply_plan(plan, facility)).is_complete
    (before,) = read_records(path.read_bytes()).records
    after = await told_again(cora, server, before, form.name)
    assert [(each.name, each.code) for each in after.manufacturers] == [
        (each.name, each.code) for each in before.manufacturers
    ]
    assert [each.name for each in after.manufacturers] == [each.manufacturer_name for each in makers]
    assert not len((await make_plan(await read_as_files([path], TO, facility), facility)).steps)


async def test_all_together_then_again_in_other_forms(cora: Opened) -> None:
    names = [name for each in TOGETHER for name in each if each is not ACTRIS_JSON and each[0] != "actris-simple.json"]
    await imported(cora, *names)
    found = await cora.log.pool.fetch("select body from document where kind = 'asset'")
    assets = {body["name"]: body for body in (json.loads(row["body"]) for row in found)}
    station, detector = assets["Macromolecular Crystallography station 14.1"], assets["New temperature sensor"]
    assert station["drawing"] == {"system": "DOI", "number": "10.17815/jlsrf-2-64", "revision": None}
    assert detector["parent_id"] == assets["My weather station"]["id"]
    assert assets["Test instrument"]["lifecycle"] == "Decommissioned"
    assert assets["Test instrument"]["commissioned_at"].startswith("2002-03-18")
    contact_id = assets["Alpine Weather Station AWS-42"]["owners"][0]["contact_id"]
    assert await facility_of(cora).address(contact_id) == "instruments@example.org"
    # The same instruments in JSON, known by their Handles.
    changes, told = await imported(cora, *ACTRIS_JSON, "actris-simple.json")
    assert changes == 0
    assert "its asset is recorded and decommissioned, and stays as it is" in told


async def test_an_old_instrument_is_told_whole_as_of_every_day_since_it_began(
    cora: Opened, server: Server, tmp_path: Path
) -> None:
    path = tmp_path / "old.json"
    path.write_text(json.dumps({
        "schemaVersion": "1.0", "name": "Old station", "identifier": {
            "identifier": "20.5/old-station", "identifierType": "Handle"},
        "owners": [{"ownerName": "Lab"}], "manufacturers": [{"manufacturerName": "ACME"}], "model": {"modelName": "X"},
        "instrumentTypes": [{"instrumentTypeName": "Weather station"}], "measuredVariables": ["wind"],
        "dates": [{"date": "1999-03-04", "dateType": "Commissioned"}],
    }))  # fmt: skip
    facility = facility_of(cora)
    plan = await make_plan(await read_as_files([path], TO, facility), facility)
    assert (await apply_plan(plan, facility)).is_complete
    (before,) = read_records(path.read_bytes()).records
    lost = facts(before) - facts(await told_again(cora, server, before, "pidinst.json?true_at=1999-03-05T00:00:00Z"))
    assert {fact for fact in lost if fact[0] != "identifier"} == set()


def identified(what: str, name: str, value: str, scheme: str = "URL") -> dict[str, Any]:
    """Something of PIDINST with a name and an identifier."""
    return {f"{what}Name": name, f"{what}Identifier": {f"{what}Identifier": value, f"{what}IdentifierType": scheme}}


async def test_records_that_are_alike_are_told_again_each_as_it_is(
    cora: Opened, server: Server, tmp_path: Path
) -> None:
    kind, quantity = [{"instrumentTypeName": "Probe"}], "measuredQuantity"
    told: list[dict[str, Any]] = [
        {"instrumentTypes": kind, "measuredQuantities": [identified(quantity, "Temp", "http://v.test/a")]},
        {"instrumentTypes": kind, "measuredQuantities": [identified(quantity, "Temp", "http://v.test/b")]},
        {"instrumentTypes": kind, "measuredQuantities": [{f"{quantity}Name": each} for each in ("Shift", "Raman")]},
        {"instrumentTypes": kind, "measuredQuantities": [{f"{quantity}Name": "Shift"}],
         "measurementTechniques": [identified("measurementTechnique", "Raman", "http://v.test/raman")]},
        {"instrumentTypes": [identified("instrumentType", "Thermometer", "http://v.test/t")]},
        {"instrumentTypes": [identified("instrumentType", "Temperatursensor", "http://v.test/t", "URI")]},
        *({"instrumentTypes": [{"instrumentTypeName": name}]} for name in ("Spektrometer", "SPEKTROMETER")),
        *({"model": identified("model", "X", f"http://m.test/{number}")} for number in (1, 2)),
        {"model": identified("model", ":unav", "http://m.test/3")},
        *({"instrumentTypes": [{"instrumentTypeName": "Beamline"}], "measuredQuantities": [{f"{quantity}Name": f"{n}"}]}
          for n in range(101)),
    ]  # fmt: skip
    path = tmp_path / "alike.json"
    path.write_text(json.dumps([
        {"schemaVersion": "1.1", "name": f"Alike {index}", "owners": [{"ownerName": "Lab"}],
         "identifier": {"identifier": f"10.5438/alike-{index}", "identifierType": "DOI"},
         "manufacturers": [{"manufacturerName": "Lab"}], "dates": [{"date": "2001-05-02", "dateType": "Commissioned"}],
         **each}
        for index, each in enumerate(told)
    ]))  # fmt: skip
    facility = facility_of(cora)
    for is_second in (False, True):
        plan = await make_plan(await read_as_files([path], TO, facility), facility)
        assert (plan.problems, plan.warnings, bool(len(plan.steps))) == ((), (), not is_second)
        assert (await apply_plan(plan, facility)).is_complete
    for before in read_records(path.read_bytes()).records:
        after = facts(await told_again(cora, server, before, "pidinst-1.1.json"))
        assert {fact[0] for fact in after ^ facts(before)} <= {"landing page"}


async def cora_command(*arguments: str, code: int = 0, env: Mapping[str, str] | None = None) -> Result:
    """What a command wrote; it runs in a thread, as a server may run in this loop."""
    told = await asyncio.to_thread(CliRunner().invoke, app, arguments, env=env)
    assert told.exit_code == code, told.output
    return told


async def count_of(cora: Opened, statement: str) -> int:
    found: int = await cora.log.pool.fetchval(f"select count(*) from {statement}")
    return found


@pytest.mark.parametrize("is_remote", [False, True])
async def test_the_command_shows_a_plan_and_applies_it_once(
    cora: Opened, server: Server, database_url: str, tmp_path: Path, is_remote: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The server runs in this process, where its log lines would stand among what the command prints.
    monkeypatch.setattr("cora.surfaces.http.surface._logger", Mock())
    settings = {"CORA_DATABASE_URL": database_url, "CORA_DATA_DIR": str(tmp_path)}
    if is_remote:
        settings = {
            "CORA_DATABASE_URL": "none", "CORA_SERVER": server.url, "CORA_TOKEN": server.bearers[Role.ADMIN],
        }  # fmt: skip
    files = [str(FILES[name]) for name in (*HZB, *ACTRIS_XML, "actris-simple.json", B2INST, EPIC)]
    command = ["import-records", *files, "--facility", "hzb"]
    before = await count_of(cora, "event")

    refused = await cora_command(*command, "--dry-run", code=1, env=settings)
    asked = '--create-facility "Helmholtz-Zentrum Berlin für Materialien und Energie"'
    assert f"facility 'hzb' is not known; to register it give {asked}" in refused.stderr
    await cora_command(*command, code=1, env=settings)
    command += ["--create-facility", "Helmholtz-Zentrum Berlin für Materialien und Energie"]
    shown = await cora_command(*command, "--dry-run", env=settings)
    assert "  register asset 'hzb/Imported instruments/My weather station/New temperature sensor'\n" in shown.stdout
    assert "HasComponent 1234.1675.1 is told by the tree alone: its identifier is not a Handle" in shown.stderr
    planned = json.loads((await cora_command(*command, "--dry-run", "--json", env=settings)).stdout)
    assert {"record": 1, "line": 7, "path": "/instrument/identifier"} in [
        {name: each[name] for name in ("record", "line", "path") if name in each} for each in planned["warnings"]
    ]
    assert await count_of(cora, "event") == before

    applied = json.loads((await cora_command(*command, "--json", env=settings)).stdout)
    assert (applied["complete"], applied["counts"]) == (True, planned["counts"])
    recorded = await count_of(cora, "event")
    assert (await cora_command(*command, env=settings)).stdout == "Nothing to change.\n"
    assert await count_of(cora, "event") == recorded
    kept = json.loads(await cora.log.pool.fetchval("select body from document where body->>'code' = 'hzb'"))
    assert kept["identifier"] == {"scheme": "ROR", "value": "https://ror.org/02aj13c28"}


async def test_a_file_with_a_problem_changes_nothing(cora: Opened, database_url: str, tmp_path: Path) -> None:
    settings = {"CORA_DATABASE_URL": database_url, "CORA_DATA_DIR": str(tmp_path)}
    preprint = str(FILES["datacite-example-relationtypeinformation-v4.xml"])
    broken = tmp_path / "broken.xml"
    broken.write_text("<instrument><name>x</instrument>")
    before = await count_of(cora, "event")
    told = await cora_command(
        "import-records", str(FILES[EPIC]), preprint, str(broken), str(tmp_path / "none.json"), "--under", "hzb/Lab",
        "--create-facility", "HZB", code=1, env=settings,
    )  # fmt: skip
    assert (
        f"{preprint}, line 4, record 1, /resource: this is no instrument: its resource type is Preprint" in told.stderr
    )
    assert f"{broken}, line 1: it is not XML" in told.stderr
    assert "none.json: the file cannot be read" in told.stderr
    assert "--skip-unreadable imports the others" in told.stderr
    assert await count_of(cora, "event") == before
    await cora_command("import-records", str(FILES[EPIC]), code=2, env=settings)
    await cora_command("import-records", str(FILES[EPIC]), "--under", "a/b", "--facility", "c", code=2, env=settings)
    await cora_command("import-records", code=2, env=settings)


async def test_what_cannot_be_read_is_left_out_where_that_is_said(
    cora: Opened, database_url: str, tmp_path: Path
) -> None:
    settings = {"CORA_DATABASE_URL": database_url, "CORA_DATA_DIR": str(tmp_path)}
    several = tmp_path / "several.json"
    pump = {"schemaVersion": "1.0", "name": "Pump", "identifier": "20.5/pump", "identifierType": "Handle"}
    several.write_text(json.dumps([{"name": "cora", "owner": {"login": "lab"}}, pump]))
    broken = tmp_path / "broken.xml"
    broken.write_text("<instrument><name>x</instrument>")
    command = ["import-records", str(several), str(broken), str(tmp_path / "none.json"), "--skip-unreadable"]
    command += ["--under", "hzb/Lab", "--create-facility", "HZB"]
    left = (
        "Left out, for it cannot be read (3):\n"
        f"  {several}, record 1, /0\n  {broken}, line 1\n  {tmp_path / 'none.json'}\n"
    )
    shown = await cora_command(*command, "--dry-run", "--json", code=1, env=settings)
    planned = json.loads(shown.stdout)
    assert (planned["problem_count"], planned["counts"]["register_asset"]) == (0, 2)
    assert [each["text"][:9] for each in planned["warnings"]] == ["left out:"] * 3
    assert shown.stderr.endswith(left)
    told = await cora_command(*command, code=1, env=settings)
    assert f"{broken}, line 1: left out: it is not XML" in told.stderr
    assert told.stderr.endswith(left)
    assert await count_of(cora, "document where body->>'name' = 'Pump'") == 1
    # Other problems are not left out.
    refused = await cora_command(*command[:5], "--facility", "other", code=1, env=settings)
    assert "facility 'other' is not known" in refused.stderr
    await cora_command(*command[:2], "--skip-unreadable", "--facility", "hzb", code=1, env=settings)
    await cora_command("import-records", str(FILES[EPIC]), "--skip-unreadable", "--under", "hzb/Lab", env=settings)


async def test_what_has_ended_is_found_again_by_any_identifier(cora: Opened, tmp_path: Path) -> None:
    ended = [{"date": "2001", "dateType": "Commissioned"}, {"date": "2011-01-05", "dateType": "DeCommissioned"}]
    known = [
        {"identifier": "urn:nbn:de:1", "identifierType": "URN"},
        {"identifier": "20.5/a", "identifierType": "Handle"},
    ]
    records: list[dict[str, object]] = [
        {"schemaVersion": "1.0", "name": "Pump", "identifier": each, "dates": ended} for each in known
    ]
    records.append({"schemaVersion": "1.0", "name": "Pump", "dates": ended})
    path = tmp_path / "pumps.json"
    path.write_text(json.dumps(records))
    facility = facility_of(cora)
    for count in (3, 0):
        plan = await make_plan(await read_as_files([path], TO, facility), facility)
        assert plan.problems == ()
        assert (await apply_plan(plan, facility)).is_complete
        assert plan.steps.counts["decommission_asset"] == count
    assert not len(plan.steps)
