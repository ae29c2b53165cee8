"""The plain model of facilities, families, roles, models and assemblies (domain.md, section 3)."""

import json
from collections.abc import Iterable
from hashlib import sha256
from uuid import NAMESPACE_DNS, uuid5

from tests.model.schemas import USABLE
from tests.model.world import Refused, State, World, clean, same

_ROLES = uuid5(NAMESPACE_DNS, "cora.role")


def role_id(name: str) -> str:
    """The id of a role."""
    return str(uuid5(_ROLES, clean(name).lower()))


def _facility(world: World, given: State) -> State:
    return {
        "name": clean(given["name"]),
        "identifier": None,
        "contact_id": world.hints.contact_ids[0] if given.get("contact") and world.hints.contact_ids else None,
        "website": given.get("website"),
    }


def register_facility(world: World, given: State) -> None:
    facility: State = {"id": world.hints.new_id, "code": given["code"], **_facility(world, given)}
    world.unique("FacilityAlreadyExists", facility, world.all("facility"), lambda each: each["code"])
    world.create("facility", facility)


def revise_facility(world: World, given: State) -> None:
    facility = world.need("facility", given["facility_id"], "FacilityNotFound")
    facility.update(_facility(world, given))
    world.note(facility["id"])


def _need_current(world: World, kind: str, given: State, code: str) -> State:
    """The definition in the path, which must not be deprecated."""
    state = world.need(kind, given[f"{kind}_id"], f"{kind.capitalize()}NotFound")
    if state["status"] == "Deprecated":
        raise Refused(code, **{f"{kind}_id": state["id"]})
    return state


def _version(world: World, state: State, content: State, given: State) -> None:
    state.update(content, status="Versioned", version=clean(given["tag"]))
    world.note(state["id"])


def _deprecate(world: World, kind: str, given: State) -> None:
    state = _need_current(world, kind, given, f"{kind.capitalize()}CannotDeprecate")
    state["status"] = "Deprecated"
    world.note(state["id"])


def _family(given: State) -> State:
    return {
        "name": clean(given["name"]),
        "description": given.get("description"),
        "affordances": sorted(set(given.get("affordances", []))),
        "term": None,
        "measured_variables": [],
        "measurement_techniques": [],
    }


def define_family(world: World, given: State) -> None:
    roles: State = {"settings_schema": None, "presents_as": [], "status": "Defined", "version": None}
    family: State = {"id": world.hints.new_id, **_family(given), **roles}
    world.unique("FamilyAlreadyExists", family, world.current("family"), lambda each: same(each["name"]))
    world.create("family", family)


def version_family(world: World, given: State) -> None:
    family, content = _need_current(world, "family", given, "FamilyCannotVersion"), _family(given)
    for other in world.current("family"):
        if other is not family and same(other["name"]) == same(content["name"]):
            raise Refused("FamilyAlreadyExists", existing_id=other["id"])
    for id in sorted(family["presents_as"]):
        if set(world.records[id].state["required_affordances"]) - set(content["affordances"]):
            raise Refused("FamilyAffordanceInUse", role_id=id)
    _version(world, family, content, given)


def deprecate_family(world: World, given: State) -> None:
    _deprecate(world, "family", given)


def update_family_settings_schema(world: World, given: State) -> None:
    family = _need_current(world, "family", given, "FamilyCannotUpdate")
    schema = given["settings_schema"]
    if schema is not None and schema not in USABLE:
        raise Refused("InvalidSettingsSchema")
    family["settings_schema"] = schema
    world.note(family["id"])


def add_family_presents_as(world: World, given: State) -> None:
    family = _need_current(world, "family", given, "FamilyCannotUpdate")
    role = world.need("role", given["role_id"], "RoleNotFound")
    if role["id"] in family["presents_as"]:
        raise Refused("FamilyAlreadyPresentsAs", role_id=role["id"])
    if not set(role["required_affordances"]) <= set(family["affordances"]):
        raise Refused("FamilyCannotPresentAs", role_id=role["id"])
    family["presents_as"].append(role["id"])
    world.note(family["id"])


def remove_family_presents_as(world: World, given: State) -> None:
    family = _need_current(world, "family", given, "FamilyCannotUpdate")
    if given["role_id"] not in family["presents_as"]:
        raise Refused("FamilyDoesNotPresentAs")
    family["presents_as"].remove(given["role_id"])
    world.note(family["id"])


def define_role(world: World, given: State) -> None:
    id = role_id(given["name"])
    if world.find("role", id):
        raise Refused("RoleAlreadyExists", role_id=id)
    required, optional = given.get("required_affordances", []), given.get("optional_affordances", [])
    if set(required) & set(optional):
        raise Refused("RoleAffordanceOverlap")
    role: State = {
        "id": id,
        "name": clean(given["name"]),
        "docstring": given["docstring"],
        "required_affordances": required,
        "optional_affordances": optional,
        "produces": given.get("produces", []),
        "consumes": given.get("consumes", []),
    }
    world.create("role", role)


def need_families(world: World, ids: Iterable[str]) -> None:
    """Refused unless all are families, and none of them deprecated; the smallest that offends is named."""
    wanted = sorted(set(ids))
    families = [world.need("family", id, "FamilyNotFound") for id in wanted]
    for family in families:
        if family["status"] == "Deprecated":
            raise Refused("FamilyDeprecated", family_id=family["id"])


def _model(world: World, given: State) -> State:
    need_families(world, given["declared_family_ids"])
    return {
        "name": clean(given["name"]),
        "manufacturer": {"name": clean(given["manufacturer"]["name"]), "identifier": None},
        "part_number": clean(given["part_number"]),
        "declared_family_ids": list(dict.fromkeys(given["declared_family_ids"])),
        "description": given.get("description"),
        "website": None,
        "identifier": given.get("identifier"),
        "further_manufacturers": [{"identifier": None, **each} for each in given.get("further_manufacturers", [])],
    }


