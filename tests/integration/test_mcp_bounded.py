"""Answers over MCP stay short, whatever there is to tell, and lead to the rest."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Any

import pytest
from mcp_types import TextResourceContents
from tests.integration.mcp_world import Agent, Server, serving, told

from cora.kernel.principal import Role
from cora.surfaces.mcp.bounded import LONGEST_ANSWER
from cora.surfaces.start import Opened

FAMILIES, CHILDREN, OWNERS, NOTES = 40, 300, 200, 30
WORDY = "wordy " * 800


@dataclass
class Crowd:
    """A server with more of everything than fits into one answer; ids of an asset with children, and of one with
    owners."""

    server: Server
    parent: str
    owned: str


@pytest.fixture(scope="module")
async def crowd(module_cora: Opened) -> AsyncGenerator[Crowd]:
    async with serving(module_cora) as server:
        async with server.client(Role.ADMIN) as agent:
            parent, owned = await _fill(agent)
        yield Crowd(server, parent, owned)


async def _fill(agent: Agent) -> tuple[str, str]:
    await agent.call("register_facility", code="crowd", name="Crowd")
    families = [{"name": f"Family {each}", "description": WORDY} for each in range(FAMILIES)]
    await batch(agent, [("define_family", family) for family in families])
    parent = await asset(agent, name="Rack", tier="Unit", facility_code="crowd")
    children = [{"name": f"{each:03} {'x' * 180}", "parent_id": parent} for each in range(CHILDREN)]
    await batch(agent, [("register_asset", {**child, "tier": "Device"}) for child in children])
    notes = [f"{each} {WORDY}" for each in range(NOTES)]
    await batch(agent, [("add_asset_note", {"asset_id": parent, "text": note}) for note in notes])
    identifier = {"scheme": "Own", "value": "x" * 250}
    owners = [{"name": f"{each} {'x' * 240}", "identifier": identifier} for each in range(OWNERS)]
    return parent, await asset(agent, name="Shared", tier="Unit", facility_code="crowd", owners=owners)


async def asset(agent: Agent, **given: Any) -> str:
    return str((await agent.call("register_asset", **given))["id"])


async def batch(agent: Agent, commands: list[tuple[str, dict[str, Any]]], **options: Any) -> dict[str, Any]:
    named = [{"command": command, "arguments": arguments} for command, arguments in commands]
    return await agent.call("batch", commands=named, **options)


async def call(crowd: Crowd, tool: str, **arguments: Any) -> dict[str, Any]:
    """The answer of a tool, after a look that both its forms are short."""
    async with crowd.server.client(Role.READER) as agent:
        result = await agent.client.call_tool(tool, arguments)
    assert not result.is_error, result.structured_content
    (content,) = result.content
    assert len(getattr(content, "text")) <= LONGEST_ANSWER  # noqa: B009
    return told(result)


@pytest.mark.parametrize(
    ("tool", "arguments", "least"),
    [
        ("list", {"kind": "family"}, FAMILIES),
        ("history", {"kind": "asset"}, NOTES),
        ("list_events", {}, FAMILIES + CHILDREN + NOTES),
    ],
)
async def test_a_page_holds_what_fits_and_leads_on_to_all_of_it(
    crowd: Crowd, tool: str, arguments: dict[str, Any], least: int
) -> None:
    if tool == "history":
        arguments = {**arguments, "id": crowd.parent}
    seen: list[str] = []
    limits: list[int] = []
    following: dict[str, Any] = {}
    while True:
        page = await call(crowd, tool, **arguments, **following, limit=200)
        # An event that alone is too long is cut; it stands alone.
        assert "truncated" not in page or len(page["items"]) == 1
        seen += [str(item["position"]) for item in page["items"]]
        limits.append(len(page["items"]))
        if tool == "list_events":
            if page["next"] >= page["head"]:
                break
            following = {"after": page["next"]}
        elif page["next"] is None:
            break
        else:
            following = {"cursor": page["next"]}
    assert len(seen) == len(set(seen)) >= least
    assert 0 < min(limits[:-1]) < 200
    assert len(limits) > 2


async def test_a_tree_keeps_its_first_children_and_says_how_to_see_the_others(crowd: Crowd) -> None:
    tree = await call(crowd, "tree", kind="asset", id=crowd.parent)
    names = [child["name"][:3] for child in tree["root"]["children"]]
    assert names == [f"{number:03}" for number in range(len(names))]
    assert 100 < len(names) < CHILDREN
    assert tree["root"]["children_count"] == CHILDREN
    assert tree["truncated"] is True
    assert f"{CHILDREN - len(names)} of the {CHILDREN} items of /root/children" in tree["more"]
    assert "it goes to depth 1." in tree["more"]
    assert "`under` it with list" in tree["more"]
    others = await call(crowd, "list", kind="asset", under=crowd.parent, fields=["name"], sort="-name", limit=1)
    assert others["items"][0]["state"]["name"].startswith(f"{CHILDREN - 1}")


async def test_a_record_is_cut_at_whole_items_and_whole_as_a_resource(crowd: Crowd) -> None:
    shown = await call(crowd, "get", kind="asset", id=crowd.owned)
    async with crowd.server.web(Role.READER) as web:
        whole = (await web.get(f"/assets/{crowd.owned}")).json()
    kept = len(shown["state"]["owners"])
    assert 0 < kept < OWNERS
    assert shown["state"].pop("owners") == whole["state"]["owners"][:kept]
    assert f"{OWNERS - kept} of the {OWNERS} items of /state/owners" in shown["more"]
    assert "`fields`" in shown["more"]
    assert "cora://assets/{id}" in shown["more"]
    owners = whole["state"].pop("owners")
    assert {name: shown[name] for name in whole} == whole
    narrow = await call(crowd, "get", kind="asset", id=crowd.owned, fields=["name"])
    assert narrow["state"] == {"name": "Shared"}
    assert "more" not in narrow
    async with crowd.server.client(Role.READER) as agent:
        (contents,) = (await agent.client.read_resource(f"cora://assets/{crowd.owned}")).contents
    assert isinstance(contents, TextResourceContents)
    assert len(contents.text) > LONGEST_ANSWER
    assert contents.text.count('"contact_id"') == len(owners) == OWNERS


async def test_of_a_long_batch_every_refusal_is_told(crowd: Crowd) -> None:
    commands = [("define_family", {"name": f"Batch {number}", "description": "x" * 500}) for number in range(200)]
    async with crowd.server.client(Role.ADMIN) as agent:
        answered = await batch(agent, [*commands, ("define_family", {"name": "Family 1"})])
    *done, refused = answered["answers"]
    assert len(done) == 200
    assert {each["status"] for each in done} == {201}
    assert all(set(each["body"]) == {"id", "version", "position"} for each in done)
    assert (refused["status"], refused["body"]["code"]) == (409, "FamilyAlreadyExists")
    assert "truncated" not in answered
