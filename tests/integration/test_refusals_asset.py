"""The life of an asset, and what is known of it: what is carried out, and every refusal of the rows."""

from collections.abc import AsyncGenerator
from typing import Any

import pytest
from tests.integration.refusals import SURFACES, Cases, Done, Refused, Tried, at
from tests.integration.scenario import UNKNOWN, World
from tests.integration.surfaces import surfaces

from cora.equipment.aggregates.asset.errors import (
    AssetAlternateIdentifierAlreadyPresentError,
    AssetAlternateIdentifierNotPresentError,
    AssetCannotActivateError,
    AssetCannotEnterMaintenanceError,
    AssetCannotExitMaintenanceError,
    AssetFamilyAlreadyPresentError,
    AssetFamilyNotPresentError,
    AssetIsDecommissionedError,
    AssetModelMismatchError,
    AssetNameTakenError,
    AssetOwnerAlreadyPresentError,
    AssetOwnerNotPresentError,
    AssetPortAlreadyPresentError,
    AssetPortNotPresentError,
    AssetRelatedIdentifierAlreadyPresentError,
    AssetRelatedIdentifierNotPresentError,
    AssetSubjectAlreadyPresentError,
    AssetSubjectNotPresentError,
    InvalidAssetSettingsError,
)
from cora.equipment.aggregates.family import FamilyDeprecatedError, FamilyNotFoundError
from cora.surfaces.start import Opened

CASES = Cases()
refuses, does = CASES.refuses, CASES.does


@pytest.fixture(scope="module")
async def world(module_cora: Opened) -> AsyncGenerator[World]:
    async with surfaces(module_cora) as shown:
        yield World(shown)


_PORT = {"name": "in", "direction": "Input", "signal_type": "ttl"}
_OWNER = {"name": "Imaging group", "identifier": {"scheme": "ROR", "value": "https://ror.org/05gvnxz63"}}
_SERIAL = {"kind": "SerialNumber", "value": "42", "name": None}
_MANUAL = {"relation": "IsDescribedBy", "scheme": "DOI", "value": "10.5438/manual", "name": "Manual"}
_SUBJECT = {"name": "X-ray optics", "identifier": None, "scheme": None}
_SCHEMA = {"type": "object", "required": ["speed"], "properties": {"speed": {"type": "number", "minimum": 0}}}


# Activation, maintenance, condition


@does("activate_asset", "AssetActivated")
async def into_service(world: World) -> Tried:
    return Tried({"asset_id": await world.asset()}, {"lifecycle": "Active"})


@refuses("activate_asset", AssetCannotActivateError)
async def in_service_already(world: World) -> Tried:
    asset = await world.active()
    return Tried({"asset_id": asset}, {"asset_id": asset, "lifecycle": "Active"}, "only a Commissioned one")


@refuses("activate_asset", AssetCannotActivateError)
async def out_of_service_for_good(world: World) -> Tried:
    asset = await world.dead()
    return Tried({"asset_id": asset}, {"asset_id": asset, "lifecycle": "Decommissioned"}, "only a Commissioned one")


@does("enter_asset_maintenance", "AssetMaintenanceEntered")
async def into_maintenance(world: World) -> Tried:
    return Tried({"asset_id": await world.active()}, {"lifecycle": "Maintenance"})


@refuses("enter_asset_maintenance", AssetCannotEnterMaintenanceError)
async def maintenance_before_service(world: World) -> Tried:
    asset = await world.asset()
    return Tried({"asset_id": asset}, {"asset_id": asset, "lifecycle": "Commissioned"}, "only an Active one")


@does("exit_asset_maintenance", "AssetMaintenanceExited")
async def out_of_maintenance(world: World) -> Tried:
    asset = await world.active()
    await world.do("enter_asset_maintenance", asset_id=asset)
    return Tried({"asset_id": asset}, {"lifecycle": "Active"})


@refuses("exit_asset_maintenance", AssetCannotExitMaintenanceError)
async def out_of_no_maintenance(world: World) -> Tried:
    asset = await world.active()
    return Tried({"asset_id": asset}, {"asset_id": asset, "lifecycle": "Active"}, "only one in Maintenance")


