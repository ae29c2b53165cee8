"""MCP over streamable HTTP, with the client of the official SDK and without it."""

import json
from collections.abc import AsyncGenerator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
from jsonschema import Draft202012Validator
from mcp import MCPError
from mcp_types import INVALID_PARAMS
from tests.integration.mcp_world import CLIENTS, ROLES, Server, build_fixture, serving

from cora.equipment.wire import equipment_slices
from cora.kernel.principal import Role
from cora.kernel.requests import MAXIMUM_BODY
from cora.kernel.slice import QuerySlice
from cora.surfaces.mcp.describe import tool_of
from cora.surfaces.mcp.http import MCP_PATH
from cora.surfaces.start import Opened

ACCEPT = {"Accept": "application/json, text/event-stream"}
SLICES = equipment_slices()
READS = {"get", "list", "history"}


@pytest.fixture(scope="module")
async def server(module_cora: Opened) -> AsyncGenerator[Server]:
    async with serving(module_cora) as server:
        yield server


def rpc(method: str, **params: Any) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}


async def post(server: Server, message: Any, bearer: str | None, **headers: str) -> httpx.Response:
    credentials = {"Authorization": f"Bearer {bearer}"} if bearer is not None else {}
    async with server.web() as web:
        return await web.post(MCP_PATH, json=message, headers={**ACCEPT, **credentials, **headers})


@pytest.mark.parametrize("mode", CLIENTS)
async def test_a_fixture_is_built_cited_and_read_alike_over_mcp_and_http(server: Server, mode: str) -> None:
    async with server.client(Role.ADMIN, mode) as agent, server.web(Role.READER) as web:
        made = await build_fixture(agent, f"A{mode}")
        path = f"/fixtures/{made['fixture']}/pidinst"
        before = await agent.call("get_fixture_pidinst", fixture_id=made["fixture"])
        assert before["identifier"] == {
            "identifier": f"urn:uuid:{made['fixture']}",
            "identifierType": "URN",
        }
        assert before["landingPage"] == f"{server.cora.equipment.public_url}/id/{made['fixture']}"
        assert before["complete"] is True
        assert (await web.get(path)).json() == before

        assigned = await agent.call(
            "assign_fixture_persistent_id", fixture_id=made["fixture"], scheme="DOI", suffix=f"tower-{mode}"
        )
        assert assigned["value"] == f"10.0000/cora-stub/tower-{mode}"

        after = await agent.call("get_fixture_pidinst", fixture_id=made["fixture"])
        assert after["identifier"]["identifier"] == assigned["value"]
        assert after["test"] is True
        answered = await web.get(path)
        assert answered.json() == after
        async with server.web() as anybody:
            assert (await anybody.get(path)).content == answered.content

        shown = await agent.call("get", kind="fixture", id=made["fixture"])
        assert shown == (await web.get(f"/fixtures/{made['fixture']}")).json()
        listed = await agent.call("list", kind="fixture", filters={"persistent_id": assigned["value"]})
        # What stands beside a record is shown with the one, not with each of a list.
        assert listed["items"] == [{name: value for name, value in shown.items() if name != "beside"}]
        assert listed["next"] is None


@pytest.mark.parametrize("bearer", [None, "nonsense", f"cora_{'0' * 32}_{'A' * 43}"])
@pytest.mark.parametrize("method", ["initialize", "server/discover", "tools/list", "tools/call", "ping"])
async def test_without_a_valid_token_nothing_is_answered(server: Server, bearer: str | None, method: str) -> None:
    answered = await post(server, rpc(method), bearer)
    assert answered.status_code == 401
    assert answered.headers["WWW-Authenticate"] == "Bearer"
    assert answered.headers["Content-Type"] == "application/problem+json"
    assert answered.json()["code"] == "Unauthenticated"
    assert "jsonrpc" not in answered.json()


async def test_a_revoked_token_is_refused_at_its_next_request(server: Server) -> None:
    name = f"visitor {uuid4().hex}"
    bearer = await server.cora.tokens.create(Role.OPERATOR, name)
    assert (await post(server, rpc("tools/list"), bearer)).status_code == 200
    (token,) = [token for token in await server.cora.tokens.list() if token.name == name]
    await server.cora.tokens.revoke(token.id)
    assert (await post(server, rpc("tools/list"), bearer)).status_code == 401


async def test_the_sdk_client_cannot_connect_with_a_wrong_token(server: Server) -> None:
    wrong = Server(server.url, server.cora, {Role.ADMIN: "cora_wrong"})
    with pytest.raises((MCPError, ExceptionGroup)):
        async with wrong.client(Role.ADMIN) as agent:
            await agent.names()


