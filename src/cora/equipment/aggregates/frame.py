"""A frame: a named coordinate frame. Frames form trees."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import assert_never
from uuid import UUID

from pydantic import ConfigDict

from cora.equipment.values import Placement, folded
from cora.kernel.aggregate import Aggregate, Claim, Event, Fact, Filter, Reference, former
from cora.kernel.errors import ConflictError, InvalidError, NotFoundError
from cora.kernel.search import Text, Weight

_MOST_TOLD = 5


class FrameStatus(StrEnum):
    """Whether it can be used."""

    ACTIVE = "Active"
    DECOMMISSIONED = "Decommissioned"


@dataclass(frozen=True)
class Supersession:
    """Which frame this one replaces, and the placement that leads from that one to this one."""

    __pydantic_config__ = ConfigDict(extra="forbid")
    predecessor_frame_id: UUID
    transform_from_predecessor: Placement

    def __post_init__(self) -> None:
        if self.transform_from_predecessor.parent_frame_id != self.predecessor_frame_id:
            raise ValueError("the parent_frame_id of transform_from_predecessor must be predecessor_frame_id")


@dataclass(frozen=True)
class Frame:
    """A coordinate frame. A root has neither parent nor placement; a child has both."""

    id: UUID
    name: str
    parent_id: UUID | None = None
    placement: Placement | None = None
    supersedes: Supersession | None = None
    status: FrameStatus = FrameStatus.ACTIVE


@dataclass(frozen=True)
class FrameRegistered(Event):
    """A frame was registered."""

    name: str
    parent_id: UUID | None = None
    placement: Placement | None = None
    supersedes: Supersession | None = None


@dataclass(frozen=True)
class FramePlacementUpdated(Event):
    """It was found to stand elsewhere in its parent; `survey_note` says how that is known."""

    placement: Placement
    survey_note: str | None = None


@dataclass(frozen=True)
class FrameDecommissioned(Event):
    """It came to its end."""

    reason: str


FrameEvent = FrameRegistered | FramePlacementUpdated | FrameDecommissioned


@dataclass(eq=False)
class FrameNotFoundError(NotFoundError):
    """There is no such frame."""

    says = "There is no frame {id}."


@dataclass(eq=False)
class FrameIsDecommissionedError(ConflictError):
    """A decommissioned frame takes nothing new."""

    says = "Frame {frame_id} is decommissioned; choose another."
    frame_id: UUID


@dataclass(eq=False)
class InvalidFrameRootError(InvalidError):
    """A root has neither parent nor placement, a child both, and they name the same parent."""

    says = (
        "A frame is placed in its parent, and a root has neither parent nor placement; name one frame in both "
        "(parent_id {parent_id}, parent_frame_id {parent_frame_id})."
    )
    parent_id: UUID | None
    parent_frame_id: UUID | None


@dataclass(eq=False)
class FrameNameTakenError(ConflictError):
    """Frames under one parent have different names, ignoring case."""

    says = "Frame {existing_id} beside it has the name {name!r} already; choose another name."
    name: str
    existing_id: UUID


@dataclass(eq=False)
class FrameCannotUpdateError(ConflictError):
    """Only an active frame below a parent is placed anew."""

    says = "Frame {frame_id} cannot be placed anew: {why}."
    frame_id: UUID
    why: str


@dataclass(eq=False)
class FrameCannotDecommissionError(ConflictError):
    """The frame is decommissioned already."""

    says = "Frame {frame_id} is {frame_status} already."
    frame_id: UUID
    frame_status: FrameStatus


@dataclass(eq=False)
class FrameInUseError(ConflictError):
    """Active mounts or frames are placed in the frame."""

    frame_id: UUID
    mount_ids: tuple[UUID, ...]
    child_ids: tuple[UUID, ...]

    def detail(self) -> str:
        placed = [*(f"mount {id}" for id in self.mount_ids), *(f"frame {id}" for id in self.child_ids)]
        more = f" and {len(placed) - _MOST_TOLD} more" if len(placed) > _MOST_TOLD else ""
        return (
            f"In frame {self.frame_id} are placed {', '.join(placed[:_MOST_TOLD])}{more}; "
            "decommission them first, or place the mounts in another frame."
        )


def evolve(frame: Frame | None, event: FrameEvent, fact: Fact) -> Frame:
    """The frame after an event."""
    if isinstance(event, FrameRegistered):
        return Frame(fact.id, event.name, event.parent_id, event.placement, event.supersedes)
    if frame is None:
        raise TypeError(f"a frame begins with FrameRegistered, not with {type(event).__name__}")
    match event:
        case FramePlacementUpdated(placement):
            return replace(frame, placement=placement)
        case FrameDecommissioned():
            return replace(frame, status=FrameStatus.DECOMMISSIONED)
        case _:
            assert_never(event)


def require_place(frame_id: UUID, frame: Frame | None) -> None:
    """Raises `FrameNotFoundError`, or `FrameIsDecommissionedError` for one that nothing is placed in any more."""
    if frame is None:
        raise FrameNotFoundError(frame_id)
    if frame.status is not FrameStatus.ACTIVE:
        raise FrameIsDecommissionedError(frame_id)


def frame_claim(parent_id: UUID | None, name: str) -> Claim:
    """The claim by which a frame is found below its parent; roots have no parent."""
    return Claim("frame.name", f"{parent_id or ''}/{folded(name)}")


def _claims(frame: Frame) -> list[Claim]:
    return [frame_claim(frame.parent_id, frame.name)] if frame.status is FrameStatus.ACTIVE else []


def _claim_taken(_claim: Claim, frame: Frame, owner: UUID) -> ConflictError:
    return FrameNameTakenError(frame.name, owner)


def _references(frame: Frame) -> Iterable[Reference]:
    found = [Reference("frame.parent_id", frame.parent_id)] if frame.parent_id else []
    if frame.supersedes is not None:
        found.append(Reference("frame.supersedes", frame.supersedes.predecessor_frame_id))
    return former(found) if frame.status is FrameStatus.DECOMMISSIONED else found


def _texts(frame: Frame) -> Iterable[Text]:
    yield Text("name", frame.name, Weight.OWN)


FRAME = Aggregate(
    kind="frame",
    collection="frames",
    state=Frame,
    events=FrameEvent.__args__,
    evolve=evolve,
    not_found=FrameNotFoundError,
    references=_references,
    claims=_claims,
    claim_taken=_claim_taken,
    texts=_texts,
    filters={
        "name": Filter(("name",)),
        "parent_id": Filter(("parent_id",), relation="frame.parent_id"),
        "status": Filter(("status",)),
    },
    sorts={"name": ("name",)},
    tree="frame.parent_id",
)
