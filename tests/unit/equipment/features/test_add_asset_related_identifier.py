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
from cora.equipment.aggregates.asset.errors import (
    AssetIsDecommissionedError,
    AssetRelatedIdentifierAlreadyPresentError,
)
from cora.equipment.aggregates.asset.events import AssetRelatedIdentifierAdded
from cora.equipment.aggregates.asset.state import Asset
from cora.equipment.features.add_asset_related_identifier import (
    AddAssetRelatedIdentifier,
    add_asset_related_identifier,
)
from cora.equipment.related_identifier import RelatedIdentifier, RelatedIdentifierScheme, RelationType
from cora.kernel.search import Text

MANUAL = RelatedIdentifier(RelationType.IS_DESCRIBED_BY, "10.5438/Manual", RelatedIdentifierScheme.DOI, "Manual")
WEBSITE = RelatedIdentifier(RelationType.REFERENCES, "https://vendor.example/A", RelatedIdentifierScheme.URL)
COMMAND = AddAssetRelatedIdentifier(asset_id=ASSET_ID, identifier=MANUAL)


def test_a_related_identifier_is_added() -> None:
    assert add_asset_related_identifier(COMMAND, an_asset(related_identifiers=(WEBSITE,))) == [
        AssetRelatedIdentifierAdded(MANUAL)
    ]


def test_the_same_again_is_refused_whatever_it_is_called() -> None:
    has = replace(MANUAL, value="10.5438/MANUAL", name=None)
    with pytest.raises(AssetRelatedIdentifierAlreadyPresentError) as refused:
        add_asset_related_identifier(COMMAND, an_asset(related_identifiers=(has,)))
    assert refused.value.members() == {
        "asset_id": ASSET_ID,
        "relation": "IsDescribedBy",
        "scheme": "DOI",
        "value": "10.5438/manual",
    }


@pytest.mark.parametrize(
    "other",
    [replace(MANUAL, relation=RelationType.REFERENCES), replace(WEBSITE, value="https://vendor.example/a")],
)
def test_another_relation_and_another_case_of_a_url_are_others(other: RelatedIdentifier) -> None:
    command = AddAssetRelatedIdentifier(asset_id=ASSET_ID, identifier=other)
    assert add_asset_related_identifier(command, an_asset(related_identifiers=(MANUAL, WEBSITE))) != []


def test_a_decommissioned_asset_is_refused_first() -> None:
    with pytest.raises(AssetIsDecommissionedError):
        add_asset_related_identifier(COMMAND, a_dead_asset(related_identifiers=(MANUAL,)))


@given(assets(), related_identifiers)
def test_it_is_added_exactly_when_it_is_new(asset: Asset, identifier: RelatedIdentifier) -> None:
    command = AddAssetRelatedIdentifier(asset_id=ASSET_ID, identifier=identifier)
    refused = refusal(add_asset_related_identifier, command=command, asset=asset)
    assert refused is first_true(
        (asset.is_decommissioned, AssetIsDecommissionedError),
        (
            any(each.key == identifier.key for each in asset.related_identifiers),
            AssetRelatedIdentifierAlreadyPresentError,
        ),
    )
    if not refused:
        after = folds(ASSET, asset, add_asset_related_identifier(command, asset))
        assert after == replace(asset, related_identifiers=(*asset.related_identifiers, identifier))
        assert Text("related_identifiers", identifier.value) in tuple(ASSET.texts(after))
