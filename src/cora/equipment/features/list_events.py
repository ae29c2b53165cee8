"""The events of the whole log in order, for other systems: ask again with `next` as `after`, and nothing is missed or
told twice. `kind` and `mentions` narrow them (any of several); a page may be empty and still lead on. Over HTTP also as
server-sent events, which resume from Last-Event-ID."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Annotated
from uuid import UUID

from pydantic import Field

from cora.equipment.wired import Equipment
from cora.kernel.documents import DEFAULT_LIMIT, MAXIMUM_LIMIT
from cora.kernel.errors import Violation
from cora.kernel.events import AskedFeed, Events
from cora.kernel.history import EventShown, FeedShown, shown_event
from cora.kernel.principal import Role
from cora.kernel.requests import invalid
from cora.kernel.slice import Query, answers

_ONLY_KINDS = "Only events of these kinds."
_ONLY_MENTIONS = "Only events recorded on one of these records, or naming it."


class ListEvents(Query):
    """From where, and which."""

    after: Annotated[int, Field(ge=0, le=10**18, description="The position after which to begin.")] = 0
    kind: Annotated[tuple[str, ...], Field(max_length=100, description=_ONLY_KINDS)] = ()
    mentions: Annotated[tuple[UUID, ...], Field(max_length=100, description=_ONLY_MENTIONS)] = ()
    limit: Annotated[int, Field(ge=1, le=MAXIMUM_LIMIT)] = DEFAULT_LIMIT


async def follow_events(query: ListEvents, events: Events, wired: Equipment) -> AsyncGenerator[list[EventShown]]:
    """The events after a position, for ever; an empty list where nothing came for long."""
    async with aclosing(events.follow(_asked(query, wired))) as following:
        async for some in following:
            yield [shown_event(each) for each in some]


@answers("GET /events", allow=Role.READER, follows=follow_events)
async def list_events(query: ListEvents, events: Events, wired: Equipment) -> FeedShown:
    page = await events.feed(_asked(query, wired))
    return FeedShown([shown_event(each) for each in page.events], page.reached, page.head)


def _asked(query: ListEvents, wired: Equipment) -> AskedFeed:
    known = {event.__name__ for aggregate in wired.aggregates for event in aggregate.events}
    if unknown := sorted(set(query.kind) - known):
        raise invalid(Violation("/kind", f"{kind!r} is no kind of event; one is AssetRegistered") for kind in unknown)
    return AskedFeed(query.after, tuple(sorted(set(query.kind))), tuple(sorted(set(query.mentions))), query.limit)
