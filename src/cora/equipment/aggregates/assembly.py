"""An assembly: a reusable blueprint of a cluster of equipment."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import Any, assert_never, cast
from uuid import UUID

import rfc8785

from cora.equipment.values import DefinitionStatus, Drawing, TemplateSlot, TemplateWire, folded
from cora.kernel.aggregate import Aggregate, Claim, Event, Fact, Filter, Reference, same_fields
from cora.kernel.errors import ConflictError, InvalidError, InvalidRequestError, NotFoundError
from cora.kernel.search import Text, Weight


@dataclass(frozen=True)
class Assembly:
    """The structure of a cluster. `version` is the tag of its latest version; `presents_as` are ids of roles."""

    id: UUID
    name: str
    presents_as_family_id: UUID
    content_hash: str
    required_slots: tuple[TemplateSlot, ...] = ()
    required_wires: tuple[TemplateWire, ...] = ()
    parameter_overrides_schema: dict[str, Any] | None = None
    drawing: Drawing | None = None
    presents_as: tuple[UUID, ...] = ()
    status: DefinitionStatus = DefinitionStatus.DEFINED
    version: str | None = None


@dataclass(frozen=True)
class AssemblyContent:
    """What is said of an assembly as a whole: by its definition, and anew by each version."""

    name: str
    presents_as_family_id: UUID
    content_hash: str
    required_slots: tuple[TemplateSlot, ...] = ()
    required_wires: tuple[TemplateWire, ...] = ()
    parameter_overrides_schema: dict[str, Any] | None = None
    drawing: Drawing | None = None


@dataclass(frozen=True)
class AssemblyDefined(AssemblyContent, Event):
    """An assembly was defined."""


@dataclass(frozen=True)
class AssemblyVersioned(AssemblyContent, Event):
    """The assembly has another structure from now on, under the tag of a version."""

    tag: str = field(kw_only=True)


@dataclass(frozen=True)
class AssemblyDeprecated(Event):
    """The assembly makes no new fixtures."""

    reason: str


@dataclass(frozen=True)
class AssemblyPresentsAsAdded(Event):
    """The assembly fulfils a role."""

    role_id: UUID


@dataclass(frozen=True)
class AssemblyPresentsAsRemoved(Event):
    """The assembly no longer says that it fulfils a role."""

    role_id: UUID


AssemblyEvent = (
    AssemblyDefined | AssemblyVersioned | AssemblyDeprecated | AssemblyPresentsAsAdded | AssemblyPresentsAsRemoved
)


@dataclass(eq=False)
class AssemblyNotFoundError(NotFoundError):
    """There is no such assembly."""

    says = "There is no assembly {id}."


@dataclass(eq=False)
class AssemblyNameTakenError(ConflictError):
    """The name of an assembly is used once only, ignoring case."""

    says = "Assembly {existing_id} has the name {name!r} already; choose another name."
    name: str
    existing_id: UUID


@dataclass(eq=False)
class AssemblyCannotInstantiateError(ConflictError):
    """A deprecated assembly makes no new fixtures."""

    says = "Assembly {assembly_id} is deprecated; choose another."
    assembly_id: UUID


@dataclass(eq=False)
class AssemblyCannotVersionError(ConflictError):
    """A deprecated assembly gets no further version."""

    says = "Assembly {assembly_id} is deprecated and gets no further version; define another assembly."
    assembly_id: UUID


@dataclass(eq=False)
class AssemblyCannotDeprecateError(ConflictError):
    """An assembly is deprecated once."""

    says = "Assembly {assembly_id} is deprecated already."
    assembly_id: UUID


@dataclass(eq=False)
class AssemblyCannotUpdateError(ConflictError):
    """A deprecated assembly is not changed."""

    says = "Assembly {assembly_id} is deprecated and can no longer be changed."
    assembly_id: UUID


@dataclass(eq=False)
class AssemblyAlreadyPresentsAsError(ConflictError):
    """The assembly fulfils the role already."""

    says = "Assembly {assembly_id} presents as role {role_id} already."
    assembly_id: UUID
    role_id: UUID


@dataclass(eq=False)
class AssemblyDoesNotPresentAsError(ConflictError):
    """The assembly does not say that it fulfils the role."""

    says = "Assembly {assembly_id} does not present as role {role_id}."
    assembly_id: UUID
    role_id: UUID


@dataclass(eq=False)
class WireReferencesUnknownSlotError(InvalidError):
    """A wire leads from and to slots of the assembly."""

    says = "A wire names the slot {slot_name!r}, which the assembly does not have; it has {known_slots}."
    slot_name: str
    known_slots: tuple[str, ...]


@dataclass(eq=False)
class InvalidParameterOverridesSchemaError(InvalidRequestError):
    """The schema of the parameter overrides is not a JSON Schema that can be used."""


def content_hash(
    name: str,
    presents_as_family_id: UUID,
    required_slots: Iterable[TemplateSlot],
    required_wires: Iterable[TemplateWire],
    parameter_overrides_schema: Mapping[str, Any] | None,
    family_names: Mapping[UUID, str],
) -> str:
    """SHA-256 (hex) of the canonical JSON (RFC 8785) of a structure: the same structure has the same hash anywhere.

    Families count by their folded names, not by their ids.
    """
    structure = {
        "name": name,
        "presents_as_family": folded(family_names[presents_as_family_id]),
        "required_slots": [
            {
                "slot_name": slot.slot_name,
                "required_families": sorted(folded(family_names[id]) for id in slot.required_family_ids),
                "cardinality": slot.cardinality.value,
            }
            for slot in sorted(required_slots, key=lambda slot: slot.slot_name)
        ],
        "required_wires": [
            {
                "source_slot_name": wire.source_slot_name,
                "source_port_name": wire.source_port_name,
                "target_slot_name": wire.target_slot_name,
                "target_port_name": wire.target_port_name,
            }
            for wire in sorted(required_wires, key=wire_order)
        ],
        "parameter_overrides_schema": _with_doubles(parameter_overrides_schema),
    }
    return sha256(rfc8785.dumps(structure)).hexdigest()


def _with_doubles(value: Any) -> Any:
    """The value as RFC 8785 sees it: a number is an IEEE double, also where an integer is too large to be exact."""
    if isinstance(value, Mapping):
        return {key: _with_doubles(each) for key, each in cast("Mapping[str, Any]", value).items()}
    if isinstance(value, list | tuple):
        return [_with_doubles(each) for each in cast("list[Any]", value)]
    return float(value) if isinstance(value, int) and abs(value) >= 2**53 else value


def wire_order(wire: TemplateWire) -> tuple[str, str, str, str]:
    """The order in which wires are listed."""
    return wire.source_slot_name, wire.source_port_name, wire.target_slot_name, wire.target_port_name


def evolve(assembly: Assembly | None, event: AssemblyEvent, fact: Fact) -> Assembly:
    """The assembly after an event."""
    if isinstance(event, AssemblyDefined):
        return Assembly(fact.id, **same_fields(AssemblyContent, event))
    if assembly is None:
        raise TypeError(f"an assembly begins with AssemblyDefined, not with {type(event).__name__}")
    match event:
        case AssemblyVersioned():
            content = same_fields(AssemblyContent, event)
            return replace(assembly, **content, status=DefinitionStatus.VERSIONED, version=event.tag)
        case AssemblyDeprecated():
            return replace(assembly, status=DefinitionStatus.DEPRECATED)
        case AssemblyPresentsAsAdded(role_id):
            return replace(assembly, presents_as=(*assembly.presents_as, role_id))
        case AssemblyPresentsAsRemoved(role_id):
            return replace(assembly, presents_as=tuple(each for each in assembly.presents_as if each != role_id))
        case _:
            assert_never(event)


def require_updatable(assembly: Assembly) -> None:
    """Raises `AssemblyCannotUpdateError` for a deprecated assembly."""
    if assembly.status is DefinitionStatus.DEPRECATED:
        raise AssemblyCannotUpdateError(assembly.id)


def assembly_claim(name: str) -> Claim:
    """The claim by which an assembly is found by its name."""
    return Claim("assembly.name", folded(name))


def _claims(assembly: Assembly) -> list[Claim]:
    return [] if assembly.status is DefinitionStatus.DEPRECATED else [assembly_claim(assembly.name)]


def _claim_taken(_claim: Claim, assembly: Assembly, owner: UUID) -> ConflictError:
    return AssemblyNameTakenError(assembly.name, owner)


def _references(assembly: Assembly) -> list[Reference]:
    slot_families = sorted({id for slot in assembly.required_slots for id in slot.required_family_ids})
    return [
        Reference("assembly.presents_as_family_id", assembly.presents_as_family_id),
        *(Reference("assembly.required_slots", id) for id in slot_families),
        *(Reference("assembly.presents_as", id) for id in assembly.presents_as),
    ]


def _texts(assembly: Assembly) -> Iterable[Text]:
    yield Text("name", assembly.name, Weight.OWN)
    yield Text("content_hash", assembly.content_hash, Weight.OWN)
    if assembly.drawing is not None:
        yield Text("drawing", assembly.drawing.number)
    for slot in assembly.required_slots:
        yield Text("required_slots", slot.slot_name)
    for wire in assembly.required_wires:
        yield Text("required_wires", wire.source_port_name)
        yield Text("required_wires", wire.target_port_name)


ASSEMBLY = Aggregate(
    kind="assembly",
    collection="assemblies",
    state=Assembly,
    events=AssemblyEvent.__args__,
    evolve=evolve,
    not_found=AssemblyNotFoundError,
    references=_references,
    claims=_claims,
    claim_taken=_claim_taken,
    texts=_texts,
    filters={
        "name": Filter(("name",)),
        "status": Filter(("status",)),
        "content_hash": Filter(("content_hash",)),
        "presents_as_family_id": Filter(("presents_as_family_id",)),
    },
    sorts={"name": ("name",), "status": ("status",)},
)
