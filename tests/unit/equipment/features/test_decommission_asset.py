from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from tests.unit.equipment.strategies_asset import (
    ASSET_ID,
    FIXTURE_ID,
    LATER,
    MOUNT_ID,
    a_dead_asset,
    an_active_asset,
    an_asset,
    an_occupied_mount,
    assets,
    decide,
    first_true,
    folds,
    numbered,
    optional_ids,
    refusal,
)

from cora.equipment.aggregates.asset import ASSET
from cora.equipment.aggregates.asset.errors import (
    AssetCannotDecommissionError,
    AssetHasActiveChildrenError,
    AssetHasControlledAssetsError,
    AssetHasFixtureBindingError,
    AssetIsInstalledError,
)
from cora.equipment.aggregates.asset.events import AssetDecommissioned
from cora.equipment.aggregates.asset.state import Asset, AssetLifecycle
from cora.equipment.aggregates.mount import MOUNT
from cora.equipment.features.decommission_asset import Context, DecommissionAsset, decommission_asset
from cora.kernel.aggregate import Aggregate, former

COMMAND = DecommissionAsset(asset_id=ASSET_ID, reason="replaced")
SMALL, LARGE = numbered(20), numbered(30)


async def decommission(asset: Asset, *others: tuple[Aggregate[Any], Any]) -> list[Any]:
    return list(await decide(decommission_asset, COMMAND, (ASSET, asset), *others))


async def test_it_comes_to_its_end() -> None:
    assert await decommission(an_active_asset()) == [AssetDecommissioned("replaced")]


async def test_decommissioned_parts_and_controlled_assets_do_not_hold_it_back() -> None:
    part, controlled = a_dead_asset(id=SMALL, parent_id=ASSET_ID), a_dead_asset(id=LARGE, controller_id=ASSET_ID)
    assert await decommission(an_asset(), (ASSET, part), (ASSET, controlled)) == [AssetDecommissioned("replaced")]


async def test_an_attached_asset_is_refused_first() -> None:
    with pytest.raises(AssetHasFixtureBindingError) as refused:
        await decommission(an_active_asset(fixture_id=FIXTURE_ID), (MOUNT, an_occupied_mount()))
    assert refused.value.members() == {"asset_id": ASSET_ID, "fixture_id": FIXTURE_ID}


async def test_an_installed_asset_is_refused_with_its_mount() -> None:
    with pytest.raises(AssetIsInstalledError) as refused:
        await decommission(an_active_asset(), (MOUNT, an_occupied_mount()))
    assert refused.value.members() == {"asset_id": ASSET_ID, "mount_id": MOUNT_ID}


async def test_of_several_living_parts_the_one_with_the_smallest_id_is_named() -> None:
    with pytest.raises(AssetHasActiveChildrenError) as refused:
        await decommission(
            an_asset(),
            (ASSET, an_asset(id=LARGE, parent_id=ASSET_ID)),
            (ASSET, an_asset(id=SMALL, parent_id=ASSET_ID)),
            (ASSET, a_dead_asset(id=numbered(10), parent_id=ASSET_ID)),
        )
    assert refused.value.members() == {"asset_id": ASSET_ID, "child_id": SMALL}


async def test_of_several_controlled_assets_the_one_with_the_smallest_id_is_named() -> None:
    with pytest.raises(AssetHasControlledAssetsError) as refused:
        await decommission(
            an_asset(),
            (ASSET, an_asset(id=LARGE, controller_id=ASSET_ID)),
            (ASSET, an_asset(id=SMALL, controller_id=ASSET_ID)),
        )
    assert refused.value.members() == {"asset_id": ASSET_ID, "controlled_id": SMALL}


async def test_it_ends_only_once() -> None:
    with pytest.raises(AssetCannotDecommissionError):
        await decommission(a_dead_asset())


@given(assets(), optional_ids, optional_ids, optional_ids)
def test_refusals_come_in_the_order_of_the_row(
    asset: Asset, mount_id: UUID | None, child_id: UUID | None, controlled_id: UUID | None
) -> None:
    context = Context(mount_id, child_id, controlled_id)
    refused = refusal(decommission_asset, command=COMMAND, asset=asset, context=context)
    assert refused is first_true(
        (asset.fixture_id is not None, AssetHasFixtureBindingError),
        (mount_id is not None, AssetIsInstalledError),
        (child_id is not None, AssetHasActiveChildrenError),
        (controlled_id is not None, AssetHasControlledAssetsError),
        (asset.is_decommissioned, AssetCannotDecommissionError),
    )
    if not refused:
        after = folds(ASSET, asset, decommission_asset(COMMAND, asset, context))
        assert after == replace(asset, lifecycle=AssetLifecycle.DECOMMISSIONED, decommissioned_at=LATER)
        assert list(ASSET.references(after)) == list(former(ASSET.references(asset)))
        assert list(ASSET.claims(after)) == []
