"""What the tests of interrupted minting have in common: servers to kill, clients that ask again, what must hold."""

import asyncio
import json
import signal
import sys
from collections.abc import AsyncGenerator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal
from uuid import UUID, uuid4

import httpx
from tests.faults import minting_server
from tests.faults.minting_authority import PATIENCE, Authority, authority, until
from tests.integration.log.harness import CUT, connect
from tests.integration.support.scene import Scene, staged

from cora.kernel.principal import Role

PREFIX = "10.0000/cora-stub/"
NEVER = 3600.0
"""Seconds of grace after which the worker finishes a reservation: no test lasts so long."""
AT_ONCE = 0.0

Standing = Literal["nothing", "reserved", "assigned"]


@dataclass
class Server:
    """A server in a process of its own."""

    pid: int
    web: httpx.AsyncClient


@dataclass
class Forge:
    """Starts and ends servers, through the one process that forks them."""

    process: asyncio.subprocess.Process
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def order(self, **order: Any) -> dict[str, Any]:
        """The answer to an order."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        async with self.lock, asyncio.timeout(PATIENCE):
            self.process.stdin.write(json.dumps(order).encode() + b"\n")
            answer: dict[str, Any] = json.loads(await self.process.stdout.readline())
        return answer

    async def end(self, server: Server, number: signal.Signals = signal.SIGKILL) -> int:
        """End a server and wait until it is gone; its exit code, negative for the signal that killed it."""
        return int((await self.order(end=server.pid, signal=number))["ended"])


@asynccontextmanager
async def forge() -> AsyncGenerator[Forge]:
    """Ready to start servers; they all end with it."""
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        sys.executable, str(minting_server.__file__), stdin=pipe, stdout=pipe
    )
    try:
        yield Forge(process)
    finally:
        assert process.stdin is not None
        process.stdin.close()
        await process.wait()


@dataclass(frozen=True)
class Client:
    """Somebody who wants an identifier for a record, and how they ask again when no answer came.

    `again` is the suffix of the second request; None leaves it out, and `nobody` does not ask again.
    """

    kind: Literal["asset", "fixture"]
    id: str
    suffix: str | None = None
    key: str | None = None
    again: str | None = None
    nobody: bool = False
    scheme: Literal["DOI", "Handle"] = "DOI"

    @property
    def path(self) -> str:
        """Where the record is."""
        return f"/{self.kind}s/{self.id}"

    async def ask(self, server: Server, suffix: str | None) -> httpx.Response:
        """Ask for an identifier."""
        body: dict[str, str] = {"scheme": self.scheme} | ({"suffix": suffix} if suffix else {})
        headers = {"Idempotency-Key": self.key} if self.key else {}
        return await server.web.post(f"{self.path}/assign-persistent-id", json=body, headers=headers)

    async def ask_until_told(self, server: Server, suffix: str | None) -> httpx.Response:
        """The same, and again for as long as there is too much to do."""
        answers: list[httpx.Response] = []

        async def is_told() -> bool:
            answers.append(await self.ask(server, suffix))
            return answers[-1].status_code != 503

        await until(is_told)
        return answers[-1]


@dataclass(frozen=True)
class Recorded:
    """What the log holds about the identifiers of one record."""

    reserved: tuple[str, ...]
    open: tuple[str, ...]
    assigned: tuple[str, ...]
    minted: int

    @property
    def standing(self) -> Standing:
        """How far it has come."""
        return "assigned" if self.assigned else "reserved" if self.open else "nothing"


@dataclass
class World:
    """A facility, an authority and servers that come and go."""

    scene: Scene
    authority: Authority
    forge: Forge
    directory: Path
    bearer: str
    servers: list[Server] = field(default_factory=list[Server])
    settings: dict[str, str] = field(default_factory=dict[str, str])
    """With some, servers have the authority that these name, as `cora serve` has it."""

    async def serve(self, *, grace: float = NEVER) -> Server:
        """A new server, whose worker finishes what is `grace` seconds old."""
        order = {"dsn": self.scene.arena.dsn, "directory": str(self.directory), "settings": self.settings}
        said = await self.forge.order(serve={**order, "authority": self.authority.url, "grace": grace})
        assert "pid" in said, said
        web = httpx.AsyncClient(
            base_url=f"http://127.0.0.1:{said['port']}",
            headers={"Authorization": f"Bearer {self.bearer}"},
            timeout=PATIENCE,
            limits=httpx.Limits(),
        )
        server = Server(said["pid"], web)
        self.servers.append(server)
        return server

    async def end(self, server: Server, number: signal.Signals = signal.SIGKILL) -> int:
        """End a server; its exit code."""
        self.servers.remove(server)
        await server.web.aclose()
        return await self.forge.end(server, number)

    async def new(self, kind: Literal["asset", "fixture"], **how: Any) -> Client:
        """A client for a new record, whose PIDINST record is complete."""
        id = await self.scene.asset() if kind == "asset" else (await self.scene.fixed())[0]
        return Client(kind, str(id), **how)

    async def crowd(self) -> list[Client]:
        """For an asset and a fixture, every way to ask and to ask again."""
        made: list[Client] = []
        for kind in ("asset", "fixture"):
            one, two, three, four, five = (uuid4().hex[:12] for _ in range(5))
            made += [
                await self.new(kind, suffix=one, again=one, key=uuid4().hex),
                await self.new(kind, suffix=two, again=two),
                await self.new(kind, suffix=three),
                await self.new(kind, key=uuid4().hex),
                await self.new(kind),
                await self.new(kind, suffix=four, again=f"not-{four}"),
                await self.new(kind, suffix=five, nobody=True),
            ]
        return made

    async def cut_database(self) -> None:
        """The servers lose their connections to the database."""
        connection = await connect(self.scene.arena.dsn)
        assert await connection.fetch(CUT)
        await connection.close()

    async def recorded(self, client: Client) -> Recorded:
        """What the log holds about a record, read without any server."""
        sql = """
            select kind, data, stream from cora.event where stream = $1 or stream in (
                select stream from cora.event where kind = 'PersistentIdReserved' and data ->> 'subject_id' = $1::text
            ) order by position
        """
        async with self.scene.arena.logs[0].pool.acquire() as connection:
            rows = [(row["kind"], row["data"], row["stream"]) for row in await connection.fetch(sql, UUID(client.id))]
        reserved = {stream: json.loads(data)["value"] for kind, data, stream in rows if kind == "PersistentIdReserved"}
        closed = {stream for kind, _, stream in rows if kind in ("PersistentIdMinted", "PersistentIdReleased")}
        return Recorded(
            reserved=tuple(reserved.values()),
            open=tuple(value for stream, value in reserved.items() if stream not in closed),
            assigned=tuple(
                json.loads(data)["value"] for kind, data, _ in rows if kind.endswith("PersistentIdAssigned")
            ),
            minted=sum(kind == "PersistentIdMinted" for kind, _, _ in rows),
        )

    async def standings(self, clients: Iterable[Client]) -> set[Standing]:
        """How far their records have come."""
        return {(await self.recorded(client)).standing for client in clients}

    async def identifier(self, server: Server, client: Client) -> tuple[str, str]:
        """The type and the value that the PIDINST record of a record shows."""
        answer = await server.web.get(f"{client.path}/pidinst")
        assert answer.status_code == 200, answer.text
        found = answer.json()["identifier"]
        return found["identifierType"], found["identifier"]

    async def require_unassigned(self, server: Server, clients: Iterable[Client]) -> None:
        """Until it has an identifier that can be cited, a record is shown by its URN."""
        for client in clients:
            assert await self.identifier(server, client) == ("URN", f"urn:uuid:{client.id}")

    async def ask_again(self, server: Server, client: Client, before: Recorded) -> None:
        """Ask as somebody does who got no answer; `before` says what the log held then."""
        answer = await client.ask(server, client.again)
        said = answer.json()
        standing = before.standing
        if standing == "assigned" and client.key is None:
            assert (answer.status_code, said["value"]) == (409, before.assigned[0]), said
            assert said["code"] == f"{client.kind.capitalize()}PersistentIdAlreadyAssigned"
        elif standing == "reserved" and client.again and PREFIX + client.again != before.open[0]:
            assert (answer.status_code, said["code"], said["value"]) == (409, "PersistentIdReserved", before.open[0])
        else:
            assert answer.status_code == 201, said
            expected = PREFIX + client.again if client.again else said["value"]
            assert (
                said["value"]
                == {"nothing": expected, "reserved": next(iter(before.open), ""), "assigned": expected}[standing]
            )
            assert said["url"] == f"http://cora.test/id/{client.id}"
            assert said["state"]["persistent_id"]["value"] == said["value"]

    async def all_ask_again(self, clients: Sequence[Client]) -> None:
        """Everybody who asks again does so at a new server, all at once."""
        server = await self.serve()
        before = [await self.recorded(client) for client in clients]
        unassigned = [client for client, seen in zip(clients, before, strict=True) if not seen.assigned]
        await self.require_unassigned(server, unassigned)
        asking = zip(clients, before, strict=True)
        await asyncio.gather(*(self.ask_again(server, client, seen) for client, seen in asking if not client.nobody))

    async def worker_finishes(self) -> Server:
        """A server whose worker has finished all that is open."""
        server = await self.serve(grace=AT_ONCE)

        async def nothing_is_open() -> bool:
            return not (await server.web.get("/persistent-ids", params={"status": "Reserved"})).json()["items"]

        await until(nothing_is_open)
        return server

    async def require_one_identifier(self, server: Server, clients: Iterable[Client]) -> None:
        """Each record has one identifier: reserved, minted, assigned and shown; the authority holds no other."""
        held = dict(self.authority.holds)
        for client in clients:
            found = await self.recorded(client)
            assert len(found.assigned) == found.minted == 1, (client, found)
            assert found.open == ()
            (value,) = found.assigned
            assert value in found.reserved
            assert held.pop(value) == f"http://cora.test/id/{client.id}"
            assert await self.identifier(server, client) == ("DOI", value)
        assert held == {}, "the authority holds what no record has"

    async def require_sound(self, clients: Sequence[Client]) -> None:
        """What is open is finished by the worker; who has nothing can have it; then all is as it should be."""
        server = await self.worker_finishes()
        without = [client for client in clients if (await self.recorded(client)).standing == "nothing"]
        if without:
            # At a server whose worker does not get ahead of them, and while no other has one that does.
            await self.end(server)
            server = await self.serve()
            answers = await asyncio.gather(*(client.ask_until_told(server, client.suffix) for client in without))
            assert [answer.status_code for answer in answers] == [201] * len(without), [each.text for each in answers]
        await self.require_one_identifier(server, clients)


@asynccontextmanager
async def world(dsn: str, forge: Forge, directory: Path) -> AsyncGenerator[World]:
    """A facility on an empty, migrated database. Afterwards the log is judged and verified."""
    async with staged(dsn) as scene, authority() as pid_authority:
        tokens = scene.arena.logs[0].tokens
        bearer = await tokens.create(Role.STEWARD, "steward")
        made = World(scene, pid_authority, forge, directory, bearer)
        try:
            yield made
        finally:
            pid_authority.go_on(lost=True)
            for server in tuple(made.servers):
                await made.end(server)
