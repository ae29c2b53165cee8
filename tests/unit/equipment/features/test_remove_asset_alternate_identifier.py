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
    identifiers,
    refusal,
)

from cora.equipment.aggregates.asset import ASSET
from cora.equipment.aggregates.asset.errors import AssetAlternateIdentifierNotPresentError, AssetIsDecommissionedError
from cora.equipment.aggregates.asset.events import AssetAlternateIdentifierRemoved
from cora.equipment.aggregates.asset.state import Asset, identifier_key
from cora.equipment.features.remove_asset_alternate_identifier import (
    RemoveAssetAlternateIdentifier,
    remove_asset_alternate_identifier,
)
from cora.equipment.values import AlternateIdentifier, AlternateIdentifierKind

SERIAL = AlternateIdentifier(AlternateIdentifierKind.SERIAL_NUMBER, "146853-A-1-1-X", "on the back")
COMMAND = RemoveAssetAlternateIdentifier(
    asset_id=ASSET_ID, identifier=AlternateIdentifier(AlternateIdentifierKind.SERIAL_NUMBER, "146853-a-1-1-x")
)


def test_an_identifier_is_removed_as_it_was_recorded() -> None:
    assert remove_asset_alternate_identifier(COMMAND, an_asset(alternate_identifiers=(SERIAL,))) == [
        AssetAlternateIdentifierRemoved(SERIAL)
    ]


def test_one_it_does_not_have_is_refused() -> None:
    other = AlternateIdentifier(AlternateIdentifierKind.INVENTORY_NUMBER, SERIAL.value)
    with pytest.raises(AssetAlternateIdentifierNotPresentError) as refused:
        remove_asset_alternate_identifier(COMMAND, an_asset(alternate_identifiers=(other,)))
    assert refused.value.members() == {"asset_id": ASSET_ID, "kind": "SerialNumber", "value": "146853-a-1-1-x"}


def test_a_decommissioned_asset_is_refused_first() -> None:
    with pytest.raises(AssetIsDecommissionedError):
        remove_asset_alternate_identifier(COMMAND, a_dead_asset())


@given(assets(), identifiers)
def test_exactly_that_identifier_goes(asset: Asset, identifier: AlternateIdentifier) -> None:
    command = RemoveAssetAlternateIdentifier(asset_id=ASSET_ID, identifier=identifier)
    has = asset.alternate_identifiers
    left = tuple(each for each in has if identifier_key(each) != identifier_key(identifier))
    refused = refusal(remove_asset_alternate_identifier, command=command, asset=asset)
    assert refused is first_true(
        (asset.is_decommissioned, AssetIsDecommissionedError), (left == has, AssetAlternateIdentifierNotPresentError)
    )
    if not refused:
        after = folds(ASSET, asset, remove_asset_alternate_identifier(command, asset))
        assert after == replace(asset, alternate_identifiers=left)
