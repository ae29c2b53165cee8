"""A page of a list of the current state of records.

A document goes out as the text the database gives; nothing is parsed to be
printed again. What narrows a list by a relation is looked up by the index of
references, those of the decommissioned and retired among them.
"""

import base64
import binascii
import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg

from cora.kernel.aggregate import Aggregate, Filter, living_or_former
from cora.kernel.documents import FROM, TO, Asked, Page, problems_of
from cora.kernel.errors import InvalidRequestError, Violation
from cora.kernel.moment import moment_text
from cora.kernel.requests import read_json, read_moment
from cora.kernel.showing import envelope
from cora.log.look import Fetch, stored

_BELOW = """d.id in (
    with recursive below(id) as (
        select f.source from reference f
        where f.relation = any({relations}::text[]) and f.target = {under} and f.until is null
        union all
        select f.source from below b join reference f
            on f.relation = any({relations}::text[]) and f.target = b.id and f.until is null
    ) select id from below)"""


# Of a target that has had very many sources the planner expects many, and would read all documents for the few it has.
FEW = 1000

_POINTING = """
select f.source from reference f
where f.relation = any($1::text[]) and f.target = any($2::uuid[]) and f.until is null limit $3
"""


async def find_few(fetch: Fetch, aggregate: Aggregate[Any], asked: Asked) -> dict[str, list[UUID]]:
    """By the filters that go by a relation, the ids of the records that point there, where those are few."""
    found: dict[str, list[UUID]] = {}
    for name, wanted in asked.filters.items():
        declared = aggregate.filters.get(name)
        if declared is not None and declared.relation is not None:
            rows = await fetch(_POINTING, living_or_former(declared.relation), ids_among(wanted), FEW + 1)
            if len(rows) <= FEW:
                found[name] = [row["source"] for row in rows]
    return found


class ListQuery:
    """The conditions of a list as SQL, with their values. Raises `InvalidRequestError` for what cannot be asked."""

    def __init__(self, aggregate: Aggregate[Any], asked: Asked, few: Mapping[str, Sequence[UUID]]) -> None:
        self.values: list[Any] = [aggregate.kind]
        self._conditions = ["d.kind = $1"]
        problems = problems_of(aggregate, asked)
        for name, wanted in asked.filters.items():
            try:
                self._narrow(aggregate, name, wanted, few.get(name))
            except ValueError as error:
                problems.append(Violation(f"/{name}", str(error)))
        for name in asked.missing:
            if name in aggregate.filters:
                path = self._value(list(aggregate.filters[name].path))
                self._conditions.append(
                    f"coalesce(d.body #> {path}::text[], 'null') in ('null'::jsonb, '[]'::jsonb, '{{}}'::jsonb)"
                )
        if asked.under is not None and aggregate.tree is not None:
            relations = self._value(living_or_former(aggregate.tree))
            self._conditions.append(_BELOW.format(relations=relations, under=self._value(asked.under)))
        self._order = _Order(aggregate, asked.sort)
        self._counted = len(self.values)
        if asked.after is not None:
            try:
                self._go_on(asked.sort, asked.after)
            except ValueError:
                problems.append(Violation("/cursor", "is not a cursor of this list; take it from `next` of a page"))
        if problems:
            raise InvalidRequestError(tuple(problems))
        self._asked = asked

    @property
    def page(self) -> tuple[str, list[Any]]:
        """The statement for a page, with one record more than the limit when there are more, and its values."""
        values = [*self.values, self._asked.limit + 1]
        body = "d.body::text"
        if self._asked.fields is not None:
            values.append(list(self._asked.fields))
            body = (
                "coalesce((select jsonb_object_agg(f.key, f.value) from jsonb_each(d.body) f "
                f"where f.key = any(${len(values)}::text[])), '{{}}')::text"
            )
        return (
            f"select 0 as head, d.id, d.version, d.kind, d.position, {body} as document, d.created_at, d.recorded_at, "
            f"d.occurred_at, d.began_at, {self._order.shown} as sorted_by "
            f"from document d where {' and '.join(self._conditions)} "
            f"order by {self._order.clause} limit ${len(self.values) + 1}",
            values,
        )

    @property
    def count(self) -> tuple[str, list[Any]]:
        """The statement for how many records there are on all pages, and its values."""
        conditions = self._conditions if self._asked.after is None else self._conditions[:-1]
        return f"select count(*) from document d where {' and '.join(conditions)}", self.values[: self._counted]

    def _value(self, value: Any) -> str:
        self.values.append(value)
        return f"${len(self.values)}"

    def _narrow(
        self, aggregate: Aggregate[Any], name: str, wanted: tuple[str, ...], few: Sequence[UUID] | None
    ) -> None:
        declared = aggregate.filters.get(name)
        if declared is None:
            ended = name.endswith(TO)
            declared = aggregate.filters.get(name.removesuffix(TO if ended else FROM))
            if declared is None or not declared.is_time:
                return  # told by problems_of
            (moment,) = (moment_text(read_moment(text)) for text in wanted[:1])
            place = f"d.body #>> '{{{','.join(declared.path)}}}'"
            self._conditions.append(f"{place} {'<' if ended else '>='} {self._value(moment)}")
            return
        wanted = tuple(map(declared.kept, wanted))
        if few is not None:
            self._conditions.append(f"d.id = any({self._value(few)}::uuid[])")
        elif declared.relation is not None:
            relations, targets = self._value(living_or_former(declared.relation)), self._value(ids_among(wanted))
            self._conditions.append(
                f"d.id in (select f.source from reference f where f.relation = any({relations}::text[]) "
                f"and f.target = any({targets}::uuid[]) and f.until is null)"
            )
        if declared.path == aggregate.title:
            self._conditions.append(f"d.title = any({self._value(list(wanted))}::text[])")
        elif declared.many:
            fitting = self._value([json.dumps(_nested(declared, value)) for value in wanted])
            self._conditions.append(f"d.body @> any({fitting}::jsonb[])")
        else:
            place, values = f"d.body #>> '{{{','.join(declared.path)}}}'", f"{self._value(list(wanted))}::text[]"
            self._conditions.append(
                f"exists (select from unnest({values}) w where position(lower(w) in lower({place})) > 0)"
                if declared.is_part
                else f"{place} = any({values})"
            )

    def _go_on(self, sort: str | None, cursor: str) -> None:
        value, id = read_cursor(sort, cursor)
        self._conditions.append(self._order.after(value, id, self._value))


