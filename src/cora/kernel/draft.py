"""A decision turned into an entry of the log, and the answer it will have."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from cora.kernel.aggregate import Aggregate, Claim, Event, Fact, Reference, ids_in, joined_ids, targets_of
from cora.kernel.contact import Contact
from cora.kernel.errors import (
    IdempotencyKeyReusedError,
    OccurredBeforeLastFactError,
    OccurredInFutureError,
    RecordTooLargeError,
    Refusal,
)
from cora.kernel.moment import POSITION_MARK, RECORDED_MARK, UNRECORDED, moment_text, sealed
from cora.kernel.principal import Principal
from cora.kernel.reader import (
    Accepted,
    Claimed,
    Entry,
    Holding,
    KeyedAnswer,
    KeyReused,
    NewDocument,
    NewEvent,
    Pointer,
    Reader,
    TooEarly,
    TooLate,
)
from cora.kernel.slice import On

LARGEST_RECORD = 2_000_000
"""Characters of a record's state: more than one request can bring, which many small ones could add up to."""


@dataclass(frozen=True, slots=True)
class Call:
    """What goes with any command (domain.md, section 1): who, through what, and the options."""

    principal: Principal
    via: str
    request_id: str
    on_behalf_of: str | None = None
    occurred_at: datetime | None = None
    idempotency_key: str | None = None
    if_match: int | None = None
    dry_run: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to a command. `body` is its JSON text; `version` is that of the record afterwards."""

    status: int
    id: UUID
    version: int
    position: int
    body: str


@dataclass(frozen=True, slots=True)
class Decided:
    """What a decision came to: events for the record it is about, and with `On` for others."""

    on: Aggregate[Any]
    id: UUID
    events: Iterable[Event | On]
    status: int = 200
    members: str = ""
    """Further members of the answer, as JSON text with a leading comma."""
    contacts: tuple[Contact, ...] = ()
    """The addresses that came with the command; those whose id an event holds are kept."""


class Draft:
    """A decision turned into an entry of the log, and the answer it will have.

    `states` are those of the records it writes, afterwards.
    """

    def __init__(self, call: Call, read: Reader, decided: Decided) -> None:
        self._call = call
        self._decided = decided
        self._claimants: dict[Claim, tuple[Aggregate[Any], Any]] = {}
        occurred_at = call.occurred_at or UNRECORDED
        before: dict[UUID, Any] = {}
        after: dict[UUID, Any] = {}
        homes: dict[UUID, Aggregate[Any]] = {}
        versions: dict[UUID, int] = {}
        events: list[NewEvent] = []
        for each in decided.events:
            own = each if isinstance(each, On) else On(decided.on, decided.id, each)
            on, id, event = own.aggregate, own.id, own.event
            if id not in homes:
                homes[id] = on
                versions[id] = read.versions[id]
                before[id] = after[id] = read.states.get(id)
            versions[id] += 1
            after[id] = on.evolve(after[id], event, Fact(id, occurred_at))
            mentioned = {id, *ids_in(event)}
            joined = {id, *joined_ids(event)} if event.joins is not None else set[UUID]()
            events.append(
                NewEvent(
                    id, versions[id], type(event).__name__, on.encode_event(event), event.schema_version,
                    tuple(mentioned), tuple(joined),
                )
            )  # fmt: skip
        documents: list[NewDocument] = []
        gained: list[Pointer] = []
        lost: list[Pointer] = []
        taken: list[Holding] = []
        released: list[Holding] = []
        for id, on in homes.items():
            old, new = before[id], after[id]
            old_references = set(on.references(old)) if old is not None else set[Reference]()
            new_references = set(on.references(new))
            gained += [Pointer(relation, target, id) for relation, target in new_references - old_references]
            lost += [Pointer(relation, target, id) for relation, target in old_references - new_references]
            old_claims = set(on.claims(old)) if old is not None else set[Claim]()
            new_claims = set(on.claims(new))
            for claim in new_claims - old_claims:
                taken.append(Holding(claim, id))
                self._claimants[claim] = (on, new)
            released += [Holding(claim, id) for claim in old_claims - new_claims]
            changed = old is None or tuple(on.texts(old)) != tuple(on.texts(new))
            text = on.search_text(new) if changed else None
            body = on.encode_state(new)
            if len(body) > LARGEST_RECORD and (old is None or len(body) > len(on.encode_state(old))):
                raise RecordTooLargeError(id, LARGEST_RECORD)
            documents.append(NewDocument(id, on.kind, versions[id], body, text, on.title_of(new)))
            # A record gained or lost as a target is mentioned by the last event of its source.
            targets = targets_of(old_references ^ new_references)
            if targets:
                last = max(index for index, event in enumerate(events) if event.stream == id)
                events[last] = events[last]._replace(mentioned=tuple({*events[last].mentioned, *targets}))
        self.states = after
        self._version = versions.get(decided.id) or read.versions[decided.id]
        self.body = self._text(events, documents, read)
        """The text of the answer, with marks for what the log gives."""
        self.entry = Entry(
            request=call.request_id,
            on_behalf_of=call.on_behalf_of,
            occurred_at=call.occurred_at,
            events=tuple(events),
            documents=tuple(documents),
            gained=tuple(gained),
            lost=tuple(lost),
            taken=tuple(taken),
            released=tuple(released),
            contacts=tuple(
                (contact.id, contact.address)
                for contact in decided.contacts
                if any(contact.contact_id in event.data for event in events)
            ),
        )

    def _text(self, events: list[NewEvent], documents: list[NewDocument], read: Reader) -> str:
        decided = self._decided
        state = next((document.body for document in documents if document.id == decided.id), None)
        if state is None:
            state = decided.on.encode_state(read.states[decided.id])
        recorded = ",".join(
            f'{{"kind":"{event.kind}","stream":"{event.stream}","version":{event.version},"data":{event.data}}}'
            for event in events
        )
        occurred_at = self._call.occurred_at
        occurred = RECORDED_MARK if occurred_at is None else f'"{moment_text(occurred_at)}"'
        times = f'"occurred_at":{occurred},"recorded_at":{RECORDED_MARK},' if events else ""
        dry_run = '"dry_run":true,' if self._call.dry_run else ""
        return (
            f'{{"id":"{decided.id}","version":{self._version},"position":{POSITION_MARK},{times}{dry_run}'
            f'"events":[{recorded}],"state":{state}{decided.members}}}'
        )

    @property
    def status(self) -> int:
        """The status of the answer."""
        return self._decided.status if not self._call.dry_run else 200

    def kept(self, key: str, digest: bytes) -> KeyedAnswer:
        """The answer as it is kept for an idempotency key."""
        principal = self._call.principal.name
        return KeyedAnswer(principal, key, digest, self.status, self._decided.id, self._version, self.body)

    def answer(self, accepted: Accepted) -> Answer:
        """The answer, once the log has given position and time."""
        body = sealed(self.body, recorded_at=accepted.recorded_at, position=accepted.position)
        return Answer(self.status, self._decided.id, self._version, accepted.position, body)

    def refusal(self, verdict: Any) -> Refusal:
        """The refusal that a verdict of the log stands for."""
        match verdict:
            case Claimed(claim, owner):
                on, state = self._claimants[claim]
                return on.claim_taken(claim, state, owner)
            case TooEarly(id, last_occurred_at):
                return OccurredBeforeLastFactError(id, last_occurred_at)
            case TooLate(now):
                return OccurredInFutureError(self._call.occurred_at or now, now)
            case KeyReused():
                return IdempotencyKeyReusedError()
            case _:
                raise TypeError(f"no refusal for {verdict}")
