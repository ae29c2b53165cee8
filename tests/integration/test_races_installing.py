"""Races for the guards between assets, mounts, fixtures and parents, judged by the log afterwards."""

import asyncio
from collections.abc import AsyncGenerator
from uuid import UUID

import pytest
from tests.integration.support.races import WHERE, Order, Try, Where, losers, the_only_winner, winners
from tests.integration.support.scene import FACILITY_CODE, Scene, staged

from cora.equipment.aggregates.asset.errors import (
    AssetCannotRelocateError,
    AssetHasActiveChildrenError,
    AssetHasControlledAssetsError,
    AssetIsDecommissionedError,
    AssetIsInstalledError,
    ControllerIsDecommissionedError,
    ParentIsDecommissionedError,
)
from cora.equipment.aggregates.fixture import FixtureAssetNotAttachableError, FixtureAssetNotInstalledError
from cora.equipment.aggregates.mount import (
    AssetAlreadyInstalledElsewhereError,
    AssetNotInstallableError,
    MountAlreadyOccupiedError,
    MountHasFixtureBoundAssetError,
    MountIsEmptyError,
)
from cora.equipment.features.attach_asset_to_fixture import AttachAssetToFixture
from cora.equipment.features.decommission_asset import DecommissionAsset
from cora.equipment.features.detach_asset_from_fixture import DetachAssetFromFixture
from cora.equipment.features.enter_asset_maintenance import EnterAssetMaintenance
from cora.equipment.features.install_asset import InstallAsset
from cora.equipment.features.relocate_asset import RelocateAsset
from cora.equipment.features.uninstall_asset import UninstallAsset
from cora.kernel.errors import Refusal
from cora.kernel.execute import Answer

ORDERS: tuple[Order, ...] = ("at once", "as listed", "reversed")
CROWD = 40


@pytest.fixture(scope="module")
async def scene(module_database_url: str) -> AsyncGenerator[Scene]:
    async with staged(module_database_url) as scene:
        yield scene


@pytest.mark.parametrize("where", WHERE)
async def test_forty_clients_install_one_asset_into_forty_mounts_and_one_wins(scene: Scene, where: Where) -> None:
    asset_id = await scene.asset()
    mounts = [await scene.mount() for _ in range(CROWD)]
    tries = [InstallAsset(mount_id=mount_id, asset_id=asset_id) for mount_id in mounts]

    results = await scene.arena.race(*tries, where=where)

    won = the_only_winner(results, AssetAlreadyInstalledElsewhereError)
    assert {refusal.members()["mount_id"] for refusal in losers(results)} == {won.id}
    world = await scene.arena.judged()
    assert world.installed_in[str(asset_id)] == str(won.id)
    installed = [each for each in world.of_kind("MountAssetInstalled") if each.data["asset_id"] == str(asset_id)]
    assert [(each.stream, each.position) for each in installed] == [(str(won.id), won.position)]


@pytest.mark.parametrize("where", WHERE)
async def test_forty_assets_go_into_one_mount_and_one_wins(scene: Scene, where: Where) -> None:
    mount_id = await scene.mount()
    assets = [await scene.asset() for _ in range(CROWD)]
    tries = [InstallAsset(mount_id=mount_id, asset_id=asset_id) for asset_id in assets]

    results = await scene.arena.race(*tries, where=where)

    the_only_winner(results, MountAlreadyOccupiedError)
    world = await scene.arena.judged()
    holder = next(asset for asset, mount in world.installed_in.items() if mount == str(mount_id))
    assert {str(refusal.members()["installed_asset_id"]) for refusal in losers(results)} == {holder}


@pytest.mark.parametrize("where", WHERE)
async def test_the_same_asset_installed_in_the_same_mount_by_forty_is_recorded_once(scene: Scene, where: Where) -> None:
    asset_id, mount_id = await scene.asset(), await scene.mount()
    tries = [InstallAsset(mount_id=mount_id, asset_id=asset_id)] * CROWD

    results = await scene.arena.race(*tries, where=where)

    assert len(winners(results)) == CROWD
    world = await scene.arena.judged()
    assert len([each for each in world.entries if each.stream == str(mount_id)]) == 2


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("where", WHERE)
async def test_a_fixture_is_registered_only_while_its_asset_is_installed(
    scene: Scene, where: Where, order: Order
) -> None:
    asset_id, mount_id = await scene.installed()
    fixing, taking = scene.fixing(asset_id), UninstallAsset(mount_id=mount_id, reason="swap")

    fixed, taken = await scene.arena.race(fixing, taking, where=where, order=order)

    # Registering touches no asset, so taking it away is allowed in any case.
    assert not isinstance(taken, Refusal)
    if isinstance(fixed, Refusal):
        assert isinstance(fixed, FixtureAssetNotInstalledError)
    else:
        assert fixed.position < taken.position
    if where != "one kernel":
        assert isinstance(fixed, Refusal) == (order == "reversed") or order == "at once"
    await scene.arena.judged()


