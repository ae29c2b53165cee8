"""Makes the plan: look at the files, look at the records, then section by section."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from itertools import islice
from typing import TypeVar
from uuid import UUID

from cora.equipment.aggregates.asset.state import installation_claim
from cora.equipment.values import folded
from cora.facility_file.entries import (
    AssemblyEntry,
    AssetEntry,
    FacilityEntry,
    FamilyEntry,
    FixtureEntry,
    FrameEntry,
    ModelEntry,
    MountEntry,
    RoleEntry,
    UnderEntry,
)
from cora.facility_file.keys import AGGREGATES, installed_key
from cora.facility_file.planning.asset_ties import Controllers
from cora.facility_file.planning.assets import plan_asset
from cora.facility_file.planning.core import Planning, Subject, When
from cora.facility_file.planning.fixtures import by_date, plan_assembly, plan_detachments, plan_fixture
from cora.facility_file.planning.identifiers import plan_assignment
from cora.facility_file.planning.installing import Installing, refuse_occupied
from cora.facility_file.planning.known import AT_ONCE, gathered, look_up
from cora.facility_file.planning.levels import levels
from cora.facility_file.planning.partly import completed
from cora.facility_file.planning.places import frame_node, plan_frame, plan_mount, slot_of
from cora.facility_file.planning.references import an_asset
from cora.facility_file.planning.survey import BROKEN, Survey, survey
from cora.facility_file.planning.twins import Twins
from cora.facility_file.planning.vocabulary import plan_facility, plan_family, plan_model, plan_role
from cora.facility_file.port import Facility
from cora.facility_file.problems import Problems, did_you_mean, in_order
from cora.facility_file.read import Files, label_of
from cora.facility_file.shapes import LEFT_OUT, Named
from cora.facility_file.steps import Plan
from cora.facility_file.tree import NONE
from cora.kernel.identity import new_id

T = TypeVar("T")


async def make_plan(files: Files, facility: Facility) -> Plan:
    """What it takes to make a facility as the files say, and everything that is wrong with them.

    Raises `UnreachableError` when the facility cannot be asked.
    """
    facility.forget()
    try:
        return await _make(files, facility)
    finally:
        facility.forget()


async def _make(files: Files, facility: Facility) -> Plan:
    problems = Problems(list(files.problems.kept), files.problems.count)
    found = survey(files, problems)
    known = await look_up(facility, found)
    planning = Planning(found, known, facility, problems, datetime.now(UTC), warnings=list(files.warnings))
    installing = Installing()
    await _take_in(planning)
    await _plan_vocabulary(planning)
    await _plan_places(planning, installing)
    for entry in _of(found, "fixtures", FixtureEntry):
        await plan_detachments(planning, entry, installing)
    await _plan_assets(planning, installing)
    for entry in _of(found, "assemblies", AssemblyEntry):
        await plan_assembly(planning, entry)
    for entry in by_date(planning, _of(found, "fixtures", FixtureEntry), installing):
        await plan_fixture(planning, entry, installing)
    return Plan(
        files.names,
        planning.steps,
        problems.in_order(files.names),
        in_order(planning.warnings, files.names),
        problems.count,
        planning.record_count,
    )


def _of(found: Survey, section: str, kind: type[T]) -> Iterator[T]:
    """The entries of a section. Of those that stand twice, which is told already, the first."""
    return (entry for entry in found.files.sections[section] if isinstance(entry, kind) and found.is_first(entry))


async def _take_in(planning: Planning) -> None:
    """Make what is recorded known by name, and give what is new its id."""
    found, known, ids = planning.survey, planning.known, planning.ids
    for kind, records in (
        ("facility", known.facilities), ("role", known.roles), ("family", known.families),
        ("model", known.models), ("assembly", known.assemblies), ("fixture", known.fixtures),
    ):  # fmt: skip
        for key, record in records.items():
            ids[kind][key] = record.id
            planning.states[record.id] = record.state
            planning.labels[record.id] = f"{kind} '{getattr(record.state, 'code' if kind == 'facility' else 'name')}'"
            for claim in AGGREGATES[kind].claims(record.state):
                planning.claims[claim] = record.id
    for record in await gathered(planning.facility.get("role", id) for id in _role_ids(planning)):
        if record is not None:
            planning.labels[record.id] = f"role '{record.state.name}'"
    for kind, recorded, defined in (
        ("frame", known.frames, found.defined_names("frame")),
        ("mount", known.mounts, found.defined_names("mount")),
        ("asset", known.assets, [node for node in range(len(found.assets)) if found.is_defined(node)]),
    ):
        ids[kind].update(recorded)
        for key in defined:
            if key not in ids[kind]:
                ids[kind][key] = new_id()
    for node, record in zip(
        known.frames, await gathered(planning.facility.get("frame", id) for id in known.frames.values()), strict=True
    ):
        if record is not None:
            planning.states[record.id] = record.state
            planning.labels[record.id] = f"frame '{found.frames.path(node)}'"
    _set_levels(planning)


def _role_ids(planning: Planning) -> set[UUID]:
    """The roles that recorded families and assemblies present as and the files may no longer name."""
    records = (*planning.known.families.values(), *planning.known.assemblies.values())
    return {id for record in records for id in record.state.presents_as}


def _set_levels(planning: Planning) -> None:
    found, known = planning.survey, planning.known
    new_mounts = [key for key in found.defined_names("mount") if key not in known.mounts]
    planning.levels["mount"], circle = levels(
        new_mounts, lambda key: [found.mount_above[key]] if key in found.mount_above else []
    )
    for key in circle:
        planning.problem(found.first_place("mount", key), f"mount '{found.mounts.spelled[key]}' is its own 'parent'")
        planning.failed.add(planning.ids["mount"][key])
    new_assets = [node for node in range(len(found.assets)) if found.is_defined(node) and node not in known.assets]

    def needs(node: int) -> Iterable[int]:
        controller = found.controllers.get(node, NONE)
        return [found.assets.above[node]] if controller == NONE else [found.assets.above[node], controller]

    planning.levels["asset"], looped = levels(new_assets, needs)
    for node in looped:
        place = found.asset_place(node)
        says = (
            "it is controlled by itself, or by what is below it or controlled by it; a controller is registered first"
        )
        planning.problem(place, f"asset '{found.assets.names[node]}': {says}")
        found.unusable.add(node)


async def _plan_vocabulary(planning: Planning) -> None:
    found = planning.survey
    for facility in _of(found, "facilities", FacilityEntry):
        await plan_facility(planning, facility)
    for role in _of(found, "roles", RoleEntry):
        await plan_role(planning, role)
    for family in _of(found, "families", FamilyEntry):
        await plan_family(planning, family)
    for model in _of(found, "models", ModelEntry):
        await plan_model(planning, model)


async def _plan_places(planning: Planning, installing: Installing) -> None:
    found, known, facility = planning.survey, planning.known, planning.facility
    frames = [(node, entry) for entry in _of(found, "frames", FrameEntry)
              if (node := frame_node(planning, entry)) is not None and node in planning.ids["frame"]]  # fmt: skip
    for node, entry in sorted(frames, key=lambda pair: len(list(found.frames.line(pair[0])))):
        record = await facility.get("frame", known.frames[node]) if node in known.frames else None
        await plan_frame(planning, entry, node, record)
    for entries in _in_windows(_of(found, "mounts", MountEntry)):
        keys = [folded(entry.slot_code) for entry in entries]
        recorded = [key for key in keys if key in known.mounts]
        records = dict(zip(recorded, await gathered(facility.get("mount", known.mounts[key]) for key in recorded),
                           strict=True))  # fmt: skip
        for key, entry in zip(keys, entries, strict=True):
            record = records.get(key)
            whole = await completed(planning, entry, record and record.state)
            installing.slots[key] = await plan_mount(planning, whole, record)
    others = [key for key in known.mounts if key not in installing.slots]
    for keys in _in_windows(iter(others)):
        for key, record in zip(keys, await gathered(facility.get("mount", known.mounts[each]) for each in keys),
                               strict=True):  # fmt: skip
            if record is not None:
                installing.slots[key] = slot_of(record)


def _in_windows(items: Iterator[T]) -> Iterator[list[T]]:
    while window := list(islice(items, AT_ONCE)):
        yield window


async def _plan_assets(planning: Planning, installing: Installing) -> None:
    found, known, facility = planning.survey, planning.known, planning.facility
    planning.bound_ids = {id for node in found.bound if (id := planning.ids["asset"].get(node)) is not None}
    by_mount = {slot.id: slot for slot in installing.slots.values()}
    for slot in installing.slots.values():
        if slot.holds is not None:
            installing.held[slot.holds] = (slot.id, slot)
    await _take_in_bound(planning, installing)
    await _require_parents(planning)
    twins, controllers = Twins(planning), Controllers(planning)
    for entries in _in_windows(_of(found, "assets", AssetEntry)):
        placed = [(entry, node) for entry in entries if (node := found.node(entry)) != BROKEN]
        _require_facilities(planning, placed)
        recorded = [known.assets[node] for _, node in placed if node in known.assets]
        records = dict(zip(recorded, await gathered(facility.get("asset", id) for id in recorded), strict=True))
        moving = [
            known.assets[node]
            for entry, node in placed
            if node in known.assets and _may_move(entry) and known.assets[node] not in installing.held
        ]
        for id, mount_id in zip(moving, await facility.holders([installed_key(id) for id in moving]), strict=True):
            if mount_id is not None:
                installing.held[id] = (mount_id, by_mount.get(mount_id))
        for entry, node in placed:
            record = records.get(known.assets[node]) if node in known.assets else None
            whole = await completed(planning, entry, record and record.state)
            await plan_asset(planning, whole, node, record, installing, controllers)
            if record is None:
                twins.note(entry)
    await refuse_occupied(planning, installing)
    await twins.warn()
    for entry, id in installing.to_cite:
        state = planning.states.get(id)
        if state is not None:
            await plan_assignment(planning, Subject(entry, label_of(entry)), entry, "asset", state)


def _may_move(entry: AssetEntry) -> bool:
    """Whether the file says where the asset is installed."""
    return entry.mount is None or isinstance(entry.mount, Named)


def _require_facilities(planning: Planning, placed: list[tuple[AssetEntry, int]]) -> None:
    """Note each root asset whose facility is not known."""
    known = planning.ids["facility"]
    for entry, node in placed:
        if isinstance(entry.facility, Named) and entry.facility.text not in known:
            code = entry.facility.text
            listed = "register it first" if entry.place.is_in_table else "list it in 'facilities'"
            says = did_you_mean(code, known) or f"; {listed}"
            planning.problem(entry.at("facility"), f"{label_of(entry)}: facility '{code}' is not known{says}")
            planning.survey.unusable.add(node)


async def _require_parents(planning: Planning) -> None:
    """Note each `under`, and each parent in a table, that leads to nothing."""
    for entry in planning.survey.files.sections["assets"]:
        if isinstance(entry, UnderEntry) and planning.survey.node(entry) != BROKEN:
            await an_asset(planning, Subject(entry, "'under'"), entry.under)
        elif isinstance(entry, AssetEntry) and entry.parent is not LEFT_OUT and planning.survey.node(entry) != BROKEN:
            await an_asset(planning, Subject(entry, label_of(entry)), entry.parent)


async def _take_in_bound(planning: Planning, installing: Installing) -> None:
    """Load the recorded assets that fixtures bind or that are cited, and where they are."""
    known = planning.known
    nodes = [node for node in planning.survey.bound if node in known.assets]
    ids = [known.assets[node] for node in nodes]
    records = await gathered(planning.facility.get("asset", id) for id in ids)
    mounts = await planning.facility.holders([installed_key(id) for id in ids])
    for node, record, mount_id in zip(nodes, records, mounts, strict=True):
        if record is None:
            continue
        planning.states[record.id] = record.state
        planning.labels[record.id] = f"asset '{planning.survey.assets.path(node)}'"
        installing.times[record.id] = When(record.occurred_at)
        if mount_id is not None:
            planning.claims[installation_claim(record.id)] = mount_id
