"""The ordered feed of all events: page by page, and as a stream that loses nothing and doubles nothing."""

import asyncio
import json
import os
import signal
import socket
from collections.abc import AsyncGenerator
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.integration.mcp_world import Server, serving
from tests.integration.scenario import World
from tests.integration.support.commands import Command, Forge
from tests.integration.surfaces import surfaces

from cora.kernel.events import AskedFeed, FeedPage
from cora.kernel.principal import Role
from cora.log import events
from cora.surfaces.http import surface
from cora.surfaces.start import Opened

STREAM = {"Accept": "text/event-stream"}
Item = dict[str, Any]


@pytest.fixture
async def world(cora: Opened) -> AsyncGenerator[World]:
    async with surfaces(cora) as shown:
        yield World(shown)


@pytest.fixture
async def server(cora: Opened) -> AsyncGenerator[Server]:
    async with serving(cora) as server:
        yield server


async def send(web: httpx.AsyncClient, path: str, **command: Any) -> Any:
    """The answer to a command, which must not be refused."""
    answer = await web.post(path, json=command)
    assert answer.is_success, answer.text
    return answer.json()


async def an_asset(web: httpx.AsyncClient) -> str:
    """The id of an asset."""
    await send(web, "/facilities", code="hall-7", name="Hall 7")
    return str((await send(web, "/assets", name="Eye", tier="Device", facility_code="hall-7"))["id"])


async def page(web: httpx.AsyncClient, status: int = 200, **params: Any) -> Any:
    answer = await web.get("/events", params=params)
    assert answer.status_code == status, answer.text
    return answer.json()


async def all_of(web: httpx.AsyncClient, **params: Any) -> list[Item]:
    """Every event from the first on, a page after the other until the head."""
    items: list[Item] = []
    after = 0
    while True:
        found = await page(web, after=after, **params)
        items += found["items"]
        if found["next"] == found["head"]:
            return items
        assert found["next"] > after
        after = found["next"]


async def sent(response: httpx.Response) -> AsyncGenerator[Item]:
    """The events of a stream, each after a look that its id and kind are those of its data."""
    event: dict[str, str] = {}
    async for line in response.aiter_lines():
        if line.startswith(":"):
            continue
        if line:
            name, _, value = line.partition(": ")
            event[name] = value
        elif event:
            item: Item = json.loads(event["data"])
            assert (int(event["id"]), event["event"]) == (item["position"], item["kind"])
            event = {}
            yield item


async def take(response: httpx.Response, number: int) -> list[Item]:
    """So many events of a stream."""
    items: list[Item] = []
    async with asyncio.timeout(30), aclosing(sent(response)) as following:
        async for item in following:
            items.append(item)
            if len(items) == number:
                break
    return items


async def test_pages_are_the_log_in_order(world: World) -> None:
    web = world.surfaces.web[Role.READER]
    asset, mount = await world.active(), await world.mount()
    await world.do("install_asset", mount_id=mount, asset_id=asset)
    items = await all_of(web, limit=3)
    assert [item["position"] for item in items] == list(range(1, len(items) + 1))
    assert items == await all_of(web, limit=200)
    last = items[-1]
    assert (last["kind"], last["stream"], last["stream_kind"]) == ("MountAssetInstalled", mount, "mount")
    assert last["data"] == {"asset_id": asset}
    end = await page(web, after=len(items))
    assert end == {"items": [], "next": len(items), "head": len(items)}
    over_mcp = await world.surfaces.mcp("list_events", {"after": len(items) - 1}, Role.READER)
    assert over_mcp.body["items"] == [last]


async def test_narrowed_it_still_advances(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "LOOK_THROUGH", 4)
    web = world.surfaces.web[Role.READER]
    asset = await world.active()
    other = await world.active()
    mount = await world.install(asset)
    for _ in range(9):
        await world.family()
    every = await all_of(web)

    async def only(**params: Any) -> list[str]:
        found = await all_of(web, limit=2, **params)
        assert [item["position"] for item in found] == sorted({item["position"] for item in found})
        return [item["kind"] for item in found]

    assert await only(mentions=asset) == ["AssetRegistered", "AssetActivated", "MountAssetInstalled"]
    assert await only(mentions=[asset, mount]) == [
        "AssetRegistered",
        "AssetActivated",
        "MountRegistered",
        "MountAssetInstalled",
    ]
    assert await only(kind="FamilyDefined") == ["FamilyDefined"] * sum(
        item["kind"] == "FamilyDefined" for item in every
    )
    assert await only(kind=["AssetActivated", "MountAssetInstalled"]) == ["AssetActivated"] * 2 + [
        "MountAssetInstalled"
    ]
    assert await only(kind="AssetActivated", mentions=other) == ["AssetActivated"]
    empty = await page(web, kind="MountAssetUninstalled", after=0)
    assert (empty["items"], empty["next"]) == ([], 4)


