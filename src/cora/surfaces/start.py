"""Opens everything a surface needs, in order, and closes it again: database, log, equipment, kernel, workers."""

import asyncio
import contextlib
import os
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import structlog

from cora.equipment.aggregates.role import RoleAlreadyExistsError
from cora.equipment.features.define_role import SEEDED_ROLES, define_role
from cora.equipment.finish_reservations import finish_open_reservations
from cora.equipment.keep_publications import keep_publications
from cora.equipment.resting import Resting
from cora.equipment.views import AGGREGATES
from cora.equipment.wire import Deps, opened_minters, require_fit_minter, wire_equipment, without_stub
from cora.equipment.wired import Equipment
from cora.kernel.execute import Call, Kernel
from cora.kernel.principal import Principal, Role
from cora.kernel.slice import CommandSlice
from cora.log.embedded import embedded_postgres
from cora.log.migrate import holds_events, migrate, pending
from cora.log.rebuild import is_rebuilt, rebuild_if_older
from cora.log.store import PostgresLog
from cora.log.tokens import TokenNameTakenError, TokenTable
from cora.settings import Settings
from cora.surfaces.authorities import authorities_of

SYSTEM = Principal("system", Role.ADMIN)
FIRST_TOKEN = "admin-token"  # noqa: S105
WORK_EVERY = 5.0

_logger = structlog.get_logger("cora")


class PortTakenError(Exception):
    """Something else listens on the port."""


class OlderDatabaseError(Exception):
    """What only reads does not change a database of an older cora."""

    def __init__(self) -> None:
        super().__init__("The database was written by an older cora. Bring it to this one first: cora migrate")


@dataclass(frozen=True)
class Opened:
    """A running cora, without its surfaces."""

    settings: Settings
    log: PostgresLog
    tokens: TokenTable
    equipment: Equipment
    kernel: Kernel
    bulk_kernel: Kernel
    """The same for work in bulk, which leaves calls of the authorities to those who wait for an answer."""


@contextmanager
def database(settings: Settings) -> Generator[str]:
    """The address of the database: the one that is set, or the embedded one, started for as long as it is used.

    Raises `EmbeddedPostgresError`.
    """
    if settings.database_url is not None:
        yield settings.database_url
        return
    with embedded_postgres(settings.data_dir) as postgres:
        yield postgres.dsn("postgres")


async def upgrade(dsn: str, schema: str = "cora") -> tuple[list[str], int]:
    """Bring a database to this cora: the schema files applied, and how many records were derived again."""
    applied = await asyncio.to_thread(migrate, dsn, schema)
    return applied, await rebuild_if_older(dsn, schema, AGGREGATES)


@asynccontextmanager
async def opened(
    settings: Settings, dsn: str, schema: str = "cora", *, reads_only: bool = False
) -> AsyncGenerator[Opened]:
    """Bring a database to this cora and open it, with the roles that every database has.

    For what only reads, a database that holds something is left as it is, and nothing is asked of the minter.
    Raises `UnfitMinterError`, `OlderDatabaseError`, and what the database raises when it cannot be reached.
    """
    authorities = authorities_of(settings)
    prepares = not reads_only or await _is_empty(dsn, schema)
    if prepares:
        applied, records = await upgrade(dsn, schema)
        if applied or records:
            _logger.info("upgraded the database", applied=applied, records=records)
    log = await PostgresLog.open(dsn, schema)
    try:
        async with opened_minters(authorities, log.calls) as found:
            minters = await without_stub(found, log)
            if minters is not found:
                _logger.warning(
                    "no authority is set up, and the log holds identifiers of one: nothing is minted or told"
                )
            deps = Deps(
                settings.landing_url,
                leases=log.leases,
                contacts=log.contacts,
                tellings=log.publications,
                doi_minter=minters.for_people,
                bulk_minter=minters.in_bulk,
                publishes=settings.publish == "findable",
                publishes_contacts=settings.publish_contacts,
            )
            equipment = wire_equipment(deps)
            if not reads_only:
                await require_fit_minter(
                    equipment.doi_minter,
                    log,
                    is_public=settings.public_url is not None,
                    allow_test_identifiers=settings.allow_test_identifiers,
                )
            kernel, bulk_kernel = (
                Kernel(log, wired, events=log, searches=log, documents=log) for wired in (equipment, equipment.in_bulk)
            )
            if prepares:
                await _seed_roles(kernel)
            yield Opened(settings, log, log.tokens, equipment, kernel, bulk_kernel)
    finally:
        await log.close()


async def _is_empty(dsn: str, schema: str) -> bool:
    if not await asyncio.to_thread(holds_events, dsn, schema):
        return True
    if await asyncio.to_thread(pending, dsn, schema) or not await is_rebuilt(dsn, schema):
        raise OlderDatabaseError
    return False


@asynccontextmanager
async def working(cora: Opened) -> AsyncGenerator[None]:
    """Finish what was interrupted and tell what has changed, every few seconds, for as long as a server runs.

    Of all processes one does each of the two at a time, and neither waits for the other.
    """
    kernel, resting = cora.bulk_kernel, Resting()
    works = (
        asyncio.create_task(_work(lambda: finish_open_reservations(kernel, cora.log, resting=resting))),
        asyncio.create_task(_work(lambda: keep_publications(kernel, cora.log.publications, resting=resting))),
    )
    try:
        yield
    finally:
        for work in works:
            work.cancel()
        await asyncio.gather(*works, return_exceptions=True)


async def _work(work: Callable[[], Awaitable[object]]) -> None:
    while True:
        try:
            await work()
        except Exception:
            _logger.exception("the worker failed; it goes on")
        await asyncio.sleep(WORK_EVERY)


async def _seed_roles(kernel: Kernel) -> None:
    declared = define_role.__slice__  # type: ignore[attr-defined]
    if not isinstance(declared, CommandSlice) or declared.identify is None:
        raise TypeError("define_role declares no command that names its record")
    for role in SEEDED_ROLES:
        if (await kernel.log.record(declared.identify(role))).version == 0:
            with contextlib.suppress(RoleAlreadyExistsError):  # another process starts at the same moment
                await kernel.command(declared, role, Call(SYSTEM, via="system", request_id="first start"))


async def first_token(cora: Opened) -> Path:
    """The file with the admin token for the commands run beside the server, made on an empty database."""
    path = cora.settings.data_dir / FIRST_TOKEN
    if await cora.tokens.list():
        return path
    try:
        token = await cora.tokens.create(Role.ADMIN, "admin")
    except TokenNameTakenError:
        return path
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(token)
    return path
