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
from cora.equipment.aggregates.asset.errors import AssetIsDecommissionedError, AssetSubjectAlreadyPresentError
from cora.equipment.aggregates.asset.events import AssetSubjectAdded
from cora.equipment.aggregates.asset.state import Asset
from cora.equipment.features.add_asset_subject import AddAssetSubject, add_asset_subject
from cora.equipment.values import Term
from cora.kernel.search import Text

OPTICS = Term("optics", "http://vocab.test/1", "URL")
COMMAND = AddAssetSubject(asset_id=ASSET_ID, subject=OPTICS)


def test_a_subject_is_added() -> None:
    assert add_asset_subject(COMMAND, an_asset(subjects=(Term("vacuum"),))) == [AssetSubjectAdded(OPTICS)]


def test_a_second_one_of_that_name_is_refused_ignoring_case() -> None:
    with pytest.raises(AssetSubjectAlreadyPresentError) as refused:
        add_asset_subject(COMMAND, an_asset(subjects=(Term("OPTICS"),)))
    assert refused.value.members() == {"asset_id": ASSET_ID, "name": "OPTICS"}


def test_a_decommissioned_asset_is_refused_first() -> None:
    with pytest.raises(AssetIsDecommissionedError):
        add_asset_subject(COMMAND, a_dead_asset(subjects=(OPTICS,)))


@given(assets(), subjects)
def test_a_subject_is_added_exactly_when_its_name_is_free(asset: Asset, subject: Term) -> None:
    command = AddAssetSubject(asset_id=ASSET_ID, subject=subject)
    refused = refusal(add_asset_subject, command=command, asset=asset)
    assert refused is first_true(
        (asset.is_decommissioned, AssetIsDecommissionedError),
        (subject.name.casefold() in [each.name.casefold() for each in asset.subjects], AssetSubjectAlreadyPresentError),
    )
    if not refused:
        after = folds(ASSET, asset, add_asset_subject(command, asset))
        assert after == replace(asset, subjects=(*asset.subjects, subject))
        assert Text("subjects", subject.name) in tuple(ASSET.texts(after))
