"""Facilities, families, roles, models and assemblies: what is carried out, and every refusal of their rows."""

from collections.abc import AsyncGenerator
from typing import Any

import pytest
from tests.integration.refusals import SURFACES, Cases, Done, Refused, Tried, at
from tests.integration.scenario import POSITIONER, UNKNOWN, World
from tests.integration.surfaces import surfaces

from cora.equipment.aggregates.assembly import (
    AssemblyAlreadyPresentsAsError,
    AssemblyCannotUpdateError,
    AssemblyDoesNotPresentAsError,
    AssemblyNameTakenError,
    InvalidParameterOverridesSchemaError,
    WireReferencesUnknownSlotError,
)
from cora.equipment.aggregates.facility import FacilityAlreadyExistsError
from cora.equipment.aggregates.family import (
    FamilyAlreadyExistsError,
    FamilyAlreadyPresentsAsError,
    FamilyCannotPresentAsError,
    FamilyCannotUpdateError,
    FamilyDeprecatedError,
    FamilyDoesNotPresentAsError,
    FamilyNotFoundError,
    InvalidSettingsSchemaError,
)
from cora.equipment.aggregates.model import ModelAlreadyExistsError
from cora.equipment.aggregates.role import RoleAffordanceOverlapError, RoleAlreadyExistsError, RoleNotFoundError
from cora.kernel.errors import InvalidRequestError
from cora.surfaces.start import Opened

CASES = Cases()
refuses, does = CASES.refuses, CASES.does


@pytest.fixture(scope="module")
async def world(module_cora: Opened) -> AsyncGenerator[World]:
    async with surfaces(module_cora) as shown:
        yield World(shown)


@does("register_facility", "FacilityRegistered")
async def a_facility(world: World) -> Tried:
    code = world.name("site").replace(" ", "-")
    return Tried({"code": code, "name": "Site"}, {"code": code, "name": "Site"})


@refuses("register_facility", FacilityAlreadyExistsError)
async def its_code_is_used(world: World) -> Tried:
    facility = await world.make("register_facility", code="used", name="Used")
    return Tried(
        {"code": "used", "name": "Other"},
        {"facility_code": "used", "existing_id": facility},
        "choose another code",
    )


@does("define_family", "FamilyDefined")
async def a_family(world: World) -> Tried:
    name = world.name("Camera")
    return Tried(
        {"name": name, "affordances": ["Triggerable", "Imageable"], "measured_variables": [{"name": "intensity"}]},
        {"name": name, "affordances": ["Imageable", "Triggerable"], "status": "Defined"},
    )


@refuses("define_family", FamilyAlreadyExistsError)
async def its_name_is_used_in_other_letters(world: World) -> Tried:
    family = await world.family(name="RotaryStage")
    return Tried({"name": "ROTARYSTAGE"}, {"name": "ROTARYSTAGE", "existing_id": family}, "choose another name")


@does("update_family_settings_schema", "FamilySettingsSchemaUpdated")
async def a_schema(world: World) -> Tried:
    schema = {"type": "object", "properties": {"speed": {"type": "number", "unit": "mm/s"}}}
    return Tried({"family_id": await world.family(), "settings_schema": schema}, {"settings_schema": schema})


@does("define_family", "FamilyDefined")
async def its_name_was_that_of_a_deprecated_family(world: World) -> Tried:
    name = world.name("Camera")
    await world.deprecated_family(name=name)
    return Tried({"name": name}, {"name": name, "status": "Defined"})


@refuses("update_family_settings_schema", FamilyCannotUpdateError)
async def a_bad_schema_of_a_deprecated_family(world: World) -> Tried:
    family = await world.deprecated_family()
    given = {"family_id": family, "settings_schema": {"type": "thing"}}
    return Tried(given, {"family_id": family}, "no longer be changed")


@refuses("update_family_settings_schema", InvalidSettingsSchemaError)
async def a_schema_that_is_none(world: World) -> Tried:
    schema = {"type": "thing"}
    return Tried(
        {"family_id": await world.family(), "settings_schema": schema},
        {"errors": at("/settings_schema/type")},
        "/settings_schema/type:",
    )


