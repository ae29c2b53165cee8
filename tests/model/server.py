"""The real thing, driven from code that does not await: one kernel on one database, with an authority that obeys."""

import asyncio
import json
from collections.abc import Awaitable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID

import uvloop
from tests.model.world import State

from cora.equipment.adapters.stub_doi_minter import StubDoiMinter
from cora.equipment.finish_reservations import Finished, finish_open_reservations
from cora.equipment.ports.doi_minter import Held, HeldState, Minted, MintFailedError, MintRequest
from cora.equipment.values import IdentifierScheme, PersistentIdentifier
from cora.equipment.views import AGGREGATES
from cora.facility_file import DirectFacility, apply_plan, make_export, make_plan, read_files
from cora.kernel.documents import Asked
from cora.kernel.errors import NotFoundError, Refusal, UnauthenticatedError
from cora.kernel.execute import Answer, Call, Kernel
from cora.kernel.principal import ANONYMOUS, Principal, Role
from cora.kernel.requests import to_request
from cora.kernel.showing import show
from cora.kernel.slice import ActSlice, CommandSlice, HandlerSlice, QuerySlice, Slice
from cora.kernel.when import When
from cora.log.store import PostgresLog
from cora.log.verify import Report, verify
from cora.settings import Settings
from cora.surfaces.start import opened

T = TypeVar("T")

NAME = "ada"
AGGREGATE_OF = {aggregate.kind: aggregate for aggregate in AGGREGATES}


class ObedientMinter(StubDoiMinter):
    """Does what it is asked, is busy, or refuses for good, as told. What it has lost it cannot change."""

    def __init__(self) -> None:
        super().__init__()
        self.does = "minted"
        self.asked: list[str] = []

    def lose(self, identifier: PersistentIdentifier) -> None:
        """Know nothing of an identifier any more."""
        del self._held[identifier.key]

    async def mint(self, request: MintRequest) -> Minted:
        self._answer("mint")
        return await super().mint(request)

    async def publish(self, request: MintRequest) -> Minted:
        self._answer("publish")
        return await super().publish(request)

    async def push(self, request: MintRequest) -> Minted:
        self._answer("push")
        self._require_held(request)
        return await super().push(request)

    async def hide(self, request: MintRequest) -> Minted:
        self._answer("hide")
        self._require_held(request)
        return await super().hide(request)

    async def look(self, identifier: PersistentIdentifier) -> Held | None:
        self.asked.append("look")
        if self.does == "busy":
            raise MintFailedError(self.does, retryable=True)
        return HeldForUs(identifier) if self.does == "refused but held" else await super().look(identifier)

    def _answer(self, what: str) -> None:
        self.asked.append(what)
        if self.does != "minted":
            raise MintFailedError(self.does, retryable=self.does == "busy")

    def _require_held(self, request: MintRequest) -> None:
        if request.identifier.key not in self._held:
            raise MintFailedError("lost", retryable=False)


class HeldForUs(Held):
    """Leads where it should, wherever that is."""

    def __init__(self, identifier: PersistentIdentifier) -> None:
        super().__init__(identifier, HeldState.FINDABLE, None, ours=True, resolves=True)

    def is_for(self, url: str) -> bool:
        return True


def identifier_in(persistent_id: State) -> PersistentIdentifier:
    """Scheme and value as one."""
    return PersistentIdentifier(IdentifierScheme(persistent_id["scheme"]), persistent_id["value"])


