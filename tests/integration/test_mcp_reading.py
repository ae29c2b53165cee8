"""Reading over MCP, with the client of the official SDK: few tools for all kinds, which answer as HTTP does."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from mcp import MCPError
from mcp_types import INVALID_PARAMS, TextResourceContents
from tests.integration.mcp_world import Agent, Server, build_fixture, serving

from cora.equipment.views import AGGREGATES, VIEWS
from cora.kernel.principal import Role
from cora.surfaces.start import Opened

UNKNOWN = "01900000-0000-7000-8000-00000000dead"
KINDS = ("facility", "family", "model", "asset", "frame", "mount", "assembly", "fixture")
CALLED = {
    "facility": "m1",
    "family": "camera m1",
    "model": "Andor/Z-M1",
    "asset": "m1/Eye M1",
    "frame": "Hutch M1",
    "mount": "M1-1",
    "assembly": "Microscope M1",
    "fixture": "Microscope M1",
}
"""What people call the records of `build_fixture`."""


@dataclass
class Place:
    """A server with one fixture, whose ids are in `made`, and a reader's two ways in."""

    server: Server
    made: dict[str, str]
    position: int

    @asynccontextmanager
    async def reader(self) -> AsyncGenerator[tuple[Agent, httpx.AsyncClient]]:
        async with self.server.client(Role.READER) as agent, self.server.web(Role.READER) as web:
            yield agent, web


@pytest.fixture(scope="module")
async def place(module_cora: Opened) -> AsyncGenerator[Place]:
    async with serving(module_cora) as server:
        async with server.client(Role.ADMIN) as agent:
            made = await build_fixture(agent, "M1")
            described = await agent.call("describe_asset", asset_id=made["asset"], name="Eye M1", description="Sees.")
        yield Place(server, made, described["position"])


async def body(web: httpx.AsyncClient, path: str, **query: Any) -> dict[str, Any]:
    answered = await web.get(path, params=query)
    assert answered.status_code == 200, answered.text
    told: dict[str, Any] = answered.json()
    return told


def path_of(kind: str, id: str) -> str:
    (aggregate,) = [each for each in AGGREGATES if each.kind == kind]
    return f"/{aggregate.collection}/{id}"


@pytest.mark.parametrize("kind", KINDS)
async def test_a_record_is_got_by_its_id_and_by_what_people_call_it(place: Place, kind: str) -> None:
    async with place.reader() as (agent, web):
        over_http = await body(web, path_of(kind, place.made[kind]))
        assert await agent.call("get", kind=kind, id=place.made[kind]) == over_http
        assert await agent.call("get", kind=kind, id=CALLED[kind]) == over_http


async def test_what_is_shown_of_a_record_can_be_chosen(place: Place) -> None:
    path = path_of("asset", place.made["asset"])
    async with place.reader() as (agent, web):
        asked: dict[str, Any] = {"kind": "asset", "id": CALLED["asset"]}
        expanded = await agent.call("get", **asked, expand=["mount", "model"])
        assert set(expanded["expanded"]) == {"mount", "model"}
        assert expanded == await body(web, path, expand="mount,model")
        assert await agent.call("get", **asked, beside=False) == await body(web, path, beside="false")
        narrow = await agent.call("get", **asked, fields=["name", "tier"])
        assert narrow["state"] == {"name": "Eye M1", "tier": "Device"}


async def test_a_record_is_got_as_it_was(place: Place) -> None:
    path, before = path_of("asset", place.made["asset"]), str(place.position - 1)
    async with place.reader() as (agent, web):
        was = await agent.call("get", kind="asset", id=CALLED["asset"], as_of=before)
        assert was["state"]["description"] is None
        assert was == await body(web, path, as_of=before)
        unborn = await agent.refusal("get", kind="asset", id=CALLED["asset"], as_of="0")
        assert (unborn["status"], unborn["code"], unborn["id"]) == (404, "AssetNotFound", CALLED["asset"])


@pytest.mark.parametrize("id", [UNKNOWN, "nowhere/at all"])
@pytest.mark.parametrize("tool", ["get", "history", "tree"])
async def test_an_unknown_record_is_not_found(place: Place, tool: str, id: str) -> None:
    async with place.reader() as (agent, _):
        problem = await agent.refusal(tool, kind="asset", id=id)
    assert (problem["status"], problem["code"], problem["id"]) == (404, "AssetNotFound", id)


async def test_an_id_of_another_kind_is_not_found(place: Place) -> None:
    async with place.reader() as (agent, _):
        for tool in ("get", "history", "tree"):
            problem = await agent.refusal(tool, kind="frame", id=place.made["asset"])
            assert (problem["status"], problem["code"]) == (404, "FrameNotFound")


