"""What is said of an assembly, by `define_assembly` and `version_assembly` alike: its structure, and what makes it
hold together."""

from collections.abc import Hashable, Iterable, Iterator
from typing import Annotated
from uuid import UUID

from pydantic import Field

from cora.equipment.aggregates.assembly import (
    AssemblyContent,
    AssemblyNameTakenError,
    InvalidParameterOverridesSchemaError,
    WireReferencesUnknownSlotError,
    content_hash,
    wire_order,
)
from cora.equipment.aggregates.family import FamilyDeprecatedError, FamilyNotFoundError, require_usable
from cora.equipment.content.named_families import NamedFamilies
from cora.equipment.json_schema import schema_problems
from cora.equipment.values import Drawing, JsonObject, Name, TemplateSlot, TemplateWire
from cora.kernel.errors import InvalidRequestError, Refusal, Violation
from cora.kernel.slice import Command

REFUSALS: tuple[type[Refusal], ...] = (
    FamilyNotFoundError,
    FamilyDeprecatedError,
    InvalidRequestError,
    WireReferencesUnknownSlotError,
    InvalidParameterOverridesSchemaError,
    AssemblyNameTakenError,
)
"""What is refused of a structure, in order. That a name is used already, the claim on it tells."""


class AssemblyGiven(Command):
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


def checked_content(command: AssemblyGiven, named: NamedFamilies) -> AssemblyContent:
    """The structure in order and with its hash. Raises the refusals of a structure."""
    require_usable(command.family_ids(), named.families)
    _require_distinct(command)
    _require_slots(command)
    schema = command.parameter_overrides_schema
    if schema is not None:
        problems = schema_problems(schema, "/parameter_overrides_schema")
        if problems:
            raise InvalidParameterOverridesSchemaError(problems)
    slots = tuple(sorted(command.required_slots, key=lambda slot: slot.slot_name))
    wires = tuple(sorted(command.required_wires, key=wire_order))
    names = {id: family.name for id, family in named.families.items() if family is not None}
    return AssemblyContent(
        command.name,
        command.presents_as_family_id,
        content_hash(command.name, command.presents_as_family_id, slots, wires, schema, names),
        slots,
        wires,
        schema,
        command.drawing,
    )


def _require_distinct(command: AssemblyGiven) -> None:
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


def _require_slots(command: AssemblyGiven) -> None:
    known = {slot.slot_name for slot in command.required_slots}
    for wire in sorted(command.required_wires, key=wire_order):
        for name in (wire.source_slot_name, wire.target_slot_name):
            if name not in known:
                raise WireReferencesUnknownSlotError(name, tuple(sorted(known)))
