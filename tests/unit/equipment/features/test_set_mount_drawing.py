from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from pydantic import ValidationError
from tests.unit.equipment.strategies_asset import MOUNT_ID, a_mount, first_true, folds, mounts, refusal
from tests.unit.equipment.strategies_definitions import drawings

from cora.equipment.aggregates.mount import MOUNT, Mount, MountCannotUpdateError, MountDrawingSet, MountStatus
from cora.equipment.features.set_mount_drawing import SetMountDrawing, set_mount_drawing
from cora.equipment.values import Drawing, DrawingSystem

DRAWING = Drawing(DrawingSystem.ICMS, "X-1", "B")


def set_drawing(mount: Mount, drawing: Drawing | None) -> list[MountDrawingSet]:
    return set_mount_drawing(SetMountDrawing(mount_id=mount.id, drawing=drawing), mount)


def test_a_drawing_is_set_and_taken_away() -> None:
    assert set_drawing(a_mount(), DRAWING) == [MountDrawingSet(DRAWING)]
    assert set_drawing(a_mount(drawing=DRAWING), None) == [MountDrawingSet(None)]


def test_the_same_again_changes_nothing() -> None:
    assert set_drawing(a_mount(), None) == []
    assert set_drawing(a_mount(drawing=DRAWING), replace(DRAWING)) == []


def test_a_decommissioned_mount_is_refused_even_without_a_change() -> None:
    with pytest.raises(MountCannotUpdateError):
        set_drawing(a_mount(status=MountStatus.DECOMMISSIONED), None)


@pytest.mark.parametrize("members", [{}, {"drawing": {"number": "X-1"}}])
def test_a_drawing_is_whole_or_null_and_has_to_be_there(members: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        SetMountDrawing.model_validate({"mount_id": MOUNT_ID, **members})


@given(mounts(), drawings, drawings)
def test_the_drawing_is_what_was_given(mount: Mount, before: Drawing | None, drawing: Drawing | None) -> None:
    mount = replace(mount, drawing=before)
    command = SetMountDrawing(mount_id=MOUNT_ID, drawing=drawing)
    refused = refusal(set_mount_drawing, command=command, mount=mount)
    assert refused is first_true((mount.status is not MountStatus.ACTIVE, MountCannotUpdateError))
    if not refused:
        events = set_mount_drawing(command, mount)
        assert folds(MOUNT, mount, events) == replace(mount, drawing=drawing)
        assert bool(events) == (before != drawing)
