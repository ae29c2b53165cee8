"""What the value of a key may be. A shape turns a node into a value, or notes what is wrong with it.

Text keeps what stands in the file: `01`, `no` and `2024-09-30` stay text where text is meant.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import MISSING, dataclass, fields
from datetime import UTC, date, datetime
from enum import Enum
from types import NoneType, UnionType
from typing import (
    Annotated,
    Any,
    Final,
    Literal,
    NamedTuple,
    TypeAlias,
    TypeVar,
    Union,
    get_args,
    get_origin,
    get_type_hints,
)

from cora.equipment.paths import tidy
from cora.facility_file import nodes
from cora.facility_file.nodes import Node, Scalar, plain_json, resolved
from cora.facility_file.problems import Line, Place, Problems, did_you_mean, short
from cora.kernel.requests import EARLIEST, why_unfit

E = TypeVar("E", bound="Entry")


class _LeftOut(Enum):
    LEFT_OUT = "left out"

    def __repr__(self) -> str:
        return "LEFT_OUT"


LEFT_OUT: Final = _LeftOut.LEFT_OUT
"""Stands for a key that is not in the file, which is something else than null."""

LeftOut: TypeAlias = Literal[_LeftOut.LEFT_OUT]


class Named(NamedTuple):
    """A record referred to by its name or path, and the line where it is."""

    text: str
    line: Line


@dataclass(slots=True)
class Reading:
    """One entry on its way in: collects what is wrong with it."""

    file: str
    problems: Problems
    label: str = ""
    failed: bool = False

    def wrong(self, line: Line, text: str) -> _LeftOut:
        """Note a problem of this entry."""
        self.failed = True
        self.problems.add(Place(self.file, line), f"{self.label}: {text}" if self.label else text)
        return LEFT_OUT


Shape: TypeAlias = Callable[[Node, str, Reading], Any]
"""Called with the node, the name of its key for messages, and the reading; LEFT_OUT when it is wrong."""


def text(node: Node, key: str, reading: Reading) -> str | LeftOut:
    """Text as it stands."""
    if not isinstance(node, Scalar):
        return reading.wrong(node.line, f"'{key}' is text, not {_kind(node)}")
    found = tidy(node.text)
    if found and node.is_null:
        return reading.wrong(node.line, f"'{key}' cannot be cleared; put {found} in quotes if the text is meant")
    if not found:
        return reading.wrong(node.line, f"'{key}' is empty")
    if why := why_unfit(found):
        return reading.wrong(node.line, f"'{key}' {why}")
    return found


def name(node: Node, key: str, reading: Reading) -> Named | LeftOut:
    """The name or path of a record."""
    found = text(node, key, reading)
    return LEFT_OUT if found is LEFT_OUT else Named(found, node.line)


def nullable(shape: Shape) -> Shape:
    """The shape, or null, which clears."""

    def read(node: Node, key: str, reading: Reading) -> Any:
        return None if isinstance(node, Scalar) and node.is_null else shape(node, key, reading)

    return read


def one_of(*choices: str) -> Shape:
    """One of some words."""

    def read(node: Node, key: str, reading: Reading) -> str | LeftOut:
        found = text(node, key, reading)
        if found is LEFT_OUT or found in choices:
            return found
        known = ", ".join(choices)
        return reading.wrong(
            node.line, f"'{key}' is '{short(found)}'; it is one of {known}{did_you_mean(found, choices)}"
        )

    return read


def number(node: Node, key: str, reading: Reading) -> float | LeftOut:
    """A finite number."""
    if isinstance(node, Scalar):
        try:
            found = resolved(node)
        except ValueError as wrong:
            return reading.wrong(node.line, f"'{key}': {wrong}")
        if isinstance(found, int | float) and not isinstance(found, bool):
            return found
        return reading.wrong(node.line, f"'{key}' is a number, not '{short(node.text)}'")
    return reading.wrong(node.line, f"'{key}' is a number, not {_kind(node)}")


def flag(node: Node, key: str, reading: Reading) -> bool | LeftOut:
    """true or false."""
    if isinstance(node, Scalar) and node.plain and isinstance(found := resolved_or_text(node), bool):
        return found
    shown = f"'{short(node.text)}'" if isinstance(node, Scalar) else _kind(node)
    return reading.wrong(node.line, f"'{key}' is true or false, not {shown}")


def moment(node: Node, key: str, reading: Reading) -> datetime | LeftOut:
    """A day (its beginning, UTC), or a time with its zone."""
    found = text(node, key, reading)
    if found is LEFT_OUT:
        return found
    try:
        when = datetime.fromisoformat(found)
    except ValueError:
        when = None
    if when is None or len(found) < len("2024-09-30"):
        return reading.wrong(
            node.line, f"'{key}' is a day (2024-09-30) or a time (2024-09-30T14:00:00Z), not '{found}'"
        )
    if when.tzinfo is None:
        try:
            date.fromisoformat(found)
        except ValueError:
            return reading.wrong(node.line, f"'{key}' has a time without its zone; add Z or an offset: {found}Z")
        when = when.replace(tzinfo=UTC)
    try:
        when = when.astimezone(UTC)
    except OverflowError:
        return reading.wrong(node.line, f"'{key}' is out of range: '{short(found)}'")
    if when < EARLIEST:
        return reading.wrong(node.line, f"'{key}' must not lie before {EARLIEST.year}: '{short(found)}'")
    return when


def json_object(node: Node, key: str, reading: Reading) -> dict[str, Any] | LeftOut:
    """Free keys and values, as JSON data."""
    if not isinstance(node, nodes.Mapping):
        return reading.wrong(node.line, f"'{key}' is a mapping, not {_kind(node)}")
    try:
        return plain_json(node)
    except ValueError as wrong:
        return reading.wrong(node.line, f"'{key}': {wrong}")


def items(shape: Shape) -> Shape:
    """A list; null clears it. What is wrong with one item is noted and the others are kept."""

    def read(node: Node, key: str, reading: Reading) -> Any:
        if isinstance(node, Scalar) and node.is_null:
            return []
        if not isinstance(node, nodes.Sequence):
            return reading.wrong(node.line, f"'{key}' is a list, not {_kind(node)}")
        found = [shape(item, key, reading) for item in node.items]
        return [item for item in found if item is not LEFT_OUT]

    return read


def one_or_more(shape: Shape) -> Shape:
    """A list, or one item without its brackets."""
    several = items(shape)

    def read(node: Node, key: str, reading: Reading) -> Any:
        if isinstance(node, nodes.Sequence):
            return several(node, key, reading)
        found = shape(node, key, reading)
        return found if found is LEFT_OUT else [found]

    return read


def by_name(shape: Shape) -> Shape:
    """A mapping whose keys are names."""

    def read(node: Node, key: str, reading: Reading) -> Any:
        if not isinstance(node, nodes.Mapping):
            return reading.wrong(node.line, f"'{key}' is a mapping, not {_kind(node)}")
        found = {each: shape(value, f"{key}.{each}", reading) for each, value in node.items.items()}
        return {each: value for each, value in found.items() if value is not LEFT_OUT}

    return read


def either(first: Callable[[Node], bool], shape: Shape, other: Shape) -> Shape:
    """One shape where the node fits, else another."""
    return lambda node, key, reading: (shape if first(node) else other)(node, key, reading)


def is_list(node: Node) -> bool:
    """Whether it is a list."""
    return isinstance(node, nodes.Sequence)


def keys(*, required: Iterable[str] = (), **shapes: Shape) -> Shape:
    """A mapping with known keys, as a dict of those that are given."""
    needed = tuple(required)

    def read(node: Node, key: str, reading: Reading) -> Any:
        if not isinstance(node, nodes.Mapping):
            return reading.wrong(node.line, f"'{key}' is a mapping, not {_kind(node)}")
        found = _known(node, shapes, reading, f"in '{key}' ")
        missing = [each for each in needed if each not in node.items]
        if missing:
            return reading.wrong(node.line, f"'{key}' needs {_quoted(missing)}")
        broken = any(each not in found for each in node.items if each in shapes)
        return LEFT_OUT if broken else found

    return read


@dataclass(slots=True, kw_only=True)
class Entry:
    """One record of a section: where it stands, and on which lines its keys and what is directly below them.

    `parts` are the columns that give a part of a value where the entry is a row of a table.
    """

    place: Place
    lines: dict[str, Line]
    parts: frozenset[str] = frozenset()

    def at(self, key: str, *below: str | int) -> Place:
        """Where a key, or something below it, stands; the entry itself when it is not in the file."""
        line = self.lines.get(key, self.place.line)
        return Place(self.place.file, self.lines.get(f"{key}.{below[0]}", line) if below else line)


def shapes_of(entry: type[Entry]) -> dict[str, Shape]:
    """The keys that an entry can have: its fields whose type names a shape."""
    found: dict[str, Shape] = {}
    for key, hint in get_type_hints(entry, include_extras=True).items():
        options = get_args(hint) if get_origin(hint) in (Union, UnionType) else (hint,)
        shape = next((option.__metadata__[0] for option in options if get_origin(option) is Annotated), None)
        if shape is not None:
            found[key] = nullable(shape) if NoneType in options else shape
    return found


def required_of(entry: type[Entry]) -> tuple[str, ...]:
    """The keys that an entry must have."""
    shapes = shapes_of(entry)
    return tuple(each.name for each in fields(entry) if each.name in shapes and each.default is MISSING)


def read_entry(entry: type[E], shapes: Mapping[str, Shape], required: Iterable[str], node: Node, reading: Reading,
               ) -> E | None:  # fmt: skip
    """The entry of a node, or None when it is not usable; what is wrong is noted."""
    if not isinstance(node, nodes.Mapping):
        reading.wrong(node.line, f"an entry is a mapping such as 'name: ...', not {_kind(node)}")
        return None
    values = _known(node, shapes, reading, "")
    missing = [each for each in required if each not in node.items]
    if missing:
        reading.wrong(node.line, f"{_quoted(missing)} is missing" if len(missing) == 1 else
                      f"{_quoted(missing)} are missing")  # fmt: skip
    if any(each not in values for each in required):
        return None
    lines: dict[str, Line] = {}
    for each, below in node.items.items():
        lines[each] = node.key_lines[each]
        if isinstance(below, nodes.Mapping):
            lines.update((f"{each}.{inner}", line) for inner, line in below.key_lines.items())
        elif isinstance(below, nodes.Sequence):
            lines.update((f"{each}.{index}", item.line) for index, item in enumerate(below.items))
    return entry(place=Place(reading.file, node.line), lines=lines, **values)


def _known(node: nodes.Mapping, shapes: Mapping[str, Shape], reading: Reading, where: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for each, below in node.items.items():
        shape = shapes.get(each)
        if shape is None:
            known = did_you_mean(each, shapes) or f"; known are {', '.join(shapes)}"
            reading.wrong(node.key_lines[each], f"{where}the key '{short(each)}' is not known{known}")
            continue
        value = shape(below, each, reading)
        if value is not LEFT_OUT:
            found[each] = value
    return found


def resolved_or_text(node: Scalar) -> Any:
    """The value of a scalar; its text where it is a number JSON cannot hold."""
    try:
        return resolved(node)
    except ValueError:
        return node.text


def _kind(node: Node) -> str:
    if isinstance(node, Scalar):
        return "nothing" if node.is_null else f"'{short(node.text)}'"
    return "a list" if isinstance(node, nodes.Sequence) else "a mapping"


def _quoted(words: Iterable[str]) -> str:
    return " and ".join(f"'{word}'" for word in words)
