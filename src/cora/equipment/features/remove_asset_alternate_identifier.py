"""Record that an asset is no longer known by an identifier, for instance because it was mistyped."""

from uuid import UUID

from cora.equipment.aggregates.asset import ASSET, require_living
from cora.equipment.aggregates.asset.errors import AssetAlternateIdentifierNotPresentError, AssetIsDecommissionedError
from cora.equipment.aggregates.asset.events import AssetAlternateIdentifierRemoved
from cora.equipment.aggregates.asset.state import Asset, identifier_key
from cora.equipment.values import AlternateIdentifier
from cora.kernel.principal import Role
from cora.kernel.slice import Command, decides


class RemoveAssetAlternateIdentifier(Command):
    """The identifier by which an asset is no longer known; one of kind Other is told by its name too."""

    asset_id: UUID
    identifier: AlternateIdentifier


@decides(
    "POST /assets/{asset_id}/remove-alternate-identifier",
    on=ASSET,
    allow=Role.OPERATOR,
    refuses=(AssetIsDecommissionedError, AssetAlternateIdentifierNotPresentError),
    ends=True,
)
def remove_asset_alternate_identifier(
    command: RemoveAssetAlternateIdentifier, asset: Asset
) -> list[AssetAlternateIdentifierRemoved]:
    require_living(asset)
    wanted = identifier_key(command.identifier)
    for identifier in asset.alternate_identifiers:
        if identifier_key(identifier) == wanted:
            return [AssetAlternateIdentifierRemoved(identifier)]
    raise AssetAlternateIdentifierNotPresentError(asset.id, command.identifier.kind, command.identifier.value)
