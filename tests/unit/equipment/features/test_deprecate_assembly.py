from dataclasses import replace

import pytest
from hypothesis import given
from pydantic import ValidationError
from tests.unit.equipment.strategies_asset import first_true, folds, reasons, refusal
from tests.unit.equipment.strategies_definitions import ASSEMBLY_ID, a_deprecated_assembly, an_assembly, assemblies

from cora.equipment.aggregates.assembly import (
    ASSEMBLY,
    Assembly,
    AssemblyCannotDeprecateError,
    AssemblyDeprecated,
    assembly_claim,
)
from cora.equipment.features.deprecate_assembly import DeprecateAssembly, deprecate_assembly
from cora.equipment.values import DefinitionStatus

COMMAND = DeprecateAssembly(assembly_id=ASSEMBLY_ID, reason="superseded")


def test_an_assembly_is_deprecated_and_its_claim_is_free() -> None:
    assert list(ASSEMBLY.claims(an_assembly())) == [assembly_claim("SampleTower")]
    decided = deprecate_assembly(COMMAND, an_assembly())
    assert decided == [AssemblyDeprecated("superseded")]
    after = folds(ASSEMBLY, an_assembly(), decided)
    assert after.status is DefinitionStatus.DEPRECATED
    assert list(ASSEMBLY.claims(after)) == []


def test_it_is_deprecated_once() -> None:
    with pytest.raises(AssemblyCannotDeprecateError) as refused:
        deprecate_assembly(COMMAND, a_deprecated_assembly())
    assert refused.value.assembly_id == ASSEMBLY_ID


@pytest.mark.parametrize("reason", ["", " ", None, "r" * 501])
def test_a_reason_is_required(reason: str | None) -> None:
    with pytest.raises(ValidationError):
        DeprecateAssembly.model_validate({"assembly_id": ASSEMBLY_ID, "reason": reason})


@given(assemblies, reasons)
def test_it_is_deprecated_exactly_when_it_is_not_yet(assembly: Assembly, reason: str) -> None:
    command = DeprecateAssembly(assembly_id=ASSEMBLY_ID, reason=reason)
    refused = refusal(deprecate_assembly, command=command, assembly=assembly)
    assert refused is first_true((assembly.status is DefinitionStatus.DEPRECATED, AssemblyCannotDeprecateError))
    if not refused:
        after = folds(ASSEMBLY, assembly, deprecate_assembly(command, assembly))
        assert after == replace(assembly, status=DefinitionStatus.DEPRECATED)
        assert ASSEMBLY.references(after) == ASSEMBLY.references(assembly)
