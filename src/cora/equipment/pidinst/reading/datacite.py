"""Reads the metadata of DataCite: as XML of kernel 4, and as the attributes of the REST API.

It is the mapping that the form of cora writes, backwards: the creator is the
manufacturer, the hosting institution the owner, technical information says
what the kernel has no property for.
"""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace
from typing import NamedTuple

from cora.equipment.pidinst.reading.facts import Facts, Subject, facts_of
from cora.equipment.pidinst.reading.identifiers import read_alternate, read_own, told_apart
from cora.equipment.pidinst.reading.parts import Members, NotUnderstood, Part, Spot, key_of
from cora.equipment.pidinst.reading.pidinst import read_date
from cora.equipment.pidinst.reading.quirks import agent_code, is_unknown, persistent_identifier, relation_of, tidied
from cora.equipment.pidinst.reading.record import Alternate, Code, Dated, Dialect, ImportedRecord, Related, Thing

# What the REST API says of its own entry, and of who publishes it and how, which is no part of the instrument.
_NO_PROPERTIES = (
    "type", "prefix", "suffix", "schemaversion", "state", "isactive", "active", "reason", "source", "created",
    "registered", "published", "updated", "xml", "metadataversion", "event", "viewcount", "viewsovertime",
    "downloadcount", "downloadsovertime", "referencecount", "citationcount", "citationsovertime", "partcount",
    "partofcount", "versioncount", "versionofcount", "mode", "relationships", "types", "resourcetype", "landingpage",
    "providerid", "clientid", "agency",
)  # fmt: skip
_OF_PUBLICATION = ("issued", "created", "updated", "submitted", "accepted")
_UNSPECIFIC = ("other", "physicalobject")


def read_datacite(part: Part, dialect: Dialect) -> ImportedRecord:
    """The record of a `resource`, or of the attributes of a DOI. What is not understood is told in it."""
    return _Reader(dialect).read(part)


class Kind(NamedTuple):
    """What a record says it is of: the type of resource, and in words."""

    spot: Spot
    general: str
    text: str | None

    @property
    def is_instrument(self) -> bool:
        """Whether it is an instrument. Before there was a type for that, records said so in words."""
        return key_of(self.general) == "instrument" or (
            self.is_unspecific and "instrument" in (self.text or "").casefold()
        )

    @property
    def is_unspecific(self) -> bool:
        """Whether the type may be that of an instrument too."""
        return key_of(self.general) in _UNSPECIFIC


def kind_of_resource(part: Part) -> Kind | None:
    """What it says it is; None where it does not say."""
    for name in ("types", "resourceType"):
        held = part.member(name)
        general = held and held.member("resourceTypeGeneral")
        told = general and tidied(general.text)
        if held and told:
            return Kind(held.spot, told, tidied(held.text or Members(held).text("resourcetype")))
    return None


