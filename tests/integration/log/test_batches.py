"""Many requests in one transaction: judged one by one, poison found, the queue bounded, the clock never back."""

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import asyncpg
import pytest

import cora.log.append
from cora.kernel.aggregate import Claim, Fact
from cora.kernel.errors import ConcurrencyConflictError, OverloadedError, UnstorableError
from cora.kernel.execute import Answer
from cora.kernel.moment import UNRECORDED
from cora.kernel.reader import Accepted, Append, Entry, Holding, NewDocument, NewEvent, ReadSet, Stale
from cora.log.batch import APPEND, APPEND_ONE, from_micros, in_full, sending, verdicts
from cora.log.connect import connect as log_connect
from cora.log.link import Link

from . import records, toy
from .harness import Client, connect, fetch, moment, opened, verified

NOTHING_READ = ReadSet(None, {}, frozenset(), {}, True)


@asynccontextmanager
async def busy(server: str, schema: str) -> AsyncGenerator[None]:
    """Somebody else holds the lock, so that what is sent meanwhile gathers in one batch."""
    holder = await connect(server, schema)
    try:
        async with holder.transaction():
            await holder.execute("select pg_advisory_xact_lock(log_lock())")
            yield
    finally:
        await holder.close()


def opened_bay(name: str, *, data: str | None = None, search: str | None = None, **changed: object) -> Append:
    """A request to the log as the kernel makes it, or with anything else in it."""
    id = uuid4()
    body = records.BAY.encode_state(records.Bay(id, name, UNRECORDED))
    request = Append(
        reads=replace(NOTHING_READ, versions={id: 0}),
        actor="ada",
        via="system",
        entries=(
            Entry(
                request=uuid4().hex,
                events=(NewEvent(id, 1, "BayOpened", data or f'{{"name":"{name}","contact_id":null}}', 1, (id,)),),
                documents=(NewDocument(id, "bay", 1, body, name if search is None else search),),
                taken=(Holding(Claim("bay.name", name), id),),
            ),
        ),
    )
    return altered(request, **changed)


def altered(request: Append, /, **changed: object) -> Append:
    """The request with other fields, of itself or of its entry."""
    (entry,) = request.entries
    inner = {name: value for name, value in changed.items() if name in Entry.__dataclass_fields__}
    outer = {name: value for name, value in changed.items() if name not in inner}
    return replace(request, entries=(replace(entry, **inner),), **outer)  # pyright: ignore[reportArgumentType]


def with_event(**changed: object) -> Append:
    """A request whose event holds something else."""
    request = opened_bay("p")
    (event,) = request.entries[0].events
    return altered(request, events=(event._replace(**changed),))  # pyright: ignore[reportArgumentType]


POISON = {
    "a NUL in the data": opened_bay("p", data='{"name":"a\\u0000b","contact_id":null}'),
    "a lone surrogate in the data": opened_bay("p", data='{"name":"\\ud800","contact_id":null}'),
    "a number that jsonb cannot hold": opened_bay("p", data='{"name":"p","value":1e400000}'),
    "no JSON": opened_bay("p", data="{"),
    "a NUL in a text": opened_bay("p", actor="a\0b"),
    "a lone surrogate in a text": opened_bay("p", request="\ud800"),
    "a document that is no JSON": opened_bay("p", documents=(NewDocument(uuid4(), "bay", 1, "{", "p"),)),
    "a search text that is too long": opened_bay("p", search=" ".join(str(n) for n in range(300_000))),
    "the kind of a claim that is too long": opened_bay("p"),
    "a schema version out of range": with_event(schema_version=1 << 40),
    "a version that was left out": with_event(version=None),
}


@pytest.mark.parametrize("poison", POISON)
async def test_poison_fails_alone(poison: str, client: Client, server: str, schema: str) -> None:
    request = POISON[poison]
    if poison == "a document that is no JSON":
        ((event,), (document,)) = request.entries[0].events, request.entries[0].documents
        request = altered(request, documents=(document._replace(id=event.stream),))
    if poison == "the kind of a claim that is too long":
        (taken,) = request.entries[0].taken
        claim = Claim("".join(uuid4().hex for _ in range(200)), "p")
        request = altered(request, taken=(taken._replace(claim=claim),))
    async with busy(server, schema):
        first = asyncio.create_task(client.log.append(opened_bay("first")))
        await asyncio.sleep(0.02)
        neighbours = [asyncio.create_task(client.log.append(opened_bay(f"bay {number}"))) for number in range(9)]
        poisonous = asyncio.create_task(client.log.append(request))
        more = [asyncio.create_task(client.log.append(opened_bay(f"more {number}"))) for number in range(4)]
        await asyncio.sleep(0.02)
    with pytest.raises(UnstorableError):
        await poisonous
    verdicts = await asyncio.gather(first, *neighbours, *more)
    assert all(isinstance(verdict, Accepted) for verdict in verdicts)
    assert sorted(verdict.position for verdict in verdicts if isinstance(verdict, Accepted)) == list(range(1, 15))
    assert len(await fetch(server, schema, "select from event")) == 14


