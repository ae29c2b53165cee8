"""Frames and mounts: what is carried out, and every refusal of their rows."""

from collections.abc import AsyncGenerator
from typing import Any

import pytest
from tests.integration.refusals import SURFACES, Cases, Done, Refused, Tried
from tests.integration.scenario import UNKNOWN, World
from tests.integration.surfaces import surfaces

from cora.equipment.aggregates.asset.errors import AssetNotFoundError
from cora.equipment.aggregates.frame import FrameNameTakenError, FrameNotFoundError, InvalidFrameRootError
from cora.equipment.aggregates.mount import (
    AssetAlreadyInstalledElsewhereError,
    AssetNotInstallableError,
    MountAlreadyExistsError,
    MountAlreadyOccupiedError,
    MountHasFixtureBoundAssetError,
    MountIsEmptyError,
    MountNotFoundError,
)
from cora.surfaces.start import Opened

CASES = Cases()
refuses, does = CASES.refuses, CASES.does


@pytest.fixture(scope="module")
async def world(module_cora: Opened) -> AsyncGenerator[World]:
    async with surfaces(module_cora) as shown:
        yield World(shown)


@does("register_frame", "FrameRegistered")
async def a_root_frame(world: World) -> Tried:
    name = world.name("Source")
    return Tried({"name": name}, {"name": name, "parent_id": None, "placement": None, "status": "Active"})


@does("register_frame", "FrameRegistered")
async def a_frame_in_another_that_replaces_a_third(world: World) -> Tried:
    parent, old = await world.frame(), await world.frame()
    supersedes = {"predecessor_frame_id": old, "transform_from_predecessor": {"parent_frame_id": old, "x": 0.5}}
    given: dict[str, Any] = {
        "name": world.name("Hutch"),
        "parent_id": parent,
        "placement": {"parent_frame_id": parent, "z": 50500.0},
    }
    return Tried({**given, "supersedes": supersedes}, {"name": given["name"], "parent_id": parent})


@refuses("register_frame", InvalidFrameRootError)
async def a_placement_without_a_parent(world: World) -> Tried:
    return Tried(
        {"name": "Hutch", "placement": {"parent_frame_id": UNKNOWN}},
        {"parent_id": None, "parent_frame_id": UNKNOWN},
        "parent",
    )


@refuses("register_frame", InvalidFrameRootError)
async def a_parent_without_a_placement(world: World) -> Tried:
    return Tried({"name": "Hutch", "parent_id": UNKNOWN}, {"parent_id": UNKNOWN, "parent_frame_id": None}, "parent")


@refuses("register_frame", InvalidFrameRootError)
async def a_placement_in_another_frame_than_the_parent(world: World) -> Tried:
    one, other = await world.frame(), await world.frame()
    return Tried(
        {"name": "Hutch", "parent_id": one, "placement": {"parent_frame_id": other}},
        {"parent_id": one, "parent_frame_id": other},
        "parent",
    )


@refuses("register_frame", FrameNotFoundError)
async def an_unknown_parent_frame(world: World) -> Tried:
    return Tried(
        {"name": "Hutch", "parent_id": UNKNOWN, "placement": {"parent_frame_id": UNKNOWN}}, {"id": UNKNOWN}, "no frame"
    )


@refuses("register_frame", FrameNotFoundError)
async def an_unknown_predecessor_comes_before_a_used_name(world: World) -> Tried:
    await world.frame(name="Used")
    supersedes = {"predecessor_frame_id": UNKNOWN, "transform_from_predecessor": {"parent_frame_id": UNKNOWN}}
    return Tried({"name": "Used", "supersedes": supersedes}, {"id": UNKNOWN}, "no frame")


@refuses("register_frame", FrameNameTakenError)
async def a_frame_beside_it_has_the_name(world: World) -> Tried:
    parent = await world.frame()
    inside = {"parent_id": parent, "placement": {"parent_frame_id": parent}}
    sibling = await world.frame(name="Table", **inside)
    return Tried({"name": "TABLE", **inside}, {"name": "TABLE", "existing_id": sibling}, "choose another name")


async def _mount(world: World, **given: Any) -> dict[str, Any]:
    return {"slot_code": world.name("02-BM"), "placement": await world.placement(y=800.0), **given}


@does("register_mount", "MountRegistered")
async def a_mount_under_another(world: World) -> Tried:
    given = await _mount(world, parent_id=await world.mount())
    shown = {"slot_code": given["slot_code"], "parent_id": given["parent_id"], "installed_asset_id": None}
    return Tried(given, shown)


