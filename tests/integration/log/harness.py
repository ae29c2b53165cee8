"""What the tests of the log have in common: fresh schemas, callers, and ways to look at the tables."""

import json
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import asyncpg

import cora.log
from cora.kernel.execute import Answer, Call, Kernel
from cora.kernel.principal import Principal, Role
from cora.kernel.slice import Command
from cora.log.store import PostgresLog
from cora.log.types import Connection
from cora.log.verify import Report, verify

from . import records, toy

CALLER = Principal("ada", Role.OPERATOR)
GRACE = Principal("grace", Role.OPERATOR)

_FILES = sorted((Path(cora.log.__file__).parent / "schema").glob("*.sql"))
_NEXT_FILE = "\n-- next file\n"
_SCHEMA = _NEXT_FILE.join(path.read_text() for path in _FILES)

CUT = """
select pg_terminate_backend(pid) from pg_stat_activity
where datname = current_database() and application_name = 'cora' and pid <> pg_backend_pid()
"""
"""Cuts the connections that servers and commands have to the database at hand, and none of other tests."""


async def connect(dsn: str, schema: str | None = None) -> Connection:
    """A superuser's connection."""
    settings = {"search_path": schema} if schema else {}
    connection: Connection = await asyncpg.connect(dsn, server_settings=settings)
    return connection


async def make_schema(dsn: str, change: Callable[[str], str] | None = None) -> str:
    """A fresh schema with the tables of the log; `change` may alter the SQL first."""
    schema = f"log_{uuid4().hex[:12]}"
    connection = await connect(dsn)
    try:
        await connection.execute(f"create schema {schema}; set search_path = {schema}")
        await connection.execute(change(_SCHEMA) if change else _SCHEMA)
    finally:
        await connection.close()
    return schema


async def drop_schema(dsn: str, schema: str) -> None:
    """Remove a schema and all that is in it."""
    connection = await connect(dsn)
    try:
        await connection.execute(f"set lock_timeout = '10s'; drop schema {schema} cascade")
    finally:
        await connection.close()


def substituted(old: str, new: str) -> Callable[[str], str]:
    """A change of the SQL. The text must occur, or the test would test nothing."""

    def change(sql: str) -> str:
        # A later file replaces what an earlier one made.
        files = sql.split(_NEXT_FILE)
        last = max((number for number, file in enumerate(files) if old in file), default=None)
        assert last is not None, f"the SQL of the log does not hold {old!r}"
        files[last] = files[last].replace(old, new)
        return _NEXT_FILE.join(files)

    return change


@dataclass
class Client:
    """Runs commands of the toy domain on one log."""

    log: PostgresLog
    kernel: Kernel = field(init=False)

    def __post_init__(self) -> None:
        self.kernel = Kernel(self.log)

    async def answer(self, command: Command, **options: Any) -> Answer:
        """The answer to a command; `options` are fields of `Call`."""
        call = replace(Call(CALLER, "system", request_id=str(uuid4())), **options)
        return await self.kernel.command(toy.SLICES[type(command)], command, call)

    async def run(self, command: Command, **options: Any) -> dict[str, Any]:
        """The body of the answer to a command."""
        return json.loads((await self.answer(command, **options)).body)

    async def open_bay(self, name: str | None = None, **options: Any) -> UUID:
        """The id of a new bay."""
        return (await self.answer(toy.OpenBay(name=name or uuid4().hex), **options)).id

    async def register_unit(self, bay_id: UUID, **options: Any) -> UUID:
        """The id of a new unit."""
        return (await self.answer(toy.RegisterUnit(bay_id=bay_id), **options)).id


@asynccontextmanager
async def opened(dsn: str, schema: str) -> AsyncGenerator[Client]:
    """A client of a log of its own."""
    log = await PostgresLog.open(dsn, schema)
    try:
        yield Client(log)
    finally:
        await log.close()


async def verified(dsn: str, schema: str) -> Report:
    """What `verify` says."""
    return await verify(dsn, schema, records.AGGREGATES)


async def fetch(dsn: str, schema: str, sql: str, *values: Any) -> list[asyncpg.Record]:
    """Rows, as a superuser."""
    connection = await connect(dsn, schema)
    try:
        return await connection.fetch(sql, *values)
    finally:
        await connection.close()


def moment(text: str) -> datetime:
    """A time as answers show it."""
    return datetime.fromisoformat(text)
