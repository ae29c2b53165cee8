"""OAI-PMH 2.0 as harvesters use it: over a socket, with a client of others, over pages, changes and deletions."""

import asyncio
import os
import socket
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from lxml import etree
from oaipmh_scythe import Scythe
from oaipmh_scythe.exceptions import NoRecordsMatch
from pydantic import HttpUrl
from tests.integration.scenario import World
from tests.integration.surfaces import surfaces

from cora.equipment.keep_publications import keep_publications
from cora.equipment.pidinst.forms import datacite
from cora.kernel.principal import Role
from cora.settings import Settings
from cora.surfaces.http.oai.answering import AT_ONCE
from cora.surfaces.http.oai.formats import FORMATS, PIDINST_SCHEMA_PATH
from cora.surfaces.server import application
from cora.surfaces.start import Opened

OAI = "{http://www.openarchives.org/OAI/2.0/}"
DESCRIBED = "{http://www.openarchives.org/OAI/2.0/oai-identifier}"
MANY = AT_ONCE + 21

_HERE = Path(__file__).parent
_GRAMMAR = etree.RelaxNG(etree.parse(str(_HERE / "oai_pmh.rng")))
_OFFICIAL = os.environ.get("CORA_TEST_OAI_SCHEMA")
"""A schema that imports the official ones, where somebody has them at hand."""


@dataclass
class Site:
    """A running server, and what was made on it."""

    cora: Opened
    world: World
    address: str
    assets: list[str]
    fixture: str
    family: str

    async def kept(self) -> None:
        """Let the worker do its round."""
        await keep_publications(self.cora.kernel, self.cora.log.publications, quiet=timedelta(0))

    async def harvest(self, ask: Callable[[Scythe], Any]) -> Any:
        """What the client of others makes of it."""

        def run() -> Any:
            with Scythe(f"{self.address}/oai") as scythe:
                found = ask(scythe)
                return list(found) if hasattr(found, "__next__") else found

        return await asyncio.to_thread(run)

    async def ask(self, *, post: bool = False, **arguments: Any) -> etree._Element:
        """The answer to one request, which must be made as the protocol says."""
        web = self.world.surfaces.web[Role.ANONYMOUS]
        answer = await (web.post("/oai", data=arguments) if post else web.get("/oai", params=arguments))
        assert answer.status_code == 200, answer.text
        assert answer.headers["content-type"] == "text/xml; charset=utf-8"
        return valid(answer.content)

    async def walk(self, **arguments: Any) -> tuple[list[etree._Element], list[etree._Element]]:
        """All answers of a list, and the headers in them."""
        answers = [await self.ask(**arguments)]
        while token := answers[-1].findtext(f".//{OAI}resumptionToken"):
            answers.append(await self.ask(verb=arguments["verb"], resumptionToken=token))
        return answers, [header for each in answers for header in each.iter(f"{OAI}header")]

    def identifier(self, id: str) -> str:
        return f"oai:127.0.0.1:{id}"


def valid(answer: bytes) -> etree._Element:
    """The document, if it is made as the protocol says."""
    document = etree.fromstring(answer)
    assert _GRAMMAR.validate(document), str(_GRAMMAR.error_log)
    if _OFFICIAL:
        official = etree.XMLSchema(etree.parse(_OFFICIAL))
        assert official.validate(document), str(official.error_log)
    return document


def code(answer: etree._Element) -> str | None:
    error = answer.find(f"{OAI}error")
    return None if error is None else error.get("code")


def identifiers(headers: Sequence[etree._Element]) -> list[str]:
    return [header.findtext(f"{OAI}identifier") or "" for header in headers]


@asynccontextmanager
async def listening(app: Any) -> AsyncGenerator[str]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = uvicorn.Server(uvicorn.Config(app, log_config=None, lifespan="off"))
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            await serving


@pytest.fixture(scope="module")
async def site(module_cora: Opened) -> AsyncGenerator[Site]:
    async with surfaces(module_cora) as shown, listening(shown.app) as address:
        world = World(shown)
        family = await world.family(name="Camera & <lens>")
        maker = await world.model(family)
        root = await world.asset(name="2-BM")
        assets: list[str] = []
        for number in range(MANY):
            asset = await world.asset(
                name=f"Camera {number} \u2192 <&>", parent_id=root, model_id=maker, family_ids=[family] * (number < 3)
            )
            value = f"10.1234/cam-{number}"
            await world.do("record_asset_persistent_id", asset_id=asset, scheme="DOI", value=value)
            assets.append(asset)
        fixture = await world.citable()
        await world.do("assign_fixture_persistent_id", fixture_id=fixture, scheme="DOI")
        made = Site(module_cora, world, address, assets, fixture, family)
        await made.kept()
        yield made


