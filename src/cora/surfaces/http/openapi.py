"""The description of the API (OpenAPI 3.1), generated from the slices and the kinds of records."""

from collections.abc import Iterable, Sequence
from importlib.metadata import version
from itertools import groupby
from typing import Any

from cora.equipment.pidinst.record import PidinstRecord
from cora.kernel.aggregate import Aggregate
from cora.kernel.batch import BatchSlice
from cora.kernel.documents import DEFAULT_LIMIT, MAXIMUM_LIMIT, choices, filter_names, state_fields
from cora.kernel.errors import (
    ConcurrencyConflictError,
    ForbiddenError,
    IdempotencyKeyReusedError,
    IdTakenError,
    InvalidRequestError,
    MethodNotAllowedError,
    OccurredBeforeLastFactError,
    OccurredInFutureError,
    OverloadedError,
    PreconditionFailedError,
    RecordTooLargeError,
    Refusal,
    TooLargeError,
    UnauthenticatedError,
    UnknownPathError,
    UnstorableError,
    UnsupportedMediaTypeError,
)
from cora.kernel.history import history_slices
from cora.kernel.principal import Role
from cora.kernel.requests import AS_OF, DRY_RUN, IDEMPOTENCY_KEY, IF_MATCH, OCCURRED_AT, ON_BEHALF_OF, TRUE_AT
from cora.kernel.showing import View
from cora.kernel.slice import ActSlice, CommandSlice, Creation, HandlerSlice, QuerySlice, Route, Slice, refusals_of
from cora.labels import LAYOUTS
from cora.surfaces.http.endpoints import (
    BESIDE,
    EXPAND,
    LAST_EVENT_ID,
    body_is_patch,
    key_templates,
    media_types,
    record_template,
    takes_several,
)
from cora.surfaces.http.forms import MEDIA_TYPES
from cora.surfaces.http.labels import DEFAULT_LAYOUT, LABEL_FORMATS, LABELLED, LAYOUT, label_template
from cora.surfaces.http.messages import CSV, EVENT_STREAM, XLSX
from cora.surfaces.http.openapi_examples import TIME, example
from cora.surfaces.http.openapi_schemas import Schema, Schemas, camel, ref

TITLE = "cora"

_ASKED = (InvalidRequestError, OverloadedError)
_SENT = (*_ASKED, TooLargeError, UnsupportedMediaTypeError)
_RECORDED = (
    *_SENT,
    ConcurrencyConflictError,
    OccurredBeforeLastFactError,
    RecordTooLargeError,
    PreconditionFailedError,
    IdempotencyKeyReusedError,
    OccurredInFutureError,
    UnstorableError,
)
_EVERYWHERE = (UnauthenticatedError, ForbiddenError, UnknownPathError, MethodNotAllowedError, IdTakenError)

_WHEN_PARAMETERS: list[Schema] = [
    {
        "name": AS_OF,
        "in": "query",
        "schema": {"type": "string", "examples": [TIME, "1024"]},
        "description": "What the record said then: a time with its offset, or a position of the log.",
    },
    {
        "name": TRUE_AT,
        "in": "query",
        "schema": {"type": "string", "format": "date-time", "examples": [TIME]},
        "description": "What was true in the hutch then, by all that is known now, or was by `as_of`.",
    },
]

_LAST_EVENT_ID_PARAMETER: Schema = {
    "name": LAST_EVENT_ID,
    "in": "header",
    "schema": {"type": "string", "pattern": r"^\d{1,18}$", "examples": ["1024"]},
    "description": "Of a stream: the position after which to go on; it comes before `after`.",
}

# A workbook is no text: of it there is nothing to say but its media type.
_AS_TABLES: Schema = {CSV.decode(): {"schema": {"type": "string"}}, XLSX.decode(): {}}

