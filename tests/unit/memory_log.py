"""The event log in memory, for tests: the same verdicts as the log on Postgres, one process, nothing durable."""

import asyncio
import json
import time
from collections.abc import AsyncGenerator, Callable, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from copy import copy
from dataclasses import dataclass, field
from datetime import UTC, datetime
from math import inf
from typing import Any
from uuid import UUID

from cora.equipment.ports.calls import NoneFree
from cora.kernel.aggregate import Aggregate, Claim, Filter
from cora.kernel.documents import Asked, Page
from cora.kernel.events import AskedFeed, FeedPage, LogEvent
from cora.kernel.moment import moment_text, sealed
from cora.kernel.reader import (
    Accepted,
    Append,
    Claimed,
    Entry,
    Holder,
    Holding,
    KeyReused,
    Log,
    Pointing,
    ReadSet,
    Replayed,
    Source,
    Stale,
    Stored,
    TooEarly,
    TooLate,
    Verdict,
)
from cora.kernel.when import NOW, When


@dataclass(frozen=True)
class Recorded:
    """One event as it lies in the log."""

    position: int
    stream: UUID
    version: int
    kind: str
    data: dict[str, Any]
    actor: str
    via: str
    occurred_at: datetime
    recorded_at: datetime


@dataclass(frozen=True)
class Document:
    """The state of a record."""

    kind: str
    version: int
    position: int
    body: str
    began_at: datetime
    created_at: datetime
    recorded_at: datetime
    occurred_at: datetime


@dataclass
class _Tables:
    events: list[Recorded] = field(default_factory=list[Recorded])
    documents: dict[UUID, Document] = field(default_factory=dict[UUID, Document])
    pointing: dict[tuple[str, UUID], frozenset[UUID]] = field(default_factory=dict[tuple[str, UUID], frozenset[UUID]])
    moved: dict[tuple[str, UUID], int] = field(default_factory=dict[tuple[str, UUID], int])
    claims: dict[Claim, UUID] = field(default_factory=dict[Claim, UUID])
    joinings: dict[UUID, datetime] = field(default_factory=dict[UUID, datetime])
    answers: dict[tuple[str, str], tuple[bytes, Replayed]] = field(
        default_factory=dict[tuple[str, str], tuple[bytes, Replayed]]
    )
    contacts: dict[UUID, str] = field(default_factory=dict[UUID, str])

    def copy(self) -> "_Tables":
        return _Tables(*map(copy, vars(self).values()))


class MemorySource:
    """Looks at the tables, or at a copy of them."""

    def __init__(self, tables: _Tables) -> None:
        self.tables = tables

    async def record(self, id: UUID) -> Stored:
        await asyncio.sleep(0)
        found = self.tables.documents.get(id)
        if found is None:
            return Stored(self._head, 0)
        return Stored(
            self._head, found.version, found.kind, found.position, found.body, found.occurred_at, found.created_at,
            found.recorded_at, (), found.began_at,
        )  # fmt: skip

    async def records(self, ids: Sequence[UUID]) -> Sequence[Stored]:
        return [await self.record(id) for id in ids]

    async def pointing(self, relation: str, target: UUID, *, first: bool) -> Pointing:
        await asyncio.sleep(0)
        sources = sorted(self.tables.pointing.get((relation, target), frozenset()))
        shown = sources[:1] if first else sources
        return Pointing(self._head, tuple((id, self.tables.documents[id].version) for id in shown))

    async def pointings(self, asked: Sequence[tuple[str, UUID]]) -> Sequence[Pointing]:
        return [await self.pointing(*each, first=False) for each in asked]

    async def counts(self, asked: Sequence[tuple[str, UUID]]) -> Sequence[tuple[int, int]]:
        found = await self.pointings(asked)
        return [(each.head, len(each.sources)) for each in found]

    async def holder(self, claim: Claim) -> Holder:
        await asyncio.sleep(0)
        owner = self.tables.claims.get(claim)
        return Holder(self._head, owner, self.tables.documents[owner].version if owner else 0)

    @property
    def _head(self) -> int:
        return len(self.tables.events)


