"""A PID authority on a loopback port: it outlives the servers that ask it, and stops them where the test wants."""

import asyncio
import socket
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

PATIENCE = 30.0


async def until(holds: Callable[[], Awaitable[bool]]) -> None:
    """Wait until something holds that can only be asked. Raises `TimeoutError` when patience is at its end."""
    async with asyncio.timeout(PATIENCE):
        while not await holds():  # noqa: ASYNC110
            await asyncio.sleep(0.005)


class LostError(Exception):
    """What stood at a step goes no further."""


@dataclass
class Authority:
    """What was registered, what was asked for, and which records are to be stopped at which step.

    Steps of a server: `before reserved`, `after reserved`, `before failed`, `after failed`, `before assigned`, `after
    assigned`; of the authority: `before minted`, `after minted`. `answers` holds a status for a record whose requests
    are to fail: before it is registered, or after it for those in `registers_all_the_same`.
    """

    url: str = ""
    holds: dict[str, str] = field(default_factory=dict[str, str])
    asked: Counter[str] = field(default_factory=Counter[str])
    stops: dict[str, str] = field(default_factory=dict[str, str])
    answers: dict[str, int] = field(default_factory=dict[str, int])
    registers_all_the_same: set[str] = field(default_factory=set[str])
    slow: float = 0.0
    _standing: dict[str, asyncio.Future[bool]] = field(default_factory=dict[str, "asyncio.Future[bool]"])

    def stop(self, subjects: Iterable[str], step: str) -> None:
        """Stop each of these records once, at a step."""
        self.stops |= dict.fromkeys(subjects, step)

    async def all_stand(self, subjects: Iterable[str]) -> None:
        """Wait until all of these have come to the step where they are stopped."""
        waited_for = set(subjects)

        async def stand() -> bool:
            return waited_for <= self._standing.keys()

        await until(stand)

    async def somebody_stands(self) -> bool:
        """Whether a record has come to the step where it is stopped."""
        return bool(self._standing)

    async def was_asked(self, times: int) -> None:
        """Wait until some identifier was asked for so many times."""

        async def was() -> bool:
            return max(self.asked.values(), default=0) >= times

        await until(was)

    def go_on(self, *, lost: bool = False) -> None:
        """Let all who stand go on, or lose them."""
        standing, self._standing = self._standing, {}
        for future in standing.values():
            future.set_result(lost)

    async def at(self, step: str, subject: str) -> None:
        """A record has come to a step. Raises `LostError` when it shall go no further."""
        if self.stops.get(subject) != step:
            return
        del self.stops[subject]
        self._standing[subject] = asyncio.get_running_loop().create_future()
        if await self._standing[subject]:
            raise LostError

    async def step(self, request: Request) -> Response:
        """A server tells of a step."""
        told = await request.json()
        try:
            await self.at(told["step"], told["subject"])
        except LostError:
            return Response(status_code=500)
        return Response(status_code=204)

    async def mint(self, request: Request) -> Response:
        """Register an identifier, once."""
        value, url = request.path_params["value"], (await request.json())["url"]
        subject = url.rpartition("/")[2]
        self.asked[value] += 1
        fails_with = self.answers.get(subject)
        try:
            await self.at("before minted", subject)
            await asyncio.sleep(self.slow)
            if fails_with is None or subject in self.registers_all_the_same:
                if self.holds.setdefault(value, url) != url:
                    return PlainTextResponse("it leads elsewhere", status_code=409)
                await self.at("after minted", subject)
        except LostError:
            return Response(status_code=500)
        if fails_with is not None:
            return PlainTextResponse("not today", status_code=fails_with)
        return JSONResponse({"url": url}, status_code=201)

    async def look(self, request: Request) -> Response:
        """Whether an identifier is registered."""
        url = self.holds.get(request.path_params["value"])
        return Response(status_code=404) if url is None else JSONResponse({"url": url})


@asynccontextmanager
async def authority() -> AsyncGenerator[Authority]:
    """An authority for as long as a test runs."""
    made = Authority()
    app = Starlette(
        routes=[
            Route("/steps", made.step, methods=["POST"]),
            Route("/identifiers/{value:path}", made.mint, methods=["PUT"]),
            Route("/identifiers/{value:path}", made.look, methods=["GET"]),
        ]
    )
    with socket.create_server(("127.0.0.1", 0), backlog=256) as listener:
        server = uvicorn.Server(
            uvicorn.Config(app, log_level="error", access_log=False, lifespan="off", timeout_graceful_shutdown=1)
        )
        running = asyncio.create_task(server.serve([listener]))
        made.url = f"http://127.0.0.1:{listener.getsockname()[1]}"

        async def is_up() -> bool:
            return server.started

        await until(is_up)
        try:
            yield made
        finally:
            made.go_on(lost=True)
            server.should_exit = True
            await running
