"""The plain model of frames, mounts and fixtures (domain.md, section 3)."""

from collections import Counter

from tests.model.assets import drawing
from tests.model.definitions import WIRE_ENDS
from tests.model.schemas import fits
from tests.model.world import NOW, Refused, State, World, clean, same, smallest

_LEAST_AND_MOST = {"Exactly1": (1, 1), "ZeroOrOne": (0, 1), "OneOrMore": (1, 1000), "ZeroOrMore": (0, 1000)}


def placement(given: State) -> State:
    """A placement with all that was left out."""
    numbers = ("x", "y", "z", "rx", "ry", "rz", "tol_x", "tol_y", "tol_z", "tol_rx", "tol_ry", "tol_rz")
    defaults = {**dict.fromkeys(numbers, 0.0), "reference_surface": "MountingFace", "units": "SI_mm_rad"}
    return {**defaults, **given}


def register_frame(world: World, given: State) -> None:
    placed, replaced = given.get("placement"), given.get("supersedes")
    parent_id = given.get("parent_id")
    if parent_id != (placed and placed["parent_frame_id"]):
        raise Refused("InvalidFrameRoot")
    wanted = [parent_id, replaced["predecessor_frame_id"]] if replaced else [parent_id]
    missing = smallest(id for id in wanted if id is not None and world.find("frame", id) is None)
    if missing is not None:
        raise Refused("FrameNotFound", id=missing)
    if parent_id is not None:
        _need_frame(world, parent_id)
    frame: State = {
        "id": world.hints.new_id,
        "name": clean(given["name"]),
        "parent_id": parent_id,
        "placement": placed and placement(placed),
        "supersedes": replaced
        and {**replaced, "transform_from_predecessor": placement(replaced["transform_from_predecessor"])},
        "status": "Active",
    }
    world.unique("FrameNameTaken", frame, world.in_use("frame"), lambda each: (each["parent_id"], same(each["name"])))
    world.create("frame", frame)


def _need_frame(world: World, id: str) -> None:
    if world.need("frame", id, "FrameNotFound")["status"] == "Decommissioned":
        raise Refused("FrameIsDecommissioned", frame_id=id)


def update_frame_placement(world: World, given: State) -> None:
    frame = world.need("frame", given["frame_id"], "FrameNotFound")
    if frame["status"] == "Decommissioned" or frame["parent_id"] is None:
        raise Refused("FrameCannotUpdate", frame_id=frame["id"])
    placed_in = given["placement"]["parent_frame_id"]
    if placed_in != frame["parent_id"]:
        raise Refused("InvalidFrameRoot", parent_id=frame["parent_id"], parent_frame_id=placed_in)
    _place(world, frame, given)


def _place(world: World, record: State, given: State) -> None:
    wanted = placement(given["placement"])
    if record["placement"] != wanted:
        record["placement"] = wanted
        world.note(record["id"])


def decommission_frame(world: World, given: State) -> None:
    frame = world.need("frame", given["frame_id"], "FrameNotFound")
    if frame["status"] == "Decommissioned":
        raise Refused("FrameCannotDecommission", frame_id=frame["id"])
    used = [each["id"] for each in world.in_use("mount") if each["placement"]["parent_frame_id"] == frame["id"]]
    used += [each["id"] for each in world.in_use("frame") if each["parent_id"] == frame["id"]]
    if used:
        raise Refused("FrameInUse", frame_id=frame["id"])
    frame["status"] = "Decommissioned"
    world.note(frame["id"])


def register_mount(world: World, given: State) -> None:
    _need_frame(world, given["placement"]["parent_frame_id"])
    parent_id = given.get("parent_id")
    if parent_id is not None and world.need("mount", parent_id, "MountNotFound")["status"] == "Decommissioned":
        raise Refused("MountIsDecommissioned", mount_id=parent_id)
    mount: State = {
        "id": world.hints.new_id,
        "slot_code": clean(given["slot_code"]),
        "placement": placement(given["placement"]),
        "parent_id": parent_id,
        "drawing": drawing(given.get("drawing")),
        "installed_asset_id": None,
        "installed_at": None,
        "status": "Active",
    }
    world.unique("MountAlreadyExists", mount, world.in_use("mount"), lambda each: same(each["slot_code"]))
    world.create("mount", mount)


def _need_active(world: World, id: str) -> State:
    mount = world.need("mount", id, "MountNotFound")
    if mount["status"] == "Decommissioned":
        raise Refused("MountCannotUpdate", mount_id=id)
    return mount


def set_mount_drawing(world: World, given: State) -> None:
    mount, wanted = _need_active(world, given["mount_id"]), drawing(given["drawing"])
    if mount["drawing"] != wanted:
        mount["drawing"] = wanted
        world.note(mount["id"])


def update_mount_placement(world: World, given: State) -> None:
    mount = _need_active(world, given["mount_id"])
    _need_frame(world, given["placement"]["parent_frame_id"])
    _place(world, mount, given)


def decommission_mount(world: World, given: State) -> None:
    mount = world.need("mount", given["mount_id"], "MountNotFound")
    if mount["status"] == "Decommissioned":
        raise Refused("MountCannotDecommission", mount_id=mount["id"])
    if mount["installed_asset_id"] is not None:
        raise Refused("MountHasAssetInstalled", asset_id=mount["installed_asset_id"])
    below = smallest(each["id"] for each in world.in_use("mount") if each["parent_id"] == mount["id"])
    if below is not None:
        raise Refused("MountHasActiveChildren", child_id=below)
    mount["status"] = "Decommissioned"
    world.note(mount["id"])


