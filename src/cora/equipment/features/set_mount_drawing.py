"""Say which drawing shows a mount, or with null that none does. The one it has already changes nothing."""

from uuid import UUID

from cora.equipment.aggregates.mount import MOUNT, Mount, MountCannotUpdateError, MountDrawingSet, require_active
from cora.equipment.values import Drawing
from cora.kernel.principal import Role
from cora.kernel.slice import Command, decides


class SetMountDrawing(Command):
    """The drawing that shows it, or null."""

    mount_id: UUID
    drawing: Drawing | None


@decides(
    "POST /mounts/{mount_id}/set-drawing",
    on=MOUNT,
    allow=Role.OPERATOR,
    refuses=(MountCannotUpdateError,),
)
def set_mount_drawing(command: SetMountDrawing, mount: Mount) -> list[MountDrawingSet]:
    require_active(mount)
    if command.drawing == mount.drawing:
        return []
    return [MountDrawingSet(command.drawing)]
