"""Define a family: what a thing is, whoever made it, such as RotaryStage or Camera.

Names are anatomical, never those of vendors.
"""

from cora.equipment.aggregates.family import FAMILY, FamilyAlreadyExistsError, FamilyContent, FamilyDefined
from cora.equipment.content.family import FamilyGiven
from cora.kernel.aggregate import same_fields
from cora.kernel.principal import Role
from cora.kernel.slice import Creation, decides


class DefineFamily(FamilyGiven, Creation):
    """What a thing of this family is, lets one do, measures and by which technique."""


@decides("POST /families", on=FAMILY, allow=Role.STEWARD, refuses=(FamilyAlreadyExistsError,))
def define_family(command: DefineFamily) -> list[FamilyDefined]:
    return [FamilyDefined(**same_fields(FamilyContent, command))]
