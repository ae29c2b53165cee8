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
from cora.facility_file.problems import short
from cora.facility_file.read import Files
from cora.facility_file.records.items import Item, first_of, fitted, registered_for, text_of

GENERAL = "Instrument"
"""The family of what names no type, where one is needed."""

MOST_FAMILIES = 100
"""So many a model declares at most, so an instrument that has one is of no more."""

_TERM: TypeAdapter[Term] = TypeAdapter(Term)
_NAME: TypeAdapter[str] = TypeAdapter(Name)
_LONGEST = 200
_MOST_MEASURED = 200
_PROPERTY = {"variables": "measured_variables", "techniques": "measurement_techniques"}


@dataclass(frozen=True)
class _Kind:
    """What a family tells: its type, and what it measures how."""

    term: Term
    variables: tuple[Term, ...] = ()
    techniques: tuple[Term, ...] = ()

    @property
    def key(self) -> tuple[Term, frozenset[Term], frozenset[Term]]:
        """What is the same for families that tell the same."""
        return self.term, frozenset(self.variables), frozenset(self.techniques)

    @property
    def names(self) -> tuple[frozenset[str], frozenset[str]]:
        """What it measures by which technique, by name."""
        return frozenset(each.name for each in self.variables), frozenset(each.name for each in self.techniques)

    @property
    def measures(self) -> bool:
        """Whether it tells any variable or technique."""
        return bool(self.variables or self.techniques)


@dataclass(frozen=True)
class _Said:
    """The terms of a record."""

    types: tuple[Term, ...] = ()
    variables: tuple[Term, ...] = ()
    techniques: tuple[Term, ...] = ()


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
    recorded: dict[str, Family]
    """Those of them that are not deprecated, by name."""
    made: "dict[str, _Made]" = field(default_factory=dict[str, "_Made"])
    """By name."""
    _chosen: dict[Any, str] = field(default_factory=dict[Any, str])
    """The names of the families by what they tell."""
    _named: set[str] = field(default_factory=set[str])
    """The names that are taken, folded."""
    _near: dict[Any, list[Family]] = field(default_factory=dict[Any, list[Family]])
    """Those that are not deprecated by what may name their type, alone and with the names of what they measure."""
    _said: dict[Item, _Said] = field(default_factory=dict[Item, _Said])

    @classmethod
    async def known(cls, facility: Facility) -> "Families":
        """With all that is recorded."""
        by_id: dict[UUID, Family] = {record.id: record.state async for record in facility.listed("family", {})}
        usable = [each for each in by_id.values() if each.status is not DefinitionStatus.DEPRECATED]
        found = cls(by_id, {family.name: family for family in sorted(usable, key=lambda family: family.name)})
        for family in found.recorded.values():
            found._chosen.setdefault(_told_by(family).key, family.name)
            found._named.add(folded(family.name))
            for word in {*_words(Term(family.name, family.id.urn, "URN")), *_words(family.term)}:
                for key in (word, (word, _told_by(family).names)):
                    found._near.setdefault(key, []).append(family)
        return found

    def is_usable(self, id: UUID) -> bool:
        """Whether a family can be named for anything new."""
        return id in self.by_id and self.by_id[id].status is not DefinitionStatus.DEPRECATED

    def choose(self, items: Sequence[Item]) -> dict[Item, list[str]]:
        """The families that each item gets, by name; none for one that is recorded with some."""
        kinds: dict[Item, list[_Kind]] = {}
        for item in items:
            said = self._said[item] = _said_by(item)
            has_some = item.recorded is not None and item.recorded.state.family_ids
            kinds[item] = [] if has_some else list(_kinds(item, said))
        # Those that tell no measured variable go first: theirs is the plain name.
        wanted = [(item, kind) for item in items for kind in kinds[item]]
        for item, kind in sorted(wanted, key=lambda pair: pair[1].measures):
            self._choose(item, kind)
        return {item: list(dict.fromkeys(self._chosen[kind.key] for kind in kinds[item])) for item in items}

    def tell_differences(self, item: Item, names: Iterable[str]) -> None:
        """Tell what a record says of types and measuring that neither the asset nor the families chosen for it say; of
        a new asset also what they say more."""
        asset = None if item.recorded is None else item.recorded.state
        recorded = [self.by_id[id] for id in (asset.family_ids if asset else ()) if id in self.by_id]
        recorded += [self.recorded[name] for name in names if name in self.recorded]
        kinds = [*map(_told_by, recorded), *(self.made[name].kind for name in names if name in self.made)]
        said = self._said[item]
        ids = {family.id.urn for family in recorded}
        types = [each for each in said.types if each.scheme != "URN" or (each.identifier or "").casefold() not in ids]
        own = [each for each in said.types if each not in types]
        if said.types:
            told_types = [*(kind.term for kind in kinds), *own]
            _tell(item, "instrument_types", "the instrument type", types, told_types)
        for name, what in (("variables", "what it measures"), ("techniques", "the measurement technique")):
            told = [term for kind in kinds for term in getattr(kind, name)]
            _tell(item, _PROPERTY[name], what, getattr(said, name), told)

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
        name = self._chosen.get(kind.key)
        if name is None:
            name = self._chosen[kind.key] = self._recorded(kind) or self._new(kind)
        if name in self.made:
            self.made[name].items.append(item)
        return name

    def _recorded(self, kind: _Kind) -> str | None:
        """The family that is used for a kind though it does not tell the very same: it is of the type and measures the
        same, or nothing is said of that."""
        words = list(_words(kind.term))
        near = (family for word in words for family in self._near.get((word, kind.names), ()))
        found = [family.name for family in near if _is_of(family, kind.term) and _adds_no_more(kind, _told_by(family))]
        if not found and not kind.measures:
            others = (family for word in words for family in self._near.get(word, ()))
            found = [family.name for family in others if _is_of(family, kind.term)]
        return min(found, default=None)

    def _new(self, kind: _Kind) -> str:
        name = self._name_for(kind)
        self._named.add(folded(name))
        self.made[name] = _Made(kind, [])
        return name

    def _name_for(self, kind: _Kind) -> str:
        name = kind.term.name
        measured = ", ".join(term.name for term in (*kind.variables, *kind.techniques))
        plain = f"{name}: {measured}"[:_LONGEST].rstrip(" ,") if measured else name
        options = [name, plain]
        if kind.term.identifier:
            options.append(f"{name[:90]} ({kind.term.identifier[:100]})")
        options = [each for each in options if folded(each) not in self._named]
        if options:
            return options[0]
        return next(each for number in count(2) if folded(each := f"{plain[:190]} {number}") not in self._named)


