"""The worker finishes what is reserved."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from tests.unit.equipment.world import Dies, World

from cora.equipment.aggregates.persistent_id import PersistentIdentifierMintError
from cora.equipment.assignment import finish
from cora.equipment.finish_reservations import (
    Finished,
    finish_open_reservations,
    open_reservations,
)
from cora.equipment.ports.doi_minter import Minted, MintFailedError, MintRequest, NotAskedError
from cora.equipment.resting import FIRST_REST, Resting
from cora.kernel.execute import Answer

FAILED = MintFailedError("no answer", retryable=True)
AT_ONCE = timedelta(0)


@pytest.fixture
def world() -> World:
    return World()


async def reserve(world: World, suffix: str, kind: str = "asset", scheme: str = "DOI") -> None:
    """A reservation whose process died."""
    asset = await world.asset()
    world.minter.dies = "before the minter"
    with pytest.raises(Dies):
        await world.assign(
            kind, asset if kind == "asset" else await world.fixture_of(asset), suffix=suffix, scheme=scheme
        )


async def test_what_a_dead_process_left_is_minted_and_assigned_by_the_worker(world: World) -> None:
    await reserve(world, "a1")
    await reserve(world, "f1", "fixture")
    finished = await finish_open_reservations(world.kernel, world.log, grace=AT_ONCE)
    assert (len(finished.assigned), finished.failed, finished.left) == (2, (), ())
    assert world.minter.registered == {"10.0000/cora-stub/a1", "10.0000/cora-stub/f1"}
    assert {event.actor for event in world.log.events[-6:]} == {"system:worker"}
    assert {event.via for event in world.log.events[-6:]} == {"worker"}
    assert [event.kind for event in world.log.events[-6:]] == [
        "PersistentIdMinted", "PersistentIdMetadataPushed", "AssetPersistentIdAssigned",
        "PersistentIdMinted", "PersistentIdMetadataPushed", "FixturePersistentIdAssigned",
    ]  # fmt: skip
    assert await finish_open_reservations(world.kernel, world.log, grace=AT_ONCE) == type(finished)()


async def test_a_fresh_reservation_is_left_to_its_client(world: World) -> None:
    await reserve(world, "a1")
    finished = await finish_open_reservations(world.kernel, world.log)
    assert (finished.assigned, len(finished.left)) == ((), 1)
    assert world.minter.asked == []


async def test_after_a_failure_the_worker_waits_longer_and_then_tries_again(world: World) -> None:
    await reserve(world, "a1")
    world.minter.outcomes = [FAILED, FAILED]
    began = world.log.events[-1].recorded_at
    tried: list[int] = []
    for minute in range(40):
        world.log.clock = lambda at=began + timedelta(seconds=6 * minute): at
        before = len(world.minter.asked)
        finished = await finish_open_reservations(world.kernel, world.log)
        if len(world.minter.asked) > before:
            tried.append(minute)
        if finished.assigned:
            break
    first, second, third = tried
    # 10 s, then between a half and one and a half of 20 s and of 40 s, looked at every 6 s
    assert first == 2
    assert 2 <= second - first <= 6
    assert 4 <= third - second <= 11
    assert world.minter.registered == {"10.0000/cora-stub/a1"}


async def test_one_failure_does_not_keep_the_others_back(world: World) -> None:
    await reserve(world, "a1")
    await reserve(world, "a2")
    world.minter.outcomes = [FAILED]
    finished = await finish_open_reservations(world.kernel, world.log, grace=AT_ONCE)
    assert (len(finished.failed), len(finished.assigned)) == (1, 1)


async def test_a_hopeless_reservation_is_released_by_the_worker(world: World) -> None:
    await reserve(world, "a1")
    world.minter.outcomes = [MintFailedError("not allowed", retryable=False)]
    finished = await finish_open_reservations(world.kernel, world.log, grace=AT_ONCE)
    assert len(finished.failed) == 1
    assert world.log.kinds()[-1] == "PersistentIdReleased"
    assert [each async for each in open_reservations(world.log)] == []


async def test_two_workers_and_a_client_at_once_mint_once(world: World) -> None:
    asset = await world.asset()
    world.minter.outcomes = [FAILED]
    with pytest.raises(PersistentIdentifierMintError):
        await world.assign("asset", asset)
    world.minter.asked.clear()
    world.minter.gate = asyncio.Event()
    work: list[asyncio.Task[Any]] = [
        asyncio.create_task(finish_open_reservations(world.kernel, world.log, grace=AT_ONCE)),
        asyncio.create_task(finish_open_reservations(world.kernel, world.log, grace=AT_ONCE)),
        asyncio.create_task(world.assign("asset", asset)),
    ]
    await asyncio.sleep(0.05)
    world.minter.gate.set()
    await asyncio.gather(*work, return_exceptions=True)
    assert len(world.minter.asked) == 1
    assert world.log.kinds().count("AssetPersistentIdAssigned") == 1


async def test_every_page_of_reservations_is_read(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cora.equipment.finish_reservations.MAXIMUM_LIMIT", 2)
    for number in range(5):
        await reserve(world, f"a{number}")
    found = [each.persistent_id.value async for each in open_reservations(world.log)]
    assert sorted(found) == [f"10.0000/cora-stub/a{number}" for number in range(5)]


LOST = MintFailedError("gave no answer", retryable=True, answered=False)
NOT_ASKED = NotAskedError("no call is free", retry_after=60.0)


@pytest.mark.parametrize(("outcome", "recorded", "seconds"), [(LOST, 1, FIRST_REST.seconds), (NOT_ASKED, 0, 60)])
async def test_an_authority_that_gives_no_answer_or_is_not_to_be_asked_is_left_alone_and_holds_up_no_other(
    world: World, outcome: MintFailedError, recorded: int, seconds: int
) -> None:
    for number in range(3):
        await reserve(world, f"a{number}")
    await reserve(world, "h1", scheme="Handle")
    usual, asked = world.minter.mint, list[str]()

    async def mint(request: MintRequest) -> Minted:
        asked.append(request.identifier.scheme)
        if request.identifier.scheme == "DOI":
            raise outcome
        return await usual(request)

    world.minter.mint = mint
    resting, began = Resting(), world.log.clock()
    world.log.clock = lambda: began
    for _ in range(2):
        await finish_open_reservations(world.kernel, world.log, grace=AT_ONCE, resting=resting)
    assert sorted(asked) == ["DOI", "Handle"]
    assert world.log.kinds().count("PersistentIdMintFailed") == recorded
    world.minter.mint = usual
    world.log.clock = lambda: began + timedelta(seconds=seconds)
    finished = await finish_open_reservations(world.kernel, world.log, grace=AT_ONCE, resting=resting)
    assert len(finished.assigned) >= 2


async def test_where_no_authority_is_set_up_nothing_is_recorded(world: World) -> None:
    await reserve(world, "h1", scheme="Handle")
    world.minter.only = {"DOI"}
    before = world.log.kinds()
    finished = await finish_open_reservations(world.kernel, world.log, grace=AT_ONCE)
    assert (len(finished.left), world.log.kinds(), world.minter.asked) == (1, before, [])


async def test_what_breaks_is_put_off_and_those_behind_it_are_finished(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(3):
        await reserve(world, f"a{number}")
    tried: list[UUID] = []
    [first, *_] = [each.persistent_id.id async for each in open_reservations(world.log)]

    async def breaks(subject: Any, id: UUID, reservation: UUID, *rest: Any, **given: Any) -> Answer:
        tried.append(reservation)
        if reservation == first:
            raise ZeroDivisionError
        return await finish(subject, id, reservation, *rest, **given)

    monkeypatch.setattr("cora.equipment.finish_reservations.finish", breaks)
    resting, began = Resting(), world.log.clock()
    for seconds, tries in ((0, 1), (1, 1), (10, 2), (20, 2), (30, 3)):
        world.log.clock = lambda at=began + timedelta(seconds=seconds): at
        finished = await finish_open_reservations(world.kernel, world.log, grace=AT_ONCE, resting=resting)
        assert len(finished.assigned) == (2 if seconds == 0 else 0)
        assert tried.count(first) == tries


async def test_one_worker_finishes_for_all(world: World) -> None:
    await reserve(world, "a1")
    async with world.wired.leases.hold("reservations"):
        assert await finish_open_reservations(world.kernel, world.log, grace=AT_ONCE) == Finished()
    assert world.minter.asked == []
