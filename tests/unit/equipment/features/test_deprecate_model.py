from dataclasses import replace

import pytest
from hypothesis import given
from pydantic import ValidationError
from tests.unit.equipment.strategies_asset import MODEL_ID, a_model, first_true, folds, numbered, reasons, refusal
from tests.unit.equipment.strategies_definitions import models

from cora.equipment.aggregates.model import (
    MODEL,
    Model,
    ModelCannotDeprecateError,
    ModelDeprecated,
    model_claim,
)
from cora.equipment.features.deprecate_model import DeprecateModel, deprecate_model
from cora.equipment.values import DefinitionStatus

COMMAND = DeprecateModel(model_id=MODEL_ID, reason="superseded")


def test_a_model_is_deprecated_and_its_claim_is_free() -> None:
    assert list(MODEL.claims(a_model(numbered(1)))) == [model_claim("Aerotech", "ABRS-250MP-M-AS")]
    decided = deprecate_model(COMMAND, a_model(numbered(1)))
    assert decided == [ModelDeprecated("superseded")]
    after = folds(MODEL, a_model(numbered(1)), decided)
    assert after.status is DefinitionStatus.DEPRECATED
    assert list(MODEL.claims(after)) == []


def test_it_is_deprecated_once() -> None:
    with pytest.raises(ModelCannotDeprecateError) as refused:
        deprecate_model(COMMAND, a_model(numbered(1), status=DefinitionStatus.DEPRECATED))
    assert refused.value.model_id == MODEL_ID


@pytest.mark.parametrize("reason", ["", " ", None, "r" * 501])
def test_a_reason_is_required(reason: str | None) -> None:
    with pytest.raises(ValidationError):
        DeprecateModel.model_validate({"model_id": MODEL_ID, "reason": reason})


@given(models, reasons)
def test_it_is_deprecated_exactly_when_it_is_not_yet(model: Model, reason: str) -> None:
    command = DeprecateModel(model_id=MODEL_ID, reason=reason)
    refused = refusal(deprecate_model, command=command, model=model)
    assert refused is first_true((model.status is DefinitionStatus.DEPRECATED, ModelCannotDeprecateError))
    if not refused:
        after = folds(MODEL, model, deprecate_model(command, model))
        assert after == replace(model, status=DefinitionStatus.DEPRECATED)
        assert MODEL.references(after) == MODEL.references(model)
