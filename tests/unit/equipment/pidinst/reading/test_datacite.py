"""What DataCite says of an instrument is read in whatever way it is said, and nothing of it is lost untold."""

from typing import Any

import pytest
from tests.unit.equipment.pidinst.forms.records import FULL, LEAST, changed
from tests.unit.equipment.pidinst.reading.test_reading import BY_NAME, one, pair, refused, things, told

from cora.equipment.pidinst import record as pidinst
from cora.equipment.pidinst.reading import Format, ImportedRecord
from cora.equipment.values import Term

PUBLICATION = "of its publication cora keeps nothing: publisher P, year 2020"


def record(**attributes: Any) -> ImportedRecord:
    """The record of an answer of the REST API."""
    common: dict[str, Any] = {
        "doi": "10.5555/x", "titles": [{"title": "A"}], "publisher": "P", "publicationYear": 2020,
        "types": {"resourceTypeGeneral": "Instrument", "resourceType": "Instrument"},
        "creators": [{"name": "ACME", "affiliation": [], "nameIdentifiers": []}],
        "contributors": [{"name": "Lab", "contributorType": "HostingInstitution"}],
        "dates": [{"date": "2020", "dateType": "Issued"}], "url": "https://page.example", "contentUrl": None,
        "providerId": "a", "clientId": "b", "agency": "datacite", "updated": "2020-01-01T00:00:00Z", "language": "en",
    }  # fmt: skip
    found = one({"data": {"id": "10.5555/x", "type": "dois", "attributes": common | attributes}})
    assert told(found)[-1:] == [PUBLICATION] or "publisher" in attributes
    return found


def noted(found: ImportedRecord) -> list[str]:
    """What is told beside the publication."""
    return [each for each in told(found) if each != PUBLICATION]


def technical(*facts: str) -> list[dict[str, str]]:
    return [{"description": each, "descriptionType": "TechnicalInfo"} for each in facts]


def alternates(found: ImportedRecord) -> list[tuple[str, str, str | None]]:
    return [(each.kind, each.value, each.name) for each in found.alternates]


def test_what_the_api_says_of_every_entry_is_silent() -> None:
    assert noted(record()) == []


@pytest.mark.parametrize(
    "text", ["Model name: MM9<br/>Measured variable: X", "Model name: MM9<br/>\n Measured variable: X"]
)
def test_a_line_break_is_no_part_of_a_word(text: str) -> None:
    found = one(
        "<resource><titles><title>A</title></titles><descriptions>"
        "<description descriptionType='Abstract'>First line.<br/>Second line</description>"
        f"<description descriptionType='TechnicalInfo'>{text}<br/>No fact</description></descriptions></resource>"
    )
    assert found.description == "First line. Second line"
    assert (found.model and found.model.name, things(found.measured_variables)) == ("MM9", [("X", None)])
    assert told(found) == ["technical information that is not understood: No fact"]


def test_lines_of_technical_information_are_facts_where_they_have_a_label() -> None:
    text = "Model name: a long\n   name\nInstrument type: CTD\nMeasured variables: a, b."
    found = record(descriptions=technical(text))
    assert (found.model and found.model.name, things(found.instrument_types)) == ("a long name", [("CTD", None)])
    assert [each.name for each in found.measured_variables] == ["a", "b"]


def test_the_doi_is_the_identifier_wherever_it_stands_and_the_others_are_alternate_ones() -> None:
    serial = {"identifier": "SN-1", "identifierType": "SerialNumber"}
    doi = {"identifier": "https://doi.org/10.5555/X", "identifierType": "DOI"}
    handle = {"identifier": "21.5/h", "identifierType": "Handle"}
    found = record(doi=None, identifiers=[serial, handle, doi])
    assert pair(found.identifier) == ("https://doi.org/10.5555/X", "DOI")
    assert alternates(found) == [("SerialNumber", "SN-1", None), ("Other", "21.5/h", "Handle")]
    found = record(doi=None, identifiers=[serial, handle])
    assert pair(found.identifier) == ("21.5/h", "Handle")
    found = record(
        identifiers=[serial, doi, {"identifier": "5555", "identifierType": "Inventory"}],
        alternateIdentifiers=[{"alternateIdentifier": "sn-1", "alternateIdentifierType": "serial number"}],
    )
    assert pair(found.identifier) == ("10.5555/x", "DOI")
    assert alternates(found) == [("SerialNumber", "sn-1", None), ("InventoryNumber", "5555", None)]
    assert noted(found) == []
    assert record(doi=None, identifiers=[serial]).identifier is None


