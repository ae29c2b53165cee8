from collections import Counter
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.equipment.strategies_asset import (
    ASSEMBLY_ID,
    ASSET_ID,
    FAMILY_ID,
    FIXTURE_ID,
    LATER,
    MOUNT_ID,
    OTHER_ID,
    a_dead_asset,
    a_fixture,
    an_active_asset,
    an_occupied_mount,
    decide,
    first_true,
    folds,
    mostly,
    numbered,
    refusal,
)

from cora.equipment.aggregates.assembly import ASSEMBLY, Assembly, AssemblyCannotInstantiateError, AssemblyNotFoundError
from cora.equipment.aggregates.asset import ASSET
from cora.equipment.aggregates.asset.state import Asset
from cora.equipment.aggregates.fixture import (
    FIXTURE,
    Fixture,
    FixtureAssetBoundTwiceError,
    FixtureAssetFamilyMismatchError,
    FixtureAssetNotAttachableError,
    FixtureAssetNotFoundError,
    FixtureAssetNotInstalledError,
    FixtureMappingIncompleteError,
    FixtureNameTakenError,
    FixtureParameterOverridesInvalidError,
    FixtureRegistered,
    FixtureWireUnsatisfiedError,
)
from cora.equipment.aggregates.mount import MOUNT
from cora.equipment.features.register_fixture import Context, RegisterFixture, register_fixture
from cora.equipment.json_schema import schema_violations
from cora.equipment.values import (
    DefinitionStatus,
    Port,
    PortDirection,
    SlotAssetBinding,
    SlotCardinality,
    TemplateSlot,
    TemplateWire,
)
from cora.kernel.aggregate import Claim, Fact, Reference, joined_ids

CAMERA_FAMILY = numbered(70)
OUT, IN = Port("pso_out", PortDirection.OUTPUT, "TTL"), Port("trigger_in", PortDirection.INPUT, "TTL")
ROTARY = an_active_asset(family_ids=(FAMILY_ID,), ports=(OUT,))
CAMERA = an_active_asset(id=OTHER_ID, name="Camera", family_ids=(CAMERA_FAMILY, numbered(71)), ports=(IN,))
WIRE = TemplateWire("rotation", "pso_out", "camera", "trigger_in")
TOWER = Assembly(
    ASSEMBLY_ID,
    "SampleTower",
    numbered(72),
    "a" * 64,
    required_slots=(
        TemplateSlot("rotation", (FAMILY_ID,)),
        TemplateSlot("camera", (CAMERA_FAMILY,), SlotCardinality.ZERO_OR_ONE),
    ),
    required_wires=(WIRE,),
    parameter_overrides_schema={"properties": {"speed": {"type": "number"}}, "additionalProperties": False},
)
BINDINGS = (SlotAssetBinding("rotation", ASSET_ID), SlotAssetBinding("camera", OTHER_ID))
MOUNTED = (MOUNT, an_occupied_mount()), (MOUNT, an_occupied_mount(OTHER_ID, id=numbered(50), slot_code="02-BM-B-CAM"))
ASSETS = (ASSET, ROTARY), (ASSET, CAMERA)


def fixture_of(*bindings: SlotAssetBinding, **given: Any) -> RegisterFixture:
    return RegisterFixture(name="Sample tower", assembly_id=ASSEMBLY_ID, slot_asset_bindings=bindings, **given)


async def register(command: RegisterFixture, *records: tuple[Any, Any], assembly: Assembly = TOWER) -> list[Any]:
    return list(await decide(register_fixture, command, (ASSEMBLY, assembly), *(records or (*ASSETS, *MOUNTED))))


async def test_a_fixture_is_a_snapshot_of_its_assembly() -> None:
    (event,) = await register(fixture_of(*BINDINGS, description="at 2-BM", parameter_overrides={"speed": 1}))
    assert event == FixtureRegistered("Sample tower", ASSEMBLY_ID, "a" * 64, BINDINGS, "at 2-BM", {"speed": 1})
    assert set(joined_ids(event)) == {ASSET_ID, OTHER_ID}
    fixture = folds(FIXTURE, None, [event], Fact(FIXTURE_ID, LATER))
    assert set(FIXTURE.references(fixture)) == {
        Reference("fixture.assembly_id", ASSEMBLY_ID),
        Reference("fixture.slot_asset_bindings", ASSET_ID),
        Reference("fixture.slot_asset_bindings", OTHER_ID),
    }
    assert list(FIXTURE.claims(fixture)) == [Claim("fixture.name", "sample tower")]


async def test_it_can_be_registered_under_its_assembly_too() -> None:
    assert [str(route) for route in register_fixture.__slice__.routes] == [  # type: ignore[attr-defined]
        "POST /fixtures",
        "POST /assemblies/{assembly_id}/fixtures",
    ]


async def test_an_unknown_assembly_is_refused() -> None:
    with pytest.raises(AssemblyNotFoundError):
        await decide(register_fixture, fixture_of(*BINDINGS))


async def test_a_deprecated_assembly_is_refused() -> None:
    with pytest.raises(AssemblyCannotInstantiateError):
        await register(fixture_of(*BINDINGS), assembly=replace(TOWER, status=DefinitionStatus.DEPRECATED))


