"""From the names in a file to the ids of records. A name that leads to nothing is a problem with a suggestion."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from cora.equipment.paths import split_path
from cora.equipment.values import folded
from cora.facility_file.planning.core import Planning, Subject
from cora.facility_file.problems import Place, did_you_mean
from cora.facility_file.shapes import LEFT_OUT, LeftOut, Named
from cora.facility_file.tree import NONE, Tree

# Looking for a near name takes time; beyond this a wrong name is told without a suggestion.
_MOST_NAMES = 5_000
_MOST_SUGGESTIONS = 100


async def one(planning: Planning, subject: Subject, name: Named, kind: str) -> UUID | None:
    """The id of a record by its name. None when it is not known, or its own entry is wrong."""
    return await _by_key(planning, subject, name, kind, folded(name.text))


async def several(
    planning: Planning, subject: Subject, names: Iterable[Named] | LeftOut, kind: str
) -> tuple[UUID, ...] | None:
    """The ids of records by their names, each once. None when they are left out or one of them cannot be used."""
    if names is LEFT_OUT:
        return None
    found = [await one(planning, subject, name, kind) for name in names]
    return None if None in found else tuple(dict.fromkeys(id for id in found if id is not None))


async def a_model(planning: Planning, subject: Subject, name: Named) -> UUID | None:
    """The id of a model by the handle it has in the file, or by maker and part number."""
    found = planning.survey.model_name(name, subject.entry.place.file)
    key = (folded(found[0]), folded(found[1])) if found else None
    return await _by_key(planning, subject, name, "model", key)


async def a_frame(planning: Planning, subject: Subject, path: Named) -> UUID | None:
    """The id of a frame by its path."""
    return await _by_path(planning, subject, path, "frame", planning.survey.frames)


async def an_asset(planning: Planning, subject: Subject, path: Named) -> UUID | None:
    """The id of an asset by its path."""
    return await _by_path(planning, subject, path, "asset", planning.survey.assets)


def node_at(tree: Tree, path: str) -> int | None:
    """The node of a path, None where there is none."""
    try:
        names = split_path(path)
    except ValueError:
        return None
    node: int | None = NONE
    for name in names:
        node = tree.find(node, name)
        if node is None:
            return None
    return node


async def _by_key(planning: Planning, subject: Subject, name: Named, kind: str, key: Any) -> UUID | None:
    id = planning.ids[kind].get(key)
    if id is None:
        known = await planning.known_names(kind, subject.entry.place.file)
        _not_known(planning, subject, name, kind, known)
    return None if id in planning.failed else id


async def _by_path(planning: Planning, subject: Subject, path: Named, kind: str, tree: Tree) -> UUID | None:
    node = node_at(tree, path.text)
    id = None if node is None else planning.ids[kind].get(node)
    if id is None:
        _not_known(planning, subject, path, kind, _near(planning, tree, path.text))
    return None if id in planning.failed else id


def _near(planning: Planning, tree: Tree, path: str) -> list[str]:
    """The paths that are known where a path ceases to be."""
    try:
        names = split_path(path)
    except ValueError:
        return []
    if planning.problems.count > _MOST_SUGGESTIONS:
        return []
    kind = "frame" if tree is planning.survey.frames else "asset"
    known = planning.ids[kind]
    above = NONE
    for name in names:
        node = tree.find(above, name)
        if node is None or ((tree.above[node] != NONE or kind == "frame") and node not in known):
            break
        above = node
    below = [node for node in range(len(tree)) if tree.above[node] == above and node in known]
    return [tree.path(node) for node in below]


def _not_known(planning: Planning, subject: Subject, name: Named, kind: str, known: list[str]) -> None:
    place = Place(subject.entry.place.file, name.line)
    says = did_you_mean(name.text, known) if len(known) <= _MOST_NAMES else ""
    planning.problem(place, f"{subject.label}: {kind} '{name.text}' is not known{says}")
