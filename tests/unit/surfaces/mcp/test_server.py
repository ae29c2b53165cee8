"""How the server answers: whole answers, the same problems as HTTP, and nothing of its inside when it is at fault."""

import json
from dataclasses import replace
from typing import Any

import pytest
from mcp import Client, MCPError
from mcp_types import TextContent, Tool
from starlette.types import Message, Scope
from tests.unit.memory_log import MemoryContacts, MemoryLeases, MemoryLog, MemoryTellings

from cora.equipment.views import VIEWS
from cora.equipment.wire import Deps, wire_equipment
from cora.kernel.errors import OverloadedError
from cora.kernel.execute import Kernel
from cora.kernel.principal import ANONYMOUS, Principal, Role
from cora.kernel.problem import internal_problem, problem
from cora.surfaces.mcp.bounded import LONGEST_ANSWER, Caller, Run
from cora.surfaces.mcp.http import McpEndpoint
from cora.surfaces.mcp.offered import Offered
from cora.surfaces.mcp.resources import Resources
from cora.surfaces.mcp.server import Context, call, mcp_server

OPERATOR = Caller(Principal("ada", Role.OPERATOR), "request-1")


def offered(run: Run, allow: Role = Role.READER) -> Offered:
    tool = Tool(name="try_it", description="Try it.", input_schema={"type": "object"})
    return Offered(tool, allow, run)


async def answers_nothing(arguments: dict[str, Any], caller: Caller) -> str:
    raise AssertionError("it must not get so far")


async def test_an_answer_is_whole_in_both_forms() -> None:
    body = '{"a":null,"b":[{"c":null}],"d":1.0,"e":"\u00e4"}'

    async def run(arguments: dict[str, Any], caller: Caller) -> str:
        assert (arguments, caller) == ({"x": 1}, OPERATOR)
        return body

    result = await call(offered(run), {"x": 1}, OPERATOR)
    (content,) = result.content
    assert isinstance(content, TextContent)
    assert content.text == body
    assert result.structured_content == json.loads(body)
    assert result.is_error is False


async def test_a_long_answer_is_cut_alike_in_both_forms_and_says_how_to_ask_for_more() -> None:
    items = [{"name": f"camera {number}"} for number in range(LONGEST_ANSWER // 10)]

    async def run(arguments: dict[str, Any], caller: Caller) -> str:
        return json.dumps({"items": items})

    result = await call(replace(offered(run), hint="Ask for less."), {}, OPERATOR)
    (content,) = result.content
    assert isinstance(content, TextContent)
    assert len(content.text) <= LONGEST_ANSWER
    told = json.loads(content.text)
    assert result.structured_content == told
    assert told["truncated"] is True
    assert told["more"].endswith("Ask for less.")
    kept = len(told["items"])
    assert 0 < kept < len(items)
    assert told["items"] == items[:kept]
    assert f"{len(items) - kept:,} of the {len(items):,} items of /items" in told["more"]


async def test_a_refusal_is_the_problem_that_every_surface_tells() -> None:
    refusal = OverloadedError(retry_after=3)

    async def run(arguments: dict[str, Any], caller: Caller) -> str:
        raise refusal

    result = await call(offered(run), {}, OPERATOR)
    assert result.is_error is True
    assert result.structured_content == problem(refusal, "request-1")
    assert result.structured_content["retry_after"] == 3


async def test_a_fault_tells_where_to_look_and_nothing_else() -> None:
    async def run(arguments: dict[str, Any], caller: Caller) -> str:
        raise RuntimeError("password=hunter2")

    result = await call(offered(run), {}, OPERATOR)
    assert result.is_error is True
    assert result.structured_content == internal_problem("request-1")
    assert "hunter2" not in result.model_dump_json()


@pytest.mark.parametrize("arguments", [{}, {"unknown": "\u0000"}])
async def test_the_role_is_asked_before_anything_else(arguments: dict[str, Any]) -> None:
    result = await call(offered(answers_nothing, Role.STEWARD), arguments, OPERATOR)
    assert result.structured_content["code"] == "Forbidden"


@pytest.mark.parametrize("unfit", ["\u0000", "\ud800", float("nan"), 2**63])
async def test_what_cannot_be_kept_is_refused(unfit: Any) -> None:
    result = await call(offered(answers_nothing), {"value": unfit}, OPERATOR)
    assert result.structured_content["code"] == "InvalidRequest"
    assert [error["pointer"] for error in result.structured_content["errors"]] == ["/value"]


async def test_a_caller_without_a_role_is_told_of_no_tool() -> None:
    tools = {"try_it": offered(answers_nothing, Role.ANONYMOUS)}

    async def nobody(_context: Context) -> Caller:
        return Caller(ANONYMOUS, "request-1")

    server = mcp_server(tools, Resources(Kernel(MemoryLog()), VIEWS), nobody)
    async with Client(server) as client:
        with pytest.raises(MCPError, match="Send a valid token") as raised:
            await client.list_tools()
        assert "try_it" not in str(raised.value)
        for ask in (client.list_resources, client.list_resource_templates):
            with pytest.raises(MCPError, match="Send a valid token"):
                await ask()
        with pytest.raises(MCPError, match="Send a valid token"):
            await client.read_resource("cora://assets/01900000-0000-7000-8000-000000000001")
        refused = await client.call_tool("try_it", {})
        assert refused.is_error
        assert (refused.structured_content or {})["code"] == "Unauthenticated"


async def _status(endpoint: McpEndpoint, scope: Scope) -> int:
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": b"{}", "more_body": False}

    async def send(message: Message) -> None:
        sent.append(message)

    headers = [(b"content-type", b"application/json")]
    await endpoint({"type": "http", "method": "POST", "path": "/mcp", "headers": headers, **scope}, receive, send)
    return sent[0]["status"]


async def test_the_endpoint_alone_lets_nobody_in() -> None:
    log = MemoryLog()
    equipment = wire_equipment(Deps("https://cora.example", MemoryLeases(), MemoryContacts(log), MemoryTellings()))
    endpoint = McpEndpoint(Kernel(log, equipment), log, equipment)
    async with endpoint.running():
        assert await _status(endpoint, {}) == 401
        assert await _status(endpoint, {"state": {}}) == 401
        assert await _status(endpoint, {"state": {"principal": ANONYMOUS, "request_id": "1"}}) == 401
        known = {"state": {"principal": OPERATOR.principal, "request_id": "1"}}
        assert await _status(endpoint, known) in (400, 406)
        assert await _status(endpoint, {**known, "headers": []}) == 415
        assert await _status(endpoint, {**known, "method": "GET"}) == 405
