from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from tests.unit.equipment.strategies_asset import MODEL_ID, a_model, decide, first_true, folds, names, numbered, refusal
from tests.unit.equipment.strategies_definitions import (
    FAMILY_ID,
    OTHER_FAMILY_ID,
    a_deprecated_family,
    a_family,
    families,
    manufacturers,
    models,
    tags,
)

from cora.equipment.aggregates.family import FAMILY, Family, FamilyDeprecatedError, FamilyNotFoundError
from cora.equipment.aggregates.model import MODEL, Model, ModelCannotVersionError, ModelVersioned
from cora.equipment.content.named_families import NamedFamilies
from cora.equipment.features.version_model import VersionModel, version_model
from cora.equipment.values import DefinitionStatus, Manufacturer

ABRS = a_model(FAMILY_ID, description="turns")
MEMBERS: dict[str, Any] = {
    "model_id": str(MODEL_ID),
    "tag": "2",
    "name": "ABRS-250",
    "manufacturer": {"name": "Aerotech"},
    "part_number": "ABRS-250MP-M",
    "declared_family_ids": [str(OTHER_FAMILY_ID), str(FAMILY_ID), str(OTHER_FAMILY_ID)],
}
COMMAND = VersionModel.model_validate(MEMBERS)
BOTH = ((FAMILY, a_family()), (FAMILY, a_family(id=OTHER_FAMILY_ID, name="Stage")))


async def test_a_model_gets_another_content() -> None:
    decided = await decide(version_model, COMMAND, (MODEL, ABRS), *BOTH)
    declared = (OTHER_FAMILY_ID, FAMILY_ID)
    assert decided == [ModelVersioned("ABRS-250", Manufacturer("Aerotech"), "ABRS-250MP-M", declared, tag="2")]
    assert folds(MODEL, ABRS, decided) == Model(
        MODEL_ID, "ABRS-250", Manufacturer("Aerotech"), "ABRS-250MP-M", declared,
        status=DefinitionStatus.VERSIONED, version="2",
    )  # fmt: skip


async def test_the_refusals_come_in_order() -> None:
    deprecated = replace(ABRS, status=DefinitionStatus.DEPRECATED)
    with pytest.raises(ModelCannotVersionError):
        await decide(version_model, COMMAND, (MODEL, deprecated))
    with pytest.raises(FamilyNotFoundError) as unknown:
        await decide(version_model, COMMAND, (MODEL, ABRS), (FAMILY, a_deprecated_family()))
    assert unknown.value.id == OTHER_FAMILY_ID
    with pytest.raises(FamilyDeprecatedError) as outdated:
        await decide(version_model, COMMAND, (MODEL, ABRS), (FAMILY, a_deprecated_family()), BOTH[1])
    assert outdated.value.family_id == FAMILY_ID


WRONG: list[dict[str, Any]] = [
    {"tag": " "},
    {"tag": None},
    {"declared_family_ids": []},
    {"part_number": ""},
    {"manufacturer": None},
    {"further_manufacturers": [{"name": "Huber"}, {"name": "HUBER"}]},
    {"website": "www.aerotech.com"},
    {"status": "Versioned"},
]


@pytest.mark.parametrize("wrong", WRONG)
def test_what_is_of_the_wrong_shape_is_invalid(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        VersionModel.model_validate({**MEMBERS, **wrong})


@given(
    models,
    names,
    manufacturers,
    tags,
    st.dictionaries(st.sampled_from([numbered(1), numbered(2), numbered(3)]), st.none() | families, min_size=1),
)
def test_a_version_is_recorded_exactly_when_all_its_families_can_be_used(
    model: Model, name: str, manufacturer: Manufacturer, tag: str, declared: dict[UUID, Family | None]
) -> None:
    command = VersionModel(
        model_id=MODEL_ID,
        tag=tag,
        name=name,
        manufacturer=manufacturer,
        part_number="A-1",
        declared_family_ids=tuple(declared),
    )
    context = NamedFamilies(declared)
    refused = refusal(version_model, command=command, model=model, context=context)
    assert refused is first_true(
        (model.status is DefinitionStatus.DEPRECATED, ModelCannotVersionError),
        (None in declared.values(), FamilyNotFoundError),
        (any(family and family.status is DefinitionStatus.DEPRECATED for family in declared.values()),
         FamilyDeprecatedError),
    )  # fmt: skip
    if not refused:
        assert folds(MODEL, model, version_model(command, model, context)) == Model(
            MODEL_ID, command.name, manufacturer, "A-1", tuple(declared),
            status=DefinitionStatus.VERSIONED, version=tag,
        )  # fmt: skip
