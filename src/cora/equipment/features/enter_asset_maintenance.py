"""Take an active asset out of service for maintenance. It stays where it is; exit_asset_maintenance brings it back."""

from uuid import UUID

from cora.equipment.aggregates.asset import ASSET
from cora.equipment.aggregates.asset.errors import AssetCannotEnterMaintenanceError
from cora.equipment.aggregates.asset.events import AssetMaintenanceEntered
from cora.equipment.aggregates.asset.state import Asset, AssetLifecycle
from cora.kernel.principal import Role
from cora.kernel.slice import Command, decides


class EnterAssetMaintenance(Command):
    """Which asset goes into maintenance."""

    asset_id: UUID


@decides(
    "POST /assets/{asset_id}/enter-maintenance",
    on=ASSET,
    allow=Role.OPERATOR,
    refuses=(AssetCannotEnterMaintenanceError,),
)
def enter_asset_maintenance(command: EnterAssetMaintenance, asset: Asset) -> list[AssetMaintenanceEntered]:
    if asset.lifecycle is not AssetLifecycle.ACTIVE:
        raise AssetCannotEnterMaintenanceError(asset.id, asset.lifecycle)
    return [AssetMaintenanceEntered()]