@refuses("update_family_settings_schema", InvalidSettingsSchemaError)
async def a_schema_that_points_to_the_net(world: World) -> Tried:
    schema = {"properties": {"a": {"$ref": "https://example.org/schema.json"}}}
    return Tried(
        {"family_id": await world.family(), "settings_schema": schema},
        {"errors": at("/settings_schema/properties/a/$ref")},
        "leads outside the schema",
    )


@refuses("update_family_settings_schema", InvalidSettingsSchemaError)
async def a_schema_of_more_than_64_kib(world: World) -> Tried:
    schema = {"description": "x" * 65536}
    return Tried(
        {"family_id": await world.family(), "settings_schema": schema},
        {"errors": at("/settings_schema")},
        "is larger than 64 KiB",
    )


@does("add_family_presents_as", "FamilyPresentsAsAdded")
async def a_role_it_fulfils(world: World) -> Tried:
    family = await world.family(affordances=["Homeable", "Limitable"])
    return Tried({"family_id": family, "role_id": POSITIONER}, {"presents_as": [POSITIONER]})


@refuses("add_family_presents_as", FamilyCannotUpdateError)
async def an_unknown_role_of_a_deprecated_family(world: World) -> Tried:
    family = await world.deprecated_family()
    return Tried({"family_id": family, "role_id": UNKNOWN}, {"family_id": family}, "no longer be changed")


@refuses("add_family_presents_as", RoleNotFoundError)
async def an_unknown_role_of_a_family(world: World) -> Tried:
    return Tried({"family_id": await world.family(), "role_id": UNKNOWN}, {"id": UNKNOWN}, "no role")


@refuses("add_family_presents_as", FamilyAlreadyPresentsAsError)
async def a_role_it_has(world: World) -> Tried:
    both = {"family_id": await world.family(affordances=["Homeable", "Limitable"]), "role_id": POSITIONER}
    await world.do("add_family_presents_as", **both)
    return Tried(both, both, "already")


@refuses("add_family_presents_as", FamilyCannotPresentAsError)
async def a_role_it_lacks_affordances_for(world: World) -> Tried:
    both = {"family_id": await world.family(affordances=["Rotatable"]), "role_id": POSITIONER}
    return Tried(both, {**both, "missing_affordances": ["Homeable", "Limitable"]}, "add these first")


@does("remove_family_presents_as", "FamilyPresentsAsRemoved")
async def a_role_it_had(world: World) -> Tried:
    both = {"family_id": await world.family(affordances=["Homeable", "Limitable"]), "role_id": POSITIONER}
    await world.do("add_family_presents_as", **both)
    return Tried(both, {"presents_as": []})


@refuses("remove_family_presents_as", FamilyCannotUpdateError)
async def a_role_that_a_deprecated_family_never_had(world: World) -> Tried:
    family = await world.deprecated_family()
    return Tried({"family_id": family, "role_id": POSITIONER}, {"family_id": family}, "no longer be changed")


@refuses("remove_family_presents_as", FamilyDoesNotPresentAsError)
async def a_role_it_never_had(world: World) -> Tried:
    both = {"family_id": await world.family(), "role_id": POSITIONER}
    return Tried(both, both, "does not present as")


@does("define_role", "RoleDefined")
async def a_role(world: World) -> Tried:
    name = world.name("Role")
    return Tried(
        {"name": name, "docstring": "Opens and closes.", "required_affordances": ["Shutterable"]}, {"name": name}
    )


@refuses("define_role", RoleAlreadyExistsError)
async def a_seeded_role_in_other_letters(world: World) -> Tried:
    return Tried(
        {"name": "POSITIONER", "docstring": "Another."}, {"name": "POSITIONER", "role_id": POSITIONER}, "already"
    )


@refuses("define_role", RoleAffordanceOverlapError)
async def required_and_optional_at_once(world: World) -> Tried:
    both = ["Bendable", "Attenuable"]
    given: dict[str, Any] = {"name": world.name("Role"), "docstring": "Bends.", "required_affordances": both}
    return Tried({**given, "optional_affordances": both}, {"affordances": ["Attenuable", "Bendable"]}, "each once")


