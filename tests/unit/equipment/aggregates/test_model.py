from dataclasses import replace

import pytest
from hypothesis import given
from tests.unit.equipment.strategies_asset import AFTERWARDS, NOW, folds, numbered
from tests.unit.equipment.strategies_definitions import models

from cora.equipment.aggregates.model import (
    MODEL,
    Model,
    ModelAlreadyExistsError,
    ModelDefined,
    ModelDeprecated,
    ModelFamilyAdded,
    ModelFamilyRemoved,
    ModelVersioned,
    model_claim,
)
from cora.equipment.values import AgentIdentifier, DefinitionStatus, Manufacturer
from cora.kernel.aggregate import Fact, Reference

AEROTECH = Manufacturer("Aerotech", AgentIdentifier("Q4688035", "Wikidata"))
ABRS = Model(numbered(1), "ABRS", AEROTECH, "ABRS-250MP", (numbered(2), numbered(3)), "turns", "https://aerotech.com")


def test_a_model_is_what_was_defined() -> None:
    event = ModelDefined("ABRS", AEROTECH, "ABRS-250MP", ABRS.declared_family_ids, "turns", "https://aerotech.com")
    assert folds(MODEL, None, [event], Fact(ABRS.id, NOW)) == ABRS


@given(models)
def test_each_event_changes_its_part_and_nothing_else(model: Model) -> None:
    new = numbered(99)
    with_family = folds(MODEL, model, [ModelFamilyAdded(new)])
    assert with_family == replace(model, declared_family_ids=(*model.declared_family_ids, new))
    assert folds(MODEL, with_family, [ModelFamilyRemoved(new)]) == model
    content = ("ABRS", AEROTECH, "ABRS-250MP", ABRS.declared_family_ids, "turns", "https://aerotech.com")
    versioned = folds(MODEL, model, [ModelVersioned(*content, tag="3")])
    assert versioned == replace(ABRS, id=model.id, status=DefinitionStatus.VERSIONED, version="3")
    deprecated = folds(MODEL, model, [ModelDeprecated("superseded")])
    assert deprecated == replace(model, status=DefinitionStatus.DEPRECATED)


def test_a_model_begins_with_its_definition() -> None:
    with pytest.raises(TypeError):
        MODEL.evolve(None, ModelFamilyAdded(numbered(2)), AFTERWARDS)


def test_it_holds_maker_and_part_number_ignoring_case_until_it_is_deprecated() -> None:
    assert list(MODEL.claims(ABRS)) == [model_claim("AEROTECH", "abrs-250mp")]
    assert list(MODEL.claims(replace(ABRS, status=DefinitionStatus.DEPRECATED))) == []


def test_no_two_pairs_of_maker_and_part_number_give_one_claim() -> None:
    pairs = [("Aero", "tech 1"), ("Aero tech", "1"), ("Aero t", "ech 1"), ("", "Aero tech 1")]
    assert len({model_claim(*pair) for pair in pairs}) == len(pairs)


def test_a_part_number_that_is_taken_is_refused_with_its_owner() -> None:
    refused = MODEL.claim_taken(model_claim("Aerotech", "ABRS-250MP"), ABRS, numbered(9))
    assert isinstance(refused, ModelAlreadyExistsError)
    assert refused.existing_id == numbered(9)
    assert "Aerotech" in refused.detail()


def test_it_points_at_the_families_it_declares() -> None:
    assert list(MODEL.references(ABRS)) == [
        Reference("model.declared_family_ids", numbered(2)),
        Reference("model.declared_family_ids", numbered(3)),
    ]


def test_it_is_found_by_name_maker_and_part_number() -> None:
    assert {"abrs", "aerotech", "250mp", "turns"} <= set(MODEL.search_text(ABRS).split())
