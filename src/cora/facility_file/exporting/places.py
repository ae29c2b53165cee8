"""Frames and mounts: which of them are written, and how."""

from uuid import UUID

from cora.equipment.aggregates.frame import Frame
from cora.equipment.aggregates.mount import Mount
from cora.equipment.paths import can_be_said, joined_path
from cora.equipment.values import Placement, ReferenceSurface, folded
from cora.facility_file.exporting.definitions import Entry, drawing_entry, put
from cora.facility_file.exporting.holdings import Frames, Holdings
from cora.facility_file.exporting.notes import Note
from cora.facility_file.exporting.outline import Outline

_COORDINATES = ("x", "y", "z", "rx", "ry", "rz")
_NUMBERS = (*_COORDINATES, *(f"tol_{name}" for name in _COORDINATES))


def outline_places(outline: Outline) -> None:
    """Decide which mounts and frames are written: all of them, or those that the exported assets need."""
    holdings, report = outline.holdings, outline.report
    mounts, frames = holdings.mounts, holdings.frames
    said = {id for id in frames.records if can_be_said(frames.path(id))}
    wanted = set(range(len(mounts.codes))) if outline.whole else _needed_mounts(outline)
    unsaid = {number for number in wanted if any(mounts.frame_ids[each] not in said for each in mounts.line(number))}
    for number in sorted(unsaid):
        report.note(Note.SLASHES, f"mount {mounts.codes[number]}")
    outline.write_mounts(wanted - unsaid)
    for number in outline.mounts:
        record = mounts.record(number)
        outline.note_date(record.began_at)
        if record.version > (1 if record.state.installed_asset_id is None else 2):
            report.note(Note.HISTORIES, f"mount {mounts.codes[number]}")
    ids = set(frames.records) if outline.whole else _needed_frames(outline)
    for id in in_order(frames, ids):
        frame: Frame = frames.records[id].state
        label = f"frame {joined_path(*frames.path(id))}"
        if frame.parent_id is not None and frame.parent_id not in said:
            report.note(Note.SLASHES, label)
            continue
        outline.frames.append(id)
        outline.note_date(frames.records[id].began_at)
        if frame.supersedes is not None:
            report.note(Note.SUPERSEDING_FRAMES, label)
        if frames.records[id].version > 1:
            report.note(Note.HISTORIES, label)
    if outline.whole:
        _note_decommissioned(outline)


def _needed_mounts(outline: Outline) -> set[int]:
    """The mounts that hold exported assets, and those above them."""
    mounts, assets = outline.holdings.mounts, outline.holdings.assets
    found: set[int] = set()
    for asset_id, mount in mounts.holding.items():
        number = assets.numbers.get(asset_id)
        if number is not None and outline.selected[number]:
            found.update(mounts.line(mount))
    return found


def _needed_frames(outline: Outline) -> set[UUID]:
    """The frames that the exported mounts are in, and those above them."""
    holdings = outline.holdings
    return {id for number in outline.mounts for id in holdings.frames.line(holdings.mounts.frame_ids[number])}


def _note_decommissioned(outline: Outline) -> None:
    for name in outline.holdings.mounts.decommissioned:
        outline.report.note(Note.DECOMMISSIONED_MOUNTS, name)
    for name in outline.holdings.frames.decommissioned:
        outline.report.note(Note.DECOMMISSIONED_FRAMES, name)


def in_order(frames: Frames, ids: set[UUID]) -> list[UUID]:
    """Frames in the order of their paths."""
    return sorted(ids, key=lambda each: [(folded(name), name) for name in frames.path(each)])


def frame_entry(frame: Frame, holdings: Holdings) -> Entry:
    """A frame, without its date."""
    entry: Entry = {"name": frame.name}
    if frame.parent_id is not None and frame.placement is not None:
        entry["parent"] = joined_path(*holdings.frames.path(frame.parent_id))
        entry["placement"] = _placement(frame.placement)
    return entry


def mount_entry(mount: Mount, holdings: Holdings) -> Entry:
    """A mount, without its date and without what is installed: that stands with the asset."""
    entry: Entry = {
        "slot_code": mount.slot_code,
        "frame": joined_path(*holdings.frames.path(mount.placement.parent_frame_id)),
    }
    put(entry, placement=_placement(mount.placement))
    if mount.parent_id is not None:
        entry["parent"] = holdings.mounts.codes[holdings.mounts.numbers[mount.parent_id]]
    put(entry, drawing=drawing_entry(mount.drawing))
    return entry


def _placement(placement: Placement) -> Entry:
    """A placement without its frame; what is 0 is left out."""
    entry: Entry = {name: _number(value) for name in _NUMBERS if (value := getattr(placement, name))}
    if placement.reference_surface is not ReferenceSurface.MOUNTING_FACE:
        entry["reference_surface"] = placement.reference_surface
    return entry


def _number(value: float) -> float:
    """A whole number without its decimal point."""
    return int(value) if value.is_integer() and abs(value) < 1e15 else value
