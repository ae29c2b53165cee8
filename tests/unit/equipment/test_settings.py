"""Settings: the merge patch and the validation of the whole."""

import json
import resource
import time
from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cora.equipment.aggregates.asset.errors import InvalidAssetSettingsError
from cora.equipment.json_schema import MOST_PATTERNS, schema_violations
from cora.equipment.settings import LARGEST, FamilySchema, merged, same_json, setting_violations
from cora.kernel.errors import MAXIMUM_VIOLATIONS, Violation, pointer

ROTARY = FamilySchema(
    "RotaryStage",
    {
        "type": "object",
        "required": ["max_speed"],
        "properties": {
            "max_speed": {"type": "number", "minimum": 0},
            "limits": {"type": "object", "properties": {"low": {"type": "number"}, "high": {"type": "number"}}},
        },
    },
)
CAMERA = FamilySchema("Camera", {"type": "object", "properties": {"bit_depth": {"type": "integer"}}})
MIRROR = FamilySchema("Mirror", {"properties": {"max_speed": {"type": "string"}}})

json_values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.floats(-5, 5) | st.text("abé/~", max_size=2),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abc/~", max_size=2), inner, max_size=3),
    max_leaves=8,
)
json_objects = st.dictionaries(st.text("abc/~", max_size=2), json_values, max_size=4)


# The examples of RFC 7396, appendix A, as far as they are objects on both sides.
@pytest.mark.parametrize(
    ("settings", "patch", "result"),
    [
        ({"a": "b"}, {"a": "c"}, {"a": "c"}),
        ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
        ({"a": "b"}, {"a": None}, {}),
        ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
        ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
        ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
        ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
        ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
        ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
        ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
    ],
)
def test_the_examples_of_the_rfc(settings: Any, patch: Any, result: Any) -> None:
    assert merged(settings, patch) == result


@given(json_objects, json_objects)
def test_a_patch_says_of_each_key_what_becomes_of_it(settings: dict[str, Any], patch: dict[str, Any]) -> None:
    before = deepcopy(settings)
    result = merged(settings, patch)
    assert json.dumps(settings) == json.dumps(before)
    for key, value in patch.items():
        if value is None:
            assert key not in result
        elif isinstance(value, dict):
            below = settings.get(key)
            assert same_json(result[key], merged(below if isinstance(below, dict) else {}, value))  # pyright: ignore[reportUnknownArgumentType]
        else:
            assert same_json(result[key], value)
    untouched = settings.keys() - patch.keys()
    assert result.keys() - patch.keys() == untouched
    assert all(same_json(result[key], settings[key]) for key in untouched)
    assert same_json(merged(result, patch), result)


@given(json_values)
def test_a_value_equals_its_own_text_read_again(value: Any) -> None:
    assert same_json(value, json.loads(json.dumps(value)))


@given(json_values, json_values)
def test_equality_is_symmetric_and_tells_texts_apart(one: Any, other: Any) -> None:
    assert same_json(one, other) == same_json(other, one)
    if json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True):
        assert same_json(one, other)


@pytest.mark.parametrize(
    ("one", "other", "equal"),
    [
        (1, 1.0, True),
        (1, True, False),
        (0, False, False),
        (0, None, False),
        ("ab", ["a", "b"], False),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}, True),
        ({"a": 1}, {"a": True}, False),
        ([1, 2], [2, 1], False),
        ([1], [1, 1], False),
    ],
)
def test_equal_json(one: Any, other: Any, equal: bool) -> None:
    assert same_json(one, other) is equal


def test_settings_that_satisfy_every_schema_hold() -> None:
    assert setting_violations({"max_speed": 720, "bit_depth": 12}, (ROTARY, CAMERA)) == ()


def test_every_violation_is_reported_with_its_place_and_family() -> None:
    found = setting_violations({"max_speed": -1, "limits": {"low": "x"}, "bit_depth": 1.5}, (ROTARY, CAMERA))
    assert [violation.pointer for violation in found] == ["/bit_depth", "/limits/low", "/max_speed"]
    assert "(family Camera)" in found[0].detail
    assert "(family RotaryStage)" in found[1].detail


