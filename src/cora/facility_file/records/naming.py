"""Where each asset stands and what it is called: below its whole or the destination, by a name that no sibling has."""

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import count
from uuid import UUID

from pydantic import TypeAdapter

from cora.equipment.aggregates.asset.state import Asset
from cora.equipment.paths import can_be_said
from cora.equipment.pidinst.reading.quirks import is_unknown
from cora.equipment.values import AlternateIdentifierKind, Name, folded
from cora.facility_file.keys import child_key, root_key
from cora.facility_file.planning.known import recorded_at
from cora.facility_file.port import Facility, Record
from cora.facility_file.records.identity import LONGEST_NAME, same_serial_number
from cora.facility_file.records.items import Destination, Item, fitted, text_of
from cora.facility_file.records.kin import stand_alone

_NAME: TypeAdapter[str] = TypeAdapter(Name)
_DEEPEST = 60
_SERIAL = AlternateIdentifierKind.SERIAL_NUMBER


class Naming:
    """The names that are taken below each path, in the import and by what is recorded."""

    def __init__(self, facility: Facility, destination: Destination) -> None:
        self._facility = facility
        self._destination = destination
        self._taken: dict[tuple[str, ...], set[str]] = defaultdict(set[str])
        self._ended: dict[tuple[str, ...], set[str]] = defaultdict(set[str])
        self._ids: dict[tuple[str, ...], UUID | None] = {}
        self._paths: dict[UUID, tuple[str, ...]] = {}
        self._matched: set[UUID] = set()

    async def settle(self, items: Sequence[Item]) -> None:
        """Give every item its path, and find those that are recorded under it without an identifier."""
        for item in items:
            if item.recorded is not None and not item.is_left_out:
                await (self._keep(item) if not item.is_dead else self._leave(item.recorded))
        for item in self._from_above(items):
            await self._name(item)

    def _from_above(self, items: Sequence[Item]) -> Iterator[Item]:
        """Those that are new, wholes before their parts."""
        level = [item for item in items if item.parent is None]
        while level:
            yield from (item for item in level if not item.is_left_out and item.recorded is None)
            level = [child for item in level for child in item.children]

    async def _keep(self, item: Item) -> None:
        record = item.recorded
        if record is None:
            return
        item.path = await self._path_of(record)
        _tell_name(item, record)
        self._matched.add(record.id)
        self._ids[item.path] = record.id
        self._taken[item.path[:-1]].add(folded(item.path[-1]))
        if not can_be_said(item.path):
            item.is_left_out = True
            item.tell(item.record.spot, "left as it is recorded: no path leads to it")

    async def _leave(self, record: Record) -> None:
        """Give no name to what is new that another record of the import had: it may have had to make do with a longer
        one then, and is known by that."""
        path = await self._path_of(record)
        self._ended[path[:-1]].add(folded(path[-1]))

    async def _path_of(self, record: Record) -> tuple[str, ...]:
        """The path of a recorded asset. Most have few parents between them, so these are remembered."""
        asset: Asset = record.state
        if asset.parent_id is None:
            return (asset.facility_code or "", asset.name)
        if asset.parent_id not in self._paths:
            above = await self._facility.get("asset", asset.parent_id)
            self._paths[asset.parent_id] = () if above is None else await self._path_of(above)
        return (*self._paths[asset.parent_id], asset.name)

    async def _above(self, item: Item) -> tuple[str, ...]:
        """Where an item goes: below its whole, if it can stand there."""
        if item.parent is None and item.parent_recorded is None:
            return self._destination.path
        above: tuple[str, ...] = ()
        if item.parent_recorded is not None:
            above = await self._path_of(item.parent_recorded)
            self._ids[above] = item.parent_recorded.id
        elif item.parent is not None and not item.parent.is_left_out:
            above = item.parent.path
        if above and len(above) <= _DEEPEST:
            return above
        why = "assets cannot be as deep as that" if above else "no path leads to it"
        item.tell(item.record.at("related"), f"it does not stand below its whole: {why}")
        stand_alone(item)
        return self._destination.path

    async def _id_at(self, path: tuple[str, ...]) -> UUID | None:
        if len(path) > 1 and path not in self._ids:
            self._ids[path] = await recorded_at(self._facility, path)
        return self._ids.get(path)

    async def _name(self, item: Item) -> None:
        above = await self._above(item)
        wanted = self._wanted(item)
        if wanted is None:
            item.is_left_out = True
            item.tell(item.record.spot, "left out: it has neither a name nor an identifier")
            return
        for name in _candidates(item, wanted):
            if folded(name) in self._taken[above]:
                continue
            recorded = await self._recorded(above, name)
            if recorded is None and folded(name) in self._ended[above]:
                continue
            if recorded is None or (recorded.id not in self._matched and _is_same(recorded, item)):
                break
            self._taken[above].add(folded(name))
        else:
            return  # the names never end
        item.path = (*above, name)
        self._taken[above].add(folded(name))
        if recorded is None:
            self._ids[item.path] = None
            if name != wanted:
                item.tell(item.record.at("name"), f"it is called '{name}': another instrument has the name '{wanted}'")
        else:
            item.recorded = recorded
            item.path = (*above, recorded.state.name)
            _tell_name(item, recorded)
            self._ids[item.path] = recorded.id
            self._matched.add(recorded.id)

    async def _recorded(self, above: tuple[str, ...], name: str) -> Record | None:
        if len(above) == 1:
            key = root_key(name, above[0])
        else:
            parent_id = await self._id_at(above)
            if parent_id is None:
                return None
            key = child_key(name, parent_id)
        (id,) = await self._facility.holders([key])
        return None if id is None else await self._facility.get("asset", id)

    def _wanted(self, item: Item) -> str | None:
        record = item.record
        name = _sayable(item, record.name, "name", "the name")
        if name is None and record.identifier is not None:
            name = _sayable(item, record.identifier.value, "identifier", "the identifier")
            if name is not None:
                item.tell(record.at("name"), "it has no name; its identifier stands for it")
        return name


