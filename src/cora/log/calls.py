"""The table of calls to authorities (schema/0010_calls.sql)."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta
from typing import Any
from uuid import UUID

import asyncpg

from cora.kernel.errors import OverloadedError
from cora.log.connect import BUSY, LOST
from cora.log.link import Link, SharedLink

ANSWERED_WITHIN = 5.0
TRIES = 2

_BEGIN = "select held_off, past_in from begin_call($1, $2, $3, $4, $5)"

_END = """
with ended as (update authority_call set ended = clock_timestamp() + $3::interval where id = $1)
insert into authority_wish as w (authority, not_before)
select $2, clock_timestamp() + $4::interval where $4::interval > interval '0'
on conflict (authority) do update set not_before = greatest(w.not_before, excluded.not_before)
"""

_FORGET = "delete from authority_call where id = $1"


class CallTable:
    """Calls counted by the clock of the database, over a link of their own: nobody else's work delays them."""

    def __init__(self, link: Link) -> None:
        self._link = SharedLink(link)

    async def close(self) -> None:
        """Close the link."""
        await self._link.close()

    async def begin(
        self, id: UUID, authority: str, most: int, window: float, longest: float
    ) -> tuple[float, Sequence[float]] | None:
        """Count a call as under way, or tell why none may begin. Raises `OverloadedError`: it is not made then."""
        asked = asyncio.create_task(
            self._ask(_BEGIN, id, authority, most, timedelta(seconds=window), timedelta(seconds=longest))
        )
        try:
            found = await asyncio.shield(asked)
        except asyncio.CancelledError:
            with suppress(OverloadedError):
                await asked
                await self._ask(_FORGET, id)
            raise
        return (found[0]["held_off"], found[0]["past_in"]) if found else None

    async def end(self, id: UUID, authority: str, *, stray: float, hold_off: float) -> None:
        """A call has ended. Raises `OverloadedError`: then it counts as under way for as long as it may have been."""
        await self._ask(_END, id, authority, timedelta(seconds=stray), timedelta(seconds=hold_off))

    async def _ask(self, sql: str, *values: Any) -> list[asyncpg.Record]:
        """What was carried out by a connection that was lost is asked again, and counts once."""
        for tries_left in reversed(range(TRIES)):
            try:
                async with asyncio.timeout(ANSWERED_WITHIN):
                    return await self._link.fetch(sql, *values)
            except (*BUSY, TimeoutError) as error:
                raise OverloadedError from error
            except LOST as error:
                if not tries_left:
                    raise OverloadedError from error
        raise OverloadedError
