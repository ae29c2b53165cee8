"""A Handle.Net server with its HTTP JSON API, and the API of ePIC on the same Handles, on the loopback (section 4)."""

import base64
import json
import zlib
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import unquote

from tests.authorities.faults import FaultPlan
from tests.authorities.loopback import Answered, Asked, served

PREFIX, USER, SECRET = "21.T11998", "300:21.T11998/CORA", "hush:hush"
EPIC_USER = "1015-01"

Values = dict[int, tuple[str, Any]]


@dataclass
class HandleSimulator:
    """The Handles by name in lower case, each with type and data by index."""

    url: str = ""
    plan: FaultPlan = field(default_factory=FaultPlan)
    handles: dict[str, Values] = field(default_factory=dict[str, Values])
    overtakes: dict[str, Values] = field(default_factory=dict[str, Values])
    written: list[str] = field(default_factory=list[str])
    etags: bool = False
    """Whether ePIC tells the ETag of a Handle, and heeds `If-Match`."""
    heeds: bool = True
    """Whether an ETag that it told itself is accepted."""
    restless: bool = False
    """Whether a Handle changes as soon as ePIC has shown it."""
    data_name: str = "parsed_data"
    """What ePIC calls the data of a value."""

    def leads_to(self, handle: str) -> str | None:
        """Where a Handle leads."""
        values = self.handles.get(handle.lower(), {})
        return next((data for type, data in values.values() if type == "URL"), None)

    def answer(self, asked: Asked) -> Answered:
        """Carry out a request to the API of Handle.Net."""
        if asked.path == "/api/handles":
            return self._list(asked)
        handle = asked.path.removeprefix("/api/handles/")
        if asked.method == "GET":
            return self._show(handle)
        if not _is_user(asked, USER, SECRET):
            return _code(401, 402, handle)
        if handle.partition("/")[0].lower() != PREFIX.lower():
            return _code(400, 301, handle)
        if asked.method == "PUT" and not asked.headers.get("content-type", "").startswith("application/json"):
            return _code(400, 2, handle)
        indices = [value for name, value in asked.query if name == "index"]
        known = self._known(handle, asked.method)
        if asked.method == "DELETE":
            return self._delete(handle, known, [int(each) for each in indices])
        values = _values_of(json.loads(asked.body))
        if not indices:
            # The default of `overwrite` is true for PUT: a create that forgets it replaces what is there.
            if known is not None and asked.first("overwrite", "true") != "false":
                self.handles[handle.lower()] = values
                return _code(200, 1, handle)
            if known is not None:
                return _code(409, 101, handle)
            self.handles[handle.lower()] = values
            self.written.append(handle)
            return _code(201, 1, handle)
        if known is None:
            return _code(404, 100, handle)
        if sorted(map(int, indices)) != sorted(values):
            return _code(400, 202, handle)
        known |= values
        return _code(200, 1, handle)

    def _known(self, handle: str, method: str) -> Values | None:
        if method == "PUT":
            for other, values in self.overtakes.items():
                self.handles[other.lower()] = values
            self.overtakes.clear()
        return self.handles.get(handle.lower())

    def _delete(self, handle: str, known: Values | None, indices: list[int]) -> Answered:
        if not indices:
            return _code(403, 400, handle)
        if known is None:
            return _code(404, 100, handle)
        if not any(index in known for index in indices):
            return _code(400, 200, handle)
        for index in indices:
            known.pop(index, None)
        return _code(200, 1, handle)

    def _show(self, handle: str) -> Answered:
        known = self.handles.get(handle.lower())
        if known is None:
            return _code(404, 100, handle)
        values = [_shown(index, type, data) for index, (type, data) in sorted(known.items())]
        return _json(200, {"responseCode": 1, "handle": handle, "values": values})

    def _list(self, asked: Asked) -> Answered:
        found = sorted(name for name in self.handles if name.startswith(f"{asked.first('prefix').lower()}/"))
        page, size = int(asked.first("page")), int(asked.first("pageSize"))
        told = {"responseCode": 1, "prefix": asked.first("prefix"), "totalCount": str(len(found))}
        return _json(200, {**told, "handles": found[page * size : (page + 1) * size]})

    def epic(self, asked: Asked) -> Answered:
        """Carry out a request to the API of ePIC."""
        if not _is_user(asked, EPIC_USER, SECRET):
            return Answered(401, b"Unauthorized", "text/plain")
        handle = asked.path.removeprefix("/handles/")
        if handle == f"{PREFIX}/":
            page, size = int(asked.first("page")), int(asked.first("limit"))
            found = [name.partition("/")[2] for name in sorted(self.handles)]
            return _json(200, found[(page - 1) * size : page * size])
        known = self._known(handle, asked.method)
        if asked.method == "GET":
            if known is None:
                return Answered(404, b"<html>Not Found</html>", "text/html")
            shown = [{"idx": i, "type": type, self.data_name: data} for i, (type, data) in sorted(known.items())]
            headers = {"ETag": _etag(known)} if self.etags else {}
            if self.restless:
                known[60] = ("COUNT", str(len(self.plan.calls)))
            return replace(_json(200, shown), headers=headers)
        if handle.partition("/")[0] != PREFIX:
            return Answered(403, b"Forbidden", "text/plain")
        if known is not None and asked.headers.get("if-none-match") == "*":
            return Answered(412, b"", "text/plain")
        wanted = asked.headers.get("if-match")
        if self.etags and wanted is not None and not (self.heeds and known is not None and wanted == _etag(known)):
            return Answered(412, b"", "text/plain")
        given = json.loads(asked.body)
        admin = {100: ("HS_ADMIN", {"handle": f"0.NA/{PREFIX}", "index": 200, "permissions": "011111110011"})}
        values = {at: (each["type"], each.get("parsed_data", each.get("data", ""))) for at, each in enumerate(given, 1)}
        self.handles[handle.lower()] = {**values, **admin}
        if known is None:
            self.written.append(handle)
            return _json(201, {"epic-pid": handle})
        return Answered(204)


