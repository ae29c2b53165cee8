"""Reading along: every event once and in order, woken at once, across processes and over lost connections."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import pytest

import cora.log.tail
from cora.log.store import PostgresLog
from cora.log.tail import RecordedEvent, Tail
from cora.log.types import Connection
from cora.log.verify import digest_of

from . import toy
from .harness import Client, connect, fetch, opened, verified
from .proxy import proxied


def _ignore(*_: object) -> None:
    pass


class Follower:
    """Follows a log and keeps what it was given."""

    def __init__(self, log: PostgresLog, after: int = 0, at_once: int = 500) -> None:
        self.events: list[RecordedEvent] = []
        self._task = asyncio.create_task(self._follow(log, after, at_once))
        self._more = asyncio.Event()

    async def _follow(self, log: PostgresLog, after: int, at_once: int) -> None:
        async for events in log.tail.follow(after, at_once=at_once):
            self.events += events
            self._more.set()

    async def until(self, position: int, within: float = 5.0) -> None:
        """Wait for an event."""
        async with asyncio.timeout(within):
            while not self.events or self.events[-1].position < position:
                self._more.clear()
                await self._more.wait()

    async def stop(self) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)


@asynccontextmanager
async def following(log: PostgresLog, after: int = 0, at_once: int = 500) -> AsyncGenerator[Follower]:
    follower = Follower(log, after, at_once)
    try:
        yield follower
    finally:
        await follower.stop()


async def test_events_come_as_they_were_recorded(client: Client, server: str, schema: str) -> None:
    bay = await client.open_bay("west", on_behalf_of="grace")
    await client.register_unit(bay)
    async with following(client.log) as follower:
        await follower.until(2)
    rows = await fetch(server, schema, "select *, data::text as data from event order by position")
    for event, row in zip(follower.events, rows, strict=True):
        assert {name: getattr(event, name) for name in RecordedEvent.__slots__} == {
            name: row[name] for name in RecordedEvent.__slots__
        }
        assert digest_of(dict(row)) == event.digest


async def test_events_are_complete_and_in_order_for_everybody(client: Client, server: str, schema: str) -> None:
    bays = [await client.open_bay() for _ in range(4)]
    async with opened(server, schema) as other, following(client.log) as here, following(other.log, at_once=7) as there:
        await asyncio.gather(
            *(
                (client, other)[number % 2].run(toy.MeasureBay(bay_id=bays[number % 4], value=number))
                for number in range(200)
            )
        )
        await here.until(204)
        await there.until(204)
        for follower in (here, there):
            assert [event.position for event in follower.events] == list(range(1, 205))


async def test_it_begins_after_a_position(client: Client) -> None:
    for _ in range(5):
        await client.open_bay()
    async with following(client.log, after=3) as follower:
        await follower.until(5)
        assert [event.position for event in follower.events] == [4, 5]


async def test_a_reader_of_the_same_process_is_woken_at_once(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cora.log.tail, "POLL_EVERY", 60.0)
    monkeypatch.setattr(Tail, "_notified", _ignore)
    async with following(client.log) as follower:
        for position in range(1, 40):
            await client.open_bay()
            await follower.until(position, within=2)


async def test_what_is_recorded_while_a_reader_finds_nothing_wakes_it_too(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cora.log.tail, "POLL_EVERY", 60.0)
    reading = asyncio.Event()
    true_read = cora.log.tail.read_after

    async def slowly(connection: Connection, after: int, limit: int) -> list[RecordedEvent]:
        events = await true_read(connection, after, limit)
        reading.set()
        await asyncio.sleep(0.2)
        return events

    monkeypatch.setattr(cora.log.tail, "read_after", slowly)
    async with following(client.log) as follower:
        await reading.wait()
        await client.open_bay()
        await follower.until(1, within=2)


async def test_a_reader_of_another_process_is_woken_by_notify(
    client: Client, server: str, schema: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with opened(server, schema) as other, following(other.log) as follower:
        await client.open_bay()
        await follower.until(1)
        monkeypatch.setattr(cora.log.tail, "POLL_EVERY", 60.0)
        await asyncio.sleep(1.1)  # a poll that had begun is over
        for position in range(2, 12):
            await client.open_bay()
            await follower.until(position, within=2)


async def test_when_notifications_are_lost_it_is_polled(
    client: Client, server: str, schema: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Tail, "wake", _ignore)
    monkeypatch.setattr(Tail, "_notified", _ignore)
    async with opened(server, schema) as other, following(other.log) as follower:
        await client.open_bay()
        await follower.until(1, within=2)
        await client.open_bay()
        await follower.until(2, within=2)


async def test_it_goes_on_after_connections_were_lost(client: Client, server: str, schema: str) -> None:
    async with proxied(server) as proxy, opened(proxy.dsn, schema) as other, following(other.log) as follower:
        for position in range(1, 4):
            await client.open_bay()
            await follower.until(position)
            proxy.sever()
        assert [event.position for event in follower.events] == [1, 2, 3]


async def _count(connection: Connection, events: list[RecordedEvent]) -> None:
    for event in events:
        await connection.execute("insert into seen values ($1)", event.position)


@asynccontextmanager
async def _subscribed(log: PostgresLog, name: str = "counter") -> AsyncGenerator[None]:
    task = asyncio.create_task(log.tail.subscribe(name, _count, at_once=5))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def _seen(server: str, schema: str, until: int) -> list[int]:
    seen: list[int] = []
    for _ in range(500):
        seen = [row[0] for row in await fetch(server, schema, "select position from seen order by ctid")]
        if seen and seen[-1] >= until:
            return seen
        await asyncio.sleep(0.02)
    raise AssertionError(f"only {seen} of {until} were seen")


@pytest.fixture
async def counted(server: str, schema: str) -> AsyncGenerator[None]:
    """A table that the effect of a subscriber writes to; a position twice would be an error."""
    superuser = await connect(server, schema)
    await superuser.execute("create table seen (position bigint); grant all on seen to cora_app")
    yield
    await superuser.close()


@pytest.mark.usefixtures("counted")
class TestSubscriber:
    async def test_each_effect_happens_once(self, client: Client, server: str, schema: str) -> None:
        for _ in range(12):
            await client.open_bay()
        async with _subscribed(client.log):
            assert await _seen(server, schema, 12) == list(range(1, 13))
            await client.open_bay()
            assert await _seen(server, schema, 13) == list(range(1, 14))
        async with _subscribed(client.log):
            await client.open_bay()
            assert await _seen(server, schema, 14) == list(range(1, 15))
        (row,) = await fetch(server, schema, "select name, position from subscriber")
        assert tuple(row) == ("counter", 14)

    async def test_one_process_at_a_time_acts_under_a_name(self, client: Client, server: str, schema: str) -> None:
        async with opened(server, schema) as other, _subscribed(client.log), _subscribed(other.log):
            for _ in range(30):
                await client.open_bay()
            assert await _seen(server, schema, 30) == list(range(1, 31))

    async def test_names_have_their_own_positions(self, client: Client, server: str, schema: str) -> None:
        await client.open_bay()
        async with _subscribed(client.log, "one"), _subscribed(client.log, "two"):
            await _seen(server, schema, 1)
            await asyncio.sleep(0.2)
        rows = await fetch(server, schema, "select name, position from subscriber order by name")
        assert [tuple(row) for row in rows] == [("one", 1), ("two", 1)]

    async def test_an_effect_that_fails_is_not_kept_and_neither_is_its_position(
        self, client: Client, server: str, schema: str
    ) -> None:
        await client.open_bay()

        async def fail(connection: Connection, events: list[RecordedEvent]) -> None:
            await _count(connection, events)
            raise RuntimeError("the effect failed")

        with pytest.raises(RuntimeError):
            await client.log.tail.subscribe("counter", fail)
        assert not await fetch(server, schema, "select from seen")
        async with _subscribed(client.log):
            assert await _seen(server, schema, 1) == [1]

    async def test_it_survives_lost_connections(self, client: Client, server: str, schema: str) -> None:
        async with proxied(server) as proxy, opened(proxy.dsn, schema) as other, _subscribed(other.log):
            for number in range(30):
                await client.open_bay()
                if number % 10 == 5:
                    proxy.sever()
            assert await _seen(server, schema, 30) == list(range(1, 31))
        assert (await verified(server, schema)).difference is None


async def test_listening_and_announcing_survive_a_database_that_takes_no_more_connections(
    client: Client, server: str, schema: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused = 0
    true_connect = cora.log.tail.connect

    async def at_first_refused(*given: Any) -> Connection:
        nonlocal refused
        refused += 1
        if refused <= 4:
            raise asyncpg.TooManyConnectionsError("sorry, too many clients already")
        return await true_connect(*given)

    monkeypatch.setattr(cora.log.tail, "POLL_EVERY", 0.1)
    monkeypatch.setattr(cora.log.tail, "connect", at_first_refused)
    async with opened(server, schema) as other, following(other.log) as follower:
        await other.open_bay()
        await follower.until(1)
        assert refused > 4
        assert not any(task.done() for task in other.log.tail._tasks)
        await other.open_bay()
        async with following(client.log, after=1) as elsewhere:
            await elsewhere.until(2)
