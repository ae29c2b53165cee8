"""A small domain with every kind of guard the log keeps: bays that hold units, units that carry badges.

record version     a unit is registered only in an open bay
relation set       a bay is closed only when empty; a tally names every unit of a bay
smallest source    the refusal to close names the unit with the smallest id
claim              bay names and badges are unique; a note says who carries a badge, or that nobody does
release and take   a badge is handed over in one request, by events of two records
"""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from types import SimpleNamespace
from typing import Any, ClassVar
from uuid import UUID

from cora.kernel.aggregate import Aggregate, Claim, Event, Fact, Filter, Reference
from cora.kernel.contact import Contact, ContactId
from cora.kernel.errors import ConflictError, InvalidError, NotFoundError, Refusal
from cora.kernel.moment import Moment
from cora.kernel.principal import Role
from cora.kernel.reader import Reader
from cora.kernel.slice import Command, CommandSlice, Creation, On, decides

# How long a decision takes between two looks, in seconds: the window in which others may change what was read.
pace = SimpleNamespace(seconds=0.0)


async def _dawdle() -> None:
    await asyncio.sleep(pace.seconds)


@dataclass(frozen=True)
class Bay:
    id: UUID
    name: str
    opened_at: Moment
    closed: bool = False
    tally: tuple[UUID, ...] = ()
    readings: tuple[float, ...] = ()
    contact_id: ContactId | None = None


@dataclass(frozen=True)
class Unit:
    id: UUID
    bay_id: UUID
    badge: str | None = None
    retired: bool = False
    noted: tuple[tuple[str, UUID | None], ...] = ()


@dataclass(frozen=True)
class BayOpened(Event):
    name: str
    contact_id: ContactId | None = None


@dataclass(frozen=True)
class BayRenamed(Event):
    name: str


@dataclass(frozen=True)
class BayTallied(Event):
    units: tuple[UUID, ...]
    badges: int


@dataclass(frozen=True)
class BayMeasured(Event):
    value: float


@dataclass(frozen=True)
class BayClosed(Event):
    pass


@dataclass(frozen=True)
class UnitRegistered(Event):
    joins: ClassVar[tuple[str, ...] | None] = ("bay_id",)
    bay_id: UUID


@dataclass(frozen=True)
class UnitMoved(Event):
    joins: ClassVar[tuple[str, ...] | None] = ("from_bay_id", "to_bay_id")
    from_bay_id: UUID
    to_bay_id: UUID


@dataclass(frozen=True)
class BadgeTaken(Event):
    badge: str


@dataclass(frozen=True)
class BadgeDropped(Event):
    badge: str


@dataclass(frozen=True)
class BadgeGiven(Event):
    badge: str
    to_unit_id: UUID


@dataclass(frozen=True)
class BadgeReceived(Event):
    badge: str
    from_unit_id: UUID


@dataclass(frozen=True)
class CarrierNoted(Event):
    badge: str
    carrier: UUID | None


@dataclass(frozen=True)
class UnitRetired(Event):
    pass


@dataclass(eq=False)
class BayNotFoundError(NotFoundError):
    """There is no such bay."""


@dataclass(eq=False)
class UnitNotFoundError(NotFoundError):
    """There is no such unit."""


@dataclass(eq=False)
class BayIsClosedError(ConflictError):
    """The bay is closed."""

    says = "Bay {bay_id} is closed."
    bay_id: UUID


@dataclass(eq=False)
class BayHasUnitsError(ConflictError):
    """The bay holds units."""

    says = "Bay {bay_id} holds unit {unit_id}; move it first."
    bay_id: UUID
    unit_id: UUID


@dataclass(eq=False)
class BayNameTakenError(ConflictError):
    """Another bay has this name."""

    says = "Bay {bay_id} has the name {name}."
    name: str
    bay_id: UUID


@dataclass(eq=False)
class BadgeIsCarriedError(ConflictError):
    """Another unit carries this badge."""

    says = "Unit {unit_id} carries badge {badge}."
    badge: str
    unit_id: UUID


@dataclass(eq=False)
class UnitIsRetiredError(ConflictError):
    """The unit is retired."""

    says = "Unit {unit_id} is retired."
    unit_id: UUID


