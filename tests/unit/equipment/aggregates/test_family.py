from dataclasses import replace

import pytest
from hypothesis import given
from tests.unit.equipment.strategies_asset import AFTERWARDS, NOW, folds, numbered
from tests.unit.equipment.strategies_definitions import (
    FAMILY_ID,
    ROLE_ID,
    a_deprecated_family,
    a_family,
    families,
)

from cora.equipment.aggregates.family import (
    FAMILY,
    Family,
    FamilyAlreadyExistsError,
    FamilyDefined,
    FamilyDeprecated,
    FamilyDeprecatedError,
    FamilyNotFoundError,
    FamilyPresentsAsAdded,
    FamilyPresentsAsRemoved,
    FamilySettingsSchemaUpdated,
    FamilyVersioned,
    family_claim,
    require_usable,
)
from cora.equipment.values import Affordance, DefinitionStatus, Term
from cora.kernel.aggregate import Claim, Fact, Reference


@given(families)
def test_each_event_changes_its_part_and_nothing_else(family: Family) -> None:
    new = numbered(99)
    with_role = folds(FAMILY, family, [FamilyPresentsAsAdded(new)])
    assert with_role == replace(family, presents_as=(*family.presents_as, new))
    assert folds(FAMILY, with_role, [FamilyPresentsAsRemoved(new)]) == family
    schema = {"type": "object", "required": ["speed"]}
    assert folds(FAMILY, family, [FamilySettingsSchemaUpdated(schema)]) == replace(family, settings_schema=schema)
    assert folds(FAMILY, family, [FamilySettingsSchemaUpdated(None)]) == replace(family, settings_schema=None)
    deprecated = folds(FAMILY, family, [FamilyDeprecated("superseded")])
    assert deprecated == replace(family, status=DefinitionStatus.DEPRECATED)


@given(families)
def test_a_version_replaces_the_content_and_nothing_else(family: Family) -> None:
    content = ("Stage", "moves", (Affordance.HOMEABLE,), Term("stage"), (Term("position"),), (Term("tomography"),))
    defined = folds(FAMILY, None, [FamilyDefined(*content)], Fact(family.id, NOW))
    assert folds(FAMILY, family, [FamilyVersioned(*content, tag="3")]) == replace(
        defined,
        settings_schema=family.settings_schema,
        presents_as=family.presents_as,
        status=DefinitionStatus.VERSIONED,
        version="3",
    )


def test_a_family_begins_with_its_definition() -> None:
    with pytest.raises(TypeError):
        FAMILY.evolve(None, FamilyPresentsAsAdded(ROLE_ID), AFTERWARDS)


def test_it_holds_its_name_ignoring_case_until_it_is_deprecated() -> None:
    assert (
        list(FAMILY.claims(a_family(name="STRASSE"))) == [family_claim("Straße")] == [Claim("family.name", "strasse")]
    )
    assert list(FAMILY.claims(a_deprecated_family())) == []


def test_a_name_that_is_taken_is_refused_with_its_owner() -> None:
    refused = FAMILY.claim_taken(family_claim("RotaryStage"), a_family(), numbered(9))
    assert isinstance(refused, FamilyAlreadyExistsError)
    assert refused.members() == {"name": "RotaryStage", "existing_id": numbered(9)}


def test_it_points_at_its_roles() -> None:
    assert list(FAMILY.references(a_family(presents_as=(ROLE_ID,)))) == [Reference("family.presents_as", ROLE_ID)]


def test_families_that_are_used_exist_and_are_current() -> None:
    require_usable((FAMILY_ID,), {FAMILY_ID: a_family()})
    with pytest.raises(FamilyNotFoundError) as unknown:
        require_usable((numbered(9), numbered(8)), {numbered(8): None})
    assert unknown.value.id == numbered(8)
    with pytest.raises(FamilyDeprecatedError) as deprecated:
        require_usable(
            (numbered(9), numbered(8)),
            {numbered(9): a_deprecated_family(), numbered(8): a_deprecated_family()},
        )
    assert deprecated.value.family_id == numbered(8)


def test_it_is_found_by_its_names_and_terms() -> None:
    family = a_family(description="turns", term=Term("goniometer"), measured_variables=(Term("angle"),))
    assert {"rotarystage", "turns", "goniometer", "angle"} <= set(FAMILY.search_text(family).split())
