"""What joins assets to others or parts them: relocating, attaching, detaching, decommissioning."""

from collections.abc import AsyncGenerator
from typing import Any

import pytest
from tests.integration.refusals import SURFACES, Cases, Done, Refused, Tried
from tests.integration.scenario import UNKNOWN, World
from tests.integration.surfaces import surfaces

from cora.equipment.aggregates.asset.errors import (
    AssetAlreadyAttachedToFixtureError,
    AssetAttachedToDifferentFixtureError,
    AssetCannotAttachToFixtureError,
    AssetCannotDecommissionError,
    AssetCannotRelocateError,
    AssetHasActiveChildrenError,
    AssetHasControlledAssetsError,
    AssetHasFixtureBindingError,
    AssetIsDecommissionedError,
    AssetIsInstalledError,
    AssetNameTakenError,
    AssetNotAttachedToFixtureError,
    AssetNotBoundInFixtureError,
    ParentIsDecommissionedError,
    ParentNotFoundError,
)
from cora.equipment.aggregates.fixture import FixtureAssetNotInstalledError, FixtureNotFoundError
from cora.surfaces.start import Opened

CASES = Cases()
refuses, does = CASES.refuses, CASES.does


@pytest.fixture(scope="module")
async def world(module_cora: Opened) -> AsyncGenerator[World]:
    async with surfaces(module_cora) as shown:
        yield World(shown)


# Relocating


def _move(asset: str, to: str) -> dict[str, Any]:
    return {"asset_id": asset, "to_parent_id": to, "reason": "rebuilt"}


async def _part(world: World, **given: Any) -> str:
    return await world.asset(**{"parent_id": await world.asset(), **given})


@does("relocate_asset", "AssetRelocated")
async def to_another_parent(world: World) -> Tried:
    to = await world.asset()
    return Tried(_move(await _part(world), to), {"parent_id": to})


@refuses("relocate_asset", AssetIsDecommissionedError)
async def a_dead_one_to_nowhere(world: World) -> Tried:
    asset = await world.dead()
    return Tried(_move(asset, UNKNOWN), {"asset_id": asset}, "register a new asset")


def _cannot(asset: str, to: str, why: str) -> Tried:
    return Tried(_move(asset, to), {"asset_id": asset, "to_parent_id": to, "why": why}, why)


@refuses("relocate_asset", AssetCannotRelocateError)
async def a_root(world: World) -> Tried:
    return _cannot(await world.asset(), UNKNOWN, "it is a root and stands in its facility")


@refuses("relocate_asset", AssetCannotRelocateError)
async def under_itself(world: World) -> Tried:
    asset = await _part(world)
    return _cannot(asset, asset, "that is the asset itself")


@refuses("relocate_asset", AssetCannotRelocateError)
async def under_its_own_part(world: World) -> Tried:
    asset = await _part(world)
    grandchild = await world.asset(parent_id=await world.asset(parent_id=asset))
    return _cannot(asset, grandchild, "that is a part of the asset")


@refuses("relocate_asset", AssetCannotRelocateError)
async def where_it_stands(world: World) -> Tried:
    parent = await world.asset()
    return _cannot(await world.asset(parent_id=parent), parent, "it stands there already")


@refuses("relocate_asset", AssetCannotRelocateError)
async def deeper_than_64_levels(world: World) -> Tried:
    deepest = await world.asset()
    for _ in range(63):
        deepest = await world.asset(parent_id=deepest)
    return _cannot(await _part(world), deepest, "it would stand deeper than 64 levels")


@does("relocate_asset", "AssetRelocated")
async def as_deep_as_64_levels(world: World) -> Tried:
    deepest = await world.asset()
    for _ in range(62):
        deepest = await world.asset(parent_id=deepest)
    return Tried(_move(await _part(world), deepest), {"parent_id": deepest})


@refuses("relocate_asset", ParentNotFoundError)
async def under_an_unknown_parent(world: World) -> Tried:
    return Tried(_move(await _part(world), UNKNOWN), {"id": UNKNOWN}, "register it first")


@refuses("relocate_asset", ParentIsDecommissionedError)
async def a_dead_parent_comes_before_a_used_name(world: World) -> Tried:
    parent = await world.asset()
    name = world.name("Child")
    await world.do("decommission_asset", asset_id=await world.asset(name=name, parent_id=parent), reason="broken")
    await world.do("decommission_asset", asset_id=parent, reason="broken")
    return Tried(_move(await _part(world, name=name), parent), {"parent_id": parent}, "name another parent")


@refuses("relocate_asset", AssetNameTakenError)
async def beside_one_of_its_name(world: World) -> Tried:
    to = await world.asset()
    sibling = await world.asset(name="Camera", parent_id=to)
    asset = await _part(world, name="CAMERA")
    return Tried(_move(asset, to), {"name": "CAMERA", "existing_id": sibling}, "choose another name")


# Attaching and detaching


@does("attach_asset_to_fixture", "AssetAttachedToFixture")
async def to_the_fixture_that_binds_it(world: World) -> Tried:
    asset = await world.installed()
    fixture = await world.fixture(asset)
    return Tried({"asset_id": asset, "fixture_id": fixture}, {"fixture_id": fixture})


@refuses("attach_asset_to_fixture", FixtureNotFoundError)
async def to_an_unknown_fixture(world: World) -> Tried:
    return Tried({"asset_id": await world.dead(), "fixture_id": UNKNOWN}, {"id": UNKNOWN}, "no fixture")


