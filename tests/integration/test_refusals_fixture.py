"""Registering and retiring fixtures: what is carried out, and every refusal of the rows in its order."""

from collections.abc import AsyncGenerator
from typing import Any

import pytest
from tests.integration.refusals import SURFACES, Cases, Done, Refused, Tried, at
from tests.integration.scenario import UNKNOWN, World, eye
from tests.integration.surfaces import surfaces

from cora.equipment.aggregates.assembly import AssemblyCannotInstantiateError, AssemblyNotFoundError
from cora.equipment.aggregates.fixture import (
    FixtureAssetBoundTwiceError,
    FixtureAssetFamilyMismatchError,
    FixtureAssetNotAttachableError,
    FixtureAssetNotFoundError,
    FixtureAssetNotInstalledError,
    FixtureHasAttachedAssetsError,
    FixtureIsRetiredError,
    FixtureMappingIncompleteError,
    FixtureNameTakenError,
    FixtureParameterOverridesInvalidError,
    FixtureWireUnsatisfiedError,
)
from cora.surfaces.start import Opened

CASES = Cases()
refuses, does = CASES.refuses, CASES.does


@pytest.fixture(scope="module")
async def world(module_cora: Opened) -> AsyncGenerator[World]:
    async with surfaces(module_cora) as shown:
        yield World(shown)


_WIRE = {
    "source_slot_name": "clock",
    "source_port_name": "out",
    "target_slot_name": "eye",
    "target_port_name": "in",
}
_ENERGY = {"type": "object", "properties": {"energy": {"type": "number", "maximum": 60}}}


def _port(name: str, direction: str, signal_type: str = "ttl") -> dict[str, str]:
    return {"name": name, "direction": direction, "signal_type": signal_type}


async def _fixture(world: World, *assets: str, **given: Any) -> dict[str, Any]:
    assembly = given.pop("assembly_id", None) or await world.assembly()
    fresh = {"name": world.name("Fixture"), "assembly_id": assembly}
    return {**fresh, "slot_asset_bindings": eye(*assets), **given}


def _bound(**slots: str) -> list[dict[str, str]]:
    return [{"slot_name": slot, "asset_id": asset} for slot, asset in slots.items()]


@does("register_fixture", "FixtureRegistered")
async def with_its_slot_filled(world: World) -> Tried:
    given = await _fixture(world, await world.installed())
    return Tried(given, {**given, "persistent_id": None, "retired_at": None})


@does("register_fixture", "FixtureRegistered")
async def with_wires_and_overrides(world: World) -> Tried:
    assembly = await world.in_slots("eye", "clock", required_wires=[_WIRE], parameter_overrides_schema=_ENERGY)
    bindings = _bound(
        eye=await world.installed(ports=[_port("in", "Input")]),
        clock=await world.installed(ports=[_port("out", "Output")]),
    )
    given = await _fixture(
        world, assembly_id=assembly, slot_asset_bindings=bindings, parameter_overrides={"energy": 25}
    )
    return Tried(given, {"slot_asset_bindings": bindings, "parameter_overrides": {"energy": 25}})


@refuses("register_fixture", AssemblyNotFoundError)
async def an_unknown_assembly_comes_before_an_unknown_asset(world: World) -> Tried:
    return Tried(await _fixture(world, UNKNOWN, assembly_id=UNKNOWN), {"id": UNKNOWN}, "no assembly")


@refuses("register_fixture", AssemblyCannotInstantiateError)
async def a_deprecated_assembly_comes_before_an_unknown_asset(world: World) -> Tried:
    assembly = await world.deprecated_assembly()
    given = await _fixture(world, UNKNOWN, assembly_id=assembly)
    return Tried(given, {"assembly_id": assembly}, "choose another")


@refuses("register_fixture", FixtureAssetNotFoundError)
async def an_unknown_asset_comes_before_a_dead_one(world: World) -> Tried:
    return Tried(await _fixture(world, await world.dead(), UNKNOWN), {"id": UNKNOWN}, "register it first")


@refuses("register_fixture", FixtureAssetNotAttachableError)
async def a_dead_asset_comes_before_one_in_no_mount(world: World) -> Tried:
    loose, dead = await world.active(), sorted([await world.dead(), await world.dead()])
    return Tried(
        await _fixture(world, loose, dead[1], dead[0]),
        {"asset_id": dead[0], "lifecycle": "Decommissioned"},
        "bind another asset",
    )


@refuses("register_fixture", FixtureAssetNotInstalledError)
async def an_asset_in_no_mount_comes_before_an_unknown_slot(world: World) -> Tried:
    loose = sorted([await world.active(), await world.active()])
    bindings = [*_bound(nose=loose[1]), *_bound(nose=loose[0])]
    return Tried(await _fixture(world, slot_asset_bindings=bindings), {"asset_id": loose[0]}, "install it first")


@refuses("register_fixture", FixtureMappingIncompleteError)
async def an_empty_slot(world: World) -> Tried:
    return Tried(await _fixture(world), {"slot_name": "eye", "bound": 0, "wanted": "exactly one"}, "wants exactly one")


@refuses("register_fixture", FixtureMappingIncompleteError)
async def two_in_a_slot_for_one(world: World) -> Tried:
    foreign = await world.installed(family_ids=[await world.family()])
    return Tried(
        await _fixture(world, await world.installed(), foreign),
        {"slot_name": "eye", "bound": 2, "wanted": "exactly one"},
        "wants exactly one",
    )


@refuses("register_fixture", FixtureMappingIncompleteError)
async def of_several_slots_the_first_by_name(world: World) -> Tried:
    bindings = _bound(nose=await world.installed(), ear=await world.installed())
    return Tried(
        await _fixture(world, slot_asset_bindings=bindings),
        {"slot_name": "ear", "bound": 1, "wanted": "no such slot"},
        "no such slot",
    )


