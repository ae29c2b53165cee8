"""CSV and XLSX files: written, read back, and what is wrong with one told in words."""

import io
import tracemalloc
import zipfile
from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from openpyxl import Workbook, load_workbook
from openpyxl.chart import BarChart, Reference
from openpyxl.worksheet.formula import ArrayFormula

from cora.tables import Cell, Fault, UnreadableError, Value, opened_table, write_csv, write_xlsx
from cora.tables import read as reading
from cora.tables.write import LONGEST_CELL

Write = Callable[..., Path]

DAY = datetime(2024, 9, 30)  # noqa: DTZ001 - a spreadsheet knows no zones


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def to_file(content: bytes | Iterator[bytes] | str, name: str = "table") -> Path:
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else b"".join(content) if not isinstance(
            content, bytes) else content)  # fmt: skip
        return path

    return to_file


def rows_of(path: Path) -> list[list[Cell]]:
    with opened_table(path) as sheets:
        return [cells for _, cells in sheets[0].rows]


def workbook(*rows: Sequence[Any], **formats: str) -> bytes:
    """A workbook as somebody else writes it."""
    book: Any = Workbook()
    for row in rows:
        book.active.append(list(row))
    for cell, number_format in formats.items():
        book.active[cell].number_format = number_format
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def as_excel_writes(*rows: Sequence[str]) -> bytes:
    """A workbook whose texts stand apart, as Excel writes them, some of them in several runs of letters."""
    texts = [text for row in rows for text in row]
    numbers = iter(range(len(texts)))
    main = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
    written = (["<row>", *(f'<c t="s"><v>{next(numbers)}</v></c>' for _ in row), "</row>"] for row in rows)
    cells = "".join(part for parts in written for part in parts)
    items = "".join(
        f'<si><r><t xml:space="preserve">{text[:1]}</t></r><r><t xml:space="preserve">{text[1:]}</t></r></si>'
        for text in texts
    )
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"
    override = f'<Override PartName="/xl/sharedStrings.xml" ContentType="{kind}"/></Types>'

    def change(name: str, part: bytes) -> bytes | None:
        if name == "xl/worksheets/sheet1.xml":
            return f"<worksheet {main}><sheetData>{cells}</sheetData></worksheet>".encode()
        if name == "[Content_Types].xml" and b"sharedStrings" not in part:
            return part.replace(b"</Types>", override.encode())
        return None if name == "xl/sharedStrings.xml" else part

    return repacked(workbook(["a"]), change, **{"xl/sharedStrings.xml": f"<sst {main}>{items}</sst>".encode()})


def repacked(content: bytes, change: Callable[[str, bytes], bytes | None], **more: bytes) -> bytes:
    """A workbook with some of its parts changed, left out or added."""
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            part = change(name, old.read(name))
            if part is not None:
                new.writestr(name, part)
        for name, part in more.items():
            new.writestr(name, part)
    return file.getvalue()


def refusal(path: Path) -> UnreadableError:
    """What makes a file unreadable."""
    with pytest.raises(UnreadableError) as told:
        rows_of(path)
    return told.value


def answer(path: Path) -> str:
    """What is said of a file in the end: that it was read, or what is wrong."""
    try:
        with opened_table(path) as sheets:
            for sheet in sheets:
                for _, row in sheet.rows:
                    assert all(isinstance(cell, Cell) for cell in row)
                assert all(row and column for row, column, _ in sheet.merged())
    except UnreadableError as told:
        return told.says
    return "read"


# What is written is read again.

_text = st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\u2028\u2029\ufeff\ufffe\uffff"))
_texts = _text | st.sampled_from(["=1+1", "-", "'=x", "a,b", "a;b", 'say "x"', "a\nb", "#N/A", "007", "1e5", "_x000D_"])
_numbers = st.integers(-(10**15) + 1, 10**15 - 1) | st.floats(-1e300, 1e300)


def _is_seen(text: str) -> bool:
    return bool(text) and not text.isspace()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.lists(_texts | st.none(), min_size=2, max_size=5), max_size=8))
def test_csv_gives_every_text_back(write: Write, rows: list[list[str | None]]):
    found = rows_of(write(write_csv(["a", "b"], rows)))
    assert found == [
        ["a", "b"],
        *([value if value and _is_seen(value) else None for value in row] for row in rows if any(
            value and _is_seen(value) for value in row)),
    ]  # fmt: skip


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40, deadline=None)
@given(st.lists(st.lists(_texts.map(lambda text: text[:1000]) | _numbers | st.booleans(), min_size=1, max_size=5),
                max_size=8))  # fmt: skip
