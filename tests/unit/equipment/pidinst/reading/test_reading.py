"""Records of others are understood, in every dialect; what is not is told with its place."""

import json
from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given, settings
from tests.unit.equipment.pidinst.forms.records import FULL, LEAST, RECORDS
from tests.unit.equipment.pidinst.reading.samples import FILES, mutated

from cora.equipment.pidinst.forms import FORMS, Form
from cora.equipment.pidinst.forms.writing import described, fit
from cora.equipment.pidinst.published import PublishedRecord
from cora.equipment.pidinst.reading import Dialect, Format, ImportedRecord, read_records
from cora.equipment.pidinst.reading.quirks import agent_code, is_unknown, persistent_identifier, tidied
from cora.equipment.pidinst.reading.record import Code, Thing

BY_NAME = {form.name: form for form in FORMS}
PIDINST = ["pidinst.json", "pidinst.xml", "b2inst.json", "handle.json"]


def one(content: bytes | str | object, format: Format = Format.AUTO) -> ImportedRecord:
    """The only record of a document."""
    if not isinstance(content, bytes):
        content = (content if isinstance(content, str) else json.dumps(content)).encode()
    read = read_records(content, format)
    assert (len(read.records), read.refused) == (1, ())
    return read.records[0]


def told(record: ImportedRecord) -> list[str]:
    """What of a record was not understood."""
    return [each.says for each in record.not_understood]


def refused(content: bytes | object, format: Format = Format.AUTO) -> str:
    read = read_records(content if isinstance(content, bytes) else json.dumps(content).encode(), format)
    assert not read.records
    return "; ".join(f"{each.spot}: {each.says}" for each in read.refused)


def pair(code: Code | None) -> tuple[str, str | None] | None:
    return code and (code.value, code.scheme)


def things(found: Iterable[Thing]) -> list[Any]:
    return [(each.name, pair(each.code)) for each in found]


def _told(name: str, identifier: str | None, scheme: str | None) -> Any:
    value = tidied(fit(identifier)) if identifier else None
    return tidied(fit(name)), None if is_unknown(value) else (value, tidied(fit(scheme or "")))


def expected(published: PublishedRecord, *, has_1_1: bool = False) -> dict[str, Any]:
    """What the forms of PIDINST tell, as it is to be read: whitespace is no difference."""
    told = published.record.model_dump(mode="json")

    def named(items: Iterable[dict[str, Any]], stem: str) -> list[Any]:
        found: list[Any] = []
        for each in items:
            known: dict[str, str] = each.get(f"{stem}Identifier") or {}
            found.append(_told(each[f"{stem}Name"], known.get(f"{stem}Identifier"), known.get(f"{stem}IdentifierType")))
        return [each for each in found if any(each)]

    def text(value: str | None) -> str | None:
        return tidied(fit(value or ""))

    variables = [text(each) for each in told["measuredVariables"]]
    related = [
        (each["relationType"], text(each["relatedIdentifier"]), each["relatedIdentifierType"],
         text(each.get("relatedIdentifierName")))
        for each in told["relatedIdentifiers"] if has_1_1 or each["relatedIdentifierType"] != "SWHID"
    ]  # fmt: skip
    others = [
        (each["alternateIdentifierType"], text(each["alternateIdentifier"]),
         text(each.get("alternateIdentifierName")))
        for each in told["alternateIdentifiers"]
    ]  # fmt: skip
    return {
        "identifier": (tidied(fit(told["identifier"]["identifier"])), told["identifier"]["identifierType"]),
        "name": tidied(fit(told["name"])),
        "landing_page": tidied(told["landingPage"]),
        "description": tidied(fit(described(published) or "")),
        "owners": named(told["owners"] or [{"ownerName": ":unav"}], "owner"),
        "manufacturers": named(told["manufacturers"] or [{"manufacturerName": ":unav"}], "manufacturer"),
        "model": named([told["model"]] if told.get("model") else [], "model"),
        "instrument_types": named(told["instrumentTypes"], "instrumentType"),
        "measured_variables": list(dict.fromkeys(filter(None, variables))),
        "dates": [(each["dateType"], each["date"]) for each in told["dates"]],
        "related": [each for each in related if each[1]],
        "alternates": [each for each in others if each[1]],
        "subjects": named(told["subjects"], "subject") if has_1_1 else [],
    }


