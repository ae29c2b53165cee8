"""Record who owns an asset: its institution, operator or access provider. An asset without owners counts as owned by
the nearest asset above it that has some, else by the facility."""

from uuid import UUID

from cora.equipment.aggregates.asset import ASSET, require_living
from cora.equipment.aggregates.asset.errors import AssetIsDecommissionedError, AssetOwnerAlreadyPresentError
from cora.equipment.aggregates.asset.events import AssetOwnerAdded
from cora.equipment.aggregates.asset.state import Asset, owner_key
from cora.equipment.values import OwnerGiven
from cora.kernel.principal import Role
from cora.kernel.slice import Command, decides


class AddAssetOwner(Command):
    """The owner an asset has."""

    asset_id: UUID
    owner: OwnerGiven


@decides(
    "POST /assets/{asset_id}/add-owner",
    on=ASSET,
    allow=Role.OPERATOR,
    refuses=(AssetIsDecommissionedError, AssetOwnerAlreadyPresentError),
)
def add_asset_owner(command: AddAssetOwner, asset: Asset) -> list[AssetOwnerAdded]:
    require_living(asset)
    for owner in asset.owners:
        if owner_key(owner.name) == owner_key(command.owner.name):
            raise AssetOwnerAlreadyPresentError(asset.id, owner.name)
    return [AssetOwnerAdded(command.owner.owner())]
