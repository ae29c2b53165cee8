"""The mechanisms that keep decisions true, each with a way to switch it off; the checker must notice every one."""

import asyncio
import contextlib
import random
from collections.abc import AsyncGenerator, Callable, Generator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from typing import Any
from unittest.mock import patch
from uuid import UUID

import cora.log.append
import cora.log.batch
from cora.kernel import execute, reader
from cora.kernel.identity import new_id
from cora.kernel.reader import Append, Log, Reader, ReadSet
from cora.log.batch import Sending, Touched, in_full, read_rows
from cora.log.connect import LOST
from cora.log.held import HeldLog
from cora.log.link import Link
from cora.log.store import PostgresLog

from .harness import substituted

Change = Callable[[str], str]
Patches = Callable[[], Sequence[Any]]


def _none() -> Sequence[Any]:
    return ()


@dataclass(frozen=True)
class Mutant:
    """A mechanism switched off: in the SQL, in the processes, or both. `mix` are the commands that show it."""

    sql: Change | None = None
    patches: Patches = _none
    mix: Mapping[str, float] | None = None
    cuts: float = 0.0
    units: int = 6
    badges: int = 3
    pace: float = 0.002
    padding: int = 0


def _reads_without(which: int) -> Patches:
    """What was read arrives at the append without its versions (0), relations (1) or claims (2)."""

    def rows(number: int, reads: ReadSet) -> tuple[list[Any], list[Any], list[Any]]:
        kept = list(read_rows(number, reads))
        kept[which] = []
        return kept[0], kept[1], kept[2]

    return lambda: [patch.object(cora.log.batch, "read_rows", rows)]


def _late_basis() -> Sequence[Any]:
    def read_set(self: Reader) -> ReadSet:
        return replace(true_read_set(self), basis=max(self._heads, default=None))

    true_read_set = Reader.read_set
    return [patch.object(reader.Reader, "read_set", read_set)]


async def _always(*_: Any) -> bool:
    return True


def _never_collides(self: Touched, request: Append) -> bool:
    return False


async def _decided_again(link: Link, sending: Sending, *, sent: bool = False) -> Any:
    """A lost batch is sent as if it were new."""
    rows = sending.rows
    while True:
        try:
            return await link.fetchval(sending.sql, *rows)
        except LOST:
            await link.drop()
            await asyncio.sleep(0.01)
            rows = (new_id(), 1, *rows[2:])


class _Sometimes:
    """Half of the commands are decided under the lock at once."""

    def __index__(self) -> int:
        return random.choice((0, 3))


def _unlocked() -> Sequence[Any]:
    """What is decided under the lock is decided without it, by several at once."""
    idle: list[Link] = []
    true_close = PostgresLog.close

    @asynccontextmanager
    async def under_no_lock(self: PostgresLog) -> AsyncGenerator[Log]:
        link = idle.pop() if idle else Link(self.dsn, self.schema)
        connection = await link.connection()
        await connection.execute("begin")
        try:
            yield HeldLog(link, connection, self.tail.wake)
        finally:
            await connection.execute("rollback")
            idle.append(link)

    async def close(self: PostgresLog) -> None:
        for link in idle:
            await link.close()
        await true_close(self)

    return [
        patch.object(PostgresLog, "under_lock", under_no_lock),
        patch.object(PostgresLog, "close", close),
        patch.object(execute, "TRIES_BEFORE_LOCK", _Sometimes()),
    ]


def _undated(writer: UUID, batch: int, requests: Sequence[Append]) -> Sending:
    sql, (*before, _dated, worded) = in_full(writer, batch, requests)
    return Sending(sql, (*before, False, worded))


_LOCK = "perform pg_advisory_xact_lock(log_lock());"
_HEAD = """select coalesce(n.last_position, 0), coalesce(n.hash, ''::bytea), greatest(clock_timestamp(), n.recorded_at)
    into head, newest_hash, moment
    from (values (1)) w left join (select * from block order by last_position desc limit 1) n on true;"""
