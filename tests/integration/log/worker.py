"""One of the processes of the randomized checker: clients that run random commands and note what they were told.

Reads jobs from standard input, one JSON object a line, and answers each with
one line: what every call asked and was answered, with the head of the log
before and after it.
"""

import asyncio
import json
import random
import sys
import traceback
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, cast
from uuid import UUID, uuid4

import structlog

from cora.kernel.errors import Refusal
from cora.kernel.execute import Call
from cora.kernel.principal import Principal, Role
from cora.kernel.slice import Command
from cora.log.connect import LOST

from . import toy
from .harness import Client, opened
from .mutants import switched_off
from .proxy import Cut, Proxy, proxied

NAMES = tuple(f"bay {number}" for number in range(7))
BADGES = ("red", "green", "blue")

# How often each command is sent when nothing else is asked for.
MIX: Mapping[str, float] = {
    "OpenBay": 1, "RenameBay": 4, "MeasureBay": 2, "CloseBay": 5, "ReopenBay": 4, "TallyBay": 8, "RegisterUnit": 4,
    "MoveUnit": 10, "TakeBadge": 6, "DropBadge": 4, "HandOverBadge": 8, "NoteCarrier": 8, "CompareUnits": 8,
    "RetireUnit": 1,
}  # fmt: skip


@dataclass(frozen=True)
class Job:
    """What a worker is to do."""

    dsn: str
    schema: str
    seed: int
    seconds: float
    clients: int
    bays: tuple[str, ...]
    units: tuple[str, ...]
    mutant: str | None = None
    mix: Mapping[str, float] | None = None
    cuts: float = 0.0
    """The share of appends whose connection is lost."""
    badges: int = len(BADGES)
    pace: float = 0.002
    """Seconds between two looks of a decision."""
    padding: int = 0
    """How much longer some requests are than others, in characters; they take longer to reach the lock."""


