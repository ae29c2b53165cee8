"""Looks on one connection: inside one snapshot, or while the lock is held."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import asyncpg

from cora.kernel.aggregate import Claim
from cora.kernel.reader import Holder, KeyReused, Pointing, Replayed, Stored
from cora.log.look import Fetch, find_counts, find_holders, find_pointing, find_records

_ANSWERS = """
select a.digest, a.status, a.id, a.version, a.position, a.body
from unnest($1::text[], $2::text[]) with ordinality u(principal, key, n)
left join answer a on a.principal = u.principal and a.key = u.key
    and a.answered_at > clock_timestamp() - interval '7 days'
order by u.n
"""

_JOININGS = """
select latest.occurred_at from unnest($1::uuid[]) with ordinality u(entity, n)
left join lateral (
    select e.occurred_at from mention j join event e on e.position = j.position
    where j.entity = u.entity and j.joining order by j.position desc limit 1
) latest on true order by u.n
"""


class ConnectionSource:
    """Looks one by one, over one connection."""

    def __init__(self, fetch: Fetch) -> None:
        self._fetch = fetch

    async def record(self, id: UUID) -> Stored:
        """A record by its id."""
        (found,) = await self.records([id])
        return found

    async def records(self, ids: Sequence[UUID]) -> Sequence[Stored]:
        """Several records by their ids, in one look."""
        return await find_records(self._fetch, ids)

    async def pointing(self, relation: str, target: UUID, *, first: bool) -> Pointing:
        """The records that point at `target` through a relation."""
        (found,) = await find_pointing(self._fetch, [(relation, target, first)])
        return found

    async def pointings(self, asked: Sequence[tuple[str, UUID]]) -> Sequence[Pointing]:
        """The records that point at each of several targets, in one look."""
        return await find_pointing(self._fetch, [(*each, False) for each in asked])

    async def counts(self, asked: Sequence[tuple[str, UUID]]) -> Sequence[tuple[int, int]]:
        """The head, and how many records point at each target."""
        return await find_counts(self._fetch, asked)

    async def holder(self, claim: Claim) -> Holder:
        """Who holds a claimed value."""
        (found,) = await find_holders(self._fetch, [claim])
        return found


async def find_joinings(fetch: Fetch, ids: Sequence[UUID]) -> list[datetime | None]:
    """When each of some records was last joined to or parted from another, if it ever was."""
    return [row["occurred_at"] for row in await fetch(_JOININGS, ids)]


def joined(ids: Sequence[UUID], moments: Sequence[datetime | None]) -> dict[UUID, datetime]:
    """The records that were joined or parted, with the latest time each."""
    return {id: moment for id, moment in zip(ids, moments, strict=True) if moment is not None}


async def find_answers(fetch: Fetch, asked: Sequence[tuple[str, str]]) -> list[asyncpg.Record]:
    """What was answered within seven days to each principal and key: one row for each, in order."""
    return await fetch(_ANSWERS, [principal for principal, _ in asked], [key for _, key in asked])


def as_answered(row: asyncpg.Record, digest: bytes) -> Replayed | KeyReused | None:
    """What a row of `find_answers` says to a request with this digest."""
    if row["digest"] is None:
        return None
    if row["digest"] != digest:
        return KeyReused()
    return Replayed(row["status"], row["id"], row["version"], row["position"], row["body"])
