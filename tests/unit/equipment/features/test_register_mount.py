from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.equipment.strategies_asset import (
    FRAME_ID,
    LATER,
    MOUNT_ID,
    OTHER_ID,
    a_mount,
    decide,
    first_true,
    folds,
    mostly,
    names,
    refusal,
)

from cora.equipment.aggregates.frame import FRAME, Frame, FrameIsDecommissionedError, FrameNotFoundError, FrameStatus
from cora.equipment.aggregates.mount import (
    MOUNT,
    Mount,
    MountAlreadyExistsError,
    MountIsDecommissionedError,
    MountNotFoundError,
    MountRegistered,
    MountStatus,
)
from cora.equipment.features.register_mount import Context, RegisterMount, register_mount
from cora.equipment.values import Drawing, DrawingSystem, Placement
from cora.kernel.aggregate import Claim, Fact, Reference

HUTCH = Frame(FRAME_ID, "Hutch B")
GONE = replace(HUTCH, status=FrameStatus.DECOMMISSIONED)
ABOVE = a_mount(id=OTHER_ID, slot_code="02-BM-B")
ABOVE_GONE = replace(ABOVE, status=MountStatus.DECOMMISSIONED)
PLACEMENT = Placement(FRAME_ID, y=1130.0)
COMMAND = RegisterMount(slot_code=" 02-BM-B-ROTARY ", placement=PLACEMENT, parent_id=OTHER_ID)


async def test_a_mount_is_registered() -> None:
    drawing = Drawing(DrawingSystem.EDMS, "630C2125")
    command = COMMAND.model_copy(update={"drawing": drawing})
    (event,) = await decide(register_mount, command, (FRAME, HUTCH), (MOUNT, ABOVE))
    assert event == MountRegistered("02-BM-B-ROTARY", PLACEMENT, OTHER_ID, drawing)
    mount = folds(MOUNT, None, [event], Fact(MOUNT_ID, LATER))
    assert set(MOUNT.references(mount)) == {
        Reference("mount.placement", FRAME_ID),
        Reference("mount.parent_id", OTHER_ID),
    }
    assert list(MOUNT.claims(mount)) == [Claim("mount.slot_code", "02-bm-b-rotary")]


async def test_an_unknown_frame_is_refused() -> None:
    with pytest.raises(FrameNotFoundError):
        await decide(register_mount, COMMAND, (MOUNT, ABOVE))


async def test_a_decommissioned_frame_is_refused() -> None:
    with pytest.raises(FrameIsDecommissionedError):
        await decide(register_mount, COMMAND, (FRAME, GONE), (MOUNT, ABOVE))


async def test_an_unknown_mount_above_is_refused() -> None:
    with pytest.raises(MountNotFoundError) as refused:
        await decide(register_mount, COMMAND, (FRAME, HUTCH))
    assert refused.value.members() == {"id": OTHER_ID}


async def test_a_decommissioned_mount_above_is_refused() -> None:
    with pytest.raises(MountIsDecommissionedError):
        await decide(register_mount, COMMAND, (FRAME, HUTCH), (MOUNT, ABOVE_GONE))


def test_a_slot_code_in_use_is_refused_by_its_claim() -> None:
    refused = MOUNT.claim_taken(Claim("mount.slot_code", "02-bm-b-rotary"), a_mount(), OTHER_ID)
    assert isinstance(refused, MountAlreadyExistsError)
    assert refused.members() == {"slot_code": "02-BM-B-ROTARY", "existing_id": OTHER_ID}


@given(mostly(HUTCH, None, GONE), mostly(ABOVE, None, ABOVE_GONE), st.booleans(), names)
def test_refusals_come_in_the_order_of_the_row(
    frame: Frame | None, parent: Mount | None, has_parent: bool, slot_code: str
) -> None:
    command = RegisterMount(slot_code=slot_code, placement=PLACEMENT, parent_id=OTHER_ID if has_parent else None)
    context = Context(frame, parent)
    refused = refusal(register_mount, command=command, context=context)
    assert refused is first_true(
        (frame is None, FrameNotFoundError),
        (frame is GONE, FrameIsDecommissionedError),
        (has_parent and parent is None, MountNotFoundError),
        (has_parent and parent is ABOVE_GONE, MountIsDecommissionedError),
    )
    if not refused:
        after = folds(MOUNT, None, register_mount(command, context), Fact(MOUNT_ID, LATER))
        assert after == Mount(MOUNT_ID, command.slot_code, PLACEMENT, command.parent_id)
