"""Facilities whose identifiers come from simulated authorities, with records that stand at the calls to these."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Literal
from uuid import UUID

from tests.authorities import datacite_simulator as datacite
from tests.authorities import handle_simulator as handles
from tests.authorities.datacite_simulator import DataciteSimulator
from tests.authorities.faults import Fault, Stands
from tests.authorities.handle_simulator import HandleSimulator
from tests.faults.minting_authority import PATIENCE, until
from tests.faults.minting_world import AT_ONCE, Client, Server, World

from cora.equipment.features.describe_asset import DescribeAsset
from cora.equipment.pidinst.forms.handle import TYPES

PUBLIC_URL = "https://cora.facility.example"

Name = Literal["datacite", "handle", "epic"]
Workflow = Literal["mint", "publish", "push", "withdraw"]

# A server has one authority for Handles.
TOGETHER: Sequence[Sequence[Name]] = (("datacite", "handle"), ("epic",))

LEFT = """
select exists (select from cora.publication where touched is not null) or exists (select from cora.telling)
    or exists (select from cora.persistent_id_summary where status = 'Reserved')
"""
"""Whether anything is still to be told, or was begun and not ended."""

CHANGES: Sequence[Workflow] = ("push", "withdraw")
CALLS: Mapping[Name, Mapping[Workflow, Sequence[str]]] = {
    "datacite": {
        "mint": ("GET", "PUT"),
        "publish": ("GET", "PUT"),
        "push": ("GET", "PUT"),
        "withdraw": ("GET", "PUT"),
    },
    "handle": {"mint": ("PUT",), "push": ("GET", "PUT", "DELETE"), "withdraw": ("GET", "PUT")},
    "epic": {"mint": ("PUT",), "push": ("GET", "PUT"), "withdraw": ("GET", "PUT")},
}
"""The calls of a workflow that meets no fault. A Handle has no drafts that could be published."""


@dataclass(frozen=True)
class Held:
    """What an authority has of an identifier. A Handle is always findable."""

    url: str | None
    name: str
    is_described: bool
    state: str = "findable"


@dataclass(frozen=True)
class Authority:
    """A simulated authority."""

    name: Name
    simulator: DataciteSimulator | HandleSimulator
    prefix: str
    scheme: Literal["DOI", "Handle"]

    @property
    def settings(self) -> dict[str, str]:
        """What a server is set to that registers there."""
        url = self.simulator.url
        if self.name == "datacite":
            return {
                "datacite_url": url,
                "datacite_repository": datacite.REPOSITORY,
                "datacite_prefix": datacite.PREFIX,
                "datacite_password": datacite.PASSWORD,
            }
        return {
            "handle_url": url,
            "handle_api": self.name,
            "handle_prefix": handles.PREFIX,
            "handle_user": handles.EPIC_USER if self.name == "epic" else handles.USER,
            "handle_secret": handles.SECRET,
            "handle_pidinst_values": "true",
        }

    def points(self, workflow: Workflow) -> list[tuple[int, bool]]:
        """Where somebody who asks may stand: at which call, and whether before or after it is carried out."""
        calls = CALLS[self.name].get(workflow, ())
        return [(number, before) for number in range(len(calls)) for before in (True, False)]

    def writes(self, workflow: Workflow) -> list[tuple[int, bool]]:
        """The same, without those after a call that changes nothing: nobody but who asked can tell them apart."""
        calls = CALLS[self.name].get(workflow, ())
        return [point for point in self.points(workflow) if point[1] or calls[point[0]] != "GET"]

    def held(self) -> dict[str, Held]:
        """All that it has."""
        if isinstance(self.simulator, DataciteSimulator):
            return {
                record.doi: Held(
                    record.handle,
                    record.attributes["titles"][0]["title"],
                    any("described" in each["description"] for each in record.attributes.get("descriptions", [])),
                    record.state,
                )
                for record in self.simulator.records.values()
            }
        return {name: self._held(dict(values.values())) for name, values in self.simulator.handles.items()}

    def _held(self, values: Mapping[str, Any]) -> Held:
        assert "HS_ADMIN" in values
        return Held(values.get("URL"), values.get(TYPES["Name"], ""), TYPES["Description"] in values)


OPENED: Mapping[Name, Callable[[], AbstractAsyncContextManager[DataciteSimulator | HandleSimulator]]] = {
    "datacite": datacite.datacite_simulator,
    "handle": handles.handle_simulator,
    "epic": handles.epic_simulator,
}


@dataclass
class Record:
    """An asset or a fixture, and the identifier that it is to have."""

    client: Client
    authority: Authority
    value: str
    name: str
    stands: Stands | None = None
    id: str = ""
    told: str = ""
    """The digest of what the authority was told when the identifier was minted."""

    def befalls(self, *faults: Fault | None) -> None:
        """What befalls the next calls about it."""
        self.authority.simulator.plan.ahead[self.value] = [*faults]
        self.stands = next((each for each in faults if isinstance(each, Stands)), None)

    def stand_at(self, number: int, before: bool) -> None:
        """Who asks for it next stands at this call."""
        self.befalls(*[None] * number, Stands(before))

    @property
    def has_come(self) -> bool:
        """Whether a call stands."""
        return self.stands is not None and self.stands.came.is_set() and not self.stands.goes_on.is_set()

    async def go_on(self) -> None:
        """Let the call go on, until it is carried out."""
        assert self.stands is not None
        self.stands.goes_on.set()
        async with asyncio.timeout(PATIENCE):
            await self.stands.is_done.wait()


@dataclass
class Facility:
    """A facility with its authorities, and the records that have come to them."""

    minting: World
    authorities: Sequence[Authority]
    records: list[Record] = field(default_factory=list[Record])

    async def new(self, authority: Authority, kind: Literal["asset", "fixture"] = "asset") -> Record:
        """A new record, described if it is an asset. What it is to have as an identifier is known ahead."""
        suffix = f"{authority.name}-{len(self.records)}"
        client = await self.minting.new(kind, suffix=suffix, scheme=authority.scheme)
        name = f"{kind} of {suffix}"
        if kind == "asset":
            await self.describe(client, name, "described")
        record = Record(client, authority, f"{authority.prefix}/{suffix}", name)
        self.records.append(record)
        return record

    async def describe(self, client: Client, name: str, description: str | None) -> None:
        """Give an asset another name and description."""
        await self.minting.scene.do(DescribeAsset(asset_id=UUID(client.id), name=name, description=description))

    async def minted(self, server: Server, records: Iterable[Record]) -> None:
        """Have identifiers minted while nothing fails."""

        async def mint(record: Record) -> None:
            answer = await record.client.ask_until_told(server, record.client.suffix)
            assert (answer.status_code, answer.json()["value"]) == (201, record.value), answer.text
            known = await self.known(server, record)
            record.id, record.told = known["id"], known["pushed"]["digest"]

        await asyncio.gather(*map(mint, records))

    async def known(self, server: Server, record: Record) -> dict[str, Any]:
        """What the log says of the identifier of a record, with its id."""
        answer = await server.web.get("/persistent-ids", params={"subject_id": record.client.id})
        (item,) = answer.json()["items"]
        return {"id": item["id"], **item["state"]}

    async def send(self, server: Server, record: Record, step: str, **body: Any) -> int | None:
        """Send a command about an identifier; the status of the answer, None when there is none."""
        sent = server.web.post(f"/persistent-ids/{record.id}/{step}", json=body)
        (answer,) = await asyncio.gather(asyncio.wait_for(sent, PATIENCE), return_exceptions=True)
        return None if isinstance(answer, BaseException) else answer.status_code

    async def ask(self, server: Server, record: Record) -> int | None:
        """Ask for the identifier; the status of the answer, None when there is none."""
        asking = record.client.ask(server, record.client.suffix)
        (answer,) = await asyncio.gather(asking, return_exceptions=True)
        return None if isinstance(answer, BaseException) else answer.status_code

    async def change(self, server: Server, record: Record, workflow: Workflow) -> None:
        """Change what the authority should have, so that it is to be pushed or withdrawn."""
        if workflow == "push":
            record.name = f"{record.name} anew"
            await self.describe(record.client, record.name, None)
        else:
            assert await self.send(server, record, "withdraw", reason="never existed") == 200

    async def stopped_everywhere(self) -> tuple[dict[Workflow, list[Record]], "asyncio.Future[list[int | None]]"]:
        """A record stands at each call of each workflow; the second is the answers to those who asked."""
        told: dict[Workflow, list[Record]] = {"mint": [], "publish": [], "push": [], "withdraw": []}
        points: dict[str, tuple[int, bool]] = {}
        for authority in self.authorities:
            for workflow, records in told.items():
                for point in authority.writes(workflow):
                    record = await self.new(authority)
                    points[record.client.id] = point
                    records.append(record)
        usual = self.minting.settings
        self.minting.settings = {**usual, "publish": "draft"}
        await self.minted(await self.minting.serve(), told["publish"])
        self.minting.settings = usual
        # Each has as many connections to an authority as half of them need.
        one, other = await self.minting.serve(), await self.minting.serve()
        for workflow in CHANGES:
            await self.minted(other, told[workflow])
            for record in told[workflow]:
                await self.change(other, record, workflow)
        for record in self.records:
            record.stand_at(*points[record.client.id])
        asking = [self.ask(one, record) for record in told["mint"]]
        asking += [self.send(one, record, "publish") for record in told["publish"]]
        asking += [self.send(other, record, "push") for workflow in CHANGES for record in told[workflow]]
        answers = asyncio.gather(*asking)
        await self.all_stand()
        return told, answers

    async def all_stand(self) -> None:
        """Wait until a call about each record stands."""

        async def have_come() -> bool:
            return all(record.has_come for record in self.records)

        await until(have_come)

    async def require_minted(self, *, draft: bool = False) -> None:
        """When the worker has finished, each record has one identifier that leads to it, and there is no other."""
        server = await self.minting.worker_finishes()
        held = {authority.name: authority.held() for authority in self.authorities}
        for record in self.records:
            found = await self.minting.recorded(record.client)
            assert (found.assigned, found.reserved, found.minted, found.open) == (
                (record.value,),
                (record.value,),
                1,
                (),
            )
            is_draft = draft and record.authority.name == "datacite"
            has = held[record.authority.name].pop(record.value.lower())
            leads_to = None if is_draft else f"{PUBLIC_URL}/id/{record.client.id}"
            assert (has.url, has.state) == (leads_to, "draft" if is_draft else "findable")
            known = await self.known(server, record)
            assert (known["status"], known["last_failure"]) == ("Draft" if is_draft else "Minted", None)
            if not is_draft:
                assert await self.minting.identifier(server, record.client) == (record.authority.scheme, record.value)
        assert not any(held.values()), "the authority holds what no record has"

    async def require_told(self, told: Mapping[Workflow, Sequence[Record]]) -> None:
        """A worker tells all that is to be told, and both sides stand as they should."""
        server = await self.minting.serve(grace=AT_ONCE)
        waiting = {record.client.id: record for records in told.values() for record in records}

        async def nothing_is_left() -> bool:
            for record in tuple(waiting.values()):
                pushed = (await self.known(server, record))["pushed"]
                if pushed is None or pushed["digest"] == record.told:
                    return False
                del waiting[record.client.id]
            return not await self.minting.scene.arena.logs[0].pool.fetchval(LEFT)

        await until(nothing_is_left)
        held = {authority.name: authority.held() for authority in self.authorities}
        statuses = {"mint": "Minted", "publish": "Minted", "push": "Minted", "withdraw": "Withdrawn"}
        for workflow, records in told.items():
            for record in records:
                known = await self.known(server, record)
                assert (known["status"], known["last_failure"]) == (statuses[workflow], None)
                is_hidden = workflow == "withdraw" and record.authority.name == "datacite"
                assert held[record.authority.name].pop(record.value.lower()) == Held(
                    f"{PUBLIC_URL}/id/{record.client.id}",
                    record.name,
                    is_described=workflow != "push",
                    state="registered" if is_hidden else "findable",
                )
        assert not any(held.values()), "the authority holds what no record has"


@asynccontextmanager
async def facility(minting: World, names: Sequence[Name]) -> AsyncGenerator[Facility]:
    """A facility whose servers are set to these authorities."""
    async with AsyncExitStack() as stack:
        authorities: list[Authority] = []
        for name in names:
            simulator = await stack.enter_async_context(OPENED[name]())
            prefix = datacite.PREFIX if name == "datacite" else handles.PREFIX
            authorities.append(Authority(name, simulator, prefix, "DOI" if name == "datacite" else "Handle"))
        minting.settings = {"public_url": PUBLIC_URL}
        for authority in authorities:
            minting.settings |= authority.settings
        try:
            yield Facility(minting, authorities)
        finally:
            for authority in authorities:
                for call in authority.simulator.plan.ahead.values():
                    for fault in call:
                        if isinstance(fault, Stands):
                            fault.goes_on.set()
