"""What is said of a model, by `define_model` and `version_model` alike."""

from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, Field, ValidationInfo, field_validator

from cora.equipment.aggregates.family import FamilyDeprecatedError, FamilyNotFoundError
from cora.equipment.aggregates.model import ModelAlreadyExistsError, maker_key
from cora.equipment.values import AgentIdentifier, Description, Manufacturer, Name, PartNumber, Url
from cora.kernel.errors import Refusal
from cora.kernel.slice import Command

REFUSALS: tuple[type[Refusal], ...] = (FamilyNotFoundError, FamilyDeprecatedError, ModelAlreadyExistsError)
"""What is refused of a content, in order. That a part number is used already, the claim on it tells."""


def _each_once(ids: tuple[UUID, ...]) -> tuple[UUID, ...]:
    return tuple(dict.fromkeys(ids))


class ModelGiven(Command):
    """What a vendor offers under a part number, and which families that is."""

    name: Name
    manufacturer: Manufacturer
    part_number: PartNumber
    declared_family_ids: Annotated[tuple[UUID, ...], Field(min_length=1, max_length=100), AfterValidator(_each_once)]
    description: Description | None = None
    website: Url | None = None
    identifier: AgentIdentifier | None = None
    further_manufacturers: Annotated[
        tuple[Manufacturer, ...], Field(max_length=100, description="Those who made it together with the manufacturer.")
    ] = ()

    @field_validator("further_manufacturers")
    @classmethod
    def _each_named_once(cls, makers: tuple[Manufacturer, ...], given: ValidationInfo) -> tuple[Manufacturer, ...]:
        first: Manufacturer | None = given.data.get("manufacturer")
        named: set[str] = set() if first is None else {maker_key(first.name)}
        for maker in makers:
            if maker_key(maker.name) in named:
                raise ValueError(f"the manufacturer {maker.name!r} is named twice; leave one of them out")
            named.add(maker_key(maker.name))
        return makers
