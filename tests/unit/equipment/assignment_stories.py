"""Random stories of one record that is to have an identifier: what must hold after each, whatever happens."""

import asyncio
from dataclasses import dataclass, field

from hypothesis import strategies as st
from tests.unit.equipment.world import NO_PAUSE, Dies, World

from cora.equipment.finish_reservations import finish_open_reservations
from cora.equipment.ports.doi_minter import MintFailedError
from cora.kernel.errors import Refusal


@dataclass(frozen=True)
class Step:
    """One request, or one run of the worker, and what the authority does then."""

    who: str
    scheme: str
    suffix: str | None
    fate: str


STEPS = st.builds(
    Step,
    st.sampled_from(["client", "client", "worker"]),
    st.sampled_from(["DOI", "Handle"]),
    st.sampled_from([None, "a", "b"]),
    st.sampled_from(["grants", "fails", "refuses", "dies before", "dies in", "dies after"]),
)
STORIES = st.lists(STEPS, max_size=6)

_FAILURES = {
    "fails": MintFailedError("no answer", retryable=True),
    "refuses": MintFailedError("not allowed", retryable=False),
}


@dataclass
class Story:
    """What happened to a record."""

    kind: str
    world: World = field(default_factory=World)
    refusals: list[str] = field(default_factory=list[str])

    async def happens(self, steps: list[Step]) -> None:
        """Run the steps and, at the end, what finishes every story; check what must hold after each."""
        asset = await self.world.asset()
        self.id = asset if self.kind == "asset" else await self.world.fixture_of(asset)
        self.other = await self.world.asset()
        for step in steps:
            await self._step(step)
            self._holds()
        await self._step(Step("worker", "", None, "grants"))
        self._holds()
        assert self._reserved() == 0, "the worker leaves nothing open"

    async def _step(self, step: Step) -> None:
        minter = self.world.minter
        minter.outcomes = [_FAILURES[step.fate]] if step.fate in _FAILURES else []
        minter.dies = f"{step.fate.removeprefix('dies ')} the minter" if step.fate.startswith("dies") else None
        try:
            if step.who == "worker":
                await finish_open_reservations(self.world.kernel, self.world.log, grace=NO_PAUSE)
            else:
                await self.world.assign(self.kind, self.id, scheme=step.scheme, suffix=step.suffix)
        except Refusal as refusal:
            self.refusals.append(refusal.code())
        except Dies:
            self.refusals.append("died")
        minter.dies = None

    def _reserved(self) -> int:
        kinds = self.world.log.kinds()
        closed = kinds.count("PersistentIdMinted") + kinds.count("PersistentIdReleased")
        return kinds.count("PersistentIdReserved") - closed

    def _holds(self) -> None:
        log = self.world.log
        kinds = log.kinds()
        assigned = [event for event in log.events if event.kind.endswith("PersistentIdAssigned")]
        assert self._reserved() in (0, 1), "at most one reservation is open"
        assert kinds.count("PersistentIdMinted") == len(assigned) <= 1, "assigned once, and only what was minted"
        for event in assigned:
            assert event.data["value"] in self.world.minter.registered, "what is assigned the authority holds"
        asked = [request.identifier.value for request in self.world.minter.asked]
        reserved = [event.data["value"] for event in log.events if event.kind == "PersistentIdReserved"]
        assert set(asked) <= set(reserved), "the authority is asked for what was reserved only"
        live = {claim.value.partition(":")[2] for claim in log.tables.claims if claim.what == "persistent_id.value"}
        assert len(live) == self._reserved() + len(assigned), "each live identifier holds its claim, no other does"


def tell(kind: str, steps: list[Step]) -> Story:
    """A story from its beginning to its end."""
    story = Story(kind)
    asyncio.run(story.happens(steps))
    return story
