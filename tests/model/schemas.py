"""JSON Schemas for settings and overrides, in the few keywords that the plain model understands by itself."""

from collections.abc import Iterable
from typing import Any

from tests.model.world import State

SPEED = {"type": "object", "properties": {"speed": {"type": "number", "minimum": 0}}}
MODE = {"type": "object", "properties": {"mode": {"type": "string", "enum": ["slow", "fast"]}}, "required": ["mode"]}
SPEED_IN_WORDS = {"type": "object", "properties": {"speed": {"type": "string"}, "note": {"type": "string"}}}
GAIN_ONLY = {"type": "object", "properties": {"gain": {"type": "integer"}}, "additionalProperties": False}

USABLE: tuple[State, ...] = (SPEED, MODE, SPEED_IN_WORDS, GAIN_ONLY)
UNUSABLE: tuple[State, ...] = (
    {"type": "velocity"},
    {"$ref": "https://example.org/speed.json"},
    {"properties": {"speed": {"minimum": "fast"}}},
)
VALUES: tuple[Any, ...] = (1.5, 0, -1, 3, "slow", "fast", "other", None)
KEYS = ("speed", "mode", "gain", "note", "unheard_of")

_TYPES: dict[str, Any] = {"number": (int, float), "integer": int, "string": str}


def fits(schema: State, value: State) -> bool:
    """Whether an object satisfies a schema."""
    properties = schema["properties"]
    if not all(name in value for name in schema.get("required", ())):
        return False
    if schema.get("additionalProperties") is False and not set(value) <= set(properties):
        return False
    return all(_fits_property(properties[name], each) for name, each in value.items() if name in properties)


def _fits_property(schema: State, value: Any) -> bool:
    return (
        isinstance(value, _TYPES[schema["type"]])
        and value in schema.get("enum", [value])
        and not ("minimum" in schema and value < schema["minimum"])
    )


def settings_hold(settings: State, schemas: Iterable[State]) -> bool:
    """Whether every schema holds, every key is declared, and none of those used is declared with two types."""
    schemas = list(schemas)
    for key in settings:
        types = {schema["properties"][key]["type"] for schema in schemas if key in schema["properties"]}
        if len(types) != 1:
            return False
    return all(fits(schema, settings) for schema in schemas)


def merged(target: Any, patch: Any) -> Any:
    """RFC 7396."""
    if not isinstance(patch, dict):
        return patch
    result: State = dict(target) if isinstance(target, dict) else {}  # pyright: ignore[reportUnknownArgumentType]
    for key, value in patch.items():  # pyright: ignore[reportUnknownVariableType]
        if value is None:
            result.pop(key, None)  # pyright: ignore[reportUnknownArgumentType]
        else:
            result[key] = merged(result.get(key), value)  # pyright: ignore[reportUnknownArgumentType]
    return result
