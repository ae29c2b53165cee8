"""Records of others become assets, once, where they belong; what is not kept is told, in words."""

import asyncio
import json
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from tests.unit.equipment.pidinst.reading.samples import FILES, mutated
from tests.unit.facility_file.hutch import BASE, Hutch, make_hutch

from cora.equipment.pidinst.reading import Dialect, read_records
from cora.facility_file import Plan, apply_plan, make_plan
from cora.facility_file.read import Defaults
from cora.facility_file.records import Destination, read_as_files

LAB = Destination(("lab", "Imported"), "The Laboratory")


def record(name: str, handle: str | None = None, **told: Any) -> dict[str, Any]:
    """A record in the JSON of PIDINST."""
    known = {"identifier": {"identifier": handle, "identifierType": "Handle"}} if handle else {}
    return {"schemaVersion": "1.0", "name": name, **known, "owners": [{"ownerName": "The Laboratory"}], **told}


def related(relation: str, handle: str) -> dict[str, str]:
    return {"relationType": relation, "relatedIdentifier": handle, "relatedIdentifierType": "Handle"}


def dates(began: str | None = None, ended: str | None = None) -> list[dict[str, str]]:
    told = (("Commissioned", began), ("DeCommissioned", ended))
    return [{"dateType": kind, "date": day} for kind, day in told if day]


async def planned(
    hutch: Hutch, *contents: bytes | Sequence[Any], to: Destination = LAB, occurred_at: datetime | None = None
) -> Plan:
    paths: list[Path] = []
    for number, content in enumerate(contents):
        path = hutch.directory / f"records{number}"
        path.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
        paths.append(path)
    files = await read_as_files(paths, to, hutch.facility, defaults=Defaults(occurred_at))
    return await make_plan(files, hutch.facility)


async def imported(
    hutch: Hutch, *contents: bytes | Sequence[Any], to: Destination = LAB, occurred_at: datetime | None = None
) -> list[str]:
    """What was told of records that were imported."""
    plan = await planned(hutch, *contents, to=to, occurred_at=occurred_at)
    assert [str(problem) for problem in plan.problems] == []
    result = await apply_plan(plan, hutch.facility)
    assert [str(failure) for failure in result.failures] == []
    again = await planned(hutch, *contents, to=to)
    assert [step.words for step in again.steps] == []
    # What was kept whole is silent the second time.
    assert plan.warnings or not again.warnings
    return [each.text for each in plan.warnings]


async def paths_of(hutch: Hutch) -> list[str]:
    assets = {each["id"]: each for each in hutch.states("asset")}

    def path(asset: dict[str, Any]) -> str:
        above = assets.get(asset["parent_id"] or "")
        return f"{path(above)}/{asset['name']}" if above else asset["name"]

    return sorted(path(each) for each in assets.values())


@pytest.fixture(params=[False, True], ids=["direct", "remote"])
async def hutch(request: pytest.FixtureRequest, tmp_path: Path) -> Hutch:
    return await make_hutch(tmp_path, remote=request.param)


async def test_relations_between_records_become_a_tree(hutch: Hutch) -> None:
    told = await imported(hutch, [
        record("Pump", "20.5/pump", relatedIdentifiers=[related("IsComponentOf", "hdl:20.5/LINE")]),
        record("Line", "https://hdl.handle.net/20.5/line", relatedIdentifiers=[
            related("HasComponent", "20.5/pump"), related("HasComponent", "20.5/valve"), related("WasUsedIn", "20.5/x"),
        ]),
        record("Valve", "20.5/valve", relatedIdentifiers=[
            related("IsComponentOf", "20.5/pump"), related("HasComponent", "20.5/line"),
        ]),
    ])  # fmt: skip
    assert await paths_of(hutch) == [
        "Imported", "Imported/Line", "Imported/Line/Pump", "Imported/Line/Pump/Valve",
    ]  # fmt: skip
    assert {each for each in told if "HasComponent" in each or "WasUsedIn" in each} == {
        "record 'Line': HasComponent 20.5/valve is stated and makes no tree: another whole comes first",
        "record 'Valve': HasComponent 20.5/line is stated and makes no tree: "
        "the records are parts of each other in a circle",
    }
    stated = {
        each["name"]: [(kept["relation"], kept["value"]) for kept in each["related_identifiers"]]
        for each in hutch.states("asset")
    }
    assert stated == {
        "Imported": [], "Pump": [], "Line": [("HasComponent", "20.5/valve"), ("WasUsedIn", "20.5/x")],
        "Valve": [("HasComponent", "20.5/line")],
    }  # fmt: skip
    tiers = {each["name"]: each["tier"] for each in hutch.states("asset")}
    assert tiers == {"Imported": "Unit", "Line": "Component", "Pump": "Component", "Valve": "Device"}


async def test_a_part_that_comes_later_finds_its_whole(hutch: Hutch) -> None:
    await imported(hutch, [record("Line", "20.5/line")])
    await hutch.run("describe_asset", asset_id=hutch.id("asset", "Line"), name="Line 7", description=None)
    await imported(hutch, [record("Pump", "20.5/pump", relatedIdentifiers=[related("IsComponentOf", "20.5/LINE")])])
    assert await paths_of(hutch) == ["Imported", "Imported/Line 7", "Imported/Line 7/Pump"]


async def test_what_is_related_is_stated_with_its_name(hutch: Hutch) -> None:
    manual = {"relationType": "IsDescribedBy", "relatedIdentifier": "https://doi.org/10.5438/MANUAL",
              "relatedIdentifierType": "URL", "relatedIdentifierName": "User manual"}  # fmt: skip
    told = await imported(hutch, [record("Pump", "20.5/pump", relatedIdentifiers=[
        manual, {**manual, "relatedIdentifier": "10.5438/paper", "relatedIdentifierType": "doi"},
        {"relationType": "Cites", "relatedIdentifier": "https://a.example/B", "relatedIdentifierType": "Other"},
        related("HasComponent", "1234.1675"),
        {"relationType": "References", "relatedIdentifier": "urn:lsid:x", "relatedIdentifierType": "LSID"},
        {"relationType": "HasMetadata", "relatedIdentifier": "u" * 256, "relatedIdentifierType": "URL"},
        related("HasComponent", "20.5/Valve"), related("HasComponent", "20.5/valve"),
    ])])  # fmt: skip
    pump = hutch.state("asset", "Pump")
    assert pump["drawing"] == {"system": "DOI", "number": "10.5438/manual", "revision": None}
    assert pump["related_identifiers"] == [
        {"relation": "IsDescribedBy", "scheme": "DOI", "value": "10.5438/manual", "name": "User manual"},
        {"relation": "IsDescribedBy", "scheme": "DOI", "value": "10.5438/paper", "name": "User manual"},
        {"relation": "References", "scheme": "URL", "value": "https://a.example/B", "name": None},
        {"relation": "HasComponent", "scheme": "Handle", "value": "20.5/Valve", "name": None},
    ]
    assert told == [
        "record 'Pump': Cites https://a.example/B is kept as References: PIDINST has no such relation",
        "record 'Pump': HasComponent 1234.1675 is not kept: it is not a Handle (<prefix>/<suffix>)",
        "record 'Pump': References urn:lsid:x is not kept: it is of no type that PIDINST has: LSID",
        f"record 'Pump': HasMetadata {'u' * 100}... is not kept: it has more than 255 characters",
    ]


async def test_a_part_that_is_imported_after_its_whole_is_related_once(hutch: Hutch) -> None:
    line = record("Line", "20.5/line", relatedIdentifiers=[related("HasComponent", "20.5/pump")])
    await imported(hutch, [line])
    assert [each["value"] for each in hutch.state("asset", "Line")["related_identifiers"]] == ["20.5/pump"]
    await imported(hutch, [record("Pump", "20.5/pump", relatedIdentifiers=[related("IsComponentOf", "20.5/line")])])
    assert await paths_of(hutch) == ["Imported", "Imported/Line", "Imported/Line/Pump"]
    assert hutch.state("asset", "Pump")["related_identifiers"] == []
    plan = await planned(hutch, [line])
    assert [step.words for step in plan.steps] == []


async def test_a_part_that_says_nothing_finds_the_whole_that_states_it(hutch: Hutch) -> None:
    ended = record("Old", "20.5/old", dates=dates(None, "2011-01-05"))
    for whole in (ended, record("Line", "20.5/line"), record("Other line", "20.5/other")):
        await imported(hutch, [{**whole, "relatedIdentifiers": [related("HasComponent", "20.5/pump")]}])
    assert await imported(hutch, [record("Pump", "20.5/pump"), record("Valve", "20.5/valve")]) == []
    assert await paths_of(hutch) == [
        "Imported", "Imported/Line", "Imported/Line/Pump", "Imported/Old", "Imported/Other line", "Imported/Valve",
    ]  # fmt: skip