def _unique_part_number(world: World, model: State) -> None:
    def key(each: State) -> tuple[str, str]:
        return same(each["manufacturer"]["name"]), same(each["part_number"])

    world.unique("ModelAlreadyExists", model, world.current("model"), key)


def define_model(world: World, given: State) -> None:
    model: State = {"id": world.hints.new_id, **_model(world, given), "status": "Defined", "version": None}
    _unique_part_number(world, model)
    world.create("model", model)


def version_model(world: World, given: State) -> None:
    model = _need_current(world, "model", given, "ModelCannotVersion")
    _version(world, model, _model(world, given), given)
    _unique_part_number(world, model)


def deprecate_model(world: World, given: State) -> None:
    _deprecate(world, "model", given)


def add_model_family(world: World, given: State) -> None:
    model = _need_current(world, "model", given, "ModelCannotChangeFamilies")
    need_families(world, [given["family_id"]])
    if given["family_id"] in model["declared_family_ids"]:
        raise Refused("ModelFamilyAlreadyPresent", family_id=given["family_id"])
    model["declared_family_ids"].append(given["family_id"])
    world.note(model["id"])


def remove_model_family(world: World, given: State) -> None:
    model = _need_current(world, "model", given, "ModelCannotChangeFamilies")
    if given["family_id"] not in model["declared_family_ids"]:
        raise Refused("ModelFamilyNotPresent", family_id=given["family_id"])
    if len(model["declared_family_ids"]) == 1:
        raise Refused("ModelNeedsFamily", family_id=given["family_id"])
    model["declared_family_ids"].remove(given["family_id"])
    world.note(model["id"])


def _assembly(world: World, given: State) -> State:
    slots: list[State] = given.get("required_slots", [])
    wires: list[State] = given.get("required_wires", [])
    need_families(
        world, [given["presents_as_family_id"], *(id for slot in slots for id in slot["required_family_ids"])]
    )
    names = [slot["slot_name"] for slot in slots]
    if len(set(names)) < len(names):
        raise Refused("InvalidRequest")
    if any(wire[end] not in names for wire in wires for end in ("source_slot_name", "target_slot_name")):
        raise Refused("WireReferencesUnknownSlot")
    schema = given.get("parameter_overrides_schema")
    if schema is not None and schema not in USABLE:
        raise Refused("InvalidParameterOverridesSchema")
    kept: list[State] = [
        {
            "slot_name": slot["slot_name"],
            "required_family_ids": sorted(set(slot["required_family_ids"])),
            "cardinality": slot.get("cardinality", "Exactly1"),
        }
        for slot in slots
    ]
    content: State = {
        "name": clean(given["name"]),
        "presents_as_family_id": given["presents_as_family_id"],
        "required_slots": kept,
        "required_wires": wires,
        "parameter_overrides_schema": schema,
        "drawing": None,
    }
    return {**content, "content_hash": _content_hash(world, content)}


def _unique_assembly(world: World, assembly: State) -> None:
    world.unique("AssemblyNameTaken", assembly, world.current("assembly"), lambda each: same(each["name"]))


def define_assembly(world: World, given: State) -> None:
    roles: State = {"presents_as": [], "status": "Defined", "version": None}
    assembly: State = {"id": world.hints.new_id, **_assembly(world, given), **roles}
    _unique_assembly(world, assembly)
    world.create("assembly", assembly)


def version_assembly(world: World, given: State) -> None:
    assembly = _need_current(world, "assembly", given, "AssemblyCannotVersion")
    _version(world, assembly, _assembly(world, given), given)
    _unique_assembly(world, assembly)


def deprecate_assembly(world: World, given: State) -> None:
    _deprecate(world, "assembly", given)


def _content_hash(world: World, assembly: State) -> str:
    """Canonical JSON is sorted JSON without spaces, as long as no text needs escapes and no number is a fraction."""

    def name(id: str) -> str:
        return same(world.records[id].state["name"])

    structure: State = {
        "name": assembly["name"],
        "presents_as_family": name(assembly["presents_as_family_id"]),
        "required_slots": [
            {**slot, "required_families": sorted(map(name, slot["required_family_ids"]))}
            for slot in sorted(assembly["required_slots"], key=lambda slot: slot["slot_name"])
        ],
        "required_wires": sorted(assembly["required_wires"], key=lambda wire: tuple(wire[end] for end in WIRE_ENDS)),
        "parameter_overrides_schema": assembly["parameter_overrides_schema"],
    }
    for slot in structure["required_slots"]:
        del slot["required_family_ids"]
    return sha256(json.dumps(structure, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()).hexdigest()


WIRE_ENDS = ("source_slot_name", "source_port_name", "target_slot_name", "target_port_name")


def add_assembly_presents_as(world: World, given: State) -> None:
    assembly = _need_current(world, "assembly", given, "AssemblyCannotUpdate")
    role = world.need("role", given["role_id"], "RoleNotFound")
    if role["id"] in assembly["presents_as"]:
        raise Refused("AssemblyAlreadyPresentsAs")
    assembly["presents_as"].append(role["id"])
    world.note(assembly["id"])


def remove_assembly_presents_as(world: World, given: State) -> None:
    assembly = _need_current(world, "assembly", given, "AssemblyCannotUpdate")
    if given["role_id"] not in assembly["presents_as"]:
        raise Refused("AssemblyDoesNotPresentAs")
    assembly["presents_as"].remove(given["role_id"])
    world.note(assembly["id"])