def understood(record: ImportedRecord) -> dict[str, Any]:
    return {
        "identifier": pair(record.identifier),
        "name": record.name,
        "landing_page": record.landing_page,
        "description": record.description,
        "owners": things(record.owners),
        "manufacturers": things(record.manufacturers),
        "model": things([record.model] if record.model else []),
        "instrument_types": things(record.instrument_types),
        "measured_variables": [each.name for each in record.measured_variables],
        "dates": [(each.kind, each.day.isoformat()) for each in record.dates],
        "related": [(each.relation, *pair_of(each.code), each.name) for each in record.related],
        "alternates": [(each.kind, each.value, each.name) for each in record.alternates],
        "subjects": things(record.subjects),
    }


def pair_of(code: Code) -> tuple[str, str | None]:
    return code.value, code.scheme


@pytest.mark.parametrize("published", [FULL, LEAST])
@pytest.mark.parametrize("form", PIDINST)
def test_what_cora_writes_is_read_again(form: str, published: PublishedRecord) -> None:
    record = one(BY_NAME[form].render(published))
    assert understood(record) == expected(published)
    assert record.not_understood == ()


@pytest.mark.parametrize("form", [BY_NAME[name] for name in PIDINST[:3]], ids=lambda form: form.name)
@given(published=RECORDS)
@settings(max_examples=60)
def test_any_record_that_cora_writes_is_read_again(form: Form, published: PublishedRecord) -> None:
    found, wanted = understood(one(form.render(published))), expected(published)
    if found["identifier"] is None or wanted["identifier"][0] is None:
        found["identifier"] = wanted["identifier"] = None
    for told in (found, wanted):  # a scheme of nothing but white space is none
        told["related"] = [each[:2] for each in told["related"]]
    assert found == wanted


@given(published=RECORDS)
@settings(max_examples=60)
def test_any_record_is_read_again_from_every_form(published: PublishedRecord) -> None:
    for name in ("pidinst-1.1.xml", "pidinst-1.1.json", "handle.json", "datacite.xml", "datacite.json"):
        read = read_records(BY_NAME[name].render(published))
        assert (len(read.records), read.refused) == (1, ())


@pytest.mark.parametrize("form", ["pidinst-1.1.xml", "pidinst-1.1.json"])
def test_the_draft_of_1_1_is_read_with_all_that_it_adds(form: str) -> None:
    record = one(BY_NAME[form].render(FULL))
    assert understood(record) == expected(FULL, has_1_1=True)
    assert things(record.subjects) == [
        ("beamline optics", ("http://vocab.test/optics", "Keywords")), ("user facility", None),
    ]  # fmt: skip
    assert things(record.measured_variables) == [
        ("angle", ("http://qudt.org/vocab/quantitykind/Angle", "QUDT")), ("torque", None),
    ]  # fmt: skip
    technique = ("tomography", ("http://purl.org/pan-science/PaNET/PaNET01203", "PaNET"))
    assert things(record.measurement_techniques) == [technique]
    assert record.not_understood == ()


@pytest.mark.parametrize("form", ["datacite.xml", "datacite.json"])
def test_datacite_tells_the_same_as_pidinst_but_for_names(form: str) -> None:
    record = one(BY_NAME[form].render(FULL))
    wanted = expected(FULL, has_1_1=True)
    wanted["related"] = [(*each[:3], None) for each in wanted["related"]]
    wanted["alternates"] = [("SerialNumber", "SN-4711", None), ("InventoryNumber", "INV-0815", None),
                            ("Other", "2bm:m1", "EPICS record")]  # fmt: skip
    if form.endswith("xml"):
        wanted["landing_page"] = None
    assert understood(record) == wanted
    assert [each.name for each in record.measurement_techniques] == ["tomography"]
    assert things(record.measured_variables) == [
        ("angle", ("http://qudt.org/vocab/quantitykind/Angle", "QUDT")), ("torque", None),
    ]  # fmt: skip
    assert [each.says for each in record.not_understood] == [
        "of its publication cora keeps nothing: publisher Argonne National Laboratory, year 2026"
    ]


