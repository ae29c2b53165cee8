"""Give an assembly another structure, under the tag of a version. What is left out is cleared; its roles stay.

Fixtures stay as they were made: each keeps the hash of the structure it was registered with.
"""

from uuid import UUID

from cora.equipment.aggregates.assembly import (
    ASSEMBLY,
    Assembly,
    AssemblyCannotVersionError,
    AssemblyContent,
    AssemblyVersioned,
)
from cora.equipment.content.assembly import REFUSALS, AssemblyGiven, checked_content
from cora.equipment.content.named_families import NamedFamilies, load_families
from cora.equipment.content.version import Tagged
from cora.equipment.values import DefinitionStatus
from cora.kernel.aggregate import same_fields
from cora.kernel.principal import Role
from cora.kernel.reader import Reader
from cora.kernel.slice import decides


class VersionAssembly(AssemblyGiven, Tagged):
    """The tag, and the whole structure of the cluster."""

    assembly_id: UUID


async def load_context(command: VersionAssembly, assembly: Assembly, read: Reader) -> NamedFamilies:
    return await load_families(command.family_ids(), read)


@decides(
    "POST /assemblies/{assembly_id}/version",
    on=ASSEMBLY,
    allow=Role.STEWARD,
    refuses=(AssemblyCannotVersionError, *REFUSALS),
    loads=load_context,
)
def version_assembly(command: VersionAssembly, assembly: Assembly, context: NamedFamilies) -> list[AssemblyVersioned]:
    if assembly.status is DefinitionStatus.DEPRECATED:
        raise AssemblyCannotVersionError(assembly.id)
    return [AssemblyVersioned(**same_fields(AssemblyContent, checked_content(command, context)), tag=command.tag)]
