"""Reads facility files: every entry checked by itself, and every problem noted with its line."""

import itertools
from array import array
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from cora.equipment.paths import joined_path
from cora.equipment.values import folded
from cora.facility_file.composer import Composer
from cora.facility_file.entries import (
    SECTIONS,
    AssetEntry,
    FacilityEntry,
    FrameEntry,
    ModelEntry,
    MountEntry,
    UnderEntry,
)
from cora.facility_file.nodes import Mapping, Node, Scalar, resolved
from cora.facility_file.problems import Place, Problem, Problems, did_you_mean
from cora.facility_file.shapes import LEFT_OUT, Entry, Reading, moment, read_entry, required_of, shapes_of, text
from cora.facility_file.spool import Spool

VERSION = 1

_SHAPES = {entry: (shapes_of(entry), required_of(entry)) for entry in (*SECTIONS.values(), UnderEntry)}
_TOP = ("cora", "occurred_at", "reason")
_LABELS = {
    "facilities": "facility",
    "roles": "role",
    "families": "family",
    "models": "model",
    "frames": "frame",
    "mounts": "mount",
    "assets": "asset",
    "assemblies": "assembly",
    "fixtures": "fixture",
}


@dataclass(frozen=True)
class Defaults:
    """What the top of a file says for everything below it."""

    occurred_at: datetime | None = None
    reason: str | None = None


@dataclass
class Files:
    """What some facility files say. Entries are kept by section, aside from memory; assets after those below them."""

    names: tuple[str, ...]
    problems: Problems = field(default_factory=Problems)
    warnings: list[Problem] = field(default_factory=list[Problem])
    unread: list[Problem] = field(default_factory=list[Problem])
    """What of files with records of others is no record that can be read, and why."""
    defaults: dict[str, Defaults] = field(default_factory=dict[str, Defaults])
    sections: dict[str, Spool[Entry]] = field(default_factory=lambda: {section: Spool[Entry]() for section in SECTIONS})
    above: "array[int]" = field(default_factory=lambda: array("l"))
    """For each asset, by its number: the number of the asset it is written below, -1 for none."""

    @property
    def is_sound(self) -> bool:
        """Whether no problem was found so far."""
        return not self.problems

    def add(self, section: str, entry: Entry | None, number: int = -1, above: int = -1) -> None:
        """Keep an entry, None where it is not usable. Only assets have a number, and that of the asset above."""
        if number != -1:
            self.above.extend(-1 for _ in range(number + 1 - len(self.above)))
            self.above[number] = above
        if isinstance(entry, AssetEntry | UnderEntry):
            entry.number, entry.above = number, above
        if entry is not None:
            self.sections[section].append(entry)


def read_files(paths: Sequence[str | Path]) -> Files:
    """Read facility files together. What is wrong is in `problems` of the answer; nothing is raised for it."""
    files = Files(tuple(dict.fromkeys(str(path) for path in paths)))
    numbers = itertools.count()
    for file in files.names:
        _read_file(file, files, numbers)
    return files


def label_of(entry: Entry) -> str:
    """How messages name an entry: `asset 'Rotary'`."""
    kind = next((_LABELS[section] for section, each in SECTIONS.items() if type(entry) is each), "asset")
    return f"{kind} '{_name_of(entry)}'"


def _name_of(entry: Entry) -> str:
    match entry:
        case FacilityEntry():
            return entry.code
        case ModelEntry():
            return joined_path(str(entry.manufacturer["name"]), entry.part_number)
        case MountEntry():
            return entry.slot_code
        case UnderEntry():
            return entry.under.text
        case FrameEntry() if entry.parent is not LEFT_OUT and entry.parent is not None:
            return f"{entry.parent.text}/{joined_path(entry.name)}"
        case _:
            return str(getattr(entry, "name", "?"))


def _read_file(file: str, files: Files, numbers: "itertools.count[int]") -> None:
    def entry(section: str, node: Node, number: int, above: int) -> None:
        kind = SECTIONS[section]
        if section == "assets" and isinstance(node, Mapping) and "under" in node.items and above == -1:
            kind = UnderEntry
        reading = Reading(file, files.problems, label_of_node(section, node))
        files.add(section, read_entry(kind, *_SHAPES[kind], node, reading), number, above)

    composer = Composer(file, frozenset(SECTIONS), files.problems, entry, numbers)
    try:
        with Path(file).open("rb") as stream:
            composer.read(stream)
    except OSError as error:
        files.problems.add(Place(file, 1), f"the file cannot be read: {error.strerror or error}")
        files.defaults[file] = Defaults()
        return
    files.defaults[file] = _top(composer.top, Reading(file, files.problems), bool(files.problems))


def label_of_node(section: str, node: Node) -> str:
    """A name for messages, before it is known whether the entry is one."""
    if isinstance(node, Mapping):
        for key in ("name", "code", "slot_code", "part_number", "under"):
            if isinstance(name := node.items.get(key), Scalar) and name.text:
                return f"{_LABELS[section]} '{name.text[:100]}'"
    return _LABELS[section]


def _top(top: Mapping, reading: Reading, broken: bool) -> Defaults:
    version = top.items.get("cora")
    if version is None:
        if not broken:
            reading.wrong(1, f"'cora: {VERSION}' is missing at the top")
    elif not isinstance(version, Scalar) or not version.plain or _number(version) != VERSION:
        shown = version.text if isinstance(version, Scalar) else "something else"
        reading.wrong(version.line, f"'cora' is the version of the format; this release reads {VERSION}, not {shown}")
    for key, line in top.key_lines.items():
        if key not in _TOP:
            known = (*_TOP, *SECTIONS)
            says = did_you_mean(key, known) or f"; known are {', '.join(known)}"
            reading.wrong(line, f"the key '{key}' is not known{says}")
    occurred_at = reason = None
    if (node := top.items.get("occurred_at")) is not None:
        occurred_at = moment(node, "occurred_at", reading)
        if occurred_at is not LEFT_OUT and occurred_at > datetime.now(UTC):
            reading.wrong(node.line, "'occurred_at' lies in the future")
    if (node := top.items.get("reason")) is not None:
        reason = text(node, "reason", reading)
    return Defaults(
        None if occurred_at is None or occurred_at is LEFT_OUT else occurred_at,
        None if reason is None or reason is LEFT_OUT else reason,
    )


def _number(scalar: Scalar) -> object:
    try:
        return resolved(scalar)
    except ValueError:
        return None


def same_name(one: str, other: str) -> bool:
    """Whether two names are the same, ignoring case."""
    return folded(one) == folded(other)