@pytest.mark.parametrize("method", ["GET", "DELETE", "PUT"])
async def test_there_is_no_session_to_listen_to_or_to_end(server: Server, method: str) -> None:
    async with server.web(Role.ADMIN) as web:
        answered = await web.request(method, MCP_PATH, headers=ACCEPT)
    assert (answered.status_code, answered.headers["Allow"]) == (405, "POST")
    assert answered.json()["code"] == "MethodNotAllowed"


async def test_a_session_id_of_another_lends_no_rights(server: Server) -> None:
    hello = rpc(
        "initialize",
        protocolVersion="2025-06-18",
        capabilities={},
        clientInfo={"name": "test", "version": "1"},
    )
    began = await post(server, hello, server.bearers[Role.ADMIN])
    assert began.status_code == 200
    session = began.headers.get("Mcp-Session-Id", uuid4().hex)
    call = rpc("tools/call", name="register_facility", arguments={"code": "stolen", "name": "Stolen"})
    answered = await post(server, call, server.bearers[Role.READER], **{"Mcp-Session-Id": session})
    result = answered.json()["result"]
    assert result["isError"] is True
    assert result["structuredContent"]["code"] == "Forbidden"


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("mode", CLIENTS)
async def test_tools_are_offered_by_role(server: Server, role: Role, mode: str) -> None:
    async with server.client(role, mode) as agent:
        assert await agent.names() == {tool_of(each) for each in SLICES if each.allow <= role} | READS


async def test_a_reader_is_offered_nothing_that_changes_anything(server: Server) -> None:
    async with server.client(Role.READER) as agent:
        tools = (await agent.client.list_tools()).tools
    assert all(tool.annotations is not None and tool.annotations.read_only_hint for tool in tools)
    commands = {declared.name for declared in SLICES if not isinstance(declared, QuerySlice)}
    assert commands
    assert not commands & {tool.name for tool in tools}


async def test_a_tool_that_is_not_offered_is_refused_before_its_input_is_looked_at(server: Server) -> None:
    async with server.client(Role.READER) as agent:
        problem = await agent.refusal("decommission_asset", nonsense=True)
    assert (problem["status"], problem["code"]) == (403, "Forbidden")
    assert (problem["needed"], problem["role"]) == ("operator", "reader")


@pytest.mark.parametrize("mode", CLIENTS)
async def test_an_unknown_tool_is_an_error_of_the_protocol(server: Server, mode: str) -> None:
    async with server.client(Role.ADMIN, mode) as agent:
        with pytest.raises(MCPError) as raised:
            await agent.client.call_tool("demolish_beamline", {})
    assert raised.value.error.code == INVALID_PARAMS
    assert "demolish_beamline" in raised.value.error.message


async def test_the_schemas_of_all_tools_are_schemas_of_objects(server: Server) -> None:
    async with server.client(Role.ADMIN) as agent:
        tools = (await agent.client.list_tools()).tools
    for tool in tools:
        assert tool.output_schema is not None, tool.name
        for schema in (tool.input_schema, tool.output_schema):
            assert schema["type"] == "object", tool.name
            Draft202012Validator.check_schema(schema)
        assert tool.input_schema["additionalProperties"] is False, tool.name


@pytest.mark.parametrize("mode", CLIENTS)
async def test_a_refusal_is_the_same_problem_as_over_http(server: Server, mode: str) -> None:
    unknown = str(uuid4())
    async with server.client(Role.OPERATOR, mode) as agent, server.web(Role.OPERATOR) as web:
        problem = await agent.refusal("activate_asset", asset_id=unknown)
        over_http = (await web.post(f"/assets/{unknown}/activate")).json()
    assert problem.pop("request_id") != over_http.pop("request_id")
    assert problem == over_http
    assert (problem["status"], problem["code"], problem["id"]) == (404, "AssetNotFound", unknown)


async def test_a_conflict_names_the_records_concerned(server: Server) -> None:
    async with server.client(Role.ADMIN) as agent:
        made = await build_fixture(agent, "C1")
        problem = await agent.refusal("uninstall_asset", mount_id=made["mount"], reason="swap")
        assert (problem["status"], problem["code"]) == (409, "MountHasFixtureBoundAsset")
        assert {made["asset"], made["fixture"]} <= set(problem.values())
        assert (await agent.refusal("activate_asset", asset_id=made["asset"]))["code"] == "AssetCannotActivate"


