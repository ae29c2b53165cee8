from dataclasses import replace

import pytest
from hypothesis import given
from pydantic import ValidationError
from tests.unit.equipment.strategies_asset import ASSET_ID, a_dead_asset, assets, folds, reasons

from cora.equipment.aggregates.asset import ASSET
from cora.equipment.aggregates.asset.events import AssetDegraded
from cora.equipment.aggregates.asset.state import Asset, AssetCondition
from cora.equipment.features.degrade_asset import DegradeAsset, degrade_asset


def test_a_report_is_taken_even_of_a_decommissioned_asset() -> None:
    assert degrade_asset(DegradeAsset(asset_id=ASSET_ID, reason=" seen "), a_dead_asset()) == [AssetDegraded("seen")]


def test_a_report_needs_a_reason() -> None:
    with pytest.raises(ValidationError):
        DegradeAsset(asset_id=ASSET_ID, reason="  ")


@given(assets(), reasons)
def test_each_is_a_report_that_changes_the_condition_alone(asset: Asset, reason: str) -> None:
    after = folds(ASSET, asset, degrade_asset(DegradeAsset(asset_id=ASSET_ID, reason=reason), asset))
    assert after == replace(asset, condition=AssetCondition.DEGRADED, condition_reason=reason)
