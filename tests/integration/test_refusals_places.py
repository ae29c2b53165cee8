"""Frames and mounts: what is carried out, and every refusal of their rows."""

from collections.abc import AsyncGenerator
from typing import Any

import pytest
from tests.integration.refusals import SURFACES, Cases, Done, Refused, Tried
from tests.integration.scenario import UNKNOWN, World
from tests.integration.surfaces import surfaces

from cora.equipment.aggregates.asset.errors import AssetNotFoundError
from cora.equipment.aggregates.frame import (
    FrameCannotDecommissionError,
    FrameCannotUpdateError,
    FrameInUseError,
    FrameIsDecommissionedError,
    FrameNameTakenError,
    FrameNotFoundError,
    InvalidFrameRootError,
)
from cora.equipment.aggregates.mount import (
    AssetAlreadyInstalledElsewhereError,
    AssetNotInstallableError,
    MountAlreadyExistsError,
    MountAlreadyOccupiedError,
    MountCannotDecommissionError,
    MountCannotUpdateError,
    MountHasActiveChildrenError,
    MountHasAssetInstalledError,
    MountHasFixtureBoundAssetError,
    MountIsDecommissionedError,
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


def _inside(parent: str, **given: float) -> dict[str, Any]:
    return {"parent_id": parent, "placement": {"parent_frame_id": parent, **given}}


@refuses("register_frame", FrameIsDecommissionedError)
async def a_decommissioned_parent_frame(world: World) -> Tried:
    parent = await world.gone_frame()
    return Tried({"name": "Table", **_inside(parent)}, {"frame_id": parent}, "choose another")


@does("register_frame", "FrameRegistered")
async def a_name_that_was_freed(world: World) -> Tried:
    parent, name = await world.frame(), world.name("Freed")
    await world.gone_frame(name=name, **_inside(parent))
    return Tried({"name": name, **_inside(parent)}, {"name": name, "parent_id": parent})


@refuses("register_frame", FrameNameTakenError)
async def a_frame_beside_it_has_the_name(world: World) -> Tried:
    parent = await world.frame()
    sibling = await world.frame(name="Table", **_inside(parent))
    return Tried({"name": "TABLE", **_inside(parent)}, {"name": "TABLE", "existing_id": sibling}, "choose another name")


# Frames that are there


@does("update_frame_placement", "FramePlacementUpdated")
async def after_a_survey(world: World) -> Tried:
    parent, numbers = await world.frame(), ("x", "y", "rx", "ry", "rz", "tol_x", "tol_y", "tol_rx", "tol_ry", "tol_rz")
    frame = await world.frame(**_inside(parent, z=1.5))
    placement = {"parent_frame_id": parent, "z": 1.625, "tol_z": 0.125}
    whole = {**dict.fromkeys(numbers, 0.0), "reference_surface": "MountingFace", "units": "SI_mm_rad", **placement}
    return Tried(
        {"frame_id": frame, "placement": placement, "survey_note": "laser tracker, 3 May"}, {"placement": whole}
    )


@does("update_frame_placement")
async def where_the_frame_stands(world: World) -> Tried:
    parent = await world.frame()
    frame = await world.frame(**_inside(parent, z=1.5))
    return Tried({"frame_id": frame, "placement": {"parent_frame_id": parent, "z": 1.5}}, {"parent_id": parent})


@refuses("update_frame_placement", FrameCannotUpdateError)
async def a_decommissioned_frame_in_an_unknown_one(world: World) -> Tried:
    frame = await world.gone_frame(**_inside(await world.frame()))
    why = "it is Decommissioned"
    return Tried({"frame_id": frame, "placement": {"parent_frame_id": UNKNOWN}}, {"frame_id": frame, "why": why}, why)


@refuses("update_frame_placement", FrameCannotUpdateError)
async def a_root_frame_in_another(world: World) -> Tried:
    frame, other = await world.frame(), await world.frame()
    why = "it is a root and placed in nothing; place what stands in it"
    return Tried({"frame_id": frame, "placement": {"parent_frame_id": other}}, {"frame_id": frame, "why": why}, why)


@refuses("update_frame_placement", InvalidFrameRootError)
async def a_frame_in_another_than_its_parent(world: World) -> Tried:
    parent, other = await world.frame(), await world.frame()
    frame = await world.frame(**_inside(parent))
    return Tried(
        {"frame_id": frame, "placement": {"parent_frame_id": other}},
        {"parent_id": parent, "parent_frame_id": other},
        "placed in its parent",
    )


@does("decommission_frame", "FrameDecommissioned")
async def a_frame_whose_content_is_decommissioned(world: World) -> Tried:
    frame = await world.frame()
    await world.gone_frame(**_inside(frame))
    await world.gone_mount(placement={"parent_frame_id": frame})
    return Tried({"frame_id": frame, "reason": "torn down"}, {"status": "Decommissioned"})


@refuses("decommission_frame", FrameCannotDecommissionError)
async def a_frame_that_is_decommissioned(world: World) -> Tried:
    frame = await world.gone_frame()
    members = {"frame_id": frame, "frame_status": "Decommissioned"}
    return Tried({"frame_id": frame, "reason": "torn down"}, members, "already")


@refuses("decommission_frame", FrameInUseError)
async def a_frame_with_mounts_and_frames_in_it(world: World) -> Tried:
    frame = await world.frame()
    mounts = [await world.mount(placement={"parent_frame_id": frame}) for _ in range(2)]
    children = [await world.frame(**_inside(frame)) for _ in range(2)]
    return Tried(
        {"frame_id": frame, "reason": "torn down"},
        {"frame_id": frame, "mount_ids": sorted(mounts), "child_ids": sorted(children)},
        "decommission them first",
    )


# Mounts


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


@refuses("register_mount", FrameIsDecommissionedError)
async def a_decommissioned_frame_comes_before_an_unknown_parent(world: World) -> Tried:
    frame = await world.gone_frame()
    given = await _mount(world, placement={"parent_frame_id": frame}, parent_id=UNKNOWN)
    return Tried(given, {"frame_id": frame}, "choose another")


@refuses("register_mount", MountIsDecommissionedError)
async def a_decommissioned_parent_comes_before_a_used_code(world: World) -> Tried:
    await world.mount(slot_code="used too")
    parent = await world.gone_mount()
    given = await _mount(world, slot_code="used too", parent_id=parent)
    return Tried(given, {"mount_id": parent}, "name another parent")


@does("register_mount", "MountRegistered")
async def a_code_that_was_freed(world: World) -> Tried:
    code = world.name("freed")
    await world.gone_mount(slot_code=code)
    return Tried(await _mount(world, slot_code=code), {"slot_code": code})


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


_DRAWING = {"system": "EDMS", "number": "630C2125", "revision": "02"}


def _gone(mount: str, **given: Any) -> Tried:
    members = {"mount_id": mount, "mount_status": "Decommissioned"}
    return Tried({"mount_id": mount, **given}, members, "only an Active one changes")


@does("set_mount_drawing", "MountDrawingSet")
async def a_drawing_of_a_mount(world: World) -> Tried:
    return Tried({"mount_id": await world.mount(), "drawing": _DRAWING}, {"drawing": _DRAWING})


@does("set_mount_drawing", "MountDrawingSet")
async def no_drawing_of_a_mount_any_more(world: World) -> Tried:
    return Tried({"mount_id": await world.mount(drawing=_DRAWING), "drawing": None}, {"drawing": None})


@does("set_mount_drawing")
async def the_drawing_it_has(world: World) -> Tried:
    return Tried({"mount_id": await world.mount(drawing=_DRAWING), "drawing": _DRAWING}, {"drawing": _DRAWING})


@refuses("set_mount_drawing", MountCannotUpdateError)
async def the_drawing_that_a_decommissioned_mount_has(world: World) -> Tried:
    return _gone(await world.gone_mount(drawing=_DRAWING), drawing=_DRAWING)


@does("update_mount_placement", "MountPlacementUpdated")
async def into_another_frame_with_what_it_holds(world: World) -> Tried:
    asset, frame = await world.active(), await world.frame()
    mount = await world.install(asset)
    return Tried({"mount_id": mount, "placement": {"parent_frame_id": frame}}, {"installed_asset_id": asset})


@does("update_mount_placement")
async def where_the_mount_is(world: World) -> Tried:
    placement = await world.placement(y=800.0)
    return Tried({"mount_id": await world.mount(placement=placement), "placement": placement}, {"status": "Active"})


@refuses("update_mount_placement", MountCannotUpdateError)
async def a_decommissioned_mount_into_an_unknown_frame(world: World) -> Tried:
    return _gone(await world.gone_mount(), placement={"parent_frame_id": UNKNOWN})


@refuses("update_mount_placement", FrameNotFoundError)
async def into_an_unknown_frame(world: World) -> Tried:
    given = {"mount_id": await world.mount(), "placement": {"parent_frame_id": UNKNOWN}}
    return Tried(given, {"id": UNKNOWN}, "no frame")


@refuses("update_mount_placement", FrameIsDecommissionedError)
async def into_a_decommissioned_frame(world: World) -> Tried:
    frame = await world.gone_frame()
    given = {"mount_id": await world.mount(), "placement": {"parent_frame_id": frame}}
    return Tried(given, {"frame_id": frame}, "choose another")


@does("decommission_mount", "MountDecommissioned")
async def a_mount_whose_slots_are_decommissioned(world: World) -> Tried:
    mount = await world.mount()
    await world.gone_mount(parent_id=mount)
    return Tried({"mount_id": mount, "reason": "torn down"}, {"status": "Decommissioned"})


@refuses("decommission_mount", MountCannotDecommissionError)
async def a_mount_that_is_decommissioned(world: World) -> Tried:
    mount = await world.gone_mount()
    members = {"mount_id": mount, "mount_status": "Decommissioned"}
    return Tried({"mount_id": mount, "reason": "torn down"}, members, "already")


@refuses("decommission_mount", MountHasAssetInstalledError)
async def an_occupied_mount_with_slots_below_it(world: World) -> Tried:
    asset = await world.active()
    mount = await world.install(asset)
    await world.mount(parent_id=mount)
    members = {"mount_id": mount, "asset_id": asset}
    return Tried({"mount_id": mount, "reason": "torn down"}, members, "uninstall it first")


@refuses("decommission_mount", MountHasActiveChildrenError)
async def a_mount_with_slots_below_it(world: World) -> Tried:
    mount = await world.mount()
    below = [await world.mount(parent_id=mount) for _ in range(2)]
    members = {"mount_id": mount, "child_id": min(below)}
    return Tried({"mount_id": mount, "reason": "torn down"}, members, "any other slot below first")


# Installing


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


@refuses("install_asset", MountCannotUpdateError)
async def an_unknown_asset_in_a_decommissioned_mount(world: World) -> Tried:
    return _gone(await world.gone_mount(), asset_id=UNKNOWN)


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


@refuses("uninstall_asset", MountCannotUpdateError)
async def out_of_a_decommissioned_mount(world: World) -> Tried:
    return _gone(await world.gone_mount(), reason="repair")


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