@refuses("define_role", RoleAlreadyExistsError)
async def a_seeded_role_comes_before_its_overlap(world: World) -> Tried:
    overlap = {"required_affordances": ["Bendable"], "optional_affordances": ["Bendable"]}
    return Tried(
        {"name": "positioner", "docstring": "Another.", **overlap},
        {"name": "positioner", "role_id": POSITIONER},
        "already",
    )


def _model(world: World, *families: str, **given: Any) -> dict[str, Any]:
    fresh = {"name": "M", "part_number": world.name("P"), "manufacturer": {"name": "Aerotech"}}
    return {**fresh, "declared_family_ids": list(families), **given}


@does("define_model", "ModelDefined")
async def a_model(world: World) -> Tried:
    family = await world.family()
    return Tried(_model(world, family), {"name": "M", "declared_family_ids": [family], "status": "Defined"})


@refuses("define_model", FamilyNotFoundError)
async def a_model_of_an_unknown_family(world: World) -> Tried:
    return Tried(_model(world, await world.family(), UNKNOWN), {"id": UNKNOWN}, "no family")


@refuses("define_model", FamilyDeprecatedError)
async def a_deprecated_family_comes_before_a_used_part_number(world: World) -> Tried:
    families = sorted([await world.deprecated_family(), await world.deprecated_family()], reverse=True)
    await world.model(manufacturer={"name": "Kohzu"}, part_number="SA07A")
    given = _model(world, *families, manufacturer={"name": "Kohzu"}, part_number="SA07A")
    return Tried(given, {"family_id": families[-1]}, "choose another")


@refuses("define_model", ModelAlreadyExistsError)
async def a_part_number_in_other_letters(world: World) -> Tried:
    model = await world.model(manufacturer={"name": "Kohzu"}, part_number="cyat-070")
    return Tried(
        _model(world, await world.family(), manufacturer={"name": "KOHZU"}, part_number="CYAT-070"),
        {"manufacturer": "KOHZU", "part_number": "CYAT-070", "existing_id": model},
        "use that one",
    )


@refuses("define_model", FamilyNotFoundError)
async def an_unknown_family_comes_before_a_used_part_number(world: World) -> Tried:
    await world.model(manufacturer={"name": "Kohzu"}, part_number="SA16A")
    return Tried(
        _model(world, UNKNOWN, manufacturer={"name": "Kohzu"}, part_number="SA16A"), {"id": UNKNOWN}, "no family"
    )


def _slot(family: str, name: str = "eye") -> dict[str, Any]:
    return {"slot_name": name, "required_family_ids": [family]}


_WIRE = {
    "source_slot_name": "eye",
    "source_port_name": "out",
    "target_slot_name": "brain",
    "target_port_name": "in",
}


async def _assembly(world: World, **given: Any) -> dict[str, Any]:
    family = await world.any_family()
    return {
        "name": world.name("Assembly"),
        "presents_as_family_id": family,
        "required_slots": [_slot(family)],
        **given,
    }


@does("define_assembly", "AssemblyDefined")
async def an_assembly(world: World) -> Tried:
    slots = [_slot(await world.any_family(), name) for name in ("eye", "brain")]
    given = await _assembly(world, required_slots=slots, required_wires=[_WIRE])
    return Tried(given, {"name": given["name"], "required_wires": [_WIRE], "status": "Defined"})


@refuses("define_assembly", FamilyNotFoundError)
async def a_slot_for_an_unknown_family(world: World) -> Tried:
    return Tried(await _assembly(world, required_slots=[_slot(UNKNOWN)]), {"id": UNKNOWN}, "no family")


@refuses("define_assembly", FamilyNotFoundError)
async def it_presents_as_an_unknown_family(world: World) -> Tried:
    return Tried(await _assembly(world, presents_as_family_id=UNKNOWN), {"id": UNKNOWN}, "no family")


@refuses("define_assembly", FamilyDeprecatedError)
async def a_slot_for_a_deprecated_family(world: World) -> Tried:
    family = await world.deprecated_family()
    given = await _assembly(world, required_slots=[_slot(family), _slot(family)])
    return Tried(given, {"family_id": family}, "choose another")


