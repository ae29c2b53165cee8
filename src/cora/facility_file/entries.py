"""The sections of a facility file, and the keys of their entries.

A key whose type allows None can be cleared with null; one without a default
must be there.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, TypeAlias

from cora.facility_file.shapes import (
    LEFT_OUT,
    Entry,
    LeftOut,
    Named,
    by_name,
    either,
    flag,
    is_list,
    items,
    json_object,
    keys,
    moment,
    name,
    nullable,
    number,
    one_of,
    one_or_more,
    text,
)

_identifier = keys(scheme=nullable(text), value=text, required=("value",))
_term = keys(name=text, identifier=nullable(text), scheme=nullable(text), required=("name",))
_drawing = keys(system=text, number=text, revision=nullable(text), required=("system", "number"))
_numbers = ("x", "y", "z", "rx", "ry", "rz", "tol_x", "tol_y", "tol_z", "tol_rx", "tol_ry", "tol_rz")
_placement = keys(reference_surface=text, units=text, **dict.fromkeys(_numbers, number))
_owner = keys(name=text, contact=nullable(text), identifier=nullable(_identifier), required=("name",))
_other_identifier = keys(kind=text, value=text, name=nullable(text), required=("kind", "value"))
_related = keys(relation=text, scheme=text, value=text, name=nullable(text), required=("relation", "scheme", "value"))
_port = keys(name=text, direction=text, signal_type=text, required=("name", "direction", "signal_type"))
_manufacturer = keys(name=text, identifier=nullable(_identifier), required=("name",))
_condition = keys(state=one_of("Nominal", "Degraded", "Faulted"), reason=text, required=("state",))
_persistent_id = keys(scheme=text, value=text, required=("scheme", "value"))
_assign = keys(scheme=text, suffix=text, required=("scheme",))
_slot = keys(families=items(name), cardinality=text, required=("families",))

Text: TypeAlias = Annotated[str, text]
Texts: TypeAlias = Annotated[list[str], items(text)]
Name: TypeAlias = Annotated[Named, name]
Names: TypeAlias = Annotated[list[Named], items(name)]
Moment: TypeAlias = Annotated[datetime, moment]
JsonObject: TypeAlias = Annotated[dict[str, Any], json_object]
Identifier: TypeAlias = Annotated[dict[str, Any], _identifier]
Term: TypeAlias = Annotated[dict[str, Any], _term]
Terms: TypeAlias = Annotated[list[dict[str, Any]], items(_term)]
Drawing: TypeAlias = Annotated[dict[str, Any], _drawing]
Placement: TypeAlias = Annotated[dict[str, Any], _placement]
Manufacturer: TypeAlias = Annotated[dict[str, Any], _manufacturer]
Manufacturers: TypeAlias = Annotated[list[dict[str, Any]], items(_manufacturer)]
Owners: TypeAlias = Annotated[list[dict[str, Any]], items(_owner)]
OtherIdentifiers: TypeAlias = Annotated[list[dict[str, Any]], items(_other_identifier)]
RelatedIdentifiers: TypeAlias = Annotated[list[dict[str, Any]], items(_related)]
Ports: TypeAlias = Annotated[list[dict[str, Any]], items(_port)]
Tier: TypeAlias = Annotated[str, one_of("Unit", "Component", "Device")]
Lifecycle: TypeAlias = Annotated[str, one_of("Commissioned", "Active", "Maintenance")]
Condition: TypeAlias = Annotated[dict[str, Any], _condition]
PersistentId: TypeAlias = Annotated[dict[str, Any], _persistent_id]
Assign: TypeAlias = Annotated[dict[str, Any], _assign]
Slots: TypeAlias = Annotated[dict[str, dict[str, Any]], by_name(_slot)]
Bindings: TypeAlias = Annotated[dict[str, list[Named]], by_name(one_or_more(name))]
Attach: TypeAlias = Annotated[bool | list[Named], either(is_list, items(name), flag)]


@dataclass(slots=True, kw_only=True)
class FacilityEntry(Entry):
    """An institution."""

    code: Text
    name: Text | LeftOut = LEFT_OUT
    identifier: Identifier | LeftOut | None = LEFT_OUT
    contact: Text | LeftOut | None = LEFT_OUT
    website: Text | LeftOut | None = LEFT_OUT
    registered: Moment | LeftOut = LEFT_OUT
    was: Name | LeftOut = LEFT_OUT


@dataclass(slots=True, kw_only=True)
class RoleEntry(Entry):
    """A functional contract."""

    name: Text
    docstring: Text | LeftOut = LEFT_OUT
    required_affordances: Texts | LeftOut = LEFT_OUT
    optional_affordances: Texts | LeftOut = LEFT_OUT
    produces: Texts | LeftOut = LEFT_OUT
    consumes: Texts | LeftOut = LEFT_OUT
    registered: Moment | LeftOut = LEFT_OUT
    was: Name | LeftOut = LEFT_OUT


@dataclass(slots=True, kw_only=True)
class FamilyEntry(Entry):
    """What a thing is, whoever made it."""

    name: Text
    version: Text | LeftOut = LEFT_OUT
    description: Text | LeftOut | None = LEFT_OUT
    affordances: Texts | LeftOut = LEFT_OUT
    presents_as: Names | LeftOut = LEFT_OUT
    term: Term | LeftOut | None = LEFT_OUT
    measured_variables: Terms | LeftOut = LEFT_OUT
    measurement_techniques: Terms | LeftOut = LEFT_OUT
    settings_schema: JsonObject | LeftOut | None = LEFT_OUT
    registered: Moment | LeftOut = LEFT_OUT
    was: Name | LeftOut = LEFT_OUT


@dataclass(slots=True, kw_only=True)
class ModelEntry(Entry):
    """A vendor's catalogue entry. `key` is a handle for this file only."""

    key: Text | LeftOut = LEFT_OUT
    name: Text | LeftOut = LEFT_OUT
    manufacturer: Manufacturer
    part_number: Text
    further_manufacturers: Manufacturers | LeftOut = LEFT_OUT
    families: Names | LeftOut = LEFT_OUT
    description: Text | LeftOut | None = LEFT_OUT
    website: Text | LeftOut | None = LEFT_OUT
    identifier: Identifier | LeftOut | None = LEFT_OUT
    version: Text | LeftOut = LEFT_OUT
    registered: Moment | LeftOut = LEFT_OUT
    was: Name | LeftOut = LEFT_OUT


