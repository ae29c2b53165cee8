"""Settings of an asset: how a patch is merged, and what the schemas of its families say about the whole.

Everything here is pure. Settings, patches and schemas are JSON objects as
Python reads them (dict, list, str, int, float, bool, None).
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, combinations, islice
from typing import Any, cast

from jsonschema_rs import Draft202012Validator

from cora.equipment.json_schema import at, schema_violations
from cora.kernel.errors import MAXIMUM_VIOLATIONS, Violation, pointer

LARGEST = 1 << 20
"""Bytes of the settings of an asset, as JSON."""

_MOST_NAMED = 20
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
    """What is wrong with the whole settings of an asset, by place, as far as a refusal tells it; empty when they hold.

    Every schema must hold, every key must be declared by one of them, and no
    two may declare a key that is used with different types. Without a schema
    no key is declared, so the settings must be empty. Pointers lead into the
    settings.
    """
    declared = [_Declared.by(each) for each in schemas]
    broken = (
        Violation(violation.pointer, f"{violation.detail} (family {each.family})")
        for each in schemas
        for violation in schema_violations(settings, each.schema)
    )
    found = chain(
        _too_large(settings), _undeclared(settings, declared), _declared_differently(settings, declared), broken
    )
    different = set(islice(found, MAXIMUM_VIOLATIONS + 1))
    return tuple(sorted(different, key=lambda violation: (violation.pointer, violation.detail)))


def _object(value: Any) -> Mapping[str, Any]:
    """The value as a JSON object; an empty one where it is something else."""
    return cast("Mapping[str, Any]", value) if isinstance(value, Mapping) else {}


@dataclass(frozen=True)
class _Declared:
    """What the schema of a family declares: keys, and patterns for keys, each with what is said of them."""

    family: str
    keys: Mapping[str, Sequence[Any]]
    patterns: Mapping[str, Sequence[Any]]
    root: Mapping[str, Any]

    @classmethod
    def by(cls, family: FamilySchema) -> "_Declared":
        """What is declared for the object itself, also by way of `allOf` and the like and of local references."""
        keys: dict[str, list[Any]] = {}
        patterns: dict[str, list[Any]] = {}
        # Each reference is followed once: schemas may refer to themselves, or to one another a great many times. Not by
        # recursion: how long a chain of them is, is up to whoever wrote the schema.
        followed: set[str] = set()
        waiting: list[Any] = [family.schema]
        while waiting:
            rules = _object(waiting.pop())
            for found, name in ((keys, "properties"), (patterns, "patternProperties")):
                for key, below in _object(rules.get(name)).items():
                    found.setdefault(key, []).append(below)
            waiting += [rules[name] for name in _APPLIED_UNDER_A_CONDITION if name in rules]
            waiting += _object(rules.get("dependentSchemas")).values()
            for name in _APPLIED_TO_THE_SAME_OBJECT:
                waiting += rules.get(name, [])
            reference = rules.get("$ref")
            if isinstance(reference, str) and reference not in followed:
                followed.add(reference)
                waiting.append(at(family.schema, reference))
        return cls(family.family, keys, patterns, family.schema)

    def types(self, settings: Mapping[str, Any]) -> dict[str, frozenset[str]]:
        """The JSON types that are given to each of the settings; what nothing is said about is left out."""
        known: dict[str, frozenset[str]] = {}
        found: dict[str, set[str]] = {}
        for key in self.keys.keys() & settings.keys():
            found.setdefault(key, set()).update(*(_types(below, self.root, known) for below in self.keys[key]))
        for pattern, said in self.patterns.items():
            types = frozenset[str]().union(*(_types(below, self.root, known) for below in said))
            if types:
                fits = _matching([pattern])
                for key in settings:
                    if fits.is_valid(key):
                        found.setdefault(key, set()).update(types)
        return {key: frozenset(types) for key, types in found.items() if types}


def _matching(patterns: Iterable[str]) -> Draft202012Validator:
    """Says of a key whether it fits a pattern. The validator's own regular expressions decide, so that both agree."""
    return Draft202012Validator({"anyOf": [{"pattern": pattern} for pattern in patterns]})


def _types(schema: Any, root: Mapping[str, Any], known: dict[str, frozenset[str]]) -> frozenset[str]:
    """The types that a schema names, itself or by reference; `known` are those behind references."""
    followed: dict[str, None] = {}
    types = frozenset[str]()
    while True:
        rules = _object(schema)
        reference = rules.get("$ref")
        match rules.get("type"):
            case str(name):
                types = frozenset({name})
            case [*names]:
                types = frozenset(cast("list[str]", names))
            case _ if isinstance(reference, str) and reference in known:
                types = known[reference]
            case _ if isinstance(reference, str) and reference not in followed:
                followed[reference] = None
                schema = at(root, reference)
                continue
            case _:
                pass
        known.update(dict.fromkeys(followed, types))
        return types


def _too_large(settings: Mapping[str, Any]) -> Iterator[Violation]:
    if len(json.dumps(settings, ensure_ascii=False, separators=(",", ":")).encode()) > LARGEST:
        yield Violation("", f"would be larger than {LARGEST >> 20} MiB")


def _undeclared(settings: Mapping[str, Any], declared: Sequence[_Declared]) -> Iterator[Violation]:
    keys = {key for each in declared for key in each.keys}
    patterns = {pattern for each in declared for pattern in each.patterns}
    fits = _matching(patterns) if patterns else None
    if not declared:
        says = "no family of this asset has a settings schema, so it can have no settings"
    elif keys:
        shown = sorted(keys)[:_MOST_NAMED]
        more = f" and {len(keys) - len(shown)} more" if len(keys) > len(shown) else ""
        says = f"no family of this asset declares this setting; declared are {', '.join(shown)}{more}"
    else:
        says = "no family of this asset declares this setting"
    for key in settings:
        if key not in keys and (fits is None or not fits.is_valid(key)):
            yield Violation(pointer((key,)), says)


def _declared_differently(settings: Mapping[str, Any], declared: Sequence[_Declared]) -> Iterator[Violation]:
    typed: dict[str, list[tuple[str, frozenset[str]]]] = {}
    for each in sorted(declared, key=lambda each: each.family) if len(declared) > 1 else ():
        for key, types in each.types(settings).items():
            typed.setdefault(key, []).append((each.family, types))
    for key, pairs in typed.items():
        for (family, types), (other, other_types) in combinations(pairs, 2):
            if types != other_types:
                yield Violation(
                    pointer((key,)),
                    f"family {family} declares this setting as {_listed(types)}, family {other} as "
                    f"{_listed(other_types)}; correct the schema of one of them first",
                )


def _listed(types: frozenset[str]) -> str:
    return " or ".join(sorted(types))
