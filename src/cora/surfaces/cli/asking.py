"""Questions by the paths of the HTTP API, put to the database beside or to a server: the same answer from either."""

import json
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, TypeAlias, cast
from urllib.parse import quote, urlencode

import httpx

from cora.facility_file import UnreachableError, unwelcome
from cora.kernel.errors import InvalidRequestError, UnknownPathError, Violation
from cora.kernel.history import history_slices
from cora.kernel.identity import new_id
from cora.kernel.slice import QuerySlice
from cora.settings import Settings
from cora.surfaces.cli.common import ProblemError, admin, beside
from cora.surfaces.start import Opened

Parameters: TypeAlias = Mapping[str, Sequence[str]]
"""Query parameters, each with its values."""

Ask: TypeAlias = Callable[[str, Parameters], Awaitable[dict[str, Any]]]
"""Asks at a path, as it is before it is encoded. Raises the `Refusal` of it, `ProblemError` or `UnreachableError`."""

_SECONDS = 60


@asynccontextmanager
async def asking(settings: Settings, server: str | None, token: str | None) -> AsyncGenerator[Ask]:
    """What asks a server, or without one the database beside."""
    if server is None:
        async with beside(settings, reads_only=True) as cora:
            yield of_database(cora)
        return
    async with client_of(server, token) as client:
        yield of_server(client, server)


@asynccontextmanager
async def client_of(server: str, token: str | None, seconds: float = _SECONDS) -> AsyncGenerator[httpx.AsyncClient]:
    """A client for a server. Raises `UnreachableError` for an address that is none."""
    try:
        client = httpx.AsyncClient(
            base_url=server.rstrip("/"),
            headers={"Authorization": f"Bearer {token}"} if token else {},
            timeout=seconds,
        )
    except (httpx.InvalidURL, ValueError) as error:
        raise UnreachableError(f"{server} cannot be asked: {error}") from error
    async with client:
        yield client


def of_database(cora: Opened) -> Ask:
    """What asks the database beside."""
    from cora.surfaces.http.dispatch import Paths
    from cora.surfaces.http.endpoints import add_records, add_slices
    from cora.surfaces.http.messages import Request

    views = cora.equipment.views
    questions = [each for each in cora.equipment.slices if isinstance(each, QuerySlice)]
    paths = Paths()
    add_slices(paths, (*questions, *history_slices(views)), cora.kernel)
    add_records(paths, views, cora.kernel, cora.log)

    async def no_body() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def ask(path: str, query: Parameters) -> dict[str, Any]:
        found = paths.find(path)
        if found is None:
            raise UnknownPathError(path)
        place, values = found
        request = Request(
            method="GET",
            path=path,
            headers={},
            repeated=frozenset(),
            query_string=_encoded(query).encode("ascii"),
            receive=no_body,
            request_id=new_id().hex,
            values=values,
            principal=admin(),
        )
        reply = await place.endpoints["GET"].handle(request)
        return cast("dict[str, Any]", json.loads(reply.body))

    return ask


def of_server(client: httpx.AsyncClient, server: str) -> Ask:
    """What asks a server."""

    async def ask(path: str, query: Parameters) -> dict[str, Any]:
        return await sent(client, server, "GET", f"{quoted(path)}?{_encoded(query)}")

    return ask


async def sent(client: httpx.AsyncClient, server: str, method: str, target: str, body: Any = None) -> dict[str, Any]:
    """What a server answers. Raises `InvalidRequestError`, `ProblemError` or `UnreachableError`."""
    try:
        answer = await client.request(method, target, json=body)
    except httpx.TransportError as error:
        raise UnreachableError(f"{server} cannot be reached: {error or type(error).__name__}") from error
    except (httpx.InvalidURL, httpx.HTTPError, ValueError) as error:
        raise UnreachableError(f"{server} cannot be asked: {error}") from error
    try:
        said = answer.json()
    except ValueError:
        said = None
    if not isinstance(said, dict) or (not answer.is_success and "code" not in said):
        raise UnreachableError(f"{server} does not answer as a cora server does ({answer.status_code})")
    told = cast("dict[str, Any]", said)
    if answer.is_success:
        return told
    if answer.status_code == 401:
        raise unwelcome(server, has_token="Authorization" in answer.request.headers)
    if isinstance(told.get("errors"), list):
        raise InvalidRequestError(tuple(Violation(each["pointer"], each["detail"]) for each in told["errors"]))
    raise ProblemError(str(told["code"]), str(told.get("detail", "")), told)


def required(answer: dict[str, Any], *names: str) -> dict[str, Any]:
    """The answer, when it has these members. Raises `UnreachableError`: whatever gave it is no cora of this release."""
    if missing := [name for name in names if name not in answer]:
        raise UnreachableError(f"the answer is not one of a cora server: it lacks {', '.join(missing)}")
    return answer


def quoted(path: str) -> str:
    """A path for a URL. Names that are dots alone would lead up the path if they stood there as they are."""
    parts = quote(path, errors="replace").split("/")
    return "/".join(part if part.strip(".") else part.replace(".", "%2E") for part in parts)


def _encoded(query: Parameters) -> str:
    return urlencode(query, doseq=True, errors="surrogateescape")
