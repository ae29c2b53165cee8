from uuid import UUID

import pytest
from hypothesis import given
from tests.unit.equipment.strategies_asset import first_true, folds, ids, refusal
from tests.unit.equipment.strategies_definitions import FAMILY_ID, ROLE_ID, a_deprecated_family, a_family, families

from cora.equipment.aggregates.family import (
    FAMILY,
    Family,
    FamilyCannotUpdateError,
    FamilyDoesNotPresentAsError,
    FamilyPresentsAsRemoved,
)
from cora.equipment.features.remove_family_presents_as import RemoveFamilyPresentsAs, remove_family_presents_as
from cora.equipment.values import DefinitionStatus

COMMAND = RemoveFamilyPresentsAs(family_id=FAMILY_ID, role_id=ROLE_ID)


def test_a_role_is_taken_back() -> None:
    assert remove_family_presents_as(COMMAND, a_family(presents_as=(ROLE_ID,))) == [FamilyPresentsAsRemoved(ROLE_ID)]


def test_a_role_that_is_not_fulfilled_cannot_be_taken_back() -> None:
    with pytest.raises(FamilyDoesNotPresentAsError):
        remove_family_presents_as(COMMAND, a_family())


def test_a_deprecated_family_is_refused_first() -> None:
    with pytest.raises(FamilyCannotUpdateError):
        remove_family_presents_as(COMMAND, a_deprecated_family())


@given(families, ids)
def test_a_role_is_taken_back_exactly_when_it_is_there(family: Family, role_id: UUID) -> None:
    command = RemoveFamilyPresentsAs(family_id=FAMILY_ID, role_id=role_id)
    refused = refusal(remove_family_presents_as, command=command, family=family)
    assert refused is first_true(
        (family.status is DefinitionStatus.DEPRECATED, FamilyCannotUpdateError),
        (role_id not in family.presents_as, FamilyDoesNotPresentAsError),
    )
    if not refused:
        after = folds(FAMILY, family, remove_family_presents_as(command, family))
        assert role_id not in after.presents_as
        assert {*after.presents_as, role_id} == {*family.presents_as}
