"""Bytes straight onto a socket of a running server: what a client library would not let through."""

import asyncio
import json
from collections.abc import AsyncGenerator
from dataclasses import dataclass

import pytest
from tests.integration.mcp_world import Server, serving

from cora.kernel.principal import Role
from cora.kernel.requests import MAXIMUM_BODY
from cora.surfaces.start import Opened


@pytest.fixture(scope="module")
async def server(module_cora: Opened) -> AsyncGenerator[Server]:
    async with serving(module_cora) as server:
        yield server


@dataclass(frozen=True)
class Answered:
    status: int
    head: bytes
    body: bytes


async def _answer(reader: asyncio.StreamReader) -> Answered:
    head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 20)
    lower = head.lower()
    at = lower.index(b"content-length:") + 15
    length = int(lower[at : lower.index(b"\r\n", at)])
    return Answered(int(head[9:12]), head, await asyncio.wait_for(reader.readexactly(length), 20))


async def _send(server: Server, *pieces: bytes, answers: int = 1) -> list[Answered]:
    """What is answered to these bytes, in order."""
    host, port = server.url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    try:

        async def write() -> None:
            for piece in pieces:
                writer.write(piece)
                await writer.drain()

        writing = asyncio.create_task(write())
        found = [await _answer(reader) for _ in range(answers)]
        writing.cancel()
        await asyncio.gather(writing, return_exceptions=True)
        return found
    finally:
        writer.close()


def _head(server: Server, request: str, *headers: str, role: Role = Role.ADMIN) -> bytes:
    lines = [f"{request} HTTP/1.1", "Host: cora", f"Authorization: Bearer {server.bearers[role]}", *headers]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def _chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


JSON = "Content-Type: application/json"


async def test_a_body_in_chunks_is_counted_as_it_comes(server: Server) -> None:
    head = _head(server, "POST /facilities", JSON, "Transfer-Encoding: chunked")
    (answer,) = await _send(server, head, *[_chunk(b" " * 65536)] * 40, b"0\r\n\r\n")
    assert answer.status == 413
    assert json.loads(answer.body)["code"] == "TooLarge"


async def test_a_body_in_many_small_chunks_is_read(server: Server) -> None:
    body = json.dumps({"code": "chunks", "name": "Facility"}).encode()
    head = _head(server, "POST /facilities", JSON, "Transfer-Encoding: chunked")
    (answer,) = await _send(server, head, *(_chunk(body[at : at + 1]) for at in range(len(body))), b"0\r\n\r\n")
    assert answer.status == 201


async def test_a_body_announced_too_large_is_not_waited_for(server: Server) -> None:
    (answer,) = await _send(server, _head(server, "POST /facilities", JSON, f"Content-Length: {MAXIMUM_BODY + 1}"))
    assert answer.status == 413


async def test_a_request_smuggled_behind_a_short_length_is_a_request_of_its_own(server: Server) -> None:
    hidden = b"GET /facilities HTTP/1.1\r\nHost: cora\r\n\r\n"
    head = _head(server, "POST /facilities", JSON, "Content-Length: 2")
    first, second = await _send(server, head + b"{}" + hidden, answers=2)
    assert first.status == 422
    assert second.status == 401, "it has no token, and the one before it does not count"


@pytest.mark.parametrize(
    "headers",
    [
        ["Content-Length: 2", "Transfer-Encoding: chunked"],
        ["Content-Length: 2", "Content-Length: 3"],
        ["Content-Length: -1"],
        ["Content-Length: two"],
        ["Transfer-Encoding: nonsense"],
        ["Bad Name: x"],
        ["X: a\x00b"],
        ["Expect: 200-maybe"],
    ],
)
async def test_what_is_not_http_is_not_a_fault(server: Server, headers: list[str]) -> None:
    (answer,) = await _send(server, _head(server, "POST /facilities", JSON, *headers) + b"{}\r\n0\r\n\r\n")
    assert 400 <= answer.status < 500, answer


@pytest.mark.parametrize(
    "target",
    ["/facilities?code=%ff", "/facilities?code=%zz", "/facilities/%00", "/facilities/%ed%a0%80", "/%2e%2e/x", "//"],
)
async def test_odd_targets_are_answered(server: Server, target: str) -> None:
    (answer,) = await _send(server, _head(server, f"GET {target}"))
    assert answer.status in (200, 404, 422)
    assert b"x-request-id: " in answer.head


async def test_the_connection_can_be_used_again_after_a_refusal(server: Server) -> None:
    wrong = _head(server, "POST /facilities", JSON, "Content-Length: 1") + b"{"
    answers = await _send(server, wrong, wrong, _head(server, "GET /facilities"), answers=3)
    assert [answer.status for answer in answers] == [422, 422, 200]


async def test_head_sends_no_body(server: Server) -> None:
    host, port = server.url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(_head(server, "HEAD /facilities", "Connection: close"))
    raw = await asyncio.wait_for(reader.read(), 20)
    writer.close()
    head, _, body = raw.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200")
    assert body == b""
