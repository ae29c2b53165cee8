"""Many commands in one request, over HTTP and MCP, on the real log, which is verified afterwards."""

import asyncio
import json
import time
from collections.abc import AsyncGenerator, Mapping
from typing import Any
from uuid import UUID

import jsonschema_rs
import pytest
from tests.contract.write_openapi import described
from tests.integration.scenario import UNKNOWN, World
from tests.integration.surfaces import ROLES, surfaces

from cora.kernel.identity import new_id
from cora.kernel.principal import Role
from cora.kernel.requests import MAXIMUM_BODY
from cora.log.verify import verify
from cora.surfaces.start import Opened

DESCRIBED = described()
Given = Mapping[str, Any]


@pytest.fixture(scope="module")
async def world(module_cora: Opened) -> AsyncGenerator[World]:
    async with surfaces(module_cora) as shown:
        yield World(shown)
        report = await verify(module_cora.log.dsn, module_cora.log.schema, module_cora.equipment.aggregates)
        assert report.intact, report.difference


def given(command: str, /, **arguments: Any) -> dict[str, Any]:
    """A command of a batch."""
    return {"command": command, "arguments": arguments}


def fresh() -> str:
    """An id that nothing has yet."""
    return str(new_id())


async def post(
    world: World, body: Any, role: Role = Role.ADMIN, *, dry_run: bool = False, **headers: str
) -> tuple[int, dict[str, Any]]:
    """The status and the answer of `POST /batch`, which is as it is described."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    params = {"dry_run": "true"} if dry_run else {}
    answer = await world.surfaces.web[role].post("/batch", json=body, params=params, headers=named)
    content = DESCRIBED["paths"]["/batch"]["post"]["responses"][str(answer.status_code)]["content"]
    schema = content[answer.headers["content-type"]]["schema"]
    jsonschema_rs.Draft202012Validator({**schema, "components": DESCRIBED["components"]}).validate(answer.json())
    return answer.status_code, answer.json()


async def done(world: World, *commands: Given, **options: Any) -> list[dict[str, Any]]:
    """What the commands of an atomic batch are answered."""
    status, said = await post(world, {"commands": commands, "atomic": True}, **options)
    assert status == 200, said
    return said["answers"]


async def recorded(world: World) -> int:
    return await world.surfaces.recorded()


async def branch(world: World) -> tuple[list[dict[str, Any]], dict[str, str]]:
    """Commands that make a hutch with a stage in a mount, bound in a fixture; and the ids they bring along."""
    ids = {name: fresh() for name in ("hutch", "stage", "frame", "mount", "fixture")}
    family, assembly = await world.any_family(), await world.assembly()
    return [
        given("register_asset", id=ids["hutch"], name=world.name(), tier="Unit", facility_code=await world.facility()),
        given(
            "register_asset", id=ids["stage"], name="Stage", tier="Device", parent_id=ids["hutch"], family_ids=[family]
        ),
        given("activate_asset", asset_id=ids["stage"]),
        given("register_frame", id=ids["frame"], name=world.name()),
        given("register_mount", id=ids["mount"], slot_code=world.name("S").replace(" ", "-"),
              placement={"parent_frame_id": ids["frame"], "x": 1.5}),
        given("install_asset", mount_id=ids["mount"], asset_id=ids["stage"]),
        given("register_fixture", id=ids["fixture"], name=world.name(), assembly_id=assembly,
              slot_asset_bindings=[{"slot_name": "eye", "asset_id": ids["stage"]}]),
        given("attach_asset_to_fixture", asset_id=ids["stage"], fixture_id=ids["fixture"]),
    ], ids  # fmt: skip


class TestAtomic:
    async def test_a_whole_branch_comes_to_be_at_one_moment(self, world: World) -> None:
        commands, ids = await branch(world)
        before = await recorded(world)
        said = await done(world, *commands)
        assert [each["status"] for each in said] == [201, 201, 200, 201, 201, 200, 201, 200]
        assert len({each["body"]["recorded_at"] for each in said}) == 1
        assert await recorded(world) == before + 8
        stage = (await world.surfaces.web[Role.READER].get(f"/assets/{ids['stage']}")).json()
        assert (stage["version"], stage["state"]["fixture_id"]) == (3, ids["fixture"])
        assert stage["state"] == said[-1]["body"]["state"]

    async def test_what_was_built_in_a_batch_is_taken_down_in_one(self, world: World) -> None:
        commands, ids = await branch(world)
        await done(world, *commands)
        await done(
            world,
            given("detach_asset_from_fixture", asset_id=ids["stage"], fixture_id=ids["fixture"]),
            given("uninstall_asset", mount_id=ids["mount"], reason="rebuilt"),
            given("decommission_asset", asset_id=ids["stage"], reason="worn"),
            given("decommission_asset", asset_id=ids["hutch"], reason="torn down"),
        )

    async def test_installed_and_taken_away_again_it_has_been_there(self, world: World) -> None:
        """The reference begins and ends within the batch, and so does the claim."""
        asset, mount = await world.active(), await world.mount()
        said = await done(
            world,
            given("install_asset", mount_id=mount, asset_id=asset),
            given("uninstall_asset", mount_id=mount, reason="too heavy"),
        )
        sql = "select until - since as lasted from cora.reference where relation = $1 and source = $2 and target = $3"
        pool = world.surfaces.cora.log.pool
        assert await pool.fetchval(sql, "mount.installed_asset_id", UUID(mount), UUID(asset)) == 1
        assert said[1]["body"]["state"]["installed_asset_id"] is None
        await world.install(asset)

    async def test_names_that_pass_are_history(self, world: World) -> None:
        """Two assets swap their names by way of a third name, which another had in between."""
        code, spare = await world.facility(), world.name()
        names = [world.name() for _ in range(3)]
        ids = [await world.make("register_asset", name=each, tier="Unit", facility_code=code) for each in names]
        renamed = [(0, spare), (1, names[0]), (0, names[1]), (2, spare), (2, names[2])]
        said = await done(world, *(given("describe_asset", asset_id=ids[which], name=name) for which, name in renamed))
        last = said[-1]["body"]["position"]
        log = world.surfaces.cora.log
        report = await verify(log.dsn, log.schema, world.surfaces.cora.equipment.aggregates)
        assert report.intact, report.difference

        async def found(position: int) -> list[str | None]:
            """The assets that have the three names and the spare one."""
            web = world.surfaces.web[Role.READER]
            paths = [f"/assets/by-path/{code}/{name}" for name in (*names, spare)]
            answers = [await web.get(path, params={"as_of": position}) for path in paths]
            assert {answer.status_code for answer in answers} <= {200, 404}
            return [answer.json()["id"] if answer.is_success else None for answer in answers]

        one, two, three = ids
        assert [await found(last - 5 + done) for done in range(6)] == [
            [one, two, three, None],
            [None, two, three, one],
            [two, None, three, one],
            [two, one, three, None],
            [two, one, None, three],
            [two, one, three, None],
        ]

    async def test_the_first_refusal_refuses_all(self, world: World) -> None:
        commands, ids = await branch(world)
        before = await recorded(world)
        late = given("decommission_asset", asset_id=ids["stage"], reason="worn")
        status, problem = await post(world, {"commands": [*commands, late, late], "atomic": True})
        assert (status, problem["code"], problem["pointer"]) == (409, "AssetHasFixtureBinding", "/commands/8")
        assert (problem["asset_id"], problem["fixture_id"]) == (ids["stage"], ids["fixture"])
        assert await recorded(world) == before
        assert (await world.surfaces.web[Role.READER].get(f"/assets/{ids['hutch']}")).status_code == 404

    async def test_over_mcp_it_says_the_same(self, world: World) -> None:
        commands, ids = await branch(world)
        late = given("decommission_asset", asset_id=ids["stage"], reason="worn")
        agent = await world.surfaces.mcp("batch", {"commands": [*commands, late], "atomic": True})
        _, problem = await post(world, {"commands": [*commands, late], "atomic": True})
        assert agent.refuses
        assert {**agent.body, "request_id": problem["request_id"]} == problem
        said = await world.surfaces.mcp("batch", {"commands": commands, "atomic": True})
        assert not said.refuses
        assert [each["status"] for each in said.body["answers"]] == [201, 201, 200, 201, 201, 200, 201, 200]

    async def test_what_cannot_be_undone_is_no_part_of_it(self, world: World) -> None:
        asset = await world.made_by()
        outside = given("assign_asset_persistent_id", asset_id=asset, scheme="DOI")
        beside = given("erase_contact", contact_id=fresh())
        status, problem = await post(world, {"commands": [outside, beside], "atomic": True})
        assert (status, problem["code"]) == (422, "InvalidRequest")
        assert [each["pointer"] for each in problem["errors"]] == ["/commands/0/command", "/commands/1/command"]
        status, said = await post(world, {"commands": [outside, beside]})
        assert [each["status"] for each in said["answers"]] == [201, 404]
        assert said["answers"][0]["body"]["value"]

    async def test_an_identifier_can_be_recorded_in_it(self, world: World) -> None:
        asset = await world.made_by()
        value = f"10.5072/{fresh()}"
        record = given("record_asset_persistent_id", asset_id=asset, scheme="DOI", value=value)
        _, again = [record, {**record, "arguments": {**record["arguments"], "value": f"{value}-x"}}]
        status, problem = await post(world, {"commands": [record, again], "atomic": True})
        assert (status, problem["code"]) == (409, "AssetPersistentIdAlreadyAssigned")
        assert problem["pointer"] == "/commands/1"
        (said,) = await done(world, record)
        assert said["body"]["state"]["persistent_id"]["value"] == value

    async def test_times_of_its_commands(self, world: World) -> None:
        asset = await world.asset_at("2020-01-01T00:00:00Z")
        mount = await world.mount_at("2020-01-01T00:00:00Z")
        story = [
            {**given("activate_asset", asset_id=asset), "occurred_at": "2020-01-02T00:00:00Z"},
            {**given("install_asset", mount_id=mount, asset_id=asset), "occurred_at": "2020-01-03T00:00:00Z"},
            {**given("uninstall_asset", mount_id=mount, reason="moved"), "occurred_at": "2020-01-05T00:00:00Z"},
            {**given("install_asset", mount_id=mount, asset_id=asset), "occurred_at": "2020-01-04T00:00:00Z"},
        ]
        status, problem = await post(world, {"commands": story, "atomic": True})
        assert (status, problem["code"]) == (409, "OccurredBeforeLastFact")
        assert problem["pointer"] == "/commands/3"
        said = await done(world, *story[:3])
        assert said[1]["body"]["state"]["installed_at"] == "2020-01-03T00:00:00.000000Z"

    async def test_a_key_is_for_the_whole(self, world: World) -> None:
        commands, _ = await branch(world)
        first = await post(world, {"commands": commands, "atomic": True}, Idempotency_Key="whole")
        before = await recorded(world)
        assert await post(world, {"commands": commands, "atomic": True}, Idempotency_Key="whole") == first
        assert await recorded(world) == before
        status, problem = await post(world, {"commands": commands[:3], "atomic": True}, Idempotency_Key="whole")
        assert (status, problem["code"]) == (422, "IdempotencyKeyReused")

    async def test_sent_at_once_with_one_key_it_is_recorded_once(self, world: World) -> None:
        commands, _ = await branch(world)
        before = await recorded(world)
        body = {"commands": commands, "atomic": True}
        said = await asyncio.gather(*(post(world, body, Idempotency_Key="together") for _ in range(6)))
        assert all(each == said[0] for each in said)
        assert said[0][0] == 200
        assert await recorded(world) == before + 8


class TestRehearsal:
    @pytest.mark.parametrize("atomic", [True, False])
    async def test_each_sees_what_those_before_it_would_do(self, world: World, atomic: bool) -> None:
        commands, _ = await branch(world)
        before = await recorded(world)
        status, said = await post(world, {"commands": commands, "atomic": atomic}, dry_run=True)
        assert (status, said["dry_run"]) == (200, True)
        assert all(each["body"]["dry_run"] for each in said["answers"])
        assert await recorded(world) == before
        real = await done(world, *commands)
        for one, other in zip(said["answers"], real, strict=True):
            assert one["body"]["events"] == other["body"]["events"]
            assert one["body"]["version"] == other["body"]["version"]

    async def test_of_commands_on_their_own_the_refused_leave_no_trace(self, world: World) -> None:
        id, name = fresh(), world.name()
        root = given("register_asset", id=id, name=name, tier="Unit", facility_code=await world.facility())
        commands = [
            given("activate_asset", asset_id=id),
            root,
            root,
            given("activate_asset", asset_id=id),
            given("assign_asset_persistent_id", asset_id=await world.made_by(), scheme="Handle"),
            given("erase_contact", contact_id=fresh()),
        ]
        _, said = await post(world, {"commands": commands}, dry_run=True)
        codes = [each["body"].get("code") for each in said["answers"]]
        assert codes == ["AssetNotFound", None, "IdTaken", None, None, "InvalidRequest"]
        assert said["answers"][4]["body"]["dry_run"] is True
        assert said["answers"][5]["body"]["errors"][0]["pointer"] == "/dry_run"


class TestOnTheirOwn:
    async def test_the_others_go_on(self, world: World) -> None:
        one, other = await world.asset(), await world.asset()
        commands = [
            given("activate_asset", asset_id=one),
            given("activate_asset", asset_id=one),
            given("activate_asset", asset_id=UNKNOWN),
            given("activate_asset", asset_id=other, why="because"),
            given("activate_asset", asset_id=other),
        ]
        status, said = await post(world, {"commands": commands}, Idempotency_Key="own")
        assert status == 200
        assert [each["status"] for each in said["answers"]] == [200, 409, 404, 422, 200]
        places = [each["pointer"] for each in said["answers"][3]["body"]["errors"]]
        assert places == ["/commands/3/arguments/why"]
        again = await post(world, {"commands": commands}, Idempotency_Key="own")
        assert [each["status"] for each in again[1]["answers"]] == [200, 409, 404, 422, 200]
        alone = await world.surfaces.http("activate_asset", {"asset_id": other}, headers={"Idempotency-Key": "own/4"})
        assert alone.json() == said["answers"][4]["body"]

    async def test_over_mcp(self, world: World) -> None:
        asset = await world.asset()
        twice = [given("activate_asset", asset_id=asset)] * 2
        said = await world.surfaces.mcp("batch", {"commands": twice, "on_behalf_of": "Grace"})
        assert [each["status"] for each in said.body["answers"]] == [200, 409]
        sql = "select on_behalf_of from cora.event where stream = $1 order by version desc limit 1"
        assert await world.surfaces.cora.log.pool.fetchval(sql, UUID(asset)) == "Grace"


class TestRoles:
    async def test_it_is_for_those_who_may_do_something(self, world: World) -> None:
        body = {"commands": [given("activate_asset", asset_id=UNKNOWN)]}
        assert (await post(world, body, Role.ANONYMOUS))[1]["code"] == "Unauthenticated"
        status, problem = await post(world, body, Role.READER)
        assert (status, problem["needed"]) == (403, "operator")
        assert (await world.surfaces.mcp("batch", body, Role.READER)).body["code"] == "Forbidden"

    @pytest.mark.parametrize("role", [role for role in ROLES if role is not Role.READER])
    async def test_each_command_needs_the_role_that_it_needs_by_itself(self, world: World, role: Role) -> None:
        family, facility = world.name("Family"), world.name("f").replace(" ", "-").lower()
        asset = await world.asset()
        commands = [
            given("activate_asset", asset_id=asset),
            given("define_family", name=family),
            given("register_facility", code=facility, name="Another"),
            given("nonsense"),
        ]
        statuses = {Role.OPERATOR: [403, 403], Role.STEWARD: [201, 403], Role.ADMIN: [201, 201]}[role]
        _, rehearsed = await post(world, {"commands": commands}, role, dry_run=True)
        assert [each["status"] == 403 for each in rehearsed["answers"][1:3]] == [each == 403 for each in statuses]
        status, problem = await post(world, {"commands": commands, "atomic": True}, role)
        if 403 in statuses:
            forbidden = f"/commands/{statuses.index(403) + 1}"
            assert (status, problem["code"], problem["pointer"]) == (403, "Forbidden", forbidden)
        else:
            assert (status, problem["code"]) == (422, "InvalidRequest")
        _, said = await post(world, {"commands": commands}, role)
        assert [each["status"] for each in said["answers"]] == [200, *statuses, 422]


class TestHostile:
    WRONG: list[tuple[Any, list[str]]] = [
        ([], [""]),
        ({}, ["/commands"]),
        ({"commands": []}, ["/commands"]),
        ({"commands": [{}] * 1001}, ["/commands"]),
        ({"commands": "activate_asset", "atomic": "yes"}, ["/commands", "/atomic"]),
        ({"commands": [given("batch", commands=[])], "atomic": True}, ["/commands/0/command"]),
        ({"commands": [{"command": "get_asset"}], "atomic": True}, ["/commands/0/command"]),
        (
            {"commands": [None, {"command": "activate_asset"}], "atomic": True},
            ["/commands/0", "/commands/1/arguments/asset_id"],
        ),
    ]

    @pytest.mark.parametrize(("body", "places"), WRONG)
    async def test_all_that_is_wrong_is_told(self, world: World, body: Any, places: list[str]) -> None:
        status, problem = await post(world, body)
        assert (status, problem["code"]) == (422, "InvalidRequest")
        assert [each["pointer"] for each in problem["errors"]] == places

    async def test_options_that_it_does_not_have(self, world: World) -> None:
        body = json.dumps({"commands": [given("activate_asset", asset_id=UNKNOWN)]})
        headers = {"Content-Type": "application/json", "If-Match": '"1"'}
        answer = await world.surfaces.web[Role.ADMIN].post("/batch?atomic=true", content=body, headers=headers)
        assert [each["pointer"] for each in answer.json()["errors"]] == ["/atomic"]
        answer = await world.surfaces.web[Role.ADMIN].post("/batch", content=body, headers=headers)
        assert [each["pointer"] for each in answer.json()["errors"]] == ["/If-Match"]
        said = await world.surfaces.mcp("batch", {**json.loads(body), "if_match": 1})
        assert [each["pointer"] for each in said.body["errors"]] == ["/if_match"]

    async def test_options_that_a_command_beside_the_log_does_not_have(self, world: World) -> None:
        """It is told with the place of the option: in the command, or in the request where only that has it."""
        body = {"commands": [given("erase_contact", contact_id=fresh())]}
        _, said = await post(world, body, Idempotency_Key="beside", On_Behalf_Of="grace")
        (answer,) = said["answers"]
        assert answer["status"] == 422
        pointers = [each["pointer"] for each in answer["body"]["errors"]]
        assert pointers == ["/Idempotency-Key", "/commands/0/on_behalf_of"]

    async def test_it_is_no_larger_than_any_request(self, world: World) -> None:
        status, problem = await post(world, {"commands": [given("x" * MAXIMUM_BODY)]})
        assert (status, problem["code"]) == (413, "TooLarge")

    async def test_large_records_do_not_make_a_large_answer(self, world: World) -> None:
        """A thousand small commands about a large record are answered with it a thousand times, if nobody counts."""
        family = await world.family()
        schema = {"type": "object", "properties": {"note": {"type": "string"}}}
        await world.do("update_family_settings_schema", family_id=family, settings_schema=schema)
        asset = await world.asset(family_ids=[family])
        await world.do("update_asset_settings", asset_id=asset, patch={"note": "x" * 500_000})
        before = await recorded(world)
        commands = [given("degrade_asset", asset_id=asset, reason="noisy") for _ in range(200)]
        status, problem = await post(world, {"commands": commands, "atomic": True})
        assert (status, problem["code"], problem["pointer"]) == (413, "AnswersTooLarge", "/commands/32")
        assert await recorded(world) == before
        _, said = await post(world, {"commands": commands})
        statuses = [each["status"] for each in said["answers"]]
        assert (statuses.count(200), statuses.count(413)) == (32, 168)
        assert await recorded(world) == before + 32


@pytest.mark.parametrize("atomic", [True, False])
async def test_a_thousand_commands(world: World, atomic: bool) -> None:
    parent = await world.asset()
    ids = [fresh() for _ in range(500)]
    register = [
        given("register_asset", id=id, name=f"Part {n}", tier="Device", parent_id=parent) for n, id in enumerate(ids)
    ]
    commands = [*register, *(given("activate_asset", asset_id=id) for id in ids)]
    before, began = await recorded(world), time.perf_counter()
    status, said = await post(world, {"commands": commands, "atomic": atomic})
    took = time.perf_counter() - began
    assert status == 200
    assert [each["status"] for each in said["answers"]] == [201] * 500 + [200] * 500
    assert await recorded(world) == before + 1000
    assert took < 30, took
