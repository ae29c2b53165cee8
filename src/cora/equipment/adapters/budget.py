"""How often an authority is called: so many times in a window, in the order in which callers came."""

import asyncio
import time
from bisect import insort
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager

WINDOW_SECONDS = 300.0
AT_ONCE = 8
"""Calls that are under way at the same time: as many as there are connections, so that none waits for one."""
CLOCKS_DIFFER = 0.001
"""The part of a window by which it may be shorter on the clock of the authority: each is slewed by 0.05 % at most."""
STRAYS = 0.1
"""The part of a window that a call without an answer may still be on its way after it was given up."""


class BudgetSpentError(Exception):
    """The next free call is further away than the caller would wait: `seconds`."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"no call is free for {seconds:.0f} s")
        self.seconds = seconds


class UnansweredError(Exception):
    """As many calls as are made at once have no answer yet, for as long as the caller would wait."""


class CallBudget:
    """At most `calls` in any window of `window` seconds, as the authority sees them; at most `at_once` under way.

    When a call arrives is not known: some time between its beginning and its end, however late the process sends it
    and reads the answer. So a call is begun only while fewer than `calls` others are under way or ended within the
    window before. The first of those who wait looks at the clock again before it goes: nothing is promised ahead.
    """

    def __init__(
        self,
        calls: int,
        window: float = WINDOW_SECONDS,
        *,
        at_once: int = AT_ONCE,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._calls = calls
        self._window = window * (1 + CLOCKS_DIFFER)
        self._strays = window * STRAYS
        self._clock = clock
        self._sleep = sleep
        self._first = asyncio.Lock()
        self._connections = asyncio.Semaphore(at_once)
        self._waiting = 0
        self._under_way = 0
        self._free_again = deque[float]()
        self._not_before = 0.0

    @asynccontextmanager
    async def call(self, patience: float) -> AsyncGenerator[None]:
        """Wait for the next free call, which lasts until the answer is read; an exception means that there is none.

        Raises `BudgetSpentError` at once if it is more than `patience` seconds off, later if it turns out to be, and
        `UnansweredError`. Who is cancelled while it waits has spent nothing.
        """
        deadline = self._clock() + patience
        self._require(self._free_at(self._waiting), deadline)
        self._waiting += 1
        try:
            async with self._first:
                await self._begin(deadline)
        finally:
            self._waiting -= 1
        strays = self._strays
        try:
            yield
            strays = 0.0
        finally:
            self._under_way -= 1
            insort(self._free_again, self._clock() + self._window + strays)
            self._connections.release()

    def hold_off(self, seconds: float) -> None:
        """Begin no call for so long: the authority has asked for it."""
        self._not_before = max(self._not_before, self._clock() + seconds)

    async def _begin(self, deadline: float) -> None:
        try:
            async with asyncio.timeout(deadline - self._clock()):
                await self._connections.acquire()
        except TimeoutError:
            raise UnansweredError from None
        try:
            while (moment := self._free_at(0)) > (now := self._clock()):
                self._require(moment, deadline)
                await self._sleep(moment - now)
        except BaseException:
            self._connections.release()
            raise
        self._under_way += 1

    def _require(self, moment: float, deadline: float) -> None:
        if moment > deadline:
            raise BudgetSpentError(moment - self._clock())

    def _free_at(self, ahead: int) -> float:
        """The earliest moment for a caller with so many `ahead`; those under way are taken to end now."""
        now = self._clock()
        while self._free_again and self._free_again[0] <= now:
            self._free_again.popleft()
        windows, place = divmod(ahead, self._calls)
        place -= self._calls - self._under_way - len(self._free_again)
        if place < 0:
            moment = now
        elif place < len(self._free_again):
            moment = self._free_again[place]
        else:
            moment = now + self._window
        return max(moment + windows * self._window, self._not_before)
