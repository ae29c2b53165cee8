"""Servers that the tests of minting may kill."""

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
from tests.faults.minting_world import Forge, World, forge, world


@pytest.fixture(scope="module")
async def servers() -> AsyncGenerator[Forge]:
    """Starts servers quickly."""
    async with forge() as ready:
        yield ready


@pytest.fixture
async def minting(database_url: str, servers: Forge, tmp_path: Path) -> AsyncGenerator[World]:
    """A facility with an authority, and servers to kill."""
    async with world(database_url, servers, tmp_path) as made:
        yield made
