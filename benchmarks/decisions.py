"""Load, decide and append: commands on 10,000 records under Zipf's law, and registrations all under one parent.

The peer does the same with `eventsourcing`: load the aggregates, run the
command method, save; Postgres recorder in its default mode, default pool and
retries, no snapshots (its default), a lost race is tried again until it wins.
"""

import asyncio
import random
import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import accumulate
from typing import Any
from uuid import UUID

import asyncpg
from eventsourcing.application import Application
from eventsourcing.domain import Aggregate, event
from eventsourcing.persistence import IntegrityError

from benchmarks.harness import Case, OracleError, Outcome, Target, drive, drive_threads
from benchmarks.server import Station, host_of, migrated, name_of

SIMPLE = "load + decide + append, 10,000 records, Zipf 1.1, 64 clients"
REGISTRATIONS = "registrations under one parent, of one model, 64 clients"
CLIENTS = 64
RECORDS = 10_000
SECONDS = 4.0


class Zipf:
    """Record numbers, the n-th as often as 1 / n^1.1."""

    def __init__(self, records: int, exponent: float = 1.1) -> None:
        self._weights = list(accumulate(1 / (n + 1) ** exponent for n in range(records)))
        self._numbers = range(records)
        self._random = random.Random(11)

    def next(self) -> int:
        return self._random.choices(self._numbers, cum_weights=self._weights)[0]


async def check_versions(dsn: str, acknowledged: Counter[UUID], kind: str) -> None:
    """Every acknowledged command is one event, in the order of its stream, none twice."""
    connection = await asyncpg.connect(dsn, server_settings={"search_path": "cora"})
    rows = await connection.fetch(
        "select stream, count(*) filter (where kind = $1) as commands, count(*) as events, max(version) as version "
        "from event group by stream",
        kind,
    )
    await connection.close()
    stored = {row["stream"]: row["commands"] for row in rows}
    if any(row["events"] != row["version"] for row in rows):
        raise OracleError("the versions of a stream are not dense")
    if any(stored.get(id, 0) != times for id, times in acknowledged.items()):
        raise OracleError("a record has another number of events than it had acknowledged commands")


async def cora_simple(dsn: str) -> Outcome:
    await migrated(dsn)
    async with Station.open(dsn) as station:
        parent = await station.parent()
        turns = asyncio.Semaphore(CLIENTS)

        async def made(number: int) -> UUID:
            async with turns:
                return await station.register(parent, f"asset {number}")

        assets = [*await asyncio.gather(*(made(number) for number in range(RECORDS)))]
        acknowledged: Counter[UUID] = Counter()
        zipf = Zipf(RECORDS)

        async def degrade(_client: int) -> None:
            asset = assets[zipf.next()]
            await station.degrade(asset)
            acknowledged[asset] += 1

        outcome = await drive(CLIENTS, SECONDS, degrade)
    await check_versions(dsn, acknowledged, "AssetDegraded")
    return outcome


async def cora_registrations(dsn: str) -> Outcome:
    await migrated(dsn)
    async with Station.open(dsn) as station:
        parent = await station.parent()
        acknowledged: Counter[UUID] = Counter()
        number = 0

        async def register(_client: int) -> None:
            nonlocal number
            number += 1
            acknowledged[await station.register(parent, f"asset {number}")] += 1

        outcome = await drive(CLIENTS, SECONDS, register)
    await check_versions(dsn, acknowledged, "AssetRegistered")
    return outcome


class Thing(Aggregate):
    """The peer's asset."""

    @event("Registered")
    def __init__(self, name: str, parent_id: UUID | None, model_id: UUID | None) -> None:
        self.name = name
        self.parent_id = parent_id
        self.model_id = model_id
        self.lifecycle = "Commissioned"
        self.condition = "Nominal"
        self.condition_reason = ""

    @event("Degraded")
    def degrade(self, reason: str) -> None:
        self.condition = "Degraded"
        self.condition_reason = reason


NOTES = {"threads": CLIENTS, "pool": "5 + 10 overflow (default)", "retries": "until the race is won"}


class Peer:
    """An `eventsourcing` application on a database."""

    def __init__(self, dsn: str) -> None:
        self.app: Application[Any] = Application(
            env={
                "PERSISTENCE_MODULE": "eventsourcing.postgres", "POSTGRES_DBNAME": name_of(dsn),
                "POSTGRES_HOST": host_of(dsn), "POSTGRES_PORT": "5432", "POSTGRES_USER": "postgres",
                "POSTGRES_PASSWORD": "", "POSTGRES_POOL_SIZE": "5", "POSTGRES_MAX_OVERFLOW": "10",
            }
        )  # fmt: skip

    def register(self, name: str, parent: UUID | None = None, model: UUID | None = None) -> UUID:
        if parent is not None and model is not None:
            self.app.repository.get(parent)
            self.app.repository.get(model)
        thing = Thing(name, parent, model)
        self.app.save(thing)
        return thing.id

    def degrade(self, id: UUID) -> None:
        while True:
            thing: Any = self.app.repository.get(id)
            thing.degrade("benchmark")
            try:
                self.app.save(thing)
            except IntegrityError:
                continue
            return


async def peer_run(dsn: str, work: Callable[[Peer, Counter[UUID], threading.Lock], Outcome]) -> Outcome:
    peer = Peer(dsn)
    acknowledged: Counter[UUID] = Counter()
    try:
        outcome = await asyncio.to_thread(work, peer, acknowledged, threading.Lock())
    finally:
        peer.app.close()
    connection = await asyncpg.connect(dsn)
    rows = await connection.fetch("select originator_id, count(*) as n from application_events group by originator_id")
    await connection.close()
    stored = {row["originator_id"]: row["n"] for row in rows}
    if any(stored.get(id, 0) < times for id, times in acknowledged.items()):
        raise OracleError("the peer lost acknowledged commands")
    return Outcome(outcome.done, outcome.seconds, outcome.cpu_seconds, NOTES)


def peer_simple_work(peer: Peer, acknowledged: Counter[UUID], lock: threading.Lock) -> Outcome:
    with ThreadPoolExecutor(CLIENTS) as pool:
        things = list(pool.map(peer.register, (f"thing {n}" for n in range(RECORDS))))
    zipf = Zipf(RECORDS)

    def degrade(_client: int) -> None:
        with lock:
            id = things[zipf.next()]
        peer.degrade(id)
        with lock:
            acknowledged[id] += 1

    return drive_threads(CLIENTS, SECONDS, degrade)


def peer_registrations_work(peer: Peer, acknowledged: Counter[UUID], lock: threading.Lock) -> Outcome:
    parent, model = peer.register("parent"), peer.register("model")

    def register(_client: int) -> None:
        id = peer.register("child", parent, model)
        with lock:
            acknowledged[id] += 1

    return drive_threads(CLIENTS, SECONDS, register)


async def peer_simple(dsn: str) -> Outcome:
    return await peer_run(dsn, peer_simple_work)


async def peer_registrations(dsn: str) -> Outcome:
    return await peer_run(dsn, peer_registrations_work)


def cases() -> list[Case]:
    """cora and `eventsourcing`."""
    return [
        Case(SIMPLE, "cora", cora_simple),
        Case(SIMPLE, "eventsourcing", peer_simple),
        Case(REGISTRATIONS, "cora", cora_registrations),
        Case(REGISTRATIONS, "eventsourcing", peer_registrations),
    ]


TARGETS = [
    Target(SIMPLE, "cora", "eventsourcing", 8.0),
    Target(REGISTRATIONS, "cora", "eventsourcing", 4.0),
]
