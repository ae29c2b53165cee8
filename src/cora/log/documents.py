"""The current state of every record, for people: one by id, or a page of a list.

A document goes out as the text the database gives; nothing is parsed to be
printed again.
"""

import base64
import binascii
import json
from typing import Any
from uuid import UUID

import asyncpg

from cora.kernel.aggregate import Aggregate, Filter
from cora.kernel.documents import MAXIMUM_LIMIT, Asked, Page
from cora.kernel.errors import InvalidRequestError, Violation
from cora.kernel.moment import moment_text
from cora.kernel.requests import read_json

_SHOWN = "d.id, d.version, d.kind, d.position, d.body::text as document, d.created_at, d.recorded_at, d.occurred_at"


def envelope(id: UUID, row: asyncpg.Record) -> str:
    """A record as it is shown, as JSON text."""
    return (
        f'{{"id":"{id}","kind":"{row["kind"]}","version":{row["version"]},"position":{row["position"]},'
        f'"created_at":"{moment_text(row["created_at"])}","recorded_at":"{moment_text(row["recorded_at"])}",'
        f'"occurred_at":"{moment_text(row["occurred_at"])}","state":{row["document"]}}}'
    )


def page(aggregate: Aggregate[Any], asked: Asked, rows: list[asyncpg.Record]) -> Page:
    """A page from the rows of `list_query`, which gives one more than the limit when there are more."""
    shown = rows[: asked.limit]
    following = "null"
    if len(rows) > asked.limit:
        following = f'"{_cursor(asked.sort, shown[-1])}"'
    items = ",".join(envelope(row["id"], row) for row in shown)
    return Page(len(shown), f'{{"items":[{items}],"next":{following}}}')


def list_query(aggregate: Aggregate[Any], asked: Asked) -> tuple[str, list[Any]]:
    """The statement for a page, and its values. Raises `InvalidRequestError` for what is not declared."""
    values: list[Any] = [aggregate.kind]
    conditions = ["d.kind = $1"]
    problems: list[Violation] = []
    for name, wanted in asked.filters.items():
        declared = aggregate.filters.get(name)
        if declared is None:
            known = ", ".join(sorted(aggregate.filters)) or "none"
            problems.append(Violation(f"/{name}", f"is not a filter of {aggregate.collection}; these are: {known}"))
            continue
        values.append(_documents_with(declared, wanted) if declared.many else list(wanted))
        conditions.append(_condition(declared, len(values)))
    name = (asked.sort or "").removeprefix("-")
    if name and name not in aggregate.sorts:
        known = ", ".join(sorted(aggregate.sorts)) or "none"
        problems.append(Violation("/sort", f"{name!r} is not a sort of {aggregate.collection}; these are: {known}"))
    if not 1 <= asked.limit <= MAXIMUM_LIMIT:
        problems.append(Violation("/limit", f"must be from 1 to {MAXIMUM_LIMIT}"))
    last: tuple[str | None, UUID] | None = None
    if asked.after is not None:
        try:
            last = _position(asked.sort, asked.after)
        except ValueError:
            problems.append(Violation("/cursor", "is not a cursor of this list; take it from `next` of a page"))
    if problems:
        raise InvalidRequestError(tuple(problems))
    descending = (asked.sort or "").startswith("-")
    key = f"coalesce(d.body #>> '{{{','.join(aggregate.sorts[name])}}}', '')" if name else None
    order = "desc" if descending else "asc"
    if last is not None:
        value, id = last
        compare = "<" if descending else ">"
        if key:
            values += [value, id]
            conditions.append(f'({key} collate "C", d.id) {compare} (${len(values) - 1}, ${len(values)})')
        else:
            values.append(id)
            conditions.append(f"d.id > ${len(values)}")
    ordered = f'{key} collate "C" {order}, d.id {order}' if key else "d.id"
    values.append(asked.limit + 1)
    return (
        f"select {_SHOWN}, {key or 'null'} as sorted_by from document d "
        f"where {' and '.join(conditions)} order by {ordered} limit ${len(values)}",
        values,
    )


def _condition(declared: Filter, number: int) -> str:
    if declared.many:
        return f"d.body @> any(${number}::jsonb[])"
    return f"d.body #>> '{{{','.join(declared.path)}}}' = any(${number}::text[])"


def _documents_with(declared: Filter, wanted: tuple[str, ...]) -> list[str]:
    return [json.dumps(_nested(declared.path, [_nested(declared.within, value)])) for value in wanted]


def _nested(path: tuple[str, ...], value: Any) -> Any:
    for step in reversed(path):
        value = {step: value}
    return value


def _cursor(sort: str | None, row: asyncpg.Record) -> str:
    text = json.dumps([sort, row["sorted_by"], str(row["id"])], ensure_ascii=False)
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _position(sort: str | None, cursor: str) -> tuple[str | None, UUID]:
    """Where a page begins. Raises `ValueError`: a client can make a cursor up, so it is read as any input is."""
    try:
        told = read_json(base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True))
    except (binascii.Error, InvalidRequestError) as error:
        raise ValueError from error
    match told:
        case [sorted_by, value, str(id)] if sorted_by == sort and isinstance(value, str if sort else str | None):
            return value, UUID(id)
        case _:
            raise ValueError
