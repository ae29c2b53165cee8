from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from tests.unit.equipment.strategies_asset import NOW, decide, first_true, folds, ids, names, numbered, refusal
from tests.unit.equipment.strategies_definitions import FRAME_ID, OTHER_FRAME_ID, a_frame, placements, supersessions

from cora.equipment.aggregates.frame import (
    FRAME,
    Frame,
    FrameIsDecommissionedError,
    FrameNotFoundError,
    FrameRegistered,
    FrameStatus,
    InvalidFrameRootError,
    Supersession,
)
from cora.equipment.features.register_frame import Context, RegisterFrame, register_frame
from cora.equipment.values import Placement
from cora.kernel.aggregate import Fact

PLACED = Placement(FRAME_ID, z=50500.0)
CHILD = RegisterFrame(name="Hutch B", parent_id=FRAME_ID, placement=PLACED)
ALONE = Context(None, None)


async def test_a_root_is_registered() -> None:
    assert await decide(register_frame, RegisterFrame(name="Floor")) == [FrameRegistered("Floor")]


async def test_a_child_is_registered_in_its_parent() -> None:
    assert await decide(register_frame, CHILD, (FRAME, a_frame())) == [FrameRegistered("Hutch B", FRAME_ID, PLACED)]


@pytest.mark.parametrize(
    "command",
    [
        RegisterFrame(name="Hutch B", parent_id=FRAME_ID),
        RegisterFrame(name="Hutch B", placement=PLACED),
        RegisterFrame(name="Hutch B", parent_id=OTHER_FRAME_ID, placement=PLACED),
    ],
)
def test_parent_and_placement_go_together_and_name_one_frame(command: RegisterFrame) -> None:
    with pytest.raises(InvalidFrameRootError) as refused:
        register_frame(command, ALONE)
    assert refused.value.status == 422


def test_of_an_unknown_parent_and_an_unknown_predecessor_the_smaller_id_is_named() -> None:
    replaced = Supersession(FRAME_ID, Placement(FRAME_ID))
    command = RegisterFrame(
        name="Hutch B", parent_id=OTHER_FRAME_ID, placement=Placement(OTHER_FRAME_ID), supersedes=replaced
    )
    with pytest.raises(FrameNotFoundError) as refused:
        register_frame(command, ALONE)
    assert refused.value.id == FRAME_ID


async def test_an_unknown_predecessor_is_refused_before_a_decommissioned_parent() -> None:
    replaced = Supersession(OTHER_FRAME_ID, Placement(OTHER_FRAME_ID))
    command = CHILD.model_copy(update={"supersedes": replaced})
    with pytest.raises(FrameNotFoundError) as refused:
        await decide(register_frame, command, (FRAME, a_frame(status=FrameStatus.DECOMMISSIONED)))
    assert refused.value.id == OTHER_FRAME_ID


def test_a_decommissioned_parent_is_refused_and_a_decommissioned_predecessor_is_not() -> None:
    gone = a_frame(status=FrameStatus.DECOMMISSIONED)
    with pytest.raises(FrameIsDecommissionedError):
        register_frame(CHILD, Context(gone, None))
    replaced = Supersession(FRAME_ID, Placement(FRAME_ID))
    command = RegisterFrame(name="Floor", supersedes=replaced)
    assert register_frame(command, Context(None, gone)) == [FrameRegistered("Floor", supersedes=replaced)]


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": ""},
        {"placement": {"x": 1.0}},
        {"supersedes": {"predecessor_frame_id": str(FRAME_ID)}},
        {
            "supersedes": {
                "predecessor_frame_id": str(FRAME_ID),
                "transform_from_predecessor": {"parent_frame_id": str(OTHER_FRAME_ID)},
            }
        },
        {
            "supersedes": {
                "predecessor_frame_id": str(FRAME_ID),
                "transform_from_predecessor": {"parent_frame_id": str(FRAME_ID)},
                "why": "survey",
            }
        },
    ],
)
def test_what_is_of_the_wrong_shape_is_invalid(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        RegisterFrame.model_validate({"name": "Floor", **wrong})


parents = st.none() | st.builds(a_frame, status=st.sampled_from(FrameStatus))


@given(names, st.none() | ids, st.none() | placements(), st.none() | supersessions, parents, st.booleans())
def test_a_frame_is_registered_exactly_when_its_place_is_given_wholly_and_there(
    name: str,
    parent_id: UUID | None,
    placement: Placement | None,
    supersedes: Supersession | None,
    parent: Frame | None,
    predecessor_is_there: bool,
) -> None:
    command = RegisterFrame(name=name, parent_id=parent_id, placement=placement, supersedes=supersedes)
    context = Context(parent if parent_id else None, a_frame() if supersedes and predecessor_is_there else None)
    refused = refusal(register_frame, command=command, context=context)
    assert refused is first_true(
        (parent_id != (placement.parent_frame_id if placement else None), InvalidFrameRootError),
        (bool(parent_id) and parent is None, FrameNotFoundError),
        (bool(supersedes) and not predecessor_is_there, FrameNotFoundError),
        (bool(parent_id and parent and parent.status is FrameStatus.DECOMMISSIONED), FrameIsDecommissionedError),
    )
    if not refused:
        frame = folds(FRAME, None, register_frame(command, context), Fact(numbered(9), NOW))
        assert frame == Frame(numbered(9), command.name, parent_id, placement, supersedes, FrameStatus.ACTIVE)
