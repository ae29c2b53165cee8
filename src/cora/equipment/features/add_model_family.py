"""Record that a model is of one family more."""

from uuid import UUID

from cora.equipment.aggregates.family import FamilyDeprecatedError, FamilyNotFoundError, require_usable
from cora.equipment.aggregates.model import (
    MODEL,
    Model,
    ModelCannotChangeFamiliesError,
    ModelFamilyAdded,
    ModelFamilyAlreadyPresentError,
    require_changeable_families,
)
from cora.equipment.content.named_families import NamedFamilies, load_families
from cora.kernel.principal import Role
from cora.kernel.reader import Reader
from cora.kernel.slice import Command, decides


class AddModelFamily(Command):
    """The family a model is of."""

    model_id: UUID
    family_id: UUID


async def load_context(command: AddModelFamily, model: Model, read: Reader) -> NamedFamilies:
    return await load_families((command.family_id,), read)


@decides(
    "POST /models/{model_id}/add-family",
    on=MODEL,
    allow=Role.STEWARD,
    refuses=(
        ModelCannotChangeFamiliesError,
        FamilyNotFoundError,
        FamilyDeprecatedError,
        ModelFamilyAlreadyPresentError,
    ),
    loads=load_context,
)
def add_model_family(command: AddModelFamily, model: Model, context: NamedFamilies) -> list[ModelFamilyAdded]:
    require_changeable_families(model)
    require_usable((command.family_id,), context.families)
    if command.family_id in model.declared_family_ids:
        raise ModelFamilyAlreadyPresentError(model.id, command.family_id)
    return [ModelFamilyAdded(command.family_id)]
