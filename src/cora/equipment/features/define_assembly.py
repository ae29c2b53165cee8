"""Define an assembly: a blueprint of a cluster of equipment, with slots for families and wires between their ports."""

from collections.abc import Hashable, Iterable, Iterator
from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from pydantic import Field

from cora.equipment.aggregates.assembly import (
    ASSEMBLY,
    AssemblyDefined,
    AssemblyNameTakenError,
    InvalidParameterOverridesSchemaError,
    WireReferencesUnknownSlotError,
    content_hash,
    wire_order,
)
from cora.equipment.aggregates.family import (
    FAMILY,
    Family,
    FamilyDeprecatedError,
    FamilyNotFoundError,
    require_usable,
)
from cora.equipment.json_schema import schema_problems
from cora.equipment.values import Drawing, JsonObject, Name, TemplateSlot, TemplateWire
from cora.kernel.errors import InvalidRequestError, Violation
from cora.kernel.principal import Role
from cora.kernel.reader import Reader
from cora.kernel.slice import Creation, decides


class DefineAssembly(Creation):
    """The structure of a cluster."""

    name: Name
    presents_as_family_id: UUID
    required_slots: Annotated[tuple[TemplateSlot, ...], Field(max_length=200)] = ()
    required_wires: Annotated[tuple[TemplateWire, ...], Field(max_length=2000)] = ()
    parameter_overrides_schema: JsonObject | None = None
    drawing: Drawing | None = None

    def family_ids(self) -> set[UUID]:
        """Every family that the structure names."""
        return {self.presents_as_family_id, *(id for slot in self.required_slots for id in slot.required_family_ids)}


@dataclass(frozen=True)
class Context:
    """The families that the structure names, by id."""

    families: dict[UUID, Family | None]


async def load_context(command: DefineAssembly, read: Reader) -> Context:
    family_ids = sorted(command.family_ids())
    await read.ahead(*family_ids)
    return Context({id: await read.get(FAMILY, id) for id in family_ids})


@decides(
    "POST /assemblies",
    on=ASSEMBLY,
    allow=Role.STEWARD,
    refuses=(
        FamilyNotFoundError,
        FamilyDeprecatedError,
        InvalidRequestError,
        WireReferencesUnknownSlotError,
        InvalidParameterOverridesSchemaError,
        AssemblyNameTakenError,
    ),
    loads=load_context,
)
def define_assembly(command: DefineAssembly, context: Context) -> list[AssemblyDefined]:
    require_usable(command.family_ids(), context.families)
    _require_distinct(command)
    _require_slots(command)
    if command.parameter_overrides_schema is not None:
        problems = schema_problems(command.parameter_overrides_schema, "/parameter_overrides_schema")
        if problems:
            raise InvalidParameterOverridesSchemaError(problems)
    slots = tuple(sorted(command.required_slots, key=lambda slot: slot.slot_name))
    wires = tuple(sorted(command.required_wires, key=wire_order))
    names = {id: family.name for id, family in context.families.items() if family is not None}
    schema = command.parameter_overrides_schema
    return [
        AssemblyDefined(
            command.name,
            command.presents_as_family_id,
            content_hash(command.name, command.presents_as_family_id, slots, wires, schema, names),
            slots,
            wires,
            schema,
            command.drawing,
        )
    ]


def _require_distinct(command: DefineAssembly) -> None:
    slot_names = [slot.slot_name for slot in command.required_slots]
    violations = [
        Violation(f"/required_slots/{index}/slot_name", f"the slot {slot_names[index]!r} is there already")
        for index in _repeated(slot_names)
    ]
    violations += [
        Violation(f"/required_wires/{index}", "the wire is there already")
        for index in _repeated(command.required_wires)
    ]
    if violations:
        raise InvalidRequestError(tuple(violations))


def _repeated(entries: Iterable[Hashable]) -> Iterator[int]:
    """Where something stands that stood before."""
    seen: set[Hashable] = set()
    for index, entry in enumerate(entries):
        if entry in seen:
            yield index
        seen.add(entry)


def _require_slots(command: DefineAssembly) -> None:
    known = {slot.slot_name for slot in command.required_slots}
    for wire in sorted(command.required_wires, key=wire_order):
        for name in (wire.source_slot_name, wire.target_slot_name):
            if name not in known:
                raise WireReferencesUnknownSlotError(name, tuple(sorted(known)))
