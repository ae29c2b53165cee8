"""The schemas of the API description: commands, answers, records, events and problems, from their declarations."""

from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Any, cast, get_args, get_origin, get_type_hints
from uuid import UUID

from pydantic import TypeAdapter
from pydantic.json_schema import JsonSchemaMode

from cora.kernel.aggregate import Aggregate, Event
from cora.kernel.batch import BatchSlice
from cora.kernel.errors import PROBLEM_TYPE, Refusal, member_types
from cora.kernel.problem import PLACE, STANDARD_MEMBERS
from cora.kernel.showing import View
from cora.kernel.slice import ActSlice, CommandSlice, HandlerSlice, QuerySlice, Slice
from cora.kernel.written import adapter_of
from cora.surfaces.http.openapi_examples import ID, TIME, example

Schema = dict[str, Any]
_Key = tuple[str, ...]

_ROOT = "#/components/schemas/"
_UUID: Schema = {"type": "string", "format": "uuid"}
_TIME: Schema = {"type": "string", "format": "date-time", "examples": [TIME]}
_COUNT: Schema = {"type": "integer", "minimum": 0, "examples": [1]}


def ref(name: str) -> Schema:
    """A reference to a component."""
    return {"$ref": _ROOT + name}


class Schemas:
    """All components of one description. Raises `TypeError` when two would have one name."""

    def __init__(self, slices: Iterable[Slice], views: Iterable[View[Any]], common: Any) -> None:
        self.components: dict[str, Schema] = {}
        slices, views = tuple(slices), tuple(views)
        aggregates = tuple(view.aggregate for view in views)
        refusals = {refusal for each in slices for refusal in each.refuses}
        refusals |= {aggregate.not_found for aggregate in aggregates} | set(common)
        self._refusals = sorted(refusals, key=lambda refusal: refusal.code())
        inputs: list[tuple[_Key, JsonSchemaMode, TypeAdapter[Any]]] = []
        for each in slices:
            inputs.append((("request", each.name), "validation", adapter_of(each.request)))
            if isinstance(each, QuerySlice | ActSlice | BatchSlice):
                inputs.append((("answer", each.name), "serialization", adapter_of(each.answer)))
            if isinstance(each, HandlerSlice) and each.answer_fields is not None:
                inputs.append((("answer", each.name), "serialization", adapter_of(each.answer_fields)))
        inputs.extend(
            (("beside", view.aggregate.kind), "serialization", adapter_of(view.beside.answer)) for view in views
        )
        for aggregate in aggregates:
            inputs.append((("state", aggregate.kind), "serialization", aggregate.state_adapter))
            for kind, adapter in aggregate.event_adapters.items():
                inputs.append((("event", kind), "serialization", adapter))
        for refusal in self._refusals:
            hints = get_type_hints(refusal)
            for name in member_types(refusal):
                key = ("member", refusal.code(), name)
                inputs.append((key, "serialization", adapter_of(hints[name])))
        found, rest = TypeAdapter.json_schemas(inputs, ref_template=_ROOT + "{model}")
        definitions: dict[str, Schema] = _plain(rest.get("$defs", {}))
        states = {found[("state", each.kind), "serialization"].get("$ref"): each.kind for each in aggregates}
        names = {
            name: f"{camel(states[_ROOT + name])}State" if _ROOT + name in states else _short(name)
            for name in definitions
        }
        if len(set(names.values())) < len(names):
            raise TypeError(f"two schemas have one name: {sorted(names.values())}")
        self._found: dict[_Key, Schema] = {key: _renamed(_plain(schema), names) for (key, _), schema in found.items()}
        self.definitions = {names[name]: _renamed(schema, names) for name, schema in definitions.items()}
        # Commands are shown less the fields of their path; questions as parameters.
        self._requests = {each.name: self._taken_apart(("request", each.name)) for each in slices}
        for aggregate in aggregates:
            self._add_record(aggregate)
        for refusal in self._refusals:
            self._add_problem(refusal)

    @cached_property
    def all(self) -> dict[str, Schema]:
        """Every component that something may refer to, by name."""
        both = self.definitions.keys() & self.components.keys()
        if both:
            raise TypeError(f"two schemas have one name: {sorted(both)}")
        return dict(sorted({**self.definitions, **self.components}.items()))

    def fields(self, declared: Slice) -> Schema:
        """The schema of a request as it is declared, with the fields of its path."""
        return self._requests[declared.name]

    def answer(self, declared: Slice) -> Schema:
        """What a question, a batch, or a command beside the log, answers."""
        return self._found["answer", declared.name]

    def command_answer(self, declared: CommandSlice | HandlerSlice) -> str:
        """The name of the component for the answer to a command."""
        name = f"{camel(declared.name)}Answer"
        further: Schema = {}
        if ("answer", declared.name) in self._found:
            further = self._resolved(self._found["answer", declared.name])
        self.components[name] = {
            "type": "object",
            "properties": {
                "id": _UUID,
                "version": {**_COUNT, "description": "Of the record, afterwards."},
                "position": {**_COUNT, "description": "Of the log."},
                "occurred_at": {**_TIME, "description": "When it became true; absent when nothing changed."},
                "recorded_at": {**_TIME, "description": "When cora learned it; absent when nothing changed."},
                "dry_run": {"const": True, "description": "Present when nothing was recorded, only rehearsed."},
                "events": {"type": "array", "items": self._recorded(declared)},
                "state": self._found["state", declared.on.kind],
                **further.get("properties", {}),
            },
            "required": ["id", "version", "position", "events", "state"],
        }
        return name

    def problems(self, refusals: Iterable[type[Refusal]]) -> Schema:
        """The schema for any of some refusals."""
        codes = sorted({refusal.code() for refusal in refusals})
        if len(codes) == 1:
            return ref(f"{codes[0]}Problem")
        mapping = {code: f"{_ROOT}{code}Problem" for code in codes}
        return {
            "oneOf": [ref(f"{code}Problem") for code in codes],
            "discriminator": {"propertyName": "code", "mapping": mapping},
        }

    def _taken_apart(self, key: _Key) -> Schema:
        schema = self._found[key]
        return self.definitions.pop(schema["$ref"].removeprefix(_ROOT)) if "$ref" in schema else schema

    def _resolved(self, schema: Schema) -> Schema:
        return self.definitions[schema["$ref"].removeprefix(_ROOT)] if "$ref" in schema else schema

    def _recorded(self, declared: CommandSlice | HandlerSlice) -> Schema:
        """The events of an answer: those that the decision says it returns; any, where it does not say."""
        returns = get_type_hints(declared.run).get("return") if isinstance(declared, CommandSlice) else None
        kinds = list(_events_in(returns))
        if not kinds:
            return self._event("RecordedEvent", {"type": "string"}, {"type": "object"})
        shown = [
            self._event(f"Recorded{kind.__name__}", {"const": kind.__name__}, self._found["event", kind.__name__])
            for kind in kinds
        ]
        return shown[0] if len(shown) == 1 else {"anyOf": shown}

    def _event(self, name: str, kind: Schema, data: Schema) -> Schema:
        self.components[name] = {
            "type": "object",
            "properties": {"kind": kind, "stream": _UUID, "version": _COUNT, "data": data},
            "required": ["kind", "stream", "version", "data"],
        }
        return ref(name)

    def _add_record(self, aggregate: Aggregate[Any]) -> None:
        name, state = camel(aggregate.kind), self._found["state", aggregate.kind]
        record: Schema = {
            "id": _UUID,
            "kind": {"const": aggregate.kind},
            "version": _COUNT,
            "position": {**_COUNT, "description": "Of its last event in the log."},
            "began_at": {**_TIME, "description": "When its first event occurred."},
            "created_at": {**_TIME, "description": "When its first event was recorded."},
            "recorded_at": {**_TIME, "description": "When its last event was recorded."},
            "occurred_at": {**_TIME, "description": "When its last event occurred."},
            "state": state,
            "beside": self._found["beside", aggregate.kind],
            "expanded": {"type": "object", "description": "Whole records of what `expand` names, or null."},
        }
        required = [
            "id", "kind", "version", "position", "began_at", "created_at", "recorded_at", "occurred_at", "state",
        ]  # fmt: skip
        self.components[f"{name}Record"] = {"type": "object", "properties": record, "required": required}
        # `fields` leaves out what was not asked for, so that no field of a listed state is certain.
        narrowed = {key: value for key, value in self._resolved(state).items() if key != "required"}
        listed = {key: value for key, value in record.items() if key not in ("beside", "expanded")}
        self.components[f"{name}Listed"] = {
            "type": "object",
            "properties": {**listed, "state": narrowed},
            "required": required,
        }
        self.components[f"{name}Page"] = {
            "type": "object",
            "properties": {
                "items": {"type": "array", "items": ref(f"{name}Listed")},
                "next": {"type": ["string", "null"], "description": "The cursor of the next page; null: the last one."},
                "count": {**_COUNT, "description": "How many records there are on all pages, where asked for."},
            },
            "required": ["items", "next"],
        }

    def _add_problem(self, refusal: type[Refusal]) -> None:
        code = refusal.code()
        members = {name: self._found["member", code, name] for name in member_types(refusal)}
        if hidden := members.keys() & {*STANDARD_MEMBERS, PLACE}:
            raise TypeError(f"{refusal.__name__} has members with the names of the standard ones: {sorted(hidden)}")
        shown = {name: example(schema, self.definitions, name) for name, schema in members.items()}
        properties: Schema = {
            "type": {"const": PROBLEM_TYPE + code},
            "title": {"const": refusal.title()},
            "status": {"const": refusal.status},
            "detail": {"type": "string"},
            "code": {"const": code},
            "request_id": {"type": "string"},
            **members,
        }
        instance = {
            "type": PROBLEM_TYPE + code,
            "title": refusal.title(),
            "status": refusal.status,
            "detail": _said(refusal, shown),
            "code": code,
            "request_id": UUID(ID).hex,
            **shown,
        }
        self.components[f"{code}Problem"] = {
            "type": "object",
            "properties": properties,
            "required": list(properties),
            "examples": [instance],
        }