DIALECTS = {
    "hzb-mx-14-1.xml": Dialect.PIDINST_XML, "hzb-mx-14-1-pilatus.xml": Dialect.PIDINST_XML,
    "actris-simple.xml": Dialect.PIDINST_XML, "actris-components-parent.xml": Dialect.PIDINST_XML,
    "actris-components-child.xml": Dialect.PIDINST_XML, "actris-simple.json": Dialect.INSTRUMENTDB,
    "actris-components-parent.json": Dialect.INSTRUMENTDB, "actris-components-child.json": Dialect.INSTRUMENTDB,
    "actris-simple-create-or-update-pid.json": Dialect.HANDLE, "epic-bodc-sbe37-handle-record.json": Dialect.HANDLE,
    "b2inst-v3-docs-aws42-draft-payload.json": Dialect.B2INST,
    "datacite-example-instrument-v4.7.xml": Dialect.DATACITE_XML,
}  # fmt: skip


def test_every_example_is_recognised_and_understood_whole() -> None:
    for name, dialect in DIALECTS.items():
        record = one(FILES[name].read_bytes())
        assert record.dialect is dialect, name
        says = [each.says for each in record.not_understood]
        assert says == [] or (dialect is Dialect.DATACITE_XML and says[0].startswith("of its publication")), name
    assert set(FILES) - set(DIALECTS) == {"datacite-example-relationtypeinformation-v4.xml"}


def test_what_is_no_instrument_is_refused() -> None:
    said = refused(FILES["datacite-example-relationtypeinformation-v4.xml"].read_bytes())
    assert said == "line 4, record 1, /resource: this is no instrument: its resource type is Preprint"


def test_the_same_record_in_xml_and_in_json_is_the_same() -> None:
    for name in ("actris-simple", "actris-components-parent", "actris-components-child"):
        assert understood(one(FILES[f"{name}.xml"].read_bytes())) == understood(one(FILES[f"{name}.json"].read_bytes()))


def test_the_technical_information_of_datacite_is_taken_apart() -> None:
    record = one(FILES["datacite-example-instrument-v4.7.xml"].read_bytes())
    found = understood(record)
    assert (found["model"], found["instrument_types"]) == (
        [("PILATUS3 S 6M", None)], [("Raster image pixel detector", None)],
    )  # fmt: skip
    assert found["measured_variables"] == ["X-ray"]
    assert found["owners"] == [
        ("Helmholtz-Zentrum Berlin für Materialien und Energie", ("https://ror.org/02aj13c28", "ROR"))
    ]


def test_the_older_record_of_ufz_is_flat() -> None:
    record = one({
        "Identifier": {"identifierValue": "10.5072/x", "identifierType": "DOI"}, "Name": "Sensor",
        "Owner": [{"ownerName": "UFZ", "ownerIdentifierValue": "https://ror.org/000h6jb29",
                   "ownerIdentifierType": "Other"}],
        "Date": [{"dateValue": "2011-09-30T04:00:00.000Z", "dateType": "Decommissioned"}],
    })  # fmt: skip
    assert record.dialect is Dialect.SMS
    assert things(record.owners) == [("UFZ", ("https://ror.org/000h6jb29", "Other"))]
    assert [(each.kind, str(each.day)) for each in record.dates] == [("DeCommissioned", "2011-09-30")]


def test_the_draft_of_linkml() -> None:
    record = one({
        "identifier": "10.5072/x", "identifier_type": "DOI", "schema_version": "1.1", "name": "Sensor",
        "owners": [{"name": "UFZ", "identifier": "000h6jb29", "identifier_type": "ROR", "contact": "a@b.example"}],
        "types": [{"name": "CTD", "identifier": "L05/130", "identifier_type": "SDN"}],
        "related_identifiers": [{"identifier": "10.1/y", "type": "DOI", "relation": "HasComponent", "name": "Part"}],
        "alternate_identifiers": [{"identifier": "4711", "type": "SerialNumber"}],
        "dates": [{"value": "1999", "type": "DeComissioned"}], "measured_quantities": [{"name": "salinity"}],
        "subjects": [{"name": "oceans"}], "colour": "red",
    })  # fmt: skip
    assert record.dialect is Dialect.LINKML
    assert pair(record.identifier) == ("10.5072/x", "DOI")
    assert (things(record.owners), record.owners[0].contact) == ([("UFZ", ("000h6jb29", "ROR"))], "a@b.example")
    assert things(record.instrument_types) == [("CTD", ("L05/130", "SDN"))]
    assert [(each.relation, each.code.value, each.name) for each in record.related] == [
        ("HasComponent", "10.1/y", "Part")
    ]
    assert [(each.kind, each.value) for each in record.alternates] == [("SerialNumber", "4711")]
    assert things(record.subjects) == [("oceans", None)]
    assert [f"{each.spot}: {each.says}" for each in record.not_understood] == [
        "record 1, /dates/0: DeCommissioned 1999 is not a day; its first, 1999-01-01, is taken",
        "record 1, /colour: 'colour' is not understood here: red",
    ]


