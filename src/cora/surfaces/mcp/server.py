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
    INTERNAL_ERROR,
    INVALID_PARAMS,
    INVALID_REQUEST,
    CallToolRequestParams,
    CallToolResult,
    ListResourcesResult,
    ListResourceTemplatesResult,
    ListToolsResult,
    PaginatedRequestParams,
    ReadResourceRequestParams,
    ReadResourceResult,
    TextContent,
    TextResourceContents,
)
from pydantic_core import to_json

from cora.kernel.errors import Refusal, TooLargeError
from cora.kernel.identity import new_id
from cora.kernel.principal import Role
from cora.kernel.problem import internal_problem, problem
from cora.kernel.requests import MAXIMUM_BODY, require_fit
from cora.surfaces.mcp.bounded import Answer, Caller, bounded
from cora.surfaces.mcp.describe import INSTRUCTIONS
from cora.surfaces.mcp.offered import Offered
from cora.surfaces.mcp.resources import MEDIA_TYPE, Resources

Context = ServerRequestContext[Any, Any]

_logger = structlog.get_logger("cora.mcp")


def mcp_server(
    tools: Mapping[str, Offered], resources: Resources, caller_of: Callable[[Context], Awaitable[Caller]]
) -> Server[Any]:
    """The server for tools and resources. `caller_of` tells who sends a request; nobody is served without a role."""

    async def known(context: Context) -> Caller:
        try:
            return _known(await caller_of(context))
        except Refusal as refusal:
            raise MCPError(INVALID_REQUEST, refusal.detail()) from refusal

    async def list_tools(context: Context, _params: PaginatedRequestParams | None) -> ListToolsResult:
        role = (await known(context)).principal.role
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

    async def list_resources(context: Context, _params: PaginatedRequestParams | None) -> ListResourcesResult:
        # There may be 100,000 of them: they are found by tools, and read by their addresses.
        await known(context)
        return ListResourcesResult(resources=[])

    async def list_templates(context: Context, _params: PaginatedRequestParams | None) -> ListResourceTemplatesResult:
        await known(context)
        return ListResourceTemplatesResult(resource_templates=resources.templates())

    async def read_resource(context: Context, params: ReadResourceRequestParams) -> ReadResourceResult:
        caller = await known(context)
        try:
            text = await resources.read(params.uri)
        except Refusal as refusal:
            raise MCPError(INVALID_PARAMS, refusal.detail(), problem(refusal, caller.request_id)) from refusal
        except Exception as error:
            _logger.exception("a resource failed", request_id=caller.request_id)
            fault = internal_problem(caller.request_id)
            raise MCPError(INTERNAL_ERROR, fault["detail"], fault) from error
        contents = TextResourceContents(uri=params.uri, mime_type=MEDIA_TYPE, text=text)
        return ReadResourceResult(contents=[contents])

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
        on_list_resources=list_resources,
        on_list_resource_templates=list_templates,
        on_read_resource=read_resource,
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
    return _result(bounded(body, offered.hint), is_error=False)


def _known(caller: Caller) -> Caller:
    caller.principal.require(Role.READER)
    return caller


def _refused(told: dict[str, Any]) -> CallToolResult:
    return _result(bounded(to_json(told).decode(), ""), is_error=True)


def _result(answer: Answer, *, is_error: bool) -> CallToolResult:
    text = TextContent(type="text", text=answer.text)
    return CallToolResult(content=[text], structured_content=answer.value, is_error=is_error)
