from dataclasses import replace
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.equipment.strategies_asset import MODEL_ID, a_model, decide, first_true, folds, ids, refusal
from tests.unit.equipment.strategies_definitions import (
    FAMILY_ID,
    OTHER_FAMILY_ID,
    a_deprecated_family,
    a_family,
    families,
    models,
)

from cora.equipment.aggregates.family import FAMILY, Family, FamilyDeprecatedError, FamilyNotFoundError
from cora.equipment.aggregates.model import (
    MODEL,
    Model,
    ModelCannotChangeFamiliesError,
    ModelFamilyAdded,
    ModelFamilyAlreadyPresentError,
)
from cora.equipment.content.named_families import NamedFamilies
from cora.equipment.features.add_model_family import AddModelFamily, add_model_family
from cora.equipment.values import DefinitionStatus

COMMAND = AddModelFamily(model_id=MODEL_ID, family_id=FAMILY_ID)


async def test_a_model_is_of_one_family_more() -> None:
    model = a_model(OTHER_FAMILY_ID)
    decided = await decide(add_model_family, COMMAND, (MODEL, model), (FAMILY, a_family()))
    assert decided == [ModelFamilyAdded(FAMILY_ID)]
    assert folds(MODEL, model, decided) == a_model(OTHER_FAMILY_ID, FAMILY_ID)


async def test_the_refusals_come_in_order() -> None:
    has_it = a_model(FAMILY_ID)
    with pytest.raises(ModelCannotChangeFamiliesError):
        await decide(add_model_family, COMMAND, (MODEL, replace(has_it, status=DefinitionStatus.DEPRECATED)))
    with pytest.raises(FamilyNotFoundError):
        await decide(add_model_family, COMMAND, (MODEL, has_it))
    with pytest.raises(FamilyDeprecatedError):
        await decide(add_model_family, COMMAND, (MODEL, has_it), (FAMILY, a_deprecated_family()))
    with pytest.raises(ModelFamilyAlreadyPresentError) as refused:
        await decide(add_model_family, COMMAND, (MODEL, has_it), (FAMILY, a_family()))
    assert refused.value.members() == {"model_id": MODEL_ID, "family_id": FAMILY_ID}


@given(models, st.none() | families, ids)
def test_a_family_is_added_exactly_when_it_can_be_used_and_is_new(
    model: Model, family: Family | None, family_id: UUID
) -> None:
    command = AddModelFamily(model_id=MODEL_ID, family_id=family_id)
    context = NamedFamilies({family_id: family and replace(family, id=family_id)})
    refused = refusal(add_model_family, command=command, model=model, context=context)
    assert refused is first_true(
        (model.status is DefinitionStatus.DEPRECATED, ModelCannotChangeFamiliesError),
        (family is None, FamilyNotFoundError),
        (family is not None and family.status is DefinitionStatus.DEPRECATED, FamilyDeprecatedError),
        (family_id in model.declared_family_ids, ModelFamilyAlreadyPresentError),
    )
    if not refused:
        after = folds(MODEL, model, add_model_family(command, model, context))
        assert after == replace(model, declared_family_ids=(*model.declared_family_ids, family_id))
