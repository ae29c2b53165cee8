"""The lock of the log is given back whatever ends the decision, a cancellation at any moment included."""

import asyncio
from typing import cast

import pytest

from cora.kernel.errors import ConcurrencyConflictError
from cora.log.connect import BUSY
from cora.log.held import hold
from cora.log.link import Link
from cora.log.types import Connection


class _Connection:
    """Hangs in one statement, once it has begun."""

    def __init__(self, hangs_in: str = "", fails: Exception | None = None) -> None:
        self.hangs_in = hangs_in
        self.fails = fails
        self.in_transaction = False
        self.hanging = asyncio.Event()
        self.closed = False

    async def execute(self, statement: str) -> None:
        self.in_transaction = True
        if self.fails is not None:
            raise self.fails
        if self.hangs_in and self.hangs_in in statement:
            self.hanging.set()
            await asyncio.Event().wait()
        self.in_transaction = "begin" in statement

    def is_in_transaction(self) -> bool:
        return self.in_transaction

    def is_closed(self) -> bool:
        return self.closed


class _Link:
    def __init__(self, connection: _Connection) -> None:
        self._connection = connection
        self.suspected = False

    async def connection(self) -> Connection:
        return cast("Connection", self._connection)

    def suspect(self) -> None:
        self.suspected = True

    async def drop(self) -> None:
        self._connection.closed = True


def _holds_no_lock(connection: _Connection) -> bool:
    return connection.closed or not connection.in_transaction


async def _decide(link: _Link, work: asyncio.Event) -> None:
    async with hold(cast("Link", link), lambda: None):
        work.set()
        await asyncio.Event().wait()


@pytest.mark.parametrize("statement", ["begin", "rollback"])
async def test_a_decision_that_is_cancelled_in_a_statement_keeps_no_lock(statement: str) -> None:
    connection, work = _Connection(hangs_in=statement), asyncio.Event()
    deciding = asyncio.create_task(_decide(_Link(connection), work))
    await (connection.hanging if statement == "begin" else work).wait()
    for _ in range(3):  # a second cancellation may come while the first is heeded
        deciding.cancel()
        await asyncio.sleep(0)
    with pytest.raises(asyncio.CancelledError):
        await deciding
    assert _holds_no_lock(connection)


async def test_a_refusal_gives_the_lock_back_and_keeps_the_connection() -> None:
    connection = _Connection()
    with pytest.raises(ConcurrencyConflictError):
        async with hold(cast("Link", _Link(connection)), lambda: None):
            raise ConcurrencyConflictError
    assert not connection.in_transaction
    assert not connection.closed


async def test_a_cancellation_while_the_lock_is_given_back_is_heeded() -> None:
    connection = _Connection(hangs_in="rollback")

    async def decide() -> None:
        async with hold(cast("Link", _Link(connection)), lambda: None):
            pass

    deciding = asyncio.create_task(decide())
    await connection.hanging.wait()
    deciding.cancel()
    with pytest.raises(asyncio.CancelledError):
        await deciding
    assert _holds_no_lock(connection)


async def test_a_lock_that_is_not_to_be_had_is_a_conflict_and_a_suspicion() -> None:
    connection = _Connection(fails=BUSY[0]("canceling statement due to lock timeout"))
    link = _Link(connection)
    with pytest.raises(ConcurrencyConflictError):
        async with hold(cast("Link", link), lambda: None):
            pass
    assert link.suspected
    assert _holds_no_lock(connection)
