"""HTTP and MCP of a running cora, in this process, with a caller for each role."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from unittest.mock import patch

import httpx
import httpx2
from fastapi import FastAPI
from mcp import Client
from mcp.client.streamable_http import streamable_http_client
from tests.integration.mcp_world import told

from cora.equipment.ports.doi_minter import DoiMinter
from cora.kernel.principal import Role
from cora.kernel.slice import QuerySlice, Slice
from cora.surfaces import start
from cora.surfaces.http.endpoints import body_is_patch
from cora.surfaces.mcp.http import MCP_PATH
from cora.surfaces.server import application
from cora.surfaces.start import Opened

ADDRESS = "http://cora.test"
ROLES = (Role.READER, Role.OPERATOR, Role.STEWARD, Role.ADMIN)


@dataclass(frozen=True)
class Said:
    """An answer, by either surface: the object, whether it refuses, and over HTTP the status."""

    refuses: bool
    body: dict[str, Any]
    status: int | None = None


@dataclass
class Surfaces:
    """The two ways in; `web[Role.ANONYMOUS]` sends no token."""

    cora: Opened
    app: FastAPI
    web: dict[Role, httpx.AsyncClient] = field(default_factory=dict[Role, httpx.AsyncClient])
    agents: dict[Role, Client] = field(default_factory=dict[Role, Client])

    @cached_property
    def slices(self) -> Mapping[str, Slice]:
        """Every slice by name."""
        return {declared.name: declared for declared in self.cora.equipment.slices}

    async def http(
        self,
        name: str,
        arguments: Mapping[str, Any],
        role: Role = Role.ADMIN,
        *,
        dry_run: bool = False,
        headers: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        """Call a slice by its route."""
        declared = self.slices[name]
        route, given = declared.route, dict(arguments)
        path = route.plain_path.format(**{key: given.pop(key) for key in route.path_fields})
        if isinstance(declared, QuerySlice):
            return await self.web[role].request(route.method, path, params=given, headers=headers)
        body = given["patch"] if body_is_patch(route) else given
        params = {"dry_run": "true"} if dry_run else {}
        return await self.web[role].request(route.method, path, json=body, params=params, headers=headers)

    async def mcp(
        self, name: str, arguments: Mapping[str, Any], role: Role = Role.ADMIN, *, dry_run: bool = False
    ) -> Said:
        """Call a slice by its tool."""
        options = {"dry_run": True} if dry_run else {}
        tool, given = as_tool(self.slices[name], arguments)
        result = await self.agents[role].call_tool(tool, {**given, **options})
        return Said(result.is_error or False, told(result))

    async def call(self, surface: str, name: str, arguments: Mapping[str, Any], *, dry_run: bool = False) -> Said:
        """Call a slice over `http` or `mcp`."""
        if surface == "mcp":
            return await self.mcp(name, arguments, dry_run=dry_run)
        response = await self.http(name, arguments, dry_run=dry_run)
        return Said(response.is_error, response.json(), response.status_code)

    async def recorded(self) -> int:
        """How many events came in by the surfaces; those of the worker do not count."""
        async with self.cora.log.pool.acquire() as connection:
            found = await connection.fetchval("select count(*) from cora.event where via in ('http', 'mcp')")
        return int(found)

    def use_minter(self, minter: DoiMinter) -> None:
        """Let another authority mint from now on. What is wired is frozen, so only a test can do this."""
        for name in ("doi_minter", "bulk_minter"):
            object.__setattr__(self.app.state.equipment, name, minter)


def as_tool(declared: Slice, arguments: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """The tool of a slice, with its arguments: a question that shares one names the kind of its record there."""
    given = dict(arguments)
    if not (isinstance(declared, QuerySlice) and declared.tool):
        return declared.name, given
    (path_id,) = declared.route.path_fields
    return declared.tool.name, {"kind": path_id.removesuffix("_id"), "id": given.pop(path_id), **given}


@asynccontextmanager
async def unattended(cora: Opened) -> AsyncGenerator[Surfaces]:
    """The surfaces without the worker of a server: the tests are the worker."""
    with patch.object(start, "WORK_EVERY", 3600.0):
        async with surfaces(cora) as shown:
            yield shown


@asynccontextmanager
async def surfaces(cora: Opened) -> AsyncGenerator[Surfaces]:
    """The surfaces for as long as they are used.

    They live in a task of their own: what they consist of must be closed by
    the task that opened it, and a fixture is set up and torn down by two.
    """
    ready: asyncio.Future[Surfaces] = asyncio.get_running_loop().create_future()
    done = asyncio.Event()
    living = asyncio.create_task(_live(cora, ready, done))
    try:
        await asyncio.wait({ready, living}, return_when=asyncio.FIRST_COMPLETED)
        if not ready.done():
            await living
        yield ready.result()
    finally:
        done.set()
        await living


async def _live(cora: Opened, ready: "asyncio.Future[Surfaces]", done: asyncio.Event) -> None:
    app = application(cora)
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(app.router.lifespan_context(app))
        shown = Surfaces(cora, app)
        for role in (Role.ANONYMOUS, *ROLES):
            headers = {}
            if role is not Role.ANONYMOUS:
                bearer = await cora.tokens.create(role, role.label)
                headers = {"Authorization": f"Bearer {bearer}"}
            transport = httpx.ASGITransport(app, raise_app_exceptions=False)
            web = httpx.AsyncClient(transport=transport, base_url=ADDRESS, headers=headers)
            shown.web[role] = await stack.enter_async_context(web)
            if headers:
                carrier = httpx2.AsyncClient(transport=httpx2.ASGITransport(app), headers=headers)
                await stack.enter_async_context(carrier)
                agent = Client(streamable_http_client(ADDRESS + MCP_PATH, http_client=carrier), mode="auto")
                shown.agents[role] = await stack.enter_async_context(agent)
        ready.set_result(shown)
        await done.wait()
