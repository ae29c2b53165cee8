"""Tables as facility files: what rows become, and what is wrong with a cell, by row and column."""

import asyncio
import csv
import io
import tracemalloc
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st
from openpyxl import Workbook, load_workbook
from tests.unit.facility_file.hutch import BASE, Hutch, make_hutch

from cora.facility_file import Plan, PlanHasProblemsError, apply_plan, make_plan
from cora.facility_file.entries import MountEntry
from cora.facility_file.planning.core import Planning
from cora.facility_file.planning.partly import completed
from cora.facility_file.read import Defaults
from cora.facility_file.tables import KINDS, read_tables, template
from cora.facility_file.tables.columns import Sort
from cora.tables import write_csv, write_xlsx

DEFAULTS = Defaults(datetime(2016, 5, 1, tzinfo=UTC), "as surveyed")
NOTHING = Defaults()
DAY = datetime(2024, 9, 30)  # noqa: DTZ001 - a spreadsheet knows no zones

Rows = Sequence[Sequence[Any]]


@pytest.fixture
async def hutch(tmp_path: Path) -> Hutch:
    """A facility with families, models, frames and mounts."""
    hutch = await make_hutch(tmp_path)
    await hutch.apply(BASE[: BASE.index("assets:")])
    return hutch


@pytest.fixture
async def filled(tmp_path: Path) -> Hutch:
    """A facility with everything."""
    hutch = await make_hutch(tmp_path)
    await hutch.apply(BASE)
    return hutch


def as_csv(directory: Path, rows: Rows, name: str = "assets.csv") -> Path:
    path = directory / name
    with path.open("w", newline="") as file:
        csv.writer(file).writerows(rows)
    return path


def as_workbook(directory: Path, name: str = "assets.xlsx", **sheets: Rows) -> Path:
    book: Any = Workbook()
    book.remove(book.active)
    for title, rows in sheets.items():
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(list(row))
    path = directory / name
    book.save(path)
    return path


async def plan(hutch: Hutch, *paths: Path, kind: str | None = None, defaults: Defaults = DEFAULTS) -> Plan:
    return await make_plan(read_tables(paths, kind, defaults), hutch.facility)


async def steps(hutch: Hutch, *paths: Path, kind: str | None = None, defaults: Defaults = DEFAULTS) -> list[str]:
    made = await plan(hutch, *paths, kind=kind, defaults=defaults)
    assert [str(problem) for problem in made.problems] == []
    return [step.words for step in made.steps]


async def problems(hutch: Hutch, *paths: Path, kind: str | None = None, defaults: Defaults = DEFAULTS) -> list[str]:
    """The problems of a plan, without the directories of the files."""
    made = await plan(hutch, *paths, kind=kind, defaults=defaults)
    return [str(problem).replace(f"{hutch.directory}/", "") for problem in made.problems]


async def apply(hutch: Hutch, *paths: Path, kind: str | None = None) -> list[str]:
    """Apply tables, which changes nothing a second time; the changes in words."""
    made = await plan(hutch, *paths, kind=kind)
    assert [str(problem) for problem in made.problems] == []
    result = await apply_plan(made, hutch.facility)
    assert [str(failure) for failure in result.failures] == []
    assert await steps(hutch, *paths, kind=kind) == []
    return [step.words for step in made.steps]


# What rows become.


async def test_rows_of_a_table_may_be_parents_of_each_other_in_any_order(hutch: Hutch):
    path = as_csv(hutch.directory, [
        ["name", "parent", "facility", "tier"],
        ["Rotary", "aps/2-BM/W//Si table", "", "Device"],
        ["W/Si table", "aps/2-BM", "", "Component"],
        ["2-BM", "", "aps", "Unit"],
        ["Hexapod", "aps/2-bm/w//si TABLE", "", "Device"],
    ])  # fmt: skip
    assert set(await apply(hutch, path)) == {
        "register asset 'aps/2-BM'",
        "register asset 'aps/2-BM/W//Si table'",
        "register asset 'aps/2-BM/W//Si table/Rotary'",
        "register asset 'aps/2-BM/W//Si table/Hexapod'",
    }
    assert hutch.state("asset", "Hexapod")["parent_id"] == str(hutch.id("asset", "W/Si table"))


FULL = {
    "name": "Rotary", "parent": "aps/2-BM", "tier": "Device", "description": "the axis", "model": "Aerotech/ABRS-250MP",
    "families": "RotaryStage", "serial_number": "007; =x", "inventory_number": "A-1", "identifier.EPICS PV": "2bmb:m1",
    "owner": 'Argonne;"APS; optics";Third', "owner_contact": "office@aps.example;;c@aps.example",
    "owner_ror": "https://ror.org/05gvnxz63", "owner_identifier": ";;0000-0002-1825-0097",
    "owner_identifier_scheme": ";;ORCID", "ports": "pso_out Output TTL; gate Input LVDS 3 V",
    "drawing_system": "EDMS", "drawing_number": "630C2125", "drawing_revision": "02", "controller": "aps/2-BM/Drive",
    "lifecycle": "Active", "condition": "Degraded", "condition_reason": "worn", "mount": "02-BM-B-ROT",
    "settings.max_speed": "720", "settings.mode": "slow", "registered": "2017-01-01", "commissioned": "2017-02-01",
    "installed": "2018-03-04", "persistent_id": "21.11157/abc", "persistent_id_scheme": "Handle",
}  # fmt: skip
OTHERS = [
    {"name": "Drive", "parent": "aps/2-BM", "tier": "Device", "registered": "2016-06-01"},
    {"name": "2-BM", "facility": "aps", "tier": "Unit"},
]


