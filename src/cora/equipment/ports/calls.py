"""The calls to authorities, counted over all processes."""

from collections.abc import Sequence
from typing import Protocol
from uuid import UUID

NoneFree = tuple[float, Sequence[float]]
"""No call may begin: for how many seconds the authority wants none, and in how many seconds each of those that count is
past, the soonest first. Calls under way are taken to end now."""


class Calls(Protocol):
    """By the one clock of all processes. Each raises `OverloadedError` where they cannot be counted."""

    async def begin(self, id: UUID, authority: str, most: int, window: float, longest: float) -> NoneFree | None:
        """Count a call as under way, if fewer than `most` others are under way or ended in the `window` before.

        One whose end is not told counts as ended `longest` seconds after it began. Whoever is cancelled meanwhile has
        begun none.
        """
        ...

    async def end(self, id: UUID, authority: str, *, stray: float, hold_off: float) -> None:
        """The call has ended, or may still arrive for `stray` seconds; the authority wants none for `hold_off`."""
        ...
