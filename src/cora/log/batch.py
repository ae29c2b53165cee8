"""Many requests to the log as the arguments of one call of the SQL function `append`."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any, NamedTuple
from uuid import UUID

from cora.kernel.aggregate import Claim
from cora.kernel.reader import (
    Accepted,
    Append,
    Claimed,
    Holding,
    KeyReused,
    ReadSet,
    Replayed,
    Stale,
    TooEarly,
    TooLate,
    Verdict,
)

MAXIMUM_REQUESTS = 256
MAXIMUM_BYTES = 1_000_000

# Each takes the writer, the number of the batch, and what follows from its requests.
APPEND = "select append($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)"
APPEND_ONE = "select append_one($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)"
APPEND_PASSING = (
    "select append_passing($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)"
)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LONGEST_CLAIM = 200

Row = tuple[Any, ...]
Since = tuple[int, datetime | None]


def claim_key(claim: Claim) -> tuple[str, str]:
    """A claim as it is stored: a value too long for an index is hashed."""
    what, value = claim
    if len(value) > _LONGEST_CLAIM:
        return what, "sha256:" + sha256(value.encode()).hexdigest()
    return what, value


def from_micros(micros: int) -> datetime:
    """A time from whole microseconds since 1970."""
    return _EPOCH + timedelta(microseconds=micros)


def size_of(request: Append) -> int:
    """About how many bytes a request sends."""
    return sum(
        sum(len(event.data) for event in entry.events)
        + sum(len(document.body) + len(document.search or "") for document in entry.documents)
        for entry in request.entries
    )


@dataclass(slots=True)
class Touched:
    """What the requests of a batch change, so that one that depends on it can wait for the next batch."""

    streams: set[UUID] = field(default_factory=set[UUID])
    claims: set[tuple[str, str]] = field(default_factory=set[tuple[str, str]])
    relations: set[tuple[str, UUID]] = field(default_factory=set[tuple[str, UUID]])
    joined: set[UUID] = field(default_factory=set[UUID])
    keys: set[tuple[str, str]] = field(default_factory=set[tuple[str, str]])

    def collide(self, request: Append) -> bool:
        """Whether a request reads or wants what an earlier one of the batch changes."""
        reads = request.reads
        if not self.streams.isdisjoint(reads.versions):
            return True
        if self.relations and not self.relations.isdisjoint(reads.relations):
            return True
        if self.claims and any(claim_key(claim) in self.claims for claim in reads.claims):
            return True
        for entry in request.entries:
            if self.claims and any(
                claim_key(holding.claim) in self.claims for holding in (*entry.taken, *entry.released)
            ):
                return True
            if entry.occurred_at is not None and any(
                not self.joined.isdisjoint(event.joined) for event in entry.events
            ):
                return True
        return request.answer is not None and (request.answer.principal, request.answer.key) in self.keys

    def add(self, request: Append) -> None:
        """Note what a request changes."""
        for entry in request.entries:
            for event in entry.events:
                self.streams.add(event.stream)
                self.joined.update(event.joined)
            for pointer in (*entry.gained, *entry.lost):
                self.relations.add((pointer.relation, pointer.target))
            for holding in (*entry.taken, *entry.released):
                self.claims.add(claim_key(holding.claim))
        if request.answer is not None:
            self.keys.add((request.answer.principal, request.answer.key))


def read_rows(number: int, reads: ReadSet) -> tuple[list[Any], list[Any], list[Any]]:
    """What was read, as rows of append_read, append_relation and append_claim."""
    return (
        [(number, id, version) for id, version in reads.versions.items()],
        [(number, relation, target, reads.basis) for relation, target in reads.relations],
        [(number, *claim_key(claim), owner) for claim, owner in reads.claims.items()],
    )


class Sending(NamedTuple):
    """A statement that appends, with its arguments."""

    sql: str
    rows: tuple[Any, ...]


def sending(writer: UUID, batch: int, requests: Sequence[Append]) -> Sending:
    """How some requests are sent. One of several entries goes alone: its positions are counted without neighbours."""
    if len(requests) == 1 and is_plain(requests[0]):
        return in_short(writer, batch, requests[0])
    return in_full(writer, batch, requests)


def in_full(writer: UUID, batch: int, requests: Sequence[Append]) -> Sending:
    """How any requests are sent."""
    counts: list[int] = []
    answers: list[Any] = []
    reads: list[Any] = []
    relations: list[Any] = []
    seen: list[Any] = []
    events: list[Any] = []
    mentions: list[Any] = []
    documents: list[Any] = []
    gained: list[Any] = []
    lost: list[Any] = []
    passed: list[Any] = []
    taken: list[Any] = []
    released: list[Any] = []
    given_up: list[Any] = []
    contacts: list[Any] = []
    dated = worded = False
    ordinal = 0
    for number, request in enumerate(requests, 1):
        versions, asked, claims = read_rows(number, request.reads)
        reads += versions
        relations += asked
        seen += claims
        before = ordinal
        written: dict[UUID, tuple[Any, ...]] = {}
        pointing: dict[Row, Since] = {}
        held: dict[Row, Since] = {}
        for entry in request.entries:
            occurred_at = entry.occurred_at
            dated = dated or occurred_at is not None
            last: dict[UUID, int] = {}
            for event in entry.events:
                ordinal += 1
                last[event.stream] = ordinal
                events.append(
                    (
                        number, ordinal, event.stream, event.version, event.kind, event.data, request.actor,
                        request.via, entry.on_behalf_of, entry.request, event.schema_version, occurred_at,
                    )
                )  # fmt: skip
                joined = event.joined
                mentions += [(number, ordinal, entity, entity in joined, occurred_at) for entity in event.mentioned]
            for id, kind, version, body, search, title in entry.documents:
                if search is None and id in written:
                    search = written[id][-2]
                worded = worded or search is not None
                written[id] = (number, last[id], occurred_at, id, kind, version, body, search, title)
            for begun, ended, past, begins, ends in (
                (pointing, lost, passed, entry.gained, entry.lost),
                (held, released, given_up, _held(entry.taken), _held(entry.released)),
            ):
                for row in ends:
                    until = (last[row[-1]], occurred_at)
                    if row in begun:
                        past.append((*row, *begun.pop(row), *until))
                    else:
                        ended.append((number, *until, *row))
                begun.update({row: (last[row[-1]], occurred_at) for row in begins})
            contacts += [(number, id, address) for id, address in entry.contacts]
        counts.append(ordinal - before)
        documents += written.values()
        gained += [(number, *since, *row) for row, since in pointing.items()]
        taken += [(number, *since, *row) for row, since in held.items()]
        if request.answer is not None:
            kept = request.answer
            answers.append(
                (
                    number, ordinal, None, kept.principal, kept.key, kept.digest, kept.status, kept.id, kept.version,
                    kept.body,
                )
            )  # fmt: skip
    rows = (
        writer, batch, counts, answers, reads, relations, seen, events, mentions, documents, gained, lost, taken,
        released, contacts, dated, worded,
    )  # fmt: skip
    if any(len(request.entries) > 1 for request in requests):
        return Sending(APPEND_PASSING, (*rows, passed, given_up))
    return Sending(APPEND, rows)


def _held(holdings: Sequence[Holding]) -> list[Row]:
    return [(*claim_key(claim), owner) for claim, owner in holdings]


def is_plain(request: Append) -> bool:
    """Whether a request can take the short path: one event now, decided from records alone, that changes its document
    and nothing beside it."""
    reads = request.reads
    if reads.relations or reads.claims or request.answer or len(request.entries) != 1:
        return False
    (entry,) = request.entries
    beside = entry.gained or entry.lost or entry.taken or entry.released or entry.contacts or entry.occurred_at
    return not beside and len(entry.events) == 1 and entry.documents[0].search is None


def in_short(writer: UUID, batch: int, request: Append) -> Sending:
    """How a plain request is sent."""
    (entry,), versions = request.entries, request.reads.versions
    (event,), (document,) = entry.events, entry.documents
    rows = (
        writer, batch, list(versions), list(versions.values()), event.stream, event.version, event.kind, event.data,
        request.actor, request.via, entry.on_behalf_of, entry.request, event.schema_version, event.mentioned,
        event.joined, document.kind, document.body, document.title,
    )  # fmt: skip
    return Sending(APPEND_ONE, rows)


def verdicts(requests: Sequence[Append], answer: str) -> list[Verdict]:
    """What became of each request, from the answer of `append`."""
    told = json.loads(answer)
    position: int = told["head"]
    recorded_at = from_micros(told["at"])
    lost: dict[str, Any] = told["lost"]
    judged: list[Verdict] = []
    for number, request in enumerate(requests, 1):
        against = lost.get(str(number)) if lost else None
        if against is None:
            position += sum(len(entry.events) for entry in request.entries)
            judged.append(Accepted(position, recorded_at))
        else:
            judged.append(_verdict(request, against))
    return judged


def _verdict(request: Append, against: dict[str, Any]) -> Verdict:
    match against["is"]:
        case "stale":
            return Stale()
        case "claimed":
            stored = (against["what"], against["value"])
            taken = (holding.claim for entry in request.entries for holding in entry.taken)
            claim = next(claim for claim in taken if claim_key(claim) == stored)
            return Claimed(claim, UUID(against["owner"]))
        case "early":
            return TooEarly(UUID(against["id"]), from_micros(against["last"]))
        case "late":
            return TooLate(from_micros(against["now"]))
        case "replayed":
            return Replayed(
                against["status"], UUID(against["id"]), against["version"], against["position"], against["body"]
            )
        case "reused":
            return KeyReused()
        case unknown:
            raise ValueError(f"append gave the unknown verdict {unknown!r}")
