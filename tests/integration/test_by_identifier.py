"""Records found by any identifier they carry, now and as it was."""

from collections.abc import AsyncGenerator
from urllib.parse import quote

import pytest
from tests.integration.support.past import SCRAPPED, SERIAL, WITH_FIRST_CAMERA, Hutch, hutch

from cora.equipment.features import find_by_identifier
from cora.log.verify import verify
from cora.surfaces.start import Opened


@pytest.fixture(scope="module")
async def world(module_cora: Opened) -> AsyncGenerator[Hutch]:
    async with hutch(module_cora) as made:
        yield made


@pytest.mark.parametrize(
    "written",
    [
        "10.1234/cam/2", "10.1234/CAM/2", "doi:10.1234/Cam/2", "https://doi.org/10.1234/cam/2",
        "http://dx.doi.org/10.1234/cam/2", "hdl:10.1234/cam/2",
    ],
)  # fmt: skip
async def test_a_doi_is_found_however_it_is_written(world: Hutch, written: str) -> None:
    found = await world.get(f"/by-identifier/{written}")
    assert found == {
        "items": [
            {
                "kind": "asset",
                "id": world.ids["second"],
                "name": "second",
                "path": "aps/2-BM/second",
                "living": True,
                "matched": [{"kind": "DOI", "value": "10.1234/cam/2", "name": None, "test": False}],
            }
        ],
        "count": 1,
    }
    assert await world.get(f"/by-identifier/{quote(written, safe='')}") == found
    assert await world.tool("find_by_identifier", value=written) == found


async def test_a_serial_number_ignores_case_and_what_is_dead_is_found_as_such(world: Hutch) -> None:
    (found,) = (await world.get("/by-identifier/CAM-0002"))["items"]
    assert (found["id"], found["matched"][0]["kind"]) == (world.ids["second"], "SerialNumber")
    (dead,) = (await world.get(f"/by-identifier/{SERIAL}"))["items"]
    assert (dead["id"], dead["living"], dead["path"]) == (world.ids["first"], False, "aps/Store/first")
    then = await world.get(f"/by-identifier/{SERIAL.lower()}", true_at=WITH_FIRST_CAMERA)
    assert [(item["path"], item["living"]) for item in then["items"]] == [("aps/2-BM/first", True)]
    (scrapped,) = (await world.get(f"/by-identifier/{SERIAL}", true_at=SCRAPPED))["items"]
    assert not scrapped["living"]
    recorded = await world.get(f"/by-identifier/{SERIAL}", as_of=world.before_storing)
    assert [item["id"] for item in recorded["items"]] == [world.ids["first"]]


async def test_every_record_that_carries_it_is_found_until_it_is_taken_away(world: Hutch) -> None:
    scene = world.world
    given = {"kind": "Other", "value": "Ünit 9", "name": "label"}
    assets = sorted([await scene.asset(alternate_identifiers=[given]) for _ in range(3)])
    assert [item["id"] for item in (await world.get("/by-identifier/ünit 9"))["items"]] == assets
    removed = await scene.do("remove_asset_alternate_identifier", asset_id=assets[0], identifier=given)
    assert [item["id"] for item in (await world.get("/by-identifier/ÜNIT 9"))["items"]] == assets[1:]
    earlier = await world.get("/by-identifier/ÜNIT 9", as_of=removed["position"] - 1)
    assert [item["id"] for item in earlier["items"]] == assets


async def test_a_fixture_is_found_and_its_test_identifier_is_marked(world: Hutch) -> None:
    scene = world.world
    fixture = await scene.citable()
    assigned = await scene.do("assign_fixture_persistent_id", fixture_id=fixture, scheme="Handle", suffix="one")
    (found,) = (await world.get(f"/by-identifier/https://hdl.handle.net/{assigned['value'].upper()}"))["items"]
    assert (found["kind"], found["id"], found["path"]) == ("fixture", fixture, found["name"])
    assert [(each["kind"], each["test"]) for each in found["matched"]] == [("Handle", True)]


async def test_more_than_a_hundred_are_counted(world: Hutch, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(find_by_identifier, "_MOST_SHOWN", 2)
    scene = world.world
    for _ in range(3):
        await scene.asset(alternate_identifiers=[{"kind": "InventoryNumber", "value": "many"}])
    found = await world.get("/by-identifier/many")
    assert (len(found["items"]), found["count"]) == (2, 3)


async def test_an_identifier_is_mentioned_by_no_event_and_all_can_be_verified(world: Hutch) -> None:
    cora = world.world.surfaces.cora
    async with cora.log.pool.acquire() as connection:
        rows = await connection.fetch(
            "select m.entity from cora.mention m join cora.reference r on r.target = m.entity "
            "where r.relation in ('asset.identifier', 'fixture.identifier')"
        )
        kept = await connection.fetchval("select count(*) from cora.reference where relation = 'asset.identifier'")
    assert rows == []
    assert kept > 0
    assert (await verify(cora.log.dsn, cora.log.schema, cora.equipment.aggregates)).difference is None
