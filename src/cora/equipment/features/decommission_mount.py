"""End the life of a mount, for good. First uninstall what is bolted there, and decommission the slots below it. Its
slot code can be given again."""

from dataclasses import dataclass
from uuid import UUID

from cora.equipment.aggregates.mount import (
    MOUNT,
    Mount,
    MountCannotDecommissionError,
    MountDecommissioned,
    MountHasActiveChildrenError,
    MountHasAssetInstalledError,
    MountStatus,
)
from cora.equipment.values import Reason
from cora.kernel.principal import Role
from cora.kernel.reader import Reader
from cora.kernel.slice import Command, decides


class DecommissionMount(Command):
    """Which mount comes to its end, and why."""

    mount_id: UUID
    reason: Reason


@dataclass(frozen=True)
class Context:
    """Of the active slots below the mount, the one with the smallest id."""

    child_id: UUID | None


async def load_context(command: DecommissionMount, mount: Mount, read: Reader) -> Context:
    return Context(await read.first_source("mount.parent_id", mount.id))


@decides(
    "POST /mounts/{mount_id}/decommission",
    on=MOUNT,
    allow=Role.OPERATOR,
    refuses=(MountCannotDecommissionError, MountHasAssetInstalledError, MountHasActiveChildrenError),
    loads=load_context,
    ends=True,
)
def decommission_mount(command: DecommissionMount, mount: Mount, context: Context) -> list[MountDecommissioned]:
    if mount.status is not MountStatus.ACTIVE:
        raise MountCannotDecommissionError(mount.id, mount.status)
    if mount.installed_asset_id is not None:
        raise MountHasAssetInstalledError(mount.id, mount.installed_asset_id)
    if context.child_id is not None:
        raise MountHasActiveChildrenError(mount.id, context.child_id)
    return [MountDecommissioned(command.reason)]
