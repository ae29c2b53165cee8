"""Say that a family fulfils a role. The family must have every affordance that the role requires."""

from uuid import UUID

from cora.equipment.aggregates.family import (
    FAMILY,
    Family,
    FamilyAlreadyPresentsAsError,
    FamilyCannotPresentAsError,
    FamilyCannotUpdateError,
    FamilyPresentsAsAdded,
    require_updatable,
)
from cora.equipment.aggregates.role import RoleNotFoundError
from cora.equipment.presenting import NamedRole, PresentsAs, load_role, require_role
from cora.kernel.principal import Role
from cora.kernel.slice import decides


class AddFamilyPresentsAs(PresentsAs):
    """The role that the family fulfils."""

    family_id: UUID


@decides(
    "POST /families/{family_id}/add-presents-as",
    on=FAMILY,
    allow=Role.STEWARD,
    refuses=(
        FamilyCannotUpdateError,
        RoleNotFoundError,
        FamilyAlreadyPresentsAsError,
        FamilyCannotPresentAsError,
    ),
    loads=load_role,
)
def add_family_presents_as(
    command: AddFamilyPresentsAs, family: Family, context: NamedRole
) -> list[FamilyPresentsAsAdded]:
    require_updatable(family)
    role = require_role(command, context)
    if command.role_id in family.presents_as:
        raise FamilyAlreadyPresentsAsError(family.id, command.role_id)
    if missing := role.missing_in(family.affordances):
        raise FamilyCannotPresentAsError(family.id, role.id, missing)
    return [FamilyPresentsAsAdded(command.role_id)]
