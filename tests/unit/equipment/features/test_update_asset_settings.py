from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from tests.unit.equipment.strategies_asset import (
    ASSET_ID,
    FAMILY_ID,
    OTHER_ID,
    a_dead_asset,
    an_asset,
    assets,
    decide,
    first_true,
    folds,
    refusal,
    settings_objects,
)

from cora.equipment.aggregates.asset import ASSET
from cora.equipment.aggregates.asset.errors import AssetIsDecommissionedError, InvalidAssetSettingsError
from cora.equipment.aggregates.asset.events import AssetSettingsUpdated
from cora.equipment.aggregates.asset.state import Asset
from cora.equipment.aggregates.family import FAMILY, Family
from cora.equipment.features.update_asset_settings import Context, UpdateAssetSettings, update_asset_settings
from cora.equipment.settings import FamilySchema, merged, same_json, setting_violations
from cora.equipment.values import DefinitionStatus

ROTARY = Family(
    FAMILY_ID,
    "RotaryStage",
    settings_schema={
        "type": "object",
        "required": ["max_speed"],
        "properties": {"max_speed": {"type": "number", "minimum": 0}, "axis": {"type": "string"}},
    },
    status=DefinitionStatus.DEPRECATED,
)
PLAIN = Family(OTHER_ID, "Housing")
ROTATING = an_asset(family_ids=(FAMILY_ID, OTHER_ID), settings={"max_speed": 720, "axis": "x"})
ABC = FamilySchema("Abc", {"properties": {"a": {"type": "integer"}, "b": {"type": "string"}}})


async def update(asset: Asset, patch: dict[str, Any]) -> list[Any]:
    command = UpdateAssetSettings(asset_id=asset.id, patch=patch)
    return await decide(update_asset_settings, command, (ASSET, asset), (FAMILY, ROTARY), (FAMILY, PLAIN))


async def test_a_patch_is_merged() -> None:
    patch = {"axis": None, "max_speed": 100.5}
    assert await update(ROTATING, patch) == [AssetSettingsUpdated(patch, {"max_speed": 100.5})]


async def test_a_patch_without_effect_changes_nothing() -> None:
    assert await update(ROTATING, {"max_speed": 720.0, "firmware": None}) == []
    assert await update(ROTATING, {}) == []


async def test_every_violation_is_reported() -> None:
    with pytest.raises(InvalidAssetSettingsError) as refused:
        await update(ROTATING, {"max_speed": -1, "axis": 3, "colour": "red"})
    assert [violation.pointer for violation in refused.value.errors] == ["/axis", "/colour", "/max_speed"]
    assert refused.value.status == 422


async def test_the_whole_is_validated_and_not_the_patch_alone() -> None:
    with pytest.raises(InvalidAssetSettingsError):
        await update(ROTATING, {"max_speed": None})
    with pytest.raises(InvalidAssetSettingsError):
        await update(replace(ROTATING, settings={"colour": "red", "max_speed": 1}), {"max_speed": 2})


async def test_without_a_schema_settings_stay_empty() -> None:
    asset = an_asset(family_ids=(OTHER_ID,))
    assert await update(asset, {}) == []
    with pytest.raises(InvalidAssetSettingsError):
        await update(asset, {"max_speed": 1})


async def test_a_decommissioned_asset_is_refused_first() -> None:
    with pytest.raises(AssetIsDecommissionedError):
        await update(a_dead_asset(), {"max_speed": 1})


@pytest.mark.parametrize("patch", [None, [], "x", {"a": float("nan")}, {"a": "\x00"}, {"a": 2**63}])
def test_a_patch_is_a_json_object(patch: Any) -> None:
    with pytest.raises(ValidationError):
        UpdateAssetSettings(asset_id=ASSET_ID, patch=patch)


@given(assets(), settings_objects, st.sampled_from([(), (ABC,)]))
def test_the_result_is_the_merge_and_it_holds(
    asset: Asset, patch: dict[str, Any], schemas: tuple[FamilySchema, ...]
) -> None:
    command, context = UpdateAssetSettings(asset_id=ASSET_ID, patch=patch), Context(schemas)
    wanted = merged(asset.settings, patch)
    refused = refusal(update_asset_settings, command=command, asset=asset, context=context)
    assert refused is first_true(
        (asset.is_decommissioned, AssetIsDecommissionedError),
        (bool(setting_violations(wanted, schemas)), InvalidAssetSettingsError),
    )
    if not refused:
        events = update_asset_settings(command, asset, context)
        assert folds(ASSET, asset, events) == replace(asset, settings=wanted)
        assert bool(events) == (not same_json(wanted, asset.settings))
