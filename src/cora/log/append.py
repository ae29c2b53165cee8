"""Group commit: one connection, many requests, one transaction; while a batch commits, the next gathers.

A connection can die after the commit and before the answer. Every batch is
therefore numbered, and a batch whose connection was lost is sent again, byte
for byte, under the same number: the database then answers what it answered
before. It is never decided again, and nobody is answered before that.
"""

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from uuid import UUID

import asyncpg
import structlog

from cora.kernel.errors import OverloadedError, UnstorableError
from cora.kernel.identity import new_id
from cora.kernel.reader import Append, Verdict
from cora.log.batch import MAXIMUM_BYTES, MAXIMUM_REQUESTS, Sending, Touched, sending, size_of, verdicts
from cora.log.connect import BUSY, LOST, POISON
from cora.log.link import Link

MAXIMUM_WAITING = 4096

_logger = structlog.get_logger("cora.log")


@dataclass(slots=True)
class _Waiting:
    request: Append
    size: int
    verdict: asyncio.Future[Verdict]


class Writer:
    """Appends for one process. `on_commit` is told when events were recorded."""

    def __init__(self, link: Link, on_commit: Callable[[], None], maximum_waiting: int = MAXIMUM_WAITING) -> None:
        self._link = link
        self._on_commit = on_commit
        self._maximum_waiting = maximum_waiting
        self._waiting: deque[_Waiting] = deque()
        self._arrived = asyncio.Event()
        self._id: UUID = new_id()
        self._number = 0
        self._task = asyncio.create_task(self._run(), name="cora log writer")

    async def append(self, request: Append) -> Verdict:
        """The verdict on a request, once it is durable. Raises `OverloadedError` or `UnstorableError`."""
        if len(self._waiting) >= self._maximum_waiting or self._task.done():
            raise OverloadedError
        waiting = _Waiting(request, size_of(request), asyncio.get_running_loop().create_future())
        self._waiting.append(waiting)
        self._arrived.set()
        return await waiting.verdict

    async def close(self) -> None:
        """Stop. What still waits is refused as overload."""
        self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._task
        for waiting in self._waiting:
            if not waiting.verdict.done():
                waiting.verdict.set_exception(OverloadedError())
        self._waiting.clear()
        await self._link.close()

    async def _run(self) -> None:
        while True:
            await self._arrived.wait()
            batch = self._gather()
            if batch:
                try:
                    await self._settle(batch)
                except Exception as error:
                    # A fault of our own fails its batch. If it ended this task, every later append would wait for ever.
                    for waiting in batch:
                        _raise(waiting, error)
            if not self._waiting:
                self._arrived.clear()

    def _gather(self) -> list[_Waiting]:
        """The next batch: one request of several entries, or requests that do not touch what an earlier one changes."""
        batch: list[_Waiting] = []
        deferred: list[_Waiting] = []
        touched = Touched()
        size = 0
        while self._waiting and len(batch) < MAXIMUM_REQUESTS and size < MAXIMUM_BYTES:
            waiting = self._waiting.popleft()
            if waiting.verdict.cancelled():
                continue
            is_many = len(waiting.request.entries) > 1
            if batch and (is_many or touched.collide(waiting.request)):
                deferred.append(waiting)
                continue
            touched.add(waiting.request)
            size += waiting.size
            batch.append(waiting)
            if is_many:
                break
        self._waiting.extendleft(reversed(deferred))
        return batch

    async def _settle(self, batch: Sequence[_Waiting]) -> None:
        requests = [waiting.request for waiting in batch]
        try:
            answer = await self._send(requests)
        except BUSY as busy:
            _logger.warning("the log is busy", error=type(busy).__name__, requests=len(batch))
            self._link.suspect()
            for waiting in batch:
                _raise(waiting, OverloadedError())
        except asyncio.CancelledError:
            for waiting in batch:
                _raise(waiting, OverloadedError())
            raise
        except asyncpg.PostgresError as error:
            # Nothing was recorded, so it may be sent again under other numbers. No other error says that.
            if len(batch) > 1:
                half = len(batch) // 2
                await self._settle(batch[:half])
                await self._settle(batch[half:])
                return
            _logger.error("a request could not be stored", error=type(error).__name__, detail=str(error)[:500])
            _raise(batch[0], UnstorableError() if isinstance(error, POISON) else error)
        else:
            if any(request.records for request in requests):
                self._on_commit()
            for waiting, verdict in zip(batch, verdicts(requests, answer), strict=True):
                if not waiting.verdict.done():
                    waiting.verdict.set_result(verdict)

    async def _send(self, requests: Sequence[Append]) -> str:
        self._number += 1
        return await until_answered(self._link, sending(self._id, self._number, requests))


async def until_answered(link: Link, sending: Sending, *, sent: bool = False) -> str:
    """What the log answers to a batch, which is sent again under its number for as long as its connection is lost.

    Raises what the database raises, unless the batch was sent before (`sent`)
    and may be recorded: then nothing but its answer is an answer.
    """
    pause = 0.05
    while True:
        try:
            statement = await link.statement(sending.sql)
        except Exception as error:
            if not sent and not isinstance(error, LOST):
                raise
            lost = error
        else:
            try:
                answer: str = await statement.fetchval(*sending.rows)
            except LOST as error:
                sent, lost = True, error
            except BUSY as error:
                if not sent:
                    raise
                link.suspect()
                lost = error
            else:
                return answer
        # The same rows and number: if it was committed, the stored verdicts come back.
        _logger.warning("the connection was lost; sending the batch again", error=type(lost).__name__)
        await link.drop()
        await asyncio.sleep(pause)
        pause = min(pause * 2, 1.0)


def _raise(waiting: _Waiting, error: Exception) -> None:
    if not waiting.verdict.done():
        waiting.verdict.set_exception(error)
