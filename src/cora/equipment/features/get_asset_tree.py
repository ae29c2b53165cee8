"""The assets below an asset, level by level in order of name, with where each is installed. What does not fit into one
answer is left out and counted."""

from dataclasses import dataclass
from uuid import UUID

from cora.equipment.aggregates.asset import ASSET
from cora.equipment.aggregates.asset.errors import AssetNotFoundError
from cora.equipment.aggregates.asset.state import Asset, AssetCondition, AssetLifecycle, AssetTier
from cora.equipment.aggregates.mount import Mount
from cora.equipment.assigned_identifier import AssignedIdentifier
from cora.equipment.beside import SlotShown, line_of, mounts_of, path_of
from cora.equipment.trees import TREE, Depth, Grown, grow
from cora.kernel.principal import Role
from cora.kernel.reader import Reader
from cora.kernel.slice import Query, answers


class GetAssetTree(Query):
    """Which asset, and how far down."""

    asset_id: UUID
    depth: Depth = 2


@dataclass(frozen=True)
class AssetNode:
    """An asset in a tree. `children_count` is how many living assets it has below it, 1,000 at most where they are not
    shown."""

    id: UUID
    name: str
    tier: AssetTier
    lifecycle: AssetLifecycle
    condition: AssetCondition
    persistent_id: AssignedIdentifier | None
    mount: SlotShown | None
    children_count: int
    children: tuple["AssetNode", ...]


@dataclass(frozen=True)
class AssetTree:
    """An asset with what is below it; `truncated` when children were left out for want of room."""

    path: str
    truncated: bool
    root: AssetNode


@answers("GET /assets/{asset_id}/tree", allow=Role.READER, refuses=(AssetNotFoundError,), tool=TREE)
async def get_asset_tree(query: GetAssetTree, read: Reader) -> AssetTree:
    root = await read.require(ASSET, query.asset_id)
    path = path_of(await line_of(root, read))
    grown = await grow("asset.parent_id", ASSET, root, query.depth, read)
    mounts = await mounts_of([asset.id for asset in grown.shown], read)
    return AssetTree(path, grown.truncated, _node(root, grown, mounts))


def _node(asset: Asset, grown: Grown[Asset], mounts: dict[UUID, Mount]) -> AssetNode:
    mount = mounts.get(asset.id)
    return AssetNode(
        id=asset.id,
        name=asset.name,
        tier=asset.tier,
        lifecycle=asset.lifecycle,
        condition=asset.condition,
        persistent_id=asset.persistent_id,
        mount=SlotShown(mount.id, mount.slot_code) if mount else None,
        children_count=grown.counts[asset.id],
        children=tuple(_node(child, grown, mounts) for child in grown.children.get(asset.id, ())),
    )
