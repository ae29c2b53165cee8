"""Facilities whose identifiers come from simulated authorities, with records that stand at the calls to these."""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Literal
from uuid import UUID

from tests.authorities import datacite_simulator as datacite
from tests.authorities import handle_simulator as handles
from tests.authorities.datacite_simulator import DataciteSimulator
from tests.authorities.faults import Fault, Says, Stands
from tests.authorities.handle_simulator import HandleSimulator
from tests.faults.minting_authority import PATIENCE, until
from tests.faults.minting_world import AT_ONCE, Client, Server, World

from cora.equipment.adapters import budget
from cora.equipment.features.describe_asset import DescribeAsset
from cora.equipment.pidinst.forms.handle import TYPES

PUBLIC_URL = "https://cora.facility.example"
MOVED_URL = "https://instruments.facility.example"
"""Where the pages are of what was redirected."""

Name = Literal["datacite", "handle", "epic"]
Workflow = Literal["mint", "release", "publish", "push", "withdraw", "redirect", "publish redirected", "give up"]
"""What is done with an identifier. A draft is given up, that is withdrawn, while a change of it is being told."""

# A server has one authority for Handles.
TOGETHER: Sequence[Sequence[Name]] = (("datacite", "handle"), ("epic",))

LEFT = """
select exists (select from cora.telling where begun_at is not null)
    or exists (
        select from cora.publication p left join cora.telling t using (persistent_id)
        where p.touched is not null and not coalesce(t.lost_at > now() - interval '1 hour' and p.due_at > now(), false)
    )
    or exists (select from cora.persistent_id_summary where status = 'Reserved')
    or (select max(last_position) from cora.block) >
       coalesce((select position from cora.subscriber where name = 'publications'), 0)
"""
"""Whether anything is still to be told or looked at, or was begun and not ended; not what is told once more when a
request that was lost can no longer arrive."""

PUBLISHING: Sequence[Workflow] = ("publish", "publish redirected")
DRAFTS: Sequence[Workflow] = (*PUBLISHING, "give up")
"""What begins with a draft."""
CHANGES: Sequence[Workflow] = ("push", "withdraw", "redirect", "give up")
"""What a worker tells by itself."""
TOLD: Sequence[Workflow] = (*PUBLISHING, *CHANGES)
"""All that is told of an identifier that its authority has."""
CALLS: Mapping[Name, Mapping[Workflow, Sequence[str]]] = {
    "datacite": {
        "mint": ("GET", "PUT"),
        "release": ("GET",),
        "publish": ("GET", "PUT"),
        "push": ("GET", "PUT"),
        "withdraw": ("GET", "PUT"),
        "redirect": ("GET", "PUT"),
        "publish redirected": ("GET", "PUT", "GET", "PUT"),
        "give up": ("GET", "PUT"),
    },
    "handle": {
        "mint": ("PUT",),
        "release": ("GET",),
        "push": ("GET", "PUT", "DELETE"),
        "withdraw": ("GET", "PUT"),
        "redirect": ("GET", "PUT"),
    },
    "epic": {
        "mint": ("PUT",),
        "release": ("GET",),
        "push": ("GET", "PUT"),
        "withdraw": ("GET", "PUT"),
        "redirect": ("GET", "PUT"),
    },
}
"""The calls of a workflow that meets no fault. A Handle has no drafts that could be published."""

STATUSES: Mapping[Workflow, str] = {"withdraw": "Withdrawn", "give up": "Withdrawn"}
"""How the log says that an identifier stands in the end, where that is not `Minted`."""
REFUSES_TODAY = Says(429)
"""An answer that ends the tries of a call, but not for good."""


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

    def those_of(self, workflows: Iterable[Workflow]) -> list[Workflow]:
        """The workflows that it takes part in."""
        return [workflow for workflow in workflows if workflow in CALLS[self.name]]

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
    names: list[str] = field(default_factory=list[str])
    """What the record was called before."""
    former_pages: list[str] = field(default_factory=list[str])

    @property
    def page(self) -> str:
        """Where the identifier leads, or is to lead."""
        return f"{MOVED_URL if self.former_pages else PUBLIC_URL}/id/{self.client.id}"

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


