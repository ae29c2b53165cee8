"""Whatever is changed behind the log's back is found and named; and it cannot be changed by the log's own role."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256

import asyncpg
import pytest

from cora.log.connect import connect as log_connect
from cora.log.types import Connection
from cora.log.verify import digest_of, verify

from . import records, toy
from .harness import Client, connect, drop_schema, fetch, make_schema, opened, verified


async def _history(client: Client) -> None:
    """Twelve events with everything in them: references gained and lost, claims, joinings, times of their own."""
    west = await client.open_bay("west")
    east = await client.open_bay("east", occurred_at=datetime.now(UTC) - timedelta(hours=1))
    one = await client.register_unit(west)
    two = await client.register_unit(west)
    await client.run(toy.TakeBadge(unit_id=one, badge="7"))
    await client.run(toy.HandOverBadge(unit_id=one, to_unit_id=two))
    await client.run(toy.MoveUnit(unit_id=two, to_bay_id=east))
    await client.run(toy.TallyBay(bay_id=west))
    await client.run(toy.RetireUnit(unit_id=one))
    await client.run(toy.CloseBay(bay_id=west), on_behalf_of="grace")
    await client.run(toy.NoteCarrier(unit_id=two, badge="7"))


async def test_what_is_intact_is_counted(client: Client, server: str, schema: str) -> None:
    await _history(client)
    steps: list[tuple[int, int]] = []
    report = await verify(server, schema, records.AGGREGATES, lambda done, total: steps.append((done, total)))
    assert report.difference is None
    assert report.intact
    assert (report.events, report.records, report.references, report.claims) == (12, 4, 3, 2)
    (row,) = await fetch(server, schema, "select (select count(*) from block), (select count(*) from mention)")
    assert (report.blocks, report.mentions) == tuple(row)
    assert steps[-1] == (24, 24)


async def test_an_empty_log_is_intact(schema: str, server: str) -> None:
    report = await verified(server, schema)
    assert report.intact
    assert report.events == 0


async def test_rows_are_compared_in_portions(
    client: Client, server: str, schema: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await _history(client)
    monkeypatch.setattr("cora.log.verify.AT_ONCE", 2)
    monkeypatch.setattr("cora.log.verify.ROWS_AT_ONCE", 1)
    assert (await verified(server, schema)).difference is None


_NOBODY = "'00000000-0000-7000-8000-000000000000'"

# What a superuser changes, and the words it is found by.
TAMPERED = {
    "one byte of the data of an event": (
        """update event set data = replace(data::text, 'west', 'wesT')::json where position = 1""",
        "event 1: its digest",
    ),
    "white space in the data of an event": (
        "update event set data = (data::text || ' ')::json where position = 5",
        "event 5: its digest",
    ),
    "who did it": ("update event set actor = 'eve' where position = 6", "event 6: its digest"),
    "through what": ("update event set via = 'http' where position = 6", "event 6: its digest"),
    "for whom": ("update event set on_behalf_of = null where position = 11", "event 11: its digest"),
    "for nobody": ("update event set on_behalf_of = 'grace' where position = 10", "event 10: its digest"),
    "the request": ("update event set request = request || 'x' where position = 4", "event 4: its digest"),
    "the kind": ("update event set kind = 'BayRenamed' where position = 2", "event 2: its digest"),
    "the schema version": ("update event set schema_version = 2 where position = 2", "event 2: its digest"),
    "when it occurred": (
        "update event set occurred_at = occurred_at - interval '1 microsecond' where position = 2",
        "event 2: its digest",
    ),
    "when it was recorded": (
        "update event set recorded_at = recorded_at + interval '1 microsecond' where position = 2",
        "event 2: its digest",
    ),
    "one bit of a digest": ("update event set digest = set_bit(digest, 9, 1 - get_bit(digest, 9)) where position = 3",
        "event 3: its digest"),
    "one bit of a hash": ("update block set hash = set_bit(hash, 0, 1 - get_bit(hash, 0)) where last_position = 4",
        "block 4: its hash"),
    "the time of a block": ("update block set recorded_at = recorded_at - interval '1 h' where last_position = 4",
        "block 4: its recorded_at lies before"),
    "a block removed": ("delete from block where last_position = 3", "event 3: its recorded_at"),
    "the last block removed": (
        "delete from block where last_position = 12", "event 12: it belongs to no block",
    ),
    "an event removed": ("delete from event where position = 5", "event 5: it is missing; event 6 comes next"),
    "the last event removed": ("delete from event where position = 12", "block 12: events 12 and on are missing"),
    "the end of the log removed": (
        "delete from event where position = 12; delete from block where last_position = 12",
        "its document has another version",
    ),
    "an empty block": (
        "insert into block select 0, min(recorded_at), '' from block", "block 0: it has no events",
    ),
    "one value of a document": (
        """update document set body = jsonb_set(body, '{name}', '"East"') where body ->> 'name' = 'east'""",
        "its document is not the fold of its events",
    ),
    "the version of a document": (
        "update document set version = version + 1 where position = 12", "its document has another version",
    ),
    "the position of a document": (
        "update document set position = 11 where position = 12", "its document has another position",
    ),
    "the kind of a document": (
        "update document set kind = 'bay' where position = 12", "its document is of another kind",
    ),
    "when a record was created": (
        "update document set created_at = created_at - interval '1 microsecond' where position = 12",
        "its document has another created_at",
    ),
    "when a record was recorded": (
        "update document set recorded_at = recorded_at - interval '1 microsecond' where position = 12",
        "its document has another recorded_at",
    ),
    "when a record last changed": (
        "update document set occurred_at = occurred_at - interval '1 microsecond' where position = 12",
        "its document has another occurred_at",
    ),
    "a document removed": ("delete from document where position = 12", "there is no document of it"),
    "a document nobody wrote": (
        f"insert into document select {_NOBODY}, kind, version, position, created_at, recorded_at, occurred_at, body "
        "from document where position = 12",
        "it has no events, but a document of it is stored",
    ),
    "a search text": ("update search set text = text || ' ' where text like '%west%'", "its search text"),
    "a search text removed": ("delete from search where text like '%west%'", "there is no search text of it"),
    "a search text nobody wrote": (
        f"insert into search (id, text) values ({_NOBODY}, 'x')", "it has no events, but a search text of it is stored",
    ),
    "a reference removed": (
        "delete from reference where until is null", "event 8: reference unit.bay_id of record",
    ),
    "a reference opened again": (
        "update reference set until = null, until_occurred = null where until = 10", "event 3: reference unit.bay_id",
    ),
    "since when": ("update reference set since = since + 1 where until is null", "event 8: reference unit.bay_id"),
    "until when": ("update reference set until = 9 where until = 8", "event 4: reference unit.bay_id"),
    "since which time": (
        "update reference set since_occurred = since_occurred - interval '1 microsecond' where since = 3",
        "event 3: reference unit.bay_id",
    ),
    "until which time": (
        "update reference set until_occurred = until_occurred + interval '1 microsecond' where since = 3",
        "event 3: reference unit.bay_id",
    ),
    "a reference nobody made": (
        f"insert into reference select relation, target, {_NOBODY}, since, until, since_occurred, until_occurred "
        "from reference where until is null",
        "a reference of it (unit.bay_id) is stored",
    ),
    "a reference too many": (
        f"insert into reference select relation, {_NOBODY}, source, since, until, since_occurred, until_occurred "
        "from reference where until is null",
        "is stored, but no event says it",
    ),
    "the value of a claim": ("update claim set value = '8' where value = '7'", "its claim on unit.badge '7'"),
    "a claim removed": ("delete from claim where value = 'east'", "its claim on bay.name 'east' is not stored"),
    "a claim nobody made": (
        f"insert into claim values ('bay.name', 'north', {_NOBODY})", "a claim of it (bay.name) is stored",
    ),
    "a claim too many": (
        "insert into claim select what, 'north', owner from claim where what = 'bay.name'",
        "its claim on bay.name 'north' is stored",
    ),
    "the owner of a claim": (
        "update claim set owner = (select id from document where body ->> 'name' = 'west') where value = 'east'",
        "its claim on bay.name 'east'",
    ),
    "a mention removed": (
        "delete from mention where position = 8 and not entity = (select stream from event where position = 8)",
        "event 8: its mention of record",
    ),
    "a mention that joins": ("update mention set joining = true where position = 6", "event 6: its mention of record"),
    "a mention too many": (
        f"insert into mention values ({_NOBODY}, 5, false)", "event 5: 2 mentions are stored, it has 1",
    ),
    "a mention beyond the end": (
        f"insert into mention values ({_NOBODY}, 99, false)", "event 99: 1 mentions are stored, it has 0",
    ),
}  # fmt: skip


_TABLES = {
    "event": "*", "block": "*", "document": "*", "search": "id, text", "reference": "*", "claim": "*", "mention": "*",
}  # fmt: skip


@dataclass(frozen=True)
class Recorded:
    """A schema with a history that a test may change; it is put back afterwards."""

    schema: str
    superuser: Connection

    async def change(self, sql: str) -> None:
        """Change tables with the protecting triggers disabled."""
        for statement in sql.split("; "):
            changed = await self.superuser.execute(statement)
            assert not changed.endswith(" 0"), f"nothing was changed by {statement}"

    async def seal(self) -> None:
        """Compute digests and hashes anew, as a forger would who knows how."""
        chain, blocks = b"", await self.superuser.fetch("select last_position from block order by 1")
        position = 0
        for (last_position,) in blocks:
            events = await self.superuser.fetch(
                "select *, data::text as data from event where position > $1 and position <= $2 order by 1",
                position, last_position,
            )  # fmt: skip
            digests = [digest_of(dict(event)) for event in events]
            for event, digest in zip(events, digests, strict=True):
                await self.superuser.execute(
                    "update event set digest = $2 where position = $1", event["position"], digest
                )
            chain = sha256(chain + b"".join(digests)).digest()
            await self.superuser.execute("update block set hash = $2 where last_position = $1", last_position, chain)
            position = last_position


@pytest.fixture(scope="module")
async def history(server: str) -> AsyncGenerator[Recorded]:
    schema = await make_schema(server)
    async with opened(server, schema) as client:
        await _history(client)
    superuser = await connect(server, schema)
    await superuser.execute("set session_replication_role = replica")
    for table, columns in _TABLES.items():
        await superuser.execute(f"create table saved_{table} as select {columns} from {table}")
    yield Recorded(schema, superuser)
    await superuser.close()
    await drop_schema(server, schema)


@pytest.fixture
async def recorded(history: Recorded) -> AsyncGenerator[Recorded]:
    yield history
    for table, columns in _TABLES.items():
        into = f"{table} (id, text)" if table == "search" else table
        await history.superuser.execute(f"delete from {table}; insert into {into} select {columns} from saved_{table}")


@pytest.mark.parametrize("what", TAMPERED)
async def test_what_was_changed_is_named(what: str, server: str, recorded: Recorded) -> None:
    sql, words = TAMPERED[what]
    await recorded.change(sql)
    report = await verified(server, recorded.schema)
    assert not report.intact
    assert words in (report.difference or "")


# What a forger changes who computes digests and hashes anew, and the words it is found by.
FORGED = {
    "one byte of an event": (
        "update event set data = replace(data::text, 'west', 'wesT')::json where position = 1",
        "its document is not the fold of its events",
    ),
    "an event of the future": (
        "update event set occurred_at = recorded_at + interval '1 microsecond' where position = 9",
        "event 9: it occurred after it was recorded",
    ),
    "an event before the one before": (
        "update event set occurred_at = (select occurred_at - interval '1 microsecond' from event where position = 8) "
        "where position = 12",
        "event 12: it occurred before version 3 of record",
    ),
    "a joining before the one before": (
        "update event set occurred_at = (select occurred_at - interval '1 s' from event where position = 3) "
        "where position = 4; "
        "update reference set since_occurred = (select occurred_at from event where position = 4) where since = 4; "
        "update document set began_at = e.occurred_at from event e where e.position = 4 and id = e.stream",
        "event 4: it occurred before the last joining of record",
    ),
    "a version left out": (
        "update event set version = version + 1 where position = 12; "
        "update event set version = version + 1 where position = 8", "event 8: version 4 of record",
    ),
    "a stream that begins late": (
        "update event set version = version + 1 where position = 2", "event 2: version 2 of record",
    ),
    "two versions the wrong way round": (
        "update event set version = -version where position in (11, 9); "
        "update event set version = case position when 9 then 3 else 2 end where position in (11, 9)",
        "event 9: version 3 of record",
    ),
    "an unreadable event": (
        """update event set data = '{"badge": [7]}' where position = 5""", "event 5: BadgeTaken of record",
    ),
    "an event of another kind of record": (
        "update event set kind = 'BayClosed' where position = 12", "event 12: BayClosed is no event of a unit",
    ),
    "an event that nobody knows": (
        "update event set kind = 'BayPainted' where position = 9",
        "event 9: no record has events of the kind BayPainted",
    ),
    "recorded_at that goes back": (
        "update event set recorded_at = recorded_at + interval '1 h' where position = 5; "
        "update block set recorded_at = recorded_at + interval '1 h' where last_position = 5",
        "block 7: its recorded_at lies before that of block 5",
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", FORGED)
async def test_what_was_forged_is_named(what: str, server: str, recorded: Recorded) -> None:
    sql, words = FORGED[what]
    await recorded.change(sql)
    await recorded.seal()
    report = await verified(server, recorded.schema)
    assert words in (report.difference or "")


async def test_the_first_of_several_is_named(server: str, recorded: Recorded) -> None:
    await recorded.change(f"{TAMPERED['one bit of a digest'][0]}; {TAMPERED['a claim removed'][0]}")
    await recorded.change("update event set actor = 'eve' where position = 7")
    report = await verified(server, recorded.schema)
    assert report.difference == "event 3: its digest is not that of its content"
    assert report.events == 2


async def test_two_aggregates_cannot_share_a_kind_of_event(server: str, schema: str) -> None:
    with pytest.raises(ValueError, match="BayOpened"):
        await verify(
            server, schema, (records.BAY, replace(records.UNIT, events=(*records.UNIT.events, records.BayOpened)))
        )


@pytest.mark.parametrize("table", ["event", "block"])
@pytest.mark.parametrize("sql", ["update {} set recorded_at = now()", "delete from {}", "truncate {}"])
async def test_events_and_blocks_stay_as_they_are(
    table: str, sql: str, client: Client, server: str, schema: str
) -> None:
    await client.open_bay()
    restricted = await log_connect(server, schema)
    owner = await connect(server, schema)
    try:
        with pytest.raises(asyncpg.InsufficientPrivilegeError, match="permission denied"):
            await restricted.execute(sql.format(table))
        with pytest.raises(asyncpg.InsufficientPrivilegeError, match=f"the {table} table is append-only"):
            await owner.execute(sql.format(table))
    finally:
        await restricted.close()
        await owner.close()


async def test_the_restricted_role_cannot_disable_the_triggers(server: str, schema: str) -> None:
    restricted = await log_connect(server, schema)
    try:
        for sql in (
            "alter table event disable trigger user",
            "set session_replication_role = replica",
            "drop table event",
            "create or replace function refuse_change() returns trigger language plpgsql as 'begin return new; end'",
        ):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await restricted.execute(sql)
    finally:
        await restricted.close()
