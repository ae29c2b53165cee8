"""Rows as CSV and XLSX: written so that no spreadsheet runs them, read so that nothing in them is run or guessed."""

from cora.tables.cells import Value, flat, joined, parted
from cora.tables.read import Cell, Fault, Sheet, UnreadableError, opened_table
from cora.tables.write import write_csv, write_xlsx

__all__ = [
    "Cell",
    "Fault",
    "Sheet",
    "UnreadableError",
    "Value",
    "flat",
    "joined",
    "opened_table",
    "parted",
    "write_csv",
    "write_xlsx",
]
