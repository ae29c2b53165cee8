"""Registering assets: what is carried out, and every refusal of the row in its order."""

from collections.abc import AsyncGenerator
from typing import Any

import pytest
from tests.integration.refusals import SURFACES, Cases, Done, Refused, Tried, at
from tests.integration.scenario import UNKNOWN, World
from tests.integration.surfaces import surfaces

from cora.equipment.aggregates.asset.errors import (
    AssetModelMismatchError,
    AssetNameTakenError,
    ControllerIsDecommissionedError,
    ControllerNotFoundError,
    InvalidAssetAnchorError,
    ParentIsDecommissionedError,
    ParentNotFoundError,
)
from cora.equipment.aggregates.facility import FacilityNotFoundError
from cora.equipment.aggregates.family import FamilyDeprecatedError, FamilyNotFoundError
from cora.equipment.aggregates.model import ModelDeprecatedError, ModelNotFoundError
from cora.kernel.errors import InvalidRequestError
from cora.surfaces.start import Opened

CASES = Cases()
refuses, does = CASES.refuses, CASES.does


@pytest.fixture(scope="module")
async def world(module_cora: Opened) -> AsyncGenerator[World]:
    async with surfaces(module_cora) as shown:
        yield World(shown)


async def _root(world: World, **given: Any) -> dict[str, Any]:
    return {"name": world.name("Eye"), "tier": "Device", "facility_code": await world.facility(), **given}


async def _part(world: World, **given: Any) -> dict[str, Any]:
    return {"name": world.name("Part"), "tier": "Device", "parent_id": await world.asset(), **given}


@does("register_asset", "AssetRegistered")
async def a_root(world: World) -> Tried:
    given = await _root(world, description="Sees all.")
    return Tried(given, {**given, "parent_id": None, "lifecycle": "Commissioned", "condition": "Nominal"})


@does("register_asset", "AssetRegistered")
async def a_part_with_all_that_is_known(world: World) -> Tried:
    family = await world.family()
    told = {
        "family_ids": [family],
        "model_id": await world.model(family),
        "controller_id": await world.asset(),
        "ports": [{"name": "trigger_in", "direction": "Input", "signal_type": "ttl"}],
        "alternate_identifiers": [{"kind": "SerialNumber", "value": "42", "name": None}],
        "drawing": {"system": "EDMS", "number": "MAN-1", "revision": "A"},
        "related_identifiers": [
            {"relation": "References", "scheme": "URL", "value": "https://a.example", "name": None}
        ],
        "subjects": [{"name": "optics", "identifier": "http://vocab.test/1", "scheme": "URL"}],
    }
    given = await _part(world, **told)
    return Tried(
        {**given, "owners": [{"name": "Group", "contact": "group@example.org"}]}, {**given, "fixture_id": None}
    )


@refuses("register_asset", InvalidAssetAnchorError)
async def neither_parent_nor_facility(world: World) -> Tried:
    return Tried(
        {"name": "Eye", "tier": "Device", "model_id": UNKNOWN},
        {"parent_id": None, "facility_code": None},
        "either parent_id",
    )


@refuses("register_asset", InvalidAssetAnchorError)
async def both_parent_and_facility(world: World) -> Tried:
    return Tried(
        await _root(world, facility_code="nowhere", parent_id=UNKNOWN),
        {"parent_id": UNKNOWN, "facility_code": "nowhere"},
        "not both",
    )


@refuses("register_asset", FacilityNotFoundError)
async def an_unknown_facility(world: World) -> Tried:
    return Tried(await _root(world, facility_code="nowhere", model_id=UNKNOWN), {"id": "nowhere"}, "no facility")


@refuses("register_asset", ParentNotFoundError)
async def an_unknown_parent(world: World) -> Tried:
    return Tried(await _part(world, parent_id=UNKNOWN, model_id=UNKNOWN), {"id": UNKNOWN}, "register it first")


@refuses("register_asset", ParentIsDecommissionedError)
async def a_dead_parent(world: World) -> Tried:
    parent = await world.dead()
    return Tried(await _part(world, parent_id=parent, model_id=UNKNOWN), {"parent_id": parent}, "name another parent")


@refuses("register_asset", ModelNotFoundError)
async def an_unknown_model_comes_before_an_unknown_family(world: World) -> Tried:
    return Tried(await _part(world, model_id=UNKNOWN, family_ids=[UNKNOWN]), {"id": UNKNOWN}, "no model")


@refuses("register_asset", ModelDeprecatedError)
async def a_deprecated_model_comes_before_an_unknown_family(world: World) -> Tried:
    model = await world.deprecated_model()
    return Tried(await _part(world, model_id=model, family_ids=[UNKNOWN]), {"model_id": model}, "choose another")


