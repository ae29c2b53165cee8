"""Assigning identifiers: the gates in their order, failing and slow authorities, deaths between any two steps."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from tests.unit.equipment.world import Dies, World

from cora.equipment.aggregates.asset import ASSET
from cora.equipment.aggregates.asset.errors import AssetNotFoundError
from cora.equipment.aggregates.asset.events import AssetDecommissioned
from cora.equipment.aggregates.persistent_id import (
    PERSISTENT_ID,
    AssetPersistentIdAlreadyAssignedError,
    AssetPersistentIdAssignmentForbiddenError,
    FixturePersistentIdAlreadyAssignedError,
    PersistentIdentifierMintError,
    PersistentIdReservedError,
    PersistentIdTakenError,
    PidinstRecordIncompleteError,
    SchemeNotConfiguredError,
)
from cora.equipment.pidinst import suffix
from cora.equipment.ports.doi_minter import MintFailedError, NotAskedError
from cora.kernel.errors import (
    ForbiddenError,
    OccurredBeforeLastFactError,
    OverloadedError,
    PreconditionFailedError,
    Refusal,
)
from cora.kernel.principal import Role


@pytest.fixture
def world() -> World:
    return World()


async def test_the_steps_are_recorded_in_order_and_the_answer_tells_the_identifier(world: World) -> None:
    asset = await world.asset()
    answer = await world.assign("asset", asset, suffix="a1")
    body = json.loads(answer.body)
    assert answer.status == 201
    assert (body["scheme"], body["value"]) == ("DOI", "10.0000/cora-stub/a1")
    assert body["url"] == f"http://cora.test/id/{asset}"
    assert body["state"]["persistent_id"] == {
        "scheme": "DOI", "value": "10.0000/cora-stub/a1", "origin": "Minted", "test": True
    }  # fmt: skip
    assert world.log.kinds()[-3:] == ["PersistentIdMinted", "PersistentIdMetadataPushed", "AssetPersistentIdAssigned"]
    assert world.log.kinds()[-4] == "PersistentIdReserved"
    assert len({event.recorded_at for event in world.log.events[-3:]}) == 1
    assert [event["kind"] for event in body["events"]] == world.log.kinds()[-3:]
    assert body["publication"] == "Findable"
    (asked,) = world.minter.asked
    assert (asked.identifier.value, asked.url) == ("10.0000/cora-stub/a1", body["url"])
    assert asked.record.record.identifier.identifier == "10.0000/cora-stub/a1"
    assert asked.record.record.complete
    assert asked.record.record.test


async def test_a_fixture_goes_the_same_way(world: World) -> None:
    fixture = await world.fixture_of(await world.asset())
    answer = await world.assign("fixture", fixture, scheme="Handle", suffix="tower")
    assert json.loads(answer.body)["value"] == "20.500.0000/cora-stub/tower"
    assert world.log.kinds()[-1] == "FixturePersistentIdAssigned"
    with pytest.raises(FixturePersistentIdAlreadyAssignedError) as refusal:
        await world.assign("fixture", fixture, scheme="Handle", suffix="tower")
    assert refusal.value.value == "20.500.0000/cora-stub/tower"


async def test_without_a_suffix_a_checked_one_is_chosen(world: World) -> None:
    asset = await world.asset()
    value = json.loads((await world.assign("asset", asset)).body)["value"]
    assert suffix.is_checked_suffix(value.removeprefix("10.0000/cora-stub/"))


async def test_a_taken_random_suffix_is_chosen_anew(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    await world.assign("asset", await world.asset(), suffix="0000-0098")
    numbers = iter([0, 0, 5])

    def next_number(bits: int) -> int:
        return next(numbers)

    monkeypatch.setattr(suffix.secrets, "randbits", next_number)
    answer = await world.assign("asset", await world.asset())
    assert json.loads(answer.body)["value"] == f"10.0000/cora-stub/{suffix.suffix_of(5)}"


async def test_a_taken_suffix_that_was_asked_for_is_refused_whatever_the_case(world: World) -> None:
    taken = await world.asset()
    await world.record("asset", taken, "Handle", "20.500.0000/CORA-stub/A1")
    with pytest.raises(PersistentIdTakenError):
        await world.assign("asset", await world.asset(), scheme="Handle", suffix="a1")
    assert world.minter.asked == []


async def test_refusals_come_in_the_order_of_the_row(world: World) -> None:
    """One record breaks every rule; each remedy uncovers the next refusal."""
    with pytest.raises(AssetNotFoundError):
        await world.assign("asset", UUID(int=99))
    asset = await world.asset(model=False)
    with pytest.raises(PidinstRecordIncompleteError) as incomplete:
        await world.assign("asset", asset, suffix="taken")
    assert [each.property for each in incomplete.value.missing] == ["Manufacturer"]
    await world.assign("asset", await world.asset(), suffix="taken")
    with pytest.raises(PidinstRecordIncompleteError):
        await world.assign("asset", asset, suffix="taken")
    complete = await world.asset()
    with pytest.raises(PersistentIdTakenError):
        await world.assign("asset", complete, suffix="taken")
    world.minter.outcomes = [MintFailedError("no answer", retryable=True)]
    with pytest.raises(PersistentIdentifierMintError):
        await world.assign("asset", complete, suffix="free")
    with pytest.raises(PersistentIdReservedError) as reserved:
        await world.assign("asset", complete, suffix="taken")
    assert reserved.value.value == "10.0000/cora-stub/free"
    with pytest.raises(PersistentIdReservedError):
        await world.assign("asset", complete, scheme="Handle", suffix="free")
    with pytest.raises(PersistentIdReservedError):
        await world.record("asset", complete, "DOI", "10.5438/old")
    await world.assign("asset", complete, suffix="free")
    with pytest.raises(AssetPersistentIdAlreadyAssignedError):
        await world.assign("asset", complete, suffix="other")
    await world.note(ASSET, complete, AssetDecommissioned("worn out"))
    with pytest.raises(AssetPersistentIdAssignmentForbiddenError):
        await world.assign("asset", complete, suffix="other")


async def test_a_refused_request_leaves_no_trace_and_never_reaches_the_authority(world: World) -> None:
    asset = await world.asset(model=False)
    before = len(world.log.events)
    with pytest.raises(PidinstRecordIncompleteError):
        await world.assign("asset", asset)
    with pytest.raises(ForbiddenError):
        await world.assign("asset", asset, role=Role.OPERATOR)
    with pytest.raises(PreconditionFailedError):
        await world.assign("asset", asset, if_match=7)
    assert len(world.log.events) == before
    assert world.minter.asked == []


async def test_if_match_of_the_version_that_is_lets_it_through(world: World) -> None:
    asset = await world.asset()
    assert (await world.assign("asset", asset, if_match=1)).status == 201


async def test_a_rehearsal_shows_what_would_be_recorded_and_asks_nobody(world: World) -> None:
    asset = await world.asset()
    before = len(world.log.events)
    answer = await world.assign("asset", asset, suffix="a1", dry_run=True)
    body = json.loads(answer.body)
    assert (answer.status, body["dry_run"], body["value"]) == (200, True, "10.0000/cora-stub/a1")
    kinds = ["PersistentIdReserved", "PersistentIdMinted", "PersistentIdMetadataPushed", "AssetPersistentIdAssigned"]
    assert [event["kind"] for event in body["events"]] == kinds
    assert len(world.log.events) == before
    assert world.minter.asked == []


async def test_a_rehearsal_is_refused_like_the_real_thing(world: World) -> None:
    await world.assign("asset", await world.asset(), suffix="a1")
    with pytest.raises(PersistentIdTakenError):
        await world.assign("asset", await world.asset(), suffix="a1", dry_run=True)
    with pytest.raises(PidinstRecordIncompleteError):
        await world.assign("asset", await world.asset(model=False), dry_run=True)


async def test_a_rehearsal_of_a_retry_shows_the_reserved_identifier(world: World) -> None:
    asset = await world.asset()
    world.minter.outcomes = [MintFailedError("no answer", retryable=True)]
    with pytest.raises(PersistentIdentifierMintError):
        await world.assign("asset", asset, suffix="a1")
    answer = await world.assign("asset", asset, dry_run=True)
    assert json.loads(answer.body)["value"] == "10.0000/cora-stub/a1"
    assert len(world.minter.asked) == 1


@pytest.mark.parametrize("given", ["a1", None])
async def test_a_retry_resumes_the_same_identifier(world: World, given: str | None) -> None:
    asset = await world.asset()
    world.minter.outcomes = [MintFailedError("no answer", retryable=True)] * 2
    for attempt in ("a1", given):
        with pytest.raises(PersistentIdentifierMintError) as failure:
            await world.assign("asset", asset, suffix=attempt)
        assert failure.value.members() == {
            "scheme": "DOI", "reason": "no answer", "retryable": True, "value": "10.0000/cora-stub/a1",
            "released": False,
        }  # fmt: skip
    assert (await world.assign("asset", asset, suffix=given)).status == 201
    assert {request.identifier.value for request in world.minter.asked} == {"10.0000/cora-stub/a1"}
    assert world.log.kinds().count("PersistentIdReserved") == 1
    assert world.log.kinds().count("PersistentIdMintFailed") == 2


async def test_a_hopeless_failure_releases_the_identifier_so_that_another_can_be_tried(world: World) -> None:
    asset = await world.asset()
    world.minter.outcomes = [MintFailedError("this suffix is not allowed.", retryable=False)]
    with pytest.raises(PersistentIdentifierMintError) as failure:
        await world.assign("asset", asset, suffix="bad")
    assert not failure.value.retryable
    assert "choose another suffix" in failure.value.detail()
    assert "this suffix is not allowed. It is released" in failure.value.detail()
    assert "mend CORA_DATACITE_PREFIX" in failure.value.detail()
    assert world.log.kinds()[-2:] == ["PersistentIdMintFailed", "PersistentIdReleased"]
    assert (await world.assign("asset", asset, suffix="good")).status == 201
    assert (await world.assign("asset", await world.asset(), suffix="bad")).status == 201


@pytest.mark.parametrize("holds", [True, MintFailedError("no answer", retryable=True)])
async def test_what_the_authority_may_hold_is_not_released(world: World, holds: Any) -> None:
    asset = await world.asset()
    world.minter.outcomes = [MintFailedError("conflict", retryable=False)]
    world.minter.held = holds
    with pytest.raises(PersistentIdentifierMintError) as failure:
        await world.assign("asset", asset, suffix="a1")
    assert not failure.value.released
    assert "It stays reserved" in failure.value.detail()
    assert "another suffix" not in failure.value.detail()
    assert "PersistentIdReleased" not in world.log.kinds()
    with pytest.raises(PersistentIdReservedError):
        await world.assign("asset", asset, suffix="a2")


async def test_a_broken_minter_is_an_authority_that_failed(world: World) -> None:
    asset = await world.asset()
    world.minter.outcomes = [RuntimeError("secret token abc")]
    with pytest.raises(PersistentIdentifierMintError) as failure:
        await world.assign("asset", asset)
    assert failure.value.retryable
    assert "secret" not in failure.value.reason


async def test_two_assignments_at_once_mint_one_identifier(world: World) -> None:
    asset = await world.asset()
    world.minter.gate = asyncio.Event()
    requests = [asyncio.create_task(world.assign("asset", asset)) for _ in range(8)]
    await asyncio.sleep(0.05)
    world.minter.gate.set()
    answers = await asyncio.gather(*requests, return_exceptions=True)
    assert len(world.minter.asked) == 1
    assert world.log.kinds().count("PersistentIdReserved") == 1
    assert world.log.kinds().count("AssetPersistentIdAssigned") == 1
    refused = [answer for answer in answers if isinstance(answer, Exception)]
    assert len(refused) == 7
    assert all(isinstance(refusal, AssetPersistentIdAlreadyAssignedError) for refusal in refused)


async def test_those_who_wait_for_a_hopeless_attempt_meet_its_failure(world: World) -> None:
    asset = await world.asset()
    world.minter.gate = asyncio.Event()
    world.minter.outcomes = [MintFailedError("not allowed", retryable=False)]
    requests = [asyncio.create_task(world.assign("asset", asset, suffix="a1")) for _ in range(3)]
    await asyncio.sleep(0.05)
    world.minter.gate.set()
    answers = await asyncio.gather(*requests, return_exceptions=True)
    assert [type(answer) for answer in answers] == [PersistentIdentifierMintError] * 3
    assert len(world.minter.asked) == 1


async def test_whoever_lost_the_lease_does_not_mint_what_was_released_meanwhile(world: World) -> None:
    asset = await world.asset()
    world.minter.gate = gate = asyncio.Event()
    first = asyncio.create_task(world.assign("asset", asset, suffix="a1"))
    await asyncio.sleep(0.05)
    world.wired.leases._locks.clear()  # type: ignore[attr-defined]
    world.minter.gate = None
    world.minter.outcomes = [MintFailedError("not allowed", retryable=False)]
    with pytest.raises(PersistentIdentifierMintError):
        await world.assign("asset", asset, suffix="a1")
    assert world.log.kinds()[-1] == "PersistentIdReleased"
    gate.set()
    with pytest.raises(PersistentIdentifierMintError) as failure:
        await first
    assert failure.value.released
    assert world.log.kinds()[-1] == "PersistentIdReleased"
    assert (await world.assign("asset", asset, suffix="a2")).status == 201


async def test_the_same_idempotency_key_at_once_and_later_gets_one_answer(world: World) -> None:
    asset = await world.asset()
    world.minter.gate = asyncio.Event()
    requests = [asyncio.create_task(world.assign("asset", asset, key="k1")) for _ in range(3)]
    await asyncio.sleep(0.05)
    world.minter.gate.set()
    answers = [await request for request in requests]
    answers.append(await world.assign("asset", asset, key="k1"))
    assert len({answer.body for answer in answers}) == 1
    assert {answer.status for answer in answers} == {201}


async def test_an_asset_decommissioned_while_its_identifier_was_minted_gets_it_all_the_same(world: World) -> None:
    asset = await world.asset()
    world.minter.gate = asyncio.Event()
    request = asyncio.create_task(world.assign("asset", asset, suffix="a1"))
    await asyncio.sleep(0.05)
    await world.note(ASSET, asset, AssetDecommissioned("worn out"))
    world.minter.gate.set()
    assert (await request).status == 201


async def test_a_retry_for_an_asset_decommissioned_meanwhile_is_finished_but_nothing_new_is_begun(
    world: World,
) -> None:
    asset = await world.asset()
    world.minter.outcomes = [MintFailedError("no answer", retryable=True)]
    with pytest.raises(PersistentIdentifierMintError):
        await world.assign("asset", asset, suffix="a1")
    await world.note(ASSET, asset, AssetDecommissioned("worn out"))
    with pytest.raises(AssetPersistentIdAssignmentForbiddenError):
        await world.assign("asset", asset, suffix="a2")
    assert (await world.assign("asset", asset)).status == 201


async def test_a_time_before_the_record_is_refused_before_anybody_is_asked(world: World) -> None:
    asset = await world.asset()
    before = datetime.now(UTC) - timedelta(days=1)
    for dry_run in (True, False):
        with pytest.raises(OccurredBeforeLastFactError) as refusal:
            await world.assign("asset", asset, occurred_at=before, dry_run=dry_run)
        assert refusal.value.id == asset
    assert world.minter.asked == []
    assert "PersistentIdReserved" not in world.log.kinds()


@pytest.mark.parametrize("dry_run", [True, False])
async def test_a_time_before_the_record_is_refused_after_the_row_of_the_command(world: World, dry_run: bool) -> None:
    await world.assign("asset", await world.asset(), suffix="taken")
    asset = await world.asset()
    before = datetime.now(UTC) - timedelta(days=1)
    with pytest.raises(PersistentIdTakenError):
        await world.assign("asset", asset, suffix="taken", occurred_at=before, dry_run=dry_run)


async def test_a_time_is_kept_and_given_up_only_when_a_later_fact_came_in_between(world: World) -> None:
    asset = await world.asset()
    then = datetime.now(UTC)
    await asyncio.sleep(0.01)
    assert json.loads((await world.assign("asset", asset, occurred_at=then)).body)["occurred_at"] == then.strftime(
        "%Y-%m-%dT%H:%M:%S.%fZ"
    )
    other = await world.asset()
    then = datetime.now(UTC)
    world.minter.gate = asyncio.Event()
    request = asyncio.create_task(world.assign("asset", other, occurred_at=then))
    await asyncio.sleep(0.05)
    await world.note(ASSET, other, AssetDecommissioned("worn out"))
    world.minter.gate.set()
    assert (await request).status == 201
    assert world.log.events[-1].occurred_at > then


@pytest.mark.parametrize("death", ["before the minter", "in the minter", "after the minter"])
async def test_a_process_that_dies_leaves_what_a_retry_resumes(world: World, death: str) -> None:
    asset = await world.asset()
    world.minter.dies = death
    with pytest.raises(Dies):
        await world.assign("asset", asset, suffix="a1")
    assert world.log.kinds()[-1] == "PersistentIdReserved"
    assert (await world.assign("asset", asset)).status == 201
    assert {request.identifier.value for request in world.minter.asked} == {"10.0000/cora-stub/a1"}
    assert world.minter.registered == {"10.0000/cora-stub/a1"}


async def test_a_client_who_waits_too_long_is_told_to_come_back(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cora.equipment.assignment.WAIT_SECONDS", 0.05)
    asset = await world.asset()
    world.minter.gate = asyncio.Event()
    first = asyncio.create_task(world.assign("asset", asset))
    await asyncio.sleep(0.02)
    with pytest.raises(OverloadedError):
        await world.assign("asset", asset)
    world.minter.gate.set()
    assert (await first).status == 201


@pytest.mark.parametrize("kind", ["asset", "fixture"])
async def test_an_identifier_that_exists_is_recorded_without_an_authority(world: World, kind: str) -> None:
    asset = await world.asset(model=False)
    id = asset if kind == "asset" else await world.fixture_of(asset)
    answer = await world.record(kind, id, "DOI", "https://doi.org/10.5438/Q5E8-9585")
    assert answer.status == 200
    assert json.loads(answer.body)["state"]["persistent_id"] == {
        "scheme": "DOI", "value": "10.5438/q5e8-9585", "origin": "Recorded", "test": False
    }  # fmt: skip
    assert world.log.kinds()[-3:] == [
        "PersistentIdReserved", "PersistentIdMinted", f"{kind.capitalize()}PersistentIdAssigned"
    ]  # fmt: skip
    assert world.minter.asked == []
    with pytest.raises(Refusal) as refusal:
        await world.record(kind, id, "DOI", "10.5438/other")
    assert refusal.value.code() == f"{kind.capitalize()}PersistentIdAlreadyAssigned"
    with pytest.raises(PersistentIdTakenError):
        await world.record("asset", await world.asset(), "DOI", "10.5438/q5e8-9585")


async def test_a_decommissioned_asset_gets_no_recorded_identifier_either(world: World) -> None:
    asset = await world.asset()
    await world.note(ASSET, asset, AssetDecommissioned("worn out"))
    with pytest.raises(AssetPersistentIdAssignmentForbiddenError):
        await world.record("asset", asset, "DOI", "10.5438/old")


async def test_a_recorded_test_identifier_is_marked(world: World) -> None:
    asset = await world.asset()
    await world.record("asset", asset, "DOI", "10.0000/cora-stub/from-a-trial")
    assert world.state(ASSET, asset)["persistent_id"]["test"] is True
    (own,) = [event.stream for event in world.log.events if event.kind == "PersistentIdMinted"]
    assert world.state(PERSISTENT_ID, own)["test"] is True


async def test_a_request_refused_by_what_its_own_key_recorded_meanwhile_is_replayed(world: World) -> None:
    asset = await world.asset()
    requests = [world.record("asset", asset, "DOI", "10.5438/old", key="k1") for _ in range(3)]
    answers = await asyncio.gather(*requests)
    assert len({answer.body for answer in answers}) == 1
    assert world.log.kinds().count("AssetPersistentIdAssigned") == 1


async def test_a_scheme_without_an_authority_is_refused_before_anything_is_reserved(world: World) -> None:
    asset = await world.asset()
    world.minter.only = {"DOI"}
    with pytest.raises(SchemeNotConfiguredError) as refusal:
        await world.assign("asset", asset, scheme="Handle")
    assert (refusal.value.configured, refusal.value.to_set[0]) == (("DOI",), "CORA_HANDLE_URL")
    assert "PersistentIdReserved" not in world.log.kinds()


async def test_an_open_reservation_waits_while_its_scheme_has_no_authority(world: World) -> None:
    asset = await world.asset()
    world.minter.outcomes = [MintFailedError("no answer", retryable=True)]
    with pytest.raises(PersistentIdentifierMintError):
        await world.assign("asset", asset, scheme="Handle", suffix="a")
    world.minter.only = {"DOI"}
    for again in ("a", None):
        with pytest.raises(SchemeNotConfiguredError):
            await world.assign("asset", asset, scheme="Handle", suffix=again)
    world.minter.only = None
    assert (await world.assign("asset", asset, scheme="Handle")).status == 201


async def test_an_authority_that_was_not_asked_has_not_failed(world: World) -> None:
    asset = await world.asset()
    world.minter.outcomes = [NotAskedError("called as often as we may", retry_after=41.2)] * 2
    for _ in range(2):
        with pytest.raises(OverloadedError, match="as often as we may; try again in 42 s") as refused:
            await world.assign("asset", asset)
        assert refused.value.headers() == {"Retry-After": "42"}
    assert world.log.kinds()[-1] == "PersistentIdReserved"
    await world.assign("asset", asset)
    assert world.log.kinds().count("PersistentIdReserved") == 1
    assert world.log.kinds()[-1] == "AssetPersistentIdAssigned"
