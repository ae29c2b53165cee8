"""The tables of publications and of tellings (schema/0007_publications.sql, schema/0009_tellings.sql,
schema/0011_lost_tellings.sql)."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from cora.log.pool import over
from cora.log.types import Connection, Pool

AT_ONCE = 2000
"""Events that are looked at in one statement."""

# An event concerns the record of its stream and those whose ids it names, an erased contact itself. What was put off is
# due again: what somebody did may mend what failed, and a withdrawal waits for nothing. How far the log was
# looked at is kept in the statement that touches what the events concern.
_TAKE_NOTE = """
with known as (
    select coalesce((select position from subscriber where name = 'publications'), 0) as position,
           coalesce((select max(last_position) from block), 0) as head
), stretch as (
    select position as after, least(position + $1::integer, head) as upto, head from known
), fresh as (
    select e.stream, e.kind, e.data::text as data from event e, stretch s
    where e.position > s.after and e.position <= s.upto and e.kind <> all($3::text[])
      and (e.kind = $2 or exists (select from publication))
), erased as (
    delete from erased_contact returning id
), begun as (
    insert into publication (persistent_id, touched, touched_at)
    select f.stream, s.upto, clock_timestamp() from fresh f, stretch s where f.kind = $2
    on conflict (persistent_id) do nothing
), concerned as (
    select f.stream as id from fresh f
    union
    select e.id from erased e
    union
    select (regexp_matches(f.data, '[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}', 'g'))[1]::uuid from fresh f
), touched as (
    update publication p set touched = s.upto, touched_at = coalesce(p.touched_at, clock_timestamp()),
           due_at = '-infinity'
    from stretch s
    where p.persistent_id in (
        select m.persistent_id from publication_source m join concerned c on c.id = m.entity
        union all select c.id from concerned c
    )
), reached as (
    insert into subscriber as k (name, position) select 'publications', s.upto from stretch s where s.upto > s.after
    on conflict (name) do update set position = excluded.position
)
select s.upto < s.head from stretch s
"""

# Compared as less or greater, which an index answers.
_RENEW = """
update publication set touched = 0, touched_at = clock_timestamp()
where (terms < $1 or terms > $1) and touched is null
"""

_DUE = """
select p.persistent_id, p.touched from publication p
where p.touched is not null and p.touched_at <= clock_timestamp() - $1::interval and p.due_at <= clock_timestamp()
order by p.touched_at, p.persistent_id limit $2
"""

# Held until the commit, by whoever gives a time; whoever reads by these times holds it too (harvest.py).
LOCK = "hashtextextended('cora.publication.' || current_schema(), 0)"

_KEEP = """
with kept as (
    update publication set digest = $2, is_public = $3, sets = $4, terms = $6,
           changed_at = case when (digest, is_public, sets) is distinct from ($2, $3, $4::text[])
               then greatest(clock_timestamp(), (select max(changed_at) from publication where is_public))
               else changed_at end
    where persistent_id = $1
), gone as (
    delete from publication_source where persistent_id = $1 and entity <> all($5::uuid[])
)
insert into publication_source (entity, persistent_id) select entity, $1 from unnest($5::uuid[]) entity
on conflict do nothing
"""

_SETTLED = """
update publication set touched = null, touched_at = null, due_at = '-infinity'
where persistent_id = $1 and touched = $2
"""

_PUT_OFF = "update publication set due_at = $2 where persistent_id = $1"

_STARTS = """
select persistent_id from (
    select persistent_id, row_number() over (order by persistent_id) as number from publication where is_public
) p where number % $1 = 1 or $1 = 1 order by persistent_id
"""

# What an identifier is of never changes, so the document is looked at for that alone.
_SOME = """
select p.persistent_id, (d.body ->> 'subject_id')::uuid, p.changed_at
from publication p join document d on d.id = p.persistent_id
where p.is_public and p.persistent_id >= $1 and p.persistent_id > $2 order by p.persistent_id limit $3
"""

# Touched as well: whatever becomes of it, it is looked at again.
_BEGIN = """
with begun as (
    insert into telling as t (persistent_id, begun_at) values ($1, clock_timestamp())
    on conflict (persistent_id) do update
        set begun_at = excluded.begun_at, lost_at = coalesce(t.begun_at, t.lost_at)
)
update publication set touched = coalesce(touched, 0), touched_at = coalesce(touched_at, clock_timestamp())
where persistent_id = $1
"""

_REFUSED = """
update telling set begun_at = null, lost_at = coalesce(lost_at, to_timestamp(0)) where persistent_id = $1
"""

_END = """
with arrived as (
    delete from telling
    where persistent_id = $1 and (lost_at is null or lost_at <= now() - make_interval(secs => $2))
)
update telling set begun_at = null where persistent_id = $1 and lost_at > now() - make_interval(secs => $2)
"""

_AGAIN_IN = """
select case when begun_at is null
    then greatest(extract(epoch from lost_at - now()) + $2, 0)::float else 0 end
