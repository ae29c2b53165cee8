"""What was recorded, read by index: a page of a record's history with what its states fold from, and the feed.

Events never change and a page is bounded by positions, so no snapshot is
needed: statements that follow one another see the same past.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from datetime import datetime
from typing import Any, Generic, TypeVar
from uuid import UUID

from cora.kernel.errors import InvalidRequestError, OverloadedError, Violation
from cora.kernel.events import (
    AskedFeed,
    AskedHistory,
    AskedMilestones,
    Between,
    FeedPage,
    LogEvent,
    RecordedHistory,
    Step,
)
from cora.kernel.when import When
from cora.log.link import Link
from cora.log.look import Fetch, Gatherer
from cora.log.past import PastSource, position_of
from cora.log.tail import POLL_EVERY, Tail

K = TypeVar("K")
V = TypeVar("V")

LAST = 2**63 - 1
LOOK_THROUGH = 20_000
"""How many events one page of the feed looks through for those of some kinds, of which there is no index."""
MAXIMUM_FOLLOWERS = 200
LOOK_BACK = 1000
"""How many events of each stream, and how many that join it to others, are looked through for milestones."""
IDLE = 15.0
"""Seconds after which a follower to whom nothing came is told so."""
AT_ONCE = 100

_SHOWN = (
    "e.position, e.stream, d.kind as stream_kind, e.version, e.kind, e.data::text, e.actor, e.via, e.on_behalf_of, "
    "e.request, e.occurred_at, e.recorded_at"
)

_KIND = "select kind from document where id = $1"

_BETWEEN = f"""
select {_SHOWN} from event e join document d on d.id = e.stream
where e.stream = $1 and e.version > $2 and e.version <= $3 order by e.version limit $4
"""

# Each stretch begins at the newest checkpoint before a version that is wanted,
# so a page costs a fold of at most 32 events for each of its own, and each
# stretch is read once.
_STEPS = """
with stretch as (
    select w.stream, coalesce(c.version, 0) as base, max(w.version) as version
    from unnest($1::uuid[], $2::integer[]) w(stream, version)
    left join lateral (
        select c.version from checkpoint c
        where c.id = w.stream and c.version < w.version order by c.version desc limit 1
    ) c on true
    group by 1, 2
)
select s.stream, s.base, case when e.version = s.base + 1 then c.body::text end as body,
       e.version, e.kind, e.data::text as data, e.occurred_at
from stretch s
left join checkpoint c on c.id = s.stream and c.version = s.base
cross join lateral (
    select e.version, e.kind, e.data, e.occurred_at from event e
    where e.stream = s.stream and e.version > s.base and e.version <= s.version
) e
order by s.stream, s.base, e.version
"""


def _page_query(asked: AskedHistory, true_at: datetime | None) -> str:
    """The events of a page: a few walks along an index, each no longer than the page, merged by position.

    A stream is walked by its versions, whose order is that of their positions.
    """
    order = "" if asked.oldest_first else "desc"
    joining = "" if asked.every else "and m.joining"
    of_event = of_mention = ""
    if true_at is not None:
        of_event = "and e.occurred_at <= $6"
        of_mention = "and (select e.occurred_at from event e where e.position = m.position) <= $6"
    return f"""
with own as (
    select $1::uuid as stream
    union
    select f.source from reference f where f.target = $1 and f.relation = any($2::text[])
), found as (
    select e.position from own o cross join lateral (
        select e.position from event e
        where e.stream = o.stream and e.position > $3 and e.position <= $4 {of_event}
        order by e.version {order} limit $5
    ) e
    union
    (select m.position from mention m
     where m.entity = $1 and m.position > $3 and m.position <= $4 {joining} {of_mention}
     order by m.position {order} limit $5)
), page as (select position from found order by position {order} limit $5)
select {_SHOWN} from page p join event e on e.position = p.position join document d on d.id = e.stream
order by e.position {order}
"""


async def find_history(fetch: Fetch, asked_when: tuple[AskedHistory, When]) -> RecordedHistory:
    """A page of the history of a record, of what was recorded and had occurred by then.

    Raises `InvalidRequestError` for a moment that has not come.
    """
    asked, when = asked_when
    upto = LAST if when.is_now else await position_of(fetch, when)
    kind = await fetch(_KIND, asked.id)
    if not kind:
        return RecordedHistory(None, (), ())
    after = 0
    if asked.cursor is not None:
        after, upto = (asked.cursor, upto) if asked.oldest_first else (0, min(upto, asked.cursor - 1))
    values: list[Any] = [asked.id, list(asked.relations), after, upto, asked.limit + 1]
    if when.true_at is not None:
        values.append(when.true_at)
    rows = await fetch(_page_query(asked, when.true_at), *values)
    events = [LogEvent(*row) for row in rows]
    shown = events[: asked.limit]
    steps = await fetch(_STEPS, [event.stream for event in shown], [event.version for event in shown])
    return RecordedHistory(kind[0]["kind"], events, [Step(*row) for row in steps])


def _milestones_query(true_at: datetime | None) -> str:
    """Those of some kinds among the latest events of a record: short walks along an index, filtered afterwards."""
    of_event = "" if true_at is None else "and e.occurred_at <= $7"
    return f"""
