"""The commands of the toy domain (records.py)."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any
from uuid import UUID

from cora.kernel.aggregate import Claim, Event
from cora.kernel.contact import Contact
from cora.kernel.principal import Role
from cora.kernel.reader import Reader
from cora.kernel.slice import Command, CommandSlice, Creation, On, decides

from .records import (
    BAY,
    UNIT,
    BadgeDropped,
    BadgeGiven,
    BadgeReceived,
    BadgeTaken,
    Bay,
    BayClosed,
    BayHasUnitsError,
    BayIsClosedError,
    BayIsOpenError,
    BayMeasured,
    BayOpened,
    BayRenamed,
    BayReopened,
    BayTallied,
    CarrierNoted,
    NobodyCarriesError,
    TooHotError,
    Unit,
    UnitHasBadgeError,
    UnitHasNoBadgeError,
    UnitIsRetiredError,
    UnitMoved,
    UnitRegistered,
    UnitRetired,
)

# How long a decision takes between two looks, in seconds: the window in which others may change what was read.
pace = SimpleNamespace(seconds=0.0)


async def _dawdle() -> None:
    if pace.seconds:
        await asyncio.sleep(pace.seconds)


class OpenBay(Creation):
    """Open a bay."""

    name: str
    contact: Contact | None = None


@decides("POST /bays", on=BAY, allow=Role.OPERATOR)
def open_bay(command: OpenBay) -> list[BayOpened]:
    """Open a bay."""
    return [BayOpened(command.name, command.contact.contact_id if command.contact else None)]


class RenameBay(Command):
    """Rename a bay."""

    bay_id: UUID
    name: str


@decides("POST /bays/{bay_id}/rename", on=BAY, allow=Role.OPERATOR)
def rename_bay(command: RenameBay, bay: Bay) -> list[BayRenamed]:
    """Rename a bay."""
    if bay.closed:
        raise BayIsClosedError(bay.id)
    return [BayRenamed(command.name)] if command.name != bay.name else []


class MeasureBay(Command):
    """Note a reading of a bay."""

    bay_id: UUID
    value: float


@decides("POST /bays/{bay_id}/measure", on=BAY, allow=Role.OPERATOR)
def measure_bay(command: MeasureBay, bay: Bay) -> list[BayMeasured]:
    """Note a reading of a bay."""
    if command.value > 1e300:
        raise TooHotError(command.value)
    return [BayMeasured(command.value)]


class CloseBay(Command):
    """Close an empty bay."""

    bay_id: UUID


async def load_first_unit(command: CloseBay, bay: Bay, read: Reader) -> UUID | None:
    return await read.first_source("unit.bay_id", bay.id)


@decides("POST /bays/{bay_id}/close", on=BAY, allow=Role.OPERATOR, loads=load_first_unit)
def close_bay(command: CloseBay, bay: Bay, context: UUID | None) -> list[BayClosed]:
    """Close an empty bay."""
    if bay.closed:
        raise BayIsClosedError(bay.id)
    if context is not None:
        raise BayHasUnitsError(bay.id, context)
    return [BayClosed()]


class ReopenBay(Command):
    """Open a closed bay again, under its name."""

    bay_id: UUID


@decides("POST /bays/{bay_id}/reopen", on=BAY, allow=Role.OPERATOR)
def reopen_bay(command: ReopenBay, bay: Bay) -> list[BayReopened]:
    """Open a closed bay again, under its name."""
    if not bay.closed:
        raise BayIsOpenError(bay.id)
    return [BayReopened()]


class TallyBay(Command):
    """Note every unit of a bay, and how many of them carry a badge."""

    bay_id: UUID


@dataclass(frozen=True)
class Tally:
    units: tuple[UUID, ...]
    badges: int


async def load_tally(command: TallyBay, bay: Bay, read: Reader) -> Tally:
    units = await read.sources("unit.bay_id", bay.id)
    await _dawdle()
    found = [await read.require(UNIT, id) for id in units]
    return Tally(units, sum(unit.badge is not None for unit in found))


@decides("POST /bays/{bay_id}/tally", on=BAY, allow=Role.OPERATOR, loads=load_tally)
def tally_bay(command: TallyBay, bay: Bay, context: Tally) -> list[BayTallied]:
    """Note every unit of a bay, and how many of them carry a badge."""
    if bay.closed:
        raise BayIsClosedError(bay.id)
    return [BayTallied(context.units, context.badges)]


class RegisterUnit(Creation):
    """Register a unit in a bay."""

    bay_id: UUID


async def load_bay(command: RegisterUnit, read: Reader) -> Bay:
    bay = await read.require(BAY, command.bay_id)
    await _dawdle()
    return bay


@decides("POST /units", on=UNIT, allow=Role.OPERATOR, loads=load_bay)
def register_unit(command: RegisterUnit, context: Bay) -> list[UnitRegistered]:
    """Register a unit in a bay."""
    if context.closed:
        raise BayIsClosedError(context.id)
    return [UnitRegistered(context.id)]


class MoveUnit(Command):
    """Move a unit to another bay."""

    unit_id: UUID
    to_bay_id: UUID


async def load_target(command: MoveUnit, unit: Unit, read: Reader) -> Bay:
    await _dawdle()
    return await read.require(BAY, command.to_bay_id)


@decides("POST /units/{unit_id}/move", on=UNIT, allow=Role.OPERATOR, loads=load_target)
def move_unit(command: MoveUnit, unit: Unit, context: Bay) -> list[UnitMoved]:
    """Move a unit to another bay."""
    if unit.retired:
        raise UnitIsRetiredError(unit.id)
    if context.id == unit.bay_id:
        return []
    if context.closed:
        raise BayIsClosedError(context.id)
    return [UnitMoved(unit.bay_id, context.id)]


class TakeBadge(Command):
    """Give a unit a badge."""

    unit_id: UUID
    badge: str


@decides("POST /units/{unit_id}/take-badge", on=UNIT, allow=Role.OPERATOR)
def take_badge(command: TakeBadge, unit: Unit) -> list[BadgeTaken]:
    """Give a unit a badge."""
    if unit.retired:
        raise UnitIsRetiredError(unit.id)
    if unit.badge is not None:
        raise UnitHasBadgeError(unit.id, unit.badge)
    return [BadgeTaken(command.badge)]


class DropBadge(Command):
    """Take the badge off a unit."""

    unit_id: UUID


@decides("POST /units/{unit_id}/drop-badge", on=UNIT, allow=Role.OPERATOR)
def drop_badge(command: DropBadge, unit: Unit) -> list[BadgeDropped]:
    """Take the badge off a unit."""
    if unit.badge is None:
        raise UnitHasNoBadgeError(unit.id)
    return [BadgeDropped(unit.badge)]


class HandOverBadge(Command):
    """Hand the badge of a unit to another."""

    unit_id: UUID
    to_unit_id: UUID


async def load_receiver(command: HandOverBadge, unit: Unit, read: Reader) -> Unit:
    return await read.require(UNIT, command.to_unit_id)


@decides("POST /units/{unit_id}/hand-over-badge", on=UNIT, allow=Role.OPERATOR, loads=load_receiver)
def hand_over_badge(command: HandOverBadge, unit: Unit, context: Unit) -> list[Event | On]:
    """Hand the badge of a unit to another."""
    if unit.badge is None:
        raise UnitHasNoBadgeError(unit.id)
    if context.retired:
        raise UnitIsRetiredError(context.id)
    if context.badge is not None:
        raise UnitHasBadgeError(context.id, context.badge)
    return [BadgeGiven(unit.badge, context.id), On(UNIT, context.id, BadgeReceived(unit.badge, unit.id))]


class NoteCarrier(Command):
    """Note who carries a badge, or that nobody does."""

    unit_id: UUID
    badge: str


async def load_carrier(command: NoteCarrier, unit: Unit, read: Reader) -> UUID | None:
    carrier = await read.owner(Claim("unit.badge", command.badge))
    await _dawdle()
    return carrier


@decides("POST /units/{unit_id}/note-carrier", on=UNIT, allow=Role.OPERATOR, loads=load_carrier)
def note_carrier(command: NoteCarrier, unit: Unit, context: UUID | None) -> list[CarrierNoted]:
    """Note who carries a badge, or that nobody does."""
    return [CarrierNoted(command.badge, context)]


class CompareUnits(Command):
    """Make sure that one of two units carries a badge; records nothing."""

    unit_id: UUID
    other_unit_id: UUID


async def load_other(command: CompareUnits, unit: Unit, read: Reader) -> Unit:
    await _dawdle()
    return await read.require(UNIT, command.other_unit_id)


@decides("POST /units/{unit_id}/compare", on=UNIT, allow=Role.OPERATOR, loads=load_other)
def compare_units(command: CompareUnits, unit: Unit, context: Unit) -> list[Event]:
    """Make sure that one of two units carries a badge; records nothing."""
    if unit.badge is None and context.badge is None:
        raise NobodyCarriesError(unit.id, context.id)
    return []


class RetireUnit(Command):
    """Retire a unit."""

    unit_id: UUID


@decides("POST /units/{unit_id}/retire", on=UNIT, allow=Role.OPERATOR)
def retire_unit(command: RetireUnit, unit: Unit) -> list[UnitRetired]:
    """Retire a unit."""
    if unit.retired:
        raise UnitIsRetiredError(unit.id)
    if unit.badge is not None:
        raise UnitHasBadgeError(unit.id, unit.badge)
    return [UnitRetired()]


def _slices() -> Mapping[type[Command], CommandSlice]:
    functions: tuple[Any, ...] = (
        open_bay, rename_bay, measure_bay, close_bay, reopen_bay, tally_bay, register_unit, move_unit, take_badge,
        drop_badge, hand_over_badge, note_carrier, compare_units, retire_unit,
    )  # fmt: skip
    return {function.__slice__.request: function.__slice__ for function in functions}


SLICES = _slices()
