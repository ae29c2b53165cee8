"""Whether every event of a log was allowed where it stands, by the rules of domain.md and nothing of the code.

The log is read in order and folded into plain dictionaries; each event is
judged against what they hold at its position.
"""

import json
import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from jsonschema import Draft202012Validator

from cora.log.types import Pool

Record = dict[str, Any]


def same(text: str) -> str:
    """Equal for texts that are equal ignoring case."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold())


@dataclass(frozen=True)
class Entry:
    """One event as it was stored."""

    position: int
    stream: str
    version: int
    kind: str
    data: dict[str, Any]


@dataclass
class Judged:
    """The world after the log, and the log."""

    entries: list[Entry] = field(default_factory=list[Entry])
    records: dict[str, Record] = field(default_factory=dict[str, Record])
    installed_in: dict[str, str] = field(default_factory=dict[str, str])
    identifiers: dict[str, str] = field(default_factory=dict[str, str])

    def of_kind(self, *kinds: str) -> list[Entry]:
        """The events of some kinds, in order."""
        return [entry for entry in self.entries if entry.kind in kinds]

    def living(self, kind: str) -> Iterable[tuple[str, Record]]:
        """The records of a kind that have not come to their end."""
        return (
            (id, record)
            for id, record in self.records.items()
            if record["is"] == kind and record.get("lifecycle") != "Decommissioned" and not record.get("ended")
        )


class _Judge:
    def __init__(self) -> None:
        self.world = Judged()

    def judge(self, entry: Entry) -> None:
        world = self.world
        known = world.records.get(entry.stream)
        self.require((known["version"] if known else 0) + 1 == entry.version, entry, "versions are dense")
        self.require(len(world.entries) + 1 == entry.position, entry, "positions are dense")
        if entry.kind in RULES:
            RULES[entry.kind](self, entry, known or {})
        if entry.stream not in world.records:
            kind = entry.kind.removesuffix("Registered").removesuffix("Defined").removesuffix("Reserved").lower()
            world.records[entry.stream] = {"is": kind, **entry.data}
        world.records[entry.stream]["version"] = entry.version
        world.entries.append(entry)

    def require(self, holds: bool, entry: Entry, rule: str) -> None:
        assert holds, f"position {entry.position}, {entry.kind} of {entry.stream}: not so that {rule}"

    def require_free(self, entry: Entry, kind: str, key: Callable[[Record], Any], rule: str) -> None:
        wanted = key(entry.data)
        others = (record for id, record in self.world.living(kind) if id != entry.stream)
        self.require(all(key(record) != wanted for record in others), entry, rule)

    def alive(self, id: str | None, entry: Entry, what: str) -> Record:
        record = self.world.records.get(id or "")
        self.require(record is not None and record["is"] == "asset", entry, f"the {what} is known")
        assert record is not None
        self.require(record["lifecycle"] != "Decommissioned", entry, f"the {what} is alive")
        return record

    def in_use(self, kind: str, id: str, entry: Entry) -> Record:
        record = self.world.records.get(id)
        self.require(record is not None and record["is"] == kind, entry, f"the {kind} is known")
        assert record is not None
        self.require(not record.get("ended"), entry, f"the {kind} is in use")
        return record

    def ends(self, entry: Entry, record: Record) -> None:
        self.require(not record.get("ended"), entry, "it was in use")
        record["ended"] = True

    def all_in_use(self, kind: str, ids: Iterable[str], entry: Entry) -> None:
        for id in ids:
            self.in_use(kind, id, entry)

    def facility_registered(self, entry: Entry, _: Any) -> None:
        self.require_free(entry, "facility", lambda record: record["code"], "the code is free")

    def facility_revised(self, entry: Entry, facility: Record) -> None:
        facility.update(entry.data)

    def deprecated(self, entry: Entry, definition: Record) -> None:
        self.ends(entry, definition)

    def _versioned(self, entry: Entry, definition: Record) -> None:
        self.in_use(definition["is"], entry.stream, entry)
        definition.update(entry.data)

    def family_defined(self, entry: Entry, _: Any) -> None:
        self.require_free(entry, "family", lambda record: same(record["name"]), "the name is free")

    def family_versioned(self, entry: Entry, family: Record) -> None:
        self.family_defined(entry, family)
        self._versioned(entry, family)
        for role_id in family.get("presents_as", []):
            self._require_fulfilled(entry, family, role_id)

    def _require_fulfilled(self, entry: Entry, family: Record, role_id: str) -> None:
        required = self.world.records[role_id]["required_affordances"]
        self.require(set(required) <= set(family["affordances"]), entry, "it has what its role requires")

    def model_defined(self, entry: Entry, _: Any) -> None:
        def key(record: Record) -> tuple[str, str]:
            return same(record["manufacturer"]["name"]), same(record["part_number"])

        self.all_in_use("family", entry.data["declared_family_ids"], entry)
        self.require_free(entry, "model", key, "the part number is free")

    def model_versioned(self, entry: Entry, model: Record) -> None:
        self.model_defined(entry, model)
        self._versioned(entry, model)

    def model_family_added(self, entry: Entry, model: Record) -> None:
        family_id = entry.data["family_id"]
        self.in_use("model", entry.stream, entry)
        self.all_in_use("family", [family_id], entry)
        self.require(family_id not in model["declared_family_ids"], entry, "the family is new")
        model["declared_family_ids"].append(family_id)

    def model_family_removed(self, entry: Entry, model: Record) -> None:
        family_id = entry.data["family_id"]
        self.in_use("model", entry.stream, entry)
        self.require(family_id in model["declared_family_ids"], entry, "it is of the family")
        model["declared_family_ids"].remove(family_id)
        self.require(bool(model["declared_family_ids"]), entry, "it keeps a family")

    def frame_registered(self, entry: Entry, _: Any) -> None:
        self.require_free(entry, "frame", lambda r: (r["parent_id"], same(r["name"])), "the name is free")
        if entry.data["parent_id"] is not None:
            self.in_use("frame", entry.data["parent_id"], entry)

    def frame_placement_updated(self, entry: Entry, frame: Record) -> None:
        self.in_use("frame", entry.stream, entry)
        self.require(entry.data["placement"]["parent_frame_id"] == frame["parent_id"], entry, "it stays in its parent")
        frame["placement"] = entry.data["placement"]

    def frame_decommissioned(self, entry: Entry, frame: Record) -> None:
        for _, mount in self.world.living("mount"):
            self.require(mount["placement"]["parent_frame_id"] != entry.stream, entry, "no mount is placed in it")
        for _, other in self.world.living("frame"):
            self.require(other["parent_id"] != entry.stream, entry, "no frame is placed in it")
        self.ends(entry, frame)

    def mount_registered(self, entry: Entry, _: Any) -> None:
        self.require_free(entry, "mount", lambda record: same(record["slot_code"]), "the slot code is free")
        self.in_use("frame", entry.data["placement"]["parent_frame_id"], entry)
        if entry.data["parent_id"] is not None:
            self.in_use("mount", entry.data["parent_id"], entry)

    def mount_drawing_set(self, entry: Entry, mount: Record) -> None:
        self.in_use("mount", entry.stream, entry)
        mount["drawing"] = entry.data["drawing"]

    def mount_placement_updated(self, entry: Entry, mount: Record) -> None:
        self.in_use("mount", entry.stream, entry)
        self.in_use("frame", entry.data["placement"]["parent_frame_id"], entry)
        mount["placement"] = entry.data["placement"]

    def mount_decommissioned(self, entry: Entry, mount: Record) -> None:
        self.require(entry.stream not in self.world.installed_in.values(), entry, "nothing is installed there")
        for _, other in self.world.living("mount"):
            self.require(other["parent_id"] != entry.stream, entry, "no slot is below it")
        self.ends(entry, mount)

    def assembly_defined(self, entry: Entry, _: Any) -> None:
        for slot in entry.data["required_slots"]:
            self.all_in_use("family", slot["required_family_ids"], entry)
        self.all_in_use("family", [entry.data["presents_as_family_id"]], entry)
        self.require_free(entry, "assembly", lambda record: same(record["name"]), "the name is free")

    def assembly_versioned(self, entry: Entry, assembly: Record) -> None:
        self.assembly_defined(entry, assembly)
        self._versioned(entry, assembly)

    def family_settings_schema_updated(self, entry: Entry, family: Record) -> None:
        family["settings_schema"] = entry.data["settings_schema"]

    def family_presents_as_added(self, entry: Entry, family: Record) -> None:
        roles = family.setdefault("presents_as", [])
        self.in_use("family", entry.stream, entry)
        self.require(entry.data["role_id"] not in roles, entry, "the role is new")
        self._require_fulfilled(entry, family, entry.data["role_id"])
        roles.append(entry.data["role_id"])

    def family_presents_as_removed(self, entry: Entry, family: Record) -> None:
        self.require(entry.data["role_id"] in family.get("presents_as", []), entry, "it presents as the role")
        family["presents_as"].remove(entry.data["role_id"])

    def asset_registered(self, entry: Entry, _: Any) -> None:
        data = entry.data
        if data["parent_id"] is not None:
            self.alive(data["parent_id"], entry, "parent")
        if data["controller_id"] is not None:
            self.alive(data["controller_id"], entry, "controller")
        self.all_in_use("family", data["family_ids"], entry)
        self.all_in_use("model", [data["model_id"]] if data["model_id"] else [], entry)
        data["lifecycle"], data["fixture_id"], data["settings"] = "Commissioned", None, {}
        self._require_free_name(entry, data["name"], data)

    def _require_free_name(self, entry: Entry, name: str, at: Record) -> None:
        place = at["parent_id"], at["facility_code"]
        for id, other in self.world.living("asset"):
            beside = id != entry.stream and (other["parent_id"], other["facility_code"]) == place
            self.require(not (beside and same(other["name"]) == same(name)), entry, "the name is free")

    def asset_described(self, entry: Entry, asset: Record) -> None:
        self._require_free_name(entry, entry.data["name"], asset)
        asset.update(entry.data)

    def asset_model_bound(self, entry: Entry, asset: Record) -> None:
        self.alive(entry.stream, entry, "asset")
        self.require(asset["model_id"] == entry.data["previous_model_id"], entry, "it was of the previous model")
        asset["model_id"] = entry.data["model_id"]
        self._require_declared(entry, asset, asset["family_ids"])

    def _require_declared(self, entry: Entry, asset: Record, family_ids: Iterable[str]) -> None:
        if asset["model_id"] is not None:
            declared = self.world.records[asset["model_id"]]["declared_family_ids"]
            self.require(set(family_ids) <= set(declared), entry, "its model declares its families")

    def asset_controller_set(self, entry: Entry, asset: Record) -> None:
        self.alive(entry.stream, entry, "asset")
        above: str | None = entry.data["controller_id"]
        if above is not None:
            self.alive(above, entry, "controller")
        while above is not None:
            self.require(above != entry.stream, entry, "it does not control itself")
            above = self.world.records[above]["controller_id"]
        asset["controller_id"] = entry.data["controller_id"]

    def _goes(self, entry: Entry, asset: Record, before: str, after: str) -> None:
        self.require(asset["lifecycle"] == before, entry, f"it was {before}, not {asset['lifecycle']}")
        asset["lifecycle"] = after

    def asset_activated(self, entry: Entry, asset: Record) -> None:
        self._goes(entry, asset, "Commissioned", "Active")

    def asset_maintenance_entered(self, entry: Entry, asset: Record) -> None:
        self._goes(entry, asset, "Active", "Maintenance")

    def asset_maintenance_exited(self, entry: Entry, asset: Record) -> None:
        self._goes(entry, asset, "Maintenance", "Active")

    def asset_decommissioned(self, entry: Entry, asset: Record) -> None:
        self.require(asset["lifecycle"] != "Decommissioned", entry, "it was alive")
        self.require(asset["fixture_id"] is None, entry, "it is attached to nothing")
        self.require(entry.stream not in self.world.installed_in, entry, "it is installed nowhere")
        for _, other in self.world.living("asset"):
            self.require(other["parent_id"] != entry.stream, entry, "it has no living parts")
            self.require(other["controller_id"] != entry.stream, entry, "it controls nothing")
        asset["lifecycle"] = "Decommissioned"

    def asset_relocated(self, entry: Entry, asset: Record) -> None:
        to = entry.data["to_parent_id"]
        self.require(asset["parent_id"] == entry.data["from_parent_id"], entry, "it stood where it came from")
        self.alive(to, entry, "parent")
        above: str | None = to
        while above is not None:
            self.require(above != entry.stream, entry, "it does not stand below itself")
            above = self.world.records[above]["parent_id"]
        asset["parent_id"] = to
        self._require_free_name(entry, asset["name"], asset)

    def asset_family_added(self, entry: Entry, asset: Record) -> None:
        self.all_in_use("family", [entry.data["family_id"]], entry)
        self.require(entry.data["family_id"] not in asset["family_ids"], entry, "the family is new")
        self._require_declared(entry, asset, [entry.data["family_id"]])
        asset["family_ids"].append(entry.data["family_id"])

    def asset_family_removed(self, entry: Entry, asset: Record) -> None:
        self.require(entry.data["family_id"] in asset["family_ids"], entry, "it is of the family")
        asset["family_ids"].remove(entry.data["family_id"])

    def asset_owner_added(self, entry: Entry, asset: Record) -> None:
        names = [same(owner["name"]) for owner in asset["owners"]]
        self.require(same(entry.data["owner"]["name"]) not in names, entry, "the owner is new")
        asset["owners"].append(entry.data["owner"])

    def asset_port_added(self, entry: Entry, asset: Record) -> None:
        names = [same(port["name"]) for port in asset["ports"]]
        self.require(same(entry.data["port"]["name"]) not in names, entry, "the port is new")
        asset["ports"].append(entry.data["port"])

    def asset_settings_updated(self, entry: Entry, asset: Record) -> None:
        families = [self.world.records[id] for id in asset["family_ids"]]
        schemas = [family["settings_schema"] for family in families if family.get("settings_schema")]
        declared = {key for schema in schemas for key in schema["properties"]}
        settings = entry.data["settings"]
        self.require(set(settings) <= declared, entry, "every setting is declared")
        self.require(all(Draft202012Validator(each).is_valid(settings) for each in schemas), entry, "the schemas hold")
        asset["settings"] = settings

    def mount_asset_installed(self, entry: Entry, _: Any) -> None:
        asset_id = entry.data["asset_id"]
        self.in_use("mount", entry.stream, entry)
        asset = self.alive(asset_id, entry, "asset")
        self.require(asset["lifecycle"] == "Active", entry, "the asset is Active")
        self.require(asset_id not in self.world.installed_in, entry, "the asset is in no other mount")
        self.require(entry.stream not in self.world.installed_in.values(), entry, "the mount is empty")
        self.world.installed_in[asset_id] = entry.stream

    def mount_asset_uninstalled(self, entry: Entry, _: Any) -> None:
        asset_id = entry.data["asset_id"]
        self.require(self.world.installed_in.get(asset_id) == entry.stream, entry, "the asset was there")
        self.require(self.world.records[asset_id]["fixture_id"] is None, entry, "the asset is attached to nothing")
        del self.world.installed_in[asset_id]

    def fixture_registered(self, entry: Entry, _: Any) -> None:
        self.all_in_use("assembly", [entry.data["assembly_id"]], entry)
        for binding in entry.data["slot_asset_bindings"]:
            self.alive(binding["asset_id"], entry, "bound asset")
            self.require(binding["asset_id"] in self.world.installed_in, entry, "every bound asset is installed")
        self.require_free(entry, "fixture", lambda record: same(record["name"]), "the name is free")

    def fixture_retired(self, entry: Entry, fixture: Record) -> None:
        for _, asset in self.world.living("asset"):
            self.require(asset["fixture_id"] != entry.stream, entry, "nothing is attached to it")
        self.ends(entry, fixture)

    def asset_attached_to_fixture(self, entry: Entry, asset: Record) -> None:
        self.require(asset["fixture_id"] is None, entry, "it was attached to nothing")
        self.alive(entry.stream, entry, "asset")
        self.require(entry.stream in self.world.installed_in, entry, "it is installed")
        bindings = self.in_use("fixture", entry.data["fixture_id"], entry)["slot_asset_bindings"]
        self.require(entry.stream in [each["asset_id"] for each in bindings], entry, "the fixture binds it")
        asset["fixture_id"] = entry.data["fixture_id"]

    def asset_detached_from_fixture(self, entry: Entry, asset: Record) -> None:
        self.require(asset["fixture_id"] == entry.data["fixture_id"], entry, "it was attached to that")
        asset["fixture_id"] = None

    def persistent_id_assigned(self, entry: Entry, record: Record) -> None:
        self.require("persistent_id" not in record, entry, "it had no identifier")
        key = f"{entry.data['scheme']}:{entry.data['value']}".lower()
        self.require(key not in self.world.identifiers, entry, "the identifier is nobody else's")
        self.world.identifiers[key] = entry.stream
        record["persistent_id"] = entry.data["value"]


RULES: dict[str, Callable[[_Judge, Entry, Record], None]] = {
    "FacilityRegistered": _Judge.facility_registered,
    "FacilityRevised": _Judge.facility_revised,
    "FamilyDefined": _Judge.family_defined,
    "FamilyVersioned": _Judge.family_versioned,
    "FamilyDeprecated": _Judge.deprecated,
    "ModelDefined": _Judge.model_defined,
    "ModelVersioned": _Judge.model_versioned,
    "ModelDeprecated": _Judge.deprecated,
    "ModelFamilyAdded": _Judge.model_family_added,
    "ModelFamilyRemoved": _Judge.model_family_removed,
    "FrameRegistered": _Judge.frame_registered,
    "FramePlacementUpdated": _Judge.frame_placement_updated,
    "FrameDecommissioned": _Judge.frame_decommissioned,
    "MountRegistered": _Judge.mount_registered,
    "MountDrawingSet": _Judge.mount_drawing_set,
    "MountPlacementUpdated": _Judge.mount_placement_updated,
    "MountDecommissioned": _Judge.mount_decommissioned,
    "AssemblyDefined": _Judge.assembly_defined,
    "AssemblyVersioned": _Judge.assembly_versioned,
    "AssemblyDeprecated": _Judge.deprecated,
    "FamilySettingsSchemaUpdated": _Judge.family_settings_schema_updated,
    "FamilyPresentsAsAdded": _Judge.family_presents_as_added,
    "FamilyPresentsAsRemoved": _Judge.family_presents_as_removed,
    "AssetRegistered": _Judge.asset_registered,
    "AssetDescribed": _Judge.asset_described,
    "AssetModelBound": _Judge.asset_model_bound,
    "AssetControllerSet": _Judge.asset_controller_set,
    "AssetActivated": _Judge.asset_activated,
    "AssetMaintenanceEntered": _Judge.asset_maintenance_entered,
    "AssetMaintenanceExited": _Judge.asset_maintenance_exited,
    "AssetDecommissioned": _Judge.asset_decommissioned,
    "AssetRelocated": _Judge.asset_relocated,
    "AssetFamilyAdded": _Judge.asset_family_added,
    "AssetFamilyRemoved": _Judge.asset_family_removed,
    "AssetOwnerAdded": _Judge.asset_owner_added,
    "AssetPortAdded": _Judge.asset_port_added,
    "AssetSettingsUpdated": _Judge.asset_settings_updated,
    "MountAssetInstalled": _Judge.mount_asset_installed,
    "MountAssetUninstalled": _Judge.mount_asset_uninstalled,
    "FixtureRegistered": _Judge.fixture_registered,
    "FixtureRetired": _Judge.fixture_retired,
    "AssetAttachedToFixture": _Judge.asset_attached_to_fixture,
    "AssetDetachedFromFixture": _Judge.asset_detached_from_fixture,
    "AssetPersistentIdAssigned": _Judge.persistent_id_assigned,
    "FixturePersistentIdAssigned": _Judge.persistent_id_assigned,
}


async def judged(pool: Pool) -> Judged:
    """The world after the log. Raises `AssertionError` for the first event that was not allowed where it stands."""
    judge = _Judge()
    rows = await pool.fetch("select position, stream, version, kind, data::text as data from event order by position")
    for row in rows:
        judge.judge(Entry(row["position"], str(row["stream"]), row["version"], row["kind"], json.loads(row["data"])))
    return judge.world
