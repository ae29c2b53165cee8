"""The plain model of assets (domain.md, section 3, Asset), each command in the order of its row."""

from collections.abc import Iterable
from typing import Any

from tests.model.definitions import need_families
from tests.model.schemas import merged, settings_hold
from tests.model.world import NOW, Refused, State, World, clean, same, smallest


def _need_living(world: World, id: str) -> State:
    asset = world.need("asset", id, "AssetNotFound")
    if asset["lifecycle"] == "Decommissioned":
        raise Refused("AssetIsDecommissioned", asset_id=id)
    return asset


def _unique_name(world: World, asset: State) -> None:
    def key(each: State) -> Any:
        return each["parent_id"], each["facility_code"], same(each["name"])

    world.unique("AssetNameTaken", asset, world.living_assets(), key)


def _identifier_key(identifier: State) -> Any:
    return identifier["kind"], same(identifier["value"])


def _related_key(identifier: State) -> Any:
    is_any_case = identifier["scheme"] in ("DOI", "Handle")
    value = identifier["value"].lower() if is_any_case else identifier["value"]
    return identifier["relation"], identifier["scheme"], value


def _related(given: State) -> State:
    """A related identifier as it is kept: a DOI without its resolver, in lower case."""
    value = given["value"]
    if given["scheme"] == "DOI":
        value = value.removeprefix("https://doi.org/").lower()
    return {"name": None, **given, "value": value}


def _subject(given: State) -> State:
    return {"identifier": None, "scheme": None, **given, "name": clean(given["name"])}


def drawing(given: State | None) -> State | None:
    """A drawing with all that was left out."""
    return given and {"revision": None, **given}


def _port(given: State) -> State:
    return {"name": clean(given["name"]), "direction": given["direction"], "signal_type": given["signal_type"]}


def _need_controller(world: World, id: str) -> State:
    controller = world.need("asset", id, "ControllerNotFound")
    if controller["lifecycle"] == "Decommissioned":
        raise Refused("ControllerIsDecommissioned", controller_id=id)
    return controller


def _need_current_model(world: World, id: str) -> State:
    model = world.need("model", id, "ModelNotFound")
    if model["status"] == "Deprecated":
        raise Refused("ModelDeprecated", model_id=id)
    return model


def _need_declared(model: State, family_ids: Iterable[str]) -> None:
    undeclared = set(family_ids) - set(model["declared_family_ids"])
    if undeclared:
        raise Refused("AssetModelMismatch", model_id=model["id"], family_id=smallest(undeclared))


def register_asset(world: World, given: State) -> None:
    parent_id, code = given.get("parent_id"), given.get("facility_code")
    if (parent_id is None) == (code is None):
        raise Refused("InvalidAssetAnchor")
    if code is not None and not any(each["code"] == code for each in world.all("facility")):
        raise Refused("FacilityNotFound", id=code)
    if parent_id is not None:
        parent = world.need("asset", parent_id, "ParentNotFound")
        if parent["lifecycle"] == "Decommissioned":
            raise Refused("ParentIsDecommissioned", parent_id=parent_id)
    model_id, family_ids = given.get("model_id"), given.get("family_ids", [])
    model = _need_current_model(world, model_id) if model_id else None
    need_families(world, family_ids)
    controller_id = given.get("controller_id")
    if controller_id is not None:
        _need_controller(world, controller_id)
    if model is not None:
        _need_declared(model, family_ids)
    contacts = iter(world.hints.contact_ids)
    asset: State = {
        "id": world.hints.new_id,
        "name": clean(given["name"]),
        "tier": given["tier"],
        "registered_at": NOW,
        "commissioned_at": NOW,
        "description": given.get("description"),
        "parent_id": parent_id,
        "facility_code": code,
        "lifecycle": "Commissioned",
        "condition": "Nominal",
        "condition_reason": None,
        "family_ids": family_ids,
        "settings": {},
        "ports": [_port(port) for port in given.get("ports", [])],
        "owners": [
            {
                "name": clean(owner["name"]),
                "contact_id": next(contacts, None) if owner.get("contact") else None,
                "identifier": None,
            }
            for owner in given.get("owners", [])
        ],
        "alternate_identifiers": [{"name": None, **each} for each in given.get("alternate_identifiers", [])],
        "related_identifiers": list(map(_related, given.get("related_identifiers", []))),
        "subjects": list(map(_subject, given.get("subjects", []))),
        "drawing": drawing(given.get("drawing")),
        "model_id": model_id,
        "controller_id": controller_id,
        "fixture_id": None,
        "persistent_id": None,
        "decommissioned_at": None,
    }
    _unique_name(world, asset)
    if world.step.last_refusal is not None:
        raise world.step.last_refusal
    for keys in (
        family_ids,
        [same(port["name"]) for port in asset["ports"]],
        [same(owner["name"]) for owner in asset["owners"]],
        list(map(_identifier_key, asset["alternate_identifiers"])),
        list(map(_related_key, asset["related_identifiers"])),
        [same(subject["name"]) for subject in asset["subjects"]],
    ):
        if len(set(keys)) < len(keys):
            raise Refused("InvalidRequest")
    world.create("asset", asset)


