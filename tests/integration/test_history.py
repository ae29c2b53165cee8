"""The history of a record: what is in it, what each event changed, from when it is seen, and what it costs."""

import json
from collections.abc import AsyncGenerator, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from tests.integration.minters import Granting
from tests.integration.scenario import UNKNOWN, World
from tests.integration.surfaces import surfaces
from tests.unit.kernel.test_changes import applied

from cora.equipment.views import VIEWS
from cora.kernel.events import AskedHistory
from cora.kernel.principal import Role
from cora.kernel.when import NOW, When
from cora.log.connect import WALKING, connect
from cora.log.events import find_history
from cora.log.link import Link
from cora.surfaces.start import Opened


@pytest.fixture(scope="module")
async def world(module_cora: Opened) -> AsyncGenerator[World]:
    async with surfaces(module_cora) as shown:
        yield World(shown)


async def get(world: World, path: str, status: int = 200, role: Role = Role.READER, **params: Any) -> Any:
    answer = await world.surfaces.web[role].get(path, params=params)
    assert answer.status_code == status, answer.text
    return answer.json()


async def history(world: World, path: str, **params: Any) -> list[dict[str, Any]]:
    """Every event of a history, page by page."""
    items: list[dict[str, Any]] = []
    following: dict[str, Any] = {}
    while True:
        page = await get(world, f"{path}/history", **params, **following)
        items += page["items"]
        if page["next"] is None:
            return items
        following = {"cursor": page["next"]}


def kinds(items: list[dict[str, Any]]) -> list[str]:
    return [item["kind"] for item in items]


async def test_an_asset_has_its_installations_attachments_and_identifiers(world: World) -> None:
    world.surfaces.use_minter(Granting())
    asset, fixture = await world.attached(model_id=await world.model())
    await world.do("assign_asset_persistent_id", asset_id=asset, scheme="DOI")
    await world.do("detach_asset_from_fixture", asset_id=asset, fixture_id=fixture)
    found = await history(world, f"/assets/{asset}", order="oldest")
    assert kinds(found) == [
        "AssetRegistered",
        "AssetActivated",
        "MountAssetInstalled",
        "FixtureRegistered",
        "AssetAttachedToFixture",
        "PersistentIdReserved",
        "PersistentIdMinted",
        "PersistentIdMetadataPushed",
        "AssetPersistentIdAssigned",
        "AssetDetachedFromFixture",
    ]
    assert [item["stream_kind"] for item in found[2:8]] == [
        "mount",
        "fixture",
        "asset",
        "persistent_id",
        "persistent_id",
        "persistent_id",
    ]
    assert kinds(await history(world, f"/assets/{asset}")) == kinds(found)[::-1]
    assert kinds(await history(world, f"/fixtures/{fixture}")) == [
        "AssetDetachedFromFixture",
        "AssetAttachedToFixture",
        "FixtureRegistered",
    ]
    every = kinds(await history(world, f"/fixtures/{fixture}", all="true"))
    assert set(every) >= {"AssetDetachedFromFixture", "AssetAttachedToFixture", "FixtureRegistered"}


async def test_an_event_says_all_that_is_known_of_it(world: World) -> None:
    mount, asset = await world.mount_at("2026-01-01T00:00:00Z"), await world.asset_at("2026-01-01T00:00:00Z")
    headers = {"Occurred-At": "2026-01-02T08:00:00Z", "On-Behalf-Of": "A. Guest", "X-Request-Id": "bolted-1"}
    await world.surfaces.http("activate_asset", {"asset_id": asset}, headers={"Occurred-At": "2026-01-01T01:00:00Z"})
    given = {"mount_id": mount, "asset_id": asset}
    answer = await world.surfaces.http("install_asset", given, headers=headers)
    assert answer.is_success, answer.text
    (newest, *_) = await history(world, f"/mounts/{mount}")
    recorded = datetime.fromisoformat(newest.pop("recorded_at"))
    assert datetime.now(UTC) - recorded < timedelta(minutes=1)
    assert newest == {
        "position": answer.json()["position"],
        "kind": "MountAssetInstalled",
        "occurred_at": "2026-01-02T08:00:00.000000Z",
        "stream": mount,
        "stream_kind": "mount",
        "version": 2,
        "actor": "admin",
        "via": "http",
        "on_behalf_of": "A. Guest",
        "request_id": "bolted-1",
        "reason": None,
        "data": {"asset_id": asset},
        "changes": [
            {"pointer": "/installed_asset_id", "before": None, "after": asset},
            {"pointer": "/installed_at", "before": None, "after": "2026-01-02T08:00:00.000000Z"},
        ],
    }
    await world.do("uninstall_asset", mount_id=mount, reason="to be cleaned")
    (swapped, *_) = await history(world, f"/assets/{asset}")
    assert (swapped["kind"], swapped["reason"]) == ("MountAssetUninstalled", "to be cleaned")


