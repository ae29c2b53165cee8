from dataclasses import replace

import pytest
from hypothesis import given
from tests.unit.equipment.strategies_asset import (
    ASSET_ID,
    a_dead_asset,
    an_asset,
    assets,
    first_true,
    folds,
    refusal,
    subjects,
)

from cora.equipment.aggregates.asset import ASSET
from cora.equipment.aggregates.asset.errors import AssetIsDecommissionedError, AssetSubjectNotPresentError
from cora.equipment.aggregates.asset.events import AssetSubjectRemoved
from cora.equipment.aggregates.asset.state import Asset
from cora.equipment.features.remove_asset_subject import RemoveAssetSubject, remove_asset_subject
from cora.equipment.values import Term

COMMAND = RemoveAssetSubject(asset_id=ASSET_ID, name="optics")


def test_a_subject_is_removed_by_the_name_it_was_recorded_with() -> None:
    assert remove_asset_subject(COMMAND, an_asset(subjects=(Term("OPTICS"),))) == [AssetSubjectRemoved("OPTICS")]


def test_one_it_does_not_have_is_refused() -> None:
    with pytest.raises(AssetSubjectNotPresentError) as refused:
        remove_asset_subject(COMMAND, an_asset(subjects=(Term("vacuum"),)))
    assert refused.value.members() == {"asset_id": ASSET_ID, "name": "optics"}


def test_a_decommissioned_asset_is_refused_first() -> None:
    with pytest.raises(AssetIsDecommissionedError):
        remove_asset_subject(COMMAND, a_dead_asset())


@given(assets(), subjects)
def test_exactly_that_subject_goes(asset: Asset, subject: Term) -> None:
    command = RemoveAssetSubject(asset_id=ASSET_ID, name=subject.name)
    left = tuple(each for each in asset.subjects if each.name.casefold() != subject.name.casefold())
    refused = refusal(remove_asset_subject, command=command, asset=asset)
    assert refused is first_true(
        (asset.is_decommissioned, AssetIsDecommissionedError),
        (left == asset.subjects, AssetSubjectNotPresentError),
    )
    if not refused:
        after = folds(ASSET, asset, remove_asset_subject(command, asset))
        assert after == replace(asset, subjects=left)
