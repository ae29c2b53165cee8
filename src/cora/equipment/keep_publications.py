"""Keeping true what the world is told of identifiers: whatever changes in a record is told to its authority.

The server runs this every few seconds, in as many processes as there are, of
which one acts at a time. It follows the log: the records that the record of an
identifier was made from are known, so an event that concerns one of them
touches the identifier. Changes within a short while are told once. What was told
by other terms, as before contacts were published, is looked at again.
"""

from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

import structlog

from cora.equipment.aggregates.persistent_id import (
    PERSISTENT_ID,
    PersistentIdentifierPushError,
    PersistentIdMetadataPushed,
    PersistentIdMintFailed,
    PersistentIdPushFailed,
    PersistentIdReserved,
    PersistentIdStatus,
)
from cora.equipment.finish_reservations import WORKER
from cora.equipment.minting import exclusively
from cora.equipment.pauses import pause
from cora.equipment.ports.publications import Publications
from cora.equipment.publication import Publication, read_publication, tell, terms_of
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


async def keep_publications(kernel: Kernel, publications: Publications, *, quiet: timedelta = QUIET) -> Kept:
    """Tell the authorities what has changed. Raises nothing that a later run can mend."""
    wired: Equipment = kernel.wired
    kept = Kept()
    try:
        async with exclusively(wired.leases, "publications", wait=0.5):
            await publications.renew(terms_of(wired))
            while await publications.take_note(PersistentIdReserved.__name__, _UNHEEDED):
                pass
            # Whatever fails is put off, so that every round takes others.
            while due := await publications.due(quiet, AT_ONCE):
                for id, touched in due:
                    await _keep(id, touched, kernel, publications, kept)
    except OverloadedError:
        _logger.debug("another process keeps the publications")
    return kept


async def _keep(id: UUID, touched: int, kernel: Kernel, publications: Publications, kept: Kept) -> None:
    wired: Equipment = kernel.wired
    publication, sets, made_from = await _look(id, kernel, wired)
    known = publication.persistent_id
    await publications.keep(
        id,
        publication.shown_digest,
        is_public=known.is_public,
        sets=sets,
        made_from=made_from,
        terms=terms_of(wired),
    )
    if known.status is PersistentIdStatus.RESERVED:
        # It is still on its way; what comes of it is recorded, and touches it again.
        await publications.settled(id, touched)
        return
    if not known.is_kept_here or not (publication.is_news or await wired.tellings.is_open(id)):
        await publications.settled(id, touched)
        kept.unchanged.append(id)
        return
    try:
        await tell(id, Session(kernel, Call(WORKER, via="worker", request_id=f"worker:{id}"), b""), wired, wait=1.0)
    except PersistentIdentifierPushError as refusal:
        kept.failed.append(id)
        _logger.warning("not pushed", value=known.value, detail=refusal.detail())
        failed = await kernel.see(lambda read: read.require(PERSISTENT_ID, id))
        await publications.put_off(id, kernel.clock() + pause(failed, FIRST_PAUSE))
    except Refusal as refusal:
        # Somebody else tells it just now: the next run will see.
        _logger.info("left for later", value=known.value, detail=refusal.detail())
        await publications.put_off(id, kernel.clock() + FIRST_PAUSE)
    else:
        kept.pushed.append(id)
        _logger.info("pushed", value=known.value)
        await publications.settled(id, touched)


async def _look(id: UUID, kernel: Kernel, wired: Equipment) -> tuple[Publication, frozenset[str], frozenset[UUID]]:
    async def ask(read: Reader) -> tuple[Publication, frozenset[str], frozenset[UUID]]:
        publication = await read_publication(id, read, wired)
        return publication, await sets_of(publication.persistent_id, read), read.concerned

    return await kernel.see(ask)
