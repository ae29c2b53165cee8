"""Which landing pages the world may see."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol
from uuid import UUID

PublicPage = tuple[UUID, UUID, datetime | None]
"""The id of the identifier, that of its asset or fixture, and when what the page tells changed last."""


class PublicPages(Protocol):
    """All public landing pages, in the order of their identifiers' ids."""

    async def starts(self, every: int) -> Sequence[UUID]:
        """The first of each so many pages."""
        ...

    async def some(self, start: UUID | None, after: UUID | None, most: int) -> Sequence[PublicPage]:
        """The next pages: from `start` on, or else from the beginning, and only those after `after`."""
        ...


class NoPublicPages:
    """For a surface that knows of none."""

    async def starts(self, every: int) -> Sequence[UUID]:
        """None."""
        return ()

    async def some(self, start: UUID | None, after: UUID | None, most: int) -> Sequence[PublicPage]:
        """None."""
        return ()
