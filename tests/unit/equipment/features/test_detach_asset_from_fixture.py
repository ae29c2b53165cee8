from dataclasses import replace

import pytest
from hypothesis import given
from tests.unit.equipment.strategies_asset import (
    ASSET_ID,
    FIXTURE_ID,
    OTHER_ID,
    an_active_asset,
    assets,
    first_true,
    folds,
    refusal,
)

from cora.equipment.aggregates.asset import ASSET
from cora.equipment.aggregates.asset.errors import AssetAttachedToDifferentFixtureError, AssetNotAttachedToFixtureError
from cora.equipment.aggregates.asset.events import AssetDetachedFromFixture
from cora.equipment.aggregates.asset.state import Asset
from cora.equipment.features.detach_asset_from_fixture import DetachAssetFromFixture, detach_asset_from_fixture
from cora.kernel.aggregate import joined_ids

COMMAND = DetachAssetFromFixture(asset_id=ASSET_ID, fixture_id=FIXTURE_ID)


def test_an_attached_asset_is_detached() -> None:
    (event,) = detach_asset_from_fixture(COMMAND, an_active_asset(fixture_id=FIXTURE_ID))
    assert event == AssetDetachedFromFixture(FIXTURE_ID)
    assert set(joined_ids(event)) == {FIXTURE_ID}


def test_an_asset_that_is_not_attached_is_refused() -> None:
    with pytest.raises(AssetNotAttachedToFixtureError):
        detach_asset_from_fixture(COMMAND, an_active_asset())


def test_another_fixture_than_expected_is_refused() -> None:
    with pytest.raises(AssetAttachedToDifferentFixtureError) as refused:
        detach_asset_from_fixture(COMMAND, an_active_asset(fixture_id=OTHER_ID))
    assert refused.value.members() == {
        "asset_id": ASSET_ID,
        "fixture_id": OTHER_ID,
        "expected_fixture_id": FIXTURE_ID,
    }


@given(assets())
def test_it_is_detached_exactly_from_the_expected_fixture(asset: Asset) -> None:
    refused = refusal(detach_asset_from_fixture, command=COMMAND, asset=asset)
    assert refused is first_true(
        (asset.fixture_id is None, AssetNotAttachedToFixtureError),
        (asset.fixture_id != FIXTURE_ID, AssetAttachedToDifferentFixtureError),
    )
    if not refused:
        assert folds(ASSET, asset, detach_asset_from_fixture(COMMAND, asset)) == replace(asset, fixture_id=None)
