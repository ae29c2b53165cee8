"""How often an authority is called."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cora.equipment.adapters.budget import BudgetSpentError, CallBudget


class Clock:
    """A clock on which only sleeping takes time."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.now += seconds


async def test_calls_within_the_budget_do_not_wait_and_the_next_one_waits_for_the_first_to_be_past() -> None:
    clock = Clock()
    budget = CallBudget(2, 10, clock=clock, sleep=clock.sleep)
    await budget.spend(0)
    clock.now += 4
    await budget.spend(0)
    assert clock.now == 104
    await budget.spend(60)
    assert clock.now == 110
    await budget.spend(60)
    assert clock.now == 114


async def test_who_would_not_wait_so_long_is_told_how_long_and_has_spent_nothing() -> None:
    clock = Clock()
    budget = CallBudget(1, 10, clock=clock, sleep=clock.sleep)
    await budget.spend(0)
    for _ in range(3):
        with pytest.raises(BudgetSpentError) as spent:
            await budget.spend(9)
        assert spent.value.seconds == 10
    await budget.spend(10)
    assert clock.now == 110


async def test_nobody_is_called_while_the_authority_asks_for_patience() -> None:
    clock = Clock()
    budget = CallBudget(9, 10, clock=clock, sleep=clock.sleep)
    budget.hold_off(30)
    budget.hold_off(5)
    with pytest.raises(BudgetSpentError):
        await budget.spend(20)
    await budget.spend(30)
    assert clock.now == 130


@given(st.lists(st.floats(0, 20), min_size=1, max_size=40), st.integers(1, 5))
def test_no_window_ever_holds_more_calls_than_allowed(pauses: list[float], calls: int) -> None:
    clock = Clock()
    budget = CallBudget(calls, 10, clock=clock, sleep=clock.sleep)
    moments: list[float] = []

    async def run() -> None:
        for pause in pauses:
            clock.now += pause
            await budget.spend(1000)
            moments.append(clock.now)

    asyncio.run(run())
    for first, after in zip(moments, moments[calls:], strict=False):
        assert after - first >= 10 - 1e-9


async def test_callers_go_in_the_order_in_which_they_came() -> None:
    budget = CallBudget(1, 0.01)
    went: list[int] = []

    async def call(number: int) -> None:
        await budget.spend(10)
        went.append(number)

    async with asyncio.TaskGroup() as group:
        for number in range(10):
            group.create_task(call(number))
    assert went == list(range(10))
