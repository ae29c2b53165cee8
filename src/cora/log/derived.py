"""What must be stored beside the events, and whether it is: documents, search texts, references, claims, mentions."""

from dataclasses import dataclass, field
from typing import Any

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
        when s.id is null then 'there is no search text of it'
        when s.text <> u.text then 'its search text is not that of its state'
    end as difference
    from unnest($1::uuid[], $2::text[], $3::integer[], $4::bigint[], $5::timestamptz[], $6::timestamptz[],
                $7::timestamptz[], $8::text[], $9::text[])
         with ordinality u(id, kind, version, position, created_at, recorded_at, occurred_at, body, text, n)
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
    select * from unnest($2::text[], $3::text[], $4::uuid[])
), stored as (
    select what, value, owner from claim where owner = any($1::uuid[])
), missing(what, value, owner) as (
    select * from expected except all select * from stored
), extra(what, value, owner) as (
    select * from stored except all select * from expected
)
select what, value, owner, true as missing from missing
union all select what, value, owner, false from extra
order by 4 desc, 1, 2 limit 1
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
)


Row = tuple[Any, ...]


@dataclass(slots=True)
class Expected:
    """Rows that must be stored, gathered until they are compared: all of some records, but for mentions."""

    documents: list[Row] = field(default_factory=list[Row])
    """id, kind, version, position, created_at, recorded_at, occurred_at, body, search text"""
    references: list[Row] = field(default_factory=list[Row])
    """relation, target, source, since, until, since_occurred, until_occurred"""
    claims: list[Row] = field(default_factory=list[Row])
    """what, value, owner"""
    mentions: list[Row] = field(default_factory=list[Row])
    """entity, position, joining"""

    def size(self) -> int:
        """How many rows."""
        return len(self.documents) + len(self.references) + len(self.claims) + len(self.mentions)


async def first_difference(connection: Connection, expected: Expected) -> str | None:
    """What is not stored as expected, in words."""
    ids = [row[0] for row in expected.documents]
    wrong = await connection.fetchrow(_DOCUMENTS, *_columns(expected.documents, 9))
    if wrong:
        return f"record {wrong['id']}: {wrong['difference']}"
    wrong = await connection.fetchrow(_REFERENCES, ids, *_columns(expected.references, 7))
    if wrong:
        about = f"reference {wrong['relation']} of record {wrong['source']} to {wrong['target']}"
        stored = "is not stored" if wrong["missing"] else "is stored, but no event says it"
        return f"event {wrong['since']}: {about}, with its times, {stored}"
    wrong = await connection.fetchrow(_CLAIMS, ids, *_columns(expected.claims, 3))
    if wrong:
        stored = "is not stored" if wrong["missing"] else "is stored, but it does not claim it"
        return f"record {wrong['owner']}: its claim on {wrong['what']} {wrong['value']!r} {stored}"
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