async def persistent_id_of(site: Site, asset: str) -> str:
    answer = await site.world.surfaces.web[Role.READER].get("/persistent-ids", params={"subject_id": asset})
    return str(answer.json()["items"][0]["id"])


async def test_everything_is_harvested_over_pages(site: Site) -> None:
    for prefix in FORMATS:
        records = await site.harvest(lambda scythe, prefix=prefix: scythe.list_records(metadata_prefix=prefix))
        found = [each.header.identifier for each in records]
        assert len(found) == len(set(found)) == MANY + 1
        assert {site.identifier(id) for id in (*site.assets, site.fixture)} == set(found)
        assert all(each.metadata for each in records)
    headers = await site.harvest(lambda scythe: scythe.list_identifiers())
    assert len(list(headers)) == MANY + 1


async def test_a_list_tells_where_it_stands(site: Site) -> None:
    for verb in ("ListRecords", "ListIdentifiers"):
        answers, headers = await site.walk(verb=verb, metadataPrefix="pidinst")
        assert len(headers) == MANY + 1
        tokens = [answer.find(f".//{OAI}resumptionToken") for answer in answers]
        told = [
            (each.get("cursor"), each.get("completeListSize"), bool(each.text)) for each in tokens if each is not None
        ]
        assert told == [("0", str(MANY + 1), True), (str(AT_ONCE), str(MANY + 1), False)]
        datestamps = [header.findtext(f"{OAI}datestamp") or "" for header in headers]
        assert datestamps == sorted(datestamps)


async def test_each_format_is_valid_by_its_schema(site: Site) -> None:
    web = site.world.surfaces.web[Role.ANONYMOUS]
    schema = etree.XMLSchema(etree.fromstring((await web.get(PIDINST_SCHEMA_PATH)).content))
    wanted = site.identifier(site.assets[0])
    for id in (wanted, site.identifier(site.fixture)):
        told = await site.ask(verb="GetRecord", identifier=id, metadataPrefix="pidinst")
        (metadata,) = told.iter(f"{OAI}metadata")
        assert schema.validate(etree.fromstring(etree.tostring(metadata[0]))), str(schema.error_log)
        told = await site.ask(verb="GetRecord", identifier=id, metadataPrefix="oai_datacite")
        (payload,) = told.iter("{http://schema.datacite.org/oai/oai-1.1/}payload")
        assert datacite.violations(etree.tostring(payload[0])) == []
        assert told.findtext(".//{http://schema.datacite.org/oai/oai-1.1/}schemaVersion") == "4.7"
        told = await site.ask(verb="GetRecord", identifier=id, metadataPrefix="oai_dc")
        assert told.findtext(".//{http://purl.org/dc/elements/1.1/}title")
    assert told.findtext(".//{http://purl.org/dc/elements/1.1/}publisher") == "Hall 7"


async def test_the_repository_tells_what_it_is(site: Site) -> None:
    identify = await site.harvest(lambda scythe: scythe.identify())
    assert identify.protocolVersion == "2.0"
    assert identify.deletedRecord == "persistent"
    assert identify.granularity == "YYYY-MM-DDThh:mm:ssZ"
    told = await site.ask(verb="Identify", post=True)
    _, headers = await site.walk(verb="ListIdentifiers", metadataPrefix="oai_dc")
    assert told.findtext(f".//{OAI}earliestDatestamp") == headers[0].findtext(f"{OAI}datestamp")
    formats = await site.harvest(lambda scythe: scythe.list_metadata_formats())
    assert [each.metadataPrefix for each in formats] == ["oai_dc", "oai_datacite", "pidinst"]
    own = await site.ask(verb="ListMetadataFormats", identifier=site.identifier(site.fixture))
    assert len(own.findall(f".//{OAI}metadataFormat")) == 3


