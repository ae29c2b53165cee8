"""Facilities revised, definitions versioned and deprecated, models with other families: what is carried out, and every
refusal of their rows."""

from collections.abc import AsyncGenerator
from typing import Any

import pytest
from tests.integration.refusals import SURFACES, Cases, Done, Refused, Tried, at
from tests.integration.scenario import POSITIONER, UNKNOWN, World
from tests.integration.surfaces import surfaces

from cora.equipment.aggregates.assembly import (
    AssemblyCannotDeprecateError,
    AssemblyCannotVersionError,
    AssemblyNameTakenError,
    InvalidParameterOverridesSchemaError,
    WireReferencesUnknownSlotError,
)
from cora.equipment.aggregates.family import (
    FamilyAffordanceInUseError,
    FamilyAlreadyExistsError,
    FamilyCannotDeprecateError,
    FamilyCannotVersionError,
    FamilyDeprecatedError,
    FamilyNotFoundError,
)
from cora.equipment.aggregates.model import (
    ModelAlreadyExistsError,
    ModelCannotChangeFamiliesError,
    ModelCannotDeprecateError,
    ModelCannotVersionError,
    ModelFamilyAlreadyPresentError,
    ModelFamilyNotPresentError,
    ModelNeedsFamilyError,
)
from cora.kernel.errors import InvalidRequestError
from cora.surfaces.start import Opened

CASES = Cases()
refuses, does = CASES.refuses, CASES.does


@pytest.fixture(scope="module")
async def world(module_cora: Opened) -> AsyncGenerator[World]:
    async with surfaces(module_cora) as shown:
        yield World(shown)


async def _facility(world: World) -> tuple[str, str]:
    code = world.name("site").replace(" ", "-")
    members = {"name": "Site", "contact": "office@example.org", "website": "https://site.example.org"}
    return code, await world.make("register_facility", code=code, **members)


@does("revise_facility", "FacilityRevised")
async def a_facility_with_another_name_and_nothing_else(world: World) -> Tried:
    code, facility = await _facility(world)
    revised = {"code": code, "name": "Light Source", "contact_id": None, "website": None, "identifier": None}
    return Tried({"facility_id": facility, "name": "Light Source"}, revised)


@does("revise_facility", "FacilityRevised")
async def a_facility_said_again(world: World) -> Tried:
    code, facility = await _facility(world)
    given = {"facility_id": facility, "name": "Site", "contact": "desk@example.org"}
    return Tried(given, {"code": code, "name": "Site"})


def _version(family: str, **given: Any) -> dict[str, Any]:
    return {"family_id": family, "tag": "2", "name": "Stage", **given}


async def _positioner(world: World, **given: Any) -> str:
    family = await world.family(**{"affordances": ["Homeable", "Limitable", "Rotatable"], **given})
    await world.do("add_family_presents_as", family_id=family, role_id=POSITIONER)
    return family


@does("version_family", "FamilyVersioned")
async def another_content_of_a_family(world: World) -> Tried:
    family, name = await _positioner(world, description="Turns."), world.name("Stage")
    schema = {"type": "object", "properties": {"speed": {"type": "number"}}}
    await world.do("update_family_settings_schema", family_id=family, settings_schema=schema)
    content = {"name": name, "affordances": ["Homeable", "Limitable"], "measured_variables": []}
    kept = {"settings_schema": schema, "presents_as": [POSITIONER], "description": None}
    return Tried(_version(family, **content), {**content, **kept, "status": "Versioned", "version": "2"})


@does("version_family", "FamilyVersioned")
async def the_name_of_a_family_in_other_letters(world: World) -> Tried:
    name = world.name("Stage")
    return Tried(_version(await world.family(name=name), name=name.upper()), {"name": name.upper(), "version": "2"})


@refuses("version_family", FamilyCannotVersionError)
async def a_version_of_a_deprecated_family(world: World) -> Tried:
    family = await world.deprecated_family()
    given = _version(family, name=(await world.do("define_family", name=world.name("Used")))["state"]["name"])
    return Tried(given, {"family_id": family}, "define another family")


@refuses("version_family", FamilyAlreadyExistsError)
async def a_used_name_comes_before_an_affordance_in_use(world: World) -> Tried:
    family, name = await _positioner(world), world.name("Camera")
    other = await world.family(name=name)
    given = _version(family, name=name.upper())
    return Tried(given, {"name": name.upper(), "existing_id": other}, "choose another name")


@refuses("version_family", FamilyAffordanceInUseError)
async def an_affordance_that_a_role_requires(world: World) -> Tried:
    family = await _positioner(world)
    given = _version(family, name=world.name("Stage"), affordances=["Rotatable", "Limitable"])
    members = {"family_id": family, "role_id": POSITIONER, "affordances": ["Homeable"]}
    return Tried(given, members, "keep these")


@does("deprecate_family", "FamilyDeprecated")
async def a_family_out_of_use(world: World) -> Tried:
    family = await world.family()
    await world.asset(family_ids=[family])
    return Tried({"family_id": family, "reason": "superseded"}, {"status": "Deprecated", "version": None})


