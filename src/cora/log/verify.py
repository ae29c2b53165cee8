"""Is the log untouched, and is everything beside it what its events say?

Two passes over one snapshot, with bounded memory. In order of position:
dense positions, digests, blocks. Stream by stream: versions, times, and the
fold of the events against document, search text, references, claims and
mentions. Digests are computed here, independently of the SQL that wrote them.
"""

from array import array
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID

import asyncpg

from cora.kernel.aggregate import Aggregate, Event, Fact, Reference, ids_in, joined_ids
from cora.log.batch import claim_key
from cora.log.connect import connect
from cora.log.derived import Expected, first_difference, first_stray
from cora.log.types import Connection

AT_ONCE = 1000
ROWS_AT_ONCE = 4000

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

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

# Every request of a block touches other streams than its neighbours, and each
# command of a batch is a request of its own: so block, request and stream
# together are what one command did to one record.
_BY_STREAM = """
select position, stream, version, kind, data::text as data, request, occurred_at, recorded_at,
       (select min(b.last_position) from block b where b.last_position >= e.position) as block
from event e order by stream, version
"""

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
    return (moment - _EPOCH) // timedelta(microseconds=1)


@dataclass(slots=True)
class _Record:
    """A record while its stream is folded."""

    id: UUID
    aggregate: Aggregate[Any]
    created_at: datetime
    state: Any = None
    version: int = 0
    position: int = 0
    command: tuple[int, str] = (0, "")
    """The block and the request of its last event."""
    recorded_at: datetime = _EPOCH
    occurred_at: datetime = _EPOCH
    mentioned: set[UUID] = field(default_factory=set[UUID])
    joined: set[UUID] = field(default_factory=set[UUID])
    references: set[Reference] = field(default_factory=set[Reference])
    since: dict[Reference, tuple[int, datetime]] = field(default_factory=dict[Reference, tuple[int, datetime]])
    rows: list[tuple[Any, ...]] = field(default_factory=list[tuple[Any, ...]])
    """What must be stored as references of this record."""

    def referred(
        self, reference: Reference, since: tuple[int, datetime], until: tuple[int | None, datetime | None]
    ) -> None:
        """Note a reference and how long it lasted."""
        self.rows.append((*reference, self.id, since[0], until[0], since[1], until[1]))


class _Verification:
    def __init__(self, connection: Connection, aggregates: Iterable[Aggregate[Any]], progress: Progress | None) -> None:
        self._connection = connection
        self._progress = progress
        self._aggregates: dict[str, Aggregate[Any]] = {}
        for aggregate in aggregates:
            for event in aggregate.events:
                if self._aggregates.setdefault(event.__name__, aggregate) is not aggregate:
                    raise ValueError(f"two aggregates have events of the kind {event.__name__}")
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
        record: _Record | None = None
        # The unique index gives the order; sorting would copy the log to disk.
        await self._connection.execute("set local enable_sort = off")
        done = self._events
        async for event in self._connection.cursor(_BY_STREAM, prefetch=AT_ONCE):
            if record is None or event["stream"] != record.id:
                if record is not None:
                    self._finish(record)
                record = _Record(event["stream"], self._aggregate(event), event["recorded_at"])
            self._fold(record, event)
            done += 1
            self._step(done)
            if self._expected.size() >= ROWS_AT_ONCE:
                await self._compare()
        if record is not None:
            self._finish(record)
        await self._compare()
        await self._connection.execute("set local enable_sort = on")

    def _aggregate(self, event: asyncpg.Record) -> Aggregate[Any]:
        aggregate = self._aggregates.get(event["kind"])
        if aggregate is None:
            raise _DifferenceError(f"event {event['position']}: no record has events of the kind {event['kind']}")
        return aggregate

    def _fold(self, record: _Record, row: asyncpg.Record) -> None:
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
        command = (row["block"], row["request"])
        if command != record.command:
            self._close_command(record)
        else:
            self._mention(record)
        try:
            event: Event = record.aggregate.decode_event(row["kind"], row["data"])
            record.state = record.aggregate.evolve(record.state, event, Fact(record.id, row["occurred_at"]))
        except Exception as error:
            raise _DifferenceError(
                f"event {position}: {row['kind']} of record {record.id} cannot be read: {type(error).__name__}: {error}"
            ) from error
        record.version, record.position, record.command = row["version"], position, command
        record.recorded_at, record.occurred_at = row["recorded_at"], row["occurred_at"]
        record.mentioned = {record.id, *ids_in(event)}
        record.joined = {record.id, *joined_ids(event)} if event.joins is not None else set()

    def _close_command(self, record: _Record) -> None:
        """The end of what one command did: its references, and the mentions of its last event."""
        if record.state is not None:
            now = set(record.aggregate.references(record.state))
            for reference in now - record.references:
                record.since[reference] = (record.position, record.occurred_at)
            for reference in record.references - now:
                record.referred(reference, record.since.pop(reference), (record.position, record.occurred_at))
            record.mentioned.update(target for _, target in now ^ record.references)
            record.references = now
        self._mention(record)

    def _mention(self, record: _Record) -> None:
        if record.version:
            self._mentions_of[record.position] = len(record.mentioned)
            self._mentions += len(record.mentioned)
            self._expected.mentions += [
                (entity, record.position, entity in record.joined) for entity in record.mentioned
            ]

    def _finish(self, record: _Record) -> None:
        self._close_command(record)
        aggregate, state = record.aggregate, record.state
        for reference, since in record.since.items():
            record.referred(reference, since, (None, None))
        self._expected.references += record.rows
        self._references += len(record.rows)
        claims = {claim_key(claim) for claim in aggregate.claims(state)}
        self._expected.claims += [(what, value, record.id) for what, value in claims]
        self._claims += len(claims)
        self._expected.documents.append(
            (
                record.id, aggregate.kind, record.version, record.position, record.created_at, record.recorded_at,
                record.occurred_at, aggregate.encode_state(state), aggregate.search_text(state),
            )
        )  # fmt: skip
        self._records += 1

    async def _compare(self) -> None:
        """The gathered rows against the stored ones."""
        expected, self._expected = self._expected, Expected()
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