@refuses("register_mount", FrameNotFoundError)
async def an_unknown_frame_comes_before_an_unknown_parent(world: World) -> Tried:
    given = await _mount(world, placement={"parent_frame_id": UNKNOWN}, parent_id=UNKNOWN)
    return Tried(given, {"id": UNKNOWN}, "no frame")


@refuses("register_mount", MountNotFoundError)
async def an_unknown_parent_comes_before_a_used_code(world: World) -> Tried:
    await world.mount(slot_code="used first")
    return Tried(await _mount(world, slot_code="used first", parent_id=UNKNOWN), {"id": UNKNOWN}, "no mount")


@refuses("register_mount", MountAlreadyExistsError)
async def a_used_code(world: World) -> Tried:
    mount = await world.mount(slot_code="02-bm-b")
    return Tried(
        await _mount(world, slot_code="02-BM-B"), {"slot_code": "02-BM-B", "existing_id": mount}, "choose another"
    )


@does("install_asset", "MountAssetInstalled")
async def an_active_asset(world: World) -> Tried:
    asset = await world.active()
    return Tried({"mount_id": await world.mount(), "asset_id": asset}, {"installed_asset_id": asset})


@does("install_asset")
async def the_asset_that_is_there(world: World) -> Tried:
    asset = await world.active()
    mount = await world.install(asset)
    await world.do("enter_asset_maintenance", asset_id=asset)
    return Tried({"mount_id": mount, "asset_id": asset}, {"installed_asset_id": asset})


@refuses("install_asset", AssetNotFoundError)
async def an_unknown_asset_in_an_occupied_mount(world: World) -> Tried:
    mount = await world.install(await world.active())
    return Tried({"mount_id": mount, "asset_id": UNKNOWN}, {"id": UNKNOWN}, "no asset")


@refuses("install_asset", AssetNotInstallableError)
async def an_asset_that_is_not_in_service(world: World) -> Tried:
    mount, asset = await world.install(await world.active()), await world.asset()
    return Tried(
        {"mount_id": mount, "asset_id": asset},
        {"asset_id": asset, "lifecycle": "Commissioned"},
        "only an Active one can be installed",
    )


@refuses("install_asset", AssetNotInstallableError)
async def an_asset_in_maintenance_that_is_installed_elsewhere(world: World) -> Tried:
    asset = await world.installed()
    await world.do("enter_asset_maintenance", asset_id=asset)
    return Tried(
        {"mount_id": await world.mount(), "asset_id": asset},
        {"asset_id": asset, "lifecycle": "Maintenance"},
        "only an Active one can be installed",
    )


@refuses("install_asset", AssetAlreadyInstalledElsewhereError)
async def an_asset_from_elsewhere_into_an_occupied_mount(world: World) -> Tried:
    asset = await world.active()
    elsewhere, here = await world.install(asset), await world.install(await world.active())
    return Tried(
        {"mount_id": here, "asset_id": asset}, {"asset_id": asset, "mount_id": elsewhere}, "uninstall it there first"
    )


@refuses("install_asset", MountAlreadyOccupiedError)
async def an_occupied_mount(world: World) -> Tried:
    there = await world.active()
    mount = await world.install(there)
    return Tried(
        {"mount_id": mount, "asset_id": await world.active()},
        {"mount_id": mount, "installed_asset_id": there},
        "uninstall it first",
    )


@does("uninstall_asset", "MountAssetUninstalled")
async def out_of_its_mount(world: World) -> Tried:
    mount = await world.install(await world.active())
    return Tried({"mount_id": mount, "reason": "repair"}, {"installed_asset_id": None, "installed_at": None})


@refuses("uninstall_asset", MountIsEmptyError)
async def out_of_an_empty_mount(world: World) -> Tried:
    mount = await world.mount()
    return Tried({"mount_id": mount, "reason": "repair"}, {"mount_id": mount}, "Nothing is installed")


@refuses("uninstall_asset", MountHasFixtureBoundAssetError)
async def one_that_is_attached(world: World) -> Tried:
    asset = await world.active(family_ids=[await world.any_family()])
    mount = await world.install(asset)
    fixture = await world.fixture(asset)
    await world.do("attach_asset_to_fixture", asset_id=asset, fixture_id=fixture)
    return Tried(
        {"mount_id": mount, "reason": "repair"},
        {"mount_id": mount, "asset_id": asset, "fixture_id": fixture},
        "detach it first",
    )


@pytest.mark.parametrize("case", CASES.refused, ids=str)
async def test_refused(world: World, case: Refused) -> None:
    await case.check(world)


@pytest.mark.parametrize("surface", SURFACES)
@pytest.mark.parametrize("case", CASES.done, ids=str)
async def test_done(world: World, case: Done, surface: str) -> None:
    await case.check(world, surface)