@refuses("deprecate_family", FamilyCannotDeprecateError)
async def a_family_out_of_use_already(world: World) -> Tried:
    family = await world.deprecated_family()
    return Tried({"family_id": family, "reason": "superseded"}, {"family_id": family}, "already")


@does("version_model", "ModelVersioned")
async def another_content_of_a_model(world: World) -> Tried:
    model = await world.model(description="Turns.", website="https://example.org")
    content = await world.model_content(await world.family(), manufacturer={"name": "Kohzu", "identifier": None})
    changed = {**content, "description": None, "website": None, "status": "Versioned", "version": "B"}
    return Tried({"model_id": model, "tag": "B", **content}, changed)


@refuses("version_model", ModelCannotVersionError)
async def a_version_of_a_deprecated_model(world: World) -> Tried:
    model = await world.deprecated_model()
    given = {"model_id": model, "tag": "2", **await world.model_content(UNKNOWN)}
    return Tried(given, {"model_id": model}, "define another model")


@refuses("version_model", FamilyNotFoundError)
async def a_version_of_an_unknown_family(world: World) -> Tried:
    content = await world.model_content(await world.deprecated_family(), UNKNOWN)
    return Tried({"model_id": await world.model(), "tag": "2", **content}, {"id": UNKNOWN}, "no family")


@refuses("version_model", FamilyDeprecatedError)
async def a_version_of_the_deprecated_family_it_has(world: World) -> Tried:
    family = await world.family()
    model, used = await world.model(family), await world.model_content(family)
    await world.make("define_model", **{**used, "declared_family_ids": [await world.any_family()]})
    await world.do("deprecate_family", family_id=family, reason="superseded")
    return Tried({"model_id": model, "tag": "2", **used}, {"family_id": family}, "choose another")


@refuses("version_model", ModelAlreadyExistsError)
async def the_part_number_of_another(world: World) -> Tried:
    number = world.name("cyat")
    other = await world.model(manufacturer={"name": "Kohzu"}, part_number=number)
    content = await world.model_content(manufacturer={"name": "KOHZU"}, part_number=number.upper())
    members = {"manufacturer": "KOHZU", "part_number": number.upper(), "existing_id": other}
    return Tried({"model_id": await world.model(), "tag": "2", **content}, members, "use that one")


@does("deprecate_model", "ModelDeprecated")
async def a_model_out_of_use(world: World) -> Tried:
    model = await world.model()
    await world.asset(model_id=model)
    return Tried({"model_id": model, "reason": "no longer sold"}, {"status": "Deprecated"})


@refuses("deprecate_model", ModelCannotDeprecateError)
async def a_model_out_of_use_already(world: World) -> Tried:
    model = await world.deprecated_model()
    return Tried({"model_id": model, "reason": "no longer sold"}, {"model_id": model}, "already")


@does("add_model_family", "ModelFamilyAdded")
async def a_family_more_of_a_model(world: World) -> Tried:
    one, other = await world.family(), await world.family()
    return Tried({"model_id": await world.model(one), "family_id": other}, {"declared_family_ids": [one, other]})


@refuses("add_model_family", ModelCannotChangeFamiliesError)
async def an_unknown_family_of_a_deprecated_model(world: World) -> Tried:
    model = await world.deprecated_model()
    return Tried({"model_id": model, "family_id": UNKNOWN}, {"model_id": model}, "no longer be changed")


@refuses("add_model_family", FamilyNotFoundError)
async def an_unknown_family_of_a_model(world: World) -> Tried:
    return Tried({"model_id": await world.model(), "family_id": UNKNOWN}, {"id": UNKNOWN}, "no family")


@refuses("add_model_family", FamilyDeprecatedError)
async def a_deprecated_family_that_the_model_has(world: World) -> Tried:
    family = await world.family()
    both = {"model_id": await world.model(family), "family_id": family}
    await world.do("deprecate_family", family_id=family, reason="superseded")
    return Tried(both, {"family_id": family}, "choose another")


@refuses("add_model_family", ModelFamilyAlreadyPresentError)
async def a_family_that_the_model_has(world: World) -> Tried:
    family = await world.family()
    both = {"model_id": await world.model(family), "family_id": family}
    return Tried(both, both, "already")


@does("remove_model_family", "ModelFamilyRemoved")
async def a_family_less_of_a_model(world: World) -> Tried:
    one, other = await world.family(), await world.family()
    model = await world.model(one, other)
    await world.asset(model_id=model, family_ids=[one])
    return Tried({"model_id": model, "family_id": one}, {"declared_family_ids": [other]})


@refuses("remove_model_family", ModelCannotChangeFamiliesError)
async def a_family_that_a_deprecated_model_never_had(world: World) -> Tried:
    model = await world.deprecated_model()
    return Tried({"model_id": model, "family_id": UNKNOWN}, {"model_id": model}, "no longer be changed")


@refuses("remove_model_family", ModelFamilyNotPresentError)
async def a_family_that_the_model_never_had(world: World) -> Tried:
    both = {"model_id": await world.model(), "family_id": UNKNOWN}
    return Tried(both, both, "does not declare")


