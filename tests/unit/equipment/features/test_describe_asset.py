from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.equipment.strategies_asset import (
    ASSET_ID,
    OTHER_ID,
    PARENT_ID,
    a_dead_asset,
    an_asset,
    assets,
    first_true,
    folds,
    names,
    refusal,
)

from cora.equipment.aggregates.asset import ASSET
from cora.equipment.aggregates.asset.errors import AssetIsDecommissionedError, AssetNameTakenError
from cora.equipment.aggregates.asset.events import AssetDescribed
from cora.equipment.aggregates.asset.state import Asset, name_claim
from cora.equipment.features.describe_asset import DescribeAsset, describe_asset


def describe(asset: Asset, **given: Any) -> list[AssetDescribed]:
    return describe_asset(DescribeAsset(asset_id=asset.id, **given), asset)


def test_name_and_description_are_given_anew() -> None:
    assert describe(an_asset(), name="Rotary 2", description="turns") == [AssetDescribed("Rotary 2", "turns")]


def test_what_is_left_out_stays() -> None:
    asset = an_asset(description="turns")
    assert describe(asset, name="Rotary 2") == [AssetDescribed("Rotary 2", "turns")]
    assert describe(asset, description="stands") == [AssetDescribed("Rotary", "stands")]


def test_null_takes_the_description_away() -> None:
    assert describe(an_asset(description="turns"), description=None) == [AssetDescribed("Rotary", None)]


def test_the_same_again_changes_nothing() -> None:
    assert describe(an_asset(description="turns"), name="Rotary", description="turns") == []
    assert describe(an_asset()) == []


def test_a_decommissioned_asset_is_refused_even_without_a_change() -> None:
    with pytest.raises(AssetIsDecommissionedError):
        describe(a_dead_asset(), name="Rotary")


def test_a_taken_name_is_refused_by_its_claim() -> None:
    refused = ASSET.claim_taken(name_claim("Rotary", PARENT_ID, None), an_asset(), OTHER_ID)
    assert isinstance(refused, AssetNameTakenError)
    assert refused.members() == {"name": "Rotary", "existing_id": OTHER_ID}


@given(assets(), st.fixed_dictionaries({}, optional={"name": names, "description": st.none() | st.just("stands")}))
def test_the_result_is_what_was_given_over_what_was(asset: Asset, given: dict[str, Any]) -> None:
    command = DescribeAsset(asset_id=ASSET_ID, **given)
    refused = refusal(describe_asset, command=command, asset=asset)
    assert refused is first_true((asset.is_decommissioned, AssetIsDecommissionedError))
    if not refused:
        events = describe_asset(command, asset)
        wanted = replace(asset, **{name: getattr(command, name) for name in given})
        assert folds(ASSET, asset, events) == wanted
        assert bool(events) == (wanted != asset)
