"""The server is killed, or its database lost, at every call to an authority: both sides end as they should.

DataCite, a Handle server and ePIC. Many records stand at one moment, each at another call, when the server is killed.
"""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from functools import partial
from typing import Literal

import pytest
from tests.authorities.faults import GATEWAY_LOST_IT, PASSING, Cut, Fault, Stands
from tests.faults.facilities import (
    CALLS,
    CHANGES,
    MOVED_URL,
    PUBLISHING,
    TOGETHER,
    TOLD,
    Facility,
    Name,
    Record,
    Told,
    Workflow,
    each_of,
    facility,
)
from tests.faults.minting_authority import until
from tests.faults.minting_world import AT_ONCE, Server, World
from tests.faults.strikes import STRIKES, Strike, strike

from cora.equipment.minting import ON_ITS_WAY_SECONDS

KINDS: Sequence[Literal["asset", "fixture"]] = ("asset", "fixture")


@pytest.fixture(params=TOGETHER, ids="-".join)
async def place(minting: World, request: pytest.FixtureRequest) -> AsyncGenerator[Facility]:
    """A facility with some of the authorities."""
    async with facility(minting, request.param) as made:
        yield made


async def test_without_a_fault_these_are_the_calls(place: Facility) -> None:
    for authority in place.authorities:
        plan = authority.simulator.plan
        told: dict[Workflow, list[Record]] = {each: [await place.new(authority)] for each in CALLS[authority.name]}
        await place.ready(told)
        server = await place.minting.serve()
        for workflow, methods in CALLS[authority.name].items():
            before = len(plan.calls)
            assert await place.do(server, told[workflow][0], workflow) in (200, 201)
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
    await strike(place, [server], how, asking, partial(place.require_minted, draft=publish == "draft"))


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
    await strike(
        place, [server], "killed", [place.ask(server, record) for record in place.records], place.require_minted
    )


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
async def test_at_each_call_of_telling_that_is_asked_for(place: Facility, how: Strike) -> None:
    """The steward has asked for it, and that is recorded: whoever comes next does it."""
    told = await place.at_each_call(TOLD)
    asked = each_of(told)
    servers = await place.serve_each(record for record, _ in asked)
    asking = [place.do(server, *each) for server, each in zip(servers, asked, strict=True)]

    async def meanwhile() -> None:
        await place.give_up(servers[0], told)
        for record in (record for workflow in PUBLISHING for record in told[workflow]):
            assert await place.withdraw(servers[0], record) == 409, "its authority was asked to publish it"

    await strike(place, servers, how, asking, partial(place.require_told, told), meanwhile)
    if how == "killed" and told["publish"]:
        await require_withdrawn(place, told)


@pytest.mark.parametrize("how", ["killed", "database lost"])
async def test_at_each_call_of_a_worker(place: Facility, how: Strike) -> None:
    """A worker tells each authority one thing after the other, is struck at each, and the next one goes on."""
    told = await place.at_each_call(CHANGES)
    server = await place.minting.serve(grace=AT_ONCE)
    met = 0
    while met < len(place.records):
        standing = await standing_now(place.records)
        await place.give_up(server, {"give up": [each for each in standing if each in told["give up"]]})
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
    told: dict[Workflow, list[Record]] = {workflow: [] for workflow in TOLD}
    steps: dict[str, str] = {}
    for authority in place.authorities:
        for workflow in authority.those_of(TOLD):
            ends = ("requested", "told") if workflow in PUBLISHING else ("told",)
            for step in (f"{side} {end}" for end in ends for side in ("before", "after")):
                told[workflow].append(await place.new(authority))
                steps[told[workflow][-1].client.id] = step
    await place.ready(told)
    minting.authority.stops |= steps
    server, other = await minting.serve(), await minting.serve()
    answers = asyncio.gather(*(place.do(server, *each) for each in each_of(told)))
    await minting.authority.all_stand(steps)
    await place.give_up(other, told)
    await minting.end(server)
    assert set(await answers) == {None}
    minting.authority.go_on(lost=True)
    for record in (record for workflow in PUBLISHING for record in told[workflow]):
        # What was not recorded as asked for is asked for again.
        assert await place.send(other, record, "publish") in (200, 409)
    await place.require_told(told)


