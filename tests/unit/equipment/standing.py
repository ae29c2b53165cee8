"""Records as they stand, to be asked: a source made of states, which counts the looks taken at it."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from cora.kernel.aggregate import Aggregate, Claim
from cora.kernel.reader import MOST_COUNTED, Holder, Pointing, Stored

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


class Standing:
    """Records with their states; what points where and who holds what follows from these."""

    def __init__(self, *records: tuple[Aggregate[Any], Any]) -> None:
        self.looks = 0
        self._records: dict[UUID, tuple[Aggregate[Any], Any]] = {each[1].id: each for each in records}
        self._pointing: dict[tuple[str, UUID], list[UUID]] = {}
        self._claims: dict[Claim, UUID] = {}
        for id, (aggregate, state) in self._records.items():
            for relation, target in set(aggregate.references(state)):
                self._pointing.setdefault((relation, target), []).append(id)
            for claim in aggregate.claims(state):
                self._claims[claim] = id

    async def record(self, id: UUID) -> Stored:
        (found,) = await self.records([id])
        return found

    async def records(self, ids: Sequence[UUID]) -> Sequence[Stored]:
        self.looks += 1
        return [self._stored(id) for id in ids]

    async def pointing(self, relation: str, target: UUID, *, first: bool) -> Pointing:
        (found,) = await self.pointings([(relation, target)])
        return found._replace(sources=found.sources[:1]) if first else found

    async def pointings(self, asked: Sequence[tuple[str, UUID]]) -> Sequence[Pointing]:
        self.looks += 1
        return [Pointing(1, tuple((id, 1) for id in sorted(self._pointing.get(each, ())))) for each in asked]

    async def counts(self, asked: Sequence[tuple[str, UUID]]) -> Sequence[tuple[int, int]]:
        self.looks += 1
        return [(1, min(MOST_COUNTED, len(self._pointing.get(each, ())))) for each in asked]

    async def holder(self, claim: Claim) -> Holder:
        self.looks += 1
        owner = self._claims.get(claim)
        return Holder(1, owner, 1 if owner else 0)

    def _stored(self, id: UUID) -> Stored:
        if id not in self._records:
            return Stored(1, 0)
        aggregate, state = self._records[id]
        return Stored(1, 1, aggregate.kind, 1, aggregate.encode_state(state), NOON, NOON, NOON)
