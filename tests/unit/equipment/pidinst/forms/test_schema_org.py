"""schema.org, read as RDF without fetching anything."""

import json
from dataclasses import replace
from typing import Any

import pytest
import rdflib
from hypothesis import given, settings
from rdflib import RDF, Literal, Namespace, URIRef
from tests.unit.equipment.pidinst.forms.records import FULL, LEAST, PAGE, RECORDS, TEST, changed

from cora.equipment.pidinst import record as pidinst
from cora.equipment.pidinst.forms.schema_org import SCHEMA_ORG, schema_org
from cora.equipment.pidinst.published import PublishedRecord
from cora.equipment.related_identifier import RelatedIdentifierScheme, RelationType
from cora.equipment.values import AgentIdentifier, Term

pytestmark = pytest.mark.filterwarnings("ignore:ConjunctiveGraph is deprecated:DeprecationWarning")

SDO = Namespace("https://schema.org/")
OWN = URIRef("https://doi.org/10.5438/08qf-ee96")


@pytest.fixture(autouse=True)
def _without_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_given: Any, **_named: Any) -> None:
        raise AssertionError("something was to be fetched")

    monkeypatch.setattr("socket.socket.connect", refuse)


def read(published: PublishedRecord) -> rdflib.Graph:
    return rdflib.Graph().parse(data=SCHEMA_ORG.render(published), format="json-ld")


def test_what_a_harvester_looks_for() -> None:
    graph = read(FULL)
    assert set(graph.objects(OWN, RDF.type)) == {SDO.CreativeWork, SDO.IndividualProduct}
    assert graph.value(OWN, SDO.name) == Literal("Sample tower at 2-BM")
    assert graph.value(OWN, SDO.url) == URIRef(PAGE)
    assert graph.value(OWN, SDO.datePublished) == Literal("2026")
    assert graph.value(OWN, SDO.serialNumber) == Literal("SN-4711")
    assert graph.value(OWN, SDO.additionalType) == URIRef("http://vocab.test/L05/134")
    publisher = graph.value(OWN, SDO.publisher)
    assert publisher == URIRef("https://ror.org/05gvnxz63")
    assert graph.value(publisher, SDO.name) == Literal("Argonne National Laboratory")
    assert [str(each) for each in graph.objects(None, SDO.email)] == ["equipment@aps.test"]
    maker = graph.value(OWN, SDO.manufacturer)
    assert maker == graph.value(OWN, SDO.creator) == URIRef("https://www.wikidata.org/entity/Q107529885")
    assert {str(each) for each in graph.objects(OWN, SDO.keywords)} == {
        "Rotation stage", "Goniometer", "angle", "torque", "tomography", "beamline optics", "user facility",
    }  # fmt: skip


def test_relations_are_links() -> None:
    graph = read(FULL)
    assert graph.value(OWN, SDO.isPartOf) == URIRef("https://doi.org/10.5438/whole")
    assert graph.value(OWN, SDO.hasPart) == URIRef("https://hdl.handle.net/21.11157/part")
    assert graph.value(OWN, SDO.subjectOf) == URIRef("https://doi.org/10.5438/drawing")
    assert graph.value(URIRef("https://doi.org/10.5438/whole"), SDO.name) == Literal("Tomography table")


def test_a_relation_that_schema_org_does_not_know_is_told_all_the_same() -> None:
    attached = pidinst.RelatedIdentifier.model_construct(
        related_identifier="10.5438/mast",
        related_identifier_type=RelatedIdentifierScheme.DOI,
        relation_type=RelationType.IS_ATTACHED_TO,
        related_identifier_name="Mast",
    )
    told = schema_org(changed(related_identifiers=(attached,)))
    assert told["additionalProperty"][-2] == {
        "@type": "PropertyValue",
        "propertyID": "IsAttachedTo",
        "value": "10.5438/mast",
        "name": "Mast",
        "url": "https://doi.org/10.5438/mast",
    }


def test_quantities_of_one_name_are_all_told() -> None:
    quantities = (Term("angle", "http://vocab.test/angle", "A"), Term("angle", "code-7", "B"), Term("angle"))
    told = schema_org(replace(FULL, measured_quantities=quantities))["additionalProperty"]
    measured = [each for each in told if each["propertyID"] == "MeasuredVariable"]
    assert [(each["value"], each.get("valueReference", {}).get("termCode")) for each in measured] == [
        ("angle", "http://vocab.test/angle"),
        ("angle", "code-7"),
        ("torque", None),
    ]


def test_what_does_not_resolve_is_called_by_its_page() -> None:
    for published in (LEAST, TEST):
        shown = PublishedRecord(published.record, published.publisher, published.publication_year, resolves=False)
        assert json.loads(SCHEMA_ORG.render(shown))["@id"] == PAGE
        assert (URIRef(PAGE), RDF.type, SDO.CreativeWork) in read(shown)


@settings(deadline=None, max_examples=50)
@given(RECORDS)
def test_any_record_is_read(published: PublishedRecord) -> None:
    told = json.loads(SCHEMA_ORG.render(published))
    graph = read(published)
    assert (URIRef(told["@id"]), RDF.type, SDO.IndividualProduct) in graph
    # What is no valid IRI cannot be written down again.
    graph.serialize(format="nt")


def test_relations_and_links_that_schema_org_has_more_to_say_of() -> None:
    def related(relation: RelationType, scheme: RelatedIdentifierScheme, value: str) -> pidinst.RelatedIdentifier:
        return pidinst.RelatedIdentifier(
            related_identifier=value, related_identifier_type=scheme, relation_type=relation
        )

    loaned = related(RelationType.IS_IDENTICAL_TO, RelatedIdentifierScheme.HANDLE, "21.5/loan")
    script = related(RelationType.IS_DESCRIBED_BY, RelatedIdentifierScheme.URL, "javascript:alert(1)")
    book = related(RelationType.REFERENCES, RelatedIdentifierScheme.ISBN, "978-3-16-148410-0")
    told = schema_org(changed(related_identifiers=(loaned, script, book)))
    assert told["sameAs"] == ["https://hdl.handle.net/21.5/loan"]
    assert told["subjectOf"] == [
        {
            "@type": "CreativeWork",
            "identifier": {"@type": "PropertyValue", "propertyID": "URL", "value": "javascript:alert(1)"},
        }
    ]
    (found,) = [each for each in told["additionalProperty"] if each["propertyID"] == "References"]
    assert "url" not in found
    assert found["valueReference"]["propertyID"] == "ISBN"


def test_subjects_are_what_it_is_about() -> None:
    assert schema_org(FULL)["about"] == [
        {
            "@type": "DefinedTerm",
            "name": "beamline optics",
            "termCode": "http://vocab.test/optics",
            "inDefinedTermSet": "Keywords",
            "url": "http://vocab.test/optics",
        },
        {"@type": "DefinedTerm", "name": "user facility"},
    ]


def test_a_model_can_have_two_identifiers() -> None:
    further = replace(FULL, further_model_identifier=AgentIdentifier("RRID:SCR_1", "RRID"))
    assert [each["value"] for each in schema_org(further)["model"]["identifier"]] == ["ABRS-150MP-M-AS", "RRID:SCR_1"]