@pytest.mark.parametrize(
    ("arguments", "query"),
    [
        ({}, {}),
        ({"filters": {"lifecycle": "Active"}, "count": True}, {"lifecycle": "Active", "count": "true"}),
        ({"filters": {"lifecycle": ["Active", "Commissioned"]}}, {"lifecycle": ["Active", "Commissioned"]}),
        ({"missing": ["persistent_id"], "limit": 1}, {"missing": "persistent_id", "limit": "1"}),
        ({"fields": ["name", "condition"], "sort": "-name"}, {"fields": "name,condition", "sort": "-name"}),
        ({"filters": {"registered_at_to": "2020-01-01T00:00:00Z"}}, {"registered_at_to": "2020-01-01T00:00:00Z"}),
    ],
)
async def test_a_list_says_what_it_says_over_http(place: Place, arguments: Any, query: Any) -> None:
    async with place.reader() as (agent, web):
        assert await agent.call("list", kind="asset", **arguments) == await body(web, "/assets", **query)


async def test_a_list_is_narrowed_to_what_stands_below_a_path(place: Place) -> None:
    async with place.server.client(Role.ADMIN) as admin:
        given = {"tier": "Device", "parent_id": place.made["asset"]}
        lens = (await admin.call("register_asset", name="Lens of M1", **given))["id"]
    async with place.reader() as (agent, web):
        below = await agent.call("list", kind="asset", under=CALLED["asset"])
        assert [item["id"] for item in below["items"]] == [lens]
        assert below == await body(web, "/assets", under=CALLED["asset"])
        missing = await agent.refusal("list", kind="asset", under="nowhere/at all")
        assert (missing["status"], missing["code"]) == (404, "AssetNotFound")


async def test_history_tree_and_pose_say_what_they_say_over_http(place: Place) -> None:
    asset, mount, frame = (path_of(kind, place.made[kind]) for kind in ("asset", "mount", "frame"))
    async with place.reader() as (agent, web):
        for kind in KINDS:
            told = await agent.call("history", kind=kind, id=CALLED[kind], order="oldest", limit=3)
            assert told == await body(web, f"{path_of(kind, place.made[kind])}/history", order="oldest", limit="3")
            assert told["items"]
        assert await agent.call("tree", kind="asset", id=CALLED["asset"]) == await body(web, f"{asset}/tree")
        flat = await agent.call("tree", kind="frame", id=CALLED["frame"], depth=0)
        assert flat == await body(web, f"{frame}/tree", depth="0")
        in_hutch = {"in": CALLED["frame"]}
        told = await agent.call("pose", kind="mount", id=CALLED["mount"], **in_hutch)
        assert told == await body(web, f"{mount}/pose", **in_hutch)
        assert told == await agent.call("pose", kind="asset", id=CALLED["asset"], **in_hutch)
        assert told == await body(web, f"{asset}/pose")


async def test_every_kind_has_resources(place: Place) -> None:
    async with place.reader() as (agent, _):
        templates = (await agent.client.list_resource_templates()).resource_templates
        assert (await agent.client.list_resources()).resources == []
    found = {template.uri_template for template in templates}
    assert {f"cora://{view.aggregate.collection}/{{id}}" for view in VIEWS} <= found
    assert {"cora://assets/by-path/{+path}", "cora://mounts/by-slot/{slot}"} <= found
    assert len(found) == len(VIEWS) + sum(view.key is not None for view in VIEWS)
    assert {template.mime_type for template in templates} == {"application/json"}


async def test_a_resource_is_the_record_with_what_stands_beside_it(place: Place) -> None:
    async with place.reader() as (agent, web):
        for kind, uri in {
            "asset": f"cora://assets/{place.made['asset']}",
            "fixture": f"cora://fixtures/{place.made['fixture']}",
            "mount": "cora://mounts/by-slot/M1-1",
            "model": "cora://models/by-part-number/Andor/Z-M1",
        }.items():
            await _is_resource(agent, web, uri, path_of(kind, place.made[kind]))
        await _is_resource(agent, web, "cora://assets/by-path/m1/Eye%20M1", path_of("asset", place.made["asset"]))


async def _is_resource(agent: Agent, web: httpx.AsyncClient, uri: str, path: str) -> None:
    (contents,) = (await agent.client.read_resource(uri)).contents
    assert isinstance(contents, TextResourceContents)
    assert (contents.uri, contents.mime_type) == (uri, "application/json")
    assert contents.text == (await web.get(path)).text


@pytest.mark.parametrize(
    ("uri", "code"),
    [
        (f"cora://assets/{UNKNOWN}", "AssetNotFound"),
        ("cora://assets/by-path/nowhere/at all", "AssetNotFound"),
        ("cora://assets/by-path/m1", "InvalidRequest"),
        ("cora://assets/camera", "ResourceNotFound"),
        ("cora://assets", "ResourceNotFound"),
        (f"cora://gadgets/{UNKNOWN}", "ResourceNotFound"),
        (f"file://assets/{UNKNOWN}", "ResourceNotFound"),
        ("nonsense", "ResourceNotFound"),
    ],
)
async def test_what_is_no_resource_is_an_error_in_words(place: Place, uri: str, code: str) -> None:
    async with place.reader() as (agent, _):
        with pytest.raises(MCPError) as raised:
            await agent.client.read_resource(uri)
    error = raised.value.error
    assert error.code == INVALID_PARAMS
    assert error.data["code"] == code
    assert error.message == error.data["detail"]
    if code != "InvalidRequest":
        assert error.data["status"] == 404
