"""A record on its way to an asset, and what is told about it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from cora.equipment.pidinst.reading import ImportedRecord, NotUnderstood, Spot
from cora.equipment.pidinst.reading.quirks import is_unknown, persistent_identifier
from cora.equipment.pidinst.reading.record import Thing
from cora.equipment.values import AgentIdentifier, PersistentIdentifier
from cora.facility_file.port import Record
from cora.facility_file.problems import Place, Problem, short
from cora.facility_file.read import Files
from cora.facility_file.shapes import LEFT_OUT, LeftOut
from cora.kernel.wrong_values import what_is_wrong

T = TypeVar("T")


@dataclass(frozen=True)
class Destination:
    """Where the assets go: below which path (facility code, then names), and the name of a facility that is new."""

    path: tuple[str, ...]
    facility_name: str | None = None

    @property
    def facility(self) -> str:
        """The code of the facility."""
        return self.path[0]


@dataclass(eq=False)
class Item:
    """One record: the asset that it is, where that is recorded already, and the item or the asset it is a part of."""

    file: str
    record: ImportedRecord
    files: Files
    pid: PersistentIdentifier | None = None
    recorded: Record | None = None
    parent: "Item | None" = None
    parent_recorded: Record | None = None
    children: "list[Item]" = field(default_factory=list["Item"])
    path: tuple[str, ...] = ()
    is_left_out: bool = False
    kept_relations: set[int] = field(default_factory=set[int])
    """The relations, by their place in the record, that the tree of assets or the drawing tells."""
    refused_relations: set[int] = field(default_factory=set[int])
    """Those that contradict what is recorded."""
    told: list[NotUnderstood] = field(default_factory=list[NotUnderstood])
    began: datetime | None = None
    """Since when something will be recorded of its asset, where the record tells a date: its beginning where the asset
    is new, else its end."""

    def __post_init__(self) -> None:
        code = self.record.identifier
        self.pid = None if code is None else persistent_identifier(code)

    @property
    def label(self) -> str:
        """How messages name it."""
        return f"record '{short(self.record.name)}'" if self.record.name else "a record without a name"

    @property
    def is_dead(self) -> bool:
        """Whether its asset is recorded and has come to its end."""
        return self.recorded is not None and self.recorded.state.is_decommissioned

    def place(self, spot: Spot) -> Place:
        """A place in its file."""
        return Place(self.file, spot)

    def tell(self, spot: Spot, says: str) -> None:
        """Tell what is not kept, or not as it stands in the record."""
        self.told.append(NotUnderstood(spot, says))
        self.files.warnings.append(Problem(self.place(spot), f"{self.label}: {says}"))


def registered_for(items: Iterable[Item]) -> datetime | LeftOut:
    """When what these items need is registered: with the first of them, so that no record of it is without. Left out,
    it is dated as all that has no date."""
    found: datetime | LeftOut = LEFT_OUT
    for item in items:
        latest = item.files.defaults[item.file].occurred_at if found is LEFT_OUT else found
        if item.began is not None and (latest is None or item.began < latest):
            found = item.began
    return found


def fitted(adapter: TypeAdapter[T], value: Any) -> tuple[T | None, str]:
    """The value if it is one, else what is wrong with it."""
    try:
        return adapter.validate_python(value), ""
    except ValidationError as wrong:
        error = wrong.errors(include_url=False)[0]
        if error["type"] == "string_too_long":
            return None, f"has more than {error['ctx']['max_length']} characters"  # type: ignore[index]
        return None, what_is_wrong(error)


def text_of(item: Item, adapter: TypeAdapter[str], text: str | None, longest: int, spot: Spot, what: str) -> str | None:
    """A text that cora can keep: cut where it is too long, left out where it cannot be kept; both are told."""
    if text is None or is_unknown(text):
        return None
    if len(text) > longest:
        item.tell(spot, f"{what} has {len(text):,} characters; the first {longest:,} are kept")
        text = text[:longest].rstrip()
    found, why = fitted(adapter, text)
    if found is None:
        item.tell(spot, f"{what} is not kept: it {why}")
    return found


def shown_thing(thing: Thing) -> str:
    """How messages name an owner or a maker, with the identifier that stands beside the name."""
    code = "" if thing.code is None else f"{thing.code.scheme or 'Other'} {short(thing.code.value)}"
    return f"{short(thing.name)} ({code})" if thing.name and code else short(thing.name or "") or code


def first_of(item: Item, found: Iterable[T], most: int, spot: Spot, what: str) -> list[T]:
    """So many as cora can keep; that there are more is told."""
    found = list(found)
    if len(found) > most:
        item.tell(spot, f"it has {len(found):,} {what}; the first {most:,} are kept")
    return found[:most]


def given_identifier(identifier: AgentIdentifier) -> dict[str, Any]:
    """The identifier of an owner, a maker, a model or a facility as a facility file has it."""
    return {"scheme": identifier.scheme, "value": identifier.value}


def spots_of(item: Item, names: Mapping[str, str]) -> dict[str, Spot]:
    """Where the keys of an entry stand in the record, by the properties that they come from."""
    return {key: item.record.at(name) for key, name in names.items()}
