"""Writes rows as CSV and XLSX. Text that a spreadsheet would run is kept from it; numbers stay numbers."""

import csv
import re
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from io import StringIO
from typing import Any, BinaryIO

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

from cora.tables.cells import DIGITS_KEPT, Value, neutral

BYTE_ORDER_MARK = b"\xef\xbb\xbf"
"""Before a CSV file: tells spreadsheet programs that it is UTF-8."""

LONGEST_CELL = 32_767
"""The longest text that a cell of a spreadsheet holds."""

_CHUNK = 1 << 16
_ROWS_AT_ONCE = 256
_LIKE_AN_ESCAPE = re.compile("_(?=x[0-9A-Fa-f]{4}_)")
_UNFIT = {**dict.fromkeys(range(0xD800, 0xE000), "\ufffd"), 0xFFFE: "\ufffd", 0xFFFF: "\ufffd"}


def write_csv(header: Sequence[str] | None, rows: Iterable[Sequence[Value]]) -> Iterator[bytes]:
    """The rows as CSV (RFC 4180, UTF-8), piece by piece; without a header as the continuation of earlier rows."""
    text = StringIO(newline="")
    writer = csv.writer(text)
    if header is not None:
        writer.writerow([neutral(name) for name in header])
    for number, row in enumerate(rows, 1):
        writer.writerow([_as_text(value) for value in row])
        if number % _ROWS_AT_ONCE == 0:
            yield _taken(text)
    if text.tell():
        yield _taken(text)


def write_xlsx(header: Sequence[str], rows: Iterable[Sequence[Value]], *, sheet: str = "Sheet1") -> Iterator[bytes]:
    """The rows as an XLSX workbook of one sheet. They are kept in a temporary file; the bytes come after the last row.

    A text longer than `LONGEST_CELL` is cut off, which three dots at its end tell.
    """
    book: Any = Workbook(write_only=True)
    page: Any = book.create_sheet(sheet)
    page.freeze_panes = "A2"
    with tempfile.TemporaryFile() as file:
        try:
            page.append([_typed(page, name) for name in header])
            for row in rows:
                page.append([_typed(page, value) for value in row])
            book.save(file)
        except BaseException:
            _discard(page)
            raise
        file.seek(0)
        yield from chunks(file)


def chunks(file: BinaryIO) -> Iterator[bytes]:
    """What is left of a file, piece by piece."""
    while chunk := file.read(_CHUNK):
        yield chunk


def fit_for_workbook(text: str) -> str:
    """The text as a cell of a workbook holds it: without what XML cannot say, and not too long."""
    text = ILLEGAL_CHARACTERS_RE.sub("\ufffd", text).translate(_UNFIT)
    text = _LIKE_AN_ESCAPE.sub("_x005F_", text)
    return text if len(text) <= LONGEST_CELL else f"{text[: LONGEST_CELL - 3]}..."


def _taken(text: StringIO) -> bytes:
    found = text.getvalue().encode("utf-8", "replace")
    text.seek(0)
    text.truncate()
    return found


def _as_text(value: Value) -> str | int | float | None:
    if isinstance(value, bool):
        return "true" if value else "false"
    return neutral(value) if isinstance(value, str) else value


def _typed(page: Any, value: Value) -> Any:
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) >= 10**DIGITS_KEPT:
        value = str(value)
    if not isinstance(value, str):
        return value
    text = fit_for_workbook(neutral(value))
    if not text.startswith("#"):
        return text
    # '#N/A' would be taken for an error and not for the text that it is.
    cell: Any = WriteOnlyCell(page, text)
    cell.data_type = "s"
    return cell


def _discard(page: Any) -> None:
    """Remove the temporary file of a sheet that is not finished."""
    if page._writer is not None:
        if not page.closed:
            page.close()
        page._writer.cleanup()