def install_asset(world: World, given: State) -> None:
    mount = _need_active(world, given["mount_id"])
    if mount["installed_asset_id"] == given["asset_id"]:
        return
    asset = world.need("asset", given["asset_id"], "AssetNotFound")
    if asset["lifecycle"] != "Active":
        raise Refused("AssetNotInstallable", lifecycle=asset["lifecycle"])
    elsewhere = world.mount_of(asset["id"])
    if elsewhere is not None:
        raise Refused("AssetAlreadyInstalledElsewhere", mount_id=elsewhere)
    if mount["installed_asset_id"] is not None:
        raise Refused("MountAlreadyOccupied", installed_asset_id=mount["installed_asset_id"])
    mount.update(installed_asset_id=asset["id"], installed_at=NOW)
    world.note(mount["id"], joined=(asset["id"],))


def uninstall_asset(world: World, given: State) -> None:
    mount = _need_active(world, given["mount_id"])
    asset_id = mount["installed_asset_id"]
    if asset_id is None:
        raise Refused("MountIsEmpty")
    fixture_id = world.records[asset_id].state["fixture_id"]
    if fixture_id is not None:
        raise Refused("MountHasFixtureBoundAsset", asset_id=asset_id, fixture_id=fixture_id)
    mount.update(installed_asset_id=None, installed_at=None)
    world.note(mount["id"], joined=(asset_id,))


def register_fixture(world: World, given: State) -> None:
    assembly = world.need("assembly", given["assembly_id"], "AssemblyNotFound")
    if assembly["status"] == "Deprecated":
        raise Refused("AssemblyCannotInstantiate", assembly_id=assembly["id"])
    bindings: list[State] = given["slot_asset_bindings"]
    bound = sorted({binding["asset_id"] for binding in bindings})
    for id in bound:
        world.need("asset", id, "FixtureAssetNotFound")
    assets = {id: world.records[id].state for id in bound}
    dead = smallest(id for id in bound if assets[id]["lifecycle"] == "Decommissioned")
    if dead is not None:
        raise Refused("FixtureAssetNotAttachable", asset_id=dead)
    loose = smallest(id for id in bound if world.mount_of(id) is None)
    if loose is not None:
        raise Refused("FixtureAssetNotInstalled", asset_id=loose)
    slots = {slot["slot_name"]: slot for slot in assembly["required_slots"]}
    counts = Counter(binding["slot_name"] for binding in bindings)
    for name in sorted({*slots, *counts}):
        least, most = _LEAST_AND_MOST[slots[name]["cardinality"]] if name in slots else (0, 0)
        if not least <= counts[name] <= most:
            raise Refused("FixtureMappingIncomplete", slot_name=name)
    misfit = smallest(
        binding["asset_id"]
        for binding in bindings
        if not set(slots[binding["slot_name"]]["required_family_ids"]) & set(assets[binding["asset_id"]]["family_ids"])
    )
    if misfit is not None:
        raise Refused("FixtureAssetFamilyMismatch", asset_id=misfit)
    twice = smallest(id for id, count in Counter(binding["asset_id"] for binding in bindings).items() if count > 1)
    if twice is not None:
        raise Refused("FixtureAssetBoundTwice", asset_id=twice)
    _need_wires(assembly, bindings, assets)
    overrides, schema = given.get("parameter_overrides", {}), assembly["parameter_overrides_schema"]
    if not (fits(schema, overrides) if schema else overrides == {}):
        raise Refused("FixtureParameterOverridesInvalid")
    fixture: State = {
        "id": world.hints.new_id,
        "name": clean(given["name"]),
        "assembly_id": assembly["id"],
        "assembly_content_hash": assembly["content_hash"],
        "slot_asset_bindings": bindings,
        "registered_at": NOW,
        "description": given.get("description"),
        "parameter_overrides": overrides,
        "persistent_id": None,
        "retired_at": None,
    }
    world.unique("FixtureNameTaken", fixture, world.in_use("fixture"), lambda each: same(each["name"]))
    world.create("fixture", fixture, joined=bound)


def retire_fixture(world: World, given: State) -> None:
    fixture = world.need("fixture", given["fixture_id"], "FixtureNotFound")
    if fixture["retired_at"] is not None:
        raise Refused("FixtureIsRetired", fixture_id=fixture["id"])
    attached = smallest(each["id"] for each in world.all("asset") if each["fixture_id"] == fixture["id"])
    if attached is not None:
        raise Refused("FixtureHasAttachedAssets", asset_id=attached)
    fixture["retired_at"] = NOW
    world.note(fixture["id"], joined=[binding["asset_id"] for binding in fixture["slot_asset_bindings"]])


def _need_wires(assembly: State, bindings: list[State], assets: dict[str, State]) -> None:
    def signals(slot_name: str, port_name: str, direction: str) -> set[str]:
        filling = [assets[binding["asset_id"]] for binding in bindings if binding["slot_name"] == slot_name]
        return {
            port["signal_type"]
            for asset in filling
            for port in asset["ports"]
            if same(port["name"]) == same(port_name) and port["direction"] == direction
        }

    filled = {binding["slot_name"] for binding in bindings}
    for wire in sorted(assembly["required_wires"], key=lambda wire: [wire[end] for end in WIRE_ENDS]):
        source, source_port, target, target_port = (wire[end] for end in WIRE_ENDS)
        if {source, target} <= filled and not (
            signals(source, source_port, "Output") & signals(target, target_port, "Input")
        ):
            raise Refused("FixtureWireUnsatisfied", source_slot_name=source, target_slot_name=target)
