"""A loopback in front of Postgres that loses connections where it is told to: before, during, after an append."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from enum import Enum
from urllib.parse import parse_qs, unquote, urlsplit


class Cut(Enum):
    """Where a connection is lost."""

    BEFORE = "before"
    """Nothing reaches the server."""
    DURING = "during"
    """Half of the statement reaches the server."""
    EXECUTING = "executing"
    """All of it does, and the connection is lost while the server works."""
    AFTER = "after"
    """The server has committed and answered; the answer is lost."""


Plan = Callable[[str], Cut | None]
"""Asked for every `append` and every `commit`."""


def never(_: str) -> Cut | None:
    """No connection is lost."""
    return None


class Proxy:
    """`plan` may be replaced at any time. `cuts` counts the connections lost."""

    def __init__(self, dsn: str) -> None:
        parts = urlsplit(dsn)
        options = {name: values[0] for name, values in parse_qs(parts.query).items()}
        self._host = options.get("host") or parts.hostname or "localhost"
        self._port = int(options.get("port") or parts.port or 5432)
        self._parts = parts
        self._server: asyncio.Server | None = None
        self._lanes: set[_Lane] = set()
        self.plan: Plan = never
        self.refusing = False
        self._flowing = asyncio.Event()
        self._flowing.set()
        self.cuts = 0

    @property
    def dsn(self) -> str:
        """The address of the database through this proxy."""
        assert self._server is not None
        port = self._server.sockets[0].getsockname()[1]
        user = self._parts.username or "postgres"
        password = f":{self._parts.password}" if self._parts.password else ""
        return f"postgresql://{user}{password}@127.0.0.1:{port}{self._parts.path}?sslmode=disable"

    async def start(self) -> None:
        """Listen on a free port of the loopback."""
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)

    async def stop(self) -> None:
        """Stop listening and lose every connection."""
        assert self._server is not None
        self._server.close()
        self.sever()
        await asyncio.sleep(0)

    def freeze(self) -> None:
        """Let nothing through, and lose nothing: the client falls silent."""
        self._flowing.clear()

    def thaw(self) -> None:
        """Let everything through again."""
        self._flowing.set()

    async def flowing(self) -> None:
        """Wait while the proxy is frozen."""
        await self._flowing.wait()

    def sever(self) -> None:
        """Lose every connection."""
        for lane in list(self._lanes):
            lane.cut()

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """A connection to the server itself."""
        host = unquote(self._host)
        if host.startswith("/"):
            return await asyncio.open_unix_connection(f"{host}/.s.PGSQL.{self._port}")
        return await asyncio.open_connection(host, self._port)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.refusing:
            writer.transport.abort()
            return
        try:
            upstream = await self.connect()
        except OSError:
            writer.transport.abort()
            return
        lane = _Lane(self, reader, writer, *upstream)
        self._lanes.add(lane)
        try:
            await lane.run()
        finally:
            self._lanes.discard(lane)


class _Lane:
    """One connection through the proxy."""

    def __init__(
        self,
        proxy: Proxy,
        client: asyncio.StreamReader,
        to_client: asyncio.StreamWriter,
        server: asyncio.StreamReader,
        to_server: asyncio.StreamWriter,
    ) -> None:
        self._proxy = proxy
        self._client, self._to_client = client, to_client
        self._server, self._to_server = server, to_server
        self._appends: set[bytes] = set()
        self._swallow = False

    def cut(self) -> None:
        self._to_client.transport.abort()
        self._to_server.close()

    async def run(self) -> None:
        pumps = [asyncio.create_task(self._forth()), asyncio.create_task(self._back())]
        try:
            await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self.cut()
            for pump in pumps:
                pump.cancel()
            await asyncio.gather(*pumps, return_exceptions=True)

    async def _forth(self) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            length = await self._client.readexactly(4)
            self._to_server.write(length + await self._client.readexactly(int.from_bytes(length, "big") - 4))
            while True:
                head = await self._client.readexactly(5)
                body = await self._client.readexactly(int.from_bytes(head[1:], "big") - 4)
                await self._proxy.flowing()
                what = self._recognise(head[:1], body)
                cut = self._proxy.plan(what) if what else None
                if cut is not None:
                    self._proxy.cuts += 1
                match cut:
                    case None:
                        self._to_server.write(head + body)
                    case Cut.BEFORE:
                        return
                    case Cut.DURING:
                        self._to_server.write((head + body)[: len(body) // 2])
                        return
                    case Cut.EXECUTING:
                        self._to_server.write(head + body)
                        if what == "append":
                            await self._rest_of_statement()
                        await self._to_server.drain()
                        return
                    case Cut.AFTER:
                        self._swallow = True
                        self._to_server.write(head + body)
                await self._to_server.drain()

    async def _rest_of_statement(self) -> None:
        """Execute and Sync follow a Bind."""
        kind = b""
        while kind != b"S":
            head = await self._client.readexactly(5)
            kind = head[:1]
            self._to_server.write(head + await self._client.readexactly(int.from_bytes(head[1:], "big") - 4))
        await self._to_server.drain()

    def _recognise(self, kind: bytes, body: bytes) -> str | None:
        match kind:
            case b"P":
                name, sql, _ = body.split(b"\0", 2)
                if sql.startswith((b"select append(", b"select append_one(", b"select append_passing(")):
                    self._appends.add(name)
            case b"B":
                if body.split(b"\0", 2)[1] in self._appends:
                    return "append"
            case b"Q":
                if body == b"commit\0":
                    return "commit"
            case _:
                pass
        return None

    async def _back(self) -> None:
        with contextlib.suppress(OSError):
            while data := await self._server.read(65536):
                await self._proxy.flowing()
                if self._swallow:
                    if data[-6:-1] == b"Z\0\0\0\5":  # ready for the next statement: this one is committed
                        return
                    continue
                self._to_client.write(data)
                await self._to_client.drain()


@asynccontextmanager
async def proxied(dsn: str) -> AsyncGenerator[Proxy]:
    """A proxy in front of a database."""
    proxy = Proxy(dsn)
    await proxy.start()
    try:
        yield proxy
    finally:
        await proxy.stop()


def once(cut: Cut, what: str = "append") -> Plan:
    """Lose the connection at the first occasion, and never again."""
    left = [cut]

    def plan(asked: str) -> Cut | None:
        return left.pop() if left and asked == what else None

    return plan
