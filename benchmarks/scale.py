"""A facility of 1,000, of 10,000 and of 100,000 assets: how long applying it takes, and what people ask of it then.

The files are applied through a server; the most memory that the server and
the apply take is noted. Then the same questions are asked of all three, one
after the other in interleaved rounds, inside this process: what is measured is
cora and Postgres, not a network. The time is the median over many records; the
statements are those that one request sends to the database.
"""

import asyncio
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import asyncpg
import psutil
from fastapi import FastAPI
from rich.console import Console
from rich.table import Table

from benchmarks.facility import CELLS, watched, write_facility
from benchmarks.harness import Databases, OracleError
from benchmarks.inside import application, ask, counted
from benchmarks.server import cora_server, migrated
from cora.settings import Settings
from cora.surfaces.logging import configure_logging
from cora.surfaces.start import opened

SIZES = (1_000, 10_000, 100_000)
TOGETHER = 50
"""Assets in a cell."""
ROUNDS = 5
ASKED = 40
"""Requests of each question in a round."""
MOST_RATIO = 2.0
"""Of the time at the largest size to that at the smallest."""
MOST_MEMORY = 600e6

QUESTIONS = {
    "get an asset": "/assets/{asset}",
    "get an asset by its path": "/assets/by-path/bench/Beamline {beamline}/Cell {cell}/Stage {number}",
    "get a mount by its slot": "/mounts/by-slot/SLOT-{number}",
    "get an asset as it was": "/assets/{asset}?as_of={middle}",
    "its PIDINST record": "/assets/{asset}/pidinst",
    "its history": "/assets/{asset}/history",
    "the pose of a mount": "/mounts/{mount}/pose?in={frame}",
    "the tree of a cell": "/assets/{cell_id}/tree",
    "the tree of the beamline": "/assets/{unit}/tree?depth=1",
    "list: by name": "/assets?sort=name&limit=50",
    "list: newest first": "/assets?sort=-registered_at&limit=50",
    "list: of one name": "/assets?name=Stage {number}",
    "list: under a cell": "/assets?under={cell_id}&limit=50",
    "list: mounts by slot": "/mounts?sort=slot_code&limit=50",
    "by identifier": "/by-identifier/SN-{number}",
    "search: a serial number": "/search?q=SN-{number}",
    "search: a name": '/search?q="Stage {number}"',
    "what was there": "/moment?under={cell_id}&at={now}",
}
APART = {
    "list: of one model, counted": "/assets?model_id={model}&count=true&limit=50",
    "search: a very common word": "/search?q=stage",
}
"""Reported without a bound: what they look at grows with the facility."""


@dataclass
class Facility:
    """One size: its database, its application, ids to ask for, and what was measured."""

    assets: int
    dsn: str
    app: FastAPI
    ids: list[dict[str, Any]]
    applied: dict[str, float]
    seconds: dict[str, list[float]] = field(default_factory=dict[str, list[float]])
    statements: dict[str, int] = field(default_factory=dict[str, int])


async def _apply(dsn: str, assets: int) -> dict[str, float]:
    """Apply a file through a server: seconds, events, and the most memory of both processes."""
    await migrated(dsn)
    async with AsyncExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        write_facility(directory / "facility.yaml", assets, TOGETHER)
        port, server, token = await stack.enter_async_context(cora_server(dsn))
        command = [
            str(Path(sys.executable).parent / "cora"), "apply", str(directory / "facility.yaml"),
            "--server", f"http://127.0.0.1:{port}", "--token", token,
        ]  # fmt: skip
        began = time.perf_counter()
        most = await watched(command, {**os.environ, "CORA_DATA_DIR": str(directory)}, server)
        seconds = time.perf_counter() - began
    connection = await asyncpg.connect(dsn, server_settings={"search_path": "cora"})
    installed: int = await connection.fetchval("select count(distinct installed_asset_id) from mount_summary")
    events: int = await connection.fetchval("select count(*) from event")
    await connection.execute("vacuum analyze")
    await connection.close()
    if installed != assets:
        raise OracleError(f"{installed} assets are installed; it should be {assets}")
    if most["server"] > MOST_MEMORY:
        raise OracleError(f"the server took {most['server'] / 1e6:.0f} MB")
    return {"seconds": seconds, "events": events, **{f"MB of the {name}": each / 1e6 for name, each in most.items()}}


