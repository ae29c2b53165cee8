"""What is shown beside a record, so that nobody has to ask again: where it stands, what it belongs to, by name.

Counts go up to `reader.MOST_COUNTED`; a list counts further (`count=true`).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar
from uuid import UUID

from cora.equipment.aggregates.assembly import ASSEMBLY, Assembly
from cora.equipment.aggregates.asset import ASSET
from cora.equipment.aggregates.asset.state import (
    INSTALLED_IN,
    Asset,
    AssetCondition,
    AssetLifecycle,
    installation_claim,
)
from cora.equipment.aggregates.facility import FACILITY, Facility, facility_claim
from cora.equipment.aggregates.family import FAMILY, Family
from cora.equipment.aggregates.fixture import FIXTURE, Fixture
from cora.equipment.aggregates.frame import FRAME, Frame
from cora.equipment.aggregates.model import MODEL, Model
from cora.equipment.aggregates.mount import MOUNT, Mount
from cora.equipment.aggregates.persistent_id import PersistentId
from cora.equipment.aggregates.role import ROLE, Role
from cora.equipment.assigned_identifier import AssignedIdentifier
from cora.equipment.paths import joined_path
from cora.kernel.aggregate import Aggregate
from cora.kernel.moment import Moment
from cora.kernel.reader import Reader

S = TypeVar("S")

MAXIMUM_LEVELS = 64


@dataclass(frozen=True)
class Named:
    """A record by its name."""

    id: UUID
    name: str


@dataclass(frozen=True)
class FacilityShown:
    """The facility something belongs to."""

    id: UUID
    code: str
    name: str


@dataclass(frozen=True)
class ModelShown:
    """The model an asset is of."""

    id: UUID
    name: str
    manufacturer: str
    part_number: str


@dataclass(frozen=True)
class MountShown:
    """The mount where an asset is installed, and since when."""

    id: UUID
    slot_code: str
    installed_at: Moment | None


@dataclass(frozen=True)
class SlotShown:
    """A mount by its slot code."""

    id: UUID
    slot_code: str


@dataclass(frozen=True)
class FixtureShown:
    """The fixture an asset is attached to."""

    id: UUID
    name: str
    persistent_id: AssignedIdentifier | None


@dataclass(frozen=True)
class AssetShown:
    """An asset by its path, and how it is."""

    id: UUID
    name: str
    path: str
    lifecycle: AssetLifecycle
    condition: AssetCondition
    persistent_id: AssignedIdentifier | None


@dataclass(frozen=True)
class ComponentShown:
    """An asset in a slot of a fixture; `attached` while it is attached to that fixture."""

    id: UUID
    slot_name: str
    name: str
    lifecycle: AssetLifecycle
    condition: AssetCondition
    attached: bool
    mount: SlotShown | None
    persistent_id: AssignedIdentifier | None


@dataclass(frozen=True)
class BesideAsset:
    """An asset's place in its facility and in the hutch. `path`: facility code, then the names down to it."""

    path: str
    facility: FacilityShown | None
    parent: Named | None
    children_count: int
    mount: MountShown | None
    fixture: FixtureShown | None
    model: ModelShown | None
    families: tuple[Named, ...]
    controller: Named | None


@dataclass(frozen=True)
class BesideMount:
    """What is installed, and where the mount is. `frame_path` are the names of the frames down to its own."""

    installed_asset: AssetShown | None
    parent: SlotShown | None
    frame: Named | None
    frame_path: str


@dataclass(frozen=True)
class BesideFixture:
    """What a fixture is made of."""

    assembly: Named | None
    components: tuple[ComponentShown, ...]


@dataclass(frozen=True)
class BesideFrame:
    """Where a frame stands among frames, and what is placed in it."""

    path: str
    parent: Named | None
    predecessor: Named | None
    children_count: int
    mounts_count: int


@dataclass(frozen=True)
class BesideModel:
    """The families of a model, and how many living assets are of it."""

    families: tuple[Named, ...]
    assets_count: int


@dataclass(frozen=True)
class BesideFamily:
    """The roles of a family, and how many living assets and models are of it."""

    presents_as: tuple[Named, ...]
    assets_count: int
    models_count: int


@dataclass(frozen=True)
class BesideAssembly:
    """The families and roles of an assembly, and how many fixtures in use were made of it."""

    presents_as_family: Named | None
    families: tuple[Named, ...]
    presents_as: tuple[Named, ...]
    fixtures_count: int


