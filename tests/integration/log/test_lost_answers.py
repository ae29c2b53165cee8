"""A connection is lost before, during or after an append: every command is recorded once or, refused, not at all."""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator
from uuid import UUID

import asyncpg
import pytest

import cora.log.connect
from cora.kernel import execute
from cora.kernel.errors import OverloadedError
from cora.kernel.execute import Answer
from cora.log.batch import sending

from . import batches, records, toy
from .harness import Client, connect, fetch, opened, verified
from .proxy import Cut, Proxy, once, proxied


@pytest.fixture
async def proxy(server: str) -> AsyncGenerator[Proxy]:
    async with proxied(server) as proxy:
        yield proxy


@pytest.fixture
async def client(proxy: Proxy, schema: str) -> AsyncGenerator[Client]:
    async with opened(proxy.dsn, schema) as client:
        yield client


async def _requests(server: str, schema: str) -> Counter[str]:
    return Counter(row["request"] for row in await fetch(server, schema, "select request from event"))


@pytest.mark.parametrize("cut", Cut)
async def test_the_command_is_answered_and_recorded_once(
    cut: Cut, proxy: Proxy, client: Client, server: str, schema: str
) -> None:
    bay = await client.open_bay()
    proxy.plan = once(cut)
    told = await client.run(toy.MeasureBay(bay_id=bay, value=1), request_id="lost")
    assert proxy.cuts == 1
    assert (told["version"], told["position"]) == (2, 2)
    assert (await _requests(server, schema))["lost"] == 1
    # Whoever comes next is not disturbed.
    assert (await client.run(toy.MeasureBay(bay_id=bay, value=2)))["version"] == 3
    assert (await verified(server, schema)).difference is None


@pytest.mark.parametrize("cut", Cut)
async def test_a_whole_batch_keeps_its_verdicts(
    cut: Cut, proxy: Proxy, client: Client, server: str, schema: str
) -> None:
    """Accepted and refused in one batch; after the loss each is told what was judged first."""
    taken = await client.open_bay("taken")
    bays = [await client.open_bay() for _ in range(6)]
    proxy.plan = once(cut)
    answers = await asyncio.gather(
        *(
            client.answer(toy.RenameBay(bay_id=bay, name=f"fresh {n}" if n % 2 else "taken"))
            for n, bay in enumerate(bays)
        ),
        return_exceptions=True,
    )
    assert proxy.cuts == 1
    for number, answer in enumerate(answers):
        if number % 2:
            assert isinstance(answer, Answer)
        else:
            assert isinstance(answer, records.BayNameTakenError)
            assert answer.bay_id == taken
    assert len(await fetch(server, schema, "select from event")) == 10
    assert (await verified(server, schema)).difference is None


