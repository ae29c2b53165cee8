"""JSON Schemas that come with a command: draft 2020-12, self-contained, of bounded size; and what they say of a value.

The validator puts every violation into words before it tells the first one,
each with the part of the value that it is about. How many there can be
follows from how many rules a schema applies and how large the value is, so
both are looked at before it is asked for all of them.
"""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, cast
from urllib.parse import unquote

from jsonschema_rs import Draft202012Validator, ValidationError

from cora.kernel.errors import Violation, pointer

DRAFT = "https://json-schema.org/draft/2020-12/schema"
LARGEST = 64 * 1024
MOST_RULES = 10_000
"""Rules that a schema may apply: its objects, those behind a reference as often as it is made."""
MOST_PATTERNS = 100

_MOST_EVALUATED = 100_000
_MOST_SHOWN = 2_000_000


def schema_problems(schema: Mapping[str, Any], place: str) -> tuple[Violation, ...]:
    """All that keeps a schema from being used; `place` is its pointer in the request. Empty when it can be."""
    if len(json.dumps(schema, ensure_ascii=False, separators=(",", ":")).encode()) > LARGEST:
        return (Violation(place, f"is larger than {LARGEST // 1024} KiB"),)
    if (draft := schema.get("$schema", DRAFT)) != DRAFT:
        return (Violation(f"{place}/$schema", f"must be {DRAFT} (or left out), not {draft!r}"),)
    remote = tuple(_remote_references(schema, place))
    if remote:
        return remote
    errors = list(Draft202012Validator({"$ref": DRAFT}).iter_errors(dict(schema))) or list(_unusable(schema))
    found = [Violation(place + pointer(error.instance_path), error.message) for error in errors]
    return tuple(sorted(found or _too_much(schema, place), key=lambda violation: (violation.pointer, violation.detail)))


def schema_violations(value: Any, schema: Mapping[str, Any]) -> Iterator[Violation]:
    """Every place where a value breaks a usable schema, as pointers into the value; the first where it is large."""
    validator = Draft202012Validator(dict(schema))
    if validator.is_valid(value):
        return
    rules = rules_applied(schema)
    is_small = len(json.dumps(value)) * rules <= _MOST_SHOWN
    if is_small and sum(1 for _ in _parts(value)) * rules <= _MOST_EVALUATED:
        for error in validator.iter_errors(value):
            yield Violation(pointer(error.instance_path), error.message)
    elif is_small or not _has_alternatives(schema):
        try:
            validator.validate(value)
        except ValidationError as error:
            yield Violation(pointer(error.instance_path), error.message)
    else:
        yield Violation("", "does not satisfy the schema; both are too large to tell the place")


def at(root: Mapping[str, Any], reference: str) -> Any:
    """What a local reference (`#/$defs/angle`) leads to, None where that is nothing."""
    if not re.fullmatch(r"#(/.*)?", reference, re.DOTALL):
        return None
    found: Any = root
    for step in unquote(reference[1:]).split("/")[1:]:
        step = step.replace("~1", "/").replace("~0", "~")
        if isinstance(found, list):
            items = cast("list[Any]", found)
            found = items[int(step)] if re.fullmatch("[0-9]{1,6}", step) and int(step) < len(items) else None
        else:
            found = cast("Mapping[str, Any]", found).get(step) if isinstance(found, Mapping) else None
    return found


def rules_applied(schema: Mapping[str, Any]) -> int:
    """How many rules a schema comes to: its objects, those behind a reference as often as it is made.

    A reference that leads back to itself counts once.
    """
    known: dict[str, int] = {}
    inside = {"#": _within(schema)}
    # Not by recursion: how long a chain of references is, is up to whoever wrote the schema.
    on_the_way: dict[str, Iterator[str]] = {"#": iter(inside["#"][1])}
    while on_the_way:
        here = next(reversed(on_the_way))
        for reference in on_the_way[here]:
            if reference not in known and reference not in on_the_way:
                inside[reference] = _within(at(schema, reference))
                on_the_way[reference] = iter(inside[reference][1])
                break
        else:
            objects, references = inside[here]
            known[here] = objects + sum(known.get(reference, 1) for reference in references)
            del on_the_way[here]
    return known["#"]


def _within(schema: Any) -> tuple[int, list[str]]:
    """How many objects a schema holds that are applied where it is, and the references in them."""
    objects = list(_objects(schema, apart="$defs"))
    named = [each.get(name) for each in objects for name in ("$ref", "$dynamicRef")]
    return len(objects), [reference for reference in named if isinstance(reference, str)]


def _parts(value: Any, apart: str | None = None) -> Iterator[Any]:
    """Every value inside a value, itself included, but for what stands under the key `apart`."""
    waiting = [value]
    while waiting:
        part = waiting.pop()
        yield part
        if isinstance(part, dict):
            waiting += [below for key, below in cast("dict[str, Any]", part).items() if key != apart]
        elif isinstance(part, list):
            waiting += cast("list[Any]", part)


def _objects(value: Any, apart: str | None = None) -> Iterator[dict[str, Any]]:
    return (cast("dict[str, Any]", part) for part in _parts(value, apart) if isinstance(part, dict))


def _has_alternatives(schema: Mapping[str, Any]) -> bool:
    """Whether one violation may hold those of every alternative."""
    return any("anyOf" in each or "oneOf" in each for each in _objects(schema))


def _too_much(schema: Mapping[str, Any], place: str) -> Iterator[Violation]:
    """What would take too long to apply."""
    if rules_applied(schema) > MOST_RULES:
        yield Violation(place, f"applies more than {MOST_RULES:,} rules when its references are followed; simplify it")
    patterns = [cast("Any", each.get("patternProperties")) for each in _objects(schema)]
    if sum(len(each) for each in patterns if isinstance(each, dict)) > MOST_PATTERNS:  # pyright: ignore[reportUnknownArgumentType]
        yield Violation(place, f"has more than {MOST_PATTERNS} patterns for keys; name the keys instead")


def _unusable(schema: Mapping[str, Any]) -> Iterator[ValidationError]:
    """What only shows when the schema is put together: a pattern that is none, a reference that leads nowhere."""
    try:
        Draft202012Validator(dict(schema), retriever=_nothing_at)
    except ValidationError as error:
        yield error


def _nothing_at(uri: str) -> Any:
    # No schema may have this process fetch anything, whatever it manages to say.
    raise LookupError(f"{uri} is not part of the schema")


def _remote_references(schema: Any, place: str) -> Iterator[Violation]:
    if isinstance(schema, dict):
        for key, value in cast("dict[str, Any]", schema).items():
            below = place + pointer((key,))
            if key in ("$ref", "$dynamicRef") and isinstance(value, str) and not value.startswith("#"):
                yield Violation(below, "leads outside the schema; only references that start with # are allowed")
            else:
                yield from _remote_references(value, below)
    elif isinstance(schema, list):
        for index, item in enumerate(cast("list[Any]", schema)):
            yield from _remote_references(item, f"{place}/{index}")
