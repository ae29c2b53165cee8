"""A small HTTP load generator: keep-alive connections, one request at a time on each, over the loopback interface."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Loaded:
    """What a load came to: answers inside the measured time, and every body that was answered, by status."""

    done: int
    seconds: float
    bodies: list[bytes]


@dataclass(frozen=True)
class Sent:
    """One request: its bytes, ready to send."""

    data: bytes

    @classmethod
    def make(
        cls, method: str, path: str, token: str | None = None, body: bytes = b"", accept: str = "application/json"
    ) -> "Sent":
        """A request with the headers that a client sends."""
        head = f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: {accept}\r\n"
        if token:
            head += f"Authorization: Bearer {token}\r\n"
        if body:
            head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
        return cls(head.encode() + b"\r\n" + body)


async def request(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, sent: Sent) -> tuple[int, bytes]:
    """Send one request and read its answer: status and body."""
    writer.write(sent.data)
    head = await reader.readuntil(b"\r\n\r\n")
    status = int(head[9:12])
    lower = head.lower()
    at = lower.index(b"content-length:") + 15
    length = int(lower[at : lower.index(b"\r\n", at)])
    return status, await reader.readexactly(length)


async def load(
    port: int, connections: int, seconds: float, make: Callable[[int], Sent], expected: int, warm_up: float = 1.0
) -> Loaded:
    """Requests made by `make(n)`, n counting up, over so many connections. Raises on another status."""
    start = time.perf_counter() + warm_up
    end = start + seconds
    done = 0
    number = 0
    bodies: list[bytes] = []

    async def client() -> None:
        nonlocal done, number
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            while (now := time.perf_counter()) < end:
                number += 1
                status, body = await request(reader, writer, make(number))
                if status != expected:
                    raise AssertionError(f"answered {status}: {body[:500]!r}")
                bodies.append(body)
                if now >= start and time.perf_counter() <= end:
                    done += 1
        finally:
            writer.close()

    await asyncio.gather(*(client() for _ in range(connections)))
    return Loaded(done, seconds, bodies)
