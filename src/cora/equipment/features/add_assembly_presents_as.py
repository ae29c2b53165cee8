"""Say that an assembly fulfils a role, such as Detector for a microscope."""

from dataclasses import dataclass
from uuid import UUID

from cora.equipment.aggregates.assembly import (
    ASSEMBLY,
    Assembly,
    AssemblyAlreadyPresentsAsError,
    AssemblyCannotUpdateError,
    AssemblyPresentsAsAdded,
    require_updatable,
)
from cora.equipment.aggregates.role import ROLE, Role, RoleNotFoundError
from cora.kernel import principal
from cora.kernel.reader import Reader
from cora.kernel.slice import Command, decides


class AddAssemblyPresentsAs(Command):
    """The role."""

    assembly_id: UUID
    role_id: UUID


@dataclass(frozen=True)
class Context:
    """The role, if there is one of this id."""

    role: Role | None


async def load_context(command: AddAssemblyPresentsAs, assembly: Assembly, read: Reader) -> Context:
    return Context(role=await read.get(ROLE, command.role_id))


@decides(
    "POST /assemblies/{assembly_id}/add-presents-as",
    on=ASSEMBLY,
    allow=principal.Role.STEWARD,
    refuses=(
        AssemblyCannotUpdateError,
        RoleNotFoundError,
        AssemblyAlreadyPresentsAsError,
    ),
    loads=load_context,
)
def add_assembly_presents_as(
    command: AddAssemblyPresentsAs, assembly: Assembly, context: Context
) -> list[AssemblyPresentsAsAdded]:
    require_updatable(assembly)
    if context.role is None:
        raise RoleNotFoundError(command.role_id)
    if command.role_id in assembly.presents_as:
        raise AssemblyAlreadyPresentsAsError(assembly.id, command.role_id)
    return [AssemblyPresentsAsAdded(command.role_id)]
