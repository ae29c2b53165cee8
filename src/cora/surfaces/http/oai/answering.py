"""The answers to the six verbs (section 4), as XML."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from lxml import etree

from cora.equipment.harvesting import Harvested, Harvester, Harvesting
from cora.equipment.pidinst.forms.writing import add
from cora.kernel.harvest import Asked
from cora.surfaces.http.oai.asking import OaiError, read_arguments, read_asked
from cora.surfaces.http.oai.formats import FORMATS, MetadataFormat
from cora.surfaces.http.oai.resuming import Position, read_token, token_of
from cora.surfaces.http.oai.site import Site

AT_ONCE = 100
"""Records, or headers, in one answer."""

_OAI = "http://www.openarchives.org/OAI/2.0/"
_SCHEMA = "http://www.openarchives.org/OAI/2.0/OAI-PMH.xsd"
_IDENTIFIER = "http://www.openarchives.org/OAI/2.0/oai-identifier"
_IDENTIFIER_SCHEMA = "http://www.openarchives.org/OAI/2.0/oai-identifier.xsd"
_XSI = "http://www.w3.org/2001/XMLSchema-instance"
_GRANULARITY = "YYYY-MM-DDThh:mm:ssZ"
_UNTOLD = ("badVerb", "badArgument")
"""With these errors the arguments are not repeated in the answer (section 3.2)."""


@dataclass(frozen=True)
class Answering:
    """Answers what is asked of a site."""

    harvester: Harvester
    site: Site

    async def answer(self, given: Mapping[str, Sequence[str]]) -> bytes:
        """The whole document, whatever was asked."""
        now, arguments = self.harvester.kernel.clock(), dict[str, str]()
        try:
            arguments = read_arguments(given)
            content, looked_at = await self._content(arguments)
        except OaiError as error:
            told = {} if error.code in _UNTOLD else arguments
            content = etree.Element(etree.QName(_OAI, "error"), code=error.code)
            content.text = "".join(each if each.isprintable() else "\ufffd" for each in error.says)
            return self._document(now, told, content)
        return self._document(looked_at or now, arguments, content)

    def _document(self, moment: datetime, arguments: Mapping[str, str], content: etree._Element) -> bytes:
        root = _element("OAI-PMH", _OAI, _SCHEMA)
        add(root, "responseDate", _stamp(moment))
        add(root, "request", self.site.base_url, **arguments)
        root.append(content)
        return etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True)

    async def _content(self, arguments: Mapping[str, str]) -> tuple[etree._Element, datetime | None]:
        match arguments["verb"]:
            case "Identify":
                return await self._identify(), None
            case "ListMetadataFormats":
                return await self._formats(arguments.get("identifier")), None
            case "ListSets":
                return await self._sets(arguments.get("resumptionToken")), None
            case "GetRecord":
                return await self._record(arguments), None
            case _:
                return await self._list(arguments)

    async def _identify(self) -> etree._Element:
        content = etree.Element(etree.QName(_OAI, "Identify"))
        add(content, "repositoryName", self.site.name)
        add(content, "baseURL", self.site.base_url)
        add(content, "protocolVersion", "2.0")
        add(content, "adminEmail", self.site.admin_email)
        earliest = await self.harvester.harvest.earliest()
        add(content, "earliestDatestamp", _stamp(earliest or self.harvester.kernel.clock()))
        add(content, "deletedRecord", "persistent")
        add(content, "granularity", _GRANULARITY)
        if self.site.has_domain:
            described = _element("oai-identifier", _IDENTIFIER, _IDENTIFIER_SCHEMA)
            add(described, "scheme", "oai")
            add(described, "repositoryIdentifier", self.site.repository)
            add(described, "delimiter", ":")
            add(described, "sampleIdentifier", self.site.identifier(UUID(int=0)))
            add(content, "description").append(described)
        return content

    async def _formats(self, identifier: str | None) -> etree._Element:
        if identifier is not None:
            await self._one(identifier)
        content = etree.Element(etree.QName(_OAI, "ListMetadataFormats"))
        for each in FORMATS.values():
            element = add(content, "metadataFormat")
            add(element, "metadataPrefix", each.prefix)
            add(element, "schema", each.schema_url(self.site))
            add(element, "metadataNamespace", each.namespace)
        return content

    async def _sets(self, token: str | None) -> etree._Element:
        if token is not None:
            raise OaiError("badResumptionToken", "All sets are told at once: there is no token for more.")
        content = etree.Element(etree.QName(_OAI, "ListSets"))
        for each in await self.harvester.sets():
            element = add(content, "set")
            add(element, "setSpec", each.spec)
            add(element, "setName", each.name)
        return content

    async def _record(self, arguments: Mapping[str, str]) -> etree._Element:
        format = _format(arguments["metadataPrefix"])
        record = await self._one(arguments["identifier"])
        content = etree.Element(etree.QName(_OAI, "GetRecord"))
        self._add_record(content, record, format)
        return content

    async def _one(self, identifier: str) -> Harvested:
        id = self.site.id_of(identifier)
        record = None if id is None else await self.harvester.one(id)
        if record is None:
            raise OaiError("idDoesNotExist", f"There is no public record {identifier[:100]}.")
        return record

    async def _list(self, arguments: Mapping[str, str]) -> tuple[etree._Element, datetime]:
        verb, token = arguments["verb"], arguments.get("resumptionToken")
        resumed = None if token is None else read_token(token, verb)
        asked = resumed.asked if resumed else read_asked(arguments)
        format = _format(resumed.prefix if resumed else arguments["metadataPrefix"])
        with_records = verb == "ListRecords"
        place = resumed.place if resumed else None
        page = await self.harvester.page(place, asked, AT_ONCE, with_records=with_records)
        if not page.records and resumed is None:
            raise OaiError("noRecordsMatch", "No record was changed then in that set.")
        content = etree.Element(etree.QName(_OAI, verb))
        for each in page.records:
            if with_records:
                self._add_record(content, each, format)
            else:
                self._add_header(content, each)
        if page.goes_on is not None or resumed is not None:
            await self._add_token(content, verb, format, asked, page, resumed)
        return content, page.looked_at

    async def _add_token(
        self,
        content: etree._Element,
        verb: str,
        format: MetadataFormat,
        asked: Asked,
        page: Harvesting,
        resumed: Position | None,
    ) -> None:
        """What leads on; an empty one at the end of a list that came in parts (section 3.5)."""
        cursor = resumed.cursor if resumed else 0
        told = cursor + len(page.records)
        if page.goes_on is None:
            add(content, "resumptionToken", completeListSize=str(told), cursor=str(cursor))
            return
        # Of a list that grows meanwhile the number is known at its end.
        size = max(resumed.size if resumed else await self.harvester.harvest.count(asked), told + 1)
        token = token_of(Position(verb, format.prefix, asked, page.goes_on, told, size))
        add(content, "resumptionToken", token, completeListSize=str(size), cursor=str(cursor))

    def _add_record(self, parent: etree._Element, record: Harvested, format: MetadataFormat) -> None:
        element = add(parent, "record")
        self._add_header(element, record)
        if record.record is not None:
            add(element, "metadata").append(format.write(record.record, format, self.site))

    def _add_header(self, parent: etree._Element, record: Harvested) -> None:
        header = add(parent, "header", status="deleted" if record.withdrawn else None)
        add(header, "identifier", self.site.identifier(record.id))
        add(header, "datestamp", _stamp(record.changed_at))
        for each in record.sets:
            add(header, "setSpec", each)


def _format(prefix: str) -> MetadataFormat:
    if prefix not in FORMATS:
        raise OaiError("cannotDisseminateFormat", f"{prefix[:100]} is not one of {', '.join(FORMATS)}.")
    return FORMATS[prefix]


def _element(name: str, namespace: str, schema: str) -> etree._Element:
    prefixes: Any = {None: namespace, "xsi": _XSI}
    element = etree.Element(etree.QName(namespace, name), nsmap=prefixes)
    element.set(etree.QName(_XSI, "schemaLocation"), f"{namespace} {schema}")
    return element


def _stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
