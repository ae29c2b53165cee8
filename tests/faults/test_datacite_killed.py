"""The server is killed at every call to DataCite, and DataCite goes on or does not: each record gets one DOI."""

import asyncio
import signal
from collections.abc import AsyncGenerator
from typing import Any

import pytest
from tests.authorities import datacite_simulator as datacite
from tests.authorities.datacite_simulator import DataciteSimulator
from tests.authorities.faults import PASSING, Cut, Fault, Stands
from tests.faults.minting_authority import PATIENCE, until
from tests.faults.minting_world import AT_ONCE, NEVER, Client, Server, World
from tests.faults.test_minting_database import CUT
from tests.integration.log.harness import connect

PUBLIC_URL = "https://cora.facility.example"
KINDS = ("asset", "fixture")
CALLS = 2
"""To look and to register: what an assignment takes when nothing fails."""


@pytest.fixture
async def simulator(minting: World) -> AsyncGenerator[DataciteSimulator]:
    """DataCite, set up in every server of the world."""
    async with datacite.datacite_simulator() as made:
        minting.settings = {
            "public_url": PUBLIC_URL,
            "datacite_url": made.url,
            "datacite_repository": datacite.REPOSITORY,
            "datacite_prefix": datacite.PREFIX,
            "datacite_password": datacite.PASSWORD,
        }
        yield made


async def ask(client: Client, server: Server) -> None:
    """Ask, whatever comes of it."""
    await asyncio.gather(client.ask(server, None), return_exceptions=True)


async def require_sound(minting: World, simulator: DataciteSimulator, clients: list[Client]) -> None:
    """When the worker has finished, each record has one findable DOI, and DataCite holds no other."""
    server = await minting.worker_finishes()
    held = dict(simulator.records)
    for client in clients:
        found = await minting.recorded(client)
        assert (len(found.assigned), found.minted, found.open) == (1, 1, ())
        record = held.pop(found.assigned[0])
        assert (record.state, record.handle) == ("findable", f"{PUBLIC_URL}/id/{client.id}")
        assert await minting.identifier(server, client) == ("DOI", record.doi)
    assert held == {}


@pytest.mark.parametrize("number", range(CALLS))
@pytest.mark.parametrize("before", [True, False])
async def test_killed_at_a_call(minting: World, simulator: DataciteSimulator, number: int, before: bool) -> None:
    clients = [await minting.new(kind) for kind in KINDS]
    for client in clients:
        server = await minting.serve()
        stands = Stands(before)
        simulator.plan.at[len(simulator.plan.calls) + number] = stands
        unanswered = asyncio.create_task(ask(client, server))
        async with asyncio.timeout(PATIENCE):
            await stands.came.wait()
        assert await minting.end(server) == -signal.SIGKILL
        await unanswered
        stands.goes_on.set()
        assert (await minting.recorded(client)).standing == "reserved"
    await require_sound(minting, simulator, clients)


@pytest.mark.parametrize("number", range(CALLS))
async def test_killed_at_a_call_that_arrives_while_another_server_asks(
    minting: World, simulator: DataciteSimulator, number: int
) -> None:
    """What the dead one sent is carried out when the living one is done."""
    client = await minting.new("asset")
    server = await minting.serve()
    stands = Stands(before=True)
    simulator.plan.at[number] = stands
    unanswered = asyncio.create_task(ask(client, server))
    async with asyncio.timeout(PATIENCE):
        await stands.came.wait()
    await minting.end(server)
    await unanswered
    await minting.worker_finishes()
    stands.goes_on.set()
    await require_sound(minting, simulator, [client])


