"""DataCite kernel 4.7: the mapping of DataCite's own table for PIDINST, as REST attributes and as XML from the same.

The record is told as DataCite does it: the manufacturer is the creator, the
owner the hosting institution, what the kernel has no property for is a
technical description, one for each fact.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Any

from lxml import etree

from cora.equipment.identifiers import normal_doi
from cora.equipment.pidinst.forms.form import Form, Loss, unknown
from cora.equipment.pidinst.forms.writing import add, as_json, as_url, as_xml, remarks, violations_of
from cora.equipment.pidinst.published import UNAVAILABLE, PublishedRecord, Publisher
from cora.equipment.pidinst.record import AlternateIdentifier, PidinstRecord
from cora.equipment.related_identifier import RelatedIdentifierScheme, RelationType
from cora.equipment.values import AlternateIdentifierKind

NAMESPACE = "http://datacite.org/schema/kernel-4"

_XSI = "http://www.w3.org/2001/XMLSchema-instance"
_PREFIXES: Any = {None: NAMESPACE, "xsi": _XSI}
_LOCATION = "https://schema.datacite.org/meta/kernel-4.7/metadata.xsd"
_SCHEMA = "datacite-4.7/metadata.xsd"

# Parts of an instrument are instruments, which DataCite likes to be told.
_RELATIONS: dict[RelationType, dict[str, str]] = {
    **{relation: {"relationType": relation.value} for relation in RelationType},
    RelationType.HAS_COMPONENT: {"relationType": "HasPart", "resourceTypeGeneral": "Instrument"},
    RelationType.IS_COMPONENT_OF: {"relationType": "IsPartOf", "resourceTypeGeneral": "Instrument"},
    RelationType.WAS_USED_IN: {"relationType": "Other", "relationTypeInformation": "WasUsedIn"},
    RelationType.IS_ATTACHED_TO: {"relationType": "Other", "relationTypeInformation": "IsAttachedTo"},
}
_CODE = re.compile(r"[A-Za-z0-9._~-]+|[A-Za-z][A-Za-z0-9.+-]*(:+[A-Za-z0-9._~-]+)+")
_RELATED_SCHEMES = {scheme.casefold(): scheme for scheme in RelatedIdentifierScheme}
_SCHEME_URIS = {
    "ROR": "https://ror.org/",
    "ORCID": "https://orcid.org/",
    "ISNI": "https://isni.org/",
    "GRID": "https://www.grid.ac/",
    "Wikidata": "https://www.wikidata.org/wiki/",
    "DOI": "https://doi.org/",
    "Handle": "https://hdl.handle.net/",
}
_NO_VALUE = "It is neither a URL nor a code that DataCite takes, which has no other place for it."
_DATES = {"Commissioned": "Commissioned", "DeCommissioned": "Decommissioned"}

Attributes = dict[str, Any]


def datacite_attributes(published: PublishedRecord) -> Attributes:
    """The metadata as DataCite's REST API takes them, without `event`. `doi` is there when the identifier is one."""
    record = published.record
    own: Attributes = {} if published.doi is None else {"doi": published.doi}
    told: Attributes = {
        "url": record.landing_page,
        "schemaVersion": NAMESPACE,
        "types": {"resourceTypeGeneral": "Instrument", "resourceType": _resource_type(record)},
        "creators": _distinct(_creators(record)) or [{"name": UNAVAILABLE, "nameType": "Organizational"}],
        "titles": [{"title": record.name}],
        "publisher": _publisher(published.publisher),
        "publicationYear": published.publication_year,
        "subjects": _distinct(_subjects(published)),
        "contributors": _distinct(_contributors(record)),
        "dates": _distinct(
            {"date": each.date, "dateType": "Other", "dateInformation": _DATES[each.date_type]} for each in record.dates
        ),
        "alternateIdentifiers": _distinct(_alternate_identifiers(record)),
        "relatedIdentifiers": _distinct(_related_identifiers(published)),
        "descriptions": _distinct((*_descriptions(record), *_remarks(published))),
    }
    return {**own, **told}


