"""All that is recorded. Of assets, mounts and fixtures, which may be many, only the names are in memory."""

import asyncio
from array import array
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from cora.equipment.aggregates.asset.state import Asset
from cora.equipment.aggregates.frame import Frame, FrameStatus
from cora.equipment.aggregates.mount import Mount, MountStatus
from cora.equipment.aggregates.persistent_id import PersistentId, PersistentIdStatus
from cora.equipment.paths import joined_path
from cora.equipment.values import folded
from cora.facility_file.exporting.definitions import Definitions, named, names_of_model
from cora.facility_file.exporting.shelf import Shelf
from cora.facility_file.port import Facility, Record

NONE = -1
_AT_ONCE = 200
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class Frames:
    """The frames that are in use."""

    def __init__(self) -> None:
        self.records: dict[UUID, Record] = {}
        self.decommissioned: list[str] = []

    def add(self, record: Record) -> None:
        """Take in a frame."""
        frame: Frame = record.state
        if frame.status is FrameStatus.ACTIVE:
            self.records[record.id] = record
        else:
            self.decommissioned.append(frame.name)

    def line(self, id: UUID) -> Iterator[UUID]:
        """A frame, then those above it."""
        here: UUID | None = id
        while here is not None and here in self.records:
            yield here
            here = self.records[here].state.parent_id

    def path(self, id: UUID) -> list[str]:
        """The names from the root to a frame."""
        return [self.records[each].state.name for each in self.line(id)][::-1]


class Mounts:
    """The mounts that are in use, by number."""

    def __init__(self) -> None:
        self.codes: list[str] = []
        self.numbers: dict[UUID, int] = {}
        self.frame_ids: list[UUID] = []
        self.above: dict[int, UUID] = {}
        self.holding: dict[UUID, int] = {}
        """The number of the mount of each installed asset."""
        self.decommissioned: list[str] = []
        self._records = Shelf[Record]()
        self._began = array("q")
        self._installed = array("q")

    def add(self, record: Record) -> None:
        """Take in a mount."""
        mount: Mount = record.state
        if mount.status is not MountStatus.ACTIVE:
            self.decommissioned.append(mount.slot_code)
            return
        number = self.numbers[record.id] = self._records.append(record)
        self.codes.append(mount.slot_code)
        self.frame_ids.append(mount.placement.parent_frame_id)
        self._began.append(_microseconds(record.began_at))
        self._installed.append(_microseconds(mount.installed_at or record.began_at))
        if mount.parent_id is not None:
            self.above[number] = mount.parent_id
        if mount.installed_asset_id is not None:
            self.holding[mount.installed_asset_id] = number

    def record(self, number: int) -> Record:
        """A mount."""
        return self._records[number]

    def began_at(self, number: int) -> datetime:
        """When a mount was registered."""
        return _EPOCH + self._began[number] * _MICROSECOND

    def installed_at(self, number: int) -> datetime:
        """When the asset in a mount was installed."""
        return _EPOCH + self._installed[number] * _MICROSECOND

    def line(self, number: int) -> Iterator[int]:
        """A mount, then those above it."""
        here: int | None = number
        while here is not None:
            yield here
            above = self.above.get(here)
            here = None if above is None else self.numbers.get(above)

    def in_order(self) -> list[int]:
        """The numbers in the order of the slot codes."""
        return sorted(range(len(self.codes)), key=lambda number: (folded(self.codes[number]), self.codes[number]))


class KeptAsset(NamedTuple):
    """An asset, how many events it has, and the e-mail addresses of its owners where they are wanted."""

    state: Asset
    version: int
    addresses: tuple[str | None, ...]


