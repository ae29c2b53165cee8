"""A PIDINST 1.0 record, in the JSON form that the working group's schema describes.

Property names are those of `schemas/pidinst-schema-1_0.schema.json`. `ownerContact`
is there only where CORA_PUBLISH_CONTACTS says so: these records are open to
everybody. Beside the properties of PIDINST 1.0 stand those of the draft of 1.1
(`measurementTechniques`, `subjects`, and related identifiers of the type SWHID),
and what cora says of the record: `complete`, `missing`, `test`.
"""

from dataclasses import dataclass
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from cora.equipment.related_identifier import RelatedIdentifierScheme, RelationType
from cora.equipment.values import AlternateIdentifierKind

DateType = Literal["Commissioned", "DeCommissioned"]


@dataclass(frozen=True)
class Missing:
    """A mandatory property that cannot be told, and what to do about it."""

    property: str
    detail: str


def _is_absent(value: object) -> bool:
    return value is None


_ABSENT: Any = Field(default=None, exclude_if=_is_absent)


class _Part(BaseModel):
    """A property that is absent is left out, never shown as null."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=True, serialize_by_alias=True
    )


class Identifier(_Part):
    """1: the persistent identifier, or `urn:uuid:` and the id of the record while there is none."""

    identifier: str
    identifier_type: str


class OwnerIdentifier(_Part):
    """5.3: an identifier of the owner, such as a ROR."""

    owner_identifier: str
    owner_identifier_type: str


class Owner(_Part):
    """5: an institution responsible for the instrument."""

    owner_name: str
    owner_contact: str | None = Field(
        default=None, exclude_if=_is_absent, description="An e-mail address, where the server publishes them."
    )
    owner_identifier: OwnerIdentifier | None = _ABSENT


class ManufacturerIdentifier(_Part):
    """6.2: an identifier of the manufacturer."""

    manufacturer_identifier: str
    manufacturer_identifier_type: str


class Manufacturer(_Part):
    """6: who made the instrument."""

    manufacturer_name: str
    manufacturer_identifier: ManufacturerIdentifier | None = _ABSENT


class ModelIdentifier(_Part):
    """7.2: the part number of a model, else another identifier of it, or the content hash of an assembly."""

    model_identifier: str
    model_identifier_type: str


class Model(_Part):
    """7: the model of an instrument, or the assembly a fixture was built from."""

    model_name: str
    model_identifier: ModelIdentifier | None = _ABSENT


class InstrumentTypeIdentifier(_Part):
    """9.2: where the type is defined."""

    instrument_type_identifier: str
    instrument_type_identifier_type: str


class InstrumentType(_Part):
    """9: what the instrument is, whoever made it."""

    instrument_type_name: str
    instrument_type_identifier: InstrumentTypeIdentifier | None = _ABSENT


class Date(_Part):
    """11: an ISO 8601 date, in UTC."""

    date: str
    date_type: DateType


class RelatedIdentifier(_Part):
    """12: another instrument, a document or an activity that has an identifier."""

    related_identifier: str
    related_identifier_type: RelatedIdentifierScheme
    relation_type: RelationType
    related_identifier_name: str | None = _ABSENT


class AlternateIdentifier(_Part):
    """13: another identifier of the same instrument."""

    alternate_identifier: str
    alternate_identifier_type: AlternateIdentifierKind
    alternate_identifier_name: str | None = _ABSENT


class MeasurementTechniqueIdentifier(_Part):
    """14.2 (PIDINST 1.1, draft): where the technique is defined."""

    measurement_technique_identifier: str
    measurement_technique_identifier_type: str


class MeasurementTechnique(_Part):
    """14 (PIDINST 1.1, draft): a technique the instrument serves."""

    measurement_technique_name: str
    measurement_technique_identifier: MeasurementTechniqueIdentifier | None = _ABSENT


class SubjectIdentifier(_Part):
    """16.2 (PIDINST 1.1, draft): where the subject is defined."""

    subject_identifier: str
    subject_identifier_type: str


class Subject(_Part):
    """16 (PIDINST 1.1, draft): a keyword under which the instrument is found."""

    subject_name: str
    subject_identifier: SubjectIdentifier | None = _ABSENT


class PidinstRecord(_Part):
    """What the world is told about an instrument.

    `complete` is false while a mandatory property is `missing`; such a record
    is shown but cannot be given an identifier. `test` is true when the record
    shows an identifier that was made for trying things out and resolves nowhere.
    """

    identifier: Identifier
    schema_version: Literal["1.0"] = "1.0"
    landing_page: str
    name: str
    owners: tuple[Owner, ...]
    manufacturers: tuple[Manufacturer, ...]
    model: Model | None = _ABSENT
    description: str | None = _ABSENT
    instrument_types: tuple[InstrumentType, ...] = ()
    measured_variables: tuple[str, ...] = ()
    dates: tuple[Date, ...] = ()
    related_identifiers: tuple[RelatedIdentifier, ...] = ()
    alternate_identifiers: tuple[AlternateIdentifier, ...] = ()
    measurement_techniques: tuple[MeasurementTechnique, ...] = ()
    subjects: tuple[Subject, ...] = ()
    complete: bool
    missing: tuple[Missing, ...] = ()
    test: bool = Field(description="Whether an identifier is shown that was made for trying things out.")