async def test_records_keep_their_identifiers_when_the_pages_move(site: Site) -> None:
    moved = Settings(public_url=HttpUrl("https://new.example.org"), oai_repository="former.example.org")
    equipment = replace(site.cora.equipment, public_url=moved.landing_url)
    app = application(replace(site.cora, settings=moved, equipment=equipment))
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url=moved.landing_url) as web:

        async def ask(**arguments: str) -> etree._Element:
            return valid((await web.get("/oai", params=arguments)).content)

        told = await ask(verb="Identify")
        assert told.findtext(f".//{OAI}baseURL") == "https://new.example.org/oai"
        assert told.findtext(f".//{DESCRIBED}repositoryIdentifier") == "former.example.org"
        assert (told.findtext(f".//{DESCRIBED}sampleIdentifier") or "").startswith("oai:former.example.org:")
        listed = await ask(verb="ListIdentifiers", metadataPrefix="oai_dc")
        known = identifiers(list(listed.iter(f"{OAI}header")))
        assert all(each.startswith("oai:former.example.org:") for each in known)
        for host, expected in (("former.example.org", None), ("new.example.org", "idDoesNotExist")):
            own = f"oai:{host}:{site.fixture}"
            assert code(await ask(verb="GetRecord", identifier=own, metadataPrefix="oai_dc")) == expected
            assert code(await ask(verb="ListMetadataFormats", identifier=own)) == expected
        other = f"oai:former.example.org:{site.fixture.upper()}"
        assert code(await ask(verb="ListMetadataFormats", identifier=other)) == "idDoesNotExist"


async def test_sets_part_the_records(site: Site) -> None:
    sets = {each.setSpec: each.setName for each in await site.harvest(lambda scythe: scythe.list_sets())}
    assert sets["facility:hall-7"] == "Hall 7"
    assert sets[f"family:{site.family}"] == "Camera & <lens>"
    assert {"facility", "family", "kind", "kind:asset", "kind:fixture"} <= set(sets)
    for name, number in (("kind:fixture", 1), ("kind:asset", MANY), ("facility:hall-7", MANY + 1), ("kind", MANY + 1)):
        _, headers = await site.walk(verb="ListIdentifiers", metadataPrefix="oai_dc", set=name)
        assert len(headers) == number, name
        assert name in sets
    _, headers = await site.walk(verb="ListIdentifiers", metadataPrefix="oai_dc", set=f"family:{site.family}")
    assert set(identifiers(headers)) == {site.identifier(id) for id in site.assets[:3]}
    assert headers[0].findall(f"{OAI}setSpec")


@pytest.mark.parametrize(
    ("expected", "arguments"),
    [
        ("badVerb", {}),
        ("badVerb", {"verb": "ListEverything"}),
        ("badArgument", {"verb": "Identify", "set": "a"}),
        ("badArgument", {"verb": "ListRecords"}),
        ("badArgument", {"verb": "ListRecords", "metadataPrefix": "oai_dc", "from": "yesterday"}),
        ("badArgument", {"verb": "ListRecords", "metadataPrefix": "oai_dc", "from": "2026-02-30"}),
        (
            "badArgument",
            {"verb": "ListRecords", "metadataPrefix": "oai_dc", "from": "2026-02-01", "until": "2026-01-01"},
        ),
        (
            "badArgument",
            {"verb": "ListRecords", "metadataPrefix": "oai_dc", "from": "2026-02-01", "until": "2026-03-01T00:00:00Z"},
        ),
        ("badArgument", {"verb": "ListRecords", "metadataPrefix": "oai_dc", "set": "no such"}),
        ("badArgument", {"verb": "GetRecord", "identifier": "oai:x:1"}),
        ("badArgument", {"verb": "GetRecord", "identifier": "\x00<", "metadataPrefix": "oai_dc"}),
        ("badArgument", {"verb": "ListRecords", "metadataPrefix": "oai_dc", "resumptionToken": "x"}),
        ("badResumptionToken", {"verb": "ListRecords", "resumptionToken": "x"}),
        ("badResumptionToken", {"verb": "ListRecords", "resumptionToken": "\u00e9"}),
        ("badResumptionToken", {"verb": "ListSets", "resumptionToken": "x"}),
        ("cannotDisseminateFormat", {"verb": "ListRecords", "metadataPrefix": "marc"}),
        ("idDoesNotExist", {"verb": "GetRecord", "identifier": "oai:x:1", "metadataPrefix": "oai_dc"}),
        ("idDoesNotExist", {"verb": "ListMetadataFormats", "identifier": "oai:x:1"}),
        ("noRecordsMatch", {"verb": "ListRecords", "metadataPrefix": "oai_dc", "until": "2001-01-01"}),
        ("noRecordsMatch", {"verb": "ListRecords", "metadataPrefix": "oai_dc", "from": "9999-12-31"}),
        ("noRecordsMatch", {"verb": "ListIdentifiers", "metadataPrefix": "oai_dc", "set": "family:none"}),
    ],
)
async def test_errors_are_told_as_the_protocol_does(site: Site, expected: str, arguments: dict[str, Any]) -> None:
    for post in (False, True):
        answer = await site.ask(post=post, **arguments)
        assert code(answer) == expected
        request = answer.find(f"{OAI}request")
        assert request is not None
        assert request.text == "http://127.0.0.1:8000/oai"
        assert dict(request.attrib) == ({} if expected in ("badVerb", "badArgument") else arguments)


