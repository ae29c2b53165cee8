"""Define a model: what a vendor offers under a part number, and which families that is.

A self-made instrument gets a model whose manufacturer is the facility.
"""

from cora.equipment.aggregates.family import require_usable
from cora.equipment.aggregates.model import MODEL, ModelContent, ModelDefined
from cora.equipment.content.model import REFUSALS, ModelGiven
from cora.equipment.content.named_families import NamedFamilies, load_families
from cora.kernel.aggregate import same_fields
from cora.kernel.principal import Role
from cora.kernel.reader import Reader
from cora.kernel.slice import Creation, decides


class DefineModel(ModelGiven, Creation):
    """A catalogue entry."""


async def load_context(command: DefineModel, read: Reader) -> NamedFamilies:
    return await load_families(command.declared_family_ids, read)


@decides("POST /models", on=MODEL, allow=Role.STEWARD, refuses=REFUSALS, loads=load_context)
def define_model(command: DefineModel, context: NamedFamilies) -> list[ModelDefined]:
    require_usable(command.declared_family_ids, context.families)
    return [ModelDefined(**same_fields(ModelContent, command))]
