"""A fresh schema of the log for each test, and a client on it."""

import os
from collections.abc import AsyncGenerator

import pytest

from .harness import Client, drop_schema, make_schema, opened


@pytest.fixture(scope="session")
def server() -> str:
    """A superuser's address of a database."""
    return os.environ["CORA_TEST_DATABASE_URL"]


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
