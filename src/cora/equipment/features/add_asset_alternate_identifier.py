"""Record an identifier by which an asset is known besides: a serial number, an inventory number, an EPICS PV."""

from uuid import UUID

from cora.equipment.aggregates.asset import ASSET, require_living
from cora.equipment.aggregates.asset.errors import (
    AssetAlternateIdentifierAlreadyPresentError,
    AssetIsDecommissionedError,
)
from cora.equipment.aggregates.asset.events import AssetAlternateIdentifierAdded
from cora.equipment.aggregates.asset.state import Asset, identifier_key
from cora.equipment.values import AlternateIdentifier
from cora.kernel.principal import Role
from cora.kernel.slice import Command, decides


class AddAssetAlternateIdentifier(Command):
    """The identifier by which an asset is known besides."""

    asset_id: UUID
    identifier: AlternateIdentifier


@decides(
    "POST /assets/{asset_id}/add-alternate-identifier",
    on=ASSET,
    allow=Role.OPERATOR,
    refuses=(AssetIsDecommissionedError, AssetAlternateIdentifierAlreadyPresentError),
)
def add_asset_alternate_identifier(
    command: AddAssetAlternateIdentifier, asset: Asset
) -> list[AssetAlternateIdentifierAdded]:
    require_living(asset)
    given = command.identifier
    if identifier_key(given) in map(identifier_key, asset.alternate_identifiers):
        raise AssetAlternateIdentifierAlreadyPresentError(asset.id, given.kind, given.value)
    return [AssetAlternateIdentifierAdded(given)]
