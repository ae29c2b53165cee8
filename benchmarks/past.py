"""What was: of a parent, a family and a slot that have had a hundred of things, and of those that have had very many.

A hundred and 100,000 assets have stood under a parent and belonged to a family,
fifty of them at the moment that is asked for; nearly all have moved on, half
before that moment and half after it. A slot has had 20 and 2,000 assets
installed. The same questions are asked of both, now and as of that moment, in
interleaved rounds inside this process, so that what is measured is cora and
Postgres. The oracle: exactly the fifty are answered, and the asset that was
installed then.
"""

import asyncio
import statistics
import tempfile
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
from fastapi import FastAPI
from rich.console import Console
from rich.table import Table

from benchmarks.harness import Databases, OracleError
from benchmarks.inside import Told, application, ask
from benchmarks.server import CALL, Station, migrated
from cora.equipment.features.activate_asset import ActivateAsset, activate_asset
from cora.equipment.features.define_family import DefineFamily, define_family
from cora.equipment.features.install_asset import InstallAsset, install_asset
from cora.equipment.features.register_asset import RegisterAsset, register_asset
from cora.equipment.features.register_frame import RegisterFrame, register_frame
from cora.equipment.features.register_mount import RegisterMount, register_mount
from cora.equipment.features.relocate_asset import RelocateAsset, relocate_asset
from cora.equipment.features.remove_asset_family import RemoveAssetFamily, remove_asset_family
from cora.equipment.features.uninstall_asset import UninstallAsset, uninstall_asset
from cora.settings import Settings
from cora.surfaces.logging import configure_logging
from cora.surfaces.start import opened

FEW, MANY = (100, 20), (100_000, 2_000)
"""Children that a parent has had, and installations that a slot has had."""
STAYING = 50
TOGETHER = 64
ROUNDS = 5
ASKED = 20
"""Requests of each question in a round."""
MOST_RATIO = 2.0

OF_ONE = {
    "the parent": "/assets/{parent}",
    "an asset that stayed": "/assets/{child}",
    "its PIDINST record": "/assets/{child}/pidinst",
    "the slot": "/mounts/{mount}",
}
"""As it was at most twice what it is now, and with many behind it at most twice what it is with few."""
OF_MANY = {
    "the children, by name": "/assets?parent_id={parent}&sort=name&limit=100",
    "the children, in any order": "/assets?parent_id={parent}&limit=100",
    "the tree": "/assets/{parent}/tree",
    "the assets of the family": "/assets?family_ids={family}&limit=100",
}
"""With many behind it at most twice what it is with few."""


@dataclass(frozen=True)
class Busy:
    """A parent, a family and a slot, with a moment at which fifty assets stood there and one was installed."""

    parent: UUID
    family: UUID
    child: UUID
    mount: UUID
    then_installed: UUID
    now_installed: UUID
    then: int


async def _all(numbers: range, work: Callable[[int], Awaitable[Any]]) -> list[Any]:
    turns = asyncio.Semaphore(TOGETHER)

    async def one(number: int) -> Any:
        async with turns:
            return await work(number)

    return [*await asyncio.gather(*(one(number) for number in numbers))]


