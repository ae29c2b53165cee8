"""Give up an identifier that is reserved and will not be minted, so that its record is free for another. Its authority
is asked first: what it holds is not given up but finished, by sending the assignment again."""

from math import ceil
from uuid import UUID

from cora.equipment.aggregates.persistent_id import (
    PERSISTENT_ID,
    PersistentId,
    PersistentIdAuthorityNotConfiguredError,
    PersistentIdCannotReleaseError,
    PersistentIdentifierLookError,
    PersistentIdHeldError,
    PersistentIdReleased,
    PersistentIdStatus,
    authority_not_configured,
)
from cora.equipment.assignment import WAIT_SECONDS
from cora.equipment.minting import ON_ITS_WAY_SECONDS, ask_authority, exclusively, require_asked
from cora.equipment.ports.doi_minter import MintFailedError
from cora.equipment.publication import settle
from cora.equipment.values import Reason
from cora.equipment.wired import Equipment
from cora.kernel.errors import OverloadedError
from cora.kernel.execute import Answer, Decided, Session, require_time, require_version
from cora.kernel.principal import Role
from cora.kernel.reader import Reader
from cora.kernel.slice import Command, handles


class ReleasePersistentId(Command):
    """Which reserved identifier is given up, and why."""

    persistent_id_id: UUID
    reason: Reason


@handles(
    "POST /persistent-ids/{persistent_id_id}/release",
    on=PERSISTENT_ID,
    allow=Role.STEWARD,
    refuses=(
        PersistentIdCannotReleaseError,
        PersistentIdAuthorityNotConfiguredError,
        PersistentIdHeldError,
        PersistentIdentifierLookError,
    ),
    ends=True,
)
async def release_persistent_id(command: ReleasePersistentId, session: Session, wired: Equipment) -> Answer:
    id = command.persistent_id_id
    released = PersistentIdReleased(command.reason)

    async def reserved(read: Reader) -> PersistentId:
        known = await read.require(PERSISTENT_ID, id)
        if known.status is not PersistentIdStatus.RESERVED:
            raise PersistentIdCannotReleaseError(id, known.scheme, known.value, known.status)
        return known

    async def may_be_asked(read: Reader) -> Decided:
        await read.require(PERSISTENT_ID, id)
        require_version(session.call, read, id)
        known = await reserved(read)
        if known.scheme not in wired.doi_minter.schemes:
            raise authority_not_configured(known)
        require_time(session.call, read, id)
        return Decided(PERSISTENT_ID, id, [released] if session.call.dry_run else [])

    async def free(read: Reader) -> Decided:
        await reserved(read)
        return Decided(PERSISTENT_ID, id, [released])

    first_answer = await session.settle(may_be_asked, id, last=False)
    if session.call.dry_run:
        return first_answer
    # Whoever mints it holds this lease, so that nobody asks for it while it is given up.
    async with exclusively(wired.leases, f"mint:{id}", wait=WAIT_SECONDS):
        known = await session.kernel.see(reserved)
        await _require_arrived(id, wired)
        held = await ask_authority(lambda: wired.doi_minter.look(known.identifier), known.identifier)
        if isinstance(held, MintFailedError):
            require_asked(held)
            raise PersistentIdentifierLookError(known.scheme, known.value, held.reason, held.retryable) from held
        # Whose account it is in makes no difference: it leads to the page of the record.
        if held is not None and held.url == known.landing_page:
            raise PersistentIdHeldError(id, known.scheme, known.value)
        return await settle(session, free, id, last=True)


async def _require_arrived(id: UUID, wired: Equipment) -> None:
    """Raises `OverloadedError` while a request without an answer may still arrive, and register what was given up."""
    seconds = await wired.tellings.seconds_open(id)
    left = 0.0 if seconds is None else ON_ITS_WAY_SECONDS - seconds
    if left > 0:
        why = "The authority was asked for it just now and has not answered, so it may register it still"
        raise OverloadedError(ceil(left)).because(why)