def datacite_xml(published: PublishedRecord) -> bytes:
    """The metadata as XML. An identifier other than a DOI is told with its type."""
    told = datacite_attributes(published)
    own = published.record.identifier
    root = etree.Element(etree.QName(NAMESPACE, "resource"), nsmap=_PREFIXES)
    root.set(etree.QName(_XSI, "schemaLocation"), f"{NAMESPACE} {_LOCATION}")
    add(root, "identifier", own.identifier, identifierType=own.identifier_type)
    for wrapper, creator in _items(root, "creators", told):
        _add_agent(add(wrapper, "creator"), "creatorName", creator)
    for wrapper, title in _items(root, "titles", told):
        add(wrapper, "title", title["title"])
    publisher = told["publisher"]
    add(
        root,
        "publisher",
        publisher["name"],
        publisherIdentifier=publisher.get("publisherIdentifier"),
        publisherIdentifierScheme=publisher.get("publisherIdentifierScheme"),
        schemeURI=publisher.get("schemeUri"),
    )
    add(root, "publicationYear", f"{told['publicationYear']:04}")
    add(root, "resourceType", told["types"]["resourceType"], resourceTypeGeneral=told["types"]["resourceTypeGeneral"])
    for wrapper, subject in _items(root, "subjects", told):
        add(
            wrapper,
            "subject",
            subject["subject"],
            subjectScheme=subject.get("subjectScheme"),
            schemeURI=subject.get("schemeUri"),
            valueURI=subject.get("valueUri"),
            classificationCode=subject.get("classificationCode"),
        )
    for wrapper, contributor in _items(root, "contributors", told):
        element = add(wrapper, "contributor", contributorType=contributor["contributorType"])
        _add_agent(element, "contributorName", contributor)
    for name in ("date", "alternateIdentifier", "relatedIdentifier", "description"):
        for wrapper, each in _items(root, f"{name}s", told):
            add(wrapper, name, each[name], **{key: text for key, text in each.items() if key != name})
    return as_xml(root)


def violations(xml: bytes) -> list[str]:
    """What is wrong with a document by the official schema of kernel 4.7; nothing when it is valid."""
    return violations_of(xml, _SCHEMA)


def _json(published: PublishedRecord) -> bytes:
    return as_json({"id": published.uri, **datacite_attributes(published)})


def _publisher(publisher: Publisher) -> Attributes:
    if publisher.identifier is None:
        return {"name": publisher.name}
    scheme = publisher.identifier.scheme
    identified = {
        "name": publisher.name,
        "publisherIdentifier": publisher.identifier.value,
        "publisherIdentifierScheme": scheme,
    }
    return identified | ({"schemeUri": _SCHEME_URIS[scheme]} if scheme in _SCHEME_URIS else {})


def _resource_type(record: PidinstRecord) -> str:
    return record.instrument_types[0].instrument_type_name if record.instrument_types else "Instrument"


def _agent(name: str, identifier: str | None, scheme: str | None) -> Attributes:
    # An ORCID iD is a person's; all others that own and make instruments are taken for organisations.
    told: Attributes = {"name": name, "nameType": "Personal" if scheme == "ORCID" else "Organizational"}
    if identifier is not None and scheme is not None:
        known = {"schemeUri": _SCHEME_URIS[scheme]} if scheme in _SCHEME_URIS else {}
        told["nameIdentifiers"] = [{"nameIdentifier": identifier, "nameIdentifierScheme": scheme, **known}]
    return told


def _creators(record: PidinstRecord) -> Iterator[Attributes]:
    for maker in record.manufacturers:
        known = maker.manufacturer_identifier
        yield _agent(
            maker.manufacturer_name,
            known and known.manufacturer_identifier,
            known and known.manufacturer_identifier_type,
        )


def _contributors(record: PidinstRecord) -> Iterator[Attributes]:
    for owner in record.owners:
        known = owner.owner_identifier
        agent = _agent(owner.owner_name, known and known.owner_identifier, known and known.owner_identifier_type)
        yield {**agent, "contributorType": "HostingInstitution"}


