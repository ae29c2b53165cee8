"""Take a family out of use: nothing new is of it, and its name is free. What is of it already stays so."""

from uuid import UUID

from cora.equipment.aggregates.family import FAMILY, Family, FamilyCannotDeprecateError, FamilyDeprecated
from cora.equipment.values import DefinitionStatus, Reason
from cora.kernel.principal import Role
from cora.kernel.slice import Command, decides


class DeprecateFamily(Command):
    """Which family is no longer used for anything new, and why."""

    family_id: UUID
    reason: Reason


@decides(
    "POST /families/{family_id}/deprecate",
    on=FAMILY,
    allow=Role.STEWARD,
    refuses=(FamilyCannotDeprecateError,),
    ends=True,
)
def deprecate_family(command: DeprecateFamily, family: Family) -> list[FamilyDeprecated]:
    if family.status is DefinitionStatus.DEPRECATED:
        raise FamilyCannotDeprecateError(family.id)
    return [FamilyDeprecated(command.reason)]
