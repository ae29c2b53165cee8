"""Facilities, families, roles, models, frames and assemblies for tests: examples and strategies."""

from dataclasses import replace
from typing import Any

from hypothesis import strategies as st
from tests.unit.equipment.strategies_asset import a_model, ids, names, numbered

from cora.equipment.aggregates.assembly import Assembly
from cora.equipment.aggregates.family import Family
from cora.equipment.aggregates.frame import Frame, FrameStatus, Supersession
from cora.equipment.aggregates.role import Role
from cora.equipment.values import (
    Affordance,
    AgentIdentifier,
    DefinitionStatus,
    Drawing,
    DrawingSystem,
    Manufacturer,
    Placement,
    ReferenceSurface,
    SlotCardinality,
    TemplateSlot,
    TemplateWire,
    Term,
)

FAMILY_ID, OTHER_FAMILY_ID, ROLE_ID, FRAME_ID, OTHER_FRAME_ID, ASSEMBLY_ID = map(numbered, range(1, 7))
SLOT = TemplateSlot("rotation", (FAMILY_ID,))

_FAMILY = Family(FAMILY_ID, "RotaryStage")
_ROLE = Role(ROLE_ID, "Positioner", "Moves.")
_FRAME = Frame(FRAME_ID, "Floor")
_ASSEMBLY = Assembly(ASSEMBLY_ID, "SampleTower", FAMILY_ID, "0" * 64, (SLOT,))


def a_family(**changes: Any) -> Family:
    """A family that is defined."""
    return replace(_FAMILY, **changes)


def a_deprecated_family(**changes: Any) -> Family:
    """The same, deprecated."""
    return a_family(status=DefinitionStatus.DEPRECATED, **changes)


def a_role(**changes: Any) -> Role:
    """A role that requires nothing."""
    return replace(_ROLE, **changes)


def a_frame(**changes: Any) -> Frame:
    """An active root."""
    return replace(_FRAME, **changes)


def an_assembly(**changes: Any) -> Assembly:
    """An assembly with one slot."""
    return replace(_ASSEMBLY, **changes)


def a_deprecated_assembly(**changes: Any) -> Assembly:
    """The same, deprecated."""
    return an_assembly(status=DefinitionStatus.DEPRECATED, **changes)


# Few of each, so that what is drawn twice is often the same.
_FEW = (Affordance.ROTATABLE, Affordance.HOMEABLE, Affordance.LIMITABLE)
affordances = st.sets(st.sampled_from(_FEW)).map(lambda drawn: tuple(sorted(drawn)))
terms = st.builds(Term, st.sampled_from(["temperature", "flux"])) | st.builds(
    Term, st.just("tomography"), st.just("PaNET01203"), st.just("PaNET")
)
several_terms = st.lists(terms, max_size=2).map(tuple)
drawings = st.none() | st.builds(Drawing, st.sampled_from(DrawingSystem), st.just("630C2125"), st.none() | st.just("B"))
manufacturers = st.builds(Manufacturer, st.sampled_from(["Aerotech", "AEROTECH", "Kohzu"]))
further_manufacturers = st.sampled_from(
    [(), (Manufacturer("Huber"),), (Manufacturer("Huber", AgentIdentifier("Q1", "Wikidata")), Manufacturer("ESRF"))]
)
tags = st.sampled_from(["2", "2024-A"])
numbers = st.floats(-1e6, 1e6).map(lambda number: number + 0.0)
tolerances = st.floats(0, 10).map(lambda number: number + 0.0)
schemas = st.none() | st.sampled_from(
    [{}, {"type": "object"}, {"properties": {"speed": {"type": "number", "maximum": 2**60}}}]
)
several_ids = st.lists(ids, max_size=3, unique=True).map(tuple)


def placements(parent: Any = ids) -> st.SearchStrategy[Placement]:
    """Placements in a frame."""
    return st.builds(
        Placement,
        parent,
        x=numbers,
        rz=numbers,
        tol_y=tolerances,
        reference_surface=st.sampled_from(ReferenceSurface),
    )


supersessions = ids.flatmap(lambda before: st.builds(Supersession, st.just(before), placements(st.just(before))))

families = st.builds(
    a_family,
    name=names,
    affordances=affordances,
    term=st.none() | terms,
    measured_variables=several_terms,
    settings_schema=schemas,
    presents_as=several_ids,
    status=st.sampled_from(DefinitionStatus),
    version=st.none() | tags,
)
roles = st.builds(a_role, required_affordances=affordances)
models = st.builds(
    a_model,
    name=names,
    manufacturer=manufacturers,
    further_manufacturers=further_manufacturers,
    declared_family_ids=st.lists(ids, min_size=1, max_size=3, unique=True).map(tuple),
    status=st.sampled_from(DefinitionStatus),
    version=st.none() | tags,
)
frames = st.builds(
    a_frame, name=names, parent_id=st.none() | st.just(OTHER_FRAME_ID), status=st.sampled_from(FrameStatus)
)

slot_names = st.sampled_from(["rotation", "camera", "table"])
port_names = st.sampled_from(["pso_out", "trigger_in"])
slots = st.builds(
    TemplateSlot,
    slot_names,
    st.sets(ids, min_size=1, max_size=2).map(lambda drawn: tuple(sorted(drawn))),
    st.sampled_from(SlotCardinality),
)
wires = (
    st.tuples(slot_names, port_names, slot_names, port_names)
    .filter(lambda ends: ends[:2] != ends[2:])
    .map(lambda ends: TemplateWire(*ends))
)
assemblies = st.builds(
    an_assembly,
    name=names,
    presents_as_family_id=ids,
    required_slots=st.lists(slots, max_size=3, unique_by=lambda slot: slot.slot_name).map(tuple),
    required_wires=st.lists(wires, max_size=2, unique=True).map(tuple),
    parameter_overrides_schema=schemas,
    drawing=drawings,
    presents_as=several_ids,
    status=st.sampled_from(DefinitionStatus),
    version=st.none() | tags,
)
