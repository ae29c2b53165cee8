"""JSON Schemas that come with a command: draft 2020-12, self-contained, of bounded size."""

import json
from collections.abc import Iterator, Mapping
from typing import Any, cast

from jsonschema_rs import Draft202012Validator, ValidationError

from cora.kernel.errors import Violation

DRAFT = "https://json-schema.org/draft/2020-12/schema"
LARGEST = 64 * 1024


def schema_problems(schema: Mapping[str, Any], pointer: str) -> tuple[Violation, ...]:
    """All that keeps a schema from being used; `pointer` is its place in the request. Empty when it can be."""
    if len(json.dumps(schema, ensure_ascii=False).encode()) > LARGEST:
        return (Violation(pointer, f"is larger than {LARGEST // 1024} KiB"),)
    if (draft := schema.get("$schema", DRAFT)) != DRAFT:
        return (Violation(f"{pointer}/$schema", f"must be {DRAFT} (or left out), not {draft!r}"),)
    remote = tuple(_remote_references(schema, pointer))
    if remote:
        return remote
    try:
        # Its constructor checks against the meta-schema and compiles every pattern.
        Draft202012Validator(dict(schema))
    except (ValidationError, ValueError) as error:
        place = "".join(f"/{step}" for step in getattr(error, "instance_path", ()))
        return (Violation(pointer + place, str(getattr(error, "message", error)).splitlines()[0]),)
    return ()


def _remote_references(schema: Any, pointer: str) -> Iterator[Violation]:
    if isinstance(schema, dict):
        for key, value in cast("dict[str, Any]", schema).items():
            place = f"{pointer}/{key.replace('~', '~0').replace('/', '~1')}"
            if key in ("$ref", "$dynamicRef") and isinstance(value, str) and not value.startswith("#"):
                yield Violation(place, "leads outside the schema; only references that start with # are allowed")
            else:
                yield from _remote_references(value, place)
    elif isinstance(schema, list):
        for index, item in enumerate(cast("list[Any]", schema)):
            yield from _remote_references(item, f"{pointer}/{index}")
