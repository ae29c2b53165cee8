"""One decision under the lock of the log, for a command that a crowd has starved.

Lock, look, decide, append, commit: while the lock is held nobody else can
append, so what is read stays true and one try is enough.
"""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Callable, Collection, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg

from cora.kernel.errors import ConcurrencyConflictError, OverloadedError, UnstorableError
from cora.kernel.identity import new_id
from cora.kernel.reader import Append, KeyReused, Log, ReadSet, Replayed, Source, Verdict
from cora.kernel.when import NOW, When
from cora.log.append import until_answered
from cora.log.batch import sending, verdicts
from cora.log.connect import BUSY, LOST, POISON
from cora.log.link import Link
from cora.log.snapshot import ConnectionSource, as_answered, find_answers, find_joinings, joined
from cora.log.types import Connection

LEAVE_WITHIN = 2.0


class HeldLog(ConnectionSource):
    """The log while this connection holds its lock."""

    def __init__(self, link: Link, connection: Connection, on_commit: Callable[[], None]) -> None:
        super().__init__(self._look)
        self._link = link
        self._connection = connection
        self._on_commit = on_commit

    async def append(self, request: Append) -> Verdict:
        """Judge a request and commit it; nothing more can be asked of this log afterwards."""
        sent = sending(new_id(), 1, [request])
        self._require_lock()
        try:
            answer: str = await self._link.fetchval(sent.sql, *sent.rows)
            # Of this connection: on another that took its place there would be nothing to commit.
            await self._connection.execute("commit")
        except BUSY as busy:
            raise OverloadedError from busy
        except LOST:
            await self._link.drop()
            answer = await until_answered(self._link, sent, sent=True)
        except POISON as error:
            raise UnstorableError from error
        if request.records:
            self._on_commit()
        return verdicts([request], answer)[0]

    async def still_current(self, reads: ReadSet) -> bool:
        """Always: nobody else can append."""
        return True

    async def answered(self, principal: str, key: str, digest: bytes) -> Replayed | KeyReused | None:
        """What was answered under an idempotency key."""
        (row,) = await find_answers(self._look, [(principal, key)])
        return as_answered(row, digest)

    async def latest_joinings(self, ids: Collection[UUID]) -> Mapping[UUID, datetime]:
        """When each of these records was last joined to or parted from another, if it ever was."""
        asked = list(ids)
        return joined(asked, await find_joinings(self._look, asked))

    def under_lock(self) -> AbstractAsyncContextManager[Log]:
        """This log."""
        return contextlib.nullcontext(self)

    def snapshot(self, when: When = NOW) -> AbstractAsyncContextManager[Source]:
        """This log: what it reads stays as it is. Decisions ask about no past."""
        if not when.is_now:
            raise ValueError("a decision sees the present only")
        return contextlib.nullcontext(self)

    async def _look(self, sql: str, *values: Any) -> list[asyncpg.Record]:
        self._require_lock()
        try:
            return await self._link.fetch(sql, *values)
        except BUSY as busy:
            raise OverloadedError from busy
        except LOST as lost:
            await self._link.drop()
            raise OverloadedError from lost

    def _require_lock(self) -> None:
        # A connection that was lost took the lock with it; a new one would see what others append.
        if self._connection.is_closed():
            raise OverloadedError


@asynccontextmanager
async def hold(link: Link, on_commit: Callable[[], None]) -> AsyncGenerator[HeldLog]:
    """The log under its lock. Raises `ConcurrencyConflictError` when the lock is not to be had in time."""
    try:
        connection = await link.connection()
    except (*LOST, *BUSY) as error:
        await link.drop()
        raise OverloadedError from error
    try:
        await _lock(link, connection)
        yield HeldLog(link, connection, on_commit)
    except Exception:
        await _leave(link, connection)
        raise
    except BaseException:
        # Cancelled, perhaps in the middle of a statement: the end of the connection is the end of the lock for certain.
        await link.drop()
        raise
    else:
        await _leave(link, connection)


async def _lock(link: Link, connection: Connection) -> None:
    try:
        await connection.execute("begin; select pg_advisory_xact_lock(log_lock())")
    except BUSY as busy:
        link.suspect()
        raise ConcurrencyConflictError from busy
    except LOST as lost:
        raise OverloadedError from lost


async def _leave(link: Link, connection: Connection) -> None:
    try:
        if not connection.is_closed() and connection.is_in_transaction():
            # A connection that fell silent must not keep the next one waiting.
            async with asyncio.timeout(LEAVE_WITHIN):
                await connection.execute("rollback")
    except BaseException as error:
        await link.drop()
        if not isinstance(error, Exception):
            raise
