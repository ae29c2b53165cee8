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
from cora.equipment.aggregates.asset.errors import (
    AssetAlternateIdentifierAlreadyPresentError,
    AssetIsDecommissionedError,
)
from cora.equipment.aggregates.asset.events import AssetAlternateIdentifierAdded
from cora.equipment.aggregates.asset.state import Asset, identifier_key
from cora.equipment.features.add_asset_alternate_identifier import (
    AddAssetAlternateIdentifier,
    add_asset_alternate_identifier,
)
from cora.equipment.values import AlternateIdentifier, AlternateIdentifierKind
from cora.kernel.search import Text, Weight

SERIAL = AlternateIdentifier(AlternateIdentifierKind.SERIAL_NUMBER, "146853-A-1-1-X")
PV = AlternateIdentifier(AlternateIdentifierKind.OTHER, "2bmb:m102", "EPICS PV")
COMMAND = AddAssetAlternateIdentifier(asset_id=ASSET_ID, identifier=SERIAL)


def test_an_identifier_is_added() -> None:
    assert add_asset_alternate_identifier(COMMAND, an_asset(alternate_identifiers=(PV,))) == [
        AssetAlternateIdentifierAdded(SERIAL)
    ]


def test_the_same_again_is_refused_ignoring_case() -> None:
    has = AlternateIdentifier(AlternateIdentifierKind.SERIAL_NUMBER, "146853-a-1-1-x", "on the back")
    with pytest.raises(AssetAlternateIdentifierAlreadyPresentError) as refused:
        add_asset_alternate_identifier(COMMAND, an_asset(alternate_identifiers=(has,)))
    assert refused.value.members() == {"asset_id": ASSET_ID, "kind": "SerialNumber", "value": SERIAL.value}


def test_one_of_kind_other_is_told_apart_by_its_name() -> None:
    host = AlternateIdentifier(AlternateIdentifierKind.OTHER, "2bmb:m102", "Host")
    command = AddAssetAlternateIdentifier(asset_id=ASSET_ID, identifier=host)
    assert add_asset_alternate_identifier(command, an_asset(alternate_identifiers=(PV,))) != []


def test_a_decommissioned_asset_is_refused_first() -> None:
    with pytest.raises(AssetIsDecommissionedError):
        add_asset_alternate_identifier(COMMAND, a_dead_asset(alternate_identifiers=(SERIAL,)))


@given(assets(), identifiers)
def test_an_identifier_is_added_exactly_when_it_is_new(asset: Asset, identifier: AlternateIdentifier) -> None:
    command = AddAssetAlternateIdentifier(asset_id=ASSET_ID, identifier=identifier)
    refused = refusal(add_asset_alternate_identifier, command=command, asset=asset)
    assert refused is first_true(
        (asset.is_decommissioned, AssetIsDecommissionedError),
        (
            any(identifier_key(each) == identifier_key(identifier) for each in asset.alternate_identifiers),
            AssetAlternateIdentifierAlreadyPresentError,
        ),
    )
    if not refused:
        after = folds(ASSET, asset, add_asset_alternate_identifier(command, asset))
        assert after == replace(asset, alternate_identifiers=(*asset.alternate_identifiers, identifier))
        assert Text("alternate_identifiers", identifier.value, Weight.OWN) in tuple(ASSET.texts(after))