_DESCRIPTION = """\
The equipment record of a research facility. Everything is recorded as events; nothing is ever overwritten.

Commands are strict: repeating one is a conflict (409), unless its description says that nothing would change. A refusal
is `application/problem+json` (RFC 9457) with a stable `code`, what is wrong and what to do first, and the offending
ids; invalid input is told with all its violations and their places. Every answer carries `X-Request-Id`.

Without a token: the landing page of each instrument with a published identifier (`/id/{record_id}`), its record in
every form, `/sitemap.xml`, and OAI-PMH 2.0 at `/oai`.
"""

_HEADER_SCHEMAS: dict[str, tuple[str, Schema]] = {
    IDEMPOTENCY_KEY: (
        "The first 2xx answer is kept for seven days and given again to the same command with the same key. Refusals "
        "are not kept.",
        {"type": "string", "pattern": "^[!-~]{1,200}$"},
    ),
    OCCURRED_AT: (
        "When it became true, if not now: a time with its offset, not in the future and not before the latest fact of "
        "the record.",
        {"type": "string", "format": "date-time", "examples": [TIME]},
    ),
    ON_BEHALF_OF: ("For whom this is done.", {"type": "string", "minLength": 1, "maxLength": 200}),
    IF_MATCH: (
        'The `ETag` of the version that the record must still have, such as `"3"`; `*` for any.',
        {"type": "string", "pattern": r'^("\d{1,18}"|\*)$'},
    ),
}


def openapi_document(slices: Iterable[Slice], views: Iterable[View[Any]]) -> dict[str, Any]:
    """The whole description. Raises `TypeError` or `ValueError` when declarations contradict one another."""
    views = tuple(views)
    slices = (*slices, *history_slices(views))
    schemas = Schemas(slices, views, (*_RECORDED, *_EVERYWHERE))
    paths: dict[str, dict[str, Any]] = {}
    for declared in slices:
        for route in declared.routes:
            _put(paths, route, _operation(declared, route, schemas))
    for view in views:
        aggregate = view.aggregate
        _put(paths, Route("GET", f"/{aggregate.collection}"), _list_operation(aggregate, schemas))
        by_id = _path_parameter(aggregate.path_id, {"type": "string", "format": "uuid"})
        _put(paths, Route("GET", record_template(aggregate)), _get_operation(view, "", by_id, schemas))
        if view.key is not None:
            by_key = _path_parameter(view.key.name, {"type": "string", "minLength": 1})
            for template, beginning in key_templates(aggregate, view.key):
                name = f"_by_{beginning.rstrip('/').lower() or view.key.name}"
                _put(paths, Route("GET", template), _get_operation(view, name, by_key, schemas))
        if aggregate in LABELLED:
            for ending in LABEL_FORMATS:
                _put(paths, Route("GET", label_template(aggregate, ending)), _label_operation(view, ending, schemas))
    return {
        "openapi": "3.1.0",
        "info": {"title": TITLE, "version": version("cora"), "description": _DESCRIPTION},
        "paths": dict(sorted(paths.items())),
        "components": {
            "schemas": schemas.all,
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}},
        },
    }


def operation_id(declared: Slice, route: Route) -> str:
    """The name of the slice; a further route adds what it begins with."""
    return declared.name if route == declared.route else f"{declared.name}_at_{_tag(route)}"


def _put(paths: dict[str, dict[str, Any]], route: Route, operation: Schema) -> None:
    place = paths.setdefault(route.plain_path, {})
    if route.method.lower() in place:
        raise ValueError(f"{route} is declared twice")
    place[route.method.lower()] = operation


def _tag(route: Route) -> str:
    return route.path.split("/")[1].replace("-", "_")


def _operation(declared: Slice, route: Route, schemas: Schemas) -> Schema:
    match declared:
        case QuerySlice():
            return _question(declared, route, schemas)
        case CommandSlice() | HandlerSlice():
            return _command(declared, route, schemas)
        case ActSlice():
            answer = _content(schemas.answer(declared))
            responses = {str(declared.status): {"description": "Done.", **answer}}
            return _sent(declared, route, schemas, responses, _SENT, [])
        case BatchSlice():
            answer = _content(schemas.answer(declared))
            responses = {"200": {"description": "The answers, in the order of the commands.", **answer}}
            options = [option for option in _options() if option["name"] != IF_MATCH]
            return _sent(declared, route, schemas, responses, _of_any(declared), options)
        case _:
            raise TypeError(f"{declared.name} is a slice of no known kind")


