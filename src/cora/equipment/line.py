"""The line that leads upward from an asset, through its parents or through its controllers."""

from collections.abc import Callable
from uuid import UUID

from cora.equipment.aggregates.asset import ASSET
from cora.equipment.aggregates.asset.state import Asset
from cora.kernel.reader import Reader

LONGEST_LINE = 64
"""How many assets a line may have; further it is not walked."""


async def line_upward(
    read: Reader, first: Asset | None, above: Callable[[Asset], UUID | None], end: UUID
) -> tuple[UUID, ...]:
    """The ids from `first` upward: as far as `end`, the top, or the longest line."""
    line: list[UUID] = []
    asset = first
    while asset is not None and len(line) < LONGEST_LINE:
        line.append(asset.id)
        above_id = above(asset)
        if asset.id == end or above_id is None:
            break
        asset = await read.get(ASSET, above_id)
    return tuple(line)
