"""Plans facilities, roles, families and models: the words in which everything else is described."""

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from cora.equipment.aggregates.facility import Facility as FacilityState
from cora.equipment.aggregates.family import Family
from cora.equipment.aggregates.model import Model
from cora.equipment.aggregates.role import Role, role_id
from cora.equipment.paths import joined_path
from cora.equipment.settings import same_json
from cora.equipment.values import folded
from cora.facility_file.entries import FacilityEntry, FamilyEntry, ModelEntry, RoleEntry
from cora.facility_file.keys import AGGREGATES
from cora.facility_file.planning.core import Planning, Subject, When, differing, later
from cora.facility_file.planning.definitions import FAMILIES, MODELS, Level, other_tag, plan_roles, plan_version
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


_FACILITY = (("name", "name"), ("identifier", "identifier"), ("website", "website"))


async def plan_facility(planning: Planning, entry: FacilityEntry) -> None:
    """Register a facility, or revise what is recorded of one."""
    subject = Subject(entry, label_of(entry))
    record = planning.known.facilities.get(entry.code)
    refuse_was(planning, entry, subject, "no command changes the code of a facility")
    arguments = given(entry, _FACILITY, record.state if record else None)
    if entry.contact is not LEFT_OUT and entry.contact is not None:
        arguments["contact"] = entry.contact
    if record is None:
        id = new_id()
        state = await planning.step(
            subject, Stage.FACILITIES, 0, "register_facility", {"id": str(id), "code": entry.code, **arguments},
            f"register facility '{entry.code}'", planning.when(entry),
        )  # fmt: skip
    else:
        id, state = record.id, await _revised(planning, entry, subject, record, arguments)
    keep(planning, "facility", entry.code, id, state, subject)


async def _revised(
    planning: Planning, entry: FacilityEntry, subject: Subject, record: Record, arguments: dict[str, Any]
) -> FacilityState:
    recorded: FacilityState = record.state
    if entry.contact is LEFT_OUT and recorded.contact_id is not None:
        # A revision says everything anew, so the address is brought along; one that was erased is gone.
        arguments["contact"] = await planning.facility.address(recorded.contact_id)
    wanted = planning.checked(subject, "revise_facility", {"facility_id": record.id, **arguments})
    if wanted is None:
        return recorded
    keys = differing(entry, _FACILITY, wanted, recorded)
    if entry.contact is not LEFT_OUT and not await has_address(planning, recorded.contact_id, entry.contact):
        keys.append("contact")
    if not keys:
        return recorded
    revised = await planning.step(
        subject, Stage.FACILITIES, 0, "revise_facility", wanted.model_dump(mode="json"),
        f"revise facility '{entry.code}': {', '.join(keys)}", start(record, planning.default(entry)),
        state=recorded, request=wanted,
    )  # fmt: skip
    return revised or recorded


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
    """Define a family, or bring a recorded one up to date: its content, its settings schema and its roles."""
    subject = Subject(entry, label_of(entry), {"tag": "version"})
    key = folded(entry.name)
    record = planning.known.families.get(key)
    when = start(record, planning.default(entry)) if record else planning.when(entry)
    entry = await completed(planning, entry, record and record.state)
    content = given(entry, _FAMILY, record.state if record else None)
    roles = await several(planning, subject, entry.presents_as, "role")
    state: Family | None
    if record is None:
        id = new_id()
        state = await planning.step(
            subject, Stage.FAMILIES, Level.DEFINED, "define_family", {"id": str(id), **content},
            f"define family '{entry.name}'", when,
        )  # fmt: skip
        if state is not None:
            state = await plan_version(
                planning, FAMILIES, entry, subject, state, content, other_tag(entry, state), when,
                level=Level.NEW_VERSIONED,
            )  # fmt: skip
    else:
        id, state = record.id, await _changed_family(planning, entry, subject, record, content, roles, when)
    keep(planning, "family", key, id, state, subject)
    if state is not None:
        state = await _plan_schema(planning, entry, subject, state, when)
        added = [each for each in roles or () if each not in state.presents_as]
        await plan_roles(planning, FAMILIES, subject, "add_family_presents_as", added, Level.ROLES_ADDED, state, when)


async def _changed_family(
    planning: Planning, entry: FamilyEntry, subject: Subject, record: Record, content: dict[str, Any],
    roles: tuple[UUID, ...] | None, when: When,
) -> Family:  # fmt: skip
    state: Family = record.state
    gone = [each for each in state.presents_as if roles is not None and each not in roles]
    state = await plan_roles(
        planning, FAMILIES, subject, "remove_family_presents_as", gone, Level.TAKEN_BACK, state, when
    )
    wanted = planning.checked(subject, "define_family", content)
    if wanted is None:
        return state
    keys = [*differing(entry, _FAMILY, wanted, state), *other_tag(entry, state)]
    told = "affordances" if "affordances" in keys else ""
    return await plan_version(planning, FAMILIES, entry, subject, state, content, keys, when, key=told)