@pytest.mark.parametrize("place", TOGETHER[:1], ids="-".join, indirect=True)
async def test_killed_while_a_withdrawal_or_a_redirection_is_recorded(place: Facility) -> None:
    """Whoever got no answer sends it again."""
    minting = place.minting
    told: dict[Workflow, list[Record]] = {"withdraw": [], "redirect": [], "give up": []}
    steps: dict[str, str] = {}
    for authority in place.authorities:
        for workflow in authority.those_of(told):
            done = "redirected" if workflow == "redirect" else "withdrawn"
            for side in ("before", "after"):
                told[workflow].append(await place.new(authority))
                steps[told[workflow][-1].client.id] = f"{side} {done}"
    async with place.set_to(publish="draft") as server:
        await place.minted(server, told["give up"])
    async with place.set_to() as server:
        await place.minted(server, [*told["withdraw"], *told["redirect"]])
    minting.settings["public_url"] = MOVED_URL

    async def decide(server: Server, record: Record, workflow: Workflow) -> int | None:
        return await (
            place.send(server, record, workflow) if workflow == "redirect" else place.withdraw(server, record)
        )

    server = await minting.serve()
    minting.authority.stops |= steps
    answers = asyncio.gather(*(decide(server, *each) for each in each_of(told)))
    await minting.authority.all_stand(steps)
    await minting.end(server)
    assert set(await answers) == {None}
    minting.authority.go_on(lost=True)
    server = await minting.serve()
    for each in each_of(told):
        assert await decide(server, *each) in (200, 409)
    for record in told["redirect"]:
        record.former_pages.append(record.page)
    await place.require_told(told)


@pytest.mark.parametrize("step", ["before requested", "after requested"])
async def test_a_draft_is_withdrawn_while_its_publication_is_asked_for(minting: World, step: str) -> None:
    """What is recorded first stands, whether the server of the other lives on or not."""
    async with facility(minting, ["datacite"]) as place:
        (datacite,) = place.authorities
        records = [await place.new(datacite) for _ in range(2)]
        await place.ready({"publish": records})
        minting.authority.stop([record.client.id for record in records], step)
        servers = [await minting.serve() for _ in records]
        asking = [place.do(server, record, "publish") for server, record in zip(servers, records, strict=True)]
        answers = asyncio.gather(*asking)
        await minting.authority.all_stand(record.client.id for record in records)
        is_first = step == "before requested"
        other = await minting.serve()
        assert {await place.withdraw(other, record) for record in records} == {200 if is_first else 409}
        await minting.end(servers[0])
        minting.authority.go_on()
        assert await answers == [None, 409 if is_first else 200]
        if is_first:
            await place.require_told({"give up": records})
        else:
            await place.require_told({"publish": records})
            await require_withdrawn(place, {"publish": records})


async def require_withdrawn(place: Facility, told: Told) -> dict[Workflow, Sequence[Record]]:
    """Nothing is in the way of withdrawing what was published. What was done with all records, with that."""
    server = await place.minting.serve()
    published = [record for workflow in PUBLISHING for record in told.get(workflow, ())]
    for record in published:
        record.told = (await place.known(server, record))["pushed"]["digest"]
        await place.change(server, record, "withdraw")
    done: dict[Workflow, Sequence[Record]] = {}
    done.update((workflow, records) for workflow, records in told.items() if workflow not in PUBLISHING)
    done["withdraw"] = [*told.get("withdraw", ()), *published]
    await place.require_told(done)
    return done


@pytest.mark.parametrize("arrives", ["late", "later than anybody waits"])
async def test_what_arrives_after_all_that_followed(place: Facility, arrives: str) -> None:
    """Nobody keeps an authority from doing at last what a dead server asked for.

    When it can no longer arrive all is told once more. What arrives later still is found by comparing both sides.
    """
    told: dict[Workflow, list[Record]] = {"publish": [], "push": []}
    for authority in place.authorities:
        for workflow in authority.those_of(told):
            told[workflow].append(await place.new(authority))
    await place.ready(told)
    for record, workflow in each_of(told):
        record.stand_at(CALLS[record.authority.name][workflow].index("PUT"), before=True)
    server = await place.minting.serve()
    answers = asyncio.gather(*(place.do(server, *each) for each in each_of(told)))
    await place.all_stand()
    await place.minting.end(server)
    assert set(await answers) == {None}
    await place.require_told(told)
    server = await place.minting.serve()
    for record in told["push"]:
        await place.change(server, record, "push")
    done = await require_withdrawn(place, told)
    before = {authority.name: authority.held() for authority in place.authorities}
    if arrives != "late":
        await place.time_passes(ON_ITS_WAY_SECONDS)
        await until(place.has_waited)
    for record in place.records:
        await record.go_on()
    assert all(before[authority.name] != authority.held() for authority in place.authorities)
    if arrives == "late":
        await place.time_passes(ON_ITS_WAY_SECONDS)
        await until(place.has_waited)
        await place.require_told(done)
        return
    answer = (await server.web.post("/persistent-ids/reconcile", json={"fix": True})).json()
    found = {(each["persistent_id_id"], each["difference"], each["mended"]) for each in answer["findings"]}
    assert found == {(record.id, "Stale", True) for record in place.records}
    await place.require_told(done)


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
