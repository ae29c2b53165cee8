"""Records of every kind found by their words: over HTTP and as a tool, ranked, page by page, by an index."""

import json
from collections.abc import AsyncGenerator, Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from tests.conftest import execute
from tests.integration.scenario import World
from tests.integration.surfaces import surfaces

from cora.kernel.principal import Role
from cora.kernel.search import AskedSearch, Text, Weight, parts_of, written
from cora.log import search as log_search
from cora.log.connect import connect
from cora.log.documents import write_cursor
from cora.log.search import statement
from cora.log.types import Connection
from cora.log.verify import verify
from cora.settings import Settings
from cora.surfaces.start import Opened, opened

ROR = "https://ror.org/02ex6cf31"
HANDLE = "21.11157/Tower.7"


@pytest.fixture(scope="module")
async def world(module_cora: Opened) -> AsyncGenerator[World]:
    async with surfaces(module_cora) as shown:
        yield World(shown)


async def find(world: World, q: str, **query: Any) -> dict[str, Any]:
    """The answer to a search by a reader."""
    response = await world.surfaces.web[Role.READER].get("/search", params={"q": q, **query})
    assert response.status_code == 200, response.text
    answer: dict[str, Any] = response.json()
    return answer


async def names(world: World, q: str, **query: Any) -> list[str]:
    """The names of what is found."""
    return [item["name"] for item in (await find(world, q, **query))["items"]]


