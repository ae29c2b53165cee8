"""The outermost layer: who is calling, which endpoint answers, and what is told and logged when something is wrong."""

import asyncio
import re
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from functools import partial
from typing import Any

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from cora.kernel.errors import MethodNotAllowedError, OverloadedError, Refusal, UnauthenticatedError
from cora.kernel.identity import new_id
from cora.kernel.principal import ANONYMOUS, Principal, Role
from cora.kernel.tokens import Tokens
from cora.surfaces.http.dispatch import Paths
from cora.surfaces.http.messages import ClientGoneError, Reply, Request, fault_reply, problem_reply

_REQUEST_ID = re.compile(rb"[A-Za-z0-9._-]{1,64}")
_BEARER = re.compile(rb"[Bb][Ee][Aa][Rr][Ee][Rr] +([\x21-\x7e]{1,500})")
_NO_BODY = (204, 304)
_LONGEST_PATH_LOGGED = 200
_ASK_AGAIN = 10.0
"""Seconds after which the token of a stream is looked at again."""

_logger: Any = structlog.get_logger("cora.http")


class Surface:
    """An ASGI layer that answers the routes of the slices itself and leaves all else to the application within.

    What is within finds `principal` and `request_id` in `scope["state"]`. A wrong token, a role that does not suffice
    (`allow`, by path), an oversized body and a fault are answered here for it too.
    """

    def __init__(self, app: ASGIApp, paths: Paths, tokens: Tokens, allow: Mapping[str, Role]) -> None:
        self._within = app
        self._paths = paths
        self._tokens = tokens
        self._allow = allow

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._within(scope, receive, send)
            return
        began = time.perf_counter()
        request = _request(scope, receive)
        structlog.contextvars.bind_contextvars(request_id=request.request_id)
        outgoing = _Outgoing(send, request)
        try:
            reply = await self._reply(request, scope, outgoing)
        except Refusal as refusal:
            reply = problem_reply(refusal, request.request_id)
        except ClientGoneError:
            reply = None
        except Exception:
            _logger.exception("fault", method=scope["method"], path=_shown(request.path))
            reply = fault_reply(request.request_id)
        if reply is not None and not outgoing.status:
            try:
                if reply.stream is None:
                    await outgoing.reply(reply)
                else:
                    await outgoing.stream(reply, reply.stream, request, partial(self._is_still, request))
            except Exception:
                # The answer has begun: it can only be cut off, and the client can see that it was.
                _logger.exception("fault", method=scope["method"], path=_shown(request.path))
        _logger.info(
            "request",
            method=scope["method"],
            path=_shown(request.path),
            status=outgoing.status,
            milliseconds=round((time.perf_counter() - began) * 1000, 2),
            caller=request.principal.name,
        )

    async def _reply(self, request: Request, scope: Scope, outgoing: "_Outgoing") -> Reply | None:
        """The answer; None when the application within has given it."""
        found = self._paths.find(request.path)
        if found is None:
            request.principal = await self._caller(request)
            request.principal.require(self._allow.get(request.path, Role.ANONYMOUS))
            await self._go_within(request, scope, outgoing)
            return None
        place, request.values = found
        endpoint = place.endpoints.get("GET" if request.method == "HEAD" else request.method)
        if endpoint is None:
            raise MethodNotAllowedError(request.path, scope["method"], place.allowed())
        if not endpoint.asks_nobody:
            request.principal = await self._caller(request)
            request.principal.require(endpoint.allow)
        return await endpoint.handle(request)

    async def _caller(self, request: Request) -> Principal:
        """Who is calling. Raises `UnauthenticatedError` for a token that is wrong in any way, wherever it is sent."""
        given = request.headers.get(b"authorization")
        if given is None:
            return ANONYMOUS
        bearer = _BEARER.fullmatch(given)
        if bearer is None or b"authorization" in request.repeated:
            raise UnauthenticatedError
        principal = await self._tokens.authenticate(bearer[1].decode("ascii"))
        if principal is None:
            raise UnauthenticatedError
        return principal

    async def _is_still(self, request: Request) -> bool:
        """Whether the token of a request that goes on for long has not been revoked meanwhile."""
        try:
            return await self._caller(request) == request.principal
        except UnauthenticatedError:
            return False
        except OverloadedError:
            return True

    async def _go_within(self, request: Request, scope: Scope, outgoing: "_Outgoing") -> None:
        receive = request.receive
        if request.method not in ("GET", "HEAD", "OPTIONS"):
            receive = _given_again(await request.body(), receive)
        scope.setdefault("state", {}).update(principal=request.principal, request_id=request.request_id)
        await self._within(scope, receive, outgoing)


