"""PIDINST as the working group writes it: valid by its schemas, and read back as it was."""

import json
from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import given, settings
from lxml import etree
from tests.unit.equipment.pidinst.forms.records import FULL, LEAST, RECORDS, TEST

from cora.equipment.pidinst import record as pidinst
from cora.equipment.pidinst.forms.form import Form
from cora.equipment.pidinst.forms.pidinst import (
    PIDINST_1_1_JSON,
    PIDINST_1_1_XML,
    PIDINST_JSON,
    PIDINST_XML,
    Version,
    pidinst_members,
    pidinst_xml,
    violations,
)
from cora.equipment.pidinst.forms.writing import TEST_REMARK
from cora.equipment.pidinst.published import PublishedRecord
from cora.equipment.values import AgentIdentifier

SCHEMA = jsonschema_rs.validator_for(
    json.loads((files("cora.equipment.pidinst") / "schemas" / "pidinst-schema-1_0.schema.json").read_text()),
    validate_formats=True,
)
EXAMPLES = sorted((Path(__file__).parent / "examples").glob("*.xml"))


@settings(deadline=None)
@given(RECORDS)
def test_any_record_is_valid(published: PublishedRecord) -> None:
    SCHEMA.validate(json.loads(PIDINST_JSON.render(published)))
    assert violations(PIDINST_XML.render(published)) == []
    assert violations(PIDINST_1_1_XML.render(published), "1.1") == []


@pytest.mark.parametrize("published", [FULL, LEAST, TEST])
def test_these_records_are_valid(published: PublishedRecord) -> None:
    SCHEMA.validate(json.loads(PIDINST_JSON.render(published)))
    assert violations(pidinst_xml(published)) == []
    assert violations(pidinst_xml(published, "1.1"), "1.1") == []


def test_the_validator_finds_what_is_wrong() -> None:
    told = pidinst_xml(FULL)
    assert violations(told.replace(b"DeCommissioned", b"Decommissioned")) != []
    assert violations(told, "1.1") != []
    assert violations(b"<instrument/>") != []


def test_json_is_the_record_without_what_cora_adds() -> None:
    told = json.loads(PIDINST_JSON.render(FULL))
    own = FULL.record.model_dump(mode="json")
    own["relatedIdentifiers"].pop()  # a SWHID, which PIDINST 1.0 has not
    assert {name: own[name] for name in told} == told
    assert own.keys() - told.keys() == {"complete", "missing", "test", "measurementTechniques", "subjects"}


def _read(xml: bytes) -> dict[str, Any]:
    """An XML record as the members of the JSON form."""

    def member(element: etree._Element) -> Any:
        name = str(element.tag)
        if element.attrib:
            return {name: element.text, **{str(key): str(value) for key, value in element.attrib.items()}}
        if not len(element):
            return element.text
        if name in ("owners", "manufacturers", "dates") or name.endswith(("Types", "Variables", "Identifiers")):
            return [member(each) for each in element]
        return {str(each.tag): member(each) for each in element}

    return {str(each.tag): member(each) for each in etree.fromstring(xml)}


def test_xml_says_the_same_as_json() -> None:
    told = _read(pidinst_xml(FULL))
    told["relatedIdentifiers"] = [dict(each) for each in told["relatedIdentifiers"]]
    assert told == pidinst_members(FULL)
    assert pidinst.PidinstRecord.model_validate({**told, "complete": True, "test": False}) == FULL.record.model_copy(
        update={
            "measurement_techniques": (),
            "subjects": (),
            "related_identifiers": FULL.record.related_identifiers[:-1],
        }
    )


def test_a_single_text_with_attributes_is_what_an_identifier_is() -> None:
    root = etree.fromstring(pidinst_xml(FULL))
    own = root.find("identifier")
    assert own is not None
    assert (own.text, own.get("identifierType")) == ("10.5438/08qf-ee96", "DOI")
    assert root.findtext("owners/owner/ownerName") == "Advanced Photon Source"
    assert root.findtext("measuredVariables/measuredVariable") == "angle"


def test_the_draft_of_1_1_tells_quantities_and_techniques_with_their_identifiers() -> None:
    told = pidinst_members(FULL, "1.1")
    assert told["schemaVersion"] == "1.1"
    assert "measuredVariables" not in told
    assert told["measuredQuantities"] == [
        {
            "measuredQuantityName": "angle",
            "measuredQuantityIdentifier": {
                "measuredQuantityIdentifier": "http://qudt.org/vocab/quantitykind/Angle",
                "measuredQuantityIdentifierType": "QUDT",
            },
        },
        {"measuredQuantityName": "torque"},
    ]
    assert [each["measurementTechniqueName"] for each in told["measurementTechniques"]] == ["tomography"]
    assert told["relatedIdentifiers"][-1]["relatedIdentifierType"] == "SWHID"
    optics = {"subjectIdentifier": "http://vocab.test/optics", "subjectIdentifierType": "Keywords"}
    assert told["subjects"] == [
        {"subjectName": "beamline optics", "subjectIdentifier": optics},
        {"subjectName": "user facility"},
    ]
    assert json.loads(PIDINST_1_1_JSON.render(FULL)) == told


def test_what_is_lost() -> None:
    def lost(form: Form, published: PublishedRecord) -> list[str]:
        return [loss.property for loss in form.loss(published)]

    newer = ["RelatedIdentifier", "Subject", "MeasurementTechnique", "measuredQuantityIdentifier"]
    assert lost(PIDINST_XML, FULL) == newer
    assert lost(PIDINST_1_1_XML, FULL) == lost(PIDINST_1_1_JSON, FULL) == []
    further = replace(FULL, further_model_identifier=AgentIdentifier("RRID:SCR_1", "RRID"))
    assert lost(PIDINST_XML, further) == ["modelIdentifier", *newer]
    assert lost(PIDINST_1_1_XML, further) == ["modelIdentifier"]
    assert lost(PIDINST_1_1_XML, LEAST) == ["Owner", "Manufacturer"]


def test_the_remark_follows_the_description() -> None:
    assert pidinst_members(TEST)["description"] == f"Turns samples.\nSlowly.\n{TEST_REMARK}"


def test_a_contact_is_told_where_there_is_one() -> None:
    for form in (PIDINST_JSON, PIDINST_XML, PIDINST_1_1_XML):
        assert form.render(FULL).count(b"equipment@aps.test") == 1
        assert b"Contact" not in form.render(LEAST)
    assert etree.fromstring(PIDINST_XML.render(FULL)).findtext("owners/owner/ownerContact") == "equipment@aps.test"


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_records_of_others_are_valid_by_the_same_schema(path: Path) -> None:
    assert violations(path.read_bytes()) == []


@pytest.mark.parametrize("version", ["1.0", "1.1"])
def test_the_schema_is_read_without_the_network(version: Version) -> None:
    assert violations(b"<instrument xmlns='https://example.org/'/>", version) != []
