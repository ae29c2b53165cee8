"""A facility behind a server, reached over HTTP with a token."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, cast
from uuid import UUID

import httpx

from cora.facility_file.batches import Answer, Batches
from cora.facility_file.direct import commands_in, noted, record_of
from cora.facility_file.keys import AGGREGATES, Key
from cora.facility_file.port import VALUES_AT_ONCE, Record, StepRefusedError, UnreachableError, unwelcome
from cora.kernel.aggregate import Aggregate, Claim
from cora.kernel.documents import MAXIMUM_LIMIT
from cora.kernel.identity import new_id
from cora.kernel.moment import moment_text
from cora.kernel.slice import HandlerSlice, Slice

CONNECTIONS = 32
_MOST_LISTS = 60
# A list shows the records that it finds; these many need not be asked for again.
_MOST_SEEN = 20_000
_TRIES = 5
_PAUSE = 0.5


class RemoteFacility:
    """Implements `Facility` over HTTP. Close it after use, or use it as `async with`."""

    at_once = 512

    def __init__(
        self, server: str, token: str, slices: Sequence[Slice], transport: httpx.AsyncBaseTransport | None = None
    ) -> None:
        self.commands = commands_in(slices)
        self._server = server
        self._has_token = bool(token)
        self._seen: dict[UUID, Record] = {}
        tls = httpx.create_ssl_context()
        # A client for each connection: in a shared pool every request looks through all connections and all who wait.
        self._clients = [
            httpx.AsyncClient(
                base_url=server.rstrip("/"),
                headers={"Authorization": f"Bearer {token}"},
                timeout=30,
                transport=transport,
                verify=tls,
            )
            for _ in range(CONNECTIONS)
        ]
        self._free: asyncio.LifoQueue[httpx.AsyncClient] = asyncio.LifoQueue()
        for client in self._clients:
            self._free.put_nowait(client)
        self._batches = Batches(self._do_together)

    async def __aenter__(self) -> "RemoteFacility":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the connections."""
        await self._batches.close()
        for client in self._clients:
            await client.aclose()

    def forget(self) -> None:
        """Forget the records that were seen on the way to others."""
        self._seen.clear()

    async def holders(self, keys: Sequence[Key]) -> list[UUID | None]:
        """The living records with these natural keys: first as they are spelled, then however they are spelled."""
        found: dict[Claim, UUID] = {}
        for narrowed in (True, False):
            wanted = {key.claim: key for key in keys if key.claim not in found and (narrowed or not key.is_exact)}
            for kind, filters in _questions(wanted.values(), narrowed):
                async for record in self.listed(kind, filters):
                    for claim in AGGREGATES[kind].claims(record.state):
                        if claim in wanted:
                            found[claim] = record.id
                            if len(self._seen) < _MOST_SEEN:
                                self._seen[record.id] = record
        return [found.get(key.claim) for key in keys]

    async def get(self, kind: str, id: UUID, *, as_of: str | None = None) -> Record | None:
        """A record by its id."""
        aggregate = AGGREGATES[kind]
        seen = self._seen.pop(id, None) if as_of is None else None
        if seen is not None and isinstance(seen.state, aggregate.state):
            return seen
        answer = await self._send("GET", f"/{aggregate.collection}/{id}", params=_at(as_of))
        if answer.status_code == 404:
            return None
        return _read(aggregate, _json(answer))

    async def listed(
        self, kind: str, filters: Mapping[str, tuple[str, ...]], limit: int | None = None, *, as_of: str | None = None
    ) -> AsyncIterator[Record]:
        """The records of a kind that fit, page by page."""
        aggregate = AGGREGATES[kind]
        cursor: str | None = None
        left = limit
        while left is None or left > 0:
            query: dict[str, Any] = {**filters, **_at(as_of), "limit": min(MAXIMUM_LIMIT, left or MAXIMUM_LIMIT)}
            if cursor is not None:
                query["cursor"] = cursor
            page = _json(await self._send("GET", f"/{aggregate.collection}", params=query))
            items = page.get("items")
            if not isinstance(items, list):
                raise UnreachableError(f"{self._server} does not answer as a cora server does")
            shown = cast("list[dict[str, Any]]", items)
            for each in shown:
                yield _read(aggregate, each)
            cursor = page.get("next")
            left = None if left is None else left - len(shown)
            if cursor is None:
                return

    async def address(self, contact_id: str) -> str | None:
        """The e-mail address of a contact."""
        answer = await self._send("GET", f"/contacts/{contact_id}")
        return None if answer.status_code == 404 else str(_json(answer).get("address"))

    async def notes(self, asset_ids: Sequence[UUID]) -> dict[UUID, list[str]]:
        """What is noted in the histories of some assets."""

        async def page(asked: Mapping[str, Any]) -> Mapping[str, Any]:
            return _json(await self._send("GET", "/events", params=dict(asked)))

        return await noted(asset_ids, page)

    async def execute(self, command: str, arguments: Mapping[str, Any], occurred_at: datetime | None, key: str) -> None:
        """Run a command. A key makes it safe to send it again when the answer was lost."""
        at = moment_text(occurred_at) if occurred_at is not None else None
        answer: Answer = None
        # One that asks an outside authority may take long; the others in its batch would wait for it.
        if not isinstance(self.commands[command], HandlerSlice):
            options = {"occurred_at": at} if at else {}
            answer = await self._batches.do({"command": command, "arguments": dict(arguments), **options})
        status, body = answer or await self._do_alone(command, arguments, at, key)
        if status < 400:
            return
        last = body.get("last_occurred_at")
        raise StepRefusedError(
            str(body.get("code")),
            str(body.get("detail") or body.get("title") or f"the server answered {status}"),
            status,
            datetime.fromisoformat(last) if isinstance(last, str) else None,
        )

    async def _do_alone(
        self, command: str, arguments: Mapping[str, Any], at: str | None, key: str
    ) -> tuple[int, dict[str, Any]]:
        route = self.commands[command].route
        body = {name: value for name, value in arguments.items() if name not in route.path_fields}
        path = route.path.format(**{name: arguments[name] for name in route.path_fields})
        headers = {"Content-Type": "application/json", "Idempotency-Key": key} | ({"Occurred-At": at} if at else {})
        content = json.dumps(body["patch"] if route.method == "PATCH" else body, ensure_ascii=False).encode()
        answer = await self._send(route.method, path, content=content, headers=headers)
        return answer.status_code, _json(answer)

    async def _do_together(self, commands: list[str]) -> list[Answer]:
        """What each command of a batch is answered.

        None where the whole was refused, for want of a role or for its size: alone, each is told why.
        """
        headers = {"Content-Type": "application/json", "Idempotency-Key": new_id().hex}
        content = f'{{"commands":[{",".join(commands)}]}}'.encode()
        answer = await self._send("POST", "/batch", content=content, headers=headers)
        shown = _json(answer)
        if answer.status_code in (403, 413):
            return [None] * len(commands)
        if not answer.is_success:
            return [(answer.status_code, shown)] * len(commands)
        answers = shown.get("answers")
        if not isinstance(answers, list) or len(cast("list[Any]", answers)) != len(commands):
            raise UnreachableError(f"{self._server} does not answer as a cora server does")
        return [(each["status"], each["body"]) for each in cast("list[dict[str, Any]]", answers)]

    async def _send(self, method: str, path: str, **options: Any) -> httpx.Response:
        """Send a request, again when the connection was lost. Raises `UnreachableError`."""
        for attempt in range(_TRIES):
            client = await self._free.get()
            try:
                answer = await client.request(method, path, **options)
            except httpx.TransportError as error:
                if attempt + 1 == _TRIES:
                    raise UnreachableError(
                        f"{self._server} cannot be reached: {error or type(error).__name__}"
                    ) from error
                await asyncio.sleep(_PAUSE * (attempt + 1))
                continue
            except (httpx.InvalidURL, httpx.HTTPError, ValueError) as error:
                raise UnreachableError(f"{self._server} cannot be asked: {error}") from error
            finally:
                self._free.put_nowait(client)
            if method == "GET" and answer.status_code == 503 and attempt + 1 < _TRIES:
                await asyncio.sleep(_PAUSE * (attempt + 1))
                continue
            if answer.status_code == 401:
                raise unwelcome(self._server, has_token=self._has_token)
            if method == "GET" and answer.status_code not in (200, 404):
                says = _json(answer).get("detail") or answer.status_code
                raise UnreachableError(f"{self._server} answers GET {path} with: {says}")
            return answer
        raise UnreachableError(f"{self._server} cannot be reached")


