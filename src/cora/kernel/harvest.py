"""What is public, in the order in which it changed last: what harvesters walk along."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

Place = tuple[datetime, UUID]
"""Where a publication stands: when it changed last, and the id of its identifier."""


@dataclass(frozen=True)
class Kept:
    """A publication: the id of its identifier, when it changed last, and the sets it is in."""

    persistent_id: UUID
    changed_at: datetime
    sets: tuple[str, ...]

    @property
    def place(self) -> Place:
        """Where it stands."""
        return self.changed_at, self.persistent_id


@dataclass(frozen=True)
class Asked:
    """Which publications: changed at `since` or later, before `until`, and in a set or in one below it."""

    since: datetime | None = None
    until: datetime | None = None
    set: str | None = None


@dataclass(frozen=True)
class Stretch:
    """Publications in their order. All that changed before `looked_at` was there to be seen."""

    looked_at: datetime
    kept: tuple[Kept, ...]
    has_more: bool


class Harvest(Protocol):
    """Publications are public once and for all. One that changes moves to the end of the order, so whoever walks on
    from where they were sees it again, and whoever asks for what changed since `looked_at` misses nothing."""

    async def after(self, place: Place | None, asked: Asked, most: int) -> Stretch:
        """The next ones after a place; the first ones where that is None."""
        ...

    async def count(self, asked: Asked) -> int:
        """How many there are."""
        ...

    async def of(self, persistent_id: UUID) -> Kept | None:
        """That of an identifier; None unless it is public."""
        ...

    async def sets(self) -> Sequence[str]:
        """The sets that publications are in."""
        ...

    async def earliest(self) -> datetime | None:
        """When the first one in the order changed; None while there is none."""
        ...
