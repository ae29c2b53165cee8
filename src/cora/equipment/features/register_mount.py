"""Record a place where one asset can be bolted: its slot code, its placement in a frame and, where slots stack up, the
mount above it. Register the frame first."""

from dataclasses import dataclass
from uuid import UUID

from cora.equipment.aggregates.frame import (
    FRAME,
    Frame,
    FrameIsDecommissionedError,
    FrameNotFoundError,
    require_place,
)
from cora.equipment.aggregates.mount import (
    MOUNT,
    Mount,
    MountAlreadyExistsError,
    MountIsDecommissionedError,
    MountNotFoundError,
    MountRegistered,
    MountStatus,
)
from cora.equipment.values import Drawing, Placement, SlotCode
from cora.kernel.principal import Role
from cora.kernel.reader import Reader
from cora.kernel.slice import Creation, decides


class RegisterMount(Creation):
    """A place where one asset can be bolted."""

    slot_code: SlotCode
    placement: Placement
    parent_id: UUID | None = None
    drawing: Drawing | None = None


@dataclass(frozen=True)
class Context:
    """The frame of the placement, and the mount above."""

    frame: Frame | None
    parent: Mount | None


async def load_context(command: RegisterMount, read: Reader) -> Context:
    await read.ahead(command.placement.parent_frame_id, command.parent_id)
    return Context(
        frame=await read.get(FRAME, command.placement.parent_frame_id),
        parent=await read.get(MOUNT, command.parent_id) if command.parent_id else None,
    )


@decides(
    "POST /mounts",
    on=MOUNT,
    allow=Role.OPERATOR,
    refuses=(
        FrameNotFoundError,
        FrameIsDecommissionedError,
        MountNotFoundError,
        MountIsDecommissionedError,
        MountAlreadyExistsError,
    ),
    loads=load_context,
)
def register_mount(command: RegisterMount, context: Context) -> list[MountRegistered]:
    require_place(command.placement.parent_frame_id, context.frame)
    if command.parent_id is not None:
        if context.parent is None:
            raise MountNotFoundError(command.parent_id)
        if context.parent.status is not MountStatus.ACTIVE:
            raise MountIsDecommissionedError(command.parent_id)
    return [MountRegistered(command.slot_code, command.placement, command.parent_id, command.drawing)]
