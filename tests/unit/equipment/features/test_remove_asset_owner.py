from dataclasses import replace

import pytest
from hypothesis import given
from tests.unit.equipment.strategies_asset import (
    ASSET_ID,
    a_dead_asset,
    an_asset,
    assets,
    first_true,
    folds,
    owner_names,
    refusal,
)

from cora.equipment.aggregates.asset import ASSET
from cora.equipment.aggregates.asset.errors import AssetIsDecommissionedError, AssetOwnerNotPresentError
from cora.equipment.aggregates.asset.events import AssetOwnerRemoved
from cora.equipment.aggregates.asset.state import Asset
from cora.equipment.features.remove_asset_owner import RemoveAssetOwner, remove_asset_owner
from cora.equipment.values import Owner


def test_an_owner_is_removed_by_its_name_ignoring_case() -> None:
    command = RemoveAssetOwner(asset_id=ASSET_ID, name="aps")
    assert remove_asset_owner(command, an_asset(owners=(Owner("APS"),))) == [AssetOwnerRemoved("APS")]


def test_an_owner_it_does_not_have_is_refused() -> None:
    with pytest.raises(AssetOwnerNotPresentError) as refused:
        remove_asset_owner(RemoveAssetOwner(asset_id=ASSET_ID, name="ANL"), an_asset(owners=(Owner("APS"),)))
    assert refused.value.members() == {"asset_id": ASSET_ID, "name": "ANL"}


def test_a_decommissioned_asset_is_refused_first() -> None:
    with pytest.raises(AssetIsDecommissionedError):
        remove_asset_owner(RemoveAssetOwner(asset_id=ASSET_ID, name="ANL"), a_dead_asset())


@given(assets(), owner_names)
def test_exactly_the_named_owner_goes(asset: Asset, name: str) -> None:
    command = RemoveAssetOwner(asset_id=ASSET_ID, name=name)
    left = tuple(each for each in asset.owners if each.name.casefold() != name.casefold())
    refused = refusal(remove_asset_owner, command=command, asset=asset)
    assert refused is first_true(
        (asset.is_decommissioned, AssetIsDecommissionedError), (left == asset.owners, AssetOwnerNotPresentError)
    )
    if not refused:
        assert folds(ASSET, asset, remove_asset_owner(command, asset)) == replace(asset, owners=left)
