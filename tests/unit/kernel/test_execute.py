"""The one path every command takes: what a key stands for, the order of checks, what an act cannot honour."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.equipment.world import World

from cora.equipment.aggregates.asset.errors import AssetNameTakenError, AssetNotFoundError
from cora.equipment.aggregates.facility import FacilityAlreadyExistsError
from cora.equipment.features.describe_asset import DescribeAsset, describe_asset
from cora.equipment.features.erase_contact import EraseContact, erase_contact
from cora.equipment.features.register_facility import RegisterFacility, register_facility
from cora.kernel import draft
from cora.kernel.errors import (
    IdempotencyKeyReusedError,
    InvalidRequestError,
    OccurredBeforeLastFactError,
    RecordTooLargeError,
)
from cora.kernel.execute import Answer, Call
from cora.kernel.identity import new_id
from cora.kernel.principal import Principal, Role
from cora.kernel.requests import to_request

ADA = Principal("ada", Role.ADMIN)
CALL = Call(ADA, "http", "request-1")


@pytest.fixture
def world() -> World:
    return World()


async def _describe(world: World, id: UUID, members: dict[str, Any], **options: Any) -> Answer:
    declared: Any = describe_asset.__slice__  # type: ignore[attr-defined]
    command = to_request(DescribeAsset, {"asset_id": str(id), **members})
    return await world.kernel.command(declared, command, replace(CALL, **options))


NAMES = st.sampled_from([{}, {"name": None}, {"name": "Rotary"}])
DESCRIPTIONS = st.sampled_from([{}, {"description": None}, {"description": "turns"}])


class TestKey:
    @given(one=st.tuples(NAMES, DESCRIPTIONS), other=st.tuples(NAMES, DESCRIPTIONS))
    async def test_a_field_left_out_is_another_request_than_one_that_is_null(self, one: Any, other: Any) -> None:
        world = World()
        id = await world.asset()
        first, again = {**one[0], **one[1]}, {**other[0], **other[1]}
        answer = await _describe(world, id, first, idempotency_key="k")
        if first == again:
            assert await _describe(world, id, again, idempotency_key="k") == answer
        else:
            with pytest.raises(IdempotencyKeyReusedError):
                await _describe(world, id, again, idempotency_key="k")

    async def test_a_record_that_is_not_there_comes_before_a_key_that_was_used(self, world: World) -> None:
        await _describe(world, await world.asset(), {"name": "Rotary"}, idempotency_key="k")
        with pytest.raises(AssetNotFoundError):
            await _describe(world, new_id(), {"name": "Rotary"}, idempotency_key="k")
        with pytest.raises(AssetNotFoundError):
            await _describe(world, await world.family(), {"name": "Rotary"}, idempotency_key="k")
        with pytest.raises(IdempotencyKeyReusedError):
            await _describe(world, await world.asset(), {"name": "Rotary"}, idempotency_key="k")
        with pytest.raises(IdempotencyKeyReusedError):
            await _register(world, "aps", idempotency_key="k")


async def _register(world: World, code: str, **options: Any) -> Answer:
    declared: Any = register_facility.__slice__  # type: ignore[attr-defined]
    return await world.kernel.command(declared, RegisterFacility(code=code, name="APS"), replace(CALL, **options))


@pytest.mark.parametrize("dry_run", [True, False])
class TestTime:
    """A time that is too early is told after the row of the command, to which the claims belong."""

    async def test_a_name_that_is_taken_comes_before_a_time_that_is_too_early(
        self, world: World, dry_run: bool
    ) -> None:
        taken, other = await world.asset(), await world.asset()
        await _describe(world, taken, {"name": "Rotary"})
        early = datetime.now(UTC) - timedelta(days=1)
        with pytest.raises(AssetNameTakenError):
            await _describe(world, other, {"name": "Rotary"}, occurred_at=early, dry_run=dry_run)
        with pytest.raises(OccurredBeforeLastFactError):
            await _describe(world, other, {"name": "Free"}, occurred_at=early, dry_run=dry_run)

    async def test_a_code_that_is_taken(self, world: World, dry_run: bool) -> None:
        await world.family()
        with pytest.raises(FacilityAlreadyExistsError):
            await _register(world, "aps", occurred_at=datetime.now(UTC) - timedelta(days=1), dry_run=dry_run)


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("dry_run", True),
        ("occurred_at", datetime(2026, 1, 1, tzinfo=UTC)),
        ("if_match", 1),
        ("idempotency_key", "k"),
        ("on_behalf_of", "grace"),
    ],
)
async def test_an_act_refuses_what_it_cannot_honour(world: World, option: str, value: Any) -> None:
    contact_id = new_id()
    world.log.tables.contacts[contact_id] = "ada@example.org"
    declared: Any = erase_contact.__slice__  # type: ignore[attr-defined]
    command = EraseContact(contact_id=contact_id)
    with pytest.raises(InvalidRequestError) as refused:
        await world.kernel.act(declared, command, replace(CALL, **{option: value}))
    (error,) = refused.value.errors
    assert error.pointer.strip("/").replace("-", "_").lower() == option
    assert world.log.tables.contacts
    await world.kernel.act(declared, command, CALL)
    assert not world.log.tables.contacts


async def test_a_request_that_is_repeated_under_its_key_is_answered_again(world: World) -> None:
    first = await _register(world, "esrf", idempotency_key="k")
    assert json.loads(first.body)["state"]["code"] == "esrf"
    assert await _register(world, "esrf", idempotency_key="k") == first
    with pytest.raises(FacilityAlreadyExistsError):
        await _register(world, "esrf")


async def test_a_record_that_has_grown_too_large_can_only_become_smaller(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    id = await world.asset()
    await _describe(world, id, {"name": "Rotary", "description": "turns" * 100})
    monkeypatch.setattr(draft, "LARGEST_RECORD", 100)
    with pytest.raises(RecordTooLargeError, match="more than 100 characters") as refused:
        await _describe(world, id, {"name": "Rotary", "description": "turns" * 101})
    assert refused.value.id == id
    await _describe(world, id, {"name": "Rotary", "description": "turns"})
