"""Keeping true what the world is told of identifiers: whatever changes in a record is told to its authority.

The server runs this every few seconds, in as many processes as there are, of
which one acts at a time. It follows the log: the records that the record of an
identifier was made from are known, so an event that concerns one of them
touches the identifier. Changes within a short while are told once. What was told
by other terms, as before contacts were published, is looked at again.

What cannot be told for now holds nothing else up: each authority is told beside
the others, and left alone when it gives no answer or is not to be asked; what
breaks is put off.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

import structlog

from cora.equipment.aggregates.persistent_id import (
    PERSISTENT_ID,
    PersistentId,
    PersistentIdentifierPushError,
    PersistentIdMetadataPushed,
    PersistentIdMintFailed,
    PersistentIdPushFailed,
    PersistentIdReserved,
    PersistentIdStatus,
)
from cora.equipment.finish_reservations import WORKER
from cora.equipment.minting import beside_each_other, exclusively, told_again_in
from cora.equipment.pauses import LONGEST_PAUSE, pause
from cora.equipment.ports.publications import Publications
from cora.equipment.publication import Publication, read_publication, tell, terms_of
from cora.equipment.resting import Resting
from cora.equipment.sets import sets_of
from cora.equipment.wired import Equipment
from cora.kernel.errors import OverloadedError, Refusal
from cora.kernel.execute import Call, Kernel, Session
from cora.kernel.reader import Reader

QUIET = timedelta(seconds=10)
"""Changes that come within this time are told together."""
AT_ONCE = 100
FIRST_PAUSE = timedelta(seconds=10)

_UNHEEDED = tuple(
    each.__name__ for each in (PersistentIdMetadataPushed, PersistentIdPushFailed, PersistentIdMintFailed)
)

_logger = structlog.get_logger("cora.worker")


@dataclass(frozen=True)
class Kept:
    """What became of the identifiers of whose records something had changed."""

    pushed: list[UUID] = field(default_factory=list[UUID])
    unchanged: list[UUID] = field(default_factory=list[UUID])
    failed: list[UUID] = field(default_factory=list[UUID])
    left: list[UUID] = field(default_factory=list[UUID])
    """In another's hands, or not told as their authority is left alone or none is set up."""


@dataclass(frozen=True)
class _Due:
    """An identifier of which there are news to tell."""

    known: PersistentId
    touched: int


@dataclass(frozen=True)
class _Round:
    kernel: Kernel
    publications: Publications
    resting: Resting
    kept: Kept = field(default_factory=Kept)

    @property
    def wired(self) -> Equipment:
        wired: Equipment = self.kernel.wired
        return wired

    async def leave(self, id: UUID, until: datetime) -> None:
        """Put it off, as it is not to be told now."""
        self.kept.left.append(id)
        await self.publications.put_off(id, until)

    async def settle(self, id: UUID, touched: int, again_in: float | None) -> None:
        """Nothing is left to be told of it now, nor later unless a lost request may arrive."""
        if again_in is None:
            await self.publications.settled(id, touched)
        else:
            await self.publications.put_off(id, self.kernel.clock() + timedelta(seconds=again_in))

    async def stumble(self, id: UUID) -> None:
        """Log what broke on it, and put it off."""
        self.kept.failed.append(id)
        until = self.resting.rest(id, self.kernel.clock())
        _logger.exception("keeping it broke; it is put off", persistent_id=str(id), until=until.isoformat())
        await self.publications.put_off(id, until)


async def keep_publications(
    kernel: Kernel, publications: Publications, *, quiet: timedelta = QUIET, resting: Resting | None = None
) -> Kept:
    """Tell the authorities what has changed, unless another process does so.

    Raises nothing that a later run can mend. `resting` is what earlier runs have learned to leave alone.
    """
    now = _Round(kernel, publications, resting or Resting())
    try:
        async with exclusively(now.wired.leases, "publications", wait=0.5):
            await publications.renew(terms_of(now.wired))
            while await publications.take_note(PersistentIdReserved.__name__, _UNHEEDED):
                pass
            # Whatever is not told is put off, so that every round takes others.
            while due := await publications.due(quiet, AT_ONCE):
                by_scheme: dict[str, list[_Due]] = {}
                for id, touched in due:
                    if known := await _keep(id, touched, now):
                        by_scheme.setdefault(known.scheme, []).append(_Due(known, touched))
                await beside_each_other([_tell_those(scheme, those, now) for scheme, those in by_scheme.items()])
    except OverloadedError:
        _logger.debug("another process keeps the publications")
    return now.kept


