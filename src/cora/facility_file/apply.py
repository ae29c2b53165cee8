"""Applies a plan: the same commands that anybody would send, many at once where they do not depend on each other."""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol

from cora.facility_file.port import Facility, StepRefusedError, UnreachableError
from cora.facility_file.problems import Problem
from cora.facility_file.steps import Plan, Step
from cora.kernel.identity import new_id

MOST_FAILURES = 50
_LONGEST_PATIENCE = 60.0


class PlanHasProblemsError(ValueError):
    """A plan with problems is not applied."""


class Progress(Protocol):
    """Told after each step: how many are done, of how many, and which was the last in words."""

    def __call__(self, done: int, total: int, what: str) -> None: ...


@dataclass
class Result:
    """What applying a plan came to. What was not done is done by running it again."""

    done: Counter[str] = field(default_factory=Counter[str])
    failures: list[Problem] = field(default_factory=list[Problem])
    total: int = 0

    @property
    def is_complete(self) -> bool:
        """Whether every step was done."""
        return not self.failures and self.done.total() == self.total

    @property
    def summary(self) -> str:
        """The result in one line."""
        done = self.done.total()
        if not self.total:
            return "nothing to change"
        if self.is_complete:
            return f"{done:,} {'change' if done == 1 else 'changes'} made"
        left = self.total - done
        return f"{done:,} of {self.total:,} changes made, {len(self.failures):,} refused, {left:,} left; run it again"

    def to_json(self) -> dict[str, Any]:
        """The result as JSON data."""
        return {
            "summary": self.summary,
            "complete": self.is_complete,
            "total": self.total,
            "done": self.done.total(),
            "counts": dict(self.done),
            "failures": [each.to_json() for each in self.failures],
        }


def _silent(_done: int, _total: int, _what: str) -> None:
    return


async def apply_plan(plan: Plan, facility: Facility, progress: Progress | Callable[[int, int, str], None] = _silent
                     ) -> Result:  # fmt: skip
    """Run the steps of a plan in order, those of one level at once.

    A refused step is told in `Result.failures` and ends the work after its
    level: what depends on it would be refused too. Raises `UnreachableError`
    when the facility is lost; what was done by then stays done.
    """
    if plan.problem_count:
        raise PlanHasProblemsError(plan.summary)
    work = _Work(facility, progress, Result(total=len(plan.steps)))
    for level in plan.steps.levels():
        await work.run(iter(level))
        if work.result.failures:
            break
    return work.result


class _Work:
    def __init__(self, facility: Facility, progress: Callable[[int, int, str], None], result: Result) -> None:
        self.facility = facility
        self.progress = progress
        self.result = result
        self._run = new_id()
        self._number = 0

    async def run(self, steps: Iterator[Step]) -> None:
        """Run steps that do not depend on each other; each worker takes the next when it has done one."""
        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(self.facility.at_once):
                    group.create_task(self._take(steps))
        except BaseExceptionGroup as failed:
            # Many workers lose the facility at once; one of them tells it.
            raise failed.exceptions[0] from None

    async def _take(self, steps: Iterator[Step]) -> None:
        for step in steps:
            self._number += 1
            await self._do(step, f"{self._run}-{self._number}")
            if len(self.result.failures) >= MOST_FAILURES:
                return

    async def _do(self, step: Step, key: str) -> None:
        try:
            await self._until_settled(step, key)
        except StepRefusedError as refused:
            self.result.failures.append(Problem(step.place, f"could not {step.words}: {refused.detail}"))
            return
        self.result.done[step.command] += 1
        self.progress(self.result.done.total(), self.result.total, step.words)

    async def _until_settled(self, step: Step, key: str) -> None:
        occurred_at, pause = step.occurred_at, 0.05
        waited = 0.0
        while True:
            try:
                await self.facility.execute(step.command, step.arguments, occurred_at, key)
            except StepRefusedError as refused:
                if refused.last_occurred_at is not None and not step.is_dated and occurred_at is not None:
                    # The default time of the file lies before what is known of the record: it happened since.
                    occurred_at = max(refused.last_occurred_at, occurred_at)
                    step.is_dated = True
                elif refused.is_passing and waited < _LONGEST_PATIENCE:
                    await asyncio.sleep(pause)
                    waited += pause
                    pause = min(2.0, pause * 2)
                else:
                    raise
            else:
                return


__all__ = ["PlanHasProblemsError", "Progress", "Result", "UnreachableError", "apply_plan"]