def _at(as_of: str | None) -> dict[str, str]:
    """The query parameter for a moment."""
    return {} if as_of is None else {"as_of": as_of}


def _questions(keys: Iterable[Key], narrowed: bool) -> list[tuple[str, dict[str, tuple[str, ...]]]]:
    """The lists that hold the records with these keys; narrowed to how the keys are spelled.

    Where that would be many lists, the whole collection is one.
    """
    groups: dict[tuple[str, tuple[tuple[str, str], ...], str], list[str]] = {}
    for key in keys:
        name, value = key.exactly if narrowed and key.exactly else ("", "")
        groups.setdefault((key.kind, key.within, name), []).append(value)
    asked: dict[str, list[dict[str, tuple[str, ...]]]] = {}
    for (kind, within, name), values in groups.items():
        filters = {each: (value,) for each, value in within}
        parts = range(0, len(values), VALUES_AT_ONCE) if name else range(1)
        asked.setdefault(kind, []).extend(
            {**filters, name: tuple(values[start : start + VALUES_AT_ONCE])} if name else filters for start in parts
        )
    return [
        (kind, filters)
        for kind, lists in asked.items()
        for filters in (lists if len(lists) <= _MOST_LISTS else [dict[str, tuple[str, ...]]()])
    ]


def _read(aggregate: Aggregate[Any], shown: dict[str, Any]) -> Record:
    try:
        return record_of(aggregate, shown)
    except (KeyError, ValueError) as error:
        raise UnreachableError(f"the server shows a {aggregate.kind} that this release does not understand") from error


def _json(answer: httpx.Response) -> dict[str, Any]:
    try:
        found = answer.json()
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise UnreachableError(f"{answer.url.host} does not answer as a cora server does ({answer.status_code})")
    return cast("dict[str, Any]", found)
