"""`cora apply` of 10,000 assets, each registered, activated and installed: into the database, and through a server.

Beside it as many single-row autocommit inserts as it records events, one after
the other over one connection. The most memory that each process of cora
takes is noted.
"""

import asyncio
import os
import subprocess
import sys
import tempfile
import time
from contextlib import AsyncExitStack
from pathlib import Path

import asyncpg
import psutil

from benchmarks.appends import DATA, RAW_INSERT, RAW_TABLE
from benchmarks.facility import watched, write_facility
from benchmarks.harness import Case, OracleError, Outcome, Target
from benchmarks.server import cora_server, migrated
from cora.kernel.identity import new_id

GROUP = "cora apply of 10,000 assets, events"
ASSETS = 10_000
EVENTS = {
    "AssetRegistered": ASSETS + 1,
    "AssetActivated": ASSETS,
    "MountRegistered": ASSETS,
    "MountAssetInstalled": ASSETS,
}
MOST_MEMORY = 400e6


async def check(dsn: str) -> int:
    """Every asset is registered, active and installed, once. The number of events."""
    connection = await asyncpg.connect(dsn, server_settings={"search_path": "cora"})
    rows = await connection.fetch("select kind, count(*) as n from event group by kind")
    installed = await connection.fetchval(
        "select count(distinct m.installed_asset_id) from mount_summary m join asset_summary a "
        "on a.id = m.installed_asset_id where a.lifecycle = 'Active'"
    )
    total = await connection.fetchval("select count(*) from event")
    await connection.close()
    found = {row["kind"]: row["n"] for row in rows}
    if any(found.get(kind) != number for kind, number in EVENTS.items()) or installed != ASSETS:
        raise OracleError(f"not what the file says: {found}, {installed} installed and active")
    return total


def applying(*, through_server: bool) -> Case:
    async def run(dsn: str) -> Outcome:
        await migrated(dsn)
        async with AsyncExitStack() as stack:
            directory = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            write_facility(directory / "facility.yaml", ASSETS)
            environment = {**os.environ, "CORA_DATABASE_URL": dsn, "CORA_DATA_DIR": str(directory)}
            command = [str(Path(sys.executable).parent / "cora"), "apply", str(directory / "facility.yaml")]
            server: psutil.Process | None = None
            if through_server:
                port, server, token = await stack.enter_async_context(cora_server(dsn))
                command += ["--server", f"http://127.0.0.1:{port}", "--token", token]
            began = time.perf_counter()
            most = await watched(command, environment, server)
            seconds = time.perf_counter() - began
            again = await asyncio.to_thread(
                subprocess.run, command, env=environment, capture_output=True, text=True, check=False
            )
        total = await check(dsn)
        if again.returncode != 0 or "othing to change" not in again.stdout:
            raise OracleError(f"a second apply was to change nothing: {again.stdout[-300:]}{again.stderr[-300:]}")
        for name, memory in most.items():
            if memory > MOST_MEMORY:
                raise OracleError(f"the {name} process took {memory / 1e6:.0f} MB")
        notes = {f"MB of the {name}": round(memory / 1e6) for name, memory in most.items()}
        return Outcome(total, seconds, notes={"seconds": round(seconds, 1), **notes})

    return Case(GROUP, "cora apply through a server" if through_server else "cora apply", run)


async def inserts(dsn: str) -> Outcome:
    connection = await asyncpg.connect(dsn)
    await connection.execute(RAW_TABLE)
    number = sum(EVENTS.values())
    began = time.perf_counter()
    for _ in range(number):
        await connection.execute(RAW_INSERT, new_id(), DATA)
    seconds = time.perf_counter() - began
    stored = await connection.fetchval("select count(*) from raw")
    await connection.close()
    if stored != number:
        raise OracleError("an insert was lost")
    return Outcome(number, seconds, notes={"seconds": round(seconds, 1)})


def cases() -> list[Case]:
    """Both ways to apply, and the inserts."""
    return [
        applying(through_server=False),
        applying(through_server=True),
        Case(GROUP, "single-row inserts, one connection", inserts),
    ]


TARGETS = [
    Target(GROUP, "cora apply", "single-row inserts, one connection", 1 / 3),
    Target(GROUP, "cora apply through a server", "single-row inserts, one connection", 1 / 3),
]
