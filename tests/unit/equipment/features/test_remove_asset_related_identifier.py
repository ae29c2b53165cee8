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
    refusal,
    related_identifiers,
)

from cora.equipment.aggregates.asset import ASSET
from cora.equipment.aggregates.asset.errors import AssetIsDecommissionedError, AssetRelatedIdentifierNotPresentError
from cora.equipment.aggregates.asset.events import AssetRelatedIdentifierRemoved
from cora.equipment.aggregates.asset.state import Asset
from cora.equipment.features.remove_asset_related_identifier import (
    RemoveAssetRelatedIdentifier,
    remove_asset_related_identifier,
)
from cora.equipment.related_identifier import RelatedIdentifier, RelatedIdentifierScheme, RelationType

PART = RelatedIdentifier(RelationType.HAS_COMPONENT, "21.5/Part", RelatedIdentifierScheme.HANDLE, "Pump")
COMMAND = RemoveAssetRelatedIdentifier(
    asset_id=ASSET_ID,
    identifier=RelatedIdentifier(
        RelationType.HAS_COMPONENT, "https://hdl.handle.net/21.5/PART", RelatedIdentifierScheme.HANDLE
    ),
)


def test_it_is_removed_as_it_was_recorded() -> None:
    assert remove_asset_related_identifier(COMMAND, an_asset(related_identifiers=(PART,))) == [
        AssetRelatedIdentifierRemoved(PART)
    ]


def test_one_it_does_not_have_is_refused() -> None:
    other = replace(PART, relation=RelationType.IS_COMPONENT_OF)
    with pytest.raises(AssetRelatedIdentifierNotPresentError) as refused:
        remove_asset_related_identifier(COMMAND, an_asset(related_identifiers=(other,)))
    assert refused.value.members() == {
        "asset_id": ASSET_ID,
        "relation": "HasComponent",
        "scheme": "Handle",
        "value": "21.5/PART",
    }


def test_a_decommissioned_asset_is_refused_first() -> None:
    with pytest.raises(AssetIsDecommissionedError):
        remove_asset_related_identifier(COMMAND, a_dead_asset())


@given(assets(), related_identifiers)
def test_exactly_that_one_goes(asset: Asset, identifier: RelatedIdentifier) -> None:
    command = RemoveAssetRelatedIdentifier(asset_id=ASSET_ID, identifier=identifier)
    has = asset.related_identifiers
    left = tuple(each for each in has if each.key != identifier.key)
    refused = refusal(remove_asset_related_identifier, command=command, asset=asset)
    assert refused is first_true(
        (asset.is_decommissioned, AssetIsDecommissionedError), (left == has, AssetRelatedIdentifierNotPresentError)
    )
    if not refused:
        after = folds(ASSET, asset, remove_asset_related_identifier(command, asset))
        assert after == replace(asset, related_identifiers=left)
