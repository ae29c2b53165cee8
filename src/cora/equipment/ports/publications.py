"""What the world is told of each identifier, and what of it has changed since it was looked at last."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Protocol
from uuid import UUID


class Publications(Protocol):
    """Kept by one process at a time; what is lost with a process is found again from the log.

    An identifier is known by the id of its stream. It is touched up to a position of the log by events that may
    change what the world is told of it.
    """

    async def take_note(self, begins: str, unheeded: Sequence[str]) -> bool:
        """Touch every identifier that the next events of the log, or contacts erased meanwhile, may concern; whether
        there are more events.

        An event of the kind `begins` brings a new one, those of the kinds `unheeded` change nothing.
        """
        ...

    async def renew(self, terms: str) -> None:
        """Touch every identifier that was kept by other terms than these."""
        ...

    async def due(self, quiet: timedelta, most: int) -> Sequence[tuple[UUID, int]]:
        """Those that were touched at least so long ago and are not put off, the longest waiting first, each with the
        position up to which it was touched."""
        ...

    async def keep(
        self, id: UUID, digest: str, *, is_public: bool, sets: Collection[str], made_from: Collection[UUID], terms: str
    ) -> None:
        """Keep what the world is told and by which terms, the sets it is in, and the records and contacts it is made
        from; what is new of that changes it from now on."""
        ...

    async def settled(self, id: UUID, touched: int) -> None:
        """Nothing is left to be done for it, unless it was touched again meanwhile."""
        ...

    async def put_off(self, id: UUID, until: datetime) -> None:
        """It is not due before this moment."""
        ...
