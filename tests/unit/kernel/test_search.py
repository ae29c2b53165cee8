"""What is stored of the texts of a record, what people ask for, and which of the texts holds it."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cora.kernel.search import (
    LONGEST_LINE,
    LONGEST_TEXT,
    LONGEST_WORD,
    AskedSearch,
    Match,
    Part,
    Text,
    Weight,
    line_of,
    matches,
    parts_of,
    texts_within,
    words_of,
    written,
)

texts = st.lists(st.builds(Text, st.just("name"), st.text(max_size=300) | st.none(), st.sampled_from(Weight)))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("SN-0042", ["sn", "0042"]),
        ("2bma:m1.VAL", ["2bma", "m1", "val"]),
        ("10.5281/zenodo.123", ["10", "5281", "zenodo", "123"]),
        ("first_second", ["first", "second"]),
        ("BÜHNE Straße ﬁne №5", ["buhne", "strasse", "fine", "no5"]),
        ("u\u0308", ["u"]),
        (" -- '\\:*&|!() ", []),
        ("a" * (LONGEST_WORD + 9), ["a" * LONGEST_WORD]),
    ],
)
def test_a_word_is_a_run_of_letters_and_digits(text: str, words: list[str]) -> None:
    assert words_of(text) == words


def test_names_stand_in_quoted_lines_and_prose_behind_them() -> None:
    stored = written(
        "asset",
        [
            Text("name", "RotaryStage 3", Weight.OWN),
            Text("ports", "trig-in"),
            Text("ports", "TRIG in"),
            Text("description", "Turns; slowly.", Weight.PROSE),
            Text("website", None),
            Text("drawing", "?"),
        ],
    )
    assert stored == (
        "'@asset'\n'= rotarystage 3 '\n'= rotary stage 3 '\n'~ trig in '\n\f- turns slowly \n"
    )  # fmt: skip


@given(texts)
def test_what_is_stored_can_be_read_as_words_whatever_people_write(some: list[Text]) -> None:
    names, _, prose = written("asset", some).partition("\f")
    marked = re.compile(r"'@asset'|'[=~] [^\W_]+( [^\W_]+)* '")
    assert all(marked.fullmatch(line) and len(line) <= LONGEST_LINE + 5 for line in names.splitlines())
    assert all(re.fullmatch(r"- [^\W_]+( [^\W_]+)* ", line) for line in prose.splitlines())


@given(texts)
def test_every_text_is_stored_and_found_by_all_its_words(some: list[Text]) -> None:
    stored = written("asset", some)
    for each in some:
        line = line_of(each.text or "")
        assert f" {line} " in stored or not line
        if each.text and line:
            asked = parts_of(f'"{line}"')
            assert matches(asked, [each]) != []


def test_what_is_stored_is_bounded() -> None:
    long = Text("settings", "word " * 30_000)
    stored = written("asset", [long, Text("name", "Eye", Weight.OWN), *(Text("ports", f"p{n}") for n in range(30_000))])
    assert "'= eye '" in stored
    assert len(stored) < LONGEST_TEXT + 100
    assert "- word word" not in stored
    assert "'~ p9 '" in stored
    assert "'~ p29999 '" not in stored


@pytest.mark.parametrize(
    ("asked", "parts"),
    [
        ("rotary stage", [Part(("rotary",)), Part(("stage",))]),
        ('"rotary stage" 7', [Part(("rotary", "stage"), whole=True), Part(("7",))]),
        ('7 "rotary st', [Part(("7",)), Part(("rotary", "st"))]),
        ("SN-0042", [Part(("sn", "0042"))]),
        ("a A a", [Part(("a",))]),
        ('"" !? "\'"', []),
        (" ", []),
    ],
)
def test_what_is_asked_for(asked: str, parts: list[Part]) -> None:
    assert list(parts_of(asked)) == parts


@given(st.text())
def test_whatever_is_asked_for_are_letters_and_digits(asked: str) -> None:
    for part in parts_of(asked):
        assert all(re.fullmatch(r"[^\W_]+", word) for word in part.words)


def test_parts_follow_one_another_in_a_name() -> None:
    assert AskedSearch(parts_of('rot "stage"'), 1).joined == Part(("rot", "stage"), whole=True)
    assert AskedSearch(parts_of('"rot" sta'), 1).joined.needle == "rot sta"


@pytest.mark.parametrize(
    ("asked", "is_found"),
    [
        ("rot", True), ("otary", False), ("stage", True), ("rotary-st", True), ("stage rotary", True), ('"rot"', False),
        ('"rotary stage"', True), ('"rotary stag"', False), ("stage-rotary", False),
    ],
)  # fmt: skip
def test_a_text_holds_beginnings_of_words_and_whole_phrases(asked: str, is_found: bool) -> None:
    assert bool(matches(parts_of(asked), [Text("name", "Rotary stage")])) is is_found


def test_the_fields_that_hold_it_are_told_once_each_and_not_without_end() -> None:
    some = [Text("name", "Camera", Weight.OWN), Text("ports", "cam-1"), Text("ports", "cam-1"), Text("ports", "out")]
    assert matches(parts_of("cam"), some) == [Match("name", "Camera"), Match("ports", "cam-1")]
    assert len(matches(parts_of("p"), [Text("ports", f"p{n}") for n in range(100)])) == 5


def test_of_a_long_text_a_piece_is_told() -> None:
    text = "Begins here. " + "More is said. " * 100 + "Beryllium window. " + "And so on. " * 100
    (match,) = matches(parts_of("beryl"), [Text("description", text, Weight.PROSE)])
    assert "Beryllium window" in match.text
    assert match.text.startswith("...")
    assert match.text.endswith("...")
    assert len(match.text) < 200
    (match,) = matches(parts_of("begins"), [Text("description", text, Weight.PROSE)])
    assert match.text.startswith("Begins here.")


def test_texts_in_settings_are_found_at_any_depth() -> None:
    settings = {"motor": {"pv": "2bma:m1", "speed": 3}, "names": ["a", ["b"]], "on": True, "none": None}
    assert list(texts_within("settings", settings)) == [
        Text("settings.motor.pv", "2bma:m1"),
        Text("settings.names", "a"),
        Text("settings.names", "b"),
    ]