def full_rows() -> list[list[str]]:
    header = [*FULL, "facility"]
    return [header, *([row.get(column, "") for column in header] for row in (FULL, *OTHERS))]


@pytest.mark.parametrize("ending", ["csv", "xlsx"])
async def test_every_column_of_an_asset_is_recorded(hutch: Hutch, ending: str):
    rows = full_rows()
    if ending == "csv":
        path = as_csv(hutch.directory, rows)
    else:
        typed = {"720": 720, "2018-03-04": DAY.replace(2018, 3, 4), "": None}
        path = as_workbook(hutch.directory, Sheet1=[[typed.get(cell, cell) for cell in row] for row in rows])
    await apply(hutch, path)
    rotary = hutch.state("asset", "Rotary")
    identifiers = [(each["kind"], each["value"], each["name"]) for each in rotary["alternate_identifiers"]]
    assert identifiers == [
        ("SerialNumber", "007", None),
        ("SerialNumber", "=x", None),
        ("InventoryNumber", "A-1", None),
        ("Other", "2bmb:m1", "EPICS PV"),
    ]
    owners = [(each["name"], bool(each["contact_id"]), each["identifier"]) for each in rotary["owners"]]
    assert owners == [
        ("Argonne", True, {"scheme": "ROR", "value": "https://ror.org/05gvnxz63"}),
        ("APS; optics", False, None),
        ("Third", True, {"scheme": "ORCID", "value": "https://orcid.org/0000-0002-1825-0097"}),
    ]
    assert rotary["ports"] == [
        {"name": "pso_out", "direction": "Output", "signal_type": "TTL"},
        {"name": "gate", "direction": "Input", "signal_type": "LVDS 3 V"},
    ]
    assert rotary["drawing"] == {"system": "EDMS", "number": "630C2125", "revision": "02"}
    assert rotary["controller_id"] == str(hutch.id("asset", "Drive"))
    assert (rotary["lifecycle"], rotary["condition"], rotary["condition_reason"]) == ("Active", "Degraded", "worn")
    assert rotary["settings"] == {"max_speed": 720, "mode": "slow"}
    assert (rotary["registered_at"][:10], rotary["commissioned_at"][:10]) == ("2017-01-01", "2017-02-01")
    assert rotary["persistent_id"]["value"] == "21.11157/abc"
    mount = hutch.state("mount", "02-BM-B-ROT")
    assert (mount["installed_asset_id"], mount["installed_at"][:10]) == (rotary["id"], "2018-03-04")


async def test_models_families_and_mounts_are_tables_too(hutch: Hutch):
    families = as_csv(hutch.directory, [
        ["name", "affordances", "presents_as", "term", "term_identifier", "term_scheme", "measured_variables",
         "settings_schema", "version"],
        ["Thermometer", "Reportable", "Sensor", "thermometer", "https://voc.example/t", "Voc",
         'temperature;{"name":"drift","identifier":"x","scheme":"Voc"}',
         '{"type":"object","properties":{"rate":{"type":"number","maximum":1e3}}}', ""],
    ], "families.csv")  # fmt: skip
    models = as_csv(hutch.directory, [
        ["Manufacturer", "part-number", "name", "families", "manufacturer_ror", "website"],
        ["Lake/Shore", "PT-100", "Pt 100", "thermometer", "https://ror.org/05gvnxz63", "https://lake.example/pt"],
    ], "models.csv")  # fmt: skip
    mounts = as_csv(hutch.directory, [
        ["slot_code", "frame", "x", "rz", "tol_x", "reference_surface", "parent", "drawing_system", "drawing_number"],
        ["T-1", "Floor/Hutch B", "-1.5", "1e-3", "0.25", "OpticCenter", "T-2", "EDMS", "1"],
        ["T-2", "Floor", "", "", "", "", "", "", ""],
    ], "mounts.csv")  # fmt: skip
    assets = as_csv(hutch.directory, [
        ["name", "facility", "tier", "model", "families"],
        ["T", "aps", "Device", "Lake//Shore/PT-100", "Thermometer"],
    ])  # fmt: skip
    await apply(hutch, assets, mounts, models, families)
    family = hutch.state("family", "Thermometer")
    assert family["term"] == {"name": "thermometer", "identifier": "https://voc.example/t", "scheme": "Voc"}
    assert [each["name"] for each in family["measured_variables"]] == ["temperature", "drift"]
    assert family["settings_schema"]["properties"] == {"rate": {"type": "number", "maximum": 1000}}
    assert hutch.state("model", "Pt 100")["manufacturer"]["identifier"]["scheme"] == "ROR"
    mount = hutch.state("mount", "T-1")
    placement = mount["placement"]
    assert (placement["x"], placement["y"], placement["rz"], placement["tol_x"]) == (-1.5, 0, 0.001, 0.25)
    assert placement["reference_surface"] == "OpticCenter"
    assert mount["parent_id"] == str(hutch.id("mount", "T-2"))