@dataclass(frozen=True)
class BesideRole:
    """How many families and assemblies fulfil a role."""

    families_count: int
    assemblies_count: int


@dataclass(frozen=True)
class BesideFacility:
    """Nothing yet: its assets are listed at /assets."""


@dataclass(frozen=True)
class BesidePersistentId:
    """The asset or fixture that an identifier is of."""

    subject: Named | None


async def beside_asset(asset: Asset, read: Reader) -> BesideAsset:
    """An asset's place in its facility and in the hutch."""
    await read.ahead(asset.model_id, asset.fixture_id, asset.controller_id, asset.parent_id, *asset.family_ids)
    (children,) = await read.counts(("asset.parent_id", asset.id))
    line = await line_of(asset, read)
    facility = await facility_of(line[0], read)
    model = await _maybe(MODEL, asset.model_id, read)
    fixture = await _maybe(FIXTURE, asset.fixture_id, read)
    mount = await _maybe(MOUNT, await read.owner(installation_claim(asset.id)), read)
    return BesideAsset(
        path=path_of(line),
        facility=FacilityShown(facility.id, facility.code, facility.name) if facility else None,
        parent=Named(line[-2].id, line[-2].name) if len(line) > 1 else None,
        children_count=children,
        mount=MountShown(mount.id, mount.slot_code, mount.installed_at) if mount else None,
        fixture=FixtureShown(fixture.id, fixture.name, fixture.persistent_id) if fixture else None,
        model=ModelShown(model.id, model.name, model.manufacturer.name, model.part_number) if model else None,
        families=await _named(FAMILY, asset.family_ids, read),
        controller=await _one_named(ASSET, asset.controller_id, read),
    )


async def beside_mount(mount: Mount, read: Reader) -> BesideMount:
    """What is installed in a mount, and where it is."""
    frames = await frames_above(mount.placement.parent_frame_id, read)
    parent = await _maybe(MOUNT, mount.parent_id, read)
    installed = await _maybe(ASSET, mount.installed_asset_id, read)
    return BesideMount(
        installed_asset=await asset_shown(installed, read) if installed else None,
        parent=SlotShown(parent.id, parent.slot_code) if parent else None,
        frame=Named(frames[-1].id, frames[-1].name) if frames else None,
        frame_path=joined_path(*(frame.name for frame in frames)),
    )


async def beside_fixture(fixture: Fixture, read: Reader) -> BesideFixture:
    """What a fixture is made of."""
    bindings = fixture.slot_asset_bindings
    await read.ahead(fixture.assembly_id, *(binding.asset_id for binding in bindings))
    mounts = await mounts_of([binding.asset_id for binding in bindings], read)
    components: list[ComponentShown] = []
    for binding in bindings:
        asset = await read.get(ASSET, binding.asset_id)
        mount = mounts.get(binding.asset_id)
        if asset is not None:
            components.append(
                ComponentShown(
                    id=asset.id,
                    slot_name=binding.slot_name,
                    name=asset.name,
                    lifecycle=asset.lifecycle,
                    condition=asset.condition,
                    attached=asset.fixture_id == fixture.id,
                    mount=SlotShown(mount.id, mount.slot_code) if mount else None,
                    persistent_id=asset.persistent_id,
                )
            )
    return BesideFixture(await _one_named(ASSEMBLY, fixture.assembly_id, read), tuple(components))


async def beside_frame(frame: Frame, read: Reader) -> BesideFrame:
    """Where a frame stands among frames, and what is placed in it."""
    line = await frames_above(frame.id, read)
    children, mounts = await read.counts(("frame.parent_id", frame.id), ("mount.placement", frame.id))
    return BesideFrame(
        path=joined_path(*(each.name for each in line)),
        parent=Named(line[-2].id, line[-2].name) if len(line) > 1 else None,
        predecessor=await _one_named(FRAME, frame.supersedes.predecessor_frame_id if frame.supersedes else None, read),
        children_count=children,
        mounts_count=mounts,
    )


async def beside_model(model: Model, read: Reader) -> BesideModel:
    """The families of a model, and how many assets are of it."""
    families = await _named(FAMILY, model.declared_family_ids, read)
    return BesideModel(families, *await read.counts(("asset.model_id", model.id)))