async def _ids(dsn: str, assets: int) -> list[dict[str, Any]]:
    """What is asked for: some records, the same ones by number at every size."""
    connection = await asyncpg.connect(dsn, server_settings={"search_path": "cora"})
    numbers = Random(7).sample(range(assets), ASKED)
    names = [f"Stage {number}" for number in numbers]
    rows = await connection.fetch(
        "select a.name, a.id as asset, c.id as cell_id, c.parent_id as unit, m.id as mount, a.model_id as model "
        "from asset_summary a join asset_summary c on c.id = a.parent_id "
        "join mount_summary m on m.installed_asset_id = a.id where a.name = any($1)", names,
    )  # fmt: skip
    frame = await connection.fetchval("select id from frame_summary where name = 'Floor'")
    now = (await connection.fetchval("select max(recorded_at) from event")).isoformat().replace("+00:00", "Z")
    middle = await connection.fetchval("select max(position) - 10 from event")
    await connection.close()
    return [
        {
            **dict(row), "frame": frame, "middle": middle, "now": now, "number": row["name"].split()[1],
            "cell": int(row["name"].split()[1]) // TOGETHER,
            "beamline": int(row["name"].split()[1]) // TOGETHER // CELLS,
        }
        for row in rows
    ]  # fmt: skip


async def _round(facility: Facility) -> None:
    for name, target in {**QUESTIONS, **APART}.items():
        seconds = facility.seconds.setdefault(name, [])
        for ids in facility.ids:
            told = await ask(facility.app, target.format(**ids))
            if told.status != 200:
                raise OracleError(f"{target.format(**ids)} was answered {told.status}: {told.body[:300]!r}")
            seconds.append(told.seconds)
        with counted() as statements:
            await ask(facility.app, target.format(**facility.ids[0]))
        facility.statements[name] = len(statements.sent)


def _show(facilities: Sequence[Facility], console: Console) -> list[dict[str, Any]]:
    sizes = [f"{each.assets:,}" for each in facilities]
    table = Table("", *sizes, title="applying a facility through a server", title_justify="left")
    for what in facilities[0].applied:
        table.add_row(what, *(f"{each.applied[what]:,.1f}" for each in facilities))
    console.print(table)
    told: list[dict[str, Any]] = []
    table = Table("question", *(f"ms at {size}" for size in sizes), "ratio", "statements", "",
                  title="asking for it, medians", title_justify="left")  # fmt: skip
    for name in {**QUESTIONS, **APART}:
        medians = [statistics.median(each.seconds[name]) * 1e3 for each in facilities]
        counts = [each.statements[name] for each in facilities]
        ratio = medians[-1] / medians[0]
        held = name in APART or (ratio <= MOST_RATIO and len(set(counts)) == 1)
        says = "apart" if name in APART else "reached" if held else "[bold red]short[/bold red]"
        table.add_row(name, *(f"{each:.2f}" for each in medians), f"{ratio:.2f}",
                      " ".join(map(str, dict.fromkeys(counts))), says)  # fmt: skip
        told.append({"question": name, "milliseconds": medians, "ratio": ratio, "statements": counts, "reached": held})
    console.print(table)
    return told


async def measure(databases: Databases, console: Console) -> dict[str, Any]:
    """Apply the three files, ask the questions, print both, and give them as data."""
    configure_logging("console", level=30)
    async with AsyncExitStack() as stack:
        facilities: list[Facility] = []
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        for assets in SIZES:
            console.print(f"[dim]applying {assets:,} assets ...[/dim]")
            _, dsn = await databases.create()
            applied = await _apply(dsn, assets)
            cora = await stack.enter_async_context(opened(Settings(data_dir=directory), dsn))
            facilities.append(Facility(assets, dsn, application(cora), await _ids(dsn, assets), applied))
        for number in range(ROUNDS):
            console.print(f"[dim]round {number + 1}/{ROUNDS} of the questions[/dim]")
            for facility in facilities:
                await _round(facility)
                await asyncio.sleep(0)
        memory = psutil.Process().memory_info().rss / 1e6
        questions = _show(facilities, console)
        console.print(f"this process, which answers for all three: {memory:.0f} MB")
        return {
            "sizes": list(SIZES),
            "applied": [each.applied for each in facilities],
            "questions": questions,
            "megabytes": memory,
        }
