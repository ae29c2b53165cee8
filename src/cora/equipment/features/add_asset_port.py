"""Record that an asset has a port: a connector or signal that the wires of an assembly can name."""

from uuid import UUID

from cora.equipment.aggregates.asset import ASSET, require_living
from cora.equipment.aggregates.asset.errors import AssetIsDecommissionedError, AssetPortAlreadyPresentError
from cora.equipment.aggregates.asset.events import AssetPortAdded
from cora.equipment.aggregates.asset.state import Asset, port_key
from cora.equipment.values import Port
from cora.kernel.principal import Role
from cora.kernel.slice import Command, decides


class AddAssetPort(Command):
    """The port an asset has."""

    asset_id: UUID
    port: Port


@decides(
    "POST /assets/{asset_id}/add-port",
    on=ASSET,
    allow=Role.OPERATOR,
    refuses=(AssetIsDecommissionedError, AssetPortAlreadyPresentError),
)
def add_asset_port(command: AddAssetPort, asset: Asset) -> list[AssetPortAdded]:
    require_living(asset)
    for port in asset.ports:
        if port_key(port.name) == port_key(command.port.name):
            raise AssetPortAlreadyPresentError(asset.id, port.name)
    return [AssetPortAdded(command.port)]
