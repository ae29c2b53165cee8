"""MCP over standard input and output: the server in a process of its own, the client of the official SDK here."""

import asyncio
import json
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from mcp import Client, StdioServerParameters
from tests.integration import mcp_stdio_server
from tests.integration.log.harness import fetch
from tests.integration.mcp_world import CLIENTS, Agent, build_fixture

from cora.equipment.wire import equipment_slices
from cora.kernel.principal import Role
from cora.kernel.requests import MAXIMUM_BODY
from cora.log.store import PostgresLog
from cora.log.tokens import TIME_TO_LIVE
from cora.surfaces.mcp.describe import tool_of

SCRIPT = Path(mcp_stdio_server.__file__)


@pytest.fixture(scope="module")
def place(module_database_url: str, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    """The database and the data directory of the servers."""
    return module_database_url, str(tmp_path_factory.mktemp("cora"))


@asynccontextmanager
async def agent(place: tuple[str, str], role: Role, mode: Any = "auto") -> AsyncGenerator[Agent]:
    """A client that starts the server with a role."""
    arguments = [str(SCRIPT), *place, role.label]
    async with Client(StdioServerParameters(command=sys.executable, args=arguments), mode=mode) as client:
        yield Agent(client)


@asynccontextmanager
async def process(place: tuple[str, str], label: str) -> AsyncGenerator[asyncio.subprocess.Process]:
    """The server without a client, to see every byte it prints."""
    pipe = asyncio.subprocess.PIPE
    started = await asyncio.create_subprocess_exec(
        sys.executable, str(SCRIPT), *place, label, stdin=pipe, stdout=pipe, stderr=pipe
    )
    try:
        yield started
    finally:
        if started.returncode is None:
            started.kill()
        await started.wait()


@pytest.mark.parametrize("mode", CLIENTS)
async def test_a_fixture_is_built_and_cited(place: tuple[str, str], mode: str) -> None:
    async with agent(place, Role.ADMIN, mode) as client:
        made = await build_fixture(client, f"S{mode}")
        assigned = await client.call("assign_fixture_persistent_id", fixture_id=made["fixture"], scheme="Handle")
        record = await client.call("get_fixture_pidinst", fixture_id=made["fixture"])
        assert record["identifier"] == {"identifier": assigned["value"], "identifierType": "Handle"}
        again = await client.refusal("assign_fixture_persistent_id", fixture_id=made["fixture"], scheme="Handle")
        assert (again["status"], again["code"]) == (409, "FixturePersistentIdAlreadyAssigned")
    sql = "select distinct actor, via from event where stream = $1"
    rows = await fetch(place[0], "cora", sql, made["fixture"])
    assert [(row["actor"], row["via"]) for row in rows] == [("tester", "mcp")]


@pytest.mark.parametrize("role", [Role.READER, Role.OPERATOR])
async def test_tools_are_offered_by_role(place: tuple[str, str], role: Role) -> None:
    tools = {tool_of(declared) for declared in equipment_slices() if declared.allow <= role}
    async with agent(place, role) as client:
        assert await client.names() == tools | {"get", "list", "history"}
        problem = await client.refusal("register_facility", code="aps", name="APS")
        assert (problem["status"], problem["code"], problem["needed"]) == (403, "Forbidden", "admin")


async def test_options_and_violations(place: tuple[str, str]) -> None:
    async with agent(place, Role.ADMIN) as client:
        key = uuid4().hex
        first = await client.call("register_facility", code="io", name="IO", idempotency_key=key)
        assert await client.call("register_facility", code="io", name="IO", idempotency_key=key) == first
        rehearsed = await client.call("define_family", name="Mirror", dry_run=True)
        assert rehearsed["dry_run"] is True
        assert (await client.refusal("get", kind="family", id=rehearsed["id"]))["code"] == "FamilyNotFound"
        problem = await client.refusal("register_facility", code="NOT A SLUG", name="", when="now")
        assert {error["pointer"] for error in problem["errors"]} == {"/code", "/name", "/when"}


async def test_input_is_limited_as_over_http(place: tuple[str, str]) -> None:
    async with agent(place, Role.ADMIN) as client:
        large = await client.refusal("register_facility", code="big", name="x" * MAXIMUM_BODY)
        assert (large["status"], large["code"], large["limit"]) == (413, "TooLarge", MAXIMUM_BODY)
        deep: Any = "bottom"
        for _ in range(70):
            deep = [deep]
        problem = await client.refusal("register_facility", code="deep", name=deep)
        assert (problem["status"], problem["code"]) == (422, "InvalidRequest")


async def test_standard_output_carries_the_protocol_and_nothing_else(place: tuple[str, str]) -> None:
    messages: list[dict[str, Any]] = [
        {
            "jsonrpc": "2.0",
            "id": 1,
            "method": "initialize",
            "params": {
                "protocolVersion": "2025-06-18",
                "capabilities": {},
                "clientInfo": {"name": "test", "version": "1"},
            },
        },
        {"jsonrpc": "2.0", "method": "notifications/initialized"},
        {
            "jsonrpc": "2.0",
            "id": 2,
            "method": "tools/call",
            "params": {"name": "register_facility", "arguments": {"code": "quiet", "name": "Quiet"}},
        },
    ]
    async with process(place, "admin") as server:
        assert server.stdin is not None
        assert server.stdout is not None
        assert server.stderr is not None
        server.stdin.write(b"this is not JSON\n")
        for message in messages:
            server.stdin.write(json.dumps(message).encode() + b"\n")
        answers: list[dict[str, Any]] = []
        async with asyncio.timeout(30):
            while not any(answer.get("id") == 2 for answer in answers):
                answers.append(json.loads(await server.stdout.readline()))
            server.stdin.close()
            rest, errors = await server.stdout.read(), await server.stderr.read()
            assert await server.wait() == 0
    assert rest == b""
    assert b"noise of this process" in errors
    assert b"noise of a child" in errors
    assert answers[-1]["result"]["isError"] is False


async def test_nobody_is_served_without_a_role(place: tuple[str, str]) -> None:
    async with process(place, "anonymous") as server:
        printed, errors = await asyncio.wait_for(server.communicate(), 30)
    assert (server.returncode, printed) == (1, b"")
    assert b"Unauthenticated" in errors


async def test_a_token_that_is_revoked_is_refused_at_the_next_call(place: tuple[str, str]) -> None:
    log = await PostgresLog.open(place[0])
    try:
        bearer = await log.tokens.create(Role.OPERATOR, "visitor")
        arguments = [str(SCRIPT), *place, bearer]
        async with Client(StdioServerParameters(command=sys.executable, args=arguments)) as client:
            visitor = Agent(client)
            assert "list" in await visitor.names()
            assert (await visitor.call("list", kind="facility"))["next"] is None
            (token,) = [each for each in await log.tokens.list() if each.name == "visitor"]
            assert await log.tokens.revoke(token.id)
            await asyncio.sleep(TIME_TO_LIVE + 0.1)
            asked = {"list": {"kind": "facility"}, "get_asset_pidinst": {"asset_id": str(uuid4())}}
            for tool, arguments in asked.items():
                problem = await visitor.refusal(tool, **arguments)
                assert (problem["status"], problem["code"]) == (401, "Unauthenticated")
    finally:
        await log.close()