with own as (
    select $1::uuid as stream
    union
    select f.source from reference f where f.target = $1 and f.relation = any($2::text[])
), lived as (
    select e.position from own o cross join lateral (
        select e.position, e.kind from event e
        where e.stream = o.stream and e.position <= $3 order by e.version desc limit {LOOK_BACK}
    ) e where e.kind = any($4::text[])
    union
    (select m.position from mention m
     where m.entity = $1 and m.position <= $3 and m.joining order by m.position desc limit {LOOK_BACK})
), gained as (
    select g.position from unnest($6::text[]) r(relation) cross join lateral (
        select f.since as position from reference f
        where f.relation = r.relation and f.target = $1 and f.since <= $3 order by f.since desc limit {LOOK_BACK}
    ) g
), found as (
    (select e.position from lived p join event e on e.position = p.position
     where e.kind = any($4::text[]) {of_event} order by 1 desc limit $5)
    union
    (select e.position from gained p join event e on e.position = p.position
     where e.kind = any($4::text[]) {of_event} order by 1 desc limit $5)
)
select {_SHOWN} from found p join event e on e.position = p.position join document d on d.id = e.stream
order by e.position desc
"""


async def find_milestones(fetch: Fetch, asked_when: tuple[AskedMilestones, When]) -> Sequence[LogEvent]:
    """The newest events of some kinds in the history of a record.

    Raises `InvalidRequestError` for a moment that has not come.
    """
    asked, when = asked_when
    upto = LAST if when.is_now else await position_of(fetch, when)
    values: list[Any] = [asked.id, list(asked.relations), upto, list(asked.kinds), asked.limit + 1]
    values.append(list(asked.gained))
    if when.true_at is not None:
        values.append(when.true_at)
    return [LogEvent(*row) for row in await fetch(_milestones_query(when.true_at), *values)]


async def find_between(fetch: Fetch, id: UUID, earlier: When, later: When, most: int) -> Between:
    """A record at two moments, and the events between them.

    Raises `InvalidRequestError`, with `/from` and `/to` for the moments, for one that has not come and when the earlier
    is the later.
    """
    until = await _position(fetch, later, "/to")
    # Both are judged by what is known at one moment.
    since = until if earlier.as_of is None else await _position(fetch, earlier, "/from")
    if since > until:
        raise InvalidRequestError((Violation("/from", f"is position {since}, after position {until} of `to`"),))
    before = await PastSource(fetch, since, earlier.true_at).record(id)
    after = await PastSource(fetch, until, later.true_at).record(id)
    rows = await fetch(_BETWEEN, id, before.version, after.version, most)
    return Between(before, after, [LogEvent(*row) for row in rows])


async def _position(fetch: Fetch, when: When, pointer: str) -> int:
    try:
        return await position_of(fetch, when)
    except InvalidRequestError as refused:
        raise InvalidRequestError(tuple(Violation(pointer, each.detail) for each in refused.errors)) from None


def _feed_query(asked: AskedFeed) -> str:
    kinds = "and e.kind = any($4::text[])" if asked.kinds else "and $4::text[] is not null"
    head = "select coalesce(max(last_position), 0) as position from block"
    upto = "least(h.position, $1::bigint + $5::bigint)"
    if asked.mentions:
        walk = f"""
            select distinct e.position from unnest($3::uuid[]) u(entity) cross join lateral (
                select m.position from mention m join event e on e.position = m.position {kinds}
                where m.entity = u.entity and m.position > $1 and m.position <= {upto}
                order by m.position limit $2
            ) e order by 1 limit $2"""
    else:
        walk = f"""
            select e.position from event e
            where e.position > $1 and e.position <= {upto} and $3::uuid[] is not null {kinds}
            order by e.position limit $2"""
    return f"""
