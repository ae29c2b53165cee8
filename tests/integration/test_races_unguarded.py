"""Every race can show the failure it looks for: without the check that guards it, it does."""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any
from unittest.mock import patch
from uuid import UUID

import pytest
from tests.integration.support.races import Many, Order, Where, arena
from tests.integration.support.scene import Scene
from tests.integration.test_races_definitions import (
    USES,
    Uses,
    a_model_of_a_family,
    a_role_and_a_version_without_it,
    a_version_of_an_assembly,
    one_name_for_several_assemblies,
    one_name_for_several_families,
    one_part_number_for_several_models,
    the_last_two_families_of_a_model,
)
from tests.integration.test_races_places import PAIRS

import cora.log.batch
from cora.equipment.aggregates.assembly import ASSEMBLY
from cora.equipment.aggregates.asset import ASSET
from cora.equipment.aggregates.facility import FACILITY
from cora.equipment.aggregates.family import FAMILY
from cora.equipment.aggregates.model import MODEL
from cora.equipment.aggregates.mount import MOUNT
from cora.equipment.features.attach_asset_to_fixture import AttachAssetToFixture
from cora.equipment.features.decommission_asset import DecommissionAsset
from cora.equipment.features.install_asset import InstallAsset
from cora.equipment.features.register_facility import RegisterFacility
from cora.equipment.features.relocate_asset import RelocateAsset
from cora.equipment.features.uninstall_asset import UninstallAsset
from cora.kernel.aggregate import Aggregate
from cora.kernel.reader import Append, DecodedStates, ReadSet, Stored
from cora.kernel.slice import Command
from cora.log.batch import Touched, read_rows

Race = Callable[[Scene, Where, Order], Awaitable[None]]
Patches = Sequence[Any]


def without(*which: int) -> Patches:
    """What was read arrives at the append without its versions (0), relations (1) or claims (2)."""

    def rows(number: int, reads: ReadSet) -> tuple[list[Any], list[Any], list[Any]]:
        kept = list(read_rows(number, reads))
        for each in which:
            kept[each] = []
        return kept[0], kept[1], kept[2]

    return [patch.object(cora.log.batch, "read_rows", rows)]


def _never(_: Touched, __: Append) -> bool:
    return False


def together() -> Patches:
    """A batch takes in whatever comes, also what an earlier request of it changes."""
    return [patch.object(Touched, "collide", _never)]


def unclaimed(aggregate: Any) -> Patches:
    """Records of a kind hold no claims, so two may have the same."""
    return [patch.dict(aggregate.__dict__, {"claims": lambda _state: ()})]  # pyright: ignore[reportUnknownLambdaType]


def outdated() -> Patches:
    """A record is decoded once and then stays as it was, whatever has happened to it."""
    known: dict[tuple[int, UUID], Any] = {}

    def first(decoded: DecodedStates, aggregate: Aggregate[Any], id: UUID, stored: Stored) -> Any:
        if stored.document is None or stored.kind != aggregate.kind:
            return None
        return known.setdefault((hash(decoded), id), aggregate.decode_state(stored.document))

    return [patch.object(DecodedStates, "state", first)]


async def attach_and_uninstall(scene: Scene, where: Where, order: Order) -> None:
    fixture_id, asset_id, mount_id = await scene.fixed()
    attaching = AttachAssetToFixture(asset_id=asset_id, fixture_id=fixture_id)
    await scene.arena.race(attaching, UninstallAsset(mount_id=mount_id, reason="swap"), where=where, order=order)


async def fix_and_uninstall(scene: Scene, where: Where, order: Order) -> None:
    asset_id, mount_id = await scene.installed()
    taking = UninstallAsset(mount_id=mount_id, reason="swap")
    await scene.arena.race(taking, scene.fixing(asset_id), where=where, order=order)


async def register_and_decommission_parent(scene: Scene, where: Where, order: Order) -> None:
    parent_id = await scene.asset()
    ending = DecommissionAsset(asset_id=parent_id, reason="worn")
    await scene.arena.race(scene.registration(parent_id=parent_id), ending, where=where, order=order)


