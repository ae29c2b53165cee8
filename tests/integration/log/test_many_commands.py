"""Batches of commands on the real log: what they leave in its tables, in crowds, and over a bad connection."""

import asyncio
import json
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from copy import deepcopy
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from cora.kernel import execute
from cora.kernel.aggregate import Claim
from cora.kernel.draft import Answer
from cora.kernel.errors import IdempotencyKeyReusedError, Refusal
from cora.kernel.reader import Reader
from cora.kernel.when import When

from . import records, toy
from .batches import BAYS, NOON, UNITS, Step, alone, answers, opening, run, steps
from .harness import Client, drop_schema, fetch, make_schema, moment, opened, verified
from .replay import Refused, World

BAY, OTHER, THIRD = BAYS
UNIT, SECOND, *_ = UNITS
YESTERDAY = datetime.now(UTC) - timedelta(days=1)

# What a log holds, but for times that it gave itself and what follows from them.
_EVENTS = (
    "select position, stream, version, kind, data::text, actor, via, on_behalf_of, {occurred} from event order by 1"
)
_REST = (
    "select id, kind, version, position, body - 'opened_at', title from document order by 1",
    "select id, text from search order by 1",
    "select relation, target, source, since, until from reference order by 1, 2, 3, 4",
    "select what, value, owner, since from claim order by 1, 2",
    "select what, value, owner, since, until from past_claim order by 1, 2, 4",
    "select entity, position, joining from mention order by 1, 2",
)


async def tables(server: str, schema: str) -> list[list[tuple[Any, ...]]]:
    """All that a log holds."""
    dated = "case when occurred_at < recorded_at then occurred_at end"
    queries = (_EVENTS.format(occurred=dated), *_REST)
    return [[tuple(row) for row in await fetch(server, schema, sql)] for sql in queries]


async def intact(server: str, schema: str) -> None:
    """Raises `AssertionError` unless everything beside the log follows from it."""
    report = await verified(server, schema)
    assert report.intact, report.difference


@asynccontextmanager
async def fresh(server: str) -> AsyncGenerator[tuple[str, Client]]:
    """A log of its own."""
    schema = await make_schema(server)
    async with opened(server, schema) as client:
        yield schema, client
    await drop_schema(server, schema)


@pytest.mark.parametrize("seed", range(12))
async def test_all_at_once_leaves_what_they_leave_one_by_one(seed: int, server: str) -> None:
    """To the row: positions, stretches of references and claims, mentions."""
    chance = Random(seed)
    begun, tried = opening(2, seed % 4), steps(chance, 80)
    async with fresh(server) as (one_schema, one), fresh(server) as (other_schema, other):
        for step in begun:
            await alone(one.kernel, step)
            await alone(other.kernel, step)
        done: list[Step] = []
        for step in tried:
            try:
                await alone(one.kernel, step)
            except Refusal:
                continue
            done.append(step)
        assert len(done) > 5
        await answers(other.kernel, *done)
        assert await tables(server, other_schema) == await tables(server, one_schema)
        for schema in (one_schema, other_schema):
            await intact(server, schema)


async def test_references_that_pass_are_history_with_their_times(client: Client, server: str, schema: str) -> None:
    for step in opening(2, 0):
        await alone(client.kernel, step)
    hours = [YESTERDAY + timedelta(hours=hour) for hour in range(4)]
    await run(
        client.kernel,
        Step(toy.RegisterUnit(id=UNIT, bay_id=BAY), hours[0]),
        Step(toy.MoveUnit(unit_id=UNIT, to_bay_id=OTHER), hours[1]),
        Step(toy.MoveUnit(unit_id=UNIT, to_bay_id=BAY), hours[2]),
        Step(toy.RetireUnit(unit_id=UNIT), hours[3]),
    )
    rows = await fetch(
        server, schema, "select target, since, until, since_occurred, until_occurred from reference order by since"
    )
    assert [tuple(row) for row in rows] == [
        (BAY, 3, 4, hours[0], hours[1]),
        (OTHER, 4, 5, hours[1], hours[2]),
        (BAY, 5, 6, hours[2], hours[3]),
    ]
    await intact(server, schema)
    assert (await client.run(toy.CloseBay(bay_id=BAY)))["version"] == 2