def _command(declared: CommandSlice | HandlerSlice, route: Route, schemas: Schemas) -> Schema:
    refusals: list[type[Refusal]] = [*_RECORDED]
    creates = isinstance(declared, CommandSlice) and declared.creates
    if issubclass(declared.request, Creation):
        refusals.append(IdTakenError)
    answer = _content(ref(schemas.command_answer(declared)))
    tag = {"ETag": {"description": "The version of the record.", "schema": {"type": "string"}}}
    done = "Rehearsed, or nothing had to change." if creates else "Done, rehearsed, or nothing had to change."
    responses: Schema = {"200": {"description": done, "headers": tag, **answer}}
    if creates or (isinstance(declared, HandlerSlice) and declared.status == 201):
        location = {"Location": {"description": "The record.", "schema": {"type": "string"}}}
        responses["201"] = {"description": "Recorded.", "headers": {**tag, **location}, **answer}
    return _sent(declared, route, schemas, responses, refusals, _options())


def _options() -> list[Schema]:
    """What goes with any command, as parameters."""
    options = [
        {"name": name, "in": "header", "description": says, "schema": schema}
        for name, (says, schema) in _HEADER_SCHEMAS.items()
    ]
    rehearse = "Decide, and answer what would be recorded; record nothing."
    return [*options, {"name": DRY_RUN, "in": "query", "description": rehearse, "schema": {"type": "boolean"}}]


def _of_any(batch: BatchSlice) -> set[type[Refusal]]:
    """What may refuse an atomic batch: whatever may refuse one of its commands."""
    commands = [each for each in batch.commands.values() if isinstance(each, CommandSlice)]
    return {*_RECORDED, IdTakenError, *(one for each in commands for one in refusals_of(each))}


def _sent(
    declared: Slice,
    route: Route,
    schemas: Schemas,
    responses: Schema,
    refusals: Iterable[type[Refusal]],
    options: list[Schema],
) -> Schema:
    """A command: its path, body, options, answers and refusals."""
    fields = schemas.fields(declared)
    properties: Schema = dict(fields.get("properties", {}))
    path = [(name, properties.pop(name)) for name in route.path_fields]
    required = [name for name in fields.get("required", ()) if name in properties]
    body: Schema = properties["patch"] if body_is_patch(route) else {**fields, "properties": properties}
    if not body_is_patch(route):
        body.pop("required", None)
        if required:
            body["required"] = required
    name = f"{camel(operation_id(declared, route))}Request"
    schemas.components[name] = body
    content = {
        "schema": ref(name),
        "examples": {"needed": {"summary": "What must be given", "value": example(body, schemas.definitions)}},
    }
    return {
        **_about(declared, route),
        "parameters": [*(_path_parameter(name, schema) for name, schema in path), *options],
        "requestBody": {
            "required": bool(required) or body_is_patch(route),
            "content": {media_type.decode(): content for media_type in media_types(route)},
        },
        "responses": {**responses, **_refused(declared.allow, [*refusals, *refusals_of(declared)], schemas)},
    }


def _question(declared: QuerySlice, route: Route, schemas: Schemas) -> Schema:
    fields = schemas.fields(declared)
    parameters = [
        _path_parameter(name, schema)
        if name in route.path_fields
        else {
            "name": name,
            "in": "query",
            "required": name in fields.get("required", ()),
            "schema": schema,
            **({"explode": True} if takes_several(declared.request, name) else {}),
        }
        for name, schema in fields.get("properties", {}).items()
    ]
    if declared.has_past:
        parameters += _WHEN_PARAMETERS
    answer: Schema = {"description": "The answer.", **_content(schemas.answer(declared))}
    if declared.writes:
        tag = {"description": "Of this text; `If-None-Match` is answered with 304.", "schema": {"type": "string"}}
        answer = {"description": "The text.", "headers": {"ETag": tag}, "content": _texts(declared.writes)}
    elif declared.answer is PidinstRecord:
        answer["content"].update(_texts(each for each in MEDIA_TYPES if each not in answer["content"]))
        answer["description"] = "The record, or the form of it that `Accept` asks for."
        answer["headers"] = {"Vary": {"description": "`Accept`", "schema": {"type": "string"}}}
    if declared.follows:
        parameters.append(_LAST_EVENT_ID_PARAMETER)
        answer["content"][EVENT_STREAM.decode()] = {"schema": {"type": "string"}}
    return {
        **_about(declared, route),
        "parameters": parameters,
        "responses": {
            "200": answer,
            **_refused(declared.allow, [*_ASKED, *declared.refuses], schemas),
        },
    }


