"""A facility: the institution that runs the equipment; the root of the asset tree."""

from dataclasses import dataclass
from uuid import UUID

from cora.equipment.values import AgentIdentifier
from cora.kernel.aggregate import Aggregate, Claim, Event, Fact, Filter
from cora.kernel.contact import ContactId
from cora.kernel.errors import ConflictError, NotFoundError


@dataclass(frozen=True)
class Facility:
    """What is known of a facility. The e-mail address is kept apart, under `contact_id`."""

    id: UUID
    code: str
    name: str
    identifier: AgentIdentifier | None = None
    contact_id: ContactId | None = None
    website: str | None = None


@dataclass(frozen=True)
class FacilityRegistered(Event):
    """A facility was registered."""

    code: str
    name: str
    identifier: AgentIdentifier | None = None
    contact_id: ContactId | None = None
    website: str | None = None


@dataclass(eq=False)
class FacilityNotFoundError(NotFoundError):
    """There is no such facility."""

    says = "There is no facility {id}."


@dataclass(eq=False)
class FacilityAlreadyExistsError(ConflictError):
    """The code of a facility is used once only."""

    says = "The code {facility_code!r} belongs to facility {existing_id} already; choose another code."
    facility_code: str
    existing_id: UUID


def evolve(facility: Facility | None, event: FacilityRegistered, fact: Fact) -> Facility:
    """The facility after an event."""
    return Facility(fact.id, event.code, event.name, event.identifier, event.contact_id, event.website)


def facility_claim(code: str) -> Claim:
    """The claim by which a facility is found by its code."""
    return Claim("facility.code", code)


def _claims(facility: Facility) -> list[Claim]:
    return [facility_claim(facility.code)]


def _claim_taken(_claim: Claim, facility: Facility, owner: UUID) -> ConflictError:
    return FacilityAlreadyExistsError(facility.code, owner)


def _search_text(facility: Facility) -> str:
    return f"{facility.code} {facility.name}"


FACILITY = Aggregate(
    kind="facility",
    collection="facilities",
    state=Facility,
    events=(FacilityRegistered,),
    evolve=evolve,
    not_found=FacilityNotFoundError,
    claims=_claims,
    claim_taken=_claim_taken,
    search_text=_search_text,
    filters={"code": Filter(("code",)), "name": Filter(("name",))},
    sorts={"code": ("code",), "name": ("name",)},
)
