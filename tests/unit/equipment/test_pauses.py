"""How long an authority is left alone after it failed."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from cora.equipment.aggregates.persistent_id import MintFailure, PersistentId, PersistentIdStatus
from cora.equipment.assigned_identifier import IdentifierOrigin
from cora.equipment.pauses import LONGEST_PAUSE, PAUSE_WHEN_HOPELESS, pause
from cora.equipment.values import IdentifierScheme
from cora.kernel.identity import new_id

NOW = datetime(2026, 1, 1, tzinfo=UTC)
FIRST = timedelta(seconds=10)
RESERVED = PersistentId(
    new_id(), IdentifierScheme.DOI, "10.5072/abc", "https://cora.example/id/1", "asset", new_id(),
    IdentifierOrigin.MINTED, test=False, status=PersistentIdStatus.RESERVED, reserved_at=NOW,
)  # fmt: skip


def after(attempt: int, *, retryable: bool = True, retry_after: float | None = None) -> timedelta:
    failure = MintFailure("no answer", retryable, attempt, NOW, retry_after)
    return pause(replace(RESERVED, last_failure=failure), FIRST)


def test_without_a_failure_it_is_the_first() -> None:
    assert pause(RESERVED, FIRST) == FIRST


@given(st.integers(1, 10_000))
def test_a_pause_grows_to_the_longest_and_is_always_the_same(attempt: int) -> None:
    assert after(attempt) == after(attempt)
    doubled = min(FIRST * 2 ** min(attempt, 20), LONGEST_PAUSE)
    assert doubled / 2 <= after(attempt) <= doubled * 1.5


def test_those_that_failed_together_are_not_tried_together() -> None:
    pauses = {
        pause(replace(RESERVED, id=new_id(), last_failure=MintFailure("busy", True, 3, NOW)), FIRST) for _ in range(50)
    }
    assert len(pauses) > 40


@given(st.integers(1, 50), st.floats(0, 86_400))
def test_the_authority_is_left_alone_as_long_as_it_asks_for(attempt: int, seconds: float) -> None:
    assert after(attempt, retry_after=seconds) >= timedelta(seconds=seconds)


def test_where_no_retry_can_mend_it_it_is_tried_once_a_day() -> None:
    assert after(1, retryable=False) == after(9, retryable=False) == PAUSE_WHEN_HOPELESS
