"""What changed in one record between two moments, each a time or a position of the log: its state before and after,
part by part, and the events between. `clock` says which of the two times is meant: when it was recorded, or when it
occurred in the hutch by all that is known now."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field

from cora.equipment.wired import Equipment
from cora.kernel.errors import NotFoundError, Violation
from cora.kernel.events import Events
from cora.kernel.history import Clock, DiffShown
from cora.kernel.history import diff as difference
from cora.kernel.principal import Role
from cora.kernel.requests import invalid, read_moment, read_moment_or_position
from cora.kernel.slice import Query, answers
from cora.kernel.when import When

_MOMENT = "A time with its offset, or a position of the log."


class Diff(Query):
    """Which record, and between which moments."""

    entity: UUID
    from_: Annotated[str, Field(alias="from", max_length=100, description=_MOMENT)]
    to: Annotated[str | None, Field(max_length=100, description=f"{_MOMENT} Left out: now.")] = None
    clock: Annotated[Clock, Field(description="What a time means; a position is always of what was recorded.")] = (
        "recorded"
    )


@answers("GET /diff", allow=Role.READER, refuses=(NotFoundError,))
async def diff(query: Diff, events: Events, wired: Equipment) -> DiffShown:
    earlier, later = _moments(query)
    kinds = {aggregate.kind: aggregate for aggregate in wired.aggregates}
    found = await difference(query.entity, earlier, later, query.clock, events=events, kinds=kinds)
    if found is None:
        raise NotFoundError(query.entity)
    return found


def _moments(query: Diff) -> tuple[When, When]:
    """The two moments. Raises `InvalidRequestError` for what cannot be read, and for the wrong order."""
    errors: list[Violation] = []

    def read(name: str, text: str | None) -> datetime | int | None:
        if text is None:
            return None
        try:
            return read_moment_or_position(text) if query.clock == "recorded" else read_moment(text)
        except ValueError as error:
            errors.append(Violation(name, str(error)))
            return None

    earlier, later = read("/from", query.from_), read("/to", query.to)
    if _is_after(earlier, later):
        errors.append(Violation("/from", "lies after `to`; exchange them"))
    if errors:
        raise invalid(errors)
    return _when(earlier, query.clock), _when(later, query.clock)


def _is_after(one: datetime | int | None, other: datetime | int | None) -> bool:
    """Whether one lies after the other, as far as that can be said without the log."""
    if isinstance(one, datetime) and isinstance(other, datetime):
        return one > other
    return isinstance(one, int) and isinstance(other, int) and one > other


def _when(moment: datetime | int | None, clock: Clock) -> When:
    return When(true_at=moment) if clock == "occurred" and isinstance(moment, datetime) else When(as_of=moment)
