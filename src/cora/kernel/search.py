"""Words by which records are found: what an aggregate is found by, what people ask for, and which of it matched.

A word is a run of letters and digits; case, accents and all that stands between words make no difference. So
`2bma:m1.VAL` is three words that follow one another.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import cached_property
from typing import Any, NamedTuple, Protocol
from uuid import UUID

MOST_RANKED = 5_000
"""Of more records that hold the words so many are ranked, those first that a name or identifier begins with."""

MOST_WORDS = 20
LONGEST_WORD = 200
LONGEST_LINE = 250
LONGEST_TEXT = 100_000
_MOST_MATCHES = 5
_LONGEST_SHOWN = 160

_WORD = re.compile(r"[^\W_]+")
_WITHIN_NAMES = re.compile("(?<=[a-z])(?=[A-Z])")
"""Where the words of a name such as RotaryStage meet."""


class Weight(Enum):
    """How much it says about a record that a text of it was found; the values are marks in the stored text."""

    OWN = "="
    """What people call it, and what identifies it."""
    NAMED = "~"
    """The name or identifier of something of it: its maker, a port, a process variable."""
    PROSE = "-"


class Text(NamedTuple):
    """A text that a record is found by, and the field of its state where it stands; None is no text."""

    field: str
    text: str | None
    weight: Weight = Weight.NAMED


@dataclass(frozen=True)
class Part:
    """Words that follow one another. The last may be the beginning of a word, unless they are `whole`."""

    words: tuple[str, ...]
    whole: bool = False

    @cached_property
    def needle(self) -> str:
        """The words as they stand in a stored line."""
        return " ".join(self.words) + (" " if self.whole else "")

    def is_in(self, line: str) -> bool:
        """Whether they stand in a line as `line_of` gives it."""
        return f" {self.needle}" in f" {line} "


@dataclass(frozen=True)
class AskedSearch:
    """What is searched for: every part, in records of one of the kinds (none: of any)."""

    parts: tuple[Part, ...]
    limit: int
    kinds: tuple[str, ...] = ()
    cursor: str | None = None

    @property
    def joined(self) -> Part:
        """All parts as one, as they would follow one another in a name."""
        return Part(tuple(word for part in self.parts for word in part.words), self.parts[-1].whole)


class Ranked(NamedTuple):
    """A record that was found, and how well it fits: 100 is best."""

    kind: str
    id: UUID
    rank: int


@dataclass(frozen=True)
class FoundPage:
    """A page of what was found, best first. `count` is how many on all pages; unless `complete`, more records hold the
    words, which were not ranked."""

    items: Sequence[Ranked]
    next: str | None
    count: int
    complete: bool


class Searches(Protocol):
    """The words of all records, as they are."""

    async def search(self, asked: AskedSearch) -> FoundPage:
        """A page of the records found. Raises `InvalidRequestError` for a cursor that is none."""
        ...


@dataclass(frozen=True)
class Match:
    """A text of a record that holds what was asked for, or a piece of it, and the field where it stands."""

    field: str
    text: str


def words_of(text: str) -> list[str]:
    """The words of a text, in order, each as all its spellings are kept."""
    if text.isascii():
        plain = text.lower()
    else:
        spelt = unicodedata.normalize("NFKD", text)
        plain = "".join(each for each in spelt if not unicodedata.combining(each)).casefold()
    return [word[:LONGEST_WORD] for word in _WORD.findall(plain)]


def line_of(text: str) -> str:
    """The words of a text with one space between them."""
    return " ".join(words_of(text))


def _lines_of(each: Text) -> list[str]:
    """The line of a text, and that of the words within a name such as RotaryStage. No line is empty."""
    if not each.text:
        return []
    spellings = [each.text]
    if each.weight is not Weight.PROSE:
        spellings.append(_WITHIN_NAMES.sub(" ", each.text))
    return list(filter(None, dict.fromkeys(map(line_of, spellings))))


def texts_within(field: str, value: Any) -> Iterable[Text]:
    """Every text in a JSON value, at any depth, such as the process variables in settings."""
    match value:
        case str():
            yield Text(field, value)
        case dict():
            for key, member in value.items():  # pyright: ignore[reportUnknownVariableType]
                yield from texts_within(f"{field}.{key}", member)
        case list() | tuple():
            for member in value:  # pyright: ignore[reportUnknownVariableType]
                yield from texts_within(field, member)
        case _:
            return


def written(kind: str, texts: Iterable[Text]) -> str:
    """What is stored to find a record by (log/schema/0005_search.sql).

    First a quoted line for its kind and each name or identifier, `'= sn 0042 '`, which is found as a whole and by its
    words; after a form feed the prose. Each is held as long as there is room.
    """
    lines = {f"'@{kind}'": None}
    prose: list[str] = []
    room = LONGEST_TEXT
    for weight, line in ((each.weight, line) for each in texts for line in _lines_of(each)):
        size = len(line) + len("'~  '\n")
        if size > room:
            continue
        room -= size
        if weight is Weight.PROSE or len(line) > LONGEST_LINE:
            prose.append(f"- {line} \n")
        else:
            lines[f"'{weight.value} {line} '"] = None
    return "\n".join(lines) + "\n\f" + "".join(prose)


def parts_of(asked: str) -> tuple[Part, ...]:
    """What people ask for: words, of which each may be a beginning, and phrases in double quotes. None: no words."""
    *closed, last = asked.split('"')
    parts: dict[Part, None] = {}
    for number, piece in enumerate((*closed, last)):
        is_quoted = number % 2 == 1
        # What is not closed yet is still being typed.
        whole = is_quoted and number < len(closed)
        for text in [piece] if is_quoted else piece.split():
            if words := words_of(text):
                parts[Part(tuple(words), whole)] = None
    return tuple(parts)


def matches(parts: Sequence[Part], texts: Iterable[Text]) -> list[Match]:
    """Which texts hold any of the parts: the first few, long ones as a piece around the first that is held."""
    found: dict[Match, None] = {}
    for each in texts:
        lines = _lines_of(each)
        held = next((part for part in parts if any(map(part.is_in, lines))), None)
        if held is not None and each.text:
            found[Match(each.field, _piece(each.text, held))] = None
        if len(found) == _MOST_MATCHES:
            break
    return list(found)


def _piece(text: str, part: Part) -> str:
    if len(text) <= _LONGEST_SHOWN:
        return text
    first = part.words[0]
    starts = (word.start() for word in _WORD.finditer(text) if line_of(word[0]).startswith(first))
    begin = max(0, next(starts, 0) - _LONGEST_SHOWN // 4)
    end = begin + _LONGEST_SHOWN
    return ("..." if begin else "") + text[begin:end].strip() + ("..." if end < len(text) else "")
