"""Plans facilities, roles, families and models: the words in which everything else is described."""

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from cora.equipment.aggregates.facility import Facility as FacilityState
from cora.equipment.aggregates.family import Family
from cora.equipment.aggregates.model import Model
from cora.equipment.aggregates.role import Role, role_id
from cora.equipment.settings import same_json
from cora.equipment.values import folded
from cora.facility_file.entries import FacilityEntry, FamilyEntry, ModelEntry, RoleEntry
from cora.facility_file.keys import AGGREGATES
from cora.facility_file.paths import joined_path
from cora.facility_file.planning.core import Planning, Subject, When, differing, later
from cora.facility_file.planning.partly import completed
from cora.facility_file.planning.references import several
from cora.facility_file.port import Record
from cora.facility_file.read import label_of
from cora.facility_file.shapes import LEFT_OUT, Entry
from cora.facility_file.steps import Stage
from cora.kernel.identity import new_id


def given(entry: Entry, fields: Iterable[tuple[str, str]], fallback: Any = None) -> dict[str, Any]:
    """The arguments of a command: what the file gives, else what is recorded.

    `fields` are pairs of a key and the field that it becomes.
    """
    found: dict[str, Any] = {}
    for key, name in fields:
        value = getattr(entry, key)
        if value is not LEFT_OUT:
            found[name] = value
        elif fallback is not None and hasattr(fallback, name):
            found[name] = getattr(fallback, name)
    return found


def refuse_was(planning: Planning, entry: Any, subject: Subject, why: str) -> None:
    """Note that a record of this kind cannot get another name."""
    if entry.was is not LEFT_OUT:
        planning.problem(entry.at("was"), f"{subject.label}: {why}")


def refuse_changes(
    planning: Planning, subject: Subject, keys: Iterable[str], commands: Mapping[str, str], otherwise: str
) -> None:
    """Note each difference that cannot be made: by no command of this release, or by none at all."""
    for key in keys:
        command = commands.get(key)
        says = f"this release cannot change '{key}' (that takes {command})" if command else otherwise.format(key=key)
        planning.problem(subject.entry.at(key), f"{subject.label}: {says}")


def start(record: Record | None, when: When) -> When:
    """When a change can be recorded: not before what the record knows already."""
    return later(when, When(record.occurred_at)) if record else when


def same_value(one: Any, other: Any) -> bool:
    """Whether two values are equal; JSON by its meaning."""
    return same_json(one, other) if isinstance(one, dict) and isinstance(other, dict) else one == other


_FACILITY = (("code", "code"), ("name", "name"), ("identifier", "identifier"), ("website", "website"))


async def plan_facility(planning: Planning, entry: FacilityEntry) -> None:
    """Register a facility. What is recorded of one cannot be changed in this release."""
    subject = Subject(entry, label_of(entry))
    record = planning.known.facilities.get(entry.code)
    arguments = given(entry, _FACILITY, record.state if record else None)
    if entry.contact is not LEFT_OUT and entry.contact is not None:
        arguments["contact"] = entry.contact
    if record is None:
        id = new_id()
        state = await planning.step(
            subject, Stage.FACILITIES, 0, "register_facility", {"id": str(id), **arguments},
            f"register facility '{entry.code}'", planning.when(entry),
        )  # fmt: skip
        refuse_was(planning, entry, subject, "no command changes the code of a facility")
        keep(planning, "facility", entry.code, id, state, subject)
        return
    keep(planning, "facility", entry.code, record.id, record.state, subject)
    wanted = planning.checked(subject, "register_facility", arguments)
    if wanted is not None:
        recorded: FacilityState = record.state
        keys = differing(entry, _FACILITY, wanted, recorded)
        if entry.contact is not LEFT_OUT and not await has_address(planning, recorded.contact_id, entry.contact):
            keys.append("contact")
        refuse_changes(planning, subject, keys, dict.fromkeys(keys, "revise_facility"), "")


async def has_address(planning: Planning, contact_id: str | None, address: str | None) -> bool:
    """Whether a contact has an address; an erased one has none."""
    if contact_id is None or address is None:
        return contact_id is None and address is None
    return await planning.facility.address(contact_id) == address.strip()


def keep(planning: Planning, kind: str, key: Any, id: UUID, state: Any, subject: Subject) -> None:
    """Remember the planned state of a record that others refer to; None when its entry is wrong."""
    planning.record_count += 1
    planning.ids[kind][key] = id
    planning.labels[id] = subject.label
    if state is None:
        planning.failed.add(id)
    else:
        planning.states[id] = state
        for claim in AGGREGATES[kind].claims(state):
            planning.claims[claim] = id


_ROLE = tuple(
    (name, name)
    for name in ("name", "docstring", "required_affordances", "optional_affordances", "produces", "consumes")
)


