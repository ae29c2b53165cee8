"""JSON Schemas that come with a command: draft 2020-12, self-contained, of bounded size."""

import json
from collections.abc import Iterator, Mapping
from typing import Any, cast

from jsonschema_rs import Draft202012Validator, ValidationError

from cora.equipment.settings import pointer as pointer_to
from cora.kernel.errors import Violation

DRAFT = "https://json-schema.org/draft/2020-12/schema"
LARGEST = 64 * 1024


def schema_problems(schema: Mapping[str, Any], pointer: str) -> tuple[Violation, ...]:
    """All that keeps a schema from being used; `pointer` is its place in the request. Empty when it can be."""
    if len(json.dumps(schema, ensure_ascii=False, separators=(",", ":")).encode()) > LARGEST:
        return (Violation(pointer, f"is larger than {LARGEST // 1024} KiB"),)
    if (draft := schema.get("$schema", DRAFT)) != DRAFT:
        return (Violation(f"{pointer}/$schema", f"must be {DRAFT} (or left out), not {draft!r}"),)
    remote = tuple(_remote_references(schema, pointer))
    if remote:
        return remote
    errors = list(Draft202012Validator({"$ref": DRAFT}).iter_errors(dict(schema))) or list(_unusable(schema))
    found = [Violation(pointer + pointer_to(error.instance_path), error.message) for error in errors]
    return tuple(sorted(found, key=lambda violation: (violation.pointer, violation.detail)))


def _unusable(schema: Mapping[str, Any]) -> Iterator[ValidationError]:
    """What only shows when the schema is put together: a pattern that is none, a reference that leads nowhere."""
    try:
        Draft202012Validator(dict(schema), retriever=_nothing_at)
    except ValidationError as error:
        yield error


def _nothing_at(uri: str) -> Any:
    # No schema may have this process fetch anything, whatever it manages to say.
    raise LookupError(f"{uri} is not part of the schema")


def _remote_references(schema: Any, pointer: str) -> Iterator[Violation]:
    if isinstance(schema, dict):
        for key, value in cast("dict[str, Any]", schema).items():
            place = pointer + pointer_to((key,))
            if key in ("$ref", "$dynamicRef") and isinstance(value, str) and not value.startswith("#"):
                yield Violation(place, "leads outside the schema; only references that start with # are allowed")
            else:
                yield from _remote_references(value, place)
    elif isinstance(schema, list):
        for index, item in enumerate(cast("list[Any]", schema)):
            yield from _remote_references(item, f"{pointer}/{index}")
