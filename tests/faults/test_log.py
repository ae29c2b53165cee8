"""Postgres or a client is killed under load: what was acknowledged is there, nothing is there by half or twice."""

import asyncio
import json
import os
import signal
import sys
from asyncio.subprocess import Process
from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager, suppress
from pathlib import Path
from uuid import uuid4

import pytest
from tests.integration.log import toy
from tests.integration.log.checker import judge, workers
from tests.integration.log.harness import Client, fetch, make_schema, opened, verified
from tests.integration.log.worker import NAMES, Job

from cora.log.embedded import embedded_postgres
from cora.log.tail import RecordedEvent
from cora.log.types import Connection


class Server:
    """A Postgres of its own, which can be killed and started again."""

    def __init__(self, directory: Path, stack: ExitStack) -> None:
        self._directory = directory
        self._stack = stack
        self.dsn = ""

    async def start(self) -> None:
        """Start it; a second start after a kill recovers."""
        started = await asyncio.to_thread(self._stack.enter_context, embedded_postgres(self._directory))
        self.dsn = started.dsn("postgres")

    def kill(self) -> None:
        """SIGKILL to the postmaster and to every process it started, as when the machine loses power."""
        (data,) = self._directory.glob("**/postmaster.pid")
        postmaster = int(data.read_text().splitlines()[0])
        children = Path(f"/proc/{postmaster}/task/{postmaster}/children").read_text().split()
        os.kill(postmaster, signal.SIGKILL)
        for child in children:
            with suppress(ProcessLookupError):
                os.kill(int(child), signal.SIGKILL)


@pytest.fixture(scope="module")
async def server(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Server]:
    with ExitStack() as stack:
        server = Server(tmp_path_factory.mktemp("killed"), stack)
        await server.start()
        yield server


@asynccontextmanager
async def _clients(server: Server, schema: str, number: int = 2) -> AsyncGenerator[list[Client]]:
    async with AsyncExitStack() as stack:
        yield [await stack.enter_async_context(opened(server.dsn, schema)) for _ in range(number)]


async def _grown(server: Server, schema: str, by: int) -> None:
    """Wait until that many more events are recorded."""
    count = "select coalesce(max(position), 0) from event"
    (start,) = (await fetch(server.dsn, schema, count))[0]
    async with asyncio.timeout(20):
        while (await fetch(server.dsn, schema, count))[0][0] < start + by:  # noqa: ASYNC110
            await asyncio.sleep(0.05)


async def test_postgres_is_killed_while_several_processes_do_what_they_like(server: Server) -> None:
    """Every decision, every acknowledgement and every refusal is judged by the log afterwards."""
    schema = await make_schema(server.dsn)
    async with opened(server.dsn, schema) as client:
        bays = [await client.open_bay(name) for name in NAMES[:4]]
        units = [await client.register_unit(bays[number % 3]) for number in range(6)]
    async with workers(2) as processes:
        jobs = [
            Job(server.dsn, schema, number, 6.0, 16, tuple(map(str, bays)), tuple(map(str, units)))
            for number in range(2)
        ]
        told = asyncio.create_task(processes.run(jobs))
        for _ in range(2):
            await _grown(server, schema, by=40)
            server.kill()
            await server.start()
        counts = await judge(server.dsn, schema, await told)
    assert counts.recorded > 50
    assert counts.refused > 50


async def test_what_was_acknowledged_is_there_and_what_was_on_its_way_is_recorded_once(server: Server) -> None:
    schema = await make_schema(server.dsn)
    async with _clients(server, schema) as clients:
        bays = [await clients[0].open_bay() for _ in range(8)]
        acknowledged: dict[str, int] = {}
        killed = asyncio.Event()
        refused = 0

        async def load(number: int) -> None:
            nonlocal refused
            client, bay = clients[number % 2], bays[number % 8]
            while not killed.is_set():
                request = uuid4().hex
                try:
                    answer = await client.answer(toy.MeasureBay(bay_id=bay, value=number), request_id=request)
                    acknowledged[request] = answer.position
                except Exception:
                    refused += 1

        running = [asyncio.create_task(load(number)) for number in range(24)]
        await asyncio.sleep(0.7)
        before = len(acknowledged)
        server.kill()
        await server.start()
        await asyncio.sleep(0.5)
        killed.set()
        await asyncio.gather(*running)
    assert before > 20
    assert len(acknowledged) > before
    rows = await fetch(server.dsn, schema, "select request, position from event where kind = 'BayMeasured'")
    recorded = Counter(row["request"] for row in rows)
    assert set(recorded.values()) == {1}
    positions = {row["request"]: row["position"] for row in rows}
    assert {request: positions.get(request) for request in acknowledged} == acknowledged
    assert len(recorded) - len(acknowledged) <= refused
    assert (await verified(server.dsn, schema)).difference is None