@does("degrade_asset", "AssetDegraded")
async def works_less_well(world: World) -> Tried:
    reason = {"reason": "noisy"}
    return Tried({"asset_id": await world.asset(), **reason}, {"condition": "Degraded", "condition_reason": "noisy"})


@does("fault_asset", "AssetFaulted")
async def a_dead_one_is_reported_too(world: World) -> Tried:
    return Tried({"asset_id": await world.dead(), "reason": "dropped"}, {"condition": "Faulted"})


@does("restore_asset", "AssetRestored")
async def works_again(world: World) -> Tried:
    asset = await world.asset()
    await world.do("fault_asset", asset_id=asset, reason="no power")
    return Tried({"asset_id": asset, "reason": "power is back"}, {"condition": "Nominal"})


# Name and description


@does("describe_asset", "AssetDescribed")
async def another_name(world: World) -> Tried:
    name = world.name("Renamed")
    return Tried({"asset_id": await world.asset(), "name": name}, {"name": name})


@does("describe_asset")
async def the_name_it_has(world: World) -> Tried:
    name = world.name("Same")
    return Tried({"asset_id": await world.asset(name=name), "name": name}, {"name": name})


@refuses("describe_asset", AssetIsDecommissionedError)
async def a_dead_one_comes_before_a_used_name(world: World) -> Tried:
    name, asset = world.name("Used"), await world.dead()
    await world.asset(name=name)
    return Tried({"asset_id": asset, "name": name}, {"asset_id": asset}, "register a new asset")


@refuses("describe_asset", AssetNameTakenError)
async def the_name_of_a_sibling(world: World) -> Tried:
    sibling = await world.asset(name="Sibling")
    return Tried(
        {"asset_id": await world.asset(), "name": "SIBLING"},
        {"name": "SIBLING", "existing_id": sibling},
        "choose another name",
    )


# Drawing and notes


_DRAWING = {"system": "EDMS", "number": "630C2125", "revision": "02"}


@does("set_asset_drawing", "AssetDrawingSet")
async def a_drawing(world: World) -> Tried:
    return Tried({"asset_id": await world.asset(), "drawing": _DRAWING}, {"drawing": _DRAWING})


@does("set_asset_drawing", "AssetDrawingSet")
async def no_drawing_any_more(world: World) -> Tried:
    return Tried({"asset_id": await world.asset(drawing=_DRAWING), "drawing": None}, {"drawing": None})


@does("set_asset_drawing")
async def the_drawing_it_has(world: World) -> Tried:
    return Tried({"asset_id": await world.asset(drawing=_DRAWING), "drawing": _DRAWING}, {"drawing": _DRAWING})


@refuses("set_asset_drawing", AssetIsDecommissionedError)
async def the_drawing_that_a_dead_one_has(world: World) -> Tried:
    asset = await world.dead(drawing=_DRAWING)
    return Tried({"asset_id": asset, "drawing": _DRAWING}, {"asset_id": asset}, "register a new asset")


@does("add_asset_note", "AssetNoteAdded")
async def a_note_on_a_dead_one(world: World) -> Tried:
    asset = await world.dead()
    return Tried({"asset_id": asset, "text": "It stands in the storage of hall 7."}, {"lifecycle": "Decommissioned"})


# Families


@does("add_asset_family", "AssetFamilyAdded")
async def a_family_more(world: World) -> Tried:
    family = await world.family()
    return Tried({"asset_id": await world.asset(), "family_id": family}, {"family_ids": [family]})


@refuses("add_asset_family", AssetIsDecommissionedError)
async def a_family_of_a_dead_one(world: World) -> Tried:
    asset = await world.dead()
    return Tried({"asset_id": asset, "family_id": UNKNOWN}, {"asset_id": asset}, "register a new asset")


@refuses("add_asset_family", FamilyNotFoundError)
async def an_unknown_family(world: World) -> Tried:
    return Tried({"asset_id": await world.made_by(), "family_id": UNKNOWN}, {"id": UNKNOWN}, "no family")


@refuses("add_asset_family", FamilyDeprecatedError)
async def a_deprecated_family_that_it_has(world: World) -> Tried:
    family = await world.family()
    both = {"asset_id": await world.asset(family_ids=[family]), "family_id": family}
    await world.do("deprecate_family", family_id=family, reason="superseded")
    return Tried(both, {"family_id": family}, "choose another")


