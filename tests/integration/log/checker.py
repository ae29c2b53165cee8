"""Judges what happened: every event and every refusal against a plain replay of the log.

Each recorded request must be what its command comes to at its position. What
recorded nothing (a refusal, a "no change", a dry run) must have been true at
some position between the call and its answer. Every answer must be in the
log once, and nothing that was refused may be.
"""

import asyncio
import json
import sys
from asyncio.subprocess import PIPE, Process
from collections import Counter
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from itertools import groupby
from pathlib import Path
from typing import Any

import asyncpg

from .harness import fetch, verified
from .replay import Outcome, Recorded, Refused, World
from .worker import Job

Told = Mapping[str, Any]

# Refusals for which nothing was decided; nothing may be recorded either.
_UNDECIDED = ("Overloaded", "ConcurrencyConflict")


class ViolationError(AssertionError):
    """Something happened that must not."""


@dataclass(frozen=True)
class Counts:
    """What was judged."""

    recorded: int
    refused: int
    unchanged: int
    undecided: int


async def judge(dsn: str, schema: str, told: Sequence[Told]) -> Counts:
    """Judge a whole log, and what clients were told of it. Raises `ViolationError`."""
    report = await verified(dsn, schema)
    if not report.intact:
        raise ViolationError(f"verify: {report.difference}")
    rows = await fetch(
        dsn, schema,
        "select position, stream::text, version, kind, data::text, request, occurred_at from event order by position",
    )  # fmt: skip
    documents = await fetch(dsn, schema, "select id::text, kind, version, body::text from document")
    judgement = _Judgement(told)
    judgement.replay(rows)
    judgement.compare(documents)
    return judgement.counts()


class _Judgement:
    def __init__(self, told: Sequence[Told]) -> None:
        self._told = {call["request"]: call for call in told}
        self._world = World()
        self._applied: dict[str, int] = {}
        self._undecided = 0
        self._pending: list[Told] = []
        self._unchanged: list[Told] = []
        for call in told:
            if "failed" in call:
                raise ViolationError(f"{_shown(call)} failed: {call['failed']}")
            if call.get("refused") in _UNDECIDED:
                self._undecided += 1
            elif "refused" in call or call["dry_run"] or not call["answered"]["events"]:
                self._unchanged.append(call)
        self._waiting = sorted(self._unchanged, key=lambda call: call["low"], reverse=True)

    def replay(self, rows: Sequence[asyncpg.Record]) -> None:
        """Go through the log, request by request."""
        reached = 0
        for request, group in groupby(rows, key=lambda row: row["request"]):
            events = list(group)
            self._judge_unchanged(reached, events[-1]["position"] - 1)
            self._judge_recorded(request, events)
            reached = events[-1]["position"]
            for row in events:
                self._world.apply(row["stream"], row["kind"], json.loads(row["data"]), row["occurred_at"])
            self._judge_answer(request, events)
        self._judge_unchanged(reached, sys.maxsize)
        for call in self._told.values():
            if "answered" in call and call["answered"]["events"] and not call["dry_run"]:
                self._judge_told(call)
        keys = Counter(call["key"] for call in self._told.values() if call["key"] and call["request"] in self._applied)
        for key, times in keys.items():
            if times > 1:
                raise ViolationError(f"what was sent with the key {key} was recorded {times} times")
        for call in self._pending:
            raise ViolationError(f"{_shown(call)} was never true between {call['low']} and {call['high']}")

    def compare(self, documents: Sequence[asyncpg.Record]) -> None:
        """The stored state of each record against the replay."""
        world = self._world
        if {row["id"] for row in documents} != set(world.version):
            raise ViolationError("there are not as many documents as records")
        for row in documents:
            body, id = json.loads(row["body"]), row["id"]
            if row["version"] != world.version[id]:
                raise ViolationError(f"document {id} has version {row['version']}, not {world.version[id]}")
            own = (
                (world.names[id], world.closed[id])
                if row["kind"] == "bay"
                else (world.bay_of[id], world.retired[id], world.badge[id])
            )
            stored = (
                (body["name"], body["closed"])
                if row["kind"] == "bay"
                else (body["bay_id"], body["retired"], body["badge"])
            )
            if own != stored:
                raise ViolationError(f"document {id} says {stored}, its events say {own}")
        for values in (
            [badge for badge in world.badge.values() if badge is not None],
            [name for bay, name in world.names.items() if not world.closed[bay]],
        ):
            if len(values) != len(set(values)):
                raise ViolationError(f"a claimed value is held twice: {sorted(values)}")

    def counts(self) -> Counts:
        """How much was judged."""
        refused = sum("refused" in call for call in self._unchanged)
        return Counts(len(self._applied), refused, len(self._unchanged) - refused, self._undecided)

    def _judge_recorded(self, request: str, events: list[asyncpg.Record]) -> None:
        position = events[-1]["position"]
        if request in self._applied:
            raise ViolationError(f"request {request} was recorded at {self._applied[request]} and again at {position}")
        self._applied[request] = position
        call = self._told.get(request)
        if call is None:
            return
        if "refused" in call or call["dry_run"]:
            raise ViolationError(f"{_shown(call)} was not to record anything but did at {position}")
        recorded = Recorded(tuple((row["stream"], row["kind"], json.loads(row["data"])) for row in events))
        true = self._true(call, events[0]["stream"])
        if true != recorded:
            raise ViolationError(f"{_shown(call)} recorded {recorded} at {position}, where {true} was true")

    def _judge_answer(self, request: str, events: list[asyncpg.Record]) -> None:
        call = self._told.get(request)
        if call is None:
            return
        position, answer = events[-1]["position"], call["answered"]
        if not call["low"] < position <= call["high"] or call["position"] != position:
            raise ViolationError(f"{_shown(call)} was recorded at {position}")
        if answer["version"] != self._world.version[answer["id"]]:
            raise ViolationError(f"{_shown(call)} was told version {answer['version']}")

    def _judge_told(self, call: Told) -> None:
        if call["request"] in self._applied:
            return
        twin = next(
            (
                other
                for other in self._told.values()
                if call["key"] and other["key"] == call["key"] and other["request"] in self._applied
            ),
            None,
        )
        if twin is None:
            raise ViolationError(f"{_shown(call)} was told of events that are not in the log")
        if twin["answered"] != call["answered"] or twin["status"] != call["status"]:
            raise ViolationError(f"{_shown(call)} was told otherwise than the first call with its key")

    def _judge_unchanged(self, low: int, high: int) -> None:
        """Judge what may have been true in the state that lasted from the position `low` to `high`."""
        while self._waiting and self._waiting[-1]["low"] <= high:
            self._pending.append(self._waiting.pop())
        still: list[Told] = []
        for call in self._pending:
            if call["high"] < low:
                raise ViolationError(f"{_shown(call)} was never true between {call['low']} and {call['high']}")
            if not _fits(call, self._true(call, call.get("answered", {}).get("id", "new"))):
                still.append(call)
        self._pending = still

    def _true(self, call: Told, new_id: str) -> Outcome:
        occurred_at = datetime.fromisoformat(call["occurred_at"]) if call["occurred_at"] else None
        return self._world.outcome(
            call["command"], call["asked"], new_id, if_match=call["if_match"], occurred_at=occurred_at
        )


