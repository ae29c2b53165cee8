"""DataCite: valid by the official schema whatever is told, and told as DataCite's table for PIDINST says."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree
from tests.unit.equipment.pidinst.forms.records import FULL, LEAST, RECORDS, TEST, changed

from cora.equipment.pidinst import record as pidinst
from cora.equipment.pidinst.forms.datacite import (
    DATACITE_JSON,
    DATACITE_XML,
    NAMESPACE,
    datacite_attributes,
    datacite_xml,
    violations,
)
from cora.equipment.pidinst.forms.writing import TEST_REMARK
from cora.equipment.pidinst.published import PublishedRecord
from cora.equipment.pidinst.reading import read_records
from cora.equipment.related_identifier import RelatedIdentifierScheme, RelationType
from cora.equipment.values import AgentIdentifier, AlternateIdentifierKind, IdentifierScheme, PersistentIdentifier, Term


def lost(published: PublishedRecord) -> list[str]:
    return [loss.property for loss in DATACITE_JSON.loss(published)]


@settings(deadline=None)
@given(RECORDS)
def test_any_record_is_valid(published: PublishedRecord) -> None:
    assert violations(datacite_xml(published)) == []


@pytest.mark.parametrize("published", [FULL, LEAST, TEST])
def test_what_these_records_say_is_valid(published: PublishedRecord) -> None:
    assert violations(datacite_xml(published)) == []


def test_the_validator_finds_what_is_wrong() -> None:
    told = datacite_xml(FULL)
    assert violations(told.replace(b"HostingInstitution", b"Owner")) != []
    assert violations(told.replace(b"2026", b"soon")) != []
    assert violations(b"<resource") != []
    assert violations(b"<resource/>") != []


def test_a_document_with_entities_reads_no_file(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("10.5438/secret")
    bomb = f'<!DOCTYPE resource [<!ENTITY x SYSTEM "{secret.as_uri()}">]><resource xmlns="{NAMESPACE}">&x;</resource>'
    assert violations(bomb.encode()) == ["line 1: a document type is not read here"]


def test_the_table_of_datacite() -> None:
    told = datacite_attributes(FULL)
    assert told["doi"] == "10.5438/08qf-ee96"
    assert told["url"] == FULL.record.landing_page
    assert told["types"] == {"resourceTypeGeneral": "Instrument", "resourceType": "Rotation stage"}
    assert told["titles"] == [{"title": "Sample tower at 2-BM"}]
    assert told["publicationYear"] == 2026
    assert told["publisher"] == {
        "name": "Argonne National Laboratory",
        "publisherIdentifier": "https://ror.org/05gvnxz63",
        "publisherIdentifierScheme": "ROR",
        "schemeUri": "https://ror.org/",
    }
    assert told["creators"] == [
        {
            "name": "Aerotech & Söhne",
            "nameType": "Organizational",
            "nameIdentifiers": [
                {
                    "nameIdentifier": "Q107529885",
                    "nameIdentifierScheme": "Wikidata",
                    "schemeUri": "https://www.wikidata.org/wiki/",
                }
            ],
        }
    ]
    assert [(each["name"], each["contributorType"]) for each in told["contributors"]] == [
        ("Advanced Photon Source", "HostingInstitution"),
        ("Materials consortium", "HostingInstitution"),
    ]
    assert told["dates"] == [
        {"date": "2016-05-01", "dateType": "Other", "dateInformation": "Commissioned"},
        {"date": "2024-03-02", "dateType": "Other", "dateInformation": "Decommissioned"},
    ]
    assert [(each["relationType"], each.get("resourceTypeGeneral")) for each in told["relatedIdentifiers"]] == [
        ("IsPartOf", "Instrument"),
        ("HasPart", "Instrument"),
        ("IsDescribedBy", None),
        ("Other", None),
        ("References", None),
    ]
    assert [each.get("relationTypeInformation") for each in told["relatedIdentifiers"]][-2:] == ["WasUsedIn", None]
    assert [each["alternateIdentifierType"] for each in told["alternateIdentifiers"]] == [
        "SerialNumber",
        "InventoryNumber",
        "EPICS record",
    ]
    assert [each["description"] for each in told["descriptions"] if each["descriptionType"] == "TechnicalInfo"] == [
        "Model name: ABRS <150>",
        "Model identifier: ABRS-150MP-M-AS (PartNumber)",
        "Instrument type: Rotation stage (URL: http://vocab.test/L05/134)",
        "Instrument type: Goniometer",
        "Measured variable: angle",
        "Measured variable: torque",
        "Measurement technique: tomography (PaNET: http://purl.org/pan-science/PaNET/PaNET01203)",
    ]
    assert told["descriptions"][0] == {"description": "Turns samples.\nSlowly.", "descriptionType": "Abstract"}
    assert told["subjects"] == [
        {"subject": "Rotation stage", "subjectScheme": "URL", "valueUri": "http://vocab.test/L05/134"},
        {
            "subject": "tomography",
            "subjectScheme": "PaNET",
            "valueUri": "http://purl.org/pan-science/PaNET/PaNET01203",
        },
        {"subject": "angle", "subjectScheme": "QUDT", "valueUri": "http://qudt.org/vocab/quantitykind/Angle"},
        {"subject": "beamline optics", "subjectScheme": "Keywords", "valueUri": "http://vocab.test/optics"},
        {"subject": "user facility"},
    ]


def test_xml_and_json_say_the_same() -> None:
    root = etree.fromstring(datacite_xml(FULL))
    told = datacite_attributes(FULL)
    for wrapper in ("creators", "subjects", "contributors", "dates", "relatedIdentifiers", "descriptions"):
        assert len(root.findall(f"{{{NAMESPACE}}}{wrapper}/*")) == len(told[wrapper]), wrapper
    assert root.findtext(f"{{{NAMESPACE}}}identifier") == told["doi"]
    shown: dict[str, Any] = json.loads(DATACITE_JSON.render(FULL))
    assert shown == {"id": "https://doi.org/10.5438/08qf-ee96", **told}
    assert DATACITE_XML.render(FULL) == datacite_xml(FULL)


@settings(deadline=None)
@given(RECORDS)
def test_the_attributes_are_what_the_schema_of_datacite_for_json_was(published: PublishedRecord) -> None:
    derived = json.loads((Path(__file__).parent / "datacite-v4.7-derived.json").read_text())
    told = json.loads(DATACITE_JSON.render(published))
    del told["id"]
    told.pop("doi", None)
    jsonschema_rs.validate(derived, {**told, "publicationYear": f"{told['publicationYear']:04}"})


def test_another_doi_of_the_instrument_is_a_relation_since_datacite_refuses_it_as_an_alternate() -> None:
    other = AlternateIdentifierKind.OTHER
    doi = pidinst.AlternateIdentifier(
        alternate_identifier="https://doi.org/10.5438/ABC",
        alternate_identifier_type=other,
        alternate_identifier_name="DOI",
    )
    none = doi.model_copy(update={"alternate_identifier": "not one"})
    told = datacite_attributes(changed(alternate_identifiers=(doi, none), related_identifiers=()))
    assert told["relatedIdentifiers"] == [
        {"relatedIdentifier": "10.5438/abc", "relatedIdentifierType": "DOI", "relationType": "IsIdenticalTo"}
    ]
    assert told["alternateIdentifiers"] == [{"alternateIdentifier": "not one", "alternateIdentifierType": "Other"}]


def test_what_is_unknown_has_the_code_of_datacite() -> None:
    told = datacite_attributes(LEAST)
    assert told["creators"] == [{"name": ":unav", "nameType": "Organizational"}]
    assert told["publisher"] == {"name": ":unav"}
    assert "doi" not in told
    assert told["dates"] == told["contributors"] == []
    assert lost(LEAST) == ["SchemaVersion", "Manufacturer"]


def test_a_test_identifier_is_marked() -> None:
    assert TEST_REMARK in {each["description"] for each in datacite_attributes(TEST)["descriptions"]}
    assert TEST_REMARK not in {each["description"] for each in datacite_attributes(FULL)["descriptions"]}


def test_what_is_lost() -> None:
    assert lost(FULL) == ["SchemaVersion", "ownerContact", "relatedIdentifierName", "alternateIdentifierName"]
    assert [loss.property for loss in DATACITE_XML.loss(FULL)] == ["LandingPage", *lost(FULL)]


def test_an_identifier_that_is_no_url_is_a_code_of_its_scheme_or_a_loss() -> None:
    terms = (Term("mass", "Q11423", "Wikidata"), Term("salinity", "SDN:P02::PSAL", "SeaDataNet"), Term("torque"))
    told = replace(FULL, measured_quantities=terms)
    assert datacite_attributes(told)["subjects"][2:4] == [
        {
            "subject": "mass",
            "subjectScheme": "Wikidata",
            "schemeUri": "https://www.wikidata.org/wiki/",
            "classificationCode": "Q11423",
        },
        {"subject": "salinity", "subjectScheme": "SeaDataNet", "classificationCode": "SDN:P02::PSAL"},
    ]
    xml = datacite_xml(told)
    assert b'schemeURI="https://www.wikidata.org/wiki/" classificationCode="Q11423">mass<' in xml
    assert violations(xml) == []
    assert "measuredQuantityIdentifier" not in lost(told)
    for form in (DATACITE_XML, DATACITE_JSON):
        (record,) = read_records(form.render(told)).records
        assert [each.code and (each.code.value, each.code.scheme) for each in record.subjects][:2] == [
            ("Q11423", "Wikidata"),
            ("SDN:P02::PSAL", "SeaDataNet"),
        ]
    odd = replace(FULL, measured_quantities=(Term("mass", "no code", "Local"),))
    assert {"subject": "mass", "subjectScheme": "Local"} in datacite_attributes(odd)["subjects"]
    assert "measuredQuantityIdentifier" in lost(odd)


@pytest.mark.parametrize("identifier", ["http://vocab.test/a b", "[", "1 :2", ":x", "x:", "0:0", "a b", "a%b"])
def test_the_identifier_of_a_subject_that_datacite_cannot_take_is_a_loss(identifier: str) -> None:
    known = pidinst.SubjectIdentifier(subject_identifier=identifier, subject_identifier_type="Local")
    told = changed(subjects=(pidinst.Subject(subject_name="optics", subject_identifier=known),))
    assert datacite_attributes(told)["subjects"][-1] == {"subject": "optics", "subjectScheme": "Local"}
    assert violations(datacite_xml(told)) == []
    assert "subjectIdentifier" in lost(told)


@given(st.from_regex(r"[A-Za-z0-9.+~:_-]{1,12}", fullmatch=True))
def test_whatever_is_told_as_a_code_is_valid(identifier: str) -> None:
    known = pidinst.SubjectIdentifier(subject_identifier=identifier, subject_identifier_type="Local")
    assert (
        violations(datacite_xml(changed(subjects=(pidinst.Subject(subject_name="x", subject_identifier=known),)))) == []
    )


@pytest.mark.parametrize("relation", RelationType)
def test_every_relation_is_told_as_datacite_names_it_and_is_read_again(relation: RelationType) -> None:
    """The reference, 2.2."""
    related = pidinst.RelatedIdentifier(
        related_identifier="10.5438/x", related_identifier_type=RelatedIdentifierScheme.DOI, relation_type=relation
    )
    told = changed(related_identifiers=(related,))
    (said,) = datacite_attributes(told)["relatedIdentifiers"]
    names = {"HasComponent": "HasPart", "IsComponentOf": "IsPartOf", "WasUsedIn": "Other", "IsAttachedTo": "Other"}
    assert said["relationType"] == names.get(relation, relation)
    assert said.get("relationTypeInformation") == (relation if said["relationType"] == "Other" else None)
    assert violations(datacite_xml(told)) == []
    for form in (DATACITE_XML, DATACITE_JSON):
        (record,) = read_records(form.render(told)).records
        assert [(each.relation, each.code.value) for each in record.related] == [(relation, "10.5438/x")]


def test_the_identifiers_of_a_model_are_references_where_datacite_has_their_type() -> None:
    page = pidinst.ModelIdentifier(model_identifier="https://vendor.test/abrs", model_identifier_type="URL")
    told = changed(model=pidinst.Model(model_name="ABRS", model_identifier=page), related_identifiers=())
    assert datacite_attributes(told)["relatedIdentifiers"] == [
        {"relatedIdentifier": "https://vendor.test/abrs", "relatedIdentifierType": "URL", "relationType": "References"}
    ]
    rrid = replace(changed(related_identifiers=()), further_model_identifier=AgentIdentifier("RRID:SCR_1", "rrid"))
    assert datacite_attributes(rrid)["relatedIdentifiers"] == [
        {"relatedIdentifier": "RRID:SCR_1", "relatedIdentifierType": "RRID", "relationType": "References"}
    ]
    assert "modelIdentifier" not in lost(rrid)
    other = replace(rrid, further_model_identifier=AgentIdentifier("X-1", "Catalogue"))
    assert datacite_attributes(other)["relatedIdentifiers"] == []
    assert "modelIdentifier" in lost(other)


def test_a_record_can_be_told_before_the_identifier_is_assigned() -> None:
    reserved = PersistentIdentifier(IdentifierScheme.DOI, "10.5438/new")
    told = datacite_attributes(LEAST.under(reserved, landing_page="https://cora.test/id/x", year=2027))
    assert (told["doi"], told["url"], told["publicationYear"]) == ("10.5438/new", "https://cora.test/id/x", 2027)
    tried = LEAST.under(reserved, landing_page="https://cora.test/id/x", year=2027, test=True)
    assert TEST_REMARK in {each["description"] for each in datacite_attributes(tried)["descriptions"]}
    assert not tried.resolves


def test_of_the_terms_of_types_only_those_of_this_record_keeper_are_no_subjects() -> None:
    def kind(identifier: str) -> pidinst.InstrumentType:
        term = pidinst.InstrumentTypeIdentifier(
            instrument_type_identifier=identifier, instrument_type_identifier_type="URN"
        )
        return pidinst.InstrumentType(instrument_type_name=identifier, instrument_type_identifier=term)

    types = (kind("SDN:L05::134"), kind("urn:uuid:01935c5e-7b1a-7c3e-9f2d-5a6b7c8d9e0f"))
    told = datacite_attributes(changed(instrument_types=types))["subjects"]
    coded = [each for each in told if each.get("subjectScheme") == "URN"]
    assert coded == [
        {"subject": "SDN:L05::134", "subjectScheme": "URN", "classificationCode": "SDN:L05::134"},
    ]
