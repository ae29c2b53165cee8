"""Record that a mount is elsewhere than was said, in the same frame or another. What is bolted there goes along. The
placement it has already changes nothing."""

from dataclasses import dataclass
from uuid import UUID

from cora.equipment.aggregates.frame import (
    FRAME,
    Frame,
    FrameIsDecommissionedError,
    FrameNotFoundError,
    require_place,
)
from cora.equipment.aggregates.mount import MOUNT, Mount, MountCannotUpdateError, MountPlacementUpdated, require_active
from cora.equipment.values import Placement
from cora.kernel.principal import Role
from cora.kernel.reader import Reader
from cora.kernel.slice import Command, decides


class UpdateMountPlacement(Command):
    """Where a mount is, and in which frame."""

    mount_id: UUID
    placement: Placement


@dataclass(frozen=True)
class Context:
    """The frame of the placement."""

    frame: Frame | None


async def load_context(command: UpdateMountPlacement, mount: Mount, read: Reader) -> Context:
    return Context(await read.get(FRAME, command.placement.parent_frame_id))


@decides(
    "POST /mounts/{mount_id}/update-placement",
    on=MOUNT,
    allow=Role.OPERATOR,
    refuses=(MountCannotUpdateError, FrameNotFoundError, FrameIsDecommissionedError),
    loads=load_context,
)
def update_mount_placement(
    command: UpdateMountPlacement, mount: Mount, context: Context
) -> list[MountPlacementUpdated]:
    require_active(mount)
    require_place(command.placement.parent_frame_id, context.frame)
    if command.placement == mount.placement:
        return []
    return [MountPlacementUpdated(command.placement)]
