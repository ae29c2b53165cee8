"""The MCP server: tools offered by role, answers and refusals as the same JSON that HTTP gives."""

import json
from collections.abc import Awaitable, Callable, Mapping
from importlib.metadata import version
from typing import Any

import structlog
from mcp.server.caching import CacheHint
from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel import Server
from mcp.shared.exceptions import MCPError
from mcp_types import (
    INVALID_PARAMS,
    INVALID_REQUEST,
    CallToolRequestParams,
    CallToolResult,
    ListToolsResult,
    PaginatedRequestParams,
    TextContent,
)
from pydantic_core import to_json

from cora.kernel.errors import Refusal, TooLargeError
from cora.kernel.identity import new_id
from cora.kernel.principal import Role
from cora.kernel.problem import internal_problem, problem
from cora.kernel.requests import MAXIMUM_BODY, require_fit
from cora.surfaces.mcp.describe import INSTRUCTIONS
from cora.surfaces.mcp.tools import Caller, Offered

LONGEST_TEXT = 100_000
"""Characters of the text of an answer; `structuredContent` is always whole."""

Context = ServerRequestContext[Any, Any]

_logger = structlog.get_logger("cora.mcp")


def mcp_server(tools: Mapping[str, Offered], caller_of: Callable[[Context], Awaitable[Caller]]) -> Server[Any]:
    """The server for some tools. `caller_of` tells who sends a request; nobody is served without a role."""

    async def list_tools(context: Context, _params: PaginatedRequestParams | None) -> ListToolsResult:
        try:
            role = _known(await caller_of(context)).principal.role
        except Refusal as refusal:
            raise MCPError(INVALID_REQUEST, refusal.detail()) from refusal
        return ListToolsResult(tools=[offered.tool for offered in tools.values() if offered.allow <= role])

    async def call_tool(context: Context, params: CallToolRequestParams) -> CallToolResult:
        try:
            caller = _known(await caller_of(context))
        except Refusal as refusal:
            return _refused(problem(refusal, new_id().hex))
        offered = tools.get(params.name)
        if offered is None:
            raise MCPError(INVALID_PARAMS, f"There is no tool {params.name!a}; tools/list shows those that there are.")
        return await call(offered, params.arguments or {}, caller)

    return Server(
        "cora",
        version=version("cora"),
        title="cora, the equipment record",
        instructions=INSTRUCTIONS,
        # What is offered depends on the role: a client must not show one caller's list to another.
        cache_hints={"tools/list": CacheHint(ttl_ms=300_000, scope="private")},
        # No argument of a tool is mirrored in a header, so there is nothing to compare.
        get_tool_input_schema=lambda name: None,
        on_list_tools=list_tools,
        on_call_tool=call_tool,
    )


async def call(offered: Offered, arguments: dict[str, Any], caller: Caller) -> CallToolResult:
    """Run a tool for a caller: its answer, or the problem that it met."""
    try:
        caller.principal.require(offered.allow)
        require_fit(arguments)
        if len(json.dumps(arguments, ensure_ascii=False).encode()) > MAXIMUM_BODY:
            raise TooLargeError(MAXIMUM_BODY)
        body = await offered.run(arguments, caller)
    except Refusal as refusal:
        return _refused(problem(refusal, caller.request_id))
    except Exception:
        _logger.exception("a tool failed", tool=offered.tool.name, request_id=caller.request_id)
        return _refused(internal_problem(caller.request_id))
    return _result(body, json.loads(body), is_error=False)


def _known(caller: Caller) -> Caller:
    caller.principal.require(Role.READER)
    return caller


def _refused(told: dict[str, Any]) -> CallToolResult:
    return _result(to_json(told).decode(), told, is_error=True)


def _result(text: str, structured: Any, *, is_error: bool) -> CallToolResult:
    if len(text) > LONGEST_TEXT:
        # Never half a JSON document without saying so.
        note = f"cut after {LONGEST_TEXT} of {len(text)} characters; the whole answer is in structuredContent"
        text = f"{text[:LONGEST_TEXT]}\n[{note}]"
    return CallToolResult(
        content=[TextContent(type="text", text=text)], structured_content=structured, is_error=is_error
    )
