from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from tests.unit.equipment.strategies_asset import decide, first_true, folds, names, numbered, refusal
from tests.unit.equipment.strategies_definitions import (
    ASSEMBLY_ID,
    FAMILY_ID,
    OTHER_FAMILY_ID,
    a_deprecated_family,
    a_family,
    an_assembly,
    assemblies,
    drawings,
    slots,
    tags,
    wires,
)

from cora.equipment.aggregates.assembly import (
    ASSEMBLY,
    Assembly,
    AssemblyCannotVersionError,
    AssemblyVersioned,
    InvalidParameterOverridesSchemaError,
    WireReferencesUnknownSlotError,
    content_hash,
)
from cora.equipment.aggregates.family import FAMILY, FamilyDeprecatedError, FamilyNotFoundError
from cora.equipment.content.named_families import NamedFamilies
from cora.equipment.features.define_assembly import DefineAssembly, define_assembly
from cora.equipment.features.version_assembly import VersionAssembly, version_assembly
from cora.equipment.values import DefinitionStatus, Drawing, DrawingSystem, SlotCardinality, TemplateSlot, TemplateWire
from cora.kernel.errors import InvalidRequestError

TOWER, STAGE = a_family(name="SampleTower"), a_family(id=OTHER_FAMILY_ID, name="RotaryStage")
BOTH = NamedFamilies({FAMILY_ID: TOWER, OTHER_FAMILY_ID: STAGE})
ROTATION = TemplateSlot("rotation", (OTHER_FAMILY_ID,))
CAMERA = TemplateSlot("camera", (FAMILY_ID,), SlotCardinality.ONE_OR_MORE)
WIRE = TemplateWire("rotation", "pso_out", "camera", "trigger_in")
BEFORE = an_assembly(presents_as=(numbered(8),), drawing=Drawing(DrawingSystem.EDMS, "1"))


def structure(**members: Any) -> dict[str, Any]:
    given: dict[str, Any] = {
        "name": "SampleTower",
        "presents_as_family_id": FAMILY_ID,
        "required_slots": (ROTATION, CAMERA),
        "required_wires": (WIRE,),
    }
    return given | members


def command(**members: Any) -> VersionAssembly:
    given = structure(assembly_id=ASSEMBLY_ID, tag="2")
    return VersionAssembly(**given | members)


async def test_an_assembly_gets_another_structure_and_keeps_its_roles() -> None:
    decided = await decide(version_assembly, command(), (ASSEMBLY, BEFORE), (FAMILY, TOWER), (FAMILY, STAGE))
    families = {FAMILY_ID: "SampleTower", OTHER_FAMILY_ID: "RotaryStage"}
    hashed = content_hash("SampleTower", FAMILY_ID, (CAMERA, ROTATION), (WIRE,), None, families)
    assert decided == [AssemblyVersioned("SampleTower", FAMILY_ID, hashed, (CAMERA, ROTATION), (WIRE,), tag="2")]
    assert folds(ASSEMBLY, BEFORE, decided) == Assembly(
        ASSEMBLY_ID, "SampleTower", FAMILY_ID, hashed, (CAMERA, ROTATION), (WIRE,),
        presents_as=BEFORE.presents_as, status=DefinitionStatus.VERSIONED, version="2",
    )  # fmt: skip


def test_the_hash_says_nothing_of_the_version() -> None:
    (defined,) = define_assembly(DefineAssembly(**structure()), BOTH)
    (versioned,) = version_assembly(command(), BEFORE, BOTH)
    assert versioned.content_hash == defined.content_hash


def test_the_refusals_come_in_order() -> None:
    wrong = command(required_slots=(ROTATION, ROTATION), parameter_overrides_schema={"type": "objekt"})
    deprecated = replace(BEFORE, status=DefinitionStatus.DEPRECATED)
    with pytest.raises(AssemblyCannotVersionError):
        version_assembly(wrong, deprecated, NamedFamilies({}))
    with pytest.raises(FamilyNotFoundError):
        version_assembly(wrong, BEFORE, NamedFamilies({FAMILY_ID: a_deprecated_family(), OTHER_FAMILY_ID: None}))
    with pytest.raises(FamilyDeprecatedError):
        version_assembly(wrong, BEFORE, NamedFamilies({FAMILY_ID: a_deprecated_family(), OTHER_FAMILY_ID: STAGE}))
    with pytest.raises(InvalidRequestError):
        version_assembly(wrong, BEFORE, BOTH)
    with pytest.raises(WireReferencesUnknownSlotError):
        version_assembly(command(required_slots=(ROTATION,)), BEFORE, BOTH)
    with pytest.raises(InvalidParameterOverridesSchemaError):
        version_assembly(command(parameter_overrides_schema={"type": "objekt"}), BEFORE, BOTH)


WRONG: list[dict[str, Any]] = [
    {"tag": ""},
    {"tag": "t" * 101},
    {"name": ""},
    {"presents_as": []},
    {"status": "Defined"},
]


@pytest.mark.parametrize("wrong", WRONG)
def test_what_is_of_the_wrong_shape_is_invalid(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        command(**wrong)


@given(
    assemblies,
    names,
    tags,
    st.lists(slots, max_size=3).map(tuple),
    st.lists(wires, max_size=2).map(tuple),
    st.sampled_from([None, {"type": "object"}, {"type": "objekt"}]),
    drawings,
    st.sets(st.integers(1, 12), max_size=1),
    st.sets(st.integers(1, 12), max_size=1),
)
def test_a_version_is_recorded_exactly_when_its_structure_holds(
    assembly: Assembly,
    name: str,
    tag: str,
    required_slots: tuple[TemplateSlot, ...],
    required_wires: tuple[TemplateWire, ...],
    schema: dict[str, Any] | None,
    drawing: Drawing | None,
    unknown: set[int],
    deprecated: set[int],
) -> None:
    told = command(
        name=name,
        tag=tag,
        required_slots=required_slots,
        required_wires=required_wires,
        parameter_overrides_schema=schema,
        drawing=drawing,
    )
    absent, outdated = {numbered(each) for each in unknown}, {numbered(each) for each in deprecated}

    def found(id: UUID) -> Any:
        return None if id in absent else (a_deprecated_family if id in outdated else a_family)(id=id)

    context = NamedFamilies({id: found(id) for id in told.family_ids()})
    slot_names = [slot.slot_name for slot in required_slots]
    ends = {end for wire in required_wires for end in (wire.source_slot_name, wire.target_slot_name)}
    refused = refusal(version_assembly, command=told, assembly=assembly, context=context)
    assert refused is first_true(
        (assembly.status is DefinitionStatus.DEPRECATED, AssemblyCannotVersionError),
        (bool(told.family_ids() & absent), FamilyNotFoundError),
        (bool(told.family_ids() & outdated), FamilyDeprecatedError),
        (len(slot_names) > len(set(slot_names)) or len(required_wires) > len(set(required_wires)), InvalidRequestError),
        (not ends <= set(slot_names), WireReferencesUnknownSlotError),
        (schema == {"type": "objekt"}, InvalidParameterOverridesSchemaError),
    )
    if not refused:
        after = folds(ASSEMBLY, assembly, version_assembly(told, assembly, context))
        assert set(after.required_slots) == set(required_slots)
        assert set(after.required_wires) == set(required_wires)
        assert (after.name, after.parameter_overrides_schema, after.drawing) == (told.name, schema, drawing)
        assert (after.status, after.version) == (DefinitionStatus.VERSIONED, tag)
        assert after.presents_as == assembly.presents_as