def _sayable(item: Item, text: str | None, at: str, what: str) -> str | None:
    """A text as a name that can be said in a path: one that begins or ends with a slash cannot."""
    name = text_of(item, _NAME, text, LONGEST_NAME, item.record.at(at), what)
    if name is None or can_be_said(("x", name, "x")):
        return name
    bare = name.strip("/ ")
    says = f"is called '{bare}': a name cannot begin or end with a slash" if bare else "is no name: it is but slashes"
    item.tell(item.record.at(at), f"'{name}' {says}")
    return bare or None


def _candidates(item: Item, name: str) -> Iterator[str]:
    """The name, then with the serial number, the identifier, or a number behind it."""
    yield name
    for more in _told_apart_by(item):
        yield _with(name, more)
    for number in count(2):
        yield _with(name, str(number))


def _told_apart_by(item: Item) -> Iterator[str]:
    told = [each.value for each in item.record.alternates if each.kind == _SERIAL]
    if item.pid is not None:
        told.append(item.pid.value)
    elif item.record.identifier is not None:
        told.append(item.record.identifier.value)
    return (each for each in told if not is_unknown(each))


def _tell_name(item: Item, recorded: Record) -> None:
    """Tell a name that is neither that of the asset nor the one that this was made of, as another had it."""
    told, name = item.record.name, recorded.state.name
    fit = None if is_unknown(told) else fitted(_NAME, (told or "")[:LONGEST_NAME].rstrip())[0]
    if fit is None or not fit.strip("/ "):
        return
    number = re.search(r"\((\d+)\)$", name)
    more = [*_told_apart_by(item), *([number[1]] if number else [])]
    if name not in {each for bare in (fit, fit.strip("/ ")) for each in (bare, *(_with(bare, end) for end in more))}:
        item.tell(item.record.at("name"), f"its name stays as it is recorded: '{name}'")


def _is_same(recorded: Record, item: Item) -> bool:
    """Whether a recorded asset of the same name may be the instrument: no identifier and no serial number differs."""
    asset = recorded.state
    if asset.persistent_id is not None and item.pid is not None:
        return False  # it would have been found by it
    return same_serial_number(asset, item)


def _with(name: str, more: str) -> str:
    ending = f" ({more[:100].strip('/')})"
    return name[: LONGEST_NAME - len(ending)].rstrip() + ending
