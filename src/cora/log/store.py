"""The event log on Postgres, opened for one process."""

import asyncio
from collections.abc import AsyncGenerator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from types import MappingProxyType
from typing import Any
from uuid import UUID

import asyncpg
import structlog

from cora.kernel.aggregate import Aggregate, Claim
from cora.kernel.documents import Asked, Page
from cora.kernel.events import AskedFeed, AskedHistory, AskedMilestones, Between, FeedPage, LogEvent, RecordedHistory
from cora.kernel.reader import Append, Holder, KeyReused, Log, Pointing, ReadSet, Replayed, Source, Stored, Verdict
from cora.kernel.search import AskedSearch, FoundPage
from cora.kernel.when import NOW, When
from cora.log.append import Writer
from cora.log.beside import ContactTable, LeaseTable
from cora.log.calls import CallTable
from cora.log.connect import WALKING, connect
from cora.log.documents import ListQuery, find_few, page
from cora.log.events import Feed, Walks, find_between, find_history, find_milestones
from cora.log.harvest import HarvestTable
from cora.log.held import hold
from cora.log.link import Link
from cora.log.look import Fetch, Gatherer, Rows, find_counts, find_current, find_holders, find_pointing, find_records
from cora.log.past import PastSource, past_source
from cora.log.past_lists import past_page
from cora.log.pool import borrowed, over
from cora.log.publications import PublicationTable
from cora.log.search import find_words
from cora.log.snapshot import ConnectionSource, as_answered, find_answers, find_joinings, joined
from cora.log.tail import Tail
from cora.log.tokens import TokenTable
from cora.log.types import Connection, Pool

PRUNE_EVERY = 3600.0
CONNECTIONS_FOR_PEOPLE = 6
CONNECTIONS_BY_INDEX = 4

_PRUNE = """
delete from answer where answered_at < now() - interval '7 days';
delete from batch where written_at < now() - interval '1 day';
delete from lease where expires_at < now() - interval '1 day';
delete from authority_call where begun < now() - interval '1 day';
"""

_logger = structlog.get_logger("cora.log")


