"""What a decision sees within a batch: the records as recorded, changed by what the commands before it have done."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import TypeVar
from uuid import UUID

from cora.kernel.aggregate import Aggregate, Claim
from cora.kernel.draft import Draft
from cora.kernel.reader import DecodedStates, Log, Reader, ReadSet

S = TypeVar("S")


class Overlay(Reader):
    """A Reader that sees the records as the commands taken in so far have left them.

    The log is looked at by a Reader beneath, whose read set is what the append
    checks: of what the batch itself has done nothing is in it. What was looked
    at once is not looked at again. Times that the log is yet to give are
    `UNRECORDED` in the states.
    """

    def __init__(self, log: Log, decoded: DecodedStates) -> None:
        super().__init__(log, decoded)
        self._log = log
        self._beneath = Reader(log, decoded)
        self._looked: dict[tuple[str, UUID, bool], tuple[UUID, ...]] = {}
        self._moved: dict[tuple[str, UUID], dict[UUID, bool]] = {}
        """By relation and target, the sources that were gained (True) or lost, each as it was last."""
        self._owners: dict[Claim, UUID | None] = {}
        self._joined: dict[UUID, datetime | None] = {}

    async def get(self, aggregate: Aggregate[S], id: UUID) -> S | None:
        if id not in self.states:
            state = await self._beneath.get(aggregate, id)
            self._note(id)
            if state is None:
                return None
            self.states[id] = state
            if id in self._beneath.occurred:
                self.occurred[id] = self._beneath.occurred[id]
        return await super().get(aggregate, id)

    async def ahead(self, *ids: UUID | None) -> None:
        await self._beneath.ahead(*(id for id in ids if id not in self.states))

    async def sources(self, relation: str, target: UUID) -> tuple[UUID, ...]:
        found = await self._look(relation, target, first=False)
        moved = self._moved.get((relation, target))
        if moved is None:
            return found
        stayed = [id for id in found if moved.get(id, True)]
        return tuple(sorted({*stayed, *(id for id, gained in moved.items() if gained)}))

    async def first_source(self, relation: str, target: UUID) -> UUID | None:
        found = await self._look(relation, target, first=True)
        moved = self._moved.get((relation, target), {})
        if any(not moved.get(id, True) for id in found):
            found = await self.sources(relation, target)
        return min([*found, *(id for id, gained in moved.items() if gained)], default=None)

    async def sources_of(self, relation: str, targets: Sequence[UUID]) -> list[tuple[UUID, ...]]:
        return [await self.sources(relation, target) for target in targets]

    async def owner(self, claim: Claim) -> UUID | None:
        if claim not in self._owners:
            owner = self._owners[claim] = await self._beneath.owner(claim)
            if owner is not None:
                self._note(owner)
        return self._owners[claim]

    async def exists(self, id: UUID) -> bool:
        if id not in self.versions:
            await self._beneath.exists(id)
            self._note(id)
        return self.versions[id] > 0

    def assume_new(self, id: UUID) -> None:
        self._beneath.assume_new(id)
        self._note(id)

    @property
    def one_snapshot(self) -> bool:
        return self._beneath.one_snapshot

    def read_set(self) -> ReadSet:
        return self._beneath.read_set()

    async def latest_joinings(self, ids: Collection[UUID]) -> Mapping[UUID, datetime]:
        """When each of these records was last joined to or parted from another, if it ever was."""
        unknown = [id for id in ids if id not in self._joined]
        if unknown:
            found = await self._log.latest_joinings(unknown)
            self._joined.update((id, found.get(id)) for id in unknown)
        return {id: moment for id in ids if (moment := self._joined[id]) is not None}

    def take_in(self, draft: Draft, soon: datetime) -> None:
        """Let the commands that follow see what this one does; without a time of its own it occurs `soon`."""
        entry = draft.entry
        occurred_at = entry.occurred_at or soon
        for document in entry.documents:
            self.versions[document.id] = document.version
            self.occurred[document.id] = occurred_at
        self.states.update(draft.states)
        for event in entry.events:
            self._joined.update(dict.fromkeys(event.joined, occurred_at))
        for pointers, gained in ((entry.lost, False), (entry.gained, True)):
            for relation, target, source in pointers:
                self._moved.setdefault((relation, target), {})[source] = gained
        self._owners.update(dict.fromkeys((claim for claim, _ in entry.released), None))
        self._owners.update(entry.taken)

    async def _look(self, relation: str, target: UUID, *, first: bool) -> tuple[UUID, ...]:
        key = (relation, target, first)
        if key not in self._looked:
            if first:
                source = await self._beneath.first_source(relation, target)
                self._looked[key] = () if source is None else (source,)
            else:
                self._looked[key] = await self._beneath.sources(relation, target)
            for id in self._looked[key]:
                self._note(id)
        return self._looked[key]

    def _note(self, id: UUID) -> None:
        self.versions.setdefault(id, self._beneath.versions[id])
