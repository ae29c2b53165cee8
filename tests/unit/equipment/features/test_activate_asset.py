from dataclasses import replace

import pytest
from hypothesis import given
from tests.unit.equipment.strategies_asset import ASSET_ID, LATER, an_asset, assets, first_true, folds, refusal

from cora.equipment.aggregates.asset import ASSET
from cora.equipment.aggregates.asset.errors import AssetCannotActivateError
from cora.equipment.aggregates.asset.events import AssetActivated
from cora.equipment.aggregates.asset.state import Asset, AssetLifecycle
from cora.equipment.features.activate_asset import ActivateAsset, activate_asset

COMMAND = ActivateAsset(asset_id=ASSET_ID)


def test_it_moves_on() -> None:
    assert activate_asset(COMMAND, an_asset(lifecycle=AssetLifecycle.COMMISSIONED)) == [AssetActivated()]


@pytest.mark.parametrize("lifecycle", [each for each in AssetLifecycle if each is not AssetLifecycle.COMMISSIONED])
def test_from_elsewhere_it_is_refused(lifecycle: AssetLifecycle) -> None:
    with pytest.raises(AssetCannotActivateError) as refused:
        activate_asset(COMMAND, an_asset(lifecycle=lifecycle))
    assert refused.value.members() == {"asset_id": ASSET_ID, "lifecycle": lifecycle}


@given(assets())
def test_it_is_possible_exactly_when_commissioned(asset: Asset) -> None:
    is_there = asset.lifecycle is AssetLifecycle.COMMISSIONED
    refused = refusal(activate_asset, command=COMMAND, asset=asset)
    assert refused is first_true((not is_there, AssetCannotActivateError))
    if not refused:
        after = folds(ASSET, asset, activate_asset(COMMAND, asset))
        moved = replace(asset, lifecycle=AssetLifecycle.ACTIVE, commissioned_at=LATER)
        assert after == moved
