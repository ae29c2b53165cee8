"""DataCite's REST API as the reference describes it (section 3), on the loopback.

States and events, the upsert, both shapes of errors, foreign prefixes and repositories, lost races, and the
handle that is written after the answer is decided: late, or never.
"""

import base64
import json
import re
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from tests.authorities.faults import FaultPlan
from tests.authorities.loopback import Answered, Asked, served
from tests.authorities.openapi import complaints

REPOSITORY, PASSWORD, PREFIX = "FACILITY.CORA", "pass:word/7", "10.82433"
NEVER = 1_000_000

_ON_CREATE = re.compile(r"10\.\d{4,5}/[-._;()/:a-zA-Z0-9*~$=]+")
_MANDATORY = ("creators", "titles", "publisher", "publicationYear", "types")
_TRANSITIONS = {
    ("publish", "draft"): "findable",
    ("publish", "registered"): "findable",
    ("register", "draft"): "registered",
    ("hide", "findable"): "registered",
}
_DROPPED = ("event", "doi", "prefix", "state", "registered", "created", "updated", "published")


@dataclass
class Record:
    """A DOI as DataCite keeps it. `handle` is where the resolver leads to, None while it knows nothing."""

    doi: str
    client: str
    state: str = "draft"
    attributes: dict[str, Any] = field(default_factory=dict[str, Any])
    handle: str | None = None
    saved: int = 0


