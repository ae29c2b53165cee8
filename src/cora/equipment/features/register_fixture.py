"""Record that an assembly was made real with particular assets, all of them installed. The fixture is a frozen
snapshot: when its composition changes, register a new one. Attach each asset afterwards with
attach_asset_to_fixture."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field

from cora.equipment.aggregates.assembly import (
    ASSEMBLY,
    Assembly,
    AssemblyCannotInstantiateError,
    AssemblyNotFoundError,
    wire_order,
)
from cora.equipment.aggregates.asset import ASSET
from cora.equipment.aggregates.asset.state import Asset, installation_claim, port_key
from cora.equipment.aggregates.fixture import (
    FIXTURE,
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
from cora.equipment.json_schema import schema_violations
from cora.equipment.values import (
    DefinitionStatus,
    Description,
    JsonObject,
    Name,
    PortDirection,
    SlotAssetBinding,
    SlotCardinality,
)
from cora.kernel.errors import Violation, pointer, told
from cora.kernel.principal import Role
from cora.kernel.reader import Reader
from cora.kernel.slice import Creation, decides


class RegisterFixture(Creation):
    """Which assembly is made real, and which asset fills which of its slots; a slot may be named more than once."""

    name: Name
    description: Description | None = None
    assembly_id: UUID
    slot_asset_bindings: Annotated[tuple[SlotAssetBinding, ...], Field(max_length=1000)]
    parameter_overrides: JsonObject = Field(default_factory=dict[str, Any])


@dataclass(frozen=True)
class Context:
    """The assembly, and of each bound asset its state and the mount that holds it."""

    assembly: Assembly | None
    assets: dict[UUID, Asset | None]
    mount_ids: dict[UUID, UUID | None]


async def load_context(command: RegisterFixture, read: Reader) -> Context:
    asset_ids = sorted({binding.asset_id for binding in command.slot_asset_bindings})
    await read.ahead(command.assembly_id, *asset_ids)
    return Context(
        assembly=await read.get(ASSEMBLY, command.assembly_id),
        assets={asset_id: await read.get(ASSET, asset_id) for asset_id in asset_ids},
        mount_ids={asset_id: await read.owner(installation_claim(asset_id)) for asset_id in asset_ids},
    )


@decides(
    "POST /fixtures",
    also=("POST /assemblies/{assembly_id}/fixtures",),
    on=FIXTURE,
    allow=Role.OPERATOR,
    refuses=(
        AssemblyNotFoundError,
        AssemblyCannotInstantiateError,
        FixtureAssetNotFoundError,
        FixtureAssetNotAttachableError,
        FixtureAssetNotInstalledError,
        FixtureMappingIncompleteError,
        FixtureAssetFamilyMismatchError,
        FixtureAssetBoundTwiceError,
        FixtureWireUnsatisfiedError,
        FixtureParameterOverridesInvalidError,
        FixtureNameTakenError,
    ),
    loads=load_context,
)
def register_fixture(command: RegisterFixture, context: Context) -> list[FixtureRegistered]:
    assembly = context.assembly
    if assembly is None:
        raise AssemblyNotFoundError(command.assembly_id)
    if assembly.status is DefinitionStatus.DEPRECATED:
        raise AssemblyCannotInstantiateError(assembly.id)
    assets = _installed_assets(context)
    bindings = command.slot_asset_bindings
    _require_slots_filled(assembly, bindings)
    _require_families(assembly, bindings, assets)
    _require_bound_once(bindings)
    _require_wires(assembly, bindings, assets)
    _require_overrides(assembly, command.parameter_overrides)
    return [
        FixtureRegistered(
            name=command.name,
            description=command.description,
            assembly_id=assembly.id,
            assembly_content_hash=assembly.content_hash,
            slot_asset_bindings=bindings,
            parameter_overrides=command.parameter_overrides,
        )
    ]


def _installed_assets(context: Context) -> dict[UUID, Asset]:
    """The bound assets by id. Each check names the smallest id that it refuses."""
    assets: dict[UUID, Asset] = {}
    for asset_id, asset in sorted(context.assets.items()):
        if asset is None:
            raise FixtureAssetNotFoundError(asset_id)
        assets[asset_id] = asset
    for asset in assets.values():
        if asset.is_decommissioned:
            raise FixtureAssetNotAttachableError(asset.id, asset.lifecycle)
    for asset_id in assets:
        if context.mount_ids[asset_id] is None:
            raise FixtureAssetNotInstalledError(asset_id)
    return assets


_WANTED = {
    SlotCardinality.EXACTLY_1: "exactly one",
    SlotCardinality.ZERO_OR_ONE: "at most one",
    SlotCardinality.ONE_OR_MORE: "at least one",
    SlotCardinality.ZERO_OR_MORE: "any number",
}


def _require_slots_filled(assembly: Assembly, bindings: Iterable[SlotAssetBinding]) -> None:
    bound = Counter(binding.slot_name for binding in bindings)
    slots = {slot.slot_name: slot for slot in assembly.required_slots}
    for name in sorted({*bound, *slots}):
        slot = slots.get(name)
        if slot is None:
            raise FixtureMappingIncompleteError(name, bound[name], "no such slot")
        if not slot.cardinality.admits(bound[name]):
            raise FixtureMappingIncompleteError(name, bound[name], _WANTED[slot.cardinality])


def _require_families(assembly: Assembly, bindings: Iterable[SlotAssetBinding], assets: dict[UUID, Asset]) -> None:
    slots = {slot.slot_name: slot for slot in assembly.required_slots}
    for binding in sorted(bindings, key=lambda binding: (binding.asset_id, binding.slot_name)):
        required = slots[binding.slot_name].required_family_ids
        if not set(required) & set(assets[binding.asset_id].family_ids):
            raise FixtureAssetFamilyMismatchError(binding.asset_id, binding.slot_name, tuple(required))


def _require_bound_once(bindings: Iterable[SlotAssetBinding]) -> None:
    slots_of: dict[UUID, list[str]] = {}
    for binding in bindings:
        slots_of.setdefault(binding.asset_id, []).append(binding.slot_name)
    for asset_id, names in sorted(slots_of.items()):
        if len(names) > 1:
            raise FixtureAssetBoundTwiceError(asset_id, tuple(sorted(names)))


def _require_wires(assembly: Assembly, bindings: Iterable[SlotAssetBinding], assets: dict[UUID, Asset]) -> None:
    filled: dict[str, list[Asset]] = {}
    for binding in bindings:
        filled.setdefault(binding.slot_name, []).append(assets[binding.asset_id])

    def signals(slot: str, port_name: str, direction: PortDirection) -> set[str]:
        return {
            port.signal_type
            for asset in filled[slot]
            for port in asset.ports
            if port_key(port.name) == port_key(port_name) and port.direction is direction
        }

    for wire in sorted(assembly.required_wires, key=wire_order):
        if wire.source_slot_name in filled and wire.target_slot_name in filled:
            sent = signals(wire.source_slot_name, wire.source_port_name, PortDirection.OUTPUT)
            taken = signals(wire.target_slot_name, wire.target_port_name, PortDirection.INPUT)
            if not sent & taken:
                raise FixtureWireUnsatisfiedError(*wire_order(wire))


def _require_overrides(assembly: Assembly, overrides: JsonObject) -> None:
    schema = assembly.parameter_overrides_schema
    if schema is None:
        says = "the assembly has no schema for parameter overrides"
        violations = told(Violation(pointer(("parameter_overrides", key)), says) for key in overrides)
    else:
        violations = told(
            Violation(pointer(("parameter_overrides",)) + broken.pointer, broken.detail)
            for broken in schema_violations(overrides, schema)
        )
    if violations:
        raise FixtureParameterOverridesInvalidError(violations)
