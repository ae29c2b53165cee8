from dataclasses import replace
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.equipment.strategies_asset import (
    ASSET_ID,
    FAMILY_ID,
    MODEL_ID,
    OTHER_ID,
    a_dead_asset,
    a_model,
    an_asset,
    assets,
    decide,
    first_true,
    folds,
    ids,
    mostly,
    reasons,
    refusal,
)

from cora.equipment.aggregates.asset import ASSET
from cora.equipment.aggregates.asset.errors import AssetIsDecommissionedError, AssetModelMismatchError
from cora.equipment.aggregates.asset.events import AssetModelBound
from cora.equipment.aggregates.asset.state import Asset
from cora.equipment.aggregates.model import MODEL, Model, ModelDeprecatedError, ModelNotFoundError
from cora.equipment.features.bind_asset_model import BindAssetModel, Context, bind_asset_model
from cora.equipment.values import DefinitionStatus
from cora.kernel.aggregate import Reference
from cora.kernel.errors import InvalidRequestError

FIRST = BindAssetModel(asset_id=ASSET_ID, model_id=MODEL_ID)
ANOTHER = BindAssetModel(asset_id=ASSET_ID, model_id=MODEL_ID, reason="misread label")
FOUND = a_model(FAMILY_ID)
GONE = replace(FOUND, status=DefinitionStatus.DEPRECATED)


async def test_the_first_model_needs_no_reason() -> None:
    asset = an_asset(family_ids=(FAMILY_ID,))
    (event,) = await decide(bind_asset_model, FIRST, (ASSET, asset), (MODEL, FOUND))
    assert event == AssetModelBound(MODEL_ID)
    assert Reference("asset.model_id", MODEL_ID) in set(ASSET.references(folds(ASSET, asset, [event])))


async def test_another_model_is_recorded_with_the_previous_one_and_the_reason() -> None:
    events = await decide(bind_asset_model, ANOTHER, (ASSET, an_asset(model_id=OTHER_ID)), (MODEL, FOUND))
    assert events == [AssetModelBound(MODEL_ID, OTHER_ID, "misread label")]


async def test_another_model_without_a_reason_is_refused_at_its_place() -> None:
    with pytest.raises(InvalidRequestError) as refused:
        await decide(bind_asset_model, FIRST, (ASSET, an_asset(model_id=OTHER_ID)), (MODEL, FOUND))
    (violation,) = refused.value.errors
    assert violation.pointer == "/reason"
    assert str(OTHER_ID) in violation.detail


@pytest.mark.parametrize("command", [FIRST, ANOTHER])
async def test_the_model_it_has_changes_nothing(command: BindAssetModel) -> None:
    assert await decide(bind_asset_model, command, (ASSET, an_asset(model_id=MODEL_ID)), (MODEL, FOUND)) == []


async def test_an_unknown_model_is_refused() -> None:
    with pytest.raises(ModelNotFoundError):
        await decide(bind_asset_model, FIRST, (ASSET, an_asset()))


async def test_a_deprecated_model_is_refused_also_when_the_asset_has_it() -> None:
    with pytest.raises(ModelDeprecatedError):
        await decide(bind_asset_model, FIRST, (ASSET, an_asset(model_id=MODEL_ID)), (MODEL, GONE))


async def test_of_several_families_that_the_model_does_not_declare_the_smallest_is_named() -> None:
    asset = an_asset(family_ids=(MODEL_ID, FAMILY_ID, OTHER_ID))
    with pytest.raises(AssetModelMismatchError) as refused:
        await decide(bind_asset_model, FIRST, (ASSET, asset), (MODEL, FOUND))
    assert refused.value.members() == {"model_id": MODEL_ID, "family_id": OTHER_ID}


async def test_a_decommissioned_asset_is_refused_first() -> None:
    with pytest.raises(AssetIsDecommissionedError):
        await decide(bind_asset_model, FIRST, (ASSET, a_dead_asset()))


@given(
    assets(),
    st.sampled_from([MODEL_ID, OTHER_ID]),
    mostly(FOUND, None, GONE),
    st.lists(ids, max_size=12, unique=True),
    st.none() | reasons,
)
def test_refusals_come_in_the_order_of_the_row(
    asset: Asset, model_id: UUID, model: Model | None, declared: list[UUID], reason: str | None
) -> None:
    found = replace(model, id=model_id, declared_family_ids=tuple(declared)) if model else None
    command, context = BindAssetModel(asset_id=ASSET_ID, model_id=model_id, reason=reason), Context(found)
    refused = refusal(bind_asset_model, command=command, asset=asset, context=context)
    assert refused is first_true(
        (asset.is_decommissioned, AssetIsDecommissionedError),
        (model is None, ModelNotFoundError),
        (model is GONE, ModelDeprecatedError),
        (not set(asset.family_ids) <= set(declared), AssetModelMismatchError),
        (asset.model_id not in (None, model_id) and reason is None, InvalidRequestError),
    )
    if not refused:
        events = bind_asset_model(command, asset, context)
        assert folds(ASSET, asset, events) == replace(asset, model_id=model_id)
        assert bool(events) == (asset.model_id != model_id)
        assert all(event.previous_model_id == asset.model_id for event in events)