@pytest.mark.parametrize("mode", CLIENTS)
async def test_invalid_input_is_answered_with_every_violation_and_its_place(server: Server, mode: str) -> None:
    async with server.client(Role.OPERATOR, mode) as agent:
        problem = await agent.refusal(
            "register_asset",
            name=" ",
            tier="Gadget",
            parent_id="not-an-id",
            owners=[{"name": "A"}, {"nome": "B"}],
            surprise=1,
            occurred_at="yesterday",
            if_match="3",
            dry_run="true",
            idempotency_key="with space",
        )
    assert (problem["status"], problem["code"]) == (422, "InvalidRequest")
    assert {error["pointer"] for error in problem["errors"]} == {
        "/name",
        "/tier",
        "/parent_id",
        "/owners/1/name",
        "/owners/1/nome",
        "/surprise",
        "/occurred_at",
        "/if_match",
        "/dry_run",
        "/idempotency_key",
    }


@pytest.mark.parametrize(
    ("tool", "arguments", "pointer"),
    [
        ("get", {"kind": "asset"}, "/id"),
        ("get", {"id": str(uuid4())}, "/kind"),
        ("get", {"kind": "gadget", "id": str(uuid4())}, "/kind"),
        ("get", {"kind": "asset", "id": str(uuid4()), "dry_run": True}, "/dry_run"),
        ("get", {"kind": "asset", "id": str(uuid4()), "asset_id": str(uuid4())}, "/asset_id"),
        ("get", {"kind": "asset", "id": "aps//"}, "/id"),
        ("get", {"kind": "persistent_id", "id": "no identifier"}, "/id"),
        ("get", {"kind": "asset", "id": str(uuid4()), "expand": ["colour"]}, "/expand"),
        ("get", {"kind": "asset", "id": str(uuid4()), "fields": ["colour"]}, "/fields"),
        ("get", {"kind": "asset", "id": str(uuid4()), "as_of": "yesterday"}, "/as_of"),
        ("get_fixture_pidinst", {"fixture_id": 5}, "/fixture_id"),
        ("list", {"kind": "asset", "limit": 0}, "/limit"),
        ("list", {"kind": "asset", "limit": True}, "/limit"),
        ("list", {"kind": "asset", "sort": "colour"}, "/sort"),
        ("list", {"kind": "asset", "filters": {"colour": "red"}}, "/filters/colour"),
        ("list", {"kind": "asset", "filters": {"registered_at_from": "then"}}, "/filters/registered_at_from"),
        ("list", {"kind": "asset", "missing": ["colour"]}, "/missing"),
        ("list", {"kind": "family", "under": str(uuid4())}, "/under"),
        ("list", {"kind": "asset", "colour": "red"}, "/colour"),
        ("list", {"kind": "asset", "cursor": "!"}, "/cursor"),
        ("history", {"kind": "asset", "id": str(uuid4()), "cursor": "!"}, "/cursor"),
        ("tree", {"kind": "mount", "id": str(uuid4())}, "/kind"),
        ("tree", {"kind": "asset", "id": str(uuid4()), "depth": 65}, "/depth"),
        ("pose", {"kind": "mount", "id": str(uuid4()), "within": "Hutch"}, "/within"),
        ("activate_asset", {"asset_id": str(uuid4()), "on_behalf_of": "a\nb"}, "/on_behalf_of"),
        ("register_asset", {"name": "a\u0000b", "tier": "Unit", "facility_code": "aps"}, "/name"),
    ],
)
async def test_a_violation_names_the_argument(server: Server, tool: str, arguments: Any, pointer: str) -> None:
    async with server.client(Role.OPERATOR) as agent:
        problem = await agent.refusal(tool, **arguments)
    assert problem["code"] == "InvalidRequest"
    assert [error["pointer"] for error in problem["errors"]] == [pointer]


async def test_dry_run_answers_what_would_be_recorded_and_records_nothing(server: Server) -> None:
    async with server.client(Role.ADMIN) as agent:
        rehearsed = await agent.call("register_facility", code="rehearsed", name="Rehearsed", dry_run=True)
        assert rehearsed["dry_run"] is True
        assert [event["kind"] for event in rehearsed["events"]] == ["FacilityRegistered"]
        assert rehearsed["state"]["code"] == "rehearsed"
        assert (await agent.refusal("get", kind="facility", id=rehearsed["id"]))["code"] == "FacilityNotFound"
        done = await agent.call("register_facility", code="rehearsed", name="Rehearsed")
        assert "dry_run" not in done
        assert done["state"] == {**rehearsed["state"], "id": done["id"]}


