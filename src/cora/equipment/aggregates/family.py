"""A family: what a thing is, whoever made it (RotaryStage, Camera, Mirror)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, assert_never
from uuid import UUID

from cora.equipment.values import Affordance, DefinitionStatus, Term, folded
from cora.kernel.aggregate import Aggregate, Claim, Event, Fact, Filter, Reference, same_fields
from cora.kernel.errors import ConflictError, InvalidRequestError, NotFoundError
from cora.kernel.search import Text, Weight


@dataclass(frozen=True)
class Family:
    """The definition of a family. `version` is the tag of its latest version; `presents_as` are ids of roles."""

    id: UUID
    name: str
    description: str | None = None
    affordances: tuple[Affordance, ...] = ()
    term: Term | None = None
    measured_variables: tuple[Term, ...] = ()
    measurement_techniques: tuple[Term, ...] = ()
    settings_schema: dict[str, Any] | None = None
    presents_as: tuple[UUID, ...] = ()
    status: DefinitionStatus = DefinitionStatus.DEFINED
    version: str | None = None


@dataclass(frozen=True)
class FamilyContent:
    """What is said of a family as a whole: by its definition, and anew by each version."""

    name: str
    description: str | None = None
    affordances: tuple[Affordance, ...] = ()
    term: Term | None = None
    measured_variables: tuple[Term, ...] = ()
    measurement_techniques: tuple[Term, ...] = ()


@dataclass(frozen=True)
class FamilyDefined(FamilyContent, Event):
    """A family was defined."""


@dataclass(frozen=True)
class FamilyVersioned(FamilyContent, Event):
    """The family has another content from now on, under the tag of a version."""

    tag: str = field(kw_only=True)


@dataclass(frozen=True)
class FamilyDeprecated(Event):
    """The family is not used for anything new."""

    reason: str


@dataclass(frozen=True)
class FamilySettingsSchemaUpdated(Event):
    """Which settings an asset of this family has; None: none."""

    settings_schema: dict[str, Any] | None


@dataclass(frozen=True)
class FamilyPresentsAsAdded(Event):
    """The family fulfils a role."""

    role_id: UUID


@dataclass(frozen=True)
class FamilyPresentsAsRemoved(Event):
    """The family no longer says that it fulfils a role."""

    role_id: UUID


FamilyEvent = (
    FamilyDefined
    | FamilyVersioned
    | FamilyDeprecated
    | FamilySettingsSchemaUpdated
    | FamilyPresentsAsAdded
    | FamilyPresentsAsRemoved
)


@dataclass(eq=False)
class FamilyNotFoundError(NotFoundError):
    """There is no such family."""

    says = "There is no family {id}."


@dataclass(eq=False)
class FamilyAlreadyExistsError(ConflictError):
    """The name of a family is used once only, ignoring case."""

    says = "Family {existing_id} has the name {name!r} already; choose another name."
    name: str
    existing_id: UUID


@dataclass(eq=False)
class FamilyDeprecatedError(ConflictError):
    """A deprecated family takes nothing new."""

    says = "Family {family_id} is deprecated; choose another."
    family_id: UUID


@dataclass(eq=False)
class FamilyCannotVersionError(ConflictError):
    """A deprecated family gets no further version."""

    says = "Family {family_id} is deprecated and gets no further version; define another family."
    family_id: UUID


@dataclass(eq=False)
class FamilyCannotDeprecateError(ConflictError):
    """A family is deprecated once."""

    says = "Family {family_id} is deprecated already."
    family_id: UUID


@dataclass(eq=False)
class FamilyAffordanceInUseError(ConflictError):
    """A family keeps the affordances that its roles require."""

    says = (
        "Family {family_id} presents as role {role_id}, which requires {affordances}; "
        "keep these, or first say that it no longer presents as that role."
    )
    family_id: UUID
    role_id: UUID
    affordances: tuple[str, ...]


@dataclass(eq=False)
class FamilyCannotUpdateError(ConflictError):
    """A deprecated family is not changed."""

    says = "Family {family_id} is deprecated and can no longer be changed."
    family_id: UUID


@dataclass(eq=False)
class InvalidSettingsSchemaError(InvalidRequestError):
    """The settings schema is not a JSON Schema that can be used."""


@dataclass(eq=False)
class FamilyAlreadyPresentsAsError(ConflictError):
    """The family fulfils the role already."""

    says = "Family {family_id} presents as role {role_id} already."
    family_id: UUID
    role_id: UUID


@dataclass(eq=False)
class FamilyCannotPresentAsError(ConflictError):
    """The family lacks affordances that the role requires."""

    says = "Family {family_id} lacks what role {role_id} requires: {missing_affordances}; add these first."
    family_id: UUID
    role_id: UUID
    missing_affordances: tuple[str, ...]


@dataclass(eq=False)
class FamilyDoesNotPresentAsError(ConflictError):
    """The family does not say that it fulfils the role."""

    says = "Family {family_id} does not present as role {role_id}."
    family_id: UUID
    role_id: UUID


def evolve(family: Family | None, event: FamilyEvent, fact: Fact) -> Family:
    """The family after an event."""
    if isinstance(event, FamilyDefined):
        return Family(fact.id, **same_fields(FamilyContent, event))
    if family is None:
        raise TypeError(f"a family begins with FamilyDefined, not with {type(event).__name__}")
    match event:
        case FamilyVersioned():
            content = same_fields(FamilyContent, event)
            return replace(family, **content, status=DefinitionStatus.VERSIONED, version=event.tag)
        case FamilyDeprecated():
            return replace(family, status=DefinitionStatus.DEPRECATED)
        case FamilySettingsSchemaUpdated(settings_schema):
            return replace(family, settings_schema=settings_schema)
        case FamilyPresentsAsAdded(role_id):
            return replace(family, presents_as=(*family.presents_as, role_id))
        case FamilyPresentsAsRemoved(role_id):
            return replace(family, presents_as=tuple(each for each in family.presents_as if each != role_id))
        case _:
            assert_never(event)


def family_claim(name: str) -> Claim:
    """The claim by which a family is found by its name."""
    return Claim("family.name", folded(name))


def require_updatable(family: Family) -> None:
    """Raises `FamilyCannotUpdateError` for a deprecated family."""
    if family.status is DefinitionStatus.DEPRECATED:
        raise FamilyCannotUpdateError(family.id)


def require_usable(wanted: Iterable[UUID], found: Mapping[UUID, Family | None]) -> None:
    """Raises `FamilyNotFoundError`, then `FamilyDeprecatedError`, naming the smallest id that offends."""
    ids = sorted(set(wanted), key=str)
    for id in ids:
        if found.get(id) is None:
            raise FamilyNotFoundError(id)
    for id in ids:
        family = found.get(id)
        if family is not None and family.status is DefinitionStatus.DEPRECATED:
            raise FamilyDeprecatedError(id)


def _claims(family: Family) -> list[Claim]:
    return [] if family.status is DefinitionStatus.DEPRECATED else [family_claim(family.name)]


def _claim_taken(_claim: Claim, family: Family, owner: UUID) -> ConflictError:
    return FamilyAlreadyExistsError(family.name, owner)


def _references(family: Family) -> list[Reference]:
    return [Reference("family.presents_as", role_id) for role_id in family.presents_as]


def _texts(family: Family) -> Iterable[Text]:
    yield Text("name", family.name, Weight.OWN)
    yield from _terms("term", *((family.term,) if family.term else ()))
    yield from _terms("measured_variables", *family.measured_variables)
    yield from _terms("measurement_techniques", *family.measurement_techniques)
    yield Text("description", family.description, Weight.PROSE)


def _terms(field: str, *terms: Term) -> Iterable[Text]:
    for term in terms:
        yield Text(field, term.name)
        yield Text(field, term.identifier)


FAMILY = Aggregate(
    kind="family",
    collection="families",
    state=Family,
    events=FamilyEvent.__args__,
    evolve=evolve,
    not_found=FamilyNotFoundError,
    references=_references,
    claims=_claims,
    claim_taken=_claim_taken,
    texts=_texts,
    filters={
        "name": Filter(("name",)),
        "status": Filter(("status",)),
        "affordances": Filter(("affordances",), many=True),
        "presents_as": Filter(("presents_as",), many=True),
    },
    sorts={"name": ("name",), "status": ("status",)},
)
