"""Lists show the decommissioned too: of a parent, below a record, now and as it was; what has moved on is not there."""

from collections.abc import AsyncGenerator
from typing import Any

import pytest
from tests.integration.support.past import SCRAPPED, STORED, WITH_FIRST_CAMERA, Hutch, hutch

from cora.log import documents
from cora.log.verify import verify
from cora.surfaces.start import Opened


@pytest.fixture(scope="module")
async def world(module_cora: Opened) -> AsyncGenerator[Hutch]:
    async with hutch(module_cora) as made:
        yield made


async def names(world: Hutch, **query: Any) -> set[str]:
    return {item["state"]["name"] for item in (await world.get("/assets", **query))["items"]}


@pytest.mark.parametrize("few", [documents.FEW, 0])
async def test_the_dead_stay_in_the_lists_of_where_they_were(
    world: Hutch, few: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(documents, "FEW", few)
    first = (await world.get("/assets/{first}"))["state"]
    assert first["lifecycle"] == "Decommissioned"
    store = first["parent_id"]
    for where in ({"parent_id": store}, {"under": store}):
        assert "first" in await names(world, **where)
        assert await names(world, **where, lifecycle="Decommissioned") == {"first"}
        assert "first" in await names(world, **where, true_at=SCRAPPED)
        assert "first" in await names(world, **where, true_at=STORED)
        assert "first" not in await names(world, **where, true_at=WITH_FIRST_CAMERA)
    for where in ({"parent_id": world.ids["beamline"]}, {"under": world.ids["beamline"]}):
        assert "first" not in await names(world, **where)
        assert "first" in await names(world, **where, true_at=WITH_FIRST_CAMERA)


async def test_a_retired_fixture_stays_in_the_list_of_its_assembly(world: Hutch) -> None:
    fixture = await world.world.retired()
    assembly = (await world.get(f"/fixtures/{fixture}"))["state"]["assembly_id"]
    assert fixture in {item["id"] for item in (await world.get("/fixtures", assembly_id=assembly))["items"]}


async def test_all_of_it_can_be_verified(world: Hutch) -> None:
    cora = world.world.surfaces.cora
    assert (await verify(cora.log.dsn, cora.log.schema, cora.equipment.aggregates)).difference is None
