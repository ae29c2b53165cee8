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

from cora.kernel.errors import ConcurrencyConflictError, OverloadedError
from cora.kernel.identity import new_id
from cora.kernel.reader import Append, KeyReused, Log, ReadSet, Replayed, Source, Verdict
from cora.log.append import UnstorableError, until_answered
from cora.log.batch import sending, verdicts
from cora.log.connect import BUSY, LOST
from cora.log.link import Link
from cora.log.snapshot import ConnectionSource, find_answer, find_joinings
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
        try:
            answer: str = await self._link.fetchval(sent.sql, *sent.rows)
            await (await self._link.connection()).execute("commit")
        except BUSY as busy:
            raise OverloadedError from busy
        except LOST:
            await self._link.drop()
            answer = await until_answered(self._link, sent, sent=True)
        except Exception as error:
            raise UnstorableError from error
        if request.records:
            self._on_commit()
        return verdicts([request], answer)[0]

    async def still_current(self, reads: ReadSet) -> bool:
        """Always: nobody else can append."""
        return True

    async def answered(self, principal: str, key: str, digest: bytes) -> Replayed | KeyReused | None:
        """What was answered under an idempotency key."""
        return await find_answer(self._look, principal, key, digest)

    async def latest_joinings(self, ids: Collection[UUID]) -> Mapping[UUID, datetime]:
        """When each of these records was last joined to or parted from another, if it ever was."""
        return await find_joinings(self._look, ids)

    def under_lock(self) -> AbstractAsyncContextManager[Log]:
        """This log."""
        return contextlib.nullcontext(self)

    def snapshot(self) -> AbstractAsyncContextManager[Source]:
        """This log: what it reads stays as it is."""
        return contextlib.nullcontext(self)

    async def _look(self, sql: str, *values: Any) -> list[asyncpg.Record]:
        # A connection that was lost took the lock with it; a new one would see what others append.
        if self._connection.is_closed():
            raise OverloadedError
        try:
            return await self._link.fetch(sql, *values)
        except LOST as lost:
            await self._link.drop()
            raise OverloadedError from lost


@asynccontextmanager
async def hold(link: Link, on_commit: Callable[[], None]) -> AsyncGenerator[HeldLog]:
    """The log under its lock. Raises `ConcurrencyConflictError` when the lock is not to be had in time."""
    try:
        connection = await link.connection()
        await connection.execute("begin; select pg_advisory_xact_lock(log_lock())")
    except BUSY as busy:
        await link.drop()
        link.suspect()
        raise ConcurrencyConflictError from busy
    except LOST as lost:
        await link.drop()
        raise OverloadedError from lost
    try:
        yield HeldLog(link, connection, on_commit)
    finally:
        await _leave(link)


async def _leave(link: Link) -> None:
    try:
        connection = await link.connection()
        if connection.is_in_transaction():
            # A connection that fell silent must not keep the next one waiting.
            async with asyncio.timeout(LEAVE_WITHIN):
                await connection.execute("rollback")
    except Exception:
        await link.drop()
