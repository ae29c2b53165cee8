"""Where everything stands on a label, in millimetres from its upper left corner.

The QR code with the margin that ISO/IEC 18004 asks for (4 modules) is as high as
the label; the text has the rest. It is as large as fits, and never smaller than
what can be read. The name is cut off before anything else is, and a number never.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import segno

from cora.labels.fonts import drawable, width_of

QUIET = 4
"""Modules of white around the code."""

SMALLEST = 1.25
LARGEST = 3.6
"""Sizes of the type in millimetres, from its ascenders to its descenders: 3.5 and 10 point."""
COMFORTABLE = 1.8
"""Where text is smaller, an identifier is told by its value alone."""

_STEP = 0.05
_LEADING = 1.15
_BASELINE = 0.9
_WIDEST_CODE = 0.42
_PADDING = 0.45
_MOST_ADDRESS_LINES = 3
_MOST_NAME_LINES = 4


@dataclass(frozen=True)
class Label:
    """What a label says.

    `code` is encoded as it is. `identifiers` are ways to write the same, the
    best first; the last is for where there is little room. One that has no other
    is an address, which may be broken. `notes` are short lines, such as the
    serial number. `mark` stands out: white on black.
    """

    code: str
    identifiers: tuple[str, ...]
    name: str
    notes: tuple[str, ...] = ()
    mark: str | None = None


@dataclass(frozen=True)
class Line:
    """A line of text: where it begins on its baseline, its size and its width."""

    text: str
    x: float
    y: float
    size: float
    width: float
    inverse: bool = False

    @property
    def bar(self) -> tuple[float, float, float, float]:
        """What is black behind an inverse line: left, top, width, height."""
        return self.x, self.y - self.size * _BASELINE, self.width, self.size * _LEADING


@dataclass(frozen=True)
class Composed:
    """A label as it is drawn: the dark modules of its code by row and column, and its lines."""

    width: float
    height: float
    modules: tuple[tuple[bool, ...], ...]
    module: float
    code_x: float
    code_y: float
    lines: tuple[Line, ...]


def compose(label: Label, width: float, height: float) -> Composed:
    """Place everything. An identifier that has no room at all is cut off too; the code has it whole."""
    # Level M, and no more than that: the larger the modules, the better a small code is read.
    code = segno.make_qr(label.code, error="m", boost_error=False)
    modules = tuple(tuple(bool(each) for each in row) for row in code.matrix)
    side = min(height, width * _WIDEST_CODE)
    module = side / (len(modules) + 2 * QUIET)
    code_y = (height - side) / 2 + QUIET * module
    room = _Room(side, width - side - _PADDING, height)
    size, best = SMALLEST, list[_Piece]()
    for identifier in label.identifiers:
        found = _largest(label, identifier, room)
        if found[0] >= size:
            size, best = found
        if size >= COMFORTABLE:
            break
    return Composed(width, height, modules, module, QUIET * module, code_y, tuple(_placed(best, size, room)))


@dataclass(frozen=True)
class _Room:
    """What the text has: from where, how wide, how high."""

    x: float
    width: float
    height: float

    def lines(self, size: float) -> int:
        return int((self.height - 2 * _PADDING) / (size * _LEADING))


@dataclass(frozen=True)
class _Piece:
    text: str
    inverse: bool = False


def _largest(label: Label, identifier: str, room: _Room) -> tuple[float, list[_Piece]]:
    """The largest size at which all fits, and the lines then: if possible without breaking a word or a number. At the
    smallest one something may be left out."""
    for breaks in (False, True):
        size = min(LARGEST, room.height / 5)
        while size > SMALLEST:
            pieces = _whole(label, identifier, size, room, breaks=breaks)
            if pieces is not None:
                return size, pieces
            size -= _STEP
        pieces = _whole(label, identifier, SMALLEST, room, breaks=breaks)
        if pieces is not None:
            return SMALLEST, pieces
    return SMALLEST, _cut_down(label, identifier, SMALLEST, room)


def _whole(label: Label, identifier: str, size: float, room: _Room, *, breaks: bool) -> list[_Piece] | None:
    """All lines at a size; None where they do not fit. With `breaks` words and numbers may be broken."""
    told = _broken(drawable(identifier), size, room.width)
    texts = [drawable(each) for each in (label.name, *label.notes)]
    if not breaks and any(width_of(word, size) > room.width for text in texts for word in text.split()):
        return None
    name, *notes = (_wrapped(text, size, room.width) for text in texts)
    if len(told) > (_MOST_ADDRESS_LINES if len(label.identifiers) == 1 else 1) or len(name) > _MOST_NAME_LINES:
        return None
    pieces = [*_marked(label), *map(_Piece, (*told, *name, *(line for note in notes for line in note)))]
    fits = len(pieces) <= room.lines(size) and all(width_of(each.text, size) <= room.width for each in pieces)
    return pieces if fits else None


def _cut_down(label: Label, identifier: str, size: float, room: _Room) -> list[_Piece]:
    """The lines that there is room for: the mark, the identifier, the notes, and the name in what is left.

    A note is there as a whole or not at all: a part of a number is a wrong number.
    """
    mark = _marked(label)
    left = room.lines(size) - len(mark)
    told = _at_most(_broken(drawable(identifier), size, room.width), left)
    left -= len(told)
    notes: list[str] = []
    for note in label.notes:
        lines = _wrapped(drawable(note), size, room.width)
        if len(lines) <= left:
            notes += lines
            left -= len(lines)
    name = _at_most(_wrapped(drawable(label.name), size, room.width), left)
    return [*mark, *(_Piece(_cut(each, size, room.width)) for each in (*told, *name, *notes))]


def _marked(label: Label) -> list[_Piece]:
    return [_Piece(drawable(label.mark), inverse=True)] if label.mark else []


def _at_most(lines: list[str], most: int) -> list[str]:
    """The first lines, with all that follows in the last of them, to be cut."""
    if most < 1:
        return []
    return lines if len(lines) <= most else [*lines[: most - 1], " ".join(lines[most - 1 :])]


def _placed(pieces: list[_Piece], size: float, room: _Room) -> Iterator[Line]:
    top = (room.height - len(pieces) * size * _LEADING) / 2
    for number, piece in enumerate(pieces):
        y = top + number * size * _LEADING + size * _BASELINE
        yield Line(piece.text, room.x, y, size, width_of(piece.text, size), piece.inverse)


def _wrapped(text: str, size: float, width: float) -> list[str]:
    """The text in lines, broken between words, and inside one that is wider than a line."""
    lines: list[str] = []
    for word in text.split():
        if lines and width_of(f"{lines[-1]} {word}", size) <= width:
            lines[-1] += f" {word}"
        else:
            lines += _broken(word, size, width)
    return lines


def _broken(text: str, size: float, width: float) -> list[str]:
    """The text in lines, broken anywhere."""
    lines = [""]
    for each in text:
        if lines[-1] and width_of(lines[-1] + each, size) > width:
            lines.append("")
        lines[-1] += each
    return lines


def _cut(text: str, size: float, width: float) -> str:
    if width_of(text, size) <= width:
        return text
    while text and width_of(f"{text}\u2026", size) > width:
        text = text[:-1]
    return f"{text.rstrip()}\u2026"
