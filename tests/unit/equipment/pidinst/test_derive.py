"""The table of domain.md 4.1, row by row, for assets and fixtures."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from importlib.resources import files
from typing import Any
from uuid import UUID

import jsonschema_rs
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.equipment.pidinst.facts import (
    ALONE,
    BEGAN,
    ENDED,
    FACILITY,
    FAMILY,
    MODEL,
    URL,
    around,
    asset,
    compound,
    identifier,
    instrument,
)

from cora.equipment.aggregates.family import Family
from cora.equipment.aggregates.model import Model
from cora.equipment.pidinst.derive import (
    asset_record,
    fixture_record,
    missing_of_asset,
    missing_of_fixture,
    published_record,
)
from cora.equipment.pidinst.gather import Instrument, Surroundings
from cora.equipment.pidinst.record import PidinstRecord
from cora.equipment.related_identifier import RelatedIdentifier, RelatedIdentifierScheme, RelationType
from cora.equipment.values import (
    AgentIdentifier,
    AlternateIdentifier,
    AlternateIdentifierKind,
    Drawing,
    DrawingSystem,
    IdentifierScheme,
    Manufacturer,
    Owner,
    Term,
)
from cora.kernel.contact import ContactId

SCHEMA = json.loads((files("cora.equipment.pidinst") / "schemas" / "pidinst-schema-1_0.schema.json").read_text())
VALIDATOR = jsonschema_rs.validator_for(SCHEMA, validate_formats=True)


def shown(record: PidinstRecord) -> dict[str, Any]:
    """The record as it goes out."""
    return json.loads(record.model_dump_json())


def of_asset(of: Instrument | None = None, beside: Surroundings = ALONE) -> dict[str, Any]:
    return shown(asset_record(of or instrument(), beside, URL))


def of_fixture(*instruments: Instrument, **told: Any) -> dict[str, Any]:
    return shown(fixture_record(compound(*(instruments or (instrument(),)), **told), URL))


# 1 Identifier


def test_1_without_an_identifier_the_id_of_the_record_stands_in() -> None:
    assert of_asset()["identifier"] == {"identifier": UUID(int=10).urn, "identifierType": "URN"}
    assert of_fixture()["identifier"] == {"identifier": UUID(int=20).urn, "identifierType": "URN"}


def test_1_the_persistent_identifier_is_told_with_its_scheme() -> None:
    handle = identifier("21.11157/abc", IdentifierScheme.HANDLE)
    expected = {"identifier": "21.11157/abc", "identifierType": "Handle"}
    assert of_asset(instrument(asset(persistent_id=handle)))["identifier"] == expected
    assert of_fixture(persistent_id=handle)["identifier"] == expected


# 2, 3, 4


@pytest.mark.parametrize(("record", "id"), [(of_asset, UUID(int=10)), (of_fixture, UUID(int=20))])
def test_2_3_schema_version_and_landing_page(record: Callable[[], dict[str, Any]], id: UUID) -> None:
    told = record()
    assert told["schemaVersion"] == "1.0"
    assert told["landingPage"] == f"http://cora.test/id/{id}"


def test_3_a_slash_at_the_end_of_the_public_url_does_no_harm() -> None:
    assert asset_record(instrument(), ALONE, URL + "/").landing_page == f"{URL}/id/{UUID(int=10)}"


def test_4_name() -> None:
    assert of_asset()["name"] == "Stage 10"
    assert of_fixture()["name"] == "Tower A"


# 5 Owner

AN_OWNER = Owner("Sector 2", identifier=AgentIdentifier("https://ror.org/05gvnxz63", "ROR"))
SHOWN_OWNER = {
    "ownerName": "Sector 2",
    "ownerIdentifier": {"ownerIdentifier": "https://ror.org/05gvnxz63", "ownerIdentifierType": "ROR"},
}
SHOWN_NAME = {"ownerName": "Sector 2"}
SHOWN_FACILITY = {**SHOWN_OWNER, "ownerName": "Advanced Photon Source"}


def test_5_its_own_owners_come_first_then_those_of_the_nearest_ancestor_then_the_facility() -> None:
    assert of_asset(instrument(asset(owners=(AN_OWNER,))))["owners"] == [SHOWN_OWNER]
    ancestor = asset(11, owners=(AN_OWNER,))
    assert of_asset(instrument(responsible=ancestor, facility=None))["owners"] == [SHOWN_OWNER]
    assert of_asset()["owners"] == [SHOWN_FACILITY]


ADA, BOB = ContactId("01a20b71-c71d-7ecb-bd55-5651f0003e5d"), ContactId("01a20b71-c71d-7ecb-bd55-5651f0003e5e")
ADDRESSES = {ADA: "ada@example.org", BOB: "bob@example.org"}
BY_ADA = {"ownerName": "Sector 2", "ownerContact": "ada@example.org"}


def test_5_an_owner_without_an_identifier_has_none_and_no_contact_is_told_unless_it_may_be() -> None:
    owner = Owner("Sector 2", ADA)
    assert of_asset(instrument(asset(owners=(owner,))))["owners"] == [SHOWN_NAME]
    assert of_asset(instrument(asset(owners=(owner,)), addresses=ADDRESSES))["owners"] == [BY_ADA]
    assert of_asset(instrument(asset(owners=(owner,)), addresses={BOB: "b@b.b"}))["owners"] == [SHOWN_NAME]


def test_5_a_facility_that_owns_has_a_contact_too() -> None:
    facility = replace(FACILITY, contact_id=BOB)
    told = of_asset(instrument(facility=facility, addresses=ADDRESSES))
    assert told["owners"] == [{**SHOWN_FACILITY, "ownerContact": "bob@example.org"}]
    assert of_asset(instrument(facility=facility))["owners"] == [SHOWN_FACILITY]


def test_5_an_owner_of_several_bound_assets_has_the_first_of_its_addresses() -> None:
    owned = [asset(number, owners=(Owner("Sector 2", by),)) for number, by in enumerate((None, ADA, BOB), 10)]
    told = of_fixture(*(instrument(each, addresses=ADDRESSES) for each in owned))
    assert told["owners"] == [BY_ADA]


def test_5_a_fixture_has_the_owners_of_its_bound_assets_each_once() -> None:
    plain = Owner("Sector 2")
    told = of_fixture(
        instrument(asset(10, owners=(AN_OWNER, plain))),
        instrument(asset(11, owners=(AN_OWNER,))),
        instrument(asset(12)),
    )
    assert told["owners"] == [SHOWN_OWNER, {"ownerName": "Sector 2"}, SHOWN_FACILITY]


# 6 Manufacturer, 7 Model

SHOWN_MANUFACTURER = {
    "manufacturerName": "Aerotech",
    "manufacturerIdentifier": {
        "manufacturerIdentifier": "https://ror.org/05gvnxz63",
        "manufacturerIdentifierType": "ROR",
    },
}


def test_6_7_an_asset_has_those_of_its_model() -> None:
    told = of_asset()
    assert told["manufacturers"] == [SHOWN_MANUFACTURER]
    assert told["model"] == {
        "modelName": "ABRS",
        "modelIdentifier": {"modelIdentifier": "ABRS-150", "modelIdentifierType": "PartNumber"},
    }


def test_7_a_name_in_place_of_a_part_number_is_not_told_as_one() -> None:
    for name in ("SBE 37", "sbe 37"):
        told = of_asset(instrument(model=replace(MODEL, name=name, part_number="SBE 37")))
        assert told["model"] == {"modelName": name}


def test_7_a_model_that_is_there_for_its_manufacturer_alone_tells_nothing() -> None:
    page = AgentIdentifier("https://vendor.example/abrs", "URL")
    for number in (":unav", ":unav 2"):
        unknown = replace(MODEL, name=":unav", part_number=number)
        told = of_asset(instrument(model=unknown))
        assert (told.get("model"), told["manufacturers"]) == (None, [SHOWN_MANUFACTURER])
        assert of_asset(instrument(model=replace(unknown, identifier=page)))["model"]["modelName"] == ":unav"


def test_7_an_identifier_in_place_of_a_part_number_is_told_as_what_it_is() -> None:
    page = AgentIdentifier("https://vendor.example/abrs", "URL")
    told = of_asset(instrument(model=replace(MODEL, part_number=page.value, identifier=page)))["model"]
    assert told["modelIdentifier"] == {"modelIdentifier": page.value, "modelIdentifierType": "URL"}


def test_7_a_model_without_a_part_number_is_told_by_its_other_identifier() -> None:
    page = AgentIdentifier("https://vendor.example/abrs", "URL")
    named = instrument(model=replace(MODEL, part_number=MODEL.name, identifier=page))
    told = {"modelIdentifier": "https://vendor.example/abrs", "modelIdentifierType": "URL"}
    assert of_asset(named)["model"]["modelIdentifier"] == told
    both = instrument(model=replace(MODEL, identifier=page))
    assert of_asset(both)["model"]["modelIdentifier"]["modelIdentifierType"] == "PartNumber"

    def further(of: Instrument) -> AgentIdentifier | None:
        record = asset_record(of, ALONE, URL)
        return published_record(record, [of], FACILITY, of.asset, None).further_model_identifier

    assert (further(named), further(both)) == (None, page)
    bound = compound(both)
    published = published_record(fixture_record(bound, URL), [both], FACILITY, bound.fixture, None)
    assert published.further_model_identifier is None


def test_6_all_who_made_it_are_told_in_their_order_and_each_once_of_a_fixture() -> None:
    together = replace(MODEL, further_manufacturers=(Manufacturer("ESRF"), Manufacturer("Huber")))
    assert of_asset(instrument(model=together))["manufacturers"] == [
        SHOWN_MANUFACTURER, {"manufacturerName": "ESRF"}, {"manufacturerName": "Huber"},
    ]  # fmt: skip
    other = replace(together, manufacturer=Manufacturer("Huber"), further_manufacturers=(Manufacturer("Kohzu"),))
    told = of_fixture(instrument(model=together), instrument(asset(11), model=other))
    assert [each["manufacturerName"] for each in told["manufacturers"]] == ["Aerotech", "ESRF", "Huber", "Kohzu"]


def test_6_7_without_a_model_there_is_neither_and_the_record_says_what_to_do() -> None:
    told = of_asset(instrument(model=None))
    assert told["manufacturers"] == []
    assert "model" not in told
    assert told["complete"] is False
    (missing,) = told["missing"]
    assert missing["property"] == "Manufacturer"
    assert f"bind a model to asset {UUID(int=10)}" in missing["detail"]


def test_6_a_bound_asset_without_a_model_contributes_no_manufacturer() -> None:
    other = instrument(asset(11), model=None)
    assert of_fixture(instrument(), other, instrument(asset(12)))["manufacturers"] == [SHOWN_MANUFACTURER]
    assert of_fixture(instrument(), other)["complete"] is True
    told = of_fixture(other)
    assert told["complete"] is False
    assert [each["property"] for each in told["missing"]] == ["Manufacturer"]
    assert str(UUID(int=11)) in told["missing"][0]["detail"]


def test_7_the_model_of_a_fixture_is_its_assembly_as_it_was() -> None:
    assert of_fixture()["model"] == {
        "modelName": "SampleTower",
        "modelIdentifier": {"modelIdentifier": "0" * 64, "modelIdentifierType": "SHA-256"},
    }


# 8 Description


def test_8_description() -> None:
    assert "description" not in of_asset()
    assert of_asset(instrument(asset(description="Turns.")))["description"] == "Turns."
    assert of_fixture(description="Holds the sample.")["description"] == "Holds the sample."


def test_8_a_fixture_without_one_is_described_by_a_line_for_each_component() -> None:
    told = of_fixture(instrument(), instrument(asset(11), model=None))
    assert told["description"] == "slot-0: Stage 10 (Aerotech ABRS)\nslot-1: Stage 11"


def test_8_a_model_that_is_called_by_its_maker_names_it_once() -> None:
    named = replace(MODEL, name="aerotech ABRS")
    assert of_fixture(instrument(model=named))["description"] == "slot-0: Stage 10 (aerotech ABRS)"


# 9 InstrumentType

TERM = Term("Rotation stage", "http://purl.org/pan-science/PaNET/1", "PaNET")
SHOWN_FAMILY = {
    "instrumentTypeName": "RotaryStage",
    "instrumentTypeIdentifier": {
        "instrumentTypeIdentifier": UUID(int=2).urn,
        "instrumentTypeIdentifierType": "URN",
    },
}


def test_9_each_family_by_its_term_or_its_name() -> None:
    told = of_asset(
        instrument(
            families=(
                FAMILY,
                Family(UUID(int=5), "Turntable", term=TERM),
                Family(UUID(int=6), "Table", term=Term("Table")),
            )
        )
    )
    assert told["instrumentTypes"] == [
        SHOWN_FAMILY,
        {
            "instrumentTypeName": "Rotation stage",
            "instrumentTypeIdentifier": {
                "instrumentTypeIdentifier": "http://purl.org/pan-science/PaNET/1",
                "instrumentTypeIdentifierType": "PaNET",
            },
        },
        {"instrumentTypeName": "Table"},
    ]


def test_9_a_fixture_is_of_the_family_that_its_assembly_presents_as() -> None:
    assert of_fixture(instrument(families=()))["instrumentTypes"] == [SHOWN_FAMILY]


# 10 MeasuredVariable, 14 MeasurementTechnique

CAMERA = Family(
    UUID(int=7),
    "Camera",
    measured_variables=(Term("photon flux"), Term("attenuation")),
    measurement_techniques=(Term("tomography", "PaNET01124", "PaNET"),),
)
SENSOR = Family(UUID(int=8), "Sensor", measured_variables=(Term("attenuation"), Term("temperature")))
VARIABLES = ["photon flux", "attenuation", "temperature"]
TECHNIQUES = [
    {
        "measurementTechniqueName": "tomography",
        "measurementTechniqueIdentifier": {
            "measurementTechniqueIdentifier": "PaNET01124",
            "measurementTechniqueIdentifierType": "PaNET",
        },
    }
]


def test_10_14_the_union_over_the_families() -> None:
    told = of_asset(instrument(families=(CAMERA, SENSOR, CAMERA)))
    assert told["measuredVariables"] == VARIABLES
    assert told["measurementTechniques"] == TECHNIQUES


def test_10_14_the_union_over_the_bound_assets() -> None:
    told = of_fixture(instrument(families=(CAMERA,)), instrument(asset(11), families=(SENSOR, CAMERA)))
    assert told["measuredVariables"] == VARIABLES
    assert told["measurementTechniques"] == TECHNIQUES


# 11 Date


def test_11_dates() -> None:
    began = {"date": "2024-03-01", "dateType": "Commissioned"}
    ended = {"date": "2026-03-01", "dateType": "DeCommissioned"}
    assert of_asset()["dates"] == [began]
    assert of_asset(instrument(asset(decommissioned_at=ENDED)))["dates"] == [began, ended]
    assert of_fixture()["dates"] == [began]
    assert of_fixture(retired_at=ENDED)["dates"] == [began, ended]
    assert BEGAN.date().isoformat() == "2024-03-01"


# 12 RelatedIdentifier


def related(value: str, relation: str, name: str | None, scheme: str = "DOI") -> dict[str, Any]:
    told = {"relatedIdentifier": value, "relatedIdentifierType": scheme, "relationType": relation}
    return told if name is None else {**told, "relatedIdentifierName": name}


def test_12_parent_fixture_children_and_drawing_where_they_have_identifiers() -> None:
    parent = asset(11, persistent_id=identifier("10.5438/parent"))
    fixture = compound(instrument(), persistent_id=identifier("21.11157/f", IdentifierScheme.HANDLE)).fixture
    children = (asset(12, persistent_id=identifier("10.5438/child")), asset(13))
    of = instrument(asset(drawing=Drawing(DrawingSystem.DOI, "https://doi.org/10.5281/Zenodo.1")))
    assert of_asset(of, around(parent, fixture, children))["relatedIdentifiers"] == [
        related("10.5438/parent", "IsComponentOf", "Stage 11"),
        related("21.11157/f", "IsComponentOf", "Tower A", "Handle"),
        related("10.5438/child", "HasComponent", "Stage 12"),
        related("10.5281/zenodo.1", "IsDescribedBy", None),
    ]


def test_12_nothing_is_related_to_what_has_no_identifier() -> None:
    beside = around(asset(11), compound(instrument()).fixture, (asset(12),))
    assert of_asset(beside=beside)["relatedIdentifiers"] == []


def test_12_what_is_not_public_yet_is_told_as_if_it_had_no_identifier() -> None:
    stub = identifier("10.0000/cora-stub/a1", test=True)
    drafted = asset(11, persistent_id=stub)
    fixture = compound(instrument(drafted), persistent_id=stub)
    told = of_asset(beside=replace(around(drafted, fixture.fixture, (drafted,)), public={}))
    assert (told["relatedIdentifiers"], told["test"]) == ([], False)
    told = shown(fixture_record(replace(fixture, fixture=compound().fixture, public={}), URL))
    assert (told["relatedIdentifiers"], told["test"]) == ([], False)


@pytest.mark.parametrize(
    "drawing", [Drawing(DrawingSystem.ICMS, "10.5281/zenodo.1"), Drawing(DrawingSystem.DOI, "drawing 7")]
)
def test_12_only_a_drawing_that_is_a_doi_is_told(drawing: Drawing) -> None:
    assert of_asset(instrument(asset(drawing=drawing)))["relatedIdentifiers"] == []


MANUAL = RelatedIdentifier(RelationType.IS_DESCRIBED_BY, "10.5281/manual", RelatedIdentifierScheme.DOI, "Manual")
SOURCE = RelatedIdentifier(RelationType.REFERENCES, "swh:1:rev:a", RelatedIdentifierScheme.SWHID)


def test_12_what_is_stated_follows_what_is_derived() -> None:
    parent = asset(11, persistent_id=identifier("10.5438/parent"))
    of = instrument(asset(related_identifiers=(MANUAL, SOURCE)))
    assert of_asset(of, around(parent))["relatedIdentifiers"] == [
        related("10.5438/parent", "IsComponentOf", "Stage 11"),
        related("10.5281/manual", "IsDescribedBy", "Manual"),
        related("swh:1:rev:a", "References", None, "SWHID"),
    ]


def test_12_a_relation_that_is_derived_and_stated_is_told_once_and_has_a_name_if_either_has_one() -> None:
    parent = asset(11, persistent_id=identifier("21.5/Whole", IdentifierScheme.HANDLE))
    whole = RelatedIdentifier(RelationType.IS_COMPONENT_OF, "21.5/WHOLE", RelatedIdentifierScheme.HANDLE, "The mast")
    metadata = replace(MANUAL, relation=RelationType.HAS_METADATA)
    drawing = Drawing(DrawingSystem.DOI, "https://doi.org/10.5281/MANUAL")
    of = instrument(asset(related_identifiers=(whole, MANUAL, metadata), drawing=drawing))
    assert of_asset(of, around(parent))["relatedIdentifiers"] == [
        related("21.5/Whole", "IsComponentOf", "Stage 11", "Handle"),
        related("10.5281/manual", "IsDescribedBy", "Manual"),
        related("10.5281/manual", "HasMetadata", "Manual"),
    ]


def test_12_what_is_stated_is_told_as_it_is_though_the_other_is_a_draft() -> None:
    drafted = asset(11, persistent_id=identifier("10.5438/draft"))
    whole = RelatedIdentifier(RelationType.IS_COMPONENT_OF, "10.5438/elsewhere", RelatedIdentifierScheme.DOI)
    of = instrument(asset(related_identifiers=(whole,)))
    told = of_asset(of, replace(around(drafted), public={}))
    assert told["relatedIdentifiers"] == [related("10.5438/elsewhere", "IsComponentOf", None)]


def test_12_a_fixture_has_its_bound_assets_as_components() -> None:
    told = of_fixture(instrument(asset(10, persistent_id=identifier("10.5438/a"))), instrument(asset(11)))
    assert told["relatedIdentifiers"] == [related("10.5438/a", "HasComponent", "Stage 10")]


def test_16_subjects() -> None:
    subjects = (Term("optics", "http://vocab.test/1", "Keywords"), Term("vacuum"))
    known = {"subjectIdentifier": "http://vocab.test/1", "subjectIdentifierType": "Keywords"}
    assert of_asset(instrument(asset(subjects=subjects)))["subjects"] == [
        {"subjectName": "optics", "subjectIdentifier": known},
        {"subjectName": "vacuum"},
    ]
    assert of_fixture()["subjects"] == []


# 13 AlternateIdentifier


def test_13_alternate_identifiers() -> None:
    identifiers = (
        AlternateIdentifier(AlternateIdentifierKind.SERIAL_NUMBER, "SN 7"),
        AlternateIdentifier(AlternateIdentifierKind.OTHER, "X1", "EPICS prefix"),
    )
    assert of_asset(instrument(asset(alternate_identifiers=identifiers)))["alternateIdentifiers"] == [
        {"alternateIdentifier": "SN 7", "alternateIdentifierType": "SerialNumber"},
        {
            "alternateIdentifier": "X1",
            "alternateIdentifierType": "Other",
            "alternateIdentifierName": "EPICS prefix",
        },
    ]
    assert of_fixture()["alternateIdentifiers"] == []


# The whole


def test_a_test_identifier_marks_every_record_that_shows_it() -> None:
    stub = identifier("10.0000/cora-stub/a1", test=True)
    other = asset(11, persistent_id=stub)
    assert of_asset()["test"] is False
    assert of_asset(instrument(asset(persistent_id=stub)))["test"] is True
    assert of_asset(beside=around(other))["test"] is True
    assert of_asset(beside=around(fixture=compound(instrument(), persistent_id=stub).fixture))["test"] is True
    assert of_asset(beside=around(children=[other]))["test"] is True
    assert of_fixture()["test"] is False
    assert of_fixture(instrument(other))["test"] is True


def test_a_fixture_that_binds_nothing_lacks_owner_and_manufacturer() -> None:
    empty = compound()
    told = shown(fixture_record(empty, URL))
    assert [each["property"] for each in told["missing"]] == ["Owner", "Manufacturer"]
    assert missing_of_fixture(empty) == fixture_record(empty, URL).missing


def any_instrument(
    number: int,
    owners: tuple[Owner, ...],
    model: Model | None,
    families: list[Family],
    drawing: Drawing | None,
    decommissioned_at: datetime | None,
    named: bool,
) -> Instrument:
    persistent_id = identifier(f"10.5438/{number}") if named else None
    of = asset(number, owners=owners, drawing=drawing, decommissioned_at=decommissioned_at, persistent_id=persistent_id)
    return instrument(of, model=model, families=tuple(families), addresses=ADDRESSES)


INSTRUMENTS = st.builds(
    any_instrument,
    st.integers(10, 14),
    st.sampled_from([(), (AN_OWNER,), (Owner("B"), Owner("C", ADA)), (Owner("C", BOB),)]),
    st.sampled_from([None, MODEL]),
    st.lists(st.sampled_from([FAMILY, CAMERA, SENSOR]), unique=True),
    st.sampled_from([None, Drawing(DrawingSystem.DOI, "10.5281/zenodo.1"), Drawing(DrawingSystem.EDMS, "7")]),
    st.sampled_from([None, ENDED]),
    st.booleans(),
)


@given(INSTRUMENTS)
def test_a_complete_record_of_an_asset_validates_and_an_incomplete_one_does_not(of: Instrument) -> None:
    told = of_asset(of)
    assert VALIDATOR.is_valid(told) is told["complete"], list(VALIDATOR.iter_errors(told))
    assert told["complete"] is (not missing_of_asset(of)) is (of.model is not None)


@given(st.lists(INSTRUMENTS, max_size=4, unique_by=lambda each: each.asset.id))
def test_a_complete_record_of_a_fixture_validates_and_an_incomplete_one_does_not(bound: list[Instrument]) -> None:
    told = shown(fixture_record(compound(*bound), URL))
    assert VALIDATOR.is_valid(told) is told["complete"], list(VALIDATOR.iter_errors(told))
    assert told["complete"] is any(each.model is not None for each in bound)
    names = [(each["ownerName"], str(each.get("ownerIdentifier"))) for each in told["owners"]]
    assert len(names) == len(set(names))


def test_the_described_shape_of_the_answer_has_every_property() -> None:
    """What the API description says of the answer is what goes out."""
    described = PidinstRecord.model_json_schema(mode="serialization")
    stub = identifier("10.0000/cora-stub/a1", test=True)
    told = of_asset(instrument(asset(description="Turns.", persistent_id=stub)))
    assert set(told) == set(described["properties"])
    jsonschema_rs.validate(described, told)
