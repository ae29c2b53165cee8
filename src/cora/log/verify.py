"""Is the log untouched, and is everything beside it what its events say?

Two passes over one snapshot, with bounded memory. In order of position:
dense positions, digests, blocks. Stream by stream: versions, times, and the
fold of the events against document, search text, checkpoints, references,
claims and mentions. Digests are computed here, independently of the SQL that wrote them.
"""

from array import array
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

import asyncpg

from cora.kernel.aggregate import Aggregate
from cora.log.connect import connect
from cora.log.derived import first_difference, first_stray
from cora.log.refold import BY_STREAM, EPOCH, Expected, Refolded, by_event
from cora.log.types import Connection

AT_ONCE = 1000
ROWS_AT_ONCE = 4000

Progress = Callable[[int, int], None]
"""Told how many steps of how many are done."""


@dataclass(frozen=True)
class Report:
    """What was verified; `difference` names the first thing that is not as it must be, in words."""

    difference: str | None
    events: int
    blocks: int
    records: int
    references: int
    claims: int
    mentions: int

    @property
    def intact(self) -> bool:
        """Whether no difference was found."""
        return self.difference is None


class _DifferenceError(Exception):
    """The first difference, in words."""


async def verify(
    dsn: str, schema: str, aggregates: Iterable[Aggregate[Any]], progress: Progress | None = None
) -> Report:
    """Compare the log with itself and with everything derived from it, in one snapshot.

    `aggregates` are all kinds of record that the log may hold. Stops at the
    first difference. Raises what asyncpg raises when the database cannot be reached.
    """
    connection = await connect(dsn, schema)
    try:
        await connection.execute("set idle_in_transaction_session_timeout = 0")
        if connection.get_server_version().major >= 17:
            await connection.execute("set transaction_timeout = 0")
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            return await _Verification(connection, aggregates, progress).run()
    finally:
        await connection.close()


_COLUMNS = (
    "position, stream, version, kind, data::text as data, actor, via, on_behalf_of, request, schema_version, "
    "occurred_at, recorded_at"
)

_JOININGS = """
select entity, position from (
    select m.entity, m.position, e.occurred_at,
           lag(e.occurred_at) over (partition by m.entity order by m.position) as earlier
    from mention m join event e on e.position = m.position where m.joining
) j where occurred_at < earlier order by position limit 1
"""


def digest_of(event: Mapping[str, Any]) -> bytes:
    """The SHA-256 over everything an event says, from its row."""
    on_behalf_of = event["on_behalf_of"]
    said = (
        event["position"],
        event["stream"],
        event["version"],
        event["kind"],
        event["actor"],
        event["via"],
        "\x1e" if on_behalf_of is None else on_behalf_of,
        event["request"],
        event["schema_version"],
        _micros(event["occurred_at"]),
        _micros(event["recorded_at"]),
        event["data"],
    )
    return sha256("\x1f".join(map(str, said)).encode()).digest()


def _micros(moment: datetime) -> int:
    return (moment - EPOCH) // timedelta(microseconds=1)


