"""Looks at the current state, gathered: many callers, one statement, one snapshot; what many ask is asked once."""

import asyncio
import contextlib
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar
from uuid import UUID

import asyncpg
import structlog

from cora.kernel.aggregate import Claim
from cora.kernel.errors import OverloadedError
from cora.kernel.reader import MOST_COUNTED, Holder, Pointing, ReadSet, Stored
from cora.log.batch import claim_key, read_rows
from cora.log.connect import BUSY, LOST
from cora.log.link import Link

MAXIMUM_LOOKS = 256
MAXIMUM_WAITING = 8192
GIVE_UP_AFTER = 15.0

_HEAD = "cross join (select coalesce(max(last_position), 0) as head from block) h"

# The head comes from the same statement as what was looked up, so both are of one snapshot.
RECORDS = f"""
select h.head, d.version, d.kind, d.position, d.body::text as document, d.created_at, d.recorded_at, d.occurred_at,
       d.began_at
from unnest($1::uuid[]) with ordinality u(id, n)
left join document d on d.id = u.id {_HEAD} order by u.n
"""

POINTING = f"""
select h.head, u.n, p.source, p.version
from unnest($1::text[], $2::uuid[], $3::boolean[]) with ordinality u(relation, target, first, n)
{_HEAD}
left join lateral (
    select f.source, d.version from reference f join document d on d.id = f.source
    where f.relation = u.relation and f.target = u.target and f.until is null
    order by f.source limit case when u.first then 1 end
) p on true order by u.n, p.source
"""

COUNTS = f"""
select h.head, p.number
from unnest($1::text[], $2::uuid[]) with ordinality u(relation, target, n)
{_HEAD}
cross join lateral (
    select count(*)::integer as number from (
        select from reference f where f.relation = u.relation and f.target = u.target and f.until is null
        limit {MOST_COUNTED}
    ) counted
) p order by u.n
"""

HOLDERS = f"""
select h.head, c.owner, d.version
from unnest($1::text[], $2::text[]) with ordinality u(what, value, n)
left join claim c on c.what = u.what and c.value = u.value
left join document d on d.id = c.owner {_HEAD} order by u.n
"""

_STALE = "select distinct s.request from stale_requests($1, $2, $3) s(request)"

K = TypeVar("K")
V = TypeVar("V")
Rows = list[asyncpg.Record]
Fetch = Callable[..., Awaitable[Rows]]

_logger = structlog.get_logger("cora.log")


def stored(row: asyncpg.Record) -> Stored:
    """A row of `RECORDS` as a Reader wants it."""
    return Stored(
        row["head"], row["version"] or 0, row["kind"], row["position"] or 0, row["document"], row["occurred_at"],
        row["created_at"], row["recorded_at"], (), row["began_at"],
    )  # fmt: skip


async def find_records(fetch: Fetch, ids: Sequence[UUID]) -> list[Stored]:
    """Each of several records, in order."""
    return [stored(row) for row in await fetch(RECORDS, ids)]


async def find_pointing(fetch: Fetch, asked: Sequence[tuple[str, UUID, bool]]) -> list[Pointing]:
    """What points at each target: (relation, target, only the smallest id)."""
    rows = await fetch(POINTING, *map(list, zip(*asked, strict=True)))
    head: int = rows[0]["head"]
    sources: list[list[tuple[UUID, int]]] = [[] for _ in asked]
    for _, n, source, version in rows:
        if source is not None:
            sources[n - 1].append((source, version))
    return [Pointing(head, tuple(found)) for found in sources]


async def find_counts(fetch: Fetch, asked: Sequence[tuple[str, UUID]]) -> list[tuple[int, int]]:
    """The head, and how many records point at each target."""
    return [(head, number) for head, number in await fetch(COUNTS, *map(list, zip(*asked, strict=True)))]


async def find_holders(fetch: Fetch, claims: Sequence[Claim]) -> list[Holder]:
    """Who holds each claim."""
    keys = [claim_key(claim) for claim in claims]
    rows = await fetch(HOLDERS, [what for what, _ in keys], [value for _, value in keys])
    return [Holder(head, owner, version or 0) for head, owner, version in rows]


