"""What an authority is being told just now, or was when a process died or an answer was lost."""

from typing import Protocol
from uuid import UUID


class Tellings(Protocol):
    """The identifiers whose authority may have been told something else than the log says.

    Each raises `OverloadedError` when the database is away.
    """

    async def begin(self, id: UUID) -> None:
        """The authority is told from now on. It is looked at again, whatever becomes of it."""
        ...

    async def end(self, id: UUID) -> None:
        """What the authority has is recorded."""
        ...

    async def is_open(self, id: UUID) -> bool:
        """Whether it was begun, and no end of it is known."""
        ...

    async def seconds_open(self, id: UUID) -> float | None:
        """How many seconds ago it was begun last; None where the end of that is known."""
        ...