@dataclass
class DataciteSimulator:
    """What is registered, and what is about to happen.

    `handle_fails` is how many writes of a handle still fail. `overtakes` are records that somebody
    else creates a moment before the next write. `wrong` collects requests that the API description does not know.
    """

    url: str = ""
    plan: FaultPlan = field(default_factory=FaultPlan)
    records: dict[str, Record] = field(default_factory=dict[str, Record])
    prefixes: set[str] = field(default_factory=lambda: {PREFIX})
    handle_fails: int = 0
    handle_is_late: int = 0
    overtakes: list[Record] = field(default_factory=list[Record])
    wrong: list[str] = field(default_factory=list[str])
    passwords: set[str] = field(default_factory=lambda: {PASSWORD})
    agents: set[str] = field(default_factory=set[str])
    _late: dict[str, int] = field(default_factory=dict[str, int])

    def put_there(self, doi: str, url: str, *, client: str = REPOSITORY, state: str = "findable") -> Record:
        """A record of earlier times."""
        handle = None if state == "draft" else url
        record = Record(doi.lower(), client.lower(), state, {"url": url}, handle)
        self.records[doi.lower()] = record
        return record

    def answer(self, asked: Asked) -> Answered:
        """Carry out a request."""
        self.agents.add(asked.headers.get("user-agent", ""))
        self.wrong.extend(f"{asked.method} {asked.path}: {each}" for each in complaints(asked))
        if not self._is_known(asked):
            return _error(401, "Bad credentials.")
        doi = asked.path.removeprefix("/dois/").lower()
        if asked.path == "/dois" and asked.method == "GET":
            return self._list(asked)
        if not asked.path.startswith("/dois/"):
            return _error(404, "The resource you are looking for doesn't exist.")
        match asked.method:
            case "GET":
                return self._show(doi, whole_publisher=asked.first("publisher") == "true")
            case "PUT":
                return self._upsert(doi, asked)
            case _:
                return _error(405, "Method not allowed")

    def _is_known(self, asked: Asked) -> bool:
        scheme, _, token = asked.headers.get("authorization", "").partition(" ")
        if scheme != "Basic":
            return False
        user, _, password = base64.b64decode(token).decode().partition(":")
        return user.casefold() == REPOSITORY.casefold() and password in self.passwords

    def _show(self, doi: str, *, whole_publisher: bool) -> Answered:
        record = self.records.get(doi)
        if record is None or (record.state != "findable" and record.client != REPOSITORY.lower()):
            return _error(404, "The resource you are looking for doesn't exist.")
        self._write_late(record)
        return _json(200, {"data": self._shown(record, whole_publisher=whole_publisher)})

    def _write_late(self, record: Record) -> None:
        """The handle server comes around to what it was asked for earlier."""
        if record.doi in self._late:
            self._late[record.doi] -= 1
            if self._late[record.doi] <= 0:
                del self._late[record.doi]
                record.handle = record.attributes.get("url")

    def _upsert(self, doi: str, asked: Asked) -> Answered:
        try:
            attributes = json.loads(asked.body)["data"]["attributes"]
        except (ValueError, KeyError, TypeError):
            return _error(400, "You need to provide a payload following the JSONAPI spec")
        record = self.records.get(doi)
        for other in self.overtakes:
            self.records[other.doi] = other
        if self.overtakes:
            # What was looked up is out of date: the unique index refuses a second record.
            self.overtakes.clear()
            if record is None and doi in self.records:
                return _error(409, "The resource already exists.")
        created = record is None
        if record is None:
            if not _ON_CREATE.fullmatch(doi):
                return _invalid(doi, "doi", "Is invalid")
            if doi.partition("/")[0] not in self.prefixes:
                return _error(403, "You are not authorized to access this resource.")
            record = Record(doi, REPOSITORY.lower())
        elif record.client != REPOSITORY.lower():
            return _error(403, "You are not authorized to access this resource.")
        attributes = {name: value for name, value in attributes.items() if value is not None}
        after = {**record.attributes, **{name: attributes[name] for name in attributes if name not in _DROPPED}}
        state = _TRANSITIONS.get((attributes.get("event", ""), record.state), record.state)
        wrong = _violation(doi, after) if state != "draft" else None
        if wrong is not None:
            return wrong
        record.attributes, record.state = after, state
        record.saved += 1
        self.records[doi] = record
        if state != "draft":
            self._write_handle(record)
        return _json(201 if created else 200, {"data": self._shown(record)})

    def _write_handle(self, record: Record) -> None:
        """After the commit, once for each save. When it fails DataCite logs it, and answers all the same (3.7)."""
        if self.handle_fails:
            self.handle_fails -= 1
        elif self.handle_is_late:
            self._late[record.doi] = self.handle_is_late
            self.handle_is_late = 0
        else:
            record.handle = record.attributes.get("url")

    def _list(self, asked: Asked) -> Answered:
        found = sorted(
            (
                record
                for record in self.records.values()
                if record.client == asked.first("client-id") and record.doi.startswith(f"{asked.first('prefix')}/")
            ),
            key=lambda record: record.doi,
        )
        size, cursor = int(asked.first("page[size]", "25")), asked.first("page[cursor]", "1")
        start = 0 if cursor == "1" else int(base64.b64decode(cursor))
        page = found[start : start + size]
        links: dict[str, str] = {"self": f"{self.url}{asked.target}"}
        if start + size < len(found):
            following = base64.b64encode(str(start + size).encode()).decode()
            # At a host of its own: whoever follows it leaves the one that was configured.
            links["next"] = f"http://elsewhere.invalid/dois?{urlencode({'page[cursor]': following})}"
        shown = [self._shown(each, is_listed=True) for each in page]
        return _json(200, {"data": shown, "meta": {"total": len(found)}, "links": links})

    def _shown(self, record: Record, *, is_listed: bool = False, whole_publisher: bool = False) -> dict[str, Any]:
        attributes = {
            **answered(record, is_listed=is_listed, whole_publisher=whole_publisher),
            "doi": record.doi,
            "state": record.state,
            "registered": None if record.handle is None else "2026-10-01T08:00:00.000Z",
        }
        client = {"data": {"id": record.client, "type": "clients"}}
        return {"id": record.doi, "type": "dois", "attributes": attributes, "relationships": {"client": client}}


