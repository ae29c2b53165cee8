"""What goes with any command, over HTTP and MCP: keys, versions, times, and for whom."""

from collections.abc import AsyncGenerator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from tests.integration.scenario import UNKNOWN, World, eye
from tests.integration.surfaces import surfaces

from cora.kernel.moment import moment_text
from cora.kernel.principal import Role
from cora.surfaces.start import Opened

BEGAN = datetime(2020, 1, 1, tzinfo=UTC)


def at(hours: float) -> str:
    """A time so many hours after the beginning."""
    return moment_text(BEGAN + timedelta(hours=hours))


@pytest.fixture(scope="module")
async def world(module_cora: Opened) -> AsyncGenerator[World]:
    async with surfaces(module_cora) as shown:
        yield World(shown)


async def send(world: World, command: str, arguments: dict[str, Any], **headers: str) -> httpx.Response:
    """A command with headers; underscores stand for the hyphens of their names."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return await world.surfaces.http(command, arguments, headers=named)


def refusal(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


# Idempotency


async def test_the_same_key_gives_the_same_answer_once(world: World) -> None:
    given, before = {"name": world.name("Frame")}, await world.surfaces.recorded()
    first = await send(world, "register_frame", given, Idempotency_Key="one")
    again = await send(world, "register_frame", given, Idempotency_Key="one")
    assert first.status_code == again.status_code == 201
    assert again.content == first.content
    assert again.headers["Location"] == first.headers["Location"]
    assert again.headers["ETag"] == first.headers["ETag"]
    assert await world.surfaces.recorded() == before + 1
    over_mcp = await world.surfaces.agents[Role.ADMIN].call_tool("register_frame", {**given, "idempotency_key": "one"})
    assert over_mcp.structured_content == first.json()


async def test_a_key_is_for_one_request(world: World) -> None:
    assert (await send(world, "register_frame", {"name": world.name()}, Idempotency_Key="two")).status_code == 201
    for command, given in (
        ("register_frame", {"name": world.name()}),
        ("activate_asset", {"asset_id": await world.asset()}),
    ):
        answer = await send(world, command, given, Idempotency_Key="two")
        assert refusal(answer) == (422, "IdempotencyKeyReused")


async def test_a_key_belongs_to_its_caller(world: World) -> None:
    given = {"name": world.name()}
    assert (await send(world, "register_frame", given, Idempotency_Key="mine")).status_code == 201
    answer = await world.surfaces.http("register_frame", given, Role.OPERATOR, headers={"Idempotency-Key": "mine"})
    assert refusal(answer) == (409, "FrameNameTaken")


async def test_a_refusal_is_not_kept(world: World) -> None:
    asset = await world.asset()
    given = {"asset_id": asset}
    answer = await send(world, "enter_asset_maintenance", given, Idempotency_Key="early")
    assert refusal(answer) == (409, "AssetCannotEnterMaintenance")
    await world.do("activate_asset", asset_id=asset)
    answer = await send(world, "enter_asset_maintenance", given, Idempotency_Key="early")
    assert answer.status_code == 200
    await world.do("exit_asset_maintenance", asset_id=asset)
    replayed = await send(world, "enter_asset_maintenance", given, Idempotency_Key="early")
    assert replayed.content == answer.content


async def test_a_replay_comes_before_the_version_and_the_row(world: World) -> None:
    brought = {"id": "01900000-0000-7000-8000-00000000abcd", "name": world.name()}
    first = await send(world, "register_frame", brought, Idempotency_Key="id")
    assert (await send(world, "register_frame", brought, Idempotency_Key="id")).content == first.content
    given = {"asset_id": await world.asset()}
    first = await send(world, "activate_asset", given, Idempotency_Key="if", If_Match='"1"')
    assert first.status_code == 200
    again = await send(world, "activate_asset", given, Idempotency_Key="if", If_Match='"1"')
    assert again.content == first.content


async def test_an_assignment_is_replayed(world: World) -> None:
    given = {"asset_id": await world.made_by(), "scheme": "DOI"}
    first = await send(world, "assign_asset_persistent_id", given, Idempotency_Key="doi")
    again = await send(world, "assign_asset_persistent_id", given, Idempotency_Key="doi")
    assert first.status_code == again.status_code == 201
    assert again.content == first.content


async def test_a_rehearsal_uses_no_key_up(world: World) -> None:
    given = {"name": world.name()}
    headers = {"Idempotency-Key": "rehearsed"}
    rehearsed = await world.surfaces.http("register_frame", given, dry_run=True, headers=headers)
    assert rehearsed.status_code == 200
    assert "Location" not in rehearsed.headers
    assert "ETag" not in rehearsed.headers
    assert (await world.surfaces.http("register_frame", given, headers=headers)).status_code == 201


# Versions


async def test_a_command_for_another_version_is_refused(world: World) -> None:
    asset = await world.asset()
    shown = await world.surfaces.web[Role.READER].get(f"/assets/{asset}")
    tag = shown.headers["ETag"]
    done = await send(world, "activate_asset", {"asset_id": asset}, If_Match=tag)
    assert done.status_code == 200
    assert done.headers["ETag"] == '"2"'
    late = await send(world, "activate_asset", {"asset_id": asset}, If_Match=tag)
    assert refusal(late) == (412, "PreconditionFailed")
    assert (late.json()["expected"], late.json()["version"]) == ('"1"', 2)
    assert refusal(await send(world, "activate_asset", {"asset_id": asset}, If_Match="*")) == (
        409,
        "AssetCannotActivate",
    )
    over_mcp = await world.surfaces.agents[Role.ADMIN].call_tool("activate_asset", {"asset_id": asset, "if_match": 1})
    assert over_mcp.is_error
    assert over_mcp.structured_content is not None
    assert over_mcp.structured_content["code"] == "PreconditionFailed"


async def test_a_version_of_a_record_that_is_not_there(world: World) -> None:
    assert refusal(await send(world, "activate_asset", {"asset_id": UNKNOWN}, If_Match='"1"')) == (404, "AssetNotFound")
    assert refusal(await send(world, "register_frame", {"name": world.name()}, If_Match="*")) == (
        412,
        "PreconditionFailed",
    )


# Times


async def test_a_fact_has_two_times(world: World) -> None:
    asset = await world.asset_at(at(0))
    answer = (await send(world, "activate_asset", {"asset_id": asset}, Occurred_At=at(1))).json()
    assert answer["occurred_at"] == at(1)
    assert answer["recorded_at"] > at(2)
    shown = (await world.surfaces.web[Role.READER].get(f"/assets/{asset}")).json()
    assert (shown["occurred_at"], shown["recorded_at"]) == (at(1), answer["recorded_at"])
    assert shown["state"]["commissioned_at"] == at(1)
    now = (await send(world, "enter_asset_maintenance", {"asset_id": asset})).json()
    assert now["occurred_at"] == now["recorded_at"]


async def test_nothing_is_recorded_before_it_happened(world: World) -> None:
    later = moment_text(datetime.now(UTC) + timedelta(hours=1))
    for dry_run in (False, True):
        answer = await world.surfaces.http(
            "activate_asset", {"asset_id": await world.asset()}, dry_run=dry_run, headers={"Occurred-At": later}
        )
        assert refusal(answer) == (422, "OccurredInFuture")
        assert answer.json()["occurred_at"].startswith(later[:19])


async def test_along_a_record_time_only_goes_forward(world: World) -> None:
    asset = await world.asset_at(at(0))
    given = {"asset_id": asset}
    assert (await send(world, "activate_asset", given, Occurred_At=at(2))).status_code == 200
    for dry_run in (False, True):
        early = await world.surfaces.http(
            "enter_asset_maintenance", given, dry_run=dry_run, headers={"Occurred-At": at(1)}
        )
        assert refusal(early) == (409, "OccurredBeforeLastFact")
        assert early.json()["id"] == asset
        assert early.json()["last_occurred_at"].startswith(at(2)[:19])
    assert (await send(world, "enter_asset_maintenance", given, Occurred_At=at(2))).status_code == 200


async def test_joining_goes_forward_along_every_record_concerned(world: World) -> None:
    asset = await world.asset_at(at(0))
    await send(world, "activate_asset", {"asset_id": asset}, Occurred_At=at(1))
    here, there = [await world.mount_at(at(0)) for _ in range(2)]
    both = {"mount_id": here, "asset_id": asset}
    assert (await send(world, "install_asset", both, Occurred_At=at(2))).status_code == 200
    out = {"mount_id": here, "reason": "moved"}
    assert (await send(world, "uninstall_asset", out, Occurred_At=at(4))).status_code == 200
    elsewhere = {"mount_id": there, "asset_id": asset}
    early = await send(world, "install_asset", elsewhere, Occurred_At=at(3))
    assert refusal(early) == (409, "OccurredBeforeLastFact")
    assert early.json()["id"] == asset
    assert early.json()["last_occurred_at"].startswith(at(4)[:19])
    assert (await send(world, "install_asset", elsewhere, Occurred_At=at(4))).status_code == 200


async def test_retiring_parts_a_fixture_from_its_assets(world: World) -> None:
    asset = await world.asset_at(at(0))
    mount, elsewhere = [await world.mount_at(at(0)) for _ in range(2)]
    family = await world.make_at(at(0), "define_family", name=world.name("Family"))
    slots = [{"slot_name": "eye", "required_family_ids": [family]}]
    template = {"name": world.name("Assembly"), "presents_as_family_id": family, "required_slots": slots}
    assembly = await world.make_at(at(0), "define_assembly", **template)
    bound = {"name": world.name("Fixture"), "assembly_id": assembly, "slot_asset_bindings": eye(asset)}
    for moment, command, given in (
        (1, "activate_asset", {"asset_id": asset}),
        (1, "add_asset_family", {"asset_id": asset, "family_id": family}),
        (1, "install_asset", {"mount_id": mount, "asset_id": asset}),
    ):
        assert (await send(world, command, given, Occurred_At=at(moment))).is_success
    fixture = await world.make_at(at(2), "register_fixture", **bound)
    taken = {"mount_id": mount, "reason": "moved"}
    assert (await send(world, "uninstall_asset", taken, Occurred_At=at(4))).is_success
    retire = {"fixture_id": fixture, "reason": "rebuilt"}
    early = await send(world, "retire_fixture", retire, Occurred_At=at(3))
    assert refusal(early) == (409, "OccurredBeforeLastFact")
    assert early.json()["id"] == asset
    assert early.json()["last_occurred_at"].startswith(at(4)[:19])
    retired = await send(world, "retire_fixture", retire, Occurred_At=at(6))
    assert retired.json()["state"]["retired_at"].startswith(at(6)[:19])
    moved = await send(world, "install_asset", {"mount_id": elsewhere, "asset_id": asset}, Occurred_At=at(5))
    assert refusal(moved) == (409, "OccurredBeforeLastFact")
    assert moved.json()["id"] == asset
    assert moved.json()["last_occurred_at"].startswith(at(6)[:19])


# For whom, and what is wrong with the options


async def test_who_did_it_through_what_and_for_whom_is_recorded(world: World) -> None:
    headers = {"On-Behalf-Of": "Ada Lovelace", "X-Request-Id": "night-shift.7"}
    answer = await world.surfaces.http("register_frame", {"name": world.name()}, Role.OPERATOR, headers=headers)
    assert answer.headers["X-Request-Id"] == "night-shift.7"
    over_mcp = await world.surfaces.agents[Role.STEWARD].call_tool(
        "register_frame", {"name": world.name(), "on_behalf_of": "Ada Lovelace"}
    )
    assert over_mcp.structured_content is not None
    ids = [answer.json()["id"], over_mcp.structured_content["id"]]
    async with world.surfaces.cora.log.pool.acquire() as connection:
        rows = await connection.fetch(
            "select actor, via, on_behalf_of, request from cora.event where stream = any($1::uuid[]) order by position",
            ids,
        )
    assert [tuple(row)[:3] for row in rows] == [
        ("operator", "http", "Ada Lovelace"),
        ("steward", "mcp", "Ada Lovelace"),
    ]
    assert rows[0]["request"] == "night-shift.7"


async def test_all_that_is_wrong_is_told_at_once(world: World) -> None:
    headers = {"Idempotency-Key": "two words", "Occurred-At": "yesterday", "If-Match": 'W/"1"'}
    path = f"/assets/{await world.asset()}/degrade"
    answer = await world.surfaces.web[Role.OPERATOR].post(
        path, params={"dry_run": "maybe", "colour": "red"}, json={"reason": " "}, headers=headers
    )
    assert refusal(answer) == (422, "InvalidRequest")
    pointers = {error["pointer"] for error in answer.json()["errors"]}
    assert pointers == {"/colour", "/dry_run", "/Idempotency-Key", "/Occurred-At", "/If-Match", "/reason"}
