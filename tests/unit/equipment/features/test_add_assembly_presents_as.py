from dataclasses import replace
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.equipment.strategies_asset import decide, first_true, folds, ids, refusal
from tests.unit.equipment.strategies_definitions import (
    ASSEMBLY_ID,
    ROLE_ID,
    a_deprecated_assembly,
    a_role,
    an_assembly,
    assemblies,
    roles,
)

from cora.equipment.aggregates.assembly import (
    ASSEMBLY,
    Assembly,
    AssemblyAlreadyPresentsAsError,
    AssemblyCannotUpdateError,
    AssemblyPresentsAsAdded,
)
from cora.equipment.aggregates.role import ROLE, Role, RoleNotFoundError
from cora.equipment.features.add_assembly_presents_as import AddAssemblyPresentsAs, add_assembly_presents_as
from cora.equipment.presenting import NamedRole
from cora.equipment.values import DefinitionStatus

COMMAND = AddAssemblyPresentsAs(assembly_id=ASSEMBLY_ID, role_id=ROLE_ID)


async def test_an_assembly_presents_as_a_role_that_is_read() -> None:
    assert await decide(add_assembly_presents_as, COMMAND, (ASSEMBLY, an_assembly()), (ROLE, a_role())) == [
        AssemblyPresentsAsAdded(ROLE_ID)
    ]
    with pytest.raises(RoleNotFoundError):
        await decide(add_assembly_presents_as, COMMAND, (ASSEMBLY, an_assembly()))


def test_the_refusals_come_in_order() -> None:
    with pytest.raises(AssemblyCannotUpdateError):
        add_assembly_presents_as(COMMAND, a_deprecated_assembly(), NamedRole(None))
    with pytest.raises(RoleNotFoundError):
        add_assembly_presents_as(COMMAND, an_assembly(presents_as=(ROLE_ID,)), NamedRole(None))
    with pytest.raises(AssemblyAlreadyPresentsAsError):
        add_assembly_presents_as(COMMAND, an_assembly(presents_as=(ROLE_ID,)), NamedRole(a_role()))


@given(assemblies, st.none() | roles, ids)
def test_a_role_is_added_exactly_when_it_exists_and_is_new(
    assembly: Assembly, role: Role | None, role_id: UUID
) -> None:
    role = role and replace(role, id=role_id)
    command = AddAssemblyPresentsAs(assembly_id=ASSEMBLY_ID, role_id=role_id)
    refused = refusal(add_assembly_presents_as, command=command, assembly=assembly, context=NamedRole(role))
    assert refused is first_true(
        (assembly.status is DefinitionStatus.DEPRECATED, AssemblyCannotUpdateError),
        (role is None, RoleNotFoundError),
        (role_id in assembly.presents_as, AssemblyAlreadyPresentsAsError),
    )
    if not refused:
        after = folds(ASSEMBLY, assembly, add_assembly_presents_as(command, assembly, NamedRole(role)))
        assert after == replace(assembly, presents_as=(*assembly.presents_as, role_id))
        assert after.content_hash == assembly.content_hash
