from dataclasses import replace
from uuid import UUID

import pytest
from hypothesis import given
from tests.unit.equipment.strategies_asset import MODEL_ID, a_model, first_true, folds, ids, refusal
from tests.unit.equipment.strategies_definitions import FAMILY_ID, OTHER_FAMILY_ID, models

from cora.equipment.aggregates.model import (
    MODEL,
    Model,
    ModelCannotChangeFamiliesError,
    ModelFamilyNotPresentError,
    ModelFamilyRemoved,
    ModelNeedsFamilyError,
)
from cora.equipment.features.remove_model_family import RemoveModelFamily, remove_model_family
from cora.equipment.values import DefinitionStatus

COMMAND = RemoveModelFamily(model_id=MODEL_ID, family_id=FAMILY_ID)


def test_a_model_is_not_of_a_family_any_more() -> None:
    model = a_model(FAMILY_ID, OTHER_FAMILY_ID)
    decided = remove_model_family(COMMAND, model)
    assert decided == [ModelFamilyRemoved(FAMILY_ID)]
    assert folds(MODEL, model, decided) == a_model(OTHER_FAMILY_ID)


def test_the_refusals_come_in_order() -> None:
    with pytest.raises(ModelCannotChangeFamiliesError):
        remove_model_family(COMMAND, a_model(OTHER_FAMILY_ID, status=DefinitionStatus.DEPRECATED))
    with pytest.raises(ModelFamilyNotPresentError):
        remove_model_family(COMMAND, a_model(OTHER_FAMILY_ID))
    with pytest.raises(ModelNeedsFamilyError) as refused:
        remove_model_family(COMMAND, a_model(FAMILY_ID))
    assert refused.value.members() == {"model_id": MODEL_ID, "family_id": FAMILY_ID}
    assert "add another first" in refused.value.detail()


@given(models, ids)
def test_a_family_is_removed_exactly_when_it_is_there_and_not_the_last(model: Model, family_id: UUID) -> None:
    command = RemoveModelFamily(model_id=MODEL_ID, family_id=family_id)
    refused = refusal(remove_model_family, command=command, model=model)
    assert refused is first_true(
        (model.status is DefinitionStatus.DEPRECATED, ModelCannotChangeFamiliesError),
        (family_id not in model.declared_family_ids, ModelFamilyNotPresentError),
        (model.declared_family_ids == (family_id,), ModelNeedsFamilyError),
    )
    if not refused:
        after = folds(MODEL, model, remove_model_family(command, model))
        assert {*after.declared_family_ids, family_id} == set(model.declared_family_ids)
        assert family_id not in after.declared_family_ids
        assert replace(after, declared_family_ids=model.declared_family_ids) == model
