"""What was: at every position, and at any moment in the hutch, the log shows the records as they were."""

import random
from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from cora.kernel.aggregate import Aggregate, Claim, Fact
from cora.kernel.errors import InvalidRequestError, Refusal
from cora.kernel.reader import Reader
from cora.kernel.slice import Command
from cora.kernel.when import When

from . import toy
from .harness import Client, fetch, verified
from .records import AGGREGATES, BAY, UNIT, Bay, Unit

NAMES = ("north", "south", "east", "west")
BADGES = ("red", "blue")


async def _live(client: Client, seed: int, commands: int) -> None:
    """Bays and units do what they like; a third of it is recorded some time after it happened."""
    chance = random.Random(seed)
    bays: list[UUID] = [await client.open_bay(name) for name in NAMES[:3]]
    units: list[UUID] = [await client.register_unit(bays[number % 3]) for number in range(4)]
    for number in range(commands):
        bay, unit = chance.choice(bays), chance.choice(units)
        command: Command = chance.choice(
            [
                *[toy.MeasureBay(bay_id=bays[0], value=number)] * 4,
                toy.RenameBay(bay_id=bay, name=chance.choice(NAMES)),
                toy.CloseBay(bay_id=bay),
                toy.ReopenBay(bay_id=bay),
                toy.MoveUnit(unit_id=unit, to_bay_id=bay),
                toy.TakeBadge(unit_id=unit, badge=chance.choice(BADGES)),
                toy.DropBadge(unit_id=unit),
            ]
        )
        options: dict[str, Any] = {}
        if chance.random() < 0.3:
            now = (await fetch(client.log.dsn, client.log.schema, "select clock_timestamp()"))[0][0]
            options["occurred_at"] = now - timedelta(milliseconds=chance.randrange(1, 60))
        with suppress(Refusal):
            await client.run(command, **options)


class _Told:
    """The events, folded here, one by one: nothing of it comes from the tables beside them."""

    def __init__(self, rows: Iterable[Any]) -> None:
        self.rows = list(rows)

    def states(self, position: int, true_at: datetime | None) -> dict[UUID, Any]:
        states: dict[UUID, Any] = {}
        for row in self.rows:
            if row["position"] > position or (true_at is not None and row["occurred_at"] > true_at):
                continue
            aggregate = next(each for each in AGGREGATES if row["kind"] in each.event_adapters)
            event = aggregate.decode_event(row["kind"], row["data"])
            states[row["stream"]] = aggregate.evolve(
                states.get(row["stream"]), event, Fact(row["stream"], row["occurred_at"])
            )
        return states


async def _told(client: Client) -> _Told:
    sql = "select position, stream, kind, data::text as data, occurred_at, recorded_at from event order by position"
    return _Told(await fetch(client.log.dsn, client.log.schema, sql))


async def _check(client: Client, told: _Told, when: When, position: int) -> None:
    states = told.states(position, when.true_at)
    bays = {id: state for id, state in states.items() if isinstance(state, Bay)}
    units = {id: state for id, state in states.items() if isinstance(state, Unit)}
    every = list(dict.fromkeys(row["stream"] for row in told.rows))

    async def look(read: Reader) -> None:
        await read.ahead(*every)
        for id in every:
            on: Aggregate[Any] = UNIT if isinstance(told.states(10**9, None)[id], Unit) else BAY
            assert await read.get(on, id) == states.get(id), (when, id)
        pointing = await read.sources_of("unit.bay_id", list(bays))
        inside = {bay: tuple(sorted(id for id, unit in units.items() if unit.bay_id == bay)) for bay in bays}
        assert dict(zip(bays, pointing, strict=True)) == inside, when
        assert await read.counts(*(("unit.bay_id", bay) for bay in bays)) == [len(ids) for ids in inside.values()]
        if when.true_at is None:
            # Between records true_at promises no more than the rules of the commands keep.
            for badge in BADGES:
                carriers = [id for id, unit in units.items() if unit.badge == badge]
                assert [await read.owner(Claim("unit.badge", badge))] == (carriers or [None]), when
        for name in NAMES:
            holders = [id for id, bay in bays.items() if bay.name == name and not bay.closed]
            if when.true_at is None or len(holders) < 2:
                assert [await read.owner(Claim("bay.name", name))] == (holders or [None]), when

    await client.kernel.see(look, when)


@pytest.mark.parametrize("seed", range(3))
async def test_every_position_shows_what_was_recorded_by_then(
    client: Client, server: str, schema: str, seed: int
) -> None:
    await _live(client, seed, 150)
    told = await _told(client)
    for position in range(len(told.rows) + 1):
        await _check(client, told, When(as_of=position), position)
    assert await fetch(server, schema, "select from checkpoint"), "long streams keep checkpoints"
    assert (await verified(server, schema)).difference is None


@pytest.mark.parametrize("seed", range(3))
async def test_every_time_shows_what_was_recorded_or_what_was_true_by_then(client: Client, seed: int) -> None:
    await _live(client, seed, 60)
    told = await _told(client)
    end = len(told.rows)
    instant = timedelta(microseconds=1)
    for row in told.rows[::3]:
        by_then = max(each["position"] for each in told.rows if each["recorded_at"] <= row["recorded_at"])
        await _check(client, told, When(as_of=row["recorded_at"]), by_then)
        for moment in (row["occurred_at"] - instant, row["occurred_at"]):
            await _check(client, told, When(true_at=moment), end)
            await _check(client, told, When(row["position"], moment), row["position"])


async def test_what_has_not_come_cannot_be_asked(client: Client) -> None:
    bay = await client.open_bay()

    async def look(read: Reader) -> Any:
        return await read.get(BAY, bay)

    now = (await fetch(client.log.dsn, client.log.schema, "select clock_timestamp()"))[0][0]
    later = now + timedelta(hours=1)
    for when in (When(as_of=2), When(as_of=later), When(true_at=later), When(as_of=later, true_at=later)):
        with pytest.raises(InvalidRequestError):
            await client.kernel.see(look, when)
    assert (await client.kernel.see(look, When(as_of=1))).id == bay
    assert await client.kernel.see(look, When(as_of=0)) is None
    assert await client.kernel.see(look, When(as_of=now - timedelta(days=1))) is None
