"""Where a mount is, in any frame above it: read, composed and shown."""

from dataclasses import dataclass
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from cora.equipment.aggregates.frame import FRAME, FrameNotFoundError
from cora.equipment.aggregates.mount import Mount
from cora.equipment.beside import Named, frames_above
from cora.equipment.natural_keys import FRAME_KEY, by_id_or_key
from cora.equipment.paths import joined_path
from cora.equipment.pose import NOWHERE, Motion, angles_of, motion
from cora.equipment.values import Placement
from cora.kernel.errors import ConflictError
from cora.kernel.reader import Reader
from cora.kernel.slice import SharedTool

POSE = SharedTool(
    "pose",
    "Where a mount, or an installed asset, is in a frame above it: position, rotation and 4 x 4 matrix, composed of "
    "the placements in between, which are given too with their tolerances.",
)

InFrame = Annotated[
    str | None,
    Field(alias="in", min_length=1, description="The frame, by id or path; left out: the root of its frames."),
]


@dataclass(eq=False)
class FrameNotAboveError(ConflictError):
    """A pose is given in a frame above only."""

    says = "Frame {frame_id} is not above mount {mount_id}; ask for one that is: {above}."
    mount_id: UUID
    frame_id: UUID
    above: tuple[str, ...]
    """The paths of the frames above, from the root down."""


@dataclass(frozen=True)
class Position:
    """In mm."""

    x: float
    y: float
    z: float


@dataclass(frozen=True)
class Rotation:
    """In rad, about the fixed axes x, y, z of the frame, in this order."""

    rx: float
    ry: float
    rz: float


Row = tuple[float, float, float, float]


@dataclass(frozen=True)
class Link:
    """One step of a chain of placements, with its tolerances as they were given."""

    kind: Literal["frame", "mount"]
    id: UUID
    name: str
    placement: Placement


@dataclass(frozen=True)
class Pose:
    """Where a mount is in a frame. `matrix` takes points of the mount to points of the frame: 4 x 4, row by row, mm.

    `chain` are the placements that it is composed of, from the frame down; their tolerances are not composed.
    """

    frame: Named
    mount: Named
    position: Position
    rotation: Rotation
    matrix: tuple[Row, Row, Row, Row]
    chain: tuple[Link, ...]
    units: Literal["SI_mm_rad"] = "SI_mm_rad"


async def pose_of(mount: Mount, within: str | None, read: Reader) -> Pose:
    """The pose of a mount in the frame that `within` names. Raises `FrameNotFoundError` or `FrameNotAboveError`."""
    frames = await frames_above(mount.placement.parent_frame_id, read)
    missing = frames[0].parent_id if frames else mount.placement.parent_frame_id
    if missing is not None:  # in the past, of a frame that had not begun
        raise FrameNotFoundError(missing)
    first = 0
    if within is not None:
        wanted = (await by_id_or_key(FRAME, FRAME_KEY, within, "in", read)).id
        ids = [frame.id for frame in frames]
        if wanted not in ids:
            names = [frame.name for frame in frames]
            above = tuple(joined_path(*names[: number + 1]) for number in range(len(names)))
            raise FrameNotAboveError(mount.id, wanted, above)
        first = ids.index(wanted)
    links = [Link("frame", each.id, each.name, each.placement) for each in frames[first + 1 :] if each.placement]
    links.append(Link("mount", mount.id, mount.slot_code, mount.placement))
    placed = NOWHERE
    for link in links:
        placed = placed.then(_motion(link.placement))
    frame = frames[first]
    return Pose(
        frame=Named(frame.id, frame.name),
        mount=Named(mount.id, mount.slot_code),
        position=Position(*placed.position),
        rotation=Rotation(*angles_of(placed.rotation)),
        matrix=_matrix(placed),
        chain=tuple(links),
    )


def _motion(placement: Placement) -> Motion:
    return motion((placement.x, placement.y, placement.z), (placement.rx, placement.ry, placement.rz))


def _matrix(placed: Motion) -> tuple[Row, Row, Row, Row]:
    first, second, third = ((*row, at) for row, at in zip(placed.rotation, placed.position, strict=True))
    return first, second, third, (0.0, 0.0, 0.0, 1.0)