async def test_poison_in_a_command_is_a_refusal_and_nothing_more(client: Client, server: str, schema: str) -> None:
    bay = await client.open_bay()
    answers = await asyncio.gather(
        *(client.answer(toy.OpenBay(name=f"{number}\0" if number % 5 == 2 else f"{number}")) for number in range(20)),
        return_exceptions=True,
    )
    for number, answer in enumerate(answers):
        assert isinstance(answer, UnstorableError if number % 5 == 2 else Answer)
    assert (await client.run(toy.MeasureBay(bay_id=bay, value=1)))["version"] == 2
    assert (await verified(server, schema)).difference is None


async def test_long_values_can_be_claimed(client: Client, server: str, schema: str) -> None:
    name = "".join(uuid4().hex for _ in range(1000))
    bay = await client.open_bay(name)
    with pytest.raises(records.BayNameTakenError) as refused:
        await client.open_bay(name)
    assert refused.value.members() == {"name": name, "bay_id": bay}
    await client.open_bay(name[:-1])
    assert (await client.log.holder(Claim("bay.name", name))).owner == bay
    assert (await verified(server, schema)).difference is None


async def test_the_short_path_of_one_says_and_writes_what_the_long_path_does(server: str, schema: str) -> None:
    """Two writers take turns, one by each path; all that they leave is what the events say."""
    connection = await log_connect(server, schema)
    bay = uuid4()
    unrecorded = records.Bay(bay, "north", UNRECORDED)
    body, words = records.BAY.encode_state(unrecorded), records.BAY.search_text(unrecorded)
    opened = opened_bay("north")
    opened = altered(
        opened,
        taken=(Holding(Claim("bay.name", "north"), bay),),
        reads=replace(NOTHING_READ, versions={bay: 0}),
        events=(opened.entries[0].events[0]._replace(stream=bay, mentioned=(bay,)),),
        documents=(NewDocument(bay, "bay", 1, body, words, "north"),),
    )
    sent = sending(uuid4(), 1, [opened])
    told = json.loads(await connection.fetchval(sent.sql, *sent.rows))
    state = records.Bay(bay, "north", from_micros(told["at"]))
    for version in range(2, 67):
        state = records.BAY.evolve(state, records.BayMeasured(7.0), Fact(bay, UNRECORDED))
        measured = altered(
            opened,
            reads=replace(NOTHING_READ, versions={bay: version - 1}),
            on_behalf_of="grace" if version % 3 else None,
            events=(NewEvent(bay, version, "BayMeasured", '{"value":7.0}', 1, (bay,)),),
            documents=(NewDocument(bay, "bay", version, records.BAY.encode_state(state), None, "north"),),
            taken=(),
        )
        ways = (sending, in_full) if version % 2 else (in_full, sending)
        writer = uuid4()
        first, second = (way(writer, 1, [measured]) for way in ways)
        assert {first.sql, second.sql} == {APPEND, APPEND_ONE}
        told = await connection.fetchval(first.sql, *first.rows)
        (verdict,) = verdicts([measured], told)
        assert isinstance(verdict, Accepted)
        assert verdict.position == version
        assert told == await connection.fetchval(second.sql, *second.rows), "the stored verdict"
        late = [await connection.fetchval(sql, uuid4(), *rows[1:]) for sql, rows in (first, second)]
        assert [verdicts([measured], each) for each in late] == [[Stale()], [Stale()]]
    await connection.close()
    assert [row[0] for row in await fetch(server, schema, "select version from checkpoint order by 1")] == [32, 64]
    assert (await verified(server, schema)).difference is None