@pytest.fixture(scope="module")
async def beamline(world: World) -> dict[str, str]:
    """A record of each kind, with all that it is found by, by their kinds."""
    await world.make(
        "register_facility", code="petra", name="PETRA III", website="https://photon.example.org/petra",
        identifier={"scheme": "ROR", "value": ROR},
    )  # fmt: skip
    schema = {"type": "object", "properties": {"pv": {"type": "string"}, "motors": {"type": "array"}}}
    family = await world.make(
        "define_family", name="RotaryStage", description="Turns a sample about one axis.",
        term={"name": "goniometer"}, measured_variables=[{"name": "azimuth"}],
        measurement_techniques=[{"name": "tomography", "identifier": "PANET01203", "scheme": "PaNET"}],
    )  # fmt: skip
    await world.do("update_family_settings_schema", family_id=family, settings_schema=schema)
    model = await world.make(
        "define_model", name="ABRS air bearing", part_number="ABRS-250MP-M-AS", declared_family_ids=[family],
        manufacturer={"name": "Aerotech"}, description="Direct drive.", website="https://vendor.example.com/abrs",
    )  # fmt: skip
    asset = await world.active(
        name="Sample rotation", description="Bühne für Proben.", family_ids=[family], model_id=model,
        alternate_identifiers=[
            {"kind": "SerialNumber", "value": "SN-0042"},
            {"kind": "Other", "value": "K7", "name": "cable label"},
        ],
        ports=[{"name": "2bma:m1.VAL", "direction": "Input", "signal_type": "PV"}],
        owners=[{"name": "Imaging group", "contact": "imaging@example.org"}],
        drawing={"system": "EDMS", "number": "D-77-19"},
    )  # fmt: skip
    await world.do("update_asset_settings", asset_id=asset, patch={"pv": "2bma:rot.RBV", "motors": ["2bma:m9"]})
    await world.do("record_asset_persistent_id", asset_id=asset, scheme="DOI", value="10.5281/zenodo.123")
    frame = await world.frame(name="Granite frame")
    mount = await world.mount(slot_code="02-BM-B-ROTARY", drawing={"system": "ICMS", "number": "A-1234"})
    await world.do("install_asset", mount_id=mount, asset_id=asset)
    slots = [{"slot_name": "turntable", "required_family_ids": [family]}]
    assembly = await world.make(
        "define_assembly", name="Sample tower", presents_as_family_id=family, required_slots=slots,
        drawing={"system": "Other", "number": "Tower-drawing-5"},
    )  # fmt: skip
    fixture = await world.make(
        "register_fixture", name="Tower at 2-BM", description="Holds the sample.", assembly_id=assembly,
        slot_asset_bindings=[{"slot_name": "turntable", "asset_id": asset}],
    )  # fmt: skip
    await world.do("record_fixture_persistent_id", fixture_id=fixture, scheme="Handle", value=HANDLE)
    role = await world.make(
        "define_role", name="SampleTurner", docstring="Turns what is measured.", produces=["Angle"], consumes=["Gate"]
    )
    return {
        "family": family, "model": model, "asset": asset, "frame": frame, "mount": mount, "assembly": assembly,
        "fixture": fixture, "role": role,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("q", "kind", "field"),
    [
        ("petra", "facility", "code"),
        ("PETRA III", "facility", "name"),
        (ROR, "facility", "identifier"),
        ("photon.example.org", "facility", "website"),
        ("RotaryStage", "family", "name"),
        ("rotary stage", "family", "name"),
        ("about one axis", "family", "description"),
        ("goniometer", "family", "term"),
        ("azimuth", "family", "measured_variables"),
        ("panet01203", "family", "measurement_techniques"),
        ("air bearing", "model", "name"),
        ("ABRS-250MP-M-AS", "model", "part_number"),
        ("abrs-25", "model", "part_number"),
        ("Aerotech", "model", "manufacturer"),
        ("direct drive", "model", "description"),
        ("vendor.example", "model", "website"),
        ("sample rotation", "asset", "name"),
        ("buhne fur", "asset", "description"),
        ("SN-0042", "asset", "alternate_identifiers"),
        ("sn-00", "asset", "alternate_identifiers"),
        ("0042", "asset", "alternate_identifiers"),
        ("cable label", "asset", "alternate_identifiers"),
        ("2bma:m1.VAL", "asset", "ports"),
        ("2bma:m1", "asset", "ports"),
        ("2bma:rot.RBV", "asset", "settings.pv"),
        ("2BMA:M9", "asset", "settings.motors"),
        ("imaging group", "asset", "owners"),
        ("D-77-19", "asset", "drawing"),
        ("10.5281/zenodo.123", "asset", "persistent_id"),
        ("https://doi.org/10.5281/ZENODO.123", "asset", "persistent_id"),
        ("doi: 10.5281/zenodo", "asset", "persistent_id"),
        (f"hdl:{HANDLE}", "fixture", "persistent_id"),
        ("10.5281/zen", "persistent_id", "value"),
        (HANDLE.lower(), "fixture", "persistent_id"),
        ("granite", "frame", "name"),
        ("02-BM-B-ROTARY", "mount", "slot_code"),
        ("02-bm-b", "mount", "slot_code"),
        ("a-1234", "mount", "drawing"),
        ("sample tower", "assembly", "name"),
        ("turntable", "assembly", "required_slots"),
        ("turntable", "fixture", "slot_asset_bindings"),
        ("tower-drawing-5", "assembly", "drawing"),
        ("holds the sample", "fixture", "description"),
        ("SampleTurner", "role", "name"),
        ("what is measured", "role", "docstring"),
        ("angle", "role", "produces"),
        ("imaging@example.org", None, None),
    ],
)  # fmt: skip
async def test_each_kind_is_found_by_each_of_its_texts(
    world: World, beamline: dict[str, str], q: str, kind: str | None, field: str | None
) -> None:
    found = await find(world, q)
    told = {(item["kind"], match["field"]) for item in found["items"] for match in item["matched"]}
    assert (kind, field) in told if kind else not told
    if kind in beamline:
        assert beamline[kind] in [item["id"] for item in found["items"]]