Prepare = Callable[[HandleSimulator, str], None]
"""Changes what answers before it does: an attribute of the simulator."""


def _is_user(asked: Asked, user: str, secret: str) -> bool:
    scheme, _, token = asked.headers.get("authorization", "").partition(" ")
    if scheme != "Basic":
        return False
    given, _, password = base64.b64decode(token).decode().partition(":")
    return (unquote(given), password) == (user, secret)


def _etag(values: Values) -> str:
    return f'"{zlib.crc32(repr(sorted(values.items())).encode()):x}"'


def _shown(index: int, type: str, data: Any) -> dict[str, Any]:
    form = "string" if isinstance(data, str) else "admin"
    return {"index": index, "type": type, "data": {"format": form, "value": data}, "ttl": 86400}


def _values_of(body: Any) -> Values:
    values: list[Any] = body["values"]
    return {
        each["index"]: (each["type"], each["data"] if isinstance(each["data"], str) else each["data"]["value"])
        for each in values
    }


def _json(status: int, body: Any) -> Answered:
    return Answered(status, json.dumps(body).encode())


def _code(status: int, code: int, handle: str) -> Answered:
    return _json(status, {"responseCode": code, "handle": handle})


@asynccontextmanager
async def handle_simulator(prepare: Prepare | None = None) -> AsyncGenerator[HandleSimulator]:
    """A Handle.Net server, for as long as a test runs."""
    made = HandleSimulator()
    if prepare is not None:
        prepare(made, "answer")
    async with _served(made, made.answer):
        yield made


@asynccontextmanager
async def epic_simulator(prepare: Prepare | None = None) -> AsyncGenerator[HandleSimulator]:
    """ePIC, for as long as a test runs."""
    made = HandleSimulator()
    if prepare is not None:
        prepare(made, "epic")
    async with _served(made, made.epic):
        yield made


@asynccontextmanager
async def _served(made: HandleSimulator, answer: Callable[[Asked], Answered]) -> AsyncGenerator[None]:
    async with served(answer, made.plan) as url:
        made.url = url
        yield