async def test_an_idempotency_key_is_answered_again_also_over_http(server: Server) -> None:
    key = uuid4().hex
    arguments = {"code": "once", "name": "Once"}
    async with server.client(Role.ADMIN) as agent, server.web(Role.ADMIN) as web:
        first = await agent.call("register_facility", **arguments, idempotency_key=key)
        assert await agent.call("register_facility", **arguments, idempotency_key=key) == first
        over_http = await web.post("/facilities", json=arguments, headers={"Idempotency-Key": key})
        assert (over_http.status_code, over_http.json()) == (201, first)
        problem = await agent.refusal("register_facility", code="twice", name="Twice", idempotency_key=key)
        assert (problem["status"], problem["code"]) == (422, "IdempotencyKeyReused")


async def test_the_other_options_reach_the_log(server: Server) -> None:
    occurred = datetime.now(UTC) - timedelta(days=1)
    async with server.client(Role.ADMIN) as agent:
        family = await agent.call(
            "define_family",
            name="Shutter O1",
            occurred_at=occurred.isoformat(),
            on_behalf_of="Ada Lovelace",
        )
        assert datetime.fromisoformat(family["occurred_at"]) == occurred
        schema = {"type": "object", "properties": {"gap": {"type": "number"}}}
        stale = await agent.refusal(
            "update_family_settings_schema", family_id=family["id"], settings_schema=schema, if_match=7
        )
        assert (stale["status"], stale["code"]) == (412, "PreconditionFailed")
        early = await agent.refusal(
            "update_family_settings_schema",
            family_id=family["id"],
            settings_schema=schema,
            occurred_at=(occurred - timedelta(days=1)).isoformat(),
        )
        assert (early["status"], early["code"]) == (409, "OccurredBeforeLastFact")
        updated = await agent.call(
            "update_family_settings_schema", family_id=family["id"], settings_schema=schema, if_match=1
        )
        assert updated["version"] == 2
    rows = await server.cora.log.pool.fetch(
        "select actor, via, on_behalf_of, request from event where stream = $1 order by version", family["id"]
    )
    assert [(row["actor"], row["via"], row["on_behalf_of"]) for row in rows] == [
        ("admin", "mcp", "Ada Lovelace"),
        ("admin", "mcp", None),
    ]
    assert rows[0]["request"] != rows[1]["request"]


async def test_the_id_of_the_request_is_in_the_problem_and_in_the_log(server: Server) -> None:
    bearer = server.bearers[Role.ADMIN]
    unknown = rpc("tools/call", name="get", arguments={"kind": "asset", "id": str(uuid4())})
    answered = await post(server, unknown, bearer, **{"X-Request-Id": "ticket-17"})
    assert answered.headers["X-Request-Id"] == "ticket-17"
    assert answered.json()["result"]["structuredContent"]["request_id"] == "ticket-17"
    make = rpc("tools/call", name="register_facility", arguments={"code": "traced", "name": "Traced"})
    made = (await post(server, make, bearer, **{"X-Request-Id": "ticket-18"})).json()["result"]["structuredContent"]
    assert await server.cora.log.pool.fetchval("select request from event where stream = $1", made["id"]) == "ticket-18"


async def test_a_command_beside_the_log_and_contacts(server: Server) -> None:
    async with server.client(Role.ADMIN) as agent:
        made = await build_fixture(agent, "E1")
        (owner,) = (await agent.call("get", kind="asset", id=made["asset"]))["state"]["owners"]
        shown = await agent.call("get_contact", contact_id=owner["contact_id"])
        assert shown["address"] == "imaging@example.org"
        rehearsed = await agent.refusal("erase_contact", contact_id=owner["contact_id"], dry_run=True)
        assert [error["pointer"] for error in rehearsed["errors"]] == ["/dry_run"]
        await agent.call("erase_contact", contact_id=owner["contact_id"])
        gone = await agent.refusal("get_contact", contact_id=owner["contact_id"])
        assert (gone["status"], gone["code"]) == (404, "ContactNotFound")


async def test_a_list_is_walked_by_its_cursor(server: Server) -> None:
    async with server.client(Role.ADMIN) as agent:
        made = {(await agent.call("define_family", name=f"Walk {number}"))["id"] for number in range(5)}
        seen: list[str] = []
        cursor: str | None = None
        while True:
            page = await agent.call("list", kind="family", limit=2, cursor=cursor)
            seen += [item["id"] for item in page["items"]]
            cursor = page["next"]
            if cursor is None:
                break
        assert made <= set(seen)
        assert len(seen) == len(set(seen))
        both = await agent.call("list", kind="family", filters={"name": ["Walk 1", "Walk 3"]}, sort="-name")
        assert [item["state"]["name"] for item in both["items"]] == ["Walk 3", "Walk 1"]


