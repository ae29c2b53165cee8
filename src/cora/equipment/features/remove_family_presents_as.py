"""Take back that a family fulfils a role."""

from uuid import UUID

from cora.equipment.aggregates.family import (
    FAMILY,
    Family,
    FamilyCannotUpdateError,
    FamilyDoesNotPresentAsError,
    FamilyPresentsAsRemoved,
    require_updatable,
)
from cora.equipment.presenting import PresentsAs
from cora.kernel.principal import Role
from cora.kernel.slice import decides


class RemoveFamilyPresentsAs(PresentsAs):
    """The role that the family does not fulfil any more."""

    family_id: UUID


@decides(
    "POST /families/{family_id}/remove-presents-as",
    on=FAMILY,
    allow=Role.STEWARD,
    refuses=(FamilyCannotUpdateError, FamilyDoesNotPresentAsError),
    ends=True,
)
def remove_family_presents_as(command: RemoveFamilyPresentsAs, family: Family) -> list[FamilyPresentsAsRemoved]:
    require_updatable(family)
    if command.role_id not in family.presents_as:
        raise FamilyDoesNotPresentAsError(family.id, command.role_id)
    return [FamilyPresentsAsRemoved(command.role_id)]
