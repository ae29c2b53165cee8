"""The few connections that reads for people share: nobody waits for one without end."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TypeVar

from cora.kernel.errors import OverloadedError
from cora.log.connect import BUSY, LOST
from cora.log.types import Connection, Pool

T = TypeVar("T")

PATIENCE = 2.0
"""Seconds that a connection is waited for."""
TRIES = 3


@asynccontextmanager
async def borrowed(pool: Pool) -> AsyncGenerator[Connection]:
    """A connection of a pool. Raises `OverloadedError` when none is free in time, or the database is away or busy."""
    try:
        async with pool.acquire(timeout=PATIENCE) as connection:
            yield connection  # pyright: ignore[reportReturnType]
    except (*LOST, *BUSY, TimeoutError) as error:
        raise OverloadedError from error


async def over(pool: Pool, use: Callable[[Connection], Awaitable[T]]) -> T:
    """What a read over a pool gives, tried again on another connection when one was lost. Raises `OverloadedError`."""
    for tries_left in reversed(range(TRIES)):
        try:
            async with pool.acquire(timeout=PATIENCE) as connection:
                return await use(connection)  # pyright: ignore[reportArgumentType]
        except (*BUSY, TimeoutError) as error:
            # Waiting again would keep the caller waiting, and those who come after as well.
            raise OverloadedError from error
        except LOST as error:
            if not tries_left:
                raise OverloadedError from error
    raise OverloadedError
