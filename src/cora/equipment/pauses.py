"""How long an authority is left alone after it failed."""

from datetime import timedelta
from random import Random

from cora.equipment.aggregates.persistent_id import PersistentId

LONGEST_PAUSE = timedelta(hours=1)
PAUSE_WHEN_HOPELESS = timedelta(days=1)


def pause(known: PersistentId, first: timedelta) -> timedelta:
    """How long to wait after the latest event: longer after each failure, as long as the authority asks for, longest
    where no retry can mend it.

    Between a half and one and a half of that, by chance but always the same for one failure of one identifier: those
    that failed together are not tried again together.
    """
    failure = known.last_failure
    if failure is None:
        return first
    if not failure.retryable:
        return PAUSE_WHEN_HOPELESS
    doubled = min(first * 2 ** min(failure.attempt, 20), LONGEST_PAUSE)
    spread = Random(f"{known.id}:{failure.attempt}").uniform(0.5, 1.5)  # noqa: S311
    return max(doubled * spread, timedelta(seconds=failure.retry_after or 0))
