"""Commands of many workers, gathered into a few requests."""

import asyncio
import json
from typing import Any

import pytest

from cora.facility_file.batches import AT_ONCE, MOST_BYTES, MOST_COMMANDS, Answer, Batches


class Server:
    """Answers each command with its number, when it is let."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.lets = asyncio.Event()
        self.fails: Exception | None = None
        self._reached = asyncio.Condition()

    async def reached(self, batches: int) -> None:
        """Wait until so many batches have come."""
        async with self._reached:
            await self._reached.wait_for(lambda: len(self.batches) >= batches)

    async def send(self, commands: list[str]) -> list[Answer]:
        numbers = [json.loads(text)["number"] for text in commands]
        async with self._reached:
            self.batches.append(numbers)
            self._reached.notify_all()
        await self.lets.wait()
        if self.fails is not None:
            raise self.fails
        return [(200 if number % 2 else 409, {"number": number}) for number in numbers]


async def sent(server: Server, count: int, further: Any = None) -> list[Answer]:
    """The answers to many commands that are sent at once."""
    batches = Batches(server.send)
    work = [asyncio.create_task(batches.do({"number": number, "further": further})) for number in range(count)]
    await asyncio.sleep(0)
    server.lets.set()
    return list(await asyncio.gather(*work))


async def test_each_is_given_its_own_answer() -> None:
    answers = await sent(Server(), 2000)
    assert answers == [(200 if number % 2 else 409, {"number": number}) for number in range(2000)]


async def test_they_are_gathered_and_each_is_sent_once() -> None:
    server = Server()
    await sent(server, 1000)
    assert max(map(len, server.batches)) == MOST_COMMANDS
    assert sorted(number for batch in server.batches for number in batch) == list(range(1000))
    assert len(server.batches) < 1000 / MOST_COMMANDS + AT_ONCE


async def test_large_ones_are_sent_in_small_company() -> None:
    server = Server()
    await sent(server, 6, "x" * (MOST_BYTES // 2 - 100))
    assert [len(batch) for batch in server.batches] == [2, 2, 2]
    server = Server()
    await sent(server, 3, "x" * MOST_BYTES)
    assert [len(batch) for batch in server.batches] == [1, 1, 1]


async def test_when_the_server_is_lost_each_is_told() -> None:
    server = Server()
    server.fails = ConnectionError("gone")
    server.lets.set()
    batches = Batches(server.send)
    told = await asyncio.gather(*(batches.do({"number": n}) for n in range(40)), return_exceptions=True)
    assert told == [server.fails] * 40


async def test_what_was_given_up_is_not_sent() -> None:
    server = Server()
    batches = Batches(server.send)
    count = (AT_ONCE + 1) * MOST_COMMANDS
    work = [asyncio.create_task(batches.do({"number": number})) for number in range(count)]
    await server.reached(AT_ONCE)
    work[-1].cancel()
    with pytest.raises(asyncio.CancelledError):
        await work[-1]
    server.lets.set()
    await asyncio.gather(*work[:-1])
    assert sorted(number for batch in server.batches for number in batch) == list(range(count - 1))


async def test_closed_it_leaves_nobody_waiting() -> None:
    server = Server()
    batches = Batches(server.send)
    count = (AT_ONCE + 1) * MOST_COMMANDS
    work = [asyncio.create_task(batches.do({"number": number})) for number in range(count)]
    await server.reached(AT_ONCE)
    await batches.close()
    told = await asyncio.gather(*work, return_exceptions=True)
    assert {type(each) for each in told} == {asyncio.CancelledError}
