from dataclasses import replace

import pytest
from tests.unit.equipment.strategies_asset import NOW, folds, numbered
from tests.unit.equipment.strategies_definitions import FRAME_ID, OTHER_FRAME_ID, a_frame

from cora.equipment.aggregates.frame import (
    FRAME,
    Frame,
    FrameDecommissioned,
    FrameNameTakenError,
    FramePlacementUpdated,
    FrameRegistered,
    FrameStatus,
    Supersession,
    frame_claim,
)
from cora.equipment.values import Placement
from cora.kernel.aggregate import Fact, Reference, former

HUTCH = Frame(
    FRAME_ID,
    "Hutch B",
    OTHER_FRAME_ID,
    Placement(OTHER_FRAME_ID, z=50500.0),
    Supersession(numbered(9), Placement(numbered(9), x=0.5)),
)


def test_a_frame_is_what_was_registered() -> None:
    event = FrameRegistered(HUTCH.name, HUTCH.parent_id, HUTCH.placement, HUTCH.supersedes)
    assert folds(FRAME, None, [event], Fact(FRAME_ID, NOW)) == HUTCH


def test_a_frame_begins_with_its_registration() -> None:
    with pytest.raises(TypeError):
        FRAME.evolve(None, FrameDecommissioned("torn down"), Fact(FRAME_ID, NOW))


def test_it_is_placed_anew_and_comes_to_its_end() -> None:
    placement = Placement(OTHER_FRAME_ID, z=50501.0)
    placed = folds(FRAME, HUTCH, [FramePlacementUpdated(placement, "survey of May")])
    assert placed == replace(HUTCH, placement=placement)
    gone = folds(FRAME, placed, [FrameDecommissioned("torn down")])
    assert gone == replace(placed, status=FrameStatus.DECOMMISSIONED)


def test_it_holds_its_name_among_its_active_siblings() -> None:
    assert list(FRAME.claims(HUTCH)) == [frame_claim(OTHER_FRAME_ID, "HUTCH B")]
    assert list(FRAME.claims(a_frame())) == [frame_claim(None, "floor")]
    assert frame_claim(None, "Hutch B") != frame_claim(OTHER_FRAME_ID, "Hutch B")
    assert list(FRAME.claims(replace(HUTCH, status=FrameStatus.DECOMMISSIONED))) == []


def test_it_points_at_its_parent_and_its_predecessor_and_formerly_when_it_is_decommissioned() -> None:
    assert list(FRAME.references(HUTCH)) == [
        Reference("frame.parent_id", OTHER_FRAME_ID),
        Reference("frame.supersedes", numbered(9)),
    ]
    assert list(FRAME.references(a_frame())) == []
    gone = replace(HUTCH, status=FrameStatus.DECOMMISSIONED)
    assert list(FRAME.references(gone)) == list(former(FRAME.references(HUTCH)))


def test_a_name_that_is_taken_is_refused_with_its_owner() -> None:
    refused = FRAME.claim_taken(frame_claim(OTHER_FRAME_ID, "Hutch B"), HUTCH, numbered(5))
    assert isinstance(refused, FrameNameTakenError)
    assert refused.members() == {"name": "Hutch B", "existing_id": numbered(5)}


def test_a_transform_is_given_in_the_frame_that_is_replaced() -> None:
    with pytest.raises(ValueError, match="predecessor_frame_id"):
        Supersession(FRAME_ID, Placement(OTHER_FRAME_ID))
