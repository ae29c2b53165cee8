"""The tools that read records of every kind: one for one record, one for lists."""

import json
from dataclasses import replace
from functools import partial
from typing import Annotated, Any, Literal, TypeAlias

from mcp_types import Tool
from pydantic import Field, create_model

from cora.kernel.documents import DEFAULT_LIMIT, MAXIMUM_LIMIT, Asked, Documents, problems_of
from cora.kernel.execute import Kernel
from cora.kernel.principal import Role
from cora.kernel.reader import Reader
from cora.kernel.requests import invalid, to_request
from cora.kernel.showing import Envelope, View, find_under, locate, show
from cora.kernel.slice import Query
from cora.kernel.together import moved
from cora.surfaces.mcp.bounded import Caller, Run
from cora.surfaces.mcp.describe import Views, called, get_description, list_description, reading, title
from cora.surfaces.mcp.offered import Offered
from cora.surfaces.mcp.options import WHEN, both, split_when, when_of
from cora.surfaces.mcp.schemas import envelope_schema, input_schema, page_schema

GET, LIST = "get", "list"

_FITTING = "by name of the filter: a value that fits, or a list of those that do"
Place: TypeAlias = Annotated[str, Field(max_length=4000)]
"""What names a record: its id, or what people call it."""

_Text: TypeAlias = Annotated[str, Field(max_length=500)]
_TextOrNone: TypeAlias = _Text | None
_Values: TypeAlias = _Text | Annotated[list[_Text], Field(min_length=1, max_length=100)] | None
_PlaceOrNone: TypeAlias = Place | None
_Names: TypeAlias = Annotated[list[_Text], Field(max_length=50)] | None


def kinds_of(views: Views) -> Any:
    """The type of an argument that names one of these kinds."""
    return Literal[tuple(view.aggregate.kind for view in views)]


def record_tools(kernel: Kernel, documents: Documents, views: Views) -> tuple[Offered, ...]:
    """The tools `get` and `list`."""
    get, listed = _get_request(views), _list_request(views)
    one = _offered(GET, get_description(views), get, envelope_schema(views), _get(kernel, views, get))
    run = _list(kernel, documents, views, listed)
    return one, _offered(LIST, list_description(views), listed, page_schema(views), run)


def _offered(name: str, description: str, request: type[Query], answers: dict[str, Any], run: Run) -> Offered:
    tool = Tool(
        name=name,
        title=title(name),
        description=description,
        input_schema=input_schema(request, WHEN),
        output_schema=answers,
        annotations=reading(),
    )
    return Offered(tool, Role.READER, run)


def _get_request(views: Views) -> type[Query]:
    fields: dict[str, Any] = {
        "kind": (kinds_of(views), ...),
        "id": (Place, Field(description=called(views))),
        "beside": (bool, Field(True, description="also show what stands beside it, such as its path and neighbours")),
        "expand": (_Names, Field(None, description="members of `beside` to show as whole records")),
        "fields": (_Names, Field(None, description="only these fields of the state")),
    }
    return create_model("Get", __base__=Query, **fields)


def _get(kernel: Kernel, views: Views, request: type[Query]) -> Run:
    of_kind = {view.aggregate.kind: view for view in views}

    async def run(arguments: dict[str, Any], caller: Caller) -> str:
        options, members = split_when(arguments)
        query, when = both(lambda: to_request(request, members), lambda: when_of(options))
        given: dict[str, Any] = query.model_dump(exclude_none=True)
        view = of_kind[given["kind"]]
        expand: list[str] = given.get("expand", [])
        fields: list[str] | None = given.get("fields")
        if problems := view.beside.not_shown(expand) + problems_of(view.aggregate, Asked(fields=fields)):
            raise invalid(problems)

        async def ask(read: Reader) -> Envelope:
            id = await locate(view.aggregate, view.key, given["id"], "id", read)
            return await show(view.aggregate, id, read, view.beside if given["beside"] or expand else None, expand)

        body = (await kernel.see(ask, when)).body
        return body if fields is None else _narrowed(body, fields)

    return run


def _narrowed(body: str, fields: list[str]) -> str:
    shown: dict[str, Any] = json.loads(body)
    shown["state"] = {name: value for name, value in shown["state"].items() if name in fields}
    return json.dumps(shown, ensure_ascii=False, separators=(",", ":"))


def _list_request(views: Views) -> type[Query]:
    fields: dict[str, Any] = {
        "kind": (kinds_of(views), ...),
        "filters": (dict[str, _Values] | None, Field(None, description=_FITTING)),
        "missing": (_Names, Field(None, description="names of filters: only what has nothing there")),
        "under": (_PlaceOrNone, Field(None, description="only what stands below this one: its id or path")),
        "sort": (
            _TextOrNone,
            Field(None, description="with - before the name for descending; left out: oldest first"),
        ),
        "fields": (_Names, Field(None, description="only these fields of each state")),
        "count": (bool, Field(False, description="tell how many there are on all pages")),
        "limit": (Annotated[int, Field(ge=1, le=MAXIMUM_LIMIT)], DEFAULT_LIMIT),
        "cursor": (_PlaceOrNone, Field(None, description="`next` of a page")),
    }
    return create_model("List", __base__=Query, **fields)


def _list(kernel: Kernel, documents: Documents, views: Views, request: type[Query]) -> Run:
    of_kind: dict[str, View[Any]] = {view.aggregate.kind: view for view in views}

    async def run(arguments: dict[str, Any], caller: Caller) -> str:
        options, members = split_when(arguments)
        query, when = both(lambda: to_request(request, members), lambda: when_of(options))
        given: dict[str, Any] = query.model_dump(exclude_none=True)
        view = of_kind[given["kind"]]
        filters = {name: _all(values) for name, values in given.get("filters", {}).items() if values is not None}
        asked = Asked(
            filters=filters,
            sort=given.get("sort"),
            limit=given["limit"],
            after=given.get("cursor"),
            missing=given.get("missing", ()),
            fields=given.get("fields"),
            count=given["count"],
            when=when,
        )
        # All that is wrong is told together, before anything is looked up.
        with moved(lambda pointer: f"/filters{pointer}" if pointer[1:] in filters else pointer):
            if problems := problems_of(view.aggregate, asked):
                raise invalid(problems)
            if "under" in given:
                under = await kernel.see(partial(find_under, view, given["under"]), when)
                asked = replace(asked, under=under)
            return (await documents.list(view.aggregate, asked)).body

    return run


def _all(value: str | list[str]) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value)