async def test_claims_that_pass_are_history_with_their_times(client: Client, server: str, schema: str) -> None:
    """Two bays swap their names by way of a third name, which another takes then and gives up for its own again."""
    for step in opening(3, 0):
        await alone(client.kernel, step)
    hours = [YESTERDAY + timedelta(hours=hour) for hour in range(5)]
    await run(
        client.kernel,
        Step(toy.RenameBay(bay_id=BAY, name="spare"), hours[0]),
        Step(toy.RenameBay(bay_id=OTHER, name="bay 0"), hours[1]),
        Step(toy.RenameBay(bay_id=BAY, name="bay 1"), hours[2]),
        Step(toy.RenameBay(bay_id=THIRD, name="spare"), hours[3]),
        Step(toy.RenameBay(bay_id=THIRD, name="bay 2"), hours[4]),
    )
    columns = "value, owner, since, until, since_occurred, until_occurred"
    past = await fetch(server, schema, f"select {columns} from past_claim order by since")
    assert [tuple(row) for row in past] == [
        ("bay 0", BAY, 1, 4, NOON, hours[0]),
        ("bay 1", OTHER, 2, 5, NOON, hours[1]),
        ("bay 2", THIRD, 3, 7, NOON, hours[3]),
        ("spare", BAY, 4, 6, hours[0], hours[2]),
        ("spare", THIRD, 7, 8, hours[3], hours[4]),
    ]
    now = await fetch(server, schema, "select value, owner, since, since_occurred from claim order by value")
    assert [tuple(row) for row in now] == [
        ("bay 0", OTHER, 5, hours[1]),
        ("bay 1", BAY, 6, hours[2]),
        ("bay 2", THIRD, 8, hours[4]),
    ]
    await intact(server, schema)

    async def owners(read: Reader) -> list[UUID | None]:
        return [await read.owner(Claim("bay.name", name)) for name in ("bay 0", "bay 1", "bay 2", "spare")]

    expected = {
        3: (NOON, [BAY, OTHER, THIRD, None]),
        4: (hours[0], [None, OTHER, THIRD, BAY]),
        5: (hours[1], [OTHER, None, THIRD, BAY]),
        6: (hours[2], [OTHER, BAY, THIRD, None]),
        7: (hours[3], [OTHER, BAY, None, THIRD]),
        8: (hours[4], [OTHER, BAY, THIRD, None]),
    }
    for position, (hour, held) in expected.items():
        assert await client.kernel.see(owners, When(as_of=position)) == held, position
        assert await client.kernel.see(owners, When(true_at=hour)) == held, hour


async def test_a_record_begins_with_the_first_command_about_it(client: Client, server: str, schema: str) -> None:
    hours = [YESTERDAY + timedelta(hours=hour) for hour in range(2)]
    await run(
        client.kernel,
        Step(toy.OpenBay(id=BAY, name="bay"), hours[0]),
        Step(toy.MeasureBay(bay_id=BAY, value=1), hours[1]),
        toy.OpenBay(id=OTHER, name="other"),
    )
    rows = await fetch(server, schema, "select began_at, occurred_at, recorded_at from document order by position")
    assert [tuple(row)[:2] for row in rows] == [tuple(hours), (rows[1]["recorded_at"],) * 2]
    await intact(server, schema)


