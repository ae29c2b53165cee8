"""Several servers ask one authority, are killed and started anew: together they call no oftener than they may."""

import asyncio
import signal
from collections.abc import AsyncGenerator

import pytest
from tests.authorities.faults import Says
from tests.faults.facilities import Facility, facility
from tests.faults.minting_world import World

MOST = 12


@pytest.fixture
async def place(minting: World) -> AsyncGenerator[Facility]:
    """A facility with DataCite, which may be called twelve times in five minutes: longer than this test takes."""
    async with facility(minting, ("datacite",)) as made:
        minting.settings["authority_calls"] = str(MOST)
        yield made


async def test_servers_that_race_and_die_call_no_oftener_than_one_may(place: Facility) -> None:
    (authority,) = place.authorities
    plan = authority.simulator.plan
    records = [await place.new(authority) for _ in range(10)]
    servers = [await place.minting.serve() for _ in range(2)]
    asked = [place.ask(server, record) for server in servers for record in records[:3]]
    answers = await asyncio.gather(*asked)
    assert set(answers) == {201, 409}, "both may ask for the same, and one is told that it is assigned"
    assert len(plan.calls) == 6
    stands = records[3]
    stands.stand_at(0, True)
    asking = asyncio.create_task(place.ask(servers[0], stands))
    async with asyncio.timeout(20):
        assert stands.stands is not None
        await stands.stands.came.wait()
    assert await place.minting.end(servers[0]) == -signal.SIGKILL
    assert await asking is None
    servers[0] = await place.minting.serve()
    answers = await asyncio.gather(*(place.ask(server, record) for server in servers for record in records[4:]))
    assert 503 in answers
    assert set(answers) <= {201, 409, 503}
    assert len(plan.calls) == MOST
    another = await place.minting.serve()
    assert await place.ask(another, records[-1]) in (409, 503)
    assert len(plan.calls) == MOST


async def test_what_the_authority_asks_of_one_server_holds_for_the_other(place: Facility) -> None:
    (authority,) = place.authorities
    one, other = await place.minting.serve(), await place.minting.serve()
    first, second = await place.new(authority), await place.new(authority)
    authority.simulator.plan.next(Says(429, headers={"Retry-After": "60"}))
    assert await place.ask(one, first) == 502
    answer = await second.client.ask(other, second.client.suffix)
    assert (answer.status_code, answer.json()["code"]) == (503, "Overloaded")
    assert 50 <= int(answer.headers["Retry-After"]) <= 60
    assert len(authority.simulator.plan.calls) == 1
