"""Reads YAML strictly, event by event: sections entry by entry, an asset apart from the assets below it.

Nothing but the entry at hand is kept, so memory does not grow with the file.
"""

import codecs
import re
from collections.abc import Callable, Iterator
from io import BufferedIOBase
from typing import Any, TypeAlias

import yaml

from cora.facility_file.nodes import Mapping, Node, Scalar, Sequence
from cora.facility_file.problems import Line, Place, Problems

MAXIMUM_BYTES = 1 << 30
MAXIMUM_DEPTH = 200
MAXIMUM_ENTRY_NODES = 100_000
MAXIMUM_ALIASED_NODES = 100_000

# The C parser where PyYAML was built with it; the same events from the Python one, slower.
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_TEXT_TAGS = frozenset(("!", "tag:yaml.org,2002:str"))
UNREADABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")
_COMMENT = re.compile(r"(^|\s)#")

Entry: TypeAlias = Callable[[str, Node, int, int], None]
"""Called with section, node, number of the asset and number of the asset above it (-1 where there is none)."""


class _Stop(Exception):
    """The rest of the file cannot be read."""

    def __init__(self, line: int, text: str) -> None:
        super().__init__(text)
        self.line = line
        self.text = text


class _Checked:
    """The bytes of a file on their way to the parser. Raises `_Stop` for what no YAML file may hold."""

    def __init__(self, file: BufferedIOBase, note: Callable[[int, str], None]) -> None:
        self._file = file
        self._note = note
        self._decode = codecs.getincrementaldecoder("utf-8")("strict").decode
        self._line = 1
        self._bytes = 0
        self._rest = ""

    def read(self, size: int = -1) -> bytes:
        chunk = self._file.read(size)
        self._bytes += len(chunk)
        if self._bytes > MAXIMUM_BYTES:
            raise _Stop(self._line, f"the file is larger than {MAXIMUM_BYTES >> 20} MiB; split it")
        try:
            text = self._decode(chunk, not chunk)
        except UnicodeDecodeError as error:
            line = self._line + chunk[: error.start].count(b"\n")
            raise _Stop(line, "the file is not UTF-8 text; save it as UTF-8") from None
        if self._bytes == len(chunk):
            text = text.removeprefix("\ufeff")
        self._look(text)
        return chunk

    def _look(self, text: str) -> None:
        if "\t" not in text and "\t" not in self._rest and not UNREADABLE.search(text):
            self._line += text.count("\n")
            self._rest = text.rpartition("\n")[2] if "\n" in text else (self._rest + text)[-1000:]
            return
        for number, line in enumerate(text.split("\n")):
            if number:
                self._line += 1
                self._rest = ""
            if (found := UNREADABLE.search(line)) is not None:
                name = "NUL" if found[0] == "\0" else f"U+{ord(found[0]):04X}"
                raise _Stop(self._line, f"the character {name} may not stand in a facility file")
            if "\t" in line and not _COMMENT.search(self._rest + line.partition("\t")[0]):
                self._note(self._line, "a tab stands here; use spaces")
            self._rest += line


