"""Settings of an asset: how a patch is merged, and what the schemas of its families say about the whole.

Everything here is pure. Settings, patches and schemas are JSON objects as
Python reads them (dict, list, str, int, float, bool, None).
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any, cast

from jsonschema_rs import Draft202012Validator

from cora.kernel.errors import Violation

_APPLIED_TO_THE_SAME_OBJECT = ("allOf", "anyOf", "oneOf")
_APPLIED_UNDER_A_CONDITION = ("if", "then", "else")


@dataclass(frozen=True)
class FamilySchema:
    """The settings schema of a family, with the family's name for messages."""

    family: str
    schema: Mapping[str, Any]


def merged(settings: Mapping[str, Any], patch: Mapping[str, Any]) -> dict[str, Any]:
    """The settings after an RFC 7396 merge patch: null removes a key, an object is merged, all else replaces."""
    result = dict(settings)
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        elif isinstance(value, Mapping):
            result[key] = merged(_object(result.get(key)), _object(value))
        else:
            result[key] = value
    return result


def same_json(one: Any, other: Any) -> bool:
    """Whether two JSON values are equal: 1 and 1.0 are, 1 and true are not, the order of keys does not matter."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        first, second = _object(one), _object(other)
        return first.keys() == second.keys() and all(same_json(first[key], second[key]) for key in first)
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        items, others = cast("Sequence[Any]", one), cast("Sequence[Any]", other)
        return len(items) == len(others) and all(map(same_json, items, others))
    return bool(one == other)


def setting_violations(settings: Mapping[str, Any], schemas: Sequence[FamilySchema]) -> tuple[Violation, ...]:
    """All that is wrong with the whole settings of an asset, by place; empty when they hold.

    Every schema must hold, every key must be declared by one of them, and no
    two may declare a key that is used with different types. Without a schema
    no key is declared, so the settings must be empty. Pointers lead into the
    settings.
    """
    found = {
        *_undeclared(settings, schemas),
        *_declared_differently(settings, schemas),
        *(
            Violation(broken.pointer, f"{broken.detail} (family {each.family})")
            for each in schemas
            for broken in schema_violations(settings, each.schema)
        ),
    }
    return tuple(sorted(found, key=lambda violation: (violation.pointer, violation.detail)))


def schema_violations(value: Any, schema: Mapping[str, Any]) -> tuple[Violation, ...]:
    """Every place where a value breaks a JSON Schema (draft 2020-12), as pointers into the value."""
    return tuple(
        Violation(pointer(error.instance_path), error.message)
        for error in Draft202012Validator(dict(schema)).iter_errors(value)
    )


def pointer(path: Iterable[str | int]) -> str:
    """A path as an RFC 6901 pointer."""
    return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in path)


def _object(value: Any) -> Mapping[str, Any]:
    """The value as a JSON object; an empty one where it is something else."""
    return cast("Mapping[str, Any]", value) if isinstance(value, Mapping) else {}


def _undeclared(settings: Mapping[str, Any], schemas: Sequence[FamilySchema]) -> Iterator[Violation]:
    declarations = [declared for each in schemas for declared in _declarations(each.schema, each.schema)]
    for key in settings:
        if not any(declared.covers(key) for declared in declarations):
            known = sorted({declared.key for declared in declarations if not declared.is_pattern})
            if not schemas:
                says = "no family of this asset has a settings schema, so it can have no settings"
            elif known:
                says = f"no family of this asset declares this setting; declared are {', '.join(known)}"
            else:
                says = "no family of this asset declares this setting"
            yield Violation(pointer((key,)), says)


def _declared_differently(settings: Mapping[str, Any], schemas: Sequence[FamilySchema]) -> Iterator[Violation]:
    for key in settings:
        typed = [
            (each.family, types)
            for each in schemas
            if (types := _types(_declarations(each.schema, each.schema), each.schema, key))
        ]
        for (family, types), (other, other_types) in combinations(sorted(typed, key=lambda pair: pair[0]), 2):
            if types != other_types:
                yield Violation(
                    pointer((key,)),
                    f"family {family} declares this setting as {_listed(types)}, family {other} as "
                    f"{_listed(other_types)}; correct the schema of one of them first",
                )


def _listed(types: frozenset[str]) -> str:
    return " or ".join(sorted(types))


@dataclass(frozen=True)
class _Declared:
    """A key that a schema declares, or with `is_pattern` a regular expression for keys."""

    key: str
    schema: Any
    is_pattern: bool = False

    def covers(self, key: str) -> bool:
        if not self.is_pattern:
            return self.key == key
        # The validator's own regular expressions decide, so that both agree.
        return not Draft202012Validator({"patternProperties": {self.key: False}}).is_valid({key: None})


def _declarations(schema: Any, root: Mapping[str, Any], followed: set[str] | None = None) -> Iterator[_Declared]:
    """What a schema declares for the object itself, also by way of `allOf` and the like and of local references."""
    followed = set() if followed is None else followed
    rules = _object(schema)
    for key, below in _object(rules.get("properties")).items():
        yield _Declared(key, below)
    for pattern, below in _object(rules.get("patternProperties")).items():
        yield _Declared(pattern, below, is_pattern=True)
    applied = [rules[name] for name in _APPLIED_UNDER_A_CONDITION if name in rules]
    applied += _object(rules.get("dependentSchemas")).values()
    for name in _APPLIED_TO_THE_SAME_OBJECT:
        applied += rules.get(name, [])
    reference = rules.get("$ref")
    # Each reference is followed once: schemas may refer to themselves, or to one another a great many times.
    if isinstance(reference, str) and reference not in followed:
        followed.add(reference)
        applied.append(_at(root, reference))
    for each in applied:
        yield from _declarations(each, root, followed)


def _types(declarations: Iterable[_Declared], root: Mapping[str, Any], key: str) -> frozenset[str]:
    """The JSON types that declarations give a key; empty where they say nothing about it."""
    return frozenset(
        name
        for declared in declarations
        if declared.covers(key)
        for name in _types_named(declared.schema, root, frozenset())
    )


def _types_named(schema: Any, root: Mapping[str, Any], followed: frozenset[str]) -> Iterator[str]:
    rules = _object(schema)
    match rules.get("type"):
        case str(name):
            yield name
        case [*names]:
            yield from cast("list[str]", names)
        case _:
            reference = rules.get("$ref")
            if isinstance(reference, str) and reference not in followed:
                yield from _types_named(_at(root, reference), root, followed | {reference})


def _at(root: Mapping[str, Any], reference: str) -> Any:
    """What a local reference (`#/$defs/angle`) leads to, None where that is nothing."""
    found: Any = root
    if not re.fullmatch(r"#(/.*)?", reference):
        return None
    for step in reference[1:].split("/")[1:]:
        step = step.replace("~1", "/").replace("~0", "~")
        found = _object(found).get(step)
    return found