def describe_asset(world: World, given: State) -> None:
    asset = _need_living(world, given["asset_id"])
    before = asset["name"], asset["description"]
    if given.get("name") is not None:
        asset["name"] = clean(given["name"])
    if "description" in given:
        asset["description"] = given["description"]
    if (asset["name"], asset["description"]) == before:
        return
    _unique_name(world, asset)
    world.note(asset["id"])


def bind_asset_model(world: World, given: State) -> None:
    asset = _need_living(world, given["asset_id"])
    model = _need_current_model(world, given["model_id"])
    _need_declared(model, asset["family_ids"])
    if asset["model_id"] == model["id"]:
        return
    if asset["model_id"] is not None and given.get("reason") is None:
        raise Refused("InvalidRequest")
    asset["model_id"] = model["id"]
    world.note(asset["id"])


def set_asset_controller(world: World, given: State) -> None:
    asset, to = _need_living(world, given["asset_id"]), given["controller_id"]
    above = _need_controller(world, to) if to is not None else None
    if to == asset["controller_id"]:
        return
    line = list[str]()
    while above is not None:
        line.append(above["id"])
        above = world.find("asset", above["controller_id"])
    if asset["id"] in line or len(line) >= 64:
        raise Refused("ControllerCycle", asset_id=asset["id"], controller_id=to)
    asset["controller_id"] = to
    world.note(asset["id"])


def set_asset_drawing(world: World, given: State) -> None:
    asset, wanted = _need_living(world, given["asset_id"]), drawing(given["drawing"])
    if asset["drawing"] == wanted:
        return
    asset["drawing"] = wanted
    world.note(asset["id"])


def add_asset_note(world: World, given: State) -> None:
    world.note(world.need("asset", given["asset_id"], "AssetNotFound")["id"])


def _goes(world: World, given: State, before: str, after: str, code: str) -> State:
    asset = world.need("asset", given["asset_id"], "AssetNotFound")
    if asset["lifecycle"] != before:
        raise Refused(code, lifecycle=asset["lifecycle"])
    asset["lifecycle"] = after
    world.note(asset["id"])
    return asset


def activate_asset(world: World, given: State) -> None:
    _goes(world, given, "Commissioned", "Active", "AssetCannotActivate")["commissioned_at"] = NOW


def enter_asset_maintenance(world: World, given: State) -> None:
    _goes(world, given, "Active", "Maintenance", "AssetCannotEnterMaintenance")


def exit_asset_maintenance(world: World, given: State) -> None:
    _goes(world, given, "Maintenance", "Active", "AssetCannotExitMaintenance")


def decommission_asset(world: World, given: State) -> None:
    asset = world.need("asset", given["asset_id"], "AssetNotFound")
    id = asset["id"]
    if asset["fixture_id"] is not None:
        raise Refused("AssetHasFixtureBinding", fixture_id=asset["fixture_id"])
    mount_id = world.mount_of(id)
    if mount_id is not None:
        raise Refused("AssetIsInstalled", mount_id=mount_id)
    child = smallest(each["id"] for each in world.living_assets() if each["parent_id"] == id)
    if child is not None:
        raise Refused("AssetHasActiveChildren", child_id=child)
    controlled = smallest(each["id"] for each in world.living_assets() if each["controller_id"] == id)
    if controlled is not None:
        raise Refused("AssetHasControlledAssets", controlled_id=controlled)
    if asset["lifecycle"] == "Decommissioned":
        raise Refused("AssetCannotDecommission")
    asset.update(lifecycle="Decommissioned", decommissioned_at=NOW)
    world.note(id)


def relocate_asset(world: World, given: State) -> None:
    asset, to = _need_living(world, given["asset_id"]), given["to_parent_id"]
    above, line = world.find("asset", to), list[str]()
    while above is not None:
        line.append(above["id"])
        above = world.find("asset", above["parent_id"])
    before = asset["parent_id"]
    if before is None or asset["id"] in line or to == before or len(line) >= 64:
        raise Refused("AssetCannotRelocate", to_parent_id=to)
    parent = world.need("asset", to, "ParentNotFound")
    if parent["lifecycle"] == "Decommissioned":
        raise Refused("ParentIsDecommissioned", parent_id=to)
    asset["parent_id"] = to
    _unique_name(world, asset)
    world.note(asset["id"], joined=(before, to))


def add_asset_family(world: World, given: State) -> None:
    asset, family_id = _need_living(world, given["asset_id"]), given["family_id"]
    need_families(world, [family_id])
    if family_id in asset["family_ids"]:
        raise Refused("AssetFamilyAlreadyPresent")
    model = world.find("model", asset["model_id"])
    if model is not None:
        _need_declared(model, [family_id])
    asset["family_ids"].append(family_id)
    world.note(asset["id"])


def remove_asset_family(world: World, given: State) -> None:
    asset = _need_living(world, given["asset_id"])
    if given["family_id"] not in asset["family_ids"]:
        raise Refused("AssetFamilyNotPresent")
    asset["family_ids"].remove(given["family_id"])
    world.note(asset["id"])


