"""A plan: the commands that make a facility as its files say, in the order in which they can be run."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from typing import Any

from cora.facility_file.problems import Place, Problem
from cora.facility_file.spool import Spool
from cora.kernel.moment import moment_text


class Stage(IntEnum):
    """The order of work. Within a stage there are levels; steps of one level do not depend on each other."""

    FACILITIES = 1
    ROLES = 2
    FAMILIES = 3
    MODELS = 4
    FRAMES = 5
    MOUNTS = 6
    RENAMING = 7
    ASSETS = 8
    MOVING = 9
    CHANGES = 10
    CONTROLLERS = 11
    ACTIVATION = 12
    DETACHMENT = 13
    REMOVAL = 14
    INSTALLATION = 15
    MAINTENANCE = 16
    CONDITION = 17
    ASSEMBLIES = 18
    FIXTURES = 19
    ATTACHMENT = 20
    IDENTIFIERS = 21
    DECOMMISSIONING = 22


@dataclass(slots=True)
class Step:
    """One command to run. `is_dated` says that the file gives the time; otherwise a later one does as well."""

    command: str
    arguments: dict[str, Any]
    occurred_at: datetime | None
    is_dated: bool
    words: str
    place: Place

    def to_json(self) -> dict[str, Any]:
        """The step as JSON data."""
        return {
            "command": self.command,
            "arguments": self.arguments,
            "occurred_at": moment_text(self.occurred_at) if self.occurred_at else None,
            "words": self.words,
            **self.place.to_json(),
        }


class Steps:
    """Steps in order, kept aside from memory."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self._levels: dict[tuple[Stage, int], Spool[Step]] = {}

    def add(self, stage: Stage, level: int, step: Step) -> None:
        """Add a step to a level of a stage."""
        spool = self._levels.get((stage, level))
        if spool is None:
            spool = self._levels[stage, level] = Spool()
        spool.append(step)
        self.counts[step.command] += 1

    def levels(self) -> Iterator[Spool[Step]]:
        """Groups of steps that do not depend on each other, in order."""
        for key in sorted(self._levels):
            yield self._levels[key]

    def __len__(self) -> int:
        return self.counts.total()

    def __iter__(self) -> Iterator[Step]:
        for level in self.levels():
            yield from level


@dataclass(frozen=True)
class Plan:
    """What would change, and everything that is wrong with the files. With problems it cannot be applied.

    `problem_count` counts also those that are too many to be kept in `problems`.
    """

    files: tuple[str, ...]
    steps: Steps
    problems: tuple[Problem, ...] = ()
    warnings: tuple[Problem, ...] = ()
    problem_count: int = 0
    record_count: int = 0

    @property
    def summary(self) -> str:
        """The plan in one line."""
        if self.problem_count:
            return f"{_plural(self.problem_count, 'problem')}; nothing can be applied"
        if not len(self.steps):
            return f"nothing to change: {_plural(self.record_count, 'record')} as the files say"
        parts = ", ".join(f"{count} {command}" for command, count in self.steps.counts.items())
        return f"{_plural(len(self.steps), 'change')}: {parts}"

    def to_json(self) -> dict[str, Any]:
        """The plan as JSON data."""
        return {
            "files": list(self.files),
            "summary": self.summary,
            "problems": [each.to_json() for each in self.problems],
            "problem_count": self.problem_count,
            "warnings": [each.to_json() for each in self.warnings],
            "counts": dict(self.steps.counts),
            "steps": [step.to_json() for step in self.steps],
        }


def _plural(count: int, what: str) -> str:
    return f"{count:,} {what}" if count == 1 else f"{count:,} {what}s"
