"""Unqualified Dublin Core, as OAI-PMH asks for it of everybody (OAI-PMH 2.0, section 2.5): `oai_dc`."""

from collections.abc import Iterator

from lxml import etree

from cora.equipment.pidinst.forms.form import Form, Loss, unknown, untold
from cora.equipment.pidinst.forms.writing import as_xml, fit, keywords, related_url, remarks
from cora.equipment.pidinst.published import UNAVAILABLE, PublishedRecord, identifier_url
from cora.equipment.pidinst.record import PidinstRecord

NAMESPACE = "http://www.openarchives.org/OAI/2.0/oai_dc/"
SCHEMA = "http://www.openarchives.org/OAI/2.0/oai_dc.xsd"

_DC = "http://purl.org/dc/elements/1.1/"
_XSI = "http://www.w3.org/2001/XMLSchema-instance"
_PREFIXES = {"oai_dc": NAMESPACE, "dc": _DC, "xsi": _XSI}
_SAYS = "Dublin Core has no place for it."
_PLAIN = "Dublin Core tells the value alone."
_TOLD = frozenset(
    {"Identifier", "LandingPage", "Name", "Owner", "Manufacturer", "Model", "Description", "InstrumentType"}
    | {"MeasuredVariable", "Date", "RelatedIdentifier", "AlternateIdentifier", "MeasurementTechnique", "Subject"}
)


def oai_dc(published: PublishedRecord) -> bytes:
    """The record in the fifteen elements, each as often as there is something to say."""
    root = etree.Element(etree.QName(NAMESPACE, "dc"), nsmap=_PREFIXES)
    root.set(etree.QName(_XSI, "schemaLocation"), f"{NAMESPACE} {SCHEMA}")
    for name, text in elements(published):
        etree.SubElement(root, etree.QName(_DC, name)).text = fit(text)
    return as_xml(root)


def elements(published: PublishedRecord) -> tuple[tuple[str, str], ...]:
    """What is told, each once: the name of an element, and its text."""
    return tuple(dict.fromkeys(_elements(published)))


def _elements(published: PublishedRecord) -> Iterator[tuple[str, str]]:
    record = published.record
    yield "title", record.name
    for name in [each.manufacturer_name for each in record.manufacturers] or [UNAVAILABLE]:
        yield "creator", name
    for name in keywords(record):
        yield "subject", name
    if record.description:
        yield "description", record.description
    if record.model is not None:
        yield "description", f"Model: {record.model.model_name}"
    for remark in remarks(published):
        yield "description", remark
    yield "publisher", published.publisher.name
    for each in record.owners:
        yield "contributor", each.owner_name
    yield "date", f"{published.publication_year:04}"
    for each in record.dates:
        yield "date", each.date
    # The type that the DCMI Type Vocabulary has for an inanimate object.
    yield "type", "PhysicalObject"
    yield "type", "Instrument"
    yield "identifier", published.uri
    yield "identifier", record.identifier.identifier
    yield "identifier", record.landing_page
    for each in record.alternate_identifiers:
        yield "identifier", each.alternate_identifier
    for each in record.related_identifiers:
        url = related_url(each.related_identifier_type, each.related_identifier)
        yield "relation", url or each.related_identifier


def _loss(published: PublishedRecord) -> tuple[Loss, ...]:
    plain = (Loss(name, _PLAIN) for name in _plain(published.record))
    return (*untold(published, _TOLD, _SAYS), *unknown(published, owner=False), *plain)


def _plain(record: PidinstRecord) -> Iterator[str]:
    """What stands beside a value and is left out with it told."""
    if record.model and record.model.model_identifier:
        yield "modelIdentifier"
    if record.dates:
        yield "dateType"
    if record.related_identifiers:
        yield "relationType"
    if any(identifier_url(each.related_identifier_type, "") is None for each in record.related_identifiers):
        yield "relatedIdentifierType"
    if any(each.related_identifier_name for each in record.related_identifiers):
        yield "relatedIdentifierName"
    if record.alternate_identifiers:
        yield "alternateIdentifierType"
    if any(each.alternate_identifier_name for each in record.alternate_identifiers):
        yield "alternateIdentifierName"


OAI_DC = Form(
    name="oai-dc.xml",
    title="Dublin Core, XML",
    media_type="application/xml",
    asked_for_as=("application/vnd.cora.oai-dc+xml",),
    render=oai_dc,
    loss=_loss,
)