def test_a_person_is_told_for_cora_keeps_none() -> None:
    jane = {"name": "Doe, Jane", "nameType": "Personal", "givenName": "Jane", "familyName": "Doe"}
    orcid = [{"nameIdentifier": "https://orcid.org/0000-0002-1825-0097", "nameIdentifierScheme": "ORCID"}]
    found = record(creators=[jane, {**jane, "nameIdentifiers": orcid, "givenName": "Janet"}])
    assert noted(found) == [
        "that this is a person is not kept: Doe, Jane", "the parts of a name are not kept: Janet, Doe",
    ]  # fmt: skip


def test_a_creator_with_an_identifier_needs_no_name() -> None:
    known = [{"nameIdentifier": "Q1", "nameIdentifierScheme": "Wikidata"}]
    found = record(creators=[{"name": ":unav", "nameIdentifiers": known}, {"name": ":unav"}])
    assert things(found.manufacturers) == [(":unav", ("Q1", "Wikidata"))]


def test_a_subject_is_left_out_only_where_it_tells_what_a_type_or_a_variable_is() -> None:
    gcmd = {"subject": "CTD", "subjectScheme": "GCMD", "valueUri": "http://gcmd/CTD"}
    more = {"subject": "CTD9", "subjectScheme": "B", "valueUri": "http://b/1"}
    found = record(
        subjects=[
            {"subject": "Temperature"},
            gcmd,
            {**more, "subjectScheme": "A"},
            more,
            {"subject": "free", "subjectScheme": "X"},
        ],
        descriptions=technical(
            "Measured variable: Temperature", "Instrument type: CTD (URL: http://v.org/ctd)", "Instrument type: CTD9"
        ),
    )
    assert things(found.instrument_types) == [("CTD", ("http://v.org/ctd", "URL")), ("CTD9", ("http://b/1", "A"))]
    assert things(found.subjects) == [
        ("Temperature", None), ("CTD", ("http://gcmd/CTD", "GCMD")), ("CTD9", ("http://b/1", "B")), ("free", None),
    ]  # fmt: skip
    assert noted(found) == ["the scheme of a subject without an identifier is not kept: X"]


def test_the_text_of_the_resource_type_is_a_type_too() -> None:
    types = {"resourceTypeGeneral": "Instrument", "resourceType": "Beamline"}
    found = record(types=types, descriptions=technical("Instrument type: Synchrotron", "Instrument type: BEAMLINE"))
    assert [each.name for each in found.instrument_types] == ["Synchrotron", "BEAMLINE"]
    found = record(types=types, descriptions=technical("Instrument type: Synchrotron"))
    assert [each.name for each in found.instrument_types] == ["Synchrotron", "Beamline"]


def test_what_has_no_place_is_told() -> None:
    found = record(
        creators=[{"name": "ACME", "lang": "de", "nameIdentifiers": [
            {"nameIdentifier": "Q1", "nameIdentifierScheme": "Wikidata", "schemeUri": "https://w", "a": "1"}]}],
        titles=[{"title": "A", "lang": "en-US", "b": "2"}], descriptions=[{"description": "D", "lang": "de", "c": "3"}],
        publisher={"name": "P", "publisherIdentifier": "x", "d": "4"}, contentUrl="https://content.example",
        alternateIdentifiers=[{"alternateIdentifier": "1", "alternateIdentifierType": "Loc", "e": "5"}],
        identifiers=[{"identifier": "10.5555/x", "identifierType": "DOI", "f": "6"}],
        dates=[{"date": "2019-02-03", "dateType": "Created"},
               {"date": "2020", "dateType": "Issued", "dateInformation": "again"}],
    )  # fmt: skip
    assert sorted(noted(found)) == [
        "'a' is not understood here: 1",
        "'b' is not understood here: 2",
        "'c' is not understood here: 3",
        "'contentUrl' is not understood here: https://content.example",
        "'d' is not understood here: 4",
        "'e' is not understood here: 5",
        "'f' is not understood here: 6",
        "a date of the publication is not kept: Created 2019-02-03",
        "a date of the publication is not kept: Issued 2020 again",
        "its language is not kept: de",
        "its language is not kept: de",
    ]


