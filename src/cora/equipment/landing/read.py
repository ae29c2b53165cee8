"""The landing page of an asset or a fixture, read through the Reader and from the history."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from cora.equipment.aggregates.asset import ASSET
from cora.equipment.aggregates.asset.state import Asset, AssetCondition, AssetLifecycle, installation_claim
from cora.equipment.aggregates.facility import Facility
from cora.equipment.aggregates.fixture import FIXTURE, Fixture
from cora.equipment.aggregates.mount import MOUNT
from cora.equipment.aggregates.persistent_id import SUBJECT, PersistentId
from cora.equipment.beside import line_of
from cora.equipment.landing import life
from cora.equipment.landing.page import FacilityTold, LandingPage, Life, Neighbour, Slot, Standing
from cora.equipment.pidinst.derive import asset_record, fixture_record, published_record
from cora.equipment.pidinst.gather import (
    Instrument,
    gather_compound,
    gather_facility,
    gather_instrument,
    gather_surroundings,
)
from cora.equipment.pidinst.published import PublishedRecord
from cora.equipment.pidinst.read import look_ahead
from cora.equipment.pidinst.record import PidinstRecord
from cora.equipment.public import identifier_of, public_identifiers
from cora.equipment.wired import Equipment
from cora.kernel.aggregate import Aggregate, living_or_former
from cora.kernel.events import AskedMilestones, Events
from cora.kernel.reader import Reader
from cora.kernel.when import When

_SPOKEN_OF: Mapping[str, tuple[Aggregate[Any], str]] = {
    "asset": (ASSET, "name"),
    "fixture": (FIXTURE, "name"),
    "mount": (MOUNT, "slot_code"),
}
_COMPONENTS = tuple(living_or_former("asset.parent_id"))
_BROKEN = {"AssetDegraded", "AssetFaulted", "AssetRestored"}
_CONDITIONS = {
    AssetCondition.NOMINAL: ("Works as it should", "AssetRestored"),
    AssetCondition.DEGRADED: ("Degraded: works less well than it should", "AssetDegraded"),
    AssetCondition.FAULTED: ("Faulted", "AssetFaulted"),
}
_BEGINS = {"AssetActivated", "AssetMaintenanceExited"}


@dataclass(frozen=True)
class Past:
    """Where the history is found, and up to which moment."""

    events: Events | None
    when: When


async def read_landing_page(id: UUID, read: Reader, past: Past, wired: Equipment) -> LandingPage | None:
    """What the world is told at the landing page of a record; None where it may see nothing."""
    known = await identifier_of(id, read)
    if known is None or not known.is_public:
        return None
    if known.subject_kind == "asset":
        asset = await read.get(ASSET, id)
        return None if asset is None else await _page_of_asset(asset, known, read, past, wired)
    fixture = await read.get(FIXTURE, id)
    return None if fixture is None else await _page_of_fixture(fixture, known, read, past, wired)


async def _page_of_asset(asset: Asset, known: PersistentId, read: Reader, past: Past, wired: Equipment) -> LandingPage:
    await look_ahead(asset, read)
    instrument = await gather_instrument(asset, read, contacts=wired.public_contacts)
    around = await gather_surroundings(asset, read)
    facility = await gather_facility([asset], read)
    record = asset_record(instrument, around, wired.public_url)
    above = (await line_of(asset, read))[:-1]
    holder = await read.owner(installation_claim(asset.id))
    mount = await read.get(MOUNT, holder) if holder else None
    public = {**await public_identifiers(above, read), **around.public}
    happened, shown = await _life(asset.id, life.ASSET_WORDS, read, past)
    return LandingPage(
        id=asset.id,
        persistent_id=known,
        published=_published(record, [instrument], facility, asset, known),
        facility=_facility(facility),
        lifecycle=_lifecycle(asset, happened),
        condition=None if asset.is_decommissioned else _condition(asset, happened),
        line=tuple(_neighbour(each, public) for each in above),
        slot=Slot(mount.slot_code, mount.installed_at) if mount else None,
        fixture=_neighbour(around.fixture, public) if around.fixture else None,
        components=tuple(_neighbour(each, public) for each in around.children),
        drawing=asset.drawing,
        life=shown,
    )


async def _page_of_fixture(
    fixture: Fixture, known: PersistentId, read: Reader, past: Past, wired: Equipment
) -> LandingPage:
    compound = await gather_compound(fixture, read, contacts=wired.public_contacts)
    instruments = [component.instrument for component in compound.components]
    facility = await gather_facility([each.asset for each in instruments], read)
    record = fixture_record(compound, wired.public_url)
    _, shown = await _life(fixture.id, life.FIXTURE_WORDS, read, past)
    return LandingPage(
        id=fixture.id,
        persistent_id=known,
        published=_published(record, instruments, facility, fixture, known),
        facility=_facility(facility),
        lifecycle=Standing("Retired", fixture.retired_at)
        if fixture.is_retired
        else Standing("In use", fixture.registered_at),
        condition=None,
        line=(),
        slot=None,
        fixture=None,
        components=tuple(
            _neighbour(each.instrument.asset, compound.public, f"in slot {each.slot_name}")
            for each in compound.components
        ),
        drawing=None,
        life=shown,
    )


def _published(
    record: PidinstRecord,
    instruments: Sequence[Instrument],
    facility: Facility | None,
    subject: Asset | Fixture,
    known: PersistentId,
) -> PublishedRecord:
    return published_record(record, instruments, facility, subject, known)


def _facility(facility: Facility | None) -> FacilityTold | None:
    return None if facility is None else FacilityTold(facility.name, facility.website, facility.identifier)


def _neighbour(of: Asset | Fixture, public: Mapping[UUID, PersistentId], note: str | None = None) -> Neighbour:
    return Neighbour(of.name, of.id, public.get(of.id), note)


async def _life(
    id: UUID, words: Mapping[str, life.Words], read: Reader, past: Past
) -> tuple[list[life.Happened], Life]:
    """What happened, the newest first, and what is shown of it."""
    if past.events is None:
        return [], Life()
    asked = AskedMilestones(id, (SUBJECT,), tuple(words), life.MOST_READ, _COMPONENTS)
    found = await past.events.milestones(asked, past.when)
    happened = [life.Happened(each, json.loads(each.data)) for each in found]
    names = await _names(life.spoken_of(happened), read)
    told = life.life_of(id, happened, names, words)
    return happened, Life(tuple(told[: life.MOST]), len(told) > life.MOST or life.is_cut(id, happened))


async def _names(kinds: Mapping[UUID, str], read: Reader) -> dict[UUID, str]:
    await read.ahead(*kinds)
    names: dict[UUID, str] = {}
    for id, kind in kinds.items():
        aggregate, field = _SPOKEN_OF[kind]
        if (found := await read.get(aggregate, id)) is not None:
            names[id] = getattr(found, field)
    return names


def _lifecycle(asset: Asset, happened: list[life.Happened]) -> Standing:
    match asset.lifecycle:
        case AssetLifecycle.COMMISSIONED:
            return Standing("Not yet in service")
        case AssetLifecycle.ACTIVE:
            return _since("In service", asset.id, happened, _BEGINS, {"AssetMaintenanceEntered"})
        case AssetLifecycle.MAINTENANCE:
            return _since("Out of service for maintenance", asset.id, happened, {"AssetMaintenanceEntered"}, _BEGINS)
        case AssetLifecycle.DECOMMISSIONED:
            return Standing("Decommissioned", asset.decommissioned_at)


def _condition(asset: Asset, happened: list[life.Happened]) -> Standing:
    words, event = _CONDITIONS[asset.condition]
    return _since(words, asset.id, happened, {event}, _BROKEN - {event})


def _since(
    words: str, id: UUID, happened: list[life.Happened], wanted: Iterable[str], others: Iterable[str]
) -> Standing:
    event = life.standing_since(happened, id, set(wanted), set(others))
    return Standing(words, event and event.occurred_at)
