"""Every slice as a tool, and the reads of every kind of record."""

from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Annotated, Any, Literal, NamedTuple, TypeAlias, TypeVar
from uuid import UUID

from mcp_types import Tool
from pydantic import Field, TypeAdapter, create_model

from cora.kernel.aggregate import Aggregate
from cora.kernel.batch import BatchSlice, run_batch
from cora.kernel.documents import DEFAULT_LIMIT, MAXIMUM_LIMIT, Asked, Documents, filter_names
from cora.kernel.errors import Violation
from cora.kernel.execute import Call, Kernel
from cora.kernel.principal import Principal, Role
from cora.kernel.requests import gathering, invalid, to_request
from cora.kernel.showing import View, find_under, show
from cora.kernel.slice import ActSlice, CommandSlice, HandlerSlice, Query, QuerySlice, Slice
from cora.kernel.when import When
from cora.surfaces.mcp.describe import annotations, get_description, list_description, reading, slice_description, title
from cora.surfaces.mcp.options import BATCH_OPTIONS, OPTIONS, VIA, WHEN, call_of, split, split_when, when_of
from cora.surfaces.mcp.schemas import answer_schema, command_schema, envelope_schema, input_schema, page_schema

_FITTING = "a value that fits, or a list of those that do"
_Value = Annotated[str, Field(max_length=500)]
_Values: TypeAlias = _Value | Annotated[list[_Value], Field(min_length=1, max_length=100)] | None
_Place: TypeAlias = Annotated[str, Field(max_length=4000)] | None
_Names: TypeAlias = Annotated[list[_Value], Field(max_length=50)] | None
_Cursor: TypeAlias = Annotated[str, Field(max_length=4000)] | None

Q = TypeVar("Q")

LONGEST_PAGE = 100_000
"""Characters of a page of a list; one that comes out longer is asked for again with fewer records."""


class Caller(NamedTuple):
    """Who calls a tool, and the id of this one call."""

    principal: Principal
    request_id: str


Run = Callable[[dict[str, Any], Caller], Awaitable[str]]
"""Arguments and caller in, the JSON text of an answer out; raises the `Refusal` it meets."""


@dataclass(frozen=True)
class Offered:
    """A tool, the least role it is offered to, and what it does."""

    tool: Tool
    allow: Role
    run: Run


def offered_tools(
    kernel: Kernel, documents: Documents, slices: tuple[Slice, ...], views: tuple[View[Any], ...]
) -> Mapping[str, Offered]:
    """Every tool by its name. Raises `TypeError` when two have the same name."""
    tools: dict[str, Offered] = {}
    for offered in (*_of_slices(kernel, slices), *_of_records(kernel, documents, views)):
        if tools.setdefault(offered.tool.name, offered) is not offered:
            raise TypeError(f"there are two tools with the name {offered.tool.name}")
    return tools


def _of_slices(kernel: Kernel, slices: tuple[Slice, ...]) -> Iterator[Offered]:
    for declared in slices:
        match declared:
            case CommandSlice() | HandlerSlice():
                schema, run, options = command_schema(declared), _command(kernel, declared), OPTIONS
            case QuerySlice():
                schema, run = answer_schema(declared.answer), _query(kernel, declared)
                options = WHEN if declared.has_past else {}
            case ActSlice():
                schema, run, options = answer_schema(declared.answer), _act(kernel, declared), {}
            case BatchSlice():
                schema, run, options = answer_schema(declared.answer), _batch(kernel, declared), BATCH_OPTIONS
            case _:
                raise TypeError(f"{declared.name} is a slice of an unknown sort")
        tool = Tool(
            name=declared.name,
            title=title(declared.name),
            description=slice_description(declared),
            input_schema=input_schema(declared.request, options),
            output_schema=schema,
            annotations=annotations(declared),
        )
        yield Offered(tool, declared.allow, run)


def _command(kernel: Kernel, declared: CommandSlice | HandlerSlice) -> Run:
    async def run(arguments: dict[str, Any], caller: Caller) -> str:
        command, call = _command_and_call(declared, arguments, caller, OPTIONS)
        return (await kernel.command(declared, command, call)).body

    return run


def _batch(kernel: Kernel, declared: BatchSlice) -> Run:
    async def run(arguments: dict[str, Any], caller: Caller) -> str:
        batch, call = _command_and_call(declared, arguments, caller, BATCH_OPTIONS)
        return (await run_batch(kernel, declared, batch, call)).body

    return run


def _command_and_call(
    declared: Slice, arguments: dict[str, Any], caller: Caller, options: Mapping[str, Any]
) -> tuple[Any, Call]:
    """A command and what goes with it. All that is wrong with them is told together."""
    given, members = split(arguments, options)
    errors: list[Violation] = []
    command: Any = None
    call: Any = None
    with gathering(errors):
        command = to_request(declared.request, members)
    with gathering(errors):
        call = call_of(given, caller.principal, caller.request_id)
    if errors:
        raise invalid(errors)
    return command, call