async def test_a_whole_without_identifier_is_known_again_by_its_parts(hutch: Hutch) -> None:
    line = record("Line", None, relatedIdentifiers=[related("HasComponent", "20.5/pump")])
    other = record("Line", None, relatedIdentifiers=[related("HasComponent", "20.5/valve")])
    parts = [record("Pump", "20.5/pump"), record("Valve", "20.5/valve")]
    assert await imported(hutch, [line, other, *parts]) == [
        "record 'Line': it is called 'Line (2)': another instrument has the name 'Line'"
    ]
    assert await paths_of(hutch) == [
        "Imported", "Imported/Line", "Imported/Line (2)", "Imported/Line (2)/Valve", "Imported/Line/Pump",
    ]  # fmt: skip
    # Whichever of them comes again.
    for several in ([other, line], [other], [line, parts[0]]):
        plan = await planned(hutch, several)
        assert ([step.words for step in plan.steps], plan.warnings) == ([], ())


async def test_what_was_moved_is_not_said_to_be_where_it_was(hutch: Hutch) -> None:
    records = [
        record("Line", "20.5/line", relatedIdentifiers=[related("HasComponent", "20.5/pump")]),
        record("Pump", "20.5/pump", relatedIdentifiers=[related("IsComponentOf", "20.5/line")]),
    ]
    await imported(hutch, records)
    await hutch.run("register_asset", name="Store", tier="Unit", facility_code="lab")
    store, pump = hutch.id("asset", "Store"), hutch.id("asset", "Pump")
    await hutch.run("relocate_asset", asset_id=pump, to_parent_id=store, reason="tidied up")
    for several in (records, records[:1], records[1:]):
        told = await imported(hutch, several)
        assert all("is not kept" in each and "stays there" in each for each in told)
        assert len(told) == len(several)
    assert hutch.state("asset", "Pump")["related_identifiers"] == []
    assert hutch.state("asset", "Line")["related_identifiers"] == []


async def test_of_what_is_related_and_of_subjects_only_what_is_lacking_is_filled_in(hutch: Hutch) -> None:
    paper = {**related("References", "10.5438/a"), "relatedIdentifierType": "DOI"}
    drawn = {**related("IsDescribedBy", "10.5438/drawing"), "relatedIdentifierType": "DOI"}
    first = record("Pump", "20.5/pump", relatedIdentifiers=[paper], subjects=[{"subjectName": "vacuum"}])
    await imported(hutch, [first])
    pump = hutch.id("asset", "Pump")
    await hutch.run("set_asset_drawing", asset_id=pump, drawing={"system": "EDMS", "number": "7"})
    optics = {"subjectName": "optics", "subjectIdentifier": {
        "subjectIdentifier": "http://vocab.test/1", "subjectIdentifierType": "Keywords"}}  # fmt: skip
    more = record(
        "Pump", "20.5/pump", relatedIdentifiers=[{**paper, "relatedIdentifier": "10.5438/A"}, drawn],
        subjects=[{"subjectName": "Vacuum"}, optics],
    )  # fmt: skip
    assert await imported(hutch, [more]) == ["record 'Pump': subject 'vacuum' stays as it is recorded: not Vacuum"]
    found = hutch.state("asset", "Pump")
    assert found["drawing"]["system"] == "EDMS"
    assert [each["value"] for each in found["related_identifiers"]] == ["10.5438/a", "10.5438/drawing"]
    assert found["subjects"] == [
        {"name": "vacuum", "identifier": None, "scheme": None},
        {"name": "optics", "identifier": "http://vocab.test/1", "scheme": "Keywords"},
    ]


def agent(what: str, name: str, value: str | None = None, scheme: str = "ROR", **told: Any) -> dict[str, Any]:
    """An owner or a manufacturer of PIDINST."""
    known = {f"{what}Identifier": {f"{what}Identifier": value, f"{what}IdentifierType": scheme}} if value else {}
    return {f"{what}Name": name, **known, **told}


async def test_what_a_record_says_otherwise_of_a_recorded_asset_is_told_and_only_what_lacks_is_filled_in(
    hutch: Hutch,
) -> None:
    def alternate(value: str, kind: str, name: str | None = None) -> dict[str, Any]:
        named = {"alternateIdentifierName": name} if name else {}
        return {"alternateIdentifier": value, "alternateIdentifierType": kind, **named}

    paper = {**related("References", "10.5438/a"), "relatedIdentifierType": "DOI"}
    ror, other_ror = "https://ror.org/02aj13c28", "https://ror.org/000h6jb29"
    said = {
        "description": "It pumps.", "measuredVariables": ["flow"], "dates": dates("2001-05-02"),
        "owners": [agent("owner", "Lab"), agent("owner", "Other", ror, ownerContact="a@lab.example")],
        **of_kind("Pump", model="X"), "alternateIdentifiers": [alternate("S1", "SerialNumber")],
        "relatedIdentifiers": [paper], "subjects": [{"subjectName": "vacuum"}],
    }  # fmt: skip
    assert await imported(hutch, [record("Pump", "20.5/pump", **said)]) == []
    before = hutch.state("asset", "Pump")
    optics = {"subjectIdentifier": "http://v.test/1", "subjectIdentifierType": "Keywords"}
    changed = {
        "description": "It pumped.", "measuredVariables": ["flow", "pressure"], "dates": dates("2001-05-03"),
        "owners": [agent("owner", "Lab", ror, ownerContact="b@lab.example"),
                   agent("owner", "other", other_ror, ownerContact="c@lab.example")],
        **of_kind("Big pump", maker="BCME", model="Y"),
        "alternateIdentifiers": [alternate("s1", "SerialNumber", "plate")],
        "relatedIdentifiers": [{**paper, "relatedIdentifierName": "Paper"}],
        "subjects": [{"subjectName": "vacuum", "subjectIdentifier": optics}],
    }  # fmt: skip
    told = await imported(hutch, [record("Big pump", "20.5/pump", **changed)])
    assert {each.removeprefix("record 'Big pump': ") for each in told} == {
        "its name stays as it is recorded: 'Pump'",
        "its description stays as it is recorded",
        "Commissioned 2001-05-03 is not kept: 2001-05-02 is recorded",
        f"owner 'Other' stays as it is recorded: not other, ROR {other_ror}",
        "the contact of owner 'Other' stays as it is recorded",
        "the name of the model stays as it is recorded: 'X'",
        "the model stays as it is recorded: not made by BCME",
        "the instrument type stays as it is recorded: not Big pump",
        "what it measures stays as it is recorded: not pressure",
        "SerialNumber S1 stays as it is recorded: not s1",
    }
    after = hutch.state("asset", "Pump")
    assert {name for name in after if after[name] != before[name]} == {
        "owners", "alternate_identifiers", "related_identifiers", "subjects",
    }  # fmt: skip
    owners = {each["name"]: each for each in after["owners"]}
    assert owners["Lab"]["identifier"] == {"scheme": "ROR", "value": ror}
    assert await hutch.facility.address(owners["Lab"]["contact_id"]) == "b@lab.example"
    assert owners["Other"] == before["owners"][1]
    assert after["alternate_identifiers"] == [{"kind": "SerialNumber", "value": "S1", "name": "plate"}]
    assert [each["name"] for each in after["related_identifiers"]] == ["Paper"]
    assert after["subjects"] == [{"name": "vacuum", "identifier": "http://v.test/1", "scheme": "Keywords"}]
    # What is recorded beside what a record says is no news.
    assert await imported(hutch, [record("Pump", "20.5/pump", owners=[])]) == []


async def test_what_is_added_beside_what_a_record_no_longer_has_is_told(hutch: Hutch) -> None:
    def alternates(*told: tuple[str, str]) -> dict[str, Any]:
        return {"alternateIdentifiers": [
            {"alternateIdentifier": value, "alternateIdentifierType": kind, "alternateIdentifierName": "Tag"}
            for kind, value in told
        ]}  # fmt: skip

    drawn = {**related("IsDescribedBy", "10.5438/drawing"), "relatedIdentifierType": "DOI"}
    first = alternates(("SerialNumber", "S1"), ("InventoryNumber", "I1"), ("Other", "O1"))
    first |= {"subjects": [{"subjectName": "flow"}], "relatedIdentifiers": [
        related("References", "20.5/x"), related("HasComponent", "20.5/seal"), drawn,
    ]}  # fmt: skip
    await imported(hutch, [record("Pump", "20.5/pump", **first, owners=[agent("owner", "Lab")])])
    await imported(hutch, [record("Seal", "20.5/seal", relatedIdentifiers=[related("IsComponentOf", "20.5/pump")])])
    second = alternates(("SerialNumber", "S2"), ("InventoryNumber", "I1"), ("Other", "O2"))
    second |= {"subjects": [{"subjectName": "vacuum"}], "relatedIdentifiers": [
        related("References", "20.5/y"), related("HasComponent", "20.5/seal"), related("HasComponent", "20.5/new"),
        {**drawn, "relatedIdentifier": "10.5438/drawing-2"},
    ]}  # fmt: skip
    again = record("Pump", "20.5/pump", **second, owners=[agent("owner", "New lab"), agent("owner", "Third lab")])
    plan = await planned(hutch, [again])
    assert [(each.place.to_json()["path"], each.text.removeprefix("record 'Pump': ")) for each in plan.warnings] == [
        ("/0/owners", "added as owner: New lab, Third lab; recorded besides, and not in the record: Lab"),
        ("/0/alternateIdentifiers", "added as SerialNumber: S2; recorded besides, and not in the record: S1"),
        ("/0/alternateIdentifiers", "added as Tag: O2; recorded besides, and not in the record: O1"),
        ("/0/relatedIdentifiers", "added as References: 20.5/y; recorded besides, and not in the record: 20.5/x"),
        (
            "/0/relatedIdentifiers",
            "added as IsDescribedBy: 10.5438/drawing-2; recorded besides, and not in the record: 10.5438/drawing",
        ),
        ("/0/subjects", "added as subject: vacuum; recorded besides, and not in the record: flow"),
    ]
    await imported(hutch, [again])
    assert (await planned(hutch, [again])).warnings == ()
    pump = hutch.state("asset", "Pump")
    assert [each["name"] for each in pump["owners"]] == ["Lab", "New lab", "Third lab"]
    # What is added to what a record still has is no news.
    more = alternates(("SerialNumber", "S1"), ("SerialNumber", "S2"), ("SerialNumber", "S3"))
    assert await imported(hutch, [record("Pump", "20.5/pump", **more, owners=[])]) == []


