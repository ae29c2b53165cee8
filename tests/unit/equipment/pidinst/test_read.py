"""Reading what a record rests on, and who may see it."""

import json
from typing import Any
from uuid import UUID

import pytest
from tests.unit.equipment.world import World
from tests.unit.memory_log import CountingSource

from cora.equipment.aggregates.asset import ASSET
from cora.equipment.aggregates.asset.errors import AssetNotFoundError
from cora.equipment.aggregates.asset.events import AssetAttachedToFixture, AssetOwnerAdded, AssetRegistered
from cora.equipment.aggregates.asset.state import AssetTier
from cora.equipment.aggregates.family import FAMILY, FamilyDefined
from cora.equipment.aggregates.fixture import FixtureNotFoundError
from cora.equipment.features.get_asset_pidinst import GetAssetPidinst, get_asset_pidinst
from cora.equipment.features.get_fixture_pidinst import GetFixturePidinst, get_fixture_pidinst
from cora.equipment.values import Owner
from cora.kernel.errors import UnauthenticatedError
from cora.kernel.identity import new_id
from cora.kernel.principal import ANONYMOUS, Principal, Role
from cora.kernel.reader import Reader

READER = Principal("reader", Role.READER)


@pytest.fixture
def world() -> World:
    return World()


def asking(kind: str, id: UUID) -> tuple[Any, Any]:
    """The question about a record of a kind, and what answers it."""
    if kind == "asset":
        return get_asset_pidinst, GetAssetPidinst(asset_id=id)
    return get_fixture_pidinst, GetFixturePidinst(fixture_id=id)


async def seen(world: World, kind: str, id: UUID, caller: Principal = READER) -> dict[str, Any]:
    function, query = asking(kind, id)
    return json.loads((await world.kernel.query(function.__slice__, query, caller)).model_dump_json())


async def part_of(world: World, parent: UUID) -> UUID:
    id = new_id()
    return await world.note(ASSET, id, AssetRegistered(f"Part {id}", AssetTier.DEVICE, parent_id=parent))


async def test_owners_come_from_the_nearest_ancestor_that_has_some(world: World) -> None:
    root = await world.asset()
    middle = await part_of(world, root)
    leaf = await part_of(world, middle)
    assert (await seen(world, "asset", leaf))["owners"] == [{"ownerName": "Advanced Photon Source"}]
    await world.note(ASSET, root, AssetOwnerAdded(Owner("Root owner")))
    assert (await seen(world, "asset", leaf))["owners"] == [{"ownerName": "Root owner"}]
    await world.note(ASSET, middle, AssetOwnerAdded(Owner("Middle owner")))
    assert (await seen(world, "asset", leaf))["owners"] == [{"ownerName": "Middle owner"}]
    assert (await seen(world, "asset", root))["owners"] == [{"ownerName": "Root owner"}]


async def test_both_ends_of_a_relation_show_it_once_the_other_has_an_identifier(world: World) -> None:
    parent = await world.asset()
    child = await part_of(world, parent)
    fixture = await world.fixture_of(child)
    await world.note(ASSET, child, AssetAttachedToFixture(fixture))
    assert (await seen(world, "asset", child))["relatedIdentifiers"] == []
    for kind, id, value in (("asset", parent, "p"), ("asset", child, "c"), ("fixture", fixture, "f")):
        await world.record(kind, id, "DOI", f"10.5438/{value}")

    def relations(told: dict[str, Any]) -> list[tuple[str, str]]:
        return [(each["relationType"], each["relatedIdentifier"]) for each in told["relatedIdentifiers"]]

    assert relations(await seen(world, "asset", parent)) == [("HasComponent", "10.5438/c")]
    assert relations(await seen(world, "fixture", fixture)) == [("HasComponent", "10.5438/c")]
    assert relations(await seen(world, "asset", child)) == [
        ("IsComponentOf", "10.5438/p"),
        ("IsComponentOf", "10.5438/f"),
    ]


@pytest.mark.parametrize("kind", ["asset", "fixture"])
async def test_a_record_is_open_to_everybody_once_it_has_an_identifier(world: World, kind: str) -> None:
    asset = await world.asset()
    id = asset if kind == "asset" else await world.fixture_of(asset)
    with pytest.raises(UnauthenticatedError):
        await seen(world, kind, id, ANONYMOUS)
    assert (await seen(world, kind, id))["identifier"]["identifierType"] == "URN"
    await world.assign(kind, id, suffix="a1")
    for caller in (ANONYMOUS, READER):
        told = await seen(world, kind, id, caller)
        assert told["identifier"] == {"identifier": "10.0000/cora-stub/a1", "identifierType": "DOI"}
        assert told["test"] is True


@pytest.mark.parametrize(("kind", "refusal"), [("asset", AssetNotFoundError), ("fixture", FixtureNotFoundError)])
async def test_what_does_not_exist_is_told_to_readers_only(world: World, kind: str, refusal: type[Exception]) -> None:
    with pytest.raises(refusal):
        await seen(world, kind, UUID(int=9))
    with pytest.raises(UnauthenticatedError):
        await seen(world, kind, UUID(int=9), ANONYMOUS)


async def _looks(world: World, kind: str, id: UUID) -> int:
    source = CountingSource(world.log.tables)

    function, query = asking(kind, id)
    await function(query=query, read=Reader(source), caller=READER, wired=world.wired)
    return source.looks


async def test_a_record_takes_a_few_looks_however_many_there_are_around_it() -> None:
    looks: list[tuple[int, int]] = []
    for many in (2, 30):
        world = World()
        root = await world.asset()
        parents = [await part_of(world, root) for _ in range(many)]
        families = [await world.note(FAMILY, new_id(), FamilyDefined(f"Family {number}")) for number in range(many)]
        leaves = [
            await world.note(
                ASSET,
                new_id(),
                AssetRegistered(f"Leaf {number}", AssetTier.DEVICE, parent_id=parent, family_ids=tuple(families)),
            )
            for number, parent in enumerate(parents)
        ]
        fixture = await world.fixture_of(*leaves)
        looks.append((await _looks(world, "asset", root), await _looks(world, "fixture", fixture)))
    assert looks[0] == looks[1]
    assert max(looks[1]) <= 10
