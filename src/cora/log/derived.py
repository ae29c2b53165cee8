"""Whether what must be stored beside the events is stored, and nothing else: documents, search texts, checkpoints,
references, claims and mentions."""

from typing import Any

from cora.log.refold import Expected, Row
from cora.log.types import Connection

_DOCUMENTS = """
select * from (
    select u.n, u.id, case
        when d.id is null then 'there is no document of it'
        when d.kind <> u.kind then 'its document is of another kind'
        when d.version <> u.version then 'its document has another version'
        when d.position <> u.position then 'its document has another position'
        when d.created_at <> u.created_at then 'its document has another created_at'
        when d.recorded_at <> u.recorded_at then 'its document has another recorded_at'
        when d.occurred_at <> u.occurred_at then 'its document has another occurred_at'
        when d.body <> u.body::jsonb then 'its document is not the fold of its events'
        when d.title <> u.title then 'its title is not that of its state'
        when d.began_at <> u.began_at then 'its document has another began_at'
        when s.id is null then 'there is no search text of it'
        when s.text <> u.text then 'its search text is not that of its state'
    end as difference
    from unnest($1::uuid[], $2::text[], $3::integer[], $4::bigint[], $5::timestamptz[], $6::timestamptz[],
                $7::timestamptz[], $8::text[], $9::text[], $10::text[], $11::timestamptz[])
         with ordinality u(id, kind, version, position, created_at, recorded_at, occurred_at, body, text, title,
                           began_at, n)
    left join document d on d.id = u.id left join search s on s.id = u.id
) c where difference is not null order by n limit 1
"""

_REFERENCES = """
with expected as (
    select * from unnest($2::text[], $3::uuid[], $4::uuid[], $5::bigint[], $6::bigint[], $7::timestamptz[],
                         $8::timestamptz[])
), stored as (
    select relation, target, source, since, until, since_occurred, until_occurred
    from reference where source = any($1::uuid[])
), missing(relation, target, source, since) as (
    select * from expected except all select * from stored
), extra(relation, target, source, since) as (
    select * from stored except all select * from expected
)
select relation, target, source, since, true as missing from missing
union all select relation, target, source, since, false from extra
order by 5 desc, 4, 1, 2 limit 1
"""

_CLAIMS = """
with expected as (
    select * from unnest($2::text[], $3::text[], $4::uuid[], $5::bigint[], $6::bigint[], $7::timestamptz[],
                         $8::timestamptz[])
), stored as (
    select what, value, owner, since, null::bigint as until, since_occurred, null::timestamptz as until_occurred
    from claim where owner = any($1::uuid[])
    union all
    select what, value, owner, since, until, since_occurred, until_occurred from past_claim
    where owner = any($1::uuid[])
), missing(what, value, owner, since) as (
    select * from expected except all select * from stored
), extra(what, value, owner, since) as (
    select * from stored except all select * from expected
)
select what, value, owner, true as missing from missing
union all select what, value, owner, false from extra
order by 4 desc, 1, 2 limit 1
"""

_CHECKPOINTS = """
with expected as (
    select * from unnest($2::uuid[], $3::integer[], $4::bigint[], $5::timestamptz[], $6::jsonb[])
), stored as (
    select id, version, position, occurred_at, body from checkpoint where id = any($1::uuid[])
), missing(id, version) as (
    select * from expected except all select * from stored
), extra(id, version) as (
    select * from stored except all select * from expected
)
select id, version, true as missing from missing
union all select id, version, false from extra
order by 3 desc, 2, 1 limit 1
"""

_MENTIONS = """
select u.position, u.entity, m.entity is null as missing
from unnest($1::uuid[], $2::bigint[], $3::boolean[]) u(entity, position, joining)
left join mention m on m.entity = u.entity and m.position = u.position
where m.joining is distinct from u.joining order by u.position, u.entity limit 1
"""

# What is stored for a record that has no events. Each gives an id and words.
_STRAYS = (
    "select id, 'a document of it' as what from document",
    "select id, 'a search text of it' as what from search",
    "select source as id, 'a reference of it (' || relation || ')' as what from reference",
    "select owner as id, 'a claim of it (' || what || ')' as what from claim",
    "select owner as id, 'a past claim of it (' || what || ')' as what from past_claim",
    "select id, 'a checkpoint of it' as what from checkpoint",
)


async def first_difference(connection: Connection, expected: Expected) -> str | None:
    """What is not stored as expected, in words."""
    ids = [row[0] for row in expected.documents]
    wrong = await connection.fetchrow(_DOCUMENTS, *_columns(expected.documents, 11))
    if wrong:
        return f"record {wrong['id']}: {wrong['difference']}"
    wrong = await connection.fetchrow(_REFERENCES, ids, *_columns(expected.references, 7))
    if wrong:
        about = f"reference {wrong['relation']} of record {wrong['source']} to {wrong['target']}"
        stored = "is not stored" if wrong["missing"] else "is stored, but no event says it"
        return f"event {wrong['since']}: {about}, with its times, {stored}"
    wrong = await connection.fetchrow(_CLAIMS, ids, *_columns(expected.claims, 7))
    if wrong:
        stored = "is not stored, with its times" if wrong["missing"] else "is stored, but it does not claim it so"
        return f"record {wrong['owner']}: its claim on {wrong['what']} {wrong['value']!r} {stored}"
    wrong = await connection.fetchrow(_CHECKPOINTS, ids, *_columns(expected.checkpoints, 5))
    if wrong:
        stored = "is not stored as its events say" if wrong["missing"] else "is stored, but not what its events say"
        return f"record {wrong['id']}: its checkpoint at version {wrong['version']} {stored}"
    wrong = await connection.fetchrow(_MENTIONS, *_columns(expected.mentions, 3))
    if wrong:
        stored = "is not stored" if wrong["missing"] else "is stored with the wrong joining"
        return f"event {wrong['position']}: its mention of record {wrong['entity']} {stored}"
    return None


async def first_stray(connection: Connection) -> str | None:
    """What is stored of a record that has no events, in words."""
    for stored in _STRAYS:
        stray = await connection.fetchrow(
            f"select id, what from ({stored}) s where not exists "
            "(select from event e where e.stream = s.id and e.version = 1) order by 1, 2 limit 1"
        )
        if stray:
            return f"record {stray['id']}: it has no events, but {stray['what']} is stored"
    return None


def _columns(rows: list[Row], width: int) -> list[list[Any]]:
    return [[row[index] for row in rows] for index in range(width)]