@refuses("add_asset_family", AssetFamilyAlreadyPresentError)
async def a_family_it_has(world: World) -> Tried:
    family = await world.family()
    both = {"asset_id": await world.asset(family_ids=[family]), "family_id": family}
    return Tried(both, both, "already")


@refuses("add_asset_family", AssetModelMismatchError)
async def a_family_that_its_model_does_not_declare(world: World) -> Tried:
    model, family = await world.model(), await world.family()
    return Tried(
        {"asset_id": await world.asset(model_id=model), "family_id": family},
        {"model_id": model, "family_id": family},
        "add the family to the model first",
    )


@does("remove_asset_family", "AssetFamilyRemoved")
async def a_family_less(world: World) -> Tried:
    family = await world.family()
    return Tried({"asset_id": await world.asset(family_ids=[family]), "family_id": family}, {"family_ids": []})


@refuses("remove_asset_family", AssetIsDecommissionedError)
async def a_family_from_a_dead_one(world: World) -> Tried:
    asset = await world.dead()
    return Tried({"asset_id": asset, "family_id": UNKNOWN}, {"asset_id": asset}, "register a new asset")


@refuses("remove_asset_family", AssetFamilyNotPresentError)
async def a_family_it_does_not_have(world: World) -> Tried:
    both = {"asset_id": await world.asset(), "family_id": UNKNOWN}
    return Tried(both, both, "its families are in its state")


# Ports, owners, identifiers


async def _dead(world: World, **given: Any) -> Tried:
    asset = await world.dead(
        ports=[_PORT],
        owners=[_OWNER],
        alternate_identifiers=[_SERIAL],
        related_identifiers=[_MANUAL],
        subjects=[_SUBJECT],
    )
    return Tried({"asset_id": asset, **given}, {"asset_id": asset}, "register a new asset")


@does("add_asset_port", "AssetPortAdded")
async def a_port_more(world: World) -> Tried:
    return Tried({"asset_id": await world.asset(), "port": _PORT}, {"ports": [_PORT]})


@refuses("add_asset_port", AssetIsDecommissionedError)
async def a_port_of_a_dead_one(world: World) -> Tried:
    return await _dead(world, port=_PORT)


@refuses("add_asset_port", AssetPortAlreadyPresentError)
async def a_port_it_has(world: World) -> Tried:
    asset = await world.asset(ports=[_PORT])
    port = {**_PORT, "direction": "Output"}
    return Tried({"asset_id": asset, "port": port}, {"asset_id": asset, "name": "in"}, "remove that port first")


@does("remove_asset_port", "AssetPortRemoved")
async def a_port_less(world: World) -> Tried:
    return Tried({"asset_id": await world.asset(ports=[_PORT]), "name": "in"}, {"ports": []})


@refuses("remove_asset_port", AssetIsDecommissionedError)
async def a_port_from_a_dead_one(world: World) -> Tried:
    return await _dead(world, name="out")


@refuses("remove_asset_port", AssetPortNotPresentError)
async def a_port_it_does_not_have(world: World) -> Tried:
    both = {"asset_id": await world.asset(ports=[_PORT]), "name": "out"}
    return Tried(both, both, "its ports are in its state")


@does("add_asset_owner", "AssetOwnerAdded")
async def an_owner_more(world: World) -> Tried:
    return Tried({"asset_id": await world.asset(), "owner": _OWNER}, {"owners": [{**_OWNER, "contact_id": None}]})


@refuses("add_asset_owner", AssetIsDecommissionedError)
async def an_owner_of_a_dead_one(world: World) -> Tried:
    return await _dead(world, owner=_OWNER)


@refuses("add_asset_owner", AssetOwnerAlreadyPresentError)
async def an_owner_it_has(world: World) -> Tried:
    asset = await world.asset(owners=[_OWNER])
    owner = {"name": "Imaging group", "contact": "other@example.org"}
    return Tried({"asset_id": asset, "owner": owner}, {"asset_id": asset, "name": "Imaging group"}, "remove it first")


@does("remove_asset_owner", "AssetOwnerRemoved")
async def an_owner_less(world: World) -> Tried:
    return Tried({"asset_id": await world.asset(owners=[_OWNER]), "name": _OWNER["name"]}, {"owners": []})


