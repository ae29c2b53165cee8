"""The one path every command takes: look, decide, append; again when what was read has changed."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Collection, Coroutine, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, TypeVar
from uuid import UUID

from pydantic import BaseModel

from cora.kernel.contact import brings_contacts, contacts_in
from cora.kernel.documents import Documents
from cora.kernel.draft import Answer, Call, Decided, Draft
from cora.kernel.errors import (
    ConcurrencyConflictError,
    IdempotencyKeyReusedError,
    IdTakenError,
    InvalidRequestError,
    NotFoundError,
    OccurredBeforeLastFactError,
    OccurredInFutureError,
    PreconditionFailedError,
    Refusal,
    Violation,
)
from cora.kernel.events import Events
from cora.kernel.identity import new_id
from cora.kernel.principal import Principal
from cora.kernel.reader import (
    Accepted,
    Append,
    Claimed,
    DecodedStates,
    Holding,
    KeyReused,
    Log,
    Reader,
    Replayed,
    Stale,
)
from cora.kernel.search import Searches
from cora.kernel.slice import ActSlice, CommandSlice, Creation, HandlerSlice, QuerySlice
from cora.kernel.when import NOW, When

# A decision that met changed facts this often is made under the lock instead.
TRIES_BEFORE_LOCK = 3


T = TypeVar("T")
Decide = Callable[[Reader], Awaitable[Decided]]
Attempt = Callable[[Log], Awaitable[Answer | None]]
"""One try to answer truly; None when what was read has changed meanwhile."""
Joinings = Callable[[Collection[UUID]], Awaitable[Mapping[UUID, datetime]]]
"""When each of some records was last joined to or parted from another."""


def utc_now() -> datetime:
    """The clock of this process."""
    return datetime.now(UTC)


class Kernel:
    """Runs the slices of one wired context on one log."""

    def __init__(
        self,
        log: Log,
        wired: Any = None,
        clock: Callable[[], datetime] = utc_now,
        events: Events | None = None,
        searches: Searches | None = None,
        documents: Documents | None = None,
    ) -> None:
        self.log = log
        self.events = events
        """What was recorded, for the questions about that."""
        self.searches = searches
        """The words of all records, for the question that searches them."""
        self.documents = documents
        """Lists of records, for what goes through many of them."""
        self.wired = wired
        self.clock = clock
        self.decoded = DecodedStates()
        self._turns: dict[UUID, _Turn] = {}

    async def command(self, declared: CommandSlice | HandlerSlice, command: Any, call: Call) -> Answer:
        """Run a command for a caller. Raises the `Refusal` that it meets."""
        call.principal.require(declared.allow)
        require_past(call, self.clock())
        session = Session(self, call, request_digest(declared.name, command) if call.idempotency_key else b"")
        try:
            return await session.answered(self._run(declared, command, session))
        except IdempotencyKeyReusedError:
            await self._require_found(declared, command)
            raise

    async def _run(self, declared: CommandSlice | HandlerSlice, command: Any, session: "Session") -> Answer:
        if isinstance(declared, CommandSlice):
            subject, decide = self.deciding(declared, command, session.call)
            return await session.settle(decide, subject)
        return await session.replay() or await self.handle(declared, command, session)

    async def handle(self, declared: HandlerSlice, command: Any, session: "Session") -> Answer:
        """Let a handler make its decisions through a session."""
        given = {"command": command, "session": session, "wired": self.wired}
        answer: Answer = await declared.run(**{name: given[name] for name in declared.parameters})
        return answer

    async def query(self, declared: QuerySlice, query: Any, caller: Principal, when: When = NOW) -> Any:
        """Answer a question from one state of all records, as it is or as it was."""
        caller.require(declared.allow)

        async def ask(read: Reader) -> Any:
            given = {
                "query": query, "read": read, "events": self.events, "searches": self.searches, "when": when,
                "caller": caller, "wired": self.wired,
            }  # fmt: skip
            return await declared.run(**{name: given[name] for name in declared.parameters})

        own = declared.moment
        if own is None:
            return await self.see(ask, when if "read" in declared.parameters else NOW)
        try:
            return await self.see(ask, own.when(query))
        except InvalidRequestError as error:
            # The log speaks of the moments it knows, the caller gave another field.
            raise InvalidRequestError(
                tuple(
                    Violation(f"/{own.field}" if each.pointer in ("/as_of", "/true_at") else each.pointer, each.detail)
                    for each in error.errors
                )
            ) from None

    def follow(self, declared: QuerySlice, query: Any, caller: Principal) -> AsyncGenerator[Sequence[Any]]:
        """The items of a question that can be followed."""
        caller.require(declared.allow)
        if declared.follows is None:
            raise TypeError(f"{declared.name} cannot be followed")
        return declared.follows(query=query, events=self.events, wired=self.wired)

    async def see(self, ask: Callable[[Reader], Awaitable[T]], when: When = NOW) -> T:
        """What `ask` makes of what it reads, all of it from one state of the log.

        Gathered looks are cheap and mostly meet one state. Where somebody
        recorded something between them, it is asked again in a snapshot.
        """
        if when.is_now:
            read = Reader(self.log, self.decoded)
            try:
                answer = await ask(read)
            except Refusal:
                if read.one_snapshot:
                    raise
            else:
                if read.one_snapshot:
                    return answer
        async with self.log.snapshot(when) as source:
            try:
                return await ask(Reader(source, self.decoded))
            except NotFoundError as missing:
                raise missing if when.is_now else missing.then() from None

    async def act(self, declared: ActSlice, command: Any, call: Call) -> Any:
        """Run a command beside the log. It cannot honour the options that need a history, so it refuses them."""
        call.principal.require(declared.allow)
        options = {
            "/dry_run": call.dry_run or None,
            "/Occurred-At": call.occurred_at,
            "/If-Match": call.if_match,
            "/Idempotency-Key": call.idempotency_key,
            "/On-Behalf-Of": call.on_behalf_of,
        }
        if refused := [name for name, given in options.items() if given is not None]:
            why = "is not possible here: this command is not recorded in the log"
            raise InvalidRequestError(tuple(Violation(name, why) for name in refused))
        given = {
            "command": command, "caller": call.principal, "session": Session(self, call, b""),
            "documents": self.documents, "wired": self.wired,
        }  # fmt: skip
        return await declared.run(**{name: given[name] for name in declared.parameters})

    async def _require_found(self, declared: CommandSlice | HandlerSlice, command: Any) -> None:
        """Raises `<Kind>NotFoundError` for the record in the path, which comes before what its key was used for."""
        if isinstance(declared, HandlerSlice) or not declared.creates:
            await Reader(self.log, self.decoded).require(declared.on, getattr(command, declared.on.path_id))

    def deciding(self, declared: CommandSlice, command: Any, call: Call) -> tuple[UUID, Decide]:
        """The record that a command is about, and how it is decided."""
        on, path_id = declared.on, declared.on.path_id
        brought = command.id if isinstance(command, Creation) else None
        if declared.creates:
            id = declared.identify(command) if declared.identify else brought or new_id()
        else:
            id = getattr(command, path_id)

        async def decide(read: Reader) -> Decided:
            given: dict[str, Any] = {"command": command, "new_id": id}
            subject: tuple[Any, ...] = ()
            if declared.creates:
                if brought or declared.identify:
                    used = await read.exists(id)
                    if used and brought:
                        raise IdTakenError(id)
                else:
                    read.assume_new(id)
            else:
                given[on.kind] = await read.require(on, id)
                subject = (given[on.kind],)
            require_version(call, read, id)
            if declared.loads is not None:
                given["context"] = await declared.loads(command, *subject, read)
            if "now" in declared.parameters:
                given["now"] = self.clock()
            events = declared.run(**{name: given[name] for name in declared.parameters})
            status = 201 if declared.creates else 200
            contacts = tuple(contacts_in(command)) if brings_contacts(declared.request) else ()
            return Decided(on, id, events, status, contacts=contacts)

        return id, decide

    @asynccontextmanager
    async def turn(self, id: UUID) -> AsyncGenerator[None]:
        """Commands of this process on the same record queue up instead of racing."""
        turn = self._turns.setdefault(id, _Turn())
        turn.waiting += 1
        try:
            async with turn.lock:
                yield
        finally:
            turn.waiting -= 1
            if not turn.waiting:
                self._turns.pop(id, None)


class _Turn:
    __slots__ = ("lock", "waiting")

    def __init__(self) -> None:
        self.lock = asyncio.Lock()
        self.waiting = 0


class Session:
    """One call on its way: makes decisions true and records them."""

    def __init__(self, kernel: Kernel, call: Call, digest: bytes) -> None:
        self.kernel = kernel
        self.call = call
        self._digest = digest

    async def replay(self) -> Answer | None:
        """The answer that the idempotency key of this call was given before."""
        call = self.call
        if call.idempotency_key is None or call.dry_run:
            return None
        found = await self.kernel.log.answered(call.principal.name, call.idempotency_key, self._digest)
        match found:
            case Replayed():
                return as_answer(found)
            case KeyReused():
                raise IdempotencyKeyReusedError
            case None:
                return None

    async def answered(self, work: Coroutine[Any, Any, Answer]) -> Answer:
        """What the work comes to; or what was answered before, where that is what refuses it."""
        try:
            return await work
        except Refusal:
            # The same request under the same key may have been answered
            # meanwhile, and what it recorded is what refuses this one.
            if replay := await self.replay():
                return replay
            raise

    async def settle(self, decide: Decide, subject: UUID, *, last: bool = True) -> Answer:
        """Decide until the decision rests on what is true, and record it.

        `last` says that this decision answers the call: its answer is kept
        for the idempotency key.
        """
        if last and (replay := await self.replay()):
            return replay
        async with self.kernel.turn(subject):
            return await until_true(self.kernel.log, lambda log: self._attempt(log, decide, last))

    async def _attempt(self, log: Log, decide: Decide, last: bool) -> Answer | None:
        read = Reader(log, self.kernel.decoded)
        try:
            draft = Draft(self.call, read, await decide(read))
        except Exception:
            # Also what is not a refusal may come from a mixture of old and new.
            if await is_true(read, log):
                raise
            return None
        if self.call.dry_run:
            refusal = await foreseen(draft, read, log.latest_joinings)
            if not await is_true(read, log):
                return None
            if refusal is not None:
                raise refusal
            return draft.answer(self.unrecorded(read))
        key = self.call.idempotency_key
        append = Append(
            reads=read.read_set(),
            actor=self.call.principal.name,
            via=self.call.via,
            entries=(draft.entry,),
            answer=draft.kept(key, self._digest) if key is not None and last and self._digest else None,
        )
        if not draft.entry.events and append.answer is None:
            return draft.answer(self.unrecorded(read)) if await is_true(read, log) else None
        verdict = await log.append(append)
        match verdict:
            case Accepted():
                return draft.answer(verdict)
            case Stale():
                return None
            case Replayed():
                return as_answer(verdict)
            case _:
                raise draft.refusal(verdict)

    def unrecorded(self, read: Reader) -> Accepted:
        """Where the log stood for an answer that records nothing."""
        return Accepted(read.read_set().basis or 0, self.kernel.clock())

    def without_time(self) -> "Session":
        """The same call without its `Occurred-At`: what it records occurs when it is recorded."""
        return Session(self.kernel, replace(self.call, occurred_at=None), self._digest)


async def until_true(log: Log, attempt: Attempt) -> Answer:
    """Try until the answer rests on what is true, at last under the lock. Raises `ConcurrencyConflictError`."""
    for _ in range(TRIES_BEFORE_LOCK):
        answer = await attempt(log)
        if answer is not None:
            return answer
    async with log.under_lock() as held:
        answer = await attempt(held)
    if answer is None:
        raise ConcurrencyConflictError
    return answer


async def foreseen(draft: Draft, read: Reader, joinings: Joinings) -> Refusal | None:
    """What the append would refuse of what was decided."""
    for taken in draft.entry.taken:
        owner = await read.owner(taken.claim)
        if owner is not None and Holding(taken.claim, owner) not in draft.entry.released:
            return draft.refusal(Claimed(taken.claim, owner))
    return await _too_early(draft, read, joinings)


async def _too_early(draft: Draft, read: Reader, joinings: Joinings) -> OccurredBeforeLastFactError | None:
    """What the append would say to `Occurred-At`, naming the smallest id."""
    occurred_at = draft.entry.occurred_at
    if occurred_at is None:
        return None
    written = {document.id for document in draft.entry.documents}
    last = {id: moment for id, moment in read.occurred.items() if id in written}
    joined = {id for event in draft.entry.events for id in event.joined}
    for id, moment in (await joinings(joined)).items():
        last[id] = max(moment, last.get(id, moment))
    late = min((id for id, moment in last.items() if occurred_at < moment), default=None)
    return None if late is None else OccurredBeforeLastFactError(late, last[late])


def require_past(call: Call, now: datetime) -> None:
    """Raises `OccurredInFutureError` when `Occurred-At` lies in the future."""
    if call.occurred_at is not None and call.occurred_at > now:
        raise OccurredInFutureError(call.occurred_at, now)


def require_version(call: Call, read: Reader, id: UUID) -> None:
    """Raises `PreconditionFailedError` when `If-Match` asks for another version than was read."""
    if call.if_match is not None and read.versions.get(id, 0) != call.if_match:
        raise PreconditionFailedError(f'"{call.if_match}"', read.versions.get(id, 0))


def require_time(call: Call, read: Reader, id: UUID) -> None:
    """Raises `OccurredBeforeLastFactError` when `Occurred-At` lies before the latest fact of a record that was read."""
    last = read.occurred.get(id)
    if call.occurred_at is not None and last is not None and call.occurred_at < last:
        raise OccurredBeforeLastFactError(id, last)


async def is_true(read: Reader, log: Log) -> bool:
    """Whether all that was read belongs to one state of the records that really was."""
    reads = read.read_set()
    return reads.one_snapshot or await log.still_current(reads)


def request_digest(name: str, command: BaseModel) -> bytes:
    """What tells one request from another under the same idempotency key."""
    # A field that was left out is another request than one that was given as null.
    return sha256(f"{name}\n{command.model_dump_json(exclude_unset=True)}".encode()).digest()


def as_answer(found: Replayed) -> Answer:
    """An answer that was given before."""
    return Answer(found.status, found.id, found.version, found.position, found.body)
