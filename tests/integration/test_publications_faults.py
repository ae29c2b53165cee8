"""A fault at every call of all that is done with an identifier: at DataCite, a Handle server and ePIC.

Afterwards both sides stand as they should, nothing is left open, and there is the one identifier, or none where it was
released.
"""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from tests.authorities import datacite_simulator, handle_simulator
from tests.authorities.clients import be_patient, datacite_client, handle_client
from tests.authorities.datacite_simulator import DataciteSimulator
from tests.authorities.faults import PASSING, TOO_MANY, Fault
from tests.authorities.handle_simulator import HandleSimulator
from tests.integration.scenario import World
from tests.integration.surfaces import unattended

from cora.equipment.keep_publications import keep_publications
from cora.equipment.minting import ON_ITS_WAY_SECONDS
from cora.kernel.principal import Role
from cora.surfaces.start import Opened

PREFIXES = {"datacite": datacite_simulator.PREFIX, "handle": handle_simulator.PREFIX, "epic": handle_simulator.PREFIX}
FAULTS: tuple[Fault, ...] = (*PASSING, TOO_MANY)
STEPS = [
    *(("datacite", each) for each in ("publish", "publish redirected", "give up")),
    *((authority, each) for authority in PREFIXES for each in ("push", "withdraw", "redirect", "release")),
]
CALLS = {"publish redirected": 4, "release": 1}
"""Of a step that meets no fault; else two: to look and to write."""
CASES = [(*each, number) for each in STEPS for number in range(CALLS.get(each[1], 2))]
STATUSES = {"withdraw": "Withdrawn", "give up": "Withdrawn", "release": "Released"}
DRAFTS = ("publish", "publish redirected", "give up")
MOVED = "https://instruments.facility.example"


@pytest.fixture(scope="module")
async def world(module_cora: Opened) -> AsyncGenerator[World]:
    async with unattended(module_cora) as shown:
        yield World(shown)


@dataclass
class Story:
    """An asset whose identifier an authority holds."""

    world: World
    simulator: DataciteSimulator | HandleSimulator
    asset: str
    id: str
    value: str

    async def known(self) -> dict[str, Any]:
        """What the log says of the identifier."""
        response = await self.world.surfaces.web[Role.READER].get(f"/persistent-ids/{self.id}")
        state: dict[str, Any] = response.json()["state"]
        return state

    async def work(self) -> None:
        """The worker comes around, after whatever pause there was."""
        cora = self.world.surfaces.cora
        async with cora.log.pool.acquire() as connection:
            await connection.execute("update cora.publication set due_at = '-infinity'")
        be_patient(cora.equipment.doi_minter)
        await keep_publications(cora.kernel, cora.log.publications, quiet=timedelta(0))

    async def again_in(self) -> float | None:
        """When the authority is to be told again, though nothing else changes."""
        return await self.world.surfaces.cora.log.publications.again_in(UUID(self.id), ON_ITS_WAY_SECONDS)

    async def lost_requests_can_no_longer_arrive(self) -> None:
        """Time passes."""
        async with self.world.surfaces.cora.log.pool.acquire() as connection:
            await connection.execute("update cora.telling set lost_at = lost_at - interval '1 hour'")

    async def take(self, step: str) -> None:
        """What a steward does, and the worker after it."""
        match step:
            case "publish" | "publish redirected":
                if step == "publish redirected":
                    await self._redirect()
                await self.world.surfaces.http("publish_persistent_id", {"persistent_id_id": self.id})
            case "redirect":
                await self._redirect()
            case "push":
                await self._rename()
            case "give up":
                await self._rename()
                await self.work()
                await self._withdraw()
            case "release":
                for _ in range(2):
                    # Whoever was told that the authority did not tell sends it again.
                    released = {"persistent_id_id": self.id, "reason": "not wanted"}
                    await self.world.surfaces.http("release_persistent_id", released)
                    be_patient(self.world.surfaces.cora.equipment.doi_minter)
            case _:
                await self._withdraw()
        await self.work()

    async def _rename(self) -> None:
        await self.world.do("describe_asset", asset_id=self.asset, name=f"{self.value} anew", description=None)

    async def _redirect(self) -> None:
        object.__setattr__(self.world.surfaces.cora.equipment, "public_url", MOVED)
        await self.world.do("redirect_persistent_id", persistent_id_id=self.id)

    async def _withdraw(self) -> None:
        await self.world.do("withdraw_persistent_id", persistent_id_id=self.id, reason="never existed")

    def require_told(self, step: str, url: str) -> None:
        """The authority has it, unless it was released."""
        if step == "release":
            assert not (
                self.simulator.handles if isinstance(self.simulator, HandleSimulator) else self.simulator.records
            )
            return
        if isinstance(self.simulator, HandleSimulator):
            assert [*self.simulator.handles] == [self.value.lower()]
            assert self.simulator.leads_to(self.value) == url
            return
        (record,) = self.simulator.records.values()
        if step == "give up":
            assert (record.doi, record.handle, record.state) == (self.value, None, "draft")
            return
        assert (record.doi, record.handle) == (self.value, url)
        assert record.state == ("registered" if step == "withdraw" else "findable")
        title = record.attributes["titles"][0]["title"]
        assert (title == f"{self.value} anew") == (step == "push")


