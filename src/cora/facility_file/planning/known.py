"""What is recorded of all that the files name, and the ids of what is new."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar
from uuid import UUID

from cora.equipment.aggregates.role import role_id
from cora.equipment.paths import split_path
from cora.facility_file.keys import (
    Key,
    assembly_key,
    child_key,
    facility_key,
    family_key,
    fixture_key,
    frame_key,
    model_key,
    mount_key,
    root_key,
)
from cora.facility_file.planning.survey import Survey
from cora.facility_file.port import Facility, Record
from cora.facility_file.tree import NONE, Tree

K = TypeVar("K")
T = TypeVar("T")

AT_ONCE = 256


@dataclass
class Known:
    """What is recorded. Of assets and mounts, which may be many, only the ids are kept."""

    facilities: dict[str, Record] = field(default_factory=dict[str, Record])
    roles: dict[str, Record] = field(default_factory=dict[str, Record])
    families: dict[str, Record] = field(default_factory=dict[str, Record])
    models: dict[tuple[str, str], Record] = field(default_factory=dict[tuple[str, str], Record])
    assemblies: dict[str, Record] = field(default_factory=dict[str, Record])
    fixtures: dict[str, Record] = field(default_factory=dict[str, Record])
    frames: dict[int, UUID] = field(default_factory=dict[int, UUID])
    mounts: dict[str, UUID] = field(default_factory=dict[str, UUID])
    assets: dict[int, UUID] = field(default_factory=dict[int, UUID])
    renamed: set[int] = field(default_factory=set[int])
    """The nodes whose asset is recorded under the older path that the file tells."""


async def look_up(facility: Facility, survey: Survey) -> Known:
    """Look up everything that the files name."""
    known = Known()
    codes = {*survey.facilities.spelled.values(), *(survey.assets.names[node] for node in _roots(survey.assets))}
    known.facilities = await _records(facility, "facility", [(code, facility_key(code)) for code in codes])
    known.families = await _records(facility, "family", _keys(survey.families.spelled, family_key))
    known.assemblies = await _records(facility, "assembly", _keys(survey.assemblies.spelled, assembly_key))
    known.fixtures = await _records(facility, "fixture", _keys(survey.fixtures.spelled, fixture_key))
    known.models = await _records(
        facility, "model", [(key, model_key(*spelled)) for key, spelled in survey.models.items()]
    )
    await _look_up_older(facility, survey, "family", known.families, family_key)
    await _look_up_older(facility, survey, "model", known.models, lambda name: model_key(*name))
    await _look_up_older(facility, survey, "assembly", known.assemblies, assembly_key)
    for key, spelled in survey.roles.spelled.items():
        record = await facility.get("role", role_id(spelled))
        if record is not None:
            known.roles[key] = record
    known.mounts = await _ids(facility, _keys(survey.mounts.spelled, mount_key))
    await _look_up_frames(facility, survey.frames, known)
    await _look_up_assets(facility, survey, known)
    return known


def _keys(names: dict[str, str], key: Callable[[str], Key]) -> list[tuple[str, Key]]:
    return [(folded_name, key(spelled)) for folded_name, spelled in names.items()]


def _roots(tree: Tree) -> Iterable[int]:
    return (node for node in range(len(tree)) if tree.above[node] == NONE)


async def _ids(facility: Facility, keys: Sequence[tuple[K, Key]]) -> dict[K, UUID]:
    found: dict[K, UUID] = {}
    for start in range(0, len(keys), AT_ONCE):
        part = keys[start : start + AT_ONCE]
        owners = await facility.holders([key for _, key in part])
        found.update({name: id for (name, _), id in zip(part, owners, strict=True) if id is not None})
    return found


async def _records(facility: Facility, kind: str, keys: Sequence[tuple[K, Key]]) -> dict[K, Record]:
    ids = await _ids(facility, keys)
    records = await gathered(facility.get(kind, id) for id in ids.values())
    return {name: record for name, record in zip(ids, records, strict=True) if record is not None}


async def _look_up_older(
    facility: Facility, survey: Survey, kind: str, known: dict[Any, Record], key_of: Callable[[Any], Key]
) -> None:
    """Look up the definitions by the older names that `was` tells, where the new name leads to nothing yet."""
    older = {key: told for (each, key), told in survey.older.items() if each == kind}
    found = await _records(facility, kind, [(key, key_of(told.name)) for key, told in older.items()])
    renamed: dict[UUID, Any] = {}
    for key, record in found.items():
        if key not in known and renamed.setdefault(record.id, key) != key:
            survey.problems.add(older[key].place, f"{older[key].label}: another entry has the same 'was'")
    # A record that goes on under another name leaves its own to a new one.
    for key in [key for key, record in known.items() if record.id in renamed]:
        del known[key]
        if key in found:
            says = "another entry gives this name up; rename that one first, by a file of its own"
            survey.problems.add(older[key].place, f"{older[key].label}: {says}")
    known.update({key: found[key] for key in renamed.values()})


async def gathered(awaitables: Iterable[Awaitable[T]]) -> list[T]:
    """Await many at once, but not too many."""
    found: list[T] = []
    waiting: list[Awaitable[T]] = []
    for each in awaitables:
        waiting.append(each)
        if len(waiting) >= AT_ONCE:
            found += await asyncio.gather(*waiting)
            waiting = []
    return found + (list(await asyncio.gather(*waiting)) if waiting else [])


async def _look_up_frames(facility: Facility, frames: Tree, known: Known) -> None:
    for level in _by_depth(frames):
        keys: list[tuple[int, Key]] = []
        for node in level:
            above = frames.above[node]
            if above == NONE or above in known.frames:
                keys.append((node, frame_key(frames.names[node], known.frames.get(above))))
        known.frames.update(await _ids(facility, keys))


def _by_depth(tree: Tree) -> list[list[int]]:
    """The nodes of a tree by depth. A node has a larger number than the one above it."""
    depths: list[int] = []
    levels: list[list[int]] = []
    for node in range(len(tree)):
        above = tree.above[node]
        depth = 0 if above == NONE else depths[above] + 1
        depths.append(depth)
        if depth == len(levels):
            levels.append([])
        levels[depth].append(node)
    return levels


async def _look_up_assets(facility: Facility, survey: Survey, known: Known) -> None:
    tree = survey.assets
    old = await _older_paths(facility, survey)
    claimed = set(old.values())
    for level in _by_depth(tree)[1:]:
        keys = [(node, key) for node in level if (key := _asset_key(tree, node, tree.names[node], known)) is not None]
        found = await _ids(facility, keys)
        for node in level:
            # A record that moves on under another name leaves its old name to a new one.
            if node in found and (found[node] not in claimed or node in old):
                known.assets[node] = found[node]
            elif node in old:
                known.assets[node] = old[node]
                known.renamed.add(node)
        await _look_up_siblings(facility, survey, known, level, found)


async def _look_up_siblings(
    facility: Facility, survey: Survey, known: Known, level: list[int], found: dict[int, UUID]
) -> None:
    """`was` with a bare name means an older name below the same parent."""
    tree = survey.assets
    keys: list[tuple[int, Key]] = []
    for node in level:
        name = _older_name(survey, node)
        if name is not None and node not in known.assets:
            key = _asset_key(tree, node, name, known)
            if key is not None:
                keys.append((node, key))
    holders = {id: node for node, id in found.items()}
    for node, id in (await _ids(facility, keys)).items():
        known.assets[node] = id
        known.renamed.add(node)
        if id in holders:
            known.assets.pop(holders[id], None)


def _older_name(survey: Survey, node: int) -> str | None:
    was = survey.was.get(node)
    if was is None:
        return None
    try:
        names = split_path(was.text)
    except ValueError:
        return None
    return names[0] if len(names) == 1 else None


def _asset_key(tree: Tree, node: int, name: str, known: Known) -> Key | None:
    """The natural key of a name beside a node; None below a parent that is new."""
    above = tree.above[node]
    if tree.above[above] == NONE:
        return root_key(name, tree.names[above])
    parent = known.assets.get(above)
    return None if parent is None else child_key(name, parent)


async def _older_paths(facility: Facility, survey: Survey) -> dict[int, UUID]:
    """The records at the older paths that `was` tells, where the new path leads to nothing yet."""
    found: dict[int, UUID] = {}
    for node, was in survey.was.items():
        try:
            older = split_path(was.text)
        except ValueError:
            continue
        if len(older) > 1 and await recorded_at(facility, split_path(survey.assets.path(node))) is None:
            id = await recorded_at(facility, older)
            if id is not None:
                found[node] = id
    return found


async def recorded_at(facility: Facility, names: Sequence[str]) -> UUID | None:
    """The living asset that is recorded at a path (facility code, then names), None where there is none."""
    id: UUID | None = None
    for depth, name in enumerate(names[1:]):
        key = root_key(name, names[0]) if depth == 0 else None
        if key is None:
            if id is None:
                return None
            key = child_key(name, id)
        id = (await facility.holders([key]))[0]
        if id is None:
            return None
    return id