async def test_a_subscriber_goes_on_after_a_restart(server: Server) -> None:
    schema = await make_schema(server.dsn)
    await fetch(server.dsn, schema, "create table seen (position bigint primary key)")
    await fetch(server.dsn, schema, "grant all on seen to cora_app")

    async def effect(connection: Connection, events: list[RecordedEvent]) -> None:
        await connection.executemany("insert into seen values ($1)", [(event.position,) for event in events])

    async with _clients(server, schema) as (client, other):
        subscriber = asyncio.create_task(other.log.tail.subscribe("seen", effect, at_once=3))
        try:
            for number in range(30):
                await client.open_bay()
                if number == 10:
                    server.kill()
                    await server.start()
            seen: list[int] = []
            for _ in range(200):
                seen = [row[0] for row in await fetch(server.dsn, schema, "select position from seen order by 1")]
                if len(seen) == 30:
                    break
                await asyncio.sleep(0.05)
            assert seen == list(range(1, 31))
            assert not subscriber.done()
        finally:
            subscriber.cancel()
            await asyncio.gather(subscriber, return_exceptions=True)


async def _ends(process: Process) -> None:
    process.kill()
    await process.wait()


async def test_a_client_is_killed_and_its_key_is_sent_through_another_process(server: Server) -> None:
    """Whatever the key was answered, or was not, after the retry the command is recorded once."""
    schema = await make_schema(server.dsn)
    async with opened(server.dsn, schema) as client:
        bays = [await client.open_bay() for _ in range(8)]
        sent: list[tuple[str, int]] = []
        for attempt in range(3):
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-c", _CHILD, server.dsn, schema, str(attempt), *map(str, bays),
                stdout=asyncio.subprocess.PIPE, cwd=Path(__file__).parents[2],
            )  # fmt: skip
            assert process.stdout is not None
            while len(sent) < 40 * (attempt + 1):
                line = await process.stdout.readline()
                assert line, "the client ended by itself"
                key, bay = json.loads(line)
                sent.append((key, bay))
            await _ends(process)
            rest = (await process.stdout.read()).splitlines(keepends=True)
            sent += [tuple(json.loads(line)) for line in rest if line.endswith(b"\n")]
        rows = await fetch(server.dsn, schema, "select key from answer")
        known = {row["key"] for row in rows}
        assert known
        assert len(known) < len(sent), "the client was not killed in the middle of anything"
        answers = await asyncio.gather(
            *(client.answer(toy.MeasureBay(bay_id=bays[bay], value=1), idempotency_key=key) for key, bay in sent)
        )
    assert len({answer.position for answer in answers}) == len(sent)
    (row,) = await fetch(server.dsn, schema, "select count(*) from event where kind = 'BayMeasured'")
    assert row[0] == len(sent)
    assert (await verified(server.dsn, schema)).difference is None


# A client that says which key it is about to send, and never learns what became of the last ones.
_CHILD = """
import asyncio, json, sys
from uuid import UUID, uuid4
from tests.integration.log import toy
from tests.integration.log.harness import opened

async def main(dsn, schema, attempt, *bays):
    async with opened(dsn, schema) as client:
        async def run(number):
            while True:
                key = uuid4().hex
                print(json.dumps([key, number]), flush=True)
                await client.run(toy.MeasureBay(bay_id=UUID(bays[number]), value=1), idempotency_key=key)
        await asyncio.gather(*(run(number) for number in range(8)))

asyncio.run(main(*sys.argv[1:]))
"""
