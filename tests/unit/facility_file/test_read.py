"""Reading facility files: strict YAML, every problem with its line."""

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cora.equipment.paths import joined_path, split_path, tidy
from cora.facility_file.composer import MAXIMUM_ALIASED_NODES, MAXIMUM_DEPTH
from cora.facility_file.entries import AssetEntry, FamilyEntry, UnderEntry
from cora.facility_file.nodes import Scalar, resolved
from cora.facility_file.problems import MAXIMUM_KEPT, Place, Problems
from cora.facility_file.read import Files, read_files
from cora.facility_file.shapes import Entry

Write = Callable[[str | bytes], Path]

EXAMPLE = Path(__file__).parents[3] / "examples" / "aps-2bm.yaml"


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def to_file(text: str | bytes) -> Path:
        path = tmp_path / "hutch.yaml"
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return path

    return to_file


def problems(files: Files) -> list[tuple[int, str]]:
    return [(problem.place.order[1], problem.text) for problem in files.problems.in_order(files.names)]


def entries(files: Files, section: str) -> list[Entry]:
    return list(files.sections[section])


def test_the_example_is_read_without_problems():
    files = read_files([EXAMPLE])
    assert problems(files) == []
    assert len(files.sections["assets"]) == 20
    assert len(files.sections["mounts"]) == 13


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ("cora: 1\nfamilies:\n  - name: A\n    name: B\n", 4, "the key 'name' stands here again; it is on line 3"),
        ("cora: 1\nfamilies: []\nfamilies: []\n", 3, "the key 'families' stands here again"),
        ("cora: 1\nfamilies:\n\t- name: A\n", 3, "tab"),
        ("cora: 1\nfamilies:\n  - name:\tA\n", 3, "a tab stands here"),
        ("cora: 1\n---\ncora: 1\n", 2, "a second document"),
        (b"cora: 1\nfamilies:\n  - name: \xff\n", 3, "not UTF-8"),
        ("cora: 1".encode("utf-16"), 1, "not UTF-8"),
        (b"cora: 1\n# \xe2\x82\n", 2, "not UTF-8"),
        (b"cora: 1\nfamilies:\n  - name: a\x00b\n", 3, "NUL"),
        (b"cora: 1\nreason: a\x1bb\n", 2, "U+001B"),
        ("cora: 1\nreason: a\u2028b\n", 2, "U+2028"),
        ("cora: 1\nfamilies: [\n", 3, "this is not YAML"),
        ("cora: 1\nreason: 'never closed\nroles: []\n", 2, "not closed"),
        ("cora: 1\nreason: a: b\n", 2, "this is not YAML"),
        ("cora: 1\nreason: !!python/object:os.system x\n", 2, "the tag"),
        ("cora: 1\nreason: *nowhere\n", 2, "no anchor &nowhere"),
        ("cora: 1\n? [a]\n: b\n", 2, "a key is plain text"),
        ("cora: 1\nfamilies:\n  - &a {name: A}\n  - <<: *a\n", 4, "the key '<<' is not known"),
        ("", 1, "the file is empty"),
        ("- cora\n", 1, "a facility file is a mapping"),
        ("families: []\n", 1, "'cora: 1' is missing"),
        ("cora: 2\n", 1, "this release reads 1, not 2"),
        ("cora: '1'\n", 1, "this release reads 1"),
        ("cora: 1\nfamilys: []\n", 2, "the key 'familys' is not known; did you mean 'families'?"),
        ("cora: 1\nfamilies: {name: A}\n", 2, "'families' is a list"),
        ("cora: 1\noccurred_at: yesterday\n", 2, "'occurred_at' is a day"),
        ("cora: 1\noccurred_at: 2999-01-01\n", 2, "lies in the future"),
        ("cora: 1\noccurred_at: 2024-01-01T10:00:00\n", 2, "without its zone"),
        ("cora: 1\nassets:\n  - &x {name: A, facility: aps}\n", 3, "the anchor &x marks what is too large"),
        ("cora: 1\nassets:\n  - name: A\n    facility: aps\n    children: {name: B}\n", 5, "'children' is a list"),
    ],
)
def test_what_is_no_facility_file_is_told_with_its_line(write: Write, text: str | bytes, line: int, says: str):
    found = problems(read_files([write(text)]))
    assert any(each == line and says in problem for each, problem in found), found


