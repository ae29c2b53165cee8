"""Many clients in several processes do what they like; afterwards every decision is judged by the log.

The checker itself is tested too: with any one mechanism switched off it must find a violation.
"""

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from .checker import ViolationError, Workers, judge, workers
from .harness import drop_schema, make_schema, opened
from .mutants import MUTANTS
from .worker import NAMES, Job

PROCESSES = 2
CLIENTS = 24


@pytest.fixture(scope="module")
async def processes() -> AsyncGenerator[Workers]:
    async with workers(PROCESSES) as started:
        yield started


@asynccontextmanager
async def _arena(
    server: str, change: Callable[[str], str] | None = None, units: int = 6
) -> AsyncGenerator[dict[str, Any]]:
    """A schema with a few bays and units that everybody fights over."""
    schema = await make_schema(server, change)
    async with opened(server, schema) as client:
        bays = [await client.open_bay(name) for name in NAMES[:4]]
        ids = [await client.register_unit(bays[number % 3]) for number in range(units)]
    yield {"dsn": server, "schema": schema, "bays": tuple(map(str, bays)), "units": tuple(map(str, ids))}
    await drop_schema(server, schema)


async def _round(processes: Workers, arena: dict[str, Any], seed: int, **options: Any) -> Any:
    jobs = [Job(seed=seed * 100 + number, clients=CLIENTS, **arena, **options) for number in range(PROCESSES)]
    return await processes.run(jobs)


@pytest.mark.parametrize("cuts", [0.0, 0.03], ids=["undisturbed", "connections are lost"])
async def test_every_decision_was_true(server: str, processes: Workers, cuts: float) -> None:
    async with _arena(server) as arena:
        told = await _round(processes, arena, 1, seconds=3.0, cuts=cuts)
        counts = await judge(arena["dsn"], arena["schema"], told)
        assert counts.recorded > 50
        assert counts.refused > 50
        assert counts.unchanged > 5
        assert counts.undecided < 0.2 * len(told)


@pytest.mark.parametrize("mutant", MUTANTS)
async def test_the_checker_notices_when(mutant: str, server: str, processes: Workers) -> None:
    switched = MUTANTS[mutant]
    for seed in range(16):
        async with _arena(server, switched.sql, switched.units) as arena:
            shown_by = {name: getattr(switched, name) for name in ("mix", "cuts", "badges", "pace", "padding")}
            told = await _round(processes, arena, seed, seconds=0.7, mutant=mutant, **shown_by)
            try:
                await judge(arena["dsn"], arena["schema"], told)
            except ViolationError:
                return
    pytest.fail("sixteen rounds, and nothing was noticed")