async def test_one_workbook_holds_several_kinds(hutch: Hutch):
    path = as_workbook(
        hutch.directory, "inventory.xlsx",
        Assets=[["name", "facility", "tier", "mount", "lifecycle"], ["A", "aps", "Unit", "M", "Active"]],
        mounts=[["slot_code", "frame"], ["M", "Floor"]],
        notes=[["what", "ever"]],
        Sheet4=[],
    )  # fmt: skip
    made = await plan(hutch, path)
    assert [str(each) for each in made.warnings] == [
        f"{path}, sheet notes: this sheet is not read: its name is none of assets, models, families, mounts"
    ]
    assert [step.words for step in made.steps] == [
        "register mount 'M'", "register asset 'aps/A'", "activate asset 'aps/A'", "install asset 'aps/A' in mount 'M'",
    ]  # fmt: skip
    only = await plan(hutch, path, kind="mounts")
    assert [step.words for step in only.steps] == ["register mount 'M'"]
    assert [each.text for each in only.warnings] == [
        "this sheet is not read: it is not the one for mounts",
        "this sheet is not read: its name is none of assets, models, families, mounts",
    ]


@pytest.mark.parametrize(
    ("name", "header", "told"),
    [
        ("assets.csv", ["name"], "assets"),
        ("aps-2bm ASSET list.csv", ["name"], "assets"),
        ("Families_v2.csv", ["name"], "families"),
        ("inventory.csv", ["name", "parent", "tier"], "assets"),
        ("inventory.csv", ["Slot code", "frame", "x"], "mounts"),
        ("inventory.csv", ["manufacturer", "part number"], "models"),
        ("inventory.csv", ["name", "affordances"], "families"),
        ("inventory.csv", ["name", "settings.speed"], "assets"),
        ("models of assets.csv", ["slot_code", "frame"], "mounts"),
        ("inventory.csv", ["name"], None),
        ("inventory.csv", ["colour"], None),
    ],
)
def test_what_the_rows_are_is_found_out(tmp_path: Path, name: str, header: list[str], told: str | None):
    path = as_csv(tmp_path, [header, ["x"] * len(header)], name)
    files = read_tables([path])
    found = [section for section, entries in files.sections.items() if len(entries)]
    texts = [problem.text for problem in files.problems.kept]
    says = "it cannot be told what the rows are; give --kind: one of assets, models, families, mounts"
    assert (says in texts) == (told is None)
    assert set(found) <= {told}
    for kind in KINDS:
        assert says not in [problem.text for problem in read_tables([path], kind).problems.kept]


# What a cell says, and what it leaves out.


@pytest.mark.parametrize(
    ("header", "cells", "words"),
    [
        (["description"], [""], []),
        (["description"], ["null"], ["describe asset 'aps/2-BM/Rotary'"]),
        (["description"], ["NULL"], ["describe asset 'aps/2-BM/Rotary'"]),
        (["settings.max_speed"], ["720.0"], []),
        (["settings.max_speed"], ["30"], ["change the settings max_speed of asset 'aps/2-BM/Rotary'"]),
        (["settings.max_speed"], ["null"], ["change the settings max_speed of asset 'aps/2-BM/Rotary'"]),
        (["settings.mode"], ['"720"'], ["change the settings mode of asset 'aps/2-BM/Rotary'"]),
        (["settings"], ['{"mode":"slow"}'], ["change the settings max_speed of asset 'aps/2-BM/Rotary'"]),
        (["settings"], ["null"], ["change the settings max_speed, mode of asset 'aps/2-BM/Rotary'"]),
        (["serial_number"], ["730792/1"], []),
        (["serial_number"], ["1"], ["remove identifier '730792/1' from asset 'aps/2-BM/Rotary'",
                                    "add identifier '1' to asset 'aps/2-BM/Rotary'"]),
        (["serial_number"], ["null"], ["remove identifier '730792/1' from asset 'aps/2-BM/Rotary'"]),
        (["inventory_number"], ["A-1"], ["add identifier 'A-1' to asset 'aps/2-BM/Rotary'"]),
        (["identifier.epics pv"], ["x:m1"], ["add identifier 'x:m1' to asset 'aps/2-BM/Rotary'"]),
        (["drawing_system", "drawing_number"], ["EDMS", "630C2125"], []),
        (["ports"], ["null"], ["remove port 'pso_out' from asset 'aps/2-BM/Rotary'"]),
        (["ports"], ["pso_out Output TTL"], []),
        (["families"], [" rotarystage "], []),
        (["condition"], ["null"], []),
        (["condition"], ["Faulted"], ["report that asset 'aps/2-BM/Rotary' is Faulted"]),
        (["was"], [""], []),
    ],
)  # fmt: skip
async def test_what_a_cell_leaves_out_is_left_alone(
    filled: Hutch, header: list[str], cells: list[str], words: list[str]
):
    rows = [["name", "parent", *header], ["Rotary", "aps/2-BM", *cells]]
    assert await apply(filled, as_csv(filled.directory, rows)) == words