@dataclass(frozen=True)
class Server:
    """Runs commands and questions by name, and looks into the tables."""

    loop: asyncio.AbstractEventLoop
    dsn: str
    log: PostgresLog
    kernel: Kernel
    minter: ObedientMinter
    slices: dict[str, Slice]

    def publish(self, publishes: bool) -> None:
        """Whether identifiers are public from the start, or left drafts."""
        self.kernel.wired = replace(self.kernel.wired, publishes=publishes)

    def move(self, address: str) -> None:
        """Where the landing pages are from now on."""
        self.kernel.wired = replace(self.kernel.wired, public_url=address)

    def wait(self, awaitable: Awaitable[T]) -> T:
        """What comes of it."""
        return self.loop.run_until_complete(awaitable)

    def command(self, name: str, given: State, role: str, **options: Any) -> Answer | Refusal:
        """What a caller is answered."""
        declared = self.slices[name]
        assert isinstance(declared, CommandSlice | HandlerSlice)
        call = replace(Call(Principal(NAME, Role.named(role)), "system", request_id="model"), **options)
        try:
            return self.wait(self.kernel.command(declared, to_request(declared.request, given), call))
        except Refusal as refusal:
            return refusal

    def act(self, name: str, given: State) -> Any:
        """What comes of a command beside the log. Raises its refusal."""
        declared = self.slices[name]
        assert isinstance(declared, ActSlice)
        call = Call(Principal(NAME, Role.ADMIN), "system", request_id="model")
        return self.wait(self.kernel.act(declared, to_request(declared.request, given), call))

    def ask(self, name: str, given: State) -> Any:
        """The answer to a question. Raises its refusal."""
        return self._ask(name, given, Principal(NAME, Role.READER))

    def ask_publicly(self, name: str, given: State) -> Any:
        """What the world is answered, or None."""
        try:
            return self._ask(name, given, ANONYMOUS)
        except UnauthenticatedError:
            return None

    def _ask(self, name: str, given: State, caller: Principal) -> Any:
        declared = self.slices[name]
        assert isinstance(declared, QuerySlice)
        return self.wait(self.kernel.query(declared, to_request(declared.request, given), caller))

    def shown(self, kind: str, id: str, when: When) -> Any:
        """A record as it was, or None when there was none."""
        look = partial(show, AGGREGATE_OF[kind], UUID(id))
        try:
            return json.loads(self.wait(self.kernel.see(look, when)).body)
        except NotFoundError:
            return None

    def listed(self, kind: str, asked: Asked) -> Any:
        """A page of a list."""
        return json.loads(self.wait(self.log.list(AGGREGATE_OF[kind], asked)).body)

    def work(self) -> Finished:
        """The worker, without its patience."""
        return self.wait(finish_open_reservations(self.kernel, self.log, grace=timedelta(0)))

    def rows(self, sql: str, *values: Any) -> list[Any]:
        """Rows of the tables."""
        return self.wait(self.log.pool.fetch(sql, *values))

    def documents(self, ids: list[str]) -> dict[str, Any]:
        """What is stored of some records, by id; `state` is parsed."""
        rows = self.rows(
            "select id, kind, version, occurred_at, body::text as body from document where id = any($1)",
            [UUID(id) for id in ids],
        )
        return {str(row["id"]): {**row, "state": json.loads(row["body"])} for row in rows}

    def last_reserved(self) -> str:
        """The id of the identifier that was reserved last."""
        reserved = "select stream from event where kind = 'PersistentIdReserved' order by position desc limit 1"
        return str(self.rows(reserved)[0]["stream"])

    def held(self, persistent_id: State) -> str | None:
        """How far the authority lets the world see an identifier; None when it does not hold it."""
        held = self.wait(StubDoiMinter.look(self.minter, identifier_in(persistent_id)))
        return held and held.state

    def exported(self) -> str:
        """All that is in use, as a facility file."""
        export = self.wait(make_export(self._facility()))
        return "".join(f"{line}\n" for line in export.lines())

    def apply(self, text: str, path: Path) -> None:
        """Make the facility as a file says."""
        path.write_text(text, encoding="utf-8")
        plan = self.wait(make_plan(read_files([path]), self._facility()))
        assert not plan.problems, plan.problems[:3]
        result = self.wait(apply_plan(plan, self._facility()))
        assert result.is_complete, result.failures[:3]

    def _facility(self) -> DirectFacility:
        slices = tuple(self.slices.values())
        return DirectFacility(self.kernel, self.log, self.log.contacts, slices, Principal(NAME, Role.ADMIN))

    def verified(self) -> Report:
        """What verify says of the whole log."""
        return self.wait(verify(self.dsn, "cora", AGGREGATES))


@contextmanager
def serving(dsn: str, directory: Path) -> Generator[Server]:
    """A server on a migrated database, with a loop of its own."""
    minter = ObedientMinter()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        running = opened(Settings(data_dir=directory), dsn)
        cora = runner.run(running.__aenter__())
        try:
            equipment = replace(cora.equipment, doi_minter=minter)
            slices = {declared.name: declared for declared in equipment.slices}
            yield Server(runner.get_loop(), dsn, cora.log, Kernel(cora.log, equipment), minter, slices)
        finally:
            runner.run(running.__aexit__(None, None, None))
