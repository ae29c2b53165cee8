"""Postgres for the tests: one server per run, a migrated template per module, a database per test that wants one.

`CORA_TEST_DATABASE_URL` names a database of another server (a superuser's
address) to run against instead of the embedded one.
"""

import os
import tempfile
from collections.abc import AsyncGenerator, Generator
from pathlib import Path
from typing import LiteralString
from urllib.parse import urlsplit
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql

from cora.log.embedded import embedded_postgres
from cora.log.migrate import migrate
from cora.log.store import PostgresLog
from cora.settings import Settings
from cora.surfaces.start import Opened, opened


def in_database(dsn: str, name: str) -> str:
    """The address of another database of the same server."""
    return urlsplit(dsn)._replace(path=f"/{name}").geturl()


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Generator[str]:
    """A superuser's address. The workers of one run share one server; the last of them stops it."""
    given = os.environ.get("CORA_TEST_DATABASE_URL")
    if given:
        yield given
        return
    run = os.environ.get("PYTEST_XDIST_TESTRUNUID", uuid4().hex) if worker_id != "master" else uuid4().hex
    directory = Path(tempfile.gettempdir()) / f"cora-tests-{run[:12]}"
    with embedded_postgres(directory) as server:
        yield server.dsn("postgres")


def execute(dsn: str, statement: LiteralString, *names: str) -> None:
    """Run one statement outside of a transaction, with names in the place of {}."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))


@pytest.fixture(scope="module")
def template(postgres: str) -> Generator[str]:
    """The name of a migrated database that others are copied from."""
    name = f"template_{uuid4().hex[:12]}"
    execute(postgres, "create database {}", name)
    migrate(in_database(postgres, name))
    yield name
    execute(postgres, "drop database if exists {} with (force)", name)


@pytest.fixture
def database_url(postgres: str, template: str) -> Generator[str]:
    """The address of a fresh, migrated, empty database."""
    name = f"test_{uuid4().hex[:12]}"
    execute(postgres, "create database {} template {}", name, template)
    yield in_database(postgres, name)
    execute(postgres, "drop database if exists {} with (force)", name)


@pytest.fixture(scope="module")
def module_database_url(postgres: str, template: str) -> Generator[str]:
    """One database for all tests of a module that do not mind each other's records."""
    name = f"module_{uuid4().hex[:12]}"
    execute(postgres, "create database {} template {}", name, template)
    yield in_database(postgres, name)
    execute(postgres, "drop database if exists {} with (force)", name)


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
