"""Define an assembly: a blueprint of a cluster of equipment, with slots for families and wires between their ports."""

from cora.equipment.aggregates.assembly import ASSEMBLY, AssemblyContent, AssemblyDefined
from cora.equipment.content.assembly import REFUSALS, AssemblyGiven, checked_content
from cora.equipment.content.named_families import NamedFamilies, load_families
from cora.kernel.aggregate import same_fields
from cora.kernel.principal import Role
from cora.kernel.reader import Reader
from cora.kernel.slice import Creation, decides


class DefineAssembly(AssemblyGiven, Creation):
    """The structure of a cluster."""


async def load_context(command: DefineAssembly, read: Reader) -> NamedFamilies:
    return await load_families(command.family_ids(), read)


@decides("POST /assemblies", on=ASSEMBLY, allow=Role.STEWARD, refuses=REFUSALS, loads=load_context)
def define_assembly(command: DefineAssembly, context: NamedFamilies) -> list[AssemblyDefined]:
    return [AssemblyDefined(**same_fields(AssemblyContent, checked_content(command, context)))]
