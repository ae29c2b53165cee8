"""The server is killed at every step of minting. Whoever asks again, or nobody: each record gets one identifier."""

import asyncio
import os
import signal
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from functools import partial

import pytest
from tests.faults.minting_authority import until
from tests.faults.minting_world import AT_ONCE, Client, Server, Standing, World
from tests.integration.log.harness import connect

from cora.equipment.assignment import WAIT_SECONDS
from cora.equipment.minting import LEASE_SECONDS
from cora.log.types import Connection

LOCK = "select pg_advisory_lock(log_lock())"
UNLOCK = "select pg_advisory_unlock(log_lock())"
WAITING = """
select exists (
    select from pg_locks join pg_database on oid = database
    where datname = current_database() and locktype = 'advisory' and not granted
)
"""


async def stopped_at(minting: World, server: Server, clients: Sequence[Client], step: str) -> "asyncio.Task[None]":
    """Everybody has asked and stands at a step; the task ends when their connections do."""
    minting.authority.stop([client.id for client in clients], step)
    asking = asyncio.create_task(all_ask(server, clients))
    await minting.authority.all_stand(client.id for client in clients)
    return asking


async def all_ask(server: Server, clients: Sequence[Client]) -> None:
    """Everybody asks for the first time. None of them may be answered."""
    answers = await asyncio.gather(*(client.ask(server, client.suffix) for client in clients), return_exceptions=True)
    assert [answer for answer in answers if not isinstance(answer, BaseException)] == []


@asynccontextmanager
async def nothing_is_appended(dsn: str) -> AsyncGenerator[Connection]:
    """The lock of the log is held: an append waits in the database, and is made when this ends."""
    connection = await connect(dsn, "cora")
    try:
        await connection.execute(LOCK)
        yield connection
        await connection.execute(UNLOCK)
        # First come, first served: whoever waited before us is done when we have it.
        await connection.execute(LOCK)
    finally:
        await connection.close()


@pytest.mark.parametrize(
    ("step", "leaves"),
    [
        ("before reserved", "nothing"),
        ("after reserved", "reserved"),
        ("before minted", "reserved"),
        ("after minted", "reserved"),
        ("before assigned", "reserved"),
        ("after assigned", "assigned"),
    ],
)
async def test_killed_between_two_steps(minting: World, step: str, leaves: Standing) -> None:
    clients = await minting.crowd()
    server = await minting.serve()
    unanswered = await stopped_at(minting, server, clients, step)
    assert await minting.end(server) == -signal.SIGKILL
    await unanswered
    minting.authority.go_on(lost=True)
    assert await minting.standings(clients) == {leaves}
    is_minted = step in ("after minted", "before assigned", "after assigned")
    assert len(minting.authority.holds) == (len(clients) if is_minted else 0)
    await minting.all_ask_again(clients)
    await minting.require_sound(clients)


async def test_killed_while_the_authority_works_on(minting: World) -> None:
    """The authority registers what a dead server asked for, while the client asks again."""
    clients = await minting.crowd()
    server = await minting.serve()
    unanswered = await stopped_at(minting, server, clients, "before minted")
    assert await minting.end(server) == -signal.SIGKILL
    await unanswered
    again = asyncio.create_task(minting.all_ask_again(clients))
    await minting.authority.was_asked(2)
    minting.authority.go_on()
    await again
    await minting.require_sound(clients)


@pytest.mark.parametrize(("step", "leaves"), [("before reserved", "reserved"), ("before assigned", "assigned")])
async def test_killed_while_the_database_works_on(minting: World, step: str, leaves: Standing) -> None:
    """The append is under way when the server dies: Postgres makes it all the same, and no answer is ever given."""
    clients = await minting.crowd()
    server = await minting.serve()
    unanswered = await stopped_at(minting, server, clients, step)
    before = await minting.standings(clients)
    async with nothing_is_appended(minting.scene.arena.dsn) as connection:
        minting.authority.go_on()
        await until(partial(connection.fetchval, WAITING))
        # From here on it reads nothing; its connection stays, so that Postgres does not give up the statement.
        os.kill(server.pid, signal.SIGSTOP)
        assert await minting.standings(clients) == before
    assert await minting.end(server) == -signal.SIGKILL
    await unanswered
    assert leaves in await minting.standings(clients)
    await minting.all_ask_again(clients)
    await minting.require_sound(clients)


async def test_killed_again_and_again(minting: World) -> None:
    """The one who asks again is killed too, a step further each time."""
    clients = [await minting.new(kind) for kind in ("asset", "fixture")]
    for step in ("before reserved", "after reserved", "before minted", "after minted", "before assigned"):
        server = await minting.serve()
        unanswered = await stopped_at(minting, server, clients, step)
        assert await minting.end(server) == -signal.SIGKILL
        await unanswered
        minting.authority.go_on(lost=True)
    await minting.all_ask_again(clients)
    await minting.require_sound(clients)
    assert [len((await minting.recorded(client)).reserved) for client in clients] == [1, 1]


async def test_a_worker_is_killed_too(minting: World) -> None:
    """The worker dies at the authority; the next one finishes."""
    clients = [await minting.new(kind) for kind in ("asset", "fixture")]
    server = await minting.serve()
    unanswered = await stopped_at(minting, server, clients, "after reserved")
    await minting.end(server)
    await unanswered
    minting.authority.go_on(lost=True)
    minting.authority.stop([client.id for client in clients], "after minted")
    worker = await minting.serve(grace=AT_ONCE)
    await until(minting.authority.somebody_stands)
    await minting.end(worker)
    minting.authority.go_on(lost=True)
    minting.authority.stops.clear()
    await minting.require_sound(clients)


async def test_a_server_that_is_asked_to_stop_finishes_what_it_began(minting: World) -> None:
    clients = [await minting.new(kind) for kind in ("asset", "fixture")]
    server = await minting.serve()
    minting.authority.stop([client.id for client in clients], "before minted")
    answers = [asyncio.create_task(client.ask(server, None)) for client in clients]
    await minting.authority.all_stand(client.id for client in clients)
    stopping = asyncio.create_task(minting.forge.end(server, signal.SIGTERM))
    await asyncio.sleep(0.2)
    minting.authority.go_on()
    assert [(await answer).status_code for answer in answers] == [201, 201]
    assert await stopping == 0
    minting.servers.remove(server)
    await server.web.aclose()
    await minting.require_sound(clients)


def test_who_asks_again_outlasts_the_lease_of_the_dead() -> None:
    """The servers of these tests have shorter leases; what they show holds for the real ones only if this does."""
    assert WAIT_SECONDS > 2 * LEASE_SECONDS