async def test_an_address_that_was_erased_does_not_come_back(hutch: Hutch) -> None:
    owned = record("Pump", "20.5/pump", owners=[agent("owner", "Lab", ownerContact="a@lab.example")])
    await imported(hutch, [owned])
    contact_id = hutch.state("asset", "Pump")["owners"][0]["contact_id"]
    hutch.log.tables.contacts.clear()
    assert await imported(hutch, [owned]) == ["record 'Pump': the contact of owner 'Lab' stays as it is recorded"]
    assert hutch.state("asset", "Pump")["owners"][0]["contact_id"] == contact_id
    assert await hutch.facility.address(contact_id) is None


async def test_what_was_called_otherwise_because_of_another_is_silent_the_second_time(hutch: Hutch) -> None:
    twins = [record("Pump"), record("Pump"), record("Pump", "20.5/a"), record("/odd/", "20.5/b")]
    await imported(hutch, twins)
    assert (await planned(hutch, twins)).warnings == ()


async def test_who_stands_twice_in_a_record_is_told_with_the_identifier(hutch: Hutch) -> None:
    ror, other = "https://ror.org/02aj13c28", "https://ror.org/000h6jb29"
    owners = [agent("owner", "Lab", ror), agent("owner", "lab", other)]
    makers = [agent("manufacturer", "", ror), agent("manufacturer", "", other), agent("manufacturer", "ACME")]
    assert await imported(hutch, [record("A", "20.5/a", owners=owners, manufacturers=makers)]) == [
        f"record 'A': a manufacturer stands here twice: ROR {other}",
        f"record 'A': an owner stands here twice: lab (ROR {other})",
    ]


async def test_what_has_no_name_is_called_by_its_identifier_or_left_out_and_told(hutch: Hutch) -> None:
    told = await imported(hutch, [record("/ /", "20.5/a"), record("/"), record("", None), record("Pump", "20.5/b")])
    assert await paths_of(hutch) == ["Imported", "Imported/20.5/a", "Imported/Pump"]
    assert told == [
        "record '/ /': '/ /' is no name: it is but slashes",
        "record '/ /': it has no name; its identifier stands for it",
        "record '/': '/' is no name: it is but slashes",
        "record '/': left out: it has neither a name nor an identifier",
        "a record without a name: left out: it has neither a name nor an identifier",
    ]


async def test_the_identifier_is_the_instrument_whatever_it_is_called_now(hutch: Hutch) -> None:
    await imported(hutch, [record("Pump", "20.5/pump")])
    id = hutch.id("asset", "Pump")
    await hutch.run("register_asset", name="Store", tier="Unit", facility_code="lab")
    await hutch.run("describe_asset", asset_id=id, name="Old pump", description=None)
    await hutch.run("relocate_asset", asset_id=id, to_parent_id=hutch.id("asset", "Store"), reason="tidied up")
    more = record("Pump", "20.5/PUMP", description="It pumps.", alternateIdentifiers=[
        {"alternateIdentifier": "4711", "alternateIdentifierType": "serialNumber"}
    ])  # fmt: skip
    await imported(hutch, [more])
    assert await paths_of(hutch) == ["Imported", "Store", "Store/Old pump"]
    assert hutch.state("asset", "Old pump")["description"] == "It pumps."
    # What stands here goes before what a record elsewhere says.
    await imported(hutch, [record("Pump", "20.5/pump", description="It no longer pumps.")])
    assert hutch.state("asset", "Old pump")["description"] == "It pumps."
    assert [each["value"] for each in hutch.state("asset", "Old pump")["alternate_identifiers"]] == ["4711"]


async def test_other_instruments_of_the_same_name_are_told_apart(hutch: Hutch) -> None:
    serial = [{"alternateIdentifier": "S/1", "alternateIdentifierType": "SerialNumber"}]
    told = await imported(
        hutch, [record("WXT", "20.5/a"), record("wxt", "20.5/b", alternateIdentifiers=serial), record("WXT", "20.5/c")]
    )
    assert await paths_of(hutch) == ["Imported", "Imported/WXT", "Imported/WXT (20.5/c)", "Imported/wxt (S/1)"]
    assert "record 'wxt': it is called 'wxt (S/1)': another instrument has the name 'wxt'" in told
    told = await imported(hutch, [record("WXT", "20.5/a"), record("Twin", "hdl:20.5/A")])
    (says,) = (each for each in told if "left out: it has the identifier of the record at" in each)
    assert says.endswith("/0; it says other things: import it after that one, to fill in what is lacking")
    told = await imported(hutch, [record("WXT", "20.5/a")], [record("WXT", "20.5/a")])
    assert [each.endswith("record 1, /0") for each in told] == [True]


async def test_types_become_families_that_stay_true(hutch: Hutch) -> None:
    kind = [{"instrumentTypeName": "CTD", "instrumentTypeIdentifier": {
        "instrumentTypeIdentifier": "http://vocab.test/130", "instrumentTypeIdentifierType": "URL"}}]  # fmt: skip
    model = {"manufacturers": [{"manufacturerName": "Sea-Bird"}], "model": {"modelName": "SBE 37"}}
    await imported(hutch, [
        record("A", "20.5/a", instrumentTypes=kind, measuredVariables=["salinity"], **model),
        record("B", "20.5/b", instrumentTypes=kind, **model),
        record("C", "20.5/c", instrumentTypes=kind, measuredVariables=["salinity"], **model),
    ])  # fmt: skip
    families = {each["name"]: each for each in hutch.states("family")}
    assert sorted(families) == ["CTD", "CTD: salinity"]
    term = {"name": "CTD", "identifier": "http://vocab.test/130", "scheme": "URL"}
    assert families["CTD"]["term"] == families["CTD: salinity"]["term"] == term
    assert families["CTD"]["measured_variables"] == []
    # Later ones reuse them by the identifier of the term, and their model has to declare another.
    renamed = [{**kind[0], "instrumentTypeName": "Conductivity, temperature, depth"}]
    told = await imported(
        hutch, [record("D", "20.5/d", instrumentTypes=renamed, measuredVariables=["pressure"], **model)]
    )
    assert told == []
    (made,) = hutch.states("model")
    assert len(made["declared_family_ids"]) == 3
    assert (made["part_number"], made["name"]) == ("SBE 37", "SBE 37")


async def test_the_model_is_told_as_far_as_it_is_known(hutch: Hutch) -> None:
    identified = {"modelIdentifier": "X-7", "modelIdentifierType": "Part Number"}
    told = await imported(hutch, [
        record("A", "20.5/a", manufacturers=[{"manufacturerName": "ACME"}, {"manufacturerName": "Other"}],
               model={"modelName": "X", "modelIdentifier": identified}),
        record("B", "20.5/b", manufacturers=[{"manufacturerName": ":unav"}], model={"modelName": "Y"}),
        record("C", "20.5/c", manufacturers=[{"manufacturerName": ":tba"}]),
        record("D", "20.5/d", manufacturers=[{"manufacturerName": "ACME"}]),
    ])  # fmt: skip
    models = {(each["manufacturer"]["name"], each["name"], each["part_number"]) for each in hutch.states("model")}
    assert models == {("ACME", "X", "X-7"), (":unav", "Y", "Y"), ("ACME", ":unav", ":unav")}
    assert hutch.state("model", "X")["further_manufacturers"] == [{"name": "Other", "identifier": None}]
    assert hutch.state("asset", "C")["model_id"] is None
    assert told == []


def of_kind(*names: str, maker: str | None = "ACME", model: str | None = None) -> dict[str, Any]:
    """What a record tells of the types, the maker and the model."""
    told: dict[str, Any] = {"instrumentTypes": [{"instrumentTypeName": name} for name in names]}
    if maker is not None:
        told["manufacturers"] = [{"manufacturerName": maker}]
    return told if model is None else {**told, "model": {"modelName": model}}


