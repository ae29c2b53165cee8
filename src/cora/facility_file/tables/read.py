"""Reads tables: finds out what their rows are, and reads each as an entry of a facility file."""

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from cora.facility_file.entries import SECTIONS
from cora.facility_file.problems import Place, Problem, TableCell, did_you_mean, short
from cora.facility_file.read import Defaults, Files, label_of_node
from cora.facility_file.shapes import Reading, Shape, name, read_entry, required_of, shapes_of
from cora.facility_file.tables.columns import (
    FREE_COLUMNS,
    KINDS,
    Column,
    column_named,
    kind_by_header,
    kind_in,
    tidied,
)
from cora.facility_file.tables.rows import Row
from cora.tables.read import Cell, Fault, Sheet, UnreadableError, opened_table

GUIDE = "columns"
"""The sheet of a template that explains the columns; it is not read."""

_SHAPES: Mapping[str, Mapping[str, Shape]] = {
    kind: {**shapes_of(SECTIONS[kind]), **({"parent": name} if kind == "assets" else {})} for kind in KINDS
}
_REQUIRED = {kind: required_of(SECTIONS[kind]) for kind in KINDS}
_NOTHING = Defaults()


def read_tables(paths: Sequence[str | Path], kind: str | None = None, defaults: Defaults = _NOTHING) -> Files:
    """Read tables together. What is wrong is in `problems` of the answer; nothing is raised for it.

    Without a kind, the name of the sheet, of the file, or the header tells it.
    """
    files = Files(tuple(dict.fromkeys(str(path) for path in paths)))
    numbers = itertools.count()
    for file in files.names:
        files.defaults[file] = defaults
        sheet = ""
        try:
            with opened_table(file) as sheets:
                for each, its_kind in _chosen(file, sheets, kind, files):
                    sheet = each.name
                    _Table(file, each, files, numbers).read(its_kind or kind_in(Path(file).stem))
        except UnreadableError as error:
            files.problems.add(Place(file, TableCell(sheet, error.row, error.column)), error.says)
    return files


def _chosen(file: str, sheets: list[Sheet], kind: str | None, files: Files) -> list[tuple[Sheet, str | None]]:
    """The sheets that are read, each with the kind that is known of it; the others are told."""
    shown = [sheet for sheet in sheets if not sheet.is_hidden and tidied(sheet.name) != GUIDE]
    told = {id(sheet): kind_in(sheet.name) for sheet in shown}
    chosen = [sheet for sheet in shown if told[id(sheet)] is not None and kind in (None, told[id(sheet)])]
    chosen = chosen or shown[:1]
    if not chosen:
        files.problems.add(Place(file, TableCell("", 0)), "there is no sheet in it that can be read")
    for sheet in sheets:
        if all(sheet is not each for each in chosen) and tidied(sheet.name) != GUIDE and not _is_empty(sheet):
            why = "it is hidden" if sheet.is_hidden else f"its name is none of {', '.join(KINDS)}"
            if told.get(id(sheet)) is not None:
                why = f"it is not the one for {kind}"
            files.warnings.append(Problem(Place(file, TableCell(sheet.name, 0)), f"this sheet is not read: {why}"))
    return [(sheet, kind or told[id(sheet)]) for sheet in chosen]


def _is_empty(sheet: Sheet) -> bool:
    try:
        return next(sheet.rows, None) is None
    except UnreadableError:
        return False


class _Table:
    """One table being read."""

    def __init__(self, file: str, sheet: Sheet, files: Files, numbers: "Iterator[int]") -> None:
        self._file = file
        self._sheet = sheet
        self._files = files
        self._numbers = numbers
        self._headers: dict[int, str] = {}
        self._columns: list[tuple[int, Column]] = []

    def read(self, kind: str | None) -> None:
        """Read the header, then row by row."""
        first = next(self._sheet.rows, None)
        if first is None:
            self._wrong(
                self._at(0), "the table is empty; its first row names the columns (see: cora import --template)"
            )
            return
        self._take_header(*first)
        kind = kind or kind_by_header(self._headers.values())
        if kind is None:
            known = ", ".join(KINDS)
            self._wrong(self._at(first[0]), f"it cannot be told what the rows are; give --kind: one of {known}")
        elif self._take_columns(kind, first[0]):
            for number, cells in self._sheet.rows:
                self._take_row(kind, number, cells)
        for row, column, cells in self._sheet.merged():
            self._wrong(
                self._at(row, column), f"the cells {cells} are merged, so only the first has a value; part them"
            )

    def _at(self, row: int, column: int = 0) -> TableCell:
        return TableCell(self._sheet.name, row, column, self._headers.get(column, ""))

    def _wrong(self, at: TableCell, text: str) -> None:
        self._files.problems.add(Place(self._file, at), text)

    def _take_header(self, row: int, cells: list[Cell]) -> None:
        for index, cell in enumerate(cells, 1):
            if isinstance(cell, Fault):
                self._wrong(self._at(row, index), cell.says)
            elif cell is not None:
                self._headers[index] = short(" ".join(str(cell).split()))

    def _take_columns(self, kind: str, row: int) -> bool:
        """Find out what the columns are; whether the rows can be read."""
        first: dict[str, int] = {}
        known = [column.name for column in (*KINDS[kind], *FREE_COLUMNS.get(kind, ()))]
        for index, header in self._headers.items():
            column = column_named(kind, header)
            if column is None:
                says = did_you_mean(tidied(header), known) or f"; known are {', '.join(known)}"
                self._wrong(self._at(row, index), f"the column '{header}' is not known{says}")
            elif column.name in first:
                before = self._at(row, first[column.name]).reference
                self._wrong(self._at(row, index), f"the column '{header}' stands here again; it is in {before} already")
            else:
                first[column.name] = index
                self._columns.append((index, column))
        # A column that says more of another's value comes after that other.
        order = {column.name: number for number, column in enumerate(KINDS[kind])}
        self._columns.sort(key=lambda pair: order.get(pair[1].name, len(order)))
        missing = [column.name for column in KINDS[kind] if column.is_required and column.name not in first]
        if kind == "assets" and not first.keys() & {"facility", "parent"}:
            missing.append("parent (or facility, for roots)")
        for each in missing:
            self._wrong(self._at(row), f"the column {each} is missing")
        return not missing

    def _take_row(self, kind: str, number: int, cells: list[Cell]) -> None:
        reading = Reading(self._file, self._files.problems)
        row = Row(self._at(number), self._sheet.is_typed, reading.wrong)
        for index, column in self._columns:
            if index <= len(cells):
                row.put(column, self._at(number, index), cells[index - 1])
        for index in self._nameless(cells):
            self._wrong(self._at(number, index), "a value stands here, where the header names no column")
        asset = next(self._numbers) if kind == "assets" else -1
        if any(column.is_required and column.name in row.failed for _, column in self._columns):
            self._files.add(kind, None, asset)
            return
        reading.label = label_of_node(kind, row.node)
        entry = read_entry(SECTIONS[kind], _SHAPES[kind], _REQUIRED[kind], row.node, reading)
        if entry is not None:
            entry.parts = frozenset(row.given)
        self._files.add(kind, entry, asset)

    def _nameless(self, cells: list[Cell]) -> Iterable[int]:
        """The columns without a name in which a value stands."""
        return (index for index, cell in enumerate(cells, 1) if cell is not None and index not in self._headers)