async def test_a_record_with_many_versions_in_it_is_known_at_each(client: Client, server: str, schema: str) -> None:
    """A state is kept only of what it is afterwards, at every 32nd version."""
    renamed = [toy.RenameBay(bay_id=BAY, name=str(version)) for version in range(2, 98)]
    await run(client.kernel, toy.OpenBay(id=BAY, name="1"), *renamed[:69])
    await run(client.kernel, *renamed[69:-1])
    await client.run(renamed[-1])
    assert [row[0] for row in await fetch(server, schema, "select version from checkpoint")] == [96]
    await intact(server, schema)

    async def name(read: Reader) -> str:
        return (await read.require(records.BAY, BAY)).name

    for position in (1, 31, 32, 33, 69, 70, 71, 95, 96, 97):
        assert await client.kernel.see(name, When(as_of=position)) == str(position)


async def test_it_is_one_block_and_one_moment(client: Client, server: str, schema: str) -> None:
    said = await answers(
        client.kernel, *opening(3, 4), toy.TallyBay(bay_id=BAY), request_id="req", on_behalf_of="grace"
    )
    assert len(await fetch(server, schema, "select from block")) == 1
    rows = await fetch(server, schema, "select request, on_behalf_of, recorded_at from event order by position")
    assert [row["request"] for row in rows] == [f"req/{number}" for number in range(8)]
    assert {row["on_behalf_of"] for row in rows} == {"grace"}
    assert {moment(each["body"]["recorded_at"]) for each in said} == {row["recorded_at"] for row in rows}
    assert {each["body"]["position"] for each in said} == {8}
    await intact(server, schema)


async def test_contacts_come_with_their_command(client: Client, server: str, schema: str) -> None:
    given = [{"command": "open_bay", "arguments": {"name": name, "contact": f"{name}@bay.example"}} for name in "ab"]
    said = await answers(client.kernel, *given)
    ids = [UUID(each["body"]["state"]["contact_id"]) for each in said]
    rows = await fetch(server, schema, "select id, address from contact order by address")
    assert [tuple(row) for row in rows] == [(ids[0], "a@bay.example"), (ids[1], "b@bay.example")]


class TestReplay:
    async def test_word_for_word_and_through_another_process(self, client: Client, server: str, schema: str) -> None:
        wanted = (*opening(2, 2), toy.TallyBay(bay_id=BAY))
        first = await run(client.kernel, *wanted, idempotency_key="k")
        async with opened(server, schema) as other:
            assert await run(other.kernel, *wanted, idempotency_key="k") == first
            with pytest.raises(IdempotencyKeyReusedError):
                await run(other.kernel, *wanted[:-1], idempotency_key="k")
        said = json.loads(first.body)
        assert said["position"] == 5 == said["answers"][0]["body"]["position"]
        (row,) = await fetch(server, schema, "select count(*) from event")
        assert row[0] == 5

    async def test_sent_many_times_at_once_it_is_recorded_once(self, client: Client, server: str, schema: str) -> None:
        async with opened(server, schema) as other:
            many = [run(each.kernel, *opening(2, 3), idempotency_key="k") for each in (client, other) for _ in range(6)]
            assert len({answer.body for answer in await asyncio.gather(*many)}) == 1
        (row,) = await fetch(server, schema, "select count(*) from event")
        assert row[0] == 5
        await intact(server, schema)


