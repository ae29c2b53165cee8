"""Calls to an authority are counted over all processes, exactly, and by one clock."""

import asyncio
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from uuid import uuid4

import pytest

from cora.equipment.adapters.budget import BudgetSpentError, CallBudget
from cora.kernel.errors import OverloadedError
from cora.log.calls import CallTable
from cora.log.link import Link

from .harness import CUT, Client, connect, fetch, opened

IT = "https://authority.example"
WINDOW, LONGEST = 300.0, 120.0


async def began(calls: CallTable, most: int = 1, *, authority: str = IT, longest: float = LONGEST) -> bool:
    return await calls.begin(uuid4(), authority, most, WINDOW, longest) is None


async def later(server: str, schema: str, seconds: float) -> None:
    """So much time passes for all that is counted."""
    past = f"interval '{seconds} s'"
    await fetch(server, schema, f"update authority_call set begun = begun - {past}, ended = ended - {past}")
    await fetch(server, schema, f"update authority_wish set not_before = not_before - {past}")


def most_in_a_window(arrived: Sequence[float], window: float) -> int:
    return max(sum(first <= each < first + window for each in arrived) for first in arrived)


async def test_of_many_who_begin_at_once_in_several_processes_as_many_do_as_may(server: str, schema: str) -> None:
    async with AsyncExitStack() as stack:
        processes = [await stack.enter_async_context(opened(server, schema)) for _ in range(6)]
        for number in range(40):
            it = f"https://authority-{number}.example"
            asking = (began(each.log.calls, 7, authority=it) for each in processes for _ in range(2))
            assert (await asyncio.gather(*asking)).count(True) == 7
    assert len(await fetch(server, schema, "select from authority_call")) == 7 * 40


async def test_no_window_holds_more_calls_than_allowed_whoever_makes_them(server: str, schema: str) -> None:
    window, most = 0.4, 5
    arrived: list[float] = []

    async def call(budget: CallBudget) -> None:
        async with budget.call(60):
            await asyncio.sleep(0.002)
            arrived.append(time.monotonic())
            await asyncio.sleep(0.002)

    async with AsyncExitStack() as stack:
        processes = [await stack.enter_async_context(opened(server, schema)) for _ in range(3)]
        budgets = [CallBudget(each.log.calls, IT, most, window) for each in processes]
        began_at = time.monotonic()
        await asyncio.gather(*(call(each) for each in budgets for _ in range(8)))
        took = time.monotonic() - began_at
    assert len(arrived) == 24
    assert most_in_a_window(arrived, window) == most
    assert took < 24 / most * window * 2, "free calls are used"


async def test_each_authority_has_its_own(client: Client) -> None:
    assert await began(client.log.calls)
    assert not await began(client.log.calls)
    assert await began(client.log.calls, authority="https://other.example")


async def test_who_is_started_anew_has_no_calls_that_were_made_before(server: str, schema: str) -> None:
    async with opened(server, schema) as before:
        id = uuid4()
        assert await before.log.calls.begin(id, IT, 1, WINDOW, LONGEST) is None
        await before.log.calls.end(id, IT, stray=0, hold_off=0)
    async with opened(server, schema) as after:
        told = await after.log.calls.begin(uuid4(), IT, 1, WINDOW, LONGEST)
        assert told is not None
        held_off, (past_in,) = told
        assert held_off == 0
        assert WINDOW - 10 < past_in < WINDOW
        await later(server, schema, WINDOW)
        assert await began(after.log.calls)
    assert len(await fetch(server, schema, "select from authority_call")) == 1, "what is past is deleted"


async def test_what_an_authority_asks_of_one_holds_for_the_others(server: str, schema: str) -> None:
    async with opened(server, schema) as one, opened(server, schema) as other:
        here, there = (CallBudget(each.log.calls, IT, 9) for each in (one, other))
        async with here.call(20):
            here.hold_off(60)
        with pytest.raises(BudgetSpentError) as spent:
            async with there.call(20):
                pass
        assert 50 < spent.value.seconds <= 60
        async with CallBudget(other.log.calls, "https://other.example", 9).call(20):
            pass
        await later(server, schema, 60)
        async with CallBudget(other.log.calls, IT, 9).call(20):
            pass


async def test_a_shorter_wish_does_not_end_a_longer_one(client: Client) -> None:
    for seconds in (60.0, 5.0, 0.0):
        await client.log.calls.end(uuid4(), IT, stray=0, hold_off=seconds)
    told = await client.log.calls.begin(uuid4(), IT, 9, WINDOW, LONGEST)
    assert told is not None
    assert 50 < told[0] <= 60


async def test_a_call_of_a_process_that_died_counts_as_under_way_and_then_as_ended(
    client: Client, server: str, schema: str
) -> None:
    assert await began(client.log.calls)
    await later(server, schema, WINDOW + 1)
    told = await client.log.calls.begin(uuid4(), IT, 1, WINDOW, LONGEST)
    assert told is not None
    assert told[1] == pytest.approx([LONGEST - 1], abs=10), "it is under way no more"
    await later(server, schema, LONGEST)
    assert await began(client.log.calls)


async def test_a_call_without_an_answer_counts_from_when_it_can_arrive_no_more(
    client: Client, server: str, schema: str
) -> None:
    id = uuid4()
    assert await client.log.calls.begin(id, IT, 1, WINDOW, LONGEST) is None
    await client.log.calls.end(id, IT, stray=30, hold_off=0)
    await later(server, schema, WINDOW + 1)
    assert not await began(client.log.calls)
    await later(server, schema, 30)
    assert await began(client.log.calls)


async def test_who_is_cancelled_while_it_asks_has_begun_nothing(client: Client, server: str, schema: str) -> None:
    holder = await connect(server, schema)
    transaction = holder.transaction()
    await transaction.start()
    lock = "select pg_advisory_xact_lock(hashtextextended('cora.call.' || current_schema() || '.' || $1, 0))"
    await holder.execute(lock, IT)
    asking = asyncio.create_task(began(client.log.calls))
    await asyncio.sleep(0.1)
    asking.cancel()
    await asyncio.sleep(0.1)
    await transaction.rollback()
    await holder.close()
    with pytest.raises(asyncio.CancelledError):
        await asking
    assert not await fetch(server, schema, "select from authority_call")


async def test_a_connection_that_was_lost_is_replaced(client: Client, server: str) -> None:
    assert await began(client.log.calls, 2)
    assert await fetch(server, "public", CUT)
    assert await began(client.log.calls, 2)


async def test_one_that_is_asked_for_again_because_the_answer_was_lost_is_begun_once(
    client: Client, server: str, schema: str
) -> None:
    id = uuid4()
    for _ in range(2):
        assert await client.log.calls.begin(id, IT, 1, WINDOW, LONGEST) is None
    assert len(await fetch(server, schema, "select from authority_call")) == 1


async def test_where_the_database_is_away_no_call_is_begun() -> None:
    calls = CallTable(Link("postgresql://nobody@127.0.0.1:1/none", "cora"))
    with pytest.raises(OverloadedError):
        await began(calls)
    with pytest.raises(OverloadedError):
        async with CallBudget(calls, IT, 1).call(20):
            raise AssertionError("a call that was not counted")