def families_of(hutch: Hutch, kind: str, name: str) -> list[str]:
    """The names of the families that an asset is of, or a model declares."""
    names = {each["id"]: each["name"] for each in hutch.states("family")}
    key = "family_ids" if kind == "asset" else "declared_family_ids"
    return sorted(names[id] for id in hutch.state(kind, name)[key])


def term(what: str, name: str, value: str | None = None, scheme: str = "URL") -> dict[str, Any]:
    """A term of PIDINST: an instrument type, a measured quantity or a technique."""
    known = {f"{what}Identifier": {f"{what}Identifier": value, f"{what}IdentifierType": scheme}} if value else {}
    return {f"{what}Name": name, **known}


def telling(hutch: Hutch, name: str) -> dict[str, list[tuple[str, str | None, str | None]]]:
    """What the families of an asset tell: name, identifier and scheme of each term."""
    families = {each["id"]: each for each in hutch.states("family")}
    of = [families[id] for id in hutch.state("asset", name)["family_ids"]]

    def told(terms: list[dict[str, Any]]) -> list[tuple[str, str | None, str | None]]:
        return [(each["name"], each["identifier"], each["scheme"]) for each in terms]

    return {
        "types": told([each["term"] for each in of]),
        "variables": [each for family in of for each in told(family["measured_variables"])],
        "techniques": [each for family in of for each in told(family["measurement_techniques"])],
    }


async def test_a_record_of_what_is_recorded_without_its_identifier_is_told_with_what_to_do(hutch: Hutch) -> None:
    serial = [{"alternateIdentifier": "S1", "alternateIdentifierType": "SerialNumber"}]
    told = {**of_kind("Pump", model="X"), "alternateIdentifiers": serial}
    await imported(hutch, [record("Pump", None, **told)])
    new = "is new, but has the model and the serial number 'S1' of the recorded asset 'Pump'; if it is the same, "
    (one,) = (await planned(hutch, [record("Pump 1", "20.5/pump", **told)])).warnings
    assert one.text == f"asset 'Pump 1' {new}record its identifier there first (record_asset_persistent_id)"
    (one,) = (await planned(hutch, [record("Pump 1", None, **told)])).warnings
    assert one.text == f"asset 'Pump 1' {new}leave the record out"


async def test_two_records_of_one_instrument_without_identifier_are_one(hutch: Hutch) -> None:
    def of(name: str, serial: str | None, maker: str = "ACME") -> dict[str, Any]:
        told = [{"alternateIdentifier": serial, "alternateIdentifierType": "SerialNumber"}] if serial else []
        return record(name, alternateIdentifiers=told, manufacturers=[{"manufacturerName": maker}])

    told = await imported(hutch, [
        of("Pump", "S1"), of("pump", "s1"), of("Pump", "S1", "Other"), of("Pump", "S2"), of("Pump", ":unav"),
        of("Pump", ":unav"),
    ])  # fmt: skip
    assert [each for each in told if "left out" in each] == [
        f"record 'pump': left out: it has the name and the serial number of the record at {hutch.directory}/records0, "
        "record 1, /0"
    ]
    assert len(hutch.states("asset")) == 6


async def test_of_more_than_cora_can_keep_the_first_are_kept_and_it_is_told(hutch: Hutch) -> None:
    def named(what: str, count: int) -> list[dict[str, Any]]:
        return [{f"{what}Name": f"{what} {index}"} for index in range(count)]

    many = record(
        "Many", "20.5/many", schemaVersion="1.1", owners=named("owner", 201), manufacturers=named("manufacturer", 102),
        instrumentTypes=named("instrumentType", 101), measuredQuantities=named("measuredQuantity", 201),
        measurementTechniques=named("measurementTechnique", 201), subjects=named("subject", 1001),
        alternateIdentifiers=[
            {"alternateIdentifier": f"A{index}", "alternateIdentifierType": "Other", "alternateIdentifierName": "n"}
            for index in range(1001)
        ],
        relatedIdentifiers=[related("References", f"20.5/paper{index}") for index in range(1001)],
    )  # fmt: skip
    told = await imported(hutch, [many])
    assert {each.removeprefix("record 'Many': it has ") for each in told} == {
        "201 owners; the first 200 are kept", "102 manufacturers; the first 101 are kept",
        "101 instrument types; the first 100 are kept", "201 measured variables; the first 200 are kept",
        "201 measurement techniques; the first 200 are kept", "1,001 subjects; the first 1,000 are kept",
        "1,001 other identifiers; the first 1,000 are kept", "1,001 related identifiers; the first 1,000 are kept",
    }  # fmt: skip
    asset = hutch.state("asset", "Many")
    assert [len(asset[key]) for key in ("owners", "family_ids", "related_identifiers", "subjects")] == [
        200, 100, 1000, 1000,
    ]  # fmt: skip
    told = await imported(hutch, [{**many, "owners": [{"ownerName": "One more"}]}])
    assert "record 'Many': it has 201 owners; the first 200 are kept" in told
    assert hutch.state("asset", "Many")["owners"] == asset["owners"]


async def test_what_would_stand_too_deep_states_its_whole_and_is_stated_by_it(hutch: Hutch) -> None:
    chain = [
        record(f"C{index}", f"20.5/c{index}", relatedIdentifiers=[
            *([related("IsComponentOf", f"20.5/c{index - 1}")] if index else []),
            related("HasComponent", f"20.5/c{index + 1}"),
        ])
        for index in range(62)
    ]  # fmt: skip
    told = await imported(hutch, chain)
    assert told == ["record 'C59': it does not stand below its whole: assets cannot be as deep as that"]
    stated = {
        each["name"]: [(kept["relation"], kept["value"]) for kept in each["related_identifiers"]]
        for each in hutch.states("asset") if each["related_identifiers"]
    }  # fmt: skip
    assert stated == {
        "C58": [("HasComponent", "20.5/c59")], "C59": [("IsComponentOf", "20.5/c58")],
        "C61": [("HasComponent", "20.5/c62")],
    }  # fmt: skip
    assert "Imported/C59/C60" in await paths_of(hutch)
    # What is stated already is no news.
    assert (await planned(hutch, chain)).warnings == ()
    await imported(hutch, [record("C62", "20.5/c62", relatedIdentifiers=[related("IsComponentOf", "20.5/c58")])])
    assert hutch.state("asset", "C62")["related_identifiers"][0]["value"] == "20.5/c58"


async def test_no_record_is_told_what_another_says_of_types_and_measuring(hutch: Hutch) -> None:
    def of(name: str, type: dict[str, Any], *quantities: dict[str, Any], **told: Any) -> dict[str, Any]:
        return record(
            name, f"20.5/{name}", schemaVersion="1.1", instrumentTypes=[type], measuredQuantities=list(quantities),
            manufacturers=[{"manufacturerName": "ACME"}], **told,
        )  # fmt: skip

    quantity, plain = "measuredQuantity", term("instrumentType", "Probe")
    raman = [term("measurementTechnique", "Raman", "http://v.test/raman")]
    records = [
        of("A", plain, term(quantity, "Temp", "http://v.test/a")),
        of("B", plain, term(quantity, "Temp", "http://v.test/b")),
        of("C", plain, term(quantity, "Temp")),
        of("D", plain, term(quantity, "Raman shift"), term(quantity, "Raman")),
        of("E", plain, term(quantity, "Raman shift"), measurementTechniques=raman),
        of("F", term("instrumentType", "Thermometer", "http://v.test/t")),
        of("G", term("instrumentType", "Temperatursensor", "http://v.test/t", "URI")),
        of("H", term("instrumentType", "Spektrometer")),
        of("I", term("instrumentType", "SPEKTROMETER")),
    ]
    assert await imported(hutch, records) == []
    a, b = (("Temp", f"http://v.test/{each}", "URL") for each in "ab")
    shift = ("Raman shift", None, None)
    assert [telling(hutch, each)["variables"] for each in "ABCDE"] == [
        [a], [b], [("Temp", None, None)], [shift, ("Raman", None, None)], [shift],
    ]  # fmt: skip
    assert telling(hutch, "D")["techniques"] == []
    assert telling(hutch, "E")["techniques"] == [("Raman", "http://v.test/raman", "URL")]
    assert [telling(hutch, each)["types"] for each in "FGHI"] == [
        [("Thermometer", "http://v.test/t", "URL")], [("Temperatursensor", "http://v.test/t", "URI")],
        [("Spektrometer", None, None)], [("SPEKTROMETER", None, None)],
    ]  # fmt: skip
    assert {each["name"] for each in hutch.states("family")} == {
        "Probe", "Probe: Temp", "Probe: Temp 2", "Probe: Raman shift, Raman", "Probe: Raman shift, Raman 2",
        "SPEKTROMETER 2", "Spektrometer", "Temperatursensor", "Thermometer",
    }  # fmt: skip
    # What is recorded under other identifiers is found again by all that it tells.
    families = len(hutch.states("family"))
    others = [{**each, "name": f"{each['name']}2", "identifier": None} for each in records]
    assert await imported(hutch, others) == []
    assert len(hutch.states("family")) == families