async def test_each_request_of_a_batch_is_judged_on_its_own(client: Client, server: str, schema: str) -> None:
    taken = await client.open_bay("taken")
    unread = ReadSet(None, {taken: 0}, frozenset(), {}, True)
    async with busy(server, schema):
        first = asyncio.create_task(client.log.append(opened_bay("first")))
        await asyncio.sleep(0.02)
        sent = [
            asyncio.create_task(client.log.append(request))
            for request in (
                opened_bay("one"),
                opened_bay("stale", reads=unread),
                opened_bay("taken"),
                opened_bay("two"),
                opened_bay("three"),
            )
        ]
        await asyncio.sleep(0.02)
    await first
    one, stale, claimed, two, three = await asyncio.gather(*sent)
    assert isinstance(stale, Stale)
    assert getattr(claimed, "owner", None) == taken
    accepted = [verdict for verdict in (one, two, three) if isinstance(verdict, Accepted)]
    assert [verdict.position for verdict in accepted] == [3, 4, 5]
    assert len({verdict.recorded_at for verdict in accepted}) == 1
    blocks = await fetch(server, schema, "select last_position from block order by 1")
    assert [row["last_position"] for row in blocks] == [1, 2, 5]


async def test_a_request_that_depends_on_another_waits_for_the_next_batch(
    client: Client, server: str, schema: str
) -> None:
    """All of these want one name; in one batch the database would refuse the whole of it."""
    async with busy(server, schema):
        sent = [asyncio.create_task(client.log.append(opened_bay("west"))) for _ in range(5)]
        others = [asyncio.create_task(client.log.append(opened_bay(f"bay {number}"))) for number in range(5)]
        await asyncio.sleep(0.05)
    verdicts = await asyncio.gather(*sent)
    assert sum(isinstance(verdict, Accepted) for verdict in verdicts) == 1
    assert all(isinstance(verdict, Accepted) for verdict in await asyncio.gather(*others))


async def test_the_queue_is_bounded(client: Client, server: str, schema: str) -> None:
    await client.open_bay()
    client.log._writer._maximum_waiting = 5
    async with busy(server, schema):
        first = asyncio.create_task(client.log.append(opened_bay("first")))
        await asyncio.sleep(0.02)
        sent = [asyncio.create_task(client.log.append(opened_bay(f"bay {number}"))) for number in range(8)]
        await asyncio.sleep(0.02)
        overloaded = [task for task in sent if task.done()]
        assert len(overloaded) == 3
        for task in overloaded:
            with pytest.raises(OverloadedError) as refused:
                await task
            assert refused.value.headers() == {"Retry-After": "1"}
    verdicts = await asyncio.gather(first, *(task for task in sent if task not in overloaded))
    assert all(isinstance(verdict, Accepted) for verdict in verdicts)
    assert isinstance(await client.log.append(opened_bay("later")), Accepted)


async def test_a_lock_that_is_not_to_be_had_in_time(client: Client, server: str, schema: str) -> None:
    bay = await client.open_bay()
    async with busy(server, schema):
        async with asyncio.timeout(4):
            waiting = asyncio.create_task(client.run(toy.MeasureBay(bay_id=bay, value=1)))
            with pytest.raises(ConcurrencyConflictError):
                async with client.log.under_lock():
                    pass
            with pytest.raises(OverloadedError):
                await waiting
    assert (await client.run(toy.MeasureBay(bay_id=bay, value=1)))["version"] == 2
    async with client.log.under_lock() as held:
        assert (await held.record(bay)).version == 2


async def test_a_request_that_nobody_waits_for_any_more_is_not_sent(client: Client, server: str, schema: str) -> None:
    async with busy(server, schema):
        first = asyncio.create_task(client.log.append(opened_bay("first")))
        await asyncio.sleep(0.02)
        given_up = asyncio.create_task(client.log.append(opened_bay("given up")))
        await asyncio.sleep(0.02)
        given_up.cancel()
    await first
    await client.log.append(opened_bay("last"))
    assert len(await fetch(server, schema, "select from event")) == 2


@pytest.mark.parametrize("isolation", ["repeatable read", "serializable"])
async def test_a_snapshot_from_before_the_lock_is_refused(isolation: str, server: str, schema: str) -> None:
    connection = await log_connect(server, schema)
    sent = sending(uuid4(), 1, [opened_bay("x")])
    try:
        await connection.execute(f"set default_transaction_isolation = '{isolation}'")
        with pytest.raises(asyncpg.RaiseError, match="read committed"):
            await connection.fetchval(sent.sql, *sent.rows)
        await connection.execute("set default_transaction_isolation = 'read committed'")
        await connection.fetchval(sent.sql, *sent.rows)
    finally:
        await connection.close()


