"""What differs between two states: carried out on the one it gives the other, and it names nothing that is the same."""

import copy
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cora.kernel.changes import Change, changes

LEAVES = st.none() | st.booleans() | st.integers(-3, 3) | st.sampled_from(["", "a", "~", "/", "a/b~c"])
VALUES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("ab~/"), inner, max_size=3)
)
STATES = st.dictionaries(st.sampled_from(["a", "b", "~1", "/", "~/"]), VALUES, max_size=4)


def applied(state: dict[str, Any], found: list[Change]) -> dict[str, Any]:
    """The state after changes, each carried out at its pointer; it must be as the change says it was."""
    state = copy.deepcopy(state)
    for change in found:
        steps = [step.replace("~1", "/").replace("~0", "~") for step in change["pointer"].split("/")[1:]]
        inside: Any = state
        for step in steps[:-1]:
            inside = inside[_key(inside, step)]
        last = _key(inside, steps[-1])
        if "before" in change:
            assert same(inside[last], change["before"])
        else:
            assert last not in inside
        if "after" in change:
            inside[last] = copy.deepcopy(change["after"])
        else:
            del inside[last]
    return state


def _key(inside: Any, step: str) -> Any:
    return int(step) if isinstance(inside, list) else step


def same(one: Any, other: Any) -> bool:
    """Equal as JSON: true is not 1."""
    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)


@given(STATES, STATES)
def test_carried_out_they_give_the_other_state(before: dict[str, Any], after: dict[str, Any]) -> None:
    assert same(applied(before, changes(before, after)), after)


@given(STATES)
def test_nothing_differs_from_itself(state: dict[str, Any]) -> None:
    assert changes(state, copy.deepcopy(state)) == []


@given(STATES)
def test_a_state_that_was_not_there_is_all_added(state: dict[str, Any]) -> None:
    found = changes(None, state)
    assert same(applied({}, found), state)
    assert all("before" not in change for change in found)


TOLD: list[tuple[dict[str, Any], dict[str, Any], list[dict[str, Any]]]] = [
    ({"on": True}, {"on": 1}, [{"pointer": "/on", "before": True, "after": 1}]),
    ({"items": [0]}, {"items": [False]}, [{"pointer": "/items/0", "before": 0, "after": False}]),
    ({"a": None}, {}, [{"pointer": "/a", "before": None}]),
    ({}, {"a": None}, [{"pointer": "/a", "after": None}]),
    ({"a": {"b/c": 1, "d": 2}}, {"a": {"b/c": 3, "d": 2}}, [{"pointer": "/a/b~1c", "before": 1, "after": 3}]),
    ({"a": [1, 2, 3]}, {"a": [2, 3]}, [{"pointer": "/a", "before": [1, 2, 3], "after": [2, 3]}]),
    ({"a": [1, 2]}, {"a": [1, 3]}, [{"pointer": "/a/1", "before": 2, "after": 3}]),
    ({"a": {}}, {"a": []}, [{"pointer": "/a", "before": {}, "after": []}]),
]


@pytest.mark.parametrize(("before", "after", "told"), TOLD)
def test_each_part_is_told_once(before: dict[str, Any], after: dict[str, Any], told: list[dict[str, Any]]) -> None:
    assert changes(before, after) == told
