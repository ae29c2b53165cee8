"""The whole way of an identifier, from the command to the authority and back, with faults at each of its calls.

Whatever fails and whenever: in the end there is one identifier, both sides hold it, and nothing is stuck.
"""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.authorities.clients import OTHER_URL, be_patient, datacite_client, handle_client
from tests.authorities.datacite_simulator import PREFIX, DataciteSimulator, datacite_simulator
from tests.authorities.faults import PASSING, TOO_MANY, Cut, Fault, FaultPlan, Says
from tests.authorities.handle_simulator import HandleSimulator, epic_simulator, handle_simulator
from tests.unit.equipment.world import NO_PAUSE, World

from cora.equipment.finish_reservations import finish_open_reservations
from cora.equipment.ports.doi_minter import DoiMinter
from cora.kernel.errors import AuthorityError, OverloadedError
from cora.kernel.execute import Kernel

# The calls of a command that meets no fault.
CALLS = {"datacite": 2, "handle": 1, "epic": 1}
SCHEMES = {"datacite": "DOI", "handle": "Handle", "epic": "Handle"}
FAULTS = (*PASSING, TOO_MANY)


@dataclass
class Story:
    """A facility whose identifiers come from a simulated authority."""

    world: World
    simulator: DataciteSimulator | HandleSimulator
    scheme: str

    @property
    def plan(self) -> FaultPlan:
        """What goes wrong."""
        return self.simulator.plan

    async def assign(self, kind: str, id: Any, suffix: str | None = None) -> None:
        """A client asks for an identifier, and may be told that the authority failed."""
        with suppress(AuthorityError):
            await self.world.assign(kind, id, scheme=self.scheme, suffix=suffix)

    def publishes(self, at_once: bool) -> None:
        """Whether identifiers are public from the start."""
        self.world.wired = replace(self.world.wired, publishes=at_once)
        self.world.kernel.wired = self.world.wired

    async def work(self) -> None:
        """The worker comes around."""
        await finish_open_reservations(self.world.kernel, self.world.log, grace=NO_PAUSE)

    def held(self) -> dict[str, str | None]:
        """What the authority holds for the world, and where it leads."""
        if isinstance(self.simulator, HandleSimulator):
            return {name: self.simulator.leads_to(name) for name in self.simulator.handles}
        assert {record.state for record in self.simulator.records.values()} <= {"findable"}
        return {record.doi: record.handle for record in self.simulator.records.values()}

    def assigned(self) -> dict[str, str | None]:
        """What the log says, and where it leads."""
        return {
            event.data["value"].lower(): f"http://cora.test/id/{event.stream}"
            for event in self.world.log.events
            if event.kind.endswith("PersistentIdAssigned")
        }

    def require_sound(self, count: int) -> None:
        """Both sides hold the same, and nothing is open."""
        assert self.held() == self.assigned()
        kinds = self.world.log.kinds()
        assert len(self.assigned()) == count
        closed = kinds.count("PersistentIdMinted") + kinds.count("PersistentIdReleased")
        assert kinds.count("PersistentIdReserved") == closed


@asynccontextmanager
async def story_of(authority: str) -> AsyncGenerator[Story]:
    """A facility with an authority."""
    match authority:
        case "datacite":
            async with datacite_simulator() as datacite, datacite_client(datacite) as minter:
                yield story_with(minter, datacite, authority)
        case "handle":
            async with handle_simulator() as handles, handle_client(handles, pidinst=True) as minter:
                yield story_with(minter, handles, authority)
        case _:
            async with epic_simulator() as handles, handle_client(handles, api="epic", pidinst=True) as minter:
                yield story_with(minter, handles, authority)


def story_with(minter: DoiMinter, simulator: DataciteSimulator | HandleSimulator, authority: str) -> Story:
    """A facility whose identifiers come from this authority."""
    world = World()
    world.wired = replace(world.wired, doi_minter=minter)
    world.kernel = Kernel(world.log, world.wired, clock=lambda: world.log.clock(), documents=world.log)
    return Story(world, simulator, SCHEMES[authority])


AT_EVERY_CALL = [(authority, number) for authority, calls in CALLS.items() for number in range(calls)]


@pytest.mark.parametrize("authority", CALLS)
async def test_without_a_fault_an_assignment_makes_so_many_calls(authority: str) -> None:
    async with story_of(authority) as story:
        await story.assign("asset", await story.world.asset())
        assert len(story.plan.calls) == CALLS[authority]
        story.require_sound(1)


@pytest.mark.parametrize(("authority", "number"), AT_EVERY_CALL)
@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("kind", ["asset", "fixture"])
async def test_a_fault_at_any_call_leaves_one_identifier(authority: str, number: int, fault: Fault, kind: str) -> None:
    async with story_of(authority) as story:
        id = await story.world.asset()
        if kind == "fixture":
            id = await story.world.fixture_of(id)
        story.plan.at[number] = fault
        await story.assign(kind, id, "tower")
        if fault is TOO_MANY:
            _be_patient(story)
        await story.work()
        story.require_sound(1)