@refuses("remove_model_family", ModelNeedsFamilyError)
async def the_last_family_of_a_model(world: World) -> Tried:
    family = await world.family()
    both = {"model_id": await world.model(family), "family_id": family}
    return Tried(both, both, "add another first")


async def _restructured(world: World, assembly: str, **given: Any) -> dict[str, Any]:
    return {"assembly_id": assembly, "tag": "2", **await world.assembly_content(**given)}


def _slot(family: str) -> dict[str, Any]:
    return {"slot_name": "eye", "required_family_ids": [family]}


_LOOSE = {"source_slot_name": "eye", "source_port_name": "out", "target_slot_name": "ear", "target_port_name": "in"}


@does("version_assembly", "AssemblyVersioned")
async def another_structure_of_an_assembly(world: World) -> Tried:
    assembly = await world.assembly(drawing={"system": "EDMS", "number": "1"})
    await world.do("add_assembly_presents_as", assembly_id=assembly, role_id=POSITIONER)
    slots = [{**_slot(await world.family()), "cardinality": "ZeroOrMore"}]
    given = await _restructured(world, assembly, required_slots=slots)
    kept = {"presents_as": [POSITIONER], "drawing": None, "status": "Versioned", "version": "2"}
    return Tried(given, {"name": given["name"], "required_slots": slots, **kept})


@refuses("version_assembly", AssemblyCannotVersionError)
async def a_version_of_a_deprecated_assembly(world: World) -> Tried:
    assembly = await world.deprecated_assembly()
    given = await _restructured(world, assembly, presents_as_family_id=UNKNOWN)
    return Tried(given, {"assembly_id": assembly}, "define another assembly")


@refuses("version_assembly", FamilyNotFoundError)
async def a_structure_with_an_unknown_family(world: World) -> Tried:
    slots = [_slot(UNKNOWN), _slot(await world.deprecated_family())]
    given = await _restructured(world, await world.assembly(), required_slots=slots)
    return Tried(given, {"id": UNKNOWN}, "no family")


@refuses("version_assembly", FamilyDeprecatedError)
async def a_structure_with_a_deprecated_family(world: World) -> Tried:
    family = await world.deprecated_family()
    given = await _restructured(world, await world.assembly(), required_slots=[_slot(family), _slot(family)])
    return Tried(given, {"family_id": family}, "choose another")


@refuses("version_assembly", InvalidRequestError)
async def a_structure_with_a_slot_twice(world: World) -> Tried:
    slots = [_slot(await world.any_family())] * 2
    given = await _restructured(world, await world.assembly(), required_slots=slots, required_wires=[_LOOSE])
    return Tried(given, {"errors": at("/required_slots/1/slot_name")}, "/required_slots/1")


@refuses("version_assembly", WireReferencesUnknownSlotError)
async def a_structure_with_a_wire_to_nowhere(world: World) -> Tried:
    wrong = {"required_wires": [_LOOSE], "parameter_overrides_schema": {"type": "thing"}}
    given = await _restructured(world, await world.assembly(), **wrong)
    return Tried(given, {"slot_name": "ear", "known_slots": ["eye"]}, "it has eye")


@refuses("version_assembly", InvalidParameterOverridesSchemaError)
async def a_structure_with_a_schema_that_is_none(world: World) -> Tried:
    name = world.name("Tower")
    await world.assembly(name=name)
    wrong = {"name": name, "parameter_overrides_schema": {"type": "thing"}}
    given = await _restructured(world, await world.assembly(), **wrong)
    return Tried(given, {"errors": at("/parameter_overrides_schema/type")}, "/parameter_overrides_schema/type:")


@refuses("version_assembly", AssemblyNameTakenError)
async def a_structure_of_a_used_name(world: World) -> Tried:
    name = world.name("Microscope")
    other = await world.assembly(name=name)
    given = await _restructured(world, await world.assembly(), name=name.upper())
    return Tried(given, {"name": name.upper(), "existing_id": other}, "choose another name")


@does("deprecate_assembly", "AssemblyDeprecated")
async def an_assembly_out_of_use(world: World) -> Tried:
    assembly = await world.assembly()
    await world.fixture(assembly_id=assembly)
    return Tried({"assembly_id": assembly, "reason": "rebuilt"}, {"status": "Deprecated"})


@refuses("deprecate_assembly", AssemblyCannotDeprecateError)
async def an_assembly_out_of_use_already(world: World) -> Tried:
    assembly = await world.deprecated_assembly()
    return Tried({"assembly_id": assembly, "reason": "rebuilt"}, {"assembly_id": assembly}, "already")


@pytest.mark.parametrize("case", CASES.refused, ids=str)
async def test_refused(world: World, case: Refused) -> None:
    await case.check(world)


@pytest.mark.parametrize("surface", SURFACES)
@pytest.mark.parametrize("case", CASES.done, ids=str)
async def test_done(world: World, case: Done, surface: str) -> None:
    await case.check(world, surface)
