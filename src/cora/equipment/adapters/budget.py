"""How often an authority is called: so many times in a window, in the order in which callers came."""

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable

WINDOW_SECONDS = 300.0


class BudgetSpentError(Exception):
    """The next free call is further away than the caller would wait: `seconds`."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"no call is free for {seconds:.0f} s")
        self.seconds = seconds


class CallBudget:
    """At most `calls` in any window of `window` seconds.

    Whoever asks is given the next free moment at once and sleeps until then, so that nobody is overtaken.
    """

    def __init__(
        self,
        calls: int,
        window: float = WINDOW_SECONDS,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._window = window
        self._clock = clock
        self._sleep = sleep
        self._given = deque[float](maxlen=calls)
        self._not_before = 0.0

    async def spend(self, patience: float) -> None:
        """Wait for the next free call. Raises `BudgetSpentError` at once if that is more than `patience` seconds off.

        A caller that is cancelled while it waits has spent its call: better one too few than one too many.
        """
        now = self._clock()
        moment = max(now, self._not_before)
        if len(self._given) == self._given.maxlen:
            moment = max(moment, self._given[0] + self._window)
        if moment - now > patience:
            raise BudgetSpentError(moment - now)
        self._given.append(moment)
        if moment > now:
            await self._sleep(moment - now)

    def hold_off(self, seconds: float) -> None:
        """Give no call for so long: the authority has asked for it."""
        self._not_before = max(self._not_before, self._clock() + seconds)