async def install_and_decommission(scene: Scene, where: Where, order: Order) -> None:
    asset_id, mount_id = await scene.asset(), await scene.mount()
    installing = InstallAsset(mount_id=mount_id, asset_id=asset_id)
    await scene.arena.race(installing, DecommissionAsset(asset_id=asset_id, reason="worn"), where=where, order=order)


async def relocate_under_each_other(scene: Scene, where: Where, order: Order) -> None:
    one, other = await scene.asset(), await scene.asset()
    tries = [RelocateAsset(asset_id=a, to_parent_id=b, reason="rebuilt") for a, b in ((one, other), (other, one))]
    await scene.arena.race(*tries, where=where, order=order)


async def install_one_asset_twice(scene: Scene, where: Where, order: Order) -> None:
    asset_id = await scene.asset()
    tries = [InstallAsset(mount_id=await scene.mount(), asset_id=asset_id) for _ in range(4)]
    await scene.arena.race(*tries, where=where, order=order)


async def register_one_name_twice(scene: Scene, where: Where, order: Order) -> None:
    await scene.arena.race(*[scene.registration("Stage")] * 4, where=where, order=order)


async def register_one_code_twice(scene: Scene, where: Where, order: Order) -> None:
    await scene.arena.race(*[RegisterFacility(code="esrf", name="ESRF")] * 4, where=where, order=order)


def race_of(tries: Callable[[Scene], Awaitable[Sequence[Command]]]) -> Race:
    """The race between some commands."""

    async def race(scene: Scene, where: Where, order: Order) -> None:
        await scene.arena.race(*await tries(scene), where=where, order=order)

    return race


async def register_many_and_decommission_parent(scene: Scene, where: Where, order: Order) -> None:
    parent_id = await scene.asset()
    many = Many([scene.registration(parent_id=scene.root_id), scene.registration(parent_id=parent_id)])
    await scene.arena.race(many, DecommissionAsset(asset_id=parent_id, reason="worn"), where=where, order=order)


async def swap_and_install(scene: Scene, where: Where, order: Order) -> None:
    asset_id, mount_id = await scene.installed()
    other, other_mount = await scene.asset(), await scene.mount()
    swap = Many(
        [
            UninstallAsset(mount_id=mount_id, reason="swap"),
            DecommissionAsset(asset_id=asset_id, reason="worn"),
            InstallAsset(mount_id=mount_id, asset_id=other),
        ]
    )
    await scene.arena.race(swap, InstallAsset(mount_id=other_mount, asset_id=other), where=where, order=order)


@dataclass(frozen=True)
class Case:
    """A race that breaks when a check is switched off, if the clients come in this order."""

    race: Race
    switched_off: Callable[[], Patches]
    where: Where = "several logs"
    order: Order = "as listed"


def used_when_deprecated(uses: Uses) -> Case:
    """What uses a definition reads it, except where it is about it: then the state it decides on tells."""
    return Case(race_of(uses), outdated if uses is a_version_of_an_assembly else lambda: without(0))


def _of_pair(name: str) -> dict[str, Case]:
    """The checks that keep two commands of a pair from coming true both."""
    pair = PAIRS[name]

    async def race(scene: Scene, where: Where, order: Order) -> None:
        await scene.arena.race(*(await pair.arrange(scene)), where=where, order=order)

    if pair.on_one_record:
        return {
            f"{name}, as listed: the state of a version": Case(race, outdated),
            f"{name}, reversed: the state of a version": Case(race, outdated, order="reversed"),
        }
    # Of two alike, the second reads the record that the first changes; else it asks who points at its own.
    seen = 0 if pair.first_refused is pair.second_refused else 1
    return {
        f"{name}, as listed: {('versions', 'relations')[seen]}": Case(race, lambda: without(seen)),
        f"{name}, reversed: versions": Case(race, lambda: without(0), order="reversed"),
        f"{name} in one batch": Case(race, together, "one log", "at once"),
    }