class _Worker:
    def __init__(self, job: Job, client: Client) -> None:
        self._job = job
        self._client = client
        self._random = random.Random(job.seed)
        self._bays = [UUID(bay) for bay in job.bays]
        self._units = [UUID(unit) for unit in job.units]
        mix = job.mix or MIX
        self._commands, self._weights = list(mix), list(mix.values())
        self._badges = BADGES[: job.badges]
        self._nobody = uuid4()
        self.told: list[dict[str, Any]] = []

    async def run(self) -> None:
        until = asyncio.get_running_loop().time() + self._job.seconds
        await asyncio.gather(*(self._one_client(f"{self._job.seed}.{n}", until) for n in range(self._job.clients)))

    async def _one_client(self, name: str, until: float) -> None:
        principal = Principal(name, Role.OPERATOR)
        while asyncio.get_running_loop().time() < until:
            command = self._command()
            call = self._options(Call(principal, "system", request_id=uuid4().hex), command)
            if call.idempotency_key is not None:
                again = replace(call, request_id=uuid4().hex)
                await asyncio.gather(self._tell(command, call), self._tell(command, again))
            else:
                await self._tell(command, call)

    def _command(self) -> Command:
        pick = self._random
        bay = lambda: pick.choice(self._bays)  # noqa: E731
        unit = lambda: pick.choice(self._units)  # noqa: E731
        match pick.choices(self._commands, self._weights)[0]:
            case "OpenBay":
                return toy.OpenBay(name=pick.choice(NAMES), id=pick.choice((None, uuid4(), bay())))
            case "RenameBay":
                return toy.RenameBay(bay_id=bay(), name=pick.choice(NAMES))
            case "MeasureBay":
                return toy.MeasureBay(bay_id=bay(), value=pick.randrange(100))
            case "CloseBay":
                return toy.CloseBay(bay_id=bay())
            case "ReopenBay":
                return toy.ReopenBay(bay_id=bay())
            case "TallyBay":
                return toy.TallyBay(bay_id=bay())
            case "RegisterUnit":
                return toy.RegisterUnit(bay_id=bay())
            case "MoveUnit":
                return toy.MoveUnit(unit_id=unit(), to_bay_id=bay())
            case "TakeBadge":
                return toy.TakeBadge(unit_id=unit(), badge=pick.choice(self._badges))
            case "DropBadge":
                return toy.DropBadge(unit_id=unit())
            case "HandOverBadge":
                return toy.HandOverBadge(unit_id=unit(), to_unit_id=unit())
            case "NoteCarrier":
                return toy.NoteCarrier(unit_id=unit(), badge=pick.choice(self._badges))
            case "CompareUnits":
                return toy.CompareUnits(unit_id=unit(), other_unit_id=unit())
            case "RetireUnit":
                return toy.RetireUnit(unit_id=unit())
            case unknown:
                raise ValueError(unknown)

    def _options(self, call: Call, command: Command) -> Call:
        if self._random.random() < 0.3:
            call = replace(call, on_behalf_of="x" * self._job.padding)
        chance = self._random.random()
        if chance < 0.1:
            return replace(call, idempotency_key=call.request_id)
        if chance < 0.15:
            return replace(call, dry_run=True)
        if chance < 0.35:
            return replace(call, occurred_at=datetime.now(UTC) - timedelta(seconds=self._random.random() * 0.05))
        if chance < 0.4 and not isinstance(command, toy.OpenBay | toy.RegisterUnit):
            return replace(call, if_match=self._random.randrange(1, 20))
        return call

    async def _tell(self, command: Command, call: Call) -> None:
        kernel, log = self._client.kernel, self._client.log
        told: dict[str, Any] = {
            "request": call.request_id,
            "command": type(command).__name__,
            "asked": command.model_dump(mode="json"),
            "if_match": call.if_match,
            "occurred_at": call.occurred_at.isoformat() if call.occurred_at else None,
            "dry_run": call.dry_run,
            "key": call.idempotency_key,
            "low": (await log.record(self._nobody)).head,
        }
        try:
            answer = await kernel.command(toy.SLICES[type(command)], command, call)
            told |= {"answered": json.loads(answer.body), "status": answer.status, "position": answer.position}
            if answer.status == 201:
                known = self._bays if isinstance(command, toy.OpenBay) else self._units
                known.append(answer.id)
        except Refusal as refusal:
            told |= {"refused": refusal.code(), "members": json.loads(json.dumps(refusal.members(), default=str))}
        except Exception as error:
            told |= {"failed": "".join(traceback.format_exception(error)[-6:])}
        told["high"] = (await log.record(self._nobody)).head
        self.told.append(told)


def _losing(proxy: Proxy, share: float, seed: int) -> None:
    chance = random.Random(seed)

    def plan(_: str) -> Cut | None:
        return chance.choice(list(Cut)) if chance.random() < share else None

    proxy.plan = plan


async def work(job: Job) -> list[dict[str, Any]]:
    """What the clients of one process asked and were told."""
    toy.pace.seconds = job.pace
    with switched_off(job.mutant):
        async with proxied(job.dsn) as proxy:
            if job.cuts:
                _losing(proxy, job.cuts, job.seed)
            async with AsyncExitStack() as stack:
                client = await _entered(stack, proxy.dsn if job.cuts else job.dsn, job.schema)
                worker = _Worker(job, client)
                await worker.run()
                return worker.told


async def _entered(stack: AsyncExitStack, dsn: str, schema: str) -> Client:
    """A client, opened when the database is there: it may have been killed while this process was starting."""
    for tries_left in reversed(range(100)):
        try:
            return await stack.enter_async_context(opened(dsn, schema))
        except LOST:
            if not tries_left:
                raise
            await asyncio.sleep(0.1)
    raise AssertionError


def main() -> None:
    """Work off jobs until there are no more."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    for line in sys.stdin:
        told = asyncio.run(work(Job(**cast("dict[str, Any]", json.loads(line)))))
        sys.stdout.write(json.dumps(told) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
