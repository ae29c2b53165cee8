from dataclasses import replace
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.equipment.strategies_asset import a_mount, decide, first_true, folds, ids, numbered, refusal
from tests.unit.equipment.strategies_definitions import FRAME_ID, OTHER_FRAME_ID, a_frame, frames

from cora.equipment.aggregates.frame import (
    FRAME,
    Frame,
    FrameCannotDecommissionError,
    FrameDecommissioned,
    FrameInUseError,
    FrameStatus,
    Supersession,
)
from cora.equipment.aggregates.mount import MOUNT, MountStatus
from cora.equipment.features.decommission_frame import Context, DecommissionFrame, decommission_frame
from cora.equipment.values import Placement

COMMAND = DecommissionFrame(frame_id=FRAME_ID, reason="torn down")
INSIDE = Placement(FRAME_ID)
SMALL, MIDDLE, LARGE = numbered(20), numbered(25), numbered(30)


async def test_it_comes_to_its_end_and_frees_its_name() -> None:
    events = await decide(decommission_frame, COMMAND, (FRAME, a_frame()))
    assert events == [FrameDecommissioned("torn down")]
    after = folds(FRAME, a_frame(), events)
    assert [*FRAME.claims(after), *FRAME.references(after)] == []


async def test_what_is_decommissioned_in_it_and_what_replaces_it_do_not_hold_it_back() -> None:
    gone = a_frame(id=SMALL, parent_id=FRAME_ID, placement=INSIDE, status=FrameStatus.DECOMMISSIONED)
    mount = a_mount(id=LARGE, placement=INSIDE, status=MountStatus.DECOMMISSIONED)
    successor = a_frame(id=MIDDLE, supersedes=Supersession(FRAME_ID, INSIDE))
    assert await decide(
        decommission_frame, COMMAND, (FRAME, a_frame()), (FRAME, gone), (FRAME, successor), (MOUNT, mount)
    )


async def test_every_active_mount_and_frame_in_it_is_listed() -> None:
    with pytest.raises(FrameInUseError) as refused:
        await decide(
            decommission_frame,
            COMMAND,
            (FRAME, a_frame()),
            (FRAME, a_frame(id=MIDDLE, parent_id=FRAME_ID, placement=INSIDE)),
            (MOUNT, a_mount(id=LARGE, placement=INSIDE)),
            (MOUNT, a_mount(id=SMALL, slot_code="other", placement=INSIDE)),
            (MOUNT, a_mount(id=numbered(10), slot_code="elsewhere", placement=Placement(OTHER_FRAME_ID))),
        )
    assert refused.value.members() == {"frame_id": FRAME_ID, "mount_ids": (SMALL, LARGE), "child_ids": (MIDDLE,)}
    assert f"mount {SMALL}, mount {LARGE}, frame {MIDDLE}; decommission" in refused.value.detail()


def test_of_many_a_few_are_told_in_words() -> None:
    many = tuple(numbered(number) for number in range(100, 200))
    refused = FrameInUseError(FRAME_ID, many, ())
    assert refused.members()["mount_ids"] == many
    assert f"mount {many[4]} and 95 more; decommission" in refused.detail()


async def test_it_ends_only_once() -> None:
    with pytest.raises(FrameCannotDecommissionError):
        await decide(decommission_frame, COMMAND, (FRAME, a_frame(status=FrameStatus.DECOMMISSIONED)))


@given(frames, st.lists(ids, max_size=2, unique=True), st.lists(ids, max_size=2, unique=True))
def test_refusals_come_in_the_order_of_the_row(frame: Frame, mounts: list[UUID], children: list[UUID]) -> None:
    context = Context(tuple(mounts), tuple(children))
    refused = refusal(decommission_frame, command=COMMAND, frame=frame, context=context)
    assert refused is first_true(
        (frame.status is FrameStatus.DECOMMISSIONED, FrameCannotDecommissionError),
        (bool(mounts or children), FrameInUseError),
    )
    if not refused:
        after = folds(FRAME, frame, decommission_frame(COMMAND, frame, context))
        assert after == replace(frame, status=FrameStatus.DECOMMISSIONED)
