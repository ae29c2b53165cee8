"""The declaration of a slice: one command or question, in one file, declared once.

`decides` declares a pure decision, `handles` a command that talks to an
outside authority between two decisions, `answers` a question, `acts` a command
beside the log (contacts, tokens). Each attaches a declaration to the function
and returns it untouched; the surfaces derive route, tool, command line, role
check and reference page from it.
"""

import inspect
import re
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from importlib import import_module
from pkgutil import iter_modules
from types import ModuleType
from typing import Any, ClassVar, TypeVar, get_type_hints
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from cora.kernel.aggregate import Aggregate, Event
from cora.kernel.errors import Refusal
from cora.kernel.principal import Role
from cora.kernel.when import When

F = TypeVar("F", bound=Callable[..., Any])


class Command(BaseModel):
    """What a caller wants done. Its fields are the wire format; the path id is one of them."""

    model_config: ClassVar[ConfigDict] = ConfigDict(frozen=True, extra="forbid")


class Creation(Command):
    """A command that makes a record; it may bring the id (a UUID not used before)."""

    id: UUID | None = None


class Query(BaseModel):
    """What a caller wants to know."""

    model_config: ClassVar[ConfigDict] = ConfigDict(frozen=True, extra="forbid")


@dataclass(frozen=True)
class On:
    """An event for another record than the one the command is about, recorded together with it."""

    aggregate: Aggregate[Any]
    id: UUID
    event: Event


@dataclass(frozen=True)
class Route:
    """An HTTP method and a path template."""

    method: str
    path: str

    @classmethod
    def parse(cls, text: str) -> "Route":
        """`POST /assets/{asset_id}/activate` as a route."""
        method, path = text.split(" ")
        return cls(method, path)

    @property
    def path_fields(self) -> tuple[str, ...]:
        """The names in braces."""
        return tuple(re.findall(r"{(\w+)(?:\.\.\.)?}", self.path))

    @property
    def plain_path(self) -> str:
        """The path without the dots that say that a field takes all that is left, slashes too."""
        return self.path.replace("...}", "}")

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


@dataclass(frozen=True)
class OwnMoment:
    """The field of a question that says which moment it is about, and what it stands for in one question."""

    field: str
    when: Callable[[Any], When]


@dataclass(frozen=True)
class SharedTool:
    """The one tool by which agents ask the same question about records of several kinds; `doc` says what it asks."""

    name: str
    doc: str


@dataclass(frozen=True)
class Slice:
    """What every slice declares."""

    name: str
    routes: tuple[Route, ...]
    allow: Role
    refuses: tuple[type[Refusal], ...]
    doc: str
    request: type[BaseModel]
    run: Callable[..., Any]
    parameters: frozenset[str]

    @property
    def route(self) -> Route:
        """The first route; further ones are aliases."""
        return self.routes[0]


@dataclass(frozen=True)
class CommandSlice(Slice):
    """A command decided by a pure function `run(command, [<kind>], [context], [new_id], [now])`.

    It `ends` when it is there to end something (a record, a part of it, or its tie to another), or can never be taken
    back.
    """

    on: Aggregate[Any]
    creates: bool
    loads: Callable[..., Awaitable[Any]] | None
    identify: Callable[[Any], UUID] | None
    ends: bool = False


@dataclass(frozen=True)
class HandlerSlice(Slice):
    """A command handled by `async run(command, [session], [wired])`, which makes its decisions through the session.

    `answer_fields` describes what its answer carries besides the usual.
    """

    on: Aggregate[Any]
    status: int
    answer_fields: type[BaseModel] | None
    ends: bool = False


@dataclass(frozen=True)
class QuerySlice(Slice):
    """A question answered by `async run(query, [read], [events], [searches], [when], [caller], [wired])` from one state
    of the records (`read`), from what was recorded (`events`), or from what their words find (`searches`).

    It can be asked about the past when it reads records, or is told `when`, unless it says itself, by `moment`, when
    it is about, or searches: only the words of what is are kept. Where it `follows`, its items can be had for ever, as
    they come: an async generator of lists of events after the query's `after`, empty when nothing came for long. Where
    several ask the same about one record, each of another kind, in its path, they share a `tool`. What `writes` a text
    answers it as `text`, with its `media_type`, one of these: over HTTP the text is sent as it is.
    """

    answer: type[Any]
    moment: "OwnMoment | None" = None
    follows: Callable[..., AsyncGenerator[Sequence[Any]]] | None = None
    tool: SharedTool | None = None
    writes: tuple[str, ...] = ()

    @property
    def has_past(self) -> bool:
        """Whether it can be asked as of another moment."""
        has_moment = self.moment is not None or "searches" in self.parameters
        return not has_moment and not self.parameters.isdisjoint({"read", "when"})


@dataclass(frozen=True)
class ActSlice(Slice):
    """A command beside the log, done by `async run(command, [caller], [session], [documents], [wired])`.

    No event comes of it itself; what it finds in `documents` it may have done through the session, record by record.
    """

    status: int
    answer: type[Any]
    ends: bool = False


def _document(function: Callable[..., Any]) -> str:
    return inspect.getdoc(inspect.getmodule(function)) or inspect.getdoc(function) or ""


