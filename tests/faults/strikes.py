"""What strikes a server while it asks an authority: it is killed, or its database is lost."""

import asyncio
import signal
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Literal

from tests.faults.facilities import Facility
from tests.faults.minting_world import Server

Strike = Literal["killed", "killed, and its calls arrive late", "database lost"]
STRIKES: Sequence[Strike] = ("killed", "killed, and its calls arrive late", "database lost")


async def strike(
    place: Facility,
    servers: Iterable[Server],
    how: Strike,
    asking: Iterable[Awaitable[int | None]],
    end: Callable[[], Awaitable[None]],
    meanwhile: Callable[[], Awaitable[None]] | None = None,
) -> None:
    """All who ask stand at their calls when it happens; `end` brings all to its end, and requires that it is right.

    What a dead server has sent is carried out all the same: at once, or when another has done the same. `meanwhile` is
    done when all stand.
    """
    answers = asyncio.gather(*asking)
    await place.all_stand()
    if meanwhile is not None:
        await meanwhile()
    if how == "database lost":
        await place.minting.cut_database()
    else:
        for server in {each.pid: each for each in servers}.values():
            assert await place.minting.end(server) == -signal.SIGKILL
        assert set(await answers) == {None}
    if how == "killed, and its calls arrive late":
        await end()
    for record in place.records:
        await record.go_on()
    if how == "database lost":
        assert set(await answers) <= {200, 201, 503}
    await end()
