"""Entries as text: whatever is written is read again as it was, by the reader of facility files and by others."""

from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from cora.equipment.paths import can_be_said, joined_path, split_path
from cora.equipment.settings import same_json
from cora.facility_file import nodes
from cora.facility_file.composer import Composer
from cora.facility_file.exporting.shelf import Shelf
from cora.facility_file.exporting.text import WIDTH, can_be_held, day_or_time, entry_lines, in_order
from cora.facility_file.nodes import plain_json
from cora.facility_file.problems import Problems

# What the domain keeps out of any text.
TEXTS = st.text(
    st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="\ufffe\uffff"), max_size=30
) | st.sampled_from(
    ("no", "Off", "null", "~", "1", "01", "1e3", "0x1F", "0o7", "0b1", "1_000", "-", "- a", "a: b", "a #b", "{a}", "<<",
     "2016-05-01", "12:30:45", ".5", ".inf", "+1", "a b ", "a'b", 'a"b', "\\", "&a", "*a", "!a", "%", "@", "`", "?",
     "|", ">", "=", "---", "...", "a\u2028b", "\ufeffa", "x" * 300, "x" * 2000)
)  # fmt: skip
# Such numbers as can be kept (kernel/requests.py).
NUMBERS = st.integers(-(2**63) + 1, 2**63 - 1) | st.just(0.0) | st.floats(1e-64, 1e64) | st.floats(-1e64, -1e-64)
SCALARS = st.none() | st.booleans() | NUMBERS | TEXTS
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(TEXTS.filter(bool), inner, max_size=5),
    max_leaves=25,
)


def written(value: Any, indent: int = 2) -> str:
    return "cora: 1\nthings:\n" + "\n".join(entry_lines({"key": value}, indent)) + "\n"


def read(text: str, directory: Path) -> Any:
    """The value as the reader of facility files has it."""
    found: list[nodes.Node] = []
    problems = Problems()
    path = directory / "written.yaml"
    path.write_bytes(text.encode())
    composer = Composer(
        "written.yaml", frozenset(("things",)), problems, lambda _s, node, _n, _a: found.append(node), iter(range(9))
    )
    with path.open("rb") as stream:
        composer.read(stream)
    assert problems.kept == [], text
    (node,) = found
    assert isinstance(node, nodes.Mapping)
    return plain_json(node.items["key"])


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("written")


@given(value=VALUES, indent=st.sampled_from((2, 6, 130)))
def test_what_is_written_is_read_as_it_was(directory: Path, value: Any, indent: int):
    text = written(value, indent)
    found = read(text, directory)
    assert same_json(found, value)
    assert written(found, indent) == text


@given(text=TEXTS)
def test_common_readers_take_text_for_text(text: str):
    assert yaml.safe_load("\n".join(entry_lines({"key": text}, 0)))[0]["key"] == text


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("Rotary stage (theta)", "Rotary stage (theta)"),
        ("aps/2-BM/W//Si", "aps/2-BM/W//Si"),
        ("rotation.pso_out -> camera.trigger_in", "rotation.pso_out -> camera.trigger_in"),
        ("19173710", '"19173710"'),
        ("no", '"no"'),
        ("https://ror.org/05gvnxz63", '"https://ror.org/05gvnxz63"'),
        ("730792/1", "730792/1"),
        ("", '""'),
        (None, "null"),
        (True, "true"),
        (0.000676, "0.000676"),
        (1e22, "1e+22"),
        (10**22, "1e+22"),
        (1e16, "10000000000000000"),
        (10**16, "10000000000000000"),
        ([], "[]"),
        ({}, "{}"),
        (["a", {"b": [1, 2.5]}], "[a, {b: [1, 2.5]}]"),
    ],
)
def test_short_values_stand_on_one_line(value: Any, shown: str):
    assert list(entry_lines({"key": value}, 2)) == [f"  - key: {shown}"]


def test_long_values_stand_below_their_key():
    one, other = "a" * 70, "b" * 70
    assert list(entry_lines({"k": {"x": [one, other], "y": 1}, "l": 2}, 2)) == [
        "  - k:",
        "      x:",
        f"        - {one}",
        f"        - {other}",
        "      y: 1",
        "    l: 2",
    ]
    assert list(entry_lines({"k": [{"x": one, "y": other}, [one, other]]}, 0)) == [
        "- k:",
        f"    - x: {one}",
        f"      y: {other}",
        "    -",
        f"      - {one}",
        f"      - {other}",
    ]


@given(words=st.lists(st.sampled_from(("a", "short", "a longer one")), max_size=60), indent=st.integers(0, 60))
def test_a_list_stands_on_one_line_as_long_as_it_fits(words: list[str], indent: int):
    on_one_line = f"{' ' * indent}- key: [{', '.join(words)}]"
    lines = list(entry_lines({"key": words}, indent))
    assert (lines == [on_one_line]) == (len(on_one_line) <= WIDTH)
    assert lines == [on_one_line] or lines[1:] == [f"{' ' * (indent + 4)}- {word}" for word in words]


@pytest.mark.parametrize(
    ("moment", "shown"),
    [
        (datetime(2016, 5, 1, tzinfo=UTC), "2016-05-01"),
        (datetime(2024, 9, 30, 10, tzinfo=timezone(timedelta(hours=2))), "2024-09-30T08:00:00Z"),
        (datetime(2024, 9, 30, 8, 0, 0, 120, tzinfo=UTC), "2024-09-30T08:00:00.000120Z"),
        (datetime(2024, 9, 30, 2, tzinfo=timezone(timedelta(hours=2))), "2024-09-30"),
    ],
)
def test_a_moment_is_a_day_or_a_time(moment: datetime, shown: str):
    assert day_or_time(moment) == shown
    assert list(entry_lines({"registered": day_or_time(moment)}, 0)) == [f"- registered: {shown}"]
    when = datetime.fromisoformat(shown)
    assert when.replace(tzinfo=when.tzinfo or UTC) == moment


def test_keys_stand_as_the_database_has_them():
    assert list(in_order({"travel_x": 1, "b": {"zz": 0, "ä": 1, "y": 2}, "a": [{"bb": 1, "c": 2}]})) == [
        "a", "b", "travel_x",
    ]  # fmt: skip
    assert list(in_order({"b": {"zz": 0, "ä": 1, "y": 2}})["b"]) == ["y", "zz", "ä"]


def test_what_no_file_can_hold():
    assert can_be_held({"a": [{"b": 1}]})
    assert not can_be_held({"a": [{"": 1}]})
    assert can_be_held({"a": [0] * 40_000})
    assert not can_be_held({"a": [0] * 60_000})


@given(names=st.lists(st.text("ab/ ", min_size=1).map(str.strip).filter(bool), min_size=1, max_size=4))
def test_a_path_that_can_be_said_leads_back(names: list[str]):
    path = joined_path(*names)
    assert can_be_said(names) == (not any(name.startswith("/") for name in names[1:]))
    assert not can_be_said(names) or split_path(path) == names


def test_a_shelf_gives_any_item_again():
    shelf = Shelf[dict[str, int]]()
    assert [shelf.append({"n": n}) for n in range(50_000)] == list(range(50_000))
    assert len(shelf) == 50_000
    assert [shelf[n]["n"] for n in (49_999, 0, 25_000)] == [49_999, 0, 25_000]
