"""Reads tables: CSV and XLSX files row by row. What is wrong with a cell stands in its place, in words."""

import codecs
import csv
import io
import math
import re
import warnings
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any, BinaryIO, TypeAlias
from zipfile import BadZipFile, ZipFile, ZipInfo

from openpyxl import load_workbook
from openpyxl.utils import range_boundaries

from cora.tables.cells import DIGITS_KEPT, restored

MAXIMUM_BYTES = 1 << 30
MAXIMUM_TEXT_BYTES = 1 << 26
"""Of the texts that a workbook keeps apart from its cells, which have to be in memory."""
MAXIMUM_STRETCH = 1 << 24
"""Of a part of a workbook that is read as one piece: everything but rows."""
MAXIMUM_PARTS = 10_000
MAXIMUM_CELLS = 20_000_000
MAXIMUM_ROWS = 1 << 20
MAXIMUM_COLUMNS = 1_000
LONGEST_LINE = 1 << 20

DELIMITERS = (",", ";", "\t")

_UNREADABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")
_NOT_UTF8 = re.compile("[\udc80-\udcff]")
_HALF = re.compile("[\ud800-\udfff]")
_ESCAPED = re.compile("_x([0-9A-Fa-f]{4})_")
_MERGED = re.compile(rb"<(?:\w+:)?mergeCell\b[^>]*?\bref=[\"']([A-Z]{1,3}[0-9]{1,7}:[A-Z]{1,3}[0-9]{1,7})[\"']")
_NAMED_DELIMITER = re.compile(r"\"?sep=([^\"\w\r\n])\"?[\r\n]*", re.IGNORECASE)
_LONGEST_TAG = 300
_CHUNK = 1 << 20
_ZIP = b"PK\x03\x04"
_OLE = b"\xd0\xcf\x11\xe0"
_SAVE_AS_UTF8 = "save it as UTF-8 (in Excel: 'CSV UTF-8')"
_MOST_MERGED = 100


@dataclass(frozen=True, slots=True)
class Fault:
    """Stands for a value that cannot be used; says why, and what to do."""

    says: str


Cell: TypeAlias = str | int | float | bool | datetime | Fault | None
"""What stands in a cell; None when it is empty."""


class UnreadableError(Exception):
    """The rest of a table cannot be read. `row` and `column` count from 1; 0 stands for none."""

    def __init__(self, says: str, row: int = 0, column: int = 0) -> None:
        super().__init__(says)
        self.says = says
        self.row = row
        self.column = column


@dataclass
class Sheet:
    """One table. `is_typed` says that numbers, dates and text are told apart, as CSV cannot.

    The rows, each with its number, can be read once; rows without a value are left out.
    """

    name: str
    is_typed: bool
    is_hidden: bool
    rows: Iterator[tuple[int, list[Cell]]]
    merged: Callable[[], Iterable[tuple[int, int, str]]]
    """Row and column of each group of merged cells, and its cells (`B2:B5`)."""


@contextmanager
def opened_table(path: str | Path) -> Generator[list[Sheet]]:
    """The tables of a file: one of a CSV file, every sheet of a workbook. What it is, its first bytes tell.

    Raises `UnreadableError`, also while rows are read.
    """
    try:
        file = Path(path).open("rb")  # noqa: SIM115 - closed below
    except (OSError, ValueError) as error:
        raise UnreadableError(f"the file cannot be read: {_told(error)}") from None
    with file:
        try:
            start = file.peek(4)[:4]
        except OSError as error:
            raise UnreadableError(f"the file cannot be read: {_told(error)}") from None
        if start == _ZIP:
            with _opened_workbook(file) as sheets:
                yield sheets
        elif start == _OLE:
            raise UnreadableError("this is an old or an encrypted Excel file; save it as .xlsx without a password")
        elif start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            raise UnreadableError(f"the file is UTF-16; {_SAVE_AS_UTF8}")
        else:
            with closing(_csv_rows(file)) as rows:
                yield [Sheet("", is_typed=False, is_hidden=False, rows=rows, merged=tuple)]


