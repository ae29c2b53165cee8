"""Take an assembly out of use: no new fixture is made of it, and its name is free. Its fixtures stay as they are."""

from uuid import UUID

from cora.equipment.aggregates.assembly import ASSEMBLY, Assembly, AssemblyCannotDeprecateError, AssemblyDeprecated
from cora.equipment.values import DefinitionStatus, Reason
from cora.kernel.principal import Role
from cora.kernel.slice import Command, decides


class DeprecateAssembly(Command):
    """Which assembly is no longer used for anything new, and why."""

    assembly_id: UUID
    reason: Reason


@decides(
    "POST /assemblies/{assembly_id}/deprecate",
    on=ASSEMBLY,
    allow=Role.STEWARD,
    refuses=(AssemblyCannotDeprecateError,),
    ends=True,
)
def deprecate_assembly(command: DeprecateAssembly, assembly: Assembly) -> list[AssemblyDeprecated]:
    if assembly.status is DefinitionStatus.DEPRECATED:
        raise AssemblyCannotDeprecateError(assembly.id)
    return [AssemblyDeprecated(command.reason)]