def _add(world: World, given: State, entries: str, entry: State, key: Any, code: str) -> None:
    asset = _need_living(world, given["asset_id"])
    if key(entry) in map(key, asset[entries]):
        raise Refused(code)
    asset[entries].append(entry)
    world.note(asset["id"])


def _remove(world: World, given: State, entries: str, entry: State, key: Any, code: str) -> None:
    asset = _need_living(world, given["asset_id"])
    left = [each for each in asset[entries] if key(each) != key(entry)]
    if len(left) == len(asset[entries]):
        raise Refused(code)
    asset[entries] = left
    world.note(asset["id"])


def _name_key(entry: State) -> str:
    return same(entry["name"])


def add_asset_port(world: World, given: State) -> None:
    _add(world, given, "ports", _port(given["port"]), _name_key, "AssetPortAlreadyPresent")


def remove_asset_port(world: World, given: State) -> None:
    _remove(world, given, "ports", given, _name_key, "AssetPortNotPresent")


def add_asset_owner(world: World, given: State) -> None:
    contact_id = world.hints.contact_ids[-1] if given["owner"].get("contact") and world.hints.contact_ids else None
    owner: State = {"name": clean(given["owner"]["name"]), "contact_id": contact_id, "identifier": None}
    _add(world, given, "owners", owner, _name_key, "AssetOwnerAlreadyPresent")


def remove_asset_owner(world: World, given: State) -> None:
    _remove(world, given, "owners", given, _name_key, "AssetOwnerNotPresent")


def add_asset_alternate_identifier(world: World, given: State) -> None:
    entry = {"name": None, **given["identifier"]}
    code = "AssetAlternateIdentifierAlreadyPresent"
    _add(world, given, "alternate_identifiers", entry, _identifier_key, code)


def remove_asset_alternate_identifier(world: World, given: State) -> None:
    code = "AssetAlternateIdentifierNotPresent"
    _remove(world, given, "alternate_identifiers", given["identifier"], _identifier_key, code)


def add_asset_related_identifier(world: World, given: State) -> None:
    code = "AssetRelatedIdentifierAlreadyPresent"
    _add(world, given, "related_identifiers", _related(given["identifier"]), _related_key, code)


def remove_asset_related_identifier(world: World, given: State) -> None:
    code = "AssetRelatedIdentifierNotPresent"
    _remove(world, given, "related_identifiers", _related(given["identifier"]), _related_key, code)


def add_asset_subject(world: World, given: State) -> None:
    _add(world, given, "subjects", _subject(given["subject"]), _name_key, "AssetSubjectAlreadyPresent")


def remove_asset_subject(world: World, given: State) -> None:
    _remove(world, given, "subjects", given, _name_key, "AssetSubjectNotPresent")


def update_asset_settings(world: World, given: State) -> None:
    asset = _need_living(world, given["asset_id"])
    settings = merged(asset["settings"], given["patch"])
    families = [world.records[id].state for id in asset["family_ids"]]
    if not settings_hold(settings, [each["settings_schema"] for each in families if each["settings_schema"]]):
        raise Refused("InvalidAssetSettings")
    if settings == asset["settings"]:
        return
    asset["settings"] = settings
    world.note(asset["id"])


def _reports(world: World, given: State, condition: str) -> None:
    asset = world.need("asset", given["asset_id"], "AssetNotFound")
    asset.update(condition=condition, condition_reason=given["reason"])
    world.note(asset["id"])


def degrade_asset(world: World, given: State) -> None:
    _reports(world, given, "Degraded")


def fault_asset(world: World, given: State) -> None:
    _reports(world, given, "Faulted")


def restore_asset(world: World, given: State) -> None:
    _reports(world, given, "Nominal")


def attach_asset_to_fixture(world: World, given: State) -> None:
    asset = world.need("asset", given["asset_id"], "AssetNotFound")
    fixture = world.need("fixture", given["fixture_id"], "FixtureNotFound")
    if fixture["retired_at"] is not None:
        raise Refused("FixtureIsRetired", fixture_id=fixture["id"])
    if asset["fixture_id"] is not None:
        raise Refused("AssetAlreadyAttachedToFixture", fixture_id=asset["fixture_id"])
    if asset["lifecycle"] == "Decommissioned":
        raise Refused("AssetCannotAttachToFixture")
    if asset["id"] not in [binding["asset_id"] for binding in fixture["slot_asset_bindings"]]:
        raise Refused("AssetNotBoundInFixture")
    if world.mount_of(asset["id"]) is None:
        raise Refused("FixtureAssetNotInstalled", asset_id=asset["id"])
    asset["fixture_id"] = fixture["id"]
    world.note(asset["id"], joined=(fixture["id"],))


def detach_asset_from_fixture(world: World, given: State) -> None:
    asset = world.need("asset", given["asset_id"], "AssetNotFound")
    if asset["fixture_id"] is None:
        raise Refused("AssetNotAttachedToFixture")
    if asset["fixture_id"] != given["fixture_id"]:
        raise Refused("AssetAttachedToDifferentFixture", fixture_id=asset["fixture_id"])
    asset["fixture_id"] = None
    world.note(asset["id"], joined=(given["fixture_id"],))