def _csv_rows(file: BinaryIO) -> Generator[tuple[int, list[Cell]]]:
    # What is not UTF-8 comes through as half of a surrogate pair, so that its cell can be told.
    text = io.TextIOWrapper(file, encoding="utf-8-sig", errors="surrogateescape", newline="")
    lines = _lines(text)
    row = 0
    try:
        before, delimiter = _start(lines)
        for row, cells in enumerate(csv.reader(_chained(before, lines), delimiter=delimiter, strict=True), 1):
            found = [_csv_cell(cell, row, column) for column, cell in enumerate(cells, 1)]
            if any(cell is not None for cell in found):
                yield row, found
    except csv.Error as error:
        raise UnreadableError(f"this is not CSV: {error}; look at the quotation marks", row + 1) from None
    except OSError as error:
        raise UnreadableError(f"the file cannot be read: {_told(error)}", row + 1) from None
    finally:
        text.detach()


def _lines(text: io.TextIOWrapper) -> Iterator[str]:
    size = 0
    while line := text.readline(LONGEST_LINE):
        size += len(line)
        if size > MAXIMUM_BYTES:
            raise UnreadableError(f"the file is larger than {MAXIMUM_BYTES >> 20} MiB; split it")
        if len(line) == LONGEST_LINE:
            raise UnreadableError(f"a line has more than {LONGEST_LINE:,} characters; this is no table")
        yield line


def _start(lines: Iterator[str]) -> tuple[list[str], str]:
    """The lines up to the first that is not blank, and the delimiter: what `sep=;` says, else the most frequent one."""
    before: list[str] = []
    for line in lines:
        if not before and (told := _NAMED_DELIMITER.fullmatch(line)):
            return before, told[1]
        before.append(line)
        if line.strip():
            break
    unquoted = re.sub(r'"[^"]*"?', "", before[-1] if before else "")
    return before, max(DELIMITERS, key=unquoted.count)


def _chained(before: list[str], lines: Iterator[str]) -> Iterator[str]:
    yield from before
    yield from lines


def _csv_cell(text: str, row: int, column: int) -> Cell:
    if (broken := _NOT_UTF8.search(text)) is not None:
        byte = ord(broken[0]) - 0xDC00
        raise UnreadableError(f"the byte 0x{byte:02X} is not UTF-8; {_SAVE_AS_UTF8}", row, column)
    if text.lstrip().startswith("="):
        return Fault("a formula stands here; only values are read (an apostrophe before it makes it text)")
    return _text(text)


def _text(text: str) -> str | Fault | None:
    if not text or text.isspace():
        return None
    found = _UNREADABLE.search(text) or _HALF.search(text)
    if found is not None:
        return Fault(f"the character U+{ord(found[0]):04X} may not stand in a table")
    return restored(text)


