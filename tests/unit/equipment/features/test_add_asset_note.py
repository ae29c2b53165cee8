import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from tests.unit.equipment.strategies_asset import ASSET_ID, a_dead_asset, assets, folds

from cora.equipment.aggregates.asset import ASSET
from cora.equipment.aggregates.asset.events import AssetNoteAdded
from cora.equipment.aggregates.asset.state import Asset
from cora.equipment.features.add_asset_note import AddAssetNote, add_asset_note


def test_a_note_is_taken_even_of_a_decommissioned_asset() -> None:
    note = AddAssetNote(asset_id=ASSET_ID, text=" It hums at 30 deg/s. ")
    assert add_asset_note(note, a_dead_asset()) == [AssetNoteAdded("It hums at 30 deg/s.")]


@pytest.mark.parametrize("text", ["", "  ", "x" * 5001, "one\nline"])
def test_a_note_is_1_to_5000_characters_of_plain_text(text: str) -> None:
    with pytest.raises(ValidationError):
        AddAssetNote(asset_id=ASSET_ID, text=text)
    assert AddAssetNote(asset_id=ASSET_ID, text="x" * 5000)


@given(assets(), st.sampled_from(["hums", "Säule \u2013 shimmed", "x" * 5000]))
def test_a_note_changes_nothing_and_may_be_repeated(asset: Asset, text: str) -> None:
    note = AddAssetNote(asset_id=ASSET_ID, text=text)
    events = [*add_asset_note(note, asset), *add_asset_note(note, asset)]
    assert events == [AssetNoteAdded(text)] * 2
    assert folds(ASSET, asset, events) == asset
