"""Clients that race on one database: all have decided before the first of them appends."""

import asyncio
from collections.abc import AsyncGenerator, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Literal
from uuid import UUID, uuid4

from tests.integration.support.judge import Judged, judged

from cora.equipment import features
from cora.equipment.adapters.stub_doi_minter import StubDoiMinter
from cora.equipment.ports.doi_minter import Minted, MintRequest
from cora.equipment.views import AGGREGATES
from cora.equipment.wire import Deps, wire_equipment
from cora.equipment.wired import Equipment
from cora.kernel.aggregate import Claim
from cora.kernel.batch import Batch, batch_of, run_batch
from cora.kernel.errors import Refusal
from cora.kernel.execute import Answer, Call, Kernel
from cora.kernel.principal import Principal, Role
from cora.kernel.reader import (
    Append,
    Holder,
    KeyReused,
    Log,
    Pointing,
    ReadSet,
    Replayed,
    Source,
    Stale,
    Stored,
    Verdict,
)
from cora.kernel.slice import Command, CommandSlice, HandlerSlice, declared_slices
from cora.kernel.when import NOW, When
from cora.log.store import PostgresLog
from cora.log.verify import verify

Where = Literal["several logs", "one log", "one kernel"]
"""Clients of as many processes as there are logs; of one process without its queues; of one process as it is."""

Order = Literal["at once", "as listed", "reversed"]
"""Whether those that are held at the barrier append together, or each after the one before is done."""

WHERE: tuple[Where, ...] = ("several logs", "one log", "one kernel")
SLICES: Mapping[type[Any], CommandSlice | HandlerSlice] = {
    declared.request: declared
    for declared in declared_slices(features)
    if isinstance(declared, CommandSlice | HandlerSlice)
}
BATCH = batch_of(SLICES.values())
CALLER = Principal("ada", Role.ADMIN)
LOGS = 4

Result = Answer | Refusal


class Gate:
    """Holds whoever comes until all who still may come are there, then lets them through."""

    def __init__(self, expected: int, order: Order) -> None:
        self._expected = expected
        self._order: Order = order
        self._arrived: dict[int, asyncio.Event] = {}
        self._gone: dict[int, asyncio.Event] = {number: asyncio.Event() for number in range(expected)}
        self._open = False

    async def pass_through(self, number: int) -> None:
        """Wait for the others, and with an order for those before it to be done."""
        if self._open or number in self._arrived:
            return
        self._arrived[number] = asyncio.Event()
        self._look()
        await self._arrived[number].wait()

    def leave(self, number: int) -> None:
        """This one is done, whether it came here or not."""
        self._gone[number].set()
        if number not in self._arrived:
            self._expected -= 1
        self._look()

    def _look(self) -> None:
        if self._open or len(self._arrived) < self._expected:
            return
        self._open = True
        if self._order == "at once":
            asyncio.get_running_loop().call_soon(self._let_all_through)
        else:
            self._one_by_one = asyncio.create_task(self._let_through_one_by_one())

    def _let_all_through(self) -> None:
        for number in sorted(self._arrived):
            self._arrived[number].set()

    async def _let_through_one_by_one(self) -> None:
        for number in sorted(self._arrived, reverse=self._order == "reversed"):
            self._arrived[number].set()
            await self._gone[number].wait()


@dataclass
class Held:
    """A log whose first append waits at the gate; it counts what became of all of them."""

    log: Log
    gate: Gate | None = None
    number: int = 0
    appends: int = 0
    stale: int = 0
    locked: int = 0

    async def append(self, request: Append) -> Verdict:
        if self.gate is not None:
            await self.gate.pass_through(self.number)
        verdict = await self.log.append(request)
        self.appends += 1
        self.stale += isinstance(verdict, Stale)
        return verdict

    async def record(self, id: UUID) -> Stored:
        return await self.log.record(id)

    async def records(self, ids: Sequence[UUID]) -> Sequence[Stored]:
        return await self.log.records(ids)

    async def pointing(self, relation: str, target: UUID, *, first: bool) -> Pointing:
        return await self.log.pointing(relation, target, first=first)

    async def pointings(self, asked: Sequence[tuple[str, UUID]]) -> Sequence[Pointing]:
        return await self.log.pointings(asked)

    async def counts(self, asked: Sequence[tuple[str, UUID]]) -> Sequence[tuple[int, int]]:
        return await self.log.counts(asked)

    async def holder(self, claim: Claim) -> Holder:
        return await self.log.holder(claim)

    async def still_current(self, reads: ReadSet) -> bool:
        return await self.log.still_current(reads)

    async def answered(self, principal: str, key: str, digest: bytes) -> Replayed | KeyReused | None:
        return await self.log.answered(principal, key, digest)

    async def latest_joinings(self, ids: Collection[UUID]) -> Mapping[UUID, datetime]:
        return await self.log.latest_joinings(ids)

    def under_lock(self) -> AbstractAsyncContextManager[Log]:
        self.locked += 1
        return self.log.under_lock()

    def snapshot(self, when: When = NOW) -> AbstractAsyncContextManager[Source]:
        return self.log.snapshot(when)


