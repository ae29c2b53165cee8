"""Lists of records as tables for spreadsheets: one row a record, one column a field of its state.

What reads and writes workbooks takes long to import, so it is left to the moment when it is needed.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from cora.kernel.aggregate import Aggregate
from cora.kernel.documents import state_fields

RECORD_VERSION = "record_version"
"""The column of the version of the record; some states have a `version` of their own."""

_AFTER = {
    RECORD_VERSION: "version",
    **{name: name for name in ("began_at", "created_at", "recorded_at", "occurred_at")},
}


@dataclass(frozen=True)
class Columns:
    """The columns of a table: their names, and where in a record as it is shown they stand."""

    header: tuple[str, ...]
    paths: tuple[str, ...]


def columns_of(aggregate: Aggregate[Any], fields: Collection[str] | None = None) -> Columns:
    """The columns for records of a kind, with all fields of their state or with these: id, fields, version, times."""
    wanted = {name: f"state.{name}" for name in (state_fields(aggregate) if fields is None else fields)}
    columns = {"id": "id", **{name: path for name, path in wanted.items() if name != "id"}, **_AFTER}
    return Columns(tuple(columns), tuple(columns.values()))


def as_csv(columns: Columns, records: Iterable[Mapping[str, Any]], *, goes_on: bool = False) -> Iterator[bytes]:
    """Records as CSV, with the mark that tells spreadsheet programs that it is UTF-8.

    With `goes_on` as the continuation of earlier ones: without mark and header.
    """
    from cora.tables import flat, write_csv
    from cora.tables.write import BYTE_ORDER_MARK

    rows = (flat(record, columns.paths) for record in records)
    if goes_on:
        yield from write_csv(None, rows)
        return
    yield BYTE_ORDER_MARK
    yield from write_csv(columns.header, rows)


def as_xlsx(columns: Columns, records: Iterable[Mapping[str, Any]], sheet: str) -> Iterator[bytes]:
    """Records as a workbook of one sheet."""
    from cora.tables import flat, write_xlsx

    return write_xlsx(columns.header, (flat(record, columns.paths) for record in records), sheet=sheet)
