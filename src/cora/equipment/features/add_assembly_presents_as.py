"""Say that an assembly fulfils a role, such as Detector for a microscope."""

from uuid import UUID

from cora.equipment.aggregates.assembly import (
    ASSEMBLY,
    Assembly,
    AssemblyAlreadyPresentsAsError,
    AssemblyCannotUpdateError,
    AssemblyPresentsAsAdded,
    require_updatable,
)
from cora.equipment.aggregates.role import RoleNotFoundError
from cora.equipment.presenting import NamedRole, PresentsAs, load_role, require_role
from cora.kernel.principal import Role
from cora.kernel.slice import decides


class AddAssemblyPresentsAs(PresentsAs):
    """The role that the assembly fulfils."""

    assembly_id: UUID


@decides(
    "POST /assemblies/{assembly_id}/add-presents-as",
    on=ASSEMBLY,
    allow=Role.STEWARD,
    refuses=(
        AssemblyCannotUpdateError,
        RoleNotFoundError,
        AssemblyAlreadyPresentsAsError,
    ),
    loads=load_role,
)
def add_assembly_presents_as(
    command: AddAssemblyPresentsAs, assembly: Assembly, context: NamedRole
) -> list[AssemblyPresentsAsAdded]:
    require_updatable(assembly)
    require_role(command, context)
    if command.role_id in assembly.presents_as:
        raise AssemblyAlreadyPresentsAsError(assembly.id, command.role_id)
    return [AssemblyPresentsAsAdded(command.role_id)]
