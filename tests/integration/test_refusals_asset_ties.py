"""What ties assets to others: their model and controller, relocating, attaching, detaching, decommissioning."""

from collections.abc import AsyncGenerator
from typing import Any

import pytest
from tests.integration.refusals import SURFACES, Cases, Done, Refused, Tried, at
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
    AssetModelMismatchError,
    AssetNameTakenError,
    AssetNotAttachedToFixtureError,
    AssetNotBoundInFixtureError,
    ControllerCycleError,
    ControllerIsDecommissionedError,
    ControllerNotFoundError,
    ParentIsDecommissionedError,
    ParentNotFoundError,
)
from cora.equipment.aggregates.fixture import (
    FixtureAssetNotInstalledError,
    FixtureIsRetiredError,
    FixtureNotFoundError,
)
from cora.equipment.aggregates.model import ModelDeprecatedError, ModelNotFoundError
from cora.kernel.errors import InvalidRequestError
from cora.surfaces.start import Opened

CASES = Cases()
refuses, does = CASES.refuses, CASES.does


@pytest.fixture(scope="module")
async def world(module_cora: Opened) -> AsyncGenerator[World]:
    async with surfaces(module_cora) as shown:
        yield World(shown)


# The model


def _bind(asset: str, model: str, **given: Any) -> dict[str, Any]:
    return {"asset_id": asset, "model_id": model, **given}


@does("bind_asset_model", "AssetModelBound")
async def its_first_model(world: World) -> Tried:
    model = await world.model()
    return Tried(_bind(await world.asset(), model), {"model_id": model})


@does("bind_asset_model", "AssetModelBound")
async def another_model_with_a_reason(world: World) -> Tried:
    model = await world.model()
    return Tried(_bind(await world.made_by(), model, reason="misread label"), {"model_id": model})


@does("bind_asset_model")
async def the_model_it_has(world: World) -> Tried:
    model = await world.model()
    return Tried(_bind(await world.asset(model_id=model), model), {"model_id": model})


@refuses("bind_asset_model", AssetIsDecommissionedError)
async def an_unknown_model_of_a_dead_one(world: World) -> Tried:
    asset = await world.dead()
    return Tried(_bind(asset, UNKNOWN), {"asset_id": asset}, "register a new asset")


@refuses("bind_asset_model", ModelNotFoundError)
async def an_unknown_model(world: World) -> Tried:
    return Tried(_bind(await world.made_by(), UNKNOWN), {"id": UNKNOWN}, "no model")


@refuses("bind_asset_model", ModelDeprecatedError)
async def a_model_that_is_no_longer_sold(world: World) -> Tried:
    model = await world.deprecated_model()
    return Tried({"asset_id": await world.asset(), "model_id": model}, {"model_id": model}, "deprecated")


@refuses("bind_asset_model", AssetModelMismatchError)
async def a_model_that_does_not_declare_its_families(world: World) -> Tried:
    families = [await world.family() for _ in range(2)]
    asset = await world.asset(family_ids=families, model_id=await world.model(*families))
    model = await world.model(await world.family())
    return Tried(
        _bind(asset, model), {"model_id": model, "family_id": min(families)}, "add the family to the model first"
    )


@refuses("bind_asset_model", InvalidRequestError)
async def another_model_without_a_reason(world: World) -> Tried:
    first = await world.model()
    asset = await world.asset(model_id=first)
    return Tried(_bind(asset, await world.model()), {"errors": at("/reason")}, first)


# The controller


def _controls(asset: str, controller: str | None) -> dict[str, Any]:
    return {"asset_id": asset, "controller_id": controller}


@does("set_asset_controller", "AssetControllerSet")
async def a_controller(world: World) -> Tried:
    controller = await world.asset()
    return Tried(_controls(await world.asset(), controller), {"controller_id": controller})


@does("set_asset_controller", "AssetControllerSet")
async def no_controller_any_more(world: World) -> Tried:
    return Tried(_controls(await world.asset(controller_id=await world.asset()), None), {"controller_id": None})


@does("set_asset_controller")
async def the_controller_it_has(world: World) -> Tried:
    controller = await world.asset()
    return Tried(_controls(await world.asset(controller_id=controller), controller), {"controller_id": controller})


@refuses("set_asset_controller", AssetIsDecommissionedError)
async def an_unknown_controller_of_a_dead_one(world: World) -> Tried:
    asset = await world.dead()
    return Tried(_controls(asset, UNKNOWN), {"asset_id": asset}, "register a new asset")


@refuses("set_asset_controller", ControllerNotFoundError)
async def an_unknown_controller(world: World) -> Tried:
    return Tried(_controls(await world.asset(), UNKNOWN), {"id": UNKNOWN}, "register it first")


@refuses("set_asset_controller", ControllerIsDecommissionedError)
async def a_dead_controller_comes_before_a_cycle(world: World) -> Tried:
    asset = await world.asset()
    controller = await world.dead(controller_id=asset)
    return Tried(_controls(asset, controller), {"controller_id": controller}, "name another controller")


def _in_a_circle(asset: str, controller: str, why: str) -> Tried:
    return Tried(_controls(asset, controller), {"asset_id": asset, "controller_id": controller, "why": why}, why)


@refuses("set_asset_controller", ControllerCycleError)
async def itself(world: World) -> Tried:
    asset = await world.asset()
    return _in_a_circle(asset, asset, "that is the asset itself")


@refuses("set_asset_controller", ControllerCycleError)
async def what_it_controls_through_another(world: World) -> Tried:
    asset = await world.asset()
    last = await world.asset(controller_id=await world.asset(controller_id=asset))
    return _in_a_circle(asset, last, "it is controlled by the asset, directly or through others")


@refuses("set_asset_controller", ControllerCycleError)
async def the_end_of_a_line_of_64(world: World) -> Tried:
    last = await world.asset()
    for _ in range(63):
        last = await world.asset(controller_id=last)
    why = "the line of its controllers would be longer than 64 assets"
    return _in_a_circle(await world.asset(), last, why)


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


@refuses("attach_asset_to_fixture", FixtureIsRetiredError)
async def to_a_retired_fixture_while_attached(world: World) -> Tried:
    asset, _ = await world.attached()
    fixture = await world.retired()
    return Tried({"asset_id": asset, "fixture_id": fixture}, {"fixture_id": fixture}, "register a new one")


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