def hostile() -> dict[str, bytes]:
    """Bodies that nobody sends by mistake."""

    def called(arguments: str) -> bytes:
        head = '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"register_facility","arguments":'
        return (head + arguments + "}}").encode()

    members = '"code":"x","name":'
    return {
        "empty": b"",
        "no json": b"{",
        "not utf-8": b'{"jsonrpc":"2.0","id":1,"method":"\xff"}',
        "batch": b"[" + called("{}") + b"]",
        "text": b'"hello"',
        "null": b"null",
        "bomb": b"[" * 200_000 + b"]" * 200_000,
        "bomb inside": called("{" + members + "[" * 50_000 + "]" * 50_000 + "}"),
        "deep": called("{" + members + "[" * 150 + "]" * 150 + "}"),
        "arguments of another type": called("[1]"),
        "NUL": called("{" + members + '"a\\u0000b"}'),
        "NUL in a name": called('{"a\\u0000b":1}'),
        "lone surrogate": called("{" + members + '"\\ud800"}'),
        "lone surrogate in a name": called('{"\\ud800":1}'),
        "NaN": called("{" + members + "NaN}"),
        "infinite": called("{" + members + "1e999}"),
        "large integer": called("{" + members + "9" * 400 + "}"),
        "larger integer": called("{" + members + "9" * 10_000 + "}"),
        "id of another type": b'{"jsonrpc":"2.0","id":{"a":1},"method":"tools/list"}',
        "tool with a surrogate": b'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"\\ud800"}}',
        "method with a surrogate": b'{"jsonrpc":"2.0","id":1,"method":"\\ud800"}',
    }


@pytest.mark.parametrize("version", ["2025-06-18", "2026-07-28", "1999-01-01"])
@pytest.mark.parametrize("what", hostile())
async def test_nothing_a_client_sends_is_a_fault_of_the_server(server: Server, what: str, version: str) -> None:
    events = await server.cora.log.pool.fetchval("select count(*) from event")
    headers = {**ACCEPT, "Content-Type": "application/json", "Mcp-Protocol-Version": version}
    async with server.web(Role.ADMIN) as web:
        answered = await web.post(MCP_PATH, content=hostile()[what], headers=headers)
        assert answered.status_code < 500, answered.text
        # The SDK takes a message without a usable id for a notification, which has no answer.
        if answered.status_code != 202:
            told = answered.json()
            assert "error" in told or told["result"]["structuredContent"]["status"] == 422
        assert await server.cora.log.pool.fetchval("select count(*) from event") == events
        assert (await web.post(MCP_PATH, json=rpc("tools/list"), headers=ACCEPT)).status_code == 200


async def test_a_body_over_the_limit_is_413(server: Server) -> None:
    call = rpc("tools/call", name="register_facility", arguments={"name": "x" * MAXIMUM_BODY})
    answered = await post(server, call, server.bearers[Role.ADMIN])
    assert (answered.status_code, answered.json()["code"]) == (413, "TooLarge")
    unknown = await post(server, call, None)
    assert (unknown.status_code, unknown.json()["code"]) == (401, "Unauthenticated")


async def test_a_body_that_is_not_json_is_415(server: Server) -> None:
    async with server.web(Role.ADMIN) as web:
        answered = await web.post(MCP_PATH, content=b"hello", headers={**ACCEPT, "Content-Type": "text/plain"})
    assert (answered.status_code, answered.json()["code"]) == (415, "UnsupportedMediaType")


async def test_what_an_agent_is_told_at_first(server: Server) -> None:
    async with server.client(Role.READER) as agent:
        info = agent.client.server_info
        assert info is not None
        assert info.name == "cora"
        assert "register_asset" in (agent.client.instructions or "")


async def test_the_list_of_tools_is_not_shared_among_callers(server: Server) -> None:
    headers = {"Mcp-Protocol-Version": "2026-07-28", "Mcp-Method": "tools/list"}
    meta: dict[str, Any] = {
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": {},
    }
    answered = await post(server, rpc("tools/list", _meta=meta), server.bearers[Role.READER], **headers)
    assert json.loads(answered.content)["result"]["cacheScope"] == "private"
