"""A document as parts: text, list or members, each with the spot where it stands. XML and JSON come to the same."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, cast

MOST_PARTS = 1_000_000
DEEPEST = 40
# What no XML can hold either. Other control characters are white space, or told where a value cannot have them.
_UNFIT = re.compile("[\x00\ud800-\udfff\ufffe\uffff]")
_ENGLISH = re.compile(r"en(g|glish)?([-_].*)?", re.IGNORECASE)


class Spot(NamedTuple):
    """Where something stands in a file: in which record (from 1; 0 for the file itself), on which path, and in XML on
    which line."""

    record: int = 0
    path: str = ""
    line: int = 0

    def below(self, *steps: str | int) -> "Spot":
        """The spot of a part of it."""
        return self._replace(path="/".join((self.path, *map(str, steps))))

    def __str__(self) -> str:
        parts = [f"line {self.line}"] if self.line else []
        parts += [f"record {self.record}"] if self.record else []
        return ", ".join([*parts, self.path] if self.path else parts)


class NotUnderstood(NamedTuple):
    """Something that was not understood, or has no place: where it stands, and what it is."""

    spot: Spot
    says: str


class UnreadableError(ValueError):
    """A document that is not read at all, and why."""

    def __init__(self, says: str, line: int = 0) -> None:
        super().__init__(says)
        self.says = says
        self.line = line


@dataclass(frozen=True, slots=True)
class Part:
    """Text, a list (`items`), or members; none of them for null."""

    spot: Spot
    text: str | None = None
    items: "tuple[Part, ...] | None" = None
    members: "Mapping[str, Part] | None" = None

    @property
    def is_empty(self) -> bool:
        """Whether nothing is said."""
        return not (self.items or self.members or (self.text or "").strip())

    def each(self) -> "tuple[Part, ...]":
        """The items of a list; anything else is a list of one, nothing a list of none."""
        if self.items is not None:
            return tuple(item for item in self.items if not item.is_empty)
        return () if self.is_empty else (self,)

    def member(self, name: str) -> "Part | None":
        """A member by its exact name."""
        return None if self.members is None else self.members.get(name)


def key_of(name: str) -> str:
    """What the names of a member share however they are spelled: `Instrument_Type` and `instrumentType`."""
    return name.replace("_", "").replace("-", "").casefold()


class Members:
    """The members of a part, taken one after the other; what nobody took is told at the end."""

    def __init__(self, part: Part) -> None:
        self.part = part
        self._left: dict[str, tuple[str, Part]] = {}
        self._again: list[Part] = []
        self._told: list[NotUnderstood] = []
        for name, each in (part.members or {}).items():
            if key_of(name) in self._left:
                self._again.append(each)
            else:
                self._left[key_of(name)] = (name, each)

    def take(self, *names: str) -> Part | None:
        """The first of these members that says something."""
        for name in names:
            found = self._left.get(name)
            if found is not None:
                del self._left[name]
                if not found[1].is_empty:
                    return found[1]
        return None

    def text(self, *names: str) -> str | None:
        """The text of the first of these members; what is no text stays to be told."""
        for name in names:
            found = self._left.get(name)
            if found is None:
                continue
            text, told = text_of(found[1], name)
            if found[1].is_empty or text is not None:
                del self._left[name]
                self._told += told
            if text is not None:
                return text
        return None

    def ignore(self, *names: str) -> None:
        """Leave out what is no part of a record."""
        for name in names:
            self._left.pop(name, None)

    def rest(self) -> Iterator[NotUnderstood]:
        """All that was not taken and says something. Records are in English, so a language is told if it is another."""
        yield from self._told
        for key, (name, part) in self._left.items():
            is_language = key in ("lang", "language") and part.text is not None
            if part.is_empty or (is_language and _ENGLISH.fullmatch((part.text or "").strip())):
                continue
            says = "its language is not kept" if is_language else f"'{name}' is not understood here"
            yield NotUnderstood(part.spot, f"{says}{shown(part)}")
        for part in self._again:
            yield NotUnderstood(part.spot, "this stands here twice, spelled in two ways; the first is read")


def text_of(part: Part, name: str) -> tuple[str | None, list[NotUnderstood]]:
    """The text of a part that is to be one, and what else stands there: that of its own name among members, as XML has
    it beside attributes, and the first of several."""
    if part.is_empty:
        return None, []
    if part.items is not None:
        first, *others = part.each() or (part,)
        text, told = (None, []) if first is part else text_of(first, name)
        told += [
            NotUnderstood(each.spot, f"a further '{name}' is not read: {text_of(each, name)[0] or ''}".rstrip(": "))
            for each in others
        ]
        return text, told
    if part.members is not None:
        inner = Members(part)
        text = inner.text(name)
        return text, list(inner.rest())
    return part.text, []


def shown(part: Part) -> str:
    """The text of a part, for messages."""
    text = (part.text or "").strip()
    return f": {text[:200]}" if text else ""


@dataclass
class Builder:
    """Makes parts of JSON data; counts them, and notes what cannot be kept."""

    notes: list[NotUnderstood]
    count: int = 0

    def part(self, value: Any, spot: Spot, depth: int = 0) -> Part:
        """The part of a value. Raises `UnreadableError` beyond the bounds."""
        self.count += 1
        if self.count > MOST_PARTS:
            raise UnreadableError(f"it has more than {MOST_PARTS:,} values; divide it")
        if depth > DEEPEST:
            raise UnreadableError(f"it is nested deeper than {DEEPEST} levels, at {spot}")
        match value:
            case None:
                return Part(spot)
            case bool():
                return Part(spot, str(value).lower())
            case str():
                return Part(spot, self._fit(value, spot))
            case list():
                items = enumerate(cast("list[Any]", value))
                return Part(spot, items=tuple(self.part(item, spot.below(index), depth + 1) for index, item in items))
            case Pairs():
                return self._members(value, spot, depth)
            case _:
                return Part(spot, str(value))

    def _members(self, pairs: "Pairs", spot: Spot, depth: int) -> Part:
        members: dict[str, Part] = {}
        for name, value in pairs.pairs:
            at = spot.below(name.encode(errors="replace").decode())
            if name in members:
                self.notes.append(NotUnderstood(at, "this stands here twice; the first is read"))
            elif self._fit(name, at) is not None:
                members[name] = self.part(value, at, depth + 1)
        return Part(spot, members=members)

    def _fit(self, text: str, spot: Spot) -> str | None:
        if (found := _UNFIT.search(text)) is not None:
            says = f"this has a character that cannot be kept, U+{ord(found[0]):04X}, and is not read"
            self.notes.append(NotUnderstood(spot, says))
            return None
        return text


class Pairs(NamedTuple):
    """A JSON object as it is written: a name can stand there twice."""

    pairs: list[tuple[str, Any]]
