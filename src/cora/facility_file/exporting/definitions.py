"""Facilities, roles, families, models and assemblies: the words in which everything else is described."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any
from uuid import UUID

from cora.equipment.aggregates.assembly import Assembly, content_hash, wire_order
from cora.equipment.aggregates.facility import Facility
from cora.equipment.aggregates.family import Family
from cora.equipment.aggregates.model import Model
from cora.equipment.aggregates.role import Role
from cora.equipment.features.define_role import SEEDED_ROLES
from cora.equipment.paths import joined_path
from cora.equipment.values import (
    AgentIdentifier,
    DefinitionStatus,
    Drawing,
    Manufacturer,
    SlotCardinality,
    Term,
    folded,
)
from cora.facility_file.exporting.text import can_be_held, in_order
from cora.facility_file.port import Record

Key = tuple[str, ...]
Entry = dict[str, Any]

_SEEDED = frozenset(folded(role.name) for role in SEEDED_ROLES)


class Definitions:
    """The definitions of one kind.

    A file knows them by name alone, and a name may have had several: it means
    the one that is not deprecated, else the newest.
    """

    def __init__(self, names: Callable[[Any], Key]) -> None:
        self._names = names
        self._records: dict[UUID, Record] = {}
        self._meant: dict[Key, UUID] = {}
        self._used: set[UUID] = set()
        self._replaced: set[UUID] = set()

    def add(self, record: Record) -> None:
        """Take in a definition."""
        self._records[record.id] = record
        key = self._key(record)
        now = self._meant.setdefault(key, record.id)
        if _rank(record) > _rank(self._records[now]):
            self._meant[key] = record.id

    def meant(self, id: UUID) -> Record:
        """The definition that the name of this one means."""
        return self._records[self._meant[self._key(self._records[id])]]

    def use(self, id: UUID) -> Record:
        """The definition that the name of this one means; it will be written."""
        record = self.meant(id)
        self._used.add(record.id)
        if record.id != id:
            self._replaced.add(id)
        return record

    def is_used(self, id: UUID) -> bool:
        """Whether something that is written uses it."""
        return id in self._used

    def is_replaced(self, id: UUID) -> bool:
        """Whether something that is written uses it, and names another instead."""
        return id in self._replaced

    def written(self, *, whole: bool) -> list[Record]:
        """Those that are used, and with `whole` all that are not deprecated, in the order of their names."""
        return [
            self._records[id]
            for _, id in sorted(self._meant.items())
            if id in self._used or (whole and not is_deprecated(self._records[id]))
        ]

    def label(self, record: Record) -> str:
        """How messages name it."""
        return joined_path(*self._names(record.state))

    def __iter__(self) -> Iterator[Record]:
        return iter(self._records.values())

    def _key(self, record: Record) -> Key:
        return tuple(map(folded, self._names(record.state)))


def _rank(record: Record) -> tuple[bool, Any, str]:
    return not is_deprecated(record), record.created_at, str(record.id)


def is_deprecated(record: Record) -> bool:
    """Whether it takes nothing new."""
    return getattr(record.state, "status", None) is DefinitionStatus.DEPRECATED


def named(state: Any) -> Key:
    """The name of a role, a family or an assembly."""
    return (state.name,)


def names_of_model(model: Model) -> Key:
    """Maker and part number."""
    return model.manufacturer.name, model.part_number


def is_seeded(role: Role) -> bool:
    """Whether every database has this role."""
    return folded(role.name) in _SEEDED


def put(entry: Entry, **members: Any) -> None:
    """Add the members that say something."""
    entry.update({key: value for key, value in members.items() if value not in (None, (), [], {}, "")})


def facility_entry(facility: Facility, contact: str | None) -> Entry:
    """A facility, without its date."""
    entry: Entry = {"code": facility.code, "name": facility.name}
    put(entry, identifier=_identifier(facility.identifier), contact=contact, website=facility.website)
    return entry


def role_entry(role: Role) -> Entry:
    """A role, without its date."""
    entry: Entry = {"name": role.name, "docstring": role.docstring}
    put(
        entry,
        required_affordances=_texts(role.required_affordances),
        optional_affordances=_texts(role.optional_affordances),
        produces=_texts(role.produces),
        consumes=_texts(role.consumes),
    )
    return entry


def family_entry(family: Family, roles: Definitions) -> Entry:
    """A family, without its date."""
    entry: Entry = {"name": family.name}
    put(
        entry,
        version=family.version,
        description=family.description,
        affordances=_texts(family.affordances),
        presents_as=names_in_order(roles, family.presents_as),
        term=family.term and term_entry(family.term),
        measured_variables=list(map(term_entry, family.measured_variables)),
        measurement_techniques=list(map(term_entry, family.measurement_techniques)),
    )
    if family.settings_schema is not None and can_be_held(family.settings_schema):
        entry["settings_schema"] = in_order(family.settings_schema)
    return entry


def model_entry(model: Model, families: Definitions) -> Entry:
    """A model, without its date."""
    entry: Entry = {
        "name": model.name,
        "manufacturer": _manufacturer(model.manufacturer),
        "part_number": model.part_number,
    }
    put(
        entry,
        further_manufacturers=list(map(_manufacturer, model.further_manufacturers)),
        version=model.version,
        families=names_in_order(families, model.declared_family_ids),
        description=model.description,
        website=model.website,
        identifier=_identifier(model.identifier),
    )
    return entry


def assembly_entry(assembly: Assembly, families: Definitions, roles: Definitions) -> Entry:
    """An assembly, without its date."""
    slots: Entry = {}
    for slot in assembly.required_slots:
        slots[slot.slot_name] = {"families": names_in_order(families, slot.required_family_ids)}
        if slot.cardinality is not SlotCardinality.EXACTLY_1:
            slots[slot.slot_name]["cardinality"] = slot.cardinality
    entry: Entry = {
        "name": assembly.name,
        "presents_as_family": families.meant(assembly.presents_as_family_id).state.name,
    }
    put(
        entry,
        version=assembly.version,
        presents_as=names_in_order(roles, assembly.presents_as),
        slots=slots,
        wires=[
            f"{wire.source_slot_name}.{wire.source_port_name} -> {wire.target_slot_name}.{wire.target_port_name}"
            for wire in sorted(assembly.required_wires, key=wire_order)
        ],
    )
    schema = assembly.parameter_overrides_schema
    if schema is not None and can_be_held(schema):
        entry["parameter_overrides_schema"] = in_order(schema)
    put(entry, drawing=drawing_entry(assembly.drawing))
    return entry


def keeps_its_hash(assembly: Assembly, families: Definitions) -> bool:
    """Whether what is written of an assembly has the content hash that it has here."""
    ids = {assembly.presents_as_family_id, *(id for slot in assembly.required_slots for id in slot.required_family_ids)}
    names: Mapping[UUID, str] = {id: families.meant(id).state.name for id in ids}
    return assembly.content_hash == content_hash(
        assembly.name,
        assembly.presents_as_family_id,
        assembly.required_slots,
        assembly.required_wires,
        assembly.parameter_overrides_schema,
        names,
    )


def drawing_entry(drawing: Drawing | None) -> Entry | None:
    """A drawing."""
    if drawing is None:
        return None
    entry: Entry = {"system": drawing.system, "number": drawing.number}
    put(entry, revision=drawing.revision)
    return entry


def owner_entry(name: str, contact: str | None, identifier: AgentIdentifier | None) -> Entry:
    """An owner."""
    entry: Entry = {"name": name}
    put(entry, contact=contact, identifier=_identifier(identifier))
    return entry


def term_entry(term: Term) -> Entry:
    """A term of a vocabulary."""
    entry: Entry = {"name": term.name}
    put(entry, identifier=term.identifier, scheme=term.scheme)
    return entry


def names_in_order(definitions: Definitions, ids: tuple[UUID, ...]) -> list[str]:
    """The names of definitions, each once, in order."""
    return sorted({definitions.meant(id).state.name for id in ids}, key=lambda name: (folded(name), name))


def _manufacturer(maker: Manufacturer) -> Entry:
    entry: Entry = {"name": maker.name}
    put(entry, identifier=_identifier(maker.identifier))
    return entry


def _identifier(identifier: AgentIdentifier | None) -> Entry | None:
    return None if identifier is None else {"scheme": identifier.scheme, "value": identifier.value}


def _texts(values: tuple[str, ...]) -> list[str]:
    return list(map(str, values))
