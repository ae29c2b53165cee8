"""Bolt an active asset into a mount. Each mount holds one asset and each asset is in one mount; uninstall it first
where it is. Installing what is there already changes nothing."""

from dataclasses import dataclass
from uuid import UUID

from cora.equipment.aggregates.asset import ASSET
from cora.equipment.aggregates.asset.errors import AssetNotFoundError
from cora.equipment.aggregates.asset.state import Asset, AssetLifecycle, installation_claim
from cora.equipment.aggregates.mount import (
    MOUNT,
    AssetAlreadyInstalledElsewhereError,
    AssetNotInstallableError,
    Mount,
    MountAlreadyOccupiedError,
    MountAssetInstalled,
    MountCannotUpdateError,
    require_active,
)
from cora.kernel.principal import Role
from cora.kernel.reader import Reader
from cora.kernel.slice import Command, decides


class InstallAsset(Command):
    """Which asset is bolted where."""

    mount_id: UUID
    asset_id: UUID


@dataclass(frozen=True)
class Context:
    """The asset, and the mount where it is installed now."""

    asset: Asset | None
    installed_in: UUID | None


async def load_context(command: InstallAsset, mount: Mount, read: Reader) -> Context:
    return Context(
        asset=await read.get(ASSET, command.asset_id),
        installed_in=await read.owner(installation_claim(command.asset_id)),
    )


@decides(
    "POST /mounts/{mount_id}/install-asset",
    on=MOUNT,
    allow=Role.OPERATOR,
    refuses=(
        MountCannotUpdateError,
        AssetNotFoundError,
        AssetNotInstallableError,
        AssetAlreadyInstalledElsewhereError,
        MountAlreadyOccupiedError,
    ),
    loads=load_context,
)
def install_asset(command: InstallAsset, mount: Mount, context: Context) -> list[MountAssetInstalled]:
    require_active(mount)
    if mount.installed_asset_id == command.asset_id:
        return []
    asset = context.asset
    if asset is None:
        raise AssetNotFoundError(command.asset_id)
    if asset.lifecycle is not AssetLifecycle.ACTIVE:
        raise AssetNotInstallableError(asset.id, asset.lifecycle)
    if context.installed_in is not None:
        raise AssetAlreadyInstalledElsewhereError(asset.id, context.installed_in)
    if mount.installed_asset_id is not None:
        raise MountAlreadyOccupiedError(mount.id, mount.installed_asset_id)
    return [MountAssetInstalled(asset.id)]
