from dataclasses import replace
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.equipment.strategies_asset import decide, first_true, folds, ids, refusal
from tests.unit.equipment.strategies_definitions import (
    FAMILY_ID,
    ROLE_ID,
    a_deprecated_family,
    a_family,
    a_role,
    families,
    roles,
)

from cora.equipment.aggregates.family import (
    FAMILY,
    Family,
    FamilyAlreadyPresentsAsError,
    FamilyCannotPresentAsError,
    FamilyCannotUpdateError,
    FamilyPresentsAsAdded,
)
from cora.equipment.aggregates.role import ROLE, Role, RoleNotFoundError
from cora.equipment.features.add_family_presents_as import AddFamilyPresentsAs, add_family_presents_as
from cora.equipment.presenting import NamedRole
from cora.equipment.values import Affordance, DefinitionStatus

COMMAND = AddFamilyPresentsAs(family_id=FAMILY_ID, role_id=ROLE_ID)
BOTH = (Affordance.HOMEABLE, Affordance.LIMITABLE)


def test_a_family_with_what_the_role_requires_presents_as_it() -> None:
    family, role = a_family(affordances=(*BOTH, Affordance.ROTATABLE)), a_role(required_affordances=BOTH)
    assert add_family_presents_as(COMMAND, family, NamedRole(role)) == [FamilyPresentsAsAdded(ROLE_ID)]


def test_the_affordances_that_are_missing_are_listed() -> None:
    role = a_role(required_affordances=(*BOTH, Affordance.ROTATABLE))
    with pytest.raises(FamilyCannotPresentAsError) as refused:
        add_family_presents_as(COMMAND, a_family(affordances=(Affordance.ROTATABLE,)), NamedRole(role))
    assert refused.value.missing_affordances == BOTH
    assert "Homeable, Limitable" in refused.value.detail()


def test_the_refusals_come_in_order() -> None:
    deprecated = a_deprecated_family(presents_as=(ROLE_ID,))
    with pytest.raises(FamilyCannotUpdateError):
        add_family_presents_as(COMMAND, deprecated, NamedRole(None))
    with pytest.raises(RoleNotFoundError):
        add_family_presents_as(COMMAND, a_family(presents_as=(ROLE_ID,)), NamedRole(None))
    with pytest.raises(FamilyAlreadyPresentsAsError):
        add_family_presents_as(COMMAND, a_family(presents_as=(ROLE_ID,)), NamedRole(a_role(required_affordances=BOTH)))


async def test_the_role_is_read() -> None:
    assert await decide(add_family_presents_as, COMMAND, (FAMILY, a_family()), (ROLE, a_role())) == [
        FamilyPresentsAsAdded(ROLE_ID)
    ]
    with pytest.raises(RoleNotFoundError):
        await decide(add_family_presents_as, COMMAND, (FAMILY, a_family()))


@given(families, st.none() | roles, ids)
def test_a_role_is_added_exactly_when_the_family_fulfils_it(family: Family, role: Role | None, role_id: UUID) -> None:
    role = role and replace(role, id=role_id)
    command = AddFamilyPresentsAs(family_id=FAMILY_ID, role_id=role_id)
    refused = refusal(add_family_presents_as, command=command, family=family, context=NamedRole(role))
    required = role.required_affordances if role else ()
    assert refused is first_true(
        (family.status is DefinitionStatus.DEPRECATED, FamilyCannotUpdateError),
        (role is None, RoleNotFoundError),
        (role_id in family.presents_as, FamilyAlreadyPresentsAsError),
        (any(each not in family.affordances for each in required), FamilyCannotPresentAsError),
    )
    if not refused:
        decided = add_family_presents_as(command, family, NamedRole(role))
        assert folds(FAMILY, family, decided) == replace(family, presents_as=(*family.presents_as, role_id))
