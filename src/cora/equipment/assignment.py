"""Giving an asset or a fixture its persistent identifier (domain.md 4.2), for both alike.

1. *Reserve*: all gates are passed and the exact identifier is recorded in a
   stream of its own, or an open reservation is taken up again.
2. *Mint*: the authority is asked for that identifier, by one leaseholder at a
   time over all processes.
3. *Assign*: that it was minted and that the record has it are recorded together.

A process may die between any two steps: what is reserved is finished by the
client's retry or by the worker, always with the same identifier.

Of several simultaneous requests for one record one is answered 201. The others
wait for it and are then refused with `AlreadyAssigned`, which names the
identifier. A retry that comes after the worker has finished is refused
likewise: a second assignment is a conflict.
"""

from dataclasses import dataclass
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AfterValidator, Field

from cora.equipment.aggregates.persistent_id import (
    PERSISTENT_ID,
    PersistentId,
    PersistentIdentifierMintError,
    PersistentIdMetadataPushed,
    PersistentIdMinted,
    PersistentIdMintFailed,
    PersistentIdReleased,
    PersistentIdReserved,
    PersistentIdStatus,
    PersistentIdTakenError,
    not_configured,
    value_claim,
)
from cora.equipment.assigned_identifier import IdentifierOrigin
from cora.equipment.minting import ask_authority, end_telling, exclusively, is_held_for, require_asked
from cora.equipment.pidinst.derive import landing_page
from cora.equipment.pidinst.suffix import PATTERN, chosen_suffix, random_suffix
from cora.equipment.ports.doi_minter import DoiMinter, HeldState, Minted, MintFailedError, NotAskedError, Preview
from cora.equipment.publication import Publication, Visibility, look_up, publication_of, settle
from cora.equipment.rehearsal import Previewed, members_of, shown
from cora.equipment.subject import Standing, Subject, pass_gates, standing_of
from cora.equipment.values import IdentifierScheme
from cora.equipment.wired import Equipment
from cora.kernel.aggregate import Event, Fact
from cora.kernel.errors import OccurredBeforeLastFactError
from cora.kernel.execute import Answer, Decided, Session, require_time, require_version
from cora.kernel.identity import new_id
from cora.kernel.moment import UNRECORDED
from cora.kernel.reader import Reader
from cora.kernel.slice import On

# So many random suffixes taken one after the other would be no chance.
SUFFIX_TRIES = 16

# Longer than a dead holder's lease lasts, so that a retry gets through.
WAIT_SECONDS = 30.0


Suffix = Annotated[str, AfterValidator(chosen_suffix), Field(json_schema_extra={"pattern": PATTERN})]
"""What comes after the prefix of the authority."""


class Assignment(Previewed):
    """What the answer to an assignment carries besides the usual."""

    scheme: IdentifierScheme
    value: str
    url: str
    publication: Literal["Draft", "Findable"]
    """Whether the world can find it, or it is to be published first (publish_persistent_id)."""


@dataclass(frozen=True)
class Wanted:
    """What a client asks for; without a suffix cora chooses one."""

    scheme: IdentifierScheme
    suffix: str | None = None


async def assign(subject: Subject, id: UUID, wanted: Wanted, session: Session, wired: Equipment) -> Answer:
    """Reserve, mint and assign. Raises the refusals of the row in its order, then what the authority failed with."""
    reservation: UUID | None = None

    async def rehearse(reserved: PersistentId, read: Reader, *before: On) -> Decided:
        publication = await publication_of(reserved, session.kernel.clock().year, read, wired)
        return _rehearsed(subject, id, publication, wired.doi_minter.preview(publication.request), *before)

    async def decide(read: Reader) -> Decided:
        nonlocal reservation
        state = await read.require(subject.aggregate, id)
        require_version(session.call, read, id)
        standing = await standing_of(subject, state, read, to_be_minted=True)
        reserved = taken_up(wanted, standing, wired.doi_minter)
        pass_gates(standing, resumed=reserved is not None)
        if wanted.scheme not in wired.doi_minter.schemes:
            raise not_configured(wanted.scheme, wired.doi_minter.schemes)
        if reserved is not None:
            require_time(session.call, read, id)
            reservation = reserved.id
            if session.call.dry_run:
                return await rehearse(reserved, read)
            return Decided(subject.aggregate, id, [])
        reservation = new_id()
        read.assume_new(reservation)
        event = await _reserve(standing, wanted, read, wired)
        try:
            require_time(session.call, read, id)
        except OccurredBeforeLastFactError:
            await _require_free(event, read)  # its row comes first
            raise
        first = On(PERSISTENT_ID, reservation, event)
        if session.call.dry_run:
            return await rehearse(PERSISTENT_ID.evolve(None, event, Fact(reservation, UNRECORDED)), read, first)
        return Decided(subject.aggregate, id, [first])

    first_answer = await session.settle(decide, id, last=False)
    if session.call.dry_run or reservation is None:
        return first_answer
    return await finish(subject, id, reservation, session, wired, wait=WAIT_SECONDS)


def taken_up(wanted: Wanted, standing: Standing, minter: DoiMinter) -> PersistentId | None:
    """The open reservation that a request means, also when it leaves the suffix out."""
    reserved = standing.reserved
    if reserved is None or reserved.scheme != wanted.scheme:
        return None
    if wanted.suffix is None or wanted.scheme not in minter.schemes:
        return reserved  # without an authority nobody can tell its value: the request is refused for that
    return reserved if reserved.value == minter.make_value(wanted.scheme, wanted.suffix) else None


