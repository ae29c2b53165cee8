"""Report that an asset works as it should, after it was degraded or faulted."""

from uuid import UUID

from cora.equipment.aggregates.asset import ASSET
from cora.equipment.aggregates.asset.events import AssetRestored
from cora.equipment.aggregates.asset.state import Asset
from cora.equipment.values import Reason
from cora.kernel.principal import Role
from cora.kernel.slice import Command, decides


class RestoreAsset(Command):
    """Which asset works as it should, and why one says so."""

    asset_id: UUID
    reason: Reason


@decides("POST /assets/{asset_id}/restore", on=ASSET, allow=Role.OPERATOR)
def restore_asset(command: RestoreAsset, asset: Asset) -> list[AssetRestored]:
    return [AssetRestored(command.reason)]
