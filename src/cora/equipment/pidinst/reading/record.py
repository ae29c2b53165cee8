"""What a record of others says, whatever it was written in: the properties of PIDINST, as text and not yet checked."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from types import MappingProxyType

from cora.equipment.pidinst.reading.parts import NotUnderstood, Spot


class Dialect(StrEnum):
    """What a record is written in (the letters are those of the reference, section 1.4)."""

    PIDINST_XML = "PIDINST XML"  # A
    PIDINST_JSON = "PIDINST JSON"  # B
    HANDLE = "Handle record"  # C
    B2INST = "B2INST"  # D
    SMS = "SMS"  # E
    INSTRUMENTDB = "instrumentdb"  # F
    LINKML = "PIDINST LinkML"  # G
    DATACITE_XML = "DataCite XML"
    DATACITE_JSON = "DataCite JSON"


@dataclass(frozen=True)
class Code:
    """An identifier and its type as the record names it; None where it names none."""

    value: str
    scheme: str | None


@dataclass(frozen=True)
class Thing:
    """Something with a name and perhaps an identifier: an owner (with its contact), a maker, a model, a term."""

    spot: Spot
    name: str | None
    code: Code | None = None
    contact: str | None = None


@dataclass(frozen=True)
class Dated:
    """A day: `Commissioned` or `DeCommissioned`."""

    spot: Spot
    kind: str
    day: date


@dataclass(frozen=True)
class Related:
    """A relation, named as PIDINST does where it has a name for it, to what has an identifier."""

    spot: Spot
    relation: str
    code: Code
    name: str | None = None


@dataclass(frozen=True)
class Alternate:
    """Another identifier of the instrument. `kind` is one of PIDINST 13.1; `name` says what an `Other` is."""

    spot: Spot
    kind: str
    value: str
    name: str | None = None


@dataclass(frozen=True)
class ImportedRecord:
    """A record as it was understood. `spots` are those of the properties that are one value."""

    spot: Spot
    dialect: Dialect
    identifier: Code | None = None
    landing_page: str | None = None
    name: str | None = None
    owners: tuple[Thing, ...] = ()
    manufacturers: tuple[Thing, ...] = ()
    model: Thing | None = None
    description: str | None = None
    instrument_types: tuple[Thing, ...] = ()
    measured_variables: tuple[Thing, ...] = ()
    measurement_techniques: tuple[Thing, ...] = ()
    dates: tuple[Dated, ...] = ()
    related: tuple[Related, ...] = ()
    alternates: tuple[Alternate, ...] = ()
    subjects: tuple[Thing, ...] = ()
    spots: Mapping[str, Spot] = field(default_factory=lambda: MappingProxyType({}))
    not_understood: tuple[NotUnderstood, ...] = ()

    def at(self, name: str) -> Spot:
        """Where a property stands, else the record."""
        return self.spots.get(name, self.spot)