Told = Mapping[Workflow, Sequence[Record]]
"""What is done with which records."""


def each_of(told: Told) -> list[tuple[Record, Workflow]]:
    """Each record with what is done with it."""
    return [(record, workflow) for workflow, records in told.items() for record in records]


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

    async def reserved(self, server: Server, records: Iterable[Record]) -> None:
        """Have identifiers reserved that their authority does not register for now."""

        async def reserve(record: Record) -> None:
            before = CALLS[record.authority.name]["mint"].index("PUT")
            record.befalls(*[None] * before, REFUSES_TODAY)
            answer = await record.client.ask_until_told(server, record.client.suffix)
            assert (answer.status_code, answer.json()["retryable"]) == (502, True), answer.text
            record.id = (await self.known(server, record))["id"]

        await asyncio.gather(*map(reserve, records))

    async def ready(self, told: Told) -> None:
        """Bring records to where their authority is to be told what their workflow is about."""

        def those(workflows: Iterable[Workflow]) -> list[Record]:
            return [record for workflow in workflows for record in told.get(workflow, ())]

        if drafts := those(DRAFTS):
            async with self.set_to(publish="draft") as server:
                await self.minted(server, drafts)
        async with self.set_to() as server:
            await self.minted(server, those(("push", "withdraw", "redirect")))
            await self.reserved(server, those(("release",)))
            for workflow in ("push", "withdraw", "give up"):
                for record in those((workflow,)):
                    await self.change(server, record, workflow)
        if redirected := those(("redirect", "publish redirected")):
            async with self.set_to(public_url=MOVED_URL) as server:
                for record in redirected:
                    await self.change(server, record, "redirect")

    async def at_each_call(self, workflows: Iterable[Workflow]) -> dict[Workflow, list[Record]]:
        """For each call of each workflow a record that is ready for it, and will stand there."""
        told: dict[Workflow, list[Record]] = {workflow: [] for workflow in workflows}
        points: list[tuple[Record, tuple[int, bool]]] = []
        for authority in self.authorities:
            for workflow, records in told.items():
                for point in authority.writes(workflow):
                    records.append(await self.new(authority))
                    points.append((records[-1], point))
        await self.ready(told)
        for record, point in points:
            record.stand_at(*point)
        return told

    @asynccontextmanager
    async def set_to(self, **settings: str) -> AsyncGenerator[Server]:
        """A server with other settings, for a while."""
        usual = self.minting.settings
        self.minting.settings = {**usual, **settings}
        server = await self.minting.serve()
        self.minting.settings = usual
        yield server
        await self.minting.end(server)

    async def serve_each(self, records: Iterable[Record]) -> list[Server]:
        """A server for each record: as few as can make all their calls at once."""
        servers: list[Server] = []
        found: list[Server] = []
        asked = Counter[str]()
        for record in records:
            number = asked[record.authority.name] // budget.AT_ONCE
            asked[record.authority.name] += 1
            if number == len(servers):
                servers.append(await self.minting.serve())
            found.append(servers[number])
        return found

    async def known(self, server: Server, record: Record) -> dict[str, Any]:
        """What the log says of the identifier of a record, with its id."""
        if record.id:
            answer = await server.web.get(f"/persistent-ids/{record.id}")
            return {"id": record.id, **answer.json()["state"]}
        answer = await server.web.get("/persistent-ids", params={"subject_id": record.client.id})
        (item,) = answer.json()["items"]
        return {"id": item["id"], **item["state"]}

    async def do(self, server: Server, record: Record, workflow: Workflow) -> int | None:
        """Send the command that has the authority called; the status of the answer, None when there is none."""
        match workflow:
            case "mint":
                return await self.ask(server, record)
            case "release":
                return await self.send(server, record, "release", reason="not wanted")
            case "publish" | "publish redirected":
                return await self.send(server, record, "publish")
            case _:
                return await self.send(server, record, "push")

    async def give_up(self, server: Server, told: Told) -> None:
        """Withdraw the drafts that are to be given up, whatever is being told of them."""
        for record in told.get("give up", ()):
            assert await self.withdraw(server, record) == 200

    async def withdraw(self, server: Server, record: Record) -> int | None:
        """Withdraw an identifier; the status of the answer, None when there is none."""
        return await self.send(server, record, "withdraw", reason="never existed")

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
        """Change what the authority should have. To be redirected a server is needed whose pages have moved."""
        match workflow:
            case "push" | "give up":
                record.names.append(record.name)
                record.name = f"{record.name} anew"
                await self.describe(record.client, record.name, None)
            case "redirect":
                former = record.page
                assert await self.send(server, record, "redirect") == 200
                record.former_pages.append(former)
            case _:
                assert await self.withdraw(server, record) == 200

    async def stopped_everywhere(self) -> tuple[dict[Workflow, list[Record]], "asyncio.Future[list[int | None]]"]:
        """A record stands at each call of each workflow; the second is the answers to those who asked."""
        told = await self.at_each_call(("mint", "release", *TOLD))
        asked = each_of(told)
        servers = await self.serve_each(record for record, _ in asked)
        answers = asyncio.gather(*(self.do(server, *each) for server, each in zip(servers, asked, strict=True)))
        await self.all_stand()
        await self.give_up(servers[0], told)
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

    async def nothing_is_left(self) -> bool:
        """Whether a worker has told all, and nothing is open."""
        return not await self.minting.scene.arena.logs[0].pool.fetchval(LEFT)

    async def has_waited(self) -> bool:
        """Whether no request that was lost may arrive any more, and a worker has told all once more."""
        return not await self.minting.scene.arena.logs[0].pool.fetchval("select exists (select from cora.telling)")

    async def time_passes(self, seconds: float) -> None:
        """So long ago was begun what authorities were told, and what was put off is due so much sooner."""
        pool = self.minting.scene.arena.logs[0].pool
        past = "make_interval(secs => $1)"
        await pool.execute(f"update cora.telling set begun_at = begun_at - {past}, lost_at = lost_at - {past}", seconds)
        await pool.execute(f"update cora.publication set due_at = due_at - {past}", seconds)

    async def require_told(self, told: Told) -> None:
        """A worker tells all that is to be told, and both sides stand as they should."""
        server = await self.minting.serve(grace=AT_ONCE)
        asked = each_of(told)
        waiting = {record.client.id: record for record, workflow in asked if workflow not in ("give up", "release")}

        async def nothing_is_left() -> bool:
            for record in tuple(waiting.values()):
                pushed = (await self.known(server, record))["pushed"]
                if pushed is None or pushed["digest"] == record.told:
                    return False
                del waiting[record.client.id]
            return await self.nothing_is_left()

        await until(nothing_is_left)
        held = {authority.name: authority.held() for authority in self.authorities}
        calls = {authority.name: len(authority.simulator.plan.calls) for authority in self.authorities}
        for record, workflow in asked:
            known = await self.known(server, record)
            record.id = known["id"]
            has = held[record.authority.name].pop(record.value.lower(), None)
            if workflow == "release" and known["status"] == "Released":
                assert has is None, "what was given up is registered"
                continue
            assert (known["status"], known["last_failure"]) == (STATUSES.get(workflow, "Minted"), None)
            assert (known["landing_page"], known["former_landing_pages"]) == (record.page, record.former_pages)
            if workflow == "give up":
                assert has is not None
                assert (has.state, has.url, has.name in (*record.names, record.name)) == ("draft", None, True)
                assert await self.do(server, record, workflow) == 409
                continue
            is_hidden = workflow == "withdraw" and record.authority.name == "datacite"
            assert has == Held(
                record.page,
                record.name,
                is_described=workflow != "push",
                state="registered" if is_hidden else "findable",
            )
            assert await self.send(server, record, "push") == 200, "nobody holds it"
        assert not any(held.values()), "the authority holds what no record has"
        for authority in self.authorities:
            assert len(authority.simulator.plan.calls) == calls[authority.name], "nothing is left to be told"


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
