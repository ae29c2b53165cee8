"""The endpoints of commands, questions and records, made from their declarations."""

import json
from collections.abc import Iterable, Sequence
from typing import Any, get_origin
from urllib.parse import urlencode
from uuid import UUID

from pydantic import BaseModel, TypeAdapter

from cora.kernel.aggregate import Aggregate
from cora.kernel.batch import BatchSlice, run_batch
from cora.kernel.documents import DEFAULT_LIMIT, MAXIMUM_LIMIT, Asked, Documents
from cora.kernel.errors import InvalidRequestError, PreconditionFailedError, Violation
from cora.kernel.execute import Answer, Call, Kernel
from cora.kernel.principal import Role
from cora.kernel.requests import (
    CALL_OPTIONS,
    DRY_RUN,
    IF_MATCH,
    gathering,
    invalid,
    read_call,
    read_json,
    require_fit,
    to_request,
)
from cora.kernel.slice import ActSlice, CommandSlice, HandlerSlice, QuerySlice, Route, Slice
from cora.surfaces.http.dispatch import Endpoint, Handle, Paths
from cora.surfaces.http.messages import JSON, MERGE_PATCH, Headers, Reply, Request, etag

VIA = "http"
LIST_PARAMETERS = ("sort", "limit", "cursor")

# What a record holds is for its reader, and may have moved on by the next look.
_FRESH = (b"cache-control", b"private, no-cache")


def add_slices(paths: Paths, slices: Iterable[Slice], kernel: Kernel) -> None:
    """Add every route of every slice."""
    for declared in slices:
        for route in declared.routes:
            paths.add(route.method, route.path, Endpoint(_handle(declared, route, kernel), declared.allow))


def add_records(paths: Paths, aggregates: Iterable[Aggregate[Any]], documents: Documents) -> None:
    """Add the reading of one record and of a list, for every kind."""
    for aggregate in aggregates:
        paths.add("GET", f"/{aggregate.collection}", Endpoint(_list(aggregate, documents), Role.READER))
        paths.add("GET", record_template(aggregate), Endpoint(_get(aggregate, documents), Role.READER))


def record_template(aggregate: Aggregate[Any]) -> str:
    """The path of a record of this kind."""
    return f"/{aggregate.collection}/{{{aggregate.path_id}}}"


def body_is_patch(route: Route) -> bool:
    """Whether the body is the field `patch` of the command itself, rather than an object of its fields."""
    return route.method == "PATCH"


def media_types(route: Route) -> tuple[bytes, ...]:
    """What the body of a command may be sent as."""
    return (MERGE_PATCH, JSON) if body_is_patch(route) else (JSON,)


def _handle(declared: Slice, route: Route, kernel: Kernel) -> Handle:
    match declared:
        case CommandSlice() | HandlerSlice():
            return _command(declared, route, kernel)
        case ActSlice():
            return _act(declared, route, kernel)
        case BatchSlice():
            return _batch(declared, route, kernel)
        case QuerySlice():
            return _query(declared, route, kernel)
        case _:
            raise TypeError(f"{declared.name} is a slice of no known kind")


def _command(declared: CommandSlice | HandlerSlice, route: Route, kernel: Kernel) -> Handle:
    creates = isinstance(declared, CommandSlice) and declared.creates
    location = f"/{declared.on.collection}/"

    async def handle(request: Request) -> Reply:
        command, call = await _read_command(request, declared, route)
        if creates and request.header(IF_MATCH) == "*":
            raise PreconditionFailedError("*", 0)
        answer: Answer = await kernel.command(declared, command, call)
        headers = [] if call.dry_run else [(b"etag", etag(answer.version))]
        if answer.status == 201:
            headers.append((b"location", f"{location}{answer.id}".encode("ascii")))
        return Reply(answer.status, answer.body.encode(), headers=headers)

    return handle


def _act(declared: ActSlice, route: Route, kernel: Kernel) -> Handle:
    shown = TypeAdapter[Any](declared.answer)

    async def handle(request: Request) -> Reply:
        command, call = await _read_command(request, declared, route)
        answer = await kernel.act(declared, command, call)
        return Reply(declared.status, shown.dump_json(answer))

    return handle


def _batch(declared: BatchSlice, route: Route, kernel: Kernel) -> Handle:
    async def handle(request: Request) -> Reply:
        batch, call = await _read_command(request, declared, route)
        answer = await run_batch(kernel, declared, batch, call)
        return Reply(answer.status, answer.body.encode())

    return handle


def _query(declared: QuerySlice, route: Route, kernel: Kernel) -> Handle:
    shown = TypeAdapter[Any](declared.answer)
    names = route.path_fields
    lists = {name for name in declared.request.model_fields if takes_several(declared.request, name)}

    async def handle(request: Request) -> Reply:
        members: dict[str, Any] = {}
        errors: list[Violation] = []
        for name, values in request.query().items():
            if name in names:
                errors.append(Violation(f"/{name}", "stands in the path"))
            elif name not in lists and len(values) > 1:
                errors.append(Violation(f"/{name}", "is given twice"))
            else:
                members[name] = values if name in lists else values[0]
        query = None
        with gathering(errors):
            members.update(_in_path(request, route))
            query = to_request(declared.request, members, strict=False)
        if errors or query is None:
            raise invalid(errors)
        answer = await kernel.query(declared, query, request.principal)
        return Reply(200, shown.dump_json(answer), headers=[_FRESH])

    return handle


