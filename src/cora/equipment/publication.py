"""What an authority is told of an identifier, and telling it.

The log says how an identifier should stand: a draft, found by the world, or
withdrawn. With the record of what it names that gives all that the authority
should have, and a digest of it. What was told last is known by its digest too,
so that the same is told once, and whatever changed is told again. What was begun to be told, and came to no end
that is recorded, may have arrived or not, or arrive later and undo what is told meanwhile: something is told at once,
and once more when it can no longer arrive.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import UTC
from enum import StrEnum
from functools import cached_property
from hashlib import sha256
from uuid import UUID

from pydantic import TypeAdapter
from pydantic_core import to_json

from cora.equipment.aggregates.persistent_id import (
    PERSISTENT_ID,
    PersistentId,
    PersistentIdentifierPushError,
    PersistentIdMetadataPushed,
    PersistentIdNotKeptHereError,
    PersistentIdPublished,
    PersistentIdPushFailed,
    PersistentIdStatus,
)
from cora.equipment.minting import ask_authority, end_telling, exclusively, require_asked, told_again_in
from cora.equipment.pidinst.derive import landing_page
from cora.equipment.pidinst.published import PublishedRecord
from cora.equipment.ports.doi_minter import (
    DoiMinter,
    HeldState,
    Minted,
    MintFailedError,
    MintRequest,
    NotAskedError,
    Preview,
)
from cora.equipment.subject import SUBJECTS
from cora.equipment.wired import Equipment
from cora.kernel.aggregate import Event
from cora.kernel.errors import OccurredBeforeLastFactError
from cora.kernel.execute import Answer, Decide, Decided, Session
from cora.kernel.reader import Reader


class Visibility(StrEnum):
    """Who should see an identifier at its authority."""

    DRAFT = "Draft"
    FINDABLE = "Findable"
    HIDDEN = "Hidden"


@dataclass(frozen=True)
class Publication:
    """All that the authority should have of an identifier."""

    persistent_id: PersistentId
    url: str
    published: PublishedRecord
    visibility: Visibility
    minter: DoiMinter

    @property
    def request(self) -> MintRequest:
        """The same, as it is asked for."""
        is_public = self.visibility is Visibility.FINDABLE
        return MintRequest(self.persistent_id.identifier, self.url, self.published, publish=is_public)

    @cached_property
    def digest(self) -> str:
        """SHA-256 of where it leads, who may see it and the metadata that its authority is sent, in hexadecimal."""
        return self.digest_as(self.visibility)

    @property
    def shown_digest(self) -> str:
        """The same of the record, which is shown in more forms than its authority is sent."""
        return _digest(self.url, self.visibility, _PUBLISHED.dump_json(self.published), _DERIVATION)

    @property
    def preview(self) -> Preview | None:
        """What the authority would be sent; None where none is set up."""
        return self.minter.preview(self.request) if self.persistent_id.scheme in self.minter.schemes else None

    @property
    def is_news(self) -> bool:
        """Whether the authority was told something else last."""
        told = self.persistent_id.pushed
        return told is None or told.digest != self.digest

    def events_of(self, state: HeldState) -> list[Event]:
        """What is recorded when the authority has it, and shows it to the world or not."""
        told = PersistentIdMetadataPushed(self.digest)
        is_published = self.persistent_id.status is PersistentIdStatus.DRAFT and state is not HeldState.DRAFT
        return [told, PersistentIdPublished()] if is_published else [told]

    def digest_as(self, visibility: Visibility) -> str:
        """The digest, were it as visible as this."""
        is_sent = self.persistent_id.scheme in self.minter.schemes
        request = replace(self.request, publish=False)
        sent = self.minter.preview(request).payload if is_sent else None
        return _digest(self.url, visibility, to_json(sent))


def _digest(*parts: str | bytes) -> str:
    encoded = (part if isinstance(part, bytes) else part.encode() for part in parts)
    return sha256(b"\x1f".join(encoded)).hexdigest()


_PUBLISHED = TypeAdapter(PublishedRecord)

_DERIVATION = "4"
"""Raise it when the same records are told otherwise, so that all identifiers are looked at again."""


def terms_of(wired: Equipment) -> str:
    """By which terms records are told: how they are derived, and whether with contacts."""
    return f"{_DERIVATION}, with contacts" if wired.publishes_contacts else _DERIVATION


async def read_publication(id: UUID, read: Reader, wired: Equipment) -> Publication:
    """What the authority should have of an identifier. Raises `PersistentIdNotFoundError`."""
    known = await read.require(PERSISTENT_ID, id)
    return await publication_of(known, known.reserved_at.astimezone(UTC).year, read, wired)


async def publication_of(known: PersistentId, year: int, read: Reader, wired: Equipment) -> Publication:
    """The same of an identifier that is known, also of one that is rehearsed; `year` is that of its reservation."""
    subject = SUBJECTS[known.subject_kind]
    state = await read.require(subject.aggregate, known.subject_id)
    url = known.landing_page or landing_page(wired.public_url, known.subject_id)
    published = (await subject.published(state, read, wired)).under(
        known.identifier, landing_page=url, year=year, test=known.test
    )
    return Publication(known, url, published, _wanted(known, wired), wired.doi_minter)


def _wanted(known: PersistentId, wired: Equipment) -> Visibility:
    match known.status:
        case PersistentIdStatus.WITHDRAWN:
            return Visibility.HIDDEN
        case PersistentIdStatus.DRAFT if known.publication_requested_at is None:
            return Visibility.DRAFT
        case PersistentIdStatus.RESERVED if not wired.publishes:
            return Visibility.DRAFT
        case _:
            return Visibility.FINDABLE


async def look_up(id: UUID, session: Session, wired: Equipment) -> Publication:
    """What the authority should have, from one state of the records."""
    return await session.kernel.see(lambda read: read_publication(id, read, wired))


async def tell(id: UUID, session: Session, wired: Equipment, *, wait: float, again: bool = False) -> Answer:
    """Tell the authority what it should have, and record that it has it; nothing where it is known to have it.

    `again` tells it all the same, and restores what the authority has lost. Raises `PersistentIdNotKeptHereError` for
    what no authority is told, `PersistentIdentifierPushError` when it failed, and `OverloadedError` when another still
    tells it after `wait` seconds, or no call of the authority is free; that is recorded nowhere.
    """
    async with exclusively(wired.leases, f"mint:{id}", wait=wait):
        publication = await look_up(id, session, wired)
        known = publication.persistent_id
        require_kept_here(known)
        answered = None
        if again or publication.is_news or await told_again_in(wired.tellings, id) == 0:
            ask = _ask_again if again else _ask
            await wired.tellings.begin(id)
            answered = await ask_authority(lambda: _tell(wired.doi_minter, publication, ask), known.identifier)
        if isinstance(answered, MintFailedError):
            if answered.answered:
                await wired.tellings.refused(id)
            require_asked(answered)
            if not isinstance(answered, NotAskedError):
                failed = PersistentIdPushFailed(answered.reason, answered.retryable, answered.retry_after)
                await _record(known.id, [failed], session, last=False)
            refusal = PersistentIdentifierPushError(known.scheme, known.value, answered.reason, answered.retryable)
            raise refusal from answered
        events = publication.events_of(answered.state) if answered is not None else []
        answer = await _record(known.id, events, session, last=True)
        if answered is not None:
            await end_telling(wired.tellings, id)
        return answer


def require_kept_here(known: PersistentId) -> None:
    """Raises `PersistentIdNotKeptHereError` for an identifier whose authority is told nothing by cora."""
    if not known.is_kept_here:
        raise PersistentIdNotKeptHereError(known.id, known.scheme, known.value, known.status, known.origin)


async def _tell(
    minter: DoiMinter, publication: Publication, ask: Callable[[DoiMinter, Publication], Awaitable[Minted]]
) -> Minted:
    """Ask, and push the metadata too where the authority was found to stand as it should."""
    answered = await ask(minter, publication)
    if not answered.found:
        return answered
    return replace(await minter.push(publication.request), state=answered.state)


async def _ask(minter: DoiMinter, publication: Publication) -> Minted:
    match publication.visibility:
        case Visibility.HIDDEN:
            return await minter.hide(publication.request)
        case Visibility.FINDABLE if publication.persistent_id.status is PersistentIdStatus.DRAFT:
            if publication.persistent_id.former_landing_pages:
                # What leads elsewhere is published for nobody, and until it is told the draft leads to its former page.
                await minter.push(publication.request)
            return await minter.publish(publication.request)
        case _:
            return await minter.push(publication.request)


async def _ask_again(minter: DoiMinter, publication: Publication) -> Minted:
    """Have the authority hold all of it, whatever it holds now."""
    request, wanted = publication.request, publication.visibility
    held = await minter.look(request.identifier)
    if held is None:
        # What was withdrawn has to be public before it can be hidden: a draft would not resolve.
        minted = await minter.mint(replace(request, publish=wanted is not Visibility.DRAFT))
        return await minter.hide(request) if wanted is Visibility.HIDDEN else minted
    if wanted is Visibility.HIDDEN:
        return await minter.hide(request)
    pushed = await minter.push(request)
    if wanted is Visibility.FINDABLE and pushed.state is not HeldState.FINDABLE:
        return await minter.publish(request)
    return pushed


async def _record(id: UUID, events: list[Event], session: Session, *, last: bool) -> Answer:
    async def decide(read: Reader) -> Decided:
        known = await read.require(PERSISTENT_ID, id)
        still = [each for each in events if _can_follow(known, each)]
        return Decided(PERSISTENT_ID, id, still)

    return await settle(session, decide, id, last=last)


def _can_follow(known: PersistentId, event: Event) -> bool:
    # Another, who held the lease while ours was lost, may have recorded it; or it was withdrawn meanwhile.
    if isinstance(event, PersistentIdPublished):
        return known.status is PersistentIdStatus.DRAFT or known.is_given_up
    return known.is_kept_here


async def settle(session: Session, decide: Decide, subject: UUID, *, last: bool) -> Answer:
    """Record what the authority did: at the time the caller gave, or now if a later fact is known by now."""
    try:
        return await session.settle(decide, subject, last=last)
    except OccurredBeforeLastFactError:
        return await session.without_time().settle(decide, subject, last=last)
