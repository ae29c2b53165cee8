from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from tests.unit.equipment.strategies_asset import first_true, folds, mostly, refusal
from tests.unit.equipment.strategies_definitions import FRAME_ID, OTHER_FRAME_ID, a_frame, frames, placements

from cora.equipment.aggregates.frame import (
    FRAME,
    Frame,
    FrameCannotUpdateError,
    FramePlacementUpdated,
    FrameStatus,
    InvalidFrameRootError,
)
from cora.equipment.features.update_frame_placement import UpdateFramePlacement, update_frame_placement
from cora.equipment.values import Placement

PLACED = Placement(OTHER_FRAME_ID, z=50500.0)
SURVEYED = Placement(OTHER_FRAME_ID, z=50500.4, tol_z=0.1)
HUTCH = a_frame(name="Hutch B", parent_id=OTHER_FRAME_ID, placement=PLACED)


def update(frame: Frame, placement: Placement, survey_note: str | None = None) -> list[FramePlacementUpdated]:
    command = UpdateFramePlacement(frame_id=frame.id, placement=placement, survey_note=survey_note)
    return update_frame_placement(command, frame)


def test_a_frame_is_placed_anew_with_what_the_survey_says() -> None:
    assert update(HUTCH, SURVEYED, " after the shutdown ") == [FramePlacementUpdated(SURVEYED, "after the shutdown")]
    assert update(HUTCH, SURVEYED) == [FramePlacementUpdated(SURVEYED)]


def test_the_same_placement_changes_nothing_whatever_the_note() -> None:
    assert update(HUTCH, replace(PLACED), "surveyed again") == []


def test_a_decommissioned_frame_is_refused() -> None:
    with pytest.raises(FrameCannotUpdateError) as refused:
        update(replace(HUTCH, status=FrameStatus.DECOMMISSIONED), PLACED)
    assert refused.value.members() == {"frame_id": FRAME_ID, "why": "it is Decommissioned"}


def test_a_root_is_placed_in_nothing() -> None:
    with pytest.raises(FrameCannotUpdateError) as refused:
        update(a_frame(), PLACED)
    assert "root" in refused.value.why


def test_a_frame_stays_in_its_parent() -> None:
    with pytest.raises(InvalidFrameRootError) as refused:
        update(HUTCH, Placement(FRAME_ID))
    assert refused.value.members() == {"parent_id": OTHER_FRAME_ID, "parent_frame_id": FRAME_ID}


def test_a_placement_has_to_be_there() -> None:
    for members in ({}, {"placement": None}, {"placement": PLACED, "survey_note": " "}):
        with pytest.raises(ValidationError):
            UpdateFramePlacement.model_validate({"frame_id": FRAME_ID, **members})


@given(
    frames,
    placements(st.just(OTHER_FRAME_ID)),
    placements(mostly(OTHER_FRAME_ID, FRAME_ID)) | st.none(),
    st.none() | st.just("laser tracker"),
)
def test_refusals_come_in_the_order_of_the_row(
    frame: Frame, before: Placement, after: Placement | None, survey_note: str | None
) -> None:
    frame = replace(frame, placement=before if frame.parent_id else None)
    command = UpdateFramePlacement(frame_id=FRAME_ID, placement=after or before, survey_note=survey_note)
    refused = refusal(update_frame_placement, command=command, frame=frame)
    assert refused is first_true(
        (frame.status is not FrameStatus.ACTIVE or frame.parent_id is None, FrameCannotUpdateError),
        (command.placement.parent_frame_id != frame.parent_id, InvalidFrameRootError),
    )
    if not refused:
        events = update_frame_placement(command, frame)
        assert folds(FRAME, frame, events) == replace(frame, placement=command.placement)
        assert bool(events) == (command.placement != before)
        assert set(FRAME.references(folds(FRAME, frame, events))) == set(FRAME.references(frame))
