"""Answers that would be too long: asked again for less, else cut at whole items, and never without saying so."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cora.kernel.principal import Principal, Role
from cora.surfaces.mcp.bounded import LONGEST_ANSWER, Caller, Run, bounded, levelled, paged

READER = Caller(Principal("ada", Role.READER), "request-1")
LONG = "x" * 5_000


def compact(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def cut(value: dict[str, Any]) -> dict[str, Any]:
    """What becomes of an answer, after a look that it is short enough and that text and value are the same."""
    answer = bounded(compact(value), "Ask for less.")
    assert len(answer.text) <= LONGEST_ANSWER
    assert json.loads(answer.text) == answer.value
    return answer.value


def test_an_answer_that_is_short_enough_stays_as_it_is() -> None:
    room = LONGEST_ANSWER - len(compact({"value": ""}))
    body = compact({"value": "x" * room})
    assert bounded(body, "Ask for less.") == (body, json.loads(body))
    assert cut({"value": "x" * (room + 1)})["truncated"] is True


def test_a_list_keeps_its_first_items_whole_and_tells_how_many_are_left_out() -> None:
    items = [{"name": f"{number}", "text": LONG} for number in range(100)]
    told = cut({"items": items, "next": "1"})
    kept = len(told["items"])
    assert told["items"] == items[:kept]
    assert kept >= (LONGEST_ANSWER - 2_000) // len(compact(items[0])) - 1
    assert told["next"] == "1"
    assert f"{100 - kept} of the 100 items of /items. Ask for less." in told["more"]


def test_small_members_stay_whole_beside_large_ones() -> None:
    small = {"name": "camera", "owners": [{"name": "Imaging"}], "id": "1"}
    large = [LONG] * 40
    told = cut({"state": {**small, "ports": large, "notes": large}, "version": 3})
    assert told["version"] == 3
    assert {name: told["state"][name] for name in small} == small
    for name in ("ports", "notes"):
        assert 0 < len(told["state"][name]) < 40
        assert f"of the 40 items of /state/{name}" in told["more"]


def test_an_item_that_alone_is_too_long_is_cut_inside() -> None:
    told = cut({"items": [{"id": "1", "ports": [LONG] * 100}]})
    assert told["items"][0]["id"] == "1"
    assert told["items"][0]["ports"]
    assert "of the 100 items of /items/0/ports" in told["more"]


def test_of_a_long_text_the_end_is_left_out() -> None:
    told = cut({"text": '"' * LONGEST_ANSWER, "id": "1"})
    assert set(told["text"]) == {'"'}
    assert f"the end of /text ({LONGEST_ANSWER:,} characters)" in told["more"]


def test_of_many_places_the_first_are_told() -> None:
    told = cut({f"list {number}": [LONG] * 10 for number in range(30)})
    assert "and others" in told["more"]
    assert len(told["more"]) < 2_000


_LEAF = st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.text(max_size=30)
_PART = st.recursive(
    _LEAF,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=30), inner, max_size=5),
    max_leaves=20,
)


@settings(deadline=None, max_examples=50)
@given(
    part=_PART,
    name=st.text(max_size=200).filter(lambda name: name not in ("more", "truncated")),
    leaf=_LEAF,
    times=st.sampled_from([1, 100, 10_000]),
)
def test_whatever_is_answered_is_short_enough_in_the_end(part: Any, name: str, leaf: Any, times: int) -> None:
    whole = {name: part, "parts": [part] * times, "keys": {f"{number}{name}": leaf for number in range(times)}}
    told = cut(whole)
    if len(compact(whole)) <= LONGEST_ANSWER:
        assert told == whole
    else:
        assert told["truncated"] is True
        assert "left out are" in told["more"]


def wordy(asked: list[int], name: str, length: int) -> Run:
    """A question whose answer is longer the more is asked for."""

    async def run(arguments: dict[str, Any], caller: Caller) -> str:
        asked.append(arguments.get(name, 8))
        return compact({"items": ["x" * length] * asked[-1], "next": str(asked[-1])})

    return run


@pytest.mark.parametrize(("given", "limits"), [({}, [8, 4]), ({"limit": 20}, [20, 10, 5]), ({"limit": 3}, [3])])
async def test_a_page_is_asked_for_again_with_fewer_items_and_leads_on(
    given: dict[str, Any], limits: list[int]
) -> None:
    asked: list[int] = []
    body = json.loads(await paged(wordy(asked, "limit", LONGEST_ANSWER // 6), 8)(given, READER))
    assert asked == limits
    assert len(body["items"]) == limits[-1]
    assert body["next"] == str(limits[-1])
    assert "truncated" not in body


@pytest.mark.parametrize(("given", "depths"), [({}, [8, 4]), ({"depth": 2}, [2]), ({"depth": 64}, [64, 32, 16, 8, 4])])
async def test_a_tree_is_asked_for_again_with_fewer_levels_and_says_so(
    given: dict[str, Any], depths: list[int]
) -> None:
    asked: list[int] = []
    body = json.loads(await levelled(wordy(asked, "depth", LONGEST_ANSWER // 6), 8)(given, READER))
    assert asked == depths
    if len(depths) == 1:
        assert not {"truncated", "more"} & set(body)
    else:
        assert body["truncated"] is True
        assert f"goes to depth {depths[-1]}." in body["more"]


async def test_what_was_said_of_the_levels_stays_when_it_is_cut_too() -> None:
    body = await levelled(wordy([], "depth", LONGEST_ANSWER * 2), 8)({}, READER)
    told = cut(json.loads(body))
    assert "goes to depth 1." in told["more"]
    assert "items of /items" in told["more"]