async def test_what_names_no_type_and_measures_is_of_the_general_family(hutch: Hutch) -> None:
    told = await imported(hutch, [record("A", "20.5/a", measuredVariables=["flow"])])
    assert told == ["record 'A': it names no type, so it is of the family 'Instrument'"]
    assert (await planned(hutch, [record("A", "20.5/a", measuredVariables=["flow"])])).warnings == ()


async def test_each_record_is_told_what_the_recorded_family_that_it_uses_says_otherwise(hutch: Hutch) -> None:
    salt = term("instrumentType", "CTD", "http://v.test/ctd")
    await imported(hutch, [record("A", "20.5/a", instrumentTypes=[salt], measuredVariables=["salinity"])])
    told = await imported(hutch, [
        record("B", "20.5/b", instrumentTypes=[salt]), record("C", "20.5/c", instrumentTypes=[salt]),
        record("D", "20.5/d", instrumentTypes=[{"instrumentTypeName": "ctd"}], measuredVariables=["salinity"]),
        record("E", "20.5/e", instrumentTypes=[term("instrumentType", "Sonde", "http://v.test/ctd")],
               measuredVariables=["salinity"]),
    ])  # fmt: skip
    assert [each["name"] for each in hutch.states("family")] == ["CTD"]
    kind = "the instrument type stays as it is recorded: CTD (URL http://v.test/ctd)"
    assert told == [
        "record 'B': what it measures stays as it is recorded: salinity",
        "record 'C': what it measures stays as it is recorded: salinity",
        f"record 'D': {kind}, not ctd",
        f"record 'E': {kind}, not Sonde (URL http://v.test/ctd)",
    ]


async def test_a_recorded_asset_gets_the_types_that_it_lacks_and_its_model_declares_them(hutch: Hutch) -> None:
    await imported(hutch, [record("A", "20.5/a", **of_kind(model="X"))])
    await imported(hutch, [record("A", "20.5/a", **of_kind("Pump", model="X")), record("B", "20.5/b")])
    assert families_of(hutch, "asset", "A") == ["Pump"]
    assert families_of(hutch, "model", "X") == ["Instrument", "Pump"]


async def test_a_recorded_asset_gets_the_model_that_it_lacks_with_the_families_that_it_has(hutch: Hutch) -> None:
    await imported(hutch, [record("A", "20.5/a", **of_kind("Pump", "Valve", maker=None))])
    await imported(hutch, [record("A", "20.5/a", **of_kind("Pump", "Valve", model="X"))])
    assert families_of(hutch, "model", "X") == ["Pump", "Valve"]
    assert hutch.state("asset", "A")["model_id"] == hutch.state("model", "X")["id"]
    # What has a model of the same name may be of another type.
    await imported(hutch, [record("B", "20.5/b", **of_kind("Gauge", maker=None))])
    await imported(hutch, [record("B", "20.5/b", **of_kind("Gauge", model="X"))])
    assert families_of(hutch, "model", "X") == ["Gauge", "Pump", "Valve"]


async def test_a_model_that_is_deprecated_declares_nothing_more(hutch: Hutch) -> None:
    await imported(hutch, [record("A", "20.5/a", **of_kind(model="X")), record("C", "20.5/c", **of_kind(maker=None))])
    await hutch.run("deprecate_model", model_id=hutch.id("model", "X"), reason="sold out")
    told = await imported(hutch, [record("A", "20.5/a", **of_kind("Pump", "Valve", model="X"))])
    assert told == [
        f"record 'A': family '{name}' is not kept: model 'ACME/X' cannot declare it, it is deprecated"
        for name in ("Pump", "Valve")
    ]
    assert [each["name"] for each in hutch.states("family")] == ["Instrument"]


async def test_a_model_that_declares_a_deprecated_family_is_left_as_it_is(hutch: Hutch) -> None:
    await imported(hutch, [record("A", "20.5/a", **of_kind("Pump", model="X"))])
    await imported(hutch, [record("C", "20.5/c", **of_kind("Pump", maker=None))])
    await hutch.run("deprecate_family", family_id=hutch.id("family", "Pump"), reason="too coarse")
    told = await imported(hutch, [record("B", "20.5/b", **of_kind("Valve", model="X"))])
    assert told == [
        "record 'B': family 'Valve' is not kept: model 'ACME/X' cannot declare it, one that it declares is deprecated"
    ]
    told = await imported(hutch, [record("C", "20.5/c", **of_kind("Pump", model="Y"))])
    assert told == [
        "record 'C': the model is not kept: it cannot declare what the asset is, a family of the asset is deprecated"
    ]
    assert hutch.state("asset", "C")["model_id"] is None


@pytest.mark.parametrize("model", [None, "X"])
async def test_more_kinds_of_one_maker_than_a_model_can_declare(hutch: Hutch, model: str | None) -> None:
    records = [
        record(
            f"Beamline {index}", f"20.5/{index}", **of_kind("Beamline", model=model), measuredVariables=[f"v{index}"]
        )
        for index in range(102)
    ]
    told = await imported(hutch, records[:50]) + await imported(hutch, records)
    models = {each["part_number"]: len(each["declared_family_ids"]) for each in hutch.states("model")}
    if model is None:
        assert (models, told) == ({":unav": 100, ":unav 2": 2}, [])
        assert {each["name"] for each in hutch.states("model")} == {":unav"}
        # Those that are of it are known again, others of these kinds find it, and so do further kinds.
        assert await imported(hutch, [{**records[101], "name": "Other", "identifier": None}]) == []
        new = [
            record(f"New {index}", **of_kind("New"), measuredVariables=[f"v{index}"]) for index in range(99)
        ]  # fmt: skip
        assert await imported(hutch, new) == []
        of = {each["id"]: each["part_number"] for each in hutch.states("model")}
        assert [of[hutch.state("asset", name)["model_id"]] for name in ("Other", "New 0", "New 97", "New 98")] == [
            ":unav 2", ":unav 2", ":unav 2", ":unav 3",
        ]  # fmt: skip
    else:
        assert models == {"X": 100}
        assert told == [
            f"record 'Beamline {index}': family 'Beamline: v{index}' is not kept: "
            "model 'ACME/X' cannot declare it, 100 is the most" for index in (100, 101)
        ]  # fmt: skip


def made_by(*makers: str | dict[str, Any], name: str = "A") -> dict[str, Any]:
    """A record of an instrument of the model X, by makers that are names or more."""
    told = [{"manufacturerName": maker} if isinstance(maker, str) else maker for maker in makers]
    return record(name, f"20.5/{name}", manufacturers=told, model={"modelName": "X"})


def maker(name: str, value: str, scheme: str = "Wikidata") -> dict[str, Any]:
    """A maker with an identifier."""
    known = {"manufacturerIdentifier": value, "manufacturerIdentifierType": scheme}
    return {"manufacturerName": name, "manufacturerIdentifier": known}


async def test_all_manufacturers_are_kept_in_their_order(hutch: Hutch) -> None:
    told = await imported(hutch, [made_by(
        ":unav", "Lab", maker("ACME", "Q1"), "lab", maker(":unkn", "Q2"), maker("Bad", "x", "ROR"), "Z",
    )])  # fmt: skip
    (model,) = hutch.states("model")
    assert [(each["name"], each["identifier"] and each["identifier"]["value"])
            for each in (model["manufacturer"], *model["further_manufacturers"])] == [
        ("Lab", None), ("ACME", "Q1"), (":unav", "Q2"), ("Bad", None), ("Z", None),
    ]  # fmt: skip
    assert told == [
        "record 'A': a manufacturer stands here twice: lab",
        "record 'A': the identifier of the manufacturer is not kept: ROR x is not a ROR id (https://ror.org/0xxxxxxNN)",
    ]


@pytest.mark.parametrize(
    ("dialect", "told"),
    [
        (
            Dialect.LINKML,
            {"schema_version": "1.1", "manufacturers": [
                {"name": "Lab", "identifier": "Q1", "identifier_type": "Wikidata"}, {"name": "ACME"}]},
        ),
        (
            Dialect.SMS,
            {"Owner": [{"ownerName": "UFZ", "ownerIdentifierValue": "https://ror.org/000h6jb29"}], "Manufacturer": [
                {"manufacturerName": "Lab", "manufacturerIdentifierValue": "Q1",
                 "manufacturerIdentifierType": "Wikidata"}, {"manufacturerName": "ACME"}]},
        ),
        (
            Dialect.INSTRUMENTDB,
            {"Manufacturers": [{"Manufacturer": {"manufacturerName": "Lab", "manufacturerIdentifier": {
                "manufacturerIdentifierValue": "Q1", "manufacturerIdentifierType": "Wikidata"}}},
                {"Manufacturer": {"manufacturerName": "ACME"}}]},
        ),
    ],
)  # fmt: skip
async def test_all_manufacturers_are_kept_of_the_dialects_that_cora_does_not_write(
    hutch: Hutch, dialect: Dialect, told: dict[str, Any]
) -> None:
    content = json.dumps({"name" if dialect is Dialect.LINKML else "Name": "Pump", **told}).encode()
    assert [each.dialect for each in read_records(content).records] == [dialect]
    await imported(hutch, content)
    (model,) = hutch.states("model")
    known = {"scheme": "Wikidata", "value": "Q1"}
    assert model["manufacturer"] == {"name": "Lab", "identifier": known}
    assert model["further_manufacturers"] == [{"name": "ACME", "identifier": None}]


