"""A model: a vendor's catalogue entry."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import assert_never
from uuid import UUID

from cora.equipment.values import AgentIdentifier, DefinitionStatus, Manufacturer, folded
from cora.kernel.aggregate import Aggregate, Claim, Event, Fact, Filter, Reference, same_fields
from cora.kernel.errors import ConflictError, NotFoundError
from cora.kernel.search import Text, Weight


@dataclass(frozen=True)
class Model:
    """What a vendor offers under a part number, and which families that is.

    It is known by its `manufacturer`, who made it together with the `further_manufacturers`. `identifier` is one beside
    the part number, whatever its scheme. `version` is the tag of its latest version.
    """

    id: UUID
    name: str
    manufacturer: Manufacturer
    part_number: str
    declared_family_ids: tuple[UUID, ...]
    description: str | None = None
    website: str | None = None
    identifier: AgentIdentifier | None = None
    further_manufacturers: tuple[Manufacturer, ...] = ()
    status: DefinitionStatus = DefinitionStatus.DEFINED
    version: str | None = None

    @property
    def manufacturers(self) -> tuple[Manufacturer, ...]:
        """All who made it, the one it is known by first."""
        return self.manufacturer, *self.further_manufacturers


@dataclass(frozen=True)
class ModelContent:
    """What is said of a model as a whole: by its definition, and anew by each version."""

    name: str
    manufacturer: Manufacturer
    part_number: str
    declared_family_ids: tuple[UUID, ...]
    description: str | None = None
    website: str | None = None
    identifier: AgentIdentifier | None = None
    further_manufacturers: tuple[Manufacturer, ...] = ()


@dataclass(frozen=True)
class ModelDefined(ModelContent, Event):
    """A model was defined."""


@dataclass(frozen=True)
class ModelVersioned(ModelContent, Event):
    """The model has another content from now on, under the tag of a version."""

    tag: str = field(kw_only=True)


@dataclass(frozen=True)
class ModelDeprecated(Event):
    """The model is not used for anything new."""

    reason: str


@dataclass(frozen=True)
class ModelFamilyAdded(Event):
    """The model is of one family more."""

    family_id: UUID


@dataclass(frozen=True)
class ModelFamilyRemoved(Event):
    """The model is not of a family any more."""

    family_id: UUID


ModelEvent = ModelDefined | ModelVersioned | ModelDeprecated | ModelFamilyAdded | ModelFamilyRemoved


@dataclass(eq=False)
class ModelNotFoundError(NotFoundError):
    """There is no such model."""

    says = "There is no model {id}."


@dataclass(eq=False)
class ModelAlreadyExistsError(ConflictError):
    """A part number of a manufacturer is one model, ignoring case."""

    says = "Model {existing_id} is {manufacturer!r} {part_number!r} already; use that one."
    manufacturer: str
    part_number: str
    existing_id: UUID


@dataclass(eq=False)
class ModelDeprecatedError(ConflictError):
    """A deprecated model is not used for anything new."""

    says = "Model {model_id} is deprecated; choose another."
    model_id: UUID


@dataclass(eq=False)
class ModelCannotVersionError(ConflictError):
    """A deprecated model gets no further version."""

    says = "Model {model_id} is deprecated and gets no further version; define another model."
    model_id: UUID


@dataclass(eq=False)
class ModelCannotDeprecateError(ConflictError):
    """A model is deprecated once."""

    says = "Model {model_id} is deprecated already."
    model_id: UUID


@dataclass(eq=False)
class ModelCannotChangeFamiliesError(ConflictError):
    """A deprecated model keeps its families."""

    says = "Model {model_id} is deprecated, and its families can no longer be changed."
    model_id: UUID


@dataclass(eq=False)
class ModelFamilyAlreadyPresentError(ConflictError):
    """The model declares the family already."""

    says = "Model {model_id} declares family {family_id} already."
    model_id: UUID
    family_id: UUID


@dataclass(eq=False)
class ModelFamilyNotPresentError(ConflictError):
    """The model does not declare the family."""

    says = "Model {model_id} does not declare family {family_id}."
    model_id: UUID
    family_id: UUID


@dataclass(eq=False)
class ModelNeedsFamilyError(ConflictError):
    """A model declares one family at least."""

    says = "Family {family_id} is the last that model {model_id} declares; add another first."
    model_id: UUID
    family_id: UUID


def evolve(model: Model | None, event: ModelEvent, fact: Fact) -> Model:
    """The model after an event."""
    if isinstance(event, ModelDefined):
        return Model(fact.id, **same_fields(ModelContent, event))
    if model is None:
        raise TypeError(f"a model begins with ModelDefined, not with {type(event).__name__}")
    match event:
        case ModelVersioned():
            content = same_fields(ModelContent, event)
            return replace(model, **content, status=DefinitionStatus.VERSIONED, version=event.tag)
        case ModelDeprecated():
            return replace(model, status=DefinitionStatus.DEPRECATED)
        case ModelFamilyAdded(family_id):
            return replace(model, declared_family_ids=(*model.declared_family_ids, family_id))
        case ModelFamilyRemoved(family_id):
            left = tuple(each for each in model.declared_family_ids if each != family_id)
            return replace(model, declared_family_ids=left)
        case _:
            assert_never(event)


def require_changeable_families(model: Model) -> None:
    """Raises `ModelCannotChangeFamiliesError` for a deprecated model."""
    if model.status is DefinitionStatus.DEPRECATED:
        raise ModelCannotChangeFamiliesError(model.id)


def require_current(model_id: UUID, model: Model | None) -> Model:
    """The model. Raises `ModelNotFoundError`, or `ModelDeprecatedError` for one that is not used for anything new."""
    if model is None:
        raise ModelNotFoundError(model_id)
    if model.status is DefinitionStatus.DEPRECATED:
        raise ModelDeprecatedError(model_id)
    return model


def maker_key(name: str) -> str:
    """By what a manufacturer is found among those of one model."""
    return folded(name)


def model_claim(manufacturer: str, part_number: str) -> Claim:
    """The claim by which a model is found by its maker and part number."""
    return Claim("model.part_number", f"{folded(manufacturer)}\n{folded(part_number)}")


def _claims(model: Model) -> list[Claim]:
    return (
        [] if model.status is DefinitionStatus.DEPRECATED else [model_claim(model.manufacturer.name, model.part_number)]
    )


def _claim_taken(_claim: Claim, model: Model, owner: UUID) -> ConflictError:
    return ModelAlreadyExistsError(model.manufacturer.name, model.part_number, owner)


def _references(model: Model) -> list[Reference]:
    return [Reference("model.declared_family_ids", family_id) for family_id in model.declared_family_ids]


def _texts(model: Model) -> Iterable[Text]:
    yield Text("name", model.name, Weight.OWN)
    yield Text("part_number", model.part_number, Weight.OWN)
    for maker in model.manufacturers:
        yield Text("manufacturer", maker.name)
        yield Text("manufacturer", maker.identifier.value if maker.identifier else None)
    yield Text("identifier", model.identifier.value if model.identifier else None)
    yield Text("website", model.website)
    yield Text("description", model.description, Weight.PROSE)


MODEL = Aggregate(
    kind="model",
    collection="models",
    state=Model,
    events=ModelEvent.__args__,
    evolve=evolve,
    not_found=ModelNotFoundError,
    references=_references,
    claims=_claims,
    claim_taken=_claim_taken,
    texts=_texts,
    filters={
        "name": Filter(("name",)),
        "manufacturer": Filter(("manufacturer", "name")),
        "part_number": Filter(("part_number",)),
        "status": Filter(("status",)),
        "declared_family_ids": Filter(("declared_family_ids",), many=True, relation="model.declared_family_ids"),
    },
    sorts={"name": ("name",), "manufacturer": ("manufacturer", "name"), "part_number": ("part_number",)},
)