class CountingSource(MemorySource):
    """Counts the looks, of which each is a statement."""

    looks = 0

    async def record(self, id: UUID) -> Stored:
        self.looks += 1
        return await super().record(id)

    async def records(self, ids: Sequence[UUID]) -> Sequence[Stored]:
        self.looks += 1
        return [await MemorySource.record(self, id) for id in ids]

    async def pointing(self, relation: str, target: UUID, *, first: bool) -> Pointing:
        self.looks += 1
        return await super().pointing(relation, target, first=first)

    async def holder(self, claim: Claim) -> Holder:
        self.looks += 1
        return await super().holder(claim)


class MemoryLog(MemorySource):
    """`Log` and `Documents` in memory. `clock` may be replaced to move time."""

    def __init__(self) -> None:
        super().__init__(_Tables())
        self.clock = lambda: datetime.now(UTC)
        self._lock = asyncio.Lock()

    @property
    def events(self) -> list[Recorded]:
        """All that was recorded, in order."""
        return self.tables.events

    def kinds(self, stream: UUID | None = None) -> list[str]:
        """The kinds of the events recorded, of one stream or of all."""
        return [event.kind for event in self.events if stream in (None, event.stream)]

    async def append(self, request: Append) -> Verdict:
        async with self._lock:
            return self._judge(request)

    async def still_current(self, reads: ReadSet) -> bool:
        return not self._is_stale(reads)

    async def answered(self, principal: str, key: str, digest: bytes) -> Replayed | KeyReused | None:
        found = self.tables.answers.get((principal, key))
        if found is None:
            return None
        return found[1] if found[0] == digest else KeyReused()

    async def latest_joinings(self, ids: Collection[UUID]) -> Mapping[UUID, datetime]:
        return {id: self.tables.joinings[id] for id in ids if id in self.tables.joinings}

    @asynccontextmanager
    async def under_lock(self) -> AsyncGenerator[Log]:
        async with self._lock:
            yield _Held(self)

    @asynccontextmanager
    async def snapshot(self, when: When = NOW) -> AsyncGenerator[Source]:
        if not when.is_now:
            raise ValueError("the past is the Postgres log's")
        yield MemorySource(self.tables.copy())

    async def list(self, aggregate: Aggregate[Any], asked: Asked) -> Page:
        """By id only; filters by equal text."""
        found = [
            (id, document)
            for id, document in sorted(self.tables.documents.items())
            if document.kind == aggregate.kind
            and (asked.after is None or str(id) > asked.after)
            and all(_fits(document, aggregate.filters[name], fit) for name, fit in asked.filters.items())
        ]
        shown = found[: asked.limit]
        following = str(shown[-1][0]) if len(found) > asked.limit else None
        items = [_envelope(id, document) for id, document in shown]
        return Page(len(shown), json.dumps({"items": items, "next": following}), following)

    def _is_stale(self, reads: ReadSet) -> bool:
        tables, basis = self.tables, reads.basis or 0
        return (
            any(
                (tables.documents[id].version if id in tables.documents else 0) != version
                for id, version in reads.versions.items()
            )
            or any(tables.moved.get(relation, 0) > basis for relation in reads.relations)
            or any(tables.claims.get(claim) != owner for claim, owner in reads.claims.items())
        )

    def _judge(self, request: Append) -> Verdict:
        tables, now = self.tables, self.clock()
        if request.answer is not None:
            kept = tables.answers.get((request.answer.principal, request.answer.key))
            if kept is not None:
                return kept[1] if kept[0] == request.answer.digest else KeyReused()
        if self._is_stale(request.reads):
            return Stale()
        if any(entry.occurred_at is not None and entry.occurred_at > now for entry in request.entries):
            return TooLate(now)
        before = tables.copy() if len(request.entries) > 1 else tables
        for entry in request.entries:
            if against := self._against(entry):
                vars(tables).update(vars(before))
                return against
            self._apply(request, entry, now)
        position = len(tables.events)
        if (kept := request.answer) is not None:
            body = sealed(kept.body, recorded_at=now, position=position)
            replayed = Replayed(kept.status, kept.id, kept.version, position, body)
            tables.answers[kept.principal, kept.key] = (kept.digest, replayed)
        return Accepted(position, now)

    def _against(self, entry: Entry) -> Verdict | None:
        """What speaks against an entry, after those before it."""
        tables, occurred_at = self.tables, entry.occurred_at
        for claim, _ in entry.taken:
            owner = tables.claims.get(claim)
            if owner is not None and Holding(claim, owner) not in entry.released:
                return Claimed(claim, owner)
        if occurred_at is not None:
            early = {
                document.id: tables.documents[document.id].occurred_at
                for document in entry.documents
                if document.id in tables.documents and occurred_at < tables.documents[document.id].occurred_at
            }
            for event in entry.events:
                for id in event.joined:
                    if id in tables.joinings and occurred_at < tables.joinings[id]:
                        early.setdefault(id, tables.joinings[id])
            if early:
                id = min(early)
                return TooEarly(id, early[id])
        return None

    def _apply(self, request: Append, entry: Entry, now: datetime) -> None:
        tables, occurred_at = self.tables, entry.occurred_at or now
        for event in entry.events:
            tables.events.append(
                Recorded(
                    len(tables.events) + 1, event.stream, event.version, event.kind, json.loads(event.data),
                    request.actor, request.via, occurred_at, now,
                )
            )  # fmt: skip
            for id in event.joined:
                tables.joinings[id] = occurred_at
        position = len(tables.events)
        for new in entry.documents:
            before = tables.documents.get(new.id)
            body = sealed(new.body, recorded_at=now, position=position)
            tables.documents[new.id] = Document(
                new.kind, new.version, position, body, before.began_at if before else occurred_at,
                before.created_at if before else now, now, occurred_at,
            )  # fmt: skip
        for pointer in entry.lost:
            tables.pointing[pointer[:2]] = tables.pointing[pointer[:2]] - {pointer.source}
            tables.moved[pointer[:2]] = position
        for pointer in entry.gained:
            tables.pointing[pointer[:2]] = tables.pointing.get(pointer[:2], frozenset()) | {pointer.source}
            tables.moved[pointer[:2]] = position
        for claim, _ in entry.released:
            del tables.claims[claim]
        for claim, owner in entry.taken:
            tables.claims[claim] = owner
        tables.contacts.update(entry.contacts)


