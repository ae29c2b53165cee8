from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from tests.unit.equipment.strategies_asset import NOW, decide, first_true, folds, numbered, refusal
from tests.unit.equipment.strategies_definitions import (
    FAMILY_ID,
    OTHER_FAMILY_ID,
    a_deprecated_family,
    a_family,
    drawings,
    slots,
    wires,
)

from cora.equipment.aggregates.assembly import (
    ASSEMBLY,
    Assembly,
    InvalidParameterOverridesSchemaError,
    WireReferencesUnknownSlotError,
    content_hash,
)
from cora.equipment.aggregates.family import FAMILY, Family, FamilyDeprecatedError, FamilyNotFoundError
from cora.equipment.content.named_families import NamedFamilies
from cora.equipment.features.define_assembly import DefineAssembly, define_assembly
from cora.equipment.values import Drawing, SlotCardinality, TemplateSlot, TemplateWire
from cora.kernel.aggregate import Fact
from cora.kernel.errors import InvalidRequestError

TOWER, STAGE = a_family(name="SampleTower"), a_family(id=OTHER_FAMILY_ID, name="RotaryStage")
BOTH = NamedFamilies({FAMILY_ID: TOWER, OTHER_FAMILY_ID: STAGE})
ROTATION = TemplateSlot("rotation", (OTHER_FAMILY_ID,))
CAMERA = TemplateSlot("camera", (FAMILY_ID,), SlotCardinality.ONE_OR_MORE)
WIRE = TemplateWire("rotation", "pso_out", "camera", "trigger_in")


def command(**members: Any) -> DefineAssembly:
    structure: dict[str, Any] = {
        "name": "SampleTower",
        "presents_as_family_id": FAMILY_ID,
        "required_slots": (ROTATION, CAMERA),
        "required_wires": (WIRE,),
    }
    return DefineAssembly(**structure | members)


async def test_an_assembly_is_defined_with_its_slots_in_order_and_its_hash() -> None:
    (event,) = await decide(define_assembly, command(), (FAMILY, TOWER), (FAMILY, STAGE))
    assembly = ASSEMBLY.evolve(None, event, Fact(numbered(9), NOW))
    names = {FAMILY_ID: "SampleTower", OTHER_FAMILY_ID: "RotaryStage"}
    assert assembly == Assembly(
        numbered(9),
        "SampleTower",
        FAMILY_ID,
        content_hash("SampleTower", FAMILY_ID, (CAMERA, ROTATION), (WIRE,), None, names),
        (CAMERA, ROTATION),
        (WIRE,),
    )


def test_the_refusals_come_in_order() -> None:
    everything_wrong = command(
        required_slots=(ROTATION, ROTATION),
        required_wires=(WIRE,),
        parameter_overrides_schema={"type": "objekt"},
    )
    with pytest.raises(FamilyNotFoundError) as unknown:
        define_assembly(everything_wrong, NamedFamilies({FAMILY_ID: a_deprecated_family(), OTHER_FAMILY_ID: None}))
    assert unknown.value.id == OTHER_FAMILY_ID
    with pytest.raises(FamilyDeprecatedError) as deprecated:
        define_assembly(everything_wrong, NamedFamilies({FAMILY_ID: a_deprecated_family(), OTHER_FAMILY_ID: STAGE}))
    assert deprecated.value.family_id == FAMILY_ID
    with pytest.raises(InvalidRequestError) as twice:
        define_assembly(everything_wrong, BOTH)
    assert [violation.pointer for violation in twice.value.errors] == ["/required_slots/1/slot_name"]
    once = everything_wrong.model_copy(update={"required_slots": (ROTATION,)})
    with pytest.raises(WireReferencesUnknownSlotError) as loose:
        define_assembly(once, BOTH)
    assert loose.value.slot_name == "camera"
    unwired = once.model_copy(update={"required_wires": ()})
    with pytest.raises(InvalidParameterOverridesSchemaError) as schema:
        define_assembly(unwired, BOTH)
    assert [violation.pointer for violation in schema.value.errors] == ["/parameter_overrides_schema/type"]