@dataclass(eq=False)
class UnitHasBadgeError(ConflictError):
    """The unit carries a badge."""

    says = "Unit {unit_id} carries badge {badge}."
    unit_id: UUID
    badge: str


@dataclass(eq=False)
class UnitHasNoBadgeError(ConflictError):
    """The unit carries no badge."""

    says = "Unit {unit_id} carries no badge."
    unit_id: UUID


@dataclass(eq=False)
class NobodyCarriesError(ConflictError):
    """Neither unit carries a badge."""

    says = "Neither unit {one} nor unit {other} carries a badge."
    one: UUID
    other: UUID


@dataclass(eq=False)
class TooHotError(InvalidError):
    """Too hot."""

    says = "{value} is too hot."
    value: float


def evolve_bay(state: Bay | None, event: Event, fact: Fact) -> Bay:
    match event, state:
        case BayOpened(), _:
            return Bay(fact.id, event.name, fact.occurred_at, contact_id=event.contact_id)
        case BayRenamed(), Bay():
            return replace(state, name=event.name)
        case BayTallied(), Bay():
            return replace(state, tally=event.units)
        case BayMeasured(), Bay():
            return replace(state, readings=(*state.readings[-3:], event.value))
        case BayClosed(), Bay():
            return replace(state, closed=True)
        case _:
            raise TypeError(f"no bay evolves by {event}")


def evolve_unit(state: Unit | None, event: Event, fact: Fact) -> Unit:
    match event, state:
        case UnitRegistered(), _:
            return Unit(fact.id, event.bay_id)
        case UnitMoved(), Unit():
            return replace(state, bay_id=event.to_bay_id)
        case ((BadgeTaken() | BadgeReceived()), Unit()):
            return replace(state, badge=event.badge)
        case ((BadgeDropped() | BadgeGiven()), Unit()):
            return replace(state, badge=None)
        case CarrierNoted(), Unit():
            return replace(state, noted=(*state.noted[-3:], (event.badge, event.carrier)))
        case UnitRetired(), Unit():
            return replace(state, retired=True)
        case _:
            raise TypeError(f"no unit evolves by {event}")


def bay_claims(state: Bay) -> Iterable[Claim]:
    return () if state.closed else (Claim("bay.name", state.name),)


def bay_name_taken(claim: Claim, state: Bay, owner: UUID) -> Refusal:
    return BayNameTakenError(state.name, owner)


def unit_references(state: Unit) -> Iterable[Reference]:
    return () if state.retired else (Reference("unit.bay_id", state.bay_id),)


def unit_claims(state: Unit) -> Iterable[Claim]:
    return () if state.badge is None else (Claim("unit.badge", state.badge),)


def badge_is_carried(claim: Claim, state: Unit, owner: UUID) -> Refusal:
    return BadgeIsCarriedError(claim.value, owner)


BAY = Aggregate(
    kind="bay",
    collection="bays",
    state=Bay,
    events=(BayOpened, BayRenamed, BayTallied, BayMeasured, BayClosed),
    evolve=evolve_bay,
    not_found=BayNotFoundError,
    claims=bay_claims,
    claim_taken=bay_name_taken,
    search_text=lambda state: state.name,
    filters={"closed": Filter(("closed",)), "tally": Filter(("tally",), many=True)},
    sorts={"name": ("name",)},
)

UNIT = Aggregate(
    kind="unit",
    collection="units",
    state=Unit,
    events=(
        UnitRegistered, UnitMoved, BadgeTaken, BadgeDropped, BadgeGiven, BadgeReceived, CarrierNoted, UnitRetired,
    ),
    evolve=evolve_unit,
    not_found=UnitNotFoundError,
    references=unit_references,
    claims=unit_claims,
    claim_taken=badge_is_carried,
    search_text=lambda state: state.badge or "",
)  # fmt: skip

AGGREGATES = (BAY, UNIT)


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
        open_bay, rename_bay, measure_bay, close_bay, tally_bay, register_unit, move_unit, take_badge, drop_badge,
        hand_over_badge, note_carrier, compare_units, retire_unit,
    )  # fmt: skip
    return {function.__slice__.request: function.__slice__ for function in functions}


SLICES = _slices()
