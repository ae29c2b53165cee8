from dataclasses import replace
from uuid import UUID

import pytest
from hypothesis import given
from tests.unit.equipment.strategies_asset import (
    ASSET_ID,
    FAMILY_ID,
    a_dead_asset,
    an_asset,
    assets,
    first_true,
    folds,
    ids,
    refusal,
)

from cora.equipment.aggregates.asset import ASSET
from cora.equipment.aggregates.asset.errors import AssetFamilyNotPresentError, AssetIsDecommissionedError
from cora.equipment.aggregates.asset.events import AssetFamilyRemoved
from cora.equipment.aggregates.asset.state import Asset
from cora.equipment.features.remove_asset_family import RemoveAssetFamily, remove_asset_family

COMMAND = RemoveAssetFamily(asset_id=ASSET_ID, family_id=FAMILY_ID)


def test_a_family_is_removed() -> None:
    assert remove_asset_family(COMMAND, an_asset(family_ids=(FAMILY_ID,))) == [AssetFamilyRemoved(FAMILY_ID)]


def test_a_family_it_is_not_of_is_refused() -> None:
    with pytest.raises(AssetFamilyNotPresentError) as refused:
        remove_asset_family(COMMAND, an_asset())
    assert refused.value.members() == {"asset_id": ASSET_ID, "family_id": FAMILY_ID}


def test_a_decommissioned_asset_is_refused_first() -> None:
    with pytest.raises(AssetIsDecommissionedError):
        remove_asset_family(COMMAND, a_dead_asset())


@given(assets(), ids)
def test_exactly_that_family_goes(asset: Asset, family_id: UUID) -> None:
    command = RemoveAssetFamily(asset_id=ASSET_ID, family_id=family_id)
    refused = refusal(remove_asset_family, command=command, asset=asset)
    assert refused is first_true(
        (asset.is_decommissioned, AssetIsDecommissionedError),
        (family_id not in asset.family_ids, AssetFamilyNotPresentError),
    )
    if not refused:
        left = tuple(each for each in asset.family_ids if each != family_id)
        assert folds(ASSET, asset, remove_asset_family(command, asset)) == replace(asset, family_ids=left)
