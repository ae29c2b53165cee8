import json
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cora.equipment.json_schema import (
    DRAFT,
    LARGEST,
    MOST_PATTERNS,
    MOST_RULES,
    at,
    rules_applied,
    schema_problems,
    schema_violations,
)

USABLE: list[dict[str, Any]] = [
    {},
    {"$schema": DRAFT},
    {"type": ["object", "null"], "properties": {"speed": {"type": "number", "unit": {"system": "UCUM", "code": "mm"}}}},
    {"$ref": "#/$defs/a", "$defs": {"a": {"type": "object"}}},
    {"$ref": "#named", "$defs": {"a": {"$anchor": "named"}}},
    {"$ref": "#"},
    {"$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"$ref": "#/$defs/a"}}},
    {"properties": {"$ref": {"type": "string"}}},
]

UNUSABLE: list[tuple[dict[str, Any], list[str]]] = [
    ({"type": "objekt"}, ["/s/type"]),
    ({"type": "objekt", "minimum": "low"}, ["/s/minimum", "/s/type"]),
    ({"properties": {"a/b~c": {"type": 1}}}, ["/s/properties/a~1b~0c/type"]),
    ({"required": "speed"}, ["/s/required"]),
    ({"properties": {"speed": {"pattern": "("}}}, ["/s/properties/speed/pattern"]),
    ({"$schema": "http://json-schema.org/draft-07/schema#"}, ["/s/$schema"]),
    ({"$schema": 3}, ["/s/$schema"]),
    ({"$ref": "https://example.org/schema"}, ["/s/$ref"]),
    ({"$ref": "other.json"}, ["/s/$ref"]),
    ({"$ref": "file:///etc/passwd"}, ["/s/$ref"]),
    ({"allOf": [{}, {"$ref": "https://example.org/"}]}, ["/s/allOf/1/$ref"]),
    ({"$dynamicRef": "https://example.org/#a"}, ["/s/$dynamicRef"]),
    ({"$ref": "#/$defs/nothing"}, ["/s"]),
    ({"$ref": "#nothing"}, ["/s"]),
    ({"$ref": "#/%ff"}, ["/s"]),
    ({"$id": "http://[::bad"}, ["/s"]),
]


@pytest.mark.parametrize("schema", USABLE)
def test_a_self_contained_schema_of_this_draft_can_be_used(schema: dict[str, Any]) -> None:
    assert schema_problems(schema, "/s") == ()


@pytest.mark.parametrize(("schema", "places"), UNUSABLE)
def test_every_problem_is_told_with_its_place(schema: dict[str, Any], places: list[str]) -> None:
    problems = schema_problems(schema, "/s")
    assert [problem.pointer for problem in problems] == places
    assert all(problem.detail for problem in problems)


def test_a_schema_has_at_most_64_kib() -> None:
    overhead = len(json.dumps({"title": ""}, separators=(",", ":")))
    assert schema_problems({"title": "t" * (LARGEST - overhead)}, "/s") == ()
    (problem,) = schema_problems({"title": "t" * (LARGEST - overhead + 1)}, "/s")
    assert "64 KiB" in problem.detail
    # Bytes count, not characters.
    assert schema_problems({"title": "é" * (LARGEST // 2)}, "/s")


_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63) + 1, 2**63 - 1) | st.floats(-1e300, 1e300) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=4,
)
_words = st.sampled_from(
    ["type", "properties", "required", "$ref", "$defs", "$id", "$anchor", "$dynamicRef", "$schema", "pattern", "items",
     "allOf", "if", "enum", "const", "minimum", "multipleOf", "minLength", "format", "patternProperties", "object", "#",
     "#/$defs/a", "http://example.org/", "a"]
)  # fmt: skip
_schemas = st.recursive(
    _values | _words,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_words, inner, max_size=4),
    max_leaves=8,
)


@given(st.dictionaries(_words, _schemas, max_size=4), _values)
def test_whatever_is_sent_there_is_an_answer_and_what_is_accepted_works(schema: dict[str, Any], value: Any) -> None:
    if not schema_problems(schema, "/s"):
        list(jsonschema_rs.Draft202012Validator(schema, offline=True).iter_errors(value))


def _doubling(depth: int, link: str) -> dict[str, Any]:
    """Each step makes two references to the next: what is applied grows beyond all bounds."""
    steps: dict[str, Any] = {f"{n}": {"allOf": [{"$ref": f"{link}{n + 1}"}] * 2} for n in range(depth)}
    return {"$ref": f"{link}0", "$defs": {**steps, f"{depth}": {"type": "object"}}}


@pytest.mark.parametrize("link", ["#/$defs/", "#/%24defs/"])
def test_a_schema_that_would_take_for_ever_is_refused(link: str) -> None:
    assert schema_problems(_doubling(5, link), "/s") == ()
    (problem,) = schema_problems(_doubling(500, link), "/s")
    assert problem.pointer == "/s"
    assert f"{MOST_RULES:,} rules" in problem.detail


def test_a_schema_has_so_many_patterns_at_most() -> None:
    patterns: dict[str, Any] = {f"^{n}$": {} for n in range(MOST_PATTERNS)}
    assert schema_problems({"patternProperties": patterns}, "/s") == ()
    (problem,) = schema_problems({"patternProperties": patterns, "allOf": [{"patternProperties": {"x": {}}}]}, "/s")
    assert "patterns" in problem.detail


def test_a_long_chain_of_references_is_no_problem() -> None:
    steps: dict[str, Any] = {f"{n}": {"$ref": f"#/$defs/{n + 1}"} for n in range(1500)}
    chain = {"$ref": "#/$defs/0", "$defs": {**steps, "1500": {"type": "object"}}}
    assert schema_problems(chain, "/s") == ()
    assert rules_applied(chain) == 1502
    assert list(schema_violations({}, chain)) == []
    assert [each.pointer for each in schema_violations(3, chain)] == [""]


@pytest.mark.parametrize(
    ("reference", "found"),
    [
        ("#", True), ("#/a~1b", 1), ("#/c/1", 3), ("#/c/2", None), ("#/c/x", None), ("#/%C3%A4", 4), ("#a", None),
        ("#/c/1/2", None),
    ],
)  # fmt: skip
def test_where_a_reference_leads(reference: str, found: Any) -> None:
    root = {"a/b": 1, "c": [2, 3], "ä": 4}
    assert at(root, reference) == (root if found is True else found)
