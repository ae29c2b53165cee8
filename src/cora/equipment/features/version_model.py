"""Correct a catalogue entry: give a model another content, under the tag of a version. What is left out is cleared.

The assets of the model stay as they are; their next change of families must satisfy it.
"""

from uuid import UUID

from cora.equipment.aggregates.family import require_usable
from cora.equipment.aggregates.model import MODEL, Model, ModelCannotVersionError, ModelContent, ModelVersioned
from cora.equipment.content.model import REFUSALS, ModelGiven
from cora.equipment.content.named_families import NamedFamilies, load_families
from cora.equipment.content.version import Tagged
from cora.equipment.values import DefinitionStatus
from cora.kernel.aggregate import same_fields
from cora.kernel.principal import Role
from cora.kernel.reader import Reader
from cora.kernel.slice import decides


class VersionModel(ModelGiven, Tagged):
    """The tag, and the whole catalogue entry."""

    model_id: UUID


async def load_context(command: VersionModel, model: Model, read: Reader) -> NamedFamilies:
    return await load_families(command.declared_family_ids, read)


@decides(
    "POST /models/{model_id}/version",
    on=MODEL,
    allow=Role.STEWARD,
    refuses=(ModelCannotVersionError, *REFUSALS),
    loads=load_context,
)
def version_model(command: VersionModel, model: Model, context: NamedFamilies) -> list[ModelVersioned]:
    if model.status is DefinitionStatus.DEPRECATED:
        raise ModelCannotVersionError(model.id)
    require_usable(command.declared_family_ids, context.families)
    return [ModelVersioned(**same_fields(ModelContent, command), tag=command.tag)]