class MemoryEvents:
    """The feed of a log in memory, of what is recorded on some records."""

    def __init__(self, log: MemoryLog) -> None:
        self._log = log

    async def feed(self, asked: AskedFeed) -> FeedPage:
        found = [each for each in self._log.events if each.position > asked.after and each.stream in asked.mentions]
        head = len(self._log.events)
        shown = [
            LogEvent(
                each.position, each.stream, self._log.tables.documents[each.stream].kind, each.version, each.kind,
                json.dumps(each.data), each.actor, each.via, None, "", each.occurred_at, each.recorded_at,
            )
            for each in found[: asked.limit]
        ]  # fmt: skip
        return FeedPage(shown, shown[-1].position if len(found) > asked.limit else head, head)


class _Held(MemoryLog):
    """The same log while its lock is held."""

    def __init__(self, log: MemoryLog) -> None:
        super().__init__()
        self.tables, self.clock = log.tables, log.clock


class MemoryLeases:
    """One holder at a time in this process."""

    def __init__(self) -> None:
        self._locks: dict[str, asyncio.Lock] = {}

    @asynccontextmanager
    async def hold(self, name: str, seconds: float = 60.0) -> AsyncGenerator[None]:
        async with self._locks.setdefault(name, asyncio.Lock()):
            yield


