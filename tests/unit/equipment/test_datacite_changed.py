"""What DataCite holds compared with what it was sent: no difference in how lupo answers it, and one in every edit."""

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.authorities.datacite_simulator import Record, answered

from cora.equipment.adapters.datacite_changed import changed_attributes

DOI, URL = "10.82433/08qf-ee96", "https://cora.facility.example/id/0199"
ROR = {"nameIdentifier": "https://ror.org/05gvnxz63", "nameIdentifierScheme": "ROR", "schemeUri": "https://ror.org/"}

SENT: dict[str, Any] = {
    "doi": DOI,
    "url": URL,
    "schemaVersion": "http://datacite.org/schema/kernel-4",
    "types": {"resourceTypeGeneral": "Instrument", "resourceType": "Rotary stage"},
    "creators": [
        {"name": "Aerotech", "nameType": "Organizational"},
        {"name": "Other & Sons", "nameType": "Organizational", "nameIdentifiers": [ROR]},
    ],
    "titles": [{"title": "Sample <top>  rotary & tilt"}],
    "publisher": {"name": "APS", "publisherIdentifier": ROR["nameIdentifier"], "publisherIdentifierScheme": "ROR"},
    "publicationYear": 2026,
    "subjects": [{"subject": "Physical sciences", "subjectScheme": "OECD", "valueUri": "https://oecd.example/1"}],
    "contributors": [{"name": "APS", "nameType": "Organizational", "contributorType": "HostingInstitution"}],
    "dates": [{"date": "2016-05-01", "dateType": "Other", "dateInformation": "Commissioned"}],
    "alternateIdentifiers": [
        {"alternateIdentifier": "SN-1", "alternateIdentifierType": "SerialNumber"},
        {"alternateIdentifier": DOI.upper(), "alternateIdentifierType": "Label"},
        {"alternateIdentifier": URL, "alternateIdentifierType": "Page"},
    ],
    "relatedIdentifiers": [
        {"relatedIdentifier": "10.82433/abcd", "relatedIdentifierType": "DOI", "relationType": "IsPartOf"},
        {"relatedIdentifier": "10.82433/efgh", "relatedIdentifierType": "DOI", "relationType": "HasPart"},
    ],
    "descriptions": [
        {"description": "Two\n lines", "descriptionType": "Abstract"},
        {"description": "Model name: ABRS", "descriptionType": "TechnicalInfo"},
    ],
}  # fmt: skip


def held(attributes: dict[str, Any], *, is_listed: bool = False, whole_publisher: bool = True) -> dict[str, Any]:
    """What lupo answers when it keeps these."""
    return answered(Record(DOI, "it", attributes=attributes), is_listed=is_listed, whole_publisher=whole_publisher)


@pytest.mark.parametrize("is_listed", [False, True])
@pytest.mark.parametrize("whole_publisher", [False, True])
def test_what_was_sent_comes_back_in_another_form_and_is_the_same(is_listed: bool, whole_publisher: bool) -> None:
    assert changed_attributes(SENT, held(deepcopy(SENT), is_listed=is_listed, whole_publisher=whole_publisher)) == ()


@given(st.permutations([{"subject": "a"}, {"subject": "a", "subjectScheme": "X"}, {"subject": "b"}]))
def test_lists_in_any_order_are_the_same(held: list[dict[str, str]]) -> None:
    sent = [{"subject": "a"}, {"subject": "b"}, {"subject": "a", "subjectScheme": "X"}]
    assert changed_attributes({"subjects": sent}, {"subjects": held}) == ()
    assert changed_attributes({"subjects": sent}, {"subjects": held[1:]}) == ("subjects",)


def _put(*path: Any, value: Any) -> Callable[[dict[str, Any]], None]:
    def edit(attributes: dict[str, Any]) -> None:
        at: Any = attributes
        for step in path[:-1]:
            at = at[step]
        at[path[-1]] = value

    return edit


EDITS: list[tuple[str, Callable[[dict[str, Any]], None]]] = [
    ("types", _put("types", "resourceType", value="Camera")),
    ("creators", _put("creators", 0, "name", value="Somebody")),
    ("creators", _put("creators", 1, "nameIdentifiers", value=[])),
    ("creators", lambda it: it["creators"].pop()),
    ("titles", _put("titles", 0, "title", value="Another")),
    ("titles", lambda it: it["titles"].append({"title": "Deutsch", "lang": "de"})),
    ("publisher", _put("publisher", "name", value="Somebody")),
    ("publisher", _put("publisher", "publisherIdentifier", value="https://ror.org/02aj13c28")),
    ("publisher", _put("publisher", value=None)),
    ("publicationYear", _put("publicationYear", value=1999)),
    ("subjects", _put("subjects", value=[])),
    ("subjects", lambda it: it["subjects"].append({"subject": "X-ray"})),
    ("contributors", lambda it: it["contributors"].append({"name": "B", "contributorType": "Other"})),
    ("dates", _put("dates", 0, "date", value="2017-05-01")),
    ("alternateIdentifiers", _put("alternateIdentifiers", 0, "alternateIdentifier", value="SN-2")),
    ("alternateIdentifiers", lambda it: it["alternateIdentifiers"].clear()),
    ("relatedIdentifiers", lambda it: it["relatedIdentifiers"].pop()),
    ("descriptions", _put("descriptions", 1, "description", value="Model name: XYZ")),
    ("descriptions", lambda it: it.pop("descriptions")),
]


@pytest.mark.parametrize(("name", "edit"), EDITS, ids=[f"{name} {at}" for at, (name, _) in enumerate(EDITS)])
@pytest.mark.parametrize("is_listed", [False, True])
def test_an_edit_is_a_difference_of_its_attribute(
    name: str, edit: Callable[[dict[str, Any]], None], is_listed: bool
) -> None:
    attributes = deepcopy(SENT)
    edit(attributes)
    assert changed_attributes(SENT, held(attributes, is_listed=is_listed)) == (name,)


def test_what_is_not_told_does_not_count() -> None:
    assert changed_attributes(SENT, {"doi": DOI, "url": URL, "state": "findable"}) == ()


@given(st.data())
def test_the_order_and_what_was_not_sent_do_not_count(data: st.DataObject) -> None:
    attributes = deepcopy(SENT)
    for name in ("creators", "alternateIdentifiers", "relatedIdentifiers", "descriptions"):
        attributes[name] = data.draw(st.permutations(attributes[name]), name)
    attributes["language"] = data.draw(st.sampled_from([None, "en"]))
    attributes["titles"][0]["lang"] = data.draw(st.sampled_from([None, "en"]))
    attributes["publisher"]["lang"] = None
    assert changed_attributes(SENT, held(attributes)) == ()
