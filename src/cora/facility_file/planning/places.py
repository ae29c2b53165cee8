"""Plans frames and mounts: where things are."""

from dataclasses import asdict, dataclass
from typing import Any
from uuid import UUID

from cora.equipment.aggregates.frame import Frame
from cora.equipment.aggregates.mount import Mount
from cora.equipment.values import folded
from cora.facility_file.entries import FrameEntry, MountEntry
from cora.facility_file.planning.core import Planning, Subject, When, differing
from cora.facility_file.planning.references import a_frame, node_at, one
from cora.facility_file.planning.vocabulary import given, keep, refuse_changes, refuse_was, start
from cora.facility_file.port import Record
from cora.facility_file.read import label_of
from cora.facility_file.shapes import LEFT_OUT, Named
from cora.facility_file.steps import Stage
from cora.facility_file.tree import NONE


@dataclass(slots=True)
class Slot:
    """What the plan needs to know of a mount: what it holds now, and its latest fact."""

    id: UUID
    holds: UUID | None
    since: When
    last: When


def placement_of(frame_id: UUID | None, placement: dict[str, Any] | None) -> dict[str, Any] | None:
    """A placement as commands take it: in a frame."""
    return None if placement is None else {"parent_frame_id": str(frame_id), **placement}


async def plan_frame(planning: Planning, entry: FrameEntry, node: int, record: Record | None) -> None:
    """Register a frame, or place a recorded one anew. Those above it are planned before."""
    subject = Subject(entry, label_of(entry), {"parent_id": "parent"})
    id = planning.ids["frame"][node]
    path = planning.survey.frames.path(node)
    above = planning.survey.frames.above[node]
    parent_id = planning.ids["frame"].get(above)
    recorded: Frame | None = record.state if record else None
    refuse_was(planning, entry, subject, "no command changes the name of a frame")
    if above != NONE and isinstance(entry.parent, Named) and await a_frame(planning, subject, entry.parent) is None:
        keep(planning, "frame", node, id, recorded, subject)
        return
    arguments: dict[str, Any] = {"name": entry.name}
    if above != NONE:
        arguments["parent_id"] = str(parent_id)
    if entry.placement is not LEFT_OUT:
        if above == NONE and entry.placement is not None:
            planning.problem(entry.at("placement"), f"{subject.label}: a frame with a placement names its 'parent'")
            keep(planning, "frame", node, id, recorded, subject)
            return
        arguments["placement"] = placement_of(parent_id, entry.placement)
    elif recorded is not None:
        arguments["placement"] = recorded.placement
    elif above != NONE:
        if "placement" not in entry.lines:
            planning.problem(entry.place, f"{subject.label}: a new frame below a parent needs a 'placement'")
        keep(planning, "frame", node, id, None, subject)
        return
    level = len(list(planning.survey.frames.line(node)))
    if recorded is None:
        state = await planning.step(
            subject, Stage.FRAMES, level, "register_frame", {"id": str(id), **arguments},
            f"register frame '{path}'", planning.when(entry),
        )  # fmt: skip
        keep(planning, "frame", node, id, state, subject)
        return
    keep(planning, "frame", node, id, recorded, subject)
    wanted = planning.checked(subject, "register_frame", arguments)
    if wanted is None:
        return
    keys = differing(entry, (("name", "name"),), wanted, recorded)
    refuse_changes(planning, subject, keys, {}, "no command changes '{key}' of a frame")
    if wanted.placement is None and recorded.placement is not None:
        planning.problem(entry.at("placement"), f"{subject.label}: a frame below a parent keeps a 'placement'")
    elif wanted.placement != recorded.placement:
        state = await planning.step(
            subject, Stage.FRAMES, level, "update_frame_placement",
            {"frame_id": str(id), "placement": arguments["placement"]}, f"place frame '{path}' anew",
            start(record, planning.default(entry)), key="placement", state=recorded,
        )  # fmt: skip
        planning.states[id] = state or recorded


_MOUNT = (("slot_code", "slot_code"), ("drawing", "drawing"))


