"""Servers of cora that may be killed at any step of minting: `python minting_server.py`, orders on standard input.

Each order is a line of JSON, each answer one too. This process has everything
imported and forks a server for every `{"serve": ...}`, so that one starts in a
fraction of a second; `{"end": pid, "signal": number}` ends one and waits until it is gone.

What a server here has that `cora serve` has not: its authority is the one of
the test, which outlives it, and it tells the authority of every step before it
takes it. The authority answers when the test lets the server go on. With settings of an authority it is that one.
"""

import contextlib
import gc
import json
import os
import signal
import sys
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import uvloop

from cora.equipment import features, minting
from cora.equipment import keep_publications as publications
from cora.equipment.adapters import opening
from cora.equipment.adapters.stub_doi_minter import StubDoiMinter
from cora.equipment.finish_reservations import finish_open_reservations
from cora.equipment.keep_publications import keep_publications
from cora.equipment.ports.doi_minter import Held, HeldState, Minted, MintFailedError, MintRequest
from cora.equipment.values import PersistentIdentifier
from cora.equipment.views import AGGREGATES, VIEWS
from cora.equipment.wire import Deps, wire_equipment
from cora.equipment.wired import Equipment
from cora.kernel.reader import Append, Verdict
from cora.kernel.slice import declared_slices
from cora.log.store import PostgresLog
from cora.settings import Settings
from cora.surfaces import start
from cora.surfaces.logging import configure_logging
from cora.surfaces.mcp.tools import offered_tools
from cora.surfaces.server import listening, serve

LEASE_SECONDS = 1.0
"""How long a killed server is in the way of the next one: shorter than in earnest, so that tests need not wait."""

PAUSES = (0.1, 0.2, 0.4)
"""Between the tries of a call to an authority, shorter likewise."""

STEPS = {
    "PersistentIdReserved": "reserved",
    "PersistentIdMintFailed": "failed",
    "PersistentIdMinted": "assigned",
    "PersistentIdPublicationRequested": "requested",
    "PersistentIdMetadataPushed": "told",
    "PersistentIdRedirected": "redirected",
    "PersistentIdWithdrawn": "withdrawn",
    "PersistentIdReleased": "released",
}
"""The appends of an assignment, and of what is done with an identifier since, by the first event of each."""


class RemoteMinter(StubDoiMinter):
    """An authority behind HTTP, whose identifiers are tests."""

    def __init__(self, web: httpx.AsyncClient) -> None:
        super().__init__()
        self.web = web

    async def mint(self, request: MintRequest) -> Minted:
        answer = await self._send("PUT", request.identifier, {"url": request.url})
        if answer.is_error:
            raise MintFailedError(answer.text, retryable=answer.status_code >= 500)
        return Minted(request.identifier)

    async def look(self, identifier: PersistentIdentifier) -> Held | None:
        answer = await self._send("GET", identifier)
        if answer.is_error:
            return None
        return Held(identifier, HeldState.FINDABLE, answer.json()["url"], ours=True, resolves=True)

    async def _send(self, method: str, identifier: PersistentIdentifier, body: Any = None) -> httpx.Response:
        try:
            return await self.web.request(method, f"/identifiers/{quote(identifier.value, safe='')}", json=body)
        except httpx.TransportError as lost:
            raise MintFailedError(f"no answer ({type(lost).__name__})", retryable=True) from lost


def step_of(request: Append) -> tuple[str, str] | None:
    """Which append about an identifier this is, and the record that has it or is to have it."""
    (entry,) = request.entries
    step = STEPS.get(entry.events[0].kind) if entry.events else None
    if step is None:
        return None
    states = (json.loads(document.body) for document in entry.documents if document.kind == "persistent_id")
    return step, next(states)["subject_id"]


def tell_steps(web: httpx.AsyncClient) -> None:
    """From now on the authority is told before and after each append about an identifier."""
    append = PostgresLog.append

    async def told(self: PostgresLog, request: Append) -> Verdict:
        step = step_of(request)
        if step is None:
            return await append(self, request)
        name, subject = step
        await web.post("/steps", json={"step": f"before {name}", "subject": subject})
        verdict = await append(self, request)
        await web.post("/steps", json={"step": f"after {name}", "subject": subject})
        return verdict

    PostgresLog.append = told


async def run(order: dict[str, Any], answers: int) -> None:
    """Serve until SIGTERM; the order holds `dsn`, `directory`, `authority` and `grace` of the worker in seconds.

    With `settings` identifiers come from the authority that these name, and `authority` is told the steps alone.
    """
    settings = Settings(data_dir=Path(order["directory"]), database_url=order["dsn"], port=0, **order["settings"])
    listener = listening(settings)
    async with httpx.AsyncClient(base_url=order["authority"], timeout=None, limits=httpx.Limits()) as web:
        tell_steps(web)

        def wire(deps: Deps) -> Equipment:
            minter = RemoteMinter(web)
            return wire_equipment(replace(deps, doi_minter=minter, bulk_minter=minter, public_url="http://cora.test"))

        minting.LEASE_SECONDS = LEASE_SECONDS
        opening.opened_datacite = partial(opening.opened_datacite, pauses=PAUSES)
        opening.opened_handle = partial(opening.opened_handle, pauses=PAUSES)
        start.WORK_EVERY = 0.1
        if not order["settings"]:
            start.wire_equipment = wire
        grace = timedelta(seconds=order["grace"])
        start.finish_open_reservations = partial(finish_open_reservations, grace=grace)
        start.keep_publications = partial(keep_publications, quiet=grace)
        publications.FIRST_PAUSE = timedelta(seconds=0.1)
        async with start.opened(settings, order["dsn"]) as cora:

            async def tell() -> None:
                said = {"pid": os.getpid(), "port": listener.getsockname()[1]}
                os.write(answers, json.dumps(said).encode() + b"\n")

            await serve(cora, listener, tell)


def fork(order: dict[str, Any], answers: int) -> int:
    """The process of a new server; it answers when it is up, or says why it never will be."""
    pid = os.fork()
    if pid:
        return pid
    status = 1
    try:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        log = os.open(Path(order["directory"]) / "server.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(log, 1)
        os.dup2(log, 2)
        configure_logging("console")
        uvloop.run(run(order, answers))
        status = 0
    except BaseException as error:
        os.write(answers, json.dumps({"failed": repr(error)}).encode() + b"\n")
        raise
    finally:
        os._exit(status)


def prepare() -> None:
    """Make, once for all servers, what the first one in a process makes."""
    Settings()
    httpx.AsyncClient()
    for each in AGGREGATES:
        assert each.state_adapter
        assert each.event_adapters
    nothing: Any = None
    offered_tools(nothing, nothing, tuple(declared_slices(features)), VIEWS)
    gc.freeze()


def main() -> None:
    """Take orders until standard input ends; no server outlives that."""
    prepare()
    answers = os.dup(1)
    running: set[int] = set()
    try:
        for line in sys.stdin:
            order = json.loads(line)
            if "serve" in order:
                running.add(fork(order["serve"], answers))
                continue
            pid = order["end"]
            os.kill(pid, order["signal"])
            _, status = os.waitpid(pid, 0)
            running.remove(pid)
            os.write(answers, json.dumps({"ended": os.waitstatus_to_exitcode(status)}).encode() + b"\n")
    finally:
        for pid in running:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


if __name__ == "__main__":
    main()
