"""How commands find what they are asked for: a kind by its word, a record by what people call it, lists by the page."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple
from uuid import UUID

import typer

from cora.equipment.views import VIEWS
from cora.kernel.documents import MAXIMUM_LIMIT
from cora.kernel.requests import AS_OF, TRUE_AT
from cora.kernel.showing import View
from cora.surfaces.cli.asking import Ask, Parameters, required

KINDS: Mapping[str, View[Any]] = MappingProxyType({view.aggregate.kind: view for view in VIEWS})

_RECORD = ("id", "kind", "version", "recorded_at", "occurred_at", "state")


class Page(NamedTuple):
    """Items, and the cursor of what follows them."""

    items: list[dict[str, Any]]
    next: str | None


def view_named(text: str, place: str = "KIND") -> View[Any]:
    """The kind of records that a word names, also by its collection. `place` is the argument it stands in."""
    name = text.strip().casefold().replace("-", "_")
    for kind, view in KINDS.items():
        if name in (kind, view.aggregate.collection.replace("-", "_")):
            return view
    raise typer.BadParameter(f"{text!r} is no kind of record; there are: {', '.join(KINDS)}", param_hint=place)


def moment(as_of: str | None, true_at: str | None) -> dict[str, Sequence[str]]:
    """The query parameters for the moment that a question is about."""
    return {name: [text] for name, text in ((AS_OF, as_of), (TRUE_AT, true_at)) if text is not None}


async def find_record(
    ask: Ask, view: View[Any], which: str, when: Parameters, more: Parameters = MappingProxyType({})
) -> dict[str, Any]:
    """The record of this id, or that people call so."""
    aggregate, key = view.aggregate, view.key
    if (id := _as_id(which)) is not None:
        return required(await ask(f"/{aggregate.collection}/{id}", {**when, **more}), *_RECORD)
    if key is None:
        raise typer.BadParameter(f"{which!r} is no id, by which these records are found", param_hint="WHICH")
    if not which.strip("/ "):
        raise typer.BadParameter("names nothing", param_hint="WHICH")
    if "/" in which and not key.has_slashes:
        # What has a slash in it is no one part of a path, and only names can have one.
        if key.name != "name":
            raise aggregate.not_found(which)
        page = required(await ask(f"/{aggregate.collection}", {**when, "name": [which], "limit": ["1"]}), "items")
        if not page["items"]:
            raise aggregate.not_found(which)
        return await find_record(ask, view, page["items"][0]["id"], when, more)
    path = f"/{aggregate.collection}/by-{key.name.replace('_', '-')}/{which}"
    return required(await ask(path, {**when, **more}), *_RECORD)


async def find_id(ask: Ask, view: View[Any], which: str, when: Parameters) -> str:
    """The id of the record of this id, or that people call so."""
    if (id := _as_id(which)) is not None:
        return id
    record = await find_record(ask, view, which, when, {"beside": ["false"]})
    return str(record["id"])


async def find_tops(ask: Ask, under: str, fields: str) -> list[tuple[str, dict[str, Any]]]:
    """The asset of this id or path, or the topmost assets of the facility of this code by name, each with its path.

    `fields` of the state are there, more may be.
    """
    if not is_facility(under):
        record = await find_record(ask, KINDS["asset"], under, {})
        return [(record["beside"]["path"], record)]
    code = (await find_record(ask, KINDS["facility"], under.strip("/"), {}))["state"]["code"]
    query = {"facility_code": [code], "sort": ["name"], "fields": [fields]}
    found = (await gathered(pages_at(ask, "/assets", query, None))).items
    return [(f"{code}/{each['state']['name']}", each) for each in found]


def is_facility(under: str) -> bool:
    """Whether what others stand below is meant as a facility, and not as an asset by its id or path."""
    return "/" not in under.strip("/") and not is_id(under)


def is_id(text: str) -> bool:
    """Whether the text is the id of some record."""
    return _as_id(text) is not None


def _as_id(text: str) -> str | None:
    try:
        return str(UUID(text))
    except ValueError:
        return None


async def pages_at(ask: Ask, path: str, query: Parameters, most: int | None) -> AsyncGenerator[Page]:
    """The items at a path, `most` at most, page by page."""
    left = most
    cursor: dict[str, Sequence[str]] = {}
    while left is None or left > 0:
        size = MAXIMUM_LIMIT if left is None else min(left, MAXIMUM_LIMIT)
        answer = required(await ask(path, {**query, **cursor, "limit": [str(size)]}), "items", "next")
        page = Page(answer["items"], answer["next"])
        yield page
        if page.next is None:
            return
        left = None if left is None else left - len(page.items)
        cursor = {"cursor": [page.next]}


async def gathered(pages: AsyncGenerator[Page]) -> Page:
    """All pages as one."""
    items: list[dict[str, Any]] = []
    following: str | None = None
    async for page in pages:
        items += page.items
        following = page.next
    return Page(items, following)
