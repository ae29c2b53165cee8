"""What lies beside the log and is not history: contacts that can be erased, and leases."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Collection
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

from cora.kernel.errors import OverloadedError
from cora.kernel.identity import new_id
from cora.log.connect import BUSY, LOST
from cora.log.link import Link, SharedLink
from cora.log.pool import borrowed, over
from cora.log.types import Pool

_TAKE = """
insert into lease as l (name, holder, expires_at) values ($1, $2, clock_timestamp() + make_interval(secs => $3))
on conflict (name) do update set holder = excluded.holder, expires_at = excluded.expires_at
where l.expires_at < clock_timestamp() or l.holder = excluded.holder
returning true
"""


_ADDRESSES = "select id, address from contact where id = any($1::uuid[])"

_ERASE = """
with erased as (delete from contact where id = $1 returning id)
insert into erased_contact (id) select id from erased returning true
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

    async def addresses(self, contact_ids: Collection[UUID]) -> dict[UUID, str]:
        """The addresses that there are. Raises `OverloadedError` when they cannot be asked for."""
        rows = await over(self._pool, lambda connection: connection.fetch(_ADDRESSES, list(contact_ids)))
        return {row["id"]: row["address"] for row in rows}

    async def erase(self, contact_id: UUID) -> bool:
        """Remove the address for ever, and leave word for those who told it; whether there was one.

        Raises `OverloadedError`: then it may be there still.
        """
        return bool(await self._ask(_ERASE, contact_id))

    async def _ask(self, sql: str, contact_id: UUID) -> Any:
        async with borrowed(self._pool) as connection:
            return await connection.fetchval(sql, contact_id)


class LeaseTable:
    """Leases that one process holds at a time; a holder that dies loses its lease when it expires.

    They have a link of their own: whoever holds one must be able to renew it, whatever else goes on.
    """

    def __init__(self, link: Link) -> None:
        self._link = SharedLink(link)

    async def close(self) -> None:
        """Close the link."""
        await self._link.close()

    @asynccontextmanager
    async def hold(self, name: str, seconds: float = 60.0) -> AsyncGenerator[None]:
        """Wait for a lease, and for the database, and hold it, renewed while the body runs.

        A body whose lease could not be renewed in time is cancelled, and `OverloadedError` raised: another may hold it.
        """
        holder, clock = new_id(), asyncio.get_running_loop().time
        ends = clock() + seconds
        while not await self._take(name, holder, seconds):
            await asyncio.sleep(min(0.05, seconds / 10))
            ends = clock() + seconds
        limit = asyncio.timeout_at(ends)
        renewal: asyncio.Task[None] | None = None
        try:
            async with limit:
                renewal = asyncio.create_task(self._renew(name, holder, seconds, limit), name=f"lease {name}")
                yield
        except TimeoutError as error:
            if not limit.expired():
                raise
            raise OverloadedError from error
        finally:
            if renewal is not None:
                renewal.cancel()
            # One that cannot be given back expires.
            with contextlib.suppress(*LOST, *BUSY):
                await self._link.fetch(_FREE, name, holder)

    async def _take(self, name: str, holder: UUID, seconds: float) -> bool:
        with contextlib.suppress(*LOST, *BUSY):
            return bool(await self._link.fetch(_TAKE, name, holder, seconds))
        return False

    async def _renew(self, name: str, holder: UUID, seconds: float, limit: asyncio.Timeout) -> None:
        """Renewed early enough that the database may be away for a while. `limit` ends with the lease."""
        clock = asyncio.get_running_loop().time
        pause = seconds / 3
        while True:
            await asyncio.sleep(pause)
            ends = clock() + seconds
            is_renewed = await self._take(name, holder, seconds)
            pause = seconds / (3 if is_renewed else 30)
            if is_renewed and not limit.expired():
                limit.reschedule(ends)
