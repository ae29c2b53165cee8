from dataclasses import replace
from uuid import UUID

import pytest
from hypothesis import given
from tests.unit.equipment.strategies_asset import (
    ASSET_ID,
    FIXTURE_ID,
    LATER,
    OTHER_ID,
    a_dead_asset,
    a_fixture,
    an_active_asset,
    an_occupied_mount,
    assets,
    decide,
    first_true,
    folds,
    mostly,
    optional_ids,
    refusal,
)

from cora.equipment.aggregates.asset import ASSET
from cora.equipment.aggregates.asset.errors import (
    AssetAlreadyAttachedToFixtureError,
    AssetCannotAttachToFixtureError,
    AssetNotBoundInFixtureError,
)
from cora.equipment.aggregates.asset.events import AssetAttachedToFixture
from cora.equipment.aggregates.asset.state import Asset
from cora.equipment.aggregates.fixture import (
    FIXTURE,
    Fixture,
    FixtureAssetNotInstalledError,
    FixtureIsRetiredError,
    FixtureNotFoundError,
)
from cora.equipment.aggregates.mount import MOUNT
from cora.equipment.features.attach_asset_to_fixture import AttachAssetToFixture, Context, attach_asset_to_fixture
from cora.equipment.values import SlotAssetBinding
from cora.kernel.aggregate import Reference, joined_ids

COMMAND = AttachAssetToFixture(asset_id=ASSET_ID, fixture_id=FIXTURE_ID)
INSTALLED = (MOUNT, an_occupied_mount())
OTHERS = a_fixture(slot_asset_bindings=(SlotAssetBinding("rotation", OTHER_ID),))


async def test_an_installed_asset_is_attached() -> None:
    (event,) = await decide(
        attach_asset_to_fixture, COMMAND, (ASSET, an_active_asset()), (FIXTURE, a_fixture()), INSTALLED
    )
    assert event == AssetAttachedToFixture(FIXTURE_ID)
    assert set(joined_ids(event)) == {FIXTURE_ID}
    assert Reference("asset.fixture_id", FIXTURE_ID) in ASSET.references(folds(ASSET, an_active_asset(), [event]))


async def test_an_unknown_fixture_is_refused() -> None:
    with pytest.raises(FixtureNotFoundError):
        await decide(attach_asset_to_fixture, COMMAND, (ASSET, an_active_asset()), INSTALLED)


async def test_a_retired_fixture_is_refused() -> None:
    records = (ASSET, an_active_asset()), (FIXTURE, a_fixture(retired_at=LATER)), INSTALLED
    with pytest.raises(FixtureIsRetiredError):
        await decide(attach_asset_to_fixture, COMMAND, *records)


async def test_an_attached_asset_is_refused_also_for_the_same_fixture() -> None:
    records = (ASSET, an_active_asset(fixture_id=FIXTURE_ID)), (FIXTURE, a_fixture()), INSTALLED
    with pytest.raises(AssetAlreadyAttachedToFixtureError) as refused:
        await decide(attach_asset_to_fixture, COMMAND, *records)
    assert refused.value.members() == {"asset_id": ASSET_ID, "fixture_id": FIXTURE_ID}


async def test_a_decommissioned_asset_is_refused() -> None:
    with pytest.raises(AssetCannotAttachToFixtureError):
        await decide(attach_asset_to_fixture, COMMAND, (ASSET, a_dead_asset()), (FIXTURE, a_fixture()))


async def test_an_asset_in_none_of_its_slots_is_refused() -> None:
    with pytest.raises(AssetNotBoundInFixtureError):
        await decide(attach_asset_to_fixture, COMMAND, (ASSET, an_active_asset()), (FIXTURE, OTHERS), INSTALLED)


async def test_an_asset_in_no_mount_is_refused() -> None:
    elsewhere = (MOUNT, an_occupied_mount(OTHER_ID))
    with pytest.raises(FixtureAssetNotInstalledError) as refused:
        await decide(attach_asset_to_fixture, COMMAND, (ASSET, an_active_asset()), (FIXTURE, a_fixture()), elsewhere)
    assert refused.value.members() == {"asset_id": ASSET_ID}


@given(assets(), mostly(a_fixture(), None, OTHERS, a_fixture(retired_at=LATER)), optional_ids)
def test_refusals_come_in_the_order_of_the_row(asset: Asset, fixture: Fixture | None, mount_id: UUID | None) -> None:
    context = Context(fixture, mount_id)
    refused = refusal(attach_asset_to_fixture, command=COMMAND, asset=asset, context=context)
    assert refused is first_true(
        (fixture is None, FixtureNotFoundError),
        (fixture is not None and fixture.is_retired, FixtureIsRetiredError),
        (asset.fixture_id is not None, AssetAlreadyAttachedToFixtureError),
        (asset.is_decommissioned, AssetCannotAttachToFixtureError),
        (fixture is OTHERS, AssetNotBoundInFixtureError),
        (mount_id is None, FixtureAssetNotInstalledError),
    )
    if not refused:
        after = folds(ASSET, asset, attach_asset_to_fixture(COMMAND, asset, context))
        assert after == replace(asset, fixture_id=FIXTURE_ID)
