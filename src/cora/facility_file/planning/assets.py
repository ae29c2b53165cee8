"""Plans assets: registers what is new, and brings what is recorded up to date key by key."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

from cora.equipment.aggregates.asset.state import Asset, AssetLifecycle
from cora.facility_file.entries import AssetEntry
from cora.facility_file.planning.asset_lists import add_families, plan_lists, remove_families
from cora.facility_file.planning.asset_ties import Controllers, bind_model, set_drawing
from cora.facility_file.planning.asset_values import check_values, less_what_is_wrong, values_of
from cora.facility_file.planning.core import SOME_ASSET, Planning, Subject, When, later
from cora.facility_file.planning.identifiers import plan_recorded_identifier
from cora.facility_file.planning.installing import Installing, plan_mount_of
from cora.facility_file.planning.references import a_model, an_asset, one, several
from cora.facility_file.planning.vocabulary import refuse_changes, same_value
from cora.facility_file.port import Record
from cora.facility_file.shapes import LEFT_OUT, Named
from cora.facility_file.steps import Stage
from cora.facility_file.tree import NONE

_ENDED = "decommissioned by the record that was imported"
_KEYS = {
    "parent_id": "parent",
    "facility_code": "facility",
    "model_id": "model",
    "family_ids": "families",
    "alternate_identifiers": "identifiers",
    "controller_id": "controller",
    "patch": "settings",
    "asset_id": "name",
}


@dataclass(slots=True)
class Turn:
    """One asset being planned: its state as it will be, and its latest fact so far."""

    planning: Planning
    entry: AssetEntry
    subject: Subject
    path: str
    id: UUID
    state: Asset | None
    last: When | None
    is_new: bool
    changes: int = 0
    references: dict[str, Any] = field(default_factory=dict[str, Any])

    def when(self, key: str) -> When:
        """The time of the next fact: what the file gives under `key`, but never before the latest fact. All else that
        is said of what has come to its end was so before."""
        if not key and self.entry.decommissioned is not LEFT_OUT:
            key = "decommissioned"
        when = self.planning.when(self.entry, key)
        last = self.last
        if last is None or (last.moment is not None and when.moment is not None and when.moment >= last.moment):
            return when
        if not when.is_dated:
            return later(when, last)
        if last.moment is None:
            asked = self.planning.asked(self.entry, "occurred_at")
            what, asked = ("the registration", f"give 'registered' too, or {asked}") if self.is_new else (
                "what else is changed of it", asked
            )  # fmt: skip
            says = f"lies before {what}, which would be recorded as of now: {asked}"
        else:
            says = f"lies before {last.moment.date()}, when something later is recorded of it"
        self.planning.problem(self.entry.at(key), f"{self.subject.label}: '{key}' {says}")
        return later(When(when.moment), last)

    async def step(
        self,
        stage: Stage,
        command: str,
        arguments: dict[str, Any],
        words: str,
        key: str,
        when: When,
        level: int = 0,
        beside: Mapping[UUID, Any] | None = None,
    ) -> bool:
        """Plan a command on this asset; whether it holds."""
        if self.state is None:
            return False
        state = await self.planning.step(
            self.subject, stage, level, command, {"asset_id": str(self.id), **arguments}, words, when,
            key=key, state=self.state, beside=beside,
        )  # fmt: skip
        if state is None:
            return False
        self.state = state
        self.last = when
        return True

    async def change(self, command: str, arguments: dict[str, Any], words: str, key: str) -> bool:
        """Plan a change of what is said of this asset; changes of one asset follow each other."""
        self.changes += 1
        return await self.step(
            Stage.CHANGES, command, arguments, f"{words} asset '{self.path}'", key, self.when(""), self.changes
        )

    def no_reason(self, key: str, what: str) -> None:
        """Note that a command wants a reason and the file has none."""
        self.planning.problem(
            self.entry.at(key),
            f"{self.subject.label}: {what} wants a reason; {self.planning.asked(self.entry, 'reason')}",
        )


async def plan_asset(
    planning: Planning, entry: AssetEntry, node: int, record: Record | None, installing: Installing,
    controllers: Controllers,
) -> None:  # fmt: skip
    """Plan all that an entry says of an asset."""
    path = planning.survey.assets.path(node)
    label = f"asset '{entry.name}'"
    id = planning.ids["asset"][node]
    planning.record_count += 1
    turn = Turn(
        planning, entry, Subject(entry, label, _KEYS), path, id, record.state if record else None,
        When(record.occurred_at) if record else None, record is None,
    )  # fmt: skip
    if node in planning.survey.bound:
        planning.labels[id] = f"asset '{path}'"
    if not await _resolve(turn):
        check_values(turn)
        planning.failed.add(id)
        return
    if record is None:
        await _register(turn, node)
        if turn.state is None:
            planning.failed.add(id)
            return
    else:
        await _rename(turn, node)
        await _move(turn, node)
        await remove_families(turn)
        await bind_model(turn)
        await add_families(turn)
        await plan_lists(turn)
        await set_drawing(turn)
        _refuse_unmade(turn, record.state)
    await _plan_note(turn)
    await _plan_settings(turn)
    if record is not None:
        await controllers.set(turn)
    await _plan_activation(turn, is_early=True)
    await plan_mount_of(turn, installing)
    await _plan_activation(turn, is_early=False)
    await _plan_condition(turn)
    if turn.state is None:
        return
    if node in planning.survey.bound:
        planning.states[id] = turn.state
        installing.times[id] = turn.last or When(None)
    if entry.persistent_id is not LEFT_OUT:
        await plan_recorded_identifier(planning, turn.subject, entry, "asset", turn.state, turn.when(""))
    elif entry.assign is not LEFT_OUT:
        # Whether it can be cited depends on its ancestors, which stand later in the files.
        installing.to_cite.append((entry, id))
    await _plan_end(turn, node)


async def _resolve(turn: Turn) -> bool:
    """Find what the entry refers to; whether all of it can be used."""
    entry, planning, subject = turn.entry, turn.planning, turn.subject
    is_sound = True
    if entry.model is not LEFT_OUT:
        found = await a_model(planning, subject, entry.model) if isinstance(entry.model, Named) else None
        turn.references["model_id"] = found
        is_sound = entry.model is None or found is not None
    if entry.families is not LEFT_OUT:
        families = await several(planning, subject, entry.families, "family")
        turn.references["family_ids"] = families
        is_sound = is_sound and families is not None
    if entry.controller is not LEFT_OUT:
        found = await an_asset(planning, subject, entry.controller) if isinstance(entry.controller, Named) else None
        turn.references["controller_id"] = found
        is_sound = is_sound and (entry.controller is None or found is not None)
    if isinstance(entry.mount, Named):
        found = await one(planning, subject, entry.mount, "mount")
        turn.references["mount_id"] = found
    return is_sound


async def _register(turn: Turn, node: int) -> None:
    entry, planning, tree = turn.entry, turn.planning, turn.planning.survey.assets
    above = tree.above[node]
    parent_id = planning.ids["asset"].get(above)
    is_root = tree.above[above] == NONE
    if parent_id in planning.failed or (parent_id is None and not is_root) or node in planning.survey.unusable:
        check_values(turn)
        return
    arguments: dict[str, Any] = {"id": str(turn.id), "name": entry.name, **values_of(entry)}
    if is_root:
        arguments["facility_code"] = tree.names[above]
    else:
        arguments["parent_id"] = str(parent_id)
    for name in ("model_id", "controller_id"):
        if turn.references.get(name) is not None:
            arguments[name] = str(turn.references[name])
    if turn.references.get("family_ids"):
        arguments["family_ids"] = [str(each) for each in turn.references["family_ids"]]
    arguments = less_what_is_wrong(turn, arguments)
    when = planning.when(entry)
    level = planning.levels["asset"].get(node, 0)
    turn.state = await planning.step(
        turn.subject, Stage.ASSETS, level, "register_asset", arguments, f"register asset '{turn.path}'", when,
        key=_key_of_mismatch(turn),
    )  # fmt: skip
    turn.last = when


def _key_of_mismatch(turn: Turn) -> str:
    """Where a refused registration is told: most often a family does not go with the model."""
    return "families" if turn.entry.families is not LEFT_OUT and turn.entry.model is not LEFT_OUT else ""


async def _rename(turn: Turn, node: int) -> None:
    entry, state = turn.entry, turn.state
    if state is None:
        return
    wanted = turn.planning.checked(
        turn.subject, "describe_asset",
        {"asset_id": turn.id, "name": entry.name,
         "description": state.description if entry.description is LEFT_OUT else entry.description},
    )  # fmt: skip
    if wanted is None or (wanted.name == state.name and wanted.description == state.description):
        return
    arguments: dict[str, Any] = {}
    if wanted.name != state.name:
        arguments["name"] = entry.name
    if wanted.description != state.description:
        arguments["description"] = entry.description
    words = f"rename asset '{state.name}' to '{entry.name}'" if "name" in arguments else f"describe asset '{turn.path}'"
    key = "name" if "name" in arguments else "description"
    await turn.step(Stage.RENAMING, "describe_asset", arguments, words, key, turn.when(""))


async def _move(turn: Turn, node: int) -> None:
    """Relocate an asset that `was` elsewhere, after those above it, so that none is to go below itself on the way."""
    planning, state, tree = turn.planning, turn.state, turn.planning.survey.assets
    if state is None:
        return
    above = tree.above[node]
    parent_id = planning.ids["asset"].get(above)
    if parent_id == state.parent_id:
        if parent_id is None and tree.names[above] != state.facility_code:
            planning.problem(
                turn.entry.at("was"), f"{turn.subject.label}: no command moves an asset to another facility"
            )
        return
    if parent_id is None:
        planning.problem(turn.entry.at("was"), f"{turn.subject.label}: no command makes a root of an asset")
        return
    reason = planning.reason(turn.entry)
    if reason is None:
        turn.no_reason("was", "relocating it")
        return
    line = [each for each in tree.line(above) if tree.above[each] != NONE]
    ids = planning.ids["asset"]
    planned = {ids[each]: replace(SOME_ASSET, id=ids[each], parent_id=ids.get(tree.above[each])) for each in line}
    is_early = all(each in planning.known.assets for each in line)
    await turn.step(
        Stage.RENAMING if is_early else Stage.MOVING, "relocate_asset",
        {"to_parent_id": str(parent_id), "reason": reason},
        f"relocate asset '{state.name}' to '{tree.path(above)}'", "was", turn.when(""), len(line), planned,
    )  # fmt: skip


def _refuse_unmade(turn: Turn, recorded: Asset) -> None:
    """Differences that no command can make."""
    entry = turn.entry
    keys: list[str] = []
    if entry.tier is not LEFT_OUT and entry.tier != recorded.tier:
        keys.append("tier")
    if entry.registered is not LEFT_OUT and entry.registered != recorded.registered_at:
        keys.append("registered")
    is_commissioned = recorded.lifecycle is not AssetLifecycle.COMMISSIONED
    if is_commissioned and entry.commissioned is not LEFT_OUT and entry.commissioned != recorded.commissioned_at:
        keys.append("commissioned")
    refuse_changes(turn.planning, turn.subject, keys, {}, "no command changes '{key}' of an asset")


async def _plan_note(turn: Turn) -> None:
    note = turn.entry.note
    if note is not LEFT_OUT and turn.is_new:
        await turn.step(Stage.CHANGES, "add_asset_note", {"text": note}, f"note where asset '{turn.path}' comes from",
                        "name", turn.when(""))  # fmt: skip


async def _plan_end(turn: Turn, node: int) -> None:
    """Decommission what has come to its end by a record of others, parts before their whole."""
    if turn.entry.decommissioned is not LEFT_OUT:
        depth = len(list(turn.planning.survey.assets.line(node)))
        await turn.step(
            Stage.DECOMMISSIONING, "decommission_asset", {"reason": turn.planning.reason(turn.entry) or _ENDED},
            f"decommission asset '{turn.path}'", "decommissioned", turn.when("decommissioned"), -depth,
        )  # fmt: skip


async def _plan_settings(turn: Turn) -> None:
    settings, state = turn.entry.settings, turn.state
    if settings is LEFT_OUT or state is None:
        return
    patch = patch_between(state.settings, settings or {})
    if not patch:
        return
    arguments = {"patch": patch}
    if turn.is_new:
        turn.changes += 1
        # The settings belong to the registration: they are as old as it.
        await turn.step(
            Stage.CHANGES, "update_asset_settings", arguments, f"set the settings of asset '{turn.path}'", "settings",
            turn.last or When(None), turn.changes,
        )  # fmt: skip
    else:
        await turn.change("update_asset_settings", arguments, f"change the settings {_listed(patch)} of", "settings")


def patch_between(now: dict[str, Any], wanted: dict[str, Any]) -> dict[str, Any]:
    """The RFC 7396 merge patch that makes one object of another; null stands for nothing."""
    patch: dict[str, Any] = {}
    for key in now:
        if wanted.get(key) is None:
            patch[key] = None
    for key, value in wanted.items():
        if value is None or (key in now and same_value(now[key], value)):
            continue
        before = now.get(key)
        if isinstance(value, dict) and isinstance(before, dict):
            inner = patch_between(before, value)  # pyright: ignore[reportUnknownArgumentType]
            if inner:
                patch[key] = inner
        else:
            patch[key] = value
    return patch


def _listed(patch: dict[str, Any]) -> str:
    return ", ".join(patch) if len(patch) <= 5 else f"{', '.join(list(patch)[:5])} and {len(patch) - 5} more"


async def _plan_activation(turn: Turn, *, is_early: bool) -> None:
    """Bring the lifecycle where the file wants it: into service before an installation, into maintenance after it."""
    wanted, state = turn.entry.lifecycle, turn.state
    if state is None:
        return
    if is_early:
        _check_commissioned(turn, state)
    if wanted is LEFT_OUT or wanted == state.lifecycle:
        return
    at, words = turn.entry.at("lifecycle"), f"asset '{turn.path}'"
    if wanted == AssetLifecycle.COMMISSIONED:
        if is_early:
            turn.planning.problem(
                at, f"{turn.subject.label}: it is {state.lifecycle} and never becomes Commissioned again"
            )
    elif is_early and state.lifecycle is AssetLifecycle.COMMISSIONED:
        await turn.step(
            Stage.ACTIVATION, "activate_asset", {}, f"activate {words}", "lifecycle", turn.when("commissioned")
        )
    elif is_early and wanted == AssetLifecycle.ACTIVE:
        await turn.step(Stage.ACTIVATION, "exit_asset_maintenance", {}, f"take {words} out of maintenance", "lifecycle",
                        turn.when(""))  # fmt: skip
    elif not is_early and wanted == AssetLifecycle.MAINTENANCE:
        await turn.step(Stage.MAINTENANCE, "enter_asset_maintenance", {}, f"put {words} into maintenance", "lifecycle",
                        turn.when(""))  # fmt: skip


def _check_commissioned(turn: Turn, state: Asset) -> None:
    entry = turn.entry
    if entry.commissioned is LEFT_OUT or state.lifecycle is not AssetLifecycle.COMMISSIONED:
        return
    if entry.lifecycle in (LEFT_OUT, "Commissioned") and entry.commissioned != state.commissioned_at:
        turn.planning.problem(
            entry.at("commissioned"),
            f"{turn.subject.label}: 'commissioned' is when it went into service; give 'lifecycle: Active' too",
        )


_REPORTS = {"Nominal": "restore_asset", "Degraded": "degrade_asset", "Faulted": "fault_asset"}


async def _plan_condition(turn: Turn) -> None:
    condition, state = turn.entry.condition, turn.state
    if condition is LEFT_OUT or state is None:
        return
    wanted = condition["state"] if condition else "Nominal"
    given = condition.get("reason") if condition else None
    if wanted == state.condition and given in (None, state.condition_reason):
        return
    reason = given or turn.planning.reason(turn.entry)
    if reason is None:
        turn.no_reason("condition", "a change of condition")
        return
    await turn.step(
        Stage.CONDITION, _REPORTS[wanted], {"reason": reason}, f"report that asset '{turn.path}' is {wanted}",
        "condition", turn.when(""),
    )  # fmt: skip
