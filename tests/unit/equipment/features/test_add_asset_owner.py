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
    owners_given,
    refusal,
)

from cora.equipment.aggregates.asset import ASSET
from cora.equipment.aggregates.asset.errors import AssetIsDecommissionedError, AssetOwnerAlreadyPresentError
from cora.equipment.aggregates.asset.events import AssetOwnerAdded
from cora.equipment.aggregates.asset.state import Asset
from cora.equipment.features.add_asset_owner import AddAssetOwner, add_asset_owner
from cora.equipment.values import AgentIdentifier, Owner, OwnerGiven

COMMAND = AddAssetOwner(asset_id=ASSET_ID, owner=OwnerGiven("APS"))


def test_an_owner_is_added_and_the_address_stays_outside() -> None:
    owner = {
        "name": "APS",
        "contact": "beamline@example.org",
        "identifier": {"scheme": "ROR", "value": "https://ror.org/05gvnxz63"},
    }
    command = AddAssetOwner.model_validate({"asset_id": ASSET_ID, "owner": owner})
    (event,) = add_asset_owner(command, an_asset())
    assert command.owner.contact is not None
    identifier = AgentIdentifier("https://ror.org/05gvnxz63", "ROR")
    assert event == AssetOwnerAdded(Owner("APS", command.owner.contact.contact_id, identifier))
    assert "example.org" not in ASSET.encode_event(event)


def test_a_second_owner_of_that_name_is_refused_ignoring_case() -> None:
    with pytest.raises(AssetOwnerAlreadyPresentError) as refused:
        add_asset_owner(COMMAND, an_asset(owners=(Owner("aps"),)))
    assert refused.value.members() == {"asset_id": ASSET_ID, "name": "aps"}


def test_a_decommissioned_asset_is_refused_first() -> None:
    with pytest.raises(AssetIsDecommissionedError):
        add_asset_owner(COMMAND, a_dead_asset(owners=(Owner("APS"),)))


@given(assets(), owners_given)
def test_an_owner_is_added_exactly_when_the_name_is_free(asset: Asset, owner: OwnerGiven) -> None:
    command = AddAssetOwner(asset_id=ASSET_ID, owner=owner)
    refused = refusal(add_asset_owner, command=command, asset=asset)
    assert refused is first_true(
        (asset.is_decommissioned, AssetIsDecommissionedError),
        (owner.name.casefold() in [each.name.casefold() for each in asset.owners], AssetOwnerAlreadyPresentError),
    )
    if not refused:
        after = folds(ASSET, asset, add_asset_owner(command, asset))
        assert after == replace(asset, owners=(*asset.owners, Owner(owner.name)))