def _get_operation(view: View[Any], way: str, which: Schema, schemas: Schemas) -> Schema:
    aggregate = view.aggregate
    shown = _content(ref(f"{camel(aggregate.kind)}Record"))
    tag = {"ETag": {"description": "The version of the record.", "schema": {"type": "string"}}}
    name = aggregate.kind.replace("_", " ")
    return {
        "operationId": f"get_{aggregate.kind}{way}",
        "summary": f"One {name}, with its whole state and what a person needs beside it.",
        "tags": [aggregate.collection.replace("-", "_")],
        "security": _security(Role.READER),
        "parameters": [
            which,
            *_WHEN_PARAMETERS,
            {
                "name": EXPAND,
                "in": "query",
                "explode": False,
                "schema": {"type": "array", "items": {"enum": list(view.beside.names)}},
                "description": "What stands beside it as whole records, in `expanded`.",
            },
            {
                "name": BESIDE,
                "in": "query",
                "schema": {"type": "boolean", "default": True},
                "description": "`false` leaves out what stands beside it.",
            },
        ],
        "responses": {
            "200": {"description": "The record.", "headers": tag, **shown},
            **_refused(Role.READER, [*_ASKED, aggregate.not_found], schemas),
        },
    }


def _label_operation(view: View[Any], ending: str, schemas: Schemas) -> Schema:
    aggregate = view.aggregate
    media_type, _ = LABEL_FORMATS[ending]
    layouts = {"enum": list(LAYOUTS), "default": DEFAULT_LAYOUT}
    says = "On what it is printed; the size of the label is that of this layout."
    return {
        "operationId": f"get_{aggregate.kind}_label_{ending}",
        "summary": f"The label of one {aggregate.kind}: a QR code that leads to it, and what people read.",
        "tags": [aggregate.collection],
        "security": _security(Role.READER),
        "parameters": [
            _path_parameter(aggregate.path_id, {"type": "string", "format": "uuid"}),
            {"name": LAYOUT, "in": "query", "schema": layouts, "description": says},
        ],
        "responses": {
            "200": {"description": "The label.", "content": {media_type.decode(): {}}},
            **_refused(Role.READER, [*_ASKED, aggregate.not_found], schemas),
        },
    }