class _Order:
    """What a list is ordered by: a column where there is one, else a field of the body, else the id alone."""

    def __init__(self, aggregate: Aggregate[Any], sort: str | None) -> None:
        self._descending = (sort or "").startswith("-")
        name = (sort or "").removeprefix("-")
        path = aggregate.sorts.get(name)
        self._is_time = False
        self._key: str | None = None
        self.shown = "null"
        if path is None:
            pass
        elif path == aggregate.title:
            self._key = self.shown = "d.title"
        elif name == aggregate.began:
            self._key, self._is_time = "d.began_at", True
            self.shown = "moment_text(d.began_at)"
        else:
            self.shown = f"coalesce(d.body #>> '{{{','.join(path)}}}', '')"
            self._key = f'{self.shown} collate "C"'

    @property
    def clause(self) -> str:
        """What stands after `order by`."""
        way = "desc" if self._descending else "asc"
        return f"d.id {way}" if self._key is None else f"{self._key} {way}, d.id {way}"

    def after(self, value: str | None, id: UUID, add: Any) -> str:
        """The condition for what comes after a record. Raises `ValueError` for a value that cannot be one."""
        compare = "<" if self._descending else ">"
        if self._key is None:
            return f"d.id {compare} {add(id)}"
        last: str | datetime | None = read_moment(value or "") if self._is_time else value
        return f"({self._key}, d.id) {compare} ({add(last)}, {add(id)})"


def page(asked: Asked, rows: list[asyncpg.Record], count: int | None) -> Page:
    """A page from the rows of `ListQuery.page`."""
    shown = rows[: asked.limit]
    following = None
    if len(rows) > asked.limit:
        following = write_cursor(asked.sort, shown[-1]["sorted_by"], shown[-1]["id"])
    items = [envelope(row["id"], stored(row), row["document"]) for row in shown]
    return page_of(items, following, count)


def page_of(items: list[str], following: str | None, count: int | None) -> Page:
    """A page from records as JSON text."""
    counted = "" if count is None else f',"count":{count}'
    body = f'{{"items":[{",".join(items)}],"next":{json.dumps(following)}{counted}}}'
    return Page(len(items), body, following)


def ids_among(values: Iterable[str]) -> list[UUID]:
    """The values that are ids; no record points at anything else."""
    found: list[UUID] = []
    for value in values:
        try:
            found.append(UUID(value))
        except ValueError:
            continue
    return found


def _nested(declared: Filter, value: Any) -> Any:
    for step in reversed(declared.within):
        value = {step: value}
    value = [value]
    for step in reversed(declared.path):
        value = {step: value}
    return value


def write_cursor(sort: str | None, value: str | None, id: UUID) -> str:
    """Where a page ends."""
    text = json.dumps([sort, value, str(id)], ensure_ascii=False)
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def read_cursor(sort: str | None, cursor: str) -> tuple[str | None, UUID]:
    """Where a page ended. Raises `ValueError`: a client can make a cursor up, so it is read as any input is."""
    try:
        told = read_json(base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True))
    except (binascii.Error, InvalidRequestError) as error:
        raise ValueError from error
    match told:
        case [sorted_by, value, str(id)] if sorted_by == sort and isinstance(value, str if sort else str | None):
            return value, UUID(id)
        case _:
            raise ValueError
