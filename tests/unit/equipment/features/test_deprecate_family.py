from dataclasses import replace

import pytest
from hypothesis import given
from pydantic import ValidationError
from tests.unit.equipment.strategies_asset import first_true, folds, reasons, refusal
from tests.unit.equipment.strategies_definitions import FAMILY_ID, a_deprecated_family, a_family, families

from cora.equipment.aggregates.family import (
    FAMILY,
    Family,
    FamilyCannotDeprecateError,
    FamilyDeprecated,
    family_claim,
)
from cora.equipment.features.deprecate_family import DeprecateFamily, deprecate_family
from cora.equipment.values import DefinitionStatus

COMMAND = DeprecateFamily(family_id=FAMILY_ID, reason="superseded")


def test_a_family_is_deprecated_and_its_claim_is_free() -> None:
    assert list(FAMILY.claims(a_family())) == [family_claim("RotaryStage")]
    decided = deprecate_family(COMMAND, a_family())
    assert decided == [FamilyDeprecated("superseded")]
    after = folds(FAMILY, a_family(), decided)
    assert after.status is DefinitionStatus.DEPRECATED
    assert list(FAMILY.claims(after)) == []


def test_it_is_deprecated_once() -> None:
    with pytest.raises(FamilyCannotDeprecateError) as refused:
        deprecate_family(COMMAND, a_deprecated_family())
    assert refused.value.family_id == FAMILY_ID


@pytest.mark.parametrize("reason", ["", " ", None, "r" * 501])
def test_a_reason_is_required(reason: str | None) -> None:
    with pytest.raises(ValidationError):
        DeprecateFamily.model_validate({"family_id": FAMILY_ID, "reason": reason})


@given(families, reasons)
def test_it_is_deprecated_exactly_when_it_is_not_yet(family: Family, reason: str) -> None:
    command = DeprecateFamily(family_id=FAMILY_ID, reason=reason)
    refused = refusal(deprecate_family, command=command, family=family)
    assert refused is first_true((family.status is DefinitionStatus.DEPRECATED, FamilyCannotDeprecateError))
    if not refused:
        after = folds(FAMILY, family, deprecate_family(command, family))
        assert after == replace(family, status=DefinitionStatus.DEPRECATED)
        assert FAMILY.references(after) == FAMILY.references(family)