async def find_current(fetch: Fetch, asked: Sequence[ReadSet]) -> list[bool]:
    """Whether nothing that was read has changed, for each read set: all in one snapshot."""
    rows: tuple[list[Any], list[Any], list[Any]] = ([], [], [])
    for number, reads in enumerate(asked):
        for gathered, found in zip(rows, read_rows(number, reads), strict=True):
            gathered.extend(found)
    stale = {row["request"] for row in await fetch(_STALE, *rows)}
    return [number not in stale for number in range(len(asked))]


@dataclass(slots=True)
class _Look(Generic[K, V]):
    """What a caller asks for together. Many in one future: each would cost as much as all of them."""

    asked: Sequence[K]
    found: asyncio.Future[list[V]]


class Gatherer(Generic[K, V]):
    """Answers single looks by asking for many at once over a connection of its own."""

    def __init__(self, link: Link, find: Callable[[Fetch, Sequence[K]], Awaitable[Sequence[V]]]) -> None:
        self._link = link
        self._find = find
        self._looks: deque[_Look[K, V]] = deque()
        self._waiting = 0
        self._arrived = asyncio.Event()
        self._task = asyncio.create_task(self._run(), name=f"cora log {find.__name__}")

    async def look(self, asked: K) -> V:
        """What is found for one. Raises `OverloadedError` when too many wait or the database is away."""
        (found,) = await self.look_all((asked,))
        return found

    async def look_all(self, asked: Sequence[K]) -> list[V]:
        """What is found for several, asked for together."""
        begun = [self._begin(asked[at : at + MAXIMUM_LOOKS]) for at in range(0, len(asked), MAXIMUM_LOOKS)]
        try:
            return [value for found in begun for value in await found]
        finally:
            for found in begun:
                found.cancel()  # of no consequence but when an earlier one failed

    def _begin(self, asked: Sequence[K]) -> asyncio.Future[list[V]]:
        if self._waiting >= MAXIMUM_WAITING or self._task.done():
            raise OverloadedError
        look: _Look[K, V] = _Look(asked, asyncio.get_running_loop().create_future())
        self._looks.append(look)
        self._waiting += len(asked)
        self._arrived.set()
        return look.found

    async def close(self) -> None:
        """Stop; what still waits is refused as overload."""
        self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._task
        for look in self._looks:
            if not look.found.done():
                look.found.set_exception(OverloadedError())
        self._looks.clear()
        await self._link.close()

    async def _run(self) -> None:
        while True:
            await self._arrived.wait()
            looks = self._next_looks()
            asked = list(dict.fromkeys(each for look in looks for each in look.asked))
            try:
                found = dict(zip(asked, await self._search(asked), strict=True))
            except asyncio.CancelledError:
                _refuse(looks, OverloadedError())
                raise
            except Exception as error:
                _refuse(looks, OverloadedError() if isinstance(error, (*LOST, *BUSY)) else error)
                with contextlib.suppress(Exception):  # whoever looks next must be answered too
                    _logger.error("a look failed", error=type(error).__name__, detail=str(error)[:500])
                continue
            for look in looks:
                if not look.found.done():
                    look.found.set_result([found[each] for each in look.asked])

    def _next_looks(self) -> list[_Look[K, V]]:
        """The next that together ask for no more than one statement should."""
        looks: list[_Look[K, V]] = []
        room = MAXIMUM_LOOKS
        while self._looks and len(self._looks[0].asked) <= room:
            looks.append(self._looks.popleft())
            room -= len(looks[-1].asked)
        self._waiting -= MAXIMUM_LOOKS - room
        if not self._looks:
            self._arrived.clear()
        return looks

    async def _search(self, asked: Sequence[K]) -> Sequence[V]:
        loop = asyncio.get_running_loop()
        until, pause = loop.time() + GIVE_UP_AFTER, 0.05
        while True:
            try:
                return await self._find(self._link.fetch, asked)
            except LOST:
                await self._link.drop()
                if loop.time() > until:
                    raise
                await asyncio.sleep(pause)
                pause = min(pause * 2, 1.0)


def _refuse(looks: Sequence[_Look[Any, Any]], error: Exception) -> None:
    for look in looks:
        if not look.found.done():
            look.found.set_exception(error)
