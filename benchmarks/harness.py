"""Rounds, clients and figures: every case runs once per round of its own, the rounds interleave the cases."""

import asyncio
import json
import statistics
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg
from rich.console import Console
from rich.table import Table

ROUNDS = 3
WARM_UP = 0.5


class OracleError(AssertionError):
    """A figure was measured, but what was stored is not what was acknowledged."""


@dataclass(frozen=True)
class Outcome:
    """What one run of a case did: how much, in how many seconds, with how much CPU time of this process."""

    done: int
    seconds: float
    cpu_seconds: float = 0.0
    notes: dict[str, Any] = field(default_factory=dict[str, Any])

    @property
    def rate(self) -> float:
        return self.done / self.seconds


@dataclass(frozen=True)
class Case:
    """Something measured. `run(dsn)` gets a fresh database and checks its own oracle."""

    group: str
    name: str
    run: Callable[[str], Awaitable[Outcome]]
    rounds: int = ROUNDS


@dataclass(frozen=True)
class Target:
    """A ratio to reach between two cases of one group."""

    group: str
    case: str
    against: str
    at_least: float


class Databases:
    """Fresh databases on one server, dropped when a run is over."""

    def __init__(self, server: str) -> None:
        self._server = server
        self._made = 0

    def dsn(self, name: str) -> str:
        """The address of a database of this server, in the form that asyncpg and psycopg read."""
        return f"postgresql://postgres@/{name}?host={self._server}"

    async def create(self) -> tuple[str, str]:
        """The name and address of a new database."""
        self._made += 1
        name = f"bench_{self._made}"
        await self._admin(f"create database {name}")
        return name, self.dsn(name)

    async def drop(self, name: str) -> None:
        """Remove a database and whoever is still connected."""
        await self._admin(f"drop database if exists {name} with (force)")

    async def _admin(self, sql: str) -> None:
        connection = await asyncpg.connect(self.dsn("postgres"))
        try:
            await connection.execute(sql)
        finally:
            await connection.close()


async def drive(clients: int, seconds: float, work: Callable[[int], Awaitable[int | None]]) -> Outcome:
    """Run `work(client)` over and over in `clients` coroutines; count what ended inside the measured time.

    `work` returns how much it did (None: one). A warm-up comes before.
    """
    loop = asyncio.get_running_loop()
    start = loop.time() + WARM_UP
    end = start + seconds
    done = 0

    async def client(number: int) -> None:
        nonlocal done
        while (now := loop.time()) < end:
            amount = await work(number)
            if now >= start and loop.time() <= end:
                done += 1 if amount is None else amount

    tasks = [asyncio.create_task(client(number)) for number in range(clients)]
    await asyncio.sleep(WARM_UP)
    cpu = time.process_time()
    await asyncio.sleep(max(0.0, end - loop.time()))
    cpu = time.process_time() - cpu
    await asyncio.gather(*tasks)
    return Outcome(done, seconds, cpu)


def drive_threads(clients: int, seconds: float, work: Callable[[int], None]) -> Outcome:
    """The same for blocking code: one thread per client."""
    start = time.perf_counter() + WARM_UP
    end = start + seconds
    counts = [0] * clients

    def client(number: int) -> None:
        while (now := time.perf_counter()) < end:
            work(number)
            if now >= start and time.perf_counter() <= end:
                counts[number] += 1

    with ThreadPoolExecutor(clients) as pool:
        futures = [pool.submit(client, number) for number in range(clients)]
        time.sleep(WARM_UP)
        cpu = time.process_time()
        time.sleep(max(0.0, end - time.perf_counter()))
        cpu = time.process_time() - cpu
        for future in futures:
            future.result()
    return Outcome(sum(counts), seconds, cpu)


@dataclass(frozen=True)
class Figure:
    """The median of the rounds of one case, with their spread."""

    group: str
    name: str
    rates: tuple[float, ...]
    cpu_microseconds: float
    notes: dict[str, Any]

    @property
    def median(self) -> float:
        return statistics.median(self.rates)


async def measure(cases: Sequence[Case], databases: Databases, console: Console) -> list[Figure]:
    """Every case once per round, for as many as it has."""
    outcomes: dict[tuple[str, str], list[Outcome]] = {}
    for number in range(ROUNDS):
        for case in (case for case in cases if number < case.rounds):
            console.print(f"[dim]round {number + 1}/{case.rounds}  {case.group}: {case.name}[/dim]")
            name, dsn = await databases.create()
            try:
                outcomes.setdefault((case.group, case.name), []).append(await case.run(dsn))
            finally:
                await databases.drop(name)
    return [
        Figure(
            group,
            name,
            tuple(outcome.rate for outcome in runs),
            statistics.median(outcome.cpu_seconds / max(outcome.done, 1) * 1e6 for outcome in runs),
            runs[-1].notes,
        )
        for (group, name), runs in outcomes.items()
    ]


def show(figures: Iterable[Figure], targets: Iterable[Target], console: Console) -> list[dict[str, Any]]:
    """Print the figures and how the targets stand; the targets as data."""
    by_name = {(figure.group, figure.name): figure for figure in figures}
    for group in dict.fromkeys(group for group, _ in by_name):
        table = Table("case", "per second", "spread", "CPU us each", "notes", title=group, title_justify="left")
        for figure in by_name.values():
            if figure.group == group:
                spread = f"{min(figure.rates):,.0f} .. {max(figure.rates):,.0f}"
                cpu = f"{figure.cpu_microseconds:,.0f}" if figure.cpu_microseconds else ""
                notes = ", ".join(f"{key}: {value}" for key, value in figure.notes.items())
                table.add_row(figure.name, f"{figure.median:,.0f}", spread, cpu, notes)
        console.print(table)
    reached: list[dict[str, Any]] = []
    table = Table("target", "ratio", "wanted", "", title="ratios within this run", title_justify="left")
    for target in targets:
        mine, other = by_name.get((target.group, target.case)), by_name.get((target.group, target.against))
        if mine is None or other is None:
            continue
        ratio = mine.median / other.median
        held = ratio >= target.at_least
        table.add_row(
            f"{target.group}: {target.case} / {target.against}", f"{ratio:.2f}", f"{target.at_least:g}",
            "reached" if held else "[bold red]short[/bold red]",
        )  # fmt: skip
        reached.append(
            {
                "group": target.group, "case": target.case, "against": target.against, "ratio": ratio,
                "wanted": target.at_least, "reached": held,
            }
        )  # fmt: skip
    if reached:
        console.print(table)
    return reached


def write(
    path: Path,
    about: dict[str, Any],
    figures: Iterable[Figure],
    reached: list[dict[str, Any]],
    more: dict[str, Any],
) -> None:
    """All figures as JSON; `more` are those that are no cases."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(
        json.dumps(
            {
                "about": about,
                "figures": [
                    {
                        "group": figure.group,
                        "case": figure.name,
                        "median_per_second": figure.median,
                        "rounds_per_second": figure.rates,
                        "cpu_microseconds_each": figure.cpu_microseconds,
                        "notes": figure.notes,
                    }
                    for figure in figures
                ],
                "targets": reached,
                **more,
            },
            indent=2,
        )
    )
