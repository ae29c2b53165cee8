"""Whether a request to DataCite is one that its own API description knows."""

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, cast

import yaml
from jsonschema_rs import Draft4Validator
from tests.authorities.loopback import Asked

DESCRIPTION = Path(__file__).parent / "data" / "datacite-rest-openapi-lupo-2026-08.yaml"


@cache
def description() -> Any:
    """The official description of DataCite's REST API."""
    return json.loads(json.dumps(yaml.safe_load(DESCRIPTION.read_text()), default=str))


@cache
def _checker(path: str, method: str, media_type: str) -> Draft4Validator:
    """OpenAPI 3.0 schemas are those of JSON Schema, draft 4, but for a few words that are not used here."""
    content = description()["paths"][path][method]["requestBody"]["content"]
    return Draft4Validator({**content[media_type]["schema"], "components": description()["components"]})


def complaints(asked: Asked) -> Iterator[str]:
    """What the description does not know of the request: its path, its method, a parameter or its body."""
    path = asked.path if asked.path in description()["paths"] else "/dois/{id}"
    if path == "/dois/{id}" and not asked.path.startswith("/dois/10."):
        yield f"{asked.path} is not described"
        return
    operation = description()["paths"][path].get(asked.method.lower())
    if operation is None:
        yield f"{asked.method} {path} is not described"
        return
    known = {each["name"]: each["schema"] for each in map(_resolved, operation.get("parameters", ()))}
    for name, value in asked.query:
        if name not in known:
            yield f"the parameter {name} is not described"
        elif known[name].get("type") == "integer" and not value.isdecimal():
            yield f"the parameter {name} is not an integer"
        elif "enum" in known[name] and value not in known[name]["enum"]:
            yield f"the parameter {name} is none of {known[name]['enum']}"
    content = operation.get("requestBody", {}).get("content", {})
    if not content:
        if asked.body:
            yield "there is a body"
        return
    media_type = asked.headers.get("content-type", "")
    if media_type not in content:
        yield f"the content type {media_type} is not described"
        return
    body = json.loads(asked.body)
    for error in _checker(path, asked.method.lower(), media_type).iter_errors(body):
        yield f"{error.instance_path}: {error.message}"
    yield from _read_only(body, content[media_type]["schema"], "$")
    yield from _unknown(body, content[media_type]["schema"], "$")


def _resolved(schema: Any) -> Any:
    while "$ref" in schema:
        found = description()
        for step in schema["$ref"].removeprefix("#/").split("/"):
            found = found[step]
        schema = {**{name: value for name, value in schema.items() if name != "$ref"}, **found}
    return schema


def _properties(schema: Any) -> dict[str, Any]:
    whole = _resolved(schema)
    found = dict(whole.get("properties", {}))
    for part in whole.get("allOf", ()):
        found |= _properties(part)
    return found


def _read_only(value: Any, schema: Any, at: str) -> Iterator[str]:
    if isinstance(value, dict):
        for name, below in _properties(schema).items():
            if name not in value:
                continue
            parts = [_resolved(below), *map(_resolved, _resolved(below).get("allOf", ()))]
            if any(part.get("readOnly") for part in parts):
                yield f"{at}.{name} is read-only"
            yield from _read_only(value[name], below, f"{at}.{name}")


def _unknown(value: Any, schema: Any, at: str) -> Iterator[str]:
    """Members that the description does not name: DataCite drops them without a word."""
    known = _properties(schema)
    if isinstance(value, dict) and known:
        for name, below in cast("dict[str, Any]", value).items():
            if name not in known:
                yield f"{at}.{name} is not described"
            else:
                yield from _unknown(below, known[name], f"{at}.{name}")
    elif isinstance(value, list) and "items" in _resolved(schema):
        for each in cast("list[Any]", value):
            yield from _unknown(each, _resolved(schema)["items"], f"{at}[]")
