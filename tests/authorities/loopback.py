"""A real HTTP server on the loopback that does to its connections what a fault plan says."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from urllib.parse import parse_qsl, unquote, urlsplit

import h11
from tests.authorities.faults import Cut, FaultPlan, Says, Stands


@dataclass(frozen=True)
class Asked:
    """A request, as it came over the wire."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def path(self) -> str:
        """The path, decoded."""
        return unquote(urlsplit(self.target).path)

    @property
    def query(self) -> Sequence[tuple[str, str]]:
        """The parameters, in order."""
        return parse_qsl(urlsplit(self.target).query, keep_blank_values=True)

    def first(self, name: str, otherwise: str = "") -> str:
        """The first parameter of a name."""
        return next((value for known, value in self.query if known == name), otherwise)


@dataclass(frozen=True)
class Answered:
    """What is sent back."""

    status: int
    body: bytes = b""
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict[str, str])


Answering = Callable[[Asked], Answered]


@asynccontextmanager
async def served(answer: Answering, plan: FaultPlan) -> AsyncGenerator[str]:
    """Serve for as long as it is used; gives the address."""
    connections: set[asyncio.Task[None]] = set()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        connections.add(task)
        try:
            with suppress(ConnectionError, asyncio.CancelledError, h11.RemoteProtocolError):
                await _converse(reader, writer, answer, plan)
        except Exception as error:
            plan.broke.append(repr(error))
        finally:
            connections.discard(task)
            writer.transport.abort()

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        assert plan.broke == []
        for task in tuple(connections):
            task.cancel()
        await asyncio.gather(*connections, return_exceptions=True)


async def _converse(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, answer: Answering, plan: FaultPlan
) -> None:
    connection = h11.Connection(h11.SERVER)
    while (asked := await _next(connection, reader)) is not None:
        fault = plan.comes(asked.method, asked.path)
        if fault is Cut.BEFORE:
            return
        if isinstance(fault, Says):
            if fault.all_the_same:
                answer(asked)
            given = Answered(fault.status, fault.body.encode(), fault.content_type, fault.headers)
        else:
            if isinstance(fault, Stands) and fault.before:
                await fault.stand()
            given = answer(asked)
            if isinstance(fault, Stands):
                fault.is_done.set()
                if not fault.before:
                    await fault.stand()
        if fault is Cut.AFTER:
            return
        sent = _bytes_of(connection, given)
        if fault is Cut.DURING:
            writer.write(sent[: len(sent) // 2])
            await writer.drain()
            return
        writer.write(sent)
        await writer.drain()
        if connection.our_state is h11.MUST_CLOSE:
            return
        connection.start_next_cycle()


async def _next(connection: h11.Connection, reader: asyncio.StreamReader) -> Asked | None:
    request: h11.Request | None = None
    body = b""
    while True:
        event = connection.next_event()
        match event:
            case h11.Request():
                request = event
            case h11.Data():
                body += bytes(event.data)
            case h11.EndOfMessage():
                assert request is not None
                headers = {name.decode().lower(): value.decode() for name, value in request.headers}
                return Asked(request.method.decode(), request.target.decode(), headers, body)
            case h11.NEED_DATA:
                connection.receive_data(await reader.read(65536))
            case _:
                return None


def _bytes_of(connection: h11.Connection, given: Answered) -> bytes:
    has_body = given.status != HTTPStatus.NO_CONTENT
    headers = [("Content-Type", given.content_type), ("Content-Length", str(len(given.body)))] if has_body else []
    head = h11.Response(status_code=given.status, headers=[*headers, *given.headers.items()])
    parts = [connection.send(head)]
    if has_body and given.body:
        parts.append(connection.send(h11.Data(data=given.body)))
    parts.append(connection.send(h11.EndOfMessage()))
    return b"".join(part for part in parts if part)