@pytest.mark.parametrize(
    ("entry", "line", "says"),
    [
        ("  - nme: A\n", 3, "'name' is missing"),
        ("  - name: A\n    teir: Unit\n", 4, "asset 'A': the key 'teir' is not known; did you mean 'tier'?"),
        ("  - name: A\n    tier: unit\n", 4, "did you mean 'Unit'?"),
        ("  - name: [A]\n", 3, "'name' is text, not a list"),
        ("  - name: ''\n", 3, "'name' is empty"),
        ("  - A\n", 3, "an entry is a mapping"),
        ("  - name: A\n    families: RotaryStage\n", 4, "'families' is a list, not 'RotaryStage'"),
        ("  - name: A\n    settings: [1]\n", 4, "'settings' is a mapping"),
        ("  - name: A\n    settings: {speed: .inf}\n", 4, "not a finite number"),
        ("  - name: A\n    settings: {speed: 1e999}\n", 4, "beyond range"),
        ("  - name: A\n    settings: {speed: 1e300}\n", 4, "beyond range"),
        ("  - name: A\n    settings: {speed: [1e-300]}\n", 4, "beyond range"),
        ("  - name: A\n    settings: {speed: 9223372036854775808}\n", 4, "beyond 64 bits"),
        ("  - name: A\n    settings: {speed: 0xffffffffffffffffff}\n", 4, "beyond 64 bits"),
        ('  - name: A\n    settings: {note: "a\\x01b"}\n', 4, "cannot be kept: U+0001"),
        ('  - name: "A\\x01"\n', 3, "cannot be kept: U+0001"),
        ("  - name: A\n    registered: 1899-12-31\n", 4, "must not lie before 1900"),
        ("  - name: A\n    owners: [{nam: X}]\n", 4, "in 'owners' the key 'nam' is not known; did you mean 'name'?"),
        ("  - name: A\n    condition: {state: Broken}\n", 4, "one of Nominal, Degraded, Faulted"),
        ("  - name: A\n    installed: 30.9.2024\n", 4, "'installed' is a day"),
        ("  - name: A\n    tier: null\n", 4, "'tier' cannot be cleared"),
        ("  - name: A\n    children:\n      - name: B\n        tire: Unit\n", 6, "asset 'B': the key 'tire'"),
    ],
)
def test_what_is_wrong_with_an_entry_is_told_with_its_line(write: Write, entry: str, line: int, says: str):
    found = problems(read_files([write("cora: 1\nassets:\n" + entry)]))
    assert any(each == line and says in problem for each, problem in found), found


def test_a_problem_that_is_found_twice_is_one():
    found = Problems()
    for text in ("one", "other", "one"):
        found.add(Place("hutch.yaml", 3), text)
    assert (found.count, [each.text for each in found.in_order(["hutch.yaml"])]) == (2, ["one", "other"])
    for number in range(MAXIMUM_KEPT + 5):
        found.add(Place("hutch.yaml", number), "many")
    assert (found.count, len(found.kept)) == (MAXIMUM_KEPT + 7, MAXIMUM_KEPT)


def test_every_problem_is_told_at_once(write: Write):
    text = "cora: 1\nasets: []\nfamilies:\n  - nam: A\n  - name: B\n    colour: red\nmounts:\n  - slot_code: [1]\n"
    lines = {line for line, _ in problems(read_files([write(text)]))}
    assert lines == {2, 4, 6, 8}


@pytest.mark.parametrize(
    ("plain", "value"),
    [
        ("no", "no"), ("yes", "yes"), ("on", "on"), ("off", "off"), ("y", "y"), ("01", "01"), ("007.5", "007.5"),
        ("2024-09-30", "2024-09-30"), ("12:30:45", "12:30:45"), ("190:20", "190:20"), ("1_000", "1_000"),
        ("730792/1", "730792/1"), ("630C2125", "630C2125"), ("0b101", "0b101"), ("=", "="), ("-", "-"), ("+", "+"),
        (".", "."), ("1e", "1e"), ("true", True), ("False", False), ("null", None), ("~", None), ("", None),
        ("12", 12), ("-3", -3), ("+4", 4), ("0", 0), ("0x1F", 31), ("0o17", 15), ("1.5", 1.5), ("1e3", 1000.0),
        (".5", 0.5), ("-0.000676", -0.000676), ("tRUE", "tRUE"),
    ],
)  # fmt: skip
def test_plain_scalars_follow_yaml_1_2(plain: str, value: object):
    found = resolved(Scalar(1, plain, plain=True))
    assert found == value
    assert type(found) is type(value)
    assert resolved(Scalar(1, plain, plain=False)) == plain