async def plan_role(planning: Planning, entry: RoleEntry) -> None:
    """Define a role. A role never changes."""
    subject = Subject(entry, label_of(entry))
    key = folded(entry.name)
    record = planning.known.roles.get(key)
    arguments = given(entry, _ROLE, record.state if record else None)
    refuse_was(planning, entry, subject, "no command changes the name of a role")
    if record is None:
        state = await planning.step(
            subject, Stage.ROLES, 0, "define_role", arguments, f"define role '{entry.name}'", planning.when(entry)
        )
        keep(planning, "role", key, role_id(entry.name), state, subject)
        return
    keep(planning, "role", key, record.id, record.state, subject)
    wanted = planning.checked(subject, "define_role", arguments)
    if wanted is not None:
        recorded: Role = record.state
        keys = differing(entry, _ROLE, wanted, recorded)
        refuse_changes(planning, subject, keys, {}, "no command changes '{key}' of a role; define another role")


_FAMILY = tuple(
    (name, name)
    for name in ("name", "description", "affordances", "term", "measured_variables", "measurement_techniques")
)


async def plan_family(planning: Planning, entry: FamilyEntry) -> None:
    """Define a family, with its settings schema and its roles, or bring those of a recorded one up to date."""
    subject = Subject(entry, label_of(entry))
    record = planning.known.families.get(folded(entry.name))
    entry = await completed(planning, entry, record and record.state)
    refuse_was(planning, entry, subject, "this release cannot rename a family (that takes version_family)")
    when = start(record, planning.when(entry))
    arguments = given(entry, _FAMILY, record.state if record else None)
    state: Family | None
    if record is None:
        id = new_id()
        state = await planning.step(
            subject, Stage.FAMILIES, 0, "define_family", {"id": str(id), **arguments},
            f"define family '{entry.name}'", when,
        )  # fmt: skip
    else:
        id, state = record.id, record.state
        wanted = planning.checked(subject, "define_family", arguments)
        if wanted is not None:
            keys = differing(entry, _FAMILY, wanted, state)
            refuse_changes(planning, subject, keys, dict.fromkeys(keys, "version_family"), "")
    keep(planning, "family", folded(entry.name), id, state, subject)
    if state is not None:
        state = await _plan_schema(planning, entry, subject, state, when)
        await _plan_roles(planning, entry, subject, state, when)


async def _plan_schema(planning: Planning, entry: FamilyEntry, subject: Subject, state: Family, when: When) -> Family:
    schema = entry.settings_schema
    if schema is LEFT_OUT or same_value(schema, state.settings_schema):
        return state
    changed: Family | None = await planning.step(
        subject, Stage.FAMILIES, 1, "update_family_settings_schema",
        {"family_id": str(state.id), "settings_schema": schema},
        f"{'clear' if schema is None else 'set'} the settings schema of family '{entry.name}'",
        when, key="settings_schema", state=state,
    )  # fmt: skip
    if changed is not None:
        planning.states[state.id] = changed
    return changed or state


async def _plan_roles(planning: Planning, entry: FamilyEntry, subject: Subject, state: Family, when: When) -> None:
    wanted = await several(planning, subject, entry.presents_as, "role")
    if wanted is None:
        return
    for command, role_ids, words in (
        ("remove_family_presents_as", [each for each in state.presents_as if each not in wanted], "no longer says"),
        ("add_family_presents_as", [each for each in wanted if each not in state.presents_as], "says"),
    ):
        for each in role_ids:
            changed = await planning.step(
                subject, Stage.FAMILIES, 2, command, {"family_id": str(state.id), "role_id": str(each)},
                f"family '{entry.name}' {words} that it presents as {planning.named(str(each))}",
                when, key="presents_as", state=state,
            )  # fmt: skip
            if changed is not None:
                state = planning.states[state.id] = changed


_MODEL = tuple((name, name) for name in ("name", "manufacturer", "part_number", "description", "website"))


async def plan_model(planning: Planning, entry: ModelEntry) -> None:
    """Define a model. What is recorded of one cannot be changed in this release."""
    subject = Subject(entry, label_of(entry), {"declared_family_ids": "families"})
    maker = str(entry.manufacturer["name"])
    key = (folded(maker), folded(entry.part_number))
    record = planning.known.models.get(key)
    entry = await completed(planning, entry, record and record.state)
    refuse_was(planning, entry, subject, "this release cannot rename a model (that takes version_model)")
    arguments = given(entry, _MODEL, record.state if record else None)
    families = await several(planning, subject, entry.families, "family")
    if families is None and entry.families is not LEFT_OUT:
        keep(planning, "model", key, record.id if record else new_id(), None, subject)
        return
    if record is None:
        id = new_id()
        if families is not None:
            arguments["declared_family_ids"] = [str(each) for each in families]
        state = await planning.step(
            subject, Stage.MODELS, 0, "define_model", {"id": str(id), **arguments},
            f"define model '{joined_path(maker, entry.part_number)}'", planning.when(entry),
        )  # fmt: skip
        keep(planning, "model", key, id, state, subject)
        return
    keep(planning, "model", key, record.id, record.state, subject)
    recorded: Model = record.state
    wanted = planning.checked(
        subject, "define_model", {**arguments, "declared_family_ids": recorded.declared_family_ids}
    )
    if wanted is not None:
        keys = differing(entry, _MODEL, wanted, recorded)
        if families is not None and set(families) != set(recorded.declared_family_ids):
            keys.append("families")
        commands = {**dict.fromkeys(keys, "version_model"), "families": "add_model_family or remove_model_family"}
        refuse_changes(planning, subject, keys, commands, "")
