"""The instruments that were in use: installed in a mount and Active, with all that describes them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from cora.equipment.aggregates.asset import ASSET
from cora.equipment.aggregates.asset.state import Asset, AssetCondition, AssetLifecycle
from cora.equipment.aggregates.facility import FACILITY, Facility, facility_claim
from cora.equipment.aggregates.family import FAMILY
from cora.equipment.aggregates.fixture import Fixture
from cora.equipment.aggregates.model import MODEL, Model
from cora.equipment.aggregates.mount import Mount
from cora.equipment.assigned_identifier import AssignedIdentifier
from cora.equipment.beside import MAXIMUM_LEVELS, ModelShown, SlotShown, lines_of, mounts_of, path_of
from cora.equipment.values import Affordance, AlternateIdentifier, Owner
from cora.kernel.reader import Reader

MOST_SEARCHED = 20_000
"""Assets of a subtree that are looked through."""
MOST_SHOWN = 1000
"""Instruments in one answer."""


@dataclass(frozen=True)
class FamilyShown:
    """A family an instrument is of, and what such a thing lets one do."""

    id: UUID
    name: str
    affordances: tuple[Affordance, ...]


@dataclass(frozen=True)
class Instrument:
    """An asset in use. `role` is what it was there for: its slot code, or in a fixture the name of its slot there.

    `owners` are its own, or those of the nearest asset above that has some; where none has, its facility.
    """

    id: UUID
    role: str
    name: str
    path: str
    mount: SlotShown
    condition: AssetCondition
    condition_reason: str | None
    settings: dict[str, Any]
    model: ModelShown | None
    families: tuple[FamilyShown, ...]
    alternate_identifiers: tuple[AlternateIdentifier, ...]
    persistent_id: AssignedIdentifier | None
    owners: tuple[Owner, ...]


@dataclass(frozen=True)
class InUse:
    """Instruments in order of role, and whether some were left out for want of room."""

    instruments: tuple[Instrument, ...]
    truncated: bool


async def in_use_below(root: Asset, read: Reader) -> InUse:
    """The instruments among an asset and all that is below it."""
    found, level = [root.id], [root.id]
    for _ in range(MAXIMUM_LEVELS):
        below = await read.sources_of("asset.parent_id", level)
        level = [id for ids in below for id in ids]
        found += level
        if not level or len(found) > MOST_SEARCHED:
            break
    mounts = await mounts_of(found[:MOST_SEARCHED], read)
    return await _in_use(
        {id: mount.slot_code for id, mount in mounts.items()}, mounts, len(found) > MOST_SEARCHED, read
    )


async def in_use_of(fixture: Fixture, read: Reader) -> InUse:
    """The instruments among what a fixture binds."""
    roles = {binding.asset_id: binding.slot_name for binding in fixture.slot_asset_bindings}
    return await _in_use(roles, await mounts_of(list(roles), read), False, read)


async def _in_use(roles: Mapping[UUID, str], mounts: Mapping[UUID, Mount], truncated: bool, read: Reader) -> InUse:
    await read.ahead(*mounts)
    assets = [await read.require(ASSET, id) for id in mounts]
    active = [asset for asset in assets if asset.lifecycle is AssetLifecycle.ACTIVE]
    active.sort(key=lambda asset: (roles[asset.id], mounts[asset.id].slot_code))
    shown = active[:MOST_SHOWN]
    await read.ahead(*(asset.model_id for asset in shown), *(id for asset in shown for id in asset.family_ids))
    lines = await lines_of(shown, read)
    instruments = [await _instrument(roles[line[-1].id], line, mounts[line[-1].id], read) for line in lines]
    return InUse(tuple(instruments), truncated or len(active) > MOST_SHOWN)


async def _instrument(role: str, line: Sequence[Asset], mount: Mount, read: Reader) -> Instrument:
    asset = line[-1]
    model: Model | None = await read.get(MODEL, asset.model_id) if asset.model_id else None
    found = [await read.get(FAMILY, id) for id in asset.family_ids]
    families = [family for family in found if family is not None]
    return Instrument(
        id=asset.id,
        role=role,
        name=asset.name,
        path=path_of(list(line)),
        mount=SlotShown(mount.id, mount.slot_code),
        condition=asset.condition,
        condition_reason=asset.condition_reason,
        settings=asset.settings,
        model=ModelShown(model.id, model.name, model.manufacturer.name, model.part_number) if model else None,
        families=tuple(FamilyShown(family.id, family.name, family.affordances) for family in families),
        alternate_identifiers=asset.alternate_identifiers,
        persistent_id=asset.persistent_id,
        owners=await _owners(line, read),
    )


async def _owners(line: Sequence[Asset], read: Reader) -> tuple[Owner, ...]:
    for asset in reversed(line):
        if asset.owners:
            return asset.owners
    owner = await read.owner(facility_claim(line[0].facility_code or ""))
    facility: Facility | None = await read.get(FACILITY, owner) if owner else None
    return (Owner(facility.name, identifier=facility.identifier),) if facility else ()
