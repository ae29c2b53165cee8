"""The surface on a log in memory, and a way to send it what no decent client sends."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import httpx
from fastapi import FastAPI
from starlette.types import Message
from tests.unit.memory_log import MemoryContacts, MemoryLeases, MemoryLog, MemoryTellings

from cora.equipment.wire import Deps, wire_equipment
from cora.kernel.execute import Kernel
from cora.kernel.principal import Principal, Role
from cora.surfaces.http.app import HttpSettings, create_app

PUBLIC_URL = "https://cora.example"


class FakeTokens:
    """The token of a role is its name."""

    async def authenticate(self, bearer: str) -> Principal | None:
        try:
            return Principal(f"a {bearer}", Role.named(bearer))
        except ValueError:
            return None


def make_app(log: MemoryLog | None = None, settings: HttpSettings | None = None) -> FastAPI:
    """The application on a log in memory."""
    log = log or MemoryLog()
    equipment = wire_equipment(Deps(PUBLIC_URL, MemoryLeases(), MemoryContacts(log), MemoryTellings()))
    return create_app(Kernel(log, equipment), log, FakeTokens(), equipment, settings)


def client(app: FastAPI, role: str | None = "admin") -> httpx.AsyncClient:
    """A client with the token of a role, or without one."""
    headers = {"Authorization": f"Bearer {role}"} if role else {}
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=PUBLIC_URL, headers=headers)


@dataclass(frozen=True)
class Answered:
    """What came back, as it was sent."""

    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes

    def header(self, name: str) -> str | None:
        """The value of a header."""
        return next((value.decode() for key, value in self.headers if key == name.lower().encode()), None)

    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


async def send_raw(
    app: FastAPI,
    method: str,
    path: str,
    chunks: Iterable[bytes] = (),
    headers: Iterable[tuple[bytes, bytes]] = (),
    query: bytes = b"",
    role: str | None = "admin",
) -> Answered:
    """One request straight over ASGI: any header, any chunks, any length announced."""
    sent: list[Message] = []
    waiting = list(chunks)

    async def receive() -> Message:
        chunk = waiting.pop(0) if waiting else b""
        return {"type": "http.request", "body": chunk, "more_body": bool(waiting)}

    async def send(message: Message) -> None:
        sent.append(message)

    bearer = [(b"authorization", f"Bearer {role}".encode())] if role else []
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode("utf-8", "surrogatepass"),
        "root_path": "",
        "query_string": query,
        "headers": [*bearer, *headers],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80),
    }
    await app(scope, receive, send)
    start = sent[0]
    body = b"".join(message.get("body", b"") for message in sent[1:])
    return Answered(start["status"], list(start["headers"]), body)


async def register_facility(api: httpx.AsyncClient, code: str = "aps") -> str:
    """A facility; its path."""
    answer = await api.post("/facilities", json={"code": code, "name": f"Facility {code}"})
    assert answer.status_code == 201, answer.text
    return answer.headers["location"]


async def register_asset(api: httpx.AsyncClient, name: str = "2-BM", code: str = "aps") -> str:
    """A root asset of a facility that exists; its path."""
    answer = await api.post("/assets", json={"name": name, "tier": "Unit", "facility_code": code})
    assert answer.status_code == 201, answer.text
    return answer.headers["location"]
