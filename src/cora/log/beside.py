"""What lies beside the log and is not history: contacts that can be erased, and leases."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

from cora.kernel.errors import OverloadedError
from cora.kernel.identity import new_id
from cora.log.pool import borrowed
from cora.log.types import Pool

_TAKE = """
insert into lease as l (name, holder, expires_at) values ($1, $2, clock_timestamp() + make_interval(secs => $3))
on conflict (name) do update set holder = excluded.holder, expires_at = excluded.expires_at
where l.expires_at < clock_timestamp() or l.holder = excluded.holder
returning true
"""


_FREE = "delete from lease where name = $1 and holder = $2"


class ContactTable:
    """E-mail addresses by contact id."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def get(self, contact_id: UUID) -> str | None:
        """The address, or None when it is unknown or erased. Raises `OverloadedError` when it cannot be asked for."""
        address: str | None = await self._ask("select address from contact where id = $1", contact_id)
        return address

    async def erase(self, contact_id: UUID) -> bool:
        """Remove the address for ever; whether there was one. Raises `OverloadedError`: then it may be there still."""
        return bool(await self._ask("delete from contact where id = $1 returning true", contact_id))

    async def _ask(self, sql: str, contact_id: UUID) -> Any:
        async with borrowed(self._pool) as connection:
            return await connection.fetchval(sql, contact_id)


class LeaseTable:
    """Leases that one process holds at a time; a holder that dies loses its lease when it expires."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    @asynccontextmanager
    async def hold(self, name: str, seconds: float = 60.0) -> AsyncGenerator[None]:
        """Wait for a lease, and for the database, and hold it, renewed while the body runs."""
        holder = new_id()
        while not await self._take(name, holder, seconds):
            await asyncio.sleep(min(0.05, seconds / 10))
        renewal = asyncio.create_task(self._renew(name, holder, seconds), name=f"lease {name}")
        try:
            yield
        finally:
            renewal.cancel()
            # One that cannot be given back expires.
            with contextlib.suppress(OverloadedError):
                async with borrowed(self._pool) as connection:
                    await connection.execute(_FREE, name, holder)

    async def _take(self, name: str, holder: UUID, seconds: float) -> bool:
        with contextlib.suppress(OverloadedError):
            async with borrowed(self._pool) as connection:
                return bool(await connection.fetchval(_TAKE, name, holder, seconds))
        return False

    async def _renew(self, name: str, holder: UUID, seconds: float) -> None:
        """Renewed early enough that the database may be away for a while."""
        pause = seconds / 3
        while True:
            await asyncio.sleep(pause)
            pause = seconds / (3 if await self._take(name, holder, seconds) else 30)
