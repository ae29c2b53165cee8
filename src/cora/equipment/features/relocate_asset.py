"""Make an asset, with all its parts, a part of another asset. Where it is bolted stays as it is."""

from dataclasses import dataclass
from uuid import UUID

from cora.equipment.aggregates.asset import ASSET, require_living
from cora.equipment.aggregates.asset.errors import (
    AssetCannotRelocateError,
    AssetIsDecommissionedError,
    AssetNameTakenError,
    ParentIsDecommissionedError,
    ParentNotFoundError,
)
from cora.equipment.aggregates.asset.events import AssetRelocated
from cora.equipment.aggregates.asset.state import Asset
from cora.equipment.line import LONGEST_LINE, line_upward
from cora.equipment.values import Reason
from cora.kernel.principal import Role
from cora.kernel.reader import Reader
from cora.kernel.slice import Command, decides


class RelocateAsset(Command):
    """Which asset moves, under which parent, and why."""

    asset_id: UUID
    to_parent_id: UUID
    reason: Reason


@dataclass(frozen=True)
class Context:
    """The new parent, and the line of parents from it upward, as far as the asset itself."""

    parent: Asset | None
    line: tuple[UUID, ...]


async def load_context(command: RelocateAsset, asset: Asset, read: Reader) -> Context:
    parent = await read.get(ASSET, command.to_parent_id)
    return Context(parent, await line_upward(read, parent, lambda each: each.parent_id, asset.id))


@decides(
    "POST /assets/{asset_id}/relocate",
    on=ASSET,
    allow=Role.OPERATOR,
    refuses=(
        AssetIsDecommissionedError,
        AssetCannotRelocateError,
        ParentNotFoundError,
        ParentIsDecommissionedError,
        AssetNameTakenError,
    ),
    loads=load_context,
)
def relocate_asset(command: RelocateAsset, asset: Asset, context: Context) -> list[AssetRelocated]:
    require_living(asset)
    to = command.to_parent_id
    if asset.parent_id is None:
        raise AssetCannotRelocateError(asset.id, to, "it is a root and stands in its facility")
    if why := _obstacle(asset, to, context.line):
        raise AssetCannotRelocateError(asset.id, to, why)
    if context.parent is None:
        raise ParentNotFoundError(to)
    if context.parent.is_decommissioned:
        raise ParentIsDecommissionedError(to)
    return [AssetRelocated(asset.parent_id, to, command.reason)]


def _obstacle(asset: Asset, to: UUID, line: tuple[UUID, ...]) -> str | None:
    if to == asset.id:
        return "that is the asset itself"
    if asset.id in line:
        return "that is a part of the asset"
    if to == asset.parent_id:
        return "it stands there already"
    if len(line) >= LONGEST_LINE:
        return f"it would stand deeper than {LONGEST_LINE} levels"
    return None
