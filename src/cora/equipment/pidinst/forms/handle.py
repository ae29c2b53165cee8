"""A Handle record of ePIC: one value for each property, by the types that the PIDINST cookbook registered."""

import json
from collections.abc import Iterator
from typing import Any

from cora.equipment.pidinst.forms.form import Form
from cora.equipment.pidinst.forms.pidinst import losses_of_1_0, related_in_1_0
from cora.equipment.pidinst.forms.writing import as_json, described, fit, renamed, valued
from cora.equipment.pidinst.published import UNAVAILABLE, PublishedRecord

TYPES = {
    "Identifier": "21.T11148/8eb858ee0b12e8e463a5",
    "SchemaVersion": "21.T11148/aa24da8ba845c23ea75c",
    "LandingPage": "21.T11148/e0efc41346cda4ba84ca",
    "Name": "21.T11148/ab8d232261b9b60ba559",
    "Owners": "21.T11148/4eaec4bc0f1df68ab2a7",
    "Manufacturers": "21.T11148/1f3e82ddf0697a497432",
    "Model": "21.T11148/c1a0ec5ad347427f25d6",
    "Description": "21.T11148/f1627ce85386d8d75078",
    "InstrumentTypes": "21.T11148/c60c8da7fff2ef4f98ce",
    "MeasuredVariables": "21.T11148/72928b84e060d491ee41",
    "Dates": "21.T11148/22c62082a4d2d9ae2602",
    "AlternateIdentifiers": "21.T11148/eb3c713572f681e6c4c3",
    "RelatedIdentifiers": "21.T11148/178fb558abc755ca7046",
}
"""The properties of PIDINST 1.0 in the ePIC Data Type Registry."""


def handle_values(published: PublishedRecord) -> list[tuple[str, str]]:
    """The type and the text of each value, that of the URL first."""
    told = {name: value for name, value in _told(published) if value}
    return [
        ("URL", published.record.landing_page),
        *((TYPES[name], value if isinstance(value, str) else _text(value)) for name, value in told.items()),
    ]


def _told(published: PublishedRecord) -> Iterator[tuple[str, Any]]:
    record = published.record
    yield "Identifier", renamed(record.identifier.model_dump(mode="json"), "identifier")
    yield "SchemaVersion", record.schema_version
    yield "LandingPage", record.landing_page
    yield "Name", record.name
    owners = [valued(each.model_dump(mode="json"), "ownerIdentifier") for each in record.owners]
    yield "Owners", _each("Owner", owners or [{"ownerName": UNAVAILABLE}])
    makers = [valued(each.model_dump(mode="json"), "manufacturerIdentifier") for each in record.manufacturers]
    yield "Manufacturers", _each("Manufacturer", makers or [{"manufacturerName": UNAVAILABLE}])
    yield "Model", record.model and valued(record.model.model_dump(mode="json"), "modelIdentifier")
    yield "Description", described(published)
    types = [valued(each.model_dump(mode="json"), "instrumentTypeIdentifier") for each in record.instrument_types]
    yield "InstrumentTypes", _each("InstrumentType", types)
    yield "MeasuredVariables", _each("MeasuredVariable", list(record.measured_variables))
    dates = [{"dateValue": each.date, "dateType": each.date_type} for each in record.dates]
    yield "Dates", _each("date", dates)
    others = [renamed(each.model_dump(mode="json"), "alternateIdentifier") for each in record.alternate_identifiers]
    yield "AlternateIdentifiers", _each("AlternateIdentifier", others)
    related = [renamed(each.model_dump(mode="json"), "relatedIdentifier") for each in related_in_1_0(record)]
    yield "RelatedIdentifiers", _each("RelatedIdentifier", related)


def _each(name: str, items: list[Any]) -> list[dict[str, Any]]:
    return [{name: item} for item in items]


def _text(value: Any) -> str:
    return fit(json.dumps(value, ensure_ascii=False))


def _render(published: PublishedRecord) -> bytes:
    return as_json([{"type": type, "parsed_data": text} for type, text in handle_values(published)])


HANDLE = Form(
    name="handle.json",
    title="Handle record (ePIC)",
    media_type="application/json",
    asked_for_as=("application/vnd.cora.handle+json",),
    render=_render,
    loss=losses_of_1_0,
)
