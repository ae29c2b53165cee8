"""What a worker leaves alone for a while: authorities that give no answer or are not to be asked, and what it broke on.

Known to one process, and forgotten with it: nothing of it is a fact about an identifier.
"""

from datetime import datetime, timedelta
from uuid import UUID

from cora.equipment.ports.doi_minter import MintFailedError, NotAskedError
from cora.kernel.errors import Refusal

FIRST_REST = timedelta(seconds=10)
LONGEST_REST = timedelta(minutes=5)


class Resting:
    """Until when schemes and single identifiers are left alone."""

    def __init__(self) -> None:
        self._until: dict[str | UUID, datetime] = {}
        self._times: dict[str | UUID, int] = {}

    def until(self, what: str | UUID, now: datetime) -> datetime | None:
        """Until when it is left alone; None where it may be worked on."""
        until = self._until.get(what)
        return until if until is not None and until > now else None

    def rest(self, what: str | UUID, now: datetime, seconds: float | None = None) -> datetime:
        """Leave it alone: for so long, or twice as long after each time in a row. Until when that is."""
        if seconds is None:
            times = self._times[what] = self._times.get(what, 0) + 1
            pause = min(FIRST_REST * 2 ** min(times - 1, 20), LONGEST_REST)
        else:
            pause = timedelta(seconds=max(seconds, 1.0))
        self._until[what] = now + pause
        return self._until[what]

    def heed(self, scheme: str, refusal: Refusal | None, now: datetime) -> None:
        """Leave an authority alone that was not asked or gave no answer; `refusal` is what came of it, if any."""
        failure = refusal.__cause__ if refusal is not None else None
        if isinstance(failure, NotAskedError):
            self.rest(scheme, now, failure.retry_after)
        elif isinstance(failure, MintFailedError) and not failure.answered:
            self.rest(scheme, now)
        elif refusal is None or isinstance(failure, MintFailedError):
            self._until.pop(scheme, None)
            self._times.pop(scheme, None)
