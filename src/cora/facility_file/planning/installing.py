"""Plans what is bolted where."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from uuid import UUID

from cora.equipment.aggregates.asset.state import Asset, AssetLifecycle, installation_claim
from cora.equipment.values import folded
from cora.facility_file.entries import AssetEntry
from cora.facility_file.planning.core import When, later
from cora.facility_file.planning.places import Slot
from cora.facility_file.problems import Place
from cora.facility_file.shapes import LEFT_OUT, Named
from cora.facility_file.steps import Stage

if TYPE_CHECKING:
    from cora.facility_file.planning.assets import Turn
    from cora.facility_file.planning.core import Planning


@dataclass
class Installing:
    """The mounts that the files name, and who goes where."""

    slots: dict[str, Slot] = field(default_factory=dict[str, Slot])
    """By folded slot code."""
    wanted_by: dict[str, tuple[str, Place]] = field(default_factory=dict[str, tuple[str, Place]])
    """The path of the asset that the files put into a mount."""
    emptied: set[UUID] = field(default_factory=set[UUID])
    occupied: list[tuple[UUID, UUID, Place, str]] = field(default_factory=list[tuple[UUID, UUID, Place, str]])
    """Mounts that hold another asset now: mount, what it holds, where and for what they are wanted."""
    held: dict[UUID, tuple[UUID, Slot | None]] = field(default_factory=dict[UUID, tuple[UUID, Slot | None]])
    """By asset: the mount where it is now."""
    detached: set[UUID] = field(default_factory=set[UUID])
    """Assets that the files detach from their fixture."""
    to_cite: list[tuple[AssetEntry, UUID]] = field(default_factory=list[tuple[AssetEntry, UUID]])
    """The assets that the files want an identifier for."""
    times: dict[UUID, When] = field(default_factory=dict[UUID, When])
    """The latest planned fact of the assets that fixtures bind."""
    _registered: dict[UUID, tuple[When, int]] = field(default_factory=dict[UUID, tuple[When, int]])
    """When the latest fixture that binds an asset is registered, and at which level."""

    def level_of_fixture(self, when: When, asset_ids: Sequence[UUID]) -> int:
        """The level at which a fixture is registered: after those that bind one of its assets and are older.

        Registering joins the fixture and its assets, and a joining never occurs before an earlier one.
        """
        before = [self._registered[id] for id in asset_ids if id in self._registered]
        level = max((level + (last.moment != when.moment) for last, level in before), default=0)
        self._registered.update((id, (when, level)) for id in asset_ids)
        return level


async def plan_mount_of(turn: "Turn", installing: Installing) -> None:
    """Install the asset where the file wants it; uninstall it where it is, if that is elsewhere."""
    entry, planning, state = turn.entry, turn.planning, turn.state
    now_in, now_slot = installing.held.get(turn.id, (None, None))
    if now_in is not None and turn.id in planning.bound_ids:
        planning.claims[installation_claim(turn.id)] = now_in
    if entry.mount is LEFT_OUT or state is None:
        if entry.installed is not LEFT_OUT:
            planning.problem(entry.at("installed"), f"{turn.subject.label}: 'installed' goes with a 'mount'")
        return
    wanted = turn.references.get("mount_id")
    if isinstance(entry.mount, Named):
        if wanted is None or not _is_first(turn, installing, entry.mount):
            return
    elif entry.installed is not LEFT_OUT:
        planning.problem(entry.at("installed"), f"{turn.subject.label}: 'installed' goes with a 'mount', not with null")
    if wanted == now_in:
        if now_slot is not None and entry.installed is not LEFT_OUT and entry.installed != now_slot.since.moment:
            planning.problem(entry.at("installed"), f"{turn.subject.label}: no command changes 'installed' of an asset "
                             "that is installed there already")  # fmt: skip
        return
    if now_in is not None and not await _remove(turn, installing, state, now_in, now_slot):
        return
    if isinstance(entry.mount, Named) and wanted is not None:
        await _install(turn, installing, state, wanted, entry.mount)


def _is_first(turn: "Turn", installing: Installing, mount: Named) -> bool:
    key = folded(mount.text)
    place = turn.entry.at("mount")
    first = installing.wanted_by.setdefault(key, (turn.path, place))
    if first != (turn.path, place):
        turn.planning.problem(
            place, f"{turn.subject.label}: mount '{mount.text}' takes one asset; '{first[0]}' wants it at {first[1]}"
        )
        return False
    return True


async def _remove(turn: "Turn", installing: Installing, state: Asset, mount_id: UUID, slot: Slot | None) -> bool:
    planning, entry = turn.planning, turn.entry
    reason = planning.reason(entry)
    if reason is None:
        planning.problem(
            entry.at("mount"),
            f"{turn.subject.label}: uninstalling it wants a reason; {planning.asked(entry, 'reason')}",
        )
        return False
    if state.fixture_id is not None and turn.id not in installing.detached:
        planning.problem(
            entry.at("mount"),
            f"{turn.subject.label}: it is attached to {state.fixture_id} and stays in its mount; "
            "detach it first ('attach: false' of the fixture)",
        )
        return False
    when = planning.default(entry)
    if slot is not None:
        when = later(when, slot.last)
        slot.last = when
    planning.steps_of_mount(
        turn.subject, Stage.REMOVAL, "uninstall_asset", {"mount_id": str(mount_id), "reason": reason},
        f"uninstall asset '{turn.path}'", when, "mount",
    )  # fmt: skip
    installing.emptied.add(mount_id)
    planning.claims.pop(installation_claim(turn.id), None)
    turn.last = later(when, turn.last) if turn.last else when
    return True


async def _install(turn: "Turn", installing: Installing, state: Asset, mount_id: UUID, mount: Named) -> None:
    planning, entry = turn.planning, turn.entry
    if state.lifecycle is not AssetLifecycle.ACTIVE:
        planning.problem(
            entry.at("mount"),
            f"{turn.subject.label}: it is {state.lifecycle}, and only an Active asset can be installed; "
            "give 'lifecycle: Active' too",
        )
        return
    when = turn.when("installed")
    slot = installing.slots.get(folded(mount.text))
    if slot is not None:
        if slot.holds is not None and slot.holds != turn.id:
            installing.occupied.append((mount_id, slot.holds, entry.at("mount"), turn.subject.label))
        if when.is_dated and (slot.last.moment is None or (when.moment and when.moment < slot.last.moment)):
            last = slot.last.moment
            known = last.date() if last else f"now ({planning.asked(entry, 'occurred_at')})"
            planning.problem(
                entry.at("installed"),
                f"{turn.subject.label}: 'installed' lies before the latest fact of the mount, {known}",
            )
        elif not when.is_dated:
            when = later(when, slot.last)
        slot.last = when
    planning.steps_of_mount(
        turn.subject, Stage.INSTALLATION, "install_asset", {"mount_id": str(mount_id), "asset_id": str(turn.id)},
        f"install asset '{turn.path}' in mount '{mount.text}'", when, "mount",
    )  # fmt: skip
    if turn.id in planning.bound_ids:
        planning.claims[installation_claim(turn.id)] = mount_id
    turn.last = later(when, turn.last) if turn.last else when


async def refuse_occupied(planning: "Planning", installing: Installing) -> None:
    """Note each mount that holds something else and is not emptied by the plan."""
    for mount_id, holds, place, label in installing.occupied:
        if mount_id not in installing.emptied:
            await planning.learn_name("asset", holds)
            planning.problem(place, f"{label}: the mount holds {holds}; uninstall that first")
