"""What an authority is being told just now, or was when a process died or an answer was lost."""

from typing import Protocol
from uuid import UUID


class Tellings(Protocol):
    """The identifiers whose authority may have been told something else than the log says.

    A request without an answer, which was *lost*, arrives within `arrives_within` seconds after it was begun or never.
    Each raises `OverloadedError` when the database is away.
    """

    async def begin(self, id: UUID) -> None:
        """The authority is told from now on. It is looked at again, whatever becomes of it."""
        ...

    async def refused(self, id: UUID) -> None:
        """The authority has answered, so nothing of it is on its way, and it is still to be told."""
        ...

    async def end(self, id: UUID, arrives_within: float) -> None:
        """What the authority has is recorded; it stays so unless a lost request arrives."""
        ...

    async def again_in(self, id: UUID, arrives_within: float) -> float | None:
        """In how many seconds it is to be told again, though nothing else may have changed: 0 where it was begun and no
        end of it is known, later where a lost request may still arrive; None where neither is so."""
        ...

    async def seconds_open(self, id: UUID) -> float | None:
        """How many seconds ago the last of which no end is known was begun; None where there is none."""
        ...
