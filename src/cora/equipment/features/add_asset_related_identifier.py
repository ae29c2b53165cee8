"""Record what an asset is related to: a manual, an older instrument, a campaign, metadata kept elsewhere, a part or a
whole that is not recorded here."""

from uuid import UUID

from cora.equipment.aggregates.asset import ASSET, require_living
from cora.equipment.aggregates.asset.errors import (
    AssetIsDecommissionedError,
    AssetRelatedIdentifierAlreadyPresentError,
)
from cora.equipment.aggregates.asset.events import AssetRelatedIdentifierAdded
from cora.equipment.aggregates.asset.state import Asset
from cora.equipment.related_identifier import RelatedIdentifier
from cora.kernel.principal import Role
from cora.kernel.slice import Command, decides


class AddAssetRelatedIdentifier(Command):
    """The relation, and the identifier of what is at its other end."""

    asset_id: UUID
    identifier: RelatedIdentifier


@decides(
    "POST /assets/{asset_id}/add-related-identifier",
    on=ASSET,
    allow=Role.OPERATOR,
    refuses=(AssetIsDecommissionedError, AssetRelatedIdentifierAlreadyPresentError),
)
def add_asset_related_identifier(command: AddAssetRelatedIdentifier, asset: Asset) -> list[AssetRelatedIdentifierAdded]:
    require_living(asset)
    given = command.identifier
    if any(each.key == given.key for each in asset.related_identifiers):
        raise AssetRelatedIdentifierAlreadyPresentError(asset.id, given.relation, given.scheme, given.value)
    return [AssetRelatedIdentifierAdded(given)]
