from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from tests.unit.equipment.strategies_asset import NOW, decide, first_true, folds, names, numbered, refusal
from tests.unit.equipment.strategies_definitions import (
    FAMILY_ID,
    OTHER_FAMILY_ID,
    a_deprecated_family,
    a_family,
    families,
    further_manufacturers,
    manufacturers,
)

from cora.equipment.aggregates.family import FAMILY, Family, FamilyDeprecatedError, FamilyNotFoundError
from cora.equipment.aggregates.model import MODEL, Model, ModelDefined
from cora.equipment.content.named_families import NamedFamilies
from cora.equipment.features.define_model import DefineModel, define_model
from cora.equipment.values import AgentIdentifier, DefinitionStatus, Manufacturer
from cora.kernel.aggregate import Fact
from cora.kernel.errors import InvalidRequestError
from cora.kernel.requests import to_request
from cora.kernel.search import Text

MEMBERS = {
    "name": "ABRS-250MP",
    "manufacturer": {"name": "Aerotech"},
    "part_number": "ABRS-250MP-M-AS",
    "declared_family_ids": [str(FAMILY_ID)],
}
COMMAND = DefineModel.model_validate(MEMBERS)
TWO = DefineModel.model_validate({**MEMBERS, "declared_family_ids": [str(OTHER_FAMILY_ID), str(FAMILY_ID)]})


async def test_a_model_of_a_known_family_is_defined() -> None:
    assert await decide(define_model, COMMAND, (FAMILY, a_family())) == [
        ModelDefined("ABRS-250MP", Manufacturer("Aerotech"), "ABRS-250MP-M-AS", (FAMILY_ID,))
    ]


def test_a_model_has_an_identifier_beside_its_part_number() -> None:
    known = {"scheme": "doi", "value": "https://doi.org/10.5438/ABRS"}
    command = DefineModel.model_validate({**MEMBERS, "identifier": known})
    decided = define_model(command, NamedFamilies({FAMILY_ID: a_family()}))
    model = folds(MODEL, None, decided, Fact(numbered(9), NOW))
    assert model.identifier == AgentIdentifier("10.5438/abrs", "DOI")
    assert Text("identifier", "10.5438/abrs") in tuple(MODEL.texts(model))


def test_a_model_is_made_by_one_that_it_is_known_by_and_by_others() -> None:
    others = [{"name": "ESRF", "identifier": {"scheme": "ROR", "value": "02550n020"}}, {"name": "Huber"}]
    command = DefineModel.model_validate({**MEMBERS, "further_manufacturers": others})
    decided = define_model(command, NamedFamilies({FAMILY_ID: a_family()}))
    model = folds(MODEL, None, decided, Fact(numbered(9), NOW))
    known = AgentIdentifier("https://ror.org/02550n020", "ROR")
    assert model.manufacturers == (Manufacturer("Aerotech"), Manufacturer("ESRF", known), Manufacturer("Huber"))
    assert [text.text for text in MODEL.texts(model) if text.field == "manufacturer" and text.text] == [
        "Aerotech", "ESRF", "https://ror.org/02550n020", "Huber",
    ]  # fmt: skip
    assert [claim.value for claim in MODEL.claims(model)] == ["aerotech\nabrs-250mp-m-as"]


@pytest.mark.parametrize("named", [["AEROTECH"], ["Huber", "huber"]])
def test_a_manufacturer_is_named_once(named: list[str]) -> None:
    others = [{"name": name} for name in named]
    with pytest.raises(InvalidRequestError) as refused:
        to_request(DefineModel, {**MEMBERS, "further_manufacturers": others})
    (wrong,) = refused.value.errors
    assert (wrong.pointer, named[-1] in wrong.detail) == ("/further_manufacturers", True)


def test_a_family_is_declared_once() -> None:
    twice = DefineModel.model_validate({**MEMBERS, "declared_family_ids": [str(FAMILY_ID), str(FAMILY_ID)]})
    (event,) = define_model(twice, NamedFamilies({FAMILY_ID: a_family()}))
    assert event.declared_family_ids == (FAMILY_ID,)


def test_of_several_unknown_families_the_smallest_id_is_named() -> None:
    with pytest.raises(FamilyNotFoundError) as refused:
        define_model(TWO, NamedFamilies({FAMILY_ID: None, OTHER_FAMILY_ID: None}))
    assert refused.value.id == FAMILY_ID


def test_an_unknown_family_is_refused_before_a_deprecated_one() -> None:
    with pytest.raises(FamilyNotFoundError) as refused:
        define_model(TWO, NamedFamilies({FAMILY_ID: a_deprecated_family(), OTHER_FAMILY_ID: None}))
    assert refused.value.id == OTHER_FAMILY_ID


def test_a_deprecated_family_is_refused() -> None:
    with pytest.raises(FamilyDeprecatedError) as refused:
        define_model(COMMAND, NamedFamilies({FAMILY_ID: a_deprecated_family()}))
    assert refused.value.family_id == FAMILY_ID


@pytest.mark.parametrize(
    "wrong",
    [
        {"declared_family_ids": []},
        {"declared_family_ids": ["RotaryStage"]},
        {"part_number": ""},
        {"part_number": "p" * 201},
        {"manufacturer": {"name": ""}},
        {"manufacturer": {"name": "Aerotech", "identifier": {"scheme": "ROR", "value": "0"}}},
        {"manufacturer": {"name": "Aerotech", "country": "US"}},
        {"further_manufacturers": [{"name": ""}]},
        {"further_manufacturers": [{"name": f"Maker {number}"} for number in range(101)]},
        {"website": "www.aerotech.com"},
        {"identifier": {"scheme": "DOI", "value": "RRID:SCR_1"}},
    ],
)
def test_what_is_of_the_wrong_shape_is_invalid(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        DefineModel.model_validate({**MEMBERS, **wrong})


@given(
    names,
    manufacturers,
    further_manufacturers,
    st.dictionaries(st.sampled_from([numbered(1), numbered(2), numbered(3)]), st.none() | families, min_size=1),
)
def test_a_model_is_defined_exactly_when_all_its_families_can_be_used(
    name: str, manufacturer: Manufacturer, further: tuple[Manufacturer, ...], declared: dict[UUID, Family | None]
) -> None:
    command = DefineModel(
        name=name, manufacturer=manufacturer, part_number="A-1", declared_family_ids=tuple(declared),
        further_manufacturers=further,
    )  # fmt: skip
    refused = refusal(define_model, command=command, context=NamedFamilies(declared))
    assert refused is first_true(
        (None in declared.values(), FamilyNotFoundError),
        (any(family and family.status is DefinitionStatus.DEPRECATED for family in declared.values()),
         FamilyDeprecatedError),
    )  # fmt: skip
    if not refused:
        decided = define_model(command, NamedFamilies(declared))
        assert folds(MODEL, None, decided, Fact(numbered(9), NOW)) == Model(
            numbered(9), command.name, manufacturer, "A-1", tuple(declared), further_manufacturers=further
        )