def _fits(call: Told, true: Outcome) -> bool:
    if "refused" in call:
        if not isinstance(true, Refused) or true.code != call["refused"]:
            return False
        return all(call["members"][name] == value for name, value in true.members.items())
    told = tuple((each["stream"], each["kind"], each["data"]) for each in call["answered"]["events"])
    return isinstance(true, Recorded) and true.events == told


def _shown(call: Told) -> str:
    said = call.get("refused") or call.get("failed") or call.get("answered", {}).get("events")
    return f"{call['command']} {call['asked']} (request {call['request']}, told {said} {call.get('members', '')})"


class Workers:
    """Processes that wait for jobs."""

    def __init__(self, processes: list[Process]) -> None:
        self.processes = processes

    async def run(self, jobs: Sequence[Job]) -> list[Told]:
        """What the clients of all jobs were told; one job for each process."""
        return [call for told in await asyncio.gather(*map(_one_job, self.processes, jobs)) for call in told]


async def _one_job(process: Process, job: Job) -> list[Told]:
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(json.dumps(asdict(job)).encode() + b"\n")
    await process.stdin.drain()
    line = await process.stdout.readline()
    if not line:
        raise RuntimeError("a worker ended")
    told: list[Told] = json.loads(line)
    return told


@asynccontextmanager
async def workers(number: int) -> AsyncGenerator[Workers]:
    """Start processes and end them afterwards."""
    processes = [
        await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.integration.log.worker", stdin=PIPE, stdout=PIPE, limit=1 << 28,
            cwd=Path(__file__).parents[3],
        )
        for _ in range(number)
    ]  # fmt: skip
    try:
        yield Workers(processes)
    finally:
        for process in processes:
            assert process.stdin is not None
            process.stdin.close()
        await asyncio.gather(*(process.wait() for process in processes))