@refuses("define_assembly", InvalidRequestError)
async def a_slot_twice(world: World) -> Tried:
    family = await world.any_family()
    given = await _assembly(world, required_slots=[_slot(family), _slot(family)], required_wires=[_WIRE])
    return Tried(given, {"errors": at("/required_slots/1/slot_name")}, "/required_slots/1")


@refuses("define_assembly", WireReferencesUnknownSlotError)
async def a_wire_to_nowhere(world: World) -> Tried:
    given = await _assembly(world, required_wires=[_WIRE], parameter_overrides_schema={"type": "thing"})
    return Tried(given, {"slot_name": "brain", "known_slots": ["eye"]}, "it has eye")


@refuses("define_assembly", InvalidParameterOverridesSchemaError)
async def overrides_with_a_schema_that_is_none(world: World) -> Tried:
    await world.assembly(name="Tower")
    given = await _assembly(world, name="Tower", parameter_overrides_schema={"type": "thing"})
    return Tried(given, {"errors": at("/parameter_overrides_schema/type")}, "/parameter_overrides_schema/type:")


@refuses("define_assembly", AssemblyNameTakenError)
async def an_assembly_of_its_name(world: World) -> Tried:
    assembly = await world.assembly(name="Microscope")
    return Tried(
        await _assembly(world, name="MICROSCOPE"),
        {"name": "MICROSCOPE", "existing_id": assembly},
        "choose another name",
    )


@does("add_assembly_presents_as", "AssemblyPresentsAsAdded")
async def a_role_of_an_assembly(world: World) -> Tried:
    return Tried({"assembly_id": await world.assembly(), "role_id": POSITIONER}, {"presents_as": [POSITIONER]})


@refuses("add_assembly_presents_as", AssemblyCannotUpdateError)
async def an_unknown_role_of_a_deprecated_assembly(world: World) -> Tried:
    assembly = await world.deprecated_assembly()
    return Tried({"assembly_id": assembly, "role_id": UNKNOWN}, {"assembly_id": assembly}, "no longer be changed")


@refuses("add_assembly_presents_as", RoleNotFoundError)
async def an_unknown_role_of_an_assembly(world: World) -> Tried:
    return Tried({"assembly_id": await world.assembly(), "role_id": UNKNOWN}, {"id": UNKNOWN}, "no role")


@refuses("add_assembly_presents_as", AssemblyAlreadyPresentsAsError)
async def a_role_the_assembly_has(world: World) -> Tried:
    both = {"assembly_id": await world.assembly(), "role_id": POSITIONER}
    await world.do("add_assembly_presents_as", **both)
    return Tried(both, both, "already")


@does("remove_assembly_presents_as", "AssemblyPresentsAsRemoved")
async def a_role_the_assembly_had(world: World) -> Tried:
    both = {"assembly_id": await world.assembly(), "role_id": POSITIONER}
    await world.do("add_assembly_presents_as", **both)
    return Tried(both, {"presents_as": []})


@refuses("remove_assembly_presents_as", AssemblyCannotUpdateError)
async def a_role_that_a_deprecated_assembly_never_had(world: World) -> Tried:
    assembly = await world.deprecated_assembly()
    return Tried({"assembly_id": assembly, "role_id": POSITIONER}, {"assembly_id": assembly}, "no longer be changed")


@refuses("remove_assembly_presents_as", AssemblyDoesNotPresentAsError)
async def a_role_the_assembly_never_had(world: World) -> Tried:
    both = {"assembly_id": await world.assembly(), "role_id": POSITIONER}
    return Tried(both, both, "does not present as")


@pytest.mark.parametrize("case", CASES.refused, ids=str)
async def test_refused(world: World, case: Refused) -> None:
    await case.check(world)


@pytest.mark.parametrize("surface", SURFACES)
@pytest.mark.parametrize("case", CASES.done, ids=str)
async def test_done(world: World, case: Done, surface: str) -> None:
    await case.check(world, surface)
