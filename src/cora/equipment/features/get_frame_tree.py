"""The frames below a frame, level by level in order of name, with their placements, the mounts placed in each and what
is installed there. What does not fit into one answer is left out and counted."""

from dataclasses import dataclass
from uuid import UUID

from cora.equipment.aggregates.asset import ASSET
from cora.equipment.aggregates.asset.state import Asset, AssetCondition, AssetLifecycle
from cora.equipment.aggregates.frame import FRAME, Frame, FrameNotFoundError, FrameStatus
from cora.equipment.aggregates.mount import MOUNT, Mount
from cora.equipment.assigned_identifier import AssignedIdentifier
from cora.equipment.beside import frames_above
from cora.equipment.paths import joined_path
from cora.equipment.trees import TREE, Depth, Grown, grow, records_of
from cora.equipment.values import Placement, folded
from cora.kernel.principal import Role
from cora.kernel.reader import Reader
from cora.kernel.slice import Query, answers


class GetFrameTree(Query):
    """Which frame, and how far down."""

    frame_id: UUID
    depth: Depth = 2


@dataclass(frozen=True)
class InstalledShown:
    """An asset in a mount."""

    id: UUID
    name: str
    lifecycle: AssetLifecycle
    condition: AssetCondition
    persistent_id: AssignedIdentifier | None


@dataclass(frozen=True)
class PlacedMount:
    """A mount in a frame, and what is installed there."""

    id: UUID
    slot_code: str
    placement: Placement
    installed_asset: InstalledShown | None


@dataclass(frozen=True)
class FrameNode:
    """A frame in a tree. `children_count` and `mounts_count` are how many active frames are below it and how many
    active mounts are placed in it, 1,000 at most where they are not shown."""

    id: UUID
    name: str
    status: FrameStatus
    placement: Placement | None
    children_count: int
    children: tuple["FrameNode", ...]
    mounts_count: int
    mounts: tuple[PlacedMount, ...]


@dataclass(frozen=True)
class FrameTree:
    """A frame with what is below it; `truncated` when children or mounts were left out for want of room."""

    path: str
    truncated: bool
    root: FrameNode


@answers("GET /frames/{frame_id}/tree", allow=Role.READER, refuses=(FrameNotFoundError,), tool=TREE)
async def get_frame_tree(query: GetFrameTree, read: Reader) -> FrameTree:
    root = await read.require(FRAME, query.frame_id)
    path = joined_path(*(frame.name for frame in await frames_above(root.id, read)))
    grown = await grow("frame.parent_id", FRAME, root, query.depth, read)
    placed = await _placed(grown, read)
    node = _node(root, grown, placed)
    return FrameTree(path, grown.truncated, node)


@dataclass(frozen=True)
class _Placed:
    counts: dict[UUID, int]
    mounts: dict[UUID, list[Mount]]
    assets: dict[UUID, Asset]


async def _placed(grown: Grown[Frame], read: Reader) -> _Placed:
    frames = [frame.id for frame in grown.shown]
    numbers = await read.counts(*(("mount.placement", frame) for frame in frames))
    placed = _Placed(dict(zip(frames, numbers, strict=True)), {}, {})
    opened = grown.opened(frames, numbers)
    for frame, mounts in zip(opened, await records_of("mount.placement", MOUNT, opened, read), strict=True):
        placed.mounts[frame] = sorted(mounts, key=_by_slot)
    installed = [
        id for mounts in placed.mounts.values() for mount in mounts if (id := mount.installed_asset_id) is not None
    ]
    await read.ahead(*installed)
    placed.assets.update({id: await read.require(ASSET, id) for id in installed})
    return placed


def _by_slot(mount: Mount) -> str:
    return folded(mount.slot_code)


def _node(frame: Frame, grown: Grown[Frame], placed: _Placed) -> FrameNode:
    return FrameNode(
        id=frame.id,
        name=frame.name,
        status=frame.status,
        placement=frame.placement,
        children_count=grown.counts[frame.id],
        children=tuple(_node(child, grown, placed) for child in grown.children.get(frame.id, ())),
        mounts_count=placed.counts[frame.id],
        mounts=tuple(_mount(mount, placed) for mount in placed.mounts.get(frame.id, ())),
    )


def _mount(mount: Mount, placed: _Placed) -> PlacedMount:
    installed = None
    if mount.installed_asset_id is not None:
        asset = placed.assets[mount.installed_asset_id]
        installed = InstalledShown(asset.id, asset.name, asset.lifecycle, asset.condition, asset.persistent_id)
    return PlacedMount(mount.id, mount.slot_code, mount.placement, installed)
