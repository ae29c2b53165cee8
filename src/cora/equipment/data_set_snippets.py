"""What to write into the metadata of a data set about the instruments that made it.

Only identifiers that can be cited are written: one of the stub minter resolves nowhere.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import ConfigDict, alias_generators

from cora.equipment.assigned_identifier import AssignedIdentifier
from cora.equipment.instruments import Instrument
from cora.equipment.values import Affordance, IdentifierScheme

_RESOLVERS = {IdentifierScheme.DOI: "https://doi.org/", IdentifierScheme.HANDLE: "https://hdl.handle.net/"}

# The first that fits names the class of the group. What fits none is described in a collection, which NeXus does not
# check.
_NEXUS_CLASSES = (
    ("NXdetector", {Affordance.IMAGEABLE}),
    ("NXattenuator", {Affordance.ATTENUABLE}),
    ("NXpositioner", {Affordance.ROTATABLE, Affordance.TRANSLATABLE, Affordance.POSABLE, Affordance.INDEXABLE}),
    ("NXsensor", {Affordance.REPORTABLE}),
)
_NO_NEXUS_CLASS = "NXcollection"
_DETECTOR = "NXdetector"

_CAMEL = ConfigDict(alias_generator=alias_generators.to_camel, serialize_by_alias=True)


@dataclass(frozen=True)
class Cited:
    """Something a data set can name, and can cite if it has an identifier that is not for tests."""

    name: str
    identifier: AssignedIdentifier | None


@dataclass(frozen=True)
class RelatedIdentifier:
    """An entry of `relatedIdentifiers` in the DataCite record of the data set."""

    __pydantic_config__ = _CAMEL
    related_identifier: str
    related_identifier_type: IdentifierScheme
    relation_type: Literal["IsCollectedBy"] = "IsCollectedBy"
    resource_type_general: Literal["Instrument"] = "Instrument"


@dataclass(frozen=True)
class DataCiteSnippet:
    """The part of a DataCite record that says which instruments collected the data."""

    __pydantic_config__ = _CAMEL
    related_identifiers: tuple[RelatedIdentifier, ...]


@dataclass(frozen=True)
class SciCatSnippet:
    """Members of a SciCat data set. `instrumentIds` are right where the catalogue names its instruments by persistent
    identifier."""

    __pydantic_config__ = _CAMEL
    instrument_ids: tuple[str, ...]
    scientific_metadata: dict[str, Any]


@dataclass(frozen=True)
class Snippets:
    """Ready to be copied. `nexus` is a tree of groups, with `@` before attributes, below NXentry; `cif` are items of
    the core dictionary. `notes` say what was left out."""

    datacite: DataCiteSnippet
    nexus: dict[str, Any]
    cif: str
    scicat: SciCatSnippet
    notes: tuple[str, ...]


def snippets(instruments: Sequence[Instrument], whole: Cited | None = None) -> Snippets:
    """What to write about these instruments, and the fixture that they are part of."""
    named = [*([whole] if whole else []), *(Cited(each.path, each.persistent_id) for each in instruments)]
    cited = [found for each in named if (found := citable(each.identifier)) is not None]
    tests = [each.name for each in named if each.identifier is not None and each.identifier.test]
    return Snippets(
        datacite=DataCiteSnippet(tuple(RelatedIdentifier(each.value, each.scheme) for each in cited)),
        nexus=_nexus(instruments, whole),
        cif=_cif(instruments, whole),
        scicat=SciCatSnippet(tuple(map(resolvable, cited)), {"instruments": _described(instruments)}),
        notes=tuple(f"{name} has a test identifier, which must not be cited: it was left out." for name in tests),
    )


def citable(identifier: AssignedIdentifier | None) -> AssignedIdentifier | None:
    """The identifier, unless it is one for tests."""
    return None if identifier is None or identifier.test else identifier


def resolvable(identifier: AssignedIdentifier) -> str:
    """The link that leads to the landing page."""
    return f"{_RESOLVERS[identifier.scheme]}{identifier.value}"


def _nexus(instruments: Iterable[Instrument], whole: Cited | None) -> dict[str, Any]:
    group: dict[str, Any] = {"@NX_class": "NXinstrument"}
    if whole is not None:
        group |= {"name": whole.name, **_nexus_identifier(whole.identifier)}
    for each in instruments:
        name = base = re.sub("[^A-Za-z0-9_]+", "_", each.role).strip("_") or "instrument"
        number = 1
        while name in group:
            number += 1
            name = f"{base}_{number}"
        group[name] = _nexus_group(each)
    return {"instrument": group}


def _nexus_group(instrument: Instrument) -> dict[str, Any]:
    """The group of an instrument: `identifierNAME` of NXobject with its type, and NXfabrication."""
    group: dict[str, Any] = {"@NX_class": nexus_class(instrument), "name": instrument.name}
    group |= _nexus_identifier(instrument.persistent_id)
    fabrication: dict[str, Any] = {}
    if instrument.model:
        fabrication = {"vendor": instrument.model.manufacturer, "model": instrument.model.part_number}
    serial = next((each.value for each in instrument.alternate_identifiers if each.kind == "SerialNumber"), None)
    if serial is not None:
        fabrication["serial_number"] = serial
    if fabrication:
        group["fabrication"] = {"@NX_class": "NXfabrication", **fabrication}
    return group


def _nexus_identifier(identifier: AssignedIdentifier | None) -> dict[str, Any]:
    if (cited := citable(identifier)) is None:
        return {}
    field = f"identifier_{cited.scheme.lower()}"
    return {field: cited.value, f"{field}@type": cited.scheme.value}


def nexus_class(instrument: Instrument) -> str:
    """The NeXus base class of an instrument, by what its families let one do."""
    affordances = {each for family in instrument.families for each in family.affordances}
    return next((name for name, wanted in _NEXUS_CLASSES if wanted & affordances), _NO_NEXUS_CLASS)


def _cif(instruments: Iterable[Instrument], whole: Cited | None) -> str:
    """Free text of two items: the core dictionary has none for the identifier of an instrument."""
    device: list[str] = []
    detector: list[str] = []
    if whole is not None:
        device.append(_line(whole.name, whole.identifier))
    for each in instruments:
        made = f", {each.model.manufacturer} {each.model.part_number}" if each.model else ""
        line = _line(f"{each.role}: {each.name}{made}", each.persistent_id)
        (detector if nexus_class(each) == _DETECTOR else device).append(line)
    items = (("_diffrn_measurement_device_details", device), ("_diffrn_detector_details", detector))
    return "".join(f"{item}\n;\n{''.join(lines)};\n" for item, lines in items if lines)


def _line(text: str, identifier: AssignedIdentifier | None) -> str:
    # Begun with a blank, so that no line can end the text field.
    cited = citable(identifier)
    return f" {text} ({resolvable(cited)})\n" if cited else f" {text}\n"


def _described(instruments: Iterable[Instrument]) -> dict[str, Any]:
    return {
        each.role if number == 1 else f"{each.role} ({number})": {
            "name": each.name,
            "path": each.path,
            "persistent_id": resolvable(found) if (found := citable(each.persistent_id)) else None,
            "settings": each.settings,
        }
        for each, number in _numbered(instruments)
    }


def _numbered(instruments: Iterable[Instrument]) -> Iterable[tuple[Instrument, int]]:
    """Each with how many of its role have come: a slot of a fixture may hold several."""
    met: dict[str, int] = {}
    for each in instruments:
        met[each.role] = met.get(each.role, 0) + 1
        yield each, met[each.role]
