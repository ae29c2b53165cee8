"""What the server adds to its surfaces."""

import asyncio

from cora.surfaces.server import remembered


async def test_a_question_is_asked_once_at_a_time_and_its_answer_believed_for_a_while() -> None:
    asked = 0

    async def ask() -> bool:
        nonlocal asked
        asked += 1
        await asyncio.sleep(0.01)
        return asked > 1

    answer = remembered(ask, 0.2)
    assert await asyncio.gather(*(answer() for _ in range(50))) == [False] * 50
    assert asked == 1
    await asyncio.sleep(0.25)
    assert await answer()
    assert asked == 2