@refuses("remove_asset_owner", AssetIsDecommissionedError)
async def an_owner_from_a_dead_one(world: World) -> Tried:
    return await _dead(world, name="Nobody")


@refuses("remove_asset_owner", AssetOwnerNotPresentError)
async def an_owner_it_does_not_have(world: World) -> Tried:
    both = {"asset_id": await world.asset(owners=[_OWNER]), "name": "Nobody"}
    return Tried(both, both, "its owners are in its state")


@does("add_asset_alternate_identifier", "AssetAlternateIdentifierAdded")
async def an_identifier_more(world: World) -> Tried:
    return Tried({"asset_id": await world.asset(), "identifier": _SERIAL}, {"alternate_identifiers": [_SERIAL]})


@refuses("add_asset_alternate_identifier", AssetIsDecommissionedError)
async def an_identifier_of_a_dead_one(world: World) -> Tried:
    return await _dead(world, identifier=_SERIAL)


@refuses("add_asset_alternate_identifier", AssetAlternateIdentifierAlreadyPresentError)
async def an_identifier_it_has(world: World) -> Tried:
    asset = await world.asset(alternate_identifiers=[_SERIAL])
    return Tried(
        {"asset_id": asset, "identifier": _SERIAL},
        {"asset_id": asset, "kind": "SerialNumber", "value": "42"},
        "already",
    )


@does("remove_asset_alternate_identifier", "AssetAlternateIdentifierRemoved")
async def an_identifier_less(world: World) -> Tried:
    asset = await world.asset(alternate_identifiers=[_SERIAL])
    return Tried({"asset_id": asset, "identifier": _SERIAL}, {"alternate_identifiers": []})


@refuses("remove_asset_alternate_identifier", AssetIsDecommissionedError)
async def an_identifier_from_a_dead_one(world: World) -> Tried:
    return await _dead(world, identifier={**_SERIAL, "value": "43"})


@refuses("remove_asset_alternate_identifier", AssetAlternateIdentifierNotPresentError)
async def an_identifier_it_does_not_have(world: World) -> Tried:
    asset = await world.asset(alternate_identifiers=[_SERIAL])
    return Tried(
        {"asset_id": asset, "identifier": {"kind": "InventoryNumber", "value": "42"}},
        {"asset_id": asset, "kind": "InventoryNumber", "value": "42"},
        "its identifiers are in its state",
    )


@does("add_asset_related_identifier", "AssetRelatedIdentifierAdded")
async def a_relation_more(world: World) -> Tried:
    return Tried({"asset_id": await world.asset(), "identifier": _MANUAL}, {"related_identifiers": [_MANUAL]})


@refuses("add_asset_related_identifier", AssetIsDecommissionedError)
async def a_relation_of_a_dead_one(world: World) -> Tried:
    return await _dead(world, identifier=_MANUAL)


@refuses("add_asset_related_identifier", AssetRelatedIdentifierAlreadyPresentError)
async def a_relation_it_has(world: World) -> Tried:
    asset = await world.asset(related_identifiers=[_MANUAL])
    again = {**_MANUAL, "value": "https://doi.org/10.5438/MANUAL", "name": None}
    return Tried(
        {"asset_id": asset, "identifier": again},
        {"asset_id": asset, "relation": "IsDescribedBy", "scheme": "DOI", "value": "10.5438/manual"},
        "already",
    )


@does("remove_asset_related_identifier", "AssetRelatedIdentifierRemoved")
async def a_relation_less(world: World) -> Tried:
    asset = await world.asset(related_identifiers=[_MANUAL])
    return Tried({"asset_id": asset, "identifier": {**_MANUAL, "name": None}}, {"related_identifiers": []})


@refuses("remove_asset_related_identifier", AssetIsDecommissionedError)
async def a_relation_from_a_dead_one(world: World) -> Tried:
    return await _dead(world, identifier={**_MANUAL, "relation": "References"})


@refuses("remove_asset_related_identifier", AssetRelatedIdentifierNotPresentError)
async def a_relation_it_does_not_have(world: World) -> Tried:
    asset = await world.asset(related_identifiers=[_MANUAL])
    return Tried(
        {"asset_id": asset, "identifier": {**_MANUAL, "relation": "References"}},
        {"asset_id": asset, "relation": "References", "scheme": "DOI", "value": "10.5438/manual"},
        "its related identifiers are in its state",
    )


