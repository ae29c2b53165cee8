from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from tests.unit.equipment.strategies_asset import NOW, decide, first_true, folds, refusal
from tests.unit.equipment.strategies_definitions import a_role, affordances

from cora.equipment.aggregates.role import (
    ROLE,
    Role,
    RoleAffordanceOverlapError,
    RoleAlreadyExistsError,
    RoleDefined,
    role_id,
)
from cora.equipment.features.define_role import SEEDED_ROLES, Context, DefineRole, define_role, identify
from cora.equipment.values import Affordance
from cora.kernel.aggregate import Fact

FREE = Context(exists=False)
REGULATOR = DefineRole(
    name="Regulator", docstring="Keeps a quantity at a set point.", required_affordances=(Affordance.PID_CONTROLLABLE,)
)
OVERLAPPING = REGULATOR.model_copy(update={"optional_affordances": (Affordance.PID_CONTROLLABLE,)})


def test_a_role_is_defined() -> None:
    assert define_role(REGULATOR, FREE) == [
        RoleDefined("Regulator", "Keeps a quantity at a set point.", (Affordance.PID_CONTROLLABLE,))
    ]


def test_the_id_follows_from_the_name_whatever_its_case() -> None:
    # Made with: python -c "from uuid import *; print(uuid5(uuid5(NAMESPACE_DNS, 'cora.role'), 'detector'))"
    assert role_id("Detector") == role_id("DETECTOR") == UUID("dd5378c9-31af-50a3-86b8-16aa3df23e42")
    assert identify(REGULATOR) == role_id("regulator")


async def test_a_name_that_is_taken_is_refused_before_an_overlap() -> None:
    there = a_role(id=role_id("REGULATOR"), name="REGULATOR")
    with pytest.raises(RoleAlreadyExistsError) as refused:
        await decide(define_role, OVERLAPPING, (ROLE, there))
    assert refused.value.role_id == there.id


async def test_an_overlap_is_refused_and_named() -> None:
    with pytest.raises(RoleAffordanceOverlapError) as refused:
        await decide(define_role, OVERLAPPING)
    assert refused.value.affordances == (Affordance.PID_CONTROLLABLE,)
    assert "PIDControllable;" in refused.value.detail()


@pytest.mark.parametrize(
    "wrong",
    [
        {"docstring": ""},
        {"docstring": "d" * 2001},
        {"produces": ["s" * 51]},
        {"consumes": [""]},
        {"required_affordances": ["Flyable"]},
        {"id": str(role_id("Regulator"))},
    ],
)
def test_what_is_of_the_wrong_shape_is_invalid(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        DefineRole.model_validate({"name": "Regulator", "docstring": "Keeps.", **wrong})


def test_four_roles_are_seeded_as_specified() -> None:
    told = {
        role.name: (
            set(role.required_affordances),
            set(role.optional_affordances),
            set(role.produces),
            set(role.consumes),
        )
        for role in SEEDED_ROLES
    }
    assert told == {
        "Detector": (
            {"Imageable"},
            {"Binnable", "Coolable", "Triggerable", "Streamable"},
            {"Image", "Frame"},
            {"TriggerIn"},
        ),
        "Positioner": (
            {"Homeable", "Limitable"},
            {"Rotatable", "Translatable", "Posable", "Indexable", "Capturable", "Leading", "Following"},
            {"EncoderPosition"},
            {"PositionCommand"},
        ),
        "Controller": ({"Identifiable"}, {"Reportable", "Pulsing"}, {"ControlOut"}, {"ControlIn"}),
        "Sensor": ({"Reportable"}, {"Triggerable", "Streamable"}, {"Reading"}, {"TriggerIn"}),
    }
    assert all(define_role(command, FREE) for command in SEEDED_ROLES)


@given(st.booleans(), affordances, affordances, st.sets(st.sampled_from(["Image", "Frame"])))
def test_a_role_is_defined_exactly_when_it_is_new_and_its_affordances_are_apart(
    exists: bool, required: tuple[Affordance, ...], optional: tuple[Affordance, ...], produces: set[str]
) -> None:
    command = DefineRole(
        name="Regulator",
        docstring="Keeps.",
        required_affordances=required,
        optional_affordances=optional,
        produces=tuple(produces),
    )
    refused = refusal(define_role, command=command, context=Context(exists))
    assert refused is first_true(
        (exists, RoleAlreadyExistsError),
        (any(each in optional for each in required), RoleAffordanceOverlapError),
    )
    if not refused:
        id = identify(command)
        assert folds(ROLE, None, define_role(command, FREE), Fact(id, NOW)) == Role(
            id, "Regulator", "Keeps.", required, optional, tuple(sorted(produces))
        )