def test_a_missing_required_key_is_reported_on_the_whole() -> None:
    (found,) = setting_violations({}, (ROTARY,))
    assert found.pointer == ""
    assert "max_speed" in found.detail


def test_an_undeclared_key_is_refused() -> None:
    (found,) = setting_violations({"max_speed": 1, "a/b~c": 1}, (ROTARY,))
    assert found.pointer == "/a~1b~0c"
    assert "max_speed" in found.detail


def test_without_a_schema_settings_stay_empty() -> None:
    assert setting_violations({}, ()) == ()
    assert [violation.pointer for violation in setting_violations({"b": 1, "a": 2}, ())] == ["/a", "/b"]


def test_families_that_declare_a_key_with_different_types_are_named() -> None:
    found = setting_violations({"max_speed": 1}, (ROTARY, MIRROR))
    conflict = [violation for violation in found if "Mirror" in violation.detail and "RotaryStage" in violation.detail]
    assert [violation.pointer for violation in conflict] == ["/max_speed"]


def test_families_that_declare_a_key_alike_do_not_conflict() -> None:
    other = FamilySchema("Table", {"properties": {"max_speed": {"type": "number", "maximum": 10}}})
    assert setting_violations({"max_speed": 5}, (ROTARY, other)) == ()


@pytest.mark.parametrize(
    "schema",
    [
        {"patternProperties": {"^axis_[0-9]$": {"type": "number"}}},
        {"allOf": [{"properties": {"axis_1": {"type": "number"}}}]},
        {"$ref": "#/$defs/axes", "$defs": {"axes": {"properties": {"axis_1": {"type": "number"}}}}},
        {"if": {"required": ["axis_1"]}, "then": {"properties": {"axis_1": {"type": "number"}}}},
        {"dependentSchemas": {"axis_1": {"properties": {"axis_1": {"type": "number"}}}}},
        {"properties": {"axis_1": {"$ref": "#/$defs/a~1b"}}, "$defs": {"a/b": {"type": "number"}}},
        {"properties": {"axis_1": {"type": ["number"]}}},
    ],
)
def test_a_key_can_be_declared_in_many_ways(schema: dict[str, Any]) -> None:
    declared = FamilySchema("Table", schema)
    assert setting_violations({"axis_1": 1}, (declared,)) == ()
    assert setting_violations({"axis_1": "x"}, (declared,)) != ()
    assert [violation.pointer for violation in setting_violations({"axis_11": 1}, (declared,))] == ["/axis_11"]
    other = FamilySchema("Mirror", {"properties": {"axis_1": {"type": "string"}}})
    assert any(
        "Mirror" in v.detail and "Table" in v.detail for v in setting_violations({"axis_1": 1}, (declared, other))
    )


def test_a_schema_that_refers_to_itself_is_followed_once() -> None:
    looping = {"properties": {"b": {"type": "number"}}, "anyOf": [{"$ref": "#/$defs/x"}, {"required": ["b"]}]}
    loop = FamilySchema("Table", {"allOf": [{"$ref": "#/$defs/x"}], "$defs": {"x": looping}})
    assert [v.pointer for v in setting_violations({"b": 1, "c": 1}, (loop,))] == ["/c"]
    nowhere = FamilySchema("Table", {"properties": {"a": {}}, "$ref": "#"})
    assert [violation.pointer for violation in setting_violations({"b": 1}, (nowhere,))] == ["/b"]


def test_a_long_chain_of_references_is_followed_to_its_end() -> None:
    links: dict[str, Any] = {f"{n}": {"$ref": f"#/$defs/{n + 1}"} for n in range(1500)}
    keys = {"1500": {"properties": {"a": {"type": "number"}}}, "type": {"$ref": "#/$defs/b0"}}
    types: dict[str, Any] = {f"b{n}": {"$ref": f"#/$defs/b{n + 1}"} for n in range(1500)}
    chain = {"$ref": "#/$defs/0", "properties": {"b": {"$ref": "#/$defs/b0"}}}
    one = FamilySchema("Table", {**chain, "$defs": {**links, **keys, **types, "b1500": {"type": "number"}}})
    assert setting_violations({"a": 1, "b": 1}, (one,)) == ()
    assert [violation.pointer for violation in setting_violations({"c": 1}, (one,))] == ["/c"]
    other = FamilySchema("Mirror", {"properties": {"b": {"type": "string"}}})
    assert any("family Table as number" in v.detail for v in setting_violations({"b": 1}, (one, other)))


