"""Many requests to the log as the arguments of one call of the SQL function `append`."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID

from cora.kernel.aggregate import Claim
from cora.kernel.reader import (
    Accepted,
    Append,
    Claimed,
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

# Each takes the writer and the number of the batch, then its `arguments` or `arguments_of_one`.
APPEND = "select append($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)"

APPEND_ONE = "select append_one($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)"

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
    return sum(len(event.data) for event in request.events) + sum(
        len(document.body) + len(document.search or "") for document in request.documents
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
        if self.claims and (
            any(claim_key(claim) in self.claims for claim in reads.claims)
            or any(claim_key(holding.claim) in self.claims for holding in (*request.taken, *request.released))
        ):
            return True
        if request.occurred_at is not None and any(
            not self.joined.isdisjoint(event.joined) for event in request.events
        ):
            return True
        return request.answer is not None and (request.answer.principal, request.answer.key) in self.keys

    def add(self, request: Append) -> None:
        """Note what a request changes."""
        for event in request.events:
            self.streams.add(event.stream)
            self.joined.update(event.joined)
        for pointer in (*request.gained, *request.lost):
            self.relations.add((pointer.relation, pointer.target))
        for holding in (*request.taken, *request.released):
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


def arguments(requests: Sequence[Append]) -> tuple[Any, ...]:
    """The arguments of `append` after the writer and the number."""
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
    taken: list[Any] = []
    released: list[Any] = []
    contacts: list[Any] = []
    dated = worded = False
    ordinal = 0
    for number, request in enumerate(requests, 1):
        occurred_at = request.occurred_at
        dated = dated or occurred_at is not None
        counts.append(len(request.events))
        versions, asked, claims = read_rows(number, request.reads)
        reads += versions
        relations += asked
        seen += claims
        last: dict[UUID, int] = {}
        for event in request.events:
            ordinal += 1
            last[event.stream] = ordinal
            events.append(
                (
                    number, ordinal, event.stream, event.version, event.kind, event.data, request.actor,
                    request.via, request.on_behalf_of, request.request, event.schema_version, occurred_at,
                )
            )  # fmt: skip
            joined = event.joined
            mentions += [(number, ordinal, entity, entity in joined, occurred_at) for entity in event.mentioned]
        worded = worded or any(document.search is not None for document in request.documents)
        documents += [
            (number, last[id], occurred_at, id, kind, version, body, search, title)
            for id, kind, version, body, search, title in request.documents
        ]
        for rows, pointers in ((gained, request.gained), (lost, request.lost)):
            rows += [
                (number, last[each.source], occurred_at, each.relation, each.target, each.source) for each in pointers
            ]
        for rows, holdings in ((taken, request.taken), (released, request.released)):
            rows += [(number, last[owner], occurred_at, *claim_key(claim), owner) for claim, owner in holdings]
        contacts += [(number, id, address) for id, address in request.contacts]
        if request.answer is not None:
            kept = request.answer
            answers.append(
                (
                    number, ordinal, occurred_at, kept.principal, kept.key, kept.digest, kept.status, kept.id,
                    kept.version, kept.body,
                )
            )  # fmt: skip
    return (
        counts, answers, reads, relations, seen, events, mentions, documents, gained, lost, taken, released,
        contacts, dated, worded,
    )  # fmt: skip


def call_of(requests: Sequence[Append]) -> tuple[str, tuple[Any, ...]]:
    """The statement that judges a batch, and its arguments after the writer and the number."""
    if len(requests) == 1 and is_plain(requests[0]):
        return APPEND_ONE, arguments_of_one(requests[0])
    return APPEND, arguments(requests)


def is_plain(request: Append) -> bool:
    """Whether a request can take the short path: one event now, decided from records alone, that changes its document
    and nothing beside it."""
    reads = request.reads
    beside = (
        reads.relations or reads.claims or request.gained or request.lost or request.taken or request.released
        or request.contacts or request.answer or request.occurred_at
    )  # fmt: skip
    return not beside and len(request.events) == 1 and request.documents[0].search is None


def arguments_of_one(request: Append) -> tuple[Any, ...]:
    """The arguments of `append_one` after the writer and the number."""
    (event,), (document,), versions = request.events, request.documents, request.reads.versions
    return (
        list(versions), list(versions.values()), event.stream, event.version, event.kind, event.data, request.actor,
        request.via, request.on_behalf_of, request.request, event.schema_version, event.mentioned, event.joined,
        document.kind, document.body, document.title,
    )  # fmt: skip


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
            position += len(request.events)
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
            claim = next(taken.claim for taken in request.taken if claim_key(taken.claim) == stored)
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
