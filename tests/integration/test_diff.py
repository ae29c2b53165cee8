"""What changed in one record between two moments, by either clock."""

from collections.abc import AsyncGenerator
from operator import itemgetter
from typing import Any

import pytest
from tests.integration.scenario import UNKNOWN, World
from tests.integration.surfaces import surfaces
from tests.unit.kernel.test_changes import applied

from cora.kernel.principal import Role
from cora.surfaces.start import Opened


@pytest.fixture(scope="module")
async def world(module_cora: Opened) -> AsyncGenerator[World]:
    async with surfaces(module_cora) as shown:
        yield World(shown)


async def diff(world: World, entity: str, status: int = 200, role: Role = Role.READER, **params: Any) -> Any:
    if "since" in params:
        params["from"] = params.pop("since")
    answer = await world.surfaces.web[role].get("/diff", params={"entity": entity, **params})
    assert answer.status_code == status, answer.text
    return answer.json()


async def shown(world: World, asset: str) -> dict[str, Any]:
    found: dict[str, Any] = (await world.surfaces.web[Role.READER].get(f"/assets/{asset}")).json()
    return found


async def test_what_changed_between_two_positions(world: World) -> None:
    asset = await world.asset(name="Eye", description="old")
    first = await shown(world, asset)
    await world.do("describe_asset", asset_id=asset, description="new")
    await world.do("activate_asset", asset_id=asset)
    last = await shown(world, asset)
    found = await diff(world, asset, since=first["position"], to=last["position"])
    times = {"before": first["state"]["commissioned_at"], "after": last["state"]["commissioned_at"]}
    assert sorted(found["changes"], key=itemgetter("pointer")) == [
        {"pointer": "/commissioned_at", **times},
        {"pointer": "/description", "before": "old", "after": "new"},
        {"pointer": "/lifecycle", "before": "Commissioned", "after": "Active"},
    ]
    for side, record in (("before", first), ("after", last)):
        assert found[side] == {name: record[name] for name in ("version", "position", "occurred_at", "recorded_at")}
    assert [(each["kind"], each["version"]) for each in found["events"]] == [
        ("AssetDescribed", 2),
        ("AssetActivated", 3),
    ]
    assert (found["entity"], found["kind"], found["clock"], found["events_count"]) == (asset, "asset", "recorded", 2)
    # The same by the times at which these were recorded, and up to now.
    assert await diff(world, asset, since=first["recorded_at"], to=last["recorded_at"]) == found
    assert await diff(world, asset, since=first["position"]) == found
    assert await diff(world, asset, since=first["position"], to=last["recorded_at"]) == found
    over_mcp = await world.surfaces.mcp("diff", {"entity": asset, "from": str(first["position"])}, Role.READER)
    assert over_mcp.body == found


async def test_a_record_that_was_not_there_is_all_added(world: World) -> None:
    asset = await world.asset()
    record = await shown(world, asset)
    found = await diff(world, asset, since=0)
    assert found["before"] is None
    assert all("before" not in change for change in found["changes"])
    assert applied({}, found["changes"]) == record["state"]
    nothing = await diff(world, asset, since=record["position"], to=record["position"])
    assert (nothing["changes"], nothing["events"], nothing["events_count"]) == ([], [], 0)


async def test_both_clocks_of_what_was_recorded_late(world: World) -> None:
    asset = await world.asset_at("2026-02-01T00:00:00Z")
    before = (await shown(world, asset))["position"]
    for moment, command in (("2026-02-02T00:00:00Z", "activate_asset"), ("2026-02-04T00:00:00Z", "degrade_asset")):
        given = {"asset_id": asset} if command == "activate_asset" else {"asset_id": asset, "reason": "hot pixels"}
        answer = await world.surfaces.http(command, given, headers={"Occurred-At": moment})
        assert answer.is_success, answer.text
    occurred: dict[str, Any] = {"since": "2026-02-01T12:00:00Z", "to": "2026-02-03T00:00:00Z", "clock": "occurred"}
    found = await diff(world, asset, **occurred)
    assert [each["kind"] for each in found["events"]] == ["AssetActivated"]
    assert found["changes"] == [
        {
            "pointer": "/commissioned_at",
            "before": "2026-02-01T00:00:00.000000Z",
            "after": "2026-02-02T00:00:00.000000Z",
        },
        {"pointer": "/lifecycle", "before": "Commissioned", "after": "Active"},
    ]
    # In February cora knew nothing of it.
    await diff(world, asset, 404, since="2026-02-01T12:00:00Z", to="2026-02-03T00:00:00Z")
    recorded = await diff(world, asset, since=before)
    assert [each["kind"] for each in recorded["events"]] == ["AssetActivated", "AssetDegraded"]


async def test_what_cannot_be_asked(world: World) -> None:
    asset = await world.asset()
    here = (await shown(world, asset))["position"]
    past, later = "2026-02-01T00:00:00Z", "2026-02-02T00:00:00Z"
    refused: list[tuple[dict[str, Any], str]] = [
        ({"since": later, "to": past}, "/from"),
        ({"since": here, "to": 1}, "/from"),
        ({"since": here, "to": past}, "/from"),
        ({"since": later, "to": past, "clock": "occurred"}, "/from"),
        ({"since": here + 10_000, "to": here + 20_000}, "/to"),
        ({"since": "2999-01-01T00:00:00Z"}, "/from"),
        ({"since": 1, "to": "2999-01-01T00:00:00Z"}, "/to"),
        ({"since": 1, "clock": "occurred"}, "/from"),
        ({"since": "yesterday"}, "/from"),
        ({}, "/from"),
    ]
    for params, place in refused:
        answer = await diff(world, asset, 422, **params)
        assert [each["pointer"] for each in answer["errors"]] == [place], (params, answer)
    assert (await diff(world, UNKNOWN, 404, since=1))["code"] == "NotFound"
    await diff(world, asset, 401, Role.ANONYMOUS, since=1)
