"""What is derived from the events, made anew when this cora derives it otherwise than the one that wrote it."""

from collections.abc import Iterable, Iterator
from typing import Any

from cora.kernel.aggregate import Aggregate
from cora.log.connect import connect
from cora.log.refold import BY_STREAM, Expected, Refolded, Row, by_event
from cora.log.types import Connection

GENERATION = 7
"""Raise it when an aggregate's state, references, claims or search text become others for the same events."""

ROWS_AT_ONCE = 4000

_WRITES = (
    (
        "documents",
        "insert into document (id, kind, version, position, created_at, recorded_at, occurred_at, body, title, "
        "began_at) "
        "select * from unnest($1::uuid[], $2::text[], $3::integer[], $4::bigint[], $5::timestamptz[], "
        "$6::timestamptz[], $7::timestamptz[], $8::jsonb[], $9::text[], $10::timestamptz[])",
        (0, 1, 2, 3, 4, 5, 6, 7, 9, 10),
    ),
    ("documents", "insert into search (id, text) select * from unnest($1::uuid[], $2::text[])", (0, 8)),
    (
        "references",
        "insert into reference (relation, target, source, since, until, since_occurred, until_occurred) "
        "select * from unnest($1::text[], $2::uuid[], $3::uuid[], $4::bigint[], $5::bigint[], $6::timestamptz[], "
        "$7::timestamptz[])",
        (0, 1, 2, 3, 4, 5, 6),
    ),
    (
        "claims",
        "with r as (select * from unnest($1::text[], $2::text[], $3::uuid[], $4::bigint[], $5::bigint[], "
        "$6::timestamptz[], $7::timestamptz[]) r(what, value, owner, since, until, since_occurred, until_occurred)), "
        "ended as (insert into past_claim select * from r where until is not null) "
        "insert into claim (what, value, owner, since, since_occurred) "
        "select what, value, owner, since, since_occurred from r where until is null",
        (0, 1, 2, 3, 4, 5, 6),
    ),
    (
        "checkpoints",
        "insert into checkpoint (id, version, position, occurred_at, body) select * from unnest($1::uuid[], "
        "$2::integer[], $3::bigint[], $4::timestamptz[], $5::jsonb[])",
        (0, 1, 2, 3, 4),
    ),
    (
        "mentions",
        "insert into mention (entity, position, joining) select * from unnest($1::uuid[], $2::bigint[], $3::boolean[])",
        (0, 1, 2),
    ),
)


async def rebuild_if_older(dsn: str, schema: str, aggregates: Iterable[Aggregate[Any]]) -> int:
    """Fold every stream again where an older cora wrote what is derived; how many records that were.

    Nobody can append meanwhile. Raises what asyncpg raises when the database cannot be reached.
    """
    connection = await connect(dsn, schema, restricted=False)
    try:
        if await _generation(connection) == GENERATION:
            return 0
        await connection.execute("set idle_in_transaction_session_timeout = 0; set lock_timeout = 0")
        if connection.get_server_version().major >= 17:
            await connection.execute("set transaction_timeout = 0")
        async with connection.transaction():
            await connection.execute("select pg_advisory_xact_lock(log_lock())")
            # Another process may have been faster.
            records = 0 if await _generation(connection) == GENERATION else await _rebuild(connection, aggregates)
            await connection.execute("delete from derived")
            await connection.execute("insert into derived (generation) values ($1)", GENERATION)
        return records
    finally:
        await connection.close()


async def is_rebuilt(dsn: str, schema: str) -> bool:
    """Whether what is derived is as this cora derives it. Raises what asyncpg raises."""
    connection = await connect(dsn, schema, restricted=False)
    try:
        return await _generation(connection) == GENERATION
    finally:
        await connection.close()


async def _generation(connection: Connection) -> int | None:
    generation: int | None = await connection.fetchval("select generation from derived")
    return generation


async def _rebuild(connection: Connection, aggregates: Iterable[Aggregate[Any]]) -> int:
    await connection.execute("truncate document, search, reference, claim, past_claim, checkpoint, mention")
    # The unique index gives the order; sorting would copy the log to disk.
    await connection.execute("set local enable_sort = off")
    kinds = by_event(aggregates)
    expected = Expected()
    record: Refolded | None = None
    records = 0
    async for event in connection.cursor(BY_STREAM, prefetch=1000):
        if record is None or event["stream"] != record.id:
            if record is not None:
                record.finish()
            if expected.size() >= ROWS_AT_ONCE:
                await _write(connection, expected)
                expected = Expected()
            record = Refolded(event["stream"], kinds[event["kind"]], event["recorded_at"], expected)
            records += 1
        record.add(event)
    if record is not None:
        record.finish()
        await _write(connection, expected)
    return records


async def _write(connection: Connection, expected: Expected) -> None:
    for name, sql, columns in _WRITES:
        rows: list[Row] = getattr(expected, name)
        await connection.execute(sql, *_chosen(rows, columns))


def _chosen(rows: list[Row], columns: tuple[int, ...]) -> Iterator[list[Any]]:
    return ([row[column] for row in rows] for column in columns)
