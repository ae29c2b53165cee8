"""Give an asset another name or description. What is left out stays as it is; a description of null takes it away."""

from uuid import UUID

from cora.equipment.aggregates.asset import ASSET, require_living
from cora.equipment.aggregates.asset.errors import AssetIsDecommissionedError, AssetNameTakenError
from cora.equipment.aggregates.asset.events import AssetDescribed
from cora.equipment.aggregates.asset.state import Asset
from cora.equipment.values import Description, Name
from cora.kernel.principal import Role
from cora.kernel.slice import Command, decides


class DescribeAsset(Command):
    """The name and description an asset is to have."""

    asset_id: UUID
    name: Name | None = None
    description: Description | None = None


@decides(
    "POST /assets/{asset_id}/describe",
    on=ASSET,
    allow=Role.OPERATOR,
    refuses=(AssetIsDecommissionedError, AssetNameTakenError),
)
def describe_asset(command: DescribeAsset, asset: Asset) -> list[AssetDescribed]:
    require_living(asset)
    name = command.name if command.name is not None else asset.name
    description = command.description if "description" in command.model_fields_set else asset.description
    if (name, description) == (asset.name, asset.description):
        return []
    return [AssetDescribed(name, description)]