def test_a_wire_that_is_there_already_is_named() -> None:
    with pytest.raises(InvalidRequestError) as twice:
        define_assembly(command(required_wires=(WIRE, WIRE)), BOTH)
    assert [violation.pointer for violation in twice.value.errors] == ["/required_wires/1"]


def test_a_schema_with_numbers_that_no_double_holds_has_a_hash() -> None:
    schema = {"properties": {"count": {"type": "integer", "maximum": 2**63 - 1}}}
    (event,) = define_assembly(command(parameter_overrides_schema=schema), BOTH)
    assert event.parameter_overrides_schema == schema


WRONG: list[dict[str, Any]] = [
    {"name": ""},
    {"required_slots": [{"slot_name": "a b", "required_family_ids": [str(FAMILY_ID)]}]},
    {"required_slots": [{"slot_name": "rotation", "required_family_ids": []}]},
    {"required_slots": [{"slot_name": "rotation", "required_family_ids": [str(FAMILY_ID)], "cardinality": "Two"}]},
    {"parameter_overrides_schema": False},
    {"drawing": {"system": "Drawer", "number": "1"}},
    {"presents_as": []},
]


@pytest.mark.parametrize("wrong", WRONG)
def test_what_is_of_the_wrong_shape_is_invalid(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        DefineAssembly.model_validate({"name": "Tower", "presents_as_family_id": str(FAMILY_ID), **wrong})


SCHEMAS = st.sampled_from([None, {}, {"type": "object"}, {"type": "objekt"}, {"$ref": "http://example.org/"}])


@given(
    st.lists(slots, max_size=3).map(tuple),
    st.lists(wires, max_size=3).map(tuple),
    SCHEMAS,
    drawings,
    st.sets(st.integers(1, 12), max_size=1),
    st.sets(st.integers(1, 12), max_size=1),
)
def test_an_assembly_is_defined_exactly_when_its_structure_holds(
    required_slots: tuple[TemplateSlot, ...],
    required_wires: tuple[TemplateWire, ...],
    schema: dict[str, Any] | None,
    drawing: Drawing | None,
    unknown: set[int],
    deprecated: set[int],
) -> None:
    told = command(
        required_slots=required_slots,
        required_wires=required_wires,
        parameter_overrides_schema=schema,
        drawing=drawing,
    )
    used = {told.presents_as_family_id} | {id for slot in required_slots for id in slot.required_family_ids}
    absent, outdated = {numbered(each) for each in unknown}, {numbered(each) for each in deprecated}

    def found(id: UUID) -> Family | None:
        return None if id in absent else (a_deprecated_family if id in outdated else a_family)(id=id)

    context = NamedFamilies({id: found(id) for id in used})
    names = [slot.slot_name for slot in required_slots]
    ends = {end for wire in required_wires for end in (wire.source_slot_name, wire.target_slot_name)}
    refused = refusal(define_assembly, command=told, context=context)
    assert refused is first_true(
        (bool(used & absent), FamilyNotFoundError),
        (bool(used & outdated), FamilyDeprecatedError),
        (len(names) > len(set(names)) or len(required_wires) > len(set(required_wires)), InvalidRequestError),
        (not ends <= set(names), WireReferencesUnknownSlotError),
        (schema is not None and bool(schema) and schema != {"type": "object"}, InvalidParameterOverridesSchemaError),
    )
    if not refused:
        (event,) = define_assembly(told, context)
        assembly = folds(ASSEMBLY, None, [event], Fact(numbered(20), NOW))
        assert set(assembly.required_slots) == set(required_slots)
        assert set(assembly.required_wires) == set(required_wires)
        assert (assembly.parameter_overrides_schema, assembly.drawing) == (schema, drawing)
        assert len(assembly.content_hash) == 64
        backwards = told.model_copy(
            update={"required_slots": required_slots[::-1], "required_wires": required_wires[::-1], "drawing": None}
        )
        (other,) = define_assembly(backwards, context)
        assert other.content_hash == event.content_hash
        (renamed,) = define_assembly(told.model_copy(update={"name": "Another"}), context)
        assert renamed.content_hash != event.content_hash
