"""How often an authority is called, as the authority sees it: on a loop whose time passes only as the tests say."""

import asyncio
import selectors
from collections import deque
from collections.abc import AsyncGenerator, Callable, Coroutine, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.memory_log import MemoryCalls

from cora.equipment.adapters.authority_web import PATIENCE_SECONDS, AuthorityWeb, NoAnswerError
from cora.equipment.adapters.budget import (
    CLOCKS_DIFFER,
    LONGEST_CALL,
    STRAYS,
    WINDOW_SECONDS,
    BudgetSpentError,
    CallBudget,
    UnansweredError,
)
from cora.equipment.ports.calls import NoneFree
from cora.equipment.ports.doi_minter import NotAskedError
from cora.kernel.errors import OverloadedError

WINDOW = 10.0
SPAN = WINDOW * (1 + CLOCKS_DIFFER)
EXACTLY = 1e-6


class Loop(asyncio.SelectorEventLoop):
    """A loop that does not wait: when nothing is to be done, it is as late as the next thing to do."""

    def __init__(self) -> None:
        self.now = 100.0
        super().__init__(Selector(self))

    def time(self) -> float:
        return self.now


class Selector(selectors.SelectSelector):
    """What the loop waits with."""

    def __init__(self, loop: Loop) -> None:
        super().__init__()
        self._loop = loop

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        found = super().select(0)
        if not found:
            assert timeout is not None, "everybody waits for somebody"
            self._loop.now += max(timeout, 0)
        return found


Budget = Callable[[float], AbstractAsyncContextManager[None]]


def run(test: Callable[[Loop], Coroutine[Any, Any, None]]) -> None:
    with asyncio.Runner(loop_factory=Loop) as runner:
        loop = runner.get_loop()
        assert isinstance(loop, Loop)
        runner.run(test(loop))


def budget_of(loop: Loop, calls: int, window: float = WINDOW, at_once: int = 8) -> CallBudget:
    return CallBudget(MemoryCalls(loop.time), "it", calls, window, at_once=at_once, clock=loop.time)


def most_in_a_window(arrived: Sequence[float], window: float = WINDOW) -> int:
    moments = sorted(arrived)
    return max((sum(first <= each < first + window for each in moments) for first in moments), default=0)


async def instant(budget: CallBudget, patience: float = 1000) -> None:
    async with budget.call(patience):
        pass


def test_calls_within_the_budget_do_not_wait_and_the_next_one_waits_for_the_first_to_be_past() -> None:
    async def test(loop: Loop) -> None:
        budget = budget_of(loop, 2)
        await instant(budget, 0)
        loop.now += 4
        await instant(budget, 0)
        assert loop.now == 104
        await instant(budget, 60)
        assert loop.now == pytest.approx(100 + SPAN, abs=EXACTLY)
        await instant(budget, 60)
        assert loop.now == pytest.approx(104 + SPAN, abs=EXACTLY)

    run(test)


def test_a_call_counts_until_its_answer_is_read() -> None:
    async def test(loop: Loop) -> None:
        budget = budget_of(loop, 1)
        async with budget.call(0):
            loop.now += 7
        await instant(budget)
        assert loop.now == pytest.approx(107 + SPAN, abs=EXACTLY)

    run(test)


@pytest.mark.parametrize("ends", [ConnectionError, asyncio.CancelledError])
def test_a_call_without_an_answer_may_arrive_after_it_was_given_up(ends: type[BaseException]) -> None:
    async def test(loop: Loop) -> None:
        budget = budget_of(loop, 1)
        with suppress(ends):
            async with budget.call(0):
                raise ends
        await instant(budget)
        assert loop.now == pytest.approx(100 + SPAN + WINDOW * STRAYS, abs=EXACTLY)

    run(test)


