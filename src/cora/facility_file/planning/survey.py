"""The first look at what the files name: which asset is where, what is referred to, what stands there twice."""

from array import array
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from cora.equipment.paths import joined_path, split_path
from cora.equipment.values import folded
from cora.facility_file.entries import (
    AssemblyEntry,
    AssetEntry,
    FacilityEntry,
    FamilyEntry,
    FixtureEntry,
    FrameEntry,
    ModelEntry,
    MountEntry,
    RoleEntry,
    UnderEntry,
)
from cora.facility_file.problems import Line, Place, Problems
from cora.facility_file.read import Files, label_of
from cora.facility_file.shapes import LEFT_OUT, Entry, LeftOut, Named
from cora.facility_file.tree import NONE, Tree

BROKEN = -2
"""The node of an asset whose place in the tree cannot be told."""


class Names:
    """The names of one kind, each once, however it is spelled."""

    def __init__(self) -> None:
        self.spelled: dict[str, str] = {}

    def add(self, name: str) -> str:
        """Note a name; gives what is the same for all its spellings."""
        key = folded(name)
        self.spelled.setdefault(key, name)
        return key


class Older(NamedTuple):
    """The older name of a definition (of a model: maker and part number), where it stands, and in which entry."""

    name: Any
    place: Place
    label: str


@dataclass
class Survey:
    """What the files name. Assets and frames have small numbers, the nodes of their trees."""

    files: Files
    problems: Problems
    assets: Tree = field(default_factory=Tree)
    frames: Tree = field(default_factory=Tree)
    facilities: Names = field(default_factory=Names)
    roles: Names = field(default_factory=Names)
    families: Names = field(default_factory=Names)
    mounts: Names = field(default_factory=Names)
    assemblies: Names = field(default_factory=Names)
    fixtures: Names = field(default_factory=Names)
    models: dict[tuple[str, str], tuple[str, str]] = field(default_factory=dict[tuple[str, str], tuple[str, str]])
    """Maker and part number, folded, and as they are spelled."""
    model_handles: dict[tuple[str, str], tuple[str, str]] = field(
        default_factory=dict[tuple[str, str], tuple[str, str]]
    )
    """Maker and part number by file and `key`."""
    node_of: "array[int]" = field(default_factory=lambda: array("l"))
    """The node of each asset entry, by its number."""
    defined: bytearray = field(default_factory=bytearray)
    """For each node, whether an entry defines it."""
    mount_above: dict[str, str] = field(default_factory=dict[str, str])
    """The slot above a slot, as the files say."""
    controllers: dict[int, int] = field(default_factory=dict[int, int])
    """The node that controls a node, as the files say; NONE where they say that none does."""
    unusable: set[int] = field(default_factory=set[int])
    """The nodes that cannot be registered: they control each other in a circle, or have no facility."""
    was: dict[int, Named] = field(default_factory=dict[int, Named])
    """The older path or name of a node."""
    older_paths: dict[tuple[str, ...], Place] = field(default_factory=dict[tuple[str, ...], Place])
    """Where `was` of an asset names a path, folded."""
    older: dict[tuple[str, Any], Older] = field(default_factory=dict[tuple[str, Any], Older])
    """The older names of families, models and assemblies, by kind and key."""
    bound: set[int] = field(default_factory=set[int])
    """The nodes whose state is needed beyond their entry: bound in fixtures or cited, and all above them."""
    _first: dict[tuple[str, Any], Place] = field(default_factory=dict[tuple[str, Any], Place])
    _second: set[Place] = field(default_factory=set[Place])
    _asset_lines: dict[int, tuple[int, Line]] = field(default_factory=dict[int, tuple[int, Line]])

    def defined_names(self, kind: str) -> list[Any]:
        """The keys of the records of a kind that have an entry of their own."""
        return [key for each, key in self._first if each == kind]

    def node(self, entry: AssetEntry | UnderEntry) -> int:
        """The node of an asset entry, or BROKEN."""
        return self.node_of[entry.number]

    def is_defined(self, node: int) -> bool:
        """Whether an entry of the files is about this node."""
        return node < len(self.defined) and bool(self.defined[node])

    def model_name(self, reference: Named, file: str) -> tuple[str, str] | None:
        """Maker and part number of a reference: a `key` of the same file, or `Maker/part number`."""
        by_handle = self.model_handles.get((file, reference.text))
        if by_handle is not None:
            return by_handle
        try:
            names = split_path(reference.text)
        except ValueError:
            return None
        return (names[0], names[1]) if len(names) == 2 else None

    def names_of(self, kind: str, file: str) -> list[str]:
        """The names of a kind that entries of the files define."""
        if kind == "model":
            handles = [handle for each, handle in self.model_handles if each == file]
            return [*handles, *(joined_path(*self.models[key]) for each, key in self._first if each == "model")]
        names: Names = getattr(self, f"{kind[:-1]}ies" if kind.endswith("y") else f"{kind}s")
        return [names.spelled[str(key)] for each, key in self._first if each == kind]

    def add_model(self, name: tuple[str, str]) -> tuple[str, str]:
        """Note a model; gives what is the same for all its spellings."""
        key = (folded(name[0]), folded(name[1]))
        self.models.setdefault(key, name)
        return key

    def is_first(self, entry: Entry) -> bool:
        """Whether the entry is not one that stands twice, this being the second."""
        return entry.place not in self._second

    def first_place(self, kind: str, key: Any) -> Place:
        """Where the entry of a record stands."""
        return self._first[kind, key]

    def asset_place(self, node: int) -> Place:
        """Where the entry of an asset stands."""
        file, line = self._asset_lines[node]
        return Place(self.files.names[file], line)

    def once(self, kind: str, key: Any, entry: Entry) -> bool:
        """Whether this is the first entry about a record; a problem if not."""
        first = self._first.setdefault((kind, key), entry.place)
        if first != entry.place:
            self._second.add(entry.place)
            self.problems.add(entry.place, f"{label_of(entry)} stands in the files twice, first at {first}")
        return first == entry.place


