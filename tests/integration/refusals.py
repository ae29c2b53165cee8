"""Cases of commands that are carried out and commands that are refused, each tried over HTTP and over MCP.

A case is a function that brings the world into a state and says what is tried
in it. One that is refused changes nothing, so both surfaces try it in the same
world, and must say the same.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.integration.scenario import World

from cora.equipment.ports.doi_minter import DoiMinter
from cora.kernel.errors import PROBLEM_TYPE, IdTakenError, Refusal
from cora.kernel.problem import STANDARD_MEMBERS
from cora.kernel.slice import CommandSlice, Creation, HandlerSlice, Slice

SURFACES = ("http", "mcp")


@dataclass(frozen=True)
class Listed:
    """Equal to a list of objects that have just these values under a key, each with a detail that says more."""

    key: str
    values: tuple[str, ...]

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, list):
            return NotImplemented
        items: list[dict[str, str]] = other  # pyright: ignore[reportUnknownVariableType]
        return [item[self.key] for item in items] == list(self.values) and all(item["detail"] for item in items)


def at(*places: str) -> Listed:
    """Violations at these places."""
    return Listed("pointer", places)


def lacking(*properties: str) -> Listed:
    """Properties that a PIDINST record lacks."""
    return Listed("property", properties)


RECORDED_FIRST = {"PersistentIdReserved", "PersistentIdPublicationRequested"}


@dataclass(frozen=True)
class Tried:
    """What is tried.

    `members` are all members of the refusal, or some of the state afterwards (of the answer, for what records
    nothing). `says` are words of the detail of a refusal, that tell what is wrong or what to do. `answer` are members
    of the answer beside the usual. `minter` is the authority while it is tried.
    """

    arguments: Mapping[str, Any]
    members: Mapping[str, Any] = field(default_factory=dict[str, Any])
    says: str = ""
    answer: Mapping[str, Any] = field(default_factory=dict[str, Any])
    minter: DoiMinter | None = None


Arrange = Callable[[World], Awaitable[Tried]]


@dataclass(frozen=True)
class Refused:
    """A command that is refused."""

    command: str
    refusal: type[Refusal]
    arrange: Arrange

    def __str__(self) -> str:
        return f"{self.command}-{self.arrange.__name__}"

    async def check(self, world: World) -> None:
        """Try it on both surfaces. Both refuse alike, and nothing is recorded."""
        tried = await self.arrange(world)
        before = await world.surfaces.recorded()
        usual = world.surfaces.cora.equipment.doi_minter
        world.surfaces.use_minter(tried.minter or usual)
        try:
            over_http = await world.surfaces.http(self.command, tried.arguments)
            over_mcp = await world.surfaces.mcp(self.command, tried.arguments)
        finally:
            world.surfaces.use_minter(usual)
        problem: dict[str, Any] = over_http.json()
        assert problem.get("code") == self.refusal.code(), problem
        assert over_http.status_code == problem["status"] == self.refusal.status
        assert over_http.headers["Content-Type"] == "application/problem+json"
        assert over_http.headers["X-Request-Id"] == problem["request_id"]
        assert problem["type"] == PROBLEM_TYPE + self.refusal.code()
        assert {name: value for name, value in problem.items() if name not in STANDARD_MEMBERS} == tried.members
        assert tried.says, "a case says what the detail tells"
        assert tried.says in problem["detail"]
        assert problem["detail"] != problem["title"]
        assert over_mcp.refuses
        assert {**over_mcp.body, "request_id": problem["request_id"]} == problem
        if tried.minter is None:
            assert await world.surfaces.recorded() == before


@dataclass(frozen=True)
class Done:
    """A command that is carried out, with the kinds of the events it records, or an answered question."""

    command: str
    events: tuple[str, ...]
    arrange: Arrange

    def __str__(self) -> str:
        return f"{self.command}-{self.arrange.__name__}"

    async def check(self, world: World, surface: str) -> None:
        """Rehearse it, then do it."""
        tried = await self.arrange(world)
        declared = world.surfaces.slices[self.command]
        if isinstance(declared, CommandSlice | HandlerSlice):
            await self._check_command(world, surface, declared, tried)
            return
        said = await world.surfaces.call(surface, self.command, tried.arguments)
        assert not said.refuses, said.body
        assert {name: said.body[name] for name in tried.members} == tried.members

    async def _check_command(
        self, world: World, surface: str, declared: CommandSlice | HandlerSlice, tried: Tried
    ) -> None:
        before = await world.surfaces.recorded()
        rehearsed = await world.surfaces.call(surface, self.command, tried.arguments, dry_run=True)
        assert not rehearsed.refuses, rehearsed.body
        assert rehearsed.body["dry_run"] is True
        assert sorted(event["kind"] for event in rehearsed.body["events"]) == sorted(self.events)
        assert await world.surfaces.recorded() == before

        said = await world.surfaces.call(surface, self.command, tried.arguments)
        assert not said.refuses, said.body
        answer = said.body
        # A reservation, and that a draft is to be published, are recorded first, in an append of their own.
        is_handler = isinstance(declared, HandlerSlice)
        told = [event["kind"] for event in answer["events"]]
        assert sorted(told) == sorted(kind for kind in self.events if not (is_handler and kind in RECORDED_FIRST))
        assert await world.surfaces.recorded() == before + len(self.events)
        assert {name: answer["state"][name] for name in tried.members} == tried.members
        assert tried.answer.items() <= answer.items()
        assert said.status in (None, 201 if creates(declared) else 200)
        shown = await world.surfaces.web[max(world.surfaces.web)].get(f"/{declared.on.collection}/{answer['id']}")
        assert shown.json()["state"] == answer["state"]
        assert shown.json()["version"] == answer["version"]
        assert shown.headers["ETag"] == f'"{answer["version"]}"'


def creates(declared: CommandSlice | HandlerSlice) -> bool:
    """Whether the answer is 201."""
    return declared.creates if isinstance(declared, CommandSlice) else declared.status == 201


class Cases:
    """The cases of a file, gathered by decorators."""

    def __init__(self) -> None:
        self.refused: list[Refused] = []
        self.done: list[Done] = []

    def refuses(self, command: str, refusal: type[Refusal]) -> Callable[[Arrange], Arrange]:
        """The function arranges a refusal of this command."""

        def add(arrange: Arrange) -> Arrange:
            self.refused.append(Refused(command, refusal, arrange))
            return arrange

        return add

    def does(self, command: str, *events: str) -> Callable[[Arrange], Arrange]:
        """The function arranges what this command carries out, with these events."""

        def add(arrange: Arrange) -> Arrange:
            self.done.append(Done(command, events, arrange))
            return arrange

        return add


def declared_refusals(declared: Slice) -> Iterable[type[Refusal]]:
    """Every refusal that belongs to a slice: those of its row, of the record in its path, of an id it may bring."""
    yield from declared.refuses
    if isinstance(declared, CommandSlice | HandlerSlice) and declared.on.path_id in declared.route.path_fields:
        yield declared.on.not_found
    if issubclass(declared.request, Creation):
        yield IdTakenError