def test_a_workbook_gives_every_value_back(write: Write, rows: list[list[Value]]):
    path = write(write_xlsx(["a"], rows))
    kept = [[value if not isinstance(value, str) or _is_seen(value) else None for value in row] for row in rows]
    for row in kept:
        while row and row[-1] is None:
            row.pop()
    found = rows_of(path)[1:]
    assert len(found) == len([row for row in kept if row])
    for one, other in zip(found, filter(None, kept), strict=True):
        assert len(one) == len(other)
        for cell, value in zip(one, other, strict=True):
            # A workbook keeps sixteen digits of a number.
            assert cell == (pytest.approx(value, rel=1e-15) if isinstance(value, float) else value)
            assert [isinstance(cell, kind) for kind in (str, bool)] == [isinstance(value, kind) for kind in (str, bool)]


def test_no_cell_of_a_workbook_is_a_formula_or_an_error(write: Write):
    texts = ["=1+1", "\t=1", "＝1", "@x", "#N/A", "#REF!", "-1", "'=1"]
    book: Any = load_workbook(
        write(write_xlsx(texts, [[*texts], [-1, -1.5, True, None, 0, 10**20, "x", "y"]]), "t.xlsx")
    )
    rows = [[(cell.value, cell.data_type) for cell in row] for row in book.active.iter_rows()]
    shown = [(text if text.startswith("#") else f"'{text}", "s") for text in texts]
    assert rows[:2] == [shown, shown]
    assert rows[2] == [(-1, "n"), (-1.5, "n"), (True, "b"), (None, "n"), (0, "n"), (str(10**20), "s"), ("x", "s"),
                       ("y", "s")]  # fmt: skip


def test_csv_is_what_the_standard_says():
    rows: list[list[Value]] = [["a,b", 'say "x"', -1, 1.5, True, None], ["=1+1", "é\nü", 0, 10**20, False, ""]]
    assert b"".join(write_csv(["=h", "b"], rows)).decode().split("\r\n") == [
        "'=h,b", '"a,b","say ""x""",-1,1.5,true,', "'=1+1,\"é\nü\",0,100000000000000000000,false,", "",
    ]  # fmt: skip
    assert b"".join(write_csv(None, [[1]])) == b"1\r\n"
    assert b"".join(write_csv(None, [])) == b""


@pytest.mark.parametrize("write_rows", [write_csv, write_xlsx])
def test_rows_are_written_as_they_come(write_rows: Any):
    def rows() -> Iterator[list[Value]]:
        for number in range(20_000):
            yield [number, f"the {number}th of many rows, each of them with a text of its own" * 3]

    list(write_rows(["a", "b"], [[1, "x"]]))
    tracemalloc.start()
    for _ in write_rows(["a", "b"], rows()):
        pass
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 1_000_000 < 20_000 * 3 * 60


def test_a_workbook_given_up_half_way_leaves_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))

    def rows() -> Iterator[list[Value]]:
        yield [1]
        raise RuntimeError("the database is gone")

    with pytest.raises(RuntimeError, match="gone"):
        list(write_xlsx(["a"], rows()))
    assert list(tmp_path.iterdir()) == []


def test_what_no_workbook_can_hold_is_replaced(write: Write):
    (_, row) = rows_of(write(write_xlsx(["a", "b", "c"], [["a\x00\x1bb", "x" * 40_000, "\ud800\uffff"]])))
    assert row[0] == "a��b"
    assert isinstance(row[1], str)
    assert (len(row[1]), row[1][-4:]) == (LONGEST_CELL, "x...")
    assert row[2] == "��"


# What others write is read.


@pytest.mark.parametrize(
    "text",
    [
        "a,b\nx,1\n", "a;b\r\nx;1\r\n", "a\tb\nx\t1", "\ufeffa,b\nx,1\n", "sep=;\r\na;b\r\nx;1\r\n",
        "\ufeffsep=\t\na\tb\nx\t1\n", "a,b\rx,1\r",
        '"sep=|"\na|b\nx|1', "\n\na,b\n\nx,1\n,\n", '"a","b"\n"x","1"\n', 'a;"b"\n"x";1\n', "a,b\n'x,' 1 \n",
    ],
)  # fmt: skip
def test_the_delimiter_is_found_out(write: Write, text: str):
    header, row = rows_of(write(text))
    assert header == ["a", "b"]
    assert [str(cell).strip(" '") for cell in row] == ["x", "1"]


