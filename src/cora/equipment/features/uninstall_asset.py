"""Take the asset away that is bolted into a mount. Detach it from its fixture first."""

from dataclasses import dataclass
from uuid import UUID

from cora.equipment.aggregates.asset import ASSET
from cora.equipment.aggregates.asset.state import Asset
from cora.equipment.aggregates.mount import (
    MOUNT,
    Mount,
    MountAssetUninstalled,
    MountCannotUpdateError,
    MountHasFixtureBoundAssetError,
    MountIsEmptyError,
    require_active,
)
from cora.equipment.values import Reason
from cora.kernel.principal import Role
from cora.kernel.reader import Reader
from cora.kernel.slice import Command, decides


class UninstallAsset(Command):
    """Which mount is emptied, and why."""

    mount_id: UUID
    reason: Reason


@dataclass(frozen=True)
class Context:
    """The asset that is installed in the mount."""

    asset: Asset | None


async def load_context(command: UninstallAsset, mount: Mount, read: Reader) -> Context:
    return Context(await read.require(ASSET, mount.installed_asset_id) if mount.installed_asset_id else None)


@decides(
    "POST /mounts/{mount_id}/uninstall-asset",
    on=MOUNT,
    allow=Role.OPERATOR,
    refuses=(MountCannotUpdateError, MountIsEmptyError, MountHasFixtureBoundAssetError),
    loads=load_context,
    ends=True,
)
def uninstall_asset(command: UninstallAsset, mount: Mount, context: Context) -> list[MountAssetUninstalled]:
    require_active(mount)
    asset = context.asset
    if asset is None:
        raise MountIsEmptyError(mount.id)
    if asset.fixture_id is not None:
        raise MountHasFixtureBoundAssetError(mount.id, asset.id, asset.fixture_id)
    return [MountAssetUninstalled(asset.id, command.reason)]
