"""Reads the metadata of DataCite: as XML of kernel 4, and as the attributes of the REST API.

It is the mapping that the form of cora writes, backwards: the creator is the
manufacturer, the hosting institution the owner, technical information says
what the kernel has no property for.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from cora.equipment.pidinst.reading.facts import Facts, facts_of
from cora.equipment.pidinst.reading.parts import Members, NotUnderstood, Part, Spot, key_of
from cora.equipment.pidinst.reading.pidinst import read_alternate, read_date
from cora.equipment.pidinst.reading.quirks import is_unknown, relation_of, tidied
from cora.equipment.pidinst.reading.record import Alternate, Code, Dated, Dialect, ImportedRecord, Related, Thing

# What the REST API says of its own entry, and of who publishes it and how, which is no part of the instrument.
_NO_PROPERTIES = (
    "id", "type", "prefix", "suffix", "schemaversion", "state", "isactive", "active", "reason", "source", "created",
    "registered", "published", "updated", "xml", "metadataversion", "event", "contenturl", "viewcount", "viewsovertime",
    "downloadcount", "downloadsovertime", "referencecount", "citationcount", "citationsovertime", "partcount",
    "partofcount", "versioncount", "versionofcount", "mode", "relationships", "types", "resourcetype", "landingpage",
)  # fmt: skip
_ADMINISTRATIVE_DATES = ("issued", "created", "updated", "submitted", "accepted")


def read_datacite(part: Part, dialect: Dialect) -> ImportedRecord:
    """The record of a `resource`, or of the attributes of a DOI. What is not understood is told in it."""
    return _Reader(dialect).read(part)


def kind_of_resource(part: Part) -> str | None:
    """What it says it is: `Instrument`."""
    for name in ("types", "resourceType"):
        held = part.member(name)
        general = held and (held.member("resourceTypeGeneral") or held.member("@resourceTypeGeneral"))
        if general:
            return tidied(general.text)
    return None


class _Reader:
    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect
        self._notes: list[NotUnderstood] = []
        self._spots: dict[str, Spot] = {}

    def read(self, part: Part) -> ImportedRecord:
        members = Members(part)
        owners = tuple(self._owners(members))
        alternates, related = self._alternates(members), self._related(members)
        abstract, facts = self._descriptions(members)
        subjects = tuple(self._subjects(members))
        types = _identified(tuple(self._types(part, facts)), subjects)
        variables, techniques = _identified(facts.variables, subjects), _identified(facts.techniques, subjects)
        told = {each.name for each in (*types, *variables, *techniques)}
        record = ImportedRecord(
            spot=part.spot,
            dialect=self._dialect,
            identifier=self._identifier(members),
            landing_page=self._text(members, "landing_page", "url"),
            name=self._name(members),
            owners=owners or tuple(self._publisher(members)),
            manufacturers=tuple(self._agents(members, "creator")),
            model=facts.model,
            description=abstract,
            instrument_types=types,
            measured_variables=variables,
            measurement_techniques=techniques,
            dates=tuple(self._dates(members)),
            related=tuple(each for each in related if not _is_model(each, facts.model)),
            alternates=alternates,
            subjects=tuple(each for each in subjects if each.name not in told),
            spots=self._spots,
        )
        self._tell_publication(members)
        members.ignore(*_NO_PROPERTIES)
        self._notes += members.rest()
        return replace(record, not_understood=tuple(self._notes))

    def _note(self, spot: Spot, says: str) -> None:
        self._notes.append(NotUnderstood(spot, says))

    def _items(self, members: Members, name: str) -> Iterator[Part]:
        part = members.take(f"{name}s", name)
        if part is not None:
            for item in part.each():
                held = item.member(name)
                yield from held.each() if held is not None and held.text is None else (item,)

    def _text(self, members: Members, name: str, *keys: str) -> str | None:
        part = members.take(*keys)
        if part is None:
            return None
        self._spots[name] = part.spot
        return tidied(part.text)

    def _identifier(self, members: Members) -> Code | None:
        doi = self._text(members, "identifier", "doi")
        found = None if doi is None else Code(doi, "DOI")
        for item in self._items(members, "identifier"):
            inner = Members(item)
            value = tidied(item.text or inner.text("identifier"))
            scheme = tidied(inner.text("identifiertype"))
            if value is None:
                continue
            if found is None:
                self._spots["identifier"] = item.spot
                found = Code(value, scheme)
            elif value.casefold() not in found.value.casefold():
                self._note(item.spot, f"a further identifier is not kept: {scheme} {value}")
        return found

    def _name(self, members: Members) -> str | None:
        titles = [(item, Members(item)) for item in self._items(members, "title")]
        told = [(item, tidied(item.text or inner.text("title")), inner.text("titletype")) for item, inner in titles]
        told = [each for each in told if each[1] is not None]
        # Older records of HZB have their only title with the type Other.
        told.sort(key=lambda each: each[2] is not None)
        for item, title, _ in told[1:]:
            self._note(item.spot, f"a further title is not kept: {title}")
        if not told:
            return None
        self._spots["name"] = told[0][0].spot
        return told[0][1]

    def _owners(self, members: Members) -> Iterator[Thing]:
        for item in self._items(members, "contributor"):
            inner = Members(item)
            kind = tidied(inner.text("contributortype"))
            agent = self._agent(item, inner, "contributor")
            if kind is not None and key_of(kind) == "hostinginstitution":
                if agent is not None:
                    yield agent
            else:
                self._note(item.spot, f"a contributor of type {kind} has no place in cora: {agent and agent.name}")

    def _agents(self, members: Members, stem: str) -> Iterator[Thing]:
        for item in self._items(members, stem):
            inner = Members(item)
            agent = self._agent(item, inner, stem)
            if agent is not None:
                yield agent

    def _agent(self, item: Part, members: Members, stem: str) -> Thing | None:
        name = item.text
        held = members.take(f"{stem}name", "name")
        if held is not None:
            name = held.text or Members(held).text(f"{stem}name")
        codes: list[tuple[Part, Code]] = []
        for each in self._items(members, "nameIdentifier".casefold()):
            inner = Members(each)
            value = tidied(each.text or inner.text("nameidentifier"))
            if value is not None:
                codes.append((each, Code(value, tidied(inner.text("nameidentifierscheme")))))
        for each, code in codes[1:]:
            self._note(each.spot, f"a further identifier is not kept: {code.scheme} {code.value}")
        members.ignore("nametype", "givenname", "familyname", "contributortype", "lang")
        self._notes += members.rest()
        name = tidied(name)
        return None if name is None or is_unknown(name) else Thing(item.spot, name, codes[0][1] if codes else None)

    def _publisher(self, members: Members) -> Iterator[Thing]:
        """The publisher, where no hosting institution is told (the mapping of DataCite for property 5)."""
        part = members.take("publisher")
        if part is None:
            return
        inner = Members(part)
        name = tidied(part.text or inner.text("publisher", "name"))
        value = tidied(inner.text("publisheridentifier"))
        scheme = tidied(inner.text("publisheridentifierscheme"))
        if name is not None and not is_unknown(name):
            yield Thing(part.spot, name, None if value is None else Code(value, scheme))

    def _tell_publication(self, members: Members) -> None:
        told = [
            f"{name} {tidied(text) or ''}".strip()
            for name, part in (("publisher", members.take("publisher")), ("year", members.take("publicationyear")))
            if part is not None and (text := _plain(part, name)) and not is_unknown(tidied(text))
        ]
        if told:
            self._note(members.part.spot, f"of its publication cora keeps nothing: {', '.join(told)}")

    def _descriptions(self, members: Members) -> tuple[str | None, Facts]:
        abstract: str | None = None
        technical: list[tuple[Spot, str]] = []
        for item in self._items(members, "description"):
            inner = Members(item)
            text = tidied(item.text or inner.text("description"))
            kind = key_of(tidied(inner.text("descriptiontype")) or "abstract")
            if text is None:
                continue
            if kind == "technicalinfo":
                technical.append((item.spot, text))
            elif kind == "abstract" and abstract is None:
                abstract = text
                self._spots["description"] = item.spot
            else:
                self._note(item.spot, f"a further description is not kept: {text[:200]}")
        facts = facts_of(technical)
        self._notes += facts.not_understood
        return abstract, facts

    def _types(self, part: Part, facts: Facts) -> Iterator[Thing]:
        """The types that technical information tells, else the text of the resource type."""
        yield from facts.types
        types = part.member("types")
        held = types.member("resourceType") if types else part.member("resourceType")
        text = tidied(held and (held.text or Members(held).text("resourcetype")))
        named = {each.name for each in facts.types}
        if held is not None and text and not named and key_of(text) != "instrument" and not is_unknown(text):
            yield Thing(held.spot, text)

    def _subjects(self, members: Members) -> Iterator[Thing]:
        for item in self._items(members, "subject"):
            inner = Members(item)
            name = tidied(item.text or inner.text("subject"))
            url, code = tidied(inner.text("valueuri")), tidied(inner.text("classificationcode"))
            scheme = tidied(inner.text("subjectscheme"))
            inner.ignore("schemeuri", "lang")
            self._notes += inner.rest()
            if name is None:
                continue
            value = url or code
            if value is None and scheme is not None:
                self._note(item.spot, f"the scheme of a subject without an identifier is not kept: {scheme}")
            if url is not None and code is not None:
                self._note(item.spot, f"a further identifier is not kept: {scheme} {code}")
            yield Thing(item.spot, name, None if value is None else Code(value, scheme or ("URL" if url else None)))

    def _dates(self, members: Members) -> Iterator[Dated]:
        """Both ways of the reference, 2.1: `Other` with what it is, and `Available` from one day to another."""
        for item in self._items(members, "date"):
            inner = Members(item)
            text, kind = tidied(inner.text("date") or item.text), tidied(inner.text("datetype")) or ""
            says = tidied(inner.text("dateinformation"))
            self._notes += inner.rest()
            if text is None or kind.casefold() in _ADMINISTRATIVE_DATES:
                continue
            days = [(text, says or kind)]
            if kind.casefold() == "available" and says is None:
                began, _, ended = text.partition("/")
                days = [(began, "Commissioned"), (ended, "DeCommissioned")]
            for day, means in days:
                found = read_date(tidied(day), means, item.spot, self._note)
                if found is not None:
                    yield found

    def _related(self, members: Members) -> tuple[Related, ...]:
        found: list[Related] = []
        for item in self._items(members, "relatedIdentifier".casefold()):
            inner = Members(item)
            value = tidied(inner.text("relatedidentifier") or item.text)
            relation = tidied(inner.text("relationtype")) or ""
            says = tidied(inner.text("relationtypeinformation"))
            scheme = tidied(inner.text("relatedidentifiertype"))
            inner.ignore("resourcetypegeneral")
            self._notes += inner.rest()
            if value is not None:
                relation = says if says is not None and relation.casefold() == "other" else relation
                found.append(Related(item.spot, relation_of(relation), Code(value, scheme)))
        return tuple(found)

    def _alternates(self, members: Members) -> tuple[Alternate, ...]:
        found: list[Alternate] = []
        for item in self._items(members, "alternateIdentifier".casefold()):
            inner = Members(item)
            value = tidied(inner.text("alternateidentifier") or item.text)
            if value is not None:
                found.append(read_alternate(value, tidied(inner.text("alternateidentifiertype")), None, item.spot))
        return tuple(found)


def _identified(things: Iterable[Thing], subjects: Sequence[Thing]) -> tuple[Thing, ...]:
    """The things, with the identifiers that subjects of their names have."""
    codes: dict[str | None, Code] = {}
    for each in subjects:
        if each.code is not None:
            codes.setdefault(each.name, each.code)
    return tuple(replace(each, code=each.code or codes.get(each.name)) for each in things)


def _is_model(related: Related, model: Thing | None) -> bool:
    """Whether a reference is the identifier of the model, which the facts tell too."""
    return model is not None and related.relation == "References" and model.code == related.code


def _plain(part: Part, name: str) -> str | None:
    return part.text or Members(part).text(name, "name")