from telling where persistent_id = $1
"""

_SECONDS_OPEN = """
select extract(epoch from clock_timestamp() - coalesce(begun_at, lost_at))::float from telling where persistent_id = $1
"""

_NO_ID = UUID(int=0)


class PublicationTable:
    """Implements `Publications`, `Tellings` and `PublicPages` of the equipment context."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def take_note(self, begins: str, unheeded: Sequence[str]) -> bool:
        """Touch what the next events concern; whether there are more."""
        values = (AT_ONCE, begins, list(unheeded))
        return bool(await over(self._pool, lambda connection: connection.fetchval(_TAKE_NOTE, *values)))

    async def renew(self, terms: str) -> None:
        """Touch what was told by other terms."""
        await self._execute(_RENEW, terms)

    async def due(self, quiet: timedelta, most: int) -> Sequence[tuple[UUID, int]]:
        """Those that have waited so long and are not put off."""
        rows = await over(self._pool, lambda connection: connection.fetch(_DUE, quiet, most))
        return [(row["persistent_id"], row["touched"]) for row in rows]

    async def keep(
        self, id: UUID, digest: str, *, is_public: bool, sets: Collection[str], made_from: Collection[UUID], terms: str
    ) -> None:
        """Keep what the world is told."""
        values = (id, digest, is_public, sorted(sets), list(made_from), terms)

        async def keep(connection: Connection) -> None:
            async with connection.transaction():
                await connection.execute(f"select pg_advisory_xact_lock({LOCK})")
                await connection.execute(_KEEP, *values)

        await over(self._pool, keep)

    async def settled(self, id: UUID, touched: int) -> None:
        """Nothing is left to be done."""
        await self._execute(_SETTLED, id, touched)

    async def put_off(self, id: UUID, until: datetime) -> None:
        """Not due before."""
        await self._execute(_PUT_OFF, id, until)

    async def begin(self, id: UUID) -> None:
        """Its authority is told from now on."""
        await self._execute(_BEGIN, id)

    async def refused(self, id: UUID) -> None:
        """Its authority has answered, and is still to be told."""
        await self._execute(_REFUSED, id)

    async def end(self, id: UUID, arrives_within: float) -> None:
        """What its authority has is recorded."""
        await self._execute(_END, id, arrives_within)

    async def again_in(self, id: UUID, arrives_within: float) -> float | None:
        """When it is to be told again, whatever is recorded."""
        return await over(self._pool, lambda connection: connection.fetchval(_AGAIN_IN, id, arrives_within))

    async def seconds_open(self, id: UUID) -> float | None:
        """For how long it has been begun, as far as no end of it is known."""
        return await over(self._pool, lambda connection: connection.fetchval(_SECONDS_OPEN, id))

    async def starts(self, every: int) -> Sequence[UUID]:
        """The first of each so many that are public."""
        rows = await over(self._pool, lambda connection: connection.fetch(_STARTS, every))
        return [row["persistent_id"] for row in rows]

    async def some(
        self, start: UUID | None, after: UUID | None, most: int
    ) -> Sequence[tuple[UUID, UUID, datetime | None]]:
        """The next that are public, each with its asset or fixture, and when it changed."""
        values = (start or _NO_ID, after or _NO_ID, most)
        rows = await over(self._pool, lambda connection: connection.fetch(_SOME, *values))
        return [(id, subject, changed) for id, subject, changed in rows]

    async def _execute(self, sql: str, *values: Any) -> None:
        await over(self._pool, lambda connection: connection.execute(sql, *values))
