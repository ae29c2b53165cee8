"""PIDINST itself: 1.0 and the draft of 1.1, each as JSON and as XML; valid by the working group's schemas.

There is no normative serialisation (the schemas are supporting material); the
working group publishes a JSON Schema of 1.0, and XML Schemas of both. In JSON
what 1.1 adds is named in the same way. The draft of 1.1 adds properties 14 to 16
and the type SWHID, and tells measured quantities in place of measured variables.
"""

from collections.abc import Iterator
from typing import Any, Literal, cast

from lxml import etree

from cora.equipment.pidinst.forms.form import Form, Loss, unknown
from cora.equipment.pidinst.forms.writing import add, as_json, as_xml, described, violations_of
from cora.equipment.pidinst.published import UNAVAILABLE, PublishedRecord
from cora.equipment.pidinst.record import PidinstRecord, RelatedIdentifier
from cora.equipment.related_identifier import RelatedIdentifierScheme
from cora.equipment.values import Term

Version = Literal["1.0", "1.1"]
Members = dict[str, Any]

_OWN = frozenset({"complete", "missing", "test", "measurementTechniques", "subjects"})
_XML_SCHEMAS: dict[Version, str] = {"1.0": "pidinst-schema-1_0.xsd", "1.1": "pidinst-schema-1_1-DRAFT.xsd"}


def pidinst_members(published: PublishedRecord, version: Version = "1.0") -> Members:
    """The properties by their names in the JSON Schema; those of 1.1 are named in the same way."""
    record = published.record
    told: Members = {name: value for name, value in record.model_dump(mode="json").items() if name not in _OWN}
    told["schemaVersion"] = version
    told["owners"] = told["owners"] or [{"ownerName": UNAVAILABLE}]
    told["manufacturers"] = told["manufacturers"] or [{"manufacturerName": UNAVAILABLE}]
    told["description"] = described(published)
    if version == "1.0":
        told["relatedIdentifiers"] = [each.model_dump(mode="json") for each in related_in_1_0(record)]
    else:
        quantities = {each.name for each in published.measured_quantities}
        told["measuredVariables"] = [name for name in record.measured_variables if name not in quantities]
        told["measurementTechniques"] = [each.model_dump(mode="json") for each in record.measurement_techniques]
        told["measuredQuantities"] = [_quantity(each) for each in published.measured_quantities]
        told["subjects"] = [each.model_dump(mode="json") for each in record.subjects]
    return {name: value for name, value in told.items() if value}


def pidinst_xml(published: PublishedRecord, version: Version = "1.0") -> bytes:
    """The properties as an XML document without a namespace, as both schemas have it."""
    root = etree.Element("instrument")
    for name, value in pidinst_members(published, version).items():
        _add(root, name, value)
    return as_xml(root)


def violations(xml: bytes, version: Version = "1.0") -> list[str]:
    """What is wrong with a document by the schema of the working group; nothing when it is valid."""
    return violations_of(xml, _XML_SCHEMAS[version])


def _quantity(term: Term) -> Members:
    if term.identifier is None:
        return {"measuredQuantityName": term.name}
    known = {"measuredQuantityIdentifier": term.identifier, "measuredQuantityIdentifierType": term.scheme}
    return {"measuredQuantityName": term.name, "measuredQuantityIdentifier": known}


def _add(parent: etree._Element, name: str, value: Any) -> None:
    """A list goes into an element named after all of its items; what has a member of its own name is text with
    attributes."""
    match value:
        case list():
            wrapper = add(parent, name)
            for item in cast("list[Any]", value):
                _add(wrapper, _SINGULAR[name], item)
        case dict():
            members = cast("Members", value)
            text = members.get(name)
            if isinstance(text, str):
                add(parent, name, text, **{key: each for key, each in members.items() if key != name})
                return
            element = add(parent, name)
            for key, each in members.items():
                _add(element, key, each)
        case _:
            add(parent, name, str(value))


_SINGULAR = {
    "owners": "owner",
    "manufacturers": "manufacturer",
    "instrumentTypes": "instrumentType",
    "measuredVariables": "measuredVariable",
    "dates": "date",
    "relatedIdentifiers": "relatedIdentifier",
    "alternateIdentifiers": "alternateIdentifier",
    "measurementTechniques": "measurementTechnique",
    "measuredQuantities": "measuredQuantity",
    "subjects": "subject",
}


def related_in_1_0(record: PidinstRecord) -> list[RelatedIdentifier]:
    """The related identifiers of a type that PIDINST 1.0 has."""
    return [
        each for each in record.related_identifiers if each.related_identifier_type != RelatedIdentifierScheme.SWHID
    ]


def losses_of_1_0(published: PublishedRecord) -> tuple[Loss, ...]:
    """What PIDINST 1.0 cannot tell."""
    return tuple(_losses(published))


def _losses(published: PublishedRecord) -> Iterator[Loss]:
    yield from _losses_of_1_1(published)
    if len(related_in_1_0(published.record)) < len(published.record.related_identifiers):
        yield Loss("RelatedIdentifier", "The type SWHID is part of PIDINST 1.1.")
    if published.record.subjects:
        yield Loss("Subject", "It is part of PIDINST 1.1.")
    if published.record.measurement_techniques:
        yield Loss("MeasurementTechnique", "It is part of PIDINST 1.1.")
    if any(each.identifier for each in published.measured_quantities):
        yield Loss("measuredQuantityIdentifier", "PIDINST 1.0 tells measured variables by their names only.")


def _losses_of_1_1(published: PublishedRecord) -> Iterator[Loss]:
    yield from unknown(published)
    if published.further_model_identifier is not None:
        yield Loss("modelIdentifier", "A model has one identifier in PIDINST, and its part number is told.")


def _xml_1_1(published: PublishedRecord) -> bytes:
    return pidinst_xml(published, "1.1")


PIDINST_JSON = Form(
    name="pidinst.json",
    title="PIDINST 1.0, JSON",
    media_type="application/json",
    asked_for_as=("application/json", "application/vnd.cora.pidinst+json"),
    render=lambda published: as_json(pidinst_members(published)),
    loss=losses_of_1_0,
)
PIDINST_XML = Form(
    name="pidinst.xml",
    title="PIDINST 1.0, XML",
    media_type="application/xml",
    asked_for_as=("application/xml", "text/xml", "application/vnd.cora.pidinst+xml"),
    render=pidinst_xml,
    loss=losses_of_1_0,
)
PIDINST_1_1_JSON = Form(
    name="pidinst-1.1.json",
    title="PIDINST 1.1 (draft without a JSON Schema), JSON",
    media_type="application/json",
    asked_for_as=("application/vnd.cora.pidinst-1.1+json",),
    render=lambda published: as_json(pidinst_members(published, "1.1")),
    loss=lambda published: tuple(_losses_of_1_1(published)),
)
PIDINST_1_1_XML = Form(
    name="pidinst-1.1.xml",
    title="PIDINST 1.1 (draft), XML",
    media_type="application/xml",
    asked_for_as=("application/vnd.cora.pidinst-1.1+xml",),
    render=_xml_1_1,
    loss=lambda published: tuple(_losses_of_1_1(published)),
)
