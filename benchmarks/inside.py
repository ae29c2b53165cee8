"""Requests to cora in this process, as a server would pass them on: without a network, and with its statements counted.

Who asks is a reader whose token is not looked up: that is remembered for a second, and would be counted by chance.
"""

import json
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from unittest.mock import patch

from asyncpg.connection import Connection
from asyncpg.prepared_stmt import PreparedStatement
from fastapi import FastAPI

from cora.kernel.principal import Principal, Role
from cora.surfaces.http.app import create_app
from cora.surfaces.start import Opened

# Whoever follows the log asks for it at any moment, whatever else is asked.
_BY_ITSELF = ("listen", "notify", "delete from answer", "delete from batch")


class AReader:
    """Implements `Tokens`: everybody is a reader."""

    async def authenticate(self, bearer: str) -> Principal | None:
        """A reader."""
        return Principal(bearer, Role.READER)


@dataclass(frozen=True)
class Told:
    """An answer: its status, its body, and how many seconds it took."""

    status: int
    body: bytes
    seconds: float

    @property
    def json(self) -> Any:
        """The body as JSON data."""
        return json.loads(self.body)


def application(cora: Opened) -> FastAPI:
    """The HTTP surface for a reader."""
    return create_app(cora.kernel, cora.log, AReader(), cora.equipment)


async def ask(app: FastAPI, target: str, accept: str = "application/json") -> Told:
    """The answer to `GET target` (a path and its query, as they are sent)."""
    path, _, query = target.partition("?")
    scope: dict[str, Any] = {
        "type": "http", "http_version": "1.1", "method": "GET", "path": path, "raw_path": path.encode(),
        "query_string": query.encode(), "scheme": "http", "server": ("cora", 80), "client": ("here", 1),
        "root_path": "", "headers": [(b"authorization", b"Bearer reader"), (b"accept", accept.encode())], "state": {},
    }  # fmt: skip
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    began = time.perf_counter()
    await app(scope, receive, send)
    seconds = time.perf_counter() - began
    return Told(sent[0]["status"], b"".join(each.get("body", b"") for each in sent[1:]), seconds)


@dataclass
class Statements:
    """The statements that were sent to the database."""

    sent: list[str] = field(default_factory=list[str])

    def note(self, sql: str) -> None:
        """One was sent."""
        if not sql.lstrip().lower().startswith(_BY_ITSELF):
            self.sent.append(sql)


@contextmanager
def counted() -> Generator[Statements]:
    """Every statement that this process sends over asyncpg meanwhile, `begin` and `commit` among them."""
    statements = Statements()
    connection: Any = Connection
    statement: Any = PreparedStatement
    fetching, executing = connection._execute, connection.execute
    prepared = statement._PreparedStatement__do_execute

    async def fetch(self: Any, query: str, *rest: Any, **named: Any) -> Any:
        statements.note(query)
        return await fetching(self, query, *rest, **named)

    async def execute(self: Any, query: str, *rest: Any, **named: Any) -> Any:
        if not rest:  # with values it goes by _execute
            statements.note(query)
        return await executing(self, query, *rest, **named)

    async def run(self: Any, *rest: Any) -> Any:
        statements.note(self.get_query())
        return await prepared(self, *rest)

    with (
        patch.object(connection, "_execute", fetch),
        patch.object(connection, "execute", execute),
        patch.object(statement, "_PreparedStatement__do_execute", run),
    ):
        yield statements