def test_a_delimiter_in_quotation_marks_is_none(write: Write):
    assert rows_of(write('"a;1;2;3",b\n')) == [["a;1;2;3", "b"]]


def test_rows_are_counted_as_a_spreadsheet_counts_them(write: Write):
    with opened_table(write('a,b\n\n"two\nlines",1\n,\nlast,1\n')) as (sheet,):
        assert [number for number, _ in sheet.rows] == [1, 3, 5]
    with opened_table(write(workbook(["a"], [], [None], ["x"]))) as (sheet,):
        assert [number for number, _ in sheet.rows] == [1, 4]


@pytest.mark.parametrize(
    ("content", "row", "column", "says"),
    [
        (b"a,b\nx,M\xfcller\n", 2, 2, "the byte 0xFC is not UTF-8; save it as UTF-8 (in Excel: 'CSV UTF-8')"),
        ("a,b".encode("utf-16"), 0, 0, "the file is UTF-16; save it as UTF-8"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", 0, 0, "an old or an encrypted Excel file; save it as .xlsx"),
        (b'a,b\n"x,1\n', 2, 0, "this is not CSV: unexpected end of data; look at the quotation marks"),
        (b'a,b\n"x"y,1\n', 2, 0, "this is not CSV: ',' expected after '\"'"),
        (b"a\n" + b"x" * 200_000, 2, 0, "field larger than field limit"),
        (b"a\n" + b"x," * 600_000, 0, 0, "a line has more than 1,048,576 characters"),
        (b"PK\x03\x04 and no more", 0, 0, "this is not a workbook"),
    ],
)
def test_what_is_no_table_is_told(write: Write, content: bytes, row: int, column: int, says: str):
    told = refusal(write(content))
    assert says in told.says
    assert (told.row, told.column) == (row, column)


def test_a_file_that_is_not_there_is_told(tmp_path: Path):
    assert refusal(tmp_path / "none.csv").says == "the file cannot be read: No such file or directory"
    assert refusal(tmp_path).says == "the file cannot be read: Is a directory"
    assert "cannot be read" in refusal(Path("a\0b")).says


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("=1+1", "a formula stands here; only values are read"),
        (" =A1", "a formula stands here"),
        ("a\x00b", "the character U+0000 may not stand in a table"),
        ("a\x1bb", "the character U+001B may not"),
        ("a\u2028b", "the character U+2028 may not"),
        ("a\x85b", "the character U+0085 may not"),
    ],
)
def test_a_cell_of_csv_that_is_no_value_is_told(write: Write, text: str, says: str):
    _, (cell, other) = rows_of(write(f'a,b\n"{text}",1\n'))
    assert isinstance(cell, Fault)
    assert says in cell.says
    assert other == "1"


def test_values_as_a_spreadsheet_stores_them(write: Write):
    content = workbook(
        [146853, 1.5, 12.0, -3, True, "text", "007", " x ", None, "'=x"],
        [DAY, DAY.replace(hour=14, minute=5), date(2024, 9, 30), 123, 1e14],
        D2="00000",
    )
    assert rows_of(write(content)) == [
        [146853, 1.5, 12, -3, True, "text", "007", " x ", None, "=x"],
        [DAY, DAY.replace(hour=14, minute=5), DAY, "00123", 10**14],
    ]


def test_dates_since_1904_are_read_as_dates(write: Write):
    book: Any = Workbook()
    book.epoch = DAY.replace(1904, 1, 1)
    book.active.append([DAY])
    file = io.BytesIO()
    book.save(file)
    assert rows_of(write(file.getvalue())) == [[DAY]]


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ("=SUM(A1:A3)", "a formula stands here; only values are read (in Excel: copy, paste special, values)"),
        (ArrayFormula("A1", "=1"), "a formula stands here"),
        ("#REF!", "the cell holds the error #REF!"),
        ("#N/A", "the cell holds the error #N/A"),
        (time(14, 5), "a time of day stands here"),
    ],
)
def test_a_cell_of_a_workbook_that_is_no_value_is_told(write: Write, value: Any, says: str):
    ((cell, other),) = rows_of(write(workbook([value, 1])))
    assert isinstance(cell, Fault)
    assert says in cell.says
    assert other == 1


def test_text_that_stands_apart_is_read(write: Write):
    assert rows_of(write(as_excel_writes(["name", "tier"], ["Rotary é", " x "]))) == [
        ["name", "tier"], ["Rotary é", " x "],
    ]  # fmt: skip


