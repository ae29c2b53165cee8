"""Whoever harvests what changed since the last answer misses nothing, whatever is being kept meanwhile."""

import asyncio
import random
from datetime import datetime, timedelta
from uuid import UUID, uuid4

import pytest

from cora.kernel.harvest import Asked, Kept
from cora.log.publications import LOCK
from cora.log.store import PostgresLog

EVERYTHING = Asked()


async def begin(log: PostgresLog, *ids: UUID) -> None:
    """Let publications be known."""
    async with log.pool.acquire() as connection:
        await connection.executemany("insert into publication (persistent_id) values ($1)", [(id,) for id in ids])


async def keep(log: PostgresLog, id: UUID, digest: str = "a", *, is_public: bool = True, sets: str = "") -> None:
    await log.publications.keep(id, digest, is_public=is_public, sets=sets.split(), made_from=[id], terms="")


async def all_of(log: PostgresLog, asked: Asked = EVERYTHING, most: int = 10) -> list[Kept]:
    """A whole walk."""
    found: list[Kept] = []
    place, has_more = None, True
    while has_more:
        stretch = await log.harvest.after(place, asked, most)
        found += stretch.kept
        place, has_more = stretch.kept[-1].place if stretch.kept else place, stretch.has_more
    return found


async def changed_at(log: PostgresLog, id: UUID) -> datetime:
    kept = await log.harvest.of(id)
    assert kept is not None
    return kept.changed_at


async def test_only_what_is_new_changes_it(log: PostgresLog) -> None:
    id = uuid4()
    await begin(log, id)
    await keep(log, id, is_public=False)
    assert await log.harvest.of(id) is None
    assert await all_of(log) == []
    assert await log.harvest.earliest() is None
    await keep(log, id)
    first = await changed_at(log, id)
    await keep(log, id)
    assert await changed_at(log, id) == first
    await keep(log, id, sets="kind:asset")
    second = await changed_at(log, id)
    await keep(log, id, "b", sets="kind:asset")
    assert first < second < await changed_at(log, id)


async def test_publication_alone_changes_it(log: PostgresLog) -> None:
    draft, other = uuid4(), uuid4()
    await begin(log, draft, other)
    await keep(log, draft, is_public=False)
    await keep(log, other)
    seen = await all_of(log)
    await keep(log, draft)
    assert [each.persistent_id for each in await all_of(log)] == [seen[0].persistent_id, draft]


async def test_times_and_sets_select(log: PostgresLog) -> None:
    ids = sorted(uuid4() for _ in range(5))
    await begin(log, *ids)
    for id, sets in zip(ids, ("a:1 b:1", "a:1", "a:2", "a", "ab:1"), strict=True):
        await keep(log, id, sets=sets)
    moments = [await changed_at(log, id) for id in ids]
    assert [each.persistent_id for each in await all_of(log, most=2)] == ids
    assert [each.persistent_id for each in await all_of(log, Asked(since=moments[2]))] == ids[2:]
    assert [each.persistent_id for each in await all_of(log, Asked(until=moments[2]))] == ids[:2]
    for name, number in (("a", 4), ("a:1", 2), ("b:1", 1), ("b", 1), ("a:", 0), ("c", 0)):
        assert len(await all_of(log, Asked(set=name))) == number, name
        assert await log.harvest.count(Asked(set=name)) == number
    assert await log.harvest.sets() == ["a", "a:1", "a:2", "ab:1", "b:1"]
    assert await log.harvest.earliest() == moments[0]


async def test_time_never_goes_back(log: PostgresLog) -> None:
    one, other = uuid4(), uuid4()
    await begin(log, one, other)
    await keep(log, one)
    ahead = await changed_at(log, one) + timedelta(hours=1)
    async with log.pool.acquire() as connection:
        await connection.execute("update publication set changed_at = $2 where persistent_id = $1", one, ahead)
    await keep(log, other)
    assert await changed_at(log, other) >= ahead


async def test_a_harvest_waits_for_a_change_that_is_on_its_way(log: PostgresLog) -> None:
    id = uuid4()
    await begin(log, id)
    async with log.pool.acquire() as connection, connection.transaction():
        await connection.execute(f"select pg_advisory_xact_lock({LOCK})")
        await connection.execute(
            "update publication set digest = 'a', is_public = true, changed_at = clock_timestamp() "
            "where persistent_id = $1", id,
        )  # fmt: skip
        harvest = asyncio.create_task(log.harvest.after(None, EVERYTHING, 10))
        await asyncio.sleep(0.2)
        assert not harvest.done()
    assert [each.persistent_id for each in (await harvest).kept] == [id]


@pytest.mark.parametrize("seed", range(3))
async def test_harvest_after_harvest_knows_all_changes(log: PostgresLog, seed: int) -> None:
    chance = random.Random(seed)
    ids = [uuid4() for _ in range(40)]
    await begin(log, *ids)
    known: dict[UUID, datetime] = {}
    done = asyncio.Event()

    async def harvest_once(since: datetime | None) -> datetime | None:
        """A whole walk; when its last part was looked at, as harvesters are told it."""
        place, has_more, looked_at = None, True, since
        while has_more:
            stretch = await log.harvest.after(place, Asked(since=since), 7)
            known.update({each.persistent_id: each.changed_at for each in stretch.kept})
            place, has_more = stretch.kept[-1].place if stretch.kept else place, stretch.has_more
            looked_at = stretch.looked_at
        return looked_at

    async def harvest() -> None:
        since = None
        while not done.is_set():
            since = await harvest_once(since)
        await harvest_once(since)

    async def change(number: int) -> None:
        for turn in range(40):
            await keep(log, chance.choice(ids), f"{number}.{turn}")

    harvesting = asyncio.create_task(harvest())
    await asyncio.gather(*(change(number) for number in range(3)))
    done.set()
    await harvesting
    assert known == {each.persistent_id: each.changed_at for each in await all_of(log)}
