"""The server is killed, or its database lost, at every call to an authority: both sides end as they should.

DataCite, a Handle server and ePIC. Many records stand at one moment, each at another call, when the server is killed.
"""

import asyncio
import signal
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Sequence
from functools import partial
from typing import Literal

import pytest
from tests.authorities.faults import GATEWAY_LOST_IT, PASSING, Cut, Fault, Stands
from tests.faults.facilities import CALLS, CHANGES, TOGETHER, Facility, Name, Record, Workflow, facility
from tests.faults.minting_authority import until
from tests.faults.minting_world import AT_ONCE, Server, World

KINDS: Sequence[Literal["asset", "fixture"]] = ("asset", "fixture")

Strike = Literal["killed", "killed, and its calls arrive late", "database lost"]
STRIKES: Sequence[Strike] = ("killed", "killed, and its calls arrive late", "database lost")


@pytest.fixture(params=TOGETHER, ids="-".join)
async def place(minting: World, request: pytest.FixtureRequest) -> AsyncGenerator[Facility]:
    """A facility with some of the authorities."""
    async with facility(minting, request.param) as made:
        yield made


async def strike(
    place: Facility,
    server: Server,
    how: Strike,
    asking: Iterable[Awaitable[int | None]],
    end: Callable[[], Awaitable[None]],
) -> None:
    """All who ask stand at their calls when it happens; `end` brings all to its end, and requires that it is right.

    What a dead server has sent is carried out all the same: at once, or when another has done the same.
    """
    answers = asyncio.gather(*asking)
    await place.all_stand()
    if how == "database lost":
        await place.minting.cut_database()
    else:
        assert await place.minting.end(server) == -signal.SIGKILL
        assert set(await answers) == {None}
    if how == "killed, and its calls arrive late":
        await end()
    for record in place.records:
        await record.go_on()
    if how == "database lost":
        assert set(await answers) <= {200, 201, 503}
    await end()


async def test_without_a_fault_these_are_the_calls(place: Facility) -> None:
    place.minting.settings["publish"] = "draft"
    server = await place.minting.serve()
    for authority in place.authorities:
        plan = authority.simulator.plan
        record = await place.new(authority)
        for workflow, methods in CALLS[authority.name].items():
            before = len(plan.calls)
            if workflow == "mint":
                await place.minted(server, [record])
            elif workflow == "publish":
                assert await place.send(server, record, "publish") == 200
            else:
                await place.change(server, record, workflow)
                assert await place.send(server, record, "push") == 200
            assert tuple(call.method for call in plan.calls[before:]) == tuple(methods)


@pytest.mark.parametrize(("how", "publish"), [*((how, "findable") for how in STRIKES), ("killed", "draft")])
async def test_at_each_call_of_a_mint(place: Facility, how: Strike, publish: str) -> None:
    place.minting.settings["publish"] = publish
    records = [await place.new(each, kind) for each in place.authorities for _ in each.points("mint") for kind in KINDS]
    points = [point for each in place.authorities for point in each.points("mint") for _ in KINDS]
    for record, point in zip(records, points, strict=True):
        record.stand_at(*point)
    server = await place.minting.serve()
    asking = [place.ask(server, record) for record in records]
    await strike(place, server, how, asking, partial(place.require_minted, draft=publish == "draft"))


def faults_of(name: Name) -> Sequence[Sequence[Fault | None]]:
    """What befalls the calls of a mint before one stands: each fault at each call, and the next call stands."""
    if name == "datacite":
        at_put: Sequence[Fault] = (*Cut,)
        return [[fault] for fault in PASSING] + [[None, fault] for fault in at_put]
    # After a fault one looks; where nothing is there one creates again.
    return [[fault] for fault in PASSING] + [[fault, None] for fault in (Cut.BEFORE, GATEWAY_LOST_IT)]


async def test_killed_while_the_authority_fails(place: Facility) -> None:
    """A call fails, the server tries again, and dies at that."""
    for authority in place.authorities:
        for faults in faults_of(authority.name):
            (await place.new(authority)).befalls(*faults, Stands(before=False))
    server = await place.minting.serve()
    await strike(place, server, "killed", [place.ask(server, record) for record in place.records], place.require_minted)


async def test_killed_between_two_steps_of_a_mint(place: Facility) -> None:
    steps = ("before reserved", "after reserved", "before assigned", "after assigned")
    for authority in place.authorities:
        for kind in KINDS:
            for step in steps:
                record = await place.new(authority, kind)
                place.minting.authority.stop([record.client.id], step)
    server = await place.minting.serve()
    answers = asyncio.gather(*(place.ask(server, record) for record in place.records))
    await place.minting.authority.all_stand(record.client.id for record in place.records)
    await place.minting.end(server)
    assert await answers == [None] * len(place.records)
    place.minting.authority.go_on(lost=True)
    server = await place.minting.worker_finishes()
    assert {await place.ask(server, record) for record in place.records} == {201, 409}
    await place.require_minted()


@pytest.mark.parametrize("how", STRIKES)
async def test_at_each_call_of_publishing(minting: World, how: Strike) -> None:
    """The steward has asked for it, and that is recorded: whoever comes next does it."""
    async with facility(minting, ["datacite"]) as place:
        minting.settings["publish"] = "draft"
        server = await minting.serve()
        (datacite,) = place.authorities
        points = datacite.points("publish")
        records = [await place.new(datacite) for _ in points]
        await place.minted(server, records)
        for record, point in zip(records, points, strict=True):
            record.stand_at(*point)
        asking = [place.send(server, record, "publish") for record in records]
        await strike(place, server, how, asking, partial(place.require_told, {"publish": records}))