async def test_what_was_recorded_late_has_its_place_in_both_times(world: World) -> None:
    asset, mount = await world.asset_at("2026-02-01T00:00:00Z"), await world.mount_at("2026-02-01T00:00:00Z")
    path = f"/assets/{asset}"
    await world.surfaces.http("activate_asset", {"asset_id": asset}, headers={"Occurred-At": "2026-02-02T00:00:00Z"})
    before = (await get(world, path))["position"]
    given = {"mount_id": mount, "asset_id": asset}
    late = await world.surfaces.http("install_asset", given, headers={"Occurred-At": "2026-02-03T00:00:00Z"})
    assert late.is_success, late.text
    installed = ["AssetRegistered", "AssetActivated", "MountAssetInstalled"]
    assert kinds(await history(world, path, order="oldest", as_of=before)) == installed[:2]
    assert kinds(await history(world, path, order="oldest", true_at="2026-02-02T12:00:00Z")) == installed[:2]
    assert kinds(await history(world, path, order="oldest", true_at="2026-02-03T00:00:00Z")) == installed
    both = {"as_of": before, "true_at": "2026-02-10T00:00:00Z"}
    assert kinds(await history(world, path, order="oldest", **both)) == installed[:2]
    # In February nobody had told cora of it.
    await get(world, f"{path}/history", 404, as_of="2026-02-28T00:00:00Z")
    await get(world, f"{path}/history", 404, true_at="2026-01-31T00:00:00Z")


async def test_pages_are_not_disturbed_by_what_is_recorded_between(world: World) -> None:
    asset = await world.asset()
    for number in range(7):
        await world.do("describe_asset", asset_id=asset, description=f"the {number}th")
    seen: list[int] = []
    page = await get(world, f"/assets/{asset}/history", limit=3)
    while True:
        seen += [item["version"] for item in page["items"]]
        assert len(page["items"]) <= 3
        if page["next"] is None:
            break
        await world.do("describe_asset", asset_id=asset, description=f"after {len(seen)}")
        page = await get(world, f"/assets/{asset}/history", limit=3, cursor=page["next"])
    assert seen == [8, 7, 6, 5, 4, 3, 2, 1]
    oldest = [item["version"] for item in await history(world, f"/assets/{asset}", order="oldest", limit=3)]
    assert oldest == list(range(1, 11))


async def test_all_changes_in_order_give_the_state_as_it_is(world: World) -> None:
    """Over two checkpoints, and pages that begin between them."""
    asset = await world.asset()
    for number in range(70):
        await world.do("describe_asset", asset_id=asset, description=f"the {number}th")
        if number % 9 == 0:
            await world.do("add_asset_owner", asset_id=asset, owner={"name": f"Group {number}"})
    for limit in (7, 200):
        state: dict[str, Any] = {}
        own = await history(world, f"/assets/{asset}", order="oldest", limit=limit)
        assert [item["version"] for item in own] == list(range(1, 80))
        for item in own:
            assert item["changes"], item
            state = applied(state, item["changes"])
        assert state == (await get(world, f"/assets/{asset}"))["state"]
    newest = await history(world, f"/assets/{asset}", limit=11)
    assert newest == own[::-1]


@pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.aggregate.kind)
async def test_every_kind_has_it(world: World, view: Any) -> None:
    aggregate = view.aggregate
    await world.attached(model_id=await world.model())
    found = (await get(world, f"/{aggregate.collection}", limit=5))["items"]
    for record in found:
        own = await history(world, f"/{aggregate.collection}/{record['id']}", order="oldest")
        state: dict[str, Any] = {}
        for item in own:
            if item["stream"] == record["id"]:
                state = applied(state, item["changes"])
        assert state == record["state"]
    assert found or aggregate.kind == "persistent_id"
    missing = await get(world, f"/{aggregate.collection}/{UNKNOWN}/history", 404)
    assert missing["code"] == aggregate.not_found.code()