def test_who_would_not_wait_so_long_is_told_how_long_and_has_spent_nothing() -> None:
    async def test(loop: Loop) -> None:
        budget = budget_of(loop, 1)
        await instant(budget, 0)
        for _ in range(3):
            with pytest.raises(BudgetSpentError) as spent:
                await instant(budget, 9)
            assert spent.value.seconds == pytest.approx(SPAN)
        assert loop.now == 100
        await instant(budget, 11)
        assert loop.now == pytest.approx(100 + SPAN, abs=EXACTLY)

    run(test)


def test_those_who_wait_already_count_for_what_the_next_one_is_told() -> None:
    async def test(loop: Loop) -> None:
        budget = budget_of(loop, 2)
        await instant(budget)
        loop.now += 1
        await instant(budget)
        loop.now += 1
        waiting = [asyncio.create_task(instant(budget)) for _ in range(3)]
        await asyncio.sleep(0)
        with pytest.raises(BudgetSpentError) as spent:
            await instant(budget, 15)
        assert spent.value.seconds == pytest.approx(101 + 2 * SPAN - 102)
        await asyncio.gather(*waiting)

    run(test)


def test_who_is_cancelled_while_it_waits_has_spent_nothing_and_holds_up_nobody() -> None:
    async def test(loop: Loop) -> None:
        budget = budget_of(loop, 1)
        await instant(budget)
        waiting = [asyncio.create_task(instant(budget)) for _ in range(3)]
        await asyncio.sleep(1)
        waiting[0].cancel()
        waiting[1].cancel()
        await waiting[2]
        assert loop.now == pytest.approx(100 + SPAN, abs=EXACTLY)

    run(test)


def test_nobody_is_called_while_the_authority_asks_for_patience() -> None:
    async def test(loop: Loop) -> None:
        budget = budget_of(loop, 9)
        budget.hold_off(30)
        budget.hold_off(5)
        with pytest.raises(BudgetSpentError):
            await instant(budget, 20)
        await instant(budget, 30)
        assert loop.now == pytest.approx(130, abs=EXACTLY)

    run(test)


def test_who_waits_already_when_the_authority_asks_for_patience_waits_longer_or_is_told() -> None:
    async def test(loop: Loop) -> None:
        budget = budget_of(loop, 1)
        await instant(budget)
        waits = asyncio.create_task(instant(budget, 1000))
        would_not = asyncio.create_task(instant(budget, 21))
        await asyncio.sleep(5)
        budget.hold_off(30)
        await waits
        assert loop.now == pytest.approx(135, abs=EXACTLY)
        with pytest.raises(BudgetSpentError):
            await would_not

    run(test)


def test_no_more_calls_are_under_way_than_there_are_connections_and_nobody_waits_for_one_for_ever() -> None:
    async def test(loop: Loop) -> None:
        budget = budget_of(loop, 9, at_once=2)
        told: list[str] = []

        async def call(number: int) -> None:
            try:
                async with budget.call(20):
                    told.append(f"{number} goes")
                    await asyncio.sleep(50)
            except UnansweredError:
                told.append(f"{number} not, {loop.now:.0f}")

        await asyncio.gather(*(call(number) for number in range(4)))
        assert told == ["0 goes", "1 goes", "2 not, 120", "3 not, 120"]
        await instant(budget, 0)

    run(test)


def test_callers_go_in_the_order_in_which_they_came() -> None:
    async def test(loop: Loop) -> None:
        budget = budget_of(loop, 3)
        went: list[int] = []

        async def call(number: int) -> None:
            async with budget.call(1000):
                went.append(number)
                await asyncio.sleep(number % 4)

        await asyncio.gather(*(call(number) for number in range(20)))
        assert went == list(range(20))

    run(test)


