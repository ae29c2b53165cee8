"""The endpoint of a list: a page as JSON, or as a table for a spreadsheet where the client likes that better."""

import asyncio
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import partial
from types import MappingProxyType
from typing import Any, NamedTuple
from urllib.parse import urlencode

from cora.kernel.aggregate import Aggregate
from cora.kernel.documents import DEFAULT_LIMIT, MAXIMUM_LIMIT, Asked, Documents, Page, problems_of
from cora.kernel.errors import Violation
from cora.kernel.execute import Kernel
from cora.kernel.requests import WHEN_OPTIONS, gathering, invalid, read_when
from cora.kernel.showing import View, find_under
from cora.surfaces.http.dispatch import Handle
from cora.surfaces.http.messages import CSV, FRESH, JSON, XLSX, Headers, Reply, Request, repeated
from cora.surfaces.spread import Columns, as_csv, as_xlsx, columns_of

LIST_PARAMETERS = ("sort", "limit", "cursor", "missing", "under", "fields", "count")


class Table(NamedTuple):
    """A sort of table that a list can be had as; `write` takes columns, records and the name of the sheet."""

    media_type: bytes
    ending: str
    write: Callable[[Columns, Iterable[Mapping[str, Any]], str], Iterable[bytes]]


def _as_csv(columns: Columns, records: Iterable[Mapping[str, Any]], _sheet: str) -> Iterable[bytes]:
    return as_csv(columns, records)


TABLES: Mapping[bytes, Table] = MappingProxyType(
    {CSV: Table(CSV + b"; charset=utf-8", "csv", _as_csv), XLSX: Table(XLSX, "xlsx", as_xlsx)}
)
"""By media type."""


def list_endpoint(view: View[Any], kernel: Kernel, documents: Documents) -> Handle:
    """The endpoint that lists the records of a kind."""
    aggregate = view.aggregate

    async def handle(request: Request) -> Reply:
        query = request.query()
        asked = await _asked(view, kernel, query)
        page = await documents.list(aggregate, asked)
        headers: Headers = [FRESH, (b"vary", b"accept")]
        if page.next is not None:
            again = urlencode({**query, "cursor": [page.next]}, doseq=True)
            headers.append((b"link", f'<{request.path}?{again}>; rel="next"'.encode("ascii")))
        wanted = request.preferred(JSON, *TABLES)
        if wanted == JSON:
            return Reply(200, page.body.encode(), headers=headers)
        sort = TABLES[wanted]
        name = f"{aggregate.collection}.{sort.ending}"
        headers.append((b"content-disposition", f'attachment; filename="{name}"'.encode("ascii")))
        # A workbook takes its time to write, which others need not wait for.
        table = await asyncio.to_thread(_table, aggregate, asked, page, sort)
        return Reply(200, table, sort.media_type, headers)

    return handle


def _table(aggregate: Aggregate[Any], asked: Asked, page: Page, sort: Table) -> bytes:
    records: list[dict[str, Any]] = json.loads(page.body)["items"]
    return b"".join(sort.write(columns_of(aggregate, asked.fields), records, aggregate.collection))


async def _asked(view: View[Any], kernel: Kernel, query: dict[str, list[str]]) -> Asked:
    """What a list is asked for. Everything that is wrong with it is told together."""
    aggregate = view.aggregate
    errors = repeated(query, [*LIST_PARAMETERS, *WHEN_OPTIONS])
    one = {name: query[name][0] for name in LIST_PARAMETERS if name in query}
    filters = {name: tuple(values) for name, values in query.items() if name not in (*LIST_PARAMETERS, *WHEN_OPTIONS)}
    limit = one.get("limit", str(DEFAULT_LIMIT))
    if not (limit.isascii() and limit.isdigit() and len(limit) <= 4 and 1 <= int(limit) <= MAXIMUM_LIMIT):
        errors.append(Violation("/limit", f"must be a whole number from 1 to {MAXIMUM_LIMIT}"))
        limit = str(DEFAULT_LIMIT)
    if one.get("count", "false") not in ("true", "false"):
        errors.append(Violation("/count", "must be true or false"))
    asked = Asked(
        filters=filters,
        sort=one.get("sort"),
        limit=int(limit),
        after=one.get("cursor"),
        missing=one["missing"].split(",") if "missing" in one else (),
        fields=one["fields"].split(",") if "fields" in one else None,
        count=one.get("count") == "true",
    )
    with gathering(errors):
        asked = replace(asked, when=read_when({name: query[name][0] for name in WHEN_OPTIONS if name in query}))
    errors += problems_of(aggregate, asked)
    if errors:
        raise invalid(errors)
    if "under" in one:
        under = await kernel.see(partial(find_under, view, one["under"]), asked.when)
        asked = replace(asked, under=under)
    return asked