def test_an_escaped_character_of_a_workbook_is_that_character(write: Write):
    assert rows_of(write(workbook(["a_x000D_b", "a_x0041_"]))) == [["a\rb", "aA"]]
    assert isinstance(rows_of(write(workbook(["a_x0007_b"])))[0][0], Fault)
    assert isinstance(rows_of(write(workbook(["a_xD800_b"])))[0][0], Fault)


def test_sheets_have_names_and_may_be_hidden(write: Write):
    book: Any = Workbook()
    book.active.title = "assets"
    book.create_sheet("notes").sheet_state = "hidden"
    chart = BarChart()
    chart.add_data(Reference(book.active, min_col=1, min_row=1))
    book.create_chartsheet("chart").add_chart(chart)
    file = io.BytesIO()
    book.save(file)
    with opened_table(write(file.getvalue())) as sheets:
        assert [(sheet.name, sheet.is_hidden, sheet.is_typed) for sheet in sheets] == [
            ("assets", False, True), ("notes", True, True),
        ]  # fmt: skip


def test_merged_cells_are_found(write: Write):
    book: Any = Workbook()
    for number in range(3_000):
        book.active.append([f"row {number} <mergeCell ref='A1:A2'/>"])
    book.active.merge_cells("B2:B5")
    book.active.merge_cells("A7:C7")
    file = io.BytesIO()
    book.save(file)
    with opened_table(write(file.getvalue())) as (sheet,):
        assert len(list(sheet.rows)) == 3_000
        assert sorted(sheet.merged()) == [(2, 2, "B2:B5"), (7, 1, "A7:C7")]


# What is made to harm.


def test_a_workbook_that_unpacks_to_too_much_is_refused(write: Write, monkeypatch: pytest.MonkeyPatch):
    bomb = repacked(workbook(["a"]), lambda _, part: part, **{"xl/media/image1.png": bytes(20 << 20)})
    assert len(bomb) < 100_000
    monkeypatch.setattr(reading, "MAXIMUM_BYTES", 10 << 20)
    assert refusal(write(bomb)).says == "the workbook holds more than 10 MiB; split it, or save it as CSV"


def test_a_part_that_hides_its_size_gives_no_more_than_it_says(write: Write, monkeypatch: pytest.MonkeyPatch):
    content = bytearray(repacked(workbook(["a"]), lambda _, part: part, **{"xl/media/image1.png": bytes(20 << 20)}))
    stated = (20 << 20).to_bytes(4, "little")
    assert content.count(stated) == 2
    monkeypatch.setattr(reading, "MAXIMUM_BYTES", 10 << 20)
    lying = bytes(content).replace(stated, (100).to_bytes(4, "little"))
    assert rows_of(write(lying)) == [["a"]]


def test_too_much_text_too_many_cells_and_too_many_parts_are_refused(write: Write, monkeypatch: pytest.MonkeyPatch):
    path = write(as_excel_writes(*([f"text {row} {column}" for column in range(10)] for row in range(20))))
    for name, limit, says in (
        ("MAXIMUM_CELLS", 100, "more than 100 cells"),
        ("MAXIMUM_COLUMNS", 5, "the row has more than 5 cells"),
        ("MAXIMUM_PARTS", 3, "more than 3 parts"),
    ):
        with monkeypatch.context() as patched:
            patched.setattr(reading, name, limit)
            assert says in refusal(path).says
    monkeypatch.setattr(reading, "MAXIMUM_BYTES", 100)
    assert "larger than" in refusal(write("a,b\n" * 100)).says


def test_a_workbook_that_takes_too_much_memory_is_refused(write: Write, monkeypatch: pytest.MonkeyPatch):
    def one_row(name: str, part: bytes) -> bytes:
        return part.replace(b"</row><row>", b"") if name.endswith("sheet1.xml") else part

    def commented(name: str, part: bytes) -> bytes:
        return part.replace(b"<sheetData>", b"<sheetData><!-- <row> -->") if name.endswith("sheet1.xml") else part

    book = as_excel_writes(*(["x" * 30] * 20 for _ in range(400)))
    monkeypatch.setattr(reading, "MAXIMUM_STRETCH", 1 << 16)
    assert len(rows_of(write(book))) == 400
    with monkeypatch.context() as patched:
        patched.setattr(reading, "MAXIMUM_TEXT_BYTES", 1 << 18)
        assert refusal(write(book)).says == "the workbook holds more than 0 MiB of text; save it as CSV"
    assert "a row, or what stands beside the rows, is larger than 0 MiB" in refusal(write(repacked(book, one_row))).says
    assert "a sheet holds comments" in refusal(write(repacked(book, commented))).says