class PostgresLog:
    """Implements `Log`, `Documents`, `Events` and `Searches` of the kernel."""

    def __init__(self, dsn: str, schema: str, pool: Pool, indexed: Pool) -> None:
        def link(further: Mapping[str, str] = MappingProxyType({})) -> Link:
            return Link(dsn, schema, further)

        self.dsn = dsn
        self.schema = schema
        self.pool = pool
        self._indexed = indexed
        self.contacts = ContactTable(pool)
        self.publications = PublicationTable(pool)
        self.harvest = HarvestTable(pool)
        self.leases = LeaseTable(link())
        self.calls = CallTable(link())
        self.tokens = TokenTable(pool, link())
        self.tail = Tail(dsn, schema)
        self._feed = Feed(link(WALKING), self.tail)
        self._histories = Walks[tuple[AskedHistory, When], RecordedHistory](link(WALKING), find_history)
        self._milestones = Walks[tuple[AskedMilestones, When], Sequence[LogEvent]](link(WALKING), find_milestones)
        self._writer = Writer(link(), self.tail.wake)
        self._records = Gatherer[UUID, Stored](link(), find_records)
        self._pointing = Gatherer[tuple[str, UUID, bool], Pointing](link(), find_pointing)
        self._counts = Gatherer[tuple[str, UUID], tuple[int, int]](link(), find_counts)
        self._holders = Gatherer[Claim, Holder](link(), find_holders)
        self._current = Gatherer[ReadSet, bool](link(), find_current)
        self._answers = Gatherer[tuple[str, str], asyncpg.Record](link(), find_answers)
        self._joinings = Gatherer[UUID, datetime | None](link(), find_joinings)
        self._held = link()
        self._seen = 0
        self._one_holds = asyncio.Lock()
        self._pruning = asyncio.create_task(self._prune(), name="cora log pruning")

    @classmethod
    async def open(cls, dsn: str, schema: str = "cora") -> "PostgresLog":
        """Open the log of a migrated database. Raises what asyncpg raises when it cannot be reached."""

        async def pool_of(least: int, most: int, *, indexed: bool) -> Pool:
            async def dial(*_: Any, **__: Any) -> Connection:
                return await connect(dsn, schema, indexed=indexed)

            return await asyncpg.create_pool(dsn, min_size=least, max_size=most, connect=dial, reset=_nothing_to_reset)

        pool = await pool_of(1, CONNECTIONS_FOR_PEOPLE, indexed=False)
        # For a few statements that are always the same: planning them anew would take longer than they do.
        by_index = await pool_of(0, CONNECTIONS_BY_INDEX, indexed=True)
        return cls(dsn, schema, pool, by_index)

    async def close(self) -> None:
        """Close every connection; requests that still wait are refused as overload."""
        self._pruning.cancel()
        await self._writer.close()
        for gatherer in (self._records, self._pointing, self._counts, self._holders):
            await gatherer.close()
        await self._feed.close()
        await self._histories.close()
        await self._milestones.close()
        for gatherer in (self._current, self._answers, self._joinings):
            await gatherer.close()
        await self.tokens.close()
        await self.leases.close()
        await self.calls.close()
        await self.tail.close()
        await self._held.close()
        for pool in (self._indexed, self.pool):
            try:
                await asyncio.wait_for(pool.close(), 2)
            except TimeoutError:
                pool.terminate()

    async def append(self, request: Append) -> Verdict:
        """Judge a request and record it. Raises `OverloadedError` when there is too much to do."""
        return await self._writer.append(request)

    async def record(self, id: UUID) -> Stored:
        """A record by its id."""
        return await self._records.look(id)

    async def records(self, ids: Sequence[UUID]) -> Sequence[Stored]:
        """Several records by their ids, in one look."""
        return await self._records.look_all(ids)

    async def pointing(self, relation: str, target: UUID, *, first: bool) -> Pointing:
        """The records that point at `target` through a relation."""
        return await self._pointing.look((relation, target, first))

    async def pointings(self, asked: Sequence[tuple[str, UUID]]) -> Sequence[Pointing]:
        """The records that point at each of several targets, in one look."""
        return await self._pointing.look_all([(*each, False) for each in asked])

    async def counts(self, asked: Sequence[tuple[str, UUID]]) -> Sequence[tuple[int, int]]:
        """The head, and how many records point at each target."""
        return await self._counts.look_all(asked)

    async def holder(self, claim: Claim) -> Holder:
        """Who holds a claimed value."""
        return await self._holders.look(claim)

    async def still_current(self, reads: ReadSet) -> bool:
        """Whether nothing that was read has changed, in one snapshot."""
        return await self._current.look(reads)

    async def answered(self, principal: str, key: str, digest: bytes) -> Replayed | KeyReused | None:
        """What was answered under an idempotency key."""
        return as_answered(await self._answers.look((principal, key)), digest)

    async def latest_joinings(self, ids: Collection[UUID]) -> Mapping[UUID, datetime]:
        """When each of these records was last joined to or parted from another, if it ever was."""
        asked = list(ids)
        return joined(asked, await self._joinings.look_all(asked))

    @asynccontextmanager
    async def under_lock(self) -> AsyncGenerator[Log]:
        """The log while nobody else can append. Raises `ConcurrencyConflictError` on a lock timeout."""
        async with self._one_holds, hold(self._held, self.tail.wake) as held:
            yield held

    @asynccontextmanager
    async def snapshot(self, when: When = NOW) -> AsyncGenerator[Source]:
        """One consistent, read-only view of all records, as they are or as they were."""
        if not when.is_now:
            # What was does not change: each look says the same at any time, and needs no transaction.
            async with borrowed(self._indexed) as connection:
                yield await self._past(connection.fetch, when)
            return
        async with (
            borrowed(self.pool) as connection,
            connection.transaction(isolation="repeatable_read", readonly=True),
        ):
            yield ConnectionSource(connection.fetch)

    async def list(self, aggregate: Aggregate[Any], asked: Asked) -> Page:
        """A page of records. Raises `InvalidRequestError` for an unknown filter, sort or cursor."""
        if not asked.when.is_now:
            async with borrowed(self._indexed) as connection:
                source = await self._past(connection.fetch, asked.when)
                return await past_page(connection.fetch, source, aggregate, asked)
        query = ListQuery(aggregate, asked, await find_few(self._by_index, aggregate, asked))

        async def look(connection: Connection) -> Page:
            sql, values = query.page
            rows = await connection.fetch(sql, *values)
            sql, values = query.count
            count: int | None = await connection.fetchval(sql, *values) if asked.count else None
            return page(asked, rows, count)

        answer: Page = await over(self.pool, look)
        return answer

    async def search(self, asked: AskedSearch) -> FoundPage:
        """A page of the records that hold some words. Raises `InvalidRequestError` for a cursor that is none."""
        return await over(self.pool, lambda connection: find_words(connection, asked))

    async def history(self, asked: AskedHistory, when: When = NOW) -> RecordedHistory:
        """A page of the history of a record."""
        return await self._histories.ask((asked, when))

    async def milestones(self, asked: AskedMilestones, when: When = NOW) -> Sequence[LogEvent]:
        """Events of some kinds in the history of a record."""
        return await self._milestones.ask((asked, when))

    async def between(self, id: UUID, earlier: When, later: When, most: int) -> Between:
        """A record at two moments, and what was recorded between."""
        return await over(self.pool, lambda connection: find_between(connection.fetch, id, earlier, later, most))

    async def feed(self, asked: AskedFeed) -> FeedPage:
        """A page of the feed of all events."""
        return await self._feed.page(asked)

    def follow(self, asked: AskedFeed) -> AsyncGenerator[Sequence[LogEvent]]:
        """The feed without an end."""
        return self._feed.follow(asked)

    def stop_following(self) -> None:
        """End whoever follows: the server stops."""
        self._feed.stop()

    async def _past(self, fetch: Fetch, when: When) -> PastSource:
        """Looks at a moment. A position that was seen once is there for ever, and need not be asked for again."""
        if isinstance(when.as_of, int) and when.true_at is None and when.as_of <= self._seen:
            return PastSource(fetch, when.as_of, None)
        source = await past_source(fetch, when)
        self._seen = max(self._seen, source.position)
        return source

    async def _by_index(self, sql: str, *values: Any) -> Rows:
        return await over(self._indexed, lambda connection: connection.fetch(sql, *values))

    async def _prune(self) -> None:
        while True:
            try:
                await self.pool.execute(_PRUNE)
            except Exception as error:
                _logger.warning("could not prune", error=type(error).__name__)
            await asyncio.sleep(PRUNE_EVERY)


async def _nothing_to_reset(_connection: Any) -> None:
    """The settings of a connection are its identity here; a reset would drop the restricted role."""
