"""The server: HTTP and MCP on one address, with the worker beside them."""

import asyncio
import contextlib
import gc
import signal
import socket
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from contextlib import asynccontextmanager

import psycopg
import uvicorn
from fastapi import FastAPI

from cora.log.migrate import pending
from cora.settings import Settings
from cora.surfaces.http.app import HttpSettings, create_app
from cora.surfaces.mcp.http import LEAST_ROLE, MCP_PATH, McpEndpoint
from cora.surfaces.start import Opened, PortTakenError, working

STOP_WITHIN = 10
READY_FOR = 1.0
"""Seconds that a check of the database is believed."""
NEW_BEFORE_SEARCH = 10_000
"""Objects made and kept before they are searched for garbage. Python's 700 are fewer than a crowd of requests keeps at
a time: they would be searched in vain, again and again."""


def application(cora: Opened) -> FastAPI:
    """The application that serves everything of a running cora."""
    mcp = McpEndpoint(cora.kernel, cora.log, cora.equipment)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncGenerator[None]:
        async with mcp.running(), working(cora):
            yield

    async def is_ready() -> bool:
        try:
            return not await asyncio.to_thread(pending, cora.log.dsn, cora.log.schema)
        except (OSError, psycopg.Error):
            return False

    settings = HttpSettings(
        # Anybody may ask, and each time it takes a connection.
        is_ready=remembered(is_ready, READY_FOR),
        within={MCP_PATH: mcp},
        allow={MCP_PATH: LEAST_ROLE},
        pages=cora.log.publications,
        lifespan=lifespan,
        harvest=cora.log.harvest,
        contact=cora.settings.authority_contact,
        symbol=cora.settings.datacite_repository,
        oai_repository=cora.settings.oai_repository,
    )
    return create_app(cora.kernel, cora.log, cora.tokens, cora.equipment, settings)


def remembered(ask: Callable[[], Awaitable[bool]], seconds: float) -> Callable[[], Awaitable[bool]]:
    """A question that is asked once at a time, and whose answer is given again for some seconds."""
    one_asks = asyncio.Lock()
    known, until = False, 0.0

    async def answer() -> bool:
        nonlocal known, until
        async with one_asks:
            if time.monotonic() >= until:
                known = await ask()
                until = time.monotonic() + seconds
            return known

    return answer


def listening(settings: Settings) -> socket.socket:
    """A socket on the address that is set. Raises `PortTakenError`."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listener = socket.socket(family)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    # An answer goes out in two parts; the second must not wait 40 ms until the first is acknowledged.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    try:
        listener.bind((settings.host, settings.port))
    except OSError as error:
        listener.close()
        raise PortTakenError(
            f"Cannot listen on {settings.host}:{settings.port} ({error.strerror}). "
            "Is a server running already? Choose another port with --port or CORA_PORT."
        ) from error
    return listener


async def serve(cora: Opened, listener: socket.socket, on_start: Callable[[], Awaitable[None]]) -> None:
    """Serve until the process is asked to stop (SIGINT, SIGTERM); then finish what is under way."""
    config = uvicorn.Config(
        application(cora),
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=STOP_WITHIN,
        lifespan="on",
        http="httptools",
    )
    server = _Server(config, on_start, cora.log.stop_following)
    with _garbage_searched_rarely():
        await server.serve(sockets=[listener])
    if server.failed:
        raise server.failed


@contextlib.contextmanager
def _garbage_searched_rarely() -> Generator[None]:
    """Leave what stands at the start out of every search for garbage, and search what is new when there is much."""
    before = gc.get_threshold()
    gc.collect()
    gc.freeze()
    gc.set_threshold(NEW_BEFORE_SEARCH, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()


class _Server(uvicorn.Server):
    """Tells when it has started, and leaves the process to its owner when it has stopped."""

    def __init__(
        self, config: uvicorn.Config, on_start: Callable[[], Awaitable[None]], on_stop: Callable[[], None]
    ) -> None:
        super().__init__(config)
        self._on_start = on_start
        self._on_stop = on_stop
        self.failed: BaseException | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if not self.should_exit:
            self._told = asyncio.create_task(self._tell(), name="cora start")

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Finish what is under way; what would go on for ever is told to end."""
        self._on_stop()
        await super().shutdown(sockets)

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None]:
        """Stop at the first signal. Uvicorn would raise it again afterwards: the database would be left running."""
        before = {each: signal.signal(each, self.handle_exit) for each in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for each, handler in before.items():
                signal.signal(each, handler)

    async def _tell(self) -> None:
        try:
            await self._on_start()
        except BaseException as error:  # told to whoever waits for the server
            self.failed = error
            self.should_exit = True