async def test_other_identifiers_and_contacts_stay_when_one_is_given(filled: Hutch):
    given = [["name", "parent", "facility", "identifier.PV", "identifier.Tag", "owner", "owner_contact", "owner_ror"],
             ["Rotary", "aps/2-BM", "", "m1;m2", "t1", "", "", ""],
             ["2-BM", "", "aps", "", "", "Argonne;Other", "", ";https://ror.org/05gvnxz63"]]  # fmt: skip
    assert sorted(await apply(filled, as_csv(filled.directory, given))) == [
        "add identifier 'm1' to asset 'aps/2-BM/Rotary'",
        "add identifier 'm2' to asset 'aps/2-BM/Rotary'",
        "add identifier 't1' to asset 'aps/2-BM/Rotary'",
        "add owner 'Other' to asset 'aps/2-BM'",
    ]
    given[1][3] = "m2"
    given[2][6] = "null"
    assert sorted(await apply(filled, as_csv(filled.directory, given))) == [
        "add owner 'Argonne' to asset 'aps/2-BM'",
        "remove identifier 'm1' from asset 'aps/2-BM/Rotary'",
        "remove owner 'Argonne' from asset 'aps/2-BM'",
    ]
    shown = [(each["name"], each["contact_id"]) for each in filled.state("asset", "2-BM")["owners"]]
    assert sorted(shown) == [("Argonne", None), ("Other", None)]
    values = [each["value"] for each in filled.state("asset", "Rotary")["alternate_identifiers"]]
    assert sorted(values) == ["730792/1", "m2", "t1"]


DETAILED = (
    BASE.replace(
        "manufacturer: {name: Aerotech}",
        "manufacturer: {name: Aerotech, identifier: {scheme: ROR, value: 'https://ror.org/05gvnxz63'}}",
    )
    .replace(
        "- name: Camera\n", "- name: Camera\n    term: {name: camera, identifier: 'https://v.example/c', scheme: V}\n"
    )
    .replace("placement: {y: 100}", "placement: {y: 100}, drawing: {system: EDMS, number: '1', revision: '2'}")
)


async def test_parts_of_definitions_and_placements_that_are_left_out_are_left_alone(hutch: Hutch):
    hutch = await make_hutch(hutch.directory)
    await hutch.apply(DETAILED)
    header = ["slot_code", "x", "y", "drawing_system", "drawing_number"]
    mounts = as_csv(hutch.directory, [header, ["02-BM-B", "", "100", "EDMS", "1"]], "mounts.csv")
    models = as_csv(hutch.directory, [["manufacturer", "part_number"], ["Aerotech", "ABRS-250MP"]], "models.csv")
    families = as_csv(hutch.directory, [["name", "term"], ["Camera", "camera"]], "families.csv")
    assert await steps(hutch, mounts, models, families) == []


async def test_all_who_made_a_model_are_given_in_a_table(filled: Hutch):
    header = ["manufacturer", "part_number", "further_manufacturer", "further_manufacturer_ror", "description"]
    given = ["Aerotech", "ABRS-250MP", "Huber;APS", ";https://ror.org/05gvnxz63", ""]
    version = "make version '{}' of model 'Aerotech/ABRS-250MP': {}".format
    models = as_csv(filled.directory, [header, given], "models.csv")
    assert await apply(filled, models) == [version(2, "further_manufacturers")]
    known = {"scheme": "ROR", "value": "https://ror.org/05gvnxz63"}
    both = [{"name": "Huber", "identifier": None}, {"name": "APS", "identifier": known}]
    assert filled.state("model", "ABRS-250")["further_manufacturers"] == both
    # An empty cell changes nothing.
    models = as_csv(filled.directory, [header, [*given[:2], "", "", "turns"]], "models.csv")
    assert await apply(filled, models) == [version(3, "description")]
    models = as_csv(filled.directory, [header, [*given[:2], "Huber;APS", "", ""]], "models.csv")
    assert await steps(filled, models) == []
    assert filled.state("model", "ABRS-250")["further_manufacturers"] == both
    other = ["manufacturer", "part_number", "further_manufacturer", "further_manufacturer_identifier",
             "further_manufacturer_identifier_scheme"]  # fmt: skip
    models = as_csv(filled.directory, [other, ["Aerotech", "ABRS-250MP", "Huber", "Q1", "Wikidata"]], "models.csv")
    assert await apply(filled, models) == [version(4, "further_manufacturers")]
    assert filled.state("model", "ABRS-250")["further_manufacturers"] == [
        {"name": "Huber", "identifier": {"scheme": "Wikidata", "value": "Q1"}}
    ]
    models = as_csv(filled.directory, [header, [*given[:2], "null", "", ""]], "models.csv")
    assert await apply(filled, models) == [version(5, "further_manufacturers")]
    assert filled.state("model", "ABRS-250")["further_manufacturers"] == []


@pytest.mark.parametrize(
    ("cells", "placement", "revision"),
    [
        (["5", "", "EDMS", "1"], {"x": 5, "y": 100}, "2"),
        (["", "101", "EDMS", "2"], {"x": 0, "y": 101}, None),
        (["5", "101", "ICMS", "1"], {"x": 5, "y": 101}, None),
    ],
)
async def test_what_is_given_of_a_placement_is_put_into_the_recorded_one(
    hutch: Hutch, cells: list[str], placement: dict[str, float], revision: str | None
):
    hutch = await make_hutch(hutch.directory)
    await hutch.apply(DETAILED)
    header = ["slot_code", "x", "y", "drawing_system", "drawing_number"]
    files = read_tables([as_csv(hutch.directory, [header, ["02-BM-B", *cells]], "mounts.csv")])
    (entry,) = files.sections["mounts"]
    record = await hutch.facility.get("mount", hutch.id("mount", "02-BM-B"))
    assert isinstance(entry, MountEntry)
    assert record is not None
    whole = await completed(cast("Planning", None), entry, record.state)
    assert isinstance(whole.placement, dict)
    assert {key: whole.placement[key] for key in placement} == placement
    assert whole.placement["reference_surface"] == "MountingFace"
    assert isinstance(whole.drawing, dict)
    assert whole.drawing.get("revision") == revision


