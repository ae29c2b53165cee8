"""Several commands decided one upon the other: recorded at one moment or not at all, or only rehearsed."""

from collections.abc import Callable, Generator, Sequence
from contextlib import AbstractContextManager, AsyncExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID

from pydantic_core import to_json

from cora.kernel.aggregate import ids_in
from cora.kernel.draft import Answer, Call, Draft
from cora.kernel.errors import (
    AnswersTooLargeError,
    ConcurrencyConflictError,
    IdempotencyKeyReusedError,
    InvalidRequestError,
    OccurredInFutureError,
    OverloadedError,
    Refusal,
    Violation,
)
from cora.kernel.execute import (
    Decide,
    Kernel,
    Session,
    as_answer,
    foreseen,
    is_true,
    request_digest,
    require_past,
    until_true,
)
from cora.kernel.moment import POSITION_MARK, sealed
from cora.kernel.overlay import Overlay
from cora.kernel.problem import problem
from cora.kernel.reader import NO_RECORD, Accepted, Append, KeyedAnswer, KeyReused, Log, Replayed, TooLate
from cora.kernel.requests import DRY_RUN, IDEMPOTENCY_KEY, IF_MATCH, OCCURRED_AT, ON_BEHALF_OF, argument
from cora.kernel.slice import ActSlice, CommandSlice, HandlerSlice

MAXIMUM_ANSWERS = 16_000_000
"""Characters of the answers to a batch, but for the last one: small commands may have large answers."""
LOOK_AHEAD = 50
"""Commands whose records are looked at in one go."""


@dataclass(frozen=True)
class Item:
    """A command of a batch, and what goes with it."""

    declared: CommandSlice | HandlerSlice | ActSlice
    command: Any
    call: Call


class Answers:
    """What the commands of a batch are answered, in their order."""

    def __init__(self) -> None:
        self._texts: list[str] = []
        self._size = 0

    def require_room(self) -> None:
        """Raises `AnswersTooLargeError` when there is none for another answer."""
        if self._size > MAXIMUM_ANSWERS:
            raise AnswersTooLargeError(MAXIMUM_ANSWERS)

    def add(self, status: int, body: str) -> None:
        """The answer to the next command, as JSON text."""
        self._texts.append(f'{{"status":{status},"body":{body}}}')
        self._size += len(body)

    def refuse(self, refusal: Refusal, request_id: str) -> None:
        """The next command is refused."""
        self.add(refusal.status, to_json(problem(refusal, request_id)).decode())

    def text(self, position: str, *, dry_run: bool = False) -> str:
        """The answer to the batch."""
        rehearsed = '"dry_run":true,' if dry_run else ""
        return f'{{{rehearsed}"position":{position},"answers":[{",".join(self._texts)}]}}'


def place(number: int) -> str:
    """Where a command stands in the request."""
    return f"/commands/{number}"


def request_id(call: Call, number: int) -> str:
    """Each command is a request of its own: what it did to a record is told from what the others did."""
    return f"{call.request_id}/{number}"


@contextmanager
def moved(where: Callable[[str], str]) -> Generator[None]:
    """Violations of a part are told with their places in the whole."""
    try:
        yield
    except InvalidRequestError as error:
        raise InvalidRequestError(tuple(Violation(where(each.pointer), each.detail) for each in error.errors)) from None


def within(number: int) -> AbstractContextManager[None]:
    """What a command complains of, told with its place in the whole."""
    options = {f"/{option}": f"{place(number)}/{argument(option)}" for option in (OCCURRED_AT, ON_BEHALF_OF, IF_MATCH)}
    options |= {f"/{option}": f"/{option}" for option in (IDEMPOTENCY_KEY, DRY_RUN)}
    return moved(lambda pointer: options.get(pointer, f"{place(number)}/arguments{pointer}"))