async def test_under_the_lock_too(client: Client, server: str, schema: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(execute, "TRIES_BEFORE_LOCK", 0)
    await run(client.kernel, *opening(2, 2), toy.MoveUnit(unit_id=UNIT, to_bay_id=OTHER), toy.RetireUnit(unit_id=UNIT))
    with pytest.raises(records.UnitIsRetiredError):
        await run(client.kernel, toy.RetireUnit(unit_id=SECOND), toy.MoveUnit(unit_id=UNIT, to_bay_id=BAY))
    await intact(server, schema)


@dataclass(frozen=True)
class Told:
    """What a client sent, as a batch or alone, and what it was told; the log stood at `low` before and `high` after."""

    request: str
    steps: Sequence[Step]
    outcome: Answer | Refusal
    low: int
    high: int


class Judge:
    """Replays the log and says what each batch had to come to, by rules that know nothing of the code."""

    def __init__(self, rows: Sequence[asyncpg.Record], blocks: set[int]) -> None:
        world = World()
        self.worlds = {0: deepcopy(world)}
        self.events: dict[str, list[asyncpg.Record]] = {}
        for row in rows:
            world.apply(row["stream"], row["kind"], json.loads(row["data"]), row["occurred_at"])
            self.events.setdefault(row["request"], []).append(row)
            if row["position"] in blocks:
                self.worlds[row["position"]] = deepcopy(world)

    def judge(self, told: Told) -> None:
        """Raises `AssertionError` unless what a client was told was so, and all or nothing of it was recorded."""
        recorded = [self.events.get(f"{told.request}/{number}", []) for number in range(len(told.steps))]
        together = [row for events in recorded for row in events]
        outcome = told.outcome
        if isinstance(outcome, Refusal):
            assert not together
            assert outcome.place is not None
            wanted = told.steps[: int(outcome.place.rpartition("/")[2]) + 1]
            states = [world for position, world in self.worlds.items() if told.low <= position <= told.high]
            assert any(_comes_to(world, wanted) == outcome.code() for world in states)
        elif together:
            before, last = together[0]["position"] - 1, together[-1]["position"]
            assert last - before == len(together)
            assert last == outcome.position
            assert _comes_to(self.worlds[before], told.steps) == [
                [(row["stream"], row["kind"], json.loads(row["data"])) for row in events] for events in recorded
            ]


def _comes_to(world: World, wanted: Sequence[Step]) -> list[list[tuple[str, str, Any]]] | str:
    """The events of commands done one upon the other, or the code of the last one's refusal."""
    world, found = deepcopy(world), list[list[tuple[str, str, Any]]]()
    for step in wanted:
        asked = step.command.model_dump(mode="json", exclude_none=True)
        name, id = type(step.command).__name__, asked.get("id", "")
        outcome = world.outcome(name, asked, id, if_match=step.if_match, occurred_at=step.occurred_at)
        if isinstance(outcome, Refused):
            return outcome.code
        for stream, kind, data in outcome.events:
            world.apply(stream, kind, data, step.occurred_at or datetime.now(UTC))
        found.append([(stream, kind, dict(data)) for stream, kind, data in outcome.events])
    return found


@pytest.mark.parametrize("tries", [3, 0])
async def test_a_crowd_of_batches_is_one_after_the_other(
    tries: int, client: Client, server: str, schema: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(execute, "TRIES_BEFORE_LOCK", tries)
    monkeypatch.setattr(toy.pace, "seconds", 0.002)
    for step in opening(3, 4):
        await alone(client.kernel, step)
    all_told: list[Told] = []

    async def head() -> int:
        return await client.log.pool.fetchval("select coalesce(max(last_position), 0) from block")

    async def keep_sending(kernel: execute.Kernel, name: str, chance: Random) -> None:
        for number in range(60):
            request, wanted, low = f"{name}.{number}", steps(chance, chance.choice((1, 2, 3))), await head()
            outcome: Answer | Refusal
            try:
                outcome = await run(kernel, *wanted, request_id=request)
            except Refusal as refusal:
                outcome = refusal
            all_told.append(Told(request, wanted, outcome, low, await head()))

    async with opened(server, schema) as second, opened(server, schema) as third:
        kernels = [each.kernel for each in (client, second, third)] * 2
        await asyncio.gather(*(keep_sending(each, str(n), Random(n + tries)) for n, each in enumerate(kernels)))
    columns = "position, stream::text, kind, data::text, request, occurred_at"
    rows = await fetch(server, schema, f"select {columns} from event order by position")
    blocks = {row["last_position"] for row in await fetch(server, schema, "select last_position from block")}
    judge = Judge(rows, blocks)
    for told in all_told:
        judge.judge(told)
    assert sum(isinstance(told.outcome, Answer) for told in all_told) > 10
    assert sum(isinstance(told.outcome, Refusal) for told in all_told) > 10
    await intact(server, schema)
