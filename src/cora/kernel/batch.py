"""Many commands in one request: all or none of them (together.py), or each on its own, one after the other.

Each command is read, allowed and decided as it is by itself. What it would be
answered by itself is its answer here.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema

from cora.kernel.draft import Answer, Call
from cora.kernel.errors import AnswersTooLargeError, OverloadedError, Refusal, Violation
from cora.kernel.execute import Kernel
from cora.kernel.reader import NO_RECORD
from cora.kernel.requests import (
    IF_MATCH,
    OCCURRED_AT,
    ON_BEHALF_OF,
    argument,
    gathering,
    invalid,
    read_call,
    to_request,
)
from cora.kernel.slice import ActSlice, Command, CommandSlice, HandlerSlice, Route, Slice
from cora.kernel.together import Answers, Item, Together, moved, place, request_id, within
from cora.kernel.written import adapter_of

MAXIMUM_COMMANDS = 1000
NAME = "batch"

_DOC = """Do up to 1,000 commands in one request, in order. With `atomic` all are recorded at one moment, or none: each
sees what those before it did, and the first refusal refuses the whole, with the place of its command as `pointer`.
Without it each is on its own: a refusal is the answer to that command, and the others go on. An idempotency key is for
the whole of an atomic batch, and otherwise `<key>/<n>` for command n, counted from 0. `occurred_at` and `on_behalf_of`
of the request hold for each command that has none of its own. A dry run lets each command see what those before it
would do, atomic or not. Commands that ask an outside authority or change what lies beside the log cannot be part of an
atomic batch. When the server is overloaded (503) or the answers become too large (413), the rest is not tried."""


class BatchCommand(BaseModel):
    """One command of a batch."""

    model_config: ClassVar[ConfigDict] = ConfigDict(frozen=True, extra="forbid")

    command: str = Field(description="Its name, such as register_asset.", examples=["activate_asset"])
    arguments: dict[str, Any] = Field(
        default_factory=dict[str, Any], description="Its fields, those of its path among them."
    )
    occurred_at: str | None = Field(
        None, description="When it became true, with an offset.", json_schema_extra={"format": "date-time"}
    )
    on_behalf_of: str | None = Field(None, description="For whom it is done.")
    if_match: int | None = Field(None, ge=0, description="The version that the record must still have.")


# Each command is read by itself, so that what is wrong with one is its own answer.
_AsSent = Annotated[Any, WithJsonSchema(BatchCommand.model_json_schema())]


class Batch(Command):
    """Commands, and whether they are done all or none."""

    commands: tuple[_AsSent, ...] = Field(
        min_length=1,
        max_length=MAXIMUM_COMMANDS,
        description="Each with its `command` (a name) and `arguments` (its fields, those of its path among them), and "
        "where wanted `occurred_at`, `on_behalf_of` and `if_match` (a version).",
    )
    atomic: bool = Field(False, description="All of them at one moment, or none.")


class CommandAnswer(BaseModel):
    """What one command is answered: its usual answer, or the problem that it met."""

    status: int
    body: dict[str, Any]


class BatchAnswer(BaseModel):
    """The answers to the commands, in their order."""

    answers: list[CommandAnswer]
    position: int | None = Field(description="Of the log, after the last command that was not refused.")
    dry_run: Literal[True] = Field(True, description="Present when nothing was recorded, only rehearsed.")


@dataclass(frozen=True)
class BatchSlice(Slice):
    """The command that does many, run by `run(kernel, declared, batch, call)`; `commands` are those it can do."""

    commands: Mapping[str, CommandSlice | HandlerSlice | ActSlice]
    answer: type[BaseModel]


def batch_of(slices: Iterable[Slice]) -> BatchSlice:
    """The declaration of the batch of some commands."""
    commands = {each.name: each for each in slices if isinstance(each, CommandSlice | HandlerSlice | ActSlice)}
    return BatchSlice(
        name=NAME,
        routes=(Route("POST", f"/{NAME}"),),
        allow=min(each.allow for each in commands.values()),
        refuses=(AnswersTooLargeError,),
        doc=_DOC,
        request=Batch,
        run=run_batch,
        parameters=frozenset(),
        commands=commands,
        answer=BatchAnswer,
    )


async def run_batch(kernel: Kernel, declared: BatchSlice, batch: Batch, call: Call) -> Answer:
    """The answers to all commands. Raises the refusal of the whole: of an atomic batch the first one met."""
    call.principal.require(declared.allow)
    if call.if_match is not None:
        raise invalid([Violation(f"/{IF_MATCH}", "is not possible here; a command has its own if_match")])
    if batch.atomic:
        return await Together(kernel, _all_items(declared, batch, call), call, is_atomic=True).run()
    if call.dry_run:
        items = [_item_or_refusal(declared, batch, number, call) for number in range(len(batch.commands))]
        return await Together(kernel, items, call, is_atomic=False).run()
    return await _one_by_one(kernel, declared, batch, call)


async def _one_by_one(kernel: Kernel, declared: BatchSlice, batch: Batch, call: Call) -> Answer:
    answers = Answers()
    position: int | None = None
    overloaded: OverloadedError | None = None
    for number in range(len(batch.commands)):
        try:
            if overloaded is not None:
                raise overloaded
            answers.require_room()
            item = _item(declared, batch, number, call)
            with within(number):
                answer = await _done(kernel, item)
        except Refusal as refusal:
            answers.refuse(refusal, request_id(call, number))
            if isinstance(refusal, OverloadedError):
                overloaded = refusal
        else:
            answers.add(answer.status, answer.body)
            position = max(position or 0, answer.position)
    text = answers.text("null" if position is None else str(position))
    return Answer(200, NO_RECORD, 0, position or 0, text)


async def _done(kernel: Kernel, item: Item) -> Answer:
    """A command done by itself; what lies beside the log has no position."""
    if not isinstance(item.declared, ActSlice):
        return await kernel.command(item.declared, item.command, item.call)
    done = await kernel.act(item.declared, item.command, item.call)
    shown = adapter_of(item.declared.answer).dump_json(done).decode()
    return Answer(item.declared.status, NO_RECORD, 0, 0, shown)


def _all_items(declared: BatchSlice, batch: Batch, call: Call) -> list[Item]:
    """The commands of an atomic batch. Raises `ForbiddenError`, or all that is wrong with their shape."""
    items: list[Item] = []
    errors: list[Violation] = []
    for number in range(len(batch.commands)):
        try:
            with gathering(errors):
                item = _item(declared, batch, number, call)
                if not isinstance(item.declared, CommandSlice):
                    why = "does more than record events, so it cannot be part of an atomic batch"
                    raise invalid([Violation(f"{place(number)}/command", why)])
                items.append(item)
        except Refusal as forbidden:
            raise forbidden.at(place(number)) from None
    if errors:
        raise invalid(errors)
    return items


def _item_or_refusal(declared: BatchSlice, batch: Batch, number: int, call: Call) -> Item | Refusal:
    try:
        return _item(declared, batch, number, call)
    except Refusal as refusal:
        return refusal


def _item(declared: BatchSlice, batch: Batch, number: int, call: Call) -> Item:
    """A command, as by itself. Raises `ForbiddenError`, or `InvalidRequestError` with all that is wrong with it."""
    here = place(number)
    with moved(lambda pointer: here + pointer):
        given = to_request(BatchCommand, batch.commands[number])
    known = declared.commands.get(given.command)
    if known is None:
        why = "cannot stand in a batch" if given.command == NAME else "names no command; a question is asked by itself"
        raise invalid([Violation(f"{here}/command", why)])
    call.principal.require(known.allow)
    errors: list[Violation] = []
    command: Any = None
    own = call
    with gathering(errors), moved(lambda pointer: f"{here}/arguments{pointer}"):
        command = to_request(known.request, given.arguments)
    with gathering(errors), moved(lambda pointer: here + argument(pointer)):
        own = _call(given, number, call)
    if errors:
        raise invalid(errors)
    return Item(known, command, own)


def _call(given: BatchCommand, number: int, call: Call) -> Call:
    """What goes with one command: its own options, else those of the batch."""
    options: dict[str, str | None] = {OCCURRED_AT: given.occurred_at, ON_BEHALF_OF: given.on_behalf_of}
    if given.if_match is not None:
        options[IF_MATCH] = f'"{given.if_match}"'
    own = read_call(call.principal, call.via, request_id(call, number), options)
    return replace(
        own,
        on_behalf_of=own.on_behalf_of or call.on_behalf_of,
        occurred_at=own.occurred_at or call.occurred_at,
        idempotency_key=f"{call.idempotency_key}/{number}" if call.idempotency_key is not None else None,
        dry_run=call.dry_run,
    )