def _words(term: Term | None) -> Iterable[str]:
    return () if term is None else (folded(each) for each in (term.name, term.identifier) if each is not None)


def _is_of(family: Family, term: Term) -> bool:
    """Whether a family is of a type: by the identifier of its term, else by its name or that of its term."""
    if term.scheme == "URN" and term.identifier is not None and term.identifier.casefold() == family.id.urn:
        return True
    has = family.term
    if has is not None and has.identifier and term.identifier:
        return has.identifier == term.identifier
    return folded(term.name) in {folded(family.name), folded(has.name if has else family.name)}


def _told_by(family: Family) -> _Kind:
    """What the records of the instruments of a family tell."""
    term = family.term or Term(family.name, family.id.urn, "URN")
    return _Kind(term, family.measured_variables, family.measurement_techniques)


def _adds_no_more(kind: _Kind, told: _Kind) -> bool:
    """Whether a family that measures what is said by the same names adds no more to it than identifiers."""
    pairs = ((kind.variables, told.variables), (kind.techniques, told.techniques))
    return all(_is_told(term, has) for said, has in pairs for term in said)


def _is_told(term: Term, told: Iterable[Term]) -> bool:
    """Whether a term is among others: itself, or, where it has no identifier, its name."""
    return any(term in (each, Term(each.name)) for each in told)


def _tell(item: Item, name: str, what: str, said: Iterable[Term], told: Iterable[Term]) -> None:
    """Tell the terms that are said and not told. What is told and not said is no news of an asset that was recorded."""
    said, told = list(said), list(dict.fromkeys(told))
    lost = [f"not {shown_term(each)}" for each in said if not _is_told(each, told)]
    gained = [shown_term(each) for each in told if each not in said and not _is_own(each)]
    if lost or (gained and item.recorded is None):
        both = [*(gained if item.recorded is None else ()), *lost]
        item.tell(item.record.at(name), f"{what} stays as it is recorded: {', '.join(both)}")


def shown_term(term: Term) -> str:
    """How messages name a term."""
    return term.name if term.identifier is None else f"{term.name} ({term.scheme} {short(term.identifier)})"


def _is_own(term: Term) -> bool:
    """Whether a term has no identifier but that of its family here."""
    return term.scheme == "URN" and (term.identifier or "").startswith("urn:uuid:")


def _said_by(item: Item) -> _Said:
    record = item.record
    return _Said(
        tuple(terms(item, record.instrument_types, "an instrument type", MOST_FAMILIES)),
        tuple(terms(item, record.measured_variables, "a measured variable", _MOST_MEASURED)),
        tuple(terms(item, record.measurement_techniques, "a measurement technique", _MOST_MEASURED)),
    )


def _kinds(item: Item, said: _Said) -> Iterable[_Kind]:
    """The kinds of an item: the first of its types tells what it measures."""
    types = said.types
    if not types and (said.variables or said.techniques):
        item.tell(item.record.at("measured_variables"), f"it names no type, so it is of the family '{GENERAL}'")
        types = (Term(GENERAL),)
    for index, term in enumerate(types):
        yield _Kind(term, said.variables, said.techniques) if index == 0 else _Kind(term)


def terms(item: Item, things: Sequence[Thing], what: str, most: int) -> list[Term]:
    """The terms of a record that cora can keep, each once; what of them is not kept is told."""
    found: dict[Term, None] = {}
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
        found[term] = None
    plural = f"{what.partition(' ')[2]}s"
    return first_of(item, found, most, things[0].spot, plural) if things else []


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
