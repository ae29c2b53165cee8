"""A stream folded again: all that must be stored of its record beside its events.

`verify` compares it with what is stored, `rebuild` stores it.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import asyncpg

from cora.kernel.aggregate import Aggregate, Event, Fact, Reference, ids_in, joined_ids, targets_of
from cora.log.batch import claim_key

CHECKPOINT_EVERY = 32
"""Versions of a record between the states that are kept of it (schema/0003_past.sql)."""

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

# Every request to the log touches other streams than its neighbours in a block,
# and each command of a batch is a request of its own: so block, request and
# stream together are what one command did to one record.
BY_STREAM = """
select position, stream, version, kind, data::text as data, request, occurred_at, recorded_at,
       (select min(b.last_position) from block b where b.last_position >= e.position) as block
from event e order by stream, version
"""

Row = tuple[Any, ...]
Since = tuple[int, datetime]


@dataclass(slots=True)
class Expected:
    """Rows that must be stored, gathered until they are compared or written: all of some records."""

    documents: list[Row] = field(default_factory=list[Row])
    """id, kind, version, position, created_at, recorded_at, occurred_at, body, search text, title, began_at"""
    references: list[Row] = field(default_factory=list[Row])
    """relation, target, source, since, until, since_occurred, until_occurred"""
    claims: list[Row] = field(default_factory=list[Row])
    """what, value, owner, since, until, since_occurred, until_occurred"""
    checkpoints: list[Row] = field(default_factory=list[Row])
    """id, version, position, occurred_at, body"""
    mentions: list[Row] = field(default_factory=list[Row])
    """entity, position, joining"""

    def size(self) -> int:
        """How many rows."""
        return sum(map(len, (self.documents, self.references, self.claims, self.checkpoints, self.mentions)))


def by_event(aggregates: Iterable[Aggregate[Any]]) -> dict[str, Aggregate[Any]]:
    """The aggregate of each kind of event. Raises `ValueError` when two have events of one kind."""
    found: dict[str, Aggregate[Any]] = {}
    for aggregate in aggregates:
        for event in aggregate.events:
            if found.setdefault(event.__name__, aggregate) is not aggregate:
                raise ValueError(f"two aggregates have events of the kind {event.__name__}")
    return found


@dataclass(slots=True)
class Refolded:
    """A record while its stream is folded."""

    id: UUID
    aggregate: Aggregate[Any]
    created_at: datetime
    expected: Expected
    state: Any = None
    began_at: datetime = EPOCH
    version: int = 0
    position: int = 0
    block: int = 0
    request: str = ""
    recorded_at: datetime = EPOCH
    occurred_at: datetime = EPOCH
    mentioned: set[UUID] = field(default_factory=set[UUID])
    joined: set[UUID] = field(default_factory=set[UUID])
    references: dict[Reference, Since] = field(default_factory=dict[Reference, Since])
    claims: dict[tuple[str, str], Since] = field(default_factory=dict[tuple[str, str], Since])

    def add(self, row: asyncpg.Record) -> None:
        """The next event. Raises whatever decoding and evolving raise."""
        if row["block"] != self.block:
            self._close_command()
            self._close_block()
        elif row["request"] != self.request:
            self._close_command()
        else:
            self._mention()
        event: Event = self.aggregate.decode_event(row["kind"], row["data"])
        self.state = self.aggregate.evolve(self.state, event, Fact(self.id, row["occurred_at"]))
        if not self.version:
            self.began_at = row["occurred_at"]
        self.version, self.position = row["version"], row["position"]
        self.block, self.request = row["block"], row["request"]
        self.recorded_at, self.occurred_at = row["recorded_at"], row["occurred_at"]
        self.mentioned = {self.id, *ids_in(event)}
        self.joined = {self.id, *joined_ids(event)} if event.joins is not None else set()

    def finish(self) -> None:
        """The end of the stream."""
        self._close_command()
        self._close_block()
        for reference, since in self.references.items():
            self.expected.references.append((*reference, self.id, since[0], None, since[1], None))
        for claim, since in self.claims.items():
            self.expected.claims.append((*claim, self.id, since[0], None, since[1], None))
        self.expected.documents.append(
            (
                self.id, self.aggregate.kind, self.version, self.position, self.created_at, self.recorded_at,
                self.occurred_at, self.aggregate.encode_state(self.state), self.aggregate.search_text(self.state),
                self.aggregate.title_of(self.state), self.began_at,
            )
        )  # fmt: skip

    def _close_command(self) -> None:
        """The end of what one command did: references, claims, and the mentions of its last event."""
        if self.state is not None:
            now = (self.position, self.occurred_at)
            referred = set(self.aggregate.references(self.state))
            self.mentioned.update(targets_of(referred ^ self.references.keys()))
            for gone in self.references.keys() - referred:
                since = self.references.pop(gone)
                self.expected.references.append((*gone, self.id, since[0], now[0], since[1], now[1]))
            self.references.update(dict.fromkeys(referred - self.references.keys(), now))
            claimed = {claim_key(claim) for claim in self.aggregate.claims(self.state)}
            for given_up in self.claims.keys() - claimed:
                since = self.claims.pop(given_up)
                self.expected.claims.append((*given_up, self.id, since[0], now[0], since[1], now[1]))
            self.claims.update(dict.fromkeys(claimed - self.claims.keys(), now))
        self._mention()

    def _close_block(self) -> None:
        """The end of what is recorded at one moment: the state that is kept then."""
        if self.state is not None and self.version % CHECKPOINT_EVERY == 0:
            body = self.aggregate.encode_state(self.state)
            self.expected.checkpoints.append((self.id, self.version, self.position, self.occurred_at, body))

    def _mention(self) -> None:
        if self.version:
            self.expected.mentions += [(entity, self.position, entity in self.joined) for entity in self.mentioned]
