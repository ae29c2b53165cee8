from hypothesis import given
from hypothesis import strategies as st
from tests.unit.equipment.strategies_asset import NOW, folds, numbered

from cora.equipment.aggregates.role import ROLE, Role, RoleDefined, role_id
from cora.equipment.values import Affordance
from cora.kernel.aggregate import Fact

DETECTOR = Role(
    numbered(1),
    "Detector",
    "Makes images.",
    (Affordance.IMAGEABLE,),
    (Affordance.BINNABLE,),
    ("Image",),
    ("TriggerIn",),
)


def test_a_role_is_what_was_defined() -> None:
    event = RoleDefined(
        "Detector", "Makes images.", (Affordance.IMAGEABLE,), (Affordance.BINNABLE,), ("Image",), ("TriggerIn",)
    )
    assert folds(ROLE, None, [event], Fact(DETECTOR.id, NOW)) == DETECTOR


@given(st.text(min_size=1), st.text(min_size=1))
def test_ids_are_equal_exactly_when_the_names_are_but_for_case(one: str, other: str) -> None:
    assert (role_id(one) == role_id(other)) == (one.lower() == other.lower())
    assert role_id(one).version == 5


def test_it_points_at_nothing_and_is_found_by_its_text() -> None:
    assert list(ROLE.references(DETECTOR)) == []
    assert "makes images" in ROLE.search_text(DETECTOR)
