"""Plans assemblies and fixtures: blueprints, and what is made of them with particular assets."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from itertools import chain
from typing import Any
from uuid import UUID

from cora.equipment.aggregates.assembly import Assembly, wire_order
from cora.equipment.aggregates.asset.state import Asset
from cora.equipment.aggregates.fixture import Fixture
from cora.equipment.values import folded
from cora.facility_file.entries import AssemblyEntry, FixtureEntry
from cora.facility_file.planning.core import Planning, Subject, When, differing, later
from cora.facility_file.planning.definitions import ASSEMBLIES, Level, other_tag, plan_roles, plan_version
from cora.facility_file.planning.identifiers import plan_assignment, plan_recorded_identifier
from cora.facility_file.planning.installing import Installing
from cora.facility_file.planning.references import an_asset, node_at, one, several
from cora.facility_file.planning.vocabulary import given, keep, refuse_changes, refuse_was, same_value, start
from cora.facility_file.port import Record
from cora.facility_file.problems import Place
from cora.facility_file.read import label_of
from cora.facility_file.shapes import LEFT_OUT, LeftOut, Named
from cora.facility_file.steps import Stage
from cora.kernel.identity import new_id

_NOBODY = UUID(int=0)
_ASSEMBLY_KEYS = {
    "presents_as_family_id": "presents_as_family",
    "required_slots": "slots",
    "required_family_ids": "families",
    "required_wires": "wires",
    "tag": "version",
}


async def plan_assembly(planning: Planning, entry: AssemblyEntry) -> None:
    """Define an assembly, or bring the structure and the roles of a recorded one up to date."""
    subject = Subject(entry, label_of(entry), _ASSEMBLY_KEYS)
    key = folded(entry.name)
    record = planning.known.assemblies.get(key)
    recorded: Assembly | None = record.state if record else None
    content = given(entry, (("name", "name"), ("drawing", "drawing"),
                            ("parameter_overrides_schema", "parameter_overrides_schema")), recorded)  # fmt: skip
    if not await _structure(planning, entry, subject, recorded, content):
        keep(planning, "assembly", key, record.id if record else new_id(), None, subject)
        return
    when = start(record, planning.default(entry)) if record else planning.when(entry)
    state: Assembly | None
    if recorded is None:
        id = new_id()
        state = await planning.step(
            subject, Stage.ASSEMBLIES, Level.DEFINED, "define_assembly", {"id": str(id), **content},
            f"define assembly '{entry.name}'", when,
        )  # fmt: skip
        if state is not None:
            state = await plan_version(
                planning, ASSEMBLIES, entry, subject, state, content, other_tag(entry, state), when,
                level=Level.NEW_VERSIONED,
            )  # fmt: skip
    else:
        id, keys = recorded.id, _differing(planning, entry, subject, recorded, content)
        state = await plan_version(planning, ASSEMBLIES, entry, subject, recorded, content, keys, when)
    keep(planning, "assembly", key, id, state, subject)
    wanted = await several(planning, subject, entry.presents_as, "role")
    if state is not None and wanted is not None:
        for command, role_ids, level in (
            ("remove_assembly_presents_as", set(state.presents_as).difference(wanted), Level.TAKEN_BACK),
            ("add_assembly_presents_as", set(wanted).difference(state.presents_as), Level.ROLES_ADDED),
        ):
            state = await plan_roles(planning, ASSEMBLIES, subject, command, sorted(role_ids), level, state, when)


async def _structure(
    planning: Planning, entry: AssemblyEntry, subject: Subject, recorded: Assembly | None, arguments: dict[str, Any]
) -> bool:
    """Add slots, wires and the family to the arguments; whether all of it can be used."""
    is_sound = True
    if entry.presents_as_family is not LEFT_OUT:
        family_id = await one(planning, subject, entry.presents_as_family, "family")
        is_sound = family_id is not None
        arguments["presents_as_family_id"] = str(family_id)
    elif recorded is not None:
        arguments["presents_as_family_id"] = recorded.presents_as_family_id
    if entry.slots is not LEFT_OUT:
        slots: list[dict[str, Any]] = []
        for name, slot in entry.slots.items():
            families = await several(planning, subject, slot["families"], "family")
            if families is None:
                is_sound = False
                continue
            slots.append({"slot_name": name, "required_family_ids": [str(each) for each in families]})
            if "cardinality" in slot:
                slots[-1]["cardinality"] = slot["cardinality"]
        arguments["required_slots"] = slots
        subject.named["required_slots"] = [slot["slot_name"] for slot in slots]
    elif recorded is not None:
        arguments["required_slots"] = recorded.required_slots
    if entry.wires is not LEFT_OUT:
        wires = [_wire(planning, subject, wire) for wire in entry.wires]
        is_sound = is_sound and None not in wires
        arguments["required_wires"] = wires
    elif recorded is not None:
        arguments["required_wires"] = recorded.required_wires
    return is_sound


def _wire(planning: Planning, subject: Subject, wire: Named) -> dict[str, str] | None:
    """`slot.port -> slot.port` as commands take it."""
    # A port may be named a->b, but no name holds white space.
    arrow = " -> " if " -> " in wire.text else "->"
    ends = [tuple(part.strip() for part in end.split(".", 1)) for end in wire.text.split(arrow)]
    if len(ends) != 2 or any(len(end) != 2 or not all(end) for end in ends):
        place = Place(subject.entry.place.file, wire.line)
        planning.problem(place, f"{subject.label}: a wire is 'slot.port -> slot.port', not '{wire.text}'")
        return None
    (source_slot, source_port), (target_slot, target_port) = ends
    return {
        "source_slot_name": source_slot,
        "source_port_name": source_port,
        "target_slot_name": target_slot,
        "target_port_name": target_port,
    }


def _differing(
    planning: Planning, entry: AssemblyEntry, subject: Subject, recorded: Assembly, content: dict[str, Any]
) -> list[str]:
    """The keys in which the structure is another than the recorded one; none when it cannot be used."""
    wanted = planning.checked(subject, "define_assembly", content)
    if wanted is None:
        return []
    plain = (("name", "name"), ("presents_as_family", "presents_as_family_id"), ("drawing", "drawing"),
             ("parameter_overrides_schema", "parameter_overrides_schema"))  # fmt: skip
    keys = differing(entry, plain, wanted, recorded, same_value)
    if entry.slots is not LEFT_OUT and set(wanted.required_slots) != set(recorded.required_slots):
        keys.append("slots")
    if entry.wires is not LEFT_OUT and (
        {wire_order(wire) for wire in wanted.required_wires} != {wire_order(wire) for wire in recorded.required_wires}
    ):
        keys.append("wires")
    return [*keys, *other_tag(entry, recorded)]


async def plan_detachments(planning: Planning, entry: FixtureEntry, installing: Installing) -> None:
    """Detach the assets that the file no longer wants attached, before anything is uninstalled."""
    record = planning.known.fixtures.get(folded(entry.name))
    if record is None or entry.attach is LEFT_OUT:
        return
    subject = Subject(entry, label_of(entry), {"asset_id": "attach"})
    fixture: Fixture = record.state
    wanted = _attached_slots(entry.attach, fixture)
    for binding in fixture.slot_asset_bindings:
        found = await planning.facility.get("asset", binding.asset_id)
        state: Asset | None = found.state if found else None
        if found is None or state is None or state.fixture_id != fixture.id or binding.slot_name in wanted:
            continue
        when = start(found, planning.default(entry))
        changed = await planning.step(
            subject, Stage.DETACHMENT, 0, "detach_asset_from_fixture",
            {"asset_id": str(state.id), "fixture_id": str(fixture.id)},
            f"detach asset '{state.name}' from fixture '{entry.name}'", when, key="attach", state=state,
        )  # fmt: skip
        if changed is not None:
            installing.detached.add(state.id)


def _attached_slots(attach: bool | list[Named], fixture: Fixture) -> set[str]:
    if isinstance(attach, list):
        return {slot.text for slot in attach}
    return {binding.slot_name for binding in fixture.slot_asset_bindings} if attach else set()


def by_date(planning: Planning, entries: Iterable[FixtureEntry], installing: Installing) -> list[FixtureEntry]:
    """Fixtures in the order in which they are registered: of those that bind the same asset, earlier ones first."""

    def key(entry: FixtureEntry) -> tuple[bool, datetime]:
        if entry.registered is not LEFT_OUT:
            return False, entry.registered
        when = planning.default(entry)
        for path in () if entry.bindings is LEFT_OUT else chain.from_iterable(entry.bindings.values()):
            node = node_at(planning.survey.assets, path.text)
            last = None if node is None else installing.times.get(planning.ids["asset"].get(node, _NOBODY))
            when = when if last is None else later(when, last)
        return when.moment is None, when.moment or planning.now

    return sorted(entries, key=key)


async def plan_fixture(planning: Planning, entry: FixtureEntry, installing: Installing) -> None:
    """Register a fixture, attach its assets and have it cited. What is recorded of a fixture never changes."""
    subject = Subject(entry, label_of(entry), {"assembly_id": "assembly", "slot_asset_bindings": "bindings"})
    key = folded(entry.name)
    record = planning.known.fixtures.get(key)
    refuse_was(planning, entry, subject, "no command changes the name of a fixture")
    if entry.retired is not LEFT_OUT:
        says = "nothing is retired by applying a file; that takes retire_fixture"
        planning.problem(entry.at("retired"), f"{subject.label}: {says}")
    bindings = await _bindings(planning, entry, subject)
    assembly_id = None
    if entry.assembly is not LEFT_OUT:
        assembly_id = await one(planning, subject, entry.assembly, "assembly")
    is_sound = (bindings is not None or entry.bindings is LEFT_OUT) and (
        assembly_id is not None or entry.assembly is LEFT_OUT
    )
    state: Fixture | None = record.state if record else None
    if is_sound and record is None:
        state = await _register(planning, entry, subject, assembly_id, bindings, installing)
    elif is_sound and state is not None:
        _compare_fixture(planning, entry, subject, state, assembly_id, bindings)
    id = state.id if state else new_id()
    keep(planning, "fixture", key, id, state if is_sound else None, subject)
    if state is None or not is_sound:
        return
    await _plan_attachment(planning, entry, subject, state, record, installing)
    when = start(record, planning.when(entry))
    if entry.persistent_id is not LEFT_OUT:
        await plan_recorded_identifier(
            planning, subject, entry, "fixture", state, later(when, _registered(state, when))
        )
    else:
        await plan_assignment(planning, subject, entry, "fixture", state)


def _registered(state: Fixture, when: When) -> When:
    return When(None) if when.moment is None else When(state.registered_at)


async def _bindings(planning: Planning, entry: FixtureEntry, subject: Subject) -> list[dict[str, str]] | None:
    """The bound assets as commands take them, None when they are left out or one of them cannot be used."""
    if entry.bindings is LEFT_OUT:
        return None
    found: list[dict[str, str]] = []
    is_sound = True
    for slot, paths in entry.bindings.items():
        for path in paths:
            asset_id = await an_asset(planning, subject, path)
            is_sound = is_sound and asset_id is not None
            found.append({"slot_name": slot, "asset_id": str(asset_id)})
    return found if is_sound else None


async def _register(
    planning: Planning, entry: FixtureEntry, subject: Subject, assembly_id: UUID | None,
    bindings: list[dict[str, str]] | None, installing: Installing,
) -> Fixture | None:  # fmt: skip
    arguments = given(entry, (("name", "name"), ("description", "description"),
                              ("parameter_overrides", "parameter_overrides")))  # fmt: skip
    if assembly_id is not None:
        arguments["assembly_id"] = str(assembly_id)
    if bindings is not None:
        arguments["slot_asset_bindings"] = bindings
    when = planning.when(entry)
    for binding in bindings or ():
        last = installing.times.get(UUID(binding["asset_id"]))
        if last is None:
            continue
        if not when.is_dated:
            when = later(when, last)
        elif last.moment is None or (when.moment is not None and when.moment < last.moment):
            known = f", {last.moment.date()}" if last.moment else ", which would be recorded as of now"
            planning.problem(
                entry.at("registered"),
                f"{subject.label}: 'registered' lies before the latest fact of {binding['asset_id']}{known}",
            )
            break
    level = installing.level_of_fixture(when, [UUID(binding["asset_id"]) for binding in bindings or ()])
    return await planning.step(
        subject, Stage.FIXTURES, level, "register_fixture", {"id": str(new_id()), **arguments},
        f"register fixture '{entry.name}'", when, key="bindings",
    )  # fmt: skip


def _compare_fixture(
    planning: Planning, entry: FixtureEntry, subject: Subject, recorded: Fixture, assembly_id: UUID | None,
    bindings: list[dict[str, str]] | None,
) -> None:  # fmt: skip
    keys: list[str] = []
    if assembly_id is not None and assembly_id != recorded.assembly_id:
        keys.append("assembly")
    now = {(binding.slot_name, str(binding.asset_id)) for binding in recorded.slot_asset_bindings}
    if bindings is not None and {(each["slot_name"], each["asset_id"]) for each in bindings} != now:
        keys.append("bindings")
    for key in ("description", "parameter_overrides"):
        value = getattr(entry, key)
        if value is not LEFT_OUT and not same_value(value, getattr(recorded, key)):
            keys.append(key)
    if entry.registered is not LEFT_OUT and entry.registered != recorded.registered_at:
        keys.append("registered")
    says = "a fixture is a frozen snapshot and '{key}' never changes; register another one"
    refuse_changes(planning, subject, keys, {}, says)


async def _plan_attachment(
    planning: Planning, entry: FixtureEntry, subject: Subject, fixture: Fixture, record: Record | None,
    installing: Installing,
) -> None:  # fmt: skip
    attach: bool | list[Named] | LeftOut = entry.attach
    slots = {binding.slot_name for binding in fixture.slot_asset_bindings}
    if isinstance(attach, list):
        for slot in attach:
            if slot.text not in slots:
                place = Place(entry.place.file, slot.line)
                planning.problem(
                    place, f"{subject.label}: 'attach' names the slot '{slot.text}', which nothing is bound to"
                )
    wanted = _attached_slots(True if attach is LEFT_OUT else attach, fixture)
    for binding in fixture.slot_asset_bindings:
        state: Asset | None = planning.states.get(binding.asset_id)
        if binding.slot_name not in wanted or state is None or state.fixture_id == fixture.id:
            continue
        if attach is LEFT_OUT and record is not None and not await _was_interrupted(planning, record, state.id):
            continue
        if state.id in installing.detached:
            state = replace(state, fixture_id=None)
        when = planning.default(entry)
        for last in (installing.times.get(state.id), _registered(fixture, when)):
            when = later(when, last) if last is not None else when
        changed = await planning.step(
            subject, Stage.ATTACHMENT, 0, "attach_asset_to_fixture",
            {"asset_id": str(state.id), "fixture_id": str(fixture.id)},
            f"attach {planning.named(str(state.id))} to fixture '{entry.name}'", when, key="attach", state=state,
        )  # fmt: skip
        if changed is not None:
            planning.states[state.id] = changed


async def _was_interrupted(planning: Planning, fixture: Record, asset_id: UUID) -> bool:
    """Whether a bound asset is not attached only because an earlier apply was cut short.

    `attach` counts by default when the fixture is created, and what was
    detached since is left alone. Attaching is an event of the asset: an asset
    without any since the fixture was registered was never attached.
    """
    found = await planning.facility.get("asset", asset_id)
    return found is not None and found.recorded_at <= fixture.created_at
