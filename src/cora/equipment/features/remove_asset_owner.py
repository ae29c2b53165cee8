"""Record that somebody no longer owns an asset."""

from uuid import UUID

from cora.equipment.aggregates.asset import ASSET, require_living
from cora.equipment.aggregates.asset.errors import AssetIsDecommissionedError, AssetOwnerNotPresentError
from cora.equipment.aggregates.asset.events import AssetOwnerRemoved
from cora.equipment.aggregates.asset.state import Asset, owner_key
from cora.equipment.values import OwnerName
from cora.kernel.principal import Role
from cora.kernel.slice import Command, decides


class RemoveAssetOwner(Command):
    """The name of the owner that is one no longer."""

    asset_id: UUID
    name: OwnerName


@decides(
    "POST /assets/{asset_id}/remove-owner",
    on=ASSET,
    allow=Role.OPERATOR,
    refuses=(AssetIsDecommissionedError, AssetOwnerNotPresentError),
    ends=True,
)
def remove_asset_owner(command: RemoveAssetOwner, asset: Asset) -> list[AssetOwnerRemoved]:
    require_living(asset)
    for owner in asset.owners:
        if owner_key(owner.name) == owner_key(command.name):
            return [AssetOwnerRemoved(owner.name)]
    raise AssetOwnerNotPresentError(asset.id, command.name)