async def test_records_of_one_model_agree_on_its_manufacturers_or_it_is_told(hutch: Hutch) -> None:
    first, more = made_by("Lab", "ACME"), made_by("lab", maker("acme", "Q1"), "Z", name="B")
    told = await imported(hutch, [first, more, made_by("Lab", maker("ACME", "Q2"), name="C"), made_by("Lab", name="D")])
    (model,) = hutch.states("model")
    known = {"scheme": "Wikidata", "value": "Q1"}
    assert model["further_manufacturers"] == [{"name": "ACME", "identifier": known}]
    assert told == [
        "record 'B': the model is that of another record: not made by Z",
        "record 'C': the manufacturer is that of another record: not Q2",
        "record 'D': the model is that of another record: made by ACME too",
    ]
    again = await imported(hutch, [made_by("LAB", maker("ACME", "Q3"), "Y", name="E"), made_by("Lab", name="F")])
    assert hutch.states("model") == [model]
    assert again == [
        "record 'E': the manufacturer stays as it is recorded: not Q3",
        "record 'E': the model stays as it is recorded: not made by Y",
        "record 'F': the model stays as it is recorded: made by ACME too",
    ]
    assert {each["model_id"] for each in hutch.states("asset") if each["name"] != "Imported"} == {model["id"]}


async def test_an_identifier_of_a_model_that_is_no_part_number_is_kept(hutch: Hutch) -> None:
    def of(name: str, model: str, kind: str | None, value: str) -> dict[str, Any]:
        known = {"modelIdentifier": value, **({"modelIdentifierType": kind} if kind else {})}
        maker = [{"manufacturerName": "ACME"}]
        return record(name, f"20.5/{name}", manufacturers=maker, model={"modelName": model, "modelIdentifier": known})

    told = await imported(hutch, [
        of("A", "X", "URL", "http://vocab.test/x"), of("B", "Y", "SerialNumber", "SN-1"),
        of("C", "Z", "RRID", "RRID:Z"), of("D", "Z", "RRID", "RRID:other"), of("E", "Q", "ROR", "nonsense"),
        of("F", "R", None, "https://r.example"),
    ])  # fmt: skip
    assert {each["part_number"]: each["identifier"] for each in hutch.states("model")} == {
        "X": {"scheme": "URL", "value": "http://vocab.test/x"},
        "Y": {"scheme": "SerialNumber", "value": "SN-1"},
        "Z": {"scheme": "RRID", "value": "RRID:Z"},
        "RRID:other": {"scheme": "RRID", "value": "RRID:other"},
        "Q": None,
        "R": {"scheme": "URL", "value": "https://r.example"},
    }
    assert hutch.state("model", "X")["website"] == "http://vocab.test/x"
    assert hutch.state("asset", "B")["alternate_identifiers"][0]["value"] == "SN-1"
    assert told == [
        "record 'B': SerialNumber SN-1 of the model is taken for the instrument's too",
        "record 'E': the identifier of the model is not kept: ROR nonsense is not a ROR id (https://ror.org/0xxxxxxNN)",
    ]


async def test_models_with_other_identifiers_are_others(hutch: Hutch) -> None:
    def of(name: str, model: str | None, value: str | None) -> dict[str, Any]:
        told = {"modelName": model} if model else {}
        if value is not None:
            told["modelIdentifier"] = {"modelIdentifier": value, "modelIdentifierType": "URL"}  # type: ignore[assignment]
        return record(name, f"20.5/{name}", manufacturers=[{"manufacturerName": "ACME"}], model=told)

    def model_of(name: str) -> tuple[str, str, str | None]:
        (model,) = (each for each in hutch.states("model") if each["id"] == hutch.state("asset", name)["model_id"])
        return model["name"], model["part_number"], model["identifier"] and model["identifier"]["value"]

    one, two, three, long = "http://m.test/1", "http://m.test/2", "http://m.test/3", f"http://m.test/{'x' * 200}"
    told = await imported(hutch, [
        of("A", "X", None), of("B", "X", one), of("C", "X", two), record("D", "20.5/D", manufacturers=[
            {"manufacturerName": "ACME"}]), of("E", None, three), of("F", None, long),
    ])  # fmt: skip
    assert told == [f"record 'A': the identifier of the model is that of another record: URL {one}"]
    assert {name: model_of(name) for name in "ABCDEF"} == {
        "A": ("X", "X", one), "B": ("X", "X", one), "C": ("X", two, two), "D": (":unav", ":unav", None),
        "E": (":unav", three, three), "F": (":unav", ":unav 2", long),
    }  # fmt: skip
    # Others like them find the same, and what is recorded without an identifier never gets that of another.
    again = await imported(hutch, [of("G", "X", two), of("H", None, three), of("I", None, long), of("J", "X", None)])
    assert again == [f"record 'J': the identifier of the model stays as it is recorded: URL {one}"]
    assert [model_of(name) for name in "GHIJ"] == [model_of(name) for name in "CEFA"]


async def test_what_has_ended_is_decommissioned_parts_first(hutch: Hutch) -> None:
    whole = [related("HasComponent", "20.5/part")]
    told = await imported(hutch, [
        record("Whole", "20.5/whole", relatedIdentifiers=whole, dates=dates("2001-05-02", "2011")),
        record("Part", "20.5/part", dates=dates("2002-01-01", "2010-06-30")),
        record("Backwards", "20.5/back", dates=dates("2012-01-01", "2011-01-01")),
        record("Ended", dates=dates(None, "2011-01-05")),
        record("Future", "20.5/future", dates=dates("2999-01-01")),
    ])  # fmt: skip
    found = {
        each["name"]: (each["lifecycle"], (each["decommissioned_at"] or "")[:10]) for each in hutch.states("asset")
    }
    assert found == {
        "Imported": ("Commissioned", ""), "Whole": ("Decommissioned", "2011-01-01"),
        "Part": ("Decommissioned", "2010-06-30"), "Backwards": ("Commissioned", ""),
        "Ended": ("Decommissioned", "2011-01-05"), "Future": ("Commissioned", ""),
    }  # fmt: skip
    assert {each.partition(": ")[2] for each in told if each.startswith("record")} == {
        "DeCommissioned 2011-01-01 lies before 2012-01-01 and is not kept",
        "when it began is not told; 2011-01-05 stands for it",
        "Commissioned 2999-01-01 lies in the future and is not kept",
    }


async def test_what_is_filled_in_of_what_has_ended_is_as_old_as_its_end(hutch: Hutch) -> None:
    lab = {"owners": [agent("owner", "Lab", "https://ror.org/02aj13c28")]}
    more = {
        **lab, **of_kind("Pump", model="X"), "description": "It pumps.", "measuredVariables": ["flow"],
        "alternateIdentifiers": [{"alternateIdentifier": "S1", "alternateIdentifierType": "SerialNumber"}],
        "relatedIdentifiers": [related("References", "20.5/manual")], "subjects": [{"subjectName": "vacuum"}],
    }  # fmt: skip
    first = [
        record(name, f"20.5/{name}", owners=[agent("owner", "Lab")], dates=dates("2001-05-02"))
        for name in ("Pump", "Valve")
    ]
    await imported(hutch, first, occurred_at=datetime(2001, 5, 2, tzinfo=UTC))
    await hutch.run_at(
        datetime(2012, 3, 4, tzinfo=UTC), "add_asset_note", asset_id=hutch.id("asset", "Valve"), text="seen"
    )
    told = await imported(hutch, [{**each, **more, "dates": dates("2001-05-02", "2011-01-05")} for each in first])
    assert told == ["record 'Valve': DeCommissioned 2011-01-05 is recorded as of 2012-03-04"]
    for name, ended in (("Pump", "2011-01-05"), ("Valve", "2012-03-04")):
        found = hutch.state("asset", name)
        assert (found["lifecycle"], found["decommissioned_at"][:10]) == ("Decommissioned", ended)
        assert found["owners"][0]["identifier"] == {"scheme": "ROR", "value": "https://ror.org/02aj13c28"}
        assert [each["value"] for each in found["alternate_identifiers"]] == ["S1"]
        assert (found["description"], len(found["related_identifiers"]), len(found["subjects"])) == ("It pumps.", 1, 1)
        assert found["model_id"] is not None
    # What it is of was there then.
    assert {
        each.began_at.date().isoformat()
        for each in hutch.log.tables.documents.values()
        if each.kind in ("model", "family")
    } == {"2011-01-05"}


async def dates_of(hutch: Hutch, records: Sequence[Any], occurred_at: datetime | None = None) -> dict[str, str | None]:
    """When each step of the plan of an import occurs; None stands for now."""
    path = hutch.directory / "records"
    path.write_text(json.dumps(records))
    files = await read_as_files([path], LAB, hutch.facility, defaults=Defaults(occurred_at))
    plan = await make_plan(files, hutch.facility)
    assert [str(problem) for problem in plan.problems] == []
    return {
        step.words: step.occurred_at and step.occurred_at.date().isoformat()
        for step in plan.steps
        if step.command.startswith(("define", "register"))
    }