def _subjects(published: PublishedRecord) -> Iterator[Attributes]:
    """What comes from a vocabulary. A `urn:uuid:` of this very record keeper is none."""
    record = published.record
    for each in record.instrument_types:
        known = each.instrument_type_identifier
        if known is not None and not known.instrument_type_identifier.startswith("urn:uuid:"):
            yield _subject(
                each.instrument_type_name, known.instrument_type_identifier, known.instrument_type_identifier_type
            )
    for each in record.measurement_techniques:
        known = each.measurement_technique_identifier
        if known is not None:
            yield _subject(
                each.measurement_technique_name,
                known.measurement_technique_identifier,
                known.measurement_technique_identifier_type,
            )
    for each in published.measured_quantities:
        if each.identifier is not None and each.scheme is not None:
            yield _subject(each.name, each.identifier, each.scheme)
    for each in record.subjects:
        known = each.subject_identifier
        if known is None:
            yield {"subject": each.subject_name}
        else:
            yield _subject(each.subject_name, known.subject_identifier, known.subject_identifier_type)


def _subject(name: str, identifier: str, scheme: str) -> Attributes:
    known = {"schemeUri": _SCHEME_URIS[scheme]} if scheme in _SCHEME_URIS else {}
    return {"subject": name, "subjectScheme": scheme, **known, **_as_value(identifier)}


def _as_value(identifier: str) -> Attributes:
    """The identifier of a subject: a URL, or a code that the kernel takes for a URI; nothing for any other."""
    if (url := as_url(identifier)) is not None:
        return {"valueUri": url}
    return {"classificationCode": identifier} if _CODE.fullmatch(identifier) else {}


def _alternate_identifiers(record: PidinstRecord) -> Iterator[Attributes]:
    for each in record.alternate_identifiers:
        if _other_doi(each) is None:
            yield {
                "alternateIdentifier": each.alternate_identifier,
                "alternateIdentifierType": _alternate_type(each),
            }


def _alternate_type(each: AlternateIdentifier) -> str:
    named = each.alternate_identifier_name
    # DataCite refuses the type DOI here.
    if each.alternate_identifier_type is not AlternateIdentifierKind.OTHER or named is None or _says_doi(each):
        return each.alternate_identifier_type.value
    return named


def _says_doi(each: AlternateIdentifier) -> bool:
    return (each.alternate_identifier_name or "").strip().casefold() == "doi"


def _other_doi(each: AlternateIdentifier) -> str | None:
    """Another DOI of the same instrument, which is a relation in DataCite."""
    if not _says_doi(each):
        return None
    try:
        return normal_doi(each.alternate_identifier)
    except ValueError:
        return None


def _related_identifiers(published: PublishedRecord) -> Iterator[Attributes]:
    record = published.record
    for each in record.related_identifiers:
        yield {
            "relatedIdentifier": each.related_identifier,
            "relatedIdentifierType": each.related_identifier_type.value,
            **_RELATIONS[each.relation_type],
        }
    for each in record.alternate_identifiers:
        if (doi := _other_doi(each)) is not None:
            yield {"relatedIdentifier": doi, "relatedIdentifierType": "DOI", "relationType": "IsIdenticalTo"}
    for scheme, value in _model_identifiers(published):
        if (known := _RELATED_SCHEMES.get(scheme.casefold())) is not None:
            yield {"relatedIdentifier": value, "relatedIdentifierType": known.value, "relationType": "References"}


def _model_identifiers(published: PublishedRecord) -> Iterator[tuple[str, str]]:
    """The schemes and values of the identifiers of the model."""
    model, further = published.record.model, published.further_model_identifier
    if model is not None and (told := model.model_identifier) is not None:
        yield told.model_identifier_type, told.model_identifier
    if further is not None:
        yield further.scheme, further.value


def _descriptions(record: PidinstRecord) -> Iterator[Attributes]:
    if record.description:
        yield {"description": record.description, "descriptionType": "Abstract"}
    for fact in _technical_facts(record):
        yield {"description": fact, "descriptionType": "TechnicalInfo"}


def _remarks(published: PublishedRecord) -> Iterator[Attributes]:
    """That it is a test, and in the forms at the tombstone why it was withdrawn; DataCite itself is not told that."""
    for remark in remarks(published):
        yield {"description": remark, "descriptionType": "Other"}


