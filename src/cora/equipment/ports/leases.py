"""One holder at a time over all processes: for work that must not be done by two at once."""

from contextlib import AbstractAsyncContextManager
from typing import Protocol


class Leases(Protocol):
    """Named leases. A holder that dies loses its lease when the seconds are over."""

    def hold(self, name: str, seconds: float = 60.0) -> AbstractAsyncContextManager[None]:
        """Wait for a lease and hold it while the body runs; a body that lost its lease is cancelled.

        Raises `OverloadedError` then.
        """
        ...