_ADDED: dict[str, Any] = {
    "creators": [],
    "titles": [],
    "publisher": None,
    "container": {},
    "publicationYear": None,
    "subjects": [],
    "contributors": [],
    "dates": [],
    "language": None,
    "types": {},
    "relatedIdentifiers": [],
    "relatedItems": [],
    "sizes": [],
    "formats": [],
    "version": None,
    "rightsList": [],
    "descriptions": [],
    "geoLocations": [],
    "fundingReferences": [],
    "url": None,
    "contentUrl": None,
    "metadataVersion": 1,
    "schemaVersion": None,
    "source": "api",
}
_KINDS = {"schemaOrg": "CreativeWork", "citeproc": "article", "bibtex": "misc", "ris": "GEN"}
_FIELDS_OF_SCIENCE = {"Physical sciences", "Materials engineering"}


def answered(record: Record, *, is_listed: bool, whole_publisher: bool) -> dict[str, Any]:
    """The metadata of a record as lupo answers it (its serializer, and what it does before it saves)."""
    kept = {**_ADDED, **record.attributes}
    publisher = kept["publisher"]
    if publisher is not None and not whole_publisher:
        kept["publisher"] = publisher["name"]
    for name in ("creators", "contributors"):
        kept[name] = [{"affiliation": [], "nameIdentifiers": [], **each} for each in kept[name]]
    kept["types"] = {**_KINDS, **kept["types"]} if kept["types"] else {}
    kept["subjects"] = [each for subject in kept["subjects"] for each in _with_field_of_science(subject)]
    for name, member in (("titles", "title"), ("descriptions", "description")):
        kept[name] = [{**each, member: " ".join(each[member].replace("&", "&amp;").split())} for each in kept[name]]
    own = {record.doi.casefold(), (kept["url"] or "").casefold()}
    others = [
        each for each in kept.pop("alternateIdentifiers", []) if each["alternateIdentifier"].casefold() not in own
    ]
    kept["identifiers"] = [
        {"identifier": each["alternateIdentifier"], "identifierType": each["alternateIdentifierType"]}
        for each in others
    ]
    return kept if is_listed else {**kept, "alternateIdentifiers": others}


def _with_field_of_science(subject: dict[str, Any]) -> list[dict[str, Any]]:
    if subject["subject"] not in _FIELDS_OF_SCIENCE:
        return [subject]
    field_of_science = {
        "subject": f"FOS: {subject['subject']}",
        "subjectScheme": "Fields of Science and Technology (FOS)",
        "schemeUri": "http://www.oecd.org/science/inno/38235147.pdf",
    }
    return [subject, field_of_science]


def _violation(doi: str, attributes: Mapping[str, Any]) -> Answered | None:
    """What keeps a DOI from becoming public (3.4, 3.6)."""
    if not attributes.get("url"):
        return _invalid(doi, "url", "Can't be blank")
    if not re.fullmatch(r"(ftp|https?)://\S+", attributes["url"]):
        return _invalid(doi, "url", "URL is not valid")
    for name in _MANDATORY:
        if not attributes.get(name):
            expected = "Missing child element(s). Expected is ( {http://datacite.org/schema/kernel-4}" + name + " )."
            return _invalid(doi, name, f"DOI {doi}: {expected} at line 4, column 0")
    return None


def _json(status: int, body: Any) -> Answered:
    return Answered(status, json.dumps(body).encode(), "application/json; charset=utf-8")


def _error(status: int, title: str) -> Answered:
    return _json(status, {"errors": [{"status": str(status), "title": title}]})


def _invalid(doi: str, source: str, title: str) -> Answered:
    return _json(422, {"errors": [{"source": source, "title": title, "uid": doi}]})


@asynccontextmanager
async def datacite_simulator(
    prepare: Callable[[DataciteSimulator, str], None] | None = None,
) -> AsyncGenerator[DataciteSimulator]:
    """DataCite, for as long as a test runs. Afterwards every request must have been one that its description knows.

    `prepare` may change what answers before it does: an attribute of the simulator.
    """
    made = DataciteSimulator()
    if prepare is not None:
        prepare(made, "answer")
    async with served(made.answer, made.plan) as url:
        made.url = url
        yield made
    assert made.wrong == []