@pytest.mark.parametrize("where", WHERE)
async def test_a_fixture_is_registered_only_while_its_asset_is_alive(scene: Scene, where: Where) -> None:
    """The asset must come out of its mount first, so three clients race and two of them try again."""
    for _ in range(4):
        asset_id, mount_id = await scene.installed()
        await asyncio.gather(
            _fix_until_dead(scene, asset_id, where),
            _fix_until_dead(scene, asset_id, where),
            _decommission(scene, asset_id, where),
            _take_away(scene, mount_id, where),
        )
        world = await scene.arena.judged()
        assert world.records[str(asset_id)]["lifecycle"] == "Decommissioned"


async def _take_away(scene: Scene, mount_id: UUID, where: Where) -> None:
    await asyncio.sleep(0.02)
    (result,) = await scene.arena.race(UninstallAsset(mount_id=mount_id, reason="worn"), where=where)
    assert isinstance(result, Answer)


async def _decommission(scene: Scene, asset_id: UUID, where: Where) -> None:
    while True:
        (result,) = await scene.arena.race(DecommissionAsset(asset_id=asset_id, reason="worn"), where=where)
        if isinstance(result, Answer):
            return
        assert isinstance(result, AssetIsInstalledError)


async def _fix_until_dead(scene: Scene, asset_id: UUID, where: Where) -> None:
    while True:
        (result,) = await scene.arena.race(scene.fixing(asset_id), where=where)
        if isinstance(result, FixtureAssetNotAttachableError):
            return
        assert isinstance(result, Answer | FixtureAssetNotInstalledError)


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("where", WHERE)
async def test_a_fixture_and_the_end_of_its_asset_never_both_come_true(
    scene: Scene, where: Where, order: Order
) -> None:
    asset_id, mount_id = await scene.installed()
    await scene.do(UninstallAsset(mount_id=mount_id, reason="swap"))
    tries = (
        scene.fixing(asset_id),
        InstallAsset(mount_id=mount_id, asset_id=asset_id),
        DecommissionAsset(asset_id=asset_id, reason="worn"),
    )

    fixed, installed, ended = await scene.arena.race(*tries, where=where, order=order)

    assert isinstance(installed, Refusal) != isinstance(ended, Refusal)
    assert isinstance(fixed, Answer | FixtureAssetNotInstalledError | FixtureAssetNotAttachableError)
    if isinstance(fixed, Answer):
        assert not isinstance(installed, Refusal)
        assert installed.position < fixed.position
    assert not isinstance(installed, Refusal) or isinstance(installed, AssetNotInstallableError)
    assert not isinstance(ended, Refusal) or isinstance(ended, AssetIsInstalledError)
    await scene.arena.judged()


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("where", WHERE)
async def test_an_asset_is_attached_or_uninstalled_but_not_both(scene: Scene, where: Where, order: Order) -> None:
    fixture_id, asset_id, mount_id = await scene.fixed()
    attaching = AttachAssetToFixture(asset_id=asset_id, fixture_id=fixture_id)
    taking = UninstallAsset(mount_id=mount_id, reason="swap")

    attached, taken = await scene.arena.race(attaching, taking, where=where, order=order)

    assert isinstance(attached, Refusal) != isinstance(taken, Refusal)
    assert not isinstance(attached, Refusal) or isinstance(attached, FixtureAssetNotInstalledError)
    assert not isinstance(taken, Refusal) or isinstance(taken, MountHasFixtureBoundAssetError)
    await scene.arena.judged()


@pytest.mark.parametrize("where", WHERE)
async def test_detaching_and_uninstalling_by_many_is_done_once(scene: Scene, where: Where) -> None:
    fixture_id, asset_id, mount_id = await scene.fixed(attached=True)
    detaching = DetachAssetFromFixture(asset_id=asset_id, fixture_id=fixture_id)
    taking = UninstallAsset(mount_id=mount_id, reason="swap")

    results = await scene.arena.race(*[detaching, taking] * 10, where=where)

    assert len(winners(results[::2])) == 1
    assert len(winners(results[1::2])) <= 1
    assert {type(each) for each in losers(results[1::2])} <= {MountIsEmptyError, MountHasFixtureBoundAssetError}
    await scene.arena.judged()


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("where", WHERE)
async def test_no_child_is_registered_under_a_parent_that_ends(scene: Scene, where: Where, order: Order) -> None:
    parent_id = await scene.asset()
    ending = DecommissionAsset(asset_id=parent_id, reason="worn")

    registered, ended = await scene.arena.race(
        scene.registration(parent_id=parent_id), ending, where=where, order=order
    )

    assert isinstance(registered, Refusal) != isinstance(ended, Refusal)
    assert not isinstance(registered, Refusal) or isinstance(registered, ParentIsDecommissionedError)
    assert not isinstance(ended, Refusal) or isinstance(ended, AssetHasActiveChildrenError)
    await scene.arena.judged()


