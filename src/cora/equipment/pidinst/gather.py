"""What a PIDINST record rests on, read through the Reader: one place for queries and for decisions."""

from dataclasses import dataclass
from uuid import UUID

from cora.equipment.aggregates.assembly import ASSEMBLY, Assembly
from cora.equipment.aggregates.asset import ASSET
from cora.equipment.aggregates.asset.state import Asset
from cora.equipment.aggregates.facility import FACILITY, Facility, facility_claim
from cora.equipment.aggregates.family import FAMILY, Family
from cora.equipment.aggregates.fixture import FIXTURE, Fixture
from cora.equipment.aggregates.model import MODEL, Model
from cora.kernel.reader import Reader


@dataclass(frozen=True)
class Instrument:
    """An asset with what its own description rests on.

    `responsible` is the asset whose owners count: itself, or its nearest
    ancestor that has some; None when none has, then `facility` is told.
    """

    asset: Asset
    responsible: Asset | None
    facility: Facility | None
    model: Model | None
    families: tuple[Family, ...] = ()


@dataclass(frozen=True)
class Surroundings:
    """The records that an asset may be related to."""

    parent: Asset | None
    fixture: Fixture | None
    children: tuple[Asset, ...]


@dataclass(frozen=True)
class Component:
    """An asset in a slot of a fixture."""

    slot_name: str
    instrument: Instrument


@dataclass(frozen=True)
class Compound:
    """A fixture with its bound assets, in the order of its bindings."""

    fixture: Fixture
    assembly: Assembly
    family: Family | None
    components: tuple[Component, ...]


async def gather_instrument(asset: Asset, read: Reader, *, families: bool = True) -> Instrument:
    """What the description of an asset rests on. A decision about completeness needs no families."""
    responsible, facility = await _responsible(asset, read)
    model = await read.get(MODEL, asset.model_id) if asset.model_id else None
    found = [await read.get(FAMILY, id) for id in asset.family_ids] if families else []
    return Instrument(asset, responsible, facility, model, tuple(family for family in found if family is not None))


async def gather_surroundings(asset: Asset, read: Reader) -> Surroundings:
    """The parent, the fixture and the children of an asset."""
    parent = await read.get(ASSET, asset.parent_id) if asset.parent_id else None
    fixture = await read.get(FIXTURE, asset.fixture_id) if asset.fixture_id else None
    children = [await read.get(ASSET, id) for id in await read.sources("asset.parent_id", asset.id)]
    return Surroundings(parent, fixture, tuple(child for child in children if child is not None))


async def gather_compound(fixture: Fixture, read: Reader, *, families: bool = True) -> Compound:
    """A fixture and all that it binds."""
    assembly = await read.require(ASSEMBLY, fixture.assembly_id)
    family = await read.get(FAMILY, assembly.presents_as_family_id) if families else None
    components: list[Component] = []
    for binding in fixture.slot_asset_bindings:
        asset = await read.require(ASSET, binding.asset_id)
        components.append(Component(binding.slot_name, await gather_instrument(asset, read, families=families)))
    return Compound(fixture, assembly, family, tuple(components))


async def _responsible(asset: Asset, read: Reader) -> tuple[Asset | None, Facility | None]:
    standing = asset
    while not standing.owners:
        if standing.parent_id is None:
            return None, await _facility(standing.facility_code, read)
        standing = await read.require(ASSET, standing.parent_id)
    return standing, None


async def _facility(code: str | None, read: Reader) -> Facility | None:
    owner: UUID | None = await read.owner(facility_claim(code)) if code else None
    return await read.get(FACILITY, owner) if owner else None
