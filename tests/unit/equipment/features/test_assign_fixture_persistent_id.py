import pytest
from hypothesis import given, settings
from pydantic import ValidationError
from tests.unit.equipment.assignment_stories import STORIES, Step, tell

from cora.equipment.features.assign_fixture_persistent_id import AssignFixturePersistentId

ID = "01a20b71-c71d-7ecb-bd55-5651f0003e5d"


@given(STORIES)
@settings(max_examples=60, deadline=None)
def test_whatever_happens_one_identifier_at_most_is_assigned_and_nothing_stays_open(steps: list[Step]) -> None:
    tell("fixture", steps)


@pytest.mark.parametrize("suffix", ["", "-a", "A", "a b", "a/b", "a" * 101, "a\n", "\u00e4"])
def test_a_suffix_of_another_shape_is_invalid(suffix: str) -> None:
    with pytest.raises(ValidationError, match="suffix"):
        AssignFixturePersistentId.model_validate({"fixture_id": ID, "scheme": "DOI", "suffix": suffix})


@pytest.mark.parametrize("suffix", ["a", "2", "tower-1.b_c", "a" * 100, None])
def test_a_suffix_may_be_given_or_left_out(suffix: str | None) -> None:
    given = {"fixture_id": ID, "scheme": "Handle", "suffix": suffix}
    assert AssignFixturePersistentId.model_validate(given).suffix == suffix
