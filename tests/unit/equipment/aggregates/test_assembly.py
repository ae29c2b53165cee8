from dataclasses import replace
from hashlib import sha256
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.equipment.strategies_asset import AFTERWARDS, NOW, folds, numbered
from tests.unit.equipment.strategies_definitions import (
    FAMILY_ID,
    OTHER_FAMILY_ID,
    ROLE_ID,
    a_deprecated_assembly,
    an_assembly,
    assemblies,
)

from cora.equipment.aggregates.assembly import (
    ASSEMBLY,
    Assembly,
    AssemblyDefined,
    AssemblyDeprecated,
    AssemblyNameTakenError,
    AssemblyPresentsAsAdded,
    AssemblyPresentsAsRemoved,
    AssemblyVersioned,
    assembly_claim,
    content_hash,
)
from cora.equipment.values import (
    DefinitionStatus,
    Drawing,
    DrawingSystem,
    SlotCardinality,
    TemplateSlot,
    TemplateWire,
)
from cora.kernel.aggregate import Fact, Reference

TOWER, STAGE, CAMERA = numbered(21), numbered(22), numbered(23)
NAMES = {TOWER: "SampleTower", STAGE: "RotaryStage", CAMERA: "Caméra"}
SLOTS = (
    TemplateSlot("rotation", (STAGE, CAMERA)),
    TemplateSlot("camera", (CAMERA,), SlotCardinality.ONE_OR_MORE),
)
WIRES = (TemplateWire("rotation", "pso_out", "camera", "trigger_in"), TemplateWire("camera", "a", "rotation", "b"))
SCHEMA: dict[str, Any] = {"type": "object", "properties": {"energy": {"maximum": 60.0, "minimum": 5e-7}}}

# Written by hand after RFC 8785: keys in order, no white space, 60.0 as 60, text as it is.
CANONICAL = (
    '{"name":"Sample Tower",'
    '"parameter_overrides_schema":{"properties":{"energy":{"maximum":60,"minimum":5e-7}},"type":"object"},'
    '"presents_as_family":"sampletower",'
    '"required_slots":['
    '{"cardinality":"OneOrMore","required_families":["caméra"],"slot_name":"camera"},'
    '{"cardinality":"Exactly1","required_families":["caméra","rotarystage"],"slot_name":"rotation"}],'
    '"required_wires":['
    '{"source_port_name":"a","source_slot_name":"camera","target_port_name":"b","target_slot_name":"rotation"},'
    '{"source_port_name":"pso_out","source_slot_name":"rotation",'
    '"target_port_name":"trigger_in","target_slot_name":"camera"}]}'
)


def hashed(**changes: Any) -> str:
    structure: dict[str, Any] = {
        "name": "Sample Tower",
        "presents_as_family_id": TOWER,
        "required_slots": SLOTS,
        "required_wires": WIRES,
        "parameter_overrides_schema": SCHEMA,
        "family_names": NAMES,
    }
    return content_hash(**structure | changes)


def test_the_hash_is_that_of_the_canonical_json() -> None:
    assert hashed() == sha256(CANONICAL.encode()).hexdigest()


def test_the_hash_of_an_empty_structure_is_that_of_its_canonical_json() -> None:
    canonical = (
        '{"name":"Sample Tower","parameter_overrides_schema":null,"presents_as_family":"sampletower",'
        '"required_slots":[],"required_wires":[]}'
    )
    assert hashed(required_slots=(), required_wires=(), parameter_overrides_schema=None) == (
        sha256(canonical.encode()).hexdigest()
    )


def test_the_hash_is_the_same_whatever_the_order_and_the_ids() -> None:
    other = dict(zip(NAMES, (numbered(33), numbered(32), numbered(31)), strict=True))
    slots = tuple(
        replace(slot, required_family_ids=tuple(sorted(other[id] for id in slot.required_family_ids)))
        for slot in reversed(SLOTS)
    )
    names = {other[id]: name.upper() for id, name in NAMES.items()}
    assert hashed() == hashed(
        presents_as_family_id=other[TOWER],
        required_slots=slots,
        required_wires=WIRES[::-1],
        family_names=names,
        parameter_overrides_schema=dict(reversed(SCHEMA.items())),
    )


