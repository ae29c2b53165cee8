"""What a plan does alike with families, models and assemblies: another content of one is a version of it, and the
roles that it presents as are added and taken back one by one."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, TypeVar
from uuid import UUID

from cora.equipment.aggregates.assembly import Assembly
from cora.equipment.aggregates.family import Family
from cora.equipment.aggregates.model import Model
from cora.facility_file.entries import AssemblyEntry, FamilyEntry, ModelEntry
from cora.facility_file.keys import AGGREGATES
from cora.facility_file.planning.core import Planning, Subject, When
from cora.facility_file.shapes import LEFT_OUT
from cora.facility_file.steps import Stage

D = TypeVar("D", Family, Model, Assembly)
P = TypeVar("P", Family, Assembly)

DefinitionEntry = FamilyEntry | ModelEntry | AssemblyEntry


class Level(IntEnum):
    """What comes after what, within the stage of a kind of definition.

    A version may free a name that a new definition wants, and may drop what a role taken back required.
    """

    TAKEN_BACK = 0
    VERSIONED = 1
    NARROWED = 2
    DEFINED = 3
    NEW_VERSIONED = 4
    COMPLETED = 5
    ROLES_ADDED = 6


@dataclass(frozen=True)
class Kind:
    """A kind of definition: its name, the command that changes its content, and when that is done."""

    name: str
    version_command: str
    stage: Stage


FAMILIES = Kind("family", "version_family", Stage.FAMILIES)
MODELS = Kind("model", "version_model", Stage.MODELS)
ASSEMBLIES = Kind("assembly", "version_assembly", Stage.ASSEMBLIES)


def other_tag(entry: DefinitionEntry, state: Family | Model | Assembly) -> list[str]:
    """The key of the version when the file gives another than is recorded."""
    return ["version"] if entry.version not in (LEFT_OUT, state.version) else []


async def plan_version(
    planning: Planning, kind: Kind, entry: DefinitionEntry, subject: Subject, state: D, content: dict[str, Any],
    keys: list[str], when: When, *, level: Level = Level.VERSIONED, key: str = "",
) -> D:  # fmt: skip
    """Plan the version that makes the content as the file says; the state after it, or as it was.

    `keys` are those of the file that differ, `key` is the one where a refusal is told.
    """
    tag = _tag(planning, entry, subject, state, keys) if keys else None
    if tag is None:
        return state
    request = planning.checked(subject, kind.version_command, {**content, f"{kind.name}_id": state.id, "tag": tag})
    if request is None:
        return state
    changes = [f"name (was '{state.name}')" if each == "name" else each for each in keys if each != "version"]
    changed: D | None = await planning.step(
        subject, kind.stage, level, kind.version_command, request.model_dump(mode="json"),
        f"make version '{tag}' of {subject.label}" + (f": {', '.join(changes)}" if changes else ""),
        when, key=key, state=state, request=request,
    )  # fmt: skip
    if changed is None:
        return state
    for claim in AGGREGATES[kind.name].claims(state):
        planning.claims.pop(claim, None)
    return changed


def _tag(
    planning: Planning, entry: DefinitionEntry, subject: Subject, state: Family | Model | Assembly, keys: list[str]
) -> str | None:
    """What the file calls the version, else the number after the recorded one; a definition itself counts as 1."""
    if entry.version is not LEFT_OUT:
        return entry.version
    if state.version is None:
        return "2"
    if state.version.isascii() and state.version.isdecimal():
        return str(int(state.version) + 1)
    differ = ", ".join(f"'{each}'" for each in keys)
    planning.problem(
        entry.at(keys[0]),
        f"{subject.label}: other than in version '{state.version}': {differ}; "
        "say with 'version' what the version with this change is called",
    )
    return None


async def plan_roles(
    planning: Planning, kind: Kind, subject: Subject, command: str, role_ids: Iterable[UUID], level: Level, state: P,
    when: When,
) -> P:  # fmt: skip
    """Plan that a definition says that it presents as roles, or no longer says so; the state after that."""
    says = "no longer says" if level is Level.TAKEN_BACK else "says"
    for role_id in role_ids:
        changed: P | None = await planning.step(
            subject, kind.stage, level, command, {f"{kind.name}_id": str(state.id), "role_id": str(role_id)},
            f"{subject.label} {says} that it presents as {planning.named(str(role_id))}",
            when, key="presents_as", state=state,
        )  # fmt: skip
        if changed is not None:
            state = planning.states[state.id] = changed
    return state