@refuses("register_fixture", FixtureAssetFamilyMismatchError)
async def a_foreign_asset_comes_before_one_bound_twice(world: World) -> Tried:
    assembly = await world.in_slots("eye", "ear")
    foreign = await world.installed(family_ids=[await world.family()])
    bindings = _bound(eye=foreign, ear=foreign)
    return Tried(
        await _fixture(world, assembly_id=assembly, slot_asset_bindings=bindings),
        {"asset_id": foreign, "slot_name": "ear", "required_family_ids": [await world.any_family()]},
        "bind another or add the family",
    )


@refuses("register_fixture", FixtureAssetBoundTwiceError)
async def an_asset_in_two_slots(world: World) -> Tried:
    assembly = await world.in_slots("eye", "clock", required_wires=[_WIRE])
    asset = await world.installed()
    return Tried(
        await _fixture(world, assembly_id=assembly, slot_asset_bindings=_bound(eye=asset, clock=asset)),
        {"asset_id": asset, "slot_names": ["clock", "eye"]},
        "leave it in one slot",
    )


@refuses("register_fixture", FixtureWireUnsatisfiedError)
async def a_wire_between_ports_of_different_signals(world: World) -> Tried:
    assembly = await world.in_slots("eye", "clock", required_wires=[_WIRE])
    bindings = _bound(
        eye=await world.installed(ports=[_port("in", "Input")]),
        clock=await world.installed(ports=[_port("out", "Output", "analog")]),
    )
    given = await _fixture(world, assembly_id=assembly, slot_asset_bindings=bindings)
    return Tried({**given, "parameter_overrides": {"energy": 25}}, _WIRE, "add the ports first")


@refuses("register_fixture", FixtureParameterOverridesInvalidError)
async def overrides_without_a_schema(world: World) -> Tried:
    given = await _fixture(world, await world.installed(), parameter_overrides={"energy": 25})
    return Tried(given, {"errors": at("/parameter_overrides/energy")}, "no schema for parameter overrides")


@refuses("register_fixture", FixtureParameterOverridesInvalidError)
async def overrides_that_break_the_schema_come_before_a_used_name(world: World) -> Tried:
    await world.fixture(name="Used")
    assembly = await world.in_slots("eye", parameter_overrides_schema=_ENERGY)
    given = await _fixture(world, await world.installed(), name="Used", assembly_id=assembly)
    return Tried({**given, "parameter_overrides": {"energy": 61}}, {"errors": at("/parameter_overrides/energy")}, "60")


@refuses("register_fixture", FixtureNameTakenError)
async def a_fixture_of_its_name(world: World) -> Tried:
    fixture = await world.fixture(name="Sample tower")
    given = await _fixture(world, await world.installed(), name="SAMPLE TOWER")
    return Tried(given, {"name": "SAMPLE TOWER", "existing_id": fixture}, "choose another name")


@does("register_fixture", "FixtureRegistered")
async def with_a_name_that_was_freed(world: World) -> Tried:
    name, asset = world.name("Freed"), await world.installed()
    await world.retired(asset, name=name)
    return Tried(await _fixture(world, asset, name=name), {"name": name})


@does("retire_fixture", "FixtureRetired")
async def one_whose_assets_are_detached(world: World) -> Tried:
    asset, fixture = await world.attached()
    await world.do("detach_asset_from_fixture", asset_id=asset, fixture_id=fixture)
    return Tried({"fixture_id": fixture, "reason": "rebuilt"}, {"slot_asset_bindings": eye(asset)})


@refuses("retire_fixture", FixtureIsRetiredError)
async def one_that_is_retired(world: World) -> Tried:
    fixture = await world.retired()
    return Tried({"fixture_id": fixture, "reason": "rebuilt"}, {"fixture_id": fixture}, "register a new one")


@refuses("retire_fixture", FixtureHasAttachedAssetsError)
async def one_with_attached_assets(world: World) -> Tried:
    bound = {slot: await world.installed() for slot in ("eye", "ear")}
    assembly = await world.in_slots(*bound)
    fixture = await world.fixture(assembly_id=assembly, slot_asset_bindings=_bound(**bound))
    for asset in bound.values():
        await world.do("attach_asset_to_fixture", asset_id=asset, fixture_id=fixture)
    members = {"fixture_id": fixture, "asset_id": min(bound.values())}
    return Tried({"fixture_id": fixture, "reason": "rebuilt"}, members, "detach it and any other first")


async def test_it_is_registered_by_the_address_of_its_assembly_too(world: World) -> None:
    given = await _fixture(world, await world.installed())
    assembly = given.pop("assembly_id")
    web = world.surfaces.web[max(world.surfaces.web)]
    answer = await web.post(f"/assemblies/{assembly}/fixtures", json=given)
    assert answer.status_code == 201
    assert answer.json()["state"]["assembly_id"] == assembly
    assert answer.headers["Location"] == f"/fixtures/{answer.json()['id']}"
    refused = await web.post(f"/assemblies/{UNKNOWN}/fixtures", json=given)
    assert (refused.status_code, refused.json()["code"]) == (404, "AssemblyNotFound")


@pytest.mark.parametrize("case", CASES.refused, ids=str)
async def test_refused(world: World, case: Refused) -> None:
    await case.check(world)


@pytest.mark.parametrize("surface", SURFACES)
@pytest.mark.parametrize("case", CASES.done, ids=str)
async def test_done(world: World, case: Done, surface: str) -> None:
    await case.check(world, surface)
