from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from tests.unit.equipment.strategies_asset import first_true, folds, refusal
from tests.unit.equipment.strategies_definitions import FAMILY_ID, a_deprecated_family, a_family, families

from cora.equipment.aggregates.family import (
    FAMILY,
    Family,
    FamilyCannotUpdateError,
    FamilySettingsSchemaUpdated,
    InvalidSettingsSchemaError,
)
from cora.equipment.features.update_family_settings_schema import (
    UpdateFamilySettingsSchema,
    update_family_settings_schema,
)
from cora.equipment.values import DefinitionStatus

GOOD: tuple[dict[str, Any] | None, ...] = (
    None,
    {},
    {"type": "object", "required": ["speed"], "properties": {"speed": {"type": "number", "unit": "deg/s"}}},
    {"$schema": "https://json-schema.org/draft/2020-12/schema", "$ref": "#/$defs/a", "$defs": {"a": {}}},
)
BAD: tuple[dict[str, Any], ...] = (
    {"type": "objekt"},
    {"$ref": "https://example.org/schema"},
    {"$ref": "#/$defs/nothing"},
    {"$schema": "http://json-schema.org/draft-07/schema#"},
    {"properties": {"speed": {"pattern": "("}}},
)


def command(schema: dict[str, Any] | None) -> UpdateFamilySettingsSchema:
    return UpdateFamilySettingsSchema(family_id=FAMILY_ID, settings_schema=schema)


def test_a_schema_is_given_and_taken_away() -> None:
    schema = {"type": "object"}
    assert update_family_settings_schema(command(schema), a_family()) == [FamilySettingsSchemaUpdated(schema)]
    assert update_family_settings_schema(command(None), a_family(settings_schema=schema)) == [
        FamilySettingsSchemaUpdated(None)
    ]


def test_a_deprecated_family_is_refused_before_the_schema_is_looked_at() -> None:
    with pytest.raises(FamilyCannotUpdateError):
        update_family_settings_schema(command({"type": "objekt"}), a_deprecated_family())


def test_every_mistake_in_a_schema_is_named_with_its_place() -> None:
    schema = {"type": "objekt", "properties": {"speed": {"minimum": "none"}}}
    with pytest.raises(InvalidSettingsSchemaError) as refused:
        update_family_settings_schema(command(schema), a_family())
    places = [violation.pointer for violation in refused.value.errors]
    assert places == ["/settings_schema/properties/speed/minimum", "/settings_schema/type"]
    assert refused.value.status == 422


@pytest.mark.parametrize("members", [{}, {"settings_schema": True}, {"settings_schema": ["type"]}])
def test_a_schema_is_an_object_or_null_and_has_to_be_there(members: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        UpdateFamilySettingsSchema.model_validate({"family_id": FAMILY_ID, **members})


@given(families, st.sampled_from(GOOD + BAD))
def test_a_schema_is_recorded_exactly_when_the_family_is_current_and_it_can_be_used(
    family: Family, schema: dict[str, Any] | None
) -> None:
    refused = refusal(update_family_settings_schema, command=command(schema), family=family)
    assert refused is first_true(
        (family.status is DefinitionStatus.DEPRECATED, FamilyCannotUpdateError),
        (schema in BAD, InvalidSettingsSchemaError),
    )
    if not refused:
        decided = update_family_settings_schema(command(schema), family)
        assert folds(FAMILY, family, decided) == replace(family, settings_schema=schema)
