"""Looks at what was: a record as the fold of a prefix of its stream, sets by the stretches in which they held."""

from collections.abc import Sequence
from datetime import datetime
from itertools import groupby
from operator import itemgetter
from typing import Any
from uuid import UUID

from cora.kernel.aggregate import Claim
from cora.kernel.errors import InvalidRequestError, Violation
from cora.kernel.reader import MOST_COUNTED, Holder, PastEvent, Pointing, Stored
from cora.kernel.when import When
from cora.log.batch import claim_key
from cora.log.look import Fetch

_HEAD = """
select coalesce((select max(last_position) from block), 0) as head, clock_timestamp() as now,
       coalesce((select last_position from block where recorded_at <= $1
                 order by recorded_at desc, last_position desc limit 1), 0) as by_then
"""

# A record that has not changed since is its document. Else the fold begins at
# the newest checkpoint before, whose own event is given too, for its times,
# and ends before the next one, so that a long stream is not read whole.
_RECORDS = """
select u.n, d.kind, d.created_at, d.began_at, d.document, d.version as document_version, c.version as base_version,
       c.body::text as base, e.version, e.position, e.kind as event, e.data::text as data, e.occurred_at, e.recorded_at
from unnest($1::uuid[]) with ordinality u(id, n)
cross join (select coalesce($3::timestamptz, 'infinity') as moment) t
cross join lateral (
    select d.kind, d.created_at, d.began_at, d.version,
           case when d.position <= $2 and d.occurred_at <= t.moment then d.body::text end as document
    from document d where d.id = u.id
) d
left join lateral (
    select c.version, c.body from checkpoint c
    where d.document is null and c.id = u.id and c.position <= $2 and c.occurred_at <= t.moment
    order by c.version desc limit 1
) c on true
-- Each version by itself, or the planner would take the stream alone for the index and read a long one whole; the
-- limit keeps it from joining in another order.
cross join lateral generate_series(
    case when d.document is null then coalesce(c.version, 1) else d.version end,
    coalesce((select min(x.version) from checkpoint x
              where d.document is null and x.id = u.id and x.version > coalesce(c.version, 0)), d.version)
) v(version)
cross join lateral (
    select e.* from event e
    where e.stream = u.id and e.version = v.version and e.position <= $2 and e.occurred_at <= t.moment limit 1
) e
order by u.n, e.version
"""

# What holds at a position and a time: begun by then, and not known by then to have ended by then. The second
# comparisons of relation and target are written so that no index takes them: those of a target that had very many are
# found by their stretches alone.
_POINTING = """
with target as (select relation, target, n from unnest($1::text[], $2::uuid[]) with ordinality t(relation, target, n))
select t.n, f.source from target t join reference f on f.relation = t.relation and f.target = t.target
where f.until is null and f.since <= $3 and f.since_occurred <= coalesce($4::timestamptz, 'infinity')
union
select t.n, f.source from target t join reference f
    on stretch(f.relation, f.target, f.since, f.until) && stretch(t.relation, t.target, $3, $3)
where f.until is not null and (f.relation, f.target) is not distinct from (t.relation, t.target)
  and f.since + 0 <= $3 and f.until > $3 and f.since_occurred <= coalesce($4::timestamptz, 'infinity')
union
select t.n, f.source from target t join reference f
    on stretch(f.relation, f.target, micros(f.since_occurred), micros(f.until_occurred))
       && stretch(t.relation, t.target, micros($4), micros($4))
where $4::timestamptz is not null and f.until is not null
  and (f.relation, f.target) is not distinct from (t.relation, t.target)
  and f.since + 0 <= $3 and f.until <= $3 and f.since_occurred <= $4 and f.until_occurred > $4
order by 1, 2
"""

_HOLDER = """
select owner from (
    select owner, since from claim
    where what = $1 and value = $2 and since <= $3 and since_occurred <= coalesce($4::timestamptz, 'infinity')
    union all
    select owner, since from past_claim
    where what = $1 and value = $2 and since <= $3 and since_occurred <= coalesce($4::timestamptz, 'infinity')
      and (until > $3 or until_occurred > $4)
) h order by since desc limit 1
"""


