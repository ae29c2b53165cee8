"""Crowds: what does not conflict is not disturbed, and on a hot record every answer was true."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Any
from uuid import UUID

import pytest
from tests.integration.support.judge import Judged
from tests.integration.support.races import WHERE, Where, losers, winners
from tests.integration.support.scene import Scene, fresh, staged

from cora.equipment.aggregates.asset.errors import InvalidAssetSettingsError
from cora.equipment.features.activate_asset import ActivateAsset
from cora.equipment.features.add_asset_family import AddAssetFamily
from cora.equipment.features.add_asset_owner import AddAssetOwner
from cora.equipment.features.add_asset_port import AddAssetPort
from cora.equipment.features.decommission_asset import DecommissionAsset
from cora.equipment.features.define_family import DefineFamily
from cora.equipment.features.degrade_asset import DegradeAsset
from cora.equipment.features.enter_asset_maintenance import EnterAssetMaintenance
from cora.equipment.features.exit_asset_maintenance import ExitAssetMaintenance
from cora.equipment.features.install_asset import InstallAsset
from cora.equipment.features.uninstall_asset import UninstallAsset
from cora.equipment.features.update_asset_settings import UpdateAssetSettings
from cora.equipment.features.update_family_settings_schema import UpdateFamilySettingsSchema
from cora.equipment.values import OwnerGiven, Port, PortDirection
from cora.kernel.errors import Refusal
from cora.kernel.slice import Command

PARTS = 1000
CLIENTS = 90


@pytest.fixture(scope="module")
async def scene(module_database_url: str) -> AsyncGenerator[Scene]:
    async with staged(module_database_url) as scene:
        yield scene


@pytest.mark.parametrize("where", ["several logs", "one log"])
async def test_a_thousand_registrations_under_one_parent_disturb_nobody(scene: Scene, where: Where) -> None:
    """All decide on the same state and append at once; none is told that anything it read has changed."""
    parent_id = await scene.asset()
    scene.arena.stale = scene.arena.locked = 0
    tries = [scene.registration(parent_id=parent_id) for _ in range(PARTS)]

    results = await scene.arena.race(*tries, where=where)

    assert len(winners(results)) == PARTS
    assert (scene.arena.stale, scene.arena.locked) == (0, 0)


@pytest.mark.parametrize("where", WHERE)
async def test_on_a_hot_record_every_answer_was_true(scene: Scene, where: Where) -> None:
    asset_id, mount_id = await scene.installed()
    answers = await asyncio.gather(*(_one_client(scene, asset_id, mount_id, n, where) for n in range(CLIENTS)))

    world = await scene.arena.judged()
    states = States(world, str(asset_id), str(mount_id))
    refusals = 0
    for before, result, after in answers:
        if isinstance(result, Refusal):
            refusals += 1
            states.require_true(result, before, after)
        else:
            assert before <= result.position <= after
    assert 0 < refusals < CLIENTS


async def _one_client(scene: Scene, asset_id: UUID, mount_id: UUID, n: int, where: Where) -> tuple[int, Any, int]:
    commands: tuple[Command, ...] = (
        EnterAssetMaintenance(asset_id=asset_id),
        ExitAssetMaintenance(asset_id=asset_id),
        DegradeAsset(asset_id=asset_id, reason="noisy"),
        UninstallAsset(mount_id=mount_id, reason="swap"),
        InstallAsset(mount_id=mount_id, asset_id=asset_id),
        DecommissionAsset(asset_id=asset_id, reason="worn"),
    )
    before = await scene.arena.head()
    (result,) = await scene.arena.race(commands[n % len(commands)], where=where)
    return before, result, await scene.arena.head()


class States:
    """What a few commands could have been refused for, after every position of the log."""

    def __init__(self, world: Judged, asset_id: str, mount_id: str) -> None:
        self._at: list[tuple[str | None, bool]] = [(None, False)]
        lifecycle, installed = None, False
        after = {
            "AssetRegistered": "Commissioned",
            "AssetActivated": "Active",
            "AssetMaintenanceEntered": "Maintenance",
            "AssetMaintenanceExited": "Active",
            "AssetDecommissioned": "Decommissioned",
        }
        for entry in world.entries:
            if entry.stream == asset_id:
                lifecycle = after.get(entry.kind, lifecycle)
            if entry.stream == mount_id and entry.kind != "MountRegistered":
                installed = entry.kind == "MountAssetInstalled"
            self._at.append((lifecycle, installed))

    def require_true(self, refusal: Refusal, before: int, after: int) -> None:
        """Raises `AssertionError` unless the refusal was true somewhere between two positions."""
        between = self._at[before : after + 1]
        told = refusal.members()
        match refusal.code():
            case "AssetIsInstalled":
                was = any(installed for _, installed in between)
            case "MountIsEmpty":
                was = any(not installed for _, installed in between)
            case "AssetNotInstallable" | "AssetCannotEnterMaintenance" | "AssetCannotExitMaintenance":
                wanted = "Maintenance" if "Exit" in refusal.code() else "Active"
                was = told["lifecycle"] != wanted and any(lifecycle == told["lifecycle"] for lifecycle, _ in between)
            case "AssetCannotDecommission":
                was = any(lifecycle == "Decommissioned" for lifecycle, _ in between)
            case other:
                raise AssertionError(f"{other} is no answer to any of these commands")
        assert was, f"{refusal.code()} {told} was never true between {before} and {after}"


@pytest.mark.parametrize("where", WHERE)
async def test_ninety_clients_that_all_change_one_record_are_all_recorded(scene: Scene, where: Where) -> None:
    """Nobody is starved and nobody is told to try again: whoever loses three times decides under the lock."""
    asset_id = await scene.asset(owners=(OwnerGiven("APS"),))
    tries = [
        AddAssetPort(asset_id=asset_id, port=Port(f"port-{number}", PortDirection.INPUT, "TTL"))
        for number in range(CLIENTS)
    ]
    results = await scene.arena.race(*tries, where=where)
    assert [type(each).__name__ for each in losers(results)] == []
    world = await scene.arena.judged()
    assert len(world.records[str(asset_id)]["ports"]) == CLIENTS
    assert sorted(answer.version for answer in winners(results)) == list(range(3, 3 + CLIENTS))


@pytest.mark.parametrize("where", WHERE)
async def test_what_an_asset_holds_is_added_once(scene: Scene, where: Where) -> None:
    asset_id, family_id = await scene.asset(model_id=None), await scene.do(DefineFamily(name=fresh("family")))
    adding: dict[str, Command] = {
        "AssetOwnerAlreadyPresent": AddAssetOwner(asset_id=asset_id, owner=OwnerGiven("APS")),
        "AssetFamilyAlreadyPresent": AddAssetFamily(asset_id=asset_id, family_id=family_id),
        "AssetPortAlreadyPresent": AddAssetPort(asset_id=asset_id, port=Port("in", PortDirection.INPUT, "TTL")),
        "AssetCannotEnterMaintenance": EnterAssetMaintenance(asset_id=asset_id),
    }
    results = await scene.arena.race(*(command for command in adding.values() for _ in range(8)), where=where)
    for number, code in enumerate(adding):
        mine = results[8 * number : 8 * number + 8]
        assert len(winners(mine)) == 1
        assert {refusal.code() for refusal in losers(mine)} == {code}
    await scene.arena.judged()


@pytest.mark.parametrize("where", WHERE)
async def test_settings_satisfy_the_schema_as_it_was(scene: Scene, where: Where) -> None:
    family_id = await scene.do(DefineFamily(name=fresh("family")))
    asset_id = await scene.asset(model_id=None, family_ids=(family_id,))
    await scene.do(UpdateFamilySettingsSchema(family_id=family_id, settings_schema=_speeds_up_to(5)))
    tries: list[Command] = []
    for number in range(8):
        schema = _speeds_up_to(5 if number % 2 else 50)
        tries.append(UpdateFamilySettingsSchema(family_id=family_id, settings_schema=schema))
        tries.append(UpdateAssetSettings(asset_id=asset_id, patch={"speed": 10 + number if number % 2 else number}))

    results = await scene.arena.race(*tries, where=where)

    assert losers(results[::2]) == []
    assert {type(each) for each in losers(results)} <= {InvalidAssetSettingsError}
    await scene.arena.judged()


def _speeds_up_to(maximum: int) -> dict[str, Any]:
    return {"type": "object", "properties": {"speed": {"type": "number", "maximum": maximum}}}


async def test_an_asset_is_activated_once(scene: Scene) -> None:
    asset_id = await scene.asset(active=False)
    results = await scene.arena.race(*[ActivateAsset(asset_id=asset_id)] * 40)
    assert len(winners(results)) == 1
    assert {refusal.code() for refusal in losers(results)} == {"AssetCannotActivate"}
    await scene.arena.judged()
