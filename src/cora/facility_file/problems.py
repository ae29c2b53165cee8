"""What is wrong with facility files: every problem with its file and line."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import NamedTuple

MAXIMUM_KEPT = 1_000
_LONGEST_SHOWN = 100


class Place(NamedTuple):
    """A line of a file, counted from 1."""

    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


class Problem(NamedTuple):
    """One thing that is wrong, and where."""

    place: Place
    text: str

    def __str__(self) -> str:
        return f"{self.place}: {self.text}"


@dataclass
class Problems:
    """Collects problems; keeps the first thousand and counts the rest."""

    kept: list[Problem] = field(default_factory=list[Problem])
    count: int = 0

    def add(self, place: Place, text: str) -> None:
        """Note a problem."""
        self.count += 1
        if len(self.kept) < MAXIMUM_KEPT:
            self.kept.append(Problem(place, text))

    def __bool__(self) -> bool:
        return self.count > 0

    def in_order(self, files: Iterable[str]) -> tuple[Problem, ...]:
        """What was kept, each once, by file (in the given order) and line."""
        order = {file: number for number, file in enumerate(files)}
        unique = dict.fromkeys(self.kept)
        return tuple(sorted(unique, key=lambda p: (order.get(p.place.file, -1), p.place.line)))


def did_you_mean(wrong: str, known: Iterable[str]) -> str:
    """`; did you mean 'RotaryStage'?` when a known word is near, else nothing."""
    by_folded = {word.casefold(): word for word in known}
    near = get_close_matches(wrong.casefold(), by_folded, n=1, cutoff=0.7)
    return f"; did you mean '{by_folded[near[0]]}'?" if near else ""


def short(text: str) -> str:
    """The text, or its beginning when it is long."""
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}..."
