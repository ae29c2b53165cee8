"""Record that a model is not of a family any more. Its assets stay as they are; it keeps one family at least."""

from uuid import UUID

from cora.equipment.aggregates.model import (
    MODEL,
    Model,
    ModelCannotChangeFamiliesError,
    ModelFamilyNotPresentError,
    ModelFamilyRemoved,
    ModelNeedsFamilyError,
    require_changeable_families,
)
from cora.kernel.principal import Role
from cora.kernel.slice import Command, decides


class RemoveModelFamily(Command):
    """The family a model is not of any more."""

    model_id: UUID
    family_id: UUID


@decides(
    "POST /models/{model_id}/remove-family",
    on=MODEL,
    allow=Role.STEWARD,
    refuses=(ModelCannotChangeFamiliesError, ModelFamilyNotPresentError, ModelNeedsFamilyError),
    ends=True,
)
def remove_model_family(command: RemoveModelFamily, model: Model) -> list[ModelFamilyRemoved]:
    require_changeable_families(model)
    if command.family_id not in model.declared_family_ids:
        raise ModelFamilyNotPresentError(model.id, command.family_id)
    if len(model.declared_family_ids) == 1:
        raise ModelNeedsFamilyError(model.id, command.family_id)
    return [ModelFamilyRemoved(command.family_id)]
