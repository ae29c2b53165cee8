"""The plain model of what the world is told of an asset or a fixture (domain.md, section 4.1)."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from tests.model.world import State, World


def owners(world: World, asset: State) -> list[str]:
    """The names of who owns an asset: itself, the nearest above that says so, else the facility."""
    above: State | None = asset
    while above is not None:
        if above["owners"]:
            return [owner["name"] for owner in above["owners"]]
        if above["parent_id"] is None:
            return _facility(world, above)
        above = world.find("asset", above["parent_id"])
    return []


def is_complete(world: World, state: State) -> bool:
    """Whether owner and manufacturer can be told."""
    bound = instruments(world, state)
    return any(owners(world, asset) for asset in bound) and any(asset["model_id"] for asset in bound)


def instruments(world: World, state: State) -> list[State]:
    """The assets that a fixture binds; an asset alone."""
    if "slot_asset_bindings" not in state:
        return [state]
    return [world.records[binding["asset_id"]].state for binding in state["slot_asset_bindings"]]


def record_of(world: World, state: State) -> State:
    """All properties that can change; those that the runs never set are left out."""
    bound = instruments(world, state)
    own = _of_fixture(world, state) if "slot_asset_bindings" in state else _of_asset(world, state)
    models = [world.records[asset["model_id"]].state for asset in bound if asset["model_id"]]
    return {
        "name": state["name"],
        "owners": _distinct(owner for asset in bound for owner in owners(world, asset)),
        "manufacturers": _distinct(maker for model in models for maker in _makers(model)),
        "publisher": _facility(world, _root(world, bound[0])) if bound else [],
        **own,
    }


def related(world: World, state: State) -> list[tuple[str, str, str | None]]:
    """The others whose identifiers the world may see, and what is stated: how it is related, identifier and name."""
    if "slot_asset_bindings" in state:
        others = [("HasComponent", each) for each in instruments(world, state)]
    else:
        wholes = [world.records[id].state for id in (state["parent_id"], state["fixture_id"]) if id]
        parts = [each for each in world.living_assets() if each["parent_id"] == state["id"]]
        others = [("IsComponentOf", each) for each in wholes]
        others += [("HasComponent", each) for each in sorted(parts, key=lambda part: part["id"])]
    public = {each["subject_id"]: each["value"] for each in world.all("persistent_id") if is_public(each)}
    derived = [(relation, public[each["id"]], each["name"]) for relation, each in others if each["id"] in public]
    stated = [(each["relation"], each["value"], each["name"]) for each in state.get("related_identifiers", ())]
    return _distinct((*derived, *stated))


def is_public(persistent_id: State) -> bool:
    """Whether the world may see where an identifier leads."""
    is_seen = persistent_id["published_at"] is not None
    return persistent_id["status"] == "Minted" or (persistent_id["status"] == "Withdrawn" and is_seen)


def _of_asset(world: World, asset: State) -> State:
    model = world.find("model", asset["model_id"])
    return {
        "model": model and (model["name"], model["part_number"], str(model["identifier"])),
        "description": asset["description"],
        "types": _types(world, asset["family_ids"]),
        "dates": _days(asset["commissioned_at"], asset["decommissioned_at"]),
        "related": related(world, asset),
        "subjects": [(each["name"], each["identifier"]) for each in asset["subjects"]],
        "alternates": [(each["kind"], each["value"], each["name"]) for each in asset["alternate_identifiers"]],
    }


def _of_fixture(world: World, fixture: State) -> State:
    assembly = world.records[fixture["assembly_id"]].state
    slots = [binding["slot_name"] for binding in fixture["slot_asset_bindings"]]
    bound = instruments(world, fixture)
    return {
        "model": assembly["name"],
        "description": [_line(world, *each) for each in zip(slots, bound, strict=True)],
        "types": _types(world, [assembly["presents_as_family_id"]]),
        "dates": _days(fixture["registered_at"], fixture["retired_at"]),
        "related": related(world, fixture),
    }


def _line(world: World, slot_name: str, asset: State) -> tuple[str, ...]:
    model = world.find("model", asset["model_id"])
    made = (model["manufacturer"]["name"], model["name"]) if model else ()
    return slot_name, asset["name"], *made


def _types(world: World, family_ids: list[str]) -> list[tuple[str, str]]:
    return [(world.records[id].state["name"], id) for id in family_ids]


def _days(*moments: str | None) -> list[str]:
    return [datetime.fromisoformat(each).astimezone(UTC).date().isoformat() for each in moments if each is not None]


def _root(world: World, asset: State) -> State:
    above = world.find("asset", asset["parent_id"])
    return asset if above is None else _root(world, above)


def _facility(world: World, root: State) -> list[str]:
    return [each["name"] for each in world.all("facility") if each["code"] == root["facility_code"]]


def _makers(model: State) -> list[str]:
    return [maker["name"] for maker in (model["manufacturer"], *model["further_manufacturers"])]


def _distinct(values: Iterable[Any]) -> list[Any]:
    return list(dict.fromkeys(values))