@pytest.mark.parametrize("authority", CALLS)
@pytest.mark.parametrize("fault", PASSING)
async def test_an_authority_that_is_away_for_long_is_asked_until_it_is_back(authority: str, fault: Fault) -> None:
    async with story_of(authority) as story:
        ids = [await story.world.asset() for _ in range(3)]
        story.plan.always |= {"PUT": fault, "GET": Cut.BEFORE}
        for id in ids:
            await story.assign("asset", id)
        await story.work()
        assert story.assigned() == {}
        story.plan.always.clear()
        await story.work()
        story.require_sound(3)


@pytest.mark.parametrize("authority", CALLS)
@pytest.mark.parametrize(("number", "fault"), [(0, Says(401)), (0, Says(500, "oops", "text/plain"))])
async def test_what_only_people_can_mend_is_finished_when_they_have(authority: str, number: int, fault: Says) -> None:
    async with story_of(authority) as story:
        id = await story.world.asset()
        story.plan.always |= {"PUT": fault, "GET": fault}
        await story.assign("asset", id)
        story.plan.always.clear()
        await story.work()
        story.require_sound(1)


@pytest.mark.parametrize(("authority", "prefix"), [("datacite", PREFIX), ("handle", "21.T11998")])
async def test_what_belongs_to_somebody_else_stays_theirs(authority: str, prefix: str) -> None:
    async with story_of(authority) as story:
        if isinstance(story.simulator, HandleSimulator):
            story.simulator.handles[f"{prefix}/theirs".lower()] = {1: ("URL", OTHER_URL)}
        else:
            story.simulator.put_there(f"{prefix}/theirs", OTHER_URL)
        before = story.held()
        await story.assign("asset", await story.world.asset(), "theirs")
        assert story.held() == before
        assert story.assigned() == {}


@pytest.mark.parametrize("authority", CALLS)
@pytest.mark.parametrize("die", ["before", "after"])
async def test_a_process_that_dies_while_it_asks_leaves_one_identifier(authority: str, die: str) -> None:
    """The request goes out, or its answer comes in, and nobody is there any more."""
    async with story_of(authority) as story:
        id = await story.world.asset()
        story.plan.always["PUT"] = Cut.BEFORE if die == "before" else Cut.AFTER
        command = asyncio.create_task(story.assign("asset", id))
        while story.plan.asked(["PUT"]) == 0:  # noqa: ASYNC110
            await asyncio.sleep(0.001)
        command.cancel()
        await asyncio.gather(command, return_exceptions=True)
        story.plan.always.clear()
        await story.work()
        story.require_sound(1)


async def test_a_client_over_the_limit_is_told_when_to_come_again_and_nothing_is_recorded_of_it() -> None:
    async with datacite_simulator() as datacite, datacite_client(datacite, calls=3) as minter:
        story = story_with(minter, datacite, "datacite")
        await story.assign("asset", await story.world.asset())
        asset = await story.world.asset()
        for _ in range(2):
            with pytest.raises(OverloadedError, match="as often as we may") as refused:
                await story.world.assign("asset", asset)
            assert refused.value.retry_after > 250
        assert len(datacite.plan.calls) == 3
        assert "PersistentIdMintFailed" not in story.world.log.kinds()
        be_patient(minter, forget=True)
        await story.world.assign("asset", asset)
        story.require_sound(2)


async def test_what_failed_before_no_call_was_free_is_a_failure() -> None:
    async with datacite_simulator() as datacite, datacite_client(datacite, calls=2) as minter:
        story = story_with(minter, datacite, "datacite")
        datacite.plan.at[1] = Cut.AFTER
        with pytest.raises(AuthorityError, match="gave no answer"):
            await story.world.assign("asset", await story.world.asset())
        assert story.world.log.kinds()[-1] == "PersistentIdMintFailed"


@settings(max_examples=60, deadline=None)
@given(
    authority=st.sampled_from(list(CALLS)),
    faults=st.lists(st.sampled_from([None, *PASSING]), max_size=20),
    fails=st.integers(0, 3),
    runs=st.lists(st.sampled_from(["client", "worker"]), max_size=4),
)
def test_any_row_of_faults_ends_with_one_identifier(
    authority: str, faults: Sequence[Fault | None], fails: int, runs: Sequence[str]
) -> None:
    async def run() -> None:
        async with story_of(authority) as story:
            id = await story.world.asset()
            story.plan.at |= {number: fault for number, fault in enumerate(faults) if fault is not None}
            if isinstance(story.simulator, DataciteSimulator):
                story.simulator.handle_fails = fails
            await story.assign("asset", id)
            for who in runs:
                # One who comes after it is done is refused: a second assignment is a conflict.
                with suppress(Exception):
                    await (story.work() if who == "worker" else story.assign("asset", id))
            story.plan.at.clear()
            await story.work()
            story.require_sound(1)

    asyncio.run(run())


def _be_patient(story: Story) -> None:
    """The time that the authority asked for has passed."""
    be_patient(story.world.wired.doi_minter)
    later = story.world.log.clock() + timedelta(seconds=60)
    story.world.log.clock = lambda: later