class Together:
    """Commands that see what those before them do.

    Atomic, the first refusal refuses all. Otherwise they are only rehearsed:
    a command that is refused leaves no trace for those after it.
    """

    def __init__(self, kernel: Kernel, items: Sequence[Item | Refusal], call: Call, *, is_atomic: bool) -> None:
        self._kernel = kernel
        self._items = items
        self._call = call
        self._is_atomic = is_atomic
        self._digest = _digest(items) if call.idempotency_key is not None else b""
        self._session = Session(kernel, call, self._digest)
        self._deciding: dict[int, tuple[UUID, Decide]] = {
            number: kernel.deciding(item.declared, item.command, item.call)
            for number, item in enumerate(items)
            if isinstance(item, Item) and isinstance(item.declared, CommandSlice)
        }

    async def run(self) -> Answer:
        """The answers to all. Raises the refusal of an atomic batch."""
        return await self._session.answered(self._settle())

    async def _settle(self) -> Answer:
        if replay := await self._session.replay():
            return replay
        async with AsyncExitStack() as turns:
            for subject in sorted({subject for subject, _ in self._deciding.values()}):
                await turns.enter_async_context(self._kernel.turn(subject))
            return await until_true(self._kernel.log, self._attempt)

    async def _attempt(self, log: Log) -> Answer | None:
        now = self._kernel.clock()
        overlay = Overlay(log, self._kernel.decoded)
        answers = Answers()
        drafts: list[Draft] = []
        try:
            for number, item in enumerate(self._items):
                if number % LOOK_AHEAD == 0:
                    await self._look_ahead(overlay, number)
                try:
                    answers.require_room()
                    if isinstance(item, Refusal):
                        raise item
                    with within(number):
                        draft = await self._draft(number, item, overlay, now)
                except Refusal as refusal:
                    if self._is_atomic:
                        raise _placed(refusal, number) from None
                    answers.refuse(refusal, request_id(self._call, number))
                else:
                    answers.add(draft.status, draft.body)
                    drafts.append(draft)
        except Exception:
            # As with a single command: it may come from a mixture of old and new.
            if await is_true(overlay, log):
                raise
            return None
        text = answers.text(POSITION_MARK, dry_run=self._call.dry_run)
        key = self._call.idempotency_key
        append = Append(
            reads=overlay.read_set(),
            actor=self._call.principal.name,
            via=self._call.via,
            entries=tuple(draft.entry for draft in drafts if draft.entry.events),
            answer=KeyedAnswer(self._call.principal.name, key, self._digest, 200, NO_RECORD, 0, text) if key else None,
        )
        if self._call.dry_run or not (append.entries or append.answer):
            return _sealed(text, self._session.unrecorded(overlay)) if await is_true(overlay, log) else None
        verdict = await log.append(append)
        match verdict:
            case Accepted():
                return _sealed(text, verdict)
            case Replayed():
                return as_answer(verdict)
            case KeyReused():
                raise IdempotencyKeyReusedError
            case TooLate(now):
                raise self._too_late(now)
            case _:
                return None  # what was looked at is no longer so

    async def _look_ahead(self, overlay: Overlay, number: int) -> None:
        """Look in one go at what the next commands name."""
        items = [item for item in self._items[number : number + LOOK_AHEAD] if isinstance(item, Item)]
        ids = list(ids_in([tuple(item.command.__dict__.values()) for item in items]))
        await overlay.ahead(*ids)
        if any(item.call.occurred_at is not None for item in items):
            await overlay.latest_joinings(ids)

    async def _draft(self, number: int, item: Item, overlay: Overlay, now: datetime) -> Draft:
        require_past(item.call, now)
        # What has no time of its own occurs when the batch is recorded: later than any time that may be given.
        session = _Within(self._kernel, item.call, overlay, now + timedelta(microseconds=1))
        if isinstance(item.declared, CommandSlice):
            _, decide = self._deciding[number]
            return await session.decide(decide)
        if isinstance(item.declared, HandlerSlice):
            await self._kernel.handle(item.declared, item.command, session)
            return session.draft
        await self._kernel.act(item.declared, item.command, item.call)
        raise TypeError(f"{item.declared.name} was done, though it was only to be rehearsed")

    def _too_late(self, now: datetime) -> Refusal:
        """The clock of the log is behind ours."""
        for number, item in enumerate(self._items):
            if isinstance(item, Item) and item.call.occurred_at is not None and item.call.occurred_at > now:
                return OccurredInFutureError(item.call.occurred_at, now).at(place(number))
        return ConcurrencyConflictError()


class _Within(Session):
    """One command in a batch: decided on what those before it have left, and not recorded by itself."""

    draft: Draft

    def __init__(self, kernel: Kernel, call: Call, overlay: Overlay, soon: datetime) -> None:
        super().__init__(kernel, call, b"")
        self._overlay = overlay
        self._soon = soon

    async def decide(self, decide: Decide) -> Draft:
        draft = Draft(self.call, self._overlay, await decide(self._overlay))
        refusal = await foreseen(draft, self._overlay, self._overlay.latest_joinings)
        if refusal is not None:
            raise refusal
        self._overlay.take_in(draft, self._soon)
        return draft

    async def settle(self, decide: Decide, subject: UUID, *, last: bool = True) -> Answer:
        self.draft = await self.decide(decide)
        return self.draft.answer(self.unrecorded(self._overlay))


def _placed(refusal: Refusal, number: int) -> Refusal:
    """The refusal with the place of its command, unless it is none of the command's doing."""
    is_ours = isinstance(refusal, OverloadedError | ConcurrencyConflictError)
    return refusal if is_ours else refusal.at(place(number))


def _sealed(text: str, accepted: Accepted) -> Answer:
    body = sealed(text, recorded_at=accepted.recorded_at, position=accepted.position)
    return Answer(200, NO_RECORD, 0, accepted.position, body)


def _digest(items: Sequence[Item | Refusal]) -> bytes:
    whole = sha256()
    for item in items:
        if isinstance(item, Item):
            whole.update(request_digest(item.declared.name, item.command))
            whole.update(repr((item.call.occurred_at, item.call.on_behalf_of, item.call.if_match)).encode())
    return whole.digest()