@asynccontextmanager
async def story_of(world: World, authority: str, step: str) -> AsyncGenerator[Story]:
    """A minted identifier, a draft, or one that is reserved and not registered for now."""
    equipment = world.surfaces.cora.equipment
    usual, public_url = equipment.doi_minter, equipment.public_url
    served = {
        "datacite": datacite_simulator.datacite_simulator,
        "handle": handle_simulator.handle_simulator,
        "epic": handle_simulator.epic_simulator,
    }
    async with served[authority]() as simulator:
        if isinstance(simulator, HandleSimulator):
            client = handle_client(simulator, api=authority, pidinst=True)
        else:
            client = datacite_client(simulator)
        async with client as minter:
            world.surfaces.use_minter(minter)
            object.__setattr__(equipment, "publishes", step not in DRAFTS)
            try:
                asset = await world.made_by()
                scheme = "DOI" if authority == "datacite" else "Handle"
                if step == "release":
                    simulator.plan.always["PUT"] = TOO_MANY
                wanted = {"asset_id": asset, "scheme": scheme, "suffix": asset}
                made = await world.surfaces.http("assign_asset_persistent_id", wanted)
                assert made.status_code == (502 if step == "release" else 201)
                simulator.plan.always.clear()
                value = f"{PREFIXES[authority]}/{asset}"
                shown = await world.surfaces.web[Role.READER].get(f"/persistent-ids/{scheme}/{value}")
                story = Story(world, simulator, asset, shown.json()["id"], value)
                await story.work()
                yield story
            finally:
                object.__setattr__(equipment, "publishes", True)
                object.__setattr__(equipment, "public_url", public_url)
                world.surfaces.use_minter(usual)


@pytest.mark.parametrize("fault", FAULTS, ids=str)
@pytest.mark.parametrize(("authority", "step", "number"), CASES)
async def test_a_fault_at_any_call_is_made_good(
    world: World, authority: str, step: str, fault: Fault, number: int
) -> None:
    async with story_of(world, authority, step) as story:
        before = len(story.simulator.plan.calls)
        story.simulator.plan.at[before + number] = fault
        await story.take(step)
        if fault in PASSING and step != "release":
            assert (await story.known())["last_failure"] is None, "the same request, sent again, goes through"
        for _ in range(2):
            await story.work()
        assert len(story.simulator.plan.calls) > before + number, "the fault was met"
        known = await story.known()
        story.require_told(step, known["landing_page"])
        assert known["status"] == STATUSES.get(step, "Minted")
        assert known["last_failure"] is None or step in ("give up", "release")
        is_moved = "redirect" in step
        assert (known["landing_page"].startswith(MOVED), len(known["former_landing_pages"])) == (is_moved, is_moved)
        assert await story.again_in() != 0
        settled = len(story.simulator.plan.calls)
        await story.work()
        assert len(story.simulator.plan.calls) == settled, "nothing is left to be told"
        if await story.again_in() is not None:
            await story.lost_requests_can_no_longer_arrive()
            await story.work()
            assert len(story.simulator.plan.calls) > settled, "it is told once more"
            story.require_told(step, known["landing_page"])
            assert await story.again_in() is None
