"""What holds of every form: whatever characters are told it can be read, nothing is dropped without a word, and a test
identifier is marked."""

import html
import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, cast

import pytest
from hypothesis import given, settings
from lxml import etree
from tests.unit.equipment.pidinst.forms.records import BESIDE_A_TEST, FULL, LEAST, RECORDS, TEST, changed

from cora.equipment.pidinst import record as pidinst
from cora.equipment.pidinst.forms import FORMS, loss_of
from cora.equipment.pidinst.forms.citing import BIBTEX, CITATION, CSL
from cora.equipment.pidinst.forms.form import Form
from cora.equipment.pidinst.forms.writing import LICENSE, TEST_BESIDE_REMARK, TEST_REMARK
from cora.equipment.pidinst.published import PublishedRecord
from cora.equipment.values import Term

EVERY_FORM = pytest.mark.parametrize("form", FORMS, ids=lambda form: form.name)

# The names of PIDINST's properties in the members of a record.
_PROPERTIES = {
    "identifier": "Identifier",
    "schemaVersion": "SchemaVersion",
    "landingPage": "LandingPage",
    "name": "Name",
    "owners": "Owner",
    "manufacturers": "Manufacturer",
    "model": "Model",
    "description": "Description",
    "instrumentTypes": "InstrumentType",
    "measuredVariables": "MeasuredVariable",
    "dates": "Date",
    "relatedIdentifiers": "RelatedIdentifier",
    "alternateIdentifiers": "AlternateIdentifier",
    "measurementTechniques": "MeasurementTechnique",
    "subjects": "Subject",
}
_TOLD_AS = {
    "1.0": ("1.1</schemaversion>", '"schemaversion": "1.1"'),
    "HasComponent": ("haspart",),
    "IsComponentOf": ("ispartof",),
    "IsDescribedBy": ("subjectof",),
}


def leaves(value: Any, *path: str) -> Iterator[tuple[tuple[str, ...], str]]:
    match value:
        case str():
            yield path, value
        case dict():
            for key, each in cast("dict[str, Any]", value).items():
                yield from leaves(each, *path, key)
        case list():
            for each in cast("list[Any]", value):
                yield from leaves(each, *path)
        case _:
            pass


def text_of(form: Form, published: PublishedRecord) -> str:
    """All that a form says, without the ways of its syntax, in lower case."""
    body = form.render(published).decode()
    if form.name == "handle.json":
        told = [each["parsed_data"] for each in json.loads(body)]
        body = "\n".join(json.dumps(json.loads(text), ensure_ascii=False) if text[0] in "[{" else text for text in told)
    elif "json" in form.name:
        body = json.dumps(json.loads(body), ensure_ascii=False).replace("\\n", "\n")
    elif form.name.endswith("xml"):
        body = html.unescape(body.partition("?>")[2])
    # Whose number is none of the schema.
    return body.replace(LICENSE, "").replace("\\", "").casefold()


def dropped(form: Form, published: PublishedRecord) -> set[tuple[str, ...]]:
    """The members of the record that the form does not say."""
    members = published.record.model_dump(mode="json", exclude={"complete", "missing", "test"})
    said = text_of(form, published)
    return {
        path
        for path, value in leaves(members)
        if value.casefold() not in said and not any(other in said for other in _TOLD_AS.get(value, ()))
        and " ".join(value.split()).casefold() not in said
    }  # fmt: skip


@EVERY_FORM
def test_nothing_is_dropped_without_a_word(form: Form) -> None:
    losses = {loss.property for loss in loss_of(form, FULL)}
    unexplained = {path for path in dropped(form, FULL) if not losses & {_PROPERTIES[path[0]], path[-1], *path}}
    assert unexplained == set()


@EVERY_FORM
def test_nothing_is_said_to_be_lost_that_is_not(form: Form) -> None:
    lost = {name for path in dropped(form, FULL) for name in (_PROPERTIES[path[0]], *path)}
    # The record itself does not tell the identifiers of its measured quantities.
    assert {loss.property for loss in loss_of(form, FULL)} - {"measuredQuantityIdentifier"} <= lost


@EVERY_FORM
def test_the_identifiers_of_measured_quantities_are_told_or_said_to_be_lost(form: Form) -> None:
    """The record itself does not tell them."""
    is_told = "http://qudt.org/vocab/quantitykind/angle" in text_of(form, FULL)
    assert is_told is not ("measuredQuantityIdentifier" in {loss.property for loss in loss_of(form, FULL)})
    named = replace(FULL, measured_quantities=(Term("angle"), Term("torque")))
    assert "measuredQuantityIdentifier" not in {loss.property for loss in loss_of(form, named)}


@EVERY_FORM
def test_every_manufacturer_is_told_in_the_order_of_the_record(form: Form) -> None:
    makers = tuple(pidinst.Manufacturer(manufacturer_name=name) for name in ("Zeiss", "Huber", "ESRF"))
    told = text_of(form, changed(manufacturers=makers))
    places = [told.find(each.manufacturer_name.casefold()) for each in makers]
    assert places == sorted(places)
    assert -1 not in places


@EVERY_FORM
def test_what_is_unknown_is_told_as_such(form: Form) -> None:
    assert ":unav" in form.render(LEAST).decode()
    is_reference = form in (CSL, BIBTEX, CITATION)  # none of them needs an author
    assert ("Manufacturer" in {loss.property for loss in loss_of(form, LEAST)}) != is_reference


@EVERY_FORM
def test_a_test_identifier_is_marked(form: Form) -> None:
    assert TEST_REMARK in form.render(TEST).decode()
    assert TEST_REMARK not in form.render(FULL).decode()


@EVERY_FORM
def test_an_identifier_is_no_test_because_one_beside_it_is(form: Form) -> None:
    told = form.render(BESIDE_A_TEST).decode()
    assert TEST_REMARK not in told
    assert TEST_BESIDE_REMARK in told
    assert "https://doi.org/10.0000/cora-stub/part" not in told


@EVERY_FORM
def test_a_withdrawn_identifier_is_marked(form: Form) -> None:
    told = form.render(replace(FULL, withdrawn="Entered twice")).decode()
    assert "Withdrawn identifier, not to be cited: Entered twice" in told
    assert "ithdrawn" not in form.render(FULL).decode()
    assert ("creativeWorkStatus" in told) == (form.name == "schema-org.jsonld")


@EVERY_FORM
@settings(deadline=None, max_examples=60)
@given(RECORDS)
def test_any_record_can_be_read(form: Form, published: PublishedRecord) -> None:
    body = form.render(published)
    text = body.decode()
    assert not any(character < " " and character not in "\t\r\n" for character in text)
    if "json" in form.name:
        json.loads(text)
    elif form.name.endswith("xml"):
        etree.fromstring(body)
    loss_of(form, published)


def test_each_form_has_a_name_of_its_own_and_media_types_of_its_own() -> None:
    assert len({form.name for form in FORMS}) == len(FORMS)
    asked = [media_type for form in FORMS for media_type in form.asked_for_as]
    assert len(set(asked)) == len(asked)
    assert all(form.asked_for_as for form in FORMS)
    assert len({form.title for form in FORMS}) == len(FORMS)


@EVERY_FORM
def test_a_form_is_the_same_each_time(form: Form) -> None:
    assert form.render(FULL) == form.render(FULL)
