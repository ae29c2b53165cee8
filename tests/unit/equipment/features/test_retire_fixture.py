from dataclasses import replace
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.equipment.strategies_asset import (
    ASSET_ID,
    FIXTURE_ID,
    LATER,
    OTHER_ID,
    a_fixture,
    an_active_asset,
    decide,
    first_true,
    folds,
    ids,
    numbered,
    optional_ids,
    refusal,
)

from cora.equipment.aggregates.asset import ASSET
from cora.equipment.aggregates.fixture import (
    FIXTURE,
    FixtureHasAttachedAssetsError,
    FixtureIsRetiredError,
    FixtureRetired,
)
from cora.equipment.assigned_identifier import AssignedIdentifier, IdentifierOrigin
from cora.equipment.features.retire_fixture import Context, RetireFixture, retire_fixture
from cora.equipment.values import IdentifierScheme, SlotAssetBinding
from cora.kernel.aggregate import former, joined_ids

COMMAND = RetireFixture(fixture_id=FIXTURE_ID, reason="rebuilt")
SMALL, LARGE = numbered(20), numbered(30)


async def test_it_comes_to_its_end_and_parts_from_its_assets() -> None:
    bindings = (SlotAssetBinding("rotation", OTHER_ID), SlotAssetBinding("camera", ASSET_ID))
    fixture = a_fixture(slot_asset_bindings=bindings)
    (event,) = await decide(retire_fixture, COMMAND, (FIXTURE, fixture), (ASSET, an_active_asset()))
    assert event == FixtureRetired("rebuilt", (ASSET_ID, OTHER_ID))
    assert set(joined_ids(event)) == {ASSET_ID, OTHER_ID}
    after = folds(FIXTURE, fixture, [event])
    assert after.retired_at == LATER
    assert list(FIXTURE.claims(after)) == []
    assert list(FIXTURE.references(after)) == list(former(FIXTURE.references(fixture)))


async def test_it_keeps_its_identifier() -> None:
    identifier = AssignedIdentifier(IdentifierScheme.HANDLE, "21.11157/abc", IdentifierOrigin.RECORDED, test=False)
    fixture = a_fixture(persistent_id=identifier)
    after = folds(FIXTURE, fixture, await decide(retire_fixture, COMMAND, (FIXTURE, fixture)))
    assert after.persistent_id == identifier


async def test_of_several_attached_assets_the_one_with_the_smallest_id_is_named() -> None:
    attached = [(ASSET, an_active_asset(id=id, fixture_id=FIXTURE_ID)) for id in (LARGE, SMALL)]
    elsewhere = (ASSET, an_active_asset(id=numbered(10), fixture_id=OTHER_ID))
    with pytest.raises(FixtureHasAttachedAssetsError) as refused:
        await decide(retire_fixture, COMMAND, (FIXTURE, a_fixture()), *attached, elsewhere)
    assert refused.value.members() == {"fixture_id": FIXTURE_ID, "asset_id": SMALL}


async def test_it_ends_only_once() -> None:
    with pytest.raises(FixtureIsRetiredError):
        await decide(retire_fixture, COMMAND, (FIXTURE, a_fixture(retired_at=LATER)))


@given(st.booleans(), st.lists(ids, max_size=3), optional_ids)
def test_refusals_come_in_the_order_of_the_row(is_retired: bool, bound: list[UUID], attached_id: UUID | None) -> None:
    fixture = a_fixture(
        slot_asset_bindings=tuple(SlotAssetBinding("rotation", id) for id in bound),
        retired_at=LATER if is_retired else None,
    )
    context = Context(attached_id)
    refused = refusal(retire_fixture, command=COMMAND, fixture=fixture, context=context)
    assert refused is first_true(
        (is_retired, FixtureIsRetiredError),
        (attached_id is not None, FixtureHasAttachedAssetsError),
    )
    if not refused:
        (event,) = retire_fixture(COMMAND, fixture, context)
        assert list(event.asset_ids) == sorted(set(bound))
        assert folds(FIXTURE, fixture, [event]) == replace(fixture, retired_at=LATER)