@refuses("attach_asset_to_fixture", AssetAlreadyAttachedToFixtureError)
async def to_another_fixture_while_attached(world: World) -> Tried:
    asset, fixture = await world.attached()
    other = await world.fixture()
    return Tried(
        {"asset_id": asset, "fixture_id": other}, {"asset_id": asset, "fixture_id": fixture}, "detach it first"
    )


@refuses("attach_asset_to_fixture", AssetAlreadyAttachedToFixtureError)
async def to_the_same_fixture_again(world: World) -> Tried:
    asset, fixture = await world.attached()
    both = {"asset_id": asset, "fixture_id": fixture}
    return Tried(both, both, "detach it first")


@refuses("attach_asset_to_fixture", AssetCannotAttachToFixtureError)
async def a_dead_one_that_no_slot_names(world: World) -> Tried:
    asset = await world.dead()
    return Tried(
        {"asset_id": asset, "fixture_id": await world.fixture()},
        {"asset_id": asset, "lifecycle": "Decommissioned"},
        "cannot be attached",
    )


@refuses("attach_asset_to_fixture", AssetNotBoundInFixtureError)
async def to_a_fixture_that_does_not_bind_it(world: World) -> Tried:
    both = {"asset_id": await world.active(), "fixture_id": await world.fixture()}
    return Tried(both, both, "register a fixture that binds it first")


@refuses("attach_asset_to_fixture", FixtureAssetNotInstalledError)
async def one_that_was_taken_out_of_its_mount(world: World) -> Tried:
    asset = await world.active(family_ids=[await world.any_family()])
    mount = await world.install(asset)
    fixture = await world.fixture(asset)
    await world.do("uninstall_asset", mount_id=mount, reason="repair")
    return Tried({"asset_id": asset, "fixture_id": fixture}, {"asset_id": asset}, "install it first")


@does("detach_asset_from_fixture", "AssetDetachedFromFixture")
async def from_its_fixture(world: World) -> Tried:
    asset, fixture = await world.attached()
    return Tried({"asset_id": asset, "fixture_id": fixture}, {"fixture_id": None})


@refuses("detach_asset_from_fixture", AssetNotAttachedToFixtureError)
async def one_that_is_bound_but_not_attached(world: World) -> Tried:
    asset = await world.installed()
    fixture = await world.fixture(asset)
    return Tried({"asset_id": asset, "fixture_id": fixture}, {"asset_id": asset}, "attached to no fixture")


@refuses("detach_asset_from_fixture", AssetAttachedToDifferentFixtureError)
async def from_another_fixture(world: World) -> Tried:
    asset, fixture = await world.attached()
    return Tried(
        {"asset_id": asset, "fixture_id": UNKNOWN},
        {"asset_id": asset, "fixture_id": fixture, "expected_fixture_id": UNKNOWN},
        "name that one",
    )


# Decommissioning


def _end(asset: str) -> dict[str, Any]:
    return {"asset_id": asset, "reason": "worn out"}


@does("decommission_asset", "AssetDecommissioned")
async def for_good(world: World) -> Tried:
    return Tried(_end(await world.active()), {"lifecycle": "Decommissioned"})


@refuses("decommission_asset", AssetHasFixtureBindingError)
async def one_that_is_attached_and_installed(world: World) -> Tried:
    asset, fixture = await world.attached()
    return Tried(_end(asset), {"asset_id": asset, "fixture_id": fixture}, "detach it first")


@refuses("decommission_asset", AssetIsInstalledError)
async def one_that_is_installed_and_has_parts(world: World) -> Tried:
    asset = await world.active()
    await world.asset(parent_id=asset)
    mount = await world.install(asset)
    return Tried(_end(asset), {"asset_id": asset, "mount_id": mount}, "uninstall it first")


@refuses("decommission_asset", AssetHasActiveChildrenError)
async def one_that_has_parts_and_controls_others(world: World) -> Tried:
    asset = await world.asset()
    children = [await world.asset(parent_id=asset) for _ in range(2)]
    await world.asset(controller_id=asset)
    return Tried(_end(asset), {"asset_id": asset, "child_id": min(children)}, "decommission or relocate it")


@refuses("decommission_asset", AssetHasControlledAssetsError)
async def one_that_controls_others(world: World) -> Tried:
    asset = await world.asset()
    controlled = [await world.asset(controller_id=asset) for _ in range(2)]
    return Tried(_end(asset), {"asset_id": asset, "controlled_id": min(controlled)}, "another controller first")


@does("decommission_asset", "AssetDecommissioned")
async def one_whose_parts_are_all_dead(world: World) -> Tried:
    asset = await world.asset()
    await world.dead(parent_id=asset)
    return Tried(_end(asset), {"lifecycle": "Decommissioned"})


@refuses("decommission_asset", AssetCannotDecommissionError)
async def one_that_is_dead(world: World) -> Tried:
    asset = await world.dead()
    return Tried(_end(asset), {"asset_id": asset, "lifecycle": "Decommissioned"}, "already")


@pytest.mark.parametrize("case", CASES.refused, ids=str)
async def test_refused(world: World, case: Refused) -> None:
    await case.check(world)


@pytest.mark.parametrize("surface", SURFACES)
@pytest.mark.parametrize("case", CASES.done, ids=str)
async def test_done(world: World, case: Done, surface: str) -> None:
    await case.check(world, surface)