async def test_what_cannot_be_read_is_a_bad_verb(site: Site) -> None:
    web = site.world.surfaces.web[Role.ANONYMOUS]
    for query in ("verb=Identify&verb=Identify", "verb=%ff", "&".join(f"a{n}=1" for n in range(50))):
        assert code(valid((await web.get(f"/oai?{query}")).content)) == "badVerb"
    assert code(valid((await web.post("/oai", json={"verb": "Identify"})).content)) == "badVerb"


@pytest.mark.parametrize("query", ["identifier=%FF%00", "identifier=oai:x:%FF", "identifier=oai:x:1&%FF=1"])
async def test_what_is_no_utf_8_is_a_bad_argument(site: Site, query: str) -> None:
    web = site.world.surfaces.web[Role.ANONYMOUS]
    answer = await web.get(f"/oai?verb=GetRecord&metadataPrefix=oai_dc&{query}")
    assert code(valid(answer.content)) == "badArgument"


async def test_an_altered_token_is_refused(site: Site) -> None:
    answer = await site.ask(verb="ListRecords", metadataPrefix="oai_dc")
    token = answer.findtext(f".//{OAI}resumptionToken") or ""
    for altered in (
        token[:-1],
        token[1:],
        token + "A",
        token[:20] + ("A" if token[20] != "A" else "B") + token[21:],
        token + "=",
    ):
        assert code(await site.ask(verb="ListRecords", resumptionToken=altered)) == "badResumptionToken"
    assert code(await site.ask(verb="ListIdentifiers", resumptionToken=token)) == "badResumptionToken"
    assert code(await site.ask(verb="ListRecords", resumptionToken=token)) is None


async def test_what_is_not_public_is_not_there(site: Site) -> None:
    asset = await site.world.asset()
    await site.kept()
    wanted: dict[str, Any] = {"verb": "GetRecord", "identifier": site.identifier(asset), "metadataPrefix": "oai_dc"}
    assert code(await site.ask(**wanted)) == "idDoesNotExist"


async def test_changes_and_deletions_come_with_the_next_harvest(site: Site) -> None:
    # What changed in the second of an answer comes again with the next.
    await asyncio.sleep(1.1)
    before = await site.ask(verb="ListIdentifiers", metadataPrefix="oai_dc")
    since = before.findtext(f"{OAI}responseDate") or ""
    with suppress(NoRecordsMatch):
        assert await site.harvest(lambda scythe: scythe.list_records(from_=since)) == []
    changed, moved, withdrawn = site.assets[10], site.assets[11], site.assets[12]
    await site.world.do("describe_asset", asset_id=changed, description="Seen anew")
    await site.world.do("add_asset_family", asset_id=moved, family_id=site.family)
    id = await persistent_id_of(site, withdrawn)
    await site.world.do("withdraw_persistent_id", persistent_id_id=id, reason="broken")
    await site.kept()
    records = await site.harvest(lambda scythe: scythe.list_records(from_=since))
    found = {each.header.identifier: each for each in records}
    assert set(found) == {site.identifier(each) for each in (changed, moved, withdrawn)}
    assert found[site.identifier(withdrawn)].deleted
    assert found[site.identifier(withdrawn)].header.deleted
    assert found[site.identifier(changed)].metadata["description"][0] == "Seen anew"
    assert f"family:{site.family}" in found[site.identifier(moved)].header.setSpecs
    # A harvest of all, whenever it is begun, has the deletion too.
    _, headers = await site.walk(verb="ListRecords", metadataPrefix="oai_dc")
    assert len(headers) == MANY + 1
    assert [header.get("status") for header in headers].count("deleted") == 1
    told = await site.ask(verb="GetRecord", identifier=site.identifier(withdrawn), metadataPrefix="oai_dc")
    assert told.find(f".//{OAI}metadata") is None


async def test_what_changes_during_a_harvest_comes_at_its_end(site: Site) -> None:
    answer = await site.ask(verb="ListIdentifiers", metadataPrefix="oai_dc")
    first = identifiers(list(answer.iter(f"{OAI}header")))
    token = answer.findtext(f".//{OAI}resumptionToken") or ""
    early = first[1].rpartition(":")[2]
    await site.world.do("describe_asset", asset_id=early, description="Moved on")
    await site.kept()
    rest = await site.ask(verb="ListIdentifiers", resumptionToken=token)
    later = identifiers(list(rest.iter(f"{OAI}header")))
    assert later[-1] == first[1]
    assert set(first) | set(later) >= {site.identifier(each) for each in site.assets}
