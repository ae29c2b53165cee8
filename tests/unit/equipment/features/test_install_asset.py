from dataclasses import replace
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.equipment.strategies_asset import (
    ASSET_ID,
    LATER,
    MOUNT_ID,
    OTHER_ID,
    a_mount,
    an_active_asset,
    an_asset,
    an_occupied_mount,
    assets,
    decide,
    first_true,
    folds,
    mounts,
    optional_ids,
    refusal,
)

from cora.equipment.aggregates.asset import ASSET
from cora.equipment.aggregates.asset.errors import AssetNotFoundError
from cora.equipment.aggregates.asset.state import Asset, AssetLifecycle, installation_claim
from cora.equipment.aggregates.mount import (
    MOUNT,
    AssetAlreadyInstalledElsewhereError,
    AssetNotInstallableError,
    Mount,
    MountAlreadyOccupiedError,
    MountAssetInstalled,
    MountCannotUpdateError,
    MountStatus,
)
from cora.equipment.features.install_asset import Context, InstallAsset, install_asset
from cora.kernel.aggregate import Reference, joined_ids

COMMAND = InstallAsset(mount_id=MOUNT_ID, asset_id=ASSET_ID)
HERE, ASSET_THERE = (MOUNT, a_mount()), (ASSET, an_active_asset())
ELSEWHERE = (MOUNT, an_occupied_mount(id=OTHER_ID, slot_code="02-BM-B-TOP-X"))


async def test_an_active_asset_is_installed() -> None:
    (event,) = await decide(install_asset, COMMAND, HERE, ASSET_THERE)
    assert event == MountAssetInstalled(ASSET_ID)
    assert set(joined_ids(event)) == {ASSET_ID}
    mount = folds(MOUNT, a_mount(), [event])
    assert mount.installed_at == LATER
    assert Reference("mount.installed_asset_id", ASSET_ID) in MOUNT.references(mount)
    assert installation_claim(ASSET_ID) in MOUNT.claims(mount)


async def test_what_is_there_already_changes_nothing_whatever_its_lifecycle() -> None:
    in_maintenance = (ASSET, an_asset(lifecycle=AssetLifecycle.MAINTENANCE))
    assert await decide(install_asset, COMMAND, (MOUNT, an_occupied_mount()), in_maintenance) == []


async def test_a_decommissioned_mount_is_refused_first() -> None:
    gone = (MOUNT, an_occupied_mount(status=MountStatus.DECOMMISSIONED))
    with pytest.raises(MountCannotUpdateError) as refused:
        await decide(install_asset, COMMAND, gone, ASSET_THERE)
    assert refused.value.members() == {"mount_id": MOUNT_ID, "mount_status": "Decommissioned"}


async def test_an_unknown_asset_is_refused() -> None:
    with pytest.raises(AssetNotFoundError):
        await decide(install_asset, COMMAND, HERE)


async def test_an_asset_that_is_not_active_is_refused_also_when_it_is_elsewhere() -> None:
    in_maintenance = (ASSET, an_asset(lifecycle=AssetLifecycle.MAINTENANCE))
    with pytest.raises(AssetNotInstallableError):
        await decide(install_asset, COMMAND, HERE, in_maintenance, ELSEWHERE)


async def test_an_asset_that_is_elsewhere_is_refused_before_the_mount_is_found_occupied() -> None:
    occupied = (MOUNT, an_occupied_mount(OTHER_ID))
    with pytest.raises(AssetAlreadyInstalledElsewhereError) as refused:
        await decide(install_asset, COMMAND, occupied, ASSET_THERE, ELSEWHERE)
    assert refused.value.members() == {"asset_id": ASSET_ID, "mount_id": OTHER_ID}


async def test_an_occupied_mount_is_refused() -> None:
    with pytest.raises(MountAlreadyOccupiedError) as refused:
        await decide(install_asset, COMMAND, (MOUNT, an_occupied_mount(OTHER_ID)), ASSET_THERE)
    assert refused.value.members() == {"mount_id": MOUNT_ID, "installed_asset_id": OTHER_ID}


def test_who_loses_the_claim_to_another_client_is_told_where_the_asset_is() -> None:
    refused = MOUNT.claim_taken(installation_claim(ASSET_ID), an_occupied_mount(), OTHER_ID)
    assert isinstance(refused, AssetAlreadyInstalledElsewhereError)
    assert refused.members() == {"asset_id": ASSET_ID, "mount_id": OTHER_ID}


@given(mounts(), st.none() | assets(), optional_ids)
def test_refusals_come_in_the_order_of_the_row(mount: Mount, asset: Asset | None, installed_in: UUID | None) -> None:
    context, is_active = Context(asset, installed_in), mount.status is MountStatus.ACTIVE
    is_here = is_active and mount.installed_asset_id == ASSET_ID
    refused = refusal(install_asset, command=COMMAND, mount=mount, context=context)
    if is_here:
        assert refused is None
        assert install_asset(COMMAND, mount, context) == []
        return
    assert refused is first_true(
        (not is_active, MountCannotUpdateError),
        (asset is None, AssetNotFoundError),
        (asset is not None and asset.lifecycle is not AssetLifecycle.ACTIVE, AssetNotInstallableError),
        (installed_in is not None, AssetAlreadyInstalledElsewhereError),
        (mount.installed_asset_id is not None, MountAlreadyOccupiedError),
    )
    if not refused:
        after = folds(MOUNT, mount, install_asset(COMMAND, mount, context))
        assert after == replace(mount, installed_asset_id=ASSET_ID, installed_at=LATER)
