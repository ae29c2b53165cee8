"""From the cells of a row to an entry as a facility file has it, each value with its cell."""

import re
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, cast

from cora.facility_file.nodes import Mapping, Node, Scalar, resolved
from cora.facility_file.nodes import Sequence as List
from cora.facility_file.problems import TableCell, short
from cora.facility_file.tables.columns import Column, Sort
from cora.tables.cells import DIGITS_KEPT, JSON_STARTS, Number, parsed, parted
from cora.tables.read import Cell, Fault

Note = Callable[[TableCell, str], Any]

NULL = "null"
_MAXIMUM_DEPTH = 50
_SHORTENED = re.compile(r"-?[0-9](\.[0-9]+)?E\+[0-9]{2,}")
# What stands for null in YAML and is text in a table.
_TEXT_HERE = frozenset(("~", "Null", "NULL"))
_NUMBERS = (Sort.NUMBER, Sort.VALUE)


class Row:
    """One row on its way to an entry: the node that is read as one, the columns that it gives, and those in vain."""

    def __init__(self, at: TableCell, is_typed: bool, note: Note) -> None:
        self.node = Mapping(at, {}, {})
        self.given: set[str] = set()
        self.failed: set[str] = set()
        self._whole: dict[str, str] = {}
        self._is_typed = is_typed
        self._note = note

    def put(self, column: Column, at: TableCell, cell: Cell) -> None:
        """Take a cell in. What is wrong with it is noted."""
        try:
            text = self._text(column, cell)
            if text is not None:
                self.given.add(column.name)
                self._put(column, at, text, cell)
        except ValueError as wrong:
            self.failed.add(column.name)
            self._note(at, str(wrong))

    def _put(self, column: Column, at: TableCell, text: str, cell: Cell) -> None:
        match column.sort:
            case Sort.TEXT | Sort.DAY if column.clears and text == NULL:
                self._set((column.path[0],), Scalar(at, NULL, plain=True), column, at)
            case Sort.TEXT | Sort.DAY:
                self._set(column.path, Scalar(at, text, plain=text == NULL), column, at)
            case Sort.NUMBER:
                self._set(column.path, Scalar(at, text, plain=True), column, at)
            case Sort.JSON:
                self._set(column.path, self._json(text, at), column, at)
            case Sort.VALUE:
                self._set(column.path, self._value(text, cell, at), column, at)
            case Sort.LIST:
                self._append(column, at, [self._item(column, item, at) for item in _items(text)])
            case Sort.PORTS:
                self._append(column, at, [_port(item, at) for item in _items(text)])
            case Sort.EACH:
                self._set_each(column, at, parted(text, with_gaps=True))

    def _text(self, column: Column, cell: Cell) -> str | None:
        """What stands in a cell as text; None for an empty one. Raises `ValueError` for what is not meant there."""
        match cell:
            case None:
                return None
            case Fault():
                raise ValueError(cell.says)
            case bool():
                return str(cell).lower() if column.sort is Sort.VALUE else str(cell).upper()
            case datetime():
                return _day(cell, column)
            case int() | float():
                if column.sort not in _NUMBERS and abs(cell) >= 10**DIGITS_KEPT:
                    raise ValueError("a spreadsheet keeps 15 digits of a number; make the column text")
                return repr(cell)
            case str():
                if not self._is_typed and column.sort not in _NUMBERS and _SHORTENED.fullmatch(cell.strip()):
                    raise ValueError(f"a spreadsheet has shortened a number to {cell.strip()}; make the column text")
                return cell.strip()

    def _set(self, path: Sequence[str], node: Node, column: Column, at: TableCell) -> None:
        first = path[0]
        if first in self._whole:
            raise ValueError(f"the column '{self._whole[first]}' of this row says this already, or clears it")
        if len(path) == 1:
            if first in self.node.items:
                raise ValueError("another column of this row says a part of this")
            self._whole[first] = column.name
        _set_in(self.node, path, node, at)
        if len(path) > 1:
            self._set_beside(column, _at(self.node, path[:-1]), at)

    def _set_beside(self, column: Column, mapping: Node, at: TableCell) -> None:
        if isinstance(mapping, Mapping):
            for key, value in column.beside.items():
                _set_in(mapping, (key,), Scalar(at, value), at)

    def _append(self, column: Column, at: TableCell, items: list[Node]) -> None:
        key = column.path[0]
        found = self.node.items.setdefault(key, List(at, []))
        self.node.key_lines.setdefault(key, at)
        if isinstance(found, List):
            found.items += items

    def _set_each(self, column: Column, at: TableCell, items: list[Any]) -> None:
        key, *path = column.path
        found = self.node.items.get(key)
        count = len(found.items) if isinstance(found, List) else 0
        if not isinstance(found, List) or len(items) > count:
            raise ValueError(f"it lists {len(items)} where '{key[:-1]}' lists {count}")
        for item, mapping in zip(items, found.items, strict=False):
            if item == "" or not isinstance(mapping, Mapping):
                continue
            if not isinstance(item, str):
                raise ValueError(f"text is meant here, not {short(str(item))}")
            if item == NULL:
                _set_in(mapping, path[:1], Scalar(at, NULL, plain=True), at)
                continue
            _set_in(mapping, path, Scalar(at, item), at)
            if len(path) > 1:
                self._set_beside(column, _at(mapping, path[:-1]), at)

    def _item(self, column: Column, item: Any, at: TableCell) -> Node:
        node = Scalar(at, item) if isinstance(item, str) and not isinstance(item, Number) else _node(item, at)
        if not column.item or isinstance(node, Mapping):
            return node
        mapping = Mapping(at, {}, {})
        _set_in(mapping, (column.item,), node, at)
        self._set_beside(column, mapping, at)
        return mapping

    def _json(self, text: str, at: TableCell) -> Node:
        return _checked(Scalar(at, NULL, plain=True) if text == NULL else _node(parsed(text), at))

    def _value(self, text: str, cell: Cell, at: TableCell) -> Node:
        """A value that is not always text. In a workbook text is told from numbers; elsewhere the look decides."""
        if isinstance(cell, str):
            if text.startswith(JSON_STARTS):
                try:
                    return _checked(_node(parsed(text), at))
                except ValueError as wrong:
                    raise ValueError(f"{wrong}; if it is text, put quotation marks around it") from None
            if self._is_typed and text != NULL:
                return Scalar(at, text)
        return _checked(Scalar(at, text, plain=text not in _TEXT_HERE))


