"""A model: a vendor's catalogue entry."""

from dataclasses import dataclass
from uuid import UUID

from cora.equipment.values import DefinitionStatus, Manufacturer, folded
from cora.kernel.aggregate import Aggregate, Claim, Event, Fact, Filter, Reference
from cora.kernel.errors import ConflictError, NotFoundError


@dataclass(frozen=True)
class Model:
    """What a vendor offers under a part number, and which families that is.

    `version` is the tag of its latest version.
    """

    id: UUID
    name: str
    manufacturer: Manufacturer
    part_number: str
    declared_family_ids: tuple[UUID, ...]
    description: str | None = None
    website: str | None = None
    status: DefinitionStatus = DefinitionStatus.DEFINED
    version: str | None = None


@dataclass(frozen=True)
class ModelDefined(Event):
    """A model was defined."""

    name: str
    manufacturer: Manufacturer
    part_number: str
    declared_family_ids: tuple[UUID, ...]
    description: str | None = None
    website: str | None = None


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


def evolve(model: Model | None, event: ModelDefined, fact: Fact) -> Model:
    """The model after an event."""
    return Model(
        fact.id, event.name, event.manufacturer, event.part_number, event.declared_family_ids, event.description,
        event.website,
    )  # fmt: skip


def require_current(model_id: UUID, model: Model | None) -> Model:
    """The model. Raises `ModelNotFoundError`, or `ModelDeprecatedError` for one that is not used for anything new."""
    if model is None:
        raise ModelNotFoundError(model_id)
    if model.status is DefinitionStatus.DEPRECATED:
        raise ModelDeprecatedError(model_id)
    return model


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


def _search_text(model: Model) -> str:
    return " ".join((model.name, model.manufacturer.name, model.part_number, model.description or ""))


MODEL = Aggregate(
    kind="model",
    collection="models",
    state=Model,
    events=(ModelDefined,),
    evolve=evolve,
    not_found=ModelNotFoundError,
    references=_references,
    claims=_claims,
    claim_taken=_claim_taken,
    search_text=_search_text,
    filters={
        "name": Filter(("name",)),
        "manufacturer": Filter(("manufacturer", "name")),
        "part_number": Filter(("part_number",)),
        "status": Filter(("status",)),
        "declared_family_ids": Filter(("declared_family_ids",), many=True),
    },
    sorts={"name": ("name",), "manufacturer": ("manufacturer", "name"), "part_number": ("part_number",)},
)