def _parameters(function: Callable[..., Any], known: set[str]) -> frozenset[str]:
    parameters = frozenset(inspect.signature(function).parameters)
    if parameters - known:
        raise TypeError(f"{function.__name__} asks for {sorted(parameters - known)}; it can be given {sorted(known)}")
    return parameters


def _attach(function: F, declared: Slice) -> F:
    function.__slice__ = declared  # type: ignore[attr-defined]
    return function


def decides(
    route: str,
    *,
    on: Aggregate[Any],
    allow: Role,
    refuses: tuple[type[Refusal], ...] = (),
    loads: Callable[..., Awaitable[Any]] | None = None,
    identify: Callable[[Any], UUID] | None = None,
    also: tuple[str, ...] = (),
    ends: bool = False,
) -> Callable[[F], F]:
    """Declare a command.

    The function takes the command and, by name, whatever it needs of: the
    record's state (named after its kind), `context` (what `loads(command,
    [state], read)` returned), `new_id` and `now`. It returns a list of events,
    with `On` for those of other records; an empty list means no change.
    Without a state parameter the command creates a record; `identify` gives
    its id where that follows from the command. `also` are further routes.
    `ends`: it is there to end something, or can never be taken back.
    """

    def declare(function: F) -> F:
        parameters = _parameters(function, {"command", on.kind, "context", "new_id", "now"})
        return _attach(
            function,
            CommandSlice(
                name=function.__name__,
                routes=tuple(Route.parse(text) for text in (route, *also)),
                allow=allow,
                refuses=refuses,
                doc=_document(function),
                request=get_type_hints(function)["command"],
                run=function,
                on=on,
                parameters=parameters,
                creates=on.kind not in parameters,
                loads=loads,
                identify=identify,
                ends=ends,
            ),
        )

    return declare


def handles(
    route: str,
    *,
    on: Aggregate[Any],
    allow: Role,
    refuses: tuple[type[Refusal], ...] = (),
    status: int = 200,
    answer_fields: type[BaseModel] | None = None,
    ends: bool = False,
) -> Callable[[F], F]:
    """Declare a command that needs more than one decision, with something between them."""

    def declare(function: F) -> F:
        return _attach(
            function,
            HandlerSlice(
                name=function.__name__,
                routes=(Route.parse(route),),
                allow=allow,
                refuses=refuses,
                doc=_document(function),
                request=get_type_hints(function)["command"],
                run=function,
                parameters=_parameters(function, {"command", "session", "wired"}),
                on=on,
                status=status,
                answer_fields=answer_fields,
                ends=ends,
            ),
        )

    return declare


def answers(
    route: str,
    *,
    allow: Role,
    refuses: tuple[type[Refusal], ...] = (),
    follows: Callable[..., AsyncGenerator[Sequence[Any]]] | None = None,
    moment: OwnMoment | None = None,
    tool: SharedTool | None = None,
    writes: tuple[str, ...] = (),
) -> Callable[[F], F]:
    """Declare a question. `Role.ANONYMOUS` lets everybody ask; the function may still refuse."""

    def declare(function: F) -> F:
        hints = get_type_hints(function)
        return _attach(
            function,
            QuerySlice(
                name=function.__name__,
                routes=(Route.parse(route),),
                allow=allow,
                refuses=refuses,
                doc=_document(function),
                request=hints["query"],
                run=function,
                parameters=_parameters(function, {"query", "read", "events", "searches", "when", "caller", "wired"}),
                answer=hints["return"],
                moment=moment,
                follows=follows,
                tool=tool,
                writes=writes,
            ),
        )

    return declare


def acts(
    route: str, *, allow: Role, refuses: tuple[type[Refusal], ...] = (), status: int = 200, ends: bool = False
) -> Callable[[F], F]:
    """Declare a command on what lies beside the log and has no history."""

    def declare(function: F) -> F:
        hints = get_type_hints(function)
        return _attach(
            function,
            ActSlice(
                name=function.__name__,
                routes=(Route.parse(route),),
                allow=allow,
                refuses=refuses,
                doc=_document(function),
                request=hints["command"],
                run=function,
                parameters=_parameters(function, {"command", "caller", "session", "documents", "wired"}),
                status=status,
                answer=hints["return"],
                ends=ends,
            ),
        )

    return declare


def refusals_of(declared: Slice) -> tuple[type[Refusal], ...]:
    """Every refusal of a slice in the order of its checks, that of the record in its path first."""
    has_record = isinstance(declared, HandlerSlice) or (isinstance(declared, CommandSlice) and not declared.creates)
    path = (declared.on.not_found,) if has_record and isinstance(declared, HandlerSlice | CommandSlice) else ()
    return tuple(dict.fromkeys((*path, *declared.refuses)))


def declared_slices(package: ModuleType) -> Iterable[Slice]:
    """Every slice declared in the modules of a package, by the name of its file."""
    for module in sorted(iter_modules(package.__path__), key=lambda found: found.name):
        members = vars(import_module(f"{package.__name__}.{module.name}"))
        for member in members.values():
            declared = getattr(member, "__slice__", None)
            if isinstance(declared, Slice) and member.__module__ == f"{package.__name__}.{module.name}":
                yield declared