RECORD = {"Name": "A", "Owner": [{"ownerName": "B"}], "Odd": 1}


@pytest.mark.parametrize(
    ("document", "count"),
    [
        ([RECORD, RECORD], 2),
        ({"hits": {"hits": [{"id": "a", "metadata": RECORD}, {"id": "b", "metadata": RECORD}]}}, 2),
        ({"id": "a", "links": {}, "metadata": RECORD}, 1),
    ],
)
def test_several_records_in_one_document(document: Any, count: int) -> None:
    read = read_records(json.dumps(document).encode())
    assert [record.name for record in read.records] == ["A"] * count
    assert read.refused == ()
    assert [str(record.not_understood[0].spot).split(",")[0] for record in read.records] == [
        f"record {number}" for number in range(1, count + 1)
    ]


def test_an_answer_of_the_handle_api_of_datacite_and_of_oai_pmh() -> None:
    value = {"index": 3, "type": "21.T11148/ab8d232261b9b60ba559", "data": {"format": "string", "value": "Sensor"}}
    answer = {"responseCode": 1, "handle": "21.T11998/A", "values": [value, {"type": "HS_ADMIN", "data": "x"}]}
    assert (one(answer).name, pair(one(answer).identifier)) == ("Sensor", ("21.T11998/A", "Handle"))
    attributes = {"doi": "10.5072/x", "titles": [{"title": "Sensor"}], "types": {"resourceTypeGeneral": "Instrument"}}
    for data in ({"id": "10.5072/x", "type": "dois", "attributes": attributes}, [{"attributes": attributes}]):
        assert one({"data": data}).name == "Sensor"
    inner = FILES["datacite-example-instrument-v4.7.xml"].read_text().split("?>", 1)[1]
    answered = f"<OAI-PMH xmlns='x'><ListRecords><record><metadata>{inner}</metadata></record></ListRecords></OAI-PMH>"
    assert one(answered).name == "Pilatus detector at MX station 14.1"


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "it is empty"),
        (b"hello", "line 1: it is not JSON"),
        (b"<a><b></a>", "it is not XML"),
        (b"<a/>", "neither PIDINST nor DataCite: the root is <a>"),
        (b"{}", "neither PIDINST nor DataCite: it is empty"),
        (b"[]", "there is no record in it"),
        (b"[1]", "it is no JSON object"),
        (b'{"colour": 1}', "its keys are colour"),
        (b'{"name": "package", "version": "1.0.0", "description": "x"}', "its keys are name, version"),
        (
            b'{"name": "cora", "owner": {"login": "lab", "name": "Lab"}, "id": 7}',
            "a record has two of identifier, schema",
        ),
        (b'{"name": "package", "owner": "lab", "owners": ["lab"]}', "owners with an ownerName, or a landing page"),
        (b'{"schemaVersion": 1, "name": "library/image", "tag": "latest"}', "its keys are schemaVersion, name, tag; a"),
        (b"<!DOCTYPE html><html><body><br></body></html>", "it is a web page and no record"),
        (b'<?xml version="1.0"?>\n<html xmlns="http://www.w3.org/1999/xhtml"/>', "it is a web page and no record"),
        (b"\xff\xfe\x00", "it is not text in UTF-8"),
        (b"[" * 100_000, "nested deeper than"),
        (b"[" * 60 + b"]" * 60, "nested deeper than"),
        (b'<!DOCTYPE a [<!ENTITY b "c">]><instrument><name>&b;</name></instrument>', "document type"),
        (b"<instrument>" + b"<a>" * 60 + b"</a>" * 60 + b"</instrument>", "nested deeper than"),
        (b" " * (10 * 1024**2 + 1), "larger than 10 MiB"),
    ],
)
def test_what_cannot_be_read_is_told(content: bytes, says: str) -> None:
    assert says in refused(content)