def test_a_row_far_down_takes_no_time(write: Write):
    def far(name: str, part: bytes) -> bytes:
        return part.replace(b'r="2"', b'r="999999999999"') if name.endswith("sheet1.xml") else part

    assert rows_of(write(repacked(workbook(["a"], ["b"]), far))) == [["a"]]


_LAUGHS = b"""<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>"""
_OUTSIDE = b"""<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>"""


@pytest.mark.parametrize(
    "part", ["xl/worksheets/sheet1.xml", "xl/workbook.xml", "[Content_Types].xml", "xl/styles.xml"]
)
@pytest.mark.parametrize("declaration", [_LAUGHS, _OUTSIDE])
def test_entities_are_refused(write: Write, part: str, declaration: bytes):
    def declared(name: str, content: bytes) -> bytes:
        return declaration + content[content.index(b"?>") + 2 :] if name == part and b"?>" in content else (
            declaration + content if name == part else content)  # fmt: skip

    content = repacked(workbook(["a"]), declared)
    assert refusal(write(content)).says == "the workbook declares a document type, which no spreadsheet program writes"


def test_entities_behind_a_long_comment_are_refused_too(write: Write):
    comment = b"<!--" + b"x" * 5_000 + b"-->"

    def declared(name: str, content: bytes) -> bytes:
        if not name.endswith("sheet1.xml"):
            return content
        declaration = b'<!DOCTYPE x [<!ENTITY a "aaa">]>'
        return comment + declaration + content.replace(b"<sheetData>", b"<sheetData>&a;")

    assert "cannot be read" in refusal(write(repacked(workbook(["a"]), declared))).says


def test_other_archives_are_told(write: Write):
    odf = repacked(workbook(["a"]), lambda _, part: part, mimetype=b"application/vnd.oasis.opendocument.spreadsheet")
    assert refusal(write(odf)).says == "this is an OpenDocument file; save it as .xlsx or as CSV"
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("a.txt", "b")
    assert "this workbook cannot be read" in refusal(write(file.getvalue())).says


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=300, deadline=None)
@given(
    st.binary(max_size=300)
    | st.lists(st.sampled_from(['"', ",", ";", "\t", "\n", "\r", "sep=", "=", "\0", "é", "a", "\ufeff", "'"]))
    .map("".join).map(str.encode)
)  # fmt: skip
@example(b"PK\x03\x04" + bytes(100))
@example(b"\xef\xbb\xbf")
def test_whatever_is_in_a_file_the_answer_is_in_words(write: Write, content: bytes):
    assert answer(write(content))


_BOOK = workbook(["name", "tier", "x"], ["a", "Unit", 1], ["b", DAY, "=1"], ["c", True, 1.5])


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150, deadline=None)
@given(st.data())
def test_whatever_is_in_a_workbook_the_answer_is_in_words(write: Write, data: st.DataObject):
    names = sorted(zipfile.ZipFile(io.BytesIO(_BOOK)).namelist())
    target = data.draw(st.sampled_from(names))
    words = [b"<c>", b"</c>", b' r="ZZ99"', b' t="s"', b' t="b"', b"<v>x</v>", b"<v>999</v>", b"<v>1e999</v>",
             b"<v>NaN</v>", b"&#0;", b"\0", b"<f/>", b"<is/>", b"<row>", b' s="77"', b"]]>", b"\xff"]  # fmt: skip

    def damaged(name: str, part: bytes) -> bytes | None:
        if name != target:
            return part
        at = data.draw(st.integers(0, len(part)))
        match data.draw(st.sampled_from(["insert", "cut", "drop", "replace", "digits"])):
            case "insert":
                return part[:at] + data.draw(st.sampled_from(words)) + part[at:]
            case "cut":
                return part[:at]
            case "replace":
                return part[:at] + data.draw(st.binary(min_size=1, max_size=4)) + part[at + 4 :]
            case "digits":
                return part.replace(b"1", data.draw(st.sampled_from([b"", b"-1", b"99999", b"x"])))
            case _:
                return None

    assert answer(write(repacked(_BOOK, damaged)))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150, deadline=None)
@given(st.integers(0, len(_BOOK) - 1), st.binary(min_size=1, max_size=8))
def test_a_damaged_archive_is_told_in_words(write: Write, at: int, damage: bytes):
    assert answer(write(_BOOK[:at] + damage + _BOOK[at + len(damage) :]))
