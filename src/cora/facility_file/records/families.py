"""Instrument types become families. A family tells what its instruments measure and by which technique, so an
instrument that measures something else is of another family with the same term: its record stays true."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any
from uuid import UUID

from pydantic import TypeAdapter

from cora.equipment.aggregates.family import Family
from cora.equipment.pidinst.reading.record import Thing
from cora.equipment.values import DefinitionStatus, Name, Term, folded
from cora.facility_file.entries import FamilyEntry
from cora.facility_file.port import Facility
from cora.facility_file.read import Files
from cora.facility_file.records.items import Item, fitted, registered_for, text_of

GENERAL = "Instrument"
"""The family of what names no type, where one is needed."""

_TERM: TypeAdapter[Term] = TypeAdapter(Term)
_NAME: TypeAdapter[str] = TypeAdapter(Name)
_LONGEST = 200


@dataclass(frozen=True)
class _Kind:
    """What a family is of: its type, and what it measures how; terms as their dicts would be."""

    term: Term
    variables: tuple[Term, ...] = ()
    techniques: tuple[Term, ...] = ()

    @property
    def measures(self) -> frozenset[str]:
        """What is the same for families that measure the same in the same way."""
        return _measures(self.variables, self.techniques)


@dataclass
class _Made:
    """A family that the import defines, and the items that are of it."""

    kind: _Kind
    items: list[Item]


@dataclass
class Families:
    """The families that are recorded, and those that the import defines."""

    by_id: dict[UUID, Family]
    """All that are recorded."""
    recorded: list[Family]
    """Those of them that are not deprecated."""
    made: "dict[str, _Made]" = field(default_factory=dict[str, "_Made"])
    """By name."""
    _chosen: dict[Any, str] = field(default_factory=dict[Any, str])
    _named: set[str] = field(default_factory=set[str])

    @classmethod
    async def known(cls, facility: Facility) -> "Families":
        """With all that is recorded."""
        by_id: dict[UUID, Family] = {record.id: record.state async for record in facility.listed("family", {})}
        recorded = [each for each in by_id.values() if each.status is not DefinitionStatus.DEPRECATED]
        recorded.sort(key=lambda family: family.name)
        return cls(by_id, recorded, _named={folded(family.name) for family in recorded})

    def is_usable(self, id: UUID) -> bool:
        """Whether a family can be named for anything new."""
        return id in self.by_id and self.by_id[id].status is not DefinitionStatus.DEPRECATED

    def choose(self, items: Sequence[Item]) -> dict[Item, list[str]]:
        """The families of each item by name."""
        kinds = {item: list(_kinds(item)) for item in items}
        # Those that tell no measured variable go first: theirs is the plain name.
        wanted = [(item, kind) for item in items for kind in kinds[item]]
        for item, kind in sorted(wanted, key=lambda pair: bool(pair[1].measures)):
            self._choose(item, kind)
        return {item: list(dict.fromkeys(self._chosen[_key(kind)] for kind in kinds[item])) for item in items}

    def general(self, items: Iterable[Item]) -> str:
        """The family of what names no type."""
        (name,) = {self._choose(item, _Kind(Term(GENERAL))) for item in items}
        return name

    def leave_out(self, item: Item, name: str) -> None:
        """Take back that an item is of a family."""
        if name in self.made:
            self.made[name].items.remove(item)

    def add_entries(self, files: Files) -> None:
        """The entries of the families that are new. Asked when all are chosen."""
        for name, made in self.made.items():
            if made.items:
                files.add("families", _entry(made.items, name, made.kind))

    def _choose(self, item: Item, kind: _Kind) -> str:
        key = _key(kind)
        if key in self._chosen:
            name = self._chosen[key]
            if name in self.made:
                self.made[name].items.append(item)
            return name
        candidates = [family for family in self.recorded if _is_of(family, kind.term)]
        same = [family for family in candidates if _measures_of(family) == kind.measures]
        found = next(iter(same or (candidates if not kind.measures else ())), None)
        if found is not None:
            self._tell(item, kind, found)
            self._chosen[key] = found.name
            return found.name
        name = self._name_for(kind)
        self._named.add(folded(name))
        self.made[name] = _Made(kind, [item])
        self._chosen[key] = name
        return name

    def _tell(self, item: Item, kind: _Kind, found: Family) -> None:
        if gained := _measures_of(found) - kind.measures:
            item.tell(
                item.record.at("instrument_types"),
                f"family '{found.name}' adds what it measures: {', '.join(sorted(gained))}",
            )
        told = found.term and found.term.identifier
        if kind.term.identifier not in (None, told) and not _is_id(found, kind):
            item.tell(
                item.record.at("instrument_types"),
                f"the identifier {kind.term.identifier} is not kept: family '{found.name}' is recorded without it",
            )

    def _name_for(self, kind: _Kind) -> str:
        name = kind.term.name
        measured = ", ".join(term.name for term in (*kind.variables, *kind.techniques))
        options = [name, *([f"{name}: {measured}"[:_LONGEST].rstrip(" ,")] if measured else [])]
        if kind.term.identifier:
            options.append(f"{name[:90]} ({kind.term.identifier[:100]})")
        free = next((each for each in options if folded(each) not in self._named), None)
        if free is not None:
            return free
        return next(each for number in count(2) if folded(each := f"{name[:190]} {number}") not in self._named)


def _key(kind: _Kind) -> Any:
    term = kind.term
    return (term.identifier or folded(term.name), kind.measures)


def _measures(variables: Iterable[Term], techniques: Iterable[Term]) -> frozenset[str]:
    return frozenset((*(each.name for each in variables), *(each.name for each in techniques)))


def _measures_of(family: Family) -> frozenset[str]:
    return _measures(family.measured_variables, family.measurement_techniques)


def _is_of(family: Family, term: Term) -> bool:
    """Whether a family is of a type: by the identifier of its term, else by its name or that of its term."""
    if _is_id(family, _Kind(term)):
        return True
    has = family.term
    if has is not None and has.identifier and term.identifier:
        return has.identifier == term.identifier
    return folded(term.name) in {folded(family.name), folded(has.name if has else family.name)}


def _is_id(family: Family, kind: _Kind) -> bool:
    identifier, scheme = kind.term.identifier, kind.term.scheme
    return identifier is not None and scheme == "URN" and identifier.casefold() == family.id.urn


def _kinds(item: Item) -> Iterable[_Kind]:
    """The kinds of an item: the first of its types tells what it measures."""
    record = item.record
    variables = tuple(terms(item, record.measured_variables, "a measured variable"))
    techniques = tuple(terms(item, record.measurement_techniques, "a measurement technique"))
    types = list(terms(item, record.instrument_types, "an instrument type"))
    if not types and (variables or techniques):
        item.tell(record.at("measured_variables"), f"it names no type, so it is of the family '{GENERAL}'")
        types = [Term(GENERAL)]
    for index, term in enumerate(types):
        yield _Kind(term, variables, techniques) if index == 0 else _Kind(term)


def terms(item: Item, things: Iterable[Thing], what: str) -> Iterable[Term]:
    """The terms of a record that cora can keep, each name once; what of them is not kept is told."""
    found: dict[str, Term] = {}
    for thing in things:
        told = thing.name or (thing.code and thing.code.value)
        name = text_of(item, _NAME, told, _LONGEST, thing.spot, what)
        if name is None:
            continue
        term = Term(name)
        if thing.code is not None:
            scheme = thing.code.scheme or ("URL" if "://" in thing.code.value else "Other")
            whole, why = fitted(_TERM, {"name": name, "identifier": thing.code.value, "scheme": scheme})
            if whole is None:
                item.tell(thing.spot, f"the identifier of {what} is not kept: it {why}")
            term = whole or term
        found.setdefault(name, term)
    return found.values()


def _entry(items: Sequence[Item], name: str, kind: _Kind) -> FamilyEntry:
    record = items[0].record
    return FamilyEntry(
        place=items[0].place(record.at("instrument_types")),
        lines={"measured_variables": record.at("measured_variables")},
        name=name,
        # The term keeps the type as the record names it, whatever the family is called.
        term=given_term(kind.term),
        measured_variables=[given_term(each) for each in kind.variables],
        measurement_techniques=[given_term(each) for each in kind.techniques],
        registered=registered_for(items),
    )


def given_term(term: Term) -> dict[str, Any]:
    """A term as a facility file has it."""
    return {key: value for key in ("name", "identifier", "scheme") if (value := getattr(term, key)) is not None}