UNKNOWN = tuple(SlotAssetBinding("rotation", numbered(number)) for number in (90, 80))


async def test_of_several_unknown_assets_the_smallest_id_is_named() -> None:
    with pytest.raises(FixtureAssetNotFoundError) as refused:
        await register(fixture_of(*BINDINGS, *UNKNOWN))
    assert refused.value.members() == {"id": numbered(80)}


async def test_of_several_decommissioned_assets_the_smallest_id_is_named() -> None:
    dead = tuple((ASSET, a_dead_asset(id=numbered(number))) for number in (80, 90))
    with pytest.raises(FixtureAssetNotAttachableError) as refused:
        await register(fixture_of(*UNKNOWN), *dead)
    assert refused.value.members() == {"asset_id": numbered(80), "lifecycle": "Decommissioned"}


async def test_of_several_assets_in_no_mount_the_smallest_id_is_named() -> None:
    loose = tuple((ASSET, an_active_asset(id=numbered(number))) for number in (80, 90))
    with pytest.raises(FixtureAssetNotInstalledError) as refused:
        await register(fixture_of(*UNKNOWN, *BINDINGS), *loose, *ASSETS, *MOUNTED)
    assert refused.value.members() == {"asset_id": numbered(80)}


async def test_an_unknown_slot_is_refused_in_name_order() -> None:
    with pytest.raises(FixtureMappingIncompleteError) as refused:
        await register(fixture_of(SlotAssetBinding("zoom", ASSET_ID), SlotAssetBinding("base", OTHER_ID)))
    assert refused.value.members() == {"slot_name": "base", "bound": 1, "wanted": "no such slot"}


async def test_an_empty_slot_is_refused() -> None:
    with pytest.raises(FixtureMappingIncompleteError) as refused:
        await register(fixture_of(BINDINGS[1]))
    assert refused.value.members() == {"slot_name": "rotation", "bound": 0, "wanted": "exactly one"}


async def test_an_optional_slot_may_stay_empty_and_its_wires_with_it() -> None:
    assert await register(fixture_of(BINDINGS[0]))


async def test_an_asset_of_another_family_is_refused() -> None:
    bindings = SlotAssetBinding("rotation", OTHER_ID), SlotAssetBinding("camera", ASSET_ID)
    with pytest.raises(FixtureAssetFamilyMismatchError) as refused:
        await register(fixture_of(*bindings))
    assert refused.value.members() == {
        "asset_id": ASSET_ID,
        "slot_name": "camera",
        "required_family_ids": (CAMERA_FAMILY,),
    }


async def test_an_asset_in_two_slots_is_refused() -> None:
    both = replace(ROTARY, family_ids=(FAMILY_ID, CAMERA_FAMILY))
    bindings = SlotAssetBinding("rotation", ASSET_ID), SlotAssetBinding("camera", ASSET_ID)
    with pytest.raises(FixtureAssetBoundTwiceError) as refused:
        await register(fixture_of(*bindings), (ASSET, both), *MOUNTED)
    assert refused.value.members() == {"asset_id": ASSET_ID, "slot_names": ("camera", "rotation")}


@pytest.mark.parametrize(
    ("sender", "receiver"),
    [
        ((), (IN,)),
        ((OUT,), ()),
        ((replace(OUT, direction=PortDirection.INPUT),), (IN,)),
        ((OUT,), (replace(IN, direction=PortDirection.OUTPUT),)),
        ((OUT,), (replace(IN, signal_type="LVDS"),)),
        ((replace(OUT, name="other_out"),), (IN,)),
    ],
)
async def test_a_wire_without_matching_ports_is_refused(sender: tuple[Port, ...], receiver: tuple[Port, ...]) -> None:
    assets = (ASSET, replace(ROTARY, ports=sender)), (ASSET, replace(CAMERA, ports=receiver))
    with pytest.raises(FixtureWireUnsatisfiedError) as refused:
        await register(fixture_of(*BINDINGS), *assets, *MOUNTED)
    assert refused.value.members() == {
        "source_slot_name": "rotation",
        "source_port_name": "pso_out",
        "target_slot_name": "camera",
        "target_port_name": "trigger_in",
    }


async def test_one_matching_asset_in_each_slot_satisfies_a_wire() -> None:
    slots = (replace(TOWER.required_slots[0], cardinality=SlotCardinality.ONE_OR_MORE), TOWER.required_slots[1])
    silent = an_active_asset(id=numbered(80), family_ids=(FAMILY_ID,))
    mounted = (MOUNT, an_occupied_mount(silent.id, id=numbered(81), slot_code="02-BM-B-2"))
    bindings = (SlotAssetBinding("rotation", silent.id), *BINDINGS)
    records = *ASSETS, (ASSET, silent), *MOUNTED, mounted
    assert await register(fixture_of(*bindings), *records, assembly=replace(TOWER, required_slots=slots))