async def finish(
    subject: Subject, id: UUID, reservation: UUID, session: Session, wired: Equipment, *, wait: float
) -> Answer:
    """Mint what is reserved and assign it.

    Raises `OverloadedError` when another still mints after `wait` seconds, or no call of the authority is free: it
    stays reserved, and that is recorded nowhere.
    """
    async with exclusively(wired.leases, f"mint:{reservation}", wait=wait):
        publication = await look_up(reservation, session, wired)
        reserved, minted = publication.persistent_id, Minted(publication.persistent_id.identifier)
        if reserved.status is PersistentIdStatus.RESERVED:
            request = publication.request
            await wired.tellings.begin(reservation)
            answered = await ask_authority(lambda: wired.doi_minter.mint(request), reserved.identifier)
            if not isinstance(answered, MintFailedError) or answered.answered:
                await end_telling(wired.tellings, reservation)
            if isinstance(answered, MintFailedError):
                require_asked(answered)
                released = await _record_failure(reserved, answered, session, wired.doi_minter)
                raise PersistentIdentifierMintError(
                    reserved.scheme, answered.reason, answered.retryable, value=reserved.value, released=released
                ) from answered
            minted = answered

        async def decide(read: Reader) -> Decided:
            named = await read.require(subject.aggregate, id)
            if named.persistent_id is not None:
                raise subject.already_assigned(id, named.persistent_id.scheme, named.persistent_id.value)
            known = await read.require(PERSISTENT_ID, reservation)
            if known.status is not PersistentIdStatus.RESERVED:
                # Whoever held the lease before or, where it was lost, beside met a failure that no retry can mend.
                reason = known.last_failure.reason if known.last_failure else "it was released"
                raise PersistentIdentifierMintError(
                    known.scheme, reason, retryable=False, value=known.value, released=True
                )
            return _assigned(subject, id, known, publication, minted)

        return await settle(session, decide, id, last=True)


async def _reserve(standing: Standing, wanted: Wanted, read: Reader, wired: Equipment) -> PersistentIdReserved:
    minter = wired.doi_minter
    value = minter.make_value(wanted.scheme, wanted.suffix or random_suffix())
    if wanted.suffix is None:
        for _ in range(SUFFIX_TRIES):
            if await read.owner(value_claim(wanted.scheme, value)) is None:
                break
            value = minter.make_value(wanted.scheme, random_suffix())
    return PersistentIdReserved(
        scheme=wanted.scheme,
        value=value,
        landing_page=landing_page(wired.public_url, standing.id),
        subject_kind=standing.subject.kind,
        subject_id=standing.id,
        origin=IdentifierOrigin.MINTED,
        test=minter.test,
    )


async def _require_free(event: PersistentIdReserved, read: Reader) -> None:
    owner = await read.owner(value_claim(event.scheme, event.value))
    if owner is not None:
        raise PersistentIdTakenError(owner, event.scheme, event.value)


def _rehearsed(subject: Subject, id: UUID, publication: Publication, preview: Preview, *before: On) -> Decided:
    """What would be recorded, were the authority to grant what it is asked for, and what that would be."""
    has_drafts = publication.persistent_id.scheme is IdentifierScheme.DOI
    is_draft = has_drafts and publication.visibility is Visibility.DRAFT
    minted = Minted(publication.persistent_id.identifier, HeldState.DRAFT if is_draft else HeldState.FINDABLE)
    return _assigned(subject, id, publication.persistent_id, publication, minted, *before, preview=preview)


def _assigned(
    subject: Subject,
    id: UUID,
    reserved: PersistentId,
    told: Publication,
    answered: Minted,
    *before: On,
    preview: Preview | None = None,
) -> Decided:
    """What is recorded when the authority holds the identifier, and was told of it unless it was found there."""
    is_draft = answered.state is HeldState.DRAFT
    answer = Assignment(
        scheme=reserved.scheme,
        value=reserved.value,
        url=reserved.landing_page or "",
        publication="Draft" if is_draft else "Findable",
        **shown(preview),
    )
    events: list[Event] = [PersistentIdMinted(draft=is_draft)]
    if not answered.found:
        digest = told.digest_as(Visibility.DRAFT if is_draft else Visibility.FINDABLE)
        events.append(PersistentIdMetadataPushed(digest))
    assigned = subject.assigned(reserved.scheme, reserved.value, reserved.origin, reserved.test)
    own = (On(PERSISTENT_ID, reserved.id, each) for each in events)
    return Decided(subject.aggregate, id, [*before, *own, assigned], status=201, members=members_of(answer))


async def _record_failure(
    reserved: PersistentId, failure: MintFailedError, session: Session, minter: DoiMinter
) -> bool:
    """Record that the authority failed, if it was asked; whether the identifier is released."""
    if isinstance(failure, NotAskedError):
        return False
    released = False
    events: list[Event] = [PersistentIdMintFailed(failure.reason, failure.retryable, failure.retry_after)]
    if not failure.retryable:
        held = await is_held_for(minter, reserved.identifier, reserved.landing_page or "")
        # Where it does not tell, it may hold it.
        if held is False:
            events.append(PersistentIdReleased(failure.reason))

    async def decide(read: Reader) -> Decided:
        nonlocal released
        known = await read.require(PERSISTENT_ID, reserved.id)
        still = known.status is PersistentIdStatus.RESERVED
        released = len(events) > 1 if still else known.status is PersistentIdStatus.RELEASED
        return Decided(PERSISTENT_ID, reserved.id, events if still else [])

    await settle(session, decide, reserved.id, last=False)
    return released
