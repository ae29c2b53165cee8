"""10,000 DOIs minted at a simulated DataCite that counts its calls, in a process of its own.

DataCite lets 300 calls pass in five minutes from those who send much; with two
calls for each DOI that would take almost six hours, nearly all of it waiting.
Here the same 300 calls may pass in a window of four seconds: short enough to
come to an end, long enough that it is the budget that is waited for. What cora
takes itself is seen twice: as CPU time for each identifier, and, one at a time
and without a limit, as the time in which no answer was waited for.
The oracle: in no window of exactly that length, wherever it begins, more calls
arrived; each DOI is findable once and leads to its own page, and the log says
the same.
"""

import asyncio
import json
import multiprocessing
import time
from collections import deque
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection
from typing import Any
from uuid import UUID

import asyncpg
import httpx
from pydantic import SecretStr
from tests.authorities.datacite_simulator import PASSWORD, PREFIX, REPOSITORY, DataciteSimulator
from tests.authorities.loopback import Answered, Asked, served

from benchmarks.harness import Case, OracleError, Outcome, Target
from benchmarks.server import CALL, Station, migrated
from cora.equipment.adapters.authority_web import basic, opened_client
from cora.equipment.adapters.budget import CallBudget
from cora.equipment.adapters.datacite import Datacite
from cora.equipment.adapters.datacite_metadata import datacite_metadata
from cora.equipment.features.assign_asset_persistent_id import AssignAssetPersistentId, assign_asset_persistent_id
from cora.equipment.ports.authorities import DataciteAccount

GROUP = "DOIs minted at a simulated DataCite"
IDENTIFIERS, CLIENTS = 10_000, 64
ALONE = 500
CALLS, WINDOW = 300, 4.0
NO_LIMIT = 1_000_000
TARGETS: list[Target] = []


def _simulate(pipe: Connection) -> None:
    """A DataCite that notes the most calls of any window, until it is told to end; then what it holds."""

    async def run() -> None:
        datacite = DataciteSimulator()
        recent, most = deque[float](), 0

        def answer(asked: Asked) -> Answered:
            nonlocal most
            now = time.monotonic()
            recent.append(now)
            while recent[0] <= now - WINDOW:
                recent.popleft()
            most = max(most, len(recent))
            return datacite.answer(asked)

        async with served(answer, datacite.plan) as url:
            pipe.send(url)
            await asyncio.to_thread(pipe.recv)
        held = {each.doi: (each.state, each.handle) for each in datacite.records.values()}
        pipe.send(json.dumps({"held": held, "most": most, "calls": len(datacite.plan.calls), "wrong": datacite.wrong}))

    asyncio.run(run())


@asynccontextmanager
async def simulator() -> AsyncGenerator[tuple[str, Connection]]:
    """Its address, and the pipe to it."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_simulate, args=(theirs,), daemon=True)
    process.start()
    try:
        yield await asyncio.to_thread(ours.recv), ours
    finally:
        process.terminate()
        await asyncio.to_thread(process.join, 10)


@dataclass
class Answers:
    """How long answers were waited for, as a client that sends one request at a time sees it."""

    seconds: float = 0.0
    asked_at: float = 0.0

    async def asks(self, _: httpx.Request) -> None:
        """A request is about to be sent."""
        self.asked_at = time.perf_counter()

    async def has(self, _: httpx.Response) -> None:
        """Its answer begins."""
        self.seconds += time.perf_counter() - self.asked_at


async def mint(dsn: str, identifiers: int, clients: int, calls: int) -> tuple[Outcome, Answers]:
    """Register assets, then have each given a DOI; only the latter is measured."""
    await migrated(dsn)
    async with simulator() as (url, pipe), Station.open(dsn) as station:
        account = DataciteAccount(url, REPOSITORY, PREFIX, SecretStr(PASSWORD))
        auth, secrets = basic(REPOSITORY, PASSWORD)
        async with opened_client(url, contact=None, auth=auth) as client:
            answers = Answers()
            client.event_hooks = {"request": [answers.asks], "response": [answers.has]}
            budget = CallBudget(station.log.calls, url, calls, WINDOW)
            minter = Datacite(account, client, budget, datacite_metadata, secrets=secrets)
            object.__setattr__(station.kernel.wired, "doi_minter", minter)
            parent = await station.parent()

            async def register(number: int) -> UUID:
                async with registering:
                    return await station.register(parent, f"asset {number}")

            async def assign(asset: UUID) -> tuple[str, str]:
                async with minting:
                    command = AssignAssetPersistentId.model_validate({"asset_id": asset, "scheme": "DOI"})
                    declared: Any = assign_asset_persistent_id
                    answer = await station.kernel.command(declared.__slice__, command, CALL)
                told = json.loads(answer.body)
                return told["value"], told["url"]

            registering, minting = asyncio.Semaphore(CLIENTS), asyncio.Semaphore(clients)
            assets = await asyncio.gather(*(register(number) for number in range(identifiers)))
            began, cpu = time.perf_counter(), time.process_time()
            told = dict(await asyncio.gather(*(assign(asset) for asset in assets)))
            seconds, cpu = time.perf_counter() - began, time.process_time() - cpu
        pipe.send("end")
        found = json.loads(await asyncio.to_thread(pipe.recv))
    await check(dsn, identifiers, calls, told, found)
    notes = {"calls each": found["calls"] / identifiers, "most in a window": found["most"]}
    return Outcome(identifiers, seconds, cpu, notes), answers


async def mint_all(dsn: str) -> Outcome:
    """All of them, as fast as the budget lets them."""
    outcome, _ = await mint(dsn, IDENTIFIERS, CLIENTS, CALLS)
    return outcome


async def mint_alone(dsn: str) -> Outcome:
    """One after the other, without a limit."""
    outcome, answers = await mint(dsn, ALONE, 1, NO_LIMIT)
    ours = (outcome.seconds - answers.seconds) / ALONE
    return replace(outcome, notes={"calls each": outcome.notes["calls each"], "ours, ms each": round(ours * 1000, 2)})


async def check(dsn: str, identifiers: int, calls: int, told: dict[str, str], found: dict[str, Any]) -> None:
    """Raises `OracleError` unless clients, DataCite and the log say the same, within the limits."""
    if found["wrong"] or found["most"] > calls:
        raise OracleError(f"{found['most']} calls in a window, {len(found['wrong'])} wrong ones")
    if {doi: tuple(held) for doi, held in found["held"].items()} != {
        doi: ("findable", url) for doi, url in told.items()
    }:
        raise OracleError("DataCite holds something else than clients were told")
    connection = await asyncpg.connect(dsn, server_settings={"search_path": "cora"})
    rows = await connection.fetch("select persistent_id from asset_summary where persistent_id is not null")
    await connection.close()
    if len(told) != identifiers or {row["persistent_id"] for row in rows} != set(told):
        raise OracleError("the log holds something else than clients were told")


def cases() -> list[Case]:
    """All of them, once; some of them alone."""
    return [
        Case(GROUP, f"{CLIENTS} clients, {CALLS} calls in {WINDOW:g} s", mint_all, rounds=1),
        Case(GROUP, "one at a time, no limit", mint_alone),
    ]
