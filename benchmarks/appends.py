"""Durable appends to new streams: one small event each, at 1, 16 and 64 clients.

The peers do the same work in their own way: `eventsourcing` with its Postgres
recorder in its default mode and with its default pool and retries; a raw
single-row autocommit insert over one asyncpg connection per client; the same
insert driven by pgbench as the limit of the machine.
"""

import asyncio
import re
import subprocess
import tempfile
from pathlib import Path
from uuid import UUID, uuid4

import asyncpg
from eventsourcing.persistence import StoredEvent
from eventsourcing.postgres import PostgresApplicationRecorder, PostgresDatastore

from benchmarks.harness import Case, OracleError, Outcome, Target, drive, drive_threads
from benchmarks.server import PGBENCH, host_of, migrated, name_of
from cora.kernel.identity import new_id
from cora.kernel.reader import Accepted, Append, Entry, NewDocument, NewEvent, ReadSet
from cora.log.store import PostgresLog

GROUP = "durable appends, {} clients"
CLIENTS = (1, 16, 64)
SECONDS = 3.0
DATA = '{"name":"Rotary","serial_number":"146853-A-1-1-X","lifecycle":"Active"}'
RAW_TABLE = "create table raw (id uuid primary key, data json not null)"
RAW_INSERT = "insert into raw (id, data) values ($1, $2)"


def check(acknowledged: set[UUID], stored: list[UUID]) -> None:
    """Nothing lost, nothing doubled. Raises `OracleError`."""
    if len(stored) != len(set(stored)):
        raise OracleError("a stream was stored twice")
    if acknowledged - set(stored):
        raise OracleError(f"{len(acknowledged - set(stored))} acknowledged appends are not stored")


def new_stream(id: UUID) -> Append:
    """A request that records one event and its document on a new stream."""
    registered = Entry(
        request="benchmark",
        events=(NewEvent(id, 1, "Registered", DATA, 1, (id,)),),
        documents=(NewDocument(id, "thing", 1, DATA),),
    )
    reads = ReadSet(None, {id: 0}, frozenset(), {}, one_snapshot=True)
    return Append(reads, actor="benchmark", via="system", entries=(registered,))


def cora(clients: int, writers: int = 1) -> Case:
    async def run(dsn: str) -> Outcome:
        await migrated(dsn)
        logs = [await PostgresLog.open(dsn) for _ in range(writers)]
        acknowledged: set[UUID] = set()

        async def append(client: int) -> None:
            id = new_id()
            verdict = await logs[client % writers].append(new_stream(id))
            if not isinstance(verdict, Accepted):
                raise OracleError(f"a new stream met the verdict {verdict}")
            acknowledged.add(id)

        try:
            outcome = await drive(clients, SECONDS, append)
        finally:
            for log in logs:
                await log.close()
        connection = await asyncpg.connect(dsn, server_settings={"search_path": "cora"})
        rows = await connection.fetch("select position, stream, version from event order by position")
        documents = await connection.fetchval("select count(*) from document")
        await connection.close()
        check(acknowledged, [row["stream"] for row in rows])
        if [row["position"] for row in rows] != list(range(1, len(rows) + 1)) or documents != len(rows):
            raise OracleError("positions are not dense, or a document is missing")
        return outcome

    return Case(GROUP.format(clients), "cora", run)


def eventsourcing(clients: int) -> Case:
    async def run(dsn: str) -> Outcome:
        datastore = PostgresDatastore(
            dbname=name_of(dsn), host=host_of(dsn), port="", user="postgres", password="",
            pool_size=5, max_overflow=10,
        )  # fmt: skip
        recorder = PostgresApplicationRecorder(datastore)
        recorder.create_table()
        acknowledged: set[UUID] = set()

        def append(_client: int) -> None:
            id = uuid4()
            recorder.insert_events([StoredEvent(id, 1, "Registered", DATA.encode())])
            acknowledged.add(id)

        try:
            outcome = await asyncio.to_thread(drive_threads, clients, SECONDS, append)
            connection = await asyncpg.connect(dsn)
            rows = await connection.fetch("select originator_id from stored_events")
            await connection.close()
        finally:
            datastore.close()
        check(acknowledged, [row["originator_id"] for row in rows])
        notes = {"threads": clients, "pool": "5 + 10 overflow (default)", "retries": "10 x 0.2 s (default)"}
        return Outcome(outcome.done, outcome.seconds, outcome.cpu_seconds, notes)

    return Case(GROUP.format(clients), "eventsourcing", run)


def raw(clients: int) -> Case:
    async def run(dsn: str) -> Outcome:
        connections = [await asyncpg.connect(dsn) for _ in range(clients)]
        await connections[0].execute(RAW_TABLE)
        acknowledged: set[UUID] = set()

        async def insert(client: int) -> None:
            id = new_id()
            await connections[client].execute(RAW_INSERT, id, DATA)
            acknowledged.add(id)

        outcome = await drive(clients, SECONDS, insert)
        rows = await connections[0].fetch("select id from raw")
        for connection in connections:
            await connection.close()
        check(acknowledged, [row["id"] for row in rows])
        return Outcome(outcome.done, outcome.seconds, outcome.cpu_seconds, {"connections": clients, "retries": "none"})

    return Case(GROUP.format(clients), "raw asyncpg insert", run)


def pgbench(clients: int) -> Case:
    async def run(dsn: str) -> Outcome:
        connection = await asyncpg.connect(dsn)
        await connection.execute(RAW_TABLE)
        with tempfile.NamedTemporaryFile("w", suffix=".sql") as script:
            script.write(f"insert into raw (id, data) values (gen_random_uuid(), '{DATA}');\n")
            script.flush()
            command = [
                str(PGBENCH), "-n", "-M", "prepared", "-c", str(clients), "-j", "2", "-T", str(int(SECONDS)),
                "-f", script.name, "-h", host_of(dsn), "-U", "postgres", name_of(dsn),
            ]  # fmt: skip
            told = await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True, check=True)
        stored = await connection.fetchval("select count(*) from raw")
        await connection.close()
        processed = re.search(r"actually processed: (\d+)", told.stdout)
        rate = re.search(r"tps = ([\d.]+)", told.stdout)
        if processed is None or rate is None or int(processed[1]) != stored:
            raise OracleError("pgbench acknowledged another number of inserts than is stored")
        return Outcome(stored, stored / float(rate[1]), notes={"threads": 2})

    return Case(GROUP.format(clients), "pgbench insert", run)


def cases() -> list[Case]:
    """cora and its peers at each number of clients."""
    made = [make(clients) for clients in CLIENTS for make in (cora, eventsourcing, raw)]
    if Path(PGBENCH).exists():
        made += [pgbench(clients) for clients in CLIENTS]
    return made


TARGETS = [
    Target(GROUP.format(64), "cora", "eventsourcing", 8.0),
    Target(GROUP.format(64), "cora", "raw asyncpg insert", 1.0),
    Target(GROUP.format(1), "cora", "raw asyncpg insert", 0.5),
]