def _items(text: str) -> list[Any]:
    return [] if text == NULL else parted(text)


def _day(cell: datetime, column: Column) -> str:
    if column.sort is not Sort.DAY:
        raise ValueError("a date stands here, which a spreadsheet makes of text like this; make the column text")
    is_day = (cell.hour, cell.minute, cell.second, cell.microsecond) == (0, 0, 0, 0)
    return cell.date().isoformat() if is_day else cell.isoformat()


def _port(item: Any, at: TableCell) -> Node:
    words = item.split(None, 2) if isinstance(item, str) else ()
    if len(words) != 3:
        raise ValueError(f"a port is its name, direction and signal type (pso_out Output TTL), not {short(str(item))}")
    mapping = Mapping(at, {}, {})
    for key, word in zip(("name", "direction", "signal_type"), words, strict=True):
        _set_in(mapping, (key,), Scalar(at, word), at)
    return mapping


def _set_in(mapping: Mapping, path: Sequence[str], node: Node, at: TableCell) -> None:
    for key in path[:-1]:
        below = mapping.items.setdefault(key, Mapping(at, {}, {}))
        mapping.key_lines.setdefault(key, at)
        if not isinstance(below, Mapping):
            raise ValueError(f"another column of this row gives '{key}' already")
        mapping = below
    key = path[-1]
    if key in mapping.items:
        raise ValueError(f"another column of this row gives '{key}' already")
    mapping.items[key] = node
    mapping.key_lines[key] = at


def _at(node: Node, path: Sequence[str]) -> Node:
    for key in path:
        if not isinstance(node, Mapping):
            break
        node = node.items[key]
    return node


def _node(value: Any, at: TableCell, depth: int = 0) -> Node:
    """JSON data as it would be read from a facility file."""
    if depth > _MAXIMUM_DEPTH:
        raise ValueError("this is nested too deeply")
    if isinstance(value, Number):
        return Scalar(at, str(value), plain=True)
    if isinstance(value, str):
        return Scalar(at, value)
    if isinstance(value, list):
        return List(at, [_node(item, at, depth + 1) for item in cast("list[Any]", value)])
    if isinstance(value, dict):
        items = {key: _node(below, at, depth + 1) for key, below in cast("dict[str, Any]", value).items()}
        return Mapping(at, items, dict.fromkeys(items, at))
    return Scalar(at, {None: NULL, True: "true", False: "false"}[value], plain=True)


def _checked(node: Node) -> Node:
    """The node. Raises `ValueError` for a number in it that JSON cannot hold."""
    match node:
        case Scalar():
            resolved(node)
        case List():
            for item in node.items:
                _checked(item)
        case Mapping():
            for item in node.items.values():
                _checked(item)
    return node