async def _keep(id: UUID, touched: int, now: _Round) -> PersistentId | None:
    """Keep what the world is told of an identifier; it, where its authority is still to be told."""
    try:
        publication, sets, made_from = await _look(id, now.kernel, now.wired)
        known = publication.persistent_id
        await now.publications.keep(
            id,
            publication.shown_digest,
            is_public=known.is_public,
            sets=sets,
            made_from=made_from,
            terms=terms_of(now.wired),
        )
        again_in = await told_again_in(now.wired.tellings, id)
    except Refusal as refusal:
        _logger.info("left for later", persistent_id=str(id), detail=refusal.detail())
        await now.leave(id, now.kernel.clock() + FIRST_PAUSE)
        return None
    except Exception:
        await now.stumble(id)
        return None
    if known.status is PersistentIdStatus.RESERVED:
        # It is still on its way; what comes of it is recorded, and touches it again.
        await now.publications.settled(id, touched)
        return None
    if again_in is not None and not known.is_kept_here:
        # It was given up or released while its authority was told; it is told nothing more, so no end is waited for.
        await now.wired.tellings.end(id, arrives_within=0.0)
        again_in = None
    if not known.is_kept_here or not (publication.is_news or again_in == 0):
        await now.settle(id, touched, again_in)
        now.kept.unchanged.append(id)
        return None
    if known.scheme not in now.wired.doi_minter.schemes:
        # One may be set up later.
        await now.leave(id, now.kernel.clock() + LONGEST_PAUSE)
        return None
    return known


async def _tell_those(scheme: str, those: Sequence[_Due], now: _Round) -> None:
    """Tell the authority of one scheme, until it is to be left alone."""
    for due in those:
        id = due.known.id
        until = now.resting.until(scheme, now.kernel.clock())
        if until is not None:
            await now.leave(id, until)
            continue
        try:
            await _tell(due, now)
        except Exception:
            await now.stumble(id)


async def _tell(due: _Due, now: _Round) -> None:
    id, value, scheme = due.known.id, due.known.value, due.known.scheme
    session = Session(now.kernel, Call(WORKER, via="worker", request_id=f"worker:{id}"), b"")
    try:
        await tell(id, session, now.wired, wait=1.0)
    except PersistentIdentifierPushError as refusal:
        now.resting.heed(scheme, refusal, now.kernel.clock())
        now.kept.failed.append(id)
        _logger.warning("not pushed", value=value, detail=refusal.detail())
        failed = await now.kernel.see(lambda read: read.require(PERSISTENT_ID, id))
        await now.publications.put_off(id, now.kernel.clock() + pause(failed, FIRST_PAUSE))
    except Refusal as refusal:
        # Somebody else tells it just now, or the authority is not to be asked: a later run will see.
        now.resting.heed(scheme, refusal, now.kernel.clock())
        _logger.info("left for later", value=value, detail=refusal.detail())
        moment = now.kernel.clock()
        await now.leave(id, now.resting.until(scheme, moment) or moment + FIRST_PAUSE)
    else:
        now.resting.heed(scheme, None, now.kernel.clock())
        now.kept.pushed.append(id)
        _logger.info("pushed", value=value)
        await now.settle(id, due.touched, await told_again_in(now.wired.tellings, id))


async def _look(id: UUID, kernel: Kernel, wired: Equipment) -> tuple[Publication, frozenset[str], frozenset[UUID]]:
    async def ask(read: Reader) -> tuple[Publication, frozenset[str], frozenset[UUID]]:
        publication = await read_publication(id, read, wired)
        return publication, await sets_of(publication.persistent_id, read), read.concerned

    return await kernel.see(ask)
