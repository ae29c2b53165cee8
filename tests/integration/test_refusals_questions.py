"""Questions about trees, poses, identifiers and moments: what is answered, and every refusal of theirs."""

from collections.abc import AsyncGenerator
from datetime import UTC, datetime

import pytest
from tests.integration.refusals import SURFACES, Cases, Done, Refused, Tried
from tests.integration.scenario import UNKNOWN, World
from tests.integration.surfaces import surfaces

from cora.equipment.aggregates.asset.errors import AssetNotFoundError
from cora.equipment.aggregates.fixture import FixtureNotFoundError
from cora.equipment.aggregates.frame import FrameNotFoundError
from cora.equipment.aggregates.mount import MountNotFoundError
from cora.equipment.features.get_asset_pose import AssetNotInstalledError
from cora.equipment.poses import FrameNotAboveError
from cora.kernel.errors import NotFoundError
from cora.surfaces.start import Opened

CASES = Cases()
refuses, does = CASES.refuses, CASES.does
PAST = "2020-01-01T00:00:00Z"


@pytest.fixture(scope="module")
async def world(module_cora: Opened) -> AsyncGenerator[World]:
    async with surfaces(module_cora) as shown:
        yield World(shown)


@does("get_asset_tree")
async def the_tree_of_an_asset(world: World) -> Tried:
    return Tried({"asset_id": await world.asset()}, {"truncated": False})


@refuses("get_asset_tree", AssetNotFoundError)
async def the_tree_of_no_asset(world: World) -> Tried:
    return Tried({"asset_id": UNKNOWN}, {"id": UNKNOWN}, "no asset")


@does("diff")
async def what_has_changed_since_the_beginning(world: World) -> Tried:
    asset = await world.asset()
    return Tried({"entity": asset, "from": "0"}, {"entity": asset})


@refuses("diff", NotFoundError)
async def what_has_changed_of_nothing(world: World) -> Tried:
    return Tried({"entity": UNKNOWN, "from": "0"}, {"id": UNKNOWN}, "no record")


@does("list_events")
async def the_feed(world: World) -> Tried:
    await world.asset()
    return Tried({"limit": 1}, {})


@does("get_frame_tree")
async def the_tree_of_a_frame(world: World) -> Tried:
    return Tried({"frame_id": await world.frame()}, {"truncated": False})


@refuses("get_frame_tree", FrameNotFoundError)
async def the_tree_of_no_frame(world: World) -> Tried:
    return Tried({"frame_id": UNKNOWN}, {"id": UNKNOWN}, "no frame")


@does("get_mount_pose")
async def the_pose_of_a_mount(world: World) -> Tried:
    mount = await world.mount(placement=await world.placement(x=2.5))
    return Tried({"mount_id": mount}, {"position": {"x": 2.5, "y": 0.0, "z": 0.0}})


@refuses("get_mount_pose", MountNotFoundError)
async def the_pose_of_no_mount(world: World) -> Tried:
    return Tried({"mount_id": UNKNOWN}, {"id": UNKNOWN}, "no mount")


@refuses("get_mount_pose", FrameNotFoundError)
async def a_mount_in_no_frame(world: World) -> Tried:
    return Tried({"mount_id": await world.mount(), "in": "No such frame"}, {"id": "No such frame"}, "no frame")


@refuses("get_mount_pose", FrameNotAboveError)
async def a_mount_in_another_frame(world: World) -> Tried:
    name, other = world.name("Frame"), await world.frame()
    mount = await world.mount(placement={"parent_frame_id": await world.frame(name=name)})
    members = {"mount_id": mount, "frame_id": other, "above": [name]}
    return Tried({"mount_id": mount, "in": other}, members, f"one that is: {name}")


@does("get_asset_pose")
async def the_pose_of_an_asset(world: World) -> Tried:
    return Tried({"asset_id": await world.installed()}, {"units": "SI_mm_rad"})


@refuses("get_asset_pose", AssetNotFoundError)
async def the_pose_of_no_asset(world: World) -> Tried:
    return Tried({"asset_id": UNKNOWN}, {"id": UNKNOWN}, "no asset")


@refuses("get_asset_pose", AssetNotInstalledError)
async def the_pose_of_what_is_in_no_mount(world: World) -> Tried:
    asset = await world.asset()
    return Tried({"asset_id": asset}, {"asset_id": asset}, "install it first")


@refuses("get_asset_pose", FrameNotFoundError)
async def an_asset_in_no_frame(world: World) -> Tried:
    return Tried({"asset_id": await world.installed(), "in": UNKNOWN}, {"id": UNKNOWN}, "no frame")


@refuses("get_asset_pose", FrameNotAboveError)
async def an_asset_in_another_frame(world: World) -> Tried:
    name, other, asset = world.name("Frame"), await world.frame(), await world.active()
    mount = await world.mount(placement={"parent_frame_id": await world.frame(name=name)})
    await world.do("install_asset", mount_id=mount, asset_id=asset)
    members = {"mount_id": mount, "frame_id": other, "above": [name]}
    return Tried({"asset_id": asset, "in": other}, members, "is not above")


@does("find_by_identifier")
async def an_inventory_number(world: World) -> Tried:
    number = world.name("Inventory")
    await world.asset(alternate_identifiers=[{"kind": "InventoryNumber", "value": number}])
    return Tried({"value": number}, {"count": 1})


@does("search")
async def a_serial_number(world: World) -> Tried:
    number = world.name("SN")
    await world.asset(alternate_identifiers=[{"kind": "SerialNumber", "value": number}])
    return Tried({"q": number}, {"count": 1, "complete": True, "next": None})


@does("get_moment")
async def an_asset_as_it_is_now(world: World) -> Tried:
    asset = await world.installed()
    return Tried({"under": asset, "at": datetime.now(UTC).isoformat()}, {"truncated": False, "fixture": None})


@refuses("get_moment", AssetNotFoundError)
async def an_asset_before_it_was_there(world: World) -> Tried:
    asset = await world.installed()
    return Tried({"under": asset, "at": PAST}, {"id": asset}, "no asset")


@refuses("get_moment", FixtureNotFoundError)
async def a_fixture_before_it_was_there(world: World) -> Tried:
    fixture = await world.fixture()
    return Tried({"fixture": fixture, "at": PAST}, {"id": fixture}, "no fixture")


@pytest.mark.parametrize("case", CASES.refused, ids=str)
async def test_refused(world: World, case: Refused) -> None:
    await case.check(world)


@pytest.mark.parametrize("surface", SURFACES)
@pytest.mark.parametrize("case", CASES.done, ids=str)
async def test_done(world: World, case: Done, surface: str) -> None:
    await case.check(world, surface)
