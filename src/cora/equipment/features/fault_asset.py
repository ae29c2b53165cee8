"""Report that an asset does not work. Its lifecycle stays; repeat it when there is more to say."""

from uuid import UUID

from cora.equipment.aggregates.asset import ASSET
from cora.equipment.aggregates.asset.events import AssetFaulted
from cora.equipment.aggregates.asset.state import Asset
from cora.equipment.values import Reason
from cora.kernel.principal import Role
from cora.kernel.slice import Command, decides


class FaultAsset(Command):
    """Which asset does not work, and why one says so."""

    asset_id: UUID
    reason: Reason


@decides("POST /assets/{asset_id}/fault", on=ASSET, allow=Role.OPERATOR)
def fault_asset(command: FaultAsset, asset: Asset) -> list[AssetFaulted]:
    return [AssetFaulted(command.reason)]