@pytest.mark.parametrize(
    "content",
    [
        {"name": "A", "owners": [{"ownerName": "B"}]}, {"Name": "A", "Owner": [{"ownerName": "B"}]},
        {"Name": "A", "Owners": [{"owner": {"ownerName": "B"}}]}, {"name": "A", "schema_version": "1.1"},
        {"SchemaVersion": "1.0", "Owner": {"ownerIdentifierValue": "000h6jb29"}},
    ],
)  # fmt: skip
def test_two_properties_make_a_record(content: dict[str, Any]) -> None:
    assert len(read_records(json.dumps(content).encode()).records) == 1


def test_what_cannot_be_kept_is_told_with_its_place() -> None:
    read = read_records(
        b'{"name": "A\\u0000", "landingPage": "\\ud800", "name": "B", "owners": 7, "description": "\\uffff"}'
    )
    assert [f"{each.spot}: {each.says}" for each in read.not_understood] == [
        "/name: this has a character that cannot be kept, U+0000, and is not read",
        "/landingPage: this has a character that cannot be kept, U+D800, and is not read",
        "/name: this stands here twice; the first is read",
        "/description: this has a character that cannot be kept, U+FFFF, and is not read",
    ]


def test_identifiers_are_told_by_type_or_by_resolver() -> None:
    for code, found in (
        (Code("HTTPS://DOI.ORG/10.5072/X", "URL"), "DOI:10.5072/x"),
        (Code("hdl:21.T1/A", None), "Handle:21.t1/a"),
        (Code("21.T1/A", "handle "), "Handle:21.t1/a"),
        (Code("1234.1675", "Handle"), None),
        (Code("10.5072/X", "Handle"), "DOI:10.5072/x"),
        (Code("https://hdl.handle.net/10.5072/X", None), "DOI:10.5072/x"),
        (Code("https://doi.org/10.6000/PAP#sec2", "URL"), None),
        (Code("10.6000/PAP#sec2", "DOI"), "DOI:10.6000/pap#sec2"),
        (Code("urn:uuid:1", "URN"), None),
    ):
        known = persistent_identifier(code)
        assert (known and known.key) == found


@pytest.mark.parametrize("text", ["[]", '{"data": []}', '{"hits": {"hits": []}}', '{"hits": []}', "[[]]"])
def test_a_document_without_records_says_so(text: str) -> None:
    read = read_records(text.encode(), Format.AUTO)
    assert read.records == ()
    assert [each.says for each in read.refused] == ["there is no record in it"]


@given(mutated())
@settings(max_examples=400)
def test_whatever_has_become_of_a_record_is_told_in_words(changed: tuple[str, bytes]) -> None:
    for format in (Format.AUTO, Format.DATACITE, Format.HANDLE):
        read = read_records(changed[1], format)
        assert read.records or read.refused
        assert all(each.says for each in (*read.refused, *read.not_understood))


@pytest.mark.parametrize("content", [b"", b" \n", b"\xef\xbb\xbf"])
def test_an_empty_document_is_told_as_such(content: bytes):
    assert [each.says for each in read_records(content).refused] == ["it is empty"]


def test_a_record_of_another_format_than_is_asked_for_is_refused():
    content = b"<instrument xmlns='http://pidinst.org/schema'><name>A</name></instrument>"
    read = read_records(content, Format.HANDLE)
    assert read.records == ()
    assert [each.says for each in read.refused] == ["a record of pidinst, not of handle; leave --format out"]
    assert read_records(content, Format.PIDINST).records