async def test_what_is_found_is_shown_so_that_it_is_recognised(world: World, beamline: dict[str, str]) -> None:
    found = await find(world, "SN-0042")
    assert found == {
        "items": [
            {
                "kind": "asset",
                "id": beamline["asset"],
                "name": "Sample rotation",
                "status": "Active",
                "path": "hall-7/Sample rotation",
                "rank": 100,
                "matched": [{"field": "alternate_identifiers", "text": "SN-0042"}],
            }
        ],
        "next": None,
        "count": 1,
        "complete": True,
    }
    assert (await world.surfaces.mcp("search", {"q": "SN-0042"}, Role.READER)).body == found


async def test_the_words_of_what_is_no_more_are_gone_and_a_dead_record_is_told_so(world: World) -> None:
    identifier = {"kind": "InventoryNumber", "value": "inv/5-gone"}
    asset = await world.asset(name="Fading", alternate_identifiers=[identifier])
    assert await names(world, "inv/5-gone") == ["Fading"]
    await world.do("remove_asset_alternate_identifier", asset_id=asset, identifier=identifier)
    assert await names(world, "inv/5-gone") == []
    await world.do("decommission_asset", asset_id=asset, reason="worn out")
    (item,) = (await find(world, "fading"))["items"]
    assert (item["id"], item["status"]) == (asset, "Decommissioned")


async def test_the_best_come_first(world: World) -> None:
    await world.asset(name="Third", description="It stands behind the shutterbox.")
    await world.asset(name="The old shutterbox")
    await world.asset(name="Wired", ports=[{"name": "shutterbox", "direction": "Input", "signal_type": "TTL"}])
    await world.asset(name="Shutterbox 2")
    await world.asset(name="Shutterbox")
    await world.asset(name="Wired too", ports=[{"name": "shutterbox-2", "direction": "Input", "signal_type": "TTL"}])
    found = await find(world, "shutterbox")
    assert [(item["name"], item["rank"]) for item in found["items"]] == [
        ("Shutterbox", 100),
        ("Wired", 90),
        ("Shutterbox 2", 80),
        ("Wired too", 70),
        ("The old shutterbox", 50),
        ("Third", 30),
    ]


async def test_of_several_words_each_must_be_there_and_a_name_of_them_comes_first(world: World) -> None:
    for name in ("Kirkpatrick mirror", "Mirror by Kirkpatrick", "Mirror", "Kirkpatrick"):
        await world.asset(name=name, description="one of the optics")
    assert await names(world, "kirkpatrick mirror") == ["Kirkpatrick mirror", "Mirror by Kirkpatrick"]
    assert await names(world, "mirr kirk opt") == ["Kirkpatrick mirror", "Mirror by Kirkpatrick"]
    assert await names(world, '"kirkpatrick mirror"') == ["Kirkpatrick mirror"]
    assert await names(world, '"kirkpatrick mirr"') == []
    assert await names(world, '"kirkpatrick mirr') == ["Kirkpatrick mirror"]
    assert await names(world, "kirkpatrick-mirr") == ["Kirkpatrick mirror"]
    assert await names(world, '"kirkpatrick one"') == []


async def test_only_records_of_some_kinds(world: World) -> None:
    await world.asset(name="Undulator")
    await world.family(name="Undulator")
    await world.frame(name="Undulator")

    async def kinds(*asked: str) -> set[str]:
        return {item["kind"] for item in (await find(world, "undulator", kind=list(asked)))["items"]}

    assert await kinds() == {"asset", "family", "frame"}
    assert await kinds("asset") == {"asset"}
    assert await kinds("frame", "family", "mount") == {"frame", "family"}
    assert await kinds("mount") == set()


async def test_the_name_of_a_kind_is_no_word_of_its_records(world: World) -> None:
    await world.asset(name="Nameless")
    assert "Nameless" not in await names(world, "asset")


async def pages(world: World, q: str, limit: int) -> AsyncGenerator[dict[str, Any]]:
    cursor: dict[str, str] = {}
    while True:
        page = await find(world, q, limit=limit, **cursor)
        yield page
        if page["next"] is None:
            return
        cursor = {"cursor": page["next"]}


