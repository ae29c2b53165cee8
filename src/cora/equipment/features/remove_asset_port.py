"""Record that an asset no longer has a port."""

from uuid import UUID

from cora.equipment.aggregates.asset import ASSET, require_living
from cora.equipment.aggregates.asset.errors import AssetIsDecommissionedError, AssetPortNotPresentError
from cora.equipment.aggregates.asset.events import AssetPortRemoved
from cora.equipment.aggregates.asset.state import Asset, port_key
from cora.equipment.values import PortName
from cora.kernel.principal import Role
from cora.kernel.slice import Command, decides


class RemoveAssetPort(Command):
    """The name of the port that is gone."""

    asset_id: UUID
    name: PortName


@decides(
    "POST /assets/{asset_id}/remove-port",
    on=ASSET,
    allow=Role.OPERATOR,
    refuses=(AssetIsDecommissionedError, AssetPortNotPresentError),
    ends=True,
)
def remove_asset_port(command: RemoveAssetPort, asset: Asset) -> list[AssetPortRemoved]:
    require_living(asset)
    for port in asset.ports:
        if port_key(port.name) == port_key(command.name):
            return [AssetPortRemoved(port.name)]
    raise AssetPortNotPresentError(asset.id, command.name)
