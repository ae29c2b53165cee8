"""The families that the content of a model or an assembly names."""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from cora.equipment.aggregates.family import FAMILY, Family
from cora.kernel.reader import Reader


@dataclass(frozen=True)
class NamedFamilies:
    """Each family by its id, None where there is no such family."""

    families: dict[UUID, Family | None]


async def load_families(ids: Iterable[UUID], read: Reader) -> NamedFamilies:
    """Read the families that are named."""
    wanted = sorted(set(ids))
    await read.ahead(*wanted)
    return NamedFamilies({id: await read.get(FAMILY, id) for id in wanted})