class _Verification:
    def __init__(self, connection: Connection, aggregates: Iterable[Aggregate[Any]], progress: Progress | None) -> None:
        self._connection = connection
        self._progress = progress
        self._aggregates = by_event(aggregates)
        self._expected = Expected()
        self._mentions_of: array[int] = array("I")
        self._total = 0
        self._events = self._blocks = self._records = self._references = self._claims = self._mentions = 0

    async def run(self) -> Report:
        difference = None
        try:
            self._total = await self._connection.fetchval("select count(*) from event")
            await self._in_order()
            await self._stream_by_stream()
            await self._strays()
        except _DifferenceError as found:
            difference = str(found)
        return Report(
            difference, self._events, self._blocks, self._records, self._references, self._claims, self._mentions
        )

    def _step(self, done: int) -> None:
        if self._progress is not None and (done % AT_ONCE == 0 or done == 2 * self._total):
            self._progress(done, 2 * self._total)

    async def _in_order(self) -> None:
        """Positions, digests and blocks."""
        blocks = aiter(
            self._connection.cursor(
                "select last_position, recorded_at, hash from block order by last_position", prefetch=AT_ONCE
            )
        )
        block = await anext(blocks, None)
        chain, first = sha256(), 1
        async for event in self._connection.cursor(
            f"select {_COLUMNS}, digest from event order by position", prefetch=AT_ONCE
        ):
            position = event["position"]
            if position != self._events + 1:
                raise _DifferenceError(f"event {self._events + 1}: it is missing; event {position} comes next")
            if digest_of(event) != event["digest"]:
                raise _DifferenceError(f"event {position}: its digest is not that of its content")
            if block is None:
                raise _DifferenceError(f"event {position}: it belongs to no block")
            if block["last_position"] < position:
                raise _DifferenceError(f"block {block['last_position']}: it has no events")
            if event["recorded_at"] != block["recorded_at"]:
                raise _DifferenceError(f"event {position}: its recorded_at is not that of its block")
            if event["occurred_at"] > event["recorded_at"]:
                raise _DifferenceError(f"event {position}: it occurred after it was recorded")
            self._events = position
            self._step(position)
            chain.update(event["digest"])
            if position == block["last_position"]:
                if chain.digest() != block["hash"]:
                    raise _DifferenceError(
                        f"block {position}: its hash is not that of events {first} to {position} after the block before"
                    )
                self._blocks += 1
                following = await anext(blocks, None)
                if following is not None and following["recorded_at"] < block["recorded_at"]:
                    raise _DifferenceError(
                        f"block {following['last_position']}: its recorded_at lies before that of block {position}"
                    )
                chain, first = sha256(block["hash"]), position + 1
                block = following
        if block is not None:
            raise _DifferenceError(f"block {block['last_position']}: events {self._events + 1} and on are missing")

    async def _stream_by_stream(self) -> None:
        """Versions, times, and the fold of each record against all that is stored of it."""
        self._mentions_of = array("I", bytes(4 * (self._events + 1)))
        record: Refolded | None = None
        # The unique index gives the order; sorting would copy the log to disk.
        await self._connection.execute("set local enable_sort = off")
        done = self._events
        async for event in self._connection.cursor(BY_STREAM, prefetch=AT_ONCE):
            if record is None or event["stream"] != record.id:
                if record is not None:
                    record.finish()
                if self._expected.size() >= ROWS_AT_ONCE:
                    await self._compare()
                record = Refolded(event["stream"], self._aggregate(event), event["recorded_at"], self._expected)
            self._fold(record, event)
            done += 1
            self._step(done)
        if record is not None:
            record.finish()
        await self._compare()
        await self._connection.execute("set local enable_sort = on")

    def _aggregate(self, event: asyncpg.Record) -> Aggregate[Any]:
        aggregate = self._aggregates.get(event["kind"])
        if aggregate is None:
            raise _DifferenceError(f"event {event['position']}: no record has events of the kind {event['kind']}")
        return aggregate

    def _fold(self, record: Refolded, row: asyncpg.Record) -> None:
        position = row["position"]
        if row["version"] != record.version + 1:
            raise _DifferenceError(
                f"event {position}: version {row['version']} of record {record.id} follows version {record.version}"
            )
        if position < record.position:
            raise _DifferenceError(
                f"event {position}: version {row['version']} of record {record.id} lies before version {record.version}"
            )
        if row["occurred_at"] < record.occurred_at:
            raise _DifferenceError(
                f"event {position}: it occurred before version {record.version} of record {record.id}"
            )
        if self._aggregate(row) is not record.aggregate:
            raise _DifferenceError(
                f"event {position}: {row['kind']} is no event of a {record.aggregate.kind}, which record {record.id} is"
            )
        try:
            record.add(row)
        except Exception as error:
            raise _DifferenceError(
                f"event {position}: {row['kind']} of record {record.id} cannot be read: {type(error).__name__}: {error}"
            ) from error

    async def _compare(self) -> None:
        """The gathered rows against the stored ones."""
        expected, self._expected = self._expected, Expected()
        self._records += len(expected.documents)
        self._references += len(expected.references)
        self._claims += sum(until is None for *_, until, _since, _until in expected.claims)
        self._mentions += len(expected.mentions)
        for _, position, _ in expected.mentions:
            self._mentions_of[position] += 1
        if difference := await first_difference(self._connection, expected):
            raise _DifferenceError(difference)

    async def _strays(self) -> None:
        """What is stored but follows from no event; and joinings in the order of their times."""
        if stray := await first_stray(self._connection):
            raise _DifferenceError(stray)
        if self._mentions != await self._connection.fetchval("select count(*) from mention"):
            counts = self._connection.cursor(
                "select position, count(*) from mention group by position order by position", prefetch=AT_ONCE
            )
            async for row in counts:
                position: int = row["position"]
                count: int = row["count"]
                own = int(self._mentions_of[position]) if 0 < position <= self._events else 0
                if count != own:
                    raise _DifferenceError(f"event {position}: {count} mentions are stored, it has {own}")
        early = await self._connection.fetchrow(_JOININGS)
        if early:
            raise _DifferenceError(
                f"event {early['position']}: it occurred before the last joining of record {early['entity']}"
            )
