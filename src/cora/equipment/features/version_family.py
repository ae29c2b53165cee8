"""Give a family another content, under the tag of a version. What is left out is cleared.

The settings schema and the roles stay; an affordance that one of its roles requires cannot be dropped.
"""

from dataclasses import dataclass
from uuid import UUID

from cora.equipment.aggregates.family import (
    FAMILY,
    Family,
    FamilyAffordanceInUseError,
    FamilyAlreadyExistsError,
    FamilyCannotVersionError,
    FamilyContent,
    FamilyVersioned,
    family_claim,
)
from cora.equipment.aggregates.role import ROLE, Role
from cora.equipment.content.family import FamilyGiven
from cora.equipment.content.version import Tagged
from cora.equipment.values import DefinitionStatus
from cora.kernel import principal
from cora.kernel.aggregate import same_fields
from cora.kernel.reader import Reader
from cora.kernel.slice import decides


class VersionFamily(FamilyGiven, Tagged):
    """The tag, and the whole content: what a thing of this family is, lets one do, measures and by which technique."""

    family_id: UUID


@dataclass(frozen=True)
class Context:
    """Who has the name, and the roles that the family presents as, the one with the smallest id first."""

    name_owner: UUID | None
    roles: tuple[Role, ...]


async def load_context(command: VersionFamily, family: Family, read: Reader) -> Context:
    return Context(
        # The append refuses a taken name, too, but a refusal follows that comes after.
        name_owner=await read.owner(family_claim(command.name)),
        roles=tuple([await read.require(ROLE, role_id) for role_id in sorted(family.presents_as)]),
    )


@decides(
    "POST /families/{family_id}/version",
    on=FAMILY,
    allow=principal.Role.STEWARD,
    refuses=(FamilyCannotVersionError, FamilyAlreadyExistsError, FamilyAffordanceInUseError),
    loads=load_context,
)
def version_family(command: VersionFamily, family: Family, context: Context) -> list[FamilyVersioned]:
    if family.status is DefinitionStatus.DEPRECATED:
        raise FamilyCannotVersionError(family.id)
    if context.name_owner is not None and context.name_owner != family.id:
        raise FamilyAlreadyExistsError(command.name, context.name_owner)
    for role in context.roles:
        if dropped := role.missing_in(command.affordances):
            raise FamilyAffordanceInUseError(family.id, role.id, dropped)
    return [FamilyVersioned(**same_fields(FamilyContent, command), tag=command.tag)]
