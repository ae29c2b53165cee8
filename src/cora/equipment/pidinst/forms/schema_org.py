"""schema.org JSON-LD. There is no type for an instrument: it is told as a particular product that is also a work, since
harvesters pass over what is no `CreativeWork`."""

from collections.abc import Iterable, Iterator
from typing import Any

from cora.equipment.pidinst.forms.form import Form, Loss, unknown
from cora.equipment.pidinst.forms.writing import LICENSE, as_json, as_url, described, keywords, related_url
from cora.equipment.pidinst.published import UNAVAILABLE, PublishedRecord, agent_url, identifier_url
from cora.equipment.pidinst.record import PidinstRecord, RelatedIdentifier
from cora.equipment.related_identifier import RelationType
from cora.equipment.values import AgentIdentifier, AlternateIdentifierKind

# The vocabulary itself and not the remote context, so that no reader has to fetch anything.
_CONTEXT: dict[str, Any] = {
    "@vocab": "https://schema.org/",
    "url": {"@type": "@id"},
    "sameAs": {"@type": "@id"},
    "additionalType": {"@type": "@id"},
}
# A relation that has no property of its own here is told as a further one, named as PIDINST does.
_RELATIONS = {
    RelationType.HAS_COMPONENT: "hasPart",
    RelationType.IS_COMPONENT_OF: "isPartOf",
    RelationType.IS_DESCRIBED_BY: "subjectOf",
}

Node = dict[str, Any]


def schema_org(published: PublishedRecord) -> Node:
    """The record as one node, with its context."""
    record = published.record
    makers = [
        _agent(
            each.manufacturer_name,
            each.manufacturer_identifier and each.manufacturer_identifier.manufacturer_identifier,
            each.manufacturer_identifier and each.manufacturer_identifier.manufacturer_identifier_type,
        )
        for each in record.manufacturers
    ] or [_agent(UNAVAILABLE, None, None)]
    publisher = published.publisher
    known = publisher.identifier
    told: Node = {
        "@context": _CONTEXT,
        "@id": published.uri,
        "@type": ["CreativeWork", "IndividualProduct"],
        "name": record.name,
        "description": described(published),
        "creativeWorkStatus": "Withdrawn" if published.withdrawn else None,
        "url": record.landing_page,
        "sameAs": [
            url
            for each in record.related_identifiers
            if each.relation_type is RelationType.IS_IDENTICAL_TO
            and (url := related_url(each.related_identifier_type, each.related_identifier))
        ],
        "identifier": list(_identifiers(published)),
        "serialNumber": [
            each.alternate_identifier
            for each in record.alternate_identifiers
            if each.alternate_identifier_type is AlternateIdentifierKind.SERIAL_NUMBER
        ],
        "creator": makers,
        "manufacturer": makers,
        "owner": [
            _agent(
                each.owner_name,
                each.owner_identifier and each.owner_identifier.owner_identifier,
                each.owner_identifier and each.owner_identifier.owner_identifier_type,
                email=each.owner_contact,
            )
            for each in record.owners
        ],
        "publisher": _agent(publisher.name, known and known.value, known and known.scheme),
        "datePublished": f"{published.publication_year:04}",
        "license": LICENSE,
        "sdLicense": LICENSE,
        "model": _model(record, published.further_model_identifier),
        "additionalType": _type_urls(record),
        "category": [
            _term(
                each.instrument_type_name,
                each.instrument_type_identifier and each.instrument_type_identifier.instrument_type_identifier,
                each.instrument_type_identifier and each.instrument_type_identifier.instrument_type_identifier_type,
            )
            for each in record.instrument_types
        ],
        "keywords": keywords(record),
        "about": [
            _term(
                each.subject_name,
                each.subject_identifier and each.subject_identifier.subject_identifier,
                each.subject_identifier and each.subject_identifier.subject_identifier_type,
            )
            for each in record.subjects
        ],
        "additionalProperty": list(_properties(published)),
        **{name: list(_related(record.related_identifiers, relation)) for relation, name in _RELATIONS.items()},
    }
    return {name: value for name, value in told.items() if value}