def survey(files: Files, problems: Problems) -> Survey:
    """Look through all entries once."""
    found = Survey(files, problems)
    for section in ("facilities", "roles", "families", "models", "frames", "mounts", "assemblies", "fixtures"):
        for entry in files.sections[section]:
            _note(found, entry)
    _place_assets(found)
    for entry in files.sections["assets"]:
        if isinstance(entry, AssetEntry):
            _note_asset(found, entry)
    for entry in files.sections["fixtures"]:
        if isinstance(entry, FixtureEntry):
            _note_bindings(found, entry)
    return found


def _note(found: Survey, entry: Entry) -> None:
    match entry:
        case FacilityEntry():
            found.once("facility", found.facilities.add(entry.code), entry)
        case RoleEntry():
            found.once("role", found.roles.add(entry.name), entry)
        case FamilyEntry():
            _note_definition(found, "family", found.families.add(entry.name), entry)
            _add_all(found.roles, entry.presents_as)
        case ModelEntry():
            name = (str(entry.manufacturer["name"]), entry.part_number)
            _note_definition(found, "model", found.add_model(name), entry)
            if entry.key is not LEFT_OUT:
                _note_handle(found, entry, entry.key, name)
            _add_all(found.families, entry.families)
        case FrameEntry():
            node = _frame_node(found, entry)
            if node is not None:
                found.once("frame", node, entry)
        case MountEntry():
            key = found.mounts.add(entry.slot_code)
            if found.once("mount", key, entry) and isinstance(entry.parent, Named):
                found.mount_above[key] = found.mounts.add(entry.parent.text)
            _add_path(found.frames, entry.frame)
        case AssemblyEntry():
            _note_definition(found, "assembly", found.assemblies.add(entry.name), entry)
            _add_all(found.roles, entry.presents_as)
            _add_all(found.families, [entry.presents_as_family] if isinstance(entry.presents_as_family, Named) else [])
            if entry.slots is not LEFT_OUT:
                for slot in entry.slots.values():
                    _add_all(found.families, slot["families"])
        case FixtureEntry():
            found.once("fixture", found.fixtures.add(entry.name), entry)
            _add_all(found.assemblies, [entry.assembly] if isinstance(entry.assembly, Named) else [])
        case _:
            pass


def _note_definition(found: Survey, kind: str, key: Any, entry: FamilyEntry | ModelEntry | AssemblyEntry) -> None:
    if not found.once(kind, key, entry) or entry.was is LEFT_OUT:
        return
    older: Any = entry.was.text
    if isinstance(entry, ModelEntry):
        try:
            names = split_path(older)
        except ValueError:
            names = []
        if not 1 <= len(names) <= 2:
            says = "'was' is the older part number of the model, or 'Maker/part number'"
            found.problems.add(entry.at("was"), f"{label_of(entry)}: {says}, not '{older}'")
            return
        older = tuple(names) if len(names) == 2 else (str(entry.manufacturer["name"]), names[0])
    found.older[kind, key] = Older(older, entry.at("was"), label_of(entry))


def _add_all(names: Names, given: Iterable[Named] | LeftOut) -> None:
    if given is not LEFT_OUT:
        for name in given:
            names.add(name.text)


def _add_path(tree: Tree, path: Named | LeftOut | None) -> int | None:
    """The node of a path, None where it is none: the entry itself tells the problem."""
    if not isinstance(path, Named):
        return None
    try:
        return tree.add_path(path.text)
    except ValueError:
        return None


def _note_handle(found: Survey, entry: ModelEntry, handle: str, name: tuple[str, str]) -> None:
    if (entry.place.file, handle) in found.model_handles:
        found.problems.add(entry.at("key"), f"{label_of(entry)}: the key '{handle}' is used by another model above")
    found.model_handles.setdefault((entry.place.file, handle), name)


