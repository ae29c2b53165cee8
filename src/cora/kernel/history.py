"""What was recorded, as people see it: the history of one record, and what changed in it between two moments."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from operator import attrgetter
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field, create_model

from cora.kernel.aggregate import Aggregate, Fact
from cora.kernel.changes import Change, changes
from cora.kernel.documents import DEFAULT_LIMIT, MAXIMUM_LIMIT
from cora.kernel.errors import Violation
from cora.kernel.events import AskedHistory, Events, LogEvent, Step
from cora.kernel.moment import Moment
from cora.kernel.principal import Role
from cora.kernel.reader import DecodedStates, Stored
from cora.kernel.requests import invalid, read_position
from cora.kernel.showing import View
from cora.kernel.slice import Query, QuerySlice, Route, SharedTool
from cora.kernel.when import NOW, When

HISTORY = SharedTool(
    "history",
    "What happened to one record: each event with both times, by whom and for whom, and what it changed, before and "
    "after. An asset's history includes its installations, attachments and identifiers; a mount's is its swap record.",
)

Kinds = Mapping[str, Aggregate[Any]]
"""The kinds of records by name."""


@dataclass(frozen=True)
class EventShown:
    """An event: what happened, when it became true and when cora learned it, who said so, and on which record it was
    recorded (`stream`, `stream_kind`, its version)."""

    position: int
    kind: str
    occurred_at: Moment
    recorded_at: Moment
    stream: UUID
    stream_kind: str
    version: int
    actor: str
    via: str
    on_behalf_of: str | None
    request_id: str
    reason: str | None
    data: dict[str, Any]


@dataclass(frozen=True)
class HistoryEvent(EventShown):
    """An event with what it changed in the record it was recorded on."""

    changes: list[Change]


@dataclass(frozen=True)
class HistoryPage:
    """A page of a history; `next` is the cursor of the next one, null on the last."""

    items: list[HistoryEvent]
    next: str | None


class HistoryQuery(Query):
    """Which part of a history."""

    order: Annotated[Literal["newest", "oldest"], Field(description="Which come first, as they were recorded.")] = (
        "newest"
    )
    limit: Annotated[int, Field(ge=1, le=MAXIMUM_LIMIT)] = DEFAULT_LIMIT
    cursor: Annotated[str | None, Field(description="`next` of the page before.", max_length=100)] = None
    all: Annotated[
        bool, Field(description="Every event that mentions it, not only those that join it to others or part it.")
    ] = False


async def history(
    view: View[Any], id: UUID, asked: HistoryQuery, *, events: Events, kinds: Kinds, when: When = NOW
) -> HistoryPage:
    """A page of the history of a record. Raises `<Kind>NotFoundError`."""
    found = await events.history(
        AskedHistory(
            id=id,
            relations=view.history_of,
            every=asked.all,
            oldest_first=asked.order == "oldest",
            limit=asked.limit,
            cursor=_cursor(asked.cursor),
        ),
        when,
    )
    if found.kind != view.aggregate.kind or (not found.events and asked.cursor is None):
        raise view.aggregate.not_found(id)
    page = found.events[: asked.limit]
    made = _made(found.steps, {(event.stream, event.version) for event in page}, _kinds_of(page, kinds))
    return HistoryPage(
        items=[HistoryEvent(**vars(shown_event(each)), changes=made[each.stream, each.version]) for each in page],
        next=str(page[-1].position) if len(found.events) > len(page) else None,
    )


def history_slices(views: Iterable[View[Any]]) -> tuple[QuerySlice, ...]:
    """The question for the history of each kind of record. Agents have one tool for all of them."""
    views = tuple(views)
    kinds = {view.aggregate.kind: view.aggregate for view in views}
    return tuple(_history_slice(view, kinds) for view in views)


def _history_slice(view: View[Any], kinds: Kinds) -> QuerySlice:
    aggregate = view.aggregate
    which: dict[str, Any] = {aggregate.path_id: (UUID, ...)}
    return QuerySlice(
        name=f"get_{aggregate.kind}_history",
        routes=(Route("GET", f"/{aggregate.collection}/{{{aggregate.path_id}}}/history"),),
        allow=Role.READER,
        refuses=(aggregate.not_found,),
        doc=f"What happened to one {aggregate.kind.replace('_', ' ')}: each event with both times, by whom, and what "
        "it changed, before and after. Its own events, those of others that joined it to something or parted it, and "
        "those of its identifiers.",
        request=create_model(f"Get_{aggregate.kind}_history", __base__=HistoryQuery, **which),
        run=partial(_ask, view, kinds),
        parameters=frozenset({"query", "events", "when"}),
        answer=HistoryPage,
        tool=HISTORY,
    )


async def _ask(view: View[Any], kinds: Kinds, *, query: HistoryQuery, events: Events, when: When) -> HistoryPage:
    id: UUID = getattr(query, view.aggregate.path_id)
    return await history(view, id, query, events=events, kinds=kinds, when=when)


@dataclass(frozen=True)
class FeedShown:
    """Events in the order of the log; `next` is the position to go on after, `head` the last one of the log."""

    items: list[EventShown]
    next: int
    head: int


Clock = Literal["recorded", "occurred"]


@dataclass(frozen=True)
class AtMoment:
    """A record at a moment: its version, and the event that made it."""

    version: int
    position: int
    occurred_at: Moment
    recorded_at: Moment


@dataclass(frozen=True)
class EventBetween:
    """An event between two moments."""

    position: int
    kind: str
    version: int
    occurred_at: Moment
    recorded_at: Moment


@dataclass(frozen=True)
class DiffShown:
    """What changed in a record. `before` is null when it did not exist yet. `events` are the first of `events_count`;
    its history has them all."""

    entity: UUID
    kind: str
    clock: Clock
    before: AtMoment | None
    after: AtMoment
    changes: list[Change]
    events_count: int
    events: list[EventBetween]


async def diff(
    id: UUID, earlier: When, later: When, clock: Clock, *, events: Events, kinds: Kinds, most: int = 1000
) -> DiffShown | None:
    """What changed in a record between two moments; None when it did not exist at the later one."""
    found = await events.between(id, earlier, later, most)
    if found.later.kind is None:
        return None
    aggregate = kinds[found.later.kind]
    decoded = DecodedStates()
    before, after = (
        _as_json(aggregate, decoded.state(aggregate, id, stored)) for stored in (found.earlier, found.later)
    )
    return DiffShown(
        entity=id,
        kind=aggregate.kind,
        clock=clock,
        before=_at(found.earlier) if found.earlier.version else None,
        after=_at(found.later),
        changes=changes(before, after or {}),
        events_count=found.later.version - found.earlier.version,
        events=[
            EventBetween(each.position, each.kind, each.version, each.occurred_at, each.recorded_at)
            for each in found.events
        ],
    )


def shown_event(event: LogEvent) -> EventShown:
    """An event as people and other systems see it."""
    data: dict[str, Any] = json.loads(event.data)
    reason = data.get("reason")
    return EventShown(
        position=event.position,
        kind=event.kind,
        occurred_at=event.occurred_at,
        recorded_at=event.recorded_at,
        stream=event.stream,
        stream_kind=event.stream_kind,
        version=event.version,
        actor=event.actor,
        via=event.via,
        on_behalf_of=event.on_behalf_of,
        request_id=event.request_id,
        reason=reason if isinstance(reason, str) else None,
        data=data,
    )


def _kinds_of(page: Iterable[LogEvent], kinds: Kinds) -> Mapping[UUID, Aggregate[Any]]:
    return {event.stream: kinds[event.stream_kind] for event in page}


def _made(
    steps: Iterable[Step], wanted: set[tuple[UUID, int]], aggregates: Mapping[UUID, Aggregate[Any]]
) -> dict[tuple[UUID, int], list[Change]]:
    """What each wanted version of a stream changed: each stretch is folded once."""
    made: dict[tuple[UUID, int], list[Change]] = {}
    for (stream, _), stretch in groupby(steps, attrgetter("stream", "base")):
        aggregate = aggregates[stream]
        state: Any = None
        known: tuple[int, dict[str, Any] | None] | None = None
        for step in stretch:
            if step.body is not None:
                state = aggregate.decode_state(step.body)
            before, state = (
                state,
                aggregate.evolve(state, aggregate.decode_event(step.kind, step.data), Fact(stream, step.occurred_at)),
            )
            if (stream, step.version) in wanted:
                was = known[1] if known and known[0] == step.version - 1 else _as_json(aggregate, before)
                now = _as_json(aggregate, state)
                known = step.version, now
                made[stream, step.version] = changes(was, now or {})
    return made


def _as_json(aggregate: Aggregate[Any], state: Any) -> dict[str, Any] | None:
    return None if state is None else json.loads(aggregate.encode_state(state))


def _at(stored: Stored) -> AtMoment:
    if stored.occurred_at is None or stored.recorded_at is None:
        raise ValueError("a version without its times")
    return AtMoment(stored.version, stored.position, stored.occurred_at, stored.recorded_at)


def _cursor(text: str | None) -> int | None:
    if text is None:
        return None
    try:
        return read_position(text)
    except ValueError:
        raise invalid([Violation("/cursor", "is not a cursor of a history; take it from `next` of a page")]) from None