def _agent(name: str, identifier: str | None, scheme: str | None, *, email: str | None = None) -> Node:
    node: Node = {"@type": "Person" if scheme == "ORCID" else "Organization", "name": name}
    if email is not None:
        node["email"] = email
    if identifier is not None and scheme is not None:
        node["identifier"] = _value(scheme, identifier)
        if (url := agent_url(scheme, identifier)) is not None and as_url(url):
            node = {"@id": url, **node, "sameAs": url}
    return node


def _value(kind: str, value: str, **further: Any) -> Node:
    node = {"@type": "PropertyValue", "propertyID": kind, "value": value, **further}
    return {name: each for name, each in node.items() if each is not None}


def _identifiers(published: PublishedRecord) -> Iterator[Node]:
    own = published.record.identifier
    yield _value(own.identifier_type, own.identifier, url=published.uri if published.resolves else None)
    for each in published.record.alternate_identifiers:
        yield _value(
            each.alternate_identifier_type.value, each.alternate_identifier, name=each.alternate_identifier_name
        )


def _model(record: PidinstRecord, further: AgentIdentifier | None) -> Node | None:
    if record.model is None:
        return None
    node: Node = {"@type": "ProductModel", "name": record.model.model_name}
    known = record.model.model_identifier
    identifiers = [] if known is None else [_value(known.model_identifier_type, known.model_identifier)]
    if further is not None:
        identifiers.append(_value(further.scheme, further.value))
    if identifiers:
        node["identifier"] = identifiers if further is not None else identifiers[0]
    return node


def _type_urls(record: PidinstRecord) -> list[str]:
    known = [each.instrument_type_identifier for each in record.instrument_types]
    return [url for each in known if each and (url := as_url(each.instrument_type_identifier))]


def _term(name: str, identifier: str | None, scheme: str | None) -> Node:
    node = {
        "@type": "DefinedTerm",
        "name": name,
        "termCode": identifier,
        "inDefinedTermSet": scheme,
        "url": identifier and as_url(identifier),
    }
    return {key: value for key, value in node.items() if value is not None}


def _properties(published: PublishedRecord) -> Iterator[Node]:
    record = published.record
    for date in record.dates:
        yield _value(date.date_type, date.date)
    known = {each.name for each in published.measured_quantities if each.identifier}
    for each in published.measured_quantities:
        if each.identifier:
            defined = _term(each.name, each.identifier, each.scheme)
            yield _value("MeasuredVariable", each.name, valueReference=defined)
    for name in record.measured_variables:
        if name not in known:
            yield _value("MeasuredVariable", name)
    for each in record.related_identifiers:
        if each.relation_type not in _RELATIONS:
            yield _other_relation(each)
    for each in record.measurement_techniques:
        term = each.measurement_technique_identifier
        defined = term and _term(
            each.measurement_technique_name,
            term.measurement_technique_identifier,
            term.measurement_technique_identifier_type,
        )
        yield _value("MeasurementTechnique", each.measurement_technique_name, valueReference=defined)


def _other_relation(each: RelatedIdentifier) -> Node:
    scheme, value = each.related_identifier_type, each.related_identifier
    # The link of a DOI or a Handle says what it is.
    kind = _value(scheme.value, value) if identifier_url(scheme, value) is None else None
    url = related_url(scheme, value)
    return _value(each.relation_type, value, name=each.related_identifier_name, url=url, valueReference=kind)


def _related(all_related: Iterable[RelatedIdentifier], relation: RelationType) -> Iterator[Node]:
    kinds = "CreativeWork" if relation is RelationType.IS_DESCRIBED_BY else ["CreativeWork", "IndividualProduct"]
    for each in all_related:
        if each.relation_type == relation:
            node: Node = {
                "@id": related_url(each.related_identifier_type, each.related_identifier),
                "@type": kinds,
                "name": each.related_identifier_name,
                "identifier": _value(each.related_identifier_type.value, each.related_identifier),
            }
            yield {name: value for name, value in node.items() if value is not None}


def _loss(published: PublishedRecord) -> tuple[Loss, ...]:
    version = Loss("SchemaVersion", "schema.org has no place for the version of the PIDINST schema.")
    return (version, *unknown(published, owner=False))


SCHEMA_ORG = Form(
    name="schema-org.jsonld",
    title="schema.org, JSON-LD",
    media_type="application/ld+json",
    asked_for_as=("application/ld+json", "application/vnd.schemaorg.ld+json"),
    render=lambda published: as_json(schema_org(published)),
    loss=_loss,
)
