"""Batches that race with single commands and with each other: all of one, or none, judged by the log afterwards."""

from collections.abc import AsyncGenerator, Sequence
from uuid import UUID

import pytest
from tests.integration.support.races import WHERE, Many, Order, Where, losers, winners
from tests.integration.support.scene import Scene, fresh, staged

from cora.equipment.aggregates.asset.errors import (
    AssetHasActiveChildrenError,
    AssetNameTakenError,
    ParentIsDecommissionedError,
)
from cora.equipment.aggregates.mount import AssetAlreadyInstalledElsewhereError, MountAlreadyOccupiedError
from cora.equipment.features.activate_asset import ActivateAsset
from cora.equipment.features.decommission_asset import DecommissionAsset
from cora.equipment.features.describe_asset import DescribeAsset
from cora.equipment.features.install_asset import InstallAsset
from cora.equipment.features.uninstall_asset import UninstallAsset
from cora.kernel.identity import new_id
from cora.kernel.slice import Command

ORDERS: tuple[Order, ...] = ("at once", "as listed", "reversed")


@pytest.fixture(scope="module")
async def scene(module_database_url: str) -> AsyncGenerator[Scene]:
    async with staged(module_database_url) as scene:
        yield scene


async def events_of(scene: Scene, *streams: UUID) -> list[int]:
    """How many events each record has."""
    pool = scene.arena.logs[0].pool
    return [await pool.fetchval("select count(*) from event where stream = $1", id) for id in streams]


@pytest.mark.parametrize("where", WHERE)
@pytest.mark.parametrize("order", ORDERS)
async def test_a_whole_branch_is_registered_or_its_parent_ends(scene: Scene, where: Where, order: Order) -> None:
    parent_id = await scene.asset()
    ids = [new_id() for _ in range(3)]
    branch: list[Command] = [
        scene.registration(id=ids[0], parent_id=scene.root_id),
        scene.registration(id=ids[1], parent_id=ids[0]),
        scene.registration(id=ids[2], parent_id=parent_id),
        ActivateAsset(asset_id=ids[1]),
    ]
    ending = DecommissionAsset(asset_id=parent_id, reason="worn")

    many, ended = await scene.arena.race(Many(branch), ending, where=where, order=order)

    if many in winners([many]):
        assert isinstance(ended, AssetHasActiveChildrenError)
        assert ended.child_id == ids[2]
        assert await events_of(scene, *ids) == [1, 2, 1]
    else:
        assert isinstance(many, ParentIsDecommissionedError)
        assert many.place == "/commands/2"
        assert await events_of(scene, *ids) == [0, 0, 0]


@pytest.mark.parametrize("where", WHERE)
@pytest.mark.parametrize("order", ORDERS)
async def test_a_swap_is_whole_or_not_at_all(scene: Scene, where: Where, order: Order) -> None:
    worn, mount_id = await scene.installed()
    spare, other_mount = await scene.asset(), await scene.mount()
    swap: Sequence[Command] = [
        UninstallAsset(mount_id=mount_id, reason="swap"),
        DecommissionAsset(asset_id=worn, reason="worn"),
        InstallAsset(mount_id=mount_id, asset_id=spare),
    ]
    elsewhere = InstallAsset(mount_id=other_mount, asset_id=spare)

    many, single = await scene.arena.race(Many(swap), elsewhere, where=where, order=order)

    world = await scene.arena.judged()
    if many in winners([many]):
        assert isinstance(single, AssetAlreadyInstalledElsewhereError)
        assert world.installed_in[str(spare)] == str(mount_id)
        assert await events_of(scene, mount_id) == [4]
    else:
        assert isinstance(many, AssetAlreadyInstalledElsewhereError)
        assert many.place == "/commands/2"
        assert world.installed_in[str(worn)] == str(mount_id)
        assert await events_of(scene, mount_id, worn) == [2, 2]


@pytest.mark.parametrize("where", WHERE)
async def test_batches_that_want_the_same_win_one_at_a_time(scene: Scene, where: Where) -> None:
    """Each renames two assets of its own, and all want the same two names."""
    names = (fresh("name"), fresh("name"))
    assets = [(await scene.asset(), await scene.asset()) for _ in range(6)]
    tries = [
        Many([DescribeAsset(asset_id=id, name=name) for id, name in zip(pair, names, strict=True)]) for pair in assets
    ]

    results = await scene.arena.race(*tries, where=where)

    assert len(winners(results)) == 1
    assert {type(each) for each in losers(results)} == {AssetNameTakenError}
    renamed = [pair for pair in assets if await events_of(scene, *pair) == [3, 3]]
    untouched = [pair for pair in assets if await events_of(scene, *pair) == [2, 2]]
    assert (len(renamed), len(untouched)) == (1, 5)


@pytest.mark.parametrize("where", WHERE)
async def test_batches_that_go_round_in_opposite_orders_end(scene: Scene, where: Where) -> None:
    """Each moves an asset through every mount; nobody waits for another for ever."""
    mounts = [await scene.mount() for _ in range(4)]
    assets = [await scene.asset() for _ in range(4)]
    tries = [
        Many([each for mount_id in round for each in through(mount_id, asset_id)])
        for asset_id, round in zip(assets, (mounts, mounts[::-1], mounts, mounts[::-1]), strict=True)
    ]

    results = await scene.arena.race(*tries, where=where)

    assert len(winners(results)) == 4
    assert await events_of(scene, *mounts) == [9, 9, 9, 9]


@pytest.mark.parametrize("where", WHERE)
async def test_a_crowd_of_single_commands_does_not_starve_a_batch(scene: Scene, where: Where) -> None:
    asset_ids = [await scene.asset() for _ in range(10)]
    renaming = Many([DescribeAsset(asset_id=id, description="in use") for id in asset_ids])
    singles = [DescribeAsset(asset_id=id, name=fresh("name")) for id in asset_ids for _ in range(3)]

    results = await scene.arena.race(renaming, *singles, where=where)

    assert not losers(results)


@pytest.mark.parametrize("where", WHERE)
async def test_one_of_two_takes_a_mount(scene: Scene, where: Where) -> None:
    """Where the single command is refused and the batch not, nothing of the mount is of the single command."""
    mount_id, mine, yours = await scene.mount(), await scene.asset(), await scene.asset()
    many = Many([InstallAsset(mount_id=mount_id, asset_id=mine), DescribeAsset(asset_id=mine, description="mine")])
    results = await scene.arena.race(many, InstallAsset(mount_id=mount_id, asset_id=yours), where=where)
    (lost,) = losers(results)
    assert isinstance(lost, MountAlreadyOccupiedError)
    world = await scene.arena.judged()
    assert len({str(mine), str(yours)} & world.installed_in.keys()) == 1
    assert await events_of(scene, mine) == [3 if str(mine) in world.installed_in else 2]


def through(mount_id: UUID, asset_id: UUID) -> list[Command]:
    return [
        InstallAsset(mount_id=mount_id, asset_id=asset_id),
        UninstallAsset(mount_id=mount_id, reason="passing"),
    ]