async def plan_mount(planning: Planning, entry: MountEntry, record: Record | None) -> Slot:
    """Register a mount, or place a recorded one anew and set its drawing."""
    subject = Subject(entry, label_of(entry), {"parent_id": "parent"})
    key = folded(entry.slot_code)
    id = planning.ids["mount"][key]
    planning.record_count += 1
    recorded: Mount | None = record.state if record else None
    refuse_was(planning, entry, subject, "no command changes the slot code of a mount")
    frame_id = recorded.placement.parent_frame_id if recorded else None
    parent_id = recorded.parent_id if recorded else None
    failed = False
    if entry.frame is not LEFT_OUT:
        frame_id = await a_frame(planning, subject, entry.frame)
        failed = frame_id is None
    elif recorded is None:
        if "frame" not in entry.lines:
            planning.problem(entry.place, f"{subject.label}: a new mount needs a 'frame'")
        failed = True
    if entry.parent is not LEFT_OUT:
        parent_id = await one(planning, subject, entry.parent, "mount") if entry.parent is not None else None
        failed = failed or (entry.parent is not None and parent_id is None)
    arguments = given(entry, _MOUNT, recorded)
    if entry.placement is not LEFT_OUT or recorded is None:
        arguments["placement"] = placement_of(frame_id, {} if entry.placement is LEFT_OUT else entry.placement)
    if parent_id is not None:
        arguments["parent_id"] = str(parent_id)
    when = planning.when(entry)
    if failed:
        planning.failed.add(id)
    elif recorded is None:
        state = await planning.step(
            subject, Stage.MOUNTS, planning.levels["mount"].get(key, 0), "register_mount", {"id": str(id), **arguments},
            f"register mount '{entry.slot_code}'", when,
        )  # fmt: skip
        if state is None:
            planning.failed.add(id)
    if record is None or recorded is None:
        return Slot(id, None, when, when)
    slot = slot_of(record)
    if not failed:
        slot.last = await _change(planning, entry, subject, record, arguments, frame_id, parent_id)
    return slot


def slot_of(record: Record) -> Slot:
    """What a recorded mount holds."""
    state: Mount = record.state
    return Slot(record.id, state.installed_asset_id, When(state.installed_at), When(record.occurred_at))


async def _change(
    planning: Planning, entry: MountEntry, subject: Subject, record: Record, arguments: dict[str, Any],
    frame_id: UUID | None, parent_id: UUID | None,
) -> When:  # fmt: skip
    """Bring a recorded mount up to date; the time of its latest fact by then."""
    recorded: Mount = record.state
    last = When(record.occurred_at)
    if frame_id != recorded.placement.parent_frame_id and "placement" not in arguments:
        moved = {**asdict(recorded.placement), "parent_frame_id": str(frame_id)}
        arguments = {**arguments, "placement": moved}
    wanted = planning.checked(subject, "register_mount", {"placement": recorded.placement, **arguments})
    if wanted is None:
        return last
    keys = differing(entry, (("slot_code", "slot_code"),), wanted, recorded)
    if entry.parent is not LEFT_OUT and parent_id != recorded.parent_id:
        keys.append("parent")
    refuse_changes(planning, subject, keys, {}, "no command changes '{key}' of a mount")
    mount, when = f"mount '{entry.slot_code}'", start(record, planning.default(entry))
    where = "anew" if frame_id == recorded.placement.parent_frame_id else f"in {planning.named(str(frame_id))}"
    state = recorded
    for level, (key, command, words) in enumerate((
        ("placement", "update_mount_placement", f"place {mount} {where}"),
        ("drawing", "set_mount_drawing", f"{'clear' if wanted.drawing is None else 'set'} the drawing of {mount}"),
    )):  # fmt: skip
        if getattr(wanted, key) != getattr(recorded, key):
            changed = await planning.step(
                subject, Stage.MOUNTS, level, command, {"mount_id": str(record.id), key: arguments[key]}, words, when,
                key=key, state=state,
            )  # fmt: skip
            state, last = changed or state, when
    return last


def frame_node(planning: Planning, entry: FrameEntry) -> int | None:
    """The node of a frame entry, None when its path is none."""
    parent = entry.parent
    if isinstance(parent, Named):
        above = node_at(planning.survey.frames, parent.text)
        return None if above is None else planning.survey.frames.find(above, entry.name)
    return planning.survey.frames.find(NONE, entry.name)
