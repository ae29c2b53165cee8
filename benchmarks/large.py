"""Durable appends at 64 clients on a log of 2,000,000 events and 500,000 documents, beside an empty one.

The large log is made once, by SQL, with digests and a block that `cora verify`
accepts; every round appends to it.
"""

from collections.abc import Awaitable, Callable

import asyncpg

from benchmarks.appends import SECONDS, check, new_stream
from benchmarks.harness import Case, OracleError, Outcome, Target, drive
from benchmarks.server import migrated
from cora.kernel.identity import new_id
from cora.kernel.reader import Accepted
from cora.log.store import PostgresLog

GROUP = "durable appends on a large log, 64 clients"
CLIENTS = 64
STREAMS = 500_000
VERSIONS = 4

FILL = f"""
create temporary table made as
select (n - 1) * {STREAMS} + s.i as position, n as version,
       (lpad(to_hex(1700000000000 + s.i), 12, '0') || '7' || substr(md5(s.i::text), 1, 3) || '8'
        || substr(md5(s.i::text), 4, 15))::uuid as stream
from generate_series(1, {STREAMS}) s(i), generate_series(1, {VERSIONS}) n;
insert into event (position, stream, version, kind, data, actor, via, request, schema_version, occurred_at,
                   recorded_at, digest)
select position, stream, version, 'Registered', data::json, 'benchmark', 'system', 'benchmark', 1, moment, moment,
       sha256(convert_to(concat_ws(E'\\x1f', position, stream, version, 'Registered', 'benchmark', 'system', E'\\x1e',
              'benchmark', 1, micros(moment), micros(moment), data), 'UTF8'))
from made, (select timestamptz '2026-01-01 00:00:00Z' as moment) t,
     lateral (select '{{"name":"thing ' || stream || '","note":"' || version || '"}}' as data) d
order by position;
insert into block (last_position, recorded_at, hash)
select max(position), max(recorded_at), sha256(string_agg(digest, ''::bytea order by position)) from event;
insert into document (id, kind, version, position, created_at, recorded_at, occurred_at, body)
select stream, 'thing', {VERSIONS}, position, recorded_at, recorded_at, recorded_at, data::jsonb
from event where version = {VERSIONS} order by stream;
insert into mention (entity, position, joining) select stream, position, false from event order by position;
insert into claim (what, value, owner) select 'thing.name', id::text, id from document;
insert into search (id, text) select id, body ->> 'name' from document limit 100000;
analyze;
"""


async def fill(dsn: str) -> None:
    """Make the large log."""
    await migrated(dsn)
    connection = await asyncpg.connect(dsn, server_settings={"search_path": "cora"})
    await connection.execute(FILL, timeout=900)
    await connection.execute("checkpoint")
    await connection.close()


async def append_to(dsn: str) -> Outcome:
    """One run on a migrated database."""
    log = await PostgresLog.open(dsn)
    acknowledged: set[object] = set()

    async def append(_client: int) -> None:
        id = new_id()
        if not isinstance(await log.append(new_stream(id)), Accepted):
            raise OracleError("a new stream was refused")
        acknowledged.add(id)

    connection = await asyncpg.connect(dsn, server_settings={"search_path": "cora"})
    before = await connection.fetchval("select coalesce(max(position), 0) from event")
    try:
        outcome = await drive(CLIENTS, SECONDS, append)
    finally:
        await log.close()
    rows = await connection.fetch("select position, stream from event where position > $1 order by position", before)
    await connection.close()
    check(acknowledged, [row["stream"] for row in rows])  # type: ignore[arg-type]
    if [row["position"] for row in rows] != list(range(before + 1, before + 1 + len(rows))):
        raise OracleError("positions are not dense")
    return Outcome(outcome.done, outcome.seconds, outcome.cpu_seconds, {"events before": before})


def cases(large: str) -> list[Case]:
    """The same appends on an empty log and on the large one, whose address is given."""

    def on_large() -> Callable[[str], Awaitable[Outcome]]:
        async def run(_dsn: str) -> Outcome:
            return await append_to(large)

        return run

    async def on_empty(dsn: str) -> Outcome:
        await migrated(dsn)
        return await append_to(dsn)

    return [Case(GROUP, "empty", on_empty), Case(GROUP, "2,000,000 events", on_large())]


TARGETS = [Target(GROUP, "2,000,000 events", "empty", 0.5)]