def _list_operation(aggregate: Aggregate[Any], schemas: Schemas) -> Schema:

    def texts(name: str) -> Schema:
        if known := choices(aggregate, name):
            return {"type": "array", "items": {"enum": list(known)}}
        declared = aggregate.filters.get(name)
        is_id = declared is not None and declared.relation is not None
        return {"type": "array", "items": {"type": "string", **({"format": "uuid"} if is_id else {})}}

    def fits(name: str) -> str:
        declared = aggregate.filters.get(name)
        is_part = declared is not None and declared.is_part
        return "Any of these, or a part of it, in upper or lower case." if is_part else "Any of these values."

    parameters: list[Schema] = [
        {"name": name, "in": "query", "explode": True, "schema": texts(name), "description": fits(name)}
        for name in filter_names(aggregate)
    ]
    if aggregate.sorts:
        orders = [order for name in sorted(aggregate.sorts) for order in (name, f"-{name}")]
        says = "Ascending, or with `-` descending; left out, by age."
        parameters.append({"name": "sort", "in": "query", "schema": {"enum": orders}, "description": says})
    if aggregate.filters:
        parameters.append(_listed("missing", sorted(aggregate.filters), "Records that have nothing there."))
    if aggregate.tree is not None:
        says = "Records below this one, at any depth: its id, or what people call it."
        parameters.append({"name": "under", "in": "query", "schema": {"type": "string"}, "description": says})
    parameters.append(_listed("fields", state_fields(aggregate), "The fields of the state that are wanted."))
    says = "`true` adds `count`, how many records there are on all pages."
    parameters.append({"name": "count", "in": "query", "schema": {"type": "boolean"}, "description": says})
    parameters += _WHEN_PARAMETERS
    limits = {"type": "integer", "minimum": 1, "maximum": MAXIMUM_LIMIT, "default": DEFAULT_LIMIT}
    parameters.append({"name": "limit", "in": "query", "schema": limits})
    says = "`next` of the page before."
    parameters.append({"name": "cursor", "in": "query", "schema": {"type": "string"}, "description": says})
    link = {"Link": {"description": 'The next page (`rel="next"`).', "schema": {"type": "string"}}}
    page = _content(ref(f"{camel(aggregate.kind)}Page"))
    page["content"].update(_AS_TABLES)
    collection = aggregate.collection.replace("-", "_")
    return {
        "operationId": f"list_{collection}",
        "summary": f"A page of the {aggregate.collection.replace('-', ' ')}.",
        "tags": [collection],
        "security": _security(Role.READER),
        "parameters": parameters,
        "responses": {
            "200": {"description": "The page, as JSON unless `Accept` asks for a table.", "headers": link, **page},
            **_refused(Role.READER, _ASKED, schemas),
        },
    }


def _listed(name: str, values: Sequence[str], says: str) -> Schema:
    """A parameter that takes several values with commas between."""
    schema = {"type": "array", "items": {"enum": list(values)}}
    return {"name": name, "in": "query", "explode": False, "schema": schema, "description": says}


def _about(declared: Slice, route: Route) -> Schema:
    text = " ".join(declared.doc.split())
    first, _, _ = text.partition(". ")
    return {
        "operationId": operation_id(declared, route),
        "summary": first.rstrip(".") + ".",
        "description": f"{text}\n\nRole: {declared.allow.label}.",
        "tags": [_tag(route)],
        "security": _security(declared.allow),
    }


def _security(allow: Role) -> list[Schema]:
    return [{"bearer": []}] if allow is not Role.ANONYMOUS else [{}, {"bearer": []}]


def _path_parameter(name: str, schema: Schema) -> Schema:
    return {"name": name, "in": "path", "required": True, "schema": schema}


def _content(schema: Schema) -> Schema:
    return {"content": {"application/json": {"schema": schema}}}


def _texts(media_types: Iterable[str]) -> Schema:
    """Texts of these types; of those that are JSON there is nothing more to say here."""
    return {each: {} if each.endswith("json") else {"schema": {"type": "string"}} for each in media_types}


def _refused(allow: Role, refusals: Iterable[type[Refusal]], schemas: Schemas) -> Schema:
    """A response for each status; several codes of one status are alternatives."""
    # Every token has a role that reads, so only what needs more can be forbidden.
    by_role = (UnauthenticatedError, ForbiddenError) if allow > Role.READER else (UnauthenticatedError,)

    def status(refusal: type[Refusal]) -> int:
        return refusal.status

    found: Schema = {}
    ordered = sorted({*by_role, *refusals}, key=lambda refusal: (refusal.status, refusal.code()))
    for number, same in groupby(ordered, status):
        group = list(same)
        response: Schema = {
            "description": "\n".join(f"* `{refusal.code()}`: {refusal.title()}" for refusal in group),
            "content": {"application/problem+json": {"schema": schemas.problems(group)}},
        }
        for name in {401: ("WWW-Authenticate",), 503: ("Retry-After",)}.get(number, ()):
            response["headers"] = {name: {"schema": {"type": "string"}}}
        found[str(number)] = response
    return found
