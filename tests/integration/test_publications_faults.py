"""A fault at every call of publishing, telling of a change and withdrawing: at DataCite, a Handle server and ePIC.

Afterwards both sides stand as they should, nothing is left open, and there is the one identifier.
"""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from tests.authorities.clients import be_patient, datacite_client, handle_client
from tests.authorities.datacite_simulator import DataciteSimulator, datacite_simulator
from tests.authorities.faults import PASSING, TOO_MANY, Fault
from tests.authorities.handle_simulator import HandleSimulator, epic_simulator, handle_simulator
from tests.integration.scenario import World
from tests.integration.surfaces import unattended

from cora.equipment.keep_publications import keep_publications
from cora.kernel.principal import Role
from cora.surfaces.start import Opened

FAULTS: tuple[Fault, ...] = (*PASSING, TOO_MANY)
STEPS = [
    ("datacite", "publish"),
    ("datacite", "push"),
    ("datacite", "withdraw"),
    ("handle", "push"),
    ("handle", "withdraw"),
    ("epic", "push"),
    ("epic", "withdraw"),
]
CALLS = 2
"""To look and to write, where nothing fails."""


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

    async def take(self, step: str) -> None:
        """What a steward does, and the worker after it."""
        match step:
            case "publish":
                await self.world.surfaces.http("publish_persistent_id", {"persistent_id_id": self.id})
            case "push":
                await self.world.do("describe_asset", asset_id=self.asset, name=f"{self.value} anew", description=None)
            case _:
                await self.world.do("withdraw_persistent_id", persistent_id_id=self.id, reason="never existed")
        await self.work()

    def require_told(self, step: str, url: str) -> None:
        """The authority has it."""
        if isinstance(self.simulator, HandleSimulator):
            assert [*self.simulator.handles] == [self.value.lower()]
            assert self.simulator.leads_to(self.value) == url
            return
        (record,) = self.simulator.records.values()
        assert (record.doi, record.handle) == (self.value, url)
        assert record.state == ("registered" if step == "withdraw" else "findable")
        title = record.attributes["titles"][0]["title"]
        assert (title == f"{self.value} anew") == (step == "push")


@asynccontextmanager
async def story_of(world: World, authority: str, step: str) -> AsyncGenerator[Story]:
    """A minted identifier, or a draft that is to be published."""
    equipment = world.surfaces.cora.equipment
    usual = equipment.doi_minter
    served = {"datacite": datacite_simulator, "handle": handle_simulator, "epic": epic_simulator}[authority]
    async with served() as simulator:
        if isinstance(simulator, HandleSimulator):
            client = handle_client(simulator, api=authority, pidinst=True)
        else:
            client = datacite_client(simulator)
        async with client as minter:
            world.surfaces.use_minter(minter)
            object.__setattr__(equipment, "publishes", step != "publish")
            try:
                asset = await world.made_by()
                scheme = "DOI" if authority == "datacite" else "Handle"
                made = await world.do("assign_asset_persistent_id", asset_id=asset, scheme=scheme)
                shown = await world.surfaces.web[Role.READER].get(f"/persistent-ids/{scheme}/{made['value']}")
                story = Story(world, simulator, asset, shown.json()["id"], made["value"])
                await story.work()
                yield story
            finally:
                object.__setattr__(equipment, "publishes", True)
                world.surfaces.use_minter(usual)


@pytest.mark.parametrize("number", range(CALLS))
@pytest.mark.parametrize("fault", FAULTS, ids=str)
@pytest.mark.parametrize(("authority", "step"), STEPS)
async def test_a_fault_at_any_call_is_made_good(
    world: World, authority: str, step: str, fault: Fault, number: int
) -> None:
    async with story_of(world, authority, step) as story:
        before = len(story.simulator.plan.calls)
        story.simulator.plan.at[before + number] = fault
        await story.take(step)
        for _ in range(2):
            await story.work()
        assert len(story.simulator.plan.calls) > before + number, "the fault was met"
        known = await story.known()
        story.require_told(step, known["landing_page"])
        assert known["status"] == ("Withdrawn" if step == "withdraw" else "Minted")
        assert known["last_failure"] is None
        settled = len(story.simulator.plan.calls)
        await story.work()
        assert len(story.simulator.plan.calls) == settled, "nothing is left to be told"