async def test_what_has_no_place_in_a_table_is_given_beside_it(filled: Hutch):
    path = as_csv(filled.directory, [["name", "parent", "condition", "mount"], ["Drive", "aps/2-BM", "Faulted", ""]])
    assert await problems(filled, path, defaults=NOTHING) == [
        "assets.csv, row 2, column condition (C2): asset 'Drive': a change of condition wants a reason; give --reason"
    ]
    made = await plan(filled, path, defaults=Defaults(datetime(2020, 1, 1, tzinfo=UTC), "it broke"))
    (step,) = made.steps
    assert (step.arguments["reason"], step.occurred_at) == ("it broke", datetime(2020, 1, 1, tzinfo=UTC))


# What is wrong, and where.


@pytest.mark.parametrize(
    ("column", "cell", "says"),
    [
        ("model", "Aerotec/ABRS-250MP", "asset 'A': model 'Aerotec/ABRS-250MP' is not known; did you mean "
                                        "'Aerotech/ABRS-250MP'?"),
        ("families", "RotaryStage;Camra", "asset 'A': family 'Camra' is not known; did you mean 'Camera'?"),
        ("parent", "aps/2-BN", "asset 'A': asset 'aps/2-BN' is not known"),
        ("parent", "aps", "asset 'A': 'parent' is the path of an asset (facility code/name), not 'aps'"),
        ("parent", "aps//", "asset 'A': 'parent' is the path of an asset (facility code/name), not 'aps//'"),
        ("parent", "/2-BM", "asset 'A': 'parent': '/2-BM' is not a path: a name is missing beside a slash"),
        ("tier", "unit", "asset 'A': 'tier' is 'unit'; it is one of Unit, Component, Device; did you mean 'Unit'?"),
        ("tier", "null", "asset 'A': 'tier' cannot be cleared; put null in quotes if the text is meant"),
        ("mount", "02-BM-B-ROTT", "asset 'A': mount '02-BM-B-ROTT' is not known; did you mean '02-BM-B-ROT'?"),
        ("registered", "30.9.2024", "asset 'A': 'registered' is a day (2024-09-30) or a time (2024-09-30T14:00:00Z), "
                                    "not '30.9.2024'"),
        ("registered", "2999-01-01", "'registered' lies in the future"),
        ("settings.max_speed", "fast", "asset 'A': 'settings/max_speed': \"fast\" is not of type \"number\""),
        ("settings.colour", "red", "asset 'A': 'settings/colour': no family of this asset declares this setting"),
        ("settings.max_speed", "1e999", "1e999 is a number beyond range"),
        ("settings.max_speed", "[1", "this is not JSON: Expecting ',' delimiter at character 3; if it is text, put "
                                     "quotation marks around it"),
        ("settings", "[1]", "asset 'A': 'settings' is a mapping, not a list"),
        ("settings", "x", "this is not JSON: Expecting value at character 1"),
        ("ports", "pso_out Out TTL", "asset 'A': 'ports/0/direction': 'Out' is not known; it is 'Input' or 'Output'"),
        ("ports", "pso_out", "a port is its name, direction and signal type (pso_out Output TTL), not pso_out"),
        ("serial_number", "1;1", "asset 'A': 'identifiers/1': repeats"),
        ("serial_number", "1.23457E+15", "a spreadsheet has shortened a number to 1.23457E+15; make the column text"),
        ("serial_number", '{"value":"1"}', "asset 'A': 'identifiers' needs 'kind'"),
        ("owner_contact", "a@b.example", "it lists 1 where 'owner' lists 0"),
        ("drawing_number", "1", "asset 'A': 'drawing' needs 'system'"),
        ("condition_reason", "worn", "asset 'A': 'condition' needs 'state'"),
        ("persistent_id", "10.1/x", "asset 'A': 'persistent_id' needs 'scheme'"),
        ("description", "=1+1", "a formula stands here; only values are read"),
        ("description", "a\x07b", "the character U+0007 may not stand in a table"),
        ("description", "a\nb", "asset 'A': 'description': holds the control character U+000A"),
        ("owner", '"a', 'an item that begins with " is JSON, and this is none: "a'),
    ],
)  # fmt: skip
async def test_what_is_wrong_with_a_cell_is_told_with_its_column(filled: Hutch, column: str, cell: str, says: str):
    row = {"name": "A", "parent": "aps/2-BM", "tier": "Device", "families": "RotaryStage", column: cell}
    path = as_csv(filled.directory, [list(row), list(row.values())])
    letter = "ABCDE"[list(row).index(column)]
    found = await problems(filled, path)
    assert len(found) == 1, found
    assert found[0].startswith(f"assets.csv, row 2, column {column} ({letter}2): {says}")


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([[""]], ["assets.csv: the table is empty; its first row names the columns (see: cora import --template)"]),
        ([["nme", "parent"]],
         ["assets.csv, row 1: the column name is missing",
          "assets.csv, row 1, column nme (A1): the column 'nme' is not known; did you mean 'name'?"]),
        ([["name", "tier"]], ["assets.csv, row 1: the column parent (or facility, for roots) is missing"]),
        ([["name", "parent", "NAME"]],
         ["assets.csv, row 1, column NAME (C1): the column 'NAME' stands here again; it is in A1 already"]),
        ([["name", "parent", "settings."]], ["assets.csv, row 1, column settings. (C1): the column 'settings.' is not "
                                             "known; did you mean 'settings'?"]),
        ([["name", "parent"], ["Drive", "aps/2-BM", "x", ""]],
         ["assets.csv, row 2, cell C2: a value stands here, where the header names no column"]),
        ([["name", "", "parent"], ["Drive", "x", "aps/2-BM"]],
         ["assets.csv, row 2, cell B2: a value stands here, where the header names no column"]),
        ([["name", "parent"], ["", "aps/2-BM"]], ["assets.csv, row 2: asset: 'name' is missing"]),
        ([["name", "parent"], ["=x", "aps/2-BM"]],
         ["assets.csv, row 2, column name (A2): a formula stands here; only values are read (an apostrophe before it "
          "makes it text)"]),
        ([["name", "parent", "tier", "facility"], ["A", "", "Unit", ""]],
         ["assets.csv, row 2: asset 'A': 'facility' is missing; a root names its facility, anything else names its "
          "'parent'"]),
        ([["name", "parent", "tier", "facility"], ["A", "aps/2-BM", "Unit", "aps"]],
         ["assets.csv, row 2: asset 'A': only a root names a 'facility'; this one has a parent"]),
        ([["name", "facility", "tier"], ["A", "esrf", "Unit"]],
         ["assets.csv, row 2, column facility (B2): asset 'A': facility 'esrf' is not known; register it first"]),
        ([["name", "parent", "tier"], ["A", "aps/2-BM", "Unit"], ["a", "aps/2-bm", "Unit"]],
         ["assets.csv, row 3: asset 'aps/2-BM/A' stands in the files twice, first at assets.csv, row 2"]),
        ([["name", "parent", "tier"], ["A", "aps/B", "Unit"], ["B", "aps/A", "Unit"]],
         ["assets.csv, row 2, column parent (B2): asset 'A': asset 'aps/B' is not known",
          "assets.csv, row 3, column parent (B3): asset 'B': asset 'aps/A' is not known"]),
        ([["name", "parent", "tier", "mount"], ["A", "aps/2-BM", "Unit", "02-BM-B"],
          ["B", "aps/2-BM", "Unit", "02-BM-B"]],
         ["assets.csv, row 2, column mount (D2): asset 'A': it is Commissioned, and only an Active asset can be "
          "installed; give 'lifecycle: Active' too",
          "assets.csv, row 3, column mount (D3): asset 'B': mount '02-BM-B' takes one asset; 'aps/2-BM/A' wants it at "
          "assets.csv, row 2, column mount (D2)"]),
        ([["name", "parent", "settings.a", "settings"], ["Rotary", "aps/2-BM", "1", "{}"]],
         ["assets.csv, row 2, column settings.a (C2): the column 'settings' of this row says this already, or clears "
          "it"]),
        ([["name", "parent", "drawing_system", "drawing_number"], ["Drive", "aps/2-BM", "EDMS", "null"]],
         ["assets.csv, row 2, column drawing_system (C2): the column 'drawing_number' of this row says this already, "
          "or clears it"]),
        ([["name", "parent", "owner", "owner_ror", "owner_identifier"],
          ["Rotary", "aps/2-BM", "A", "https://ror.org/05gvnxz63", "x"]],
         ["assets.csv, row 2, column owner_identifier (E2): another column of this row gives 'value' already"]),
    ],
)  # fmt: skip
async def test_what_is_wrong_with_a_table_is_told(filled: Hutch, rows: Rows, expected: list[str]):
    found = await problems(filled, as_csv(filled.directory, rows))
    assert [each.replace(f"{filled.directory}/", "") for each in found] == expected


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ("=A1", "a formula stands here; only values are read (in Excel: copy, paste special, values)"),
        (DAY, "a date stands here, which a spreadsheet makes of text like this; make the column text"),
        ("#N/A", "the cell holds the error #N/A"),
        (10**15, "a spreadsheet keeps 15 digits of a number; make the column text"),
    ],
)
async def test_what_is_wrong_with_a_cell_of_a_workbook_is_told(filled: Hutch, value: Any, says: str):
    rows = [["name", "parent", "serial_number"], ["Rotary", "aps/2-BM", value]]
    path = as_workbook(filled.directory, Sheet1=rows)
    assert await problems(filled, path) == [f"assets.xlsx, sheet Sheet1, row 2, column serial_number (C2): {says}"]


