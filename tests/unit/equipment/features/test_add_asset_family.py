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
    refusal,
)

from cora.equipment.aggregates.asset import ASSET
from cora.equipment.aggregates.asset.errors import (
    AssetFamilyAlreadyPresentError,
    AssetIsDecommissionedError,
    AssetModelMismatchError,
)
from cora.equipment.aggregates.asset.events import AssetFamilyAdded
from cora.equipment.aggregates.asset.state import Asset
from cora.equipment.aggregates.family import FAMILY, Family, FamilyDeprecatedError, FamilyNotFoundError
from cora.equipment.aggregates.model import MODEL, Model
from cora.equipment.features.add_asset_family import AddAssetFamily, Context, add_asset_family
from cora.equipment.values import DefinitionStatus

COMMAND = AddAssetFamily(asset_id=ASSET_ID, family_id=FAMILY_ID)
FAMILY_FOUND = Family(FAMILY_ID, "RotaryStage")
GONE = replace(FAMILY_FOUND, status=DefinitionStatus.DEPRECATED)


async def test_a_family_is_added() -> None:
    assert await decide(add_asset_family, COMMAND, (ASSET, an_asset()), (FAMILY, FAMILY_FOUND)) == [
        AssetFamilyAdded(FAMILY_ID)
    ]


async def test_a_family_that_the_model_declares_is_added() -> None:
    records = (ASSET, an_asset(model_id=MODEL_ID)), (FAMILY, FAMILY_FOUND), (MODEL, a_model(FAMILY_ID))
    assert await decide(add_asset_family, COMMAND, *records) == [AssetFamilyAdded(FAMILY_ID)]


async def test_a_family_that_the_model_does_not_declare_is_refused() -> None:
    records = (ASSET, an_asset(model_id=MODEL_ID)), (FAMILY, FAMILY_FOUND), (MODEL, a_model(OTHER_ID))
    with pytest.raises(AssetModelMismatchError) as refused:
        await decide(add_asset_family, COMMAND, *records)
    assert refused.value.members() == {"model_id": MODEL_ID, "family_id": FAMILY_ID}


async def test_an_unknown_family_is_refused() -> None:
    with pytest.raises(FamilyNotFoundError):
        await decide(add_asset_family, COMMAND, (ASSET, an_asset()))


async def test_a_deprecated_family_is_refused_also_when_it_is_there_already() -> None:
    with pytest.raises(FamilyDeprecatedError):
        await decide(add_asset_family, COMMAND, (ASSET, an_asset(family_ids=(FAMILY_ID,))), (FAMILY, GONE))


async def test_a_decommissioned_asset_is_refused_first() -> None:
    with pytest.raises(AssetIsDecommissionedError):
        await decide(add_asset_family, COMMAND, (ASSET, a_dead_asset()))


@given(assets(), ids, mostly(FAMILY_FOUND, None, GONE), st.none() | st.builds(a_model, ids))
def test_refusals_come_in_the_order_of_the_row(
    asset: Asset, family_id: UUID, family: Family | None, model: Model | None
) -> None:
    command, context = AddAssetFamily(asset_id=ASSET_ID, family_id=family_id), Context(family, model)
    refused = refusal(add_asset_family, command=command, asset=asset, context=context)
    assert refused is first_true(
        (asset.is_decommissioned, AssetIsDecommissionedError),
        (family is None, FamilyNotFoundError),
        (family is GONE, FamilyDeprecatedError),
        (family_id in asset.family_ids, AssetFamilyAlreadyPresentError),
        (model is not None and family_id not in model.declared_family_ids, AssetModelMismatchError),
    )
    if not refused:
        after = folds(ASSET, asset, add_asset_family(command, asset, context))
        assert after == replace(asset, family_ids=(*asset.family_ids, family_id))
