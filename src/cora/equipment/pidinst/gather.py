"""What a PIDINST record rests on, read through the Reader: one place for queries and for decisions."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from cora.equipment.aggregates.assembly import ASSEMBLY, Assembly
from cora.equipment.aggregates.asset import ASSET
from cora.equipment.aggregates.asset.state import Asset
from cora.equipment.aggregates.facility import FACILITY, Facility, facility_claim
from cora.equipment.aggregates.family import FAMILY, Family
from cora.equipment.aggregates.fixture import FIXTURE, Fixture
from cora.equipment.aggregates.model import MODEL, Model
from cora.equipment.aggregates.persistent_id import PersistentId
from cora.equipment.ports.contacts import Contacts
from cora.equipment.public import public_identifiers
from cora.kernel.contact import ContactId
from cora.kernel.reader import Reader


@dataclass(frozen=True)
class Instrument:
    """An asset with what its own description rests on.

    `responsible` is the asset whose owners count: itself, or its nearest
    ancestor that has some; None when none has, then `facility` is told.
    `addresses` are the e-mail addresses of these owners, as far as they are told.
    """

    asset: Asset
    responsible: Asset | None
    facility: Facility | None
    model: Model | None
    families: tuple[Family, ...] = ()
    addresses: Mapping[ContactId, str] = field(default_factory=dict[ContactId, str])


@dataclass(frozen=True)
class Surroundings:
    """The records that an asset may be related to, and those of their identifiers that the world may see."""

    parent: Asset | None
    fixture: Fixture | None
    children: tuple[Asset, ...]
    public: Mapping[UUID, PersistentId] = field(default_factory=dict[UUID, PersistentId])


@dataclass(frozen=True)
class Component:
    """An asset in a slot of a fixture."""

    slot_name: str
    instrument: Instrument


@dataclass(frozen=True)
class Compound:
    """A fixture with its bound assets, in the order of its bindings, and those of their identifiers that the world may
    see."""

    fixture: Fixture
    assembly: Assembly
    family: Family | None
    components: tuple[Component, ...]
    public: Mapping[UUID, PersistentId] = field(default_factory=dict[UUID, PersistentId])


async def gather_instrument(
    asset: Asset, read: Reader, *, contacts: Contacts | None = None, whole: bool = True
) -> Instrument:
    """What the description of an asset rests on; with the addresses of its owners where there are `contacts` to ask.

    A decision about completeness does not need the whole of it.
    """
    (instrument,) = await gather_instruments([asset], read, contacts=contacts, whole=whole)
    return instrument


async def gather_instruments(
    assets: Sequence[Asset], read: Reader, *, contacts: Contacts | None = None, whole: bool = True
) -> tuple[Instrument, ...]:
    """What the description of each of several assets rests on, looked up together."""
    family_ids = [id for asset in assets for id in asset.family_ids] if whole else []
    await read.ahead(*(asset.model_id for asset in assets), *family_ids)
    standing = await _responsible(assets, read)
    codes = dict.fromkeys(each.facility_code for each in standing if not each.owners)
    facilities = {code: await _facility(code, read) for code in codes}
    addresses = await _addresses(standing, facilities.values(), contacts, read) if contacts else {}
    found: list[Instrument] = []
    for asset, responsible in zip(assets, standing, strict=True):
        model = await read.get(MODEL, asset.model_id) if asset.model_id else None
        known = [await read.get(FAMILY, id) for id in asset.family_ids] if whole else []
        owned = bool(responsible.owners)
        found.append(
            Instrument(
                asset,
                responsible if owned else None,
                None if owned else facilities[responsible.facility_code],
                model,
                tuple(family for family in known if family is not None),
                addresses,
            )
        )
    return tuple(found)


async def gather_surroundings(asset: Asset, read: Reader) -> Surroundings:
    """The parent, the fixture and the children of an asset."""
    child_ids = await read.sources("asset.parent_id", asset.id)
    await read.ahead(asset.parent_id, asset.fixture_id, *child_ids)
    parent = await read.get(ASSET, asset.parent_id) if asset.parent_id else None
    fixture = await read.get(FIXTURE, asset.fixture_id) if asset.fixture_id else None
    children = [await read.get(ASSET, id) for id in child_ids]
    known = tuple(child for child in children if child is not None)
    public = await public_identifiers((parent, fixture, *known), read)
    return Surroundings(parent, fixture, known, public)


async def gather_compound(
    fixture: Fixture, read: Reader, *, contacts: Contacts | None = None, whole: bool = True
) -> Compound:
    """A fixture and all that it binds. A decision about completeness does not need the whole of it."""
    bindings = fixture.slot_asset_bindings
    await read.ahead(fixture.assembly_id, *(binding.asset_id for binding in bindings))
    assembly = await read.require(ASSEMBLY, fixture.assembly_id)
    family = await read.get(FAMILY, assembly.presents_as_family_id) if whole else None
    assets = [await read.require(ASSET, binding.asset_id) for binding in bindings]
    instruments = await gather_instruments(assets, read, contacts=contacts, whole=whole)
    public = await public_identifiers(assets, read) if whole else {}
    components = zip(bindings, instruments, strict=True)
    return Compound(
        fixture, assembly, family, tuple(Component(binding.slot_name, each) for binding, each in components), public
    )


async def gather_facility(assets: Sequence[Asset], read: Reader) -> Facility | None:
    """The facility whose tree the first of these assets stands in that is in one."""
    for code in dict.fromkeys(root.facility_code for root in await _climb(assets, read, lambda _: False)):
        if (found := await _facility(code, read)) is not None:
            return found
    return None


async def _responsible(assets: Sequence[Asset], read: Reader) -> list[Asset]:
    """For each asset the nearest that has owners, itself or an ancestor; its root when none has."""
    return await _climb(assets, read, lambda asset: bool(asset.owners))


async def _climb(assets: Sequence[Asset], read: Reader, is_there: Callable[[Asset], bool]) -> list[Asset]:
    """For each asset the nearest that is what is looked for, itself or an ancestor, else its root; in the past the
    highest that had begun. Level by level."""
    standing = list(assets)
    rising = range(len(standing))
    while rising := [n for n in rising if standing[n].parent_id and not is_there(standing[n])]:
        await read.ahead(*(standing[n].parent_id for n in rising))
        above = [(n, await read.get(ASSET, id)) for n in rising if (id := standing[n].parent_id)]
        rising = [n for n, asset in above if asset is not None]
        for n, asset in above:
            standing[n] = asset or standing[n]
    return standing


async def _addresses(
    standing: Iterable[Asset], facilities: Iterable[Facility | None], contacts: Contacts, read: Reader
) -> dict[ContactId, str]:
    """The addresses of the owners of these assets, and of the facilities. An erased one has none."""
    held = [owner.contact_id for asset in standing for owner in asset.owners]
    held += [facility.contact_id for facility in facilities if facility is not None]
    ids = {contact_id: UUID(contact_id) for contact_id in held if contact_id is not None}
    if not ids:
        return {}
    read.rest_on(*ids.values())
    addresses = await contacts.addresses(ids.values())
    return {contact_id: addresses[id] for contact_id, id in ids.items() if id in addresses}


async def _facility(code: str | None, read: Reader) -> Facility | None:
    owner: UUID | None = await read.owner(facility_claim(code)) if code else None
    return await read.get(FACILITY, owner) if owner else None
