"""A database for the tests of the log, a fresh schema in it for each test, and a client on that."""

from collections.abc import AsyncGenerator
from uuid import uuid4

import pytest

from .harness import Client, connect, drop_schema, in_database, make_schema, opened


@pytest.fixture(scope="module")
async def server(postgres: str) -> AsyncGenerator[str]:
    """A superuser's address of a database of its own."""
    name = f"log_{uuid4().hex[:12]}"
    superuser = await connect(postgres)
    await superuser.execute(f"create database {name}")
    yield in_database(postgres, name)
    await superuser.execute(f"drop database {name} with (force)")
    await superuser.close()


@pytest.fixture
async def schema(server: str) -> AsyncGenerator[str]:
    """A schema with the tables of the log, empty."""
    schema = await make_schema(server)
    yield schema
    await drop_schema(server, schema)


@pytest.fixture
async def client(server: str, schema: str) -> AsyncGenerator[Client]:
    """Runs commands of the toy domain on the schema."""
    async with opened(server, schema) as client:
        yield client
