"""A database for the tests of the log, a fresh schema in it for each test, and a client on that."""

from collections.abc import AsyncGenerator, Generator

import pytest
from tests.conftest import EMPTY, in_database, new_database

from .harness import Client, drop_schema, make_schema, opened


@pytest.fixture(scope="module")
def server(postgres: str) -> Generator[str]:
    """A superuser's address of a database of its own."""
    with new_database(postgres, EMPTY) as name:
        yield in_database(postgres, name)


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
