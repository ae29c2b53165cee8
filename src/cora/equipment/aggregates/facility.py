"""A facility: the institution that runs the equipment; the root of the asset tree."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import assert_never
from uuid import UUID

from cora.equipment.values import AgentIdentifier
from cora.kernel.aggregate import Aggregate, Claim, Event, Fact, Filter, same_fields
from cora.kernel.contact import ContactId
from cora.kernel.errors import ConflictError, NotFoundError
from cora.kernel.search import Text, Weight


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
class FacilityContent:
    """What is said of a facility as a whole, all but its code: when it is registered, and anew when it is revised."""

    name: str
    identifier: AgentIdentifier | None = None
    contact_id: ContactId | None = None
    website: str | None = None


@dataclass(frozen=True)
class FacilityRegistered(FacilityContent, Event):
    """A facility was registered."""

    code: str = field(kw_only=True)


@dataclass(frozen=True)
class FacilityRevised(FacilityContent, Event):
    """All that is said of a facility was said anew."""


FacilityEvent = FacilityRegistered | FacilityRevised


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


def evolve(facility: Facility | None, event: FacilityEvent, fact: Fact) -> Facility:
    """The facility after an event."""
    content = same_fields(FacilityContent, event)
    if isinstance(event, FacilityRegistered):
        return Facility(fact.id, event.code, **content)
    if facility is None:
        raise TypeError(f"a facility begins with FacilityRegistered, not with {type(event).__name__}")
    match event:
        case FacilityRevised():
            return replace(facility, **content)
        case _:
            assert_never(event)


def facility_claim(code: str) -> Claim:
    """The claim by which a facility is found by its code."""
    return Claim("facility.code", code)


def _claims(facility: Facility) -> list[Claim]:
    return [facility_claim(facility.code)]


def _claim_taken(_claim: Claim, facility: Facility, owner: UUID) -> ConflictError:
    return FacilityAlreadyExistsError(facility.code, owner)


def _texts(facility: Facility) -> Iterable[Text]:
    yield Text("code", facility.code, Weight.OWN)
    yield Text("name", facility.name, Weight.OWN)
    if facility.identifier is not None:
        yield Text("identifier", facility.identifier.value, Weight.OWN)
    yield Text("website", facility.website)


FACILITY = Aggregate(
    kind="facility",
    collection="facilities",
    state=Facility,
    events=FacilityEvent.__args__,
    evolve=evolve,
    not_found=FacilityNotFoundError,
    claims=_claims,
    claim_taken=_claim_taken,
    texts=_texts,
    filters={"code": Filter(("code",)), "name": Filter(("name",))},
    sorts={"code": ("code",), "name": ("name",)},
)