async def test_what_an_instrument_needs_is_as_old_as_the_first_that_needs_it(hutch: Hutch) -> None:
    def of(name: str, kind: str, model: str, began: str | None) -> dict[str, Any]:
        return record(
            name, f"20.5/{name}", dates=dates(began), instrumentTypes=[{"instrumentTypeName": kind}],
            manufacturers=[{"manufacturerName": "ACME"}], model={"modelName": model},
        )  # fmt: skip

    records = [of("A", "Pump", "P", "2005-01-01"), of("B", "Pump", "Q", "1999-03-04"), of("C", "Valve", "V", None)]
    wanted = {
        "register facility 'lab'": "1999-03-04",
        "define family 'Pump'": "1999-03-04",
        "define family 'Valve'": None,
        "define model 'ACME/P'": "2005-01-01",
        "define model 'ACME/Q'": "1999-03-04",
        "define model 'ACME/V'": None,
        "register asset 'lab/Imported'": "1999-03-04",
        "register asset 'lab/Imported/A'": "2005-01-01",
        "register asset 'lab/Imported/B'": "1999-03-04",
        "register asset 'lab/Imported/C'": None,
    }
    assert await dates_of(hutch, records) == wanted
    # Nothing that they need is later than the command says.
    said = datetime(2001, 1, 1, tzinfo=UTC)
    dated = {**wanted, "define model 'ACME/P'": "2001-01-01"}
    assert await dates_of(hutch, records, said) == {words: at or "2001-01-01" for words, at in dated.items()}
    # What is recorded needs nothing before now.
    await imported(hutch, [record("B", "20.5/B", dates=dates("1999-03-04"))])
    assert await dates_of(hutch, records[1:2]) == {"define family 'Pump'": None, "define model 'ACME/Q'": None}


async def test_of_two_of_one_name_the_one_that_lives_is_known_again_when_the_other_has_ended(hutch: Hutch) -> None:
    twins = [record("Pump", dates=dates("2001-05-02", "2011-01-01")), record("Pump"), record("Pump")]
    await imported(hutch, twins)
    assert await paths_of(hutch) == ["Imported", "Imported/Pump", "Imported/Pump (2)", "Imported/Pump (3)"]
    lives = {each["name"]: each["lifecycle"] for each in hutch.states("asset")}
    assert lives["Pump"] == "Decommissioned"
    assert lives["Pump (2)"] == lives["Pump (3)"] == "Commissioned"


async def test_what_ended_as_of_a_later_day_is_known_again(hutch: Hutch) -> None:
    serial = [{"alternateIdentifier": "S1", "alternateIdentifierType": "SerialNumber"}]
    long = {"identifier": {"identifier": "i" * 300, "identifierType": "Other"}}  # more than cora can keep
    pumps = [record("Pump", alternateIdentifiers=serial), record("Valve"), record("", None, **long)]
    await imported(hutch, [record("Gauge", dates=dates("2001-05-02"))])
    pumps.append(record("Gauge"))
    await imported(hutch, pumps)
    ended = [{**each, "dates": dates("2001-05-02", "2011-01-05")} for each in pumps]
    told = await imported(hutch, ended)
    assert len([each for each in told if "DeCommissioned 2011-01-05 is recorded as of" in each]) == 4
    assert await paths_of(hutch) == [
        "Imported", "Imported/Gauge", "Imported/Pump", "Imported/Valve", f"Imported/{'i' * 200}",
    ]  # fmt: skip


async def test_a_part_number_by_another_name_is_told_and_a_day_that_is_told_twice_is_not(hutch: Hutch) -> None:
    number = {"modelIdentifier": "A-1", "modelIdentifierType": "SKU"}
    told = await imported(hutch, [record(
        "A", "20.5/a", manufacturers=[{"manufacturerName": "ACME"}], dates=[*dates("2001-05-02"), *dates("2001-05-02")],
        model={"modelName": "X", "modelIdentifier": number},
    )])  # fmt: skip
    assert hutch.state("model", "X")["part_number"] == "A-1"
    assert told == ["record 'A': SKU A-1 of the model is kept as its PartNumber"]


async def test_what_lives_keeps_its_whole_alive(hutch: Hutch) -> None:
    told = await imported(hutch, [
        record("Whole", "20.5/whole", dates=dates("2001-05-02", "2011-01-01")),
        record("Part", "20.5/part", relatedIdentifiers=[related("IsComponentOf", "20.5/whole")]),
    ])  # fmt: skip
    assert told == ["record 'Whole': DeCommissioned 2011-01-01 is not kept: its part 'Part' is not"]
    assert hutch.state("asset", "Whole")["lifecycle"] == "Commissioned"
    # Once its part has gone, the record can have its way.
    await hutch.run("decommission_asset", asset_id=hutch.id("asset", "Part"), reason="broken")
    await imported(hutch, [record("Whole", "20.5/whole", dates=dates("2001-05-02", "2011-01-01"))])
    assert hutch.state("asset", "Whole")["lifecycle"] == "Decommissioned"


async def test_what_passes_no_check_is_told_and_the_rest_is_kept(hutch: Hutch) -> None:
    told = await imported(hutch, [
        record("A" * 250, "20.5/a", description="D" * 6000, landingPage="https://old.example/a", owners=[
            {"ownerName": "ESRF", "ownerContact": "nobody", "ownerIdentifier": {
                "ownerIdentifier": "02aj13c29", "ownerIdentifierType": "ROR"}},
            {"ownerName": "Ada", "ownerContact": "mailto:ada@esrf.example", "ownerIdentifier": {
                "ownerIdentifier": "https://orcid.org/0000-0002-1825-0097", "ownerIdentifierType": "Other"}},
        ], alternateIdentifiers=[{"alternateIdentifier": "x" * 300, "alternateIdentifierType": "Local"}]),
    ])  # fmt: skip
    asset = next(each for each in hutch.states("asset") if each["name"] == "A" * 200)
    assert len(asset["description"]) == 5000
    assert [each["name"] for each in asset["owners"]] == ["ESRF", "Ada"]
    assert asset["owners"][0]["identifier"] is None
    assert asset["owners"][1]["identifier"] == {"scheme": "ORCID", "value": "https://orcid.org/0000-0002-1825-0097"}
    says = "\n".join(told)
    for part in (
        "the name has 250 characters; the first 200 are kept",
        "the contact of an owner is not kept: it is not an e-mail",
        "the identifier of an owner is not kept: ROR 02aj13c29 is not a ROR id: its check digits are wrong",
        "an identifier is not kept, Other xxx", "its landing page is kept in the history alone",
    ):  # fmt: skip
        assert part in says


async def test_the_destination(hutch: Hutch) -> None:
    await imported(hutch, [record("A", "20.5/a")], to=Destination(("lab",), "The Laboratory"))
    await imported(hutch, [record("B", "20.5/b")], to=Destination(("lab", "A")))
    await imported(hutch, [record("C", "20.5/c")], to=Destination(("lab", "A", "New")))
    assert await paths_of(hutch) == ["A", "A/B", "A/New", "A/New/C"]
    plan = await planned(hutch, [record("D", "20.5/d")], to=Destination(("lab", "Nowhere", "New")))
    assert any("asset 'lab/Nowhere' is not known" in each.text for each in plan.problems)
    plan = await planned(hutch, [record("D", "20.5/d")], to=Destination(("lob", "New")))
    (problem,) = plan.problems
    assert problem.text == "facility 'lob' is not known; to register it give --create-facility \"The Laboratory\""


async def test_an_identifier_of_a_fixture_is_left_alone(hutch: Hutch) -> None:
    await hutch.apply(BASE)
    fixture = hutch.state("fixture", "Tower at 2-BM")
    pid = fixture["persistent_id"]
    given = {"schemaVersion": "1.0", "name": "Tower", "identifier": {
        "identifier": pid["value"], "identifierType": pid["scheme"]}}  # fmt: skip
    told = await imported(hutch, [given], to=Destination(("aps", "Imported")))
    assert told == ["record 'Tower': left out: its identifier belongs to fixture 'Tower at 2-BM'"]


async def test_a_record_of_this_cora_is_the_asset_itself(hutch: Hutch) -> None:
    await hutch.apply(BASE)
    own = {"schemaVersion": "1.0", "name": "Something", "description": "a drive", "identifier": {
        "identifier": f"urn:uuid:{hutch.id('asset', 'Drive')}", "identifierType": "URN"}}  # fmt: skip
    told = await imported(hutch, [own], to=Destination(("aps", "Imported")))
    assert told == ["record 'Something': its name stays as it is recorded: 'Drive'"]
    assert hutch.state("asset", "Drive")["description"] == "a drive"
    assert hutch.state("asset", "Drive")["alternate_identifiers"] == []


