"""End the life of an asset, for good. First detach it, uninstall it, decommission or relocate its parts, and give what
it controls another controller."""

from dataclasses import dataclass
from uuid import UUID

from cora.equipment.aggregates.asset import ASSET
from cora.equipment.aggregates.asset.errors import (
    AssetCannotDecommissionError,
    AssetHasActiveChildrenError,
    AssetHasControlledAssetsError,
    AssetHasFixtureBindingError,
    AssetIsInstalledError,
)
from cora.equipment.aggregates.asset.events import AssetDecommissioned
from cora.equipment.aggregates.asset.state import Asset, installation_claim
from cora.equipment.values import Reason
from cora.kernel.principal import Role
from cora.kernel.reader import Reader
from cora.kernel.slice import Command, decides


class DecommissionAsset(Command):
    """Which asset comes to its end, and why."""

    asset_id: UUID
    reason: Reason


@dataclass(frozen=True)
class Context:
    """The mount that holds the asset, and of its living parts and the assets it controls those with the smallest id."""

    mount_id: UUID | None
    child_id: UUID | None
    controlled_id: UUID | None


async def load_context(command: DecommissionAsset, asset: Asset, read: Reader) -> Context:
    return Context(
        mount_id=await read.owner(installation_claim(asset.id)),
        child_id=await read.first_source("asset.parent_id", asset.id),
        controlled_id=await read.first_source("asset.controller_id", asset.id),
    )


@decides(
    "POST /assets/{asset_id}/decommission",
    on=ASSET,
    allow=Role.OPERATOR,
    refuses=(
        AssetHasFixtureBindingError,
        AssetIsInstalledError,
        AssetHasActiveChildrenError,
        AssetHasControlledAssetsError,
        AssetCannotDecommissionError,
    ),
    loads=load_context,
    ends=True,
)
def decommission_asset(command: DecommissionAsset, asset: Asset, context: Context) -> list[AssetDecommissioned]:
    if asset.fixture_id is not None:
        raise AssetHasFixtureBindingError(asset.id, asset.fixture_id)
    if context.mount_id is not None:
        raise AssetIsInstalledError(asset.id, context.mount_id)
    if context.child_id is not None:
        raise AssetHasActiveChildrenError(asset.id, context.child_id)
    if context.controlled_id is not None:
        raise AssetHasControlledAssetsError(asset.id, context.controlled_id)
    if asset.is_decommissioned:
        raise AssetCannotDecommissionError(asset.id, asset.lifecycle)
    return [AssetDecommissioned(command.reason)]