class Assets:
    """Every asset by number, and how they stand below each other."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self.numbers: dict[UUID, int] = {}
        self.above = array("l")
        self.codes: dict[int, str] = {}
        """The facility of each root."""
        self.is_living = bytearray()
        self.stray: list[int] = []
        """Those whose parent came while the assets were read."""
        self._kept = Shelf[KeptAsset]()
        self._parents: list[UUID | None] = []
        self._below: dict[int, list[int]] = {}

    def add(self, record: Record, addresses: tuple[str | None, ...]) -> None:
        """Take in an asset."""
        asset: Asset = record.state
        number = self.numbers[record.id] = self._kept.append(KeptAsset(asset, record.version, addresses))
        self.names.append(asset.name)
        self.is_living.append(not asset.is_decommissioned)
        self._parents.append(asset.parent_id)
        if asset.facility_code is not None:
            self.codes[number] = asset.facility_code

    def settle(self) -> None:
        """Every asset is there: put each below its parent."""
        for number, id in enumerate(self._parents):
            self.above.append(NONE if id is None else self.numbers.get(id, NONE))
            if id is not None and id not in self.numbers:
                self.is_living[number] = False
                self.stray.append(number)
        self._parents = []
        for number in sorted(range(len(self.names)), key=lambda n: (folded(self.names[n]), self.names[n])):
            if self.is_living[number] and self.above[number] != NONE:
                self._below.setdefault(self.above[number], []).append(number)

    def kept(self, number: int) -> KeptAsset:
        """An asset."""
        return self._kept[number]

    def roots(self) -> list[int]:
        """The living roots by facility and name."""
        living = [number for number in self.codes if self.is_living[number]]
        return sorted(living, key=lambda n: (self.codes[n], folded(self.names[n]), self.names[n]))

    def below(self, number: int) -> list[int]:
        """The living parts of an asset in the order of their names."""
        return self._below.get(number, [])

    def line(self, number: int) -> Iterator[int]:
        """An asset, then those above it."""
        while number != NONE:
            yield number
            number = self.above[number]

    def path(self, number: int) -> list[str]:
        """The code of the facility, then the names from the root to an asset."""
        line = list(self.line(number))
        return [self.codes.get(line[-1], "?"), *(self.names[each] for each in reversed(line))]

    def label(self, number: int) -> str:
        """How messages name an asset."""
        return joined_path(*self.path(number))

    def subtree(self, top: int) -> Iterator[int]:
        """An asset and all its living parts, each before those below it, in order."""
        waiting = [top]
        while waiting:
            number = waiting.pop()
            yield number
            waiting.extend(reversed(self.below(number)))


@dataclass
class Holdings:
    """All that is recorded."""

    facilities: list[tuple[Record, str | None]] = field(default_factory=list[tuple[Record, str | None]])
    """With the e-mail address where it is wanted."""
    roles: Definitions = field(default_factory=lambda: Definitions(named))
    families: Definitions = field(default_factory=lambda: Definitions(named))
    models: Definitions = field(default_factory=lambda: Definitions(names_of_model))
    assemblies: Definitions = field(default_factory=lambda: Definitions(named))
    frames: Frames = field(default_factory=Frames)
    mounts: Mounts = field(default_factory=Mounts)
    assets: Assets = field(default_factory=Assets)
    fixtures: Shelf[Record] = field(default_factory=Shelf[Record])
    reserved: list[PersistentId] = field(default_factory=list[PersistentId])
    not_public: dict[UUID, PersistentIdStatus] = field(default_factory=dict[UUID, PersistentIdStatus])
    """Assets and fixtures whose identifier is a draft or withdrawn."""
    position: int = 0


async def read_holdings(
    facility: Facility, *, contacts: bool, as_of: str | None, told: Callable[[int], object]
) -> Holdings:
    """Read all that is recorded. Raises `UnreachableError`.

    What points at others is read before them: as nothing is ever deleted, all
    that it points at will be found.
    """
    found = Holdings()
    count = 0

    async def listed(kind: str, filters: dict[str, tuple[str, ...]] | None = None) -> AsyncIterator[Record]:
        nonlocal count
        async for record in facility.listed(kind, filters or {}, as_of=as_of):
            found.position = max(found.position, record.position)
            count += 1
            if count % _AT_ONCE == 0:
                told(count)
            yield record

    wanted = (PersistentIdStatus.RESERVED, PersistentIdStatus.DRAFT, PersistentIdStatus.WITHDRAWN)
    async for record in listed("persistent_id", {"status": wanted}):
        known: PersistentId = record.state
        if known.status is PersistentIdStatus.RESERVED:
            found.reserved.append(known)
        else:
            found.not_public[known.subject_id] = known.status
    async for record in listed("fixture"):
        found.fixtures.append(record)
    for kind, add in (
        ("assembly", found.assemblies.add),
        ("mount", found.mounts.add),
        ("frame", found.frames.add),
    ):
        async for record in listed(kind):
            add(record)
    async for records in _in_groups(listed("asset")):
        addresses = await _addresses(facility, records) if contacts else [() for _ in records]
        for record, found_addresses in zip(records, addresses, strict=True):
            found.assets.add(record, found_addresses)
    found.assets.settle()
    for kind, add in (("model", found.models.add), ("family", found.families.add), ("role", found.roles.add)):
        async for record in listed(kind):
            add(record)
    async for record in listed("facility"):
        contact_id = record.state.contact_id if contacts else None
        found.facilities.append((record, None if contact_id is None else await facility.address(contact_id)))
    told(count)
    return found


async def _in_groups(records: AsyncIterator[Record]) -> AsyncIterator[list[Record]]:
    group: list[Record] = []
    async for record in records:
        group.append(record)
        if len(group) == _AT_ONCE:
            yield group
            group = []
    if group:
        yield group


async def _addresses(facility: Facility, records: list[Record]) -> list[tuple[str | None, ...]]:
    """The e-mail addresses of the owners of some assets, None where there is none."""
    owners = [owner.contact_id for record in records for owner in record.state.owners]
    asked = [facility.address(contact_id) for contact_id in owners if contact_id is not None]
    answers = iter(await asyncio.gather(*asked))
    return [
        tuple(None if owner.contact_id is None else next(answers) for owner in record.state.owners)
        for record in records
    ]


def _microseconds(moment: datetime) -> int:
    return (moment - _EPOCH) // _MICROSECOND