@dataclass(slots=True, kw_only=True)
class FrameEntry(Entry):
    """A named coordinate frame."""

    name: Text
    parent: Name | LeftOut | None = LEFT_OUT
    placement: Placement | LeftOut | None = LEFT_OUT
    registered: Moment | LeftOut = LEFT_OUT
    was: Name | LeftOut = LEFT_OUT


@dataclass(slots=True, kw_only=True)
class MountEntry(Entry):
    """A place where one asset can be bolted."""

    slot_code: Text
    frame: Name | LeftOut = LEFT_OUT
    placement: Placement | LeftOut = LEFT_OUT
    parent: Name | LeftOut | None = LEFT_OUT
    drawing: Drawing | LeftOut | None = LEFT_OUT
    registered: Moment | LeftOut = LEFT_OUT
    was: Name | LeftOut = LEFT_OUT


@dataclass(slots=True, kw_only=True)
class AssetEntry(Entry):
    """One physical instrument, or part of one. `number` and `above` say where it stands in the file.

    In a table, where nothing stands below anything, `parent` is the path of the asset above. Only records of others
    tell that an asset is `decommissioned`, and bring a `note` for one that is new.
    """

    number: int = -1
    above: int = -1
    parent: Named | LeftOut = LEFT_OUT
    decommissioned: datetime | LeftOut = LEFT_OUT
    note: str | LeftOut = LEFT_OUT
    name: Text
    facility: Name | LeftOut = LEFT_OUT
    tier: Tier | LeftOut = LEFT_OUT
    description: Text | LeftOut | None = LEFT_OUT
    model: Name | LeftOut | None = LEFT_OUT
    families: Names | LeftOut = LEFT_OUT
    owners: Owners | LeftOut = LEFT_OUT
    identifiers: OtherIdentifiers | LeftOut = LEFT_OUT
    related_identifiers: RelatedIdentifiers | LeftOut = LEFT_OUT
    subjects: Terms | LeftOut = LEFT_OUT
    ports: Ports | LeftOut = LEFT_OUT
    settings: JsonObject | LeftOut | None = LEFT_OUT
    drawing: Drawing | LeftOut | None = LEFT_OUT
    controller: Name | LeftOut | None = LEFT_OUT
    lifecycle: Lifecycle | LeftOut = LEFT_OUT
    condition: Condition | LeftOut | None = LEFT_OUT
    mount: Name | LeftOut | None = LEFT_OUT
    registered: Moment | LeftOut = LEFT_OUT
    commissioned: Moment | LeftOut = LEFT_OUT
    installed: Moment | LeftOut = LEFT_OUT
    persistent_id: PersistentId | LeftOut = LEFT_OUT
    assign: Assign | LeftOut = LEFT_OUT
    was: Name | LeftOut = LEFT_OUT


@dataclass(slots=True, kw_only=True)
class UnderEntry(Entry):
    """Children for an asset that stands elsewhere."""

    number: int = -1
    above: int = -1
    under: Name


@dataclass(slots=True, kw_only=True)
class AssemblyEntry(Entry):
    """A reusable blueprint of a cluster."""

    name: Text
    presents_as_family: Name | LeftOut = LEFT_OUT
    presents_as: Names | LeftOut = LEFT_OUT
    slots: Slots | LeftOut = LEFT_OUT
    wires: Names | LeftOut = LEFT_OUT
    parameter_overrides_schema: JsonObject | LeftOut | None = LEFT_OUT
    drawing: Drawing | LeftOut | None = LEFT_OUT
    version: Text | LeftOut = LEFT_OUT
    registered: Moment | LeftOut = LEFT_OUT
    was: Name | LeftOut = LEFT_OUT


@dataclass(slots=True, kw_only=True)
class FixtureEntry(Entry):
    """An assembly made real with particular assets."""

    name: Text
    assembly: Name | LeftOut = LEFT_OUT
    description: Text | LeftOut | None = LEFT_OUT
    bindings: Bindings | LeftOut = LEFT_OUT
    parameter_overrides: JsonObject | LeftOut = LEFT_OUT
    attach: Attach | LeftOut = LEFT_OUT
    assign: Assign | LeftOut = LEFT_OUT
    persistent_id: PersistentId | LeftOut = LEFT_OUT
    registered: Moment | LeftOut = LEFT_OUT
    retired: Moment | LeftOut = LEFT_OUT
    was: Name | LeftOut = LEFT_OUT


SECTIONS: dict[str, type[Entry]] = {
    "facilities": FacilityEntry,
    "roles": RoleEntry,
    "families": FamilyEntry,
    "models": ModelEntry,
    "frames": FrameEntry,
    "mounts": MountEntry,
    "assets": AssetEntry,
    "assemblies": AssemblyEntry,
    "fixtures": FixtureEntry,
}

KINDS = {
    "facilities": "facility",
    "roles": "role",
    "families": "family",
    "models": "model",
    "frames": "frame",
    "mounts": "mount",
    "assets": "asset",
    "assemblies": "assembly",
    "fixtures": "fixture",
}
