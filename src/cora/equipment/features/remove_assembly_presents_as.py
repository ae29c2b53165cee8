"""Take back that an assembly fulfils a role."""

from uuid import UUID

from cora.equipment.aggregates.assembly import (
    ASSEMBLY,
    Assembly,
    AssemblyCannotUpdateError,
    AssemblyDoesNotPresentAsError,
    AssemblyPresentsAsRemoved,
    require_updatable,
)
from cora.equipment.presenting import PresentsAs
from cora.kernel.principal import Role
from cora.kernel.slice import decides


class RemoveAssemblyPresentsAs(PresentsAs):
    """The role that the assembly does not fulfil any more."""

    assembly_id: UUID


@decides(
    "POST /assemblies/{assembly_id}/remove-presents-as",
    on=ASSEMBLY,
    allow=Role.STEWARD,
    refuses=(AssemblyCannotUpdateError, AssemblyDoesNotPresentAsError),
    ends=True,
)
def remove_assembly_presents_as(
    command: RemoveAssemblyPresentsAs, assembly: Assembly
) -> list[AssemblyPresentsAsRemoved]:
    require_updatable(assembly)
    if command.role_id not in assembly.presents_as:
        raise AssemblyDoesNotPresentAsError(assembly.id, command.role_id)
    return [AssemblyPresentsAsRemoved(command.role_id)]
