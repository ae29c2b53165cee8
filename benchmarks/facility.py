"""Facility files of any size, and `cora apply` of one with its memory watched."""

import asyncio
from pathlib import Path

import psutil

from benchmarks.harness import OracleError

OPENING = """cora: 1
facilities: [{code: bench, name: Benchmark}]
families: [{name: RotaryStage}]
models: [{key: m, name: ABRS, manufacturer: {name: Aerotech}, part_number: ABRS-250, families: [RotaryStage]}]
frames: [{name: Floor}]
mounts:
"""
CELLS = 20
"""Of a beamline."""


def write_facility(path: Path, assets: int, together: int | None = None) -> None:
    """A facility file with so many assets, each active and in a mount of its own.

    All stand below one beamline; or in cells of `together` each, of which `CELLS` stand below a beamline.
    """
    with path.open("w") as file:
        file.write(OPENING)
        for number in range(assets):
            file.write(f"  - {{slot_code: SLOT-{number}, frame: Floor, placement: {{z: {number}}}}}\n")
        file.write("assets:\n")
        for number in range(assets):
            if number == 0 or (together is not None and number % (together * CELLS) == 0):
                name = "2-BM" if together is None else f"Beamline {number // (together * CELLS)}"
                file.write(f"  - name: {name}\n    facility: bench\n    tier: Unit\n    children:\n")
            if together is not None and number % together == 0:
                file.write(f"      - name: Cell {number // together}\n        tier: Component\n        children:\n")
            file.write(
                f"{'      ' if together is None else '          '}"
                f"- {{name: Stage {number}, tier: Device, model: m, families: [RotaryStage], lifecycle: Active, "
                f"mount: SLOT-{number}, identifiers: [{{kind: SerialNumber, value: SN-{number}}}]}}\n"
            )


async def watched(command: list[str], environment: dict[str, str], server: psutil.Process | None) -> dict[str, float]:
    """Run a command and watch its memory and that of a server: the most that each took, in bytes.

    Raises `OracleError` when the command fails.
    """
    process = await asyncio.create_subprocess_exec(
        *command, env=environment, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE
    )
    seen = {"apply": psutil.Process(process.pid)} | ({"server": server} if server else {})
    most = dict.fromkeys(seen, 0.0)
    ending = asyncio.create_task(process.communicate())
    while not ending.done():
        for name, each in seen.items():
            try:
                most[name] = max(most[name], each.memory_info().rss)
            except psutil.NoSuchProcess:
                continue
        await asyncio.sleep(0.1)
    _, errors = await ending
    if process.returncode != 0:
        raise OracleError(f"cora apply ended with {process.returncode}: {errors.decode()[-500:]}")
    return most
