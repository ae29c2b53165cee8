"""What goes with any command, on the real log: keys, dry runs, versions, ids, times, contacts."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from cora.kernel.contact import Contact
from cora.kernel.errors import (
    IdempotencyKeyReusedError,
    IdTakenError,
    OccurredBeforeLastFactError,
    OccurredInFutureError,
    PreconditionFailedError,
    Refusal,
)
from cora.kernel.execute import Answer, Kernel

from . import records, toy
from .harness import GRACE, Client, fetch, moment, opened, verified


async def _count(server: str, schema: str) -> int:
    (row,) = await fetch(server, schema, "select count(*) from event")
    return row[0]


async def test_an_answer_says_what_was_recorded(client: Client, server: str, schema: str) -> None:
    told = await client.run(toy.OpenBay(name="west"), on_behalf_of="grace", via="cli", request_id="r 1")
    (row,) = await fetch(server, schema, "select *, data::text as text from event")
    assert told["events"] == [
        {"kind": "BayOpened", "stream": told["id"], "version": 1, "data": {"name": "west", "contact_id": None}}
    ]
    assert (told["version"], told["position"]) == (1, 1)
    assert moment(told["recorded_at"]) == moment(told["occurred_at"]) == row["recorded_at"] == row["occurred_at"]
    assert moment(told["state"]["opened_at"]) == row["occurred_at"]
    assert (row["actor"], row["via"], row["on_behalf_of"], row["request"]) == ("ada", "cli", "grace", "r 1")
    assert json.loads(row["text"]) == told["events"][0]["data"]


class TestIdempotencyKey:
    async def test_the_first_answer_is_replayed_word_for_word(self, client: Client, server: str, schema: str) -> None:
        first = await client.answer(toy.OpenBay(name="west"), idempotency_key="k")
        await client.run(toy.RenameBay(bay_id=first.id, name="east"))
        again = await client.answer(toy.OpenBay(name="west"), idempotency_key="k")
        assert again == first
        assert again.status == 201
        assert await _count(server, schema) == 2

    async def test_another_process_replays_it_too(self, client: Client, server: str, schema: str) -> None:
        first = await client.answer(toy.OpenBay(name="west"), idempotency_key="k")
        async with opened(server, schema) as other:
            assert await other.answer(toy.OpenBay(name="west"), idempotency_key="k") == first

    async def test_another_body_command_or_record_is_refused(self, client: Client) -> None:
        west = await client.open_bay("west")
        east = await client.open_bay("east")
        await client.run(toy.MeasureBay(bay_id=west, value=1), idempotency_key="k")
        for other in (
            toy.MeasureBay(bay_id=west, value=2),
            toy.MeasureBay(bay_id=east, value=1),
            toy.CloseBay(bay_id=west),
        ):
            with pytest.raises(IdempotencyKeyReusedError):
                await client.run(other, idempotency_key="k")

    async def test_keys_belong_to_a_principal(self, client: Client, server: str, schema: str) -> None:
        bay = await client.open_bay()
        await client.run(toy.MeasureBay(bay_id=bay, value=1), idempotency_key="k")
        other = await client.run(toy.MeasureBay(bay_id=bay, value=2), idempotency_key="k", principal=GRACE)
        assert other["version"] == 3

    async def test_a_refusal_is_not_kept(self, client: Client) -> None:
        bay = await client.open_bay()
        unit = await client.register_unit(bay)
        with pytest.raises(records.BayHasUnitsError):
            await client.run(toy.CloseBay(bay_id=bay), idempotency_key="k")
        await client.run(toy.RetireUnit(unit_id=unit))
        assert (await client.run(toy.CloseBay(bay_id=bay), idempotency_key="k"))["version"] == 2

    async def test_no_change_is_kept(self, client: Client) -> None:
        bay = await client.open_bay("west")
        first = await client.answer(toy.RenameBay(bay_id=bay, name="west"), idempotency_key="k")
        await client.run(toy.RenameBay(bay_id=bay, name="east"))
        assert await client.answer(toy.RenameBay(bay_id=bay, name="west"), idempotency_key="k") == first

    async def test_a_replay_does_not_ask_for_the_version_again(self, client: Client) -> None:
        bay = await client.open_bay()
        first = await client.answer(toy.MeasureBay(bay_id=bay, value=1), idempotency_key="k", if_match=1)
        assert await client.answer(toy.MeasureBay(bay_id=bay, value=1), idempotency_key="k", if_match=1) == first

    async def test_it_is_kept_for_seven_days(self, client: Client, server: str, schema: str) -> None:
        bay = await client.open_bay()
        first = await client.answer(toy.MeasureBay(bay_id=bay, value=1), idempotency_key="k")
        for age, version in (("7 days -1 minute", first.version), ("7 days 1 minute", first.version + 1)):
            await fetch(server, schema, f"update answer set answered_at = now() - interval '{age}'")
            again = await client.answer(toy.MeasureBay(bay_id=bay, value=1), idempotency_key="k")
            assert again.version == version
        assert (await client.answer(toy.MeasureBay(bay_id=bay, value=1), idempotency_key="k")).version == 3

    async def test_sent_many_times_at_once_it_is_recorded_once(self, client: Client, server: str, schema: str) -> None:
        bay = await client.open_bay()
        command = toy.MeasureBay(bay_id=bay, value=1)
        async with opened(server, schema) as other:
            answers = await asyncio.gather(
                *(each.answer(command, idempotency_key="k") for each in (client, other) for _ in range(10))
            )
        assert len({answer.body for answer in answers}) == 1
        assert await _count(server, schema) == 2

    async def test_two_bodies_at_once_one_wins(self, client: Client, server: str, schema: str) -> None:
        bay = await client.open_bay()
        async with opened(server, schema) as other:
            answers = await asyncio.gather(
                *(
                    each.answer(toy.MeasureBay(bay_id=bay, value=value), idempotency_key="k")
                    for value, each in enumerate((client, other) * 5)
                ),
                return_exceptions=True,
            )
        assert sum(isinstance(answer, Answer) for answer in answers) == 1
        assert sum(isinstance(answer, IdempotencyKeyReusedError) for answer in answers) == 9


class TestDryRun:
    async def test_it_answers_what_would_be_recorded_and_records_nothing(
        self, client: Client, server: str, schema: str
    ) -> None:
        bay = await client.open_bay("west")
        told = await client.run(toy.RenameBay(bay_id=bay, name="east"), dry_run=True, idempotency_key="k")
        assert told["dry_run"] is True
        assert [event["kind"] for event in told["events"]] == ["BayRenamed"]
        assert told["state"]["name"] == "east"
        assert told["version"] == 2
        answer = await client.answer(toy.OpenBay(name="north"), dry_run=True)
        assert answer.status == 200
        assert await _count(server, schema) == 1
        assert not await fetch(server, schema, "select from answer")
        assert not await fetch(server, schema, "select from claim where value = 'north'")

    async def test_it_meets_the_same_refusals(self, client: Client) -> None:
        west = await client.open_bay("west")
        await client.open_bay("east")
        unit = await client.register_unit(west)
        with pytest.raises(records.BayNameTakenError):
            await client.run(toy.RenameBay(bay_id=west, name="east"), dry_run=True)
        with pytest.raises(records.BayHasUnitsError):
            await client.run(toy.CloseBay(bay_id=west), dry_run=True)
        with pytest.raises(PreconditionFailedError):
            await client.run(toy.RetireUnit(unit_id=unit), dry_run=True, if_match=7)
        with pytest.raises(OccurredBeforeLastFactError):
            early = datetime.now(UTC) - timedelta(hours=1)
            await client.run(toy.RetireUnit(unit_id=unit), dry_run=True, occurred_at=early)

    async def test_it_hands_over_a_claim_within_the_request(self, client: Client) -> None:
        bay = await client.open_bay()
        one, two = await client.register_unit(bay), await client.register_unit(bay)
        await client.run(toy.TakeBadge(unit_id=one, badge="7"))
        told = await client.run(toy.HandOverBadge(unit_id=one, to_unit_id=two), dry_run=True)
        assert [event["kind"] for event in told["events"]] == ["BadgeGiven", "BadgeReceived"]


class TestIfMatch:
    async def test_it_asks_for_the_version(self, client: Client) -> None:
        bay = await client.open_bay()
        await client.run(toy.MeasureBay(bay_id=bay, value=1), if_match=1)
        with pytest.raises(PreconditionFailedError) as refused:
            await client.run(toy.MeasureBay(bay_id=bay, value=1), if_match=1)
        assert refused.value.members() == {"expected": '"1"', "version": 2}

    async def test_of_many_who_ask_for_one_version_one_wins(self, client: Client, server: str, schema: str) -> None:
        bay = await client.open_bay()
        async with opened(server, schema) as other:
            answers = await asyncio.gather(
                *(
                    each.answer(toy.MeasureBay(bay_id=bay, value=1), if_match=1)
                    for each in (client, other)
                    for _ in range(10)
                ),
                return_exceptions=True,
            )
        assert sum(isinstance(answer, Answer) for answer in answers) == 1
        assert sum(isinstance(answer, PreconditionFailedError) for answer in answers) == 19


class TestClientChosenId:
    async def test_it_becomes_the_id(self, client: Client) -> None:
        id = uuid4()
        bay = await client.run(toy.OpenBay(id=id, name="west"))
        assert UUID(bay["id"]) == id

    async def test_it_is_used_once_by_any_kind_of_record(self, client: Client) -> None:
        id = await client.open_bay()
        for command in (toy.OpenBay(id=id, name="x"), toy.RegisterUnit(id=id, bay_id=id)):
            with pytest.raises(IdTakenError) as refused:
                await client.run(command)
            assert refused.value.id == id

    async def test_of_many_who_bring_it_one_wins(self, client: Client, server: str, schema: str) -> None:
        id = uuid4()
        async with opened(server, schema) as other:
            answers = await asyncio.gather(
                *(
                    each.answer(toy.OpenBay(id=id, name=f"{each is client}{number}"))
                    for each in (client, other)
                    for number in range(5)
                ),
                return_exceptions=True,
            )
        assert sum(isinstance(answer, Answer) for answer in answers) == 1
        assert sum(isinstance(answer, IdTakenError) for answer in answers) == 9


class TestOccurredAt:
    async def test_it_is_kept_beside_recorded_at(self, client: Client, server: str, schema: str) -> None:
        then = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)
        told = await client.run(toy.OpenBay(name="west"), occurred_at=then)
        assert moment(told["occurred_at"]) == then == moment(told["state"]["opened_at"])
        assert moment(told["recorded_at"]) > then
        (row,) = await fetch(server, schema, "select occurred_at, recorded_at from event")
        assert (row["occurred_at"], row["recorded_at"]) == (then, moment(told["recorded_at"]))

    async def test_it_is_not_in_the_future(self, client: Client) -> None:
        with pytest.raises(OccurredInFutureError):
            await client.run(toy.OpenBay(name="west"), occurred_at=datetime.now(UTC) + timedelta(minutes=1))

    async def test_the_clock_of_the_log_decides(self, client: Client) -> None:
        fast = Kernel(client.log, clock=lambda: datetime.now(UTC) + timedelta(hours=1))
        client.kernel = fast
        with pytest.raises(OccurredInFutureError) as refused:
            await client.run(toy.OpenBay(name="west"), occurred_at=datetime.now(UTC) + timedelta(minutes=1))
        assert abs(refused.value.now - datetime.now(UTC)) < timedelta(seconds=10)

    async def test_along_a_record_it_does_not_go_back(self, client: Client) -> None:
        noon = datetime(2026, 1, 2, 12, tzinfo=UTC)
        bay = await client.open_bay(occurred_at=noon)
        with pytest.raises(OccurredBeforeLastFactError) as refused:
            await client.run(toy.MeasureBay(bay_id=bay, value=1), occurred_at=noon - timedelta(microseconds=1))
        assert refused.value.members() == {"id": bay, "last_occurred_at": noon}
        assert (await client.run(toy.MeasureBay(bay_id=bay, value=1), occurred_at=noon))["version"] == 2

    async def test_left_out_it_is_recorded_at_even_for_what_comes_after(self, client: Client) -> None:
        bay = await client.open_bay()
        with pytest.raises(OccurredBeforeLastFactError):
            early = datetime.now(UTC) - timedelta(seconds=5)
            await client.run(toy.MeasureBay(bay_id=bay, value=1), occurred_at=early)

    async def test_joinings_of_all_records_concerned_are_in_order(self, client: Client) -> None:
        noon = datetime(2026, 1, 2, 12, tzinfo=UTC)
        west = await client.open_bay(occurred_at=noon)
        east = await client.open_bay(occurred_at=noon)
        unit = await client.register_unit(west, occurred_at=noon + timedelta(hours=1))
        # What is no joining does not hold joinings back.
        await client.run(toy.MeasureBay(bay_id=west, value=1), occurred_at=noon + timedelta(hours=3))
        await client.register_unit(west, occurred_at=noon + timedelta(hours=2))
        with pytest.raises(OccurredBeforeLastFactError) as refused:
            await client.register_unit(west, occurred_at=noon + timedelta(hours=2) - timedelta(microseconds=1))
        assert refused.value.members() == {"id": west, "last_occurred_at": noon + timedelta(hours=2)}
        # Parting is a joining too: west held a unit of two o'clock.
        moved = toy.MoveUnit(unit_id=unit, to_bay_id=east)
        with pytest.raises(OccurredBeforeLastFactError) as refused:
            await client.run(moved, occurred_at=noon + timedelta(hours=1, minutes=30))
        assert refused.value.id == west
        await client.run(moved, occurred_at=noon + timedelta(hours=2))

    async def test_of_several_records_the_smallest_id_is_named(self, client: Client) -> None:
        one, two = sorted([uuid4(), uuid4()])
        for bay in (one, two):
            await client.run(toy.OpenBay(id=bay, name=str(bay)))
            await client.register_unit(bay)
        unit = UUID(int=(1 << 128) - 1)
        await client.run(toy.RegisterUnit(id=unit, bay_id=two))
        with pytest.raises(OccurredBeforeLastFactError) as refused:
            early = datetime.now(UTC) - timedelta(minutes=1)
            await client.run(toy.MoveUnit(unit_id=unit, to_bay_id=one), occurred_at=early)
        assert refused.value.id == one

    async def test_two_at_once_in_one_batch_are_judged_one_by_one(
        self, client: Client, server: str, schema: str
    ) -> None:
        noon = datetime(2026, 1, 2, 12, tzinfo=UTC)
        bay = await client.open_bay(occurred_at=noon)
        answers = await asyncio.gather(
            *(
                client.answer(toy.RegisterUnit(bay_id=bay), occurred_at=noon + timedelta(minutes=minute))
                for minute in (9, 3, 6, 12, 1)
            ),
            return_exceptions=True,
        )
        recorded = [each for each in answers if isinstance(each, Answer)]
        assert recorded
        assert all(isinstance(each, OccurredBeforeLastFactError) for each in answers if each not in recorded)
        assert (await verified(server, schema)).difference is None


async def test_a_contact_lies_beside_the_history_and_can_be_erased(client: Client, server: str, schema: str) -> None:
    told = await client.run(toy.OpenBay(name="west", contact=Contact.given("ada@example.org")))
    contact = UUID(told["state"]["contact_id"])
    assert "example.org" not in json.dumps(told)
    assert not await fetch(server, schema, "select from event where data::text like '%example.org%'")
    assert await client.log.contacts.get(contact) == "ada@example.org"
    assert await client.log.contacts.erase(contact)
    assert await client.log.contacts.get(contact) is None
    assert not await client.log.contacts.erase(contact)
    assert (await verified(server, schema)).difference is None


async def test_a_contact_that_no_event_holds_is_not_kept(client: Client, server: str, schema: str) -> None:
    await client.open_bay("west")
    contact = Contact.given("ada@example.org")
    with pytest.raises(Refusal):
        await client.run(toy.OpenBay(name="west", contact=contact))
    await client.run(toy.OpenBay(name="north", contact=contact), dry_run=True)
    assert not await fetch(server, schema, "select from contact")
