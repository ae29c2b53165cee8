"""Record that a frame stands elsewhere in its parent than was said, after a survey, say. All that is placed in it goes
along. The placement it has already changes nothing."""

from uuid import UUID

from cora.equipment.aggregates.frame import (
    FRAME,
    Frame,
    FrameCannotUpdateError,
    FramePlacementUpdated,
    FrameStatus,
    InvalidFrameRootError,
)
from cora.equipment.values import Note, Placement
from cora.kernel.principal import Role
from cora.kernel.slice import Command, decides


class UpdateFramePlacement(Command):
    """Where a frame stands in its parent, which stays the same, and how that is known."""

    frame_id: UUID
    placement: Placement
    survey_note: Note | None = None


@decides(
    "POST /frames/{frame_id}/update-placement",
    on=FRAME,
    allow=Role.OPERATOR,
    refuses=(FrameCannotUpdateError, InvalidFrameRootError),
)
def update_frame_placement(command: UpdateFramePlacement, frame: Frame) -> list[FramePlacementUpdated]:
    if frame.status is not FrameStatus.ACTIVE:
        raise FrameCannotUpdateError(frame.id, f"it is {frame.status}")
    if frame.parent_id is None:
        raise FrameCannotUpdateError(frame.id, "it is a root and placed in nothing; place what stands in it")
    if command.placement.parent_frame_id != frame.parent_id:
        raise InvalidFrameRootError(frame.parent_id, command.placement.parent_frame_id)
    if command.placement == frame.placement:
        return []
    return [FramePlacementUpdated(command.placement, command.survey_note)]