@does("add_asset_subject", "AssetSubjectAdded")
async def a_subject_more(world: World) -> Tried:
    return Tried({"asset_id": await world.asset(), "subject": _SUBJECT}, {"subjects": [_SUBJECT]})


@refuses("add_asset_subject", AssetIsDecommissionedError)
async def a_subject_of_a_dead_one(world: World) -> Tried:
    return await _dead(world, subject=_SUBJECT)


@refuses("add_asset_subject", AssetSubjectAlreadyPresentError)
async def a_subject_it_has(world: World) -> Tried:
    asset = await world.asset(subjects=[_SUBJECT])
    subject = {"name": "X-RAY OPTICS"}
    return Tried(
        {"asset_id": asset, "subject": subject}, {"asset_id": asset, "name": "X-ray optics"}, "remove it first"
    )


@does("remove_asset_subject", "AssetSubjectRemoved")
async def a_subject_less(world: World) -> Tried:
    return Tried({"asset_id": await world.asset(subjects=[_SUBJECT]), "name": "x-ray optics"}, {"subjects": []})


@refuses("remove_asset_subject", AssetIsDecommissionedError)
async def a_subject_from_a_dead_one(world: World) -> Tried:
    return await _dead(world, name="Nothing")


@refuses("remove_asset_subject", AssetSubjectNotPresentError)
async def a_subject_it_does_not_have(world: World) -> Tried:
    both = {"asset_id": await world.asset(subjects=[_SUBJECT]), "name": "Nothing"}
    return Tried(both, both, "its subjects are in its state")


# Settings


async def _of_family_with(world: World, *schemas: dict[str, Any]) -> str:
    families = [await world.family() for _ in schemas]
    for family, schema in zip(families, schemas, strict=True):
        await world.do("update_family_settings_schema", family_id=family, settings_schema=schema)
    return await world.asset(family_ids=families)


@does("update_asset_settings", "AssetSettingsUpdated")
async def settings_that_hold(world: World) -> Tried:
    asset = await _of_family_with(world, _SCHEMA)
    return Tried({"asset_id": asset, "patch": {"speed": 3.5}}, {"settings": {"speed": 3.5}})


@does("update_asset_settings")
async def settings_as_they_are(world: World) -> Tried:
    asset = await _of_family_with(world, _SCHEMA)
    await world.do("update_asset_settings", asset_id=asset, patch={"speed": 3})
    return Tried({"asset_id": asset, "patch": {"speed": 3}}, {"settings": {"speed": 3}})


@refuses("update_asset_settings", AssetIsDecommissionedError)
async def settings_of_a_dead_one(world: World) -> Tried:
    return await _dead(world, patch={"colour": "red"})


@refuses("update_asset_settings", InvalidAssetSettingsError)
async def settings_without_a_schema(world: World) -> Tried:
    patch = {"colour": "red"}
    return Tried({"asset_id": await world.asset(), "patch": patch}, {"errors": at("/colour")}, "no settings")


@refuses("update_asset_settings", InvalidAssetSettingsError)
async def every_setting_that_breaks_the_schema(world: World) -> Tried:
    asset = await _of_family_with(world, _SCHEMA)
    patch = {"speed": -1, "colour": "red"}
    return Tried({"asset_id": asset, "patch": patch}, {"errors": at("/colour", "/speed")}, "declared are speed")


@refuses("update_asset_settings", InvalidAssetSettingsError)
async def a_setting_that_two_families_see_differently(world: World) -> Tried:
    text, number = {"properties": {"mode": {"type": "string"}}}, {"properties": {"mode": {"type": "number"}}}
    asset = await _of_family_with(world, text, number)
    errors = {"errors": at("/mode", "/mode")}
    return Tried({"asset_id": asset, "patch": {"mode": "fast"}}, errors, "correct the schema of one of them first")


@pytest.mark.parametrize("case", CASES.refused, ids=str)
async def test_refused(world: World, case: Refused) -> None:
    await case.check(world)


@pytest.mark.parametrize("surface", SURFACES)
@pytest.mark.parametrize("case", CASES.done, ids=str)
async def test_done(world: World, case: Done, surface: str) -> None:
    await case.check(world, surface)
