"""Asking an authority: by one at a time, for no longer than it takes, and with every failure understood."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Iterable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from math import ceil
from typing import Any, TypeVar
from uuid import UUID

import structlog

from cora.equipment.ports.doi_minter import DoiMinter, MintFailedError, NotAskedError
from cora.equipment.ports.leases import Leases
from cora.equipment.ports.tellings import Tellings
from cora.equipment.values import PersistentIdentifier
from cora.kernel.errors import OverloadedError

# A lease is renewed while its holder lives, so this is only how long a dead
# holder is in the way of a retry.
LEASE_SECONDS = 10.0
# Longer than one answer may take, with its reading back.
AUTHORITY_SECONDS = 120.0
# As long as that, and then as long as a request that was given up may still be on its way.
ON_ITS_WAY_SECONDS = AUTHORITY_SECONDS + 30.0

T = TypeVar("T")

_logger = structlog.get_logger("cora.minting")


@asynccontextmanager
async def exclusively(leases: Leases, name: str, *, wait: float) -> AsyncGenerator[None]:
    """Be the only one in all processes. Raises `OverloadedError` when another still is after `wait` seconds."""
    async with AsyncExitStack() as stack:
        try:
            async with asyncio.timeout(wait):
                await stack.enter_async_context(leases.hold(name, LEASE_SECONDS))
        except TimeoutError:
            raise OverloadedError(retry_after=5) from None
        yield


async def beside_each_other(works: Iterable[Coroutine[Any, Any, None]]) -> None:
    """Do all of it at once. What one of them raises ends the others, and is raised as it is."""
    tasks = [asyncio.create_task(work) for work in works]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def ask_authority(ask: Callable[[], Awaitable[T]], asked_for: PersistentIdentifier | str) -> T | MintFailedError:
    """What an authority answers, or what it failed with. `asked_for` is told to those who run the server."""
    try:
        async with asyncio.timeout(AUTHORITY_SECONDS):
            return await ask()
    except MintFailedError as failure:
        return failure
    except TimeoutError:
        reason = f"the authority gave no answer in {AUTHORITY_SECONDS:.0f} s"
        return MintFailedError(reason, retryable=True, answered=False)
    except Exception as error:
        # A fault of the adapter must not leave the reservation without a word of what happened.
        _logger.exception("the minter broke", asked_for=str(asked_for))
        return MintFailedError(f"the minter broke ({type(error).__name__})", retryable=True)


def require_asked(failure: MintFailedError) -> None:
    """Raises `OverloadedError` where the authority was not asked and may be later."""
    if isinstance(failure, NotAskedError) and failure.retry_after is not None:
        raise OverloadedError(max(1, ceil(failure.retry_after))).because(failure.reason) from failure


async def end_telling(tellings: Tellings, id: UUID) -> None:
    """What the authority did is known. What stays open all the same is told once more, and makes a release wait."""
    with suppress(OverloadedError):
        await tellings.end(id, ON_ITS_WAY_SECONDS)


async def told_again_in(tellings: Tellings, id: UUID) -> float | None:
    """In how many seconds it is to be told again, because a request of which no answer came may be on its way."""
    return await tellings.again_in(id, ON_ITS_WAY_SECONDS)


async def is_held_for(minter: DoiMinter, identifier: PersistentIdentifier, url: str) -> bool | MintFailedError:
    """Whether the authority holds the identifier for us, leading to this URL; what it failed with when it does not
    tell."""
    held = await ask_authority(lambda: minter.look(identifier), identifier)
    return held if isinstance(held, MintFailedError) else held is not None and held.is_for(url)