async def _plan_schema(planning: Planning, entry: FamilyEntry, subject: Subject, state: Family, when: When) -> Family:
    schema = entry.settings_schema
    if schema is LEFT_OUT or same_value(schema, state.settings_schema):
        return state
    changed: Family | None = await planning.step(
        subject, Stage.FAMILIES, Level.COMPLETED, "update_family_settings_schema",
        {"family_id": str(state.id), "settings_schema": schema},
        f"{'clear' if schema is None else 'set'} the settings schema of family '{entry.name}'",
        when, key="settings_schema", state=state,
    )  # fmt: skip
    if changed is not None:
        planning.states[state.id] = changed
    return changed or state


_MODEL = tuple(
    (name, name)
    for name in (
        "name", "manufacturer", "part_number", "further_manufacturers", "description", "website", "identifier",
    )
)  # fmt: skip


async def plan_model(planning: Planning, entry: ModelEntry) -> None:
    """Define a model, or bring the content and the families of a recorded one up to date."""
    subject = Subject(entry, label_of(entry), {"declared_family_ids": "families", "tag": "version"})
    maker = str(entry.manufacturer["name"])
    key = (folded(maker), folded(entry.part_number))
    record = planning.known.models.get(key)
    entry = await completed(planning, entry, record and record.state)
    content = given(entry, _MODEL, record.state if record else None)
    families = await several(planning, subject, entry.families, "family")
    if families is None and entry.families is not LEFT_OUT:
        keep(planning, "model", key, record.id if record else new_id(), None, subject)
        return
    when = start(record, planning.default(entry)) if record else planning.when(entry)
    if families is not None:
        content["declared_family_ids"] = [str(each) for each in families]
    state: Model | None
    if record is None:
        id = new_id()
        state = await planning.step(
            subject, Stage.MODELS, Level.DEFINED, "define_model", {"id": str(id), **content},
            f"define model '{joined_path(maker, entry.part_number)}'", when,
        )  # fmt: skip
        if state is not None:
            state = await plan_version(
                planning, MODELS, entry, subject, state, content, other_tag(entry, state), when,
                level=Level.NEW_VERSIONED,
            )  # fmt: skip
    else:
        id, state = record.id, await _changed_model(planning, entry, subject, record.state, content, families, when)
    keep(planning, "model", key, id, state, subject)


async def _changed_model(
    planning: Planning, entry: ModelEntry, subject: Subject, state: Model, content: dict[str, Any],
    families: tuple[UUID, ...] | None, when: When,
) -> Model:  # fmt: skip
    content.setdefault("declared_family_ids", state.declared_family_ids)
    maker = entry.manufacturer
    if "identifier" not in maker and folded(str(maker["name"])) == folded(state.manufacturer.name):
        # The manufacturer is there to find the model by; what it leaves out is left alone.
        content["manufacturer"] = {**maker, "identifier": state.manufacturer.identifier}
    wanted = planning.checked(subject, "define_model", content)
    if wanted is None:
        return state
    keys = [*differing(entry, _MODEL, wanted, state), *other_tag(entry, state)]
    has_others = families is not None and set(families) != set(state.declared_family_ids)
    if keys:
        keys += ["families"] * has_others
        told = "families" if has_others else ""
        return await plan_version(planning, MODELS, entry, subject, state, content, keys, when, key=told)
    return await _plan_families(planning, subject, state, families, when) if families is not None else state


async def _plan_families(
    planning: Planning, subject: Subject, state: Model, wanted: tuple[UUID, ...], when: When
) -> Model:
    """Add the families that are new, then remove those that are gone: a model has one at any time."""
    new = [each for each in wanted if each not in state.declared_family_ids]
    gone = [each for each in state.declared_family_ids if each not in wanted]
    for command, family_ids, words, level in (
        ("add_model_family", new, "add {} to", Level.VERSIONED),
        ("remove_model_family", gone, "remove {} from", Level.NARROWED),
    ):
        for family_id in family_ids:
            await planning.learn_name("family", family_id)
            changed: Model | None = await planning.step(
                subject, Stage.MODELS, level, command, {"model_id": str(state.id), "family_id": str(family_id)},
                f"{words.format(planning.named(str(family_id)))} {subject.label}", when, key="families", state=state,
            )  # fmt: skip
            state = changed or state
    return state
