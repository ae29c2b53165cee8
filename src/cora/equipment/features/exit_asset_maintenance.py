"""Bring an asset back into service after its maintenance."""

from uuid import UUID

from cora.equipment.aggregates.asset import ASSET
from cora.equipment.aggregates.asset.errors import AssetCannotExitMaintenanceError
from cora.equipment.aggregates.asset.events import AssetMaintenanceExited
from cora.equipment.aggregates.asset.state import Asset, AssetLifecycle
from cora.kernel.principal import Role
from cora.kernel.slice import Command, decides


class ExitAssetMaintenance(Command):
    """Which asset comes out of maintenance."""

    asset_id: UUID


@decides(
    "POST /assets/{asset_id}/exit-maintenance",
    on=ASSET,
    allow=Role.OPERATOR,
    refuses=(AssetCannotExitMaintenanceError,),
)
def exit_asset_maintenance(command: ExitAssetMaintenance, asset: Asset) -> list[AssetMaintenanceExited]:
    if asset.lifecycle is not AssetLifecycle.MAINTENANCE:
        raise AssetCannotExitMaintenanceError(asset.id, asset.lifecycle)
    return [AssetMaintenanceExited()]
