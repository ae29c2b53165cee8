"""A lease is held by one at a time, renewed while it is held, and lost by whoever dies."""

import asyncio

import pytest

from cora.kernel.errors import OverloadedError

from .harness import Client, fetch, opened


async def test_it_is_held_by_one_at_a_time(client: Client, server: str, schema: str) -> None:
    inside = entered = 0

    async def work(holder: Client) -> None:
        nonlocal inside, entered
        async with holder.log.leases.hold("minting", 5):
            inside += 1
            entered += 1
            assert inside == 1
            await asyncio.sleep(0.01)
            inside -= 1

    async with opened(server, schema) as other:
        await asyncio.gather(*(work(each) for each in (client, other) for _ in range(5)))
    assert entered == 10
    assert not await fetch(server, schema, "select from lease")


async def test_others_names_are_free(client: Client) -> None:
    async with client.log.leases.hold("one"), asyncio.timeout(1), client.log.leases.hold("two"):
        pass


async def test_it_is_given_back_when_the_work_fails(client: Client) -> None:
    with pytest.raises(RuntimeError):
        async with client.log.leases.hold("minting"):
            raise RuntimeError
    async with asyncio.timeout(1), client.log.leases.hold("minting"):
        pass


async def test_it_is_renewed_while_it_is_held(client: Client, server: str, schema: str) -> None:
    async with opened(server, schema) as other:
        async with client.log.leases.hold("minting", 0.3):
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.8), other.log.leases.hold("minting", 0.3):
                    pass


async def test_whoever_dies_loses_it_when_it_expires(client: Client, server: str, schema: str) -> None:
    await fetch(
        server, schema,
        "insert into lease values ('minting', gen_random_uuid(), clock_timestamp() + interval '300 ms') returning 1",
    )  # fmt: skip
    loop = asyncio.get_running_loop()
    before = loop.time()
    async with client.log.leases.hold("minting"):
        assert loop.time() - before > 0.2


async def test_a_holder_that_lost_its_lease_is_stopped(client: Client, server: str, schema: str) -> None:
    loop = asyncio.get_running_loop()
    before = loop.time()
    with pytest.raises(OverloadedError):
        async with asyncio.timeout(5), client.log.leases.hold("minting", 0.6):
            stolen = "update lease set holder = gen_random_uuid(), expires_at = 'infinity' returning 1"
            await fetch(server, schema, stolen)
            await asyncio.sleep(4)
    assert 0.4 < loop.time() - before < 2
    assert len(await fetch(server, schema, "select from lease")) == 1


async def test_a_timeout_of_the_body_is_its_own(client: Client) -> None:
    with pytest.raises(TimeoutError):
        async with client.log.leases.hold("minting", 5), asyncio.timeout(0.01):
            await asyncio.sleep(1)
    with pytest.raises(TimeoutError):
        async with client.log.leases.hold("minting", 5):
            raise TimeoutError
