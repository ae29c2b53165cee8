from dataclasses import replace

import pytest
from hypothesis import given
from tests.unit.equipment.strategies_asset import ASSET_ID, an_asset, assets, first_true, folds, refusal

from cora.equipment.aggregates.asset import ASSET
from cora.equipment.aggregates.asset.errors import AssetCannotEnterMaintenanceError
from cora.equipment.aggregates.asset.events import AssetMaintenanceEntered
from cora.equipment.aggregates.asset.state import Asset, AssetLifecycle
from cora.equipment.features.enter_asset_maintenance import EnterAssetMaintenance, enter_asset_maintenance

COMMAND = EnterAssetMaintenance(asset_id=ASSET_ID)


def test_it_moves_on() -> None:
    assert enter_asset_maintenance(COMMAND, an_asset(lifecycle=AssetLifecycle.ACTIVE)) == [AssetMaintenanceEntered()]


@pytest.mark.parametrize("lifecycle", [each for each in AssetLifecycle if each is not AssetLifecycle.ACTIVE])
def test_from_elsewhere_it_is_refused(lifecycle: AssetLifecycle) -> None:
    with pytest.raises(AssetCannotEnterMaintenanceError) as refused:
        enter_asset_maintenance(COMMAND, an_asset(lifecycle=lifecycle))
    assert refused.value.members() == {"asset_id": ASSET_ID, "lifecycle": lifecycle}


@given(assets())
def test_it_is_possible_exactly_when_active(asset: Asset) -> None:
    is_there = asset.lifecycle is AssetLifecycle.ACTIVE
    refused = refusal(enter_asset_maintenance, command=COMMAND, asset=asset)
    assert refused is first_true((not is_there, AssetCannotEnterMaintenanceError))
    if not refused:
        after = folds(ASSET, asset, enter_asset_maintenance(COMMAND, asset))
        assert after == replace(asset, lifecycle=AssetLifecycle.MAINTENANCE)
