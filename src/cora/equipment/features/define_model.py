"""Define a model: what a vendor offers under a part number, and which families that is.

A self-made instrument gets a model whose manufacturer is the facility.
"""

from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from pydantic import Field

from cora.equipment.aggregates.family import (
    FAMILY,
    Family,
    FamilyDeprecatedError,
    FamilyNotFoundError,
    require_usable,
)
from cora.equipment.aggregates.model import MODEL, ModelAlreadyExistsError, ModelDefined
from cora.equipment.values import Description, Manufacturer, Name, PartNumber, Url
from cora.kernel.principal import Role
from cora.kernel.reader import Reader
from cora.kernel.slice import Creation, decides


class DefineModel(Creation):
    """A catalogue entry."""

    name: Name
    manufacturer: Manufacturer
    part_number: PartNumber
    declared_family_ids: Annotated[tuple[UUID, ...], Field(min_length=1, max_length=100)]
    description: Description | None = None
    website: Url | None = None


@dataclass(frozen=True)
class Context:
    """The declared families, by id."""

    families: dict[UUID, Family | None]


async def load_context(command: DefineModel, read: Reader) -> Context:
    await read.ahead(*command.declared_family_ids)
    return Context({id: await read.get(FAMILY, id) for id in command.declared_family_ids})


@decides(
    "POST /models",
    on=MODEL,
    allow=Role.STEWARD,
    refuses=(FamilyNotFoundError, FamilyDeprecatedError, ModelAlreadyExistsError),
    loads=load_context,
)
def define_model(command: DefineModel, context: Context) -> list[ModelDefined]:
    require_usable(command.declared_family_ids, context.families)
    return [
        ModelDefined(
            command.name,
            command.manufacturer,
            command.part_number,
            tuple(dict.fromkeys(command.declared_family_ids)),
            command.description,
            command.website,
        )
    ]