async def test_what_cannot_be_asked(world: World) -> None:
    web = world.surfaces.web[Role.READER]
    for params, place in (
        ({"after": 10_000}, "/after"),
        ({"after": -1}, "/after"),
        ({"limit": 201}, "/limit"),
        ({"kind": "AssetExploded"}, "/kind"),
        ({"mentions": "x"}, "/mentions/0"),
        ({"before": 3}, "/before"),
    ):
        refused = await page(web, 422, **params)
        assert [each["pointer"] for each in refused["errors"]] == [place]
        answer = await web.get("/events", params=params, headers=STREAM)
        assert answer.status_code == 422
        assert answer.headers["content-type"] == "application/problem+json"
    answer = await web.get("/events", headers={**STREAM, "Last-Event-ID": "the last"})
    assert [each["pointer"] for each in answer.json()["errors"]] == ["/Last-Event-ID"]
    for headers in ({}, STREAM):
        assert (await world.surfaces.web[Role.ANONYMOUS].get("/events", headers=headers)).status_code == 401


async def test_a_stream_goes_on_and_resumes(server: Server) -> None:
    async with server.web(Role.READER) as web, server.web(Role.ADMIN) as admin:
        asset = await an_asset(admin)
        head = (await page(web))["head"]
        async with web.stream("GET", "/events", headers=STREAM) as response:
            assert response.status_code == 200
            assert response.headers["content-type"] == "text/event-stream"
            following = sent(response)
            seen = [await anext(following) for _ in range(head)]
            assert [item["position"] for item in seen] == list(range(1, head + 1))
            await send(admin, f"/assets/{asset}/describe", description="while it is open")
            async with asyncio.timeout(10):
                assert (await anext(following))["kind"] == "AssetDescribed"
        await send(admin, f"/assets/{asset}/describe", description="while nobody listens")
        again = {**STREAM, "Last-Event-ID": str(head)}
        # What was reached counts, not where the address says that it began.
        async with web.stream("GET", "/events", params={"after": 0}, headers=again) as response:
            items = await take(response, 2)
        assert [item["position"] for item in items] == [head + 1, head + 2]
        async with web.stream("GET", "/events", params={"mentions": asset, "after": head}, headers=STREAM) as response:
            assert await take(response, 2) == items


async def test_a_silent_stream_is_seen_to_live_and_ends_with_its_token(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "IDLE", 0.2)
    monkeypatch.setattr(surface, "_ASK_AGAIN", 0.1)
    async with server.web(Role.READER) as web:
        head = (await page(web))["head"]
        async with web.stream("GET", "/events", params={"after": head}, headers=STREAM) as response:
            lines = response.aiter_lines()
            async with asyncio.timeout(20):
                for _ in range(4):
                    assert await anext(lines) in (":", "")
                (token,) = [each for each in await server.cora.tokens.list() if each.name == "reader"]
                await server.cora.tokens.revoke(token.id)
                assert {line async for line in lines} <= {":", ""}
        assert (await web.get("/events")).status_code == 401


async def test_only_so_many_may_follow(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "MAXIMUM_FOLLOWERS", 1)
    async with server.web(Role.READER) as web, server.web(Role.READER) as other:
        async with web.stream("GET", "/events", headers=STREAM) as response:
            await take(response, 1)
            refused = await other.get("/events", headers=STREAM)
            assert (refused.status_code, refused.json()["code"]) == (503, "Overloaded")
            assert (await other.get("/events")).status_code == 200
        # The place of one that has gone is free again.
        async with asyncio.timeout(10):
            while True:
                async with other.stream("GET", "/events", headers=STREAM) as response:
                    if response.status_code == 200:
                        break
                await asyncio.sleep(0.05)
        head = await web.head("/events", headers=STREAM)
        assert head.headers["content-type"] == "text/event-stream"


