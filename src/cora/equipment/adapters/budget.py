"""How often an authority is called: so many times in a window by all processes, in each in the order of its callers."""

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from uuid import UUID

from cora.equipment.ports.calls import Calls
from cora.kernel.errors import OverloadedError
from cora.kernel.identity import new_id

WINDOW_SECONDS = 300.0
AT_ONCE = 8
"""Calls that are under way at the same time: as many as there are connections, so that none waits for one."""
CLOCKS_DIFFER = 0.001
"""The part of a window by which it may be shorter on the clock of the authority: each is slewed by 0.05 % at most."""
STRAYS = 0.1
"""The part of a window that a call without an answer may still be on its way after it was given up."""
LONGEST_CALL = 120.0
"""Seconds after which a call is given up. One of a process that died counts as under way for so long."""


class BudgetSpentError(Exception):
    """The next free call is further away than the caller would wait: `seconds`."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"no call is free for {seconds:.0f} s")
        self.seconds = seconds


class UnansweredError(Exception):
    """As many calls as are made at once have no answer yet, for as long as the caller would wait."""


class CallBudget:
    """At most `most` calls in any window of `window` seconds, as the authority sees them, by all processes that share
    `calls`; at most `at_once` under way in this one.

    When a call arrives is not known: some time between its beginning and its end, however late the process sends it
    and reads the answer. So a call is begun only while fewer than `most` others are under way or ended within the
    window before. The first of those who wait asks again before it goes: nothing is promised ahead.
    """

    def __init__(
        self,
        calls: Calls,
        authority: str,
        most: int,
        window: float = WINDOW_SECONDS,
        *,
        at_once: int = AT_ONCE,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._calls = calls
        self._authority = authority
        self._most = most
        self._window = window * (1 + CLOCKS_DIFFER)
        self._strays = window * STRAYS
        self._clock = clock
        self._sleep = sleep
        self._first = asyncio.Lock()
        self._connections = asyncio.Semaphore(at_once)
        self._waiting = 0
        self._free_again: Sequence[float] = ()
        self._not_before = 0.0

    @asynccontextmanager
    async def call(self, patience: float) -> AsyncGenerator[None]:
        """Wait for the next free call, which lasts until the answer is read; an exception means that there is none.

        Raises `BudgetSpentError` at once if it is more than `patience` seconds off, later if it turns out to be,
        `UnansweredError`, `OverloadedError` where calls cannot be counted, and `TimeoutError` for one that lasts too
        long. Who is cancelled while it waits has spent nothing.
        """
        deadline = self._clock() + patience
        self._require(self._free_at(self._waiting), deadline)
        self._waiting += 1
        id = new_id()
        try:
            async with self._first:
                ends = await self._begin(id, deadline)
        finally:
            self._waiting -= 1
        stray = self._strays
        try:
            async with asyncio.timeout(ends - self._clock()):
                yield
            stray = 0.0
        finally:
            try:
                await self._end(id, stray)
            finally:
                self._connections.release()

    def hold_off(self, seconds: float) -> None:
        """Begin no call for so long: the authority has asked for it. Other processes are told when a call ends."""
        self._not_before = max(self._not_before, self._clock() + seconds)

    async def _begin(self, id: UUID, deadline: float) -> float:
        """Begin the call; until when it may last."""
        try:
            async with asyncio.timeout(deadline - self._clock()):
                await self._connections.acquire()
        except TimeoutError:
            raise UnansweredError from None
        try:
            while (ends := await self._begun(id)) is None:
                moment = self._free_at(0)
                self._require(moment, deadline)
                await self._sleep(moment - self._clock())
        except BaseException:
            self._connections.release()
            raise
        finally:
            self._free_again = ()
        return ends

    async def _begun(self, id: UUID) -> float | None:
        """Until when the call may last, if it was begun; else what was told of the others is known."""
        now = self._clock()
        if now < self._not_before:
            return None
        told = await self._calls.begin(id, self._authority, self._most, self._window, LONGEST_CALL)
        if told is None:
            return now + LONGEST_CALL
        seconds, past_in = told
        self.hold_off(seconds)
        self._free_again = [self._clock() + each for each in past_in]
        return None

    async def _end(self, id: UUID, stray: float) -> None:
        hold_off = max(self._not_before - self._clock(), 0.0)
        # One whose end cannot be told counts for longer.
        with suppress(OverloadedError):
            await self._calls.end(id, self._authority, stray=stray, hold_off=hold_off)

    def _require(self, moment: float, deadline: float) -> None:
        if moment > deadline:
            raise BudgetSpentError(moment - self._clock())

    def _free_at(self, ahead: int) -> float:
        """The earliest moment for a caller with so many `ahead`, as far as it is known while one of them waits."""
        windows, place = divmod(ahead, self._most)
        place -= self._most - len(self._free_again)
        if place < 0:
            moment = self._clock()
        elif place < len(self._free_again):
            moment = self._free_again[place]
        else:
            moment = self._clock() + self._window
        return max(moment + windows * self._window, self._not_before)