@dataclass
class MemoryCall:
    """A call to an authority; `ended` is None while it is under way."""

    authority: str
    begun: float
    ended: float | None = None


class MemoryCalls:
    """The calls of those who share this."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.clock = clock
        self.known: dict[UUID, MemoryCall] = {}
        self.not_before: dict[str, float] = {}

    async def begin(self, id: UUID, authority: str, most: int, window: float, longest: float) -> NoneFree | None:
        now = self.clock()
        of_it = [each for each in self.known.values() if each.authority == authority]
        ends = (min(now, each.begun + longest) if each.ended is None else each.ended for each in of_it)
        past_in = sorted(end + window - now for end in ends if end + window > now)
        held_off = max(self.not_before.get(authority, 0.0) - now, 0.0)
        if held_off or len(past_in) >= most:
            return held_off, past_in
        self.known[id] = MemoryCall(authority, now)
        return None

    async def end(self, id: UUID, authority: str, *, stray: float, hold_off: float) -> None:
        now = self.clock()
        if id in self.known:
            self.known[id].ended = now + stray
        if hold_off:
            self.not_before[authority] = max(self.not_before.get(authority, 0.0), now + hold_off)


class MemoryTellings:
    """What is being told in this process."""

    def __init__(self) -> None:
        self.begun_at: dict[UUID, float] = {}
        self.lost_at: dict[UUID, float] = {}

    async def begin(self, id: UUID) -> None:
        if id in self.begun_at:
            self.lost_at[id] = self.begun_at[id]
        self.begun_at[id] = time.monotonic()

    async def refused(self, id: UUID) -> None:
        if self.begun_at.pop(id, None) is not None:
            self.lost_at.setdefault(id, -inf)

    async def end(self, id: UUID, arrives_within: float) -> None:
        self.begun_at.pop(id, None)
        if self.lost_at.get(id, -inf) <= time.monotonic() - arrives_within:
            self.lost_at.pop(id, None)

    async def again_in(self, id: UUID, arrives_within: float) -> float | None:
        if id in self.begun_at:
            return 0.0
        return max(self.lost_at[id] + arrives_within - time.monotonic(), 0.0) if id in self.lost_at else None

    async def seconds_open(self, id: UUID) -> float | None:
        latest = self.begun_at.get(id, self.lost_at.get(id))
        return None if latest is None else time.monotonic() - latest


class MemoryContacts:
    """The addresses that a log in memory keeps."""

    def __init__(self, log: MemoryLog) -> None:
        self._tables = log.tables

    async def get(self, contact_id: UUID) -> str | None:
        return self._tables.contacts.get(contact_id)

    async def addresses(self, contact_ids: Collection[UUID]) -> dict[UUID, str]:
        return {id: self._tables.contacts[id] for id in contact_ids if id in self._tables.contacts}

    async def erase(self, contact_id: UUID) -> bool:
        return self._tables.contacts.pop(contact_id, None) is not None


def _envelope(id: UUID, found: Document) -> dict[str, Any]:
    return {
        "id": str(id),
        "kind": found.kind,
        "version": found.version,
        "position": found.position,
        "began_at": moment_text(found.began_at),
        "created_at": moment_text(found.created_at),
        "recorded_at": moment_text(found.recorded_at),
        "occurred_at": moment_text(found.occurred_at),
        "state": json.loads(found.body),
    }


def _fits(document: Document, declared: Filter, wanted: tuple[str, ...]) -> bool:
    if not declared.many:
        return _at(document, declared.path) in wanted
    items: list[Any] = json.loads(_at(document, declared.path) or "[]")
    return any((item[declared.within[0]] if declared.within else item) in wanted for item in items)


def _at(document: Document, path: tuple[str, ...]) -> str | None:
    value: Any = json.loads(document.body)
    for step in path:
        value = value and value.get(step)
    return value if isinstance(value, str) or value is None else json.dumps(value)
