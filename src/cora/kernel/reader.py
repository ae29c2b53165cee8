"""What a decision may read. The Reader remembers what was read; the append checks exactly that."""

from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple, Protocol, TypeVar
from uuid import UUID

from cora.kernel.aggregate import Aggregate, Claim, Fact
from cora.kernel.when import NOW, When

S = TypeVar("S")

MOST_COUNTED = 1000
"""Where a person is told how many, counting ends here: a glance must not cost a walk through 100,000 records."""


class PastEvent(NamedTuple):
    """An event that makes a past state: its kind, its JSON text and when it occurred."""

    kind: str
    data: str
    occurred_at: datetime


NO_RECORD = UUID(int=0)
"""Stands where the id of a record would, in the answer to several commands."""


class Stored(NamedTuple):
    """A record as it was found, or version 0 and no document.

    `head` is the log's last position then, `occurred_at` the time of the
    record's latest fact. A past state is `document` (None: nothing yet) with
    `events` after it.
    """

    head: int
    version: int
    kind: str | None = None
    position: int = 0
    document: str | None = None
    occurred_at: datetime | None = None
    created_at: datetime | None = None
    recorded_at: datetime | None = None
    events: tuple[PastEvent, ...] = ()
    began_at: datetime | None = None


class Pointing(NamedTuple):
    """The records that point at a target, each with its version."""

    head: int
    sources: tuple[tuple[UUID, int], ...]


class Holder(NamedTuple):
    """The record that holds a claimed value, with its version, or none."""

    head: int
    owner: UUID | None
    version: int = 0