async def test_overrides_must_satisfy_the_schema() -> None:
    with pytest.raises(FixtureParameterOverridesInvalidError) as refused:
        await register(fixture_of(*BINDINGS, parameter_overrides={"speed": "fast"}))
    assert [violation.pointer for violation in refused.value.errors] == ["/parameter_overrides/speed"]


async def test_without_a_schema_there_are_no_overrides() -> None:
    plain = replace(TOWER, parameter_overrides_schema=None)
    assert await register(fixture_of(*BINDINGS), assembly=plain)
    with pytest.raises(FixtureParameterOverridesInvalidError):
        await register(fixture_of(*BINDINGS, parameter_overrides={"speed": 1}), assembly=plain)


def test_a_taken_name_is_refused_by_its_claim() -> None:
    refused = FIXTURE.claim_taken(Claim("fixture.name", "sample tower"), a_fixture(), OTHER_ID)
    assert isinstance(refused, FixtureNameTakenError)
    assert refused.members() == {"name": "Sample tower", "existing_id": OTHER_ID}


slot_names = st.sampled_from(["rotation", "camera"])
asset_ids = st.sampled_from([numbered(number) for number in range(1, 5)])
some_ports = st.lists(st.sampled_from([OUT, IN, replace(IN, signal_type="LVDS")]), max_size=2).map(tuple)


@given(st.data())
def test_refusals_come_in_the_order_of_the_row(data: st.DataObject) -> None:
    draw = data.draw
    bindings = draw(
        mostly(BINDINGS, ()) | st.lists(st.builds(SlotAssetBinding, slot_names, asset_ids), max_size=3).map(tuple)
    )
    overrides: dict[str, Any] = draw(mostly({"speed": 1}, {}, {"speed": "fast"}))
    command = fixture_of(*bindings, parameter_overrides=overrides)
    slots = tuple(
        TemplateSlot(name, (family,), draw(mostly(SlotCardinality.ZERO_OR_MORE, *SlotCardinality)))
        for name, family in (("rotation", FAMILY_ID), ("camera", CAMERA_FAMILY))
        if draw(mostly(True, False))
    )
    wires = (WIRE,) if draw(st.booleans()) else ()
    usual = replace(TOWER, required_slots=slots, required_wires=wires)
    assembly = draw(mostly(usual, None, replace(usual, status=DefinitionStatus.DEPRECATED)))
    of_both = (FAMILY_ID, CAMERA_FAMILY)
    assets: dict[UUID, Asset | None] = {
        binding.asset_id: draw(mostly(make(id=binding.asset_id, family_ids=family_ids, ports=has), None))
        for binding in bindings
        for make in [draw(mostly(an_active_asset, a_dead_asset))]
        for family_ids in [draw(mostly(of_both, (FAMILY_ID,), ()))]
        for has in [draw(some_ports)]
    }
    mount_ids = {id: draw(mostly(MOUNT_ID, None)) for id in assets}
    context = Context(assembly, assets, mount_ids)

    def carries(slot: str, port: str, direction: PortDirection) -> set[str]:
        bound = [assets[binding.asset_id] for binding in bindings if binding.slot_name == slot]
        every = [each for asset in bound if asset for each in asset.ports]
        return {each.signal_type for each in every if (each.name, each.direction) == (port, direction)}

    found = [asset for asset in assets.values() if asset]
    counts = Counter(binding.slot_name for binding in bindings)
    known = {slot.slot_name: slot for slot in slots}
    misfits = [
        name for name in {*counts, *known} if name not in known or not known[name].cardinality.admits(counts[name])
    ]
    strangers = [
        binding
        for binding in bindings
        if binding.slot_name in known
        and (asset := assets[binding.asset_id])
        and not set(known[binding.slot_name].required_family_ids) & set(asset.family_ids)
    ]
    both_filled = {"rotation", "camera"} <= set(counts)
    connected = carries("rotation", "pso_out", PortDirection.OUTPUT) & carries(
        "camera", "trigger_in", PortDirection.INPUT
    )
    refused = refusal(register_fixture, command=command, context=context)
    assert refused is first_true(
        (assembly is None, AssemblyNotFoundError),
        (assembly is not None and assembly.status is DefinitionStatus.DEPRECATED, AssemblyCannotInstantiateError),
        (None in assets.values(), FixtureAssetNotFoundError),
        (any(asset.is_decommissioned for asset in found), FixtureAssetNotAttachableError),
        (None in mount_ids.values(), FixtureAssetNotInstalledError),
        (bool(misfits), FixtureMappingIncompleteError),
        (bool(strangers), FixtureAssetFamilyMismatchError),
        (len(assets) < len(bindings), FixtureAssetBoundTwiceError),
        (bool(wires) and both_filled and not connected, FixtureWireUnsatisfiedError),
        (
            any(schema_violations(overrides, TOWER.parameter_overrides_schema or {})),
            FixtureParameterOverridesInvalidError,
        ),
    )
    if not refused:
        after = folds(FIXTURE, None, register_fixture(command, context), Fact(FIXTURE_ID, LATER))
        assert after == Fixture(
            FIXTURE_ID, "Sample tower", ASSEMBLY_ID, "a" * 64, bindings, LATER, parameter_overrides=overrides
        )