async def test_what_is_false_is_not_missing_in_lists_of_the_past_either(world: World) -> None:
    given = {"scheme": "DOI", "value": "10.1234/no-test"}
    await world.do("record_asset_persistent_id", asset_id=await world.asset(), **given)
    (known,) = (await get(world, "/persistent-ids", value=given["value"]))["items"]
    assert known["state"]["test"] is False
    for missing, count in (("test", 0), ("last_error", 1)):
        for when in ({}, {"as_of": known["position"]}):
            found = await get(world, "/persistent-ids", value=given["value"], missing=missing, **when)
            assert len(found["items"]) == count


async def test_what_cannot_be_asked(world: World) -> None:
    path = f"/assets/{await world.asset()}/history"
    refused: list[tuple[dict[str, Any], str]] = [
        ({"limit": 0}, "/limit"),
        ({"limit": 201}, "/limit"),
        ({"order": "random"}, "/order"),
        ({"cursor": "x"}, "/cursor"),
        ({"as_of": "10000000"}, "/as_of"),
        ({"sort": "name"}, "/sort"),
    ]
    for params, place in refused:
        answer = await get(world, path, 422, **params)
        assert [each["pointer"] for each in answer["errors"]] == [place]
    await get(world, path, 401, role=Role.ANONYMOUS)
    await get(world, f"/mounts/{await world.asset()}/history", 404)


async def test_a_page_costs_a_constant_number_of_statements(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    asset, mount = await world.active(), await world.mount()
    for _ in range(12):
        await world.do("install_asset", mount_id=mount, asset_id=asset)
        await world.do("uninstall_asset", mount_id=mount, reason="swap")
    statements: list[str] = []
    costs: list[int] = []
    fetch = Link.fetch

    async def counted(link: Link, sql: str, *values: Any) -> Any:
        if "join token" not in sql:  # who asks is known for a second, however many pages are asked for
            statements.append(sql)
        return await fetch(link, sql, *values)

    monkeypatch.setattr(Link, "fetch", counted)
    asked: list[dict[str, Any]] = [{"limit": 1}, {"limit": 200}, {"limit": 200, "all": "true"}]
    for params in asked:
        statements.clear()
        await get(world, f"/assets/{asset}/history", **params)
        costs.append(len(statements))
    assert costs == [3, 3, 3]


async def test_a_family_of_very_many_is_walked_by_index(world: World) -> None:
    """What a page reads does not grow with what mentions the record."""
    await world.any_family()
    family = await world.family()
    plans: list[str] = []
    log = world.surfaces.cora.log
    connection = await connect(log.dsn, log.schema, further=WALKING)
    transaction = connection.transaction()
    await transaction.start()
    try:
        await connection.execute(_MENTIONS, family)
        await connection.execute(_MORE_EVENTS, family)

        async def explained(query: str, *values: Any) -> Any:
            if "found as" in query:
                plans.append(str(await connection.fetchval(f"explain (analyze, format json) {query}", *values)))
            return await connection.fetch(query, *values)

        asked = AskedHistory(UUID(family), every=True)
        mine = await find_history(explained, (AskedHistory(UUID(family)), NOW))
        every = await find_history(explained, (asked, NOW))
        late = await find_history(explained, (asked, When(true_at=datetime.now(UTC))))
    finally:
        await transaction.rollback()
        await connection.close()
    assert [event.kind for event in mine.events] == ["FamilyDefined"]
    assert len(every.events) == len(late.events) == 51
    for plan in plans:
        walks = [
            node for node in _nodes(json.loads(plan)[0]["Plan"]) if node.get("Relation Name") in ("mention", "event")
        ]
        assert len(walks) >= 3
        for node in walks:
            assert "Index" in node["Node Type"], node
            assert node["Actual Rows"] * node["Actual Loops"] <= 60, node


_MENTIONS = """
insert into mention (entity, position, joining)
select $1, number, false from generate_series(10000000, 10010000) number
"""
_MORE_EVENTS = """
with one as (
    select * from event where kind = 'FamilyDefined' and stream <> $1 limit 1
), more as (
    insert into event (position, stream, version, kind, data, actor, via, request, schema_version, occurred_at,
                       recorded_at, digest)
    select number, one.stream, number - 9990000, kind, data, actor, via, request, 1, occurred_at, recorded_at, ''
    from one, generate_series(10000000, 10010000) number
)
insert into block (last_position, recorded_at, hash) values (10010000, clock_timestamp(), '')
"""


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for below in plan.get("Plans", ()):
        yield from _nodes(below)
