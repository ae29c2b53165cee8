"""Records found by words, through the index of words, best first.

What is ranked is bounded, so a word that every record holds costs no more than many do. Where more hold the words, the
names and identifiers that are what was asked for, and then those that begin with it, are looked up first.
"""

from typing import Any
from uuid import UUID

from cora.kernel.errors import InvalidRequestError, Violation
from cora.kernel.search import LONGEST_LINE, MOST_RANKED, AskedSearch, FoundPage, Part, Ranked
from cora.log.connect import INDEXED
from cora.log.documents import read_cursor, write_cursor
from cora.log.types import Connection

_BEST = 100
_ORDER = "rank"

# A part of the rows must be the same part for the next page: processes side by side take what comes first.
_PLANNED = {**INDEXED, "max_parallel_workers_per_gather": "0"}
_PLAN = "select set_config(u.name, u.value, true) from unnest($1::text[], $2::text[]) u(name, value)"

_SCORE = """case
    when strpos(f.text, '''= ' || rtrim({0}) || ' ''') > 0 then 100
    when strpos(f.text, '''~ ' || rtrim({0}) || ' ''') > 0 then 90
    when strpos(f.text, '''= ' || {0}) > 0 then 80
    when strpos(f.text, '''~ ' || {0}) > 0 then 70
    when strpos(split_part(f.text, E'\\f', 1), ' ' || {0}) > 0 then 50
    when strpos(f.text, ' ' || {0}) > 0 then 30
    else 0 end"""

SEARCH = f"""
with held as materialized (
    select s.id, s.text from search s where s.words @@ $1::tsquery limit $4 + 1
), found as (
    (select id, text from held limit $4)
    union
    (select s.id, s.text from search s where s.words @@ $2::tsquery limit $4)
    union
    (select s.id, s.text from search s where s.words @@ $3::tsquery limit $4)
), ranked as materialized (
    select f.id, substr(split_part(f.text, '''', 2), 2) as kind, greatest(
        {_SCORE.format("$5")}, (select avg({_SCORE.format("p.needle")})::integer from unnest($6::text[]) p(needle))
    ) as rank
    from found f
    where not exists (select from unnest($6::text[]) p(needle) where strpos(f.text, ' ' || p.needle) = 0)
)
select t.count, t.complete, p.kind, p.id, p.rank
from (select (select count(*) from ranked) as count, (select count(*) from held) <= $4 as complete) t
left join (
    select r.kind, r.id, r.rank from ranked r where (-r.rank, r.id) > (-$7::integer, $8::uuid)
    order by -r.rank, r.id limit $9
) p on true
order by -p.rank, p.id
"""


def statement(asked: AskedSearch) -> tuple[str, list[Any]]:
    """The search as SQL with its values. Raises `InvalidRequestError` for a cursor that is none."""
    held = " & ".join(map(_condition, asked.parts))
    named = asked.joined
    if len(named.needle) > LONGEST_LINE:
        exact = begun = held
    else:
        line = " ".join(named.words)
        exact = f"('= {line} ' | '~ {line} ')"
        begun = f"('= {named.needle}':* | '~ {named.needle}':*)"
    kinds = " | ".join(f"'@{kind}'" for kind in asked.kinds)
    within = f" & ({kinds})" if kinds else ""
    rank, id = _after(asked.cursor)
    return SEARCH, [
        held + within, begun + within, exact + within, MOST_RANKED, named.needle,
        [part.needle for part in asked.parts], rank, id, asked.limit + 1,
    ]  # fmt: skip


async def find_words(connection: Connection, asked: AskedSearch) -> FoundPage:
    """A page of the records that hold the words. Raises `InvalidRequestError` for a cursor that is none."""
    sql, values = statement(asked)
    async with connection.transaction(readonly=True):
        await connection.execute(_PLAN, list(_PLANNED), list(_PLANNED.values()))
        rows = await connection.fetch(sql, *values)
    items = [Ranked(row["kind"], row["id"], row["rank"]) for row in rows if row["id"] is not None]
    shown = items[: asked.limit]
    following = write_cursor(_ORDER, str(shown[-1].rank), shown[-1].id) if len(items) > len(shown) else None
    return FoundPage(shown, following, rows[0]["count"], rows[0]["complete"])


def _condition(part: Part) -> str:
    # Words are letters and digits alone, so nothing in them can end the quotes.
    words = [f"'{word}'" for word in part.words]
    return " & ".join(words) + ("" if part.whole else ":*")


def _after(cursor: str | None) -> tuple[int, UUID]:
    """The rank and id after which a page begins."""
    if cursor is None:
        return _BEST + 1, UUID(int=0)
    try:
        value, id = read_cursor(_ORDER, cursor)
        rank = int(value or "")
        if not 0 <= rank <= _BEST:
            raise ValueError
    except ValueError:
        raise InvalidRequestError(
            (Violation("/cursor", "is not a cursor of this search; take it from `next` of a page"),)
        ) from None
    return rank, id
