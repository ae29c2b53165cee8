"""Reads a PIDINST record by the names of its members, in whatever case, number and nesting the dialects have them.

XML, the JSON Schema, B2INST, SMS, instrumentdb and LinkML differ in nothing
else, and records in use mix their ways; so one reader takes them all.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TypeVar

from cora.equipment.pidinst.reading.documents import inner_json
from cora.equipment.pidinst.reading.identifiers import read_alternate, read_own, told_apart
from cora.equipment.pidinst.reading.parts import Members, NotUnderstood, Part, Spot, key_of, shown, text_of
from cora.equipment.pidinst.reading.quirks import date_kind_of, day_of, is_unknown, relation_of, tidied
from cora.equipment.pidinst.reading.record import Alternate, Code, Dated, Dialect, ImportedRecord, Related, Thing

T = TypeVar("T")

# The first three are what cora itself says of a record beside PIDINST.
_NO_PROPERTIES = ("complete", "missing", "test", "schemaversion", "$schema", "identifiertype")


def read_pidinst(part: Part, dialect: Dialect) -> ImportedRecord:
    """The record of a part with members. What is not understood is told in it."""
    return _Reader(dialect).read(part)


class _Reader:
    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect
        self._notes: list[NotUnderstood] = []
        self._spots: dict[str, Spot] = {}

    def read(self, part: Part) -> ImportedRecord:
        members = Members(part)
        identifiers = tuple(self._identifiers(members))
        told = self._all(members, "alternates", "alternateidentifier", self._alternate)
        own, alternates = told_apart(identifiers, told, self._note)
        if own is not None:
            self._spots["identifier"] = own[0]
        record = ImportedRecord(
            spot=part.spot,
            dialect=self._dialect,
            identifier=own and own[1],
            landing_page=self._text(members, "landing_page", "landingpage"),
            name=self._text(members, "name", "name"),
            owners=self._things(members, "owners", "owner"),
            manufacturers=self._things(members, "manufacturers", "manufacturer"),
            model=self._first(self._things(members, "model", "model"), "a second model"),
            description=self._text(members, "description", "description"),
            instrument_types=self._things(members, "instrument_types", "instrumenttype", "types"),
            measured_variables=self._variables(members),
            measurement_techniques=self._things(members, "measurement_techniques", "measurementtechnique"),
            dates=self._all(members, "dates", "date", self._date),
            related=self._all(members, "related", "relatedidentifier", self._related),
            alternates=alternates,
            subjects=self._things(members, "subjects", "subject"),
            spots=self._spots,
        )
        members.ignore(*_NO_PROPERTIES)
        self._notes += members.rest()
        return replace(record, not_understood=tuple(self._notes))

    def _note(self, spot: Spot, says: str) -> None:
        self._notes.append(NotUnderstood(spot, says))

    def _text(self, members: Members, name: str, *keys: str) -> str | None:
        part = members.take(*keys)
        if part is None:
            return None
        self._spots[name] = part.spot
        text, told = text_of(part, keys[0])
        self._notes += told
        if text is None:
            self._note(part.spot, "a text is meant here")
        return tidied(text)

    def _opened(self, part: Part) -> Part:
        """The part; JSON in place of one that stands there as text."""
        text = (part.text or "").strip()
        if text[:1] in ("[", "{"):
            return inner_json(text, part.spot, self._notes) or part
        return part

    def _items(self, members: Members, name: str, stem: str, *others: str) -> Iterator[Part]:
        plural = f"{stem[:-1]}ies" if stem.endswith("y") else f"{stem}s"
        while (part := members.take(stem, plural, *others)) is not None:
            self._spots.setdefault(name, part.spot)
            for item in self._opened(part).each():
                yield from self._unwrapped(item, stem)

    def _unwrapped(self, part: Part, stem: str) -> Iterator[Part]:
        """What stands in a member called like the item itself: `{"Owner": {...}}`."""
        for name, inner in (part.members or {}).items():
            if key_of(name) == stem and inner.text is None:
                members = Members(part)
                members.ignore(stem)
                self._notes += members.rest()
                yield from inner.each()
                return
        yield part

    def _all(self, members: Members, name: str, stem: str, read: Callable[[Part], T | None]) -> tuple[T, ...]:
        found = [read(item) for item in self._items(members, name, stem)]
        return tuple(each for each in found if each is not None)

    def _things(self, members: Members, name: str, stem: str, *others: str) -> tuple[Thing, ...]:
        found = [self._thing(item, stem) for item in self._items(members, name, stem, *others)]
        return tuple(each for each in found if each is not None)

    def _first(self, things: tuple[Thing, ...], another: str) -> Thing | None:
        for each in things[1:]:
            self._note(each.spot, f"{another} is not read: {each.name}")
        return things[0] if things else None

    def _thing(self, part: Part, stem: str) -> Thing | None:
        if part.text is not None:
            return Thing(part.spot, tidied(part.text))
        if part.members is None:
            self._note(part.spot, "a name is meant here, with an identifier or without")
            return None
        members = Members(part)
        # The name of a subject or a variable can stand beside the attributes of its identifier.
        name = tidied(members.text(f"{stem}name", "name", stem))
        contact = tidied(members.text("ownercontact", "contact")) if stem == "owner" else None
        code = self._code(members, f"{stem}identifier")
        self._notes += members.rest()
        if is_unknown(name) and not is_unknown(contact):
            self._note(part.spot, "the contact of an owner without a name is not kept")
        if name is None and code is None:
            return None
        return Thing(part.spot, name, code, contact)

    def _code(self, members: Members, stem: str) -> Code | None:
        """An identifier: text, text with its type beside it, or both in members of their own."""
        held = members.take(stem, "identifier")
        value = scheme = None
        if held is not None and held.text is not None:
            value = tidied(held.text)
        elif held is not None and held.members is not None:
            inner = Members(held)
            value = tidied(inner.text(stem, f"{stem}value", "identifier", "identifiervalue", "value"))
            scheme = tidied(inner.text(f"{stem}type", "identifiertype", "type"))
            self._notes += inner.rest()
        elif held is not None:
            self._note(held.spot, "an identifier is meant here")
        value = value or tidied(members.text(f"{stem}value", "identifiervalue"))
        scheme = scheme or tidied(members.text(f"{stem}type", "identifiertype"))
        return None if is_unknown(value) or value is None else Code(value, scheme)

    def _identifiers(self, members: Members) -> Iterator[tuple[Spot, Code]]:
        for item in self._items(members, "identifier", "identifier"):
            if item.text is not None:
                value, scheme = tidied(item.text), tidied(members.text("identifiertype"))
                code = None if value is None or is_unknown(value) else Code(value, scheme)
            else:
                inner = Members(item)
                code = self._code(inner, "identifier")
                self._notes += inner.rest()
            if code is not None:
                yield read_own(code.value, code.scheme, item.spot, self._note)

    def _variables(self, members: Members) -> tuple[Thing, ...]:
        """Measured variables (10), and the measured quantities that follow them in 1.1 (15); each name once."""
        found: dict[str, Thing] = {}
        for item in self._items(members, "measured_variables", "measuredquantity"):
            thing = self._thing(item, "measuredquantity")
            name = thing and (thing.name or (thing.code and thing.code.value))
            if thing is None or name is None:
                continue
            first = found.setdefault(name, thing)
            if thing.code not in (None, first.code):
                self._note(item.spot, f"a further identifier of {name} is not kept: {thing.code.value}")
        for item in self._items(members, "measured_variables", "measuredvariable"):
            if item.text is not None:
                name = tidied(item.text)
            else:
                inner = Members(item)
                name = tidied(inner.text("measuredvariable", "variablemeasured", "measuredvariablename", "name"))
                self._notes += inner.rest()
            if name is not None:
                found.setdefault(name, Thing(item.spot, name))
        return tuple(found.values())

    def _date(self, part: Part) -> Dated | None:
        members = Members(part)
        text = tidied(members.text("date", "datevalue", "value") or part.text)
        kind = tidied(members.text("datetype", "type")) or ""
        self._notes += members.rest()
        return read_date(text, kind, part.spot, self._note)

    def _related(self, part: Part) -> Related | None:
        members = Members(part)
        value = tidied(members.text("relatedidentifier", "relatedidentifiervalue", "identifier", "value") or part.text)
        scheme = tidied(members.text("relatedidentifiertype", "identifiertype", "type"))
        relation = tidied(members.text("relationtype", "relation"))
        name = tidied(members.text("relatedidentifiername", "name"))
        self._notes += members.rest()
        if value is None or relation is None:
            lacks = "identifier" if value is None else "relation type"
            self._note(part.spot, f"a relation without its {lacks} is not understood{shown(part)}")
            return None
        return Related(part.spot, relation_of(relation), Code(value, scheme), name)

    def _alternate(self, part: Part) -> Alternate | None:
        members = Members(part)
        value = tidied(
            members.text("alternateidentifier", "alternateidentifiervalue", "identifier", "value") or part.text
        )
        kind = tidied(members.text("alternateidentifiertype", "identifiertype", "type"))
        name = tidied(members.text("alternateidentifiername", "name"))
        self._notes += members.rest()
        return None if value is None else read_alternate(value, kind, name, part.spot, self._note)


def read_date(text: str | None, kind: str, spot: Spot, note: Callable[[Spot, str], None]) -> Dated | None:
    """A date of the instrument; what it is not is noted."""
    if text is None:
        return None
    day, known = day_of(text), date_kind_of(kind)
    if day is None or known is None:
        note(spot, f"this date is not understood: {kind or 'without a type'}, {text[:100]}")
        return None
    if not day[1]:
        note(spot, f"{known} {text} is not a day; its first, {day[0]}, is taken")
    return Dated(spot, known, day[0])
