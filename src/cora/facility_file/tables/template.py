"""Writes empty tables: a header row, and in a workbook a sheet that explains each column."""

import tempfile
from collections.abc import Iterator
from typing import Any

from openpyxl import Workbook
from openpyxl.styles import Alignment, Font
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation

from cora.facility_file.tables.columns import FREE_COLUMNS, KINDS, Column, Sort
from cora.facility_file.tables.read import GUIDE
from cora.tables.cells import joined
from cora.tables.write import BYTE_ORDER_MARK, chunks, write_csv

_ROWS = 10_000
_TEXT = "@"
_LONGEST_CHOICES = 255
_GENERAL = (
    "The first row names the columns; their order does not matter, and columns can be left out.",
    "An empty cell changes nothing. The word null clears. A list has semicolons between its items.",
    "Only values are read: no formulas, no merged cells. This sheet is not read.",
)


def template(kind: str, *, is_workbook: bool) -> Iterator[bytes]:
    """An empty table of a kind, as CSV or XLSX."""
    if is_workbook:
        yield from _workbook(kind)
        return
    yield BYTE_ORDER_MARK
    yield from write_csv([column.name for column in KINDS[kind]], ())


def _workbook(kind: str) -> Iterator[bytes]:
    book: Any = Workbook()
    sheet: Any = book.active
    sheet.title = kind
    sheet.freeze_panes = "A2"
    for number, column in enumerate(KINDS[kind], 1):
        head = sheet.cell(1, number, column.name)
        head.font = Font(bold=True)
        letter = get_column_letter(number)
        sheet.column_dimensions[letter].width = max(12, len(column.name) + 2)
        if column.sort is not Sort.NUMBER:
            # Text stays as it is typed: part numbers do not become dates.
            sheet.column_dimensions[letter].number_format = _TEXT
        choices = ",".join(column.choices)
        if choices and column.sort is Sort.TEXT and len(choices) < _LONGEST_CHOICES:
            offered = DataValidation(type="list", formula1=f'"{choices}"', allow_blank=True)
            offered.add(f"{letter}2:{letter}{_ROWS}")
            sheet.add_data_validation(offered)
    _explain(book.create_sheet(GUIDE), kind)
    with tempfile.TemporaryFile() as file:
        book.save(file)
        file.seek(0)
        yield from chunks(file)


def _explain(sheet: Any, kind: str) -> None:
    for says in _GENERAL:
        sheet.append([says])
    sheet.append([])
    sheet.append(["column", "needed", "what it says", "allowed values", "example"])
    for cell in sheet[sheet.max_row]:
        cell.font = Font(bold=True)
    for column in (*KINDS[kind], *FREE_COLUMNS.get(kind, ())):
        sheet.append([
            column.name, "always" if column.is_required else None, column.says, _allowed(column), column.example,
        ])  # fmt: skip
        for cell in sheet[sheet.max_row]:
            cell.alignment = Alignment(wrap_text=True, vertical="top")
            cell.number_format = _TEXT
    for letter, width in zip("ABCDE", (26, 10, 60, 40, 32), strict=True):
        sheet.column_dimensions[letter].width = width


def _allowed(column: Column) -> str:
    if column.choices:
        return joined(column.choices)
    return {
        Sort.TEXT: "text",
        Sort.NUMBER: "a number",
        Sort.DAY: "a day (2024-09-30), or a time with its zone (2024-09-30T14:00:00Z)",
        Sort.LIST: "texts with semicolons between them",
        Sort.EACH: "texts with semicolons between them, one for each",
        Sort.PORTS: "name, Input or Output, signal type; semicolons between ports",
        Sort.JSON: "a JSON object",
        Sort.VALUE: "a number, true, false or text; JSON for anything else",
    }[column.sort]