async def test_merged_cells_and_hidden_sheets_are_told(filled: Hutch):
    path = as_workbook(
        filled.directory,
        "inventory.xlsx",
        assets=[["name", "parent"], ["Rotary", "aps/2-BM"], ["Drive", None]],
        models=[["x"]],
    )
    book: Any = load_workbook(path)
    book["assets"].merge_cells("B2:B3")
    book["models"].sheet_state = "hidden"
    book.save(path)
    assert await problems(filled, path) == [
        "inventory.xlsx, sheet assets, row 2, column parent (B2): the cells B2:B3 are merged, so only the first has a "
        "value; part them",
        "inventory.xlsx, sheet assets, row 3: asset 'Drive': 'facility' is missing; a root names its facility, "
        "anything else names its 'parent'",
    ]
    (warning,) = (await plan(filled, path)).warnings
    assert str(warning) == f"{path}, sheet models: this sheet is not read: it is hidden"


async def test_what_cannot_be_read_is_told(filled: Hutch):
    latin = filled.directory / "assets.csv"
    latin.write_bytes("name,parent\nMüller,aps/2-BM\n".encode("latin-1"))
    other = filled.directory / "mounts.csv"
    other.write_bytes(b'slot_code\n"x\n')
    assert await problems(filled, latin, other, filled.directory / "none.csv") == [
        "assets.csv, row 2, cell A2: the byte 0xFC is not UTF-8; save it as UTF-8 (in Excel: 'CSV UTF-8')",
        "mounts.csv, row 2: this is not CSV: unexpected end of data; look at the quotation marks",
        "none.csv: the file cannot be read: No such file or directory",
    ]