class Source(Protocol):
    """Where a Reader looks: the log, one snapshot of it, or the log under its lock."""

    async def record(self, id: UUID) -> Stored:
        """A record by its id."""
        ...

    async def records(self, ids: Sequence[UUID]) -> Sequence[Stored]:
        """Several records by their ids, in that order, in one look."""
        ...

    async def pointing(self, relation: str, target: UUID, *, first: bool) -> Pointing:
        """The records that point at `target` through a relation; with `first`, only the smallest id."""
        ...

    async def pointings(self, asked: Sequence[tuple[str, UUID]]) -> Sequence[Pointing]:
        """The records that point at each of several targets through a relation each, in one look."""
        ...

    async def counts(self, asked: Sequence[tuple[str, UUID]]) -> Sequence[tuple[int, int]]:
        """The log's head, and how many records (`MOST_COUNTED` at most) point at each target through a relation."""
        ...

    async def holder(self, claim: Claim) -> Holder:
        """Who holds a claimed value."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class ReadSet:
    """What a decision read: versions of records (0: absent), relations asked about, claims looked up.

    `basis` is the head of the log at the first look, None if there was none. Every read set is its own.
    """

    basis: int | None
    versions: dict[UUID, int]
    relations: frozenset[tuple[str, UUID]]
    claims: dict[Claim, UUID | None]
    one_snapshot: bool


class Found(NamedTuple):
    """A record that was found, of which kind and as it is stored."""

    aggregate: Aggregate[Any]
    stored: Stored


class DecodedStates:
    """States decoded before: a version of a record has one state, so it need not be decoded twice."""

    def __init__(self, most: int = 20_000) -> None:
        self._most = most
        self._known: dict[UUID, tuple[int, Any]] = {}

    def state(self, aggregate: Aggregate[S], id: UUID, stored: Stored) -> S | None:
        """The state that was found of a record; None when there is none of this kind."""
        if stored.version == 0 or stored.kind != aggregate.kind:
            return None
        known = self._known.get(id)
        if known is not None and known[0] == stored.version and isinstance(known[1], aggregate.state):
            return known[1]
        state = None if stored.document is None else aggregate.decode_state(stored.document)
        if stored.events:
            # What was is asked for now and then; it must not drive out what is.
            for kind, data, occurred_at in stored.events:
                state = aggregate.evolve(state, aggregate.decode_event(kind, data), Fact(id, occurred_at))
            return state
        if len(self._known) >= self._most:
            self._known.clear()
        self._known[id] = (stored.version, state)
        return state


@dataclass(slots=True)
class Reader:
    """Three ways to look at the world: a record by id, the records that point at one, a record by claim."""

    source: Source
    decoded: DecodedStates = field(default_factory=DecodedStates)
    versions: dict[UUID, int] = field(default_factory=dict[UUID, int])
    found: dict[UUID, "Found"] = field(default_factory=dict[UUID, "Found"])
    """The records that were found."""
    states: dict[UUID, Any] = field(default_factory=dict[UUID, Any])
    occurred: dict[UUID, datetime] = field(default_factory=dict[UUID, datetime])
    """When the latest fact of each record occurred."""
    _ahead: dict[UUID, Stored] = field(default_factory=dict[UUID, Stored])
    _relations: set[tuple[str, UUID]] = field(default_factory=set[tuple[str, UUID]])
    _sources: dict[tuple[str, UUID], tuple[UUID, ...]] = field(default_factory=dict[tuple[str, UUID], tuple[UUID, ...]])
    _claims: dict[Claim, UUID | None] = field(default_factory=dict[Claim, UUID | None])
    _beside: set[UUID] = field(default_factory=set[UUID])
    _heads: set[int] = field(default_factory=set[int])
    _basis: int | None = None
    _contradicted: bool = False

    async def get(self, aggregate: Aggregate[S], id: UUID) -> S | None:
        """The state of a record, or None when there is no such record of this kind."""
        if id in self.states:
            known = self.states[id]
            return known if isinstance(known, aggregate.state) else None
        stored = self._ahead.pop(id, None) or await self.source.record(id)
        self._saw(stored.head, id, stored.version)
        state = self.decoded.state(aggregate, id, stored)
        if state is None:
            return None
        if stored.occurred_at is not None:
            self.occurred[id] = stored.occurred_at
        self.states[id] = state
        self.found[id] = Found(aggregate, stored)
        return state

    async def ahead(self, *ids: UUID | None) -> None:
        """Look at several records in one go, for the `get`s that follow. None stands for no record."""
        wanted = tuple(dict.fromkeys(id for id in ids if id is not None and self._is_unread(id)))
        if len(wanted) > 1:
            self._ahead.update(zip(wanted, await self.source.records(wanted), strict=True))

    def _is_unread(self, id: UUID) -> bool:
        # A record found by a reference has its version noted, but has not been read.
        return id not in self.states and id not in self._ahead and self.versions.get(id) != 0

    async def require(self, aggregate: Aggregate[S], id: UUID) -> S:
        """The state of a record. Raises the aggregate's `<Kind>NotFoundError`."""
        state = await self.get(aggregate, id)
        if state is None:
            raise aggregate.not_found(id)
        return state

    async def sources(self, relation: str, target: UUID) -> tuple[UUID, ...]:
        """Every record that points at `target` through the relation, smallest id first."""
        known = self._sources.get((relation, target))
        return await self._pointing(relation, target, first=False) if known is None else known

    async def first_source(self, relation: str, target: UUID) -> UUID | None:
        """The record with the smallest id that points at `target` through the relation."""
        found = await self._pointing(relation, target, first=True)
        return found[0] if found else None

    async def sources_of(self, relation: str, targets: Sequence[UUID]) -> list[tuple[UUID, ...]]:
        """Every record that points at each target through the relation, in one look."""
        asked = [(relation, target) for target in targets]
        await self.sources_ahead(*asked)
        return [self._sources[each] for each in asked]

    async def sources_ahead(self, *asked: tuple[str, UUID]) -> None:
        """Look in one go who points at each of several targets through a relation, for the `sources` that follow."""
        wanted = [each for each in dict.fromkeys(asked) if each not in self._sources]
        if wanted:
            for each, found in zip(wanted, await self.source.pointings(wanted), strict=True):
                self._sources[each] = self._noted(*each, found)

    async def counts(self, *asked: tuple[str, UUID]) -> list[int]:
        """How many records (`MOST_COUNTED` at most) point at each target through a relation. For people: no decision
        may rest on it."""
        found = await self.source.counts(asked)
        for head, _ in found:
            self._note_head(head)
        return [number for _, number in found]

    async def owner(self, claim: Claim) -> UUID | None:
        """The record that holds a claimed value."""
        if claim in self._claims:
            return self._claims[claim]
        holder = await self.source.holder(claim)
        self._note_head(holder.head)
        # Another look may have been faster: what was read first stands, and an answer from both is looked at again.
        if self._claims.setdefault(claim, holder.owner) != holder.owner:
            self._contradicted = True
        if holder.owner is not None:
            self._note_version(holder.owner, holder.version)
        return holder.owner

    async def exists(self, id: UUID) -> bool:
        """Whether an id is used by a record of any kind."""
        if id not in self.versions:
            stored = self._ahead.get(id) or await self.source.record(id)
            self._saw(stored.head, id, stored.version)
        return self.versions[id] > 0

    def assume_new(self, id: UUID) -> None:
        """Note a freshly made id as read and absent, without a look."""
        self.versions.setdefault(id, 0)

    def rest_on(self, *ids: UUID) -> None:
        """Note what was looked up beside the log. It is no part of the read set: no decision may rest on it."""
        self._beside.update(ids)

    @property
    def concerned(self) -> frozenset[UUID]:
        """Every record that was looked at, or that others were asked about, and what was looked up beside the log: what
        was read changes with these alone."""
        return frozenset((*self.versions, *(target for _, target in self._relations), *self._beside))

    @property
    def one_snapshot(self) -> bool:
        """Whether all that was read belongs to one state of the log."""
        return len(self._heads) <= 1 and not self._contradicted

    def read_set(self) -> ReadSet:
        """What has been read so far."""
        return ReadSet(
            basis=self._basis,
            versions=dict(self.versions),
            relations=frozenset(self._relations),
            claims=dict(self._claims),
            one_snapshot=self.one_snapshot,
        )

    async def _pointing(self, relation: str, target: UUID, *, first: bool) -> tuple[UUID, ...]:
        return self._noted(relation, target, await self.source.pointing(relation, target, first=first))

    def _noted(self, relation: str, target: UUID, found: Pointing) -> tuple[UUID, ...]:
        self._note_head(found.head)
        self._relations.add((relation, target))
        for id, version in found.sources:
            self._note_version(id, version)
        return tuple(id for id, _ in found.sources)

    def _saw(self, head: int, id: UUID, version: int) -> None:
        self._note_head(head)
        self._note_version(id, version)

    def _note_head(self, head: int) -> None:
        # The basis is the head of the first look. Looks are awaited together
        # at times, so the first to come back is not always the earliest.
        self._basis = head if self._basis is None else min(self._basis, head)
        self._heads.add(head)

    def _note_version(self, id: UUID, version: int) -> None:
        if self.versions.setdefault(id, version) != version:
            self._contradicted = True


