from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from tests.unit.equipment.strategies_asset import decide, first_true, folds, names, numbered, optional_ids, refusal
from tests.unit.equipment.strategies_definitions import (
    FAMILY_ID,
    OTHER_FAMILY_ID,
    ROLE_ID,
    a_deprecated_family,
    a_family,
    a_role,
    affordances,
    families,
    roles,
    several_terms,
    tags,
    terms,
)

from cora.equipment.aggregates.family import (
    FAMILY,
    Family,
    FamilyAffordanceInUseError,
    FamilyAlreadyExistsError,
    FamilyCannotVersionError,
    FamilyVersioned,
)
from cora.equipment.aggregates.role import ROLE, Role
from cora.equipment.features.version_family import Context, VersionFamily, version_family
from cora.equipment.values import Affordance, DefinitionStatus, Term

BOTH = (Affordance.HOMEABLE, Affordance.LIMITABLE)
POSITIONER = a_role(required_affordances=BOTH)
STAGE = a_family(affordances=BOTH, presents_as=(ROLE_ID,), description="turns", settings_schema={"type": "object"})


def command(**members: Any) -> VersionFamily:
    return VersionFamily.model_validate(
        {"family_id": FAMILY_ID, "tag": "2", "name": "Stage", "affordances": BOTH, **members}
    )


async def test_a_family_gets_another_content_and_keeps_its_schema_and_roles() -> None:
    decided = await decide(version_family, command(), (FAMILY, STAGE), (ROLE, POSITIONER))
    assert decided == [FamilyVersioned("Stage", affordances=BOTH, tag="2")]
    assert folds(FAMILY, STAGE, decided) == a_family(
        name="Stage",
        affordances=BOTH,
        presents_as=(ROLE_ID,),
        settings_schema={"type": "object"},
        status=DefinitionStatus.VERSIONED,
        version="2",
    )


async def test_it_may_keep_its_name_or_write_it_otherwise() -> None:
    for name in ("RotaryStage", "ROTARYSTAGE"):
        (event,) = await decide(version_family, command(name=name), (FAMILY, STAGE), (ROLE, POSITIONER))
        assert event == FamilyVersioned(name, affordances=BOTH, tag="2")


async def test_a_tag_may_be_used_again() -> None:
    again = replace(STAGE, name="Stage", status=DefinitionStatus.VERSIONED, version="2")
    assert len(await decide(version_family, command(), (FAMILY, again), (ROLE, POSITIONER))) == 1


async def test_the_refusals_come_in_order() -> None:
    other = a_family(id=OTHER_FAMILY_ID, name="STAGE")
    everything_wrong = command(affordances=())
    deprecated = replace(STAGE, status=DefinitionStatus.DEPRECATED)
    with pytest.raises(FamilyCannotVersionError):
        await decide(version_family, everything_wrong, (FAMILY, deprecated), (FAMILY, other), (ROLE, POSITIONER))
    with pytest.raises(FamilyAlreadyExistsError) as taken:
        await decide(version_family, everything_wrong, (FAMILY, STAGE), (FAMILY, other), (ROLE, POSITIONER))
    assert taken.value.members() == {"name": "Stage", "existing_id": OTHER_FAMILY_ID}
    with pytest.raises(FamilyAffordanceInUseError) as dropped:
        await decide(version_family, everything_wrong, (FAMILY, STAGE), (ROLE, POSITIONER))
    assert dropped.value.members() == {"family_id": FAMILY_ID, "role_id": ROLE_ID, "affordances": BOTH}
    assert "Homeable, Limitable" in dropped.value.detail()


async def test_the_name_of_a_deprecated_family_is_free() -> None:
    other = a_deprecated_family(id=OTHER_FAMILY_ID, name="Stage")
    assert await decide(version_family, command(), (FAMILY, STAGE), (FAMILY, other), (ROLE, POSITIONER))


async def test_of_several_roles_the_smallest_id_is_named() -> None:
    later = a_role(id=numbered(9), required_affordances=(Affordance.HOMEABLE,))
    family = replace(STAGE, presents_as=(later.id, ROLE_ID))
    with pytest.raises(FamilyAffordanceInUseError) as refused:
        await decide(version_family, command(affordances=[]), (FAMILY, family), (ROLE, later), (ROLE, POSITIONER))
    assert refused.value.role_id == ROLE_ID


WRONG: list[dict[str, Any]] = [
    {"tag": ""},
    {"tag": "t" * 101},
    {"name": ""},
    {"affordances": ["Flyable"]},
    {"settings_schema": {}},
    {"presents_as": []},
]


@pytest.mark.parametrize("wrong", WRONG)
def test_what_is_of_the_wrong_shape_is_invalid(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        command(**wrong)


@given(families, names, tags, affordances, st.none() | terms, several_terms, optional_ids, st.lists(roles, max_size=2))
def test_a_version_is_recorded_exactly_when_name_and_affordances_allow_it(
    family: Family,
    name: str,
    tag: str,
    affordances: tuple[Affordance, ...],
    term: Term | None,
    variables: tuple[Term, ...],
    owner: UUID | None,
    roles: list[Role],
) -> None:
    told = command(name=name, tag=tag, affordances=affordances, term=term, measured_variables=variables)
    context = Context(owner, tuple(roles))
    refused = refusal(version_family, command=told, family=family, context=context)
    required = {each for role in roles for each in role.required_affordances}
    assert refused is first_true(
        (family.status is DefinitionStatus.DEPRECATED, FamilyCannotVersionError),
        (owner is not None and owner != FAMILY_ID, FamilyAlreadyExistsError),
        (not required <= set(affordances), FamilyAffordanceInUseError),
    )
    if not refused:
        assert folds(FAMILY, family, version_family(told, family, context)) == replace(
            family,
            name=told.name,
            description=None,
            affordances=affordances,
            term=term,
            measured_variables=variables,
            measurement_techniques=(),
            status=DefinitionStatus.VERSIONED,
            version=tag,
        )
