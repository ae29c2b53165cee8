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
from cora.equipment.values import PersistentIdentifier
from cora.equipment.views import AGGREGATES
from cora.facility_file import DirectFacility, apply_plan, make_export, make_plan, read_files
from cora.kernel.documents import Asked
from cora.kernel.errors import NotFoundError, Refusal
from cora.kernel.execute import Answer, Call, Kernel
from cora.kernel.principal import Principal, Role
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
    """Mints, is busy, or refuses for good, as told."""

    def __init__(self) -> None:
        super().__init__()
        self.does = "minted"
        self.asked = 0

    async def mint(self, request: MintRequest) -> Minted:
        self.asked += 1
        if self.does == "minted":
            return Minted(request.identifier)
        raise MintFailedError(self.does, retryable=self.does == "busy")

    async def look(self, identifier: PersistentIdentifier) -> Held | None:
        return HeldForUs(identifier) if self.does == "refused but held" else None


class HeldForUs(Held):
    """Leads where it should, wherever that is."""

    def __init__(self, identifier: PersistentIdentifier) -> None:
        super().__init__(identifier, HeldState.FINDABLE, None, ours=True, resolves=True)

    def is_for(self, url: str) -> bool:
        return True


@dataclass(frozen=True)
class Server:
    """Runs commands and questions by name, and looks into the tables."""

    loop: asyncio.AbstractEventLoop
    dsn: str
    log: PostgresLog
    kernel: Kernel
    minter: ObedientMinter
    slices: dict[str, Slice]

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
        declared = self.slices[name]
        assert isinstance(declared, QuerySlice)
        request = to_request(declared.request, given)
        return self.wait(self.kernel.query(declared, request, Principal(NAME, Role.READER)))

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
