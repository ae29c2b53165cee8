from uuid import UUID

import pytest
from hypothesis import given
from tests.unit.equipment.strategies_asset import first_true, folds, ids, refusal
from tests.unit.equipment.strategies_definitions import (
    ASSEMBLY_ID,
    ROLE_ID,
    a_deprecated_assembly,
    an_assembly,
    assemblies,
)

from cora.equipment.aggregates.assembly import (
    ASSEMBLY,
    Assembly,
    AssemblyCannotUpdateError,
    AssemblyDoesNotPresentAsError,
    AssemblyPresentsAsRemoved,
)
from cora.equipment.features.remove_assembly_presents_as import RemoveAssemblyPresentsAs, remove_assembly_presents_as
from cora.equipment.values import DefinitionStatus

COMMAND = RemoveAssemblyPresentsAs(assembly_id=ASSEMBLY_ID, role_id=ROLE_ID)


def test_a_role_is_taken_back() -> None:
    assert remove_assembly_presents_as(COMMAND, an_assembly(presents_as=(ROLE_ID,))) == [
        AssemblyPresentsAsRemoved(ROLE_ID)
    ]


def test_a_role_that_is_not_fulfilled_cannot_be_taken_back() -> None:
    with pytest.raises(AssemblyDoesNotPresentAsError):
        remove_assembly_presents_as(COMMAND, an_assembly())


def test_a_deprecated_assembly_is_refused_first() -> None:
    with pytest.raises(AssemblyCannotUpdateError):
        remove_assembly_presents_as(COMMAND, a_deprecated_assembly())


@given(assemblies, ids)
def test_a_role_is_taken_back_exactly_when_it_is_there(assembly: Assembly, role_id: UUID) -> None:
    command = RemoveAssemblyPresentsAs(assembly_id=ASSEMBLY_ID, role_id=role_id)
    refused = refusal(remove_assembly_presents_as, command=command, assembly=assembly)
    assert refused is first_true(
        (assembly.status is DefinitionStatus.DEPRECATED, AssemblyCannotUpdateError),
        (role_id not in assembly.presents_as, AssemblyDoesNotPresentAsError),
    )
    if not refused:
        after = folds(ASSEMBLY, assembly, remove_assembly_presents_as(command, assembly))
        assert role_id not in after.presents_as
        assert {*after.presents_as, role_id} == {*assembly.presents_as}
