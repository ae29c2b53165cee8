"""What harvesters are told: a stretch of the publications with their records, as these are now."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from cora.equipment.aggregates.persistent_id import PERSISTENT_ID, SUBJECT, PersistentIdStatus
from cora.equipment.pidinst.published import PublishedRecord
from cora.equipment.publication import read_publication
from cora.equipment.sets import NamedSet, named_sets
from cora.equipment.wired import Equipment
from cora.kernel.execute import Kernel
from cora.kernel.harvest import Asked, Harvest, Kept, Place
from cora.kernel.reader import Reader


@dataclass(frozen=True)
class Harvested:
    """An asset or a fixture in a harvest. `record` is None for a tombstone, and where it was not asked for."""

    id: UUID
    changed_at: datetime
    sets: tuple[str, ...]
    withdrawn: bool
    record: PublishedRecord | None


@dataclass(frozen=True)
class Harvesting:
    """Some records in the order in which they changed, and the place where to go on; None after the last one.

    Whoever asks again for what changed since `looked_at` misses nothing.
    """

    looked_at: datetime
    records: tuple[Harvested, ...]
    goes_on: Place | None


@dataclass(frozen=True)
class Harvester:
    """Answers harvesters from the publications that are kept and the records as they are now.

    A record may be newer here than the time that stands with it; then it comes again with a later one.
    """

    kernel: Kernel
    harvest: Harvest

    async def page(self, place: Place | None, asked: Asked, most: int, *, with_records: bool) -> Harvesting:
        """The next records after a place."""
        stretch = await self.harvest.after(place, asked, most)
        records = await self._records(stretch.kept, with_records=with_records)
        goes_on = stretch.kept[-1].place if stretch.has_more else None
        return Harvesting(stretch.looked_at, tuple(records), goes_on)

    async def one(self, id: UUID) -> Harvested | None:
        """One asset or fixture; None unless it is public."""
        for source in await self.kernel.see(lambda read: read.sources(SUBJECT, id)):
            if (kept := await self.harvest.of(source)) is not None:
                (found,) = await self._records([kept], with_records=True)
                return found
        return None

    async def sets(self) -> list[NamedSet]:
        """All sets that there are."""
        specs = frozenset(await self.harvest.sets())
        return await self.kernel.see(lambda read: named_sets(specs, read))

    async def _records(self, kept: Sequence[Kept], *, with_records: bool) -> list[Harvested]:
        wired: Equipment = self.kernel.wired

        async def ask(read: Reader) -> list[Harvested]:
            await read.ahead(*(each.persistent_id for each in kept))
            known = [await read.require(PERSISTENT_ID, each.persistent_id) for each in kept]
            await read.ahead(*(each.subject_id for each in known))
            found: list[Harvested] = []
            for each, identifier in zip(kept, known, strict=True):
                withdrawn = identifier.status is PersistentIdStatus.WITHDRAWN
                tells = with_records and not withdrawn
                record = (await read_publication(each.persistent_id, read, wired)).published if tells else None
                found.append(Harvested(identifier.subject_id, each.changed_at, each.sets, withdrawn, record))
            return found

        return await self.kernel.see(ask)
