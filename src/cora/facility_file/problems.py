"""What is wrong with facility files: every problem with its file and line, row and column, or record and path."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any, NamedTuple, TypeAlias

from cora.equipment.pidinst.reading.parts import Spot

MAXIMUM_KEPT = 1_000
_LONGEST_SHOWN = 100


class TableCell(NamedTuple):
    """A cell of a table, rows and columns counted from 1; the whole row, or the whole table, where one of them is 0."""

    sheet: str
    row: int
    column: int = 0
    name: str = ""

    @property
    def reference(self) -> str | None:
        """The cell as spreadsheets name it: `D12`."""
        return f"{_letters(self.column)}{self.row}" if self.row and self.column else None

    def __str__(self) -> str:
        parts = [f"sheet {self.sheet}"] if self.sheet else []
        parts += [f"row {self.row}"] if self.row else []
        if self.column:
            parts.append(f"column {self.name} ({self.reference})" if self.name else f"cell {self.reference}")
        return ", ".join(parts)


def _letters(column: int) -> str:
    letters = ""
    while column:
        column, letter = divmod(column - 1, 26)
        letters = chr(ord("A") + letter) + letters
    return letters


Line: TypeAlias = int | TableCell | Spot
"""Where something stands in its file: a line, counted from 1, a cell of a table, or a path in a record of others."""


class Place(NamedTuple):
    """A file, and where in it."""

    file: str
    line: Line

    @property
    def is_in_table(self) -> bool:
        """Whether the file is a table."""
        return isinstance(self.line, TableCell)

    @property
    def is_in_record(self) -> bool:
        """Whether the file holds records of others."""
        return isinstance(self.line, Spot)

    @property
    def order(self) -> tuple[str, int, int]:
        """What puts the places of a file in order."""
        match self.line:
            case TableCell():
                return self.line[:3]
            case Spot():
                return ("", self.line.record, self.line.line)
            case _:
                return ("", self.line, 0)

    def __str__(self) -> str:
        if isinstance(self.line, TableCell | Spot):
            return ", ".join(filter(None, (self.file, str(self.line))))
        return f"{self.file}:{self.line}"

    def to_json(self) -> dict[str, Any]:
        """The place as JSON data."""
        if isinstance(self.line, Spot):
            return {"file": self.file, **{name: each for name, each in self.line._asdict().items() if each}}
        if not isinstance(self.line, TableCell):
            return {"file": self.file, "line": self.line}
        sheet, row, _, name = self.line
        shown = {"sheet": sheet, "row": row, "column": name, "cell": self.line.reference}
        return {"file": self.file, **{key: value for key, value in shown.items() if value}}


class Problem(NamedTuple):
    """One thing that is wrong, and where."""

    place: Place
    text: str

    def __str__(self) -> str:
        return f"{self.place}: {self.text}"

    def to_json(self) -> dict[str, Any]:
        """The problem as JSON data."""
        return {**self.place.to_json(), "text": self.text}


@dataclass
class Problems:
    """Collects problems, each once; keeps the first thousand and counts the rest."""

    kept: list[Problem] = field(default_factory=list[Problem])
    count: int = 0

    def __post_init__(self) -> None:
        self._seen = set(self.kept)

    def add(self, place: Place, text: str) -> None:
        """Note a problem."""
        problem = Problem(place, text)
        if problem in self._seen:
            return
        self.count += 1
        if len(self.kept) < MAXIMUM_KEPT:
            self.kept.append(problem)
            self._seen.add(problem)

    def __bool__(self) -> bool:
        return self.count > 0

    def in_order(self, files: Iterable[str]) -> tuple[Problem, ...]:
        """What was kept, by file (in the given order) and line."""
        return in_order(self.kept, files)


def in_order(problems: Iterable[Problem], files: Iterable[str]) -> tuple[Problem, ...]:
    """Problems by file (in the given order) and line."""
    order = {file: number for number, file in enumerate(files)}
    return tuple(sorted(problems, key=lambda p: (order.get(p.place.file, -1), p.place.order)))


def did_you_mean(wrong: str, known: Iterable[str]) -> str:
    """`; did you mean 'RotaryStage'?` when a known word is near, else nothing."""
    by_folded = {word.casefold(): word for word in known}
    near = get_close_matches(wrong.casefold(), by_folded, n=1, cutoff=0.7)
    return f"; did you mean '{by_folded[near[0]]}'?" if near else ""


def short(text: str) -> str:
    """The text, or its beginning when it is long."""
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}..."