def camel(name: str) -> str:
    """`register_asset` as `RegisterAsset`."""
    return "".join(part.capitalize() for part in name.replace("-", "_").split("_"))


def _said(refusal: type[Refusal], members: Schema) -> str:
    if refusal.detail is not Refusal.detail:
        return refusal.title()
    return refusal.says.format(**members)


def _events_in(hint: Any) -> Iterable[type[Event]]:
    for each in get_args(hint):
        if isinstance(each, type) and issubclass(each, Event) and each is not Event:
            yield each
        elif get_origin(each) is not None or get_args(each):
            yield from _events_in(each)


def _plain(schema: Any) -> Any:
    """Without the titles that Pydantic makes of field names: they say nothing that the names do not."""
    if isinstance(schema, dict):
        given = cast("dict[str, Any]", schema)
        return {key: _plain(value) for key, value in given.items() if not (key == "title" and isinstance(value, str))}
    if isinstance(schema, list):
        return [_plain(item) for item in cast("list[Any]", schema)]
    return schema


def _short(name: str) -> str:
    """A definition's name, where two have the same class name that Pydantic then tells apart by whole modules."""
    *modules, last = name.split("__")
    return f"{modules[-1].capitalize()}{last}" if modules else name


def _renamed(schema: Any, names: Mapping[str, str]) -> Any:
    """The schema with its references under the names given to them."""
    if isinstance(schema, dict):
        given = cast("dict[str, Any]", schema)
        return {
            key: _ROOT + names[value.removeprefix(_ROOT)] if key == "$ref" else _renamed(value, names)
            for key, value in given.items()
        }
    if isinstance(schema, list):
        return [_renamed(item, names) for item in cast("list[Any]", schema)]
    return schema