@pytest.mark.parametrize("step", ["before reserved", "after reserved", "before assigned", "after assigned"])
async def test_killed_between_two_steps_of_its_own(minting: World, simulator: DataciteSimulator, step: str) -> None:
    clients = [await minting.new(kind) for kind in KINDS]
    server = await minting.serve()
    minting.authority.stop([client.id for client in clients], step)
    asking = [asyncio.create_task(ask(client, server)) for client in clients]
    await minting.authority.all_stand(client.id for client in clients)
    await minting.end(server)
    await asyncio.gather(*asking)
    minting.authority.go_on(lost=True)
    server = await minting.worker_finishes()
    for client in clients:
        await ask(client, server)
    await require_sound(minting, simulator, clients)


@pytest.mark.parametrize("fault", [*PASSING, None])
async def test_killed_while_datacite_fails(minting: World, simulator: DataciteSimulator, fault: Fault | None) -> None:
    """A call fails, the server tries again, and dies at that."""
    client = await minting.new("asset")
    server = await minting.serve()
    stands = Stands(before=False)
    simulator.plan.at |= {0: fault or Cut.BEFORE, 1: stands} if fault else {0: stands}
    unanswered = asyncio.create_task(ask(client, server))
    async with asyncio.timeout(PATIENCE):
        await stands.came.wait()
    await minting.end(server)
    await unanswered
    stands.goes_on.set()
    await require_sound(minting, simulator, [client])


@pytest.mark.parametrize("number", range(CALLS))
@pytest.mark.parametrize("before", [True, False])
async def test_the_database_is_lost_at_a_call(
    minting: World, simulator: DataciteSimulator, number: int, before: bool
) -> None:
    clients = [await minting.new(kind) for kind in KINDS]
    server = await minting.serve()
    for client in clients:
        stands = Stands(before)
        simulator.plan.at[len(simulator.plan.calls) + number] = stands
        answer = asyncio.create_task(client.ask(server, None))
        async with asyncio.timeout(PATIENCE):
            await stands.came.wait()
        connection = await connect(minting.scene.arena.dsn)
        assert await connection.fetch(CUT)
        await connection.close()
        stands.goes_on.set()
        assert (await answer).status_code in (201, 503)
    await require_sound(minting, simulator, clients)


async def known(server: Server, client: Client) -> dict[str, Any]:
    """What the log says of the identifier of a record, with its id."""
    (item,) = (await server.web.get("/persistent-ids", params={"subject_id": client.id})).json()["items"]
    return {"id": item["id"], **item["state"]}


@pytest.mark.parametrize(("number", "before"), [(0, True), (1, True), (1, False)])
@pytest.mark.parametrize("step", ["publish", "withdraw"])
async def test_killed_while_datacite_is_told_of_a_step(
    minting: World, simulator: DataciteSimulator, step: str, number: int, before: bool
) -> None:
    """Killed while it publishes a draft, or hides what was withdrawn: the next server does so, and nothing is left."""
    client = await minting.new("asset")
    minting.settings["publish"] = "draft" if step == "publish" else "findable"
    server = await minting.serve(grace=AT_ONCE if step == "withdraw" else NEVER)
    await ask(client, server)
    identifier = await known(server, client)
    stands = Stands(before)
    simulator.plan.at[len(simulator.plan.calls) + number] = stands
    body = {} if step == "publish" else {"reason": "never existed"}
    sent = server.web.post(f"/persistent-ids/{identifier['id']}/{step}", json=body)
    unanswered = asyncio.create_task(asyncio.wait_for(sent, PATIENCE))
    async with asyncio.timeout(PATIENCE):
        await stands.came.wait()
    await minting.end(server)
    await asyncio.gather(unanswered, return_exceptions=True)
    stands.goes_on.set()
    server = await minting.serve(grace=AT_ONCE)
    status, state = ("Minted", "findable") if step == "publish" else ("Withdrawn", "registered")

    async def is_told() -> bool:
        found = await known(server, client)
        told_then, told_now = identifier["pushed"]["digest"], found["pushed"]["digest"]
        return found["status"] == status and told_then != told_now

    await until(is_told)
    (record,) = simulator.records.values()
    assert (record.state, record.handle) == (state, f"{PUBLIC_URL}/id/{client.id}")
