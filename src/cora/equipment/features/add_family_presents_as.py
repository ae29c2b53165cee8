"""Say that a family fulfils a role. The family must have every affordance that the role requires."""

from dataclasses import dataclass
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
from cora.equipment.aggregates.role import ROLE, Role, RoleNotFoundError
from cora.kernel import principal
from cora.kernel.reader import Reader
from cora.kernel.slice import Command, decides


class AddFamilyPresentsAs(Command):
    """The role."""

    family_id: UUID
    role_id: UUID


@dataclass(frozen=True)
class Context:
    """The role, if there is one of this id."""

    role: Role | None


async def load_context(command: AddFamilyPresentsAs, family: Family, read: Reader) -> Context:
    return Context(role=await read.get(ROLE, command.role_id))


@decides(
    "POST /families/{family_id}/add-presents-as",
    on=FAMILY,
    allow=principal.Role.STEWARD,
    refuses=(
        FamilyCannotUpdateError,
        RoleNotFoundError,
        FamilyAlreadyPresentsAsError,
        FamilyCannotPresentAsError,
    ),
    loads=load_context,
)
def add_family_presents_as(
    command: AddFamilyPresentsAs, family: Family, context: Context
) -> list[FamilyPresentsAsAdded]:
    require_updatable(family)
    if context.role is None:
        raise RoleNotFoundError(command.role_id)
    if command.role_id in family.presents_as:
        raise FamilyAlreadyPresentsAsError(family.id, command.role_id)
    missing = sorted(set(context.role.required_affordances) - set(family.affordances))
    if missing:
        raise FamilyCannotPresentAsError(family.id, command.role_id, tuple(missing))
    return [FamilyPresentsAsAdded(command.role_id)]