@contextmanager
def _opened_workbook(file: BinaryIO) -> Generator[list[Sheet]]:
    try:
        archive = ZipFile(file)
    except (BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise UnreadableError(f"this is not a workbook: {_told(error)}") from None
    with archive:
        _refuse_hostile(archive)
        with _in_words("this workbook cannot be read"):
            book: Any = load_workbook(file, read_only=True, keep_links=False)
        try:
            yield [_sheet(page, archive) for page in book.worksheets]
        finally:
            book.close()


def _refuse_hostile(archive: ZipFile) -> None:
    """Refuse what would take too much memory or time, or makes XML do more than say something."""
    parts = archive.infolist()
    if len(parts) > MAXIMUM_PARTS:
        raise UnreadableError(f"the workbook has more than {MAXIMUM_PARTS:,} parts")
    # No part gives more than its stated size, however it is packed.
    if sum(part.file_size for part in parts) > MAXIMUM_BYTES:
        raise UnreadableError(f"the workbook holds more than {MAXIMUM_BYTES >> 20} MiB; split it, or save it as CSV")
    for part in parts:
        name = part.filename.casefold()
        if part.flag_bits & 1:
            raise UnreadableError("the workbook is encrypted; save it without a password")
        if name in ("mimetype", "content.xml"):
            raise UnreadableError("this is an OpenDocument file; save it as .xlsx or as CSV")
        if name.endswith((".xml", ".rels")):
            with _in_words("this workbook cannot be read"), archive.open(part) as stream:
                start = stream.read(1024).replace(b"\0", b"")
            if b"<!doctype" in start.lower():
                raise UnreadableError("the workbook declares a document type, which no spreadsheet program writes")
        if part.file_size > MAXIMUM_STRETCH:
            _refuse_large(archive, part)


def _refuse_large(archive: ZipFile, part: ZipInfo) -> None:
    """Refuse a large part that has to be in memory as a whole, or row by row when a row is that large."""
    if part.filename.startswith("xl/media/"):
        return
    if "sharedstrings" in part.filename.casefold():
        if part.file_size > MAXIMUM_TEXT_BYTES:
            raise UnreadableError(
                f"the workbook holds more than {MAXIMUM_TEXT_BYTES >> 20} MiB of text; save it as CSV"
            )
        return
    stretch, rest = 0, b""
    with _in_words("this workbook cannot be read"), archive.open(part) as stream:
        while chunk := stream.read(_CHUNK):
            text = rest + chunk
            if b"<!" in text:
                raise UnreadableError("a sheet holds comments or declarations, which no spreadsheet program writes")
            last = text.rfind(b"<row")
            stretch = stretch + len(chunk) if last == -1 else len(text) - last
            rest = text[-len(b"<row") + 1 :]
            if stretch > MAXIMUM_STRETCH:
                raise UnreadableError(
                    f"a row, or what stands beside the rows, is larger than {MAXIMUM_STRETCH >> 20} MiB; save it as CSV"
                )


def _sheet(page: Any, archive: ZipFile) -> Sheet:
    page.reset_dimensions()
    name = str(page.title)
    part = str(page._worksheet_path)
    return Sheet(
        name,
        is_typed=True,
        is_hidden=page.sheet_state != "visible",
        rows=_xlsx_rows(page),
        merged=lambda: _merged(archive, part),
    )


def _xlsx_rows(page: Any) -> Iterator[tuple[int, list[Cell]]]:
    rows: Iterator[Any] = iter(page.iter_rows(max_row=MAXIMUM_ROWS))
    count = number = 0
    while True:
        number += 1
        with _in_words("the workbook cannot be read from here on", number):
            row = next(rows, None)
            if row is None:
                return
            count += len(row)
            if count > MAXIMUM_CELLS:
                raise UnreadableError(f"the sheet has more than {MAXIMUM_CELLS:,} cells; split it", number)
            found = [_xlsx_cell(cell) for cell in row]
        while found and found[-1] is None:
            found.pop()
        if len(found) > MAXIMUM_COLUMNS:
            raise UnreadableError(f"the row has more than {MAXIMUM_COLUMNS:,} cells; this is no table", number)
        if found:
            yield number, found


def _xlsx_cell(cell: Any) -> Cell:
    value = cell.value
    if value is None:
        return None
    if cell.data_type == "f":
        return Fault("a formula stands here; only values are read (in Excel: copy, paste special, values)")
    if cell.data_type == "e":
        return Fault(f"the cell holds the error {str(value)[:20]}")
    if isinstance(value, bool):
        return value
    if isinstance(value, int | float):
        return _number(value, cell)
    if isinstance(value, datetime):
        return value
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day)  # noqa: DTZ001 - a spreadsheet knows no zones
    if isinstance(value, time | timedelta):
        return Fault("a time of day stands here; write a day (2024-09-30), or a time with its zone as text")
    return _text(_ESCAPED.sub(lambda found: chr(int(found[1], 16)), str(value)))


def _number(value: float, cell: Any) -> Cell:
    """A number; text where it is shown with zeros before it."""
    if isinstance(value, float) and value.is_integer() and abs(value) < 10**DIGITS_KEPT:
        value = int(value)
    if isinstance(value, int):
        zeros = str(cell.number_format)
        if value >= 0 and len(zeros) > 1 and not zeros.strip("0") and len(str(value)) < len(zeros):
            return str(value).zfill(len(zeros))
    elif not math.isfinite(value):
        return Fault("this is not a finite number")
    return value


def _merged(archive: ZipFile, part: str) -> Iterator[tuple[int, int, str]]:
    """The merged cells of a sheet, which stand after all its rows."""
    rest, count = b"", 0
    with _in_words("the workbook cannot be read"), archive.open(part) as stream:
        while chunk := stream.read(_CHUNK):
            text = rest + chunk
            end = 0
            for found in _MERGED.finditer(text):
                end = found.end()
                column, row, _, _ = range_boundaries(found[1].decode())
                yield int(row or 0), int(column or 0), found[1].decode()
                count += 1
                if count >= _MOST_MERGED:
                    return
            rest = text[max(end, len(text) - _LONGEST_TAG) :]


@contextmanager
def _in_words(what: str, row: int = 0) -> Generator[None]:
    """Whatever the reader of workbooks stumbles over, in words. It was not written for files that somebody made up."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except UnreadableError:
        raise
    except Exception as error:
        raise UnreadableError(f"{what}: {_told(error)}", row) from None


def _told(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return str(error).partition("\n")[0][:200] or type(error).__name__
