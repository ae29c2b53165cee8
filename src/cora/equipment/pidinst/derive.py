"""How an asset and a fixture become a PIDINST record: the table of domain.md 4.1, row by row.

Pure: everything is in what was gathered.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import NamedTuple, TypeVar
from uuid import UUID

from cora.equipment.aggregates.asset.state import Asset
from cora.equipment.aggregates.facility import Facility
from cora.equipment.aggregates.family import Family
from cora.equipment.aggregates.fixture import Fixture
from cora.equipment.aggregates.model import Model
from cora.equipment.aggregates.persistent_id import PersistentId
from cora.equipment.assigned_identifier import AssignedIdentifier
from cora.equipment.pidinst import record as pidinst
from cora.equipment.pidinst.gather import Component, Compound, Instrument, Surroundings
from cora.equipment.pidinst.published import UNAVAILABLE, UNKNOWN_PUBLISHER, PublishedRecord, Publisher
from cora.equipment.related_identifier import RelatedIdentifier, RelatedIdentifierScheme, RelationType, related_key
from cora.equipment.values import AgentIdentifier, Drawing, DrawingSystem, Manufacturer, Owner, Term, folded, normal_doi

T = TypeVar("T")


class _Link(NamedTuple):
    """Another record whose identifier the world may see."""

    relation: RelationType
    identifier: PersistentId
    name: str


def asset_record(instrument: Instrument, surroundings: Surroundings, public_url: str) -> pidinst.PidinstRecord:
    """The record of an asset."""
    asset = instrument.asset
    links = _links_of_asset(surroundings)
    missing = missing_of_asset(instrument)
    return pidinst.PidinstRecord(
        identifier=_identifier(asset.id, asset.persistent_id),
        landing_page=landing_page(public_url, asset.id),
        name=asset.name,
        owners=_owners(instrument),
        manufacturers=_manufacturers(instrument),
        model=_model_of_asset(instrument),
        description=asset.description,
        instrument_types=_distinct(_instrument_type(family) for family in instrument.families),
        measured_variables=_distinct(_measured_variables(instrument)),
        dates=_dates(asset.commissioned_at, asset.decommissioned_at),
        related_identifiers=_each_relation(
            (*map(_related, links), *_described_by(asset.drawing), *map(_stated, asset.related_identifiers))
        ),
        alternate_identifiers=_alternate_identifiers(asset),
        measurement_techniques=_distinct(_techniques(instrument)),
        subjects=tuple(map(_subject, asset.subjects)),
        complete=not missing,
        missing=missing,
        test=_shows_test(asset.persistent_id, links),
    )


def fixture_record(compound: Compound, public_url: str) -> pidinst.PidinstRecord:
    """The record of a fixture."""
    fixture, instruments = compound.fixture, [component.instrument for component in compound.components]
    links = _links(RelationType.HAS_COMPONENT, [instrument.asset for instrument in instruments], compound.public)
    missing = missing_of_fixture(compound)
    return pidinst.PidinstRecord(
        identifier=_identifier(fixture.id, fixture.persistent_id),
        landing_page=landing_page(public_url, fixture.id),
        name=fixture.name,
        owners=_each_owner(instruments),
        manufacturers=_distinct(maker for instrument in instruments for maker in _manufacturers(instrument)),
        model=pidinst.Model(
            model_name=compound.assembly.name,
            model_identifier=pidinst.ModelIdentifier(
                model_identifier=fixture.assembly_content_hash, model_identifier_type="SHA-256"
            ),
        ),
        description=fixture.description or "\n".join(map(_component_line, compound.components)) or None,
        instrument_types=() if compound.family is None else (_instrument_type(compound.family),),
        measured_variables=_distinct(name for instrument in instruments for name in _measured_variables(instrument)),
        dates=_dates(fixture.registered_at, fixture.retired_at),
        related_identifiers=_each_relation(map(_related, links)),
        measurement_techniques=_distinct(each for instrument in instruments for each in _techniques(instrument)),
        complete=not missing,
        missing=missing,
        test=_shows_test(fixture.persistent_id, links),
    )


def published_record(
    record: pidinst.PidinstRecord,
    instruments: Iterable[Instrument],
    facility: Facility | None,
    subject: Asset | Fixture,
    known: PersistentId | None,
) -> PublishedRecord:
    """A record as it is published: by the facility, since its identifier was reserved or, before, since it began."""
    instruments = tuple(instruments)
    models = (each.model for each in instruments if each.model is not None and each.asset.id == subject.id)
    assigned = subject.persistent_id
    return PublishedRecord(
        record=record,
        publisher=UNKNOWN_PUBLISHER if facility is None else Publisher(facility.name, facility.identifier),
        publication_year=(known.reserved_at if known else subject.registered_at).astimezone(UTC).year,
        resolves=assigned is not None and not assigned.test,
        measured_quantities=_distinct(
            term for instrument in instruments for family in instrument.families for term in family.measured_variables
        ),
        further_model_identifier=next(map(_further_identifier, models), None),
        withdrawn=known.withdrawal.reason if known and known.withdrawal else None,
    )


def missing_of_asset(instrument: Instrument) -> tuple[pidinst.Missing, ...]:
    """What is mandatory and cannot be told of an asset. Needs no families."""
    asset = instrument.asset
    return tuple(
        _missing(
            has_owner=_has_owner(instrument),
            owner_remedy=f"add an owner to asset {asset.id} (add_asset_owner).",
            has_manufacturer=instrument.model is not None,
            manufacturer_remedy=(
                f"bind a model to asset {asset.id}; "
                "an instrument made here gets a model whose manufacturer is the facility."
            ),
        )
    )


def missing_of_fixture(compound: Compound) -> tuple[pidinst.Missing, ...]:
    """What is mandatory and cannot be told of a fixture. Needs no families."""
    assets = sorted((component.instrument.asset for component in compound.components), key=lambda asset: str(asset.id))
    instruments = [component.instrument for component in compound.components]
    no_asset = "it comes from bound assets, and the fixture binds none; register a fixture that does."
    return tuple(
        _missing(
            has_owner=any(map(_has_owner, instruments)),
            owner_remedy=f"add an owner to asset {assets[0].id} (add_asset_owner)." if assets else no_asset,
            has_manufacturer=any(instrument.model is not None for instrument in instruments),
            manufacturer_remedy=(
                f"no bound asset has a model; bind one to asset {assets[0].id}." if assets else no_asset
            ),
        )
    )


def landing_page(public_url: str, id: UUID) -> str:
    """The URL that an identifier leads to: short, and the same for ever."""
    return f"{public_url.rstrip('/')}/id/{id}"


def _missing(
    *, has_owner: bool, owner_remedy: str, has_manufacturer: bool, manufacturer_remedy: str
) -> Iterator[pidinst.Missing]:
    if not has_owner:
        yield pidinst.Missing("Owner", owner_remedy)
    if not has_manufacturer:
        yield pidinst.Missing("Manufacturer", manufacturer_remedy)


def _identifier(id: UUID, assigned: AssignedIdentifier | None) -> pidinst.Identifier:
    if assigned is None:
        return pidinst.Identifier(identifier=id.urn, identifier_type="URN")
    return pidinst.Identifier(identifier=assigned.value, identifier_type=assigned.scheme)


def _has_owner(instrument: Instrument) -> bool:
    return instrument.responsible is not None or instrument.facility is not None


def _owners(instrument: Instrument) -> tuple[pidinst.Owner, ...]:
    if instrument.responsible is not None:
        return tuple(_owner(each, instrument) for each in instrument.responsible.owners)
    facility: Facility | None = instrument.facility
    return () if facility is None else (_owner(facility, instrument),)


def _each_owner(instruments: Iterable[Instrument]) -> tuple[pidinst.Owner, ...]:
    """Each owner once, with the first of its addresses."""
    found: dict[tuple[str, pidinst.OwnerIdentifier | None], pidinst.Owner] = {}
    for owner in (owner for instrument in instruments for owner in _owners(instrument)):
        known = found.setdefault((owner.owner_name, owner.owner_identifier), owner)
        if known.owner_contact is None:
            found[owner.owner_name, owner.owner_identifier] = owner
    return tuple(found.values())


def _owner(of: Owner | Facility, instrument: Instrument) -> pidinst.Owner:
    identifier = of.identifier
    return pidinst.Owner(
        owner_name=of.name,
        owner_contact=instrument.addresses.get(of.contact_id) if of.contact_id else None,
        owner_identifier=identifier
        and pidinst.OwnerIdentifier(owner_identifier=identifier.value, owner_identifier_type=identifier.scheme),
    )


def _manufacturers(instrument: Instrument) -> tuple[pidinst.Manufacturer, ...]:
    return () if instrument.model is None else tuple(map(_manufacturer, instrument.model.manufacturers))


def _manufacturer(maker: Manufacturer) -> pidinst.Manufacturer:
    identifier = maker.identifier and pidinst.ManufacturerIdentifier(
        manufacturer_identifier=maker.identifier.value, manufacturer_identifier_type=maker.identifier.scheme
    )
    return pidinst.Manufacturer(manufacturer_name=maker.name, manufacturer_identifier=identifier)


def _model_of_asset(instrument: Instrument) -> pidinst.Model | None:
    model = instrument.model
    if model is None:
        return None
    value, kind = model.part_number, "PartNumber"
    if not _has_part_number(model):
        if model.identifier is None:
            # A model that is there for its manufacturer alone tells nothing: PIDINST can do without.
            return None if model.name == UNAVAILABLE else pidinst.Model(model_name=model.name)
        value, kind = model.identifier.value, model.identifier.scheme
    return pidinst.Model(
        model_name=model.name,
        model_identifier=pidinst.ModelIdentifier(model_identifier=value, model_identifier_type=kind),
    )


def _has_part_number(model: Model) -> bool:
    """A model without a part number has its name, its identifier or the code for the unknown (`:unav 2`, where there
    are several) in place of one, which would be told as what it is not."""
    number = folded(model.part_number)
    others = (model.name, model.identifier.value if model.identifier else "")
    return number not in map(folded, others) and number.partition(" ")[0] != UNAVAILABLE


def _further_identifier(model: Model) -> AgentIdentifier | None:
    """The identifier of a model that has a part number too."""
    return model.identifier if _has_part_number(model) else None


def _component_line(component: Component) -> str:
    instrument = component.instrument
    model = instrument.model
    made = ""
    if model is not None:
        # Many models are called by their maker's name first.
        is_named = model.name.casefold().startswith(model.manufacturer.name.casefold())
        made = f" ({model.name})" if is_named else f" ({model.manufacturer.name} {model.name})"
    return f"{component.slot_name}: {instrument.asset.name}{made}"


def _instrument_type(family: Family) -> pidinst.InstrumentType:
    name, identifier, scheme = family.name, family.id.urn, "URN"
    if family.term is not None:
        name, identifier, scheme = family.term.name, family.term.identifier, family.term.scheme
    return pidinst.InstrumentType(
        instrument_type_name=name,
        instrument_type_identifier=pidinst.InstrumentTypeIdentifier(
            instrument_type_identifier=identifier, instrument_type_identifier_type=scheme
        )
        if identifier and scheme
        else None,
    )


def _measured_variables(instrument: Instrument) -> Iterator[str]:
    for family in instrument.families:
        for term in family.measured_variables:
            yield term.name


def _techniques(instrument: Instrument) -> Iterator[pidinst.MeasurementTechnique]:
    for family in instrument.families:
        yield from map(_technique, family.measurement_techniques)


def _technique(term: Term) -> pidinst.MeasurementTechnique:
    return pidinst.MeasurementTechnique(
        measurement_technique_name=term.name,
        measurement_technique_identifier=pidinst.MeasurementTechniqueIdentifier(
            measurement_technique_identifier=term.identifier, measurement_technique_identifier_type=term.scheme
        )
        if term.identifier and term.scheme
        else None,
    )


def _subject(term: Term) -> pidinst.Subject:
    return pidinst.Subject(
        subject_name=term.name,
        subject_identifier=pidinst.SubjectIdentifier(
            subject_identifier=term.identifier, subject_identifier_type=term.scheme
        )
        if term.identifier and term.scheme
        else None,
    )


def _dates(commissioned_at: datetime, decommissioned_at: datetime | None) -> tuple[pidinst.Date, ...]:
    began = pidinst.Date(date=_day(commissioned_at), date_type="Commissioned")
    if decommissioned_at is None:
        return (began,)
    return began, pidinst.Date(date=_day(decommissioned_at), date_type="DeCommissioned")


def _day(moment: datetime) -> str:
    return moment.astimezone(UTC).date().isoformat()


def _links_of_asset(surroundings: Surroundings) -> list[_Link]:
    public = surroundings.public
    wholes = [whole for whole in (surroundings.parent, surroundings.fixture) if whole is not None]
    return _links(RelationType.IS_COMPONENT_OF, wholes, public) + _links(
        RelationType.HAS_COMPONENT, surroundings.children, public
    )


def _links(
    relation: RelationType, others: Iterable[Asset | Fixture], public: Mapping[UUID, PersistentId]
) -> list[_Link]:
    # A draft resolves nowhere yet: until it is public the other is told as one without an identifier.
    return [_Link(relation, public[other.id], other.name) for other in others if other.id in public]


def _related(link: _Link) -> pidinst.RelatedIdentifier:
    return pidinst.RelatedIdentifier(
        related_identifier=link.identifier.value,
        related_identifier_type=RelatedIdentifierScheme(link.identifier.scheme),
        relation_type=link.relation,
        related_identifier_name=link.name,
    )


def _described_by(drawing: Drawing | None) -> Iterator[pidinst.RelatedIdentifier]:
    doi = doi_of(drawing)
    if doi is not None:
        yield pidinst.RelatedIdentifier(
            related_identifier=doi,
            related_identifier_type=RelatedIdentifierScheme.DOI,
            relation_type=RelationType.IS_DESCRIBED_BY,
        )


def _stated(related: RelatedIdentifier) -> pidinst.RelatedIdentifier:
    return pidinst.RelatedIdentifier(
        related_identifier=related.value,
        related_identifier_type=related.scheme,
        relation_type=related.relation,
        related_identifier_name=related.name,
    )


def _each_relation(all_related: Iterable[pidinst.RelatedIdentifier]) -> tuple[pidinst.RelatedIdentifier, ...]:
    """Each relation to an identifier once, as it comes first; with the first name that is told of it."""
    found: dict[tuple[str, str, str], pidinst.RelatedIdentifier] = {}
    for each in all_related:
        key = related_key(each.relation_type, each.related_identifier_type, each.related_identifier)
        known = found.setdefault(key, each)
        if known.related_identifier_name is None and each.related_identifier_name is not None:
            found[key] = known.model_copy(update={"related_identifier_name": each.related_identifier_name})
    return tuple(found.values())


def doi_of(drawing: Drawing | None) -> str | None:
    """The DOI of a drawing. What does not parse is not told to the world as one."""
    if drawing is not None and drawing.system is DrawingSystem.DOI:
        with suppress(ValueError):
            return normal_doi(drawing.number)
    return None


def _alternate_identifiers(asset: Asset) -> tuple[pidinst.AlternateIdentifier, ...]:
    return tuple(
        pidinst.AlternateIdentifier(
            alternate_identifier=each.value,
            alternate_identifier_type=each.kind,
            alternate_identifier_name=each.name,
        )
        for each in asset.alternate_identifiers
    )


def _shows_test(assigned: AssignedIdentifier | None, links: Iterable[_Link]) -> bool:
    return (assigned is not None and assigned.test) or any(link.identifier.test for link in links)


def _distinct(values: Iterable[T]) -> tuple[T, ...]:
    """Each value once, in the order of their first appearance."""
    return tuple(dict.fromkeys(values))