async def test_pages_lose_nothing_and_double_nothing(world: World) -> None:
    for number in range(9):
        await world.asset(name=f"Quadrupole {number}")
        await world.asset(name=f"Old quadrupole {number}")
        await world.asset(name=f"Near {number}", description="beside a quadrupole")
    whole = await find(world, "quadrupole", limit=200)
    assert (len(whole["items"]), whole["count"], whole["next"]) == (27, 27, None)
    assert whole["items"] == sorted(whole["items"], key=lambda item: (-item["rank"], item["id"]))
    items: list[Any] = []
    async for page in pages(world, "quadrupole", limit=4):
        items += page["items"]
        if len(items) == 8:
            await world.asset(name="Quadrupole, new")
    assert [item["id"] for item in items if item["name"] != "Quadrupole, new"] == [
        item["id"] for item in whole["items"]
    ]
    assert len({item["id"] for item in items}) == len(items)
    exactly = [len(page["items"]) async for page in pages(world, "quadrupole", limit=14)]
    assert exactly == [14, 14]


async def test_what_is_called_so_is_found_among_more_than_are_ranked(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(6):
        await world.asset(name=f"A collimator {number}")
    await world.asset(name="Collimator 9")
    await world.asset(name="Collimator")
    monkeypatch.setattr(log_search, "MOST_RANKED", 2)
    found = await find(world, "collimator")
    assert [item["name"] for item in found["items"][:2]] == ["Collimator", "Collimator 9"]
    assert not found["complete"]
    assert 3 <= found["count"] <= 4
    assert (await find(world, "collimator 9"))["complete"]


@pytest.mark.parametrize(
    ("query", "place", "says"),
    [
        ({"q": "-- !"}, "/q", "no letter or digit"),
        ({"q": ""}, "/q", ""),
        ({}, "/q", ""),
        ({"q": "x" * 501}, "/q", ""),
        ({"q": "a " * 3 + " ".join(f"w{n}" for n in range(20))}, "/q", "more than 20 words"),
        ({"q": ["a", "b"]}, "/q", "twice"),
        ({"q": "a", "kind": "gadget"}, "/kind", "asset"),
        ({"q": "a", "limit": 0}, "/limit", ""),
        ({"q": "a", "limit": 201}, "/limit", ""),
        ({"q": "a", "cursor": "nonsense"}, "/cursor", "take it from `next`"),
        ({"q": "a", "cursor": write_cursor("rank", "9" * 5000, UUID(int=1))[:200]}, "/cursor", ""),
        ({"q": "a", "cursor": write_cursor("rank", "101", UUID(int=1))}, "/cursor", "`next`"),
        ({"q": "a", "cursor": write_cursor("rank", "-1", UUID(int=1))}, "/cursor", "`next`"),
        ({"q": "a", "cursor": write_cursor("name", "50", UUID(int=1))}, "/cursor", "`next`"),
        ({"q": "a", "as_of": "1"}, "/as_of", ""),
        ({"q": "a", "true_at": "2026-05-03T14:00:00Z"}, "/true_at", ""),
    ],
)  # fmt: skip
async def test_what_cannot_be_searched_for_is_told_in_words(
    world: World, query: dict[str, Any], place: str, says: str
) -> None:
    response = await world.surfaces.web[Role.READER].get("/search", params=query)
    assert response.status_code == 422, response.text
    errors = response.json()["errors"]
    assert {error["pointer"] for error in errors} == {place}
    assert says in errors[0]["detail"]


@pytest.mark.parametrize(
    "q", ["'", "a'b", "a:*", "!a & (b | c)", "a\\", "%", "_x_", "a\u0000b", "\u2028x", "\U0001f52c x", "<->", "'= x '"]
)
async def test_nothing_that_people_type_is_read_as_a_query_of_the_database(world: World, q: str) -> None:
    response = await world.surfaces.web[Role.READER].get("/search", params={"q": q})
    assert response.status_code in (200, 422), response.text


async def test_what_is_longer_than_a_name_is_found_by_its_words(world: World) -> None:
    words = " ".join(f"{number:024}" for number in range(19))
    await world.asset(name="Wordy", description=words)
    assert await names(world, words) == ["Wordy"]
    assert await names(world, f'"{words}"') == ["Wordy"]


async def test_nobody_searches_without_a_token(world: World) -> None:
    response = await world.surfaces.web[Role.ANONYMOUS].get("/search", params={"q": "a"})
    assert response.status_code == 401


async def test_all_that_is_stored_is_what_the_records_say(world: World, beamline: dict[str, str]) -> None:
    assert beamline
    assert (await verify(world.surfaces.cora.log.dsn, "cora", world.surfaces.cora.equipment.aggregates)).intact


async def test_what_an_older_cora_recorded_is_found(database_url: str, tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path)
    async with opened(settings, database_url) as before, surfaces(before) as shown:
        await World(shown).asset(name="Old wiggler")
        # The migration leaves no words, and those derived by an older cora are of another generation.
        execute(database_url, "truncate cora.search")
        execute(database_url, "update cora.derived set generation = generation - 1")
        assert (await before.log.search(AskedSearch(parts_of("wiggler"), 50))).count == 0
    async with opened(settings, database_url) as after:
        assert (await after.log.search(AskedSearch(parts_of("wiggler"), 50))).count == 1
        assert (await verify(after.log.dsn, after.log.schema, after.equipment.aggregates)).intact


# How it is found.

ROWS = 20_000


def plan_nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for below in plan.get("Plans", ()):
        yield from plan_nodes(below)


@pytest.fixture(scope="module")
async def crowded(module_cora: Opened) -> AsyncGenerator[Connection]:
    """A connection that sees so many records more than there are; they are never committed."""
    connection = await connect(module_cora.log.dsn, "cora", indexed=False, restricted=False)
    outer = connection.transaction()
    await outer.start()
    texts = [
        written("asset", (Text("name", f"Camera {n}", Weight.OWN), Text("serial", f"SN-{n:05}", Weight.OWN)))
        for n in range(ROWS)
    ]
    await connection.execute(
        "insert into search (id, text) select gen_random_uuid(), t from unnest($1::text[]) t", texts
    )
    await connection.execute("analyze search")
    yield connection
    await outer.rollback()
    await connection.close()


async def on_search(connection: Any, q: str, how: str) -> list[dict[str, Any]]:
    """The nodes of the plan of a search that read the table of words, or its index."""
    sql, values = statement(AskedSearch(parts_of(q), 50))
    (row,) = await connection.fetch(f"explain ({how}, format json) {sql}", *values)
    (explained,) = json.loads(row[0])
    nodes = list(plan_nodes(explained["Plan"]))
    return [node for node in nodes if node.get("Relation Name") == "search" or node.get("Index Name") == "search_words"]


@pytest.mark.parametrize("q", ["SN-00042", "sn-0004", '"sn 00042"', "camera 0042", "04000"])
async def test_the_planner_goes_by_the_index_unasked(crowded: Any, q: str) -> None:
    nodes = await on_search(crowded, q, "costs off")
    assert {node["Node Type"] for node in nodes} == {"Bitmap Heap Scan", "Bitmap Index Scan"}


async def test_a_common_word_costs_no_more_than_are_ranked(crowded: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_search, "MOST_RANKED", 100)
    async with crowded.transaction():
        await crowded.execute(log_search._PLAN, list(log_search._PLANNED), list(log_search._PLANNED.values()))
        nodes = await on_search(crowded, "camera", "analyze, costs off, timing off")
    heap = [node for node in nodes if node.get("Relation Name") == "search"]
    assert [node["Node Type"] for node in heap] == ["Bitmap Heap Scan"] * 3
    assert max(node["Actual Rows"] for node in heap) == 101
