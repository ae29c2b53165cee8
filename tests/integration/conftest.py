"""Commands that the tests may kill."""

from collections.abc import Generator

import pytest
from tests.integration.support.commands import Forge, forge


@pytest.fixture(scope="session")
def commands() -> Generator[Forge]:
    """Starts commands quickly."""
    with forge() as ready:
        yield ready