async def test_two_records_of_one_recorded_asset_by_other_identifiers_are_one(hutch: Hutch) -> None:
    await imported(hutch, [record("Pump", "20.5/pump")])
    own = {"identifier": {"identifier": f"urn:uuid:{hutch.id('asset', 'Pump')}", "identifierType": "URN"}}
    (says,) = await imported(hutch, [record("Pump", "20.5/pump"), record("Pump", None, **own, description="It pumps.")])
    assert "left out: it has the asset of the record at" in says
    assert says.endswith("/0; it says other things: import it after that one, to fill in what is lacking")


async def test_the_note_says_where_it_comes_from(hutch: Hutch) -> None:
    plan = await planned(hutch, [record("A", "20.5/a", landingPage="https://old.example/a", colour="red")])
    (note,) = (step.arguments["text"] for step in plan.steps if step.command == "add_asset_note")
    assert note == (
        "Imported from records0, record 1, /0 (PIDINST JSON). Its landing page there: https://old.example/a. "
        "Not kept, or not as it stands there: /0/colour."
    )


ADDRESS = "ada.lovelace@lab.example"


def handle_value(index: int, kind: str, value: Any) -> dict[str, Any]:
    text = value if isinstance(value, str) else json.dumps(value)
    return {"index": index, "type": kind, "data": {"format": "string", "value": text}}


HANDLE = {"handle": "20.5/h", "values": [
    handle_value(1, "URL", f"https://old.example/?mail={ADDRESS}"),
    handle_value(2, "EMAIL", ADDRESS),
    handle_value(3, "21.T11148/ab8d232261b9b60ba559", "Handled"),
    handle_value(4, "21.T11148/4eaec4bc0f1df68ab2a7", [{"Owner": {"ownerName": "Lab", "ownerContact": ADDRESS}}]),
    handle_value(5, "KEEPER", f"Ada Lovelace <{ADDRESS}>"),
]}  # fmt: skip
DATACITE = {"data": {"id": "10.5072/x", "attributes": {
    "doi": "10.5072/x", "titles": [{"title": "Cited"}], "types": {"resourceTypeGeneral": "Instrument"},
    "contributors": [{"name": "Lovelace, Ada", "contributorType": "ContactPerson", "nameIdentifiers": [
        {"nameIdentifier": f"mailto:{ADDRESS}", "nameIdentifierScheme": "e-mail"}]}],
    "publisher": "Lab",
}}}  # fmt: skip
OUTSPOKEN = record(
    f"Pump of {ADDRESS}", description=f"Ask mailto:{ADDRESS}, or Ada%40lab.example, or the lab@night.",
    identifier={"identifier": ADDRESS, "identifierType": "Local"}, landingPage=f"mailto:{ADDRESS}",
    owners=[
        {"ownerName": "Lab", "ownerContact": f"Ada Lovelace <{ADDRESS}>", "ownerIdentifier": {
            "ownerIdentifier": ADDRESS, "ownerIdentifierType": "e-mail"}},
        {"ownerName": ADDRESS, "ownerContact": ADDRESS},
    ],
    manufacturers=[{"manufacturerName": f"ACME ({ADDRESS})", "manufacturerContact": ADDRESS,
                    "manufacturerIdentifier": {"manufacturerIdentifier": ADDRESS,
                                               "manufacturerIdentifierType": "Other"}},
                   {"manufacturerName": f"Twin Ltd, {ADDRESS}", "manufacturerIdentifier": {
                       "manufacturerIdentifier": f"mailto:{ADDRESS}", "manufacturerIdentifierType": "URL"}}],
    model={"modelName": f"X {ADDRESS}", "modelIdentifier": {
        "modelIdentifier": f"mailto:{ADDRESS}", "modelIdentifierType": "URL"}},
    instrumentTypes=[{"instrumentTypeName": f"Pump {ADDRESS}", "instrumentTypeIdentifier": {
        "instrumentTypeIdentifier": ADDRESS, "instrumentTypeIdentifierType": "Other"}}],
    measuredVariables=[f"flow ({ADDRESS})"],
    alternateIdentifiers=[
        {"alternateIdentifier": ADDRESS, "alternateIdentifierType": "Other", "alternateIdentifierName": "keeper"}],
    relatedIdentifiers=[{"relationType": "IsDescribedBy", "relatedIdentifier": f"mailto:{ADDRESS}",
                         "relatedIdentifierType": "URL"},
                        {"relationType": "References", "relatedIdentifier": "20.5/manual",
                         "relatedIdentifierType": "Handle", "relatedIdentifierName": ADDRESS}],
    subjects=[{"subjectName": ADDRESS}],
    dates=[{"dateType": "Checked", "date": f"by {ADDRESS}"}],
    contact=ADDRESS, keeper={"name": "Ada Lovelace", "mail": ADDRESS}, **{ADDRESS: "Ada Lovelace"},
)  # fmt: skip


async def test_no_address_and_no_name_of_what_has_no_place_gets_into_the_history(hutch: Hutch) -> None:
    told = await imported(hutch, [HANDLE], json.dumps(DATACITE).encode(), [OUTSPOKEN])
    history = json.dumps([each.data for each in hutch.log.tables.events])
    history += json.dumps([each.body for each in hutch.log.tables.documents.values()])
    for part in ("lab.example", "Ada", "Lovelace", "lovelace"):
        assert part not in history
    # The screen tells it, and what is a contact is kept apart.
    assert set(hutch.log.tables.contacts.values()) == {ADDRESS}
    assert hutch.state("asset", "Handled")["owners"][0]["contact_id"] is not None
    says = "\n".join(told)
    for part in (
        f"a value of type KEEPER is not understood: Ada Lovelace <{ADDRESS}>",
        "a contributor of type ContactPerson has no place in cora: Lovelace, Ada",
        f"an e-mail address is not kept, but as the contact of an owner: e-mail {ADDRESS}",
        f"'manufacturerContact' is not understood here: {ADDRESS}",
    ):  # fmt: skip
        assert part in says
    pump = hutch.state("asset", "Pump of [e-mail address]")
    assert pump["description"] == "Ask [e-mail address], or [e-mail address], or the lab@night."
    assert [each["name"] for each in pump["owners"]] == ["Lab"]
    assert [(each["value"], each["name"]) for each in pump["related_identifiers"]] == [("20.5/manual", None)]
    assert (pump["owners"][0]["identifier"], pump["alternate_identifiers"]) == (None, [])


async def test_the_note_names_what_a_handle_has_numbers_for(hutch: Hutch) -> None:
    plan = await planned(hutch, [HANDLE])
    (note,) = (step.arguments["text"] for step in plan.steps if step.command == "add_asset_note")
    assert note == (
        "Imported from records0, record 1, /0 (Handle record). "
        "Not kept, or not as it stands there: KEEPER (/0/values/4), landing_page (/0/values/0/data/value)."
    )


async def test_a_landing_page_that_is_no_url_is_told_and_nothing_more(hutch: Hutch) -> None:
    told = await imported(hutch, [record("A", "20.5/a", landingPage="ask Ada")])
    assert told == ["record 'A': its landing page is not kept, for it is no URL: ask Ada"]
    assert "Ada" not in json.dumps([each.data for each in hutch.log.tables.events])


async def test_another_landing_page_of_what_is_recorded_is_told(hutch: Hutch) -> None:
    page, other = "https://old.example/a", "https://new.example/a."
    await imported(hutch, [record("A", "20.5/a", landingPage=page), record("B", "20.5/b")])
    moved = [record("A", "20.5/a", landingPage=other), record("B", "20.5/b", landingPage=other)]
    plan = await planned(hutch, moved)
    assert [(each.place.to_json()["path"], each.text) for each in plan.warnings] == [
        ("/0/landingPage", f"record 'A': its landing page is not kept, {page} is noted: {other}"),
        ("/1/landingPage", f"record 'B': its landing page is not kept: {other}"),
    ]
    assert len(plan.steps) == 0
    own = f"https://cora.example/id/{hutch.id('asset', 'B')}"
    kept = [record("A", "20.5/a", landingPage=page), record("B", "20.5/b", landingPage=own)]
    assert (await planned(hutch, kept)).warnings == ()


async def test_an_identifier_that_looks_like_an_address_is_none(hutch: Hutch) -> None:
    await imported(hutch, [record("A", "20.5/a@lab.example", landingPage="https://old.example/a@2x.b")])
    assert hutch.state("asset", "A")["persistent_id"]["value"] == "20.5/a@lab.example"


@given(first=mutated(), second=mutated())
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_whatever_has_become_of_the_files_it_is_told_in_words_or_imported_whole(
    first: tuple[str, bytes], second: tuple[str, bytes]
) -> None:
    async def work() -> None:
        with tempfile.TemporaryDirectory() as directory:
            hutch = await make_hutch(Path(directory))
            contents = (first[1], second[1], FILES["actris-components-parent.json"].read_bytes())
            plan = await planned(hutch, *contents)
            if plan.problems:
                return
            result = await apply_plan(plan, hutch.facility)
            assert [str(failure) for failure in result.failures] == []
            assert result.is_complete
            assert [step.words for step in (await planned(hutch, *contents)).steps] == []

    asyncio.run(work())
