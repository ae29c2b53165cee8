"""A whole server on a loopback port, clients of the official SDK for it, and a small beamline made over MCP."""

import asyncio
import json
import socket
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
import httpx2
import uvicorn
from fastapi import FastAPI
from mcp import Client
from mcp.client.streamable_http import streamable_http_client
from mcp_types import CallToolResult, TextContent

from cora.kernel.principal import Role
from cora.surfaces.mcp.http import MCP_PATH
from cora.surfaces.server import application
from cora.surfaces.start import Opened

ROLES = (Role.READER, Role.OPERATOR, Role.STEWARD, Role.ADMIN)
CLIENTS = ("auto", "legacy")
"""Both ways in which the SDK speaks to a server: without a handshake, and with one."""


@dataclass
class Server:
    """A server that runs, and a token for each role; the tokens are named after their roles."""

    url: str
    cora: Opened
    bearers: dict[Role, str] = field(default_factory=dict[Role, str])

    @asynccontextmanager
    async def client(self, role: Role, mode: Any = "auto") -> AsyncGenerator["Agent"]:
        """A client of the SDK with the token of a role."""
        headers = {"Authorization": f"Bearer {self.bearers[role]}"}
        async with httpx2.AsyncClient(headers=headers) as web:
            transport = streamable_http_client(self.url + MCP_PATH, http_client=web)
            async with Client(transport, mode=mode) as client:
                yield Agent(client)

    def web(self, role: Role | None = None) -> httpx.AsyncClient:
        """A plain HTTP client with the token of a role."""
        headers = {"Authorization": f"Bearer {self.bearers[role]}"} if role else {}
        return httpx.AsyncClient(base_url=self.url, headers=headers)


@dataclass
class Agent:
    """Calls tools, and holds every answer to what was promised."""

    client: Client

    async def call(self, tool: str, **arguments: Any) -> dict[str, Any]:
        """The answer of a tool; the test fails when it is a refusal."""
        result = await self.client.call_tool(tool, arguments)
        assert not result.is_error, result.structured_content
        return told(result)

    async def refusal(self, tool: str, **arguments: Any) -> dict[str, Any]:
        """The problem that a tool answers with; the test fails when there is none."""
        result = await self.client.call_tool(tool, arguments)
        assert result.is_error, result.structured_content
        return told(result)

    async def names(self) -> set[str]:
        """The tools that are offered."""
        return {tool.name for tool in (await self.client.list_tools()).tools}


def told(result: CallToolResult) -> dict[str, Any]:
    """What a result says, after a look that its text and its structured content are the same JSON."""
    (content,) = result.content
    assert isinstance(content, TextContent)
    said: dict[str, Any] = json.loads(content.text)
    assert said == result.structured_content
    return said


@asynccontextmanager
async def serving(cora: Opened) -> AsyncGenerator[Server]:
    """A server of everything, as `cora serve` runs it."""
    async with _listening(application(cora)) as url:
        server = Server(url, cora)
        for role in ROLES:
            server.bearers[role] = await cora.tokens.create(role, role.label)
        yield server


@asynccontextmanager
async def _listening(app: FastAPI) -> AsyncGenerator[str]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning", access_log=False))
        running = asyncio.create_task(server.serve([listener]))
        while not server.started:
            assert not running.done(), "the server did not start"
            await asyncio.sleep(0.01)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        server.should_exit = True
        await running


async def build_fixture(agent: Agent, name: str) -> dict[str, str]:
    """A facility with one camera bolted and bound in a fixture, by the order of work of domain.md; the ids of all."""
    made: dict[str, str] = {}

    async def make(what: str, tool: str, **arguments: Any) -> None:
        made[what] = (await agent.call(tool, **arguments))["id"]

    code = name.lower()
    await make("facility", "register_facility", code=code, name=f"Facility {name}")
    await make("family", "define_family", name=f"Camera {name}")
    await make(
        "model",
        "define_model",
        name="Zyla",
        part_number=f"Z-{name}",
        manufacturer={"name": "Andor"},
        declared_family_ids=[made["family"]],
    )
    await make(
        "asset",
        "register_asset",
        name=f"Eye {name}",
        tier="Device",
        facility_code=code,
        model_id=made["model"],
        family_ids=[made["family"]],
        owners=[{"name": "Imaging group", "contact": "imaging@example.org"}],
    )
    await agent.call("activate_asset", asset_id=made["asset"])
    await make("frame", "register_frame", name=f"Hutch {name}")
    placement = {"parent_frame_id": made["frame"], "x": 1.5}
    await make("mount", "register_mount", slot_code=f"{name}-1", placement=placement)
    await agent.call("install_asset", mount_id=made["mount"], asset_id=made["asset"])
    slot = {"slot_name": "eye", "required_family_ids": [made["family"]]}
    await make(
        "assembly",
        "define_assembly",
        name=f"Microscope {name}",
        presents_as_family_id=made["family"],
        required_slots=[slot],
    )
    bindings = [{"slot_name": "eye", "asset_id": made["asset"]}]
    await make(
        "fixture",
        "register_fixture",
        name=f"Microscope {name}",
        assembly_id=made["assembly"],
        slot_asset_bindings=bindings,
    )
    await agent.call("attach_asset_to_fixture", asset_id=made["asset"], fixture_id=made["fixture"])
    return made