@pytest.mark.parametrize("tries", [3, 0])
@pytest.mark.parametrize("cut", Cut)
async def test_many_commands_are_recorded_once(
    cut: Cut, tries: int, proxy: Proxy, client: Client, server: str, schema: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The references that pass within them are written beside the append, and once as well."""
    monkeypatch.setattr(execute, "TRIES_BEFORE_LOCK", tries)
    for step in batches.opening(2, 0):
        await batches.alone(client.kernel, step)
    bay, other, _ = batches.BAYS
    unit = batches.UNITS[0]
    proxy.plan = once(cut)
    said = await batches.answers(
        client.kernel,
        toy.RegisterUnit(id=unit, bay_id=bay),
        toy.MoveUnit(unit_id=unit, to_bay_id=other),
        toy.MoveUnit(unit_id=unit, to_bay_id=bay),
    )
    assert proxy.cuts == 1
    assert [each["body"]["version"] for each in said] == [1, 2, 3]
    assert len(await fetch(server, schema, "select from reference")) == 3
    assert (await verified(server, schema)).difference is None


async def test_verdicts_are_kept_also_when_all_were_refused(
    proxy: Proxy, client: Client, server: str, schema: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The refusal was true when it was judged; sent again a moment later it would be accepted."""
    owner = await client.open_bay("taken")
    bay = await client.open_bay()
    proxy.plan = once(Cut.AFTER)

    async with opened(server, schema) as other:
        drop = client.log._writer._link.drop

        async def drop_and_free_the_name() -> None:
            await drop()
            await other.run(toy.RenameBay(bay_id=owner, name="freed"))

        monkeypatch.setattr(client.log._writer._link, "drop", drop_and_free_the_name)
        with pytest.raises(records.BayNameTakenError):
            await client.run(toy.RenameBay(bay_id=bay, name="taken"))


async def test_overload_is_no_answer_to_what_may_be_recorded(
    proxy: Proxy, server: str, schema: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The lock is not to be had when the batch is sent again: nothing is known yet, so nobody is told 503."""
    monkeypatch.setattr(cora.log.connect, "LOCK_TIMEOUT", "200ms")
    async with opened(proxy.dsn, schema) as client:
        bay = await client.open_bay()
        await client.run(toy.MeasureBay(bay_id=bay, value=0))
        proxy.plan = once(Cut.AFTER)
        proxy.refusing = True
        waiting = asyncio.create_task(client.run(toy.MeasureBay(bay_id=bay, value=1), request_id="lost"))
        await asyncio.sleep(0.1)
        holder = await connect(server, schema)
        async with holder.transaction():
            await holder.execute("select pg_advisory_xact_lock(log_lock())")
            proxy.refusing = False
            await asyncio.sleep(1.0)
            assert not waiting.done()
        await holder.close()
        assert (await waiting)["version"] == 3
    assert (await _requests(server, schema))["lost"] == 1


async def test_nobody_is_answered_before_it_is_known_what_became_of_it(
    proxy: Proxy, client: Client, server: str, schema: str
) -> None:
    bay = await client.open_bay()
    await client.run(toy.MeasureBay(bay_id=bay, value=0))
    proxy.plan = once(Cut.AFTER)
    proxy.refusing = True
    waiting = asyncio.create_task(client.run(toy.MeasureBay(bay_id=bay, value=1), request_id="lost"))
    await asyncio.sleep(0.3)
    assert not waiting.done()
    assert (await _requests(server, schema))["lost"] == 1
    proxy.refusing = False
    assert (await waiting)["version"] == 3
    assert (await _requests(server, schema))["lost"] == 1


@pytest.mark.parametrize("what", ["append", "commit"])
@pytest.mark.parametrize("cut", Cut)
async def test_under_the_lock_too(
    what: str, cut: Cut, proxy: Proxy, client: Client, server: str, schema: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    bay = await client.open_bay()
    monkeypatch.setattr(execute, "TRIES_BEFORE_LOCK", 0)
    proxy.plan = once(cut, what)
    told = await client.run(toy.MeasureBay(bay_id=bay, value=1), request_id="lost")
    assert proxy.cuts == 1
    assert told["version"] == 2
    assert (await _requests(server, schema))["lost"] == 1
    assert (await client.run(toy.MeasureBay(bay_id=bay, value=2)))["version"] == 3
    assert (await verified(server, schema)).difference is None


async def test_a_connection_lost_while_looking_under_the_lock_is_told_as_overload(
    proxy: Proxy, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    bay = await client.open_bay()
    await client.register_unit(bay)
    monkeypatch.setattr(execute, "TRIES_BEFORE_LOCK", 0)
    monkeypatch.setattr(toy.pace, "seconds", 0.2)
    waiting = asyncio.create_task(client.run(toy.TallyBay(bay_id=bay)))
    await asyncio.sleep(0.1)
    proxy.sever()
    with pytest.raises(OverloadedError):
        await waiting
    monkeypatch.setattr(toy.pace, "seconds", 0.0)
    assert (await client.run(toy.TallyBay(bay_id=bay)))["version"] == 2


async def test_looks_are_repeated_on_a_new_connection(proxy: Proxy, client: Client) -> None:
    bay = await client.open_bay("west")
    unit = await client.register_unit(bay)
    for _ in range(3):
        proxy.sever()
        stored = await client.log.record(bay)
        pointing = await client.log.pointing("unit.bay_id", bay, first=True)
        assert stored.version == 1
        assert [id for id, _ in pointing.sources] == [unit]
        async with client.log.snapshot() as source:
            assert (await source.record(unit)).version == 1


async def test_an_older_batch_of_a_writer_is_an_error(client: Client, server: str, schema: str) -> None:
    """A batch that was followed by another can no longer be sent: its verdicts are gone."""
    await client.open_bay()
    writer: UUID = client.log._writer._id
    await client.open_bay()
    with pytest.raises(asyncpg.RaiseError, match="was followed by"):
        late = sending(writer, 1, [])
        await client.log.pool.fetchval(late.sql, *late.rows)


async def test_a_crowd_over_a_bad_connection(proxy: Proxy, client: Client, server: str, schema: str) -> None:
    bays = [await client.open_bay() for _ in range(8)]
    left = 12

    def plan(what: str) -> Cut | None:
        nonlocal left
        left -= 1
        return list(Cut)[left % 4] if left >= 0 and left % 3 == 0 else None

    proxy.plan = plan
    sent = [(f"r{n}", bays[n % 8]) for n in range(120)]
    await asyncio.gather(
        *(client.run(toy.MeasureBay(bay_id=bay, value=n), request_id=id) for n, (id, bay) in enumerate(sent))
    )
    assert proxy.cuts == 4
    recorded = await _requests(server, schema)
    assert all(recorded[id] == 1 for id, _ in sent)
    assert (await verified(server, schema)).difference is None
