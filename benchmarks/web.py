"""The whole request over HTTP: one server process, 32 connections, the token checked.

A command and a `get` of cora, beside a naive FastAPI service written for the
comparison and a bare Starlette endpoint. The CPU time stated is that of the
server process for each request.
"""

import asyncio
import json
import os
import socket
import subprocess
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import psutil

from benchmarks.harness import Case, OracleError, Outcome, Target
from benchmarks.load import Sent, load, request
from benchmarks.published import publish_one
from benchmarks.server import cora_server

COMMANDS = "a command over HTTP, 32 connections"
READS = "a get over HTTP, 32 connections"
PUBLISHED = "what the world sees of an instrument over HTTP, 32 connections"
CONNECTIONS = 32
SECONDS = 3.0
ROOT = Path(__file__).parent.parent


def facility(number: int) -> bytes:
    """The same content for both services."""
    name, website = f"Facility number {number}", "https://facility.example.org"
    return json.dumps({"code": f"f{number}", "name": name, "website": website}).encode()


def free_port() -> int:
    """A port of the loopback interface that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


async def until_answering(port: int) -> None:
    """Return when something accepts connections. Raises `TimeoutError` after 30 s."""
    async with asyncio.timeout(30):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.05)
                continue
            writer.close()
            return


@asynccontextmanager
async def uvicorn(module: str, dsn: str) -> AsyncGenerator[tuple[int, psutil.Process]]:
    """A service of this folder in a process of its own: its port and process."""
    port = free_port()
    command = [
        sys.executable, "-m", "uvicorn", module, "--port", str(port), "--log-level", "warning",
        "--no-access-log", "--loop", "uvloop", "--http", "httptools",
    ]  # fmt: skip
    process = subprocess.Popen(  # noqa: ASYNC220
        command, cwd=ROOT, env={**os.environ, "BENCH_DSN": dsn}
    )
    try:
        await until_answering(port)
        yield port, psutil.Process(process.pid)
    finally:
        process.terminate()
        await asyncio.to_thread(process.wait, 20)


def cpu_of(process: psutil.Process) -> float:
    """Seconds of CPU time a process has used."""
    times = process.cpu_times()
    return times.user + times.system


async def measured(port: int, process: psutil.Process, make: Sent | None, post: str, token: str | None) -> Outcome:
    """One load; `make` is a fixed request, else facilities are posted to a path."""
    before = cpu_of(process)

    def next_request(number: int) -> Sent:
        return make or Sent.make("POST", post, token, facility(number))

    loaded = await load(port, CONNECTIONS, SECONDS, next_request, 201 if make is None else 200)
    cpu = (cpu_of(process) - before) * loaded.done / len(loaded.bodies)
    bodies = [json.loads(body) for body in loaded.bodies]
    if make is None and len({body["id"] for body in bodies}) != len(bodies):
        raise OracleError("two commands were answered with one record")
    if make is not None and any(body != bodies[0] for body in bodies):
        raise OracleError("one record was answered in two ways")
    return Outcome(loaded.done, loaded.seconds, cpu, {"answered": len(bodies)})


async def check_stored(dsn: str, schema: str, sql: str, answered: int) -> None:
    """As many records as were answered, no more and no less."""
    connection = await asyncpg.connect(dsn, server_settings={"search_path": schema})
    stored = await connection.fetchval(sql)
    await connection.close()
    if stored != answered:
        raise OracleError(f"{answered} commands were answered, {stored} are stored")


async def post_one(port: int, token: str | None) -> str:
    """Make one facility; its id."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    status, body = await request(reader, writer, Sent.make("POST", "/facilities", token, facility(0)))
    writer.close()
    if status != 201:
        raise OracleError(f"answered {status}: {body!r}")
    made: str = json.loads(body)["id"]
    return made


async def cora_command(dsn: str) -> Outcome:
    async with cora_server(dsn) as (port, process, token):
        outcome = await measured(port, process, None, "/facilities", token)
    count = "select count(*) from event where kind = 'FacilityRegistered'"
    await check_stored(dsn, "cora", count, outcome.notes["answered"])
    return outcome


async def cora_get(dsn: str) -> Outcome:
    async with cora_server(dsn) as (port, process, token):
        id = await post_one(port, token)
        return await measured(port, process, Sent.make("GET", f"/facilities/{id}", token), "", None)


async def naive_insert(dsn: str) -> Outcome:
    async with uvicorn("benchmarks.naive_service:app", dsn) as (port, process):
        outcome = await measured(port, process, None, "/facilities", None)
    await check_stored(dsn, "public", "select count(*) from facility", outcome.notes["answered"])
    return outcome


async def naive_read(dsn: str) -> Outcome:
    async with uvicorn("benchmarks.naive_service:app", dsn) as (port, process):
        id = await post_one(port, None)
        return await measured(port, process, Sent.make("GET", f"/facilities/{id}"), "", None)


async def bare(dsn: str) -> Outcome:
    async with uvicorn("benchmarks.bare_service:app", dsn) as (port, process):
        return await measured(port, process, Sent.make("GET", "/"), "", None)


async def seen(dsn: str, path: str, accept: str) -> Outcome:
    """What an instrument with an identifier is answered with, to somebody without a token."""
    async with cora_server(dsn) as (port, process, token):
        id, identifier = await publish_one(port, token)
        sent = Sent.make("GET", path.format(id=id), accept=accept)
        before = cpu_of(process)
        loaded = await load(port, CONNECTIONS, SECONDS, lambda _: sent, 200)
        cpu = (cpu_of(process) - before) * loaded.done / len(loaded.bodies)
    if any(identifier.encode() not in body or body != loaded.bodies[0] for body in loaded.bodies):
        raise OracleError(f"an answer does not tell {identifier}, or two differ")
    return Outcome(loaded.done, loaded.seconds, cpu, {"answered": len(loaded.bodies), "bytes": len(loaded.bodies[0])})


async def cora_record(dsn: str) -> Outcome:
    return await seen(dsn, "/assets/{id}/pidinst", "application/json")


async def cora_landing_page(dsn: str) -> Outcome:
    return await seen(dsn, "/id/{id}", "text/html")


def cases() -> list[Case]:
    """cora, the naive service and the floor."""
    return [
        Case(COMMANDS, "cora: register_facility", cora_command),
        Case(COMMANDS, "naive FastAPI insert", naive_insert),
        Case(READS, "cora: get_facility", cora_get),
        Case(READS, "naive FastAPI read", naive_read),
        Case(READS, "bare Starlette endpoint", bare),
        Case(PUBLISHED, "cora: get_asset_pidinst", cora_record),
        Case(PUBLISHED, "cora: landing page", cora_landing_page),
        Case(PUBLISHED, "bare Starlette endpoint", bare),
    ]


TARGETS = [
    Target(COMMANDS, "cora: register_facility", "naive FastAPI insert", 0.6),
    Target(READS, "cora: get_facility", "naive FastAPI read", 1.2),
    Target(PUBLISHED, "cora: get_asset_pidinst", "bare Starlette endpoint", 0.12),
    Target(PUBLISHED, "cora: landing page", "bare Starlette endpoint", 0.06),
]
