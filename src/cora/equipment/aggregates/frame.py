"""A frame: a named coordinate frame. Frames form trees."""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from pydantic import ConfigDict

from cora.equipment.values import Placement, folded
from cora.kernel.aggregate import Aggregate, Claim, Event, Fact, Filter, Reference
from cora.kernel.errors import ConflictError, InvalidError, NotFoundError


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
        "Give parent_id and a placement whose parent_frame_id is that parent, or neither for a root "
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


def evolve(frame: Frame | None, event: FrameRegistered, fact: Fact) -> Frame:
    """The frame after an event."""
    return Frame(fact.id, event.name, event.parent_id, event.placement, event.supersedes)


def frame_claim(parent_id: UUID | None, name: str) -> Claim:
    """The claim by which a frame is found below its parent; roots have no parent."""
    return Claim("frame.name", f"{parent_id or ''}/{folded(name)}")


def _claims(frame: Frame) -> list[Claim]:
    return [frame_claim(frame.parent_id, frame.name)] if frame.status is FrameStatus.ACTIVE else []


def _claim_taken(_claim: Claim, frame: Frame, owner: UUID) -> ConflictError:
    return FrameNameTakenError(frame.name, owner)


def _references(frame: Frame) -> list[Reference]:
    if frame.status is FrameStatus.DECOMMISSIONED:
        return []
    parent = [Reference("frame.parent_id", frame.parent_id)] if frame.parent_id else []
    if frame.supersedes is None:
        return parent
    return [*parent, Reference("frame.supersedes", frame.supersedes.predecessor_frame_id)]


def _search_text(frame: Frame) -> str:
    return frame.name


FRAME = Aggregate(
    kind="frame",
    collection="frames",
    state=Frame,
    events=(FrameRegistered,),
    evolve=evolve,
    not_found=FrameNotFoundError,
    references=_references,
    claims=_claims,
    claim_taken=_claim_taken,
    search_text=_search_text,
    filters={
        "name": Filter(("name",)),
        "parent_id": Filter(("parent_id",), relation="frame.parent_id"),
        "status": Filter(("status",)),
    },
    sorts={"name": ("name",)},
    tree="frame.parent_id",
)
