"""What a form of a record is, and what may be lost in one."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from cora.equipment.pidinst.published import UNAVAILABLE, PublishedRecord


@dataclass(frozen=True)
class Loss:
    """A property of a record that a form has no place for, or tells less exactly; named as PIDINST does."""

    property: str
    detail: str


@dataclass(frozen=True)
class Form:
    """One way to write a record down.

    `name` ends the URL of the form. It goes out as `media_type`; `asked_for_as`
    are the media types by which content negotiation finds it, the best first.
    """

    name: str
    title: str
    media_type: str
    asked_for_as: tuple[str, ...]
    render: Callable[[PublishedRecord], bytes]
    loss: Callable[[PublishedRecord], tuple[Loss, ...]]


def unknown(published: PublishedRecord, *, owner: bool = True) -> Iterator[Loss]:
    """The mandatory properties for which a code stands. Not every form asks for an owner."""
    says = f"It is unknown and mandatory here: {UNAVAILABLE} stands for it."
    if owner and not published.record.owners:
        yield Loss("Owner", says)
    if not published.record.manufacturers:
        yield Loss("Manufacturer", says)


def untold(published: PublishedRecord, told: frozenset[str], says: str) -> tuple[Loss, ...]:
    """All that the record says but these properties, for a form that takes few."""
    return tuple(Loss(name, says) for name in _said(published) if name not in told)


def _said(published: PublishedRecord) -> Iterator[str]:
    record = published.record
    yield "SchemaVersion"
    yield "Name"
    if record.manufacturers:
        yield "Manufacturer"
    if record.landing_page != published.uri:
        yield "LandingPage"
    if record.owners:
        yield "Owner"
    if any(each.owner_contact for each in record.owners):
        yield "ownerContact"
    if any(each.owner_identifier for each in record.owners):
        yield "ownerIdentifier"
    if any(each.manufacturer_identifier for each in record.manufacturers):
        yield "manufacturerIdentifier"
    if record.model is not None:
        yield "Model"
    if record.description:
        yield "Description"
    if record.instrument_types:
        yield "InstrumentType"
    if any(each.instrument_type_identifier for each in record.instrument_types):
        yield "instrumentTypeIdentifier"
    if record.measured_variables:
        yield "MeasuredVariable"
    if any(each.identifier for each in published.measured_quantities):
        yield "measuredQuantityIdentifier"
    if record.dates:
        yield "Date"
    if record.related_identifiers:
        yield "RelatedIdentifier"
    if record.alternate_identifiers:
        yield "AlternateIdentifier"
    if record.measurement_techniques:
        yield "MeasurementTechnique"
    if any(each.measurement_technique_identifier for each in record.measurement_techniques):
        yield "measurementTechniqueIdentifier"
    if record.subjects:
        yield "Subject"
    if any(each.subject_identifier for each in record.subjects):
        yield "subjectIdentifier"
