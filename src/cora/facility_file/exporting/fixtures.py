"""Fixtures: which of them a file can say, and how."""

from collections import defaultdict
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from cora.equipment.aggregates.assembly import Assembly
from cora.equipment.aggregates.asset.state import Asset
from cora.equipment.aggregates.fixture import Fixture
from cora.equipment.features.register_fixture import Context, RegisterFixture, register_fixture
from cora.equipment.paths import can_be_said
from cora.equipment.values import DefinitionStatus, folded
from cora.facility_file.exporting.assets import identifier_entry
from cora.facility_file.exporting.definitions import Entry, put
from cora.facility_file.exporting.notes import Note
from cora.facility_file.exporting.outline import Outline
from cora.facility_file.exporting.text import can_be_held, day_or_time, in_order
from cora.facility_file.port import Record
from cora.kernel.errors import Refusal


def outline_fixtures(outline: Outline) -> None:
    """Decide which fixtures are written: those that can be registered as the file says things are."""
    fixtures = outline.holdings.fixtures
    names = [fixtures[number].state.name for number in range(len(fixtures))]
    for number in sorted(range(len(names)), key=lambda number: (folded(names[number]), names[number])):
        record = fixtures[number]
        fixture: Fixture = record.state
        if not _is_inside(outline, fixture):
            continue
        if fixture.is_retired:
            outline.report.note(Note.RETIRED_FIXTURES, fixture.name)
            if fixture.persistent_id is not None:
                assigned = fixture.persistent_id
                outline.report.note(Note.LOST_IDENTIFIERS, f"{fixture.name}: {assigned.scheme} {assigned.value}")
        elif _can_be_said(outline, fixture):
            outline.holdings.assemblies.use(fixture.assembly_id)
            _note(outline, record, fixture)
            outline.fixtures.append(number)


def _is_inside(outline: Outline, fixture: Fixture) -> bool:
    """Whether a fixture belongs to what is exported."""
    if outline.whole:
        return True
    numbers = outline.holdings.assets.numbers
    inside = [id for id in fixture.bound_asset_ids if id in numbers and outline.selected[numbers[id]]]
    if inside and len(inside) < len(fixture.bound_asset_ids) and not fixture.is_retired:
        outline.report.note(Note.PARTLY_OUTSIDE, fixture.name)
    return bool(inside) and len(inside) == len(fixture.bound_asset_ids)


def _can_be_said(outline: Outline, fixture: Fixture) -> bool:
    report, assets = outline.report, outline.holdings.assets
    assembly: Assembly = outline.holdings.assemblies.meant(fixture.assembly_id).state
    numbers = {id: assets.numbers.get(id) for id in fixture.bound_asset_ids}
    if fixture.assembly_content_hash != assembly.content_hash:
        report.note(Note.OLDER_ASSEMBLIES, fixture.name)
    elif not can_be_held(fixture.parameter_overrides):
        report.note(Note.UNHOLDABLE, f"the parameter overrides of fixture {fixture.name}")
    elif any(number is not None and not can_be_said(assets.path(number)) for number in numbers.values()):
        report.note(Note.SLASHES, f"the assets of fixture {fixture.name}")
    else:
        refusal = _refusal(outline, fixture, assembly, numbers)
        if refusal is None:
            return True
        report.note(Note.REFUSED_FIXTURES, f"{fixture.name}: {outline.with_names(refusal.detail())}")
    return False


def _refusal(outline: Outline, fixture: Fixture, assembly: Assembly, numbers: dict[UUID, int | None]) -> Refusal | None:
    """Why a fixture could not be registered as the file says things are."""
    families = outline.holdings.families
    slots = tuple(
        replace(slot, required_family_ids=tuple(families.meant(id).id for id in slot.required_family_ids))
        for slot in assembly.required_slots
    )
    schema = assembly.parameter_overrides_schema
    written = replace(
        assembly,
        required_slots=slots,
        parameter_overrides_schema=schema if schema is not None and can_be_held(schema) else None,
        status=DefinitionStatus.DEFINED,
    )
    states: dict[UUID, Asset | None] = {}
    mount_ids: dict[UUID, UUID | None] = {}
    for id, number in numbers.items():
        asset = states[id] = None if number is None else outline.as_written(number)
        mount = None if asset is None else outline.mount_of(asset)
        mount_ids[id] = None if mount is None else outline.holdings.mounts.record(mount).id
    command = RegisterFixture(
        name=fixture.name,
        description=fixture.description,
        assembly_id=assembly.id,
        slot_asset_bindings=fixture.slot_asset_bindings,
        parameter_overrides=fixture.parameter_overrides,
    )
    try:
        register_fixture(command, Context(written, states, mount_ids))
    except Refusal as refusal:
        return refusal
    return None


def _note(outline: Outline, record: Record, fixture: Fixture) -> None:
    report = outline.report
    latest = _latest(outline, fixture)
    outline.note_date(max(fixture.registered_at, latest))
    if fixture.registered_at < latest:
        report.note(Note.FIXTURE_DATES, fixture.name)
    for slot, states in _by_slot(outline, fixture).items():
        attached = [asset.fixture_id == fixture.id for asset in states]
        if any(attached) and not all(attached):
            report.note(Note.ATTACHMENTS, f"{slot} of {fixture.name}")
    outline.note_identifier(f"fixture {fixture.name}", fixture)
    if record.version > 1 + (fixture.persistent_id is not None):
        report.note(Note.HISTORIES, f"fixture {fixture.name}")


def _by_slot(outline: Outline, fixture: Fixture) -> dict[str, list[Asset]]:
    """The bound assets of each slot, slots in order."""
    assets = outline.holdings.assets
    found: dict[str, list[Asset]] = defaultdict(list)
    for binding in sorted(fixture.slot_asset_bindings, key=lambda binding: binding.slot_name):
        found[binding.slot_name].append(assets.kept(assets.numbers[binding.asset_id]).state)
    return found


def _latest(outline: Outline, fixture: Fixture) -> datetime:
    """Before this no file can register a fixture: the latest date of its assets."""
    states = [asset for slot in _by_slot(outline, fixture).values() for asset in slot]
    return max(map(outline.latest, states), default=datetime.min.replace(tzinfo=fixture.registered_at.tzinfo))


def fixture_entry(outline: Outline, fixture: Fixture) -> Entry:
    """A fixture."""
    assets = outline.holdings.assets
    slots = _by_slot(outline, fixture)
    entry: Entry = {
        "name": fixture.name,
        "assembly": outline.holdings.assemblies.meant(fixture.assembly_id).state.name,
    }
    put(entry, description=fixture.description)
    paths = {slot: [assets.label(assets.numbers[asset.id]) for asset in states] for slot, states in slots.items()}
    entry["bindings"] = {slot: found[0] if len(found) == 1 else found for slot, found in paths.items()}
    put(entry, parameter_overrides=in_order(fixture.parameter_overrides))
    attached = [slot for slot, states in slots.items() if all(asset.fixture_id == fixture.id for asset in states)]
    if len(attached) < len(slots):
        entry["attach"] = attached or False
    earliest = max(filter(None, (outline.default, _latest(outline, fixture))))
    if fixture.registered_at > earliest:
        entry["registered"] = day_or_time(fixture.registered_at)
    put(entry, persistent_id=identifier_entry(outline.identifier(fixture)))
    return entry