class Composer:
    """Reads one file. Calls `entry` for each entry of a section, `head` for each other key at the top."""

    def __init__(
        self, file: str, sections: frozenset[str], problems: Problems, entry: Entry, numbers: Iterator[int]
    ) -> None:
        self.top = Mapping(1, {}, {})
        """The keys at the top that are not sections."""
        self._file = file
        self._sections = sections
        self._problems = problems
        self._entry = entry
        self._numbers = numbers
        self._anchors: dict[str, tuple[Node, int]] = {}
        self._aliased = 0
        self._nodes = 0
        self._events: Iterator[Any] = iter(())

    def read(self, stream: BufferedIOBase) -> None:
        """Read the file to its end, or to where it stops being YAML."""
        try:
            loader = _LOADER(_Checked(stream, self._note))
            try:
                self._events = iter(loader.get_event, None)
                self._document()
            finally:
                loader.dispose()
        except _Stop as stop:
            self._note(stop.line, stop.text)
        except yaml.MarkedYAMLError as error:
            unclosed = "end of stream" in (error.problem or "")
            mark = error.context_mark if unclosed and error.context_mark else error.problem_mark or error.context_mark
            self._note(mark.line + 1 if mark else 1, f"this is not YAML: {_in_words(error)}")
        except yaml.YAMLError as error:
            self._note(1, f"this is not YAML: {str(error).splitlines()[0]}")

    def _note(self, line: Line, text: str) -> None:
        self._problems.add(Place(self._file, line), text)

    def _next(self) -> Any:
        return next(self._events)

    def _document(self) -> None:
        self._next()  # the start of the stream
        if isinstance(self._next(), yaml.StreamEndEvent):
            raise _Stop(1, "the file is empty; it starts with 'cora: 1'")
        first = self._next()
        if not isinstance(first, yaml.MappingStartEvent):
            raise _Stop(_line(first), "a facility file is a mapping with 'cora: 1' and sections such as 'assets:'")
        self._refuse_marks(first)
        seen: dict[str, Line] = {}
        while not isinstance(key := self._next(), yaml.MappingEndEvent):
            name, line = self._key(key), _line(key)
            value = self._next()
            self._nodes = 0
            if self._is_new(name, line, seen):
                if name in self._sections:
                    self._section(name, value)
                    continue
                self.top.items[name] = self._node(value, 1)
                self.top.key_lines[name] = line
            else:
                self._node(value, 1)
        self._next()  # the end of the document
        if isinstance(after := self._next(), yaml.DocumentStartEvent):
            raise _Stop(_line(after), "a second document starts here; a facility file is one document")

    def _is_new(self, name: str, line: int, seen: dict[str, Line]) -> bool:
        if name in seen:
            self._note(line, f"the key '{name}' stands here again; it is on line {seen[name]} already")
            return False
        seen[name] = line
        return True

    def _section(self, section: str, event: Any) -> None:
        if not isinstance(event, yaml.SequenceStartEvent):
            node = self._node(event, 1)
            if not (isinstance(node, Scalar) and node.is_null):
                self._note(node.line, f"'{section}' is a list of entries; start each with '- '")
            return
        self._refuse_marks(event)
        while not isinstance(event := self._next(), yaml.SequenceEndEvent):
            self._nodes = 0
            if section == "assets" and isinstance(event, yaml.MappingStartEvent):
                self._asset(event, -1, 2)
            else:
                self._entry(section, self._node(event, 2), -1, -1)

    def _asset(self, event: Any, above: int, depth: int) -> None:
        """An asset without the assets below it, which are entries of their own."""
        self._refuse_marks(event)
        number = next(self._numbers)
        node = Mapping(_line(event), {}, {})
        outer, self._nodes = self._nodes, 0
        while not isinstance(key := self._next(), yaml.MappingEndEvent):
            name, line = self._key(key), _line(key)
            value = self._next()
            is_new = self._is_new(name, line, node.key_lines)
            if name == "children" and is_new and isinstance(value, yaml.SequenceStartEvent):
                self._children(value, number, depth + 1)
                continue
            below = self._node(value, depth + 1)
            if name == "children":
                if not (isinstance(below, Scalar) and below.is_null):
                    self._note(line, "'children' is a list of assets, written out here; start each with '- '")
                continue
            if is_new:
                node.items[name] = below
        self._nodes = outer
        self._entry("assets", node, number, above)

    def _children(self, event: Any, above: int, depth: int) -> None:
        self._refuse_marks(event)
        while not isinstance(event := self._next(), yaml.SequenceEndEvent):
            self._refuse_depth(event, depth)
            if isinstance(event, yaml.MappingStartEvent):
                self._asset(event, above, depth + 1)
            else:
                self._entry("assets", self._node(event, depth + 1), -1, above)

    def _refuse_marks(self, event: Any) -> None:
        if event.anchor:
            raise _Stop(_line(event), f"the anchor &{event.anchor} marks what is too large to repeat")
        if event.tag:
            raise _Stop(_line(event), f"the tag {event.tag} is not understood here")

    def _refuse_depth(self, event: Any, depth: int) -> None:
        if depth > MAXIMUM_DEPTH:
            raise _Stop(_line(event), f"this is nested deeper than {MAXIMUM_DEPTH} levels")

    def _key(self, event: Any) -> str:
        if not isinstance(event, yaml.ScalarEvent) or event.anchor or (event.tag and event.tag not in _TEXT_TAGS):
            raise _Stop(_line(event), "a key is plain text")
        if not event.value:
            raise _Stop(_line(event), "a key is missing before ':'")
        text: str = event.value
        return text

    def _node(self, event: Any, depth: int) -> Node:
        self._refuse_depth(event, depth)
        self._nodes += 1
        if self._nodes > MAXIMUM_ENTRY_NODES:
            raise _Stop(_line(event), f"one entry holds more than {MAXIMUM_ENTRY_NODES} values")
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event)
        before = self._nodes
        node = self._fresh(event, depth)
        if event.anchor:
            self._anchors[event.anchor] = (node, self._nodes - before + 1)
        return node

    def _fresh(self, event: Any, depth: int) -> Node:
        line = _line(event)
        if isinstance(event, yaml.ScalarEvent):
            if event.tag and event.tag not in _TEXT_TAGS:
                raise _Stop(line, f"the tag {event.tag} is not understood; write the value without it")
            return Scalar(line, event.value, plain=not event.style and not event.tag)
        if event.tag:
            raise _Stop(line, f"the tag {event.tag} is not understood; write the value without it")
        if isinstance(event, yaml.SequenceStartEvent):
            items: list[Node] = []
            while not isinstance(item := self._next(), yaml.SequenceEndEvent):
                items.append(self._node(item, depth + 1))
            return Sequence(line, items)
        node = Mapping(line, {}, {})
        while not isinstance(key := self._next(), yaml.MappingEndEvent):
            name, at = self._key(key), _line(key)
            is_new = self._is_new(name, at, node.key_lines)
            value = self._node(self._next(), depth + 1)
            if is_new:
                node.items[name] = value
        return node

    def _alias(self, event: Any) -> Node:
        if event.anchor not in self._anchors:
            raise _Stop(_line(event), f"there is no anchor &{event.anchor} before this")
        node, size = self._anchors[event.anchor]
        self._aliased += size
        self._nodes += size
        if self._aliased > MAXIMUM_ALIASED_NODES:
            raise _Stop(_line(event), f"repeating *{event.anchor} makes the file too large; write it out")
        return node


def _line(event: Any) -> int:
    line: int = event.start_mark.line
    return line + 1


def _in_words(error: yaml.MarkedYAMLError) -> str:
    if "end of stream" in (error.problem or ""):
        return f"{error.context or 'something'}: it is not closed before the end of the file"
    parts = [part for part in (error.context, error.problem) if part]
    return ", ".join(parts) or "it cannot be read"
