"""Questions about what was recorded refuse what cannot be asked before the log is looked at."""

from typing import Any
from uuid import UUID

import pytest

from cora.equipment.features.diff import Diff, diff
from cora.equipment.features.list_events import ListEvents, list_events
from cora.kernel.errors import InvalidRequestError


class Kinds:
    """A context without any kind of record."""

    aggregates: tuple[Any, ...] = ()


class Unasked:
    """A log that cannot be asked."""

    feed: Any = None


@pytest.mark.parametrize(
    ("since", "to", "clock"),
    [
        ("9", "8", "recorded"),
        ("2026-02-02T00:00:00Z", "2026-02-01T00:00:00Z", "recorded"),
        ("2026-02-02T00:00:00Z", "2026-02-01T00:00:00Z", "occurred"),
        ("8", None, "occurred"),
        ("yesterday", None, "recorded"),
    ],
)
async def test_moments_that_cannot_be_compared(since: str, to: str | None, clock: Any) -> None:
    asked = Diff.model_validate({"entity": UUID(int=1), "from": since, "to": to, "clock": clock})
    context: Any = Kinds()
    unasked: Any = None
    with pytest.raises(InvalidRequestError, match="/from"):
        await diff(asked, unasked, context)


async def test_a_kind_of_event_that_there_is_not() -> None:
    context: Any = Kinds()
    unasked: Any = Unasked()
    with pytest.raises(InvalidRequestError, match="AssetExploded"):
        await list_events(ListEvents(kind=("AssetExploded",)), unasked, context)
