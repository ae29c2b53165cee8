from dataclasses import replace

import pytest
from hypothesis import given
from tests.unit.equipment.strategies_asset import (
    ASSET_ID,
    FIXTURE_ID,
    MOUNT_ID,
    a_mount,
    an_active_asset,
    an_occupied_mount,
    assets,
    decide,
    first_true,
    folds,
    mounts,
    refusal,
)

from cora.equipment.aggregates.asset import ASSET
from cora.equipment.aggregates.asset.state import Asset
from cora.equipment.aggregates.mount import (
    MOUNT,
    Mount,
    MountAssetUninstalled,
    MountCannotUpdateError,
    MountHasFixtureBoundAssetError,
    MountIsEmptyError,
    MountStatus,
)
from cora.equipment.features.uninstall_asset import Context, UninstallAsset, uninstall_asset
from cora.kernel.aggregate import Claim, joined_ids

COMMAND = UninstallAsset(mount_id=MOUNT_ID, reason="swapped")


async def test_the_asset_is_taken_away() -> None:
    (event,) = await decide(uninstall_asset, COMMAND, (MOUNT, an_occupied_mount()), (ASSET, an_active_asset()))
    assert event == MountAssetUninstalled(ASSET_ID, "swapped")
    assert set(joined_ids(event)) == {ASSET_ID}
    assert list(MOUNT.claims(folds(MOUNT, an_occupied_mount(), [event]))) == [
        Claim("mount.slot_code", "02-bm-b-rotary")
    ]


async def test_a_decommissioned_mount_is_refused_first() -> None:
    with pytest.raises(MountCannotUpdateError):
        await decide(uninstall_asset, COMMAND, (MOUNT, a_mount(status=MountStatus.DECOMMISSIONED)))


async def test_an_empty_mount_is_refused() -> None:
    with pytest.raises(MountIsEmptyError):
        await decide(uninstall_asset, COMMAND, (MOUNT, a_mount()))


async def test_an_attached_asset_stays_where_it_is() -> None:
    attached = (ASSET, an_active_asset(fixture_id=FIXTURE_ID))
    with pytest.raises(MountHasFixtureBoundAssetError) as refused:
        await decide(uninstall_asset, COMMAND, (MOUNT, an_occupied_mount()), attached)
    assert refused.value.members() == {"mount_id": MOUNT_ID, "asset_id": ASSET_ID, "fixture_id": FIXTURE_ID}


@given(mounts(), assets())
def test_refusals_come_in_the_order_of_the_row(mount: Mount, asset: Asset) -> None:
    installed = replace(asset, id=mount.installed_asset_id) if mount.installed_asset_id else None
    context = Context(installed)
    refused = refusal(uninstall_asset, command=COMMAND, mount=mount, context=context)
    assert refused is first_true(
        (mount.status is not MountStatus.ACTIVE, MountCannotUpdateError),
        (installed is None, MountIsEmptyError),
        (asset.fixture_id is not None, MountHasFixtureBoundAssetError),
    )
    if not refused:
        after = folds(MOUNT, mount, uninstall_asset(COMMAND, mount, context))
        assert after == replace(mount, installed_asset_id=None, installed_at=None)