CASES: dict[str, Case] = {
    "attached, then uninstalled: versions": Case(attach_and_uninstall, lambda: without(0)),
    "uninstalled, then attached: versions and claims": Case(
        attach_and_uninstall, lambda: without(0, 2), order="reversed"
    ),
    "attached and uninstalled in one batch": Case(attach_and_uninstall, together, "one log", "at once"),
    "uninstalled, then a fixture registered: versions and claims": Case(fix_and_uninstall, lambda: without(0, 2)),
    "uninstalled and a fixture registered in one batch": Case(fix_and_uninstall, together, "one log", "at once"),
    "a child registered, then its parent decommissioned: relations": Case(
        register_and_decommission_parent, lambda: without(1)
    ),
    "a parent decommissioned, then a child registered: versions": Case(
        register_and_decommission_parent, lambda: without(0), order="reversed"
    ),
    "a child and the end of its parent in one batch": Case(
        register_and_decommission_parent, together, "one log", "at once"
    ),
    "installed, then decommissioned: claims": Case(install_and_decommission, lambda: without(2)),
    "decommissioned, then installed: versions": Case(install_and_decommission, lambda: without(0), order="reversed"),
    "under each other: versions": Case(relocate_under_each_other, lambda: without(0)),
    "under each other in one batch": Case(relocate_under_each_other, together, "one log", "at once"),
    "many registered, then a parent decommissioned: relations": Case(
        register_many_and_decommission_parent, lambda: without(1)
    ),
    "a parent decommissioned, then many registered: versions": Case(
        register_many_and_decommission_parent, lambda: without(0), order="reversed"
    ),
    "installed, then swapped in by many commands: no claims": Case(
        swap_and_install, lambda: [*without(2), *unclaimed(MOUNT)], order="reversed"
    ),
    "one asset in several mounts: no claims": Case(install_one_asset_twice, lambda: unclaimed(MOUNT)),
    "one name under one parent: no claims": Case(register_one_name_twice, lambda: unclaimed(ASSET)),
    "one facility code: no claims": Case(register_one_code_twice, lambda: unclaimed(FACILITY)),
    **{f"{uses.__name__}, deprecated before": used_when_deprecated(uses) for uses in USES},
    "a family deprecated and used in one batch": Case(race_of(a_model_of_a_family), together, "one log", "at once"),
    "one name for several families: no claims": Case(race_of(one_name_for_several_families), lambda: unclaimed(FAMILY)),
    "one part number for several models: no claims": Case(
        race_of(one_part_number_for_several_models), lambda: unclaimed(MODEL)
    ),
    "one name for several assemblies: no claims": Case(
        race_of(one_name_for_several_assemblies), lambda: unclaimed(ASSEMBLY)
    ),
    "the last two families of a model: states": Case(race_of(the_last_two_families_of_a_model), outdated),
    "a role, then a version without what it requires: states": Case(race_of(a_role_and_a_version_without_it), outdated),
    "a version without what a role requires, then the role: states": Case(
        race_of(a_role_and_a_version_without_it), outdated, order="reversed"
    ),
    **{label: case for name in PAIRS for label, case in _of_pair(name).items()},
}


@pytest.mark.parametrize("guarded", [True, False], ids=["guarded", "unguarded"])
@pytest.mark.parametrize("name", list(CASES))
async def test_a_race_is_lost_only_without_its_guard(database_url: str, name: str, guarded: bool) -> None:
    case = CASES[name]
    async with arena(database_url, logs=2) as running:
        scene = await Scene(running).set()
        with ExitStack() as switched_off:
            for each in () if guarded else case.switched_off():
                switched_off.enter_context(each)
            await case.race(scene, case.where, case.order)
        if guarded:
            await running.judged()
        else:
            with pytest.raises(AssertionError, match="not so that"):
                await running.judged()