async def test_another_default_of_the_database_does_no_harm(server: str, schema: str) -> None:
    database = urlsplit(server).path.removeprefix("/")
    await fetch(server, schema, f"alter database {database} set default_transaction_isolation = 'serializable'")
    try:
        async with opened(server, schema) as client:
            bay = await client.open_bay()
            assert (await client.run(toy.MeasureBay(bay_id=bay, value=1)))["version"] == 2
            async with client.log.under_lock() as held:
                assert isinstance(await held.append(opened_bay("held")), Accepted)
    finally:
        await fetch(server, schema, f"alter database {database} reset default_transaction_isolation")


async def test_recorded_at_never_goes_back(client: Client, server: str, schema: str) -> None:
    """Not when the clock of the server is set back: the log then waits at the time of its last block."""
    told = await client.run(toy.OpenBay(name="west"))
    ahead = moment(told["recorded_at"]) + timedelta(hours=1)
    superuser = await connect(server, schema)
    await superuser.execute("set session_replication_role = replica")
    await superuser.execute("update block set recorded_at = $1", ahead)
    await superuser.close()
    for number in range(3):
        told = await client.run(toy.OpenBay(name=str(number)))
        assert moment(told["recorded_at"]) == ahead == moment(told["occurred_at"])


async def test_recorded_at_is_not_when_the_wait_began(client: Client, server: str, schema: str) -> None:
    async with opened(server, schema) as other:
        async with busy(server, schema):
            waiting = asyncio.create_task(client.run(toy.OpenBay(name="west")))
            await asyncio.sleep(0.1)
            (row,) = await fetch(server, schema, "select clock_timestamp() as now")
        told = await waiting
        assert moment(told["recorded_at"]) > row["now"]
        later = await other.run(toy.OpenBay(name="east"))
        assert moment(later["recorded_at"]) > moment(told["recorded_at"])


async def test_what_was_committed_is_never_sent_again_whatever_becomes_of_its_verdicts(
    client: Client, server: str, schema: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def faulty(*_: object) -> None:
        raise RuntimeError("a fault")

    monkeypatch.setattr(cora.log.append, "verdicts", faulty)
    async with busy(server, schema):
        first = asyncio.create_task(client.log.append(opened_bay("first")))
        await asyncio.sleep(0.02)
        sent = [asyncio.create_task(client.log.append(opened_bay(f"bay {number}"))) for number in range(5)]
        await asyncio.sleep(0.02)
    for failed in (first, *sent):
        with pytest.raises(RuntimeError, match="a fault"):
            await failed
    assert len(await fetch(server, schema, "select from event")) == 6
    (row,) = await fetch(server, schema, "select number from batch")
    assert row["number"] == 2


async def test_a_fault_of_the_database_is_not_put_on_the_request(client: Client, server: str, schema: str) -> None:
    await fetch(server, schema, f"revoke insert on {schema}.event from cora_app")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await client.log.append(opened_bay("west"))
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with client.log.under_lock() as held:
            await held.append(opened_bay("west"))
    await fetch(server, schema, f"grant insert on {schema}.event to cora_app")
    assert isinstance(await client.log.append(opened_bay("west")), Accepted)


async def test_poison_under_the_lock_is_a_refusal(client: Client) -> None:
    with pytest.raises(UnstorableError):
        async with client.log.under_lock() as held:
            await held.append(POISON["a NUL in the data"])
    async with client.log.under_lock() as held:
        assert isinstance(await held.append(opened_bay("west")), Accepted)


async def test_a_connection_lost_before_the_commit_under_the_lock_loses_nothing(
    client: Client, server: str, schema: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The answer is there and the commit is not: on a new connection there would be nothing to commit."""
    true_fetchval = Link.fetchval

    async def then_lost(self: Link, sql: str, *values: Any) -> Any:
        answer = await true_fetchval(self, sql, *values)
        (await self.connection()).terminate()
        return answer

    monkeypatch.setattr(Link, "fetchval", then_lost)
    async with client.log.under_lock() as held:
        assert isinstance(await held.append(opened_bay("west")), Accepted)
    assert len(await fetch(server, schema, "select from event")) == 1