def _frame_node(found: Survey, entry: FrameEntry) -> int | None:
    above = NONE
    if isinstance(entry.parent, Named):
        node = _add_path(found.frames, entry.parent)
        if node is None:
            found.problems.add(entry.at("parent"), f"{label_of(entry)}: '{entry.parent.text}' is not a path of frames")
            return None
        above = node
    return found.frames.add(above, entry.name)


def _place_assets(found: Survey) -> None:
    """Give each asset entry its node, those above before those below them."""
    above = found.files.above
    heads: list[AssetEntry | UnderEntry | None] = [None] * len(above)
    # Only what tells the place of an asset is kept of each entry; the number of an asset above is smaller.
    for entry in found.files.sections["assets"]:
        if isinstance(entry, UnderEntry):
            heads[entry.number] = entry
        elif isinstance(entry, AssetEntry):
            heads[entry.number] = AssetEntry(
                place=entry.place,
                lines={},
                name=entry.name,
                facility=entry.facility,
                parent=entry.parent,
                number=entry.number,
            )
    found.node_of.extend([BROKEN] * len(above))
    for number, head in enumerate(heads):
        if head is None:
            continue
        node = _asset_node(found, head, above[number])
        heads[number] = None
        found.node_of[number] = node
        if node != BROKEN and isinstance(head, AssetEntry):
            found.defined.extend(bytes(max(0, node + 1 - len(found.defined))))
            if found.defined[node]:
                says = (
                    f"asset '{found.assets.path(node)}' stands in the files twice, first at {found.asset_place(node)}"
                )
                hint = "" if head.place.is_in_table else "; to add children to it write '- under:'"
                found.problems.add(head.place, says + hint)
                found.node_of[number] = BROKEN
            else:
                found.defined[node] = 1
                found._asset_lines[node] = (found.files.names.index(head.place.file), head.place.line)


def _asset_node(found: Survey, entry: AssetEntry | UnderEntry, above: int) -> int:
    problems = found.problems
    if isinstance(entry, UnderEntry):
        return _named_node(found, entry.under, "'under'", entry.place)
    if above != NONE or entry.parent is not LEFT_OUT:
        if entry.facility is not LEFT_OUT:
            problems.add(entry.place, f"{label_of(entry)}: only a root names a 'facility'; this one has a parent")
        if entry.parent is LEFT_OUT:
            parent = found.node_of[above]
        else:
            place = Place(entry.place.file, entry.parent.line)
            parent = _named_node(found, entry.parent, f"{label_of(entry)}: 'parent'", place)
        return BROKEN if parent == BROKEN else found.assets.add(parent, entry.name)
    if entry.facility is LEFT_OUT:
        otherwise = "names its 'parent'" if entry.place.is_in_table else "stands below 'children:' or '- under:'"
        problems.add(
            entry.place,
            f"{label_of(entry)}: 'facility' is missing; a root names its facility, anything else {otherwise}",
        )
        return BROKEN
    found.facilities.add(entry.facility.text)
    return found.assets.add(found.assets.add(NONE, entry.facility.text), entry.name)


def _named_node(found: Survey, path: Named, label: str, place: Place) -> int:
    """The node of an asset that others stand below, by its path."""
    try:
        node = found.assets.add_path(path.text)
    except ValueError as wrong:
        found.problems.add(place, f"{label}: {wrong}")
        return BROKEN
    if found.assets.above[node] == NONE:
        found.problems.add(place, f"{label} is the path of an asset (facility code/name), not '{path.text}'")
        return BROKEN
    return node


def _note_asset(found: Survey, entry: AssetEntry) -> None:
    node = found.node(entry)
    _add_all(found.families, entry.families)
    if isinstance(entry.mount, Named):
        found.mounts.add(entry.mount.text)
    if isinstance(entry.model, Named):
        name = found.model_name(entry.model, entry.place.file)
        if name is not None:
            found.add_model(name)
    controller = NONE if entry.controller is None else _add_path(found.assets, entry.controller)
    if node == BROKEN:
        return
    if controller is not None:
        found.controllers[node] = controller
    if entry.was is not LEFT_OUT:
        found.was[node] = entry.was
        _note_older_path(found, node, entry, entry.was)
    if entry.assign is not LEFT_OUT:
        found.bound.update(found.assets.line(node))


def _note_older_path(found: Survey, node: int, entry: AssetEntry, was: Named) -> None:
    """Only one asset can be what an older one has become."""
    try:
        older = split_path(was.text)
    except ValueError:
        return  # told where the asset is planned
    if len(older) == 1:
        older = (*split_path(found.assets.path(node))[:-1], *older)
    first = found.older_paths.setdefault(tuple(map(folded, older)), entry.place)
    if first != entry.place:
        found.problems.add(entry.at("was"), f"{label_of(entry)}: another entry has the same 'was', at {first}")


def _note_bindings(found: Survey, entry: FixtureEntry) -> None:
    if entry.bindings is LEFT_OUT:
        return
    for bound in entry.bindings.values():
        for path in bound:
            node = _add_path(found.assets, path)
            if node is not None:
                found.bound.update(found.assets.line(node))
