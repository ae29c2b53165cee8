"""Commands by their names, done in the database beside or by a server: the same answer from either."""

import json
from collections.abc import AsyncGenerator, Awaitable, Mapping
from contextlib import asynccontextmanager
from typing import Any, NamedTuple, Protocol

import httpx

from cora.equipment import features
from cora.kernel.errors import NotFoundError, OverloadedError, Refusal
from cora.kernel.execute import Kernel
from cora.kernel.identity import new_id
from cora.kernel.requests import DRY_RUN, read_call, to_request
from cora.kernel.slice import ActSlice, CommandSlice, HandlerSlice, declared_slices
from cora.kernel.written import adapter_of
from cora.settings import Settings
from cora.surfaces.cli.asking import Ask, client_of, of_database, of_server, quoted, sent
from cora.surfaces.cli.common import ProblemError, admin, beside

# An authority may take long, and is asked again where an answer was lost.
_SECONDS = 300.0

REFUSED = (Refusal, ProblemError)
"""What a command may be refused with: beside the database, and by a server."""


class Do(Protocol):
    """Does a command. Raises the `Refusal` of it, `ProblemError` or `UnreachableError`."""

    def __call__(self, name: str, fields: Mapping[str, Any], *, dry_run: bool = False) -> Awaitable[dict[str, Any]]: ...


class Reached(NamedTuple):
    """What asks, and what does."""

    ask: Ask
    do: Do


@asynccontextmanager
async def reaching(
    settings: Settings, server: str | None, token: str | None, *, reads_only: bool = False, in_bulk: bool = False
) -> AsyncGenerator[Reached]:
    """A server, or without one the database beside, where work in bulk leaves calls of the authorities to others."""
    if server is None:
        async with beside(settings, reads_only=reads_only) as cora:
            yield Reached(of_database(cora), _in_database(cora.bulk_kernel if in_bulk else cora.kernel))
        return
    async with client_of(server, token, _SECONDS) as client:
        yield Reached(of_server(client, server), _at_server(client, server))


def _commands() -> dict[str, CommandSlice | HandlerSlice | ActSlice]:
    slices = declared_slices(features)
    return {each.name: each for each in slices if isinstance(each, CommandSlice | HandlerSlice | ActSlice)}


def _in_database(kernel: Kernel) -> Do:
    commands = _commands()

    async def do(name: str, fields: Mapping[str, Any], *, dry_run: bool = False) -> dict[str, Any]:
        declared = commands[name]
        call = read_call(admin(), "cli", new_id().hex, {DRY_RUN: "true" if dry_run else None})
        request = to_request(declared.request, dict(fields))
        if isinstance(declared, ActSlice):
            done = await kernel.act(declared, request, call)
            return adapter_of(declared.answer).dump_python(done, mode="json", by_alias=True)
        return json.loads((await kernel.command(declared, request, call)).body)

    return do


def _at_server(client: httpx.AsyncClient, server: str) -> Do:
    commands = _commands()

    async def do(name: str, fields: Mapping[str, Any], *, dry_run: bool = False) -> dict[str, Any]:
        route = commands[name].route
        path = quoted(route.path.format(**{each: fields[each] for each in route.path_fields}))
        body = {each: value for each, value in fields.items() if each not in route.path_fields}
        return await sent(client, server, route.method, f"{path}?{DRY_RUN}=true" if dry_run else path, body)

    return do


def is_missing(error: Refusal | ProblemError) -> bool:
    """Whether what was asked for is not there."""
    return isinstance(error, NotFoundError) or (isinstance(error, ProblemError) and error.code.endswith("NotFound"))


def retry_after(error: Refusal | ProblemError) -> int | None:
    """In how many seconds the same may be done; None for what another try does not mend."""
    code, members = told_by(error)
    if code != OverloadedError.code():
        return None
    seconds = members.get("retry_after")
    return seconds if isinstance(seconds, int) and seconds > 0 else 1


def told_by(error: Refusal | ProblemError) -> tuple[str, Mapping[str, Any]]:
    """The code of a refusal and its members."""
    return (error.code(), error.members()) if isinstance(error, Refusal) else (error.code, error.members)


def said(error: Refusal | ProblemError) -> str:
    """What is wrong, in words."""
    return error.detail() if isinstance(error, Refusal) else str(error)
