"""The endpoints of commands, questions and records, made from their declarations."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, get_origin
from uuid import UUID

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from cora.kernel.aggregate import Aggregate
from cora.kernel.batch import BatchSlice, run_batch
from cora.kernel.documents import Documents
from cora.kernel.errors import InvalidRequestError, PreconditionFailedError, Violation
from cora.kernel.execute import Answer, Call, Kernel
from cora.kernel.principal import Role
from cora.kernel.reader import Reader
from cora.kernel.requests import (
    AS_OF,
    CALL_OPTIONS,
    DRY_RUN,
    IF_MATCH,
    TRUE_AT,
    WHEN_OPTIONS,
    gathering,
    invalid,
    read_call,
    read_json,
    read_position,
    read_when,
    require_fit,
    to_request,
)
from cora.kernel.showing import Beside, Envelope, NaturalKey, View, show
from cora.kernel.slice import ActSlice, CommandSlice, HandlerSlice, QuerySlice, Route, Slice
from cora.kernel.when import NOW, When
from cora.kernel.written import adapter_of
from cora.surfaces.http.dispatch import Endpoint, Handle, Paths
from cora.surfaces.http.lists import list_endpoint
from cora.surfaces.http.messages import (
    EVENT_STREAM,
    FRESH,
    JSON,
    MERGE_PATCH,
    Reply,
    Request,
    etag,
    repeated,
    text_reply,
)

VIA = "http"
EXPAND = "expand"
BESIDE = "beside"
LAST_EVENT_ID = "Last-Event-ID"


def add_slices(paths: Paths, slices: Iterable[Slice], kernel: Kernel) -> None:
    """Add every route of every slice."""
    for declared in slices:
        for route in declared.routes:
            paths.add(route.method, route.path, Endpoint(_handle(declared, route, kernel), declared.allow))


def add_records(paths: Paths, views: Iterable[View[Any]], kernel: Kernel, documents: Documents) -> None:
    """Add the reading of one record, by its id and by its natural key, and of a list, for every kind."""
    for view in views:
        aggregate = view.aggregate
        paths.add("GET", f"/{aggregate.collection}", Endpoint(list_endpoint(view, kernel, documents), Role.READER))
        get = _get(aggregate, view.beside, kernel, _by_id(aggregate))
        paths.add("GET", record_template(aggregate), Endpoint(get, Role.READER))
        if view.key is not None:
            for template, beginning in key_templates(aggregate, view.key):
                get = _get(aggregate, view.beside, kernel, _by_key(aggregate, view.key, beginning))
                paths.add("GET", template, Endpoint(get, Role.READER))


def record_template(aggregate: Aggregate[Any]) -> str:
    """The path of a record of this kind."""
    return f"/{aggregate.collection}/{{{aggregate.path_id}}}"


def key_templates(aggregate: Aggregate[Any], key: NaturalKey) -> list[tuple[str, str]]:
    """The paths of a record of this kind by what people call it, each with what it says of that already; a path of
    names takes all that is left."""
    name = f"{{{key.name}{'...' if key.has_slashes else ''}}}"
    by_key = f"/{aggregate.collection}/by-{key.name.replace('_', '-')}/{name}"
    return [(by_key, ""), *((f"/{aggregate.collection}/{each}/{name}", f"{each}/") for each in key.beginnings)]


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
    shown = adapter_of(declared.answer)

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
    shown = adapter_of(declared.answer)
    names = route.path_fields
    lists = {name for name in wire_names(declared.request) if takes_several(declared.request, name)}

    async def handle(request: Request) -> Reply:
        members: dict[str, Any] = {}
        errors: list[Violation] = []
        asked = request.query()
        resumed = _last_event_id(request, errors) if declared.follows else None
        when = asked_moment(asked, errors) if declared.has_past else NOW
        for name, values in asked.items():
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
        if declared.follows and request.accepts(EVENT_STREAM):
            if resumed is not None:
                query = query.model_copy(update={"after": resumed})
            return await _stream(kernel.follow(declared, query, request.principal))
        answer = await kernel.query(declared, query, request.principal, when)
        if declared.writes:
            return text_reply(request, answer.text, answer.media_type)
        return Reply(200, shown.dump_json(answer), headers=[FRESH])

    return handle


def _last_event_id(request: Request, errors: list[Violation]) -> int | None:
    """The position that a client of a stream has reached, when it comes again."""
    with gathering(errors):
        text = request.header(LAST_EVENT_ID)
        try:
            return None if text is None else read_position(text)
        except ValueError as error:
            errors.append(Violation(f"/{LAST_EVENT_ID}", str(error)))
    return None


async def _stream(following: AsyncGenerator[Sequence[Any]]) -> Reply:
    """Server-sent events. What refuses a stream refuses before it has begun: the first items are there at once."""
    first = await anext(following)
    # Nothing on the way may keep them, or gather them up.
    headers = [(b"cache-control", b"no-store"), (b"x-accel-buffering", b"no")]
    return Reply(200, b"", EVENT_STREAM, headers, _as_sent(first, following))


async def _as_sent(first: Sequence[Any], following: AsyncGenerator[Sequence[Any]]) -> AsyncGenerator[bytes]:
    async with aclosing(following):
        yield _as_event_stream(first)
        async for items in following:
            yield _as_event_stream(items)


def _as_event_stream(items: Sequence[Any]) -> bytes:
    """Items by their position and kind; a comment where there are none, so that the connection is seen to live."""
    if not items:
        return b":\n\n"
    kind: type[Any] = items[0].__class__
    shown = adapter_of(kind)
    return b"".join(
        b"id: %d\nevent: %s\ndata: %s\n\n" % (item.position, item.kind.encode("ascii"), shown.dump_json(item))
        for item in items
    )


def wire_names(request: type[BaseModel]) -> dict[str, FieldInfo]:
    """The fields of a request by the names that callers use: the alias, where Python reserves the name."""
    return {field.alias or name: field for name, field in request.model_fields.items()}


def takes_several(request: type[BaseModel], name: str) -> bool:
    """Whether a field of a question is a list, so that its query parameter may be repeated."""
    origin = get_origin(wire_names(request)[name].annotation)
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
        errors += repeated(query, [DRY_RUN])
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


def asked_moment(query: dict[str, list[str]], errors: list[Violation]) -> When:
    """The moment that a query is about, taken out of it."""
    options: dict[str, str | None] = {}
    for name in WHEN_OPTIONS:
        errors += repeated(query, [name])
        options[name] = query.pop(name, [None])[0]
    with gathering(errors):
        return read_when(options)
    return NOW


def query_of(when: When) -> str:
    """The query by which a moment is asked for, with its question mark; nothing for now."""
    asked = [(AS_OF, when.as_of), (TRUE_AT, when.true_at)]
    told = [(name, _asked_as(value)) for name, value in asked if value is not None]
    return "?" + "&".join(f"{name}={value}" for name, value in told) if told else ""


def _asked_as(value: datetime | int) -> str:
    return str(value) if isinstance(value, int) else value.astimezone(UTC).isoformat().replace("+00:00", "Z")


@dataclass(frozen=True)
class Locate:
    """How the record in a path is found: what stands there is read first, which may be refused, then looked up."""

    read: Callable[[str], Any]
    find: Callable[[Any, Reader], Awaitable[UUID]]


def _get(aggregate: Aggregate[Any], beside: Beside[Any], kernel: Kernel, locate: Locate) -> Handle:
    async def handle(request: Request) -> Reply:
        errors: list[Violation] = []
        query = request.query()
        when = asked_moment(query, errors)
        expand = [name for text in query.pop(EXPAND, []) for name in text.split(",")]
        errors += beside.not_shown(expand) + repeated(query, [BESIDE])
        shows = query.pop(BESIDE, ["true"])[0]
        if shows not in ("true", "false"):
            errors.append(Violation(f"/{BESIDE}", "must be true or false"))
        errors += [Violation(f"/{name}", "is not known here") for name in query]
        value: Any = None
        with gathering(errors):
            value = locate.read(request.values[0])
        if errors:
            raise invalid(errors)

        async def ask(read: Reader) -> Envelope:
            return await show(
                aggregate, await locate.find(value, read), read, beside if shows == "true" else None, expand
            )

        shown = await kernel.see(ask, when)
        return Reply(200, shown.body.encode(), headers=[(b"etag", etag(shown.version)), FRESH])

    return handle


def _by_id(aggregate: Aggregate[Any]) -> Locate:
    def read_id(text: str) -> UUID:
        try:
            return UUID(text)
        except ValueError:
            raise invalid([Violation(f"/{aggregate.path_id}", "is not a UUID")]) from None

    async def find(id: UUID, _read: Reader) -> UUID:
        return id

    return Locate(read_id, find)


def _by_key(aggregate: Aggregate[Any], key: NaturalKey, beginning: str) -> Locate:
    def read_key(text: str) -> str:
        require_fit(text)
        return beginning + text

    async def find(text: str, read: Reader) -> UUID:
        try:
            id = await key.find(text, read)
        except ValueError as error:
            raise invalid([Violation(f"/{key.name}", str(error))]) from None
        if id is None:
            raise aggregate.not_found(text)
        return id

    return Locate(read_key, find)