async def test_a_client_that_does_not_read_is_waited_for(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """The server reads on only as far as the client takes: here a page is more than what may lie in the sockets."""
    read: list[int] = []
    page_of = events.Feed.page

    async def found(feed: events.Feed, asked: AskedFeed) -> FeedPage:
        page = await page_of(feed, asked)
        read.append(asked.after)
        return page._replace(events=[each for each in page.events for _ in range(8000)])

    monkeypatch.setattr(events.Feed, "page", found)
    monkeypatch.setattr(events, "AT_ONCE", 1)
    host, port = server.url.removeprefix("http://").split(":")
    with socket.socket() as slow:
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        slow.connect((host, int(port)))
        slow.sendall(
            b"GET /events HTTP/1.1\r\nHost: cora\r\nAccept: text/event-stream\r\n"
            b"Authorization: Bearer %s\r\n\r\n" % server.bearers[Role.READER].encode()
        )
        async with asyncio.timeout(20):
            while not read:  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        await asyncio.sleep(2)
        waited = list(read)
        async with server.web(Role.READER) as web:
            assert (await web.get("/roles")).json()["items"][2:]
        # It goes on where it was as soon as the client takes what is there.
        slow.setblocking(False)
        async with asyncio.timeout(20):
            while len(read) <= len(waited) + 1:
                await asyncio.get_running_loop().sock_recv(slow, 1 << 20)
    assert waited in ([0], [0, 1])


@asynccontextmanager
async def served(commands: Forge, dsn: str, directory: Path, port: int) -> AsyncGenerator[Command]:
    """`cora serve` in a process of its own, until it is stopped."""
    environment = {
        **os.environ, "CORA_DATABASE_URL": dsn, "CORA_DATA_DIR": str(directory), "CORA_PORT": str(port),
    }  # fmt: skip
    process = commands.start(["serve"], environment)
    try:
        async with asyncio.timeout(60), httpx.AsyncClient() as web:
            while True:
                assert process.poll() is None
                try:
                    if (await web.get(f"http://127.0.0.1:{port}/readyz")).status_code == 200:
                        break
                except httpx.HTTPError:
                    pass
                await asyncio.sleep(0.1)
        yield process
    finally:
        process.send(signal.SIGKILL)
        process.wait()


class Follower:
    """A client of the stream as a browser is one: it comes again by itself, with the id of the last event it has."""

    def __init__(self, url: str, headers: dict[str, str]) -> None:
        self.positions: list[int] = []
        self.clean_ends = 0
        self._url = url
        self._headers = {**headers, **STREAM}

    async def run(self) -> None:
        while True:
            headers = dict(self._headers)
            if self.positions:
                headers["Last-Event-ID"] = str(self.positions[-1])
            try:
                async with httpx.AsyncClient(timeout=30) as web:
                    async with web.stream("GET", f"{self._url}/events", headers=headers) as response:
                        if response.status_code == 200:
                            async for item in sent(response):
                                self.positions.append(item["position"])
                            self.clean_ends += 1
            except httpx.HTTPError:
                pass
            await asyncio.sleep(0.1)


async def test_nothing_is_lost_or_doubled_when_the_server_is_killed_and_when_it_stops(
    commands: Forge, database_url: str, tmp_path: Path
) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    url = f"http://127.0.0.1:{port}"

    async def record(headers: dict[str, str], number: int) -> int:
        head = 0
        async with httpx.AsyncClient(base_url=url, headers=headers) as web:
            for _ in range(number):
                answer = await web.post("/frames", json={"name": f"Frame {os.urandom(6).hex()}"})
                assert answer.status_code == 201, answer.text
                head = answer.json()["position"]
        return head

    async def has(follower: Follower, head: int) -> None:
        async with asyncio.timeout(30):
            while not follower.positions or follower.positions[-1] < head:  # noqa: ASYNC110
                await asyncio.sleep(0.05)

    follower, following, recorded = Follower(url, {}), None, 0
    for end in (signal.SIGKILL, signal.SIGTERM, signal.SIGKILL):
        async with served(commands, database_url, tmp_path, port) as process:
            headers = {"Authorization": f"Bearer {(tmp_path / 'admin-token').read_text().strip()}"}
            if following is None:
                follower = Follower(url, headers)
                following = asyncio.create_task(follower.run())
            # The last ones are recorded while the stream is cut off.
            recorded = await record(headers, 20)
            if end is signal.SIGTERM:
                await has(follower, recorded)
            process.send(end)
            async with asyncio.timeout(9):
                while process.poll() is None:  # noqa: ASYNC110
                    await asyncio.sleep(0.05)
    assert follower.clean_ends >= 1
    async with served(commands, database_url, tmp_path, port):
        await has(follower, recorded)
    assert following is not None
    following.cancel()
    await asyncio.gather(following, return_exceptions=True)
    assert follower.positions == list(range(1, recorded + 1))
