"""Register a coordinate frame: a root, or one placed in another frame (mm and rad)."""

from dataclasses import dataclass
from uuid import UUID

from cora.equipment.aggregates.frame import (
    FRAME,
    Frame,
    FrameIsDecommissionedError,
    FrameNameTakenError,
    FrameNotFoundError,
    FrameRegistered,
    FrameStatus,
    InvalidFrameRootError,
    Supersession,
)
from cora.equipment.values import Name, Placement
from cora.kernel.principal import Role
from cora.kernel.reader import Reader
from cora.kernel.slice import Creation, decides


class RegisterFrame(Creation):
    """A root has neither parent nor placement; a child has both, and they name the same parent."""

    name: Name
    parent_id: UUID | None = None
    placement: Placement | None = None
    supersedes: Supersession | None = None


@dataclass(frozen=True)
class Context:
    """The frame above, and the one that is replaced."""

    parent: Frame | None
    predecessor: Frame | None


async def load_context(command: RegisterFrame, read: Reader) -> Context:
    replaced = command.supersedes.predecessor_frame_id if command.supersedes else None
    await read.ahead(command.parent_id, replaced)
    return Context(
        parent=await read.get(FRAME, command.parent_id) if command.parent_id else None,
        predecessor=await read.get(FRAME, replaced) if replaced else None,
    )


@decides(
    "POST /frames",
    on=FRAME,
    allow=Role.OPERATOR,
    refuses=(InvalidFrameRootError, FrameNotFoundError, FrameIsDecommissionedError, FrameNameTakenError),
    loads=load_context,
)
def register_frame(command: RegisterFrame, context: Context) -> list[FrameRegistered]:
    placed_in = command.placement.parent_frame_id if command.placement else None
    if command.parent_id != placed_in:
        raise InvalidFrameRootError(command.parent_id, placed_in)
    replaced = command.supersedes.predecessor_frame_id if command.supersedes else None
    missing = [
        id
        for id, frame in ((command.parent_id, context.parent), (replaced, context.predecessor))
        if id is not None and frame is None
    ]
    if missing:
        raise FrameNotFoundError(min(missing, key=str))
    if context.parent is not None and context.parent.status is FrameStatus.DECOMMISSIONED:
        raise FrameIsDecommissionedError(context.parent.id)
    return [FrameRegistered(command.name, command.parent_id, command.placement, command.supersedes)]