class _Outgoing:
    """The way out: adds what every answer carries, and knows the status afterwards."""

    __slots__ = ("_carries_body", "_common", "_send", "status")

    def __init__(self, send: Send, request: Request) -> None:
        self._send = send
        self._carries_body = request.method != "HEAD"
        self._common = [
            (b"x-request-id", request.request_id.encode("ascii")),
            (b"x-content-type-options", b"nosniff"),
        ]
        self.status = 0

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            message = {**message, "headers": [*message.get("headers", []), *self._common]}
        await self._send(message)

    async def stream(
        self, reply: Reply, pieces: AsyncGenerator[bytes], request: Request, is_still: Callable[[], Awaitable[bool]]
    ) -> None:
        """Send piece by piece until there is no more, the client has gone, or its token is no longer good.

        The next piece is made when the one before is on its way, so a slow client costs no memory.
        """
        self.status = reply.status
        headers = [*reply.headers, *self._common, (b"content-type", reply.media_type)]
        await self._send({"type": "http.response.start", "status": reply.status, "headers": headers})
        tasks = [asyncio.create_task(self._send_all(pieces, is_still)), asyncio.create_task(_gone(request.receive))]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            sent, _ = await asyncio.gather(*tasks, return_exceptions=True)
            await pieces.aclose()
        if isinstance(sent, Exception):
            raise sent

    async def _send_all(self, pieces: AsyncGenerator[bytes], is_still: Callable[[], Awaitable[bool]]) -> None:
        if self._carries_body:
            clock = asyncio.get_running_loop().time
            asked = clock()
            async for piece in pieces:
                if clock() - asked > _ASK_AGAIN:
                    if not await is_still():
                        break
                    asked = clock()
                await self._send({"type": "http.response.body", "body": piece, "more_body": True})
        await self._send({"type": "http.response.body", "body": b""})

    async def reply(self, reply: Reply) -> None:
        self.status = reply.status
        headers = [*reply.headers, *self._common]
        if reply.status not in _NO_BODY:
            headers += [(b"content-type", reply.media_type), (b"content-length", b"%d" % len(reply.body))]
        await self._send({"type": "http.response.start", "status": reply.status, "headers": headers})
        await self._send({"type": "http.response.body", "body": reply.body if self._carries_body else b""})


def _request(scope: Scope, receive: Receive) -> Request:
    given: list[tuple[bytes, bytes]] = scope["headers"]
    headers = dict(given)
    repeated = frozenset[bytes]()
    if len(headers) != len(given):
        names = [name for name, _ in given]
        repeated = frozenset(name for name in headers if names.count(name) > 1)
        if b"accept" in repeated:
            # A list, which may come in several lines.
            headers[b"accept"] = b", ".join(value for name, value in given if name == b"accept")
    brought = headers.get(b"x-request-id", b"")
    is_sane = _REQUEST_ID.fullmatch(brought) is not None and b"x-request-id" not in repeated
    return Request(
        method=scope["method"],
        path=scope["path"],
        headers=headers,
        repeated=repeated,
        query_string=scope["query_string"],
        receive=receive,
        request_id=brought.decode("ascii") if is_sane else new_id().hex,
    )


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _given_again(body: bytes, receive: Receive) -> Receive:
    """A body that was read already, for someone who wants to read it."""
    waiting: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def again() -> Message:
        return waiting.pop() if waiting else await receive()

    return again


def _shown(path: str) -> str:
    return path[:_LONGEST_PATH_LOGGED]
