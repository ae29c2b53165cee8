"""Postgres for the tests: one server per run, a migrated template per worker, a database per test that wants one.

`CORA_TEST_DATABASE_URL` names a database of another server (a superuser's
address) to run against instead of the embedded one. `CORA_TEST_EXAMPLES` is how
many examples a property is tried on that does not say so itself.
"""

import os
import shutil
import tempfile
from collections.abc import AsyncGenerator, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, LiteralString
from unittest.mock import patch
from urllib.parse import urlsplit
from uuid import uuid4

import certifi
import psycopg
import pytest
import structlog
from hypothesis import settings
from psycopg import sql

from cora.log.embedded import embedded_postgres
from cora.log.migrate import migrate
from cora.log.store import PostgresLog
from cora.settings import Settings
from cora.surfaces.start import Opened, opened

DIRECTORY = "CORA_TESTS_DIRECTORY"
MEMORY, ROOM = Path("/dev/shm"), 4 * 1024**3
"""A database is copied there in a tenth of the time that it takes on a disk; this many bytes have to be free."""
EMPTY = "template1"
"""What an empty database is copied from."""
EXAMPLES = 40
"""Every run tries others, so many runs try many."""


def in_database(dsn: str, name: str) -> str:
    """The address of another database of the same server."""
    return urlsplit(dsn)._replace(path=f"/{name}").geturl()


def pytest_configure(config: pytest.Config) -> None:
    """Name the directory of the server of this run, before the workers start: they find it in their environment.

    No example is timed: a slow machine is no failure. No client here meets a stranger whose certificate it has to
    judge: to read those of all authorities of the world would take each of them twenty milliseconds.
    """
    settings.register_profile("cora", max_examples=int(os.environ.get("CORA_TEST_EXAMPLES", EXAMPLES)), deadline=None)
    settings.load_profile("cora")
    if not hasattr(config, "workerinput"):
        has_room = MEMORY.is_dir() and shutil.disk_usage(MEMORY).free >= ROOM
        directory = Path(tempfile.mkdtemp(prefix="cora-tests-", dir=MEMORY if has_room else None))
        end = "-----END CERTIFICATE-----"
        trusted = directory / "trusted.pem"
        trusted.write_text(certifi.contents().partition(end)[0] + end + "\n")
        os.environ |= {DIRECTORY: str(directory), "SSL_CERT_FILE": str(trusted)}


def pytest_unconfigure(config: pytest.Config) -> None:
    """Remove what the run has left, when every worker has ended."""
    if hasattr(config, "workerinput") or DIRECTORY not in os.environ:
        return
    directory = Path(os.environ.pop(DIRECTORY))
    if (directory / "postgres" / "postmaster.pid").exists():
        # A worker was killed: whoever leaves last stops the server.
        with embedded_postgres(directory):
            pass
    shutil.rmtree(directory, ignore_errors=True)


@pytest.fixture(scope="module", autouse=True)
def _log_lines() -> Generator[None]:
    """A command that runs in this process sets how log lines are written; the tests of other modules have their own.

    A logger that keeps what was set when it was first used would keep it for the modules that follow.
    """
    configure: Any = structlog.configure

    def kept_by_nobody(**given: Any) -> None:
        configure(**{**given, "cache_logger_on_first_use": False})

    with patch.object(structlog, "configure", kept_by_nobody):
        yield
    structlog.reset_defaults()


@pytest.fixture(scope="session")
def postgres() -> Generator[str]:
    """A superuser's address. The workers of one run share one server; the last of them stops it."""
    given = os.environ.get("CORA_TEST_DATABASE_URL")
    if given:
        yield given
        return
    with embedded_postgres(Path(os.environ[DIRECTORY])) as server:
        # The tests kill processes, not the machine.
        execute(server.dsn(), "alter system set fsync = off")
        execute(server.dsn(), "alter system set max_wal_size = '512MB'")
        execute(server.dsn(), "select pg_reload_conf()")
        yield server.dsn()


def execute(dsn: str, statement: LiteralString, *names: str) -> None:
    """Run one statement outside of a transaction, with names in the place of {}."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))


@contextmanager
def new_database(postgres: str, template: str) -> Generator[str]:
    """The name of a database of its own, a copy of another."""
    name = f"test_{uuid4().hex[:12]}"
    # Copied as files, which takes half of what it takes to write them all to the log of the server.
    execute(postgres, "create database {} template {} strategy file_copy", name, template)
    yield name
    execute(postgres, "drop database if exists {} with (force)", name)


@pytest.fixture(scope="session")
def template(postgres: str) -> Generator[str]:
    """The name of a migrated database that others are copied from. A module with records in it has one of its own."""
    with new_database(postgres, EMPTY) as name:
        migrate(in_database(postgres, name))
        yield name


@pytest.fixture
def database_url(postgres: str, template: str) -> Generator[str]:
    """The address of a fresh, migrated, empty database."""
    with new_database(postgres, template) as name:
        yield in_database(postgres, name)


@pytest.fixture(scope="module")
def module_database_url(postgres: str, template: str) -> Generator[str]:
    """One database for all tests of a module that do not mind each other's records."""
    with new_database(postgres, template) as name:
        yield in_database(postgres, name)


@pytest.fixture
async def log(database_url: str) -> AsyncGenerator[PostgresLog]:
    """The log of a fresh database."""
    log = await PostgresLog.open(database_url)
    yield log
    await log.close()


@pytest.fixture
async def cora(database_url: str, tmp_path: Path) -> AsyncGenerator[Opened]:
    """A running cora on a fresh database, without surfaces."""
    async with opened(Settings(data_dir=tmp_path), database_url) as running:
        yield running


@pytest.fixture(scope="module")
async def module_cora(module_database_url: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Opened]:
    """A running cora for all tests of a module that do not mind each other's records."""
    settings = Settings(data_dir=tmp_path_factory.mktemp("cora"))
    async with opened(settings, module_database_url) as running:
        yield running
