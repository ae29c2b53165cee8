"""One long-lived connection that is opened when needed and replaced when it was lost."""

import asyncio
import contextlib
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import asyncpg
import structlog

from cora.log.connect import connect
from cora.log.types import Connection, Statement

_logger = structlog.get_logger("cora.log")

# A holder of the lock whose client fell silent in the middle of a statement is
# ended after 5 seconds: a backend that cannot send its answer heeds no timeout,
# not even transaction_timeout (Postgres 17 on).
_END_SILENT_HOLDERS = """
select pg_terminate_backend(a.pid)
from pg_locks l join pg_stat_activity a on a.pid = l.pid
where l.locktype = 'advisory' and l.granted
  and l.database = (select oid from pg_database where datname = current_database())
  and (l.classid::bigint << 32 | l.objid::bigint) = log_lock()
  and a.pid <> pg_backend_pid() and a.wait_event_type = 'Client' and a.state_change < now() - interval '5 s'
"""


class Link:
    """A connection for one user at a time."""

    def __init__(self, dsn: str, schema: str, further: Mapping[str, str] = MappingProxyType({})) -> None:
        self._dsn = dsn
        self._schema = schema
        self._further = further
        self._connection: Connection | None = None
        self._statements: dict[str, Statement] = {}
        self._suspicious = False

    async def connection(self) -> Connection:
        """The open connection. Raises what asyncpg raises when the database cannot be reached."""
        if self._connection is None or self._connection.is_closed():
            self._statements.clear()
            self._connection = await connect(self._dsn, self._schema, further=self._further)
        if self._suspicious:
            self._suspicious = False
            await self._end_silent_holders(self._connection)
        return self._connection

    async def statement(self, sql: str) -> Statement:
        """A statement prepared on the open connection."""
        connection = await self.connection()
        statement = self._statements.get(sql)
        if statement is None:
            statement = self._statements[sql] = await connection.prepare(sql)
        return statement

    async def fetchval(self, sql: str, *values: Any) -> Any:
        """The single value that a statement gives."""
        statement = await self.statement(sql)
        return await statement.fetchval(*values)

    async def fetch(self, sql: str, *values: Any) -> list[asyncpg.Record]:
        """The rows that a statement gives."""
        statement = await self.statement(sql)
        return await statement.fetch(*values)

    def suspect(self) -> None:
        """The lock was not to be had in time: before the next use, look for a holder that fell silent."""
        self._suspicious = True

    async def drop(self) -> None:
        """Forget a connection that was lost."""
        connection, self._connection = self._connection, None
        self._statements.clear()
        if connection is not None:
            connection.terminate()

    async def close(self) -> None:
        """Close the connection."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with contextlib.suppress(Exception):
                await asyncio.wait_for(connection.close(), 2)

    async def _end_silent_holders(self, connection: Connection) -> None:
        # The restricted role may neither see nor end what others do.
        await connection.execute("reset role")
        try:
            ended = await connection.fetch(_END_SILENT_HOLDERS)
        finally:
            await connection.execute("set role cora_app")
        if ended:
            _logger.warning("ended silent holders of the log's lock", count=len(ended))


class SharedLink:
    """A connection whose users take turns."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._one_asks = asyncio.Lock()

    async def close(self) -> None:
        """Close the connection."""
        await self._link.close()

    async def fetch(self, sql: str, *values: Any) -> list[asyncpg.Record]:
        """The rows that a statement gives, when those who came before have theirs."""
        async with self._one_asks:
            try:
                return await self._link.fetch(sql, *values)
            except BaseException:
                # Lost, or cancelled in the middle of a statement: the next who asks needs one that answers.
                await self._link.drop()
                raise
