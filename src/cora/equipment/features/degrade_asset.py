"""Report that an asset works less well than it should. Its lifecycle stays; repeat it when there is more to say."""

from uuid import UUID

from cora.equipment.aggregates.asset import ASSET
from cora.equipment.aggregates.asset.events import AssetDegraded
from cora.equipment.aggregates.asset.state import Asset
from cora.equipment.values import Reason
from cora.kernel.principal import Role
from cora.kernel.slice import Command, decides


class DegradeAsset(Command):
    """Which asset works less well than it should, and why one says so."""

    asset_id: UUID
    reason: Reason


@decides("POST /assets/{asset_id}/degrade", on=ASSET, allow=Role.OPERATOR)
def degrade_asset(command: DegradeAsset, asset: Asset) -> list[AssetDegraded]:
    return [AssetDegraded(command.reason)]
