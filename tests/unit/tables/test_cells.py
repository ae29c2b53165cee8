"""What stands in a cell: nothing that a spreadsheet runs, lists that can be parted again, records as rows."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cora.tables import Value, flat, joined, parted
from cora.tables.cells import neutral, parsed, restored

DANGEROUS = (
    "=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\tx", "\rx", " =1", "\n=1", "\u00a0=1", "\u3000@x", "\uff1d1+1",
    "\uff0b1", "\uff0d1", "\uff20x", " \uff1d1", "\ufeff=1", "\u200b=1", "\x00=1", "'=1", "''=1", "\ufe66\u200b1",
    "=cmd|' /C calc'!A0", "=", "-", "\x0b=1", "\x1c=1",
)  # fmt: skip
HARMLESS = (
    "",
    "a=1",
    "730792/1",
    "1-2",
    "'s-Gravenhage",
    "''",
    "'",
    "a@b.example",
    "µ=1",
    "\u22125",
    "(=1)",
    "0",
    "_=",
)


@pytest.mark.parametrize("text", DANGEROUS)
def test_what_a_spreadsheet_would_run_gets_an_apostrophe(text: str):
    assert neutral(text) == f"'{text}"
    assert restored(neutral(text)) == text


@pytest.mark.parametrize("text", HARMLESS)
def test_other_text_stays_as_it_is(text: str):
    assert neutral(text) == text
    assert restored(text) == text


@given(
    st.lists(st.sampled_from(["'", "=", "+", "\t", " ", "\uff1d", "a", "\u200b", "-", "1"])).map("".join) | st.text()
)
def test_no_text_is_lost_on_the_way_out_and_in(text: str):
    out = neutral(text)
    assert restored(out) == text
    assert not out.lstrip().startswith(("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20"))
    assert not out.startswith(("\t", "\r"))


@given(st.lists(st.text() | st.sampled_from(["a;b", '"', "[x", "{", "null", " a", "a ", "", ";", "\uff1b"])))
def test_a_joined_list_of_texts_is_parted_again(items: list[str]):
    assert parted(joined(items)) == items


@given(st.lists(st.dictionaries(st.text(), st.text() | st.none() | st.booleans(), max_size=3)))
def test_a_joined_list_of_objects_is_parted_again(items: list[dict[str, Any]]):
    assert parted(joined(items)) == items


def test_a_list_is_parted_at_semicolons():
    assert parted("a; b ;c") == ["a", "b", "c"]
    assert parted(";a;;b;") == ["a", "b"]
    assert parted("a;;b;", with_gaps=True) == ["a", "", "b", ""]
    assert parted("") == []
    assert parted('"a;b"; c;{"x": "1;2"}') == ["a;b", "c", {"x": "1;2"}]


@pytest.mark.parametrize("text", ['"a', '"a" b', "[1, 2", "{a}", "[NaN]", '{"a": 1, "a": 2}', "[" * 100_000])
def test_what_begins_like_json_and_is_none_is_refused(text: str):
    with pytest.raises(ValueError) as told:
        parted(text)
    assert len(str(told.value)) < 300


def test_numbers_of_json_text_keep_their_digits():
    assert parsed('{"a": 1.10, "b": [10000000000000000000001]}') == {"a": "1.10", "b": ["10000000000000000000001"]}


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("name", "Rotary"),
        ("drawing.number", "630C"),
        ("drawing.revision", None),
        ("drawing", '{"number":"630C","revision":null}'),
        ("families", "Stage;Axis"),
        ("owners", '{"name":"APS; Argonne"};{"name":"é"}'),
        ("settings.max_speed", 720),
        ("settings.a.b", True),
        ("settings.dotted.key", 1.5),
        ("ports", ""),
        ("unknown", None),
        ("name.below", None),
        ("unknown.below", None),
    ],
)
def test_a_record_becomes_a_row(column: str, value: Value):
    record = {
        "name": "Rotary",
        "drawing": {"number": "630C", "revision": None},
        "families": ["Stage", "Axis"],
        "owners": [{"name": "APS; Argonne"}, {"name": "é"}],
        "settings": {"max_speed": 720, "a": {"b": True}, "dotted.key": 1.5},
        "ports": [],
    }
    (found,) = flat(record, [column])
    assert found == value
    assert type(found) is type(value)


@given(st.dictionaries(st.text(min_size=1), st.recursive(st.none() | st.booleans() | st.integers() | st.text(),
       lambda below: st.lists(below) | st.dictionaries(st.text(), below), max_leaves=8)))  # fmt: skip
def test_every_cell_of_a_row_is_a_plain_value(record: dict[str, Any]):
    for (name, value), cell in zip(record.items(), flat(record, list(record)), strict=True):
        assert cell is None or isinstance(cell, str | int | float), name
        if isinstance(value, dict):
            assert json.loads(str(cell)) == value
