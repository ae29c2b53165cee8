"""MCP over streamable HTTP: one address, the same bearer tokens as the rest of the API.

There are no sessions: every request stands alone and is authenticated by
itself, so no token can take over what another began.
"""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from cora.equipment.wired import Equipment
from cora.kernel.documents import Documents
from cora.kernel.errors import MethodNotAllowedError, Refusal, UnsupportedMediaTypeError
from cora.kernel.execute import Kernel
from cora.kernel.identity import new_id
from cora.kernel.principal import ANONYMOUS, Principal, Role
from cora.kernel.requests import MAXIMUM_BODY
from cora.surfaces.http.messages import problem_reply
from cora.surfaces.mcp.bounded import Caller
from cora.surfaces.mcp.resources import Resources
from cora.surfaces.mcp.server import Context, mcp_server
from cora.surfaces.mcp.tools import offered_tools

MCP_PATH = "/mcp"
LEAST_ROLE = Role.READER


class McpEndpoint:
    """An ASGI application for the one address of MCP. It serves only while `running`.

    It stands within the HTTP `Surface`, which has checked the token, bounded
    the body, and says in `scope["state"]` who is calling (`principal`) and
    which request this is (`request_id`). Without that it refuses everything.
    """

    def __init__(self, kernel: Kernel, documents: Documents, equipment: Equipment) -> None:
        tools = offered_tools(kernel, documents, equipment.slices, equipment.views, equipment.doi_minter.schemes)
        # A page of another site cannot make a browser send our bearer token,
        # so the Host and Origin checks of the SDK would guard nothing here.
        self._manager = StreamableHTTPSessionManager(
            app=mcp_server(tools, Resources(kernel, equipment.views), _caller_of),
            json_response=True,
            stateless=True,
            max_request_body_size=MAXIMUM_BODY,
        )

    @asynccontextmanager
    async def running(self) -> AsyncGenerator[None]:
        """For the lifespan of the server, once."""
        async with self._manager.run():
            yield

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            raise RuntimeError(f"MCP is not served over {scope['type']}")
        caller = _caller(scope)
        try:
            _admit(caller.principal, scope["method"], Headers(scope=scope).get("content-type", ""))
        except Refusal as refusal:
            reply = problem_reply(refusal, caller.request_id)
            response = Response(reply.body, reply.status, media_type=reply.media_type.decode())
            response.raw_headers.extend(reply.headers)
            await response(scope, receive, send)
            return
        await self._manager.handle_request(scope, receive, send)


def _admit(principal: Principal, method: str, content_type: str) -> None:
    principal.require(LEAST_ROLE)
    if method != "POST":
        # Without sessions there is nothing to listen to and nothing to end.
        raise MethodNotAllowedError(MCP_PATH, method, "POST")
    if content_type.partition(";")[0].strip().lower() != "application/json":
        raise UnsupportedMediaTypeError(content_type[:100] or "nothing")


def _caller(scope: Scope) -> Caller:
    state = scope.get("state", {})
    return Caller(state.get("principal", ANONYMOUS), state.get("request_id") or new_id().hex)


async def _caller_of(context: Context) -> Caller:
    """Who sent the HTTP request that holds this message."""
    request: Any = context.request
    return Caller(ANONYMOUS, new_id().hex) if request is None else _caller(request.scope)
