"""A tree below a record, breadth first: a few looks per level, however many records it has."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, Generic, Protocol, TypeVar
from uuid import UUID

from pydantic import Field

from cora.equipment.values import folded
from cora.kernel.aggregate import Aggregate
from cora.kernel.reader import Reader
from cora.kernel.slice import SharedTool

MAXIMUM_NODES = 1000
"""Records in the answer to one question about a tree."""

TREE = SharedTool(
    "tree",
    "What stands below one record, level by level in order of name: the assets below an asset with where each is "
    "installed, or the frames below a frame with their placements, mounts and what is installed there. What does not "
    "fit into one answer is left out and counted.",
)

Depth = Annotated[int, Field(ge=0, le=64, description="How many levels below it are shown.")]


class _Standing(Protocol):
    @property
    def id(self) -> UUID: ...
    @property
    def name(self) -> str: ...


N = TypeVar("N", bound=_Standing)


@dataclass
class Grown(Generic[N]):
    """What stands below a root: the children of each record whose children are shown, in order of name, and how many
    each has (`reader.MOST_COUNTED` at most where they are not shown)."""

    shown: list[N]
    room: int
    children: dict[UUID, list[N]] = field(default_factory=dict[UUID, list[N]])
    counts: dict[UUID, int] = field(default_factory=dict[UUID, int])
    truncated: bool = False

    def opened(self, ids: Sequence[UUID], numbers: Sequence[int]) -> list[UUID]:
        """Those whose records fit into the answer, and at least one: these are shown, all or none of each."""
        found: list[UUID] = []
        for id, number in zip(ids, numbers, strict=True):
            if number > self.room:
                self.truncated = True
            elif number:
                self.room -= number
                found.append(id)
        return found


async def grow(relation: str, aggregate: Aggregate[N], root: N, depth: int, read: Reader) -> Grown[N]:
    """The records below `root`, which point at those above them through the relation."""
    grown = Grown([root], MAXIMUM_NODES - 1)
    level: list[N] = [root]
    for deep in range(depth + 1):
        ids = [each.id for each in level]
        numbers = await read.counts(*((relation, id) for id in ids))
        grown.counts.update(zip(ids, numbers, strict=True))
        opened = grown.opened(ids, numbers) if deep < depth else []
        if not opened:
            break
        level = []
        for id, found in zip(opened, await records_of(relation, aggregate, opened, read), strict=True):
            grown.children[id] = sorted(found, key=_by_name)
            grown.counts[id] = len(found)
            level += grown.children[id]
        grown.shown += level
    return grown


async def records_of(
    relation: str, aggregate: Aggregate[Any], targets: Sequence[UUID], read: Reader
) -> list[list[Any]]:
    """The records that point at each target through the relation, in two looks."""
    below = await read.sources_of(relation, targets)
    await read.ahead(*(id for ids in below for id in ids))
    return [[await read.require(aggregate, id) for id in ids] for ids in below]


def _by_name(each: _Standing) -> tuple[str, UUID]:
    return folded(each.name), each.id
