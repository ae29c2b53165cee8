"""Put a commissioned asset into service. Do this once, after registering it and before installing it in a mount."""

from uuid import UUID

from cora.equipment.aggregates.asset import ASSET
from cora.equipment.aggregates.asset.errors import AssetCannotActivateError
from cora.equipment.aggregates.asset.events import AssetActivated
from cora.equipment.aggregates.asset.state import Asset, AssetLifecycle
from cora.kernel.principal import Role
from cora.kernel.slice import Command, decides


class ActivateAsset(Command):
    """Which asset goes into service."""

    asset_id: UUID


@decides("POST /assets/{asset_id}/activate", on=ASSET, allow=Role.OPERATOR, refuses=(AssetCannotActivateError,))
def activate_asset(command: ActivateAsset, asset: Asset) -> list[AssetActivated]:
    if asset.lifecycle is not AssetLifecycle.COMMISSIONED:
        raise AssetCannotActivateError(asset.id, asset.lifecycle)
    return [AssetActivated()]