async def test_a_problem_as_json_names_row_column_and_cell(filled: Hutch):
    path = as_workbook(
        filled.directory, assets=[["name", "parent", "tier"], ["A", "aps/2-BM", "T"], ["B", None, "Unit"]]
    )
    shown = (await plan(filled, path)).to_json()
    assert shown["problems"] == [
        {"file": str(path), "sheet": "assets", "row": 2, "column": "tier", "cell": "C2",
         "text": "asset 'A': 'tier' is 'T'; it is one of Unit, Component, Device"},
        {"file": str(path), "sheet": "assets", "row": 3, "text": "asset 'B': 'facility' is missing; a root names its "
         "facility, anything else names its 'parent'"},
    ]  # fmt: skip
    fine = as_csv(filled.directory, [["name", "parent", "tier"], ["A", "aps/2-BM", "Unit"]])
    (step,) = (await plan(filled, fine)).to_json()["steps"]
    assert {key: step[key] for key in ("file", "row", "words")} == {
        "file": str(fine), "row": 2, "words": "register asset 'aps/2-BM/A'",
    }  # fmt: skip


# Templates.


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("is_workbook", [False, True])
async def test_a_template_can_be_filled_in(hutch: Hutch, kind: str, is_workbook: bool):
    path = hutch.directory / ("inventory.xlsx" if is_workbook else f"{kind}.csv")
    path.write_bytes(b"".join(template(kind, is_workbook=is_workbook)))
    assert await steps(hutch, path) == []
    row = {
        "assets": {"name": "A", "facility": "aps", "tier": "Unit", "registered": "2017-01-01", "serial_number": "0012"},
        "models": {"manufacturer": "M", "part_number": "3-4", "name": "N", "families": "Camera"},
        "families": {"name": "F", "affordances": "Rotatable"},
        "mounts": {"slot_code": "S", "frame": "Floor", "x": "1.5"},
    }[kind]
    if is_workbook:
        book: Any = load_workbook(path)
        assert book.sheetnames == [kind, "columns"]
        book[kind].append([row.get(cell.value) for cell in book[kind][1]])
        book.save(path)
    else:
        header = path.read_text(encoding="utf-8-sig").strip()
        assert header.split(",") == [column.name for column in KINDS[kind]]
        as_csv(hutch.directory, [header.split(","), [row.get(name, "") for name in header.split(",")]], path.name)
    (words,) = await apply(hutch, path)
    assert words.split()[1] == {"families": "family"}.get(kind, kind[:-1])


@pytest.mark.parametrize("kind", KINDS)
def test_a_template_explains_every_column(kind: str):
    book: Any = load_workbook(io.BytesIO(b"".join(template(kind, is_workbook=True))))
    rows = [[cell.value for cell in row] for row in book["columns"].iter_rows()]
    header = rows.index(["column", "needed", "what it says", "allowed values", "example"])
    told = {row[0]: row for row in rows[header + 1 :]}
    for column in KINDS[kind]:
        assert told[column.name][2:4] == [column.says, told[column.name][3]]
        assert told[column.name][3]
    assert ("settings.<name>" in told) == (kind == "assets")
    formats = {cell.value: book[kind].column_dimensions[cell.column_letter].number_format for cell in book[kind][1]}
    assert {formats[column.name] for column in KINDS[kind] if column.sort is not Sort.NUMBER} == {"@"}


@pytest.mark.parametrize("kind", KINDS)
def test_every_example_of_a_template_is_one(tmp_path: Path, kind: str):
    together = [column for column in KINDS[kind] if column.name != "settings"]
    rows = [[column.name for column in together], [column.example for column in together]]
    files = read_tables([as_csv(tmp_path, rows, f"{kind}.csv")])
    assert [problem.text for problem in files.problems.kept] == []
    (entry,) = files.sections[kind]
    assert entry.parts == {column.name for column in together if column.example}