# Each took minutes, or more memory than there is, while it was done without limits.
ENDLESS: dict[str, tuple[dict[str, Any], list[dict[str, Any]]]] = {
    "many keys that nobody declares": (
        {f"k{n}": 1 for n in range(50_000)},
        [{"properties": {f"declared {n}": {} for n in range(4000)}}],
    ),
    "many keys and many patterns": (
        {f"k{n}": 1 for n in range(50_000)},
        [{"patternProperties": {f"^{n} .*[a-z]$": {"type": "number"} for n in range(MOST_PATTERNS)}}] * 3,
    ),
    "many keys that break many rules": (
        {f"k{n}": n for n in range(50_000)},
        [{"patternProperties": {"k": {"allOf": [{"type": "string"}] * 2000}}}],
    ),
    "a long text that breaks many rules": (
        {"k": "x" * 900_000},
        [{"properties": {"k": {"allOf": [{"type": "number"}] * 3000}}}],
    ),
    "a long text that fits none of many alternatives": (
        {"k": "x" * 900_000},
        [{"properties": {"k": {"anyOf": [{"type": "number"}] * 3000}}}],
    ),
    "many families that declare many keys differently": (
        {f"k{n}": n for n in range(2000)},
        [{"properties": {f"k{n}": {"type": ["number", f"{kind}"]} for n in range(2000)}} for kind in ("null", "string")]
        * 20,
    ),
}


@pytest.mark.parametrize("what", ENDLESS)
def test_whatever_is_wrong_is_told_in_a_moment_and_not_without_end(what: str) -> None:
    settings, schemas = ENDLESS[what]
    families = [FamilySchema(f"Family {number}", schema) for number, schema in enumerate(schemas)]
    before, began = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()
    found = setting_violations(settings, families)
    assert time.process_time() - began < 10
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 300_000
    assert 0 < len(found) <= MAXIMUM_VIOLATIONS + 1
    refusal = InvalidAssetSettingsError(found)
    assert len(refusal.errors) <= MAXIMUM_VIOLATIONS + 1
    assert sum(len(each.pointer) + len(each.detail) for each in refusal.errors) < 2_000_000


def test_settings_have_an_end() -> None:
    schema = FamilySchema("Table", {"properties": {"a": {}}})
    assert setting_violations({"a": "x" * (LARGEST - 8)}, (schema,)) == ()
    assert setting_violations({"a": "x" * (LARGEST - 7)}, (schema,)) == (Violation("", "would be larger than 1 MiB"),)


@given(st.text("abc1_", max_size=4), st.sampled_from(["^a", "b$", "[0-9]", "a|b", "^(a)(b)?$", "", "_", "^$"]))
def test_a_key_fits_a_pattern_here_exactly_when_it_does_for_the_validator(key: str, pattern: str) -> None:
    schema: dict[str, Any] = {"patternProperties": {pattern: {}}, "additionalProperties": False}
    is_declared = setting_violations({key: 1}, (FamilySchema("Table", {"patternProperties": {pattern: {}}}),)) == ()
    assert is_declared == (not list(schema_violations({key: 1}, schema)))


@given(json_objects)
def test_settings_of_declared_keys_hold_exactly_when_every_schema_does(settings: dict[str, Any]) -> None:
    first = {"properties": {"a": {"type": "number"}, "b": {"type": "string"}}}
    second = {"properties": {"b": {"maxLength": 1}, "c": {"type": ["boolean", "null"]}}}
    found = setting_violations(settings, (FamilySchema("First", first), FamilySchema("Second", second)))
    undeclared = settings.keys() - {"a", "b", "c"}
    broken = [*schema_violations(settings, first), *schema_violations(settings, second)]
    assert bool(found) == bool(undeclared or broken)
    assert {violation.pointer for violation in found} == {
        *(pointer((key,)) for key in undeclared),
        *(violation.pointer for violation in broken),
    }
    assert list(found) == sorted(set(found), key=lambda violation: (violation.pointer, violation.detail))