@pytest.mark.parametrize(
    "change",
    [
        {"name": "Sample tower"},
        {"presents_as_family_id": STAGE},
        {"required_slots": SLOTS[:1]},
        {"required_slots": (replace(SLOTS[0], cardinality=SlotCardinality.ZERO_OR_ONE), SLOTS[1])},
        {"required_slots": (replace(SLOTS[0], required_family_ids=(STAGE,)), SLOTS[1])},
        {"required_wires": WIRES[:1]},
        {"parameter_overrides_schema": None},
        {"parameter_overrides_schema": {}},
        {"family_names": {**NAMES, STAGE: "LinearStage"}},
    ],
)
def test_the_hash_changes_with_the_structure(change: dict[str, Any]) -> None:
    assert hashed(**change) != hashed()


def test_a_number_counts_as_the_double_it_is() -> None:
    exact = hashed(parameter_overrides_schema={"maximum": 2**60})
    assert exact == hashed(parameter_overrides_schema={"maximum": float(2**60)})
    assert exact == hashed(parameter_overrides_schema={"maximum": 2**60 + 1})
    assert hashed(parameter_overrides_schema={"const": True}) != hashed(parameter_overrides_schema={"const": 1})


@given(st.integers(-(2**63) + 1, 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False))
def test_every_number_that_a_schema_can_hold_has_a_hash(number: float) -> None:
    assert hashed(parameter_overrides_schema={"enum": [number]}) == (
        hashed(parameter_overrides_schema={"enum": [float(number)]})
    )


@given(assemblies)
def test_each_event_changes_its_part_and_nothing_else(assembly: Assembly) -> None:
    new = numbered(99)
    with_role = folds(ASSEMBLY, assembly, [AssemblyPresentsAsAdded(new)])
    assert with_role == replace(assembly, presents_as=(*assembly.presents_as, new))
    assert folds(ASSEMBLY, with_role, [AssemblyPresentsAsRemoved(new)]) == assembly
    deprecated = folds(ASSEMBLY, assembly, [AssemblyDeprecated("superseded")])
    assert deprecated == replace(assembly, status=DefinitionStatus.DEPRECATED)


@given(assemblies)
def test_a_version_replaces_the_structure_and_nothing_else(assembly: Assembly) -> None:
    content = ("Tower", TOWER, hashed(), SLOTS, WIRES, SCHEMA, Drawing(DrawingSystem.EDMS, "630C2125"))
    defined = folds(ASSEMBLY, None, [AssemblyDefined(*content)], Fact(assembly.id, NOW))
    assert folds(ASSEMBLY, assembly, [AssemblyVersioned(*content, tag="3")]) == replace(
        defined, presents_as=assembly.presents_as, status=DefinitionStatus.VERSIONED, version="3"
    )


def test_an_assembly_begins_with_its_definition() -> None:
    with pytest.raises(TypeError):
        ASSEMBLY.evolve(None, AssemblyPresentsAsAdded(ROLE_ID), AFTERWARDS)


def test_it_holds_its_name_until_it_is_deprecated() -> None:
    assert list(ASSEMBLY.claims(an_assembly())) == [assembly_claim("SAMPLETOWER")]
    assert list(ASSEMBLY.claims(a_deprecated_assembly())) == []
    refused = ASSEMBLY.claim_taken(assembly_claim("SampleTower"), an_assembly(), numbered(9))
    assert isinstance(refused, AssemblyNameTakenError)
    assert refused.existing_id == numbered(9)


def test_it_points_at_its_families_once_each_and_at_its_roles() -> None:
    slots = (TemplateSlot("a", (OTHER_FAMILY_ID,)), TemplateSlot("b", (FAMILY_ID, OTHER_FAMILY_ID)))
    assert list(ASSEMBLY.references(an_assembly(required_slots=slots, presents_as=(ROLE_ID,)))) == [
        Reference("assembly.presents_as_family_id", FAMILY_ID),
        Reference("assembly.required_slots", FAMILY_ID),
        Reference("assembly.required_slots", OTHER_FAMILY_ID),
        Reference("assembly.presents_as", ROLE_ID),
    ]
