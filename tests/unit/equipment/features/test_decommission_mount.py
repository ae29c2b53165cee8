from dataclasses import replace
from uuid import UUID

import pytest
from hypothesis import given
from tests.unit.equipment.strategies_asset import (
    ASSET_ID,
    MOUNT_ID,
    a_mount,
    an_occupied_mount,
    decide,
    first_true,
    folds,
    mounts,
    numbered,
    optional_ids,
    refusal,
)

from cora.equipment.aggregates.mount import (
    MOUNT,
    Mount,
    MountCannotDecommissionError,
    MountDecommissioned,
    MountHasActiveChildrenError,
    MountHasAssetInstalledError,
    MountStatus,
)
from cora.equipment.features.decommission_mount import Context, DecommissionMount, decommission_mount
from cora.kernel.aggregate import former

COMMAND = DecommissionMount(mount_id=MOUNT_ID, reason="table removed")
SMALL, LARGE = numbered(20), numbered(30)


async def test_it_comes_to_its_end_and_frees_its_slot_code() -> None:
    events = await decide(decommission_mount, COMMAND, (MOUNT, a_mount()))
    assert events == [MountDecommissioned("table removed")]
    after = folds(MOUNT, a_mount(), events)
    assert list(MOUNT.claims(after)) == []
    assert list(MOUNT.references(after)) == list(former(MOUNT.references(a_mount())))


async def test_decommissioned_slots_below_do_not_hold_it_back() -> None:
    below = a_mount(id=SMALL, parent_id=MOUNT_ID, status=MountStatus.DECOMMISSIONED)
    assert await decide(decommission_mount, COMMAND, (MOUNT, a_mount()), (MOUNT, below))


async def test_an_occupied_mount_is_refused_with_its_asset_before_its_slots() -> None:
    below = a_mount(id=SMALL, slot_code="below", parent_id=MOUNT_ID)
    with pytest.raises(MountHasAssetInstalledError) as refused:
        await decide(decommission_mount, COMMAND, (MOUNT, an_occupied_mount()), (MOUNT, below))
    assert refused.value.members() == {"mount_id": MOUNT_ID, "asset_id": ASSET_ID}


async def test_of_several_slots_below_the_one_with_the_smallest_id_is_named() -> None:
    below = [(MOUNT, a_mount(id=id, slot_code=str(id), parent_id=MOUNT_ID)) for id in (LARGE, SMALL)]
    with pytest.raises(MountHasActiveChildrenError) as refused:
        await decide(decommission_mount, COMMAND, (MOUNT, a_mount()), *below)
    assert refused.value.members() == {"mount_id": MOUNT_ID, "child_id": SMALL}


async def test_it_ends_only_once() -> None:
    with pytest.raises(MountCannotDecommissionError):
        await decide(decommission_mount, COMMAND, (MOUNT, a_mount(status=MountStatus.DECOMMISSIONED)))


@given(mounts(), optional_ids)
def test_refusals_come_in_the_order_of_the_row(mount: Mount, child_id: UUID | None) -> None:
    context = Context(child_id)
    refused = refusal(decommission_mount, command=COMMAND, mount=mount, context=context)
    assert refused is first_true(
        (mount.status is not MountStatus.ACTIVE, MountCannotDecommissionError),
        (mount.installed_asset_id is not None, MountHasAssetInstalledError),
        (child_id is not None, MountHasActiveChildrenError),
    )
    if not refused:
        after = folds(MOUNT, mount, decommission_mount(COMMAND, mount, context))
        assert after == replace(mount, status=MountStatus.DECOMMISSIONED)