def takes_several(request: type[BaseModel], name: str) -> bool:
    """Whether a field of a question is a list, so that its query parameter may be repeated."""
    origin = get_origin(request.model_fields[name].annotation)
    return isinstance(origin, type) and issubclass(origin, Sequence | frozenset)


def _in_path(request: Request, route: Route) -> dict[str, str]:
    values = dict(zip(route.path_fields, request.values, strict=True))
    require_fit(values)
    return values


async def _read_command(request: Request, declared: Slice, route: Route) -> tuple[Any, Call]:
    """The command and what goes with it. All that is wrong with path, body, headers and query is told together."""
    body = await request.body()
    if body:
        request.require_media_type(*media_types(route))
    errors: list[Violation] = []
    options: dict[str, str | None] = {}
    with gathering(errors):
        query = request.query()
        options[DRY_RUN] = query.get(DRY_RUN, [None])[0]
        errors += _repeated(query, [DRY_RUN])
        errors += [Violation(f"/{name}", "is not known here") for name in query if name != DRY_RUN]
    for name in CALL_OPTIONS:
        if name != DRY_RUN:
            with gathering(errors):
                options[name] = request.header(name)
    command = call = None
    with gathering(errors):
        call = read_call(request.principal, VIA, request.request_id, options)
    with gathering(errors):
        command = _to_command(read_json(body), request, declared, route)
    if errors or command is None or call is None:
        raise invalid(errors)
    return command, call


def _to_command(given: Any, request: Request, declared: Slice, route: Route) -> BaseModel:
    in_path = _in_path(request, route)
    if body_is_patch(route):
        try:
            return to_request(declared.request, {**in_path, "patch": given})
        except InvalidRequestError as error:
            # Pointers lead into the body as it was sent.
            raise invalid(
                Violation(each.pointer.removeprefix("/patch"), each.detail) for each in error.errors
            ) from None
    if not isinstance(given, dict):
        raise invalid([Violation("", "must be a JSON object")])
    errors = [Violation(f"/{name}", "stands in the path, not in the body") for name in in_path if name in given]
    command = None
    with gathering(errors):
        command = to_request(declared.request, {**given, **in_path})
    if errors or command is None:
        raise invalid(errors)
    return command


def _repeated(query: dict[str, list[str]], names: Iterable[str]) -> list[Violation]:
    return [Violation(f"/{name}", "is given twice") for name in names if len(query.get(name, ())) > 1]


def _get(aggregate: Aggregate[Any], documents: Documents) -> Handle:
    async def handle(request: Request) -> Reply:
        errors = [Violation(f"/{name}", "is not known here") for name in request.query()]
        try:
            id = UUID(request.values[0])
        except ValueError:
            errors.append(Violation(f"/{aggregate.path_id}", "is not a UUID"))
            raise invalid(errors) from None
        if errors:
            raise invalid(errors)
        shown = await documents.get(aggregate, id)
        headers = [(b"etag", etag(shown.version)), _FRESH]
        if request.has_current(shown.version):
            return Reply(304, b"", headers=headers)
        return Reply(200, shown.body.encode(), headers=headers)

    return handle


def _list(aggregate: Aggregate[Any], documents: Documents) -> Handle:
    async def handle(request: Request) -> Reply:
        query = request.query()
        page = await documents.list(aggregate, _asked(aggregate, query))
        headers: Headers = [_FRESH]
        # `next` is the last member of a page, and a cursor is plain text.
        following = json.loads(page.body[page.body.rindex('"next":') + 7 : -1])
        if following is not None:
            again = urlencode({**query, "cursor": [following]}, doseq=True)
            headers.append((b"link", f'<{request.path}?{again}>; rel="next"'.encode("ascii")))
        return Reply(200, page.body.encode(), headers=headers)

    return handle


def _asked(aggregate: Aggregate[Any], query: dict[str, list[str]]) -> Asked:
    errors = _repeated(query, LIST_PARAMETERS)
    filters = {name: tuple(values) for name, values in query.items() if name not in LIST_PARAMETERS}
    known = ", ".join([*sorted(aggregate.filters), *LIST_PARAMETERS])
    unknown = sorted(filters.keys() - aggregate.filters.keys())
    errors += [Violation(f"/{name}", f"is not known here; known are {known}") for name in unknown]
    one = {name: query[name][0] for name in LIST_PARAMETERS if name in query}
    if "sort" in one and one["sort"].removeprefix("-") not in aggregate.sorts:
        sorts = ", ".join(sorted(aggregate.sorts)) or "none"
        errors.append(Violation("/sort", f"is not known here; known are {sorts}, with - before one for descending"))
    limit = one.get("limit", str(DEFAULT_LIMIT))
    if not (limit.isascii() and limit.isdigit() and len(limit) <= 4 and 1 <= int(limit) <= MAXIMUM_LIMIT):
        errors.append(Violation("/limit", f"must be a whole number from 1 to {MAXIMUM_LIMIT}"))
    if errors:
        raise invalid(errors)
    return Asked(filters=filters, sort=one.get("sort"), limit=int(limit), after=one.get("cursor"))
