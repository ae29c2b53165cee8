"""Record that an asset is no longer said to be related to something, for instance because it was mistyped."""

from uuid import UUID

from cora.equipment.aggregates.asset import ASSET, require_living
from cora.equipment.aggregates.asset.errors import AssetIsDecommissionedError, AssetRelatedIdentifierNotPresentError
from cora.equipment.aggregates.asset.events import AssetRelatedIdentifierRemoved
from cora.equipment.aggregates.asset.state import Asset
from cora.equipment.related_identifier import RelatedIdentifier
from cora.kernel.principal import Role
from cora.kernel.slice import Command, decides


class RemoveAssetRelatedIdentifier(Command):
    """The relation and the identifier; the name does not matter."""

    asset_id: UUID
    identifier: RelatedIdentifier


@decides(
    "POST /assets/{asset_id}/remove-related-identifier",
    on=ASSET,
    allow=Role.OPERATOR,
    refuses=(AssetIsDecommissionedError, AssetRelatedIdentifierNotPresentError),
    ends=True,
)
def remove_asset_related_identifier(
    command: RemoveAssetRelatedIdentifier, asset: Asset
) -> list[AssetRelatedIdentifierRemoved]:
    require_living(asset)
    wanted = command.identifier
    for identifier in asset.related_identifiers:
        if identifier.key == wanted.key:
            return [AssetRelatedIdentifierRemoved(identifier)]
    raise AssetRelatedIdentifierNotPresentError(asset.id, wanted.relation, wanted.scheme, wanted.value)