async def _made(station: Station, name: str, elsewhere: UUID, had: tuple[int, int]) -> Busy:
    """Make one, by the commands that people would send."""

    async def run(decider: Any, command: Any) -> Any:
        return await station.kernel.command(decider.__slice__, command, CALL)

    async def asset(tier: str, called: str, **more: Any) -> UUID:
        told = {"name": called, "tier": tier, **more}
        return (await run(register_asset, RegisterAsset.model_validate(told))).id

    family = (await run(define_family, DefineFamily(name=f"{name} stages"))).id
    parent = await asset("Unit", name, facility_code="bench")

    async def child(number: int) -> UUID:
        return await asset("Device", f"{name} {number}", parent_id=parent, family_ids=[family])

    async def stays(number: int) -> UUID:
        id = await child(number)
        await run(activate_asset, ActivateAsset(asset_id=id))
        return id

    async def passing(number: int) -> None:
        id = await child(number)
        await run(relocate_asset, RelocateAsset(asset_id=id, to_parent_id=elsewhere, reason="benchmark"))
        await run(remove_asset_family, RemoveAssetFamily(asset_id=id, family_id=family))

    frame = (await run(register_frame, RegisterFrame.model_validate({"name": f"{name} floor"}))).id
    placement = {"parent_frame_id": frame}
    slot = RegisterMount.model_validate({"slot_code": f"{name}-SLOT", "placement": placement})
    mount = (await run(register_mount, slot)).id

    async def swaps(times: int) -> None:
        for number in range(times):
            await run(install_asset, InstallAsset(mount_id=mount, asset_id=staying[number % STAYING]))
            await run(uninstall_asset, UninstallAsset(mount_id=mount, reason="benchmark"))

    children, installations = had
    half = children // 2
    await _all(range(half), passing)
    staying: list[UUID] = await _all(range(half, half + STAYING), stays)
    await swaps(installations // 2)
    then = (await run(install_asset, InstallAsset(mount_id=mount, asset_id=staying[7]))).position
    await run(uninstall_asset, UninstallAsset(mount_id=mount, reason="benchmark"))
    await swaps(installations // 2)
    await run(install_asset, InstallAsset(mount_id=mount, asset_id=staying[8]))
    await _all(range(half + STAYING, children + STAYING), passing)
    return Busy(parent, family, staying[3], mount, staying[7], staying[8], then)


def _check(name: str, busy: Busy, past: bool, told: Told) -> None:
    if told.status != 200:
        raise OracleError(f"{name} was answered {told.status}: {told.body[:300]!r}")
    if name == "the slot":
        holds = told.json["state"]["installed_asset_id"]
        if holds != str(busy.then_installed if past else busy.now_installed):
            raise OracleError(f"the slot held {holds}")
    elif name in OF_MANY:
        found = told.json.get("items") or told.json["root"]["children"]
        if len(found) != STAYING:
            raise OracleError(f"{name}: {len(found)} were answered, not {STAYING}")


async def _milliseconds(app: FastAPI, name: str, target: str, busy: Busy, past: bool) -> list[float]:
    times: list[float] = []
    target = target.format(parent=busy.parent, child=busy.child, family=busy.family, mount=busy.mount)
    if past:
        target += f"{'&' if '?' in target else '?'}as_of={busy.then}"
    for _ in range(ASKED):
        told = await ask(app, target)
        _check(name, busy, past, told)
        times.append(told.seconds * 1e3)
    return times


async def measure(databases: Databases, console: Console) -> list[dict[str, Any]]:
    """Make both, ask the questions, print the figures, and give them as data."""
    configure_logging("console", level=30)
    _, dsn = await databases.create()
    await migrated(dsn)
    console.print(f"[dim]making a parent that has had {MANY[0]:,} children ...[/dim]")
    async with Station.open(dsn) as station:
        elsewhere = await station.parent()
        busy = {had: await _made(station, name, elsewhere, had) for name, had in (("few", FEW), ("many", MANY))}
    connection = await asyncpg.connect(dsn)
    await connection.execute("vacuum analyze")
    await connection.close()
    times: dict[tuple[str, tuple[int, int], bool], list[float]] = {}
    async with AsyncExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        app = application(await stack.enter_async_context(opened(Settings(data_dir=directory), dsn)))
        for number in range(ROUNDS):
            console.print(f"[dim]round {number + 1}/{ROUNDS} of what was[/dim]")
            for name, target in {**OF_ONE, **OF_MANY}.items():
                for had, each in busy.items():
                    for past in (False, True):
                        asked = await _milliseconds(app, name, target, each, past)
                        times.setdefault((name, had, past), []).extend(asked)
    return _show(times, console)


def _show(times: dict[tuple[str, tuple[int, int], bool], list[float]], console: Console) -> list[dict[str, Any]]:
    columns = ("question", "ms now, few", "ms now, many", "ms then, few", "ms then, many", "then / now", "many / few")
    table = Table(*columns, "", title="what was, medians", title_justify="left")
    told: list[dict[str, Any]] = []
    for name in {**OF_ONE, **OF_MANY}:
        now_few, now_many, then_few, then_many = (
            statistics.median(times[name, had, past]) for past in (False, True) for had in (FEW, MANY)
        )
        then_to_now, many_to_few = then_many / now_many, max(then_many / then_few, now_many / now_few)
        held = many_to_few <= MOST_RATIO and (name in OF_MANY or then_to_now <= MOST_RATIO)
        table.add_row(
            name, f"{now_few:.2f}", f"{now_many:.2f}", f"{then_few:.2f}", f"{then_many:.2f}", f"{then_to_now:.2f}",
            f"{many_to_few:.2f}", "reached" if held else "[bold red]short[/bold red]",
        )  # fmt: skip
        told.append(
            {
                "question": name, "milliseconds": [now_few, now_many, then_few, then_many],
                "then to now": then_to_now, "many to few": many_to_few, "reached": held,
            }
        )  # fmt: skip
    console.print(table)
    return told
