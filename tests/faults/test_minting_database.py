"""The database is lost between two steps of minting, while the server lives: one identifier, and never a 500."""

import asyncio
import os
import signal
import tempfile
from collections.abc import Generator, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
from tests.conftest import execute, in_database
from tests.faults.facilities import TOGETHER, facility
from tests.faults.minting_authority import until
from tests.faults.minting_world import Client, Forge, Server, World, world
from tests.integration.log.harness import CUT, connect

from cora.log.embedded import embedded_postgres
from cora.log.migrate import migrate

STEPS = ("before reserved", "after reserved", "before minted", "after minted", "before assigned", "after assigned")


async def stopped_everywhere(
    minting: World, server: Server
) -> tuple[list[Client], Sequence["asyncio.Task[httpx.Response]"]]:
    """An asset and a fixture stand at each step, with the answers they wait for."""
    clients: list[Client] = []
    for step in STEPS:
        there = [await minting.new(kind, key=uuid4().hex) for kind in ("asset", "fixture")]
        minting.authority.stop([client.id for client in there], step)
        clients += there
    answers = [asyncio.create_task(client.ask(server, client.suffix)) for client in clients]
    await minting.authority.all_stand(client.id for client in clients)
    return clients, answers


async def require_answered(
    minting: World, clients: Sequence[Client], answers: Sequence["asyncio.Task[httpx.Response]"]
) -> None:
    """Who was told to wait asks again, of the same server; all get the identifier that was reserved first."""
    server = minting.servers[0]
    for client, answer in zip(clients, await asyncio.gather(*answers), strict=True):
        assert answer.status_code in (201, 503), answer.text

        async def is_answered(client: Client = client) -> bool:
            again = await client.ask(server, client.again)
            assert again.status_code in (201, 503), again.text
            return again.status_code == 201

        if answer.status_code == 503:
            assert int(answer.headers["Retry-After"]) > 0
            await until(is_answered)
    assert [len((await minting.recorded(client)).reserved) for client in clients] == [1] * len(clients)
    await minting.require_sound(clients)


async def test_connections_are_cut(minting: World) -> None:
    server = await minting.serve()
    clients, answers = await stopped_everywhere(minting, server)
    await minting.cut_database()
    minting.authority.go_on()
    await require_answered(minting, clients, answers)


@pytest.fixture
def data() -> Generator[Path]:
    """A data directory for a Postgres of its own, which the test may kill."""
    with tempfile.TemporaryDirectory(prefix="cora-minting-") as directory:
        Path(directory).chmod(0o755)
        yield Path(directory)


async def test_postgres_is_killed_and_started_again(data: Path, servers: Forge, tmp_path: Path) -> None:
    """With it the databases of three facilities: one whose authority tells where it stands, and others with DataCite,
    a Handle server and ePIC, at every call to these."""
    async with AsyncExitStack() as stack:
        postgres = stack.enter_context(embedded_postgres(data))
        minting, *others = [
            await stack.enter_async_context(world(await database(postgres.dsn(), name), servers, tmp_path))
            for name in ("one", "two", "three")
        ]
        server = await minting.serve()
        clients, answers = await stopped_everywhere(minting, server)
        places = [
            await stack.enter_async_context(facility(other, names))
            for other, names in zip(others, TOGETHER, strict=True)
        ]
        stopped = [await place.stopped_everywhere() for place in places]
        postmaster = int((data / "postgres" / "postmaster.pid").read_text().split("\n", 1)[0])
        os.kill(postmaster, signal.SIGQUIT)  # what Postgres calls an immediate shutdown: it recovers afterwards
        minting.authority.go_on()
        for record in (record for place in places for record in place.records):
            await record.go_on()
        await asyncio.to_thread(stack.enter_context, embedded_postgres(data))
        await require_answered(minting, clients, answers)
        for place, (told, others_answers) in zip(places, stopped, strict=True):
            assert set(await others_answers) <= {200, 201, 503}
            await place.require_told(told)


async def database(dsn: str, name: str) -> str:
    """The address of a new database, migrated."""
    await asyncio.to_thread(execute, dsn, "create database {}", name)
    made = in_database(dsn, name)
    await asyncio.to_thread(migrate, made)
    return made


async def test_a_lease_is_kept_when_connections_are_cut(minting: World) -> None:
    """One at a time asks the authority, however long that takes and whatever happens to connections meanwhile."""
    here, there = minting.scene.arena.logs[:2]
    async with here.leases.hold("mint:this", 0.6):
        for _ in range(4):
            connection = await connect(minting.scene.arena.dsn)
            await connection.execute(CUT)
            await connection.close()
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.4), there.leases.hold("mint:this", 0.6):
                    pass
    async with asyncio.timeout(5), there.leases.hold("mint:this", 0.6):
        pass
