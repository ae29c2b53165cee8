"""`make bench`: every figure, with its oracle, as a table and as JSON.

python -m benchmarks [--only appends,large,decisions,web,apply,minting,scale,past] [--seconds-scale 1.0]
"""

import argparse
import platform
import tempfile
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import asyncpg
import psutil
import uvloop
from rich.console import Console

from benchmarks import appends, apply, decisions, large, minting, past, scale, web
from benchmarks.harness import Case, Databases, Target, measure, show, write
from cora.log.embedded import embedded_postgres

RESULTS = Path(__file__).parent / "results"
GROUPS = ("appends", "large", "decisions", "web", "apply", "minting", "scale", "past")


async def about(dsn: str) -> dict[str, Any]:
    """What was measured on: versions, machine and how durable Postgres is set."""
    connection = await asyncpg.connect(dsn)
    settings = (
        "server_version",
        "fsync",
        "synchronous_commit",
        "wal_sync_method",
        "full_page_writes",
        "shared_buffers",
    )
    told: dict[str, Any] = {f"postgres {name}": await connection.fetchval(f"show {name}") for name in settings}
    await connection.close()
    packages = ("cora", "asyncpg", "eventsourcing", "psycopg", "fastapi", "uvicorn", "pydantic")
    return {
        "when": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": f"{platform.machine()}, {psutil.cpu_count()} cores, Python {platform.python_version()}",
        **told,
        **{name: version(name) for name in packages},
    }


async def main(wanted: tuple[str, ...]) -> None:
    """Measure the wanted groups."""
    console = Console()
    with tempfile.TemporaryDirectory(prefix="cora-bench-") as directory, embedded_postgres(Path(directory)) as server:
        databases = Databases(str(server.socket_directory))
        facts = await about(databases.dsn("postgres"))
        for name, value in facts.items():
            console.print(f"{name}: {value}", highlight=False)
        cases: list[Case] = []
        targets: list[Target] = []
        if "appends" in wanted:
            cases += appends.cases()
            targets += appends.TARGETS
        if "large" in wanted:
            console.print("[dim]making a log of 2,000,000 events ...[/dim]")
            _, dsn = await databases.create()
            await large.fill(dsn)
            cases += large.cases(dsn)
            targets += large.TARGETS
        for name, module in (("decisions", decisions), ("web", web), ("apply", apply), ("minting", minting)):
            if name in wanted:
                cases += module.cases()
                targets += module.TARGETS
        figures = await measure(cases, databases, console)
        more = {
            name: await module.measure(databases, console)
            for name, module in (("scale", scale), ("past", past))
            if name in wanted
        }
    reached = show(figures, targets, console)
    path = RESULTS / f"{facts['when'].replace(':', '')}.json"
    write(path, facts, figures, reached, more)
    console.print(f"written to {path}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--only", default=",".join(GROUPS), help="some of: " + ", ".join(GROUPS))
    uvloop.run(main(tuple(parser.parse_args().only.split(","))))
