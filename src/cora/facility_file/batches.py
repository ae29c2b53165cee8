"""Commands that many workers send at once, gathered into a few requests."""

import asyncio
import json
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple, TypeAlias

AT_ONCE = 24
"""Batches that are on their way; each is done in order, and they beside one another."""
MOST_COMMANDS = 25
MOST_BYTES = 500_000
"""Of the commands of one request; a server takes 1 MiB."""

Answer: TypeAlias = tuple[int, dict[str, Any]] | None
"""What a command is answered: the status, and the body; None when it was not tried."""


class _Waiting(NamedTuple):
    text: str
    size: int
    answer: asyncio.Future[Answer]


class Batches:
    """Sends commands in batches. `send(texts)` sends the commands (JSON objects) of one, and gives their answers."""

    def __init__(self, send: Callable[[list[str]], Awaitable[list[Answer]]]) -> None:
        self._send = send
        self._waiting: deque[_Waiting] = deque()
        self._senders: set[asyncio.Task[None]] = set()

    async def do(self, command: dict[str, Any]) -> Answer:
        """The answer to a command. Raises what `send` raises."""
        text = json.dumps(command, ensure_ascii=False)
        waiting = _Waiting(text, len(text.encode()), asyncio.get_running_loop().create_future())
        self._waiting.append(waiting)
        if len(self._senders) < AT_ONCE:
            sender = asyncio.create_task(self._send_what_waits())
            self._senders.add(sender)
            sender.add_done_callback(self._senders.discard)
        return await waiting.answer

    async def close(self) -> None:
        """Send nothing more; who still waits is cancelled."""
        for waiting in self._waiting:
            waiting.answer.cancel()
        for sender in self._senders:
            sender.cancel()
        await asyncio.gather(*self._senders, return_exceptions=True)

    async def _send_what_waits(self) -> None:
        while batch := self._next():
            try:
                answers = await self._send([each.text for each in batch])
                for each, answer in zip(batch, answers, strict=True):
                    if not each.answer.done():
                        each.answer.set_result(answer)
            except Exception as error:
                for each in batch:
                    if not each.answer.done():
                        each.answer.set_exception(error)
            finally:
                for each in batch:
                    each.answer.cancel()

    def _next(self) -> list[_Waiting]:
        """The commands of the next request; who was cancelled meanwhile is not sent."""
        batch: list[_Waiting] = []
        size = 0
        while self._waiting and len(batch) < MOST_COMMANDS:
            if batch and size + self._waiting[0].size > MOST_BYTES:
                break
            waiting = self._waiting.popleft()
            if not waiting.answer.cancelled():
                batch.append(waiting)
                size += waiting.size
        return batch