async def beside_family(family: Family, read: Reader) -> BesideFamily:
    """The roles of a family, and what is of it."""
    counts = await read.counts(("asset.family_ids", family.id), ("model.declared_family_ids", family.id))
    return BesideFamily(await _named(ROLE, family.presents_as, read), *counts)


async def beside_assembly(assembly: Assembly, read: Reader) -> BesideAssembly:
    """The families and roles of an assembly, and how many fixtures were made of it."""
    families = dict.fromkeys(id for slot in assembly.required_slots for id in slot.required_family_ids)
    return BesideAssembly(
        await _one_named(FAMILY, assembly.presents_as_family_id, read),
        await _named(FAMILY, families, read),
        await _named(ROLE, assembly.presents_as, read),
        *await read.counts(("fixture.assembly_id", assembly.id)),
    )


async def beside_role(role: Role, read: Reader) -> BesideRole:
    """How many families and assemblies fulfil a role."""
    return BesideRole(*await read.counts(("family.presents_as", role.id), ("assembly.presents_as", role.id)))


async def beside_facility(_facility: Facility, _read: Reader) -> BesideFacility:
    """Nothing yet."""
    return BesideFacility()


async def beside_persistent_id(identifier: PersistentId, read: Reader) -> BesidePersistentId:
    """The asset or fixture that an identifier is of."""
    on: Aggregate[Any] = ASSET if identifier.subject_kind == "asset" else FIXTURE
    return BesidePersistentId(await _one_named(on, identifier.subject_id, read))


async def line_of(asset: Asset, read: Reader) -> list[Asset]:
    """The assets from the root down to this one; in the past from the highest that had begun."""
    (line,) = await lines_of([asset], read)
    return line


async def lines_of(assets: Sequence[Asset], read: Reader) -> list[list[Asset]]:
    """The same for each of several assets: a look per level, not per asset."""
    lines = [[asset] for asset in assets]
    rising = lines
    for _ in range(MAXIMUM_LEVELS):
        await read.ahead(*(line[-1].parent_id for line in rising))
        above = [await read.get(ASSET, line[-1].parent_id) if line[-1].parent_id else None for line in rising]
        for line, asset in zip(rising, above, strict=True):
            line += [asset] if asset is not None else []
        rising = [line for line, asset in zip(rising, above, strict=True) if asset is not None]
    return [line[::-1] for line in lines]


async def mounts_of(asset_ids: Sequence[UUID], read: Reader) -> dict[UUID, Mount]:
    """The mount of each of these assets that is installed, in two looks."""
    holders = await read.sources_of(INSTALLED_IN, asset_ids)
    await read.ahead(*(mount for mounts in holders for mount in mounts))
    return {
        asset: await read.require(MOUNT, mounts[0]) for asset, mounts in zip(asset_ids, holders, strict=True) if mounts
    }


def path_of(line: list[Asset]) -> str:
    """The path that leads along a line of assets from a root, or from the highest that had begun."""
    code = line[0].facility_code
    return joined_path(*([code] if code else []), *(each.name for each in line))


async def facility_of(root: Asset, read: Reader) -> Facility | None:
    """The facility that a root asset stands in."""
    return await _maybe(FACILITY, await read.owner(facility_claim(root.facility_code or "")), read)


async def asset_shown(asset: Asset, read: Reader) -> AssetShown:
    """An asset by its path."""
    path = path_of(await line_of(asset, read))
    return AssetShown(asset.id, asset.name, path, asset.lifecycle, asset.condition, asset.persistent_id)


async def frames_above(frame_id: UUID, read: Reader) -> list[Frame]:
    """The frames from the root down to this one; in the past from the highest that had begun."""
    line: list[Frame] = []
    above: UUID | None = frame_id
    while above is not None and len(line) <= MAXIMUM_LEVELS:
        frame = await read.get(FRAME, above)
        if frame is None:
            break
        line.append(frame)
        above = frame.parent_id
    return line[::-1]


async def _maybe(on: Aggregate[S], id: UUID | None, read: Reader) -> S | None:
    return None if id is None else await read.get(on, id)


async def _one_named(on: Aggregate[Any], id: UUID | None, read: Reader) -> Named | None:
    record = await _maybe(on, id, read)
    return Named(record.id, record.name) if record else None


async def _named(on: Aggregate[Any], ids: Iterable[UUID], read: Reader) -> tuple[Named, ...]:
    ids = tuple(ids)
    await read.ahead(*ids)
    found = [await _one_named(on, id, read) for id in ids]
    return tuple(each for each in found if each is not None)