@pytest.mark.parametrize("text", ["01", "no", "2024-09-30", "730792/1", "12:30", "1.10", "0x1F", "null and void"])
def test_text_keeps_what_stands_in_the_file(write: Write, text: str):
    files = read_files([write(f"cora: 1\nfamilies:\n  - name: {text}\n    version: {text}\n")])
    assert problems(files) == []
    (family,) = entries(files, "families")
    assert isinstance(family, FamilyEntry)
    assert (family.name, family.version) == (text, text)


def test_null_clears_where_it_may(write: Write):
    text = "cora: 1\nassets:\n  - {name: A, facility: aps, mount: null, description: ~, drawing: }\n"
    (asset,) = entries(read_files([write(text)]), "assets")
    assert isinstance(asset, AssetEntry)
    assert (asset.mount, asset.description, asset.drawing) == (None, None, None)


def test_children_may_come_before_the_name_of_their_parent(write: Write):
    text = (
        "cora: 1\nassets:\n  - children:\n      - {name: B}\n    name: A\n  - under: aps/C\n    children: [{name: D}]\n"
    )
    files = read_files([write(text)])
    assert problems(files) == []
    below = {entry.name: entry for entry in entries(files, "assets") if isinstance(entry, AssetEntry)}
    under = next(entry for entry in entries(files, "assets") if isinstance(entry, UnderEntry))
    assert below["B"].above == below["A"].number
    assert below["D"].above == under.number


def test_aliases_are_followed_within_a_bound(write: Write):
    files = read_files([write("cora: 1\nfamilies:\n  - {name: A, affordances: &a [Homeable]}\n"
                              "  - {name: B, affordances: *a}\n")])  # fmt: skip
    assert problems(files) == []
    assert [getattr(entry, "affordances", None) for entry in entries(files, "families")] == [["Homeable"]] * 2


def test_a_billion_laughs_end_at_the_bound(write: Write):
    lines = [
        "cora: 1",
        "families:",
        "  - name: A",
        "    settings_schema:",
        "      a0: &a0 [x, x, x, x, x, x, x, x, x, x]",
    ]
    lines += [f"      a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)]
    found = problems(read_files([write("\n".join(lines) + "\n")]))
    assert len(found) == 1
    assert "too large" in found[0][1] or f"more than {MAXIMUM_ALIASED_NODES}" in found[0][1]


def test_nesting_ends_at_the_bound(write: Write):
    deep = "[" * (MAXIMUM_DEPTH + 5) + "]" * (MAXIMUM_DEPTH + 5)
    found = problems(read_files([write(f"cora: 1\nreason: {deep}\n")]))
    assert found[0] == (2, f"this is nested deeper than {MAXIMUM_DEPTH} levels")


def test_a_tab_in_a_comment_harms_nobody(write: Write):
    assert problems(read_files([write("cora: 1  #\tnote\n#\tnote\n")])) == []


def test_a_file_that_is_not_there_is_a_problem(tmp_path: Path):
    assert "cannot be read: No such file" in problems(read_files([tmp_path / "none.yaml"]))[0][1]
    assert "cannot be read" in problems(read_files([tmp_path]))[0][1]


@given(
    st.lists(
        st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1).map(str.strip).filter(bool), min_size=1
    )
)
def test_a_path_leads_back_to_its_names(names: list[str]):
    # A slash inside a name is doubled; at the start of a name no path can tell it from the one before.
    tidied = [tidy(name.lstrip("/")) or "a" for name in names]
    assert split_path(joined_path(*tidied)) == tidied


@pytest.mark.parametrize("path", ["a//", "/a", "a/ /b", "", "a/"])
def test_a_path_without_a_name_is_refused(path: str):
    if path == "a//":
        assert split_path(path) == ["a/"]
    else:
        with pytest.raises(ValueError, match="is not a path"):
            split_path(path)


_words = st.one_of(
    st.sampled_from(("cora: 1", "assets:", "- name: A", "children:", "families: [", "]", "{", "}", "&a", "*a", "!!x")),
    st.sampled_from(("'", '"', "|", ">", "? ", ": ", "- ", "#", "\t", "  ", "\n", "\0", "é", "---", "%YAML 1.1")),
)


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.one_of(st.binary(max_size=200), st.lists(_words, max_size=30).map("".join).map(str.encode)))
def test_whatever_is_in_the_file_the_answer_is_in_words(tmp_path: Path, content: bytes):
    path = tmp_path / "any.yaml"
    path.write_bytes(content)
    files = read_files([path])
    for problem in files.problems.kept:
        assert problem.text
        assert problem.place.order[1] >= 1
