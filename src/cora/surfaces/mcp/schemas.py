"""JSON Schemas of what tools take and answer, from the same models that HTTP uses."""

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import JsonSchemaMode

from cora.kernel.slice import CommandSlice, HandlerSlice
from cora.kernel.written import adapter_of
from cora.surfaces.mcp.bounded import MORE
from cora.surfaces.mcp.describe import Views

Schema = dict[str, Any]

_ID: Schema = {"type": "string", "format": "uuid"}
_TIME: Schema = {"type": "string", "format": "date-time"}
_COUNT: Schema = {"type": "integer", "minimum": 0}
CUT: Schema = {
    "truncated": {"type": "boolean", "description": "present and true when something is left out for its length"},
    MORE: {"type": "string", "description": "what is left out, and how to ask for it"},
}
_EVENT: Schema = {
    "type": "object",
    "properties": {"kind": {"type": "string"}, "stream": _ID, "version": _COUNT, "data": {"type": "object"}},
    "required": ["kind", "stream", "version", "data"],
}


def input_schema(request: type[BaseModel], options: Mapping[str, Schema]) -> Schema:
    """What a tool takes: the fields of the request, then the options. Raises `TypeError` when one hides the other."""
    schema = _plain(_described(request, "validation"))
    fields: Schema = schema.setdefault("properties", {})
    if hidden := set(fields) & set(options):
        raise TypeError(f"{request.__name__} has fields with the names of options: {sorted(hidden)}")
    schema["properties"] = {**fields, **options}
    schema.pop("description", None)
    return schema


def answer_schema(answer: type[Any]) -> Schema:
    """What a question answers. Raises `TypeError` unless that is a JSON object."""
    schema = _plain(_described(answer, "serialization"))
    if schema.get("type") != "object":
        raise TypeError(f"{answer} is not a JSON object; an answer of a tool has to be one")
    return schema


def command_schema(declared: CommandSlice | HandlerSlice) -> Schema:
    """What a command answers (domain.md, section 1)."""
    further = declared.answer_fields if isinstance(declared, HandlerSlice) else None
    members, definitions = _members(further)
    properties: Schema = {
        "id": _ID,
        "version": {**_COUNT, "description": "of the record, after the command"},
        "position": {**_COUNT, "description": "of the log"},
        "occurred_at": _TIME,
        "recorded_at": _TIME,
        "dry_run": {"const": True, "description": "present when nothing was recorded, only rehearsed"},
        "events": {"type": "array", "items": _EVENT, "description": "what was recorded; empty: there was no change"},
        "state": {"type": "object", "description": "of the record, as get shows it"},
        **members,
    }
    required = ["id", "version", "position", "events", "state"]
    return {"type": "object", "properties": properties, "required": required, **definitions}


def question_schema(answers: Iterable[type[Any]]) -> Schema:
    """What a question answers, one of these. Raises `TypeError` when two parts of them have one name."""
    schemas = [answer_schema(answer) for answer in dict.fromkeys(answers)]
    definitions: Schema = {}
    for schema in schemas:
        schema["properties"] = {**CUT, **schema["properties"]}
        for name, part in schema.pop("$defs", {}).items():
            if definitions.setdefault(name, part) != part:
                raise TypeError(f"there are two parts of answers with the name {name}")
    whole = schemas[0] if len(schemas) == 1 else {"type": "object", "anyOf": schemas}
    return {**whole, "$defs": definitions} if definitions else whole


def envelope_schema(views: Views) -> Schema:
    """A record as it is shown, with what is beside it."""
    shown = _envelope(views)
    shown["properties"] |= {
        "beside": {"type": "object", "description": "what people want to know with it, by the kind of record"},
        "expanded": {"type": "object", "description": "members of `beside` as whole records"},
        **CUT,
    }
    return shown


def page_schema(views: Views) -> Schema:
    """A page of a list."""
    return {
        "type": "object",
        "properties": {
            "items": {"type": "array", "items": _envelope(views)},
            "next": {"type": ["string", "null"], "description": "the cursor of the next page; null: this is the last"},
            "count": {**_COUNT, "description": "of records on all pages, where asked for"},
            **CUT,
        },
        "required": ["items", "next"],
    }


def _envelope(views: Views) -> Schema:
    properties: Schema = {
        "id": _ID,
        "kind": {"enum": [view.aggregate.kind for view in views]},
        "version": _COUNT,
        "position": {**_COUNT, "description": "of its last event in the log"},
        "began_at": {**_TIME, "description": "when its first event occurred"},
        "created_at": {**_TIME, "description": "when its first event was recorded"},
        "recorded_at": {**_TIME, "description": "when its last event was recorded"},
        "occurred_at": {**_TIME, "description": "when its last event occurred"},
        "state": {"type": "object", "description": "its fields, by the kind of record"},
    }
    return {"type": "object", "properties": properties, "required": list(properties)}


def _members(model: type[BaseModel] | None) -> tuple[Schema, Schema]:
    if model is None:
        return {}, {}
    schema = _plain(_described(model, "serialization"))
    definitions = {"$defs": schema["$defs"]} if "$defs" in schema else {}
    return schema.get("properties", {}), definitions


@cache
def _described(kind: type[Any], mode: JsonSchemaMode) -> Schema:
    """The schema that Pydantic makes of a type. It is shared: `_plain` gives one that may be changed."""
    return adapter_of(kind).json_schema(mode=mode)


def _plain(schema: Any) -> Any:
    """Without the titles that Pydantic makes of field names: they say nothing that the names do not."""
    if isinstance(schema, dict):
        entries: dict[str, Any] = schema  # pyright: ignore[reportUnknownVariableType]
        return {key: _plain(value) for key, value in entries.items() if not (key == "title" and isinstance(value, str))}
    if isinstance(schema, list):
        items: list[Any] = schema  # pyright: ignore[reportUnknownVariableType]
        return [_plain(item) for item in items]
    return schema