class AsGranted:
    """As it was before: moments are given away ahead, and who has one sends when it gets to it."""

    def __init__(self, loop: Loop, calls: int) -> None:
        self._loop = loop
        self._given = deque[float](maxlen=calls)

    @asynccontextmanager
    async def call(self, patience: float) -> AsyncGenerator[None]:
        moment = now = self._loop.now
        if len(self._given) == self._given.maxlen:
            moment = max(now, self._given[0] + SPAN)
        assert moment - now <= patience
        self._given.append(moment)
        await asyncio.sleep(moment - now)
        yield


async def all_arrive(loop: Loop, budget: Budget, busy: Mapping[int, float], slow: Mapping[int, float]) -> int:
    """40 calls, one each second where that may be, on one connection; the loop is busy before some, some are slow.

    Gives the most that arrived in a window.
    """
    arrived: list[float] = []
    connection = asyncio.Lock()

    async def call(number: int) -> None:
        await asyncio.sleep(number)
        loop.now += busy.get(number, 0)
        async with budget(1000), connection:
            arrived.append(loop.now)
            await asyncio.sleep(slow.get(number, 0.1))

    await asyncio.gather(*(call(number) for number in range(40)))
    assert len(arrived) == 40
    return most_in_a_window(arrived)


@pytest.mark.parametrize(
    ("busy", "slow"),
    [({25: 8.0}, {}), ({}, {20: 30.0})],
    ids=["the loop is late", "no connection is free"],
)
def test_calls_that_are_sent_late_do_not_come_too_close_together(
    busy: Mapping[int, float], slow: Mapping[int, float]
) -> None:
    async def now(loop: Loop) -> None:
        assert await all_arrive(loop, budget_of(loop, 5, at_once=40).call, busy, slow) <= 5

    async def before(loop: Loop) -> None:
        assert await all_arrive(loop, AsGranted(loop, 5).call, busy, slow) > 5

    run(now)
    run(before)


@dataclass(frozen=True)
class One:
    """A call as it went: when somebody came, and how late it was sent, arrived and was answered."""

    comes: float
    sent: float
    arrives: float
    read: float
    loop_is_busy: float = 0.0
    is_lost: bool = False
    retry_after: float | None = None
    gives_up: float | None = None


@dataclass
class Seen:
    """What the authority saw."""

    arrived: list[float] = field(default_factory=list[float])
    begun_while_held_off: list[float] = field(default_factory=list[float])
    patience_until: float = 0.0


# Whole multiples, so that calls meet.
_TIMES = st.integers(0, 12).map(lambda quarters: quarters / 4)
_CALLS = st.builds(
    One,
    comes=st.integers(0, 60).map(float),
    sent=_TIMES,
    arrives=_TIMES,
    read=_TIMES,
    loop_is_busy=st.sampled_from([0.0, 0.0, 0.0, 0.7, 6.0]),
    is_lost=st.sampled_from([False, False, False, True]),
    retry_after=st.sampled_from([None, None, None, 3.0, 25.0]),
    gives_up=st.sampled_from([None, None, None, 4.0]),
)


@given(st.lists(_CALLS, min_size=1, max_size=40), st.integers(1, 6), st.integers(1, 4))
def test_no_window_ever_holds_more_calls_than_allowed_and_everybody_who_waits_gets_one(
    calls: list[One], allowed: int, at_once: int
) -> None:
    async def test(loop: Loop) -> None:
        budget = budget_of(loop, allowed, at_once=at_once)
        seen = Seen()

        async def call(one: One) -> None:
            await asyncio.sleep(one.comes)
            async with budget.call(100_000):
                if loop.now < seen.patience_until:
                    seen.begun_while_held_off.append(loop.now)
                await asyncio.sleep(one.sent)
                loop.now += one.loop_is_busy
                if one.is_lost:
                    # A network may deliver it after the sender gave up, within what is allowed for.
                    seen.arrived.append(loop.now + min(one.arrives, WINDOW * STRAYS))
                    raise ConnectionError
                await asyncio.sleep(one.arrives)
                seen.arrived.append(loop.now)
                await asyncio.sleep(one.read)
                if one.retry_after is not None:
                    budget.hold_off(one.retry_after)
                    seen.patience_until = max(seen.patience_until, loop.now + one.retry_after)

        async def caller(one: One) -> None:
            task = asyncio.create_task(call(one))
            with suppress(ConnectionError, TimeoutError):
                if one.gives_up is None:
                    await task
                else:
                    await asyncio.wait_for(task, one.comes + one.gives_up)

        await asyncio.gather(*(caller(one) for one in calls))
        assert most_in_a_window(seen.arrived) <= allowed
        assert seen.begun_while_held_off == []
        assert len(seen.arrived) >= sum(one.gives_up is None for one in calls)

    run(test)


