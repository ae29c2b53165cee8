"""The life of an asset or a fixture in words: only what is public in nature, and nobody's name."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, date
from itertools import groupby
from typing import Any, NamedTuple
from uuid import UUID

from cora.equipment.landing.page import Milestone
from cora.kernel.events import LogEvent

MOST = 50
"""Milestones that a page shows."""
MOST_READ = 200
"""Events of its own that it makes them from, and as many of components: these enter many at once."""
MOST_NAMED = 5
"""Components that are named where many entered on one day."""

_UNNAMED = "another place"


class Happened(NamedTuple):
    """An event with its content."""

    event: LogEvent
    data: dict[str, Any]


Names = Mapping[UUID, str]
"""The records that are spoken of, by id."""

Words = Callable[[Happened, UUID, Names], str | None]
"""What an event is called in the life of a record, by the names of the others; None where it is nothing to tell."""


def life_of(subject: UUID, happened: Iterable[Happened], names: Names, words: Mapping[str, Words]) -> list[Milestone]:
    """The milestones of a record, the latest first. Components that entered on one day are one."""
    told = [(each, text) for each in happened if (text := words[each.event.kind](each, subject, names)) is not None]
    told.sort(key=lambda each: (each[0].event.occurred_at, each[0].event.position), reverse=True)
    found: list[Milestone] = []
    for _, alike in groupby(told, key=lambda each: _entered_on(each[0], subject) or each[0].event.position):
        (latest, text), *earlier = alike
        if earlier:
            entered = (latest, *(each for each, _ in earlier))
            text = _entered_together([names.get(each.event.stream, "unknown") for each in entered])
        found.append(Milestone(latest.event.occurred_at, text))
    return found


def _entered_on(happened: Happened, subject: UUID) -> date | None:
    """The day, in UTC, on which a component was entered; None for anything else."""
    event = happened.event
    is_component = event.kind == "AssetRegistered" and event.stream != subject
    return event.occurred_at.astimezone(UTC).date() if is_component else None


def _entered_together(components: list[str]) -> str:
    named = components[:MOST_NAMED]
    last = named.pop() if len(named) == len(components) else "others"
    return f"Components {', '.join(named)} and {last} entered in the equipment record"


def is_cut(subject: UUID, happened: Iterable[Happened]) -> bool:
    """Whether not all that happened is there, of the record itself or of its components."""
    counts = Counter(_entered_on(each, subject) is None for each in happened)
    return max(counts.values(), default=0) > MOST_READ


def spoken_of(happened: Iterable[Happened]) -> dict[UUID, str]:
    """The records that are named in milestones, each with its kind."""
    found: dict[UUID, str] = {}
    for event, data in happened:
        if event.stream_kind in ("mount", "asset"):
            found[event.stream] = event.stream_kind
        for field, kind in (("from_parent_id", "asset"), ("to_parent_id", "asset"), ("fixture_id", "fixture")):
            if isinstance(data.get(field), str):
                found[UUID(data[field])] = kind
    return found


def standing_since(happened: Sequence[Happened], subject: UUID, wanted: set[str], others: set[str]) -> LogEvent | None:
    """The event from which on a record has stood as it does: of the events of `wanted` that none of `others` follows,
    the first. `happened` is the newest first."""
    since = None
    for event, _ in happened:
        if event.stream == subject and event.kind in others:
            break
        if event.stream == subject and event.kind in wanted:
            since = event
    return since


def _says(text: str) -> Words:
    return lambda happened, subject, _names: text if happened.event.stream == subject else None


def _own_or_component(own: str, of_component: str) -> Words:
    def words(happened: Happened, subject: UUID, names: Names) -> str:
        if happened.event.stream == subject:
            return own
        return f"Component {names.get(happened.event.stream, 'unknown')} {of_component}"

    return words


def _of_identifier(text: str) -> Words:
    return lambda _happened, _subject, _names: text


def _minted(happened: Happened, _subject: UUID, _names: Names) -> str | None:
    return None if happened.data.get("draft") else "Identifier published"


def _at_mount(text: str) -> Words:
    return lambda happened, _subject, names: f"{text} slot {names.get(happened.event.stream, 'unknown')}"


def _relocated(happened: Happened, subject: UUID, names: Names) -> str:
    event, data = happened
    origin, target = UUID(data["from_parent_id"]), UUID(data["to_parent_id"])
    if event.stream == subject:
        return f"Moved from {names.get(origin, _UNNAMED)} to {names.get(target, _UNNAMED)}"
    name = names.get(event.stream, "a component")
    if target == subject:
        return f"Component {name} came from {names.get(origin, _UNNAMED)}"
    return f"Component {name} went to {names.get(target, _UNNAMED)}"


def _in_fixture(own: str, of_component: str) -> Words:
    def words(happened: Happened, subject: UUID, names: Names) -> str:
        if happened.event.stream == subject:
            return f"{own} {names.get(UUID(happened.data['fixture_id']), 'a fixture')}"
        return f"Component {names.get(happened.event.stream, 'unknown')} {of_component}"

    return words


def _put_together(happened: Happened, subject: UUID, _names: Names) -> str | None:
    if happened.event.stream != subject:
        return None
    count = len(happened.data.get("slot_asset_bindings", ()))
    return f"Put together from {count} component{'' if count == 1 else 's'}"


_IDENTIFIER: Mapping[str, Words] = {
    "PersistentIdMinted": _minted,
    "PersistentIdPublished": _of_identifier("Identifier published"),
    "PersistentIdWithdrawn": _of_identifier("Identifier withdrawn"),
}
_SERVES: Mapping[str, Words] = {
    "AssetAttachedToFixture": _in_fixture("Became part of", "attached"),
    "AssetDetachedFromFixture": _in_fixture("Taken out of", "taken out"),
}
ASSET_WORDS: Mapping[str, Words] = {
    "AssetRegistered": _own_or_component("Entered in the equipment record", "entered in the equipment record"),
    "AssetActivated": _says("Put into service"),
    "AssetMaintenanceEntered": _says("Taken out of service for maintenance"),
    "AssetMaintenanceExited": _says("Back in service after maintenance"),
    "AssetDegraded": _says("Reported to work less well than it should"),
    "AssetFaulted": _says("Reported faulty"),
    "AssetRestored": _says("Reported to work as it should again"),
    "AssetDecommissioned": _own_or_component("Decommissioned", "decommissioned"),
    "AssetRelocated": _relocated,
    "MountAssetInstalled": _at_mount("Installed in"),
    "MountAssetUninstalled": _at_mount("Taken out of"),
    **_SERVES,
    **_IDENTIFIER,
}
FIXTURE_WORDS: Mapping[str, Words] = {
    "FixtureRegistered": _put_together,
    "FixtureRetired": _says("Retired"),
    **_SERVES,
    **_IDENTIFIER,
}