class _Reader:
    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect
        self._notes: list[NotUnderstood] = []
        self._spots: dict[str, Spot] = {}

    def read(self, part: Part) -> ImportedRecord:
        members = Members(part)
        kind = kind_of_resource(part)
        if kind is not None and key_of(kind.general) != "instrument":
            self._note(kind.spot, f"its resource type {kind.general} is not kept: it is taken for an instrument")
        identifiers = tuple(self._identifiers(members))
        owners = tuple(self._owners(members))
        told, related = self._alternates(members), self._related(members)
        own, alternates = told_apart(identifiers, told, self._note)
        if own is not None:
            self._spots["identifier"] = own[0]
        subjects = tuple(self._subjects(members))
        abstract, facts = self._descriptions(members, subjects)
        coded = [each for each in (*facts.types, *facts.techniques) if each.code is not None]
        free = [each for each in subjects if not any(_is_from(thing, each) for thing in coded)]
        types = _identified(tuple(self._types(part, facts)), free)
        variables, techniques = _identified(facts.variables, free), _identified(facts.techniques, free)
        record = ImportedRecord(
            spot=part.spot,
            dialect=self._dialect,
            identifier=own and own[1],
            landing_page=self._text(members, "landing_page", "url"),
            name=self._name(members),
            owners=owners or tuple(self._publisher(members)),
            manufacturers=tuple(self._agents(members, "creator")),
            model=facts.model,
            description=abstract,
            instrument_types=types,
            measured_variables=variables,
            measurement_techniques=techniques,
            dates=tuple(self._dates(members, part)),
            related=tuple(each for each in related if not _is_model(each, facts.model)),
            alternates=alternates,
            subjects=tuple(self._keywords(subjects, (*types, *variables, *techniques))),
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

    def _identifiers(self, members: Members) -> Iterator[tuple[Spot, Code]]:
        """All that are said to be of the instrument: the REST API tells the alternate ones among them too."""
        doi = members.take("doi")
        if doi is not None and (value := tidied(doi.text)) is not None and not is_unknown(value):
            yield doi.spot, Code(value, "DOI")
        for item in self._items(members, "identifier"):
            inner = Members(item)
            value = tidied(item.text or inner.text("identifier"))
            scheme = tidied(inner.text("identifiertype"))
            self._notes += inner.rest()
            if value is not None and not is_unknown(value):
                yield read_own(value, scheme, item.spot, self._note)
        # The id of an entry is anything; in a document it is what the record is of.
        id = members.take("id")
        if id is not None and (value := tidied(id.text)) is not None:
            known = persistent_identifier(Code(value, None))
            if known is not None:
                yield id.spot, Code(value, known.scheme.value)

    def _name(self, members: Members) -> str | None:
        told: list[tuple[Part, str, str | None]] = []
        for item in self._items(members, "title"):
            inner = Members(item)
            title, kind = tidied(item.text or inner.text("title")), inner.text("titletype")
            self._notes += inner.rest()
            if title is not None:
                told.append((item, title, kind))
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
        name, kind = item.text, members.text("nametype")
        held = members.take(f"{stem}name", "name")
        if held is not None:
            inner = Members(held)
            name = held.text or inner.text(f"{stem}name")
            kind = inner.text("nametype") or kind
            self._notes += inner.rest()
        name = tidied(name)
        codes: list[tuple[Part, Code]] = []
        for each in self._items(members, "nameIdentifier".casefold()):
            inner = Members(each)
            value, scheme = tidied(each.text or inner.text("nameidentifier")), inner.text("nameidentifierscheme")
            inner.ignore("schemeuri")
            self._notes += inner.rest()
            if value is not None:
                codes.append((each, Code(value, tidied(scheme))))
        for each, code in codes[1:]:
            self._note(each.spot, f"a further identifier is not kept: {code.scheme} {code.value}")
        given = [tidied(members.text(each)) for each in ("givenname", "familyname")]
        members.ignore("contributortype")
        self._notes += members.rest()
        code = codes[0][1] if codes else None
        # An ORCID iD tells it.
        is_told = code is not None and agent_code(code).scheme == "ORCID"
        if key_of(tidied(kind) or "") == "personal" and not is_told:
            self._note(item.spot, f"that this is a person is not kept: {name or ''}")
        if any(each is not None and each.casefold() not in (name or "").casefold() for each in given):
            self._note(item.spot, f"the parts of a name are not kept: {', '.join(filter(None, given))}")
        return None if is_unknown(name) and code is None else Thing(item.spot, name, code)

    def _publisher(self, members: Members) -> Iterator[Thing]:
        """The publisher, where no hosting institution is told (the mapping of DataCite for property 5)."""
        part = members.take("publisher")
        if part is None:
            return
        inner = Members(part)
        name = tidied(part.text or inner.text("publisher", "name"))
        value = tidied(inner.text("publisheridentifier"))
        scheme = tidied(inner.text("publisheridentifierscheme"))
        inner.ignore("schemeuri")
        self._notes += inner.rest()
        if name is not None and not is_unknown(name):
            yield Thing(part.spot, name, None if value is None else Code(value, scheme))

    def _tell_publication(self, members: Members) -> None:
        told: list[str] = []
        for name, part in (("publisher", members.take("publisher")), ("year", members.take("publicationyear"))):
            if part is None:
                continue
            inner = Members(part)
            text = tidied(part.text or inner.text(name, "name"))
            inner.ignore("publisheridentifier", "publisheridentifierscheme", "schemeuri")
            self._notes += inner.rest()
            if text is not None and not is_unknown(text):
                told.append(f"{name} {text}")
        if told:
            self._note(members.part.spot, f"of its publication cora keeps nothing: {', '.join(told)}")

    def _descriptions(self, members: Members, subjects: Collection[Subject]) -> tuple[str | None, Facts]:
        abstract: str | None = None
        technical: list[tuple[Spot, str]] = []
        for item in self._items(members, "description"):
            inner = Members(item)
            told = item.text or inner.text("description")
            text = tidied(told)
            kind = key_of(tidied(inner.text("descriptiontype")) or "abstract")
            self._notes += inner.rest()
            if told is None or text is None:
                continue
            if kind == "technicalinfo":
                technical.append((item.spot, told))
            elif kind == "abstract" and abstract is None:
                abstract = text
                self._spots["description"] = item.spot
            else:
                self._note(item.spot, f"a further description is not kept: {text[:200]}")
        facts = facts_of(technical, subjects)
        self._notes += facts.not_understood
        return abstract, facts

    def _types(self, part: Part, facts: Facts) -> Iterator[Thing]:
        """The types that technical information tells, and the text of the resource type where it is another."""
        yield from facts.types
        types = part.member("types")
        held = types.member("resourceType") if types else part.member("resourceType")
        text = tidied(held and (held.text or Members(held).text("resourcetype")))
        named = {"instrument", *((each.name or "").casefold() for each in facts.types)}
        if held is not None and text and text.casefold() not in named and not is_unknown(text):
            yield Thing(held.spot, text)

    def _subjects(self, members: Members) -> Iterator[Subject]:
        for item in self._items(members, "subject"):
            inner = Members(item)
            name = tidied(item.text or inner.text("subject"))
            url, code = tidied(inner.text("valueuri")), tidied(inner.text("classificationcode"))
            scheme = tidied(inner.text("subjectscheme"))
            inner.ignore("schemeuri")
            self._notes += inner.rest()
            if name is None:
                continue
            if url is not None and code is not None:
                self._note(item.spot, f"a further identifier is not kept: {scheme} {code}")
            yield Subject(item.spot, name, scheme or ("URL" if url else None), url or code)

    def _keywords(self, subjects: Iterable[Subject], things: Collection[Thing]) -> Iterator[Thing]:
        """The subjects but those that say from which vocabulary a type, a variable or a technique is."""
        for subject in subjects:
            told = [each for each in things if _is_from(each, subject)]
            if subject.scheme is not None and subject.value is None and all(each.code is None for each in told):
                self._note(subject.spot, f"the scheme of a subject without an identifier is not kept: {subject.scheme}")
            if not told:
                yield Thing(subject.spot, subject.name, subject.code)

    def _dates(self, members: Members, part: Part) -> Iterator[Dated]:
        """Both ways of the reference, 2.1: `Other` with what it is, and `Available` from one day to another."""
        year = part.member("publicationYear")
        for item in self._items(members, "date"):
            inner = Members(item)
            text, kind = tidied(inner.text("date") or item.text), tidied(inner.text("datetype")) or ""
            says = tidied(inner.text("dateinformation"))
            self._notes += inner.rest()
            if text is not None and kind.casefold() in _OF_PUBLICATION:
                # The API adds the year of publication as such a date.
                if kind.casefold() != "issued" or says is not None or year is None or tidied(year.text) != text:
                    self._note(item.spot, f"a date of the publication is not kept: {kind} {text} {says or ''}".rstrip())
                continue
            if text is None:
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
            kind = tidied(inner.text("alternateidentifiertype"))
            self._notes += inner.rest()
            if value is not None:
                found.append(read_alternate(value, kind, None, item.spot, self._note))
        return tuple(found)


def _identified(things: Iterable[Thing], subjects: Iterable[Subject]) -> tuple[Thing, ...]:
    """The things, with the identifiers that subjects of their names have."""
    codes: dict[str | None, Code] = {}
    for each in subjects:
        if each.code is not None:
            codes.setdefault(each.name, each.code)
    return tuple(replace(each, code=each.code or codes.get(each.name)) for each in things)


def _is_from(thing: Thing, subject: Subject) -> bool:
    """Whether a subject says from which vocabulary a thing is: only that, so it has the identifier that the thing has,
    or none but a scheme."""
    if thing.name != subject.name or subject.scheme is None:
        return False
    if subject.value is None:
        return thing.code is None or thing.code.scheme == subject.scheme
    return thing.code == subject.code


def _is_model(related: Related, model: Thing | None) -> bool:
    """Whether a reference is the identifier of the model, which the facts tell too."""
    return model is not None and related.relation == "References" and model.code == related.code
