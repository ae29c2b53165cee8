"""Commands that reach a server: apply and plan over HTTP, and MCP over standard input and output."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from unittest.mock import Mock

import pytest
from mcp import Client, StdioServerParameters
from tests.architecture.source import REPOSITORY
from tests.integration.mcp_world import Agent, Server, serving
from typer.testing import CliRunner, Result

from cora.facility_file import remote
from cora.kernel.principal import Role
from cora.surfaces.cli.main import app
from cora.surfaces.start import Opened

CORA = str(Path(sys.executable).parent / "cora")
EXAMPLE = REPOSITORY / "examples" / "aps-2bm.yaml"


@pytest.fixture(autouse=True)
def _quiet_server(monkeypatch: pytest.MonkeyPatch) -> None:
    """The server runs in this process, where its log lines would stand among what the command prints."""
    monkeypatch.setattr("cora.surfaces.http.surface._logger", Mock())


@pytest.fixture
async def server(cora: Opened) -> AsyncGenerator[Server]:
    async with serving(cora) as running:
        yield running


async def cora_command(*arguments: str, code: int = 0, dsn: str = "none") -> Result:
    """What a command wrote; it runs in a thread, as the server runs in this loop."""
    told = await asyncio.to_thread(CliRunner().invoke, app, arguments, env={"CORA_DATABASE_URL": dsn})
    assert told.exit_code == code, told.output
    return told


@asynccontextmanager
async def agent(dsn: str, directory: Path, *arguments: str, **settings: str) -> AsyncGenerator[Agent]:
    """A client of `cora mcp`."""
    environment = {"PATH": os.environ["PATH"], "CORA_DATABASE_URL": dsn, "CORA_DATA_DIR": str(directory), **settings}
    parameters = StdioServerParameters(command=CORA, args=["mcp", *arguments], env=environment)
    async with Client(parameters) as client:
        yield Agent(client)


async def test_a_file_is_applied_to_a_server(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """No database of its own is needed for that: the one that is set does not exist."""
    monkeypatch.setenv("CORA_SERVER", server.url)
    monkeypatch.setenv("CORA_TOKEN", server.bearers[Role.ADMIN])
    planned = json.loads((await cora_command("plan", str(EXAMPLE), "--json")).stdout)
    assert planned["problem_count"] == 0
    told = await cora_command("apply", str(EXAMPLE), "--server", server.url, "--token", server.bearers[Role.ADMIN])
    assert len(told.stdout.splitlines()) == 1
    assert (await cora_command("apply", str(EXAMPLE))).stdout == "Nothing to change.\n"
    async with server.web(Role.READER) as web:
        fixtures = (await web.get("/fixtures")).json()["items"]
        history = await server.cora.log.pool.fetch("select distinct actor, via from event where via <> 'system'")
    assert "Sample tower at 2-BM" in {fixture["state"]["name"] for fixture in fixtures}
    assert {row["actor"] for row in history} == {"admin"}


async def test_a_server_is_exported(server: Server, database_url: str, tmp_path: Path) -> None:
    """A reader may: an export reads."""
    admin = ("--server", server.url, "--token", server.bearers[Role.ADMIN])
    reader = ("--server", server.url, "--token", server.bearers[Role.READER])
    await cora_command("apply", str(EXAMPLE), *admin)
    file = tmp_path / "exported.yaml"
    told = await cora_command("export", "-o", str(file), *reader)
    assert told.stderr.startswith("Exported 73 records ")
    beside = await cora_command("export", dsn=database_url)
    assert beside.stdout == file.read_text()
    assert (await cora_command("plan", str(file), *reader)).stdout.startswith("Nothing to change")
    nobody = await cora_command("export", "--server", server.url, "--token", "cora_wrong", code=1)
    assert (nobody.stdout, "does not accept the token" in nobody.stderr) == ("", True)


async def test_a_server_that_refuses_or_is_not_there_is_told(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remote, "_PAUSE", 0.01)
    missing = await cora_command("plan", str(EXAMPLE), "--server", server.url, code=1)
    wrong = await cora_command("plan", str(EXAMPLE), "--server", server.url, "--token", "cora_wrong", code=1)
    nobody = await cora_command("plan", str(EXAMPLE), "--server", "http://127.0.0.1:1", "--token", "x", code=1)
    for told in (missing, wrong, nobody):
        assert told.stdout == ""
        assert told.stderr.strip()
        assert "Traceback" not in told.stderr
    assert "127.0.0.1:1" in nobody.stderr
    reader = server.bearers[Role.READER]
    forbidden = await cora_command("apply", str(EXAMPLE), "--server", server.url, "--token", reader, code=1)
    assert "This needs the role admin; the token has the role reader" in forbidden.stderr


async def test_an_agent_acts_as_an_operator_unless_told_otherwise(database_url: str, tmp_path: Path) -> None:
    async with agent(database_url, tmp_path) as client:
        problem = await client.refusal("register_facility", code="a", name="A")
        assert (problem["code"], problem["needed"]) == ("Forbidden", "admin")
    async with agent(database_url, tmp_path, "--role", "admin") as client:
        made = await client.call("register_facility", code="a", name="A")
        assert (await client.call("get", kind="facility", id=made["id"]))["state"]["name"] == "A"


async def test_an_agent_acts_as_the_holder_of_its_token(cora: Opened, database_url: str, tmp_path: Path) -> None:
    token = await cora.tokens.create(Role.ADMIN, "Ada")
    async with agent(database_url, tmp_path, CORA_TOKEN=token) as client:
        made = await client.call("register_facility", code="a", name="A")
    rows = await cora.log.pool.fetch("select actor, via from event where stream = $1", made["id"])
    assert [tuple(row) for row in rows] == [("Ada", "mcp")]


async def test_an_agent_with_a_wrong_token_is_not_served(database_url: str) -> None:
    told = await cora_command("mcp", "--token", "cora_wrong", code=1, dsn=database_url)
    assert (told.stdout, told.stderr) == ("", "The token is not valid.\n")
