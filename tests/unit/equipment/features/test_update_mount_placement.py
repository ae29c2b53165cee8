from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from tests.unit.equipment.strategies_asset import (
    FRAME_ID,
    MOUNT_ID,
    OTHER_ID,
    a_mount,
    an_occupied_mount,
    decide,
    first_true,
    folds,
    mostly,
    mounts,
    refusal,
)
from tests.unit.equipment.strategies_definitions import placements

from cora.equipment.aggregates.frame import FRAME, Frame, FrameIsDecommissionedError, FrameNotFoundError, FrameStatus
from cora.equipment.aggregates.mount import MOUNT, Mount, MountCannotUpdateError, MountPlacementUpdated, MountStatus
from cora.equipment.features.update_mount_placement import Context, UpdateMountPlacement, update_mount_placement
from cora.equipment.values import Placement
from cora.kernel.aggregate import Reference

HUTCH, TABLE = Frame(FRAME_ID, "Hutch B"), Frame(OTHER_ID, "Table")
GONE = replace(TABLE, status=FrameStatus.DECOMMISSIONED)
MOVED = UpdateMountPlacement(mount_id=MOUNT_ID, placement=Placement(OTHER_ID, y=800.0))


async def test_an_occupied_mount_is_placed_in_another_frame() -> None:
    mount = an_occupied_mount()
    events = await decide(update_mount_placement, MOVED, (MOUNT, mount), (FRAME, HUTCH), (FRAME, TABLE))
    assert events == [MountPlacementUpdated(Placement(OTHER_ID, y=800.0))]
    placed_in = [each for each in MOUNT.references(folds(MOUNT, mount, events)) if each.relation == "mount.placement"]
    assert placed_in == [Reference("mount.placement", OTHER_ID)]


async def test_the_same_placement_changes_nothing() -> None:
    again = UpdateMountPlacement(mount_id=MOUNT_ID, placement=Placement(FRAME_ID))
    assert await decide(update_mount_placement, again, (MOUNT, a_mount()), (FRAME, HUTCH)) == []


async def test_an_unknown_frame_is_refused() -> None:
    with pytest.raises(FrameNotFoundError) as refused:
        await decide(update_mount_placement, MOVED, (MOUNT, a_mount()), (FRAME, HUTCH))
    assert refused.value.members() == {"id": OTHER_ID}


async def test_a_decommissioned_frame_is_refused() -> None:
    with pytest.raises(FrameIsDecommissionedError):
        await decide(update_mount_placement, MOVED, (MOUNT, a_mount()), (FRAME, GONE))


async def test_a_decommissioned_mount_is_refused_first() -> None:
    with pytest.raises(MountCannotUpdateError):
        await decide(update_mount_placement, MOVED, (MOUNT, a_mount(status=MountStatus.DECOMMISSIONED)))


def test_a_placement_has_to_be_there() -> None:
    for members in ({}, {"placement": None}):
        with pytest.raises(ValidationError):
            UpdateMountPlacement.model_validate({"mount_id": MOUNT_ID, **members})


@given(mounts(), mostly(TABLE, None, GONE), placements() | st.none())
def test_refusals_come_in_the_order_of_the_row(mount: Mount, frame: Frame | None, placement: Placement | None) -> None:
    command = UpdateMountPlacement(mount_id=MOUNT_ID, placement=placement or mount.placement)
    context = Context(frame)
    refused = refusal(update_mount_placement, command=command, mount=mount, context=context)
    assert refused is first_true(
        (mount.status is not MountStatus.ACTIVE, MountCannotUpdateError),
        (frame is None, FrameNotFoundError),
        (frame is GONE, FrameIsDecommissionedError),
    )
    if not refused:
        events = update_mount_placement(command, mount, context)
        assert folds(MOUNT, mount, events) == replace(mount, placement=command.placement)
        assert bool(events) == (command.placement != mount.placement)
