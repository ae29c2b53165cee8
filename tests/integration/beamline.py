"""The example beamline, made from its file by plain calls in the order of work of domain.md."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from tests.integration.scenario import World

EXAMPLE = Path(__file__).parents[2] / "examples" / "aps-2bm.yaml"

Entry = dict[str, Any]


@dataclass
class Beamline:
    """The ids of what was made, by name; of assets and frames by their path."""

    said: Entry
    families: dict[str, str] = field(default_factory=dict[str, str])
    roles: dict[str, str] = field(default_factory=dict[str, str])
    models: dict[str, str] = field(default_factory=dict[str, str])
    frames: dict[str, str] = field(default_factory=dict[str, str])
    mounts: dict[str, str] = field(default_factory=dict[str, str])
    assets: dict[str, str] = field(default_factory=dict[str, str])
    assemblies: dict[str, str] = field(default_factory=dict[str, str])
    fixtures: dict[str, str] = field(default_factory=dict[str, str])


async def build(world: World) -> Beamline:
    """Make everything the file says, but assign no identifiers."""
    made = Beamline(yaml.safe_load(EXAMPLE.read_text()))
    roles = await world.surfaces.web[max(world.surfaces.web)].get("/roles")
    made.roles = {item["state"]["name"]: item["id"] for item in roles.json()["items"]}
    for entry in made.said["facilities"]:
        await world.make("register_facility", **entry)
    for entry in made.said["families"]:
        await _family(world, made, entry)
    for entry in made.said["models"]:
        declared = [made.families[name] for name in entry["families"]]
        given = {key: entry[key] for key in ("name", "manufacturer", "part_number")}
        made.models[entry["key"]] = await world.make("define_model", **given, declared_family_ids=declared)
    for entry in made.said["frames"]:
        await _frame(world, made, entry)
    for entry in made.said["mounts"]:
        await _mount(world, made, entry)
    for entry in made.said["assets"]:
        await _asset(world, made, entry, above="")
    for entry in made.said["assemblies"]:
        await _assembly(world, made, entry)
    for entry in made.said["fixtures"]:
        await _fixture(world, made, entry)
    return made


async def _family(world: World, made: Beamline, entry: Entry) -> None:
    known = {key: value for key, value in entry.items() if key not in ("presents_as", "settings_schema")}
    family = made.families[entry["name"]] = await world.make("define_family", **known)
    for role in entry.get("presents_as", ()):
        await world.do("add_family_presents_as", family_id=family, role_id=made.roles[role])
    if "settings_schema" in entry:
        await world.do("update_family_settings_schema", family_id=family, settings_schema=entry["settings_schema"])


async def _frame(world: World, made: Beamline, entry: Entry) -> None:
    given: Entry = {"name": entry["name"]}
    path = entry["name"]
    if "parent" in entry:
        path = f"{entry['parent']}/{path}"
        parent = given["parent_id"] = made.frames[entry["parent"]]
        given["placement"] = {**entry["placement"], "parent_frame_id": parent}
    made.frames[path] = await world.make("register_frame", **given)


async def _mount(world: World, made: Beamline, entry: Entry) -> None:
    placement = {**entry["placement"], "parent_frame_id": made.frames[entry["frame"]]}
    parent = {"parent_id": made.mounts[entry["parent"]]} if "parent" in entry else {}
    made.mounts[entry["slot_code"]] = await world.make(
        "register_mount", slot_code=entry["slot_code"], placement=placement, **parent
    )


async def _asset(world: World, made: Beamline, entry: Entry, above: str) -> None:
    given: Entry = {
        key: entry[key] for key in ("name", "tier", "description", "owners", "ports", "drawing") if key in entry
    }
    given["family_ids"] = [made.families[name] for name in entry["families"]]
    given["alternate_identifiers"] = entry.get("identifiers", [])
    if "model" in entry:
        given["model_id"] = made.models[entry["model"]]
    if "controller" in entry:
        given["controller_id"] = made.assets[entry["controller"]]
    given |= {"parent_id": made.assets[above]} if above else {"facility_code": entry["facility"]}
    path = f"{above or entry['facility']}/{entry['name']}"
    asset = made.assets[path] = await world.make("register_asset", **given)
    if entry["lifecycle"] == "Active":
        await world.do("activate_asset", asset_id=asset)
    if "settings" in entry:
        await world.do("update_asset_settings", asset_id=asset, patch=entry["settings"])
    if entry.get("condition", {}).get("state") == "Degraded":
        await world.do("degrade_asset", asset_id=asset, reason=entry["condition"]["reason"])
    if "mount" in entry:
        await world.do("install_asset", mount_id=made.mounts[entry["mount"]], asset_id=asset)
    for child in entry.get("children", ()):
        await _asset(world, made, child, path)


async def _assembly(world: World, made: Beamline, entry: Entry) -> None:
    slots = [
        {
            "slot_name": name,
            "required_family_ids": [made.families[family] for family in slot["families"]],
            "cardinality": slot.get("cardinality", "Exactly1"),
        }
        for name, slot in entry["slots"].items()
    ]
    assembly = made.assemblies[entry["name"]] = await world.make(
        "define_assembly",
        name=entry["name"],
        presents_as_family_id=made.families[entry["presents_as_family"]],
        required_slots=slots,
        required_wires=[_wire(text) for text in entry.get("wires", ())],
        parameter_overrides_schema=entry.get("parameter_overrides_schema"),
    )
    for role in entry["presents_as"]:
        await world.do("add_assembly_presents_as", assembly_id=assembly, role_id=made.roles[role])


def _wire(text: str) -> Entry:
    (source, source_port), (target, target_port) = (end.split(".") for end in text.split(" -> "))
    return {
        "source_slot_name": source,
        "source_port_name": source_port,
        "target_slot_name": target,
        "target_port_name": target_port,
    }


async def _fixture(world: World, made: Beamline, entry: Entry) -> None:
    bound = [
        (slot, made.assets[path])
        for slot, paths in entry["bindings"].items()
        for path in (paths if isinstance(paths, list) else [paths])  # pyright: ignore[reportUnknownVariableType]
    ]
    fixture = made.fixtures[entry["name"]] = await world.make(
        "register_fixture",
        name=entry["name"],
        assembly_id=made.assemblies[entry["assembly"]],
        slot_asset_bindings=[{"slot_name": slot, "asset_id": asset} for slot, asset in bound],
        parameter_overrides=entry.get("parameter_overrides", {}),
    )
    for _, asset in bound:
        await world.do("attach_asset_to_fixture", asset_id=asset, fixture_id=fixture)