class CountingMinter(StubDoiMinter):
    """The stub, slow, with a list of what it was asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[str] = []

    async def mint(self, request: MintRequest) -> Minted:
        self.asked.append(request.identifier.value)
        await asyncio.sleep(0.02)
        return await super().mint(request)


@dataclass(frozen=True)
class Try:
    """One client's command, with options of its call."""

    command: Command
    options: Mapping[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True)
class Many:
    """One client's atomic batch, with options of its call."""

    commands: Sequence[Command]
    options: Mapping[str, Any] = field(default_factory=dict[str, Any])


async def carry_out(kernel: Kernel, wanted: Try | Many) -> Answer:
    """What a client is answered. Raises its refusal."""
    if isinstance(wanted, Try):
        return await kernel.command(SLICES[type(wanted.command)], wanted.command, call(**wanted.options))
    given = tuple(
        {"command": SLICES[type(each)].name, "arguments": each.model_dump(mode="json", exclude_none=True)}
        for each in wanted.commands
    )
    return await run_batch(kernel, BATCH, Batch(commands=given, atomic=True), call(**wanted.options))


def call(**options: Any) -> Call:
    """A call of one client."""
    return replace(Call(CALLER, "system", request_id=str(uuid4())), **options)


@dataclass
class Arena:
    """Several logs on one database, as several processes have them, with one authority for identifiers."""

    dsn: str
    logs: Sequence[PostgresLog]
    minter: CountingMinter
    wired: Sequence[Equipment]
    kernel: Kernel
    stale: int = 0
    locked: int = 0

    async def do(self, command: Command, **options: Any) -> UUID:
        """The id of the record a command was about. Raises its refusal."""
        return (await self.kernel.command(SLICES[type(command)], command, call(**options))).id

    async def race(
        self, *tries: Command | Try | Many, where: Where = "several logs", order: Order = "at once"
    ) -> list[Result]:
        """What each client was answered, in the order they are listed."""
        gate = Gate(len(tries), order) if where != "one kernel" else None
        attempts = [Try(each) if isinstance(each, Command) else each for each in tries]
        return await asyncio.gather(*(self._attempt(number, each, where, gate) for number, each in enumerate(attempts)))

    async def _attempt(self, number: int, each: Try | Many, where: Where, gate: Gate | None) -> Result:
        at = number % len(self.logs) if where == "several logs" else 0
        held = Held(self.logs[at], gate, number)
        kernel = self.kernel if gate is None else Kernel(held, self.wired[at])
        try:
            return await carry_out(kernel, each)
        except Refusal as refusal:
            return refusal
        finally:
            if gate is not None:
                gate.leave(number)
            self.stale += held.stale
            self.locked += held.locked

    async def head(self) -> int:
        """The last position of the log."""
        return await self.logs[0].pool.fetchval("select coalesce(max(position), 0) from event")

    async def judged(self) -> Judged:
        """Every event judged at its position, by rules that know nothing of the code. Raises `AssertionError`."""
        return await judged(self.logs[0].pool)

    async def verified(self) -> None:
        """Raises `AssertionError` unless everything beside the log follows from it."""
        report = await verify(self.dsn, "cora", AGGREGATES)
        assert report.intact, report.difference


@asynccontextmanager
async def arena(dsn: str, logs: int = LOGS) -> AsyncGenerator[Arena]:
    """Several logs on a migrated database."""
    minter = CountingMinter()
    opened = [await PostgresLog.open(dsn) for _ in range(logs)]
    wired = [
        wire_equipment(
            Deps(
                "http://cora.test",
                leases=log.leases,
                contacts=log.contacts,
                tellings=log.publications,
                doi_minter=minter,
            )
        )
        for log in opened
    ]
    try:
        yield Arena(dsn, opened, minter, wired, Kernel(opened[0], wired[0]))
    finally:
        for log in opened:
            await log.close()


def winners(results: Sequence[Result]) -> list[Answer]:
    """Those that were answered."""
    return [each for each in results if isinstance(each, Answer)]


def losers(results: Sequence[Result]) -> list[Refusal]:
    """Those that were refused."""
    return [each for each in results if isinstance(each, Refusal)]


def the_only_winner(results: Sequence[Result], refused: type[Refusal]) -> Answer:
    """The one that was answered, all others being refused for that one reason. Raises `AssertionError`."""
    won = winners(results)
    assert len(won) == 1, f"{len(won)} of {len(results)} won"
    kinds = {type(each) for each in losers(results)}
    assert kinds <= {refused}, f"refused by {sorted(kind.__name__ for kind in kinds)}"
    return won[0]
