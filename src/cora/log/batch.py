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
    Entry,
    Holding,
    KeyReused,
    Pointer,
    ReadSet,
    Replayed,
    Stale,
    TooEarly,
    TooLate,
    Verdict,
)

MAXIMUM_REQUESTS = 256
MAXIMUM_BYTES = 1_000_000

_APPEND = "select append($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)"
_APPEND_PASSING = "select append_passing($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)"

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LONGEST_CLAIM = 200


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
    contacts: list[Any] = []
    dated = False
    ordinal = 0
    for number, request in enumerate(requests, 1):
        versions, asked, claims = read_rows(number, request.reads)
        reads += versions
        relations += asked
        seen += claims
        before = ordinal
        written: dict[UUID, tuple[Any, ...]] = {}
        begun: dict[Pointer, tuple[int, datetime | None]] = {}
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
            for id, kind, version, body, search in entry.documents:
                if search is None and id in written:
                    search = written[id][-1]
                written[id] = (number, last[id], occurred_at, id, kind, version, body, search)
            for pointer in entry.lost:
                ended = (last[pointer.source], occurred_at)
                if pointer in begun:
                    passed.append((*pointer, *begun.pop(pointer), *ended))
                else:
                    lost.append((number, *ended, *pointer))
            for pointer in entry.gained:
                begun[pointer] = (last[pointer.source], occurred_at)
            contacts += [(number, id, address) for id, address in entry.contacts]
        counts.append(ordinal - before)
        documents += written.values()
        gained += [(number, *since, *pointer) for pointer, since in begun.items()]
        for rows, holdings in zip((taken, released), _holdings(request.entries), strict=True):
            rows += [(number, *claim_key(claim), owner) for claim, owner in holdings]
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
        released, contacts, dated,
    )  # fmt: skip
    return Sending(_APPEND_PASSING, (*rows, passed)) if passed else Sending(_APPEND, rows)


def _holdings(entries: Sequence[Entry]) -> tuple[Sequence[Holding], Sequence[Holding]]:
    """The claims that entries take and release, less those that change hands among them."""
    if len(entries) == 1:
        return entries[0].taken, entries[0].released
    owners: dict[Claim, tuple[UUID | None, UUID | None]] = {}
    for entry in entries:
        for claim, owner in entry.released:
            first, _ = owners.get(claim, (owner, owner))
            owners[claim] = (first, None)
        for claim, owner in entry.taken:
            first, _ = owners.get(claim, (None, None))
            owners[claim] = (first, owner)
    changed = [(claim, first, last) for claim, (first, last) in owners.items() if first != last]
    taken = [Holding(claim, last) for claim, _, last in changed if last is not None]
    return taken, [Holding(claim, first) for claim, first, _ in changed if first is not None]


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
