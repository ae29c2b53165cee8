"""Examples for the API description, made from the schemas: a value of each property that must be given."""

from collections.abc import Mapping
from typing import Any

ID = "01935c5e-7b1a-7c3e-9f2d-5a6b7c8d9e0f"
TIME = "2026-05-03T14:00:00.000000Z"

_BY_FORMAT = {
    "uuid": ID,
    "date-time": TIME,
    "date": TIME[:10],
    "email": "a.person@facility.example",
    "uri": "https://facility.example",
}
# Patterns that a made-up word does not match.
_LIKE = {"^https?://": "https://facility.example"}


def example(schema: Mapping[str, Any], definitions: Mapping[str, Any], name: str = "value") -> Any:
    """A value that fits a JSON Schema, with the property's own name as text where any text would do."""
    if "examples" in schema:
        return schema["examples"][0]
    for key in ("const", "default"):
        if schema.get(key) is not None:
            return schema[key]
    if "enum" in schema:
        return schema["enum"][0]
    if "$ref" in schema:
        return example(definitions[schema["$ref"].rsplit("/", 1)[1]], definitions, name)
    for key in ("allOf", "anyOf", "oneOf"):
        if key in schema:
            return example(schema[key][0], definitions, name)
    match schema.get("type"):
        case "object":
            return _object(schema, definitions)
        case "array":
            few = max(schema.get("minItems", 0), 0 if name in schema.get("required", ()) else 1)
            return [example(schema.get("items", {}), definitions, name.removesuffix("s"))] * min(few, 1)
        case "integer" | "number":
            return schema.get("minimum", 1)
        case "boolean":
            return True
        case "null":
            return None
        case _:
            return _text(schema, name)


def _object(schema: Mapping[str, Any], definitions: Mapping[str, Any]) -> dict[str, Any]:
    properties: Mapping[str, Any] = schema.get("properties", {})
    needed = schema.get("required", ())
    return {key: example(below, definitions, key) for key, below in properties.items() if key in needed}


def _text(schema: Mapping[str, Any], name: str) -> str:
    if schema.get("format") in _BY_FORMAT:
        return _BY_FORMAT[schema["format"]]
    pattern = str(schema.get("pattern", ""))
    for beginning, text in _LIKE.items():
        if pattern.startswith(beginning):
            return text
    return name.replace("_", "-")[: schema.get("maxLength", 100)]
