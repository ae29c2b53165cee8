from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from pydantic import ValidationError
from tests.unit.equipment.strategies_asset import ASSET_ID, a_dead_asset, an_asset, assets, first_true, folds, refusal
from tests.unit.equipment.strategies_definitions import drawings

from cora.equipment.aggregates.asset import ASSET
from cora.equipment.aggregates.asset.errors import AssetIsDecommissionedError
from cora.equipment.aggregates.asset.events import AssetDrawingSet
from cora.equipment.aggregates.asset.state import Asset
from cora.equipment.features.set_asset_drawing import SetAssetDrawing, set_asset_drawing
from cora.equipment.values import Drawing, DrawingSystem

DRAWING = Drawing(DrawingSystem.EDMS, "630C2125", "02")


def set_drawing(asset: Asset, drawing: Drawing | None) -> list[AssetDrawingSet]:
    return set_asset_drawing(SetAssetDrawing(asset_id=asset.id, drawing=drawing), asset)


def test_a_drawing_is_set_and_taken_away() -> None:
    assert set_drawing(an_asset(), DRAWING) == [AssetDrawingSet(DRAWING)]
    assert set_drawing(an_asset(drawing=DRAWING), None) == [AssetDrawingSet(None)]


def test_the_same_again_changes_nothing() -> None:
    assert set_drawing(an_asset(), None) == []
    assert set_drawing(an_asset(drawing=DRAWING), replace(DRAWING)) == []


def test_another_revision_is_another_drawing() -> None:
    latest = replace(DRAWING, revision=None)
    assert set_drawing(an_asset(drawing=DRAWING), latest) == [AssetDrawingSet(latest)]


def test_a_decommissioned_asset_is_refused_even_without_a_change() -> None:
    with pytest.raises(AssetIsDecommissionedError):
        set_drawing(a_dead_asset(), None)


@pytest.mark.parametrize("members", [{}, {"drawing": {"system": "EDMS"}}, {"drawing": "630C2125"}])
def test_a_drawing_is_whole_or_null_and_has_to_be_there(members: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        SetAssetDrawing.model_validate({"asset_id": ASSET_ID, **members})


@given(assets(), drawings, drawings)
def test_the_drawing_is_what_was_given(asset: Asset, before: Drawing | None, drawing: Drawing | None) -> None:
    asset = replace(asset, drawing=before)
    command = SetAssetDrawing(asset_id=ASSET_ID, drawing=drawing)
    refused = refusal(set_asset_drawing, command=command, asset=asset)
    assert refused is first_true((asset.is_decommissioned, AssetIsDecommissionedError))
    if not refused:
        events = set_asset_drawing(command, asset)
        assert folds(ASSET, asset, events) == replace(asset, drawing=drawing)
        assert bool(events) == (before != drawing)
