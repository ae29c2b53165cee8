"""Take a model out of use: no new asset is of it, and its part number is free. The assets of it stay as they are."""

from uuid import UUID

from cora.equipment.aggregates.model import MODEL, Model, ModelCannotDeprecateError, ModelDeprecated
from cora.equipment.values import DefinitionStatus, Reason
from cora.kernel.principal import Role
from cora.kernel.slice import Command, decides


class DeprecateModel(Command):
    """Which model is no longer used for anything new, and why."""

    model_id: UUID
    reason: Reason


@decides(
    "POST /models/{model_id}/deprecate", on=MODEL, allow=Role.STEWARD, refuses=(ModelCannotDeprecateError,), ends=True
)
def deprecate_model(command: DeprecateModel, model: Model) -> list[ModelDeprecated]:
    if model.status is DefinitionStatus.DEPRECATED:
        raise ModelCannotDeprecateError(model.id)
    return [ModelDeprecated(command.reason)]