@refuses("register_asset", FamilyDeprecatedError)
async def a_deprecated_family_comes_before_an_unknown_controller(world: World) -> Tried:
    family = await world.deprecated_family()
    families = [await world.any_family(), family]
    given = await _part(world, family_ids=families, controller_id=UNKNOWN)
    return Tried(given, {"family_id": family}, "choose another")


@refuses("register_asset", FamilyNotFoundError)
async def an_unknown_family_comes_before_an_unknown_controller(world: World) -> Tried:
    families = [await world.any_family(), UNKNOWN]
    return Tried(await _part(world, family_ids=families, controller_id=UNKNOWN), {"id": UNKNOWN}, "no family")


@refuses("register_asset", ControllerNotFoundError)
async def an_unknown_controller(world: World) -> Tried:
    given = await _part(world, model_id=await world.model(), family_ids=[await world.family()])
    return Tried({**given, "controller_id": UNKNOWN}, {"id": UNKNOWN}, "register it first")


@refuses("register_asset", ControllerIsDecommissionedError)
async def a_dead_controller(world: World) -> Tried:
    controller = await world.dead()
    given = await _part(world, model_id=await world.model(), family_ids=[await world.family()])
    return Tried({**given, "controller_id": controller}, {"controller_id": controller}, "name another controller")


@refuses("register_asset", AssetModelMismatchError)
async def a_family_that_the_model_does_not_declare(world: World) -> Tried:
    declared, model = await world.any_family(), await world.model()
    others = sorted([await world.family(), await world.family()])
    name = world.name("Eye")
    await world.asset(name=name)
    return Tried(
        await _root(world, name=name, model_id=model, family_ids=[others[1], declared, others[0]]),
        {"model_id": model, "family_id": others[0]},
        "add the family to the model first",
    )


@refuses("register_asset", AssetNameTakenError)
async def a_name_that_a_sibling_has_in_other_letters(world: World) -> Tried:
    parent = await world.asset()
    sibling = await world.asset(name="Straße", parent_id=parent)
    return Tried(
        await _part(world, name="STRASSE", parent_id=parent),
        {"name": "STRASSE", "existing_id": sibling},
        "choose another name",
    )


@refuses("register_asset", AssetNameTakenError)
async def a_used_name_comes_before_an_owner_twice(world: World) -> Tried:
    root = await world.asset(name="Taken root")
    return Tried(
        await _root(world, name="Taken root", owners=[{"name": "Group"}, {"name": "GROUP"}]),
        {"name": "Taken root", "existing_id": root},
        "choose another name",
    )


@does("register_asset", "AssetRegistered")
async def the_name_of_a_dead_sibling(world: World) -> Tried:
    name = world.name("Was")
    await world.dead(name=name)
    return Tried(await _root(world, name=name), {"name": name})


@refuses("register_asset", InvalidRequestError)
async def every_list_with_an_entry_twice(world: World) -> Tried:
    family = await world.any_family()
    port = {"direction": "Input", "signal_type": "ttl"}
    serial = {"kind": "SerialNumber", "value": "42"}
    manual = {"relation": "References", "scheme": "Handle", "value": "21.5/manual"}
    given = await _root(
        world,
        family_ids=[family, family],
        owners=[{"name": "Group"}, {"name": "Other"}, {"name": "group"}],
        alternate_identifiers=[serial, serial],
        ports=[{"name": "in", **port}, {"name": "in", **port}],
        related_identifiers=[manual, {**manual, "name": "Manual"}],
        subjects=[{"name": "optics"}, {"name": "OPTICS"}],
    )
    places = at(
        "/family_ids/1", "/owners/2", "/alternate_identifiers/1", "/ports/1", "/related_identifiers/1", "/subjects/1"
    )
    return Tried(given, {"errors": places}, "/family_ids/1")


@refuses("register_asset", InvalidRequestError)
async def all_that_is_wrong_with_its_shape(world: World) -> Tried:
    given = {
        "name": " ",
        "tier": "Gadget",
        "facility_code": "NOT A CODE",
        "owners": [{"name": "Group", "contact": "nobody"}],
        "alternate_identifiers": [{"kind": "Other", "value": "x"}],
    }
    places = at("/name", "/tier", "/facility_code", "/owners/0/contact", "/alternate_identifiers/0")
    return Tried(given, {"errors": places}, "/tier")


@pytest.mark.parametrize("case", CASES.refused, ids=str)
async def test_refused(world: World, case: Refused) -> None:
    await case.check(world)


@pytest.mark.parametrize("surface", SURFACES)
@pytest.mark.parametrize("case", CASES.done, ids=str)
async def test_done(world: World, case: Done, surface: str) -> None:
    await case.check(world, surface)