@pytest.mark.parametrize("how", STRIKES)
async def test_at_each_call_of_a_push_that_is_asked_for(place: Facility, how: Strike) -> None:
    """What changed, and what was withdrawn, is being told when the steward has asked for that."""
    server = await place.minting.serve()
    told, points = await changed(place, server)
    for record, point in points:
        record.stand_at(*point)
    asking = [place.send(server, record, "push") for record in place.records]
    await strike(place, server, how, asking, partial(place.require_told, told))


async def changed(
    place: Facility, server: Server
) -> tuple[dict[Workflow, list[Record]], list[tuple[Record, tuple[int, bool]]]]:
    """Records that have changed, and others that were withdrawn: one for each call at which somebody may stand."""
    told: dict[Workflow, list[Record]] = {workflow: [] for workflow in CHANGES}
    points: list[tuple[Record, tuple[int, bool]]] = []
    for authority in place.authorities:
        for workflow in CHANGES:
            for point in authority.writes(workflow):
                record = await place.new(authority)
                told[workflow].append(record)
                points.append((record, point))
    await place.minted(server, place.records)
    for workflow, records in told.items():
        for record in records:
            await place.change(server, record, workflow)
    return told, points


@pytest.mark.parametrize("how", ["killed", "database lost"])
async def test_at_each_call_of_a_worker(place: Facility, how: Strike) -> None:
    """A worker tells each authority one thing after the other, is struck at each, and the next one goes on."""
    server = await place.minting.serve()
    told, points = await changed(place, server)
    for record, point in points:
        record.stand_at(*point)
    await place.minting.end(server)
    server = await place.minting.serve(grace=AT_ONCE)
    met = 0
    while met < len(points):
        standing = await standing_now(place.records)
        if how == "killed":
            await place.minting.end(server)
        else:
            await place.minting.cut_database()
        for record in standing:
            await record.go_on()
        if how == "killed":
            server = await place.minting.serve(grace=AT_ONCE)
        met += len(standing)
    await place.require_told(told)


async def standing_now(records: Sequence[Record]) -> list[Record]:
    """The records whose call stands now, one for each authority at most, once there is one."""

    async def has_come() -> bool:
        return any(record.has_come for record in records)

    await until(has_come)
    return [record for record in records if record.has_come]


async def test_killed_between_two_steps_of_telling(place: Facility) -> None:
    """Before and after it is recorded that a publication is asked for, and that the authority was told."""
    minting = place.minting
    minting.settings["publish"] = "draft"
    server = await minting.serve()
    told: dict[Workflow, list[Record]] = {"publish": [], "push": [], "withdraw": []}
    sent: list[tuple[Record, str]] = []
    for authority in place.authorities:
        for workflow in CALLS[authority.name]:
            ends = ("requested", "told") if workflow == "publish" else ("told",) if workflow != "mint" else ()
            for step in (f"{side} {end}" for end in ends for side in ("before", "after")):
                record = await place.new(authority)
                await place.minted(server, [record])
                told[workflow].append(record)
                if workflow != "publish":
                    if authority.name == "datacite":
                        assert await place.send(server, record, "publish") == 200
                        record.told = (await place.known(server, record))["pushed"]["digest"]
                    await place.change(server, record, workflow)
                minting.authority.stop([record.client.id], step)
                sent.append((record, "publish" if workflow == "publish" else "push"))
    answers = asyncio.gather(*(place.send(server, record, step) for record, step in sent))
    await minting.authority.all_stand(record.client.id for record in place.records)
    await minting.end(server)
    assert await answers == [None] * len(sent)
    minting.authority.go_on(lost=True)
    server = await minting.serve(grace=AT_ONCE)
    for record in told["publish"]:
        # What was not recorded as asked for is asked for again.
        assert await place.send(server, record, "publish") in (200, 409)
    await place.require_told(told)


@pytest.mark.parametrize("how", ["killed", "answers lost"])
async def test_a_record_changes_when_nobody_knows_what_the_authority_was_told(place: Facility, how: str) -> None:
    """What was minted has another name by now; and what was pushed is taken back, so that it is as it was before."""
    server = await place.minting.serve()
    pushed = [await place.new(each) for each in place.authorities for _ in each.writes("push")]
    await place.minted(server, pushed)
    for record, point in zip(pushed, (each for it in place.authorities for each in it.writes("push")), strict=True):
        await place.change(server, record, "push")
        record.stand_at(*point)
    minted = [await place.new(each) for each in place.authorities for _ in each.writes("mint")]
    for record, point in zip(minted, (each for it in place.authorities for each in it.writes("mint")), strict=True):
        record.stand_at(*point)
    if how == "killed":
        asking = [place.send(server, record, "push") for record in pushed]
        answers = asyncio.gather(*asking, *(place.ask(server, record) for record in minted))
        await place.all_stand()
        await place.minting.end(server)
        await answers
        for record in place.records:
            await record.go_on()
    else:
        for authority in place.authorities:
            authority.simulator.plan.ahead.clear()
            authority.simulator.plan.always["PUT"] = Cut.AFTER
        assert {await place.send(server, record, "push") for record in pushed} == {502}
        assert {await place.ask(server, record) for record in minted} <= {201, 502}
        for authority in place.authorities:
            authority.simulator.plan.always.clear()
    for record in pushed:
        record.name, record.told = record.name.removesuffix(" anew"), ""
        await place.describe(record.client, record.name, "described")
    for record in minted:
        record.name = f"{record.name} anew"
        await place.describe(record.client, record.name, "described")
    await place.require_told({"mint": [*pushed, *minted]})
