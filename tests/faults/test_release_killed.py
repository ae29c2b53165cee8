"""A reservation is given up, and the server killed or its database lost on the way: one identifier in the end, or none.

What was given up is never registered afterwards; where an authority does so all the same, that is found.
"""

import asyncio
from collections.abc import AsyncGenerator, Collection, Sequence
from functools import partial
from typing import Any, Literal

import pytest
from tests.faults.facilities import TOGETHER, Facility, Record, facility
from tests.faults.minting_authority import until
from tests.faults.minting_world import Server, World
from tests.faults.strikes import Strike, strike

from cora.equipment.minting import ON_ITS_WAY_SECONDS

KINDS: Sequence[Literal["asset", "fixture"]] = ("asset", "fixture")


@pytest.fixture(params=TOGETHER, ids="-".join)
async def place(minting: World, request: pytest.FixtureRequest) -> AsyncGenerator[Facility]:
    """A facility with some of the authorities."""
    async with facility(minting, request.param) as made:
        yield made


def anew(record: Record) -> str:
    """The suffix of another identifier for a record."""
    return f"{record.client.suffix}-anew"


async def require_released(place: Facility) -> None:
    """Who got no answer sends it again: then each is given up, and its record gets another."""
    server = await place.minting.serve()
    for record in place.records:
        assert await place.do(server, record, "release") in (200, 409)
        assert (await place.known(server, record))["status"] == "Released"
    await require_one_each(place, place.records)


async def require_one_each(
    place: Facility, released: Collection[Record], *, again: Collection[Record] = (), orphans: Collection[str] = ()
) -> None:
    """A record whose identifier was released gets another, or has got the same `again`; the others have theirs; and
    there are none besides, but for those that are told to be orphans."""
    server = await place.minting.worker_finishes()
    values = {record.client.id: [record.value] for record in place.records}
    for record in again:
        values[record.client.id].append(record.value)
    for record in released:
        values[record.client.id].append(f"{record.authority.prefix}/{anew(record)}")
        assert (await record.client.ask_until_told(server, anew(record))).status_code in (201, 409)
    held = {authority.name: authority.held() for authority in place.authorities}
    for record in place.records:
        found, (*_, value) = await place.minting.recorded(record.client), values[record.client.id]
        assert (found.assigned, found.minted, found.open) == ((value,), 1, ())
        assert found.reserved == tuple(values[record.client.id])
        assert held[record.authority.name].pop(value.lower()).url == record.page
        assert await place.minting.identifier(server, record.client) == (record.authority.scheme, value)
    assert {value for values in held.values() for value in values} == {*orphans}
    assert await orphaned(server) == {*orphans}
    await until(place.nothing_is_left)


async def orphaned(server: Server) -> set[str]:
    """What authorities hold for records of ours, and the log does not know."""
    found: set[str] = set()
    cursor: str | None = None
    while True:
        asked: dict[str, Any] = {"of": "authority", "cursor": cursor}
        answer = (await server.web.post("/persistent-ids/reconcile", json=asked)).json()
        assert answer["interrupted"] is None
        found |= {each["value"].lower() for each in answer["findings"] if each["difference"] == "Orphaned"}
        cursor = answer["next"]
        if cursor is None:
            return found


@pytest.mark.parametrize(
    ("how", "again"), [("killed", "the steward"), ("database lost", "the steward"), ("killed", "nobody")]
)
async def test_at_each_call_of_a_release(place: Facility, how: Strike, again: str) -> None:
    """Until it is recorded it is reserved still: whoever comes next gives it up, or the worker has it registered.

    That a dead server looks is nothing to anybody, so its calls need not arrive late.
    """
    for authority in place.authorities:
        for _ in authority.points("release"):
            for kind in KINDS:
                await place.new(authority, kind)
    await place.ready({"release": place.records})
    for authority in place.authorities:
        points = [point for point in authority.points("release") for _ in KINDS]
        for record, point in zip((each for each in place.records if each.authority is authority), points, strict=True):
            record.stand_at(*point)
    server = await place.minting.serve()
    asking = [place.do(server, record, "release") for record in place.records]
    end = partial(require_released, place) if again == "the steward" else place.require_minted
    await strike(place, [server], how, asking, end)


