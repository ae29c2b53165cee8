"""The table of publications, as harvesters walk along it.

A change is given its time under a lock, held until it is committed, and no time
before another's. Who reads here holds the lock too, and has looked at the clock
before: so all that changed before then is seen, and nothing is ever put in
between what was seen.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from cora.kernel.harvest import Asked, Kept, Place, Stretch
from cora.log.pool import over
from cora.log.publications import LOCK
from cora.log.types import Connection, Pool

_NOW = "select clock_timestamp()"
_LOCK = f"select pg_advisory_xact_lock_shared({LOCK})"

# Bounds that are always there are looked up in the index, whatever plan is kept.
_ASKED = """
is_public
and changed_at >= coalesce($1::timestamptz, '-infinity') and changed_at < coalesce($2::timestamptz, 'infinity')
and ($3::text is null or exists (select from unnest(sets) s where s = $3 or starts_with(s, $3 || ':')))
"""

_AFTER = f"""
select persistent_id, changed_at, sets from publication
where {_ASKED} and (changed_at, persistent_id)
    > (coalesce($4::timestamptz, '-infinity'), coalesce($5::uuid, '00000000-0000-0000-0000-000000000000'))
order by changed_at, persistent_id limit $6
"""

_COUNT = f"select count(*) from publication where {_ASKED}"

_OF = "select persistent_id, changed_at, sets from publication where persistent_id = $1 and is_public"

_SETS = "select distinct unnest(sets) as name from publication where is_public order by name"

_EARLIEST = "select min(changed_at) from publication where is_public"


class HarvestTable:
    """Implements `Harvest` of the kernel."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def after(self, place: Place | None, asked: Asked, most: int) -> Stretch:
        """The next ones after a place."""
        values = (*_values(asked), *(place or (None, None)), most + 1)

        async def look(connection: Connection) -> tuple[datetime, list[Any]]:
            async with connection.transaction():
                now: datetime = await connection.fetchval(_NOW)
                await connection.execute(_LOCK)
                return now, await connection.fetch(_AFTER, *values)

        looked_at, rows = await over(self._pool, look)
        return Stretch(looked_at, tuple(_kept(row) for row in rows[:most]), len(rows) > most)

    async def count(self, asked: Asked) -> int:
        """How many there are."""
        return int(await self._value(_COUNT, *_values(asked)))

    async def of(self, persistent_id: UUID) -> Kept | None:
        """That of an identifier."""
        row = await over(self._pool, lambda connection: connection.fetchrow(_OF, persistent_id))
        return None if row is None else _kept(row)

    async def sets(self) -> Sequence[str]:
        """The sets that publications are in."""
        rows = await over(self._pool, lambda connection: connection.fetch(_SETS))
        return [row["name"] for row in rows]

    async def earliest(self) -> datetime | None:
        """When the first one changed."""
        return await self._value(_EARLIEST)

    async def _value(self, sql: str, *values: Any) -> Any:
        return await over(self._pool, lambda connection: connection.fetchval(sql, *values))


def _values(asked: Asked) -> tuple[datetime | None, datetime | None, str | None]:
    return asked.since, asked.until, asked.set


def _kept(row: Any) -> Kept:
    return Kept(row["persistent_id"], row["changed_at"], tuple(row["sets"]))
