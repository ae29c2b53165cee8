"""The one path every command takes: look, decide, append; again when what was read has changed."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, TypeVar
from uuid import UUID

from pydantic import BaseModel

from cora.kernel.contact import brings_contacts, contacts_in
from cora.kernel.draft import Answer, Call, Decided, Draft
from cora.kernel.errors import (
    ConcurrencyConflictError,
    IdempotencyKeyReusedError,
    IdTakenError,
    InvalidRequestError,
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
    Claimed,
    DecodedStates,
    Holding,
    KeyReused,
    Log,
    Reader,
    Replayed,
    Source,
    Stale,
)
from cora.kernel.slice import ActSlice, CommandSlice, Creation, HandlerSlice, QuerySlice
from cora.kernel.when import NOW, When

# A decision that met changed facts this often is made under the lock instead.
TRIES_BEFORE_LOCK = 3


T = TypeVar("T")
Decide = Callable[[Reader], Awaitable[Decided]]


def utc_now() -> datetime:
    """The clock of this process."""
    return datetime.now(UTC)


class Kernel:
    """Runs the slices of one wired context on one log."""

    def __init__(
        self, log: Log, wired: Any = None, clock: Callable[[], datetime] = utc_now, events: Events | None = None
    ) -> None:
        self.log = log
        self.events = events
        """What was recorded, for the questions about that."""
        self.wired = wired
        self.clock = clock
        self.decoded = DecodedStates()
        self._turns: dict[UUID, _Turn] = {}

    async def command(self, declared: CommandSlice | HandlerSlice, command: Any, call: Call) -> Answer:
        """Run a command for a caller. Raises the `Refusal` that it meets."""
        call.principal.require(declared.allow)
        if call.occurred_at is not None and call.occurred_at > (now := self.clock()):
            raise OccurredInFutureError(call.occurred_at, now)
        session = Session(self, call, _request_digest(declared.name, command) if call.idempotency_key else b"")
        try:
            if isinstance(declared, CommandSlice):
                subject, decide = self._deciding(declared, command, call)
                return await session.settle(decide, subject)
            if replay := await session.replay():
                return replay
            given = {"command": command, "session": session, "wired": self.wired}
            answer: Answer = await declared.run(**{name: given[name] for name in declared.parameters})
            return answer
        except IdempotencyKeyReusedError:
            await self._require_found(declared, command)
            raise
        except Refusal:
            # The same request under the same key may have been answered
            # meanwhile, and what it recorded is what refuses this one.
            if replay := await session.replay():
                return replay
            raise

    async def query(self, declared: QuerySlice, query: Any, caller: Principal, when: When = NOW) -> Any:
        """Answer a question from one state of all records, as it is or as it was."""
        caller.require(declared.allow)

        async def ask(read: Reader) -> Any:
            given = {
                "query": query, "read": read, "events": self.events, "when": when, "caller": caller,
                "wired": self.wired,
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
            return await ask(Reader(source, self.decoded))

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
        given = {"command": command, "caller": call.principal, "wired": self.wired}
        return await declared.run(**{name: given[name] for name in declared.parameters})

    async def _require_found(self, declared: CommandSlice | HandlerSlice, command: Any) -> None:
        """Raises `<Kind>NotFoundError` for the record in the path, which comes before what its key was used for."""
        if isinstance(declared, HandlerSlice) or not declared.creates:
            await Reader(self.log, self.decoded).require(declared.on, getattr(command, declared.on.path_id))

    def _deciding(self, declared: CommandSlice, command: Any, call: Call) -> tuple[UUID, Decide]:
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
                return _replayed(found)
            case KeyReused():
                raise IdempotencyKeyReusedError
            case None:
                return None

    async def settle(self, decide: Decide, subject: UUID, *, last: bool = True) -> Answer:
        """Decide until the decision rests on what is true, and record it.

        `last` says that this decision answers the call: its answer is kept
        for the idempotency key.
        """
        log = self.kernel.log
        if last and (replay := await self.replay()):
            return replay
        async with self.kernel.turn(subject):
            for _ in range(TRIES_BEFORE_LOCK):
                answer = await self._attempt(log, log, decide, last)
                if answer is not None:
                    return answer
            async with log.under_lock() as held:
                answer = await self._attempt(held, held, decide, last)
        if answer is None:
            raise ConcurrencyConflictError
        return answer

    async def _attempt(self, source: Source, log: Log, decide: Decide, last: bool) -> Answer | None:
        """One try; None when what was read has changed meanwhile."""
        read = Reader(source, self.kernel.decoded)
        try:
            decided = await decide(read)
            draft = Draft(self.call, read, decided, self._digest if last else b"")
        except Exception:
            # Also what is not a refusal may come from a mixture of old and new.
            if await _is_true(read, log):
                raise
            return None
        if self.call.dry_run:
            return await self._rehearse(draft, read, log)
        if not draft.append.events and draft.append.answer is None:
            if not await _is_true(read, log):
                return None
            return draft.answer(Accepted(read.read_set().basis or 0, self.kernel.clock()))
        verdict = await log.append(draft.append)
        match verdict:
            case Accepted():
                return draft.answer(verdict)
            case Stale():
                return None
            case Replayed():
                return _replayed(verdict)
            case _:
                raise draft.refusal(verdict)

    def without_time(self) -> "Session":
        """The same call without its `Occurred-At`: what it records occurs when it is recorded."""
        return Session(self.kernel, replace(self.call, occurred_at=None), self._digest)

    async def _rehearse(self, draft: "Draft", read: Reader, log: Log) -> Answer | None:
        for taken in draft.append.taken:
            owner = await read.owner(taken.claim)
            if owner is not None and Holding(taken.claim, owner) not in draft.append.released:
                if await _is_true(read, log):
                    raise draft.refusal(Claimed(taken.claim, owner))
                return None
        early = await self._too_early(draft, read, log)
        if early is not None:
            if await _is_true(read, log):
                raise early
            return None
        if not await _is_true(read, log):
            return None
        return draft.answer(Accepted(read.read_set().basis or 0, self.kernel.clock()))

    async def _too_early(self, draft: "Draft", read: Reader, log: Log) -> OccurredBeforeLastFactError | None:
        """What the append would say to `Occurred-At`, naming the smallest id."""
        occurred_at = self.call.occurred_at
        if occurred_at is None:
            return None
        written = {document.id for document in draft.append.documents}
        last = {id: moment for id, moment in read.occurred.items() if id in written}
        joined = {id for event in draft.append.events for id in event.joined}
        for id, moment in (await log.latest_joinings(joined)).items():
            last[id] = max(moment, last.get(id, moment))
        late = min((id for id, moment in last.items() if occurred_at < moment), default=None)
        return None if late is None else OccurredBeforeLastFactError(late, last[late])


def require_version(call: Call, read: Reader, id: UUID) -> None:
    """Raises `PreconditionFailedError` when `If-Match` asks for another version than was read."""
    if call.if_match is not None and read.versions.get(id, 0) != call.if_match:
        raise PreconditionFailedError(f'"{call.if_match}"', read.versions.get(id, 0))


def require_time(call: Call, read: Reader, id: UUID) -> None:
    """Raises `OccurredBeforeLastFactError` when `Occurred-At` lies before the latest fact of a record that was read."""
    last = read.occurred.get(id)
    if call.occurred_at is not None and last is not None and call.occurred_at < last:
        raise OccurredBeforeLastFactError(id, last)


async def _is_true(read: Reader, log: Log) -> bool:
    """Whether all that was read belongs to one state of the records that really was."""
    reads = read.read_set()
    return reads.one_snapshot or await log.still_current(reads)


def _request_digest(name: str, command: BaseModel) -> bytes:
    # A field that was left out is another request than one that was given as null.
    return sha256(f"{name}\n{command.model_dump_json(exclude_unset=True)}".encode()).digest()


def _replayed(found: Replayed) -> Answer:
    return Answer(found.status, found.id, found.version, found.position, found.body)
