"""End the life of a coordinate frame, for good. First decommission the frames in it, and decommission the mounts in it
or place them in another frame. Its name can be given again."""

from dataclasses import dataclass
from uuid import UUID

from cora.equipment.aggregates.frame import (
    FRAME,
    Frame,
    FrameCannotDecommissionError,
    FrameDecommissioned,
    FrameInUseError,
    FrameStatus,
)
from cora.equipment.values import Reason
from cora.kernel.principal import Role
from cora.kernel.reader import Reader
from cora.kernel.slice import Command, decides


class DecommissionFrame(Command):
    """Which frame comes to its end, and why."""

    frame_id: UUID
    reason: Reason


@dataclass(frozen=True)
class Context:
    """The active mounts and frames that are placed in the frame."""

    mount_ids: tuple[UUID, ...]
    child_ids: tuple[UUID, ...]


async def load_context(command: DecommissionFrame, frame: Frame, read: Reader) -> Context:
    return Context(
        mount_ids=await read.sources("mount.placement", frame.id),
        child_ids=await read.sources("frame.parent_id", frame.id),
    )


@decides(
    "POST /frames/{frame_id}/decommission",
    on=FRAME,
    allow=Role.OPERATOR,
    refuses=(FrameCannotDecommissionError, FrameInUseError),
    loads=load_context,
    ends=True,
)
def decommission_frame(command: DecommissionFrame, frame: Frame, context: Context) -> list[FrameDecommissioned]:
    if frame.status is not FrameStatus.ACTIVE:
        raise FrameCannotDecommissionError(frame.id, frame.status)
    if context.mount_ids or context.child_ids:
        raise FrameInUseError(frame.id, context.mount_ids, context.child_ids)
    return [FrameDecommissioned(command.reason)]