select h.position as head, {upto} as upto, {_SHOWN}
from ({head}) h
left join lateral ({walk}) p on true
left join event e on e.position = p.position
left join document d on d.id = e.stream
order by e.position
"""


async def find_feed(fetch: Fetch, asked: AskedFeed) -> FeedPage:
    """A page of the feed. Raises `InvalidRequestError` for a position beyond the end of the log."""
    through = LOOK_THROUGH if asked.kinds else LAST // 2
    rows = await fetch(_feed_query(asked), asked.after, asked.limit, asked.mentions, asked.kinds, through)
    head: int = rows[0]["head"]
    if asked.after > head:
        raise InvalidRequestError(
            (Violation("/after", f"lies beyond the end of the log, which is at position {head}"),)
        )
    events = [LogEvent(*row[2:]) for row in map(tuple, rows) if row[2] is not None]
    reached = events[-1].position if len(events) == asked.limit else rows[0]["upto"]
    return FeedPage(events, reached, head)


class Walks(Generic[K, V]):
    """Questions that walk along an index, one after another over a connection of their own (`connect.WALKING`)."""

    def __init__(self, link: Link, find: Callable[[Fetch, K], Awaitable[V]]) -> None:
        async def find_each(fetch: Fetch, asked: Sequence[K]) -> list[V | InvalidRequestError]:
            return [await _or_refused(find(fetch, each)) for each in asked]

        self._gathered = Gatherer[K, V | InvalidRequestError](link, find_each)

    async def ask(self, asked: K) -> V:
        """The answer to one. Raises the `InvalidRequestError` that it is refused with."""
        found = await self._gathered.look(asked)
        if isinstance(found, InvalidRequestError):
            raise found
        return found

    async def close(self) -> None:
        """Stop, and close the connection."""
        await self._gathered.close()


class Feed:
    """The feed for one process: all who follow share one connection, and what several wait for is read once."""

    def __init__(self, link: Link, tail: Tail) -> None:
        self._tail = tail
        self._pages = Walks[AskedFeed, FeedPage](link, find_feed)
        self._followers = 0
        self._stopped = False

    def stop(self) -> None:
        """End whoever follows."""
        self._stopped = True
        self._tail.wake_readers()

    async def close(self) -> None:
        """Stop, and close the connection."""
        self.stop()
        await self._pages.close()

    async def page(self, asked: AskedFeed) -> FeedPage:
        """A page of the feed. Raises `InvalidRequestError` for a position beyond the end of the log."""
        return await self._pages.ask(asked)

    async def follow(self, asked: AskedFeed) -> AsyncGenerator[Sequence[LogEvent]]:
        """The feed without an end, until the server stops: a page at once, and an empty one when nothing came for long.

        A page is read when the one before was taken, so a slow reader costs no memory. It survives a restart of the
        database. Raises `OverloadedError` at the beginning when too many follow.
        """
        if self._followers >= MAXIMUM_FOLLOWERS:
            raise OverloadedError
        self._followers += 1
        loop = asyncio.get_running_loop()
        try:
            page = await self.page(asked._replace(limit=AT_ONCE))
            yield page.events
            told = loop.time()
            while not self._stopped:
                grew = self._tail.growth
                try:
                    page = await self.page(asked._replace(after=page.reached, limit=AT_ONCE))
                except OverloadedError:
                    await asyncio.sleep(POLL_EVERY)
                    continue
                if page.events or loop.time() - told >= IDLE:
                    yield page.events
                    told = loop.time()
                if page.reached >= page.head and not self._stopped:
                    await self._tail.until_grown(grew)
        finally:
            self._followers -= 1


async def _or_refused(finding: Awaitable[V]) -> V | InvalidRequestError:
    """One that is refused must not refuse those who ask together with it."""
    try:
        return await finding
    except InvalidRequestError as refused:
        return refused
