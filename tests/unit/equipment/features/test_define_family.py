import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from tests.unit.equipment.strategies_asset import NOW, folds, names, numbered
from tests.unit.equipment.strategies_definitions import affordances, several_terms, terms

from cora.equipment.aggregates.family import FAMILY, Family, FamilyDefined
from cora.equipment.features.define_family import DefineFamily, define_family
from cora.equipment.values import Affordance, DefinitionStatus, Term
from cora.kernel.aggregate import Fact


def test_a_family_is_defined_with_its_affordances_as_a_set() -> None:
    command = DefineFamily.model_validate(
        {
            "name": "RotaryStage",
            "description": "Turns",
            "affordances": ["Rotatable", "Homeable", "Rotatable"],
            "measured_variables": [{"name": "angular position"}],
        }
    )
    assert define_family(command) == [
        FamilyDefined(
            "RotaryStage",
            "Turns",
            (Affordance.HOMEABLE, Affordance.ROTATABLE),
            None,
            (Term("angular position"),),
        )
    ]


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": ""},
        {"name": "Rotary\u0007Stage"},
        {"affordances": ["Flyable"]},
        {"term": {"name": "stage", "identifier": "Q1"}},
        {"term": {"name": "stage", "scheme": "Wikidata"}},
        {"measured_variables": [{"name": ""}]},
        {"settings_schema": {}},
        {"presents_as": []},
    ],
)
def test_what_is_of_the_wrong_shape_is_invalid(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        DefineFamily.model_validate({"name": "RotaryStage", **wrong})


@given(names, affordances, st.none() | terms, several_terms, several_terms)
def test_what_is_told_is_what_is_recorded(
    name: str,
    affordances: tuple[Affordance, ...],
    term: Term | None,
    variables: tuple[Term, ...],
    techniques: tuple[Term, ...],
) -> None:
    command = DefineFamily(
        name=name,
        affordances=affordances,
        term=term,
        measured_variables=variables,
        measurement_techniques=techniques,
    )
    family = folds(FAMILY, None, define_family(command), Fact(numbered(1), NOW))
    assert family == Family(
        numbered(1),
        command.name,
        affordances=affordances,
        term=term,
        measured_variables=variables,
        measurement_techniques=techniques,
    )
    assert family.status is DefinitionStatus.DEFINED
