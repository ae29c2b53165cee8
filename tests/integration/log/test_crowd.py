"""A crowd on one record, several logs on one database, and whoever holds the lock and falls silent."""

import asyncio
import json
from collections.abc import AsyncGenerator, Callable
from contextlib import AsyncExitStack

import pytest

import cora.log.append
import cora.log.connect
import cora.log.link
from cora.kernel import execute
from cora.kernel.errors import ConcurrencyConflictError, OverloadedError
from cora.kernel.execute import Answer
from cora.kernel.reader import Log
from cora.log.held import HeldLog
from cora.log.store import PostgresLog

from . import records, toy
from .harness import Client, connect, fetch, opened, verified
from .proxy import proxied


@pytest.fixture
async def clients(server: str, schema: str) -> AsyncGenerator[list[Client]]:
    """Three logs, as of three processes."""
    async with AsyncExitStack() as stack:
        yield [await stack.enter_async_context(opened(server, schema)) for _ in range(3)]


async def test_ninety_clients_on_one_hot_record_all_get_an_answer_that_was_true(
    clients: list[Client], server: str, schema: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each reads the whole set of units while the others change it: without the lock nobody would ever finish."""
    monkeypatch.setattr(toy.pace, "seconds", 0.002)
    bay = await clients[0].open_bay("hot")
    under_lock = 0
    true_under_lock = PostgresLog.under_lock

    def counted(self: PostgresLog) -> object:
        nonlocal under_lock
        under_lock += 1
        return true_under_lock(self)

    monkeypatch.setattr(PostgresLog, "under_lock", counted)
    commands = [toy.TallyBay(bay_id=bay) if number % 3 else toy.RegisterUnit(bay_id=bay) for number in range(90)]
    answers = await asyncio.gather(
        *(clients[number % 3].answer(command) for number, command in enumerate(commands)), return_exceptions=True
    )
    assert all(isinstance(answer, Answer) for answer in answers), answers
    assert under_lock > 0
    units: set[str] = set()
    for row in await fetch(server, schema, "select kind, stream::text, data::text from event order by position"):
        if row["kind"] == "UnitRegistered":
            units.add(row["stream"])
        elif row["kind"] == "BayTallied":
            assert json.loads(row["data"])["units"] == sorted(units)
    assert len(units) == 30
    assert (await verified(server, schema)).difference is None


async def test_without_the_lock_the_crowd_starves_some(clients: list[Client], monkeypatch: pytest.MonkeyPatch) -> None:
    """What the test above would see if a starved command were not decided under the lock."""
    monkeypatch.setattr(toy.pace, "seconds", 0.002)
    bay = await clients[0].open_bay("hot")

    def refused(self: PostgresLog) -> Log:
        raise ConcurrencyConflictError

    monkeypatch.setattr(PostgresLog, "under_lock", refused)
    answers = await asyncio.gather(
        *(
            clients[number % 3].answer(toy.TallyBay(bay_id=bay) if number % 3 else toy.RegisterUnit(bay_id=bay))
            for number in range(90)
        ),
        return_exceptions=True,
    )
    assert any(isinstance(answer, ConcurrencyConflictError) for answer in answers)


async def test_a_thousand_registrations_in_one_bay_do_not_disturb_each_other(
    clients: list[Client], server: str, schema: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Registering reads the bay, not its units: nobody is ever told that what was read has changed."""
    bay = await clients[0].open_bay()
    attempts = 0
    true_attempt = execute.Session._attempt

    async def counted(self: execute.Session, *given: object) -> Answer | None:
        nonlocal attempts
        attempts += 1
        return await true_attempt(self, *given)  # pyright: ignore[reportArgumentType]

    monkeypatch.setattr(execute.Session, "_attempt", counted)
    await asyncio.gather(*(clients[number % 3].register_unit(bay) for number in range(1000)))
    assert attempts == 1000
    assert (await fetch(server, schema, "select count(*) from reference where until is null"))[0][0] == 1000


async def test_of_many_who_want_one_badge_one_gets_it(clients: list[Client], server: str, schema: str) -> None:
    bay = await clients[0].open_bay()
    units = [await clients[0].register_unit(bay) for _ in range(40)]
    answers = await asyncio.gather(
        *(clients[number % 3].answer(toy.TakeBadge(unit_id=unit, badge="7")) for number, unit in enumerate(units)),
        return_exceptions=True,
    )
    winners = [answer for answer in answers if isinstance(answer, Answer)]
    assert len(winners) == 1
    refused = [answer for answer in answers if isinstance(answer, records.BadgeIsCarriedError)]
    assert len(refused) == 39
    assert {answer.unit_id for answer in refused} == {winners[0].id}


async def test_a_bay_is_closed_or_holds_units(clients: list[Client], server: str, schema: str) -> None:
    for _ in range(10):
        bay = await clients[0].open_bay()
        answers = await asyncio.gather(
            clients[0].answer(toy.CloseBay(bay_id=bay)),
            *(clients[number % 3].answer(toy.RegisterUnit(bay_id=bay)) for number in range(1, 6)),
            return_exceptions=True,
        )
        closed, *registered = [isinstance(answer, Answer) for answer in answers]
        assert closed != any(registered)
        refusals = [answer for answer in answers if not isinstance(answer, Answer)]
        assert all(isinstance(each, records.BayHasUnitsError | records.BayIsClosedError) for each in refusals)


async def test_what_one_process_recorded_another_reads_at_once(clients: list[Client]) -> None:
    for number in range(20):
        bay = await clients[number % 3].open_bay()
        assert (await clients[(number + 1) % 3].log.record(bay)).version == 1


async def test_schemas_of_one_database_do_not_wait_for_each_other(client: Client, server: str, schema: str) -> None:
    holder = await connect(server)
    async with holder.transaction():
        await holder.execute("select pg_advisory_xact_lock(hashtextextended('cora.log.other', 0))")
        async with asyncio.timeout(1):
            await client.open_bay()
    await holder.close()


async def test_a_holder_of_the_lock_that_falls_silent_is_ended_by_the_server(
    client: Client, server: str, schema: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A transaction that is idle is ended after five seconds, on every version of Postgres."""
    monkeypatch.setattr(cora.log.connect, "IDLE_TIMEOUT", "500ms")
    bay = await client.open_bay()
    async with proxied(server) as proxy, opened(proxy.dsn, schema) as silent:
        async with silent.log.under_lock() as held:
            assert (await held.record(bay)).version == 1
            proxy.freeze()
            assert (await client.run(toy.MeasureBay(bay_id=bay, value=1)))["version"] == 2
            proxy.thaw()
            with pytest.raises(OverloadedError):
                await held.record(bay)


async def test_a_holder_that_falls_silent_in_a_statement_is_ended_by_the_next(
    client: Client, server: str, schema: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its client does not take the answer of a look, so the server waits for ever: no timeout ends that."""
    hasty = cora.log.link._END_SILENT_HOLDERS.replace("5 s", "1 s")
    monkeypatch.setattr(cora.log.link, "_END_SILENT_HOLDERS", hasty)
    bay = await client.open_bay()
    async with proxied(server) as proxy, opened(proxy.dsn, schema) as silent:
        async with silent.log.under_lock() as held:
            assert isinstance(held, HeldLog)
            large = "select repeat('x', 10000) from generate_series(1, 5000)"
            look = asyncio.create_task(held._look(large))
            await asyncio.sleep(0.05)
            proxy.freeze()
            with pytest.raises(OverloadedError):  # waits for the lock for two seconds
                await client.run(toy.MeasureBay(bay_id=bay, value=1))
            assert (await client.run(toy.MeasureBay(bay_id=bay, value=1)))["version"] == 2
            proxy.thaw()
            with pytest.raises(OverloadedError):
                await look


async def test_a_statement_that_takes_too_long_is_ended_by_the_server(
    client: Client, server: str, schema: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (row,) = await fetch(server, schema, "show server_version_num")
    if int(row[0]) < 170000:
        pytest.skip("transaction_timeout comes with Postgres 17")
    monkeypatch.setattr(cora.log.connect, "TRANSACTION_TIMEOUT", "500ms")
    bay = await client.open_bay()
    async with opened(server, schema) as slow, slow.log.under_lock() as held:
        assert isinstance(held, HeldLog)
        look = asyncio.create_task(held._look("select pg_sleep(60)"))
        assert (await client.run(toy.MeasureBay(bay_id=bay, value=1)))["version"] == 2
        with pytest.raises(OverloadedError):
            await look


async def test_connections_of_the_log_have_their_timeouts(server: str, schema: str) -> None:
    connection = await cora.log.connect.connect(server, schema)
    try:
        assert await connection.fetchval("show lock_timeout") == "2s"
        assert await connection.fetchval("show idle_in_transaction_session_timeout") == "5s"
        assert await connection.fetchval("show client_connection_check_interval") == "1s"
        if connection.get_server_version().major >= 17:
            assert await connection.fetchval("show transaction_timeout") == "10s"
        assert await connection.fetchval("select current_user") == "cora_app"
    finally:
        await connection.close()


class _NoLog:
    """A logger whose stream was closed."""

    def __getattr__(self, _level: str) -> Callable[..., None]:
        def refuse(*_: object, **__: object) -> None:
            raise ValueError("I/O operation on closed file")

        return refuse


async def test_a_fault_of_our_own_fails_its_batch_and_the_next_is_served(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If it ended the writer, every later append would wait for ever."""

    def faulty(*_: object) -> tuple[object, ...]:
        raise RuntimeError("a fault")

    with monkeypatch.context() as broken:
        broken.setattr(cora.log.append, "sending", faulty)
        with pytest.raises(RuntimeError, match="a fault"):
            await client.open_bay()
    with monkeypatch.context() as broken:
        broken.setattr(cora.log.append, "_logger", _NoLog())
        with pytest.raises(ValueError, match="closed file"):
            await client.open_bay("what cannot be stored is logged\0")
    async with asyncio.timeout(10):
        bay = await client.open_bay()
        assert (await client.run(toy.MeasureBay(bay_id=bay, value=1)))["version"] == 2
