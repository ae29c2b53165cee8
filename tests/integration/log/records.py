"""A small domain with every kind of guard the log keeps: bays that hold units, units that carry badges.

record version     a unit is registered only in an open bay
relation set       a bay is closed only when empty; a tally names every unit of a bay
smallest source    the refusal to close names the unit with the smallest id
claim              bay names and badges are unique; a note says who carries a badge, or that nobody does
release and take   a badge is handed over in one request, by events of two records
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import ClassVar
from uuid import UUID

from cora.kernel.aggregate import Aggregate, Claim, Event, Fact, Filter, Reference
from cora.kernel.contact import ContactId
from cora.kernel.errors import ConflictError, InvalidError, NotFoundError, Refusal
from cora.kernel.moment import Moment
from cora.kernel.search import Text


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
class BayReopened(Event):
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
class BayIsOpenError(ConflictError):
    """The bay is open."""

    says = "Bay {bay_id} is open."
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

    says = "Neither unit {unit_id} nor unit {other_unit_id} carries a badge."
    unit_id: UUID
    other_unit_id: UUID


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
        case BayReopened(), Bay():
            return replace(state, closed=False)
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
    events=(BayOpened, BayRenamed, BayTallied, BayMeasured, BayClosed, BayReopened),
    evolve=evolve_bay,
    not_found=BayNotFoundError,
    claims=bay_claims,
    claim_taken=bay_name_taken,
    texts=lambda state: (Text("name", state.name),),
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
    texts=lambda state: (Text("badge", state.badge),),
    title=(),
)  # fmt: skip

AGGREGATES = (BAY, UNIT)