# Much, and anything.


def test_memory_does_not_grow_with_what_is_in_the_rows(tmp_path: Path):
    def rows(count: int) -> list[list[str]]:
        return [[f"Axis {number}", "aps/2-BM", f"number {number} " * 60] for number in range(count)]

    path = tmp_path / "assets.csv"
    peaks: list[int] = []
    for count in (1, 2_000, 8_000):
        path.write_bytes(b"".join(write_csv(["name", "parent", "description"], rows(count))))
        tracemalloc.start()
        files = read_tables([path])
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert len(files.sections["assets"]) == count
    assert peaks[2] - peaks[1] < 200_000 < path.stat().st_size / 20


_cells = st.one_of(
    st.sampled_from([
        "", "null", "aps", "aps/2-BM", "aps/2-BM/A", "A", "B", "2-BM", "Unit", "Device", "RotaryStage", "Camera;Tower",
        "Aerotech/ABRS-250MP", "02-BM-B", "Active", "Maintenance", "Faulted", "720", "-1", "1e9", "true", "[1]", "{",
        '"x"', '{"mode":"x"}', "2020-01-01", "2999-01-01", "DOI", "10.1234/x", "a@b.example", "x;y", ";;", "=1",
        "p Output TTL", "EDMS", "\x00",
        "\t=1", "'=1", "~", "Floor", "Floor/Hutch B", "https://ror.org/05gvnxz63", "\u202e", "9" * 400,
    ]),
    st.text(max_size=8),
    st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.booleans(), st.just(DAY), st.none(),
)  # fmt: skip


@st.composite
def tables(draw: st.DrawFn) -> tuple[str, list[list[Any]]]:
    """A table of a kind: with anything in its cells, or with what belongs there."""
    kind = draw(st.sampled_from(list(KINDS)))
    names = [column.name for column in KINDS[kind]]
    names += ["settings.max_speed", "settings.mode.x", "identifier.PV"] if kind == "assets" else []
    needed = [column.name for column in KINDS[kind] if column.is_required]
    if draw(st.booleans()):
        header = needed + draw(st.lists(st.sampled_from([*names, "parent"]), max_size=7))
        return kind, [header, *draw(st.lists(st.lists(_cells, max_size=len(header) + 1), max_size=6))]
    needed += {"assets": ["parent", "tier"], "models": ["name", "families"], "mounts": ["frame"]}.get(kind, [])
    fitting = [name for name in names if name in _FITTING and name not in needed]
    header = needed + draw(st.lists(st.sampled_from(fitting), max_size=7, unique=True))
    row = st.tuples(*(st.sampled_from(_FITTING[name]) for name in header)).map(list)
    return kind, [header, *draw(st.lists(row, min_size=1, max_size=4, unique_by=lambda cells: str(cells[:2])))]


_FITTING = {
    "name": ["A", "B", "C", "Drive", "Rotary", "Camera"], "parent": ["aps/2-BM"],
    "tier": ["Device"], "model": ["", "Aerotech/ABRS-250MP"], "lifecycle": ["", "Active"],
    "families": ["", "RotaryStage"], "serial_number": ["", "1", "2;3", "null"], "owner": ["", "APS", "APS;ESRF"],
    "description": ["", "x", "=x", "null"], "ports": ["", "pso_out Output TTL"], "condition": ["", "Faulted", "null"],
    "settings.max_speed": ["", 1, 720, "null"], "identifier.PV": ["", "m1", "m1;m2"],
    "slot_code": ["M", "N", "02-BM-B"],
    "frame": ["Floor", "Floor/Hutch B"], "x": ["", 0], "y": [100], "manufacturer": ["Aerotech", "Other"],
    "part_number": ["ABRS-250MP", "1", "-2"], "affordances": ["Imageable"], "presents_as": ["", "null"],
}  # fmt: skip


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], max_examples=60, deadline=None
)
@given(table=tables(), is_workbook=st.booleans())
def test_whatever_is_in_the_cells_the_answer_is_in_words_and_nothing_is_half_applied(
    tmp_path: Path, table: tuple[str, list[list[Any]]], is_workbook: bool
):
    kind, (header, *rows) = table

    async def check() -> None:
        hutch = await make_hutch(tmp_path)
        await hutch.apply(BASE)
        before = len(hutch.log.events)
        path = tmp_path / f"{kind}.table"
        if is_workbook:
            texts = [[None if cell is DAY else cell for cell in row] for row in rows]
            path.write_bytes(b"".join(write_xlsx(header, texts)))
        else:
            path.write_bytes(
                b"".join(write_csv(header, [[str(cell) if cell is DAY else cell for cell in row] for row in rows]))
            )
        made = await plan(hutch, path)
        assert len(hutch.log.events) == before
        if made.problem_count:
            for problem in made.problems:
                assert problem.text
                assert str(problem).startswith(str(path))
            with pytest.raises(PlanHasProblemsError):
                await apply_plan(made, hutch.facility)
            assert len(hutch.log.events) == before
            return
        event(f"{len(made.steps)} changes")
        result = await apply_plan(made, hutch.facility)
        assert [str(failure) for failure in result.failures] == []
        again = await plan(hutch, path)
        assert ([str(each) for each in again.problems], [step.words for step in again.steps]) == ([], [])

    asyncio.run(check())