_RELEASED = "where not exists (select from unnest(released) r"
_RECORD = "if cardinality(events) > 0 then\n        with recorded as"


def _judged_before_the_lock(sql: str) -> str:
    check = "\n    if current_setting('transaction_isolation')"
    sql = substituted(f"{_LOCK}{check}", check)(sql)
    return substituted(_RECORD, f"{_LOCK}\n    {_HEAD}\n    {_RECORD}")(sql)


_CROWDED = {"RegisterUnit": 3.0, "CloseBay": 6.0, "ReopenBay": 6.0, "MoveUnit": 10.0, "RetireUnit": 1.0}
_TALLIED = {"TallyBay": 4.0, "RegisterUnit": 2.0, "MoveUnit": 4.0, "RetireUnit": 2.0}
_BADGES = {"TakeBadge": 4.0, "DropBadge": 4.0, "NoteCarrier": 6.0, "HandOverBadge": 4.0}
_COMPARED = {"HandOverBadge": 10.0, "CompareUnits": 10.0, "TakeBadge": 3.0}

MUTANTS: Mapping[str, Mutant] = {
    "versions of what was read are not checked": Mutant(patches=_reads_without(0), mix=_CROWDED),
    "relations that were asked about are not checked": Mutant(patches=_reads_without(1), mix=_TALLIED),
    "claims that were looked up are not checked": Mutant(patches=_reads_without(2), mix=_BADGES),
    "relations are checked since the last look, not the first": Mutant(patches=_late_basis, mix=_TALLIED),
    "refusals are answered unchecked": Mutant(
        patches=lambda: [patch.object(execute, "is_true", _always)], mix=_COMPARED, units=3, badges=1
    ),
    "a batch holds requests that depend on one another": Mutant(
        patches=lambda: [patch.object(Touched, "collide", _never_collides)], mix=_CROWDED
    ),
    "a lost batch is decided again": Mutant(
        patches=lambda: [patch.object(cora.log.append, "until_answered", _decided_again)],
        mix={"MeasureBay": 5.0, "MoveUnit": 1.0},
        cuts=0.1,
    ),
    "decisions under the lock are made without it": Mutant(
        patches=_unlocked, mix=_COMPARED, units=3, badges=1, pace=0.01
    ),
    "there is no lock": Mutant(
        sql=substituted("return hashtextextended('cora.log.' || current_schema(), 0)", "return random() * 1e9"),
        mix=_CROWDED,
    ),
    "requests are judged before the lock is taken": Mutant(sql=_judged_before_the_lock, mix=_TALLIED),
    "recorded_at is when the wait began": Mutant(
        sql=substituted("greatest(clock_timestamp(), n.recorded_at)", "now()"),
        mix={"MeasureBay": 1.0},
        padding=50_000,
    ),
    "takes come before releases": Mutant(sql=substituted(_RELEASED, f"where true or {_RELEASED[6:]}"), mix=_BADGES),
    "keys are looked up before the lock only": Mutant(
        sql=substituted("where k.answered_at > moment - interval '7 days'", "where false"),
        mix={"RegisterUnit": 1.0, "MeasureBay": 3.0},
    ),
    "times are not compared": Mutant(
        patches=lambda: [patch.object(cora.log.batch, "in_full", _undated)], mix={"MoveUnit": 4.0, "MeasureBay": 4.0}
    ),
    "released claims are kept": Mutant(
        sql=substituted("where accepted[r.request] and c.what", "where false and c.what"), mix=_BADGES
    ),
    "references that end are kept": Mutant(
        sql=substituted("where accepted[g.request] and f.relation", "where false and f.relation"), mix=_TALLIED
    ),
}


@contextmanager
def switched_off(name: str | None) -> Generator[None]:
    """This process without one of the mechanisms."""
    with contextlib.ExitStack() as stack:
        for each in MUTANTS[name].patches() if name else ():
            stack.enter_context(each)
        yield