@pytest.mark.parametrize("order", ORDERS)
async def test_nothing_is_given_a_controller_that_ends(scene: Scene, order: Order) -> None:
    controller_id = await scene.asset()
    ending = DecommissionAsset(asset_id=controller_id, reason="worn")

    registered, ended = await scene.arena.race(scene.registration(controller_id=controller_id), ending, order=order)

    assert isinstance(registered, Refusal) != isinstance(ended, Refusal)
    assert not isinstance(registered, Refusal) or isinstance(registered, ControllerIsDecommissionedError)
    assert not isinstance(ended, Refusal) or isinstance(ended, AssetHasControlledAssetsError)
    await scene.arena.judged()


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("where", WHERE)
async def test_nothing_moves_under_a_parent_that_ends(scene: Scene, where: Where, order: Order) -> None:
    parent_id, asset_id = await scene.asset(), await scene.asset()
    moving = RelocateAsset(asset_id=asset_id, to_parent_id=parent_id, reason="rebuilt")
    ending = DecommissionAsset(asset_id=parent_id, reason="worn")

    moved, ended = await scene.arena.race(moving, ending, where=where, order=order)

    assert isinstance(moved, Refusal) != isinstance(ended, Refusal)
    assert not isinstance(moved, Refusal) or isinstance(moved, ParentIsDecommissionedError)
    assert not isinstance(ended, Refusal) or isinstance(ended, AssetHasActiveChildrenError)
    await scene.arena.judged()


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("where", WHERE)
async def test_an_asset_is_installed_or_decommissioned_but_not_both(scene: Scene, where: Where, order: Order) -> None:
    asset_id, mount_id = await scene.asset(), await scene.mount()
    installing = InstallAsset(mount_id=mount_id, asset_id=asset_id)
    ending = DecommissionAsset(asset_id=asset_id, reason="worn")

    installed, ended = await scene.arena.race(installing, ending, where=where, order=order)

    assert isinstance(installed, Refusal) != isinstance(ended, Refusal)
    assert not isinstance(installed, Refusal) or isinstance(installed, AssetNotInstallableError)
    assert not isinstance(ended, Refusal) or isinstance(ended, AssetIsInstalledError)
    await scene.arena.judged()


@pytest.mark.parametrize("order", ORDERS)
async def test_an_asset_is_installed_only_while_it_is_active(scene: Scene, order: Order) -> None:
    asset_id, mount_id = await scene.asset(), await scene.mount()
    installing = InstallAsset(mount_id=mount_id, asset_id=asset_id)

    installed, entered = await scene.arena.race(installing, EnterAssetMaintenance(asset_id=asset_id), order=order)

    assert not isinstance(entered, Refusal)
    if isinstance(installed, Refusal):
        assert isinstance(installed, AssetNotInstallableError)
    else:
        assert installed.position < entered.position
    await scene.arena.judged()


@pytest.mark.parametrize("where", WHERE)
async def test_two_assets_cannot_go_under_each_other(scene: Scene, where: Where) -> None:
    one, other = await scene.asset(), await scene.asset()
    results = await scene.arena.race(
        RelocateAsset(asset_id=one, to_parent_id=other, reason="rebuilt"),
        RelocateAsset(asset_id=other, to_parent_id=one, reason="rebuilt"),
        where=where,
    )
    the_only_winner(results, AssetCannotRelocateError)
    await scene.arena.judged()


@pytest.mark.parametrize("where", WHERE)
async def test_a_ring_of_assets_cannot_be_closed(scene: Scene, where: Where) -> None:
    ring = [await scene.asset() for _ in range(5)]
    tries = [
        RelocateAsset(asset_id=asset_id, to_parent_id=ring[(index + 1) % 5], reason="rebuilt")
        for index, asset_id in enumerate(ring)
    ]

    results = await scene.arena.race(*tries, where=where)

    assert len(winners(results)) == 4
    assert [type(each) for each in losers(results)] == [AssetCannotRelocateError]
    await scene.arena.judged()


@pytest.mark.parametrize("where", WHERE)
async def test_an_asset_ends_once(scene: Scene, where: Where) -> None:
    asset_id = await scene.asset()
    results = await scene.arena.race(*[DecommissionAsset(asset_id=asset_id, reason="worn")] * 10, where=where)
    assert len(winners(results)) == 1
    assert {each.code() for each in losers(results)} == {"AssetCannotDecommission"}
    await scene.arena.judged()


@pytest.mark.parametrize("order", ORDERS)
async def test_a_change_counts_only_while_the_asset_is_alive(scene: Scene, order: Order) -> None:
    asset_id = await scene.asset()
    moving = RelocateAsset(
        asset_id=asset_id, to_parent_id=await scene.asset(facility_code=FACILITY_CODE), reason="rebuilt"
    )

    moved, ended = await scene.arena.race(moving, DecommissionAsset(asset_id=asset_id, reason="worn"), order=order)

    assert not isinstance(ended, Refusal)
    if isinstance(moved, Refusal):
        assert isinstance(moved, AssetIsDecommissionedError)
    await scene.arena.judged()


async def test_of_two_with_the_same_version_in_hand_one_is_told_that_it_moved_on(scene: Scene) -> None:
    asset_id = await scene.asset()
    tries = [Try(EnterAssetMaintenance(asset_id=asset_id), {"if_match": 2})] * 10
    results = await scene.arena.race(*tries)
    assert len(winners(results)) == 1
    assert {each.code() for each in losers(results)} == {"PreconditionFailed"}
    await scene.arena.judged()