def _technical_facts(record: PidinstRecord) -> Iterator[str]:
    if record.model is not None:
        yield f"Model name: {record.model.model_name}"
        if (model := record.model.model_identifier) is not None:
            yield f"Model identifier: {model.model_identifier} ({model.model_identifier_type})"
    for each in record.instrument_types:
        kind = each.instrument_type_identifier
        yield f"Instrument type: {each.instrument_type_name}" + (
            f" ({kind.instrument_type_identifier_type}: {kind.instrument_type_identifier})" if kind else ""
        )
    for name in record.measured_variables:
        yield f"Measured variable: {name}"
    for each in record.measurement_techniques:
        term = each.measurement_technique_identifier
        yield f"Measurement technique: {each.measurement_technique_name}" + (
            f" ({term.measurement_technique_identifier_type}: {term.measurement_technique_identifier})" if term else ""
        )


def _losses(published: PublishedRecord) -> Iterator[Loss]:
    record = published.record
    yield Loss("SchemaVersion", "DataCite has no place for the version of the PIDINST schema.")
    yield from unknown(published, owner=False)
    if any(each.identifier and not _as_value(each.identifier) for each in published.measured_quantities):
        yield Loss("measuredQuantityIdentifier", _NO_VALUE)
    subjects = (each.subject_identifier for each in record.subjects)
    if any(known and not _as_value(known.subject_identifier) for known in subjects):
        yield Loss("subjectIdentifier", _NO_VALUE)
    further = published.further_model_identifier
    if further is not None and further.scheme.casefold() not in _RELATED_SCHEMES:
        yield Loss("modelIdentifier", "DataCite takes no related identifier of its type, and the part number is told.")
    if any(each.owner_contact for each in record.owners):
        yield Loss("ownerContact", "DataCite has no place for an e-mail address.")
    if any(each.related_identifier_name for each in record.related_identifiers):
        yield Loss("relatedIdentifierName", "A related identifier has no name in DataCite.")
    if any(each.alternate_identifier_name and not _tells_name(each) for each in record.alternate_identifiers):
        yield Loss(
            "alternateIdentifierName",
            "DataCite has one text for the type of an alternate identifier: only that of type Other is its name.",
        )


def _tells_name(each: AlternateIdentifier) -> bool:
    return _other_doi(each) is not None or _alternate_type(each) == each.alternate_identifier_name


def _loss_of_json(published: PublishedRecord) -> tuple[Loss, ...]:
    return tuple(_losses(published))


def _loss_of_xml(published: PublishedRecord) -> tuple[Loss, ...]:
    page = Loss("LandingPage", "The kernel has no place for it; the REST attribute `url` tells it.")
    return (page, *_losses(published))


def _items(root: etree._Element, name: str, told: Attributes) -> Iterator[tuple[etree._Element, Attributes]]:
    """The items of an attribute, each with the element they all go into; none is made where there are none."""
    wrapper: etree._Element | None = None
    for item in told[name]:
        wrapper = add(root, name) if wrapper is None else wrapper
        yield wrapper, item


def _add_agent(element: etree._Element, name: str, agent: Attributes) -> None:
    add(element, name, agent["name"], nameType=agent["nameType"])
    for each in agent.get("nameIdentifiers", ()):
        add(
            element,
            "nameIdentifier",
            each["nameIdentifier"],
            nameIdentifierScheme=each["nameIdentifierScheme"],
            schemeURI=each.get("schemeUri"),
        )


def _distinct(items: Iterable[Attributes]) -> list[Attributes]:
    """Each item once; two that are the same without what XML cannot hold are one."""
    return list({as_json(item): item for item in items}.values())


DATACITE_XML = Form(
    name="datacite.xml",
    title="DataCite 4.7, XML",
    media_type="application/vnd.datacite.datacite+xml",
    asked_for_as=("application/vnd.datacite.datacite+xml",),
    render=datacite_xml,
    loss=_loss_of_xml,
)
DATACITE_JSON = Form(
    name="datacite.json",
    title="DataCite 4.7, JSON",
    media_type="application/vnd.datacite.datacite+json",
    asked_for_as=("application/vnd.datacite.datacite+json",),
    render=_json,
    loss=_loss_of_json,
)
