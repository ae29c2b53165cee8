"""What must hold at any moment, asked of the stored documents and of nothing else."""

import json
from collections import Counter
from collections.abc import Iterable
from typing import Any

from tests.model.world import State, is_in_use, same

DEFINITIONS = ("family", "model", "assembly")


def normal(value: Any) -> Any:
    """A state with its lists in one order: most of them are sets, and none has an order that counts."""
    if isinstance(value, dict):
        return {key: normal(each) for key, each in value.items()}  # pyright: ignore[reportUnknownVariableType]
    if isinstance(value, list):
        items: list[Any] = [normal(each) for each in value]  # pyright: ignore[reportUnknownVariableType]
        return sorted(items, key=lambda item: json.dumps(item, sort_keys=True))
    return value


def require_invariants(documents: dict[str, Any], identifiers: dict[str, str]) -> None:
    """Raises `AssertionError` when something does not hold. `identifiers` are those that were seen before."""
    by_kind: dict[str, list[State]] = {}
    for document in documents.values():
        by_kind.setdefault(document["kind"], []).append(document["state"])
    current = {kind: [each for each in by_kind.get(kind, []) if each["status"] != "Deprecated"] for kind in DEFINITIONS}
    assets = {asset["id"]: asset for asset in by_kind.get("asset", [])}
    living = [asset for asset in assets.values() if asset["lifecycle"] != "Decommissioned"]
    mounts, fixtures = by_kind.get("mount", []), {each["id"]: each for each in by_kind.get("fixture", [])}
    frames = by_kind.get("frame", [])

    installed = [mount["installed_asset_id"] for mount in mounts if mount["installed_asset_id"]]
    _once(installed, "an asset is in one mount")
    assert all(is_in_use(mount) for mount in mounts if mount["installed_asset_id"]), "what holds an asset is in use"
    _require_places(frames, mounts)
    assert {asset["id"] for asset in living} >= set(installed), "what is installed is alive"

    _once([(a["parent_id"], a["facility_code"], same(a["name"])) for a in living], "names of living siblings differ")
    _once([each["code"] for each in by_kind.get("facility", [])], "facility codes differ")
    _once([same(each["name"]) for each in current["family"]], "family names differ")
    _once([same(each["name"]) for each in current["assembly"]], "assembly names differ")
    _once([same(each["name"]) for each in fixtures.values() if is_in_use(each)], "fixture names differ")
    _once([same(each["slot_code"]) for each in mounts if is_in_use(each)], "slot codes differ")
    _once([(each["parent_id"], same(each["name"])) for each in frames if is_in_use(each)], "frame names differ")
    _once(
        [(same(each["manufacturer"]["name"]), same(each["part_number"])) for each in current["model"]],
        "part numbers differ",
    )

    for asset in assets.values():
        if asset["fixture_id"] is not None:
            assert is_in_use(fixtures[asset["fixture_id"]]), "what is attached serves in a fixture in use"
            bindings = fixtures[asset["fixture_id"]]["slot_asset_bindings"]
            assert asset["id"] in [each["asset_id"] for each in bindings], "what is attached is bound"
            assert asset["id"] in installed, "what is attached is installed"
        assert (asset["parent_id"] is None) != (asset["facility_code"] is None), "an asset has one anchor"
        for way in ("parent_id", "controller_id"):
            _require_line(asset, assets, way)
    for asset in living:
        for above in (asset["parent_id"], asset["controller_id"]):
            assert above is None or assets[above]["lifecycle"] != "Decommissioned", "no living part of something dead"

    records = (*assets.values(), *fixtures.values())
    for record in records:
        has = record["persistent_id"] and f"{record['persistent_id']['scheme']}:{record['persistent_id']['value']}"
        assert identifiers.get(record["id"], has) == has, "an identifier is set once"
        if has:
            identifiers[record["id"]] = has
    minted = {each["subject_id"]: each["value"] for each in by_kind.get("persistent_id", []) if _is_minted(each)}
    assigned = {each["id"]: each["persistent_id"]["value"] for each in records if each["persistent_id"]}
    assert assigned == minted, "what is minted is assigned, and nothing else"
    _once([has.lower() for has in identifiers.values()], "identifiers differ")


def _require_line(asset: State, assets: dict[str, State], way: str) -> None:
    seen: set[str] = set()
    above: State | None = asset
    while above is not None:
        assert above["id"] not in seen, f"assets form a tree by their {way}"
        seen.add(above["id"])
        above = assets[above[way]] if above[way] else None


def _require_places(frames: list[State], mounts: list[State]) -> None:
    used_frames = {frame["id"] for frame in frames if is_in_use(frame)}
    used_mounts = {mount["id"] for mount in mounts if is_in_use(mount)}
    for frame in frames:
        if frame["parent_id"] is None:
            assert frame["placement"] is None, "a root is placed in nothing"
            continue
        assert frame["placement"]["parent_frame_id"] == frame["parent_id"], "a frame is placed in its parent"
        assert frame["id"] not in used_frames or frame["parent_id"] in used_frames, "no frame in one that ended"
    for mount in mounts:
        if mount["id"] in used_mounts:
            assert mount["placement"]["parent_frame_id"] in used_frames, "no mount in a frame that ended"
            assert mount["parent_id"] is None or mount["parent_id"] in used_mounts, "no slot below one that ended"


def _is_minted(persistent_id: State) -> bool:
    return persistent_id["status"] not in ("Reserved", "Released")


def _once(values: Iterable[Any], rule: str) -> None:
    twice = [value for value, count in Counter(values).items() if count > 1]
    assert not twice, f"not so that {rule}: {twice}"