@pytest.mark.parametrize("faster", [1 - CLOCKS_DIFFER / 2, 1 + CLOCKS_DIFFER / 2])
def test_it_holds_by_the_clock_of_the_authority_too(faster: float) -> None:
    async def test(loop: Loop) -> None:
        budget = budget_of(loop, 300, WINDOW_SECONDS)
        arrived: list[float] = []
        for _ in range(1000):
            async with budget.call(1000):
                arrived.append(loop.now * faster)
        # Windows that begin every five minutes of that clock, and any other ones.
        by_window = [sum(moment // WINDOW_SECONDS == window for moment in arrived) for window in range(10)]
        assert max(by_window) <= 300
        assert all(after - first >= WINDOW_SECONDS for first, after in zip(arrived, arrived[300:], strict=False))

    run(test)


def test_retries_are_calls_like_any_others_and_nobody_starves_behind_them() -> None:
    async def test(loop: Loop) -> None:
        arrived: list[float] = []
        tries: dict[str, int] = {}

        async def answer(request: httpx.Request) -> httpx.Response:
            await asyncio.sleep(0.3)
            arrived.append(loop.now)
            await asyncio.sleep(0.3)
            path = request.url.path
            tries[path] = tries.get(path, 0) + 1
            match len(arrived) % 7, tries[path]:
                case 0, _:
                    raise httpx.ReadError("lost")
                case 3, 1 | 2:
                    return httpx.Response(503, headers={"Retry-After": "4"})
                case 5, 1 | 2:
                    return httpx.Response(500)
                case _:
                    return httpx.Response(200, json={})

        async with httpx.AsyncClient(transport=httpx.MockTransport(answer), base_url="http://it") as client:
            web = AuthorityWeb("It", client, budget_of(loop, 6), lambda _: None, settings="X")

            async def ask(number: int) -> None:
                await asyncio.sleep(number)
                await web.ask("GET", f"/{number}", is_understood=lambda it: it.is_success)

            await asyncio.gather(*(ask(number * 3) for number in range(20)))
        assert len(arrived) > 20
        assert most_in_a_window(arrived) <= 6

    run(test)


def test_after_an_answer_that_asks_for_patience_none_of_those_who_wait_is_sent() -> None:
    async def test(loop: Loop) -> None:
        arrived: list[float] = []

        async def answer(request: httpx.Request) -> httpx.Response:
            arrived.append(loop.now)
            await asyncio.sleep(1)
            return httpx.Response(429, headers={"Retry-After": "60"})

        async with httpx.AsyncClient(transport=httpx.MockTransport(answer), base_url="http://it") as client:
            web = AuthorityWeb("It", client, budget_of(loop, 300, at_once=3), lambda _: None, settings="X")
            asked = await asyncio.gather(*(web.send("GET", "/") for _ in range(20)), return_exceptions=True)
        told = [each for each in asked if isinstance(each, NotAskedError)]
        assert (len(arrived), len(told)) == (3, 17)
        assert {each.retry_after for each in told} == {60.0}

    run(test)


def test_a_call_that_is_not_made_because_earlier_ones_are_unanswered_is_told_as_not_made() -> None:
    async def test(loop: Loop) -> None:
        async def answer(request: httpx.Request) -> httpx.Response:
            await asyncio.sleep(PATIENCE_SECONDS * 2)
            return httpx.Response(200, json={})

        async with httpx.AsyncClient(transport=httpx.MockTransport(answer), base_url="http://it") as client:
            web = AuthorityWeb("It", client, budget_of(loop, 300, at_once=1), lambda _: None, settings="X")
            first = asyncio.create_task(web.send("GET", "/"))
            await asyncio.sleep(1)
            with pytest.raises(NotAskedError, match="this one was not made") as failure:
                await web.send("GET", "/")
            assert failure.value.retry_after == PATIENCE_SECONDS
            assert (await first).status == 200

    run(test)


class Away(MemoryCalls):
    """Calls that cannot be counted, or whose end cannot be told."""

    def __init__(self, loop: Loop, *, at_end: bool) -> None:
        super().__init__(loop.time)
        self._at_end = at_end

    async def begin(self, id: UUID, authority: str, most: int, window: float, longest: float) -> NoneFree | None:
        if not self._at_end:
            raise OverloadedError
        return await super().begin(id, authority, most, window, longest)

    async def end(self, id: UUID, authority: str, *, stray: float, hold_off: float) -> None:
        raise OverloadedError


@pytest.mark.parametrize("at_end", [False, True], ids=["it cannot be begun", "its end cannot be told"])
def test_a_call_that_cannot_be_counted_is_not_made_and_one_whose_end_is_untold_counts_for_longer(at_end: bool) -> None:
    async def test(loop: Loop) -> None:
        arrived: list[float] = []

        async def answer(request: httpx.Request) -> httpx.Response:
            arrived.append(loop.now)
            return httpx.Response(200, json={})

        async with httpx.AsyncClient(transport=httpx.MockTransport(answer), base_url="http://it") as client:
            budget = CallBudget(Away(loop, at_end=at_end), "it", 1, WINDOW, at_once=1, clock=loop.time)
            web = AuthorityWeb("It", client, budget, lambda _: None, settings="X")
            if at_end:
                assert (await web.send("GET", "/")).status == 200
                await instant(budget, LONGEST_CALL + WINDOW + 1)
                assert loop.now == pytest.approx(100 + LONGEST_CALL + SPAN, abs=EXACTLY)
                return
            for _ in range(2):
                with pytest.raises(NotAskedError, match="cannot be counted") as failure:
                    await web.send("GET", "/")
                assert failure.value.retry_after == 1
            assert arrived == []

    run(test)


def test_a_call_that_lasts_too_long_is_given_up_as_lost() -> None:
    async def test(loop: Loop) -> None:
        async def answer(request: httpx.Request) -> httpx.Response:
            await asyncio.sleep(LONGEST_CALL + 1)
            return httpx.Response(200, json={})

        async with httpx.AsyncClient(transport=httpx.MockTransport(answer), base_url="http://it") as client:
            web = AuthorityWeb("It", client, budget_of(loop, 9), lambda _: None, settings="X")
            with pytest.raises(NoAnswerError):
                await web.send("GET", "/")
            assert loop.now == pytest.approx(100 + LONGEST_CALL, abs=EXACTLY)

    run(test)


def test_processes_that_share_the_calls_share_the_budget_and_what_the_authority_asks_for() -> None:
    async def test(loop: Loop) -> None:
        calls = MemoryCalls(loop.time)
        one, other = (CallBudget(calls, "it", 2, WINDOW, clock=loop.time) for _ in range(2))
        arrived: list[float] = []

        async def call(budget: CallBudget) -> None:
            async with budget.call(1000):
                arrived.append(loop.now)

        await asyncio.gather(*(call(each) for each in (one, other) for _ in range(4)))
        assert most_in_a_window(arrived) == 2
        async with one.call(1000):
            one.hold_off(50)
        with pytest.raises(BudgetSpentError):
            await instant(other, 40)

    run(test)