def test_what_stands_around_the_values_of_a_handle_is_read_or_told() -> None:
    values = [
        {"type": "21.T11148/ab8d232261b9b60ba559", "data": {"format": "string", "value": "A"}},
        {"type": "21.T11148/8eb858ee0b12e8e463a5", "data": {"format": "string", "value": json.dumps(
            {"identifierValue": "10.5072/a", "identifierType": "DOI"})}},
        {"type": "URL", "data": {"format": "string", "value": "https://a.example/1"}},
        {"type": "URL", "data": {"format": "string", "value": "https://a.example/2"}},
    ]  # fmt: skip
    record = one({"responseCode": 1, "handle": "21.5/a", "keeper": "Ada", "values": values})
    assert (record.identifier, record.landing_page) == (Code("10.5072/a", "DOI"), "https://a.example/1")
    assert [f"{each.spot.path}: {each.says}" for each in record.not_understood] == [
        "/keeper: 'keeper' is not understood here: Ada",
        "/values/3/data/value: a further landing page is not kept: https://a.example/2",
        "/handle: a further identifier is not kept: Handle 21.5/a",
    ]
    asked = one({"type": "instrument", "url": "https://a.example/3", "uuid": "8fd8", "data": values[:1]})
    assert (asked.landing_page, asked.at("landing_page").path) == ("https://a.example/3", "/url")
    assert asked.not_understood == ()


def test_a_handle_record_without_anything_of_pidinst_is_refused() -> None:
    values = [
        {"type": "URL", "data": {"format": "string", "value": "https://data.example"}},
        {"type": "HS_ADMIN", "data": "x"},
    ]
    said = refused({"responseCode": 1, "handle": "21.5/plain", "values": values})
    assert "this is no instrument: the Handle record has no type of PIDINST" in said


def pidinst_record(**told: Any) -> ImportedRecord:
    """A record in the JSON of the schema."""
    return one({"schemaVersion": "1.0", "name": "A", **told})


@pytest.mark.parametrize(
    ("identifier", "found", "says"),
    [
        ("10.5555/a2", ("10.5555/a2", "DOI"), []),
        ("21.T1/a", ("21.T1/a", "Handle"), []),
        ({"identifier": "10.5555/a2", "identifierType": "PID"}, ("10.5555/a2", "DOI"),
         ["the type PID is not kept: 10.5555/a2 is taken for a DOI"]),
        ({"identifier": "2011/7", "identifierType": "Inventarnummer"}, ("2011/7", "Inventarnummer"), []),
        ({"identifier": "12345/x", "identifierType": "ARK"}, ("12345/x", "ARK"), []),
        ({"identifier": ":tba", "identifierType": "DOI"}, None, []),
    ],
)  # fmt: skip
def test_the_identifier_of_an_instrument_is_known_without_its_type(
    identifier: Any, found: Any, says: list[str]
) -> None:
    record = pidinst_record(identifier=identifier)
    assert (pair(record.identifier), told(record)) == (found, says)


def test_of_several_identifiers_the_others_are_alternate_ones() -> None:
    record = pidinst_record(
        identifier=[
            {"identifier": "SN-1", "identifierType": "SerialNumber"},
            {"identifier": "21.1/zz", "identifierType": "Handle"},
            {"identifier": "10.5555/a1", "identifierType": "DOI"}, {"identifier": "doi:10.5555/A1"},
        ],
        alternateIdentifiers=[{"alternateIdentifier": "SN-1", "alternateIdentifierType": "serialNumber"}],
    )  # fmt: skip
    assert pair(record.identifier) == ("10.5555/a1", "DOI")
    assert [(each.kind, each.value, each.name) for each in record.alternates] == [
        ("SerialNumber", "SN-1", None), ("Other", "21.1/zz", "Handle"),
    ]  # fmt: skip


