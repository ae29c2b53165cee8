"""What a run has been through, kept beside the model, so that the past can be asked for and compared."""

from bisect import bisect_right
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from tests.model.invariants import normal
from tests.model.world import World


class Version(NamedTuple):
    """A record after a command: the last position of the command, when it occurred, and what the record was."""

    position: int
    occurred_at: datetime | None
    version: int
    state: Any


@dataclass
class Past:
    """Every record of a run after every command that changed it.

    Versions of a record follow one another by both clocks, so that one of them is right at any pair of moments.
    """

    kinds: dict[str, str] = field(default_factory=dict[str, str])
    versions: dict[str, list[Version]] = field(default_factory=dict[str, list[Version]])
    positions: list[int] = field(default_factory=list[int])

    def remember(self, world: World) -> None:
        """Keep what a command changed. To be called after every command that was recorded."""
        changed = False
        first = world.step.first
        if first is not None:
            began = world.position - world.step.events + 1
            version = Version(began, first.occurred_at, first.version, normal(first.state))
            self.versions.setdefault(first.state["id"], []).append(version)
        for id, record in world.records.items():
            kept = self.versions.setdefault(id, [])
            if not kept or kept[-1].version != record.version:
                kept.append(Version(world.position, record.occurred_at, record.version, normal(record.state)))
                self.kinds[id] = record.kind
                changed = True
        if changed or not self.positions:
            self.positions.append(world.position)

    def at(self, id: str, position: int | None, moment: datetime | None) -> Version | None:
        """The record as it was known at a position, and was by then known to have been at a moment."""
        kept = self.versions[id]
        reached = len(kept)
        if position is not None:
            reached = min(reached, bisect_right(kept, position, key=lambda each: each.position))
        if moment is not None:
            reached = min(reached, bisect_right(kept, moment, key=lambda each: each.occurred_at or moment))
        return kept[reached - 1] if reached else None

    def changed(self, position: int) -> list[str]:
        """The records that the command with this last position changed."""
        return [id for id, kept in self.versions.items() if any(each.position == position for each in kept)]

    def children(self, id: str, position: int | None, moment: datetime | None) -> list[str]:
        """The assets that stood below an asset."""
        found = {each: self.at(each, position, moment) for each, kind in self.kinds.items() if kind == "asset"}
        return sorted(each for each, version in found.items() if version and version.state["parent_id"] == id)

    @property
    def moments(self) -> list[datetime]:
        """When anything occurred."""
        return sorted({each.occurred_at for kept in self.versions.values() for each in kept if each.occurred_at})