@pytest.mark.parametrize(
    ("general", "text", "is_read", "is_forced"),
    [
        ("instrument", "x", True, True),
        ("Other", "Scientific Instrument", True, True),
        ("PhysicalObject", "instrument", True, True),
        ("Other", "Beamtime", False, True),
        ("Dataset", "Instrument", False, False),
    ],
)
def test_older_records_say_in_words_that_they_are_of_an_instrument(
    general: str, text: str, is_read: bool, is_forced: bool
) -> None:
    content: dict[str, Any] = {
        "doi": "10.5555/x", "titles": [{"title": "A"}], "types": {"resourceTypeGeneral": general, "resourceType": text}
    }  # fmt: skip
    says = (
        [f"its resource type {general} is not kept: it is taken for an instrument"] if general != "instrument" else []
    )
    if is_read:
        assert told(one(content)) == says
    else:
        assert f"this is no instrument: its resource type is {general}" in refused(content)
    if is_forced:
        assert told(one(content, Format.DATACITE)) == says
    else:
        assert "this is no instrument" in refused(content, Format.DATACITE)


def kind(name: str, identifier: str, scheme: str) -> pidinst.InstrumentType:
    return pidinst.InstrumentType(
        instrument_type_name=name,
        instrument_type_identifier=pidinst.InstrumentTypeIdentifier(
            instrument_type_identifier=identifier, instrument_type_identifier_type=scheme
        ),
    )


@pytest.mark.parametrize("form", ["datacite.xml", "datacite.json"])
def test_names_that_look_like_facts_and_identifiers_of_any_kind_come_back_as_they_were(form: str) -> None:
    published = changed(
        model=pidinst.Model(model_name="Alpha. Model name: Beta"),
        instrument_types=(
            kind("CTD", "Q191839", "Wikidata"), kind("CTD", "http://v.org/c", "L22"),
            kind("Odd (one)", "a b", "S (old)"),
            kind("Own", "urn:uuid:01935c5e-7b1a-7c3e-9f2d-5a6b7c8d9e0f", "URN"),
            pidinst.InstrumentType(instrument_type_name="Spectrometer (UV: 200 nm)"),
            pidinst.InstrumentType(instrument_type_name="tomography"),
        ),
        measured_variables=("Temp. Model: x", "X (Y: z)", "p. Measured variables: q", "coded"),
        subjects=(pidinst.Subject(subject_name="CTD"), pidinst.Subject(subject_name="Temp. Model: x")),
    )  # fmt: skip
    found = one(BY_NAME[form].render(published))
    assert things([found.model] if found.model else []) == [("Alpha. Model name: Beta", None)]
    assert things(found.instrument_types) == [
        ("CTD", ("Q191839", "Wikidata")), ("CTD", ("http://v.org/c", "L22")), ("Odd (one)", ("a b", "S (old)")),
        ("Own", ("urn:uuid:01935c5e-7b1a-7c3e-9f2d-5a6b7c8d9e0f", "URN")), ("Spectrometer (UV: 200 nm)", None),
        ("tomography", None),
    ]  # fmt: skip
    assert [each.name for each in found.measured_variables] == list(published.record.measured_variables)
    assert things(found.subjects) == [
        ("angle", ("http://qudt.org/vocab/quantitykind/Angle", "QUDT")), ("CTD", None), ("Temp. Model: x", None),
    ]  # fmt: skip


def test_the_identifier_of_the_form_in_json_is_its_id_where_it_is_no_doi() -> None:
    own = pidinst.Identifier(identifier="21.T11148/hdc", identifier_type="Handle")
    found = one(BY_NAME["datacite.json"].render(changed(identifier=own)))
    assert pair(found.identifier) == ("https://hdl.handle.net/21.T11148/hdc", "Handle")
    assert pair(one(BY_NAME["datacite.json"].render(FULL)).identifier) == ("10.5438/08qf-ee96", "DOI")
    assert one(BY_NAME["datacite.json"].render(LEAST)).identifier is None


def test_a_quantity_whose_identifier_is_told_by_its_scheme_alone_is_no_subject() -> None:
    published = changed(measured_variables=("angle",), subjects=())
    published = type(published)(
        published.record, published.publisher, published.publication_year, published.resolves,
        (Term("angle", "a b", "Own list"),),
    )  # fmt: skip
    found = one(BY_NAME["datacite.json"].render(published))
    assert found.subjects == ()
    assert "the scheme of a subject without an identifier is not kept: Own list" in told(found)
