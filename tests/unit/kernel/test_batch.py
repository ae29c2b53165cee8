"""Many commands in one request: what each is answered, what all of them leave, and what is refused."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from random import Random
from typing import Any, cast
from uuid import uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.integration.log import batches, records, toy
from tests.integration.log.batches import BAYS, NOON, UNITS, Step, alone, answers, opening, run, steps
from tests.unit.memory_log import MemoryLog

from cora.kernel import together
from cora.kernel.aggregate import Claim
from cora.kernel.batch import MAXIMUM_COMMANDS, Batch, run_batch
from cora.kernel.errors import (
    ForbiddenError,
    IdempotencyKeyReusedError,
    InvalidRequestError,
    OccurredBeforeLastFactError,
    OccurredInFutureError,
    OverloadedError,
    PreconditionFailedError,
    Refusal,
)
from cora.kernel.execute import Kernel
from cora.kernel.principal import Principal, Role
from cora.kernel.requests import to_request

NOW = NOON + timedelta(days=1)
BAY, OTHER, _ = BAYS
UNIT, SECOND, *_ = UNITS


async def kernel_with(before: Sequence[Step] = ()) -> Kernel:
    """A kernel on a log in memory, at one moment, on which some commands were done."""
    log = MemoryLog()
    log.clock = lambda: NOW
    kernel = Kernel(log, clock=lambda: NOW)
    for step in before:
        await alone(kernel, step)
    return kernel


def log_of(kernel: Kernel) -> MemoryLog:
    return cast("MemoryLog", kernel.log)


def recorded(kernel: Kernel) -> dict[str, Any]:
    """All that is in the log but the position at which relations moved, which is no fact."""
    tables = vars(log_of(kernel).tables.copy())
    tables["pointing"] = {key: sources for key, sources in tables["pointing"].items() if sources}
    return {name: value for name, value in tables.items() if name not in ("moved", "answers")}


def told(refusal: Refusal) -> tuple[str, dict[str, Any]]:
    """A refusal, but for a time that only the log gives."""
    return refusal.code(), {name: value for name, value in refusal.members().items() if name != "last_occurred_at"}


async def attempted(kernel: Kernel, step: Step) -> dict[str, Any] | Refusal:
    """What a command is answered by itself."""
    try:
        return json.loads((await alone(kernel, step)).body)
    except Refusal as refusal:
        return refusal


def same(one: dict[str, Any], other: dict[str, Any]) -> bool:
    """Whether two answers say the same but for the position."""
    return {**one, "position": 0} == {**other, "position": 0}


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 2**32).map(Random))
async def test_all_at_once_comes_to_what_they_come_to_one_by_one(chance: Random) -> None:
    one_by_one, at_once = await kernel_with(), await kernel_with()
    for step in [*opening(chance.randint(1, 3), chance.randint(0, 4)), *steps(chance, chance.randrange(20))]:
        for kernel in (one_by_one, at_once):
            await attempted(kernel, step)
    untouched = recorded(at_once)
    done: list[Step] = []
    said: list[dict[str, Any]] = []
    for step in steps(chance, 60):
        answer = await attempted(one_by_one, step)
        if not isinstance(answer, Refusal):
            done.append(step)
            said.append(answer)
        elif chance.random() < 0.1:
            with pytest.raises(type(answer)) as refused:
                await run(at_once, *done, step)
            assert told(refused.value) == told(answer)
            assert refused.value.place == f"/commands/{len(done)}"
            assert recorded(at_once) == untouched
            break
    if done:
        heard = await answers(at_once, *done)
        assert all(same(each["body"], answer) for each, answer in zip(heard, said, strict=True))
        assert recorded(at_once) == recorded(one_by_one)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32).map(Random))
async def test_a_rehearsal_says_what_each_would_be_answered(chance: Random) -> None:
    kernel = await kernel_with(opening(chance.randint(1, 3), chance.randint(0, 4)))
    for step in steps(chance, 10):
        await attempted(kernel, step)
    wanted = steps(chance, 60)
    untouched = recorded(kernel)
    rehearsed = await answers(kernel, *wanted, atomic=False, dry_run=True)
    assert recorded(kernel) == untouched
    done = await answers(kernel, *wanted, atomic=False)
    for one, other in zip(rehearsed, done, strict=True):
        assert one["body"].get("code") == other["body"].get("code")
        if "code" not in other["body"]:
            assert one["body"].pop("dry_run") is True
            assert same(one["body"], other["body"])
            assert one["status"] == 200
        elif one["body"]["code"] != "OccurredBeforeLastFact":
            assert one == other


async def test_later_commands_see_what_earlier_ones_did() -> None:
    kernel = await kernel_with()
    said = await answers(
        kernel,
        toy.OpenBay(id=BAY, name="west"),
        toy.OpenBay(id=OTHER, name="east"),
        toy.RegisterUnit(id=UNIT, bay_id=BAY),
        toy.RegisterUnit(id=SECOND, bay_id=BAY),
        toy.TakeBadge(unit_id=UNIT, badge="7"),
        toy.HandOverBadge(unit_id=UNIT, to_unit_id=SECOND),
        toy.TallyBay(bay_id=BAY),
        toy.MoveUnit(unit_id=UNIT, to_bay_id=OTHER),
        toy.MoveUnit(unit_id=SECOND, to_bay_id=OTHER),
        toy.CloseBay(bay_id=BAY),
        toy.RenameBay(bay_id=OTHER, name="west"),
        toy.NoteCarrier(unit_id=UNIT, badge="7"),
    )
    assert [each["status"] for each in said] == [201, 201, 201, 201, *[200] * 8]
    assert said[6]["body"]["events"][0]["data"] == {"units": [str(UNIT), str(SECOND)], "badges": 1}
    assert said[11]["body"]["events"][0]["data"] == {"badge": "7", "carrier": str(SECOND)}
    assert {each["body"]["position"] for each in said} == {13}
    log = log_of(kernel)
    assert log.tables.claims == {Claim("bay.name", "west"): OTHER, Claim("unit.badge", "7"): SECOND}
    assert log.tables.pointing["unit.bay_id", OTHER] == {UNIT, SECOND}


async def test_the_first_refusal_refuses_all_and_is_named() -> None:
    kernel = await kernel_with(opening())
    untouched = recorded(kernel)
    with pytest.raises(records.BayHasUnitsError) as refused:
        await run(kernel, toy.OpenBay(name="west"), toy.CloseBay(bay_id=BAY), toy.CloseBay(bay_id=uuid4()))
    assert refused.value.place == "/commands/1"
    assert refused.value.members() == {"bay_id": BAY, "unit_id": UNIT}
    assert recorded(kernel) == untouched


async def test_a_value_that_another_holds_is_refused_where_it_was_taken_although_it_is_released_again() -> None:
    kernel = await kernel_with([Step(toy.OpenBay(id=BAY, name="west")), Step(toy.OpenBay(id=OTHER, name="east"))])
    with pytest.raises(records.BayNameTakenError) as refused:
        await run(kernel, toy.RenameBay(bay_id=BAY, name="east"), toy.RenameBay(bay_id=BAY, name="north"))
    assert (refused.value.place, refused.value.bay_id) == ("/commands/0", OTHER)


async def test_values_change_hands() -> None:
    kernel = await kernel_with([Step(toy.OpenBay(id=BAY, name="west")), Step(toy.OpenBay(id=OTHER, name="east"))])
    await run(
        kernel,
        toy.RenameBay(bay_id=BAY, name="between"),
        toy.RenameBay(bay_id=OTHER, name="west"),
        toy.RenameBay(bay_id=BAY, name="east"),
    )
    claims = log_of(kernel).tables.claims
    assert claims == {Claim("bay.name", "east"): BAY, Claim("bay.name", "west"): OTHER}


class TestTimes:
    async def test_each_has_its_own_or_that_of_the_batch(self) -> None:
        kernel = await kernel_with()
        own = Step(toy.OpenBay(name="b"), NOON + timedelta(hours=1))
        said = await answers(kernel, toy.OpenBay(name="a"), own, occurred_at=NOON)
        assert [each["body"]["occurred_at"][11:13] for each in said] == ["12", "13"]
        said = await answers(kernel, toy.OpenBay(name="c"), replace(own, command=toy.OpenBay(name="d")))
        assert [datetime.fromisoformat(each["body"]["occurred_at"]) for each in said] == [NOW, own.occurred_at]

    async def test_one_without_a_time_occurs_after_all_that_have_one(self) -> None:
        kernel = await kernel_with()
        with pytest.raises(OccurredBeforeLastFactError) as refused:
            await run(kernel, toy.OpenBay(id=BAY, name="a"), Step(toy.MeasureBay(bay_id=BAY, value=1), NOW))
        assert (refused.value.place, refused.value.id) == ("/commands/1", BAY)

    async def test_joinings_go_forward_within_the_batch(self) -> None:
        kernel = await kernel_with(opening(2, 0))
        late, early = NOON + timedelta(hours=2), NOON + timedelta(hours=1)
        with pytest.raises(OccurredBeforeLastFactError) as refused:
            await run(
                kernel,
                Step(toy.RegisterUnit(id=UNIT, bay_id=BAY), late),
                Step(toy.RegisterUnit(id=SECOND, bay_id=BAY), early),
            )
        assert (refused.value.id, refused.value.last_occurred_at) == (BAY, late)

    async def test_nothing_happens_in_the_future(self) -> None:
        kernel = await kernel_with()
        with pytest.raises(OccurredInFutureError) as refused:
            await run(kernel, toy.OpenBay(name="a"), Step(toy.OpenBay(name="b"), NOW + timedelta(seconds=1)))
        assert refused.value.place == "/commands/1"

    async def test_no_change_shows_a_record_of_the_batch_with_its_time(self) -> None:
        """The time that the log gives stands in the state, whatever time the second command has."""
        kernel = await kernel_with()
        same_name = Step(toy.RenameBay(bay_id=BAY, name="a"), NOON)
        _, unchanged = await answers(kernel, toy.OpenBay(id=BAY, name="a"), same_name)
        assert unchanged["body"]["events"] == []
        assert datetime.fromisoformat(unchanged["body"]["state"]["opened_at"]) == NOW


class TestVersions:
    async def test_they_are_those_that_earlier_commands_left(self) -> None:
        kernel = await kernel_with()
        measure = toy.MeasureBay(bay_id=BAY, value=1)
        said = await answers(
            kernel, toy.OpenBay(id=BAY, name="a"), Step(measure, if_match=1), Step(measure, if_match=2)
        )
        assert [each["body"]["version"] for each in said] == [1, 2, 3]
        with pytest.raises(PreconditionFailedError) as refused:
            await run(kernel, Step(measure, if_match=3), Step(measure, if_match=3))
        assert (refused.value.place, refused.value.version) == ("/commands/1", 4)

    async def test_the_batch_itself_has_none(self) -> None:
        kernel = await kernel_with()
        with pytest.raises(InvalidRequestError) as refused:
            await run(kernel, toy.OpenBay(name="a"), if_match=1)
        assert [each.pointer for each in refused.value.errors] == ["/If-Match"]


class TestKeys:
    async def test_an_atomic_batch_is_replayed_as_a_whole(self) -> None:
        kernel = await kernel_with()
        wanted = (toy.OpenBay(name="a"), toy.OpenBay(name="b"))
        first = await run(kernel, *wanted, idempotency_key="k")
        assert await run(kernel, *wanted, idempotency_key="k", request_id="another") == first
        assert len(log_of(kernel).events) == 2

    async def test_another_batch_with_the_key_is_refused(self) -> None:
        kernel = await kernel_with()
        one, other = toy.OpenBay(name="a"), toy.OpenBay(name="b")
        await run(kernel, one, other, idempotency_key="k")
        for changed in ((one,), (other, one), (one, Step(other, NOON)), (one, Step(other, if_match=0))):
            with pytest.raises(IdempotencyKeyReusedError):
                await run(kernel, *changed, idempotency_key="k")

    async def test_one_that_records_nothing_is_kept_too(self) -> None:
        kernel = await kernel_with([Step(toy.OpenBay(id=BAY, name="a"))])
        first = await run(kernel, toy.RenameBay(bay_id=BAY, name="a"), idempotency_key="k")
        await run(kernel, toy.RenameBay(bay_id=BAY, name="b"))
        assert await run(kernel, toy.RenameBay(bay_id=BAY, name="a"), idempotency_key="k") == first

    async def test_on_its_own_each_command_has_a_key_of_its_own(self) -> None:
        kernel = await kernel_with()
        wanted = (toy.OpenBay(id=BAY, name="a"), toy.OpenBay(id=BAY, name="b"), toy.OpenBay(name="c"))
        first = await answers(kernel, *wanted, atomic=False, idempotency_key="k")
        assert [each["status"] for each in first] == [201, 409, 201]
        again = await answers(kernel, *wanted, atomic=False, idempotency_key="k")
        assert again == first
        alone_again = await alone(kernel, Step(wanted[2]), idempotency_key="k/2")
        assert json.loads(alone_again.body) == first[2]["body"]
        assert len(log_of(kernel).events) == 2

    async def test_a_refused_batch_is_not_kept(self) -> None:
        kernel = await kernel_with(opening())
        with pytest.raises(records.BayHasUnitsError):
            await run(kernel, toy.CloseBay(bay_id=BAY), idempotency_key="k")
        for unit in UNITS:
            await alone(kernel, Step(toy.RetireUnit(unit_id=unit)))
        (closed,) = await answers(kernel, toy.CloseBay(bay_id=BAY), idempotency_key="k")
        assert closed["status"] == 200


class TestOnTheirOwn:
    async def test_the_others_go_on(self) -> None:
        kernel = await kernel_with()
        wanted = [
            toy.OpenBay(id=BAY, name="west"),
            toy.OpenBay(name="west"),
            {"command": "open_bay", "arguments": {"name": 3}},
            toy.RegisterUnit(bay_id=BAY),
        ]
        said = json.loads((await run(kernel, *wanted, atomic=False, request_id="r")).body)
        assert [each["status"] for each in said["answers"]] == [201, 409, 422, 201]
        assert [each["body"].get("code") for each in said["answers"]] == [None, "BayNameTaken", "InvalidRequest", None]
        assert said["answers"][1]["body"]["request_id"] == "r/1"
        assert "pointer" not in said["answers"][1]["body"]
        assert said["position"] == 2

    async def test_without_an_answer_there_is_no_position(self) -> None:
        kernel = await kernel_with()
        said = json.loads((await run(kernel, toy.CloseBay(bay_id=BAY), atomic=False)).body)
        assert said["position"] is None

    async def test_when_the_server_is_overloaded_the_rest_is_not_tried(self, monkeypatch: pytest.MonkeyPatch) -> None:
        kernel = await kernel_with()
        tried = 0
        true_append = kernel.log.append

        async def append(request: Any) -> Any:
            nonlocal tried
            tried += 1
            if tried == 2:
                raise OverloadedError
            return await true_append(request)

        monkeypatch.setattr(kernel.log, "append", append)
        said = await answers(kernel, *(toy.OpenBay(name=str(number)) for number in range(5)), atomic=False)
        assert [each["status"] for each in said] == [201, 503, 503, 503, 503]
        assert tried == 2

    @pytest.mark.parametrize("atomic", [True, False])
    async def test_answers_have_bounds(self, atomic: bool, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(together, "MAXIMUM_ANSWERS", 500)
        kernel = await kernel_with()
        wanted = [toy.OpenBay(name="x" * 300), toy.OpenBay(name="b"), toy.OpenBay(name="c")]
        if atomic:
            with pytest.raises(Refusal) as refused:
                await run(kernel, *wanted)
            assert (refused.value.status, refused.value.place) == (413, "/commands/1")
            assert not log_of(kernel).events
        else:
            said = await answers(kernel, *wanted, atomic=False)
            assert [each["status"] for each in said] == [201, 413, 413]
            assert "another batch" in said[1]["body"]["detail"]


class TestShape:
    WRONG: tuple[tuple[dict[str, Any], list[str]], ...] = (
        ({}, ["/commands"]),
        ({"commands": []}, ["/commands"]),
        ({"commands": [{}] * (MAXIMUM_COMMANDS + 1)}, ["/commands"]),
        ({"commands": {"command": "open_bay"}}, ["/commands"]),
        ({"commands": [{}], "atomic": "true"}, ["/atomic"]),
        ({"commands": [{}], "atomic": 1, "further": 1}, ["/atomic", "/further"]),
    )

    @pytest.mark.parametrize(("body", "places"), WRONG)
    def test_of_the_batch(self, body: dict[str, Any], places: list[str]) -> None:
        with pytest.raises(InvalidRequestError) as refused:
            to_request(Batch, body)
        assert [each.pointer for each in refused.value.errors] == places

    HOSTILE: tuple[tuple[Any, list[str]], ...] = (
        (None, [""]),
        ([], [""]),
        ("open_bay", [""]),
        ({}, ["/command"]),
        ({"command": 1}, ["/command"]),
        ({"command": "no_such_thing"}, ["/command"]),
        ({"command": "batch", "arguments": {"commands": []}}, ["/command"]),
        ({"command": "open_bay", "arguments": []}, ["/arguments"]),
        ({"command": "open_bay"}, ["/arguments/name"]),
        ({"command": "open_bay", "arguments": {"name": 1, "x": 2}, "occurred_at": "soon", "if_match": 1},
         ["/arguments/name", "/arguments/x", "/occurred_at"]),
        ({"command": "open_bay", "arguments": {"name": "a"}, "x": 1, "if_match": -1}, ["/if_match", "/x"]),
        ({"command": "open_bay", "arguments": {"name": "a"}, "on_behalf_of": "\u200b", "if_match": "1"}, ["/if_match"]),
        ({"command": "open_bay", "arguments": {"name": "a"}, "on_behalf_of": " "}, ["/on_behalf_of"]),
    )  # fmt: skip

    @pytest.mark.parametrize(("given", "places"), HOSTILE)
    async def test_of_a_command(self, given: Any, places: list[str]) -> None:
        kernel = await kernel_with()
        good = toy.OpenBay(name="good")
        with pytest.raises(InvalidRequestError) as refused:
            await run(kernel, good, given)
        assert [each.pointer for each in refused.value.errors] == [f"/commands/1{place}" for place in places]
        assert not log_of(kernel).events
        for options in ({"dry_run": True}, {}):
            one, other = await answers(kernel, good, given, atomic=False, **options)
            assert one["status"] < 300
            assert other["body"]["code"] == "InvalidRequest"
            assert [each["pointer"] for each in other["body"]["errors"]] == [f"/commands/1{place}" for place in places]

    async def test_all_that_is_wrong_with_an_atomic_batch_is_told_together(self) -> None:
        kernel = await kernel_with()
        with pytest.raises(InvalidRequestError) as refused:
            await run(kernel, *(given for given, _ in self.HOSTILE))
        expected = [f"/commands/{n}{place}" for n, (_, places) in enumerate(self.HOSTILE) for place in places]
        assert [each.pointer for each in refused.value.errors] == expected

    @pytest.mark.parametrize("atomic", [True, False])
    async def test_the_role_comes_before_it(self, atomic: bool) -> None:
        kernel = await kernel_with()
        reader = Principal("eve", Role.READER)
        batch = Batch(commands=({"command": "open_bay"},), atomic=atomic)
        with pytest.raises(ForbiddenError):
            await run_batch(kernel, batches.BATCH, batch, replace(batches.call(), principal=reader))


async def test_a_thousand_commands() -> None:
    kernel = await kernel_with([Step(toy.OpenBay(id=BAY, name="west"))])
    ids = [uuid4() for _ in range(MAXIMUM_COMMANDS)]
    said = await answers(kernel, *(toy.RegisterUnit(id=id, bay_id=BAY) for id in ids))
    assert [each["body"]["id"] for each in said] == [str(id) for id in ids]
    assert log_of(kernel).tables.pointing["unit.bay_id", BAY] == set(ids)


async def test_what_a_batch_read_is_what_the_append_checks() -> None:
    """The records that it makes itself are read as absent, and nothing of what it did is in the read set."""
    kernel = await kernel_with(opening(2, 1))
    log = log_of(kernel)
    seen: list[Any] = []
    true_append = log.append

    async def append(request: Any) -> Any:
        seen.append(request)
        return await true_append(request)

    log.append = append  # type: ignore[method-assign]
    await run(
        kernel,
        toy.RegisterUnit(id=SECOND, bay_id=BAY),
        toy.TakeBadge(unit_id=SECOND, badge="7"),
        toy.MoveUnit(unit_id=SECOND, to_bay_id=OTHER),
        toy.TallyBay(bay_id=OTHER),
        toy.NoteCarrier(unit_id=SECOND, badge="7"),
    )
    (request,) = seen
    assert request.reads.versions == {SECOND: 0, BAY: 1, OTHER: 1}
    assert request.reads.relations == {("unit.bay_id", OTHER)}
    assert request.reads.claims == {Claim("unit.badge", "7"): None}
    assert [entry.request for entry in request.entries] == [f"r/{number}" for number in range(5)]


async def test_a_refusal_from_a_mixture_of_old_and_new_is_decided_again(monkeypatch: pytest.MonkeyPatch) -> None:
    kernel = await kernel_with([*opening(1, 2), Step(toy.TakeBadge(unit_id=SECOND, badge="7"))])
    true_dawdle = toy._dawdle

    async def hand_over() -> None:
        """Between the looks at the two units."""
        monkeypatch.setattr(toy, "_dawdle", true_dawdle)
        await alone(kernel, Step(toy.HandOverBadge(unit_id=SECOND, to_unit_id=UNIT)))

    async def one_by_one(*_: object) -> None:
        """Units are not looked at in one go."""

    monkeypatch.setattr(toy, "_dawdle", hand_over)
    monkeypatch.setattr(together.Together, "_look_ahead", one_by_one)
    said = await answers(
        kernel, toy.CompareUnits(unit_id=UNIT, other_unit_id=SECOND), toy.MeasureBay(bay_id=BAY, value=1)
    )
    assert [each["status"] for each in said] == [200, 200]


async def test_what_is_stale_is_decided_again_and_at_last_under_the_lock(monkeypatch: pytest.MonkeyPatch) -> None:
    kernel = await kernel_with(opening(2, 0))
    log = log_of(kernel)
    other = Kernel(log, clock=lambda: NOW)
    true_append, meddled = log.append, 0

    async def append(request: Any) -> Any:
        nonlocal meddled
        if len(request.entries) > 1:
            meddled += 1
            log.append = true_append  # type: ignore[method-assign]
            await alone(other, Step(toy.MeasureBay(bay_id=BAY, value=meddled)))
            log.append = append  # type: ignore[method-assign]
        return await true_append(request)

    log.append = append  # type: ignore[method-assign]
    said = await answers(kernel, toy.RegisterUnit(bay_id=BAY), toy.TallyBay(bay_id=OTHER))
    assert [each["status"] for each in said] == [201, 200]
    assert meddled == 3