class Accepted(NamedTuple):
    """The request was recorded; `position` is that of its last event, or the head if it had none."""

    position: int
    recorded_at: datetime


class Stale(NamedTuple):
    """Something that was read has changed."""


class Claimed(NamedTuple):
    """A value it wants belongs to another record."""

    claim: Claim
    owner: UUID


class TooEarly(NamedTuple):
    """`occurred_at` lies before a later fact of this record."""

    id: UUID
    last_occurred_at: datetime


class TooLate(NamedTuple):
    """`occurred_at` lies in the future."""

    now: datetime


class Replayed(NamedTuple):
    """The idempotency key was answered already."""

    status: int
    id: UUID
    version: int
    position: int
    body: str


class KeyReused(NamedTuple):
    """The idempotency key was used for another request."""


Verdict = Accepted | Stale | Claimed | TooEarly | TooLate | Replayed | KeyReused


class NewEvent(NamedTuple):
    """One event to append; `joined` are the records whose joinings must not lie later."""

    stream: UUID
    version: int
    kind: str
    data: str
    schema_version: int
    mentioned: tuple[UUID, ...] = ()
    joined: tuple[UUID, ...] = ()


class NewDocument(NamedTuple):
    """The state of a record after the request; `search` is None when its text did not change, `title` is its name."""

    id: UUID
    kind: str
    version: int
    body: str
    search: str | None = None
    title: str = ""


class Pointer(NamedTuple):
    """A reference gained or lost: `source` points at `target` through `relation`."""

    relation: str
    target: UUID
    source: UUID


class Holding(NamedTuple):
    """A claim taken or released by a record."""

    claim: Claim
    owner: UUID


class KeyedAnswer(NamedTuple):
    """The answer kept for an idempotency key. `body` holds marks for what the log gives.

    That to several commands has the id `NO_RECORD` and version 0.
    """

    principal: str
    key: str
    digest: bytes
    status: int
    id: UUID
    version: int
    body: str


@dataclass(frozen=True, slots=True)
class Entry:
    """What one command records; without `occurred_at` it occurs when it is recorded."""

    request: str
    on_behalf_of: str | None = None
    occurred_at: datetime | None = None
    events: tuple[NewEvent, ...] = ()
    documents: tuple[NewDocument, ...] = ()
    gained: tuple[Pointer, ...] = ()
    lost: tuple[Pointer, ...] = ()
    taken: tuple[Holding, ...] = ()
    released: tuple[Holding, ...] = ()
    contacts: tuple[tuple[UUID, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Append:
    """One request to the log: what was read, and what is to be recorded because of it, all or nothing.

    Of several entries each follows upon those before it: it may part what they joined, and take what they released.
    """

    reads: ReadSet
    actor: str
    via: str
    entries: tuple[Entry, ...]
    answer: KeyedAnswer | None = None

    @property
    def records(self) -> bool:
        """Whether there is an event to record."""
        return any(entry.events for entry in self.entries)


class Log(Source, Protocol):
    """The event log, as the kernel sees it."""

    async def append(self, request: Append) -> Verdict:
        """Judge a request and record it. Raises `OverloadedError` when there is too much to do."""
        ...

    async def still_current(self, reads: ReadSet) -> bool:
        """Whether nothing that was read has changed, in one snapshot."""
        ...

    async def answered(self, principal: str, key: str, digest: bytes) -> Replayed | KeyReused | None:
        """What was answered under an idempotency key."""
        ...

    async def latest_joinings(self, ids: Collection[UUID]) -> Mapping[UUID, datetime]:
        """When each of these records was last joined to or parted from another, if it ever was."""
        ...

    def under_lock(self) -> AbstractAsyncContextManager["Log"]:
        """The log while nobody else can append: one decision for a command that was starved."""
        ...

    def snapshot(self, when: When = NOW) -> AbstractAsyncContextManager[Source]:
        """One consistent, read-only view of all records, as they are or as they were.

        Raises `InvalidRequestError` for a moment that has not come.
        """
        ...