async def past_source(fetch: Fetch, when: When) -> "PastSource":
    """Looks at a moment. Raises `InvalidRequestError` for one that has not come."""
    return PastSource(fetch, await position_of(fetch, when), when.true_at)


async def position_of(fetch: Fetch, when: When) -> int:
    """The log position up to which a question may look. Raises `InvalidRequestError` for the future."""
    ((head, now, by_then),) = await fetch(_HEAD, when.as_of if isinstance(when.as_of, datetime) else None)
    wrong: list[Violation] = []
    if isinstance(when.as_of, int) and when.as_of > head:
        wrong.append(Violation("/as_of", f"lies beyond the end of the log, which is at position {head}"))
    for name, moment in (("as_of", when.as_of), ("true_at", when.true_at)):
        if isinstance(moment, datetime) and moment > now:
            wrong.append(Violation(f"/{name}", "lies in the future"))
    if wrong:
        raise InvalidRequestError(tuple(wrong))
    if isinstance(when.as_of, int):
        return when.as_of
    return head if when.as_of is None else by_then


class PastSource:
    """Looks as of a position, and of a time of occurrence where one is asked for, over one connection."""

    def __init__(self, fetch: Fetch, position: int, true_at: datetime | None) -> None:
        self._fetch = fetch
        self.position = position
        self._true_at = true_at

    async def record(self, id: UUID) -> Stored:
        """A record by its id, as it was."""
        (found,) = await self.records([id])
        return found

    async def records(self, ids: Sequence[UUID]) -> Sequence[Stored]:
        """Several records by their ids, as they were, in one look."""
        rows = await self._fetch(_RECORDS, list(ids), self.position, self._true_at)
        found = {n: self._stored(list(group)) for n, group in groupby(rows, key=itemgetter("n"))}
        absent = Stored(self.position, 0)
        return [found.get(n, absent) for n in range(1, len(ids) + 1)]

    def _stored(self, rows: list[Any]) -> Stored:
        last = rows[-1]
        document, events = last["document"], ()
        if document is None:
            document = last["base"]
            begun = last["base_version"] or 0
            events = tuple(
                PastEvent(row["event"], row["data"], row["occurred_at"]) for row in rows if row["version"] > begun
            )
        return Stored(
            self.position, last["version"], last["kind"], last["position"], document, last["occurred_at"],
            last["created_at"], last["recorded_at"], events, last["began_at"],
        )  # fmt: skip

    async def pointing(self, relation: str, target: UUID, *, first: bool) -> Pointing:
        """The records that pointed at `target` through a relation."""
        (found,) = await self.pointings([(relation, target)])
        return found._replace(sources=found.sources[:1]) if first else found

    async def pointings(self, asked: Sequence[tuple[str, UUID]]) -> Sequence[Pointing]:
        """The same for several, in one look."""
        relations, targets = [relation for relation, _ in asked], [target for _, target in asked]
        sources: list[list[tuple[UUID, int]]] = [[] for _ in asked]
        for n, source in await self._fetch(_POINTING, relations, targets, self.position, self._true_at):
            # What was is not judged for staleness: 1 says only that it was there.
            sources[n - 1].append((source, 1))
        return [Pointing(self.position, tuple(found)) for found in sources]

    async def counts(self, asked: Sequence[tuple[str, UUID]]) -> Sequence[tuple[int, int]]:
        """How many records pointed at each target."""
        found = await self.pointings(asked)
        return [(each.head, min(len(each.sources), MOST_COUNTED)) for each in found]

    async def holder(self, claim: Claim) -> Holder:
        """Who held a claimed value."""
        rows = await self._fetch(_HOLDER, *claim_key(claim), self.position, self._true_at)
        return Holder(self.position, rows[0]["owner"], 1) if rows else Holder(self.position, None)
