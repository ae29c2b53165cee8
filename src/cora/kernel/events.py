"""What was recorded, as the log gives it."""

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, Protocol
from uuid import UUID

from cora.kernel.documents import DEFAULT_LIMIT
from cora.kernel.reader import Stored
from cora.kernel.when import NOW, When


class LogEvent(NamedTuple):
    """An event as it was recorded; `data` is its JSON text."""

    position: int
    stream: UUID
    stream_kind: str
    version: int
    kind: str
    data: str
    actor: str
    via: str
    on_behalf_of: str | None
    request_id: str
    occurred_at: datetime
    recorded_at: datetime


class Step(NamedTuple):
    """An event of a stretch of a stream that is folded from the state of version `base` (`body`, 0: from nothing)."""

    stream: UUID
    base: int
    body: str | None
    version: int
    kind: str
    data: str
    occurred_at: datetime


@dataclass(frozen=True)
class AskedHistory:
    """Whose history: of a record, and of the streams that belong to it because they point at it through `relations`.

    `every` takes in each event that mentions it, not only those that join it to others or part it from them.
    `cursor` is the position of the last event of the page before.
    """

    id: UUID
    relations: tuple[str, ...] = ()
    every: bool = False
    oldest_first: bool = False
    limit: int = DEFAULT_LIMIT
    cursor: int | None = None


class RecordedHistory(NamedTuple):
    """The kind of the record (None: there is none), a page of events with one more where there are more, and the steps
    by which the states before and after each are found."""

    kind: str | None
    events: Sequence[LogEvent]
    steps: Sequence[Step]


class AskedMilestones(NamedTuple):
    """The newest events of some kinds in the history of a record; `relations` as for a history.

    By `gained` the record gains sources: what made one point at it is a milestone of it. The limit holds for these and
    for all others apart.
    """

    id: UUID
    relations: tuple[str, ...]
    kinds: tuple[str, ...]
    limit: int
    gained: tuple[str, ...] = ()


class Between(NamedTuple):
    """A record at two moments, and the events of its stream between them, up to a limit."""

    earlier: Stored
    later: Stored
    events: Sequence[LogEvent]


class AskedFeed(NamedTuple):
    """Events after a position, of any of some kinds and mentioning any of some records, where these are given."""

    after: int = 0
    kinds: tuple[str, ...] = ()
    mentions: tuple[UUID, ...] = ()
    limit: int = DEFAULT_LIMIT


class FeedPage(NamedTuple):
    """Events in order, the position up to which there are no others, and the last position of the log."""

    events: Sequence[LogEvent]
    reached: int
    head: int


class Events(Protocol):
    """What was recorded, as the log gives it: a constant number of statements for each answer."""

    async def history(self, asked: AskedHistory, when: When = NOW) -> RecordedHistory:
        """A page of the history of a record, of what was recorded and had occurred by then."""
        ...

    async def milestones(self, asked: AskedMilestones, when: When = NOW) -> Sequence[LogEvent]:
        """Events of some kinds in the history of a record, the newest first; one more than a limit where there are
        more. How far back is looked is bounded, so what is buried under many others may be left out."""
        ...

    async def between(self, id: UUID, earlier: When, later: When, most: int) -> Between:
        """A record at two moments. Raises `InvalidRequestError` for one that has not come, and for the wrong order."""
        ...

    async def feed(self, asked: AskedFeed) -> FeedPage:
        """A page of the feed. Raises `InvalidRequestError` for a position beyond the end of the log."""
        ...

    def follow(self, asked: AskedFeed) -> AsyncGenerator[Sequence[LogEvent]]:
        """The feed without an end, until the server stops: something at once, and empty when nothing came for long.

        Raises `OverloadedError` at the beginning when too many follow.
        """
        ...
