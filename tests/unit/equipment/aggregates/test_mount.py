"""How the events of a mount become its state."""

from dataclasses import fields, replace
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.equipment.strategies_asset import (
    AFTERWARDS,
    ASSET_ID,
    FRAME_ID,
    LATER,
    MOUNT_ID,
    NOW,
    OTHER_ID,
    a_mount,
    an_occupied_mount,
    folds,
    ids,
    mounts,
    reasons,
)
from tests.unit.equipment.strategies_definitions import drawings, placements

from cora.equipment.aggregates.asset.state import installation_claim
from cora.equipment.aggregates.mount import (
    MOUNT,
    Mount,
    MountAssetInstalled,
    MountAssetUninstalled,
    MountDecommissioned,
    MountDrawingSet,
    MountPlacementUpdated,
    MountRegistered,
    MountStatus,
)
from cora.equipment.values import Drawing, DrawingSystem, Placement
from cora.kernel.aggregate import Claim, Fact, Reference, former

REGISTERED = MountRegistered("Bühne 1", Placement(FRAME_ID, x=1.5), OTHER_ID, Drawing(DrawingSystem.ICMS, "X-1"))


def test_a_mount_is_what_was_registered() -> None:
    mount = folds(MOUNT, None, [REGISTERED], Fact(MOUNT_ID, NOW))
    assert mount == Mount(MOUNT_ID, "Bühne 1", Placement(FRAME_ID, x=1.5), OTHER_ID, REGISTERED.drawing)
    assert list(MOUNT.claims(mount)) == [Claim("mount.slot_code", "bühne 1")]
    assert MOUNT.search_text(mount) == "'@mount'\n'= buhne 1 '\n'~ x 1 '\n\f"


def test_a_mount_begins_with_its_registration() -> None:
    with pytest.raises(TypeError):
        MOUNT.evolve(None, MountAssetInstalled(ASSET_ID), AFTERWARDS)


@given(mounts(), ids, reasons)
def test_what_is_installed_is_there_until_it_is_uninstalled(mount: Mount, asset_id: UUID, reason: str) -> None:
    occupied = folds(MOUNT, mount, [MountAssetInstalled(asset_id)])
    assert occupied == replace(mount, installed_asset_id=asset_id, installed_at=LATER)
    emptied = folds(MOUNT, occupied, [MountAssetUninstalled(asset_id, reason)])
    assert emptied == replace(mount, installed_asset_id=None, installed_at=None)


@given(mounts(), placements(), drawings, reasons)
def test_it_is_placed_drawn_and_decommissioned(
    mount: Mount, placement: Placement, drawing: Drawing | None, reason: str
) -> None:
    events = [MountPlacementUpdated(placement), MountDrawingSet(drawing), MountDecommissioned(reason)]
    after = folds(MOUNT, mount, events)
    assert after == replace(mount, placement=placement, drawing=drawing, status=MountStatus.DECOMMISSIONED)


def test_the_installed_asset_is_pointed_at_and_claimed() -> None:
    mount = an_occupied_mount()
    assert Reference("mount.installed_asset_id", ASSET_ID) in MOUNT.references(mount)
    assert installation_claim(ASSET_ID) in MOUNT.claims(mount)


@given(st.sampled_from([a_mount(), an_occupied_mount(), a_mount(parent_id=OTHER_ID)]))
def test_a_decommissioned_mount_claims_nothing_and_points_at_where_it_was(mount: Mount) -> None:
    gone = replace(mount, status=MountStatus.DECOMMISSIONED)
    assert list(MOUNT.references(gone)) == list(former(MOUNT.references(mount)))
    assert not list(MOUNT.claims(gone))


def test_filters_and_sorts_lead_into_the_state() -> None:
    state = {field.name for field in fields(Mount)}
    assert {each.path[0] for each in MOUNT.filters.values()} | {path[0] for path in MOUNT.sorts.values()} <= state