def _query(kernel: Kernel, declared: QuerySlice) -> Run:
    adapter = TypeAdapter[Any](declared.answer)

    async def run(arguments: dict[str, Any], caller: Caller) -> str:
        options, members = split_when(arguments) if declared.has_past else ({}, arguments)
        query, when = _both(lambda: to_request(declared.request, members), lambda: when_of(options))
        return adapter.dump_json(await kernel.query(declared, query, caller.principal, when)).decode()

    return run


def _act(kernel: Kernel, declared: ActSlice) -> Run:
    adapter = TypeAdapter[Any](declared.answer)

    async def run(arguments: dict[str, Any], caller: Caller) -> str:
        command = to_request(declared.request, arguments)
        call = Call(caller.principal, VIA, caller.request_id)
        return adapter.dump_json(await kernel.act(declared, command, call)).decode()

    return run


def _of_records(kernel: Kernel, documents: Documents, views: tuple[View[Any], ...]) -> Iterator[Offered]:
    for view in views:
        aggregate = view.aggregate
        which: dict[str, Any] = {aggregate.path_id: (UUID, ...)}
        get = create_model(f"Get_{aggregate.kind}", __base__=Query, **which)
        yield _read(
            name=f"get_{aggregate.kind}",
            description=get_description(aggregate),
            request=get,
            answers=envelope_schema(view),
            run=_get(kernel, view, get),
        )
        listed = _list_request(aggregate)
        yield _read(
            name=f"list_{aggregate.collection.replace('-', '_')}",
            description=list_description(aggregate),
            request=listed,
            answers=page_schema(aggregate),
            run=_list(kernel, documents, view, listed),
        )


def _read(name: str, description: str, request: type[Query], answers: dict[str, Any], run: Run) -> Offered:
    tool = Tool(
        name=name,
        title=title(name),
        description=description,
        input_schema=input_schema(request, WHEN),
        output_schema=answers,
        annotations=reading(),
    )
    return Offered(tool, Role.READER, run)


def _get(kernel: Kernel, view: View[Any], request: type[Query]) -> Run:
    aggregate = view.aggregate

    async def run(arguments: dict[str, Any], caller: Caller) -> str:
        options, members = split_when(arguments)
        query, when = _both(lambda: to_request(request, members), lambda: when_of(options))
        id: UUID = getattr(query, aggregate.path_id)
        return (await kernel.see(partial(show, aggregate, id, beside=view.beside), when)).body

    return run


def _list_request(aggregate: Aggregate[Any]) -> type[Query]:
    fields: dict[str, Any] = {name: (_Values, Field(None, description=_FITTING)) for name in filter_names(aggregate)}
    if aggregate.sorts:
        orders: Any = Literal[tuple(order for name in sorted(aggregate.sorts) for order in (name, f"-{name}"))]
        fields["sort"] = (orders | None, None)
    if aggregate.tree is not None:
        fields["under"] = (_Place, Field(None, description="only what stands below this one: its id or path"))
    fields["missing"] = (_Names, Field(None, description="names of filters: only what has nothing there"))
    fields["count"] = (bool, Field(False, description="tell how many there are on all pages"))
    fields["limit"] = (Annotated[int, Field(ge=1, le=MAXIMUM_LIMIT)], DEFAULT_LIMIT)
    fields["cursor"] = (_Cursor, Field(None, description="`next` of a page"))
    return create_model(f"List_{aggregate.collection}", __base__=Query, **fields)


def _list(kernel: Kernel, documents: Documents, view: View[Any], request: type[Query]) -> Run:
    aggregate = view.aggregate

    async def run(arguments: dict[str, Any], caller: Caller) -> str:
        options, members = split_when(arguments)
        query, when = _both(lambda: to_request(request, members), lambda: when_of(options))
        given: dict[str, Any] = query.model_dump(exclude_none=True)
        limit: int = given["limit"]
        asked = Asked(
            filters={name: _all(given[name]) for name in filter_names(aggregate) if name in given},
            sort=given.get("sort"),
            after=given.get("cursor"),
            missing=given.get("missing", ()),
            under=await kernel.see(partial(find_under, view, given["under"]), when) if "under" in given else None,
            count=given["count"],
            when=when,
        )
        while True:
            page = await documents.list(aggregate, replace(asked, limit=limit))
            if len(page.body) <= LONGEST_PAGE or limit == 1:
                return page.body
            limit = max(1, limit // 2)

    return run


def _both(query: Callable[[], Q], when: Callable[[], When]) -> tuple[Q, When]:
    """A question and its moment. Raises `InvalidRequestError` with what is wrong with both."""
    errors: list[Violation] = []
    asked: list[Q] = []
    moment: list[When] = []
    with gathering(errors):
        asked.append(query())
    with gathering(errors):
        moment.append(when())
    if errors:
        raise invalid(errors)
    return asked[0], moment[0]


def _all(value: str | list[str]) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value)
