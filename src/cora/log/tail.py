"""The events in order, as they come: `position > after order by position` is complete and ordered.

Within the process an append wakes the readers; across processes a NOTIFY is
sent after the commit, coalesced, on a connection of its own (inside the
append it would take a lock across the database at commit); beneath lies a
poll every second, so a lost notification costs a second and nothing else.
"""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import structlog

from cora.log.connect import BUSY, LOST, connect
from cora.log.types import Connection

POLL_EVERY = 1.0
COALESCE = 0.01

_logger = structlog.get_logger("cora.log")

COLUMNS = (
    "position, stream, version, kind, data::text as data, actor, via, on_behalf_of, request, schema_version, "
    "occurred_at, recorded_at, digest"
)
_AFTER = f"select {COLUMNS} from event where position > $1 order by position limit $2"


@dataclass(frozen=True, slots=True)
class RecordedEvent:
    """An event as the log holds it; `data` is its JSON text."""

    position: int
    stream: UUID
    version: int
    kind: str
    data: str
    actor: str
    via: str
    on_behalf_of: str | None
    request: str
    schema_version: int
    occurred_at: datetime
    recorded_at: datetime
    digest: bytes


Effect = Callable[[Connection, list[RecordedEvent]], Awaitable[None]]


class Tail:
    """Wakes whoever follows the log of one schema of one database."""

    def __init__(self, dsn: str, schema: str) -> None:
        self._dsn = dsn
        self._schema = schema
        self._channel = f"cora_{schema}"
        self._grew = asyncio.Event()
        self._recorded_here = asyncio.Event()
        self._tasks = [
            asyncio.create_task(self._announce(), name="cora log notify"),
            asyncio.create_task(self._listen(), name="cora log listen"),
        ]

    def wake(self) -> None:
        """Events were recorded by this process."""
        self._recorded_here.set()
        self.wake_readers()

    async def close(self) -> None:
        """Stop; readers that wait end at their next turn."""
        for task in self._tasks:
            task.cancel()
        for task in self._tasks:
            with contextlib.suppress(asyncio.CancelledError):
                await task

    @property
    def growth(self) -> asyncio.Event:
        """The next growth of the log; whoever means to wait for it takes it before reading."""
        return self._grew

    def wake_readers(self) -> None:
        """Let whoever waits look again."""
        # Whoever waits has the old event; whoever comes later gets the new one.
        grew, self._grew = self._grew, asyncio.Event()
        grew.set()

    async def until_grown(self, grew: asyncio.Event) -> None:
        """Wait for what was the next growth before the log was read: at once when it has happened, else a second."""
        with contextlib.suppress(TimeoutError):
            # Not wait_for: on Python 3.11 it can swallow a cancellation that comes with the growth.
            async with asyncio.timeout(POLL_EVERY):
                await grew.wait()

    async def follow(self, after: int = 0, *, at_once: int = 500) -> AsyncGenerator[list[RecordedEvent]]:
        """Every event after a position, in order, for ever; survives a restart of the database."""
        connection: Connection | None = None
        try:
            while True:
                grew = self._grew
                try:
                    if connection is None or connection.is_closed():
                        connection = await connect(self._dsn, self._schema)
                    events = await read_after(connection, after, at_once)
                except (*LOST, *BUSY):
                    if connection is not None:
                        connection.terminate()
                    connection = None
                    await asyncio.sleep(POLL_EVERY)
                    continue
                if events:
                    after = events[-1].position
                    yield events
                else:
                    await self.until_grown(grew)
        finally:
            if connection is not None:
                connection.terminate()

    async def subscribe(self, name: str, effect: Effect, *, at_once: int = 500) -> None:
        """Carry out an effect for every event, for ever, each exactly once.

        The position reached is stored in the transaction of the effect, so
        whatever dies, neither is kept without the other. One process at a
        time acts under a name; the others wait for its lock.
        """
        while True:
            try:
                connection = await connect(self._dsn, self._schema)
            except (*LOST, *BUSY):
                await asyncio.sleep(POLL_EVERY)
                continue
            try:
                while True:
                    grew = self._grew
                    if not await _advance(connection, name, effect, at_once):
                        await self.until_grown(grew)
            except (*LOST, *BUSY):
                await asyncio.sleep(POLL_EVERY)
            finally:
                connection.terminate()

    def _notified(self, *_: object) -> None:
        self.wake_readers()

    async def _announce(self) -> None:
        connection: Connection | None = None
        while True:
            await self._recorded_here.wait()
            await asyncio.sleep(COALESCE)
            self._recorded_here.clear()
            try:
                if connection is None or connection.is_closed():
                    connection = await connect(self._dsn, self._schema)
                    # A notification commits; nobody must wait for the disk because of it.
                    await connection.execute("set synchronous_commit = off")
                await connection.execute(f"notify {self._channel}")
            except Exception as error:
                # Whatever it is: if it ended this task, nothing would ever be announced again.
                _logger.debug("not announced", error=type(error).__name__)
                if connection is not None:
                    connection.terminate()
                connection = None
            except asyncio.CancelledError:
                if connection is not None:
                    connection.terminate()
                raise

    async def _listen(self) -> None:
        while True:
            connection: Connection | None = None
            try:
                connection = await connect(self._dsn, self._schema)
                await connection.add_listener(self._channel, self._notified)
                while not connection.is_closed():
                    await asyncio.sleep(POLL_EVERY)
            except Exception as error:
                _logger.debug("not listening", error=type(error).__name__)
                await asyncio.sleep(POLL_EVERY)
            finally:
                if connection is not None:
                    connection.terminate()


async def read_after(connection: Connection, after: int, limit: int) -> list[RecordedEvent]:
    """Up to `limit` events after a position, in order."""
    return [RecordedEvent(*row) for row in await connection.fetch(_AFTER, after, limit)]


async def _advance(connection: Connection, name: str, effect: Effect, at_once: int) -> bool:
    """One step of a subscriber; whether there was anything to do."""
    async with connection.transaction():
        await connection.execute("insert into subscriber (name, position) values ($1, 0) on conflict do nothing", name)
        reached: Any = await connection.fetchval("select position from subscriber where name = $1 for update", name)
        events = await read_after(connection, reached, at_once)
        if not events:
            return False
        await effect(connection, events)
        await connection.execute("update subscriber set position = $2 where name = $1", name, events[-1].position)
        return True