@pytest.mark.parametrize("place", TOGETHER[:1], ids="-".join, indirect=True)
async def test_killed_while_a_release_is_recorded(place: Facility) -> None:
    steps: dict[str, str] = {}
    for authority in place.authorities:
        for kind in KINDS:
            for step in ("before released", "after released"):
                steps[(await place.new(authority, kind)).client.id] = step
    await place.ready({"release": place.records})
    server = await place.minting.serve()
    place.minting.authority.stops |= steps
    answers = asyncio.gather(*(place.do(server, record, "release") for record in place.records))
    await place.minting.authority.all_stand(steps)
    await place.minting.end(server)
    assert set(await answers) == {None}
    place.minting.authority.go_on(lost=True)
    await require_released(place)


@pytest.mark.parametrize("arrives", ["soon", "later than anybody waits"])
async def test_what_a_dead_server_has_asked_for_is_not_given_up_while_it_may_arrive(
    place: Facility, arrives: str
) -> None:
    for authority in place.authorities:
        for point in authority.points("mint"):
            (await place.new(authority)).stand_at(*point)
    server, steward = await place.minting.serve(), await place.minting.serve()
    answers = asyncio.gather(*(place.ask(server, record) for record in place.records))
    await place.all_stand()
    await place.minting.end(server)
    assert set(await answers) == {None}
    for record in place.records:
        record.id = (await place.known(steward, record))["id"]
        assert await place.do(steward, record, "release") == 503
    if arrives == "soon":
        for record in place.records:
            await record.go_on()
    await place.time_passes(ON_ITS_WAY_SECONDS)
    released = await given_up(place, steward)
    assert (len(released) < len(place.records)) if arrives == "soon" else released
    for record in place.records:
        await record.go_on()
    late = {record.value.lower() for record in released} & {
        value for authority in place.authorities for value in authority.held()
    }
    assert bool(late) == (arrives != "soon")
    await require_one_each(place, released, orphans=late)


async def given_up(place: Facility, server: Server) -> list[Record]:
    """Those that could be given up: not what an authority holds."""
    held = {value for authority in place.authorities for value in authority.held()}
    released: list[Record] = []
    for record in place.records:
        is_held = record.value.lower() in held
        assert await place.do(server, record, "release") == (409 if is_held else 200)
        if not is_held:
            released.append(record)
    return released


async def test_connections_are_cut_while_one_mints_and_another_gives_up(place: Facility) -> None:
    """Who mints goes on, or leaves it open; nobody gives it up meanwhile."""
    for authority in place.authorities:
        for point in authority.points("mint"):
            (await place.new(authority)).stand_at(*point)
    server, steward = await place.minting.serve(), await place.minting.serve()
    minting = asyncio.gather(*(place.ask(server, record) for record in place.records))
    await place.all_stand()
    for record in place.records:
        record.id = (await place.known(steward, record))["id"]
    releasing = asyncio.gather(*(place.do(steward, record, "release") for record in place.records))
    await place.minting.cut_database()
    for record in place.records:
        await record.go_on()
    assert set(await minting) <= {201, 503}
    assert set(await releasing) <= {409, 503}
    await place.time_passes(ON_ITS_WAY_SECONDS)
    await require_one_each(place, await given_up(place, steward))


@pytest.mark.parametrize("place", TOGETHER[:1], ids="-".join, indirect=True)
@pytest.mark.parametrize("how", ["killed", "goes on"])
async def test_asked_for_again_while_it_is_given_up(place: Facility, how: str) -> None:
    """Whoever asks for it waits until it is given up, and is told so; or gets it where that came to nothing."""
    for authority in place.authorities:
        for _ in authority.points("release"):
            await place.new(authority)
    await place.ready({"release": place.records})
    for authority in place.authorities:
        those = (each for each in place.records if each.authority is authority)
        for record, point in zip(those, authority.points("release"), strict=True):
            record.stand_at(*point)
    server, other = await place.minting.serve(), await place.minting.serve()
    releasing = asyncio.gather(*(place.do(server, record, "release") for record in place.records))
    await place.all_stand()
    asking = asyncio.gather(*(place.ask(other, record) for record in place.records))
    if how == "killed":
        await place.minting.end(server)
        assert set(await asking) == {201}
    else:
        assert not (await asyncio.wait([asking], timeout=0.3))[0], "they are answered when it is given up"
    for record in place.records:
        await record.go_on()
    if how == "killed":
        await require_one_each(place, [])
    else:
        assert set(await releasing) == {200}
        answers = await asking
        assert set(answers) <= {201, 502}
        told = [record for record, answer in zip(place.records, answers, strict=True) if answer == 502]
        # Who came when it was given up already has reserved it once more.
        await require_one_each(place, told, again=[each for each in place.records if each not in told])