def test_what_is_dropped_or_called_otherwise_is_told() -> None:
    quantity = {"measuredQuantityIdentifier": "http://v.org/N", "measuredQuantityIdentifierType": "URL"}
    other = {**quantity, "measuredQuantityIdentifier": "http://v.org/M"}
    number = {"alternateIdentifier": "S1", "alternateIdentifierType": "SerialNumber"}
    record = pidinst_record(
        owners=[
            {"ownerName": "B"}, {"ownerContact": "a@b.example"}, {"ownerName": ":unav", "ownerContact": "a@b.example"},
        ],
        measuredQuantities=[
            {"measuredQuantityIdentifier": quantity},
            {"measuredQuantityName": "T", "measuredQuantityIdentifier": quantity},
            {"measuredQuantityName": "T", "measuredQuantityIdentifier": other},
        ],
        alternateIdentifiers=[
            number, {**number, "alternateIdentifierName": "on the back"},
            {"alternateIdentifier": "O1", "alternateIdentifierType": "Other"},
        ],
    )  # fmt: skip
    assert things(record.measured_variables) == [
        (None, ("http://v.org/N", "URL")), ("T", ("http://v.org/N", "URL")),
    ]  # fmt: skip
    assert [f"{each.spot.path}: {each.says}" for each in record.not_understood] == [
        "/alternateIdentifiers/2: an identifier of type Other that has no name is called Other: O1",
        "/alternateIdentifiers/1: a further name of SerialNumber S1 is not kept: on the back",
        "/owners/1: the contact of an owner without a name is not kept",
        "/owners/2: the contact of an owner without a name is not kept",
        "/measuredQuantities/2: a further identifier of T is not kept: http://v.org/M",
    ]


def test_a_text_of_xml_is_read_beside_its_attributes() -> None:
    record = one(
        "<instrument><name xml:lang='en'>A</name><name xml:lang='de'>B</name><owners><owner><ownerName lang='de'>O"
        "</ownerName></owner></owners><description lang='en-GB' unit='m'>D</description></instrument>"
    )
    assert (record.name, record.description, things(record.owners)) == ("A", "D", [("O", None)])
    assert [f"{each.spot.path}: {each.says}" for each in record.not_understood] == [
        "/instrument/name[2]: a further 'name' is not read: B",
        "/instrument/owners/owner/ownerName/@lang: its language is not kept: de",
        "/instrument/description/@unit: 'unit' is not understood here: m",
    ]


def test_what_stands_beside_records_and_is_none_is_told_and_that_an_answer_goes_on() -> None:
    one_record = "<Instrument><name>A</name></Instrument>"
    read = read_records(f"<records>{one_record}\n<dataset><title>z</title></dataset></records>".encode())
    assert [f"{each.spot}: {each.says}" for each in read.not_understood] == [
        "line 2: <dataset> is not read: neither PIDINST nor DataCite"
    ]
    answer = (
        "<OAI-PMH><responseDate>2020</responseDate><ListRecords><record><header status='deleted'/></record><record>"
        f"<header/><metadata><dc/></metadata></record><record><header/><metadata>{one_record}</metadata></record>"
        "<resumptionToken>abc</resumptionToken></ListRecords></OAI-PMH>"
    )
    read = read_records(answer.encode())
    assert ([record.name for record in read.records], read.refused) == (["A"], ())
    assert [each.says for each in read.not_understood] == [
        "<record> is not read: it is deleted",
        "<record> is not read: neither PIDINST nor DataCite",
        "these are not all of them, the answer goes on: resumptionToken abc",
    ]
    pages = {"links": {"self": "a", "next": "https://api.example?page=2"}, "data": [{"attributes": RECORD}]}
    read = read_records(json.dumps(pages).encode())
    assert [f"{each.spot}: {each.says}" for each in read.not_understood] == [
        "/links/next: these are not all of them, the answer goes on: https://api.example?page=2"
    ]


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2011-09-30T04:00:00.000Z", "2011-09-30"),
        ("2011-09-30 04:00+02:00", "2011-09-30"),
        ("2011-09-30T04", "2011-09-30"),
        ("2011-09-30T nonsense", None),
        ("2011-09-30 or later", None),
    ],
)
def test_a_date_is_a_day_with_a_time_or_without(text: str, day: str | None) -> None:
    record = pidinst_record(dates=[{"date": text, "dateType": "Commissioned"}])
    assert [str(each.day) for each in record.dates] == ([day] if day else [])
    assert told(record) == ([] if day else [f"this date is not understood: Commissioned, {text}"])


def test_an_agent_is_known_by_what_its_identifier_looks_like() -> None:
    assert agent_code(Code("02aj13c28", "Other")) == Code("https://ror.org/02aj13c28", "ROR")
    assert agent_code(Code("02aj13c29", "Other")) == Code("02aj13c29", "Other")
    assert agent_code(Code("02aj13c28", "URN")) == Code("02aj13c28", "URN")
