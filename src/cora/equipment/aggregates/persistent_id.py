"""A persistent identifier: one small stream for each, which alone owns the claim on its value.

Reserved first, so that the exact identifier and landing page are known before
an authority is called; then minted, as a draft or for the world to find, or
released when the authority will never have it. What the authority was told last
is known by its digest, so that changes are told once. A withdrawn identifier
leads to its tombstone for ever; one that was a draft till then leads nowhere,
and its authority is told nothing more. A recorded identifier existed before cora knew
of it: it is reserved and held in one append, with the origin `Recorded`.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Literal
from uuid import UUID

from cora.equipment.assigned_identifier import IdentifierOrigin
from cora.equipment.carried_identifiers import as_kept
from cora.equipment.pidinst.record import Missing
from cora.equipment.values import IdentifierScheme, PersistentIdentifier
from cora.kernel.aggregate import Aggregate, Claim, Event, Fact, Filter, Reference, former
from cora.kernel.errors import AuthorityError, ConflictError, NotFoundError
from cora.kernel.moment import Moment
from cora.kernel.search import Text, Weight

SUBJECT = "persistent_id.subject"
"""The relation by which an identifier that is reserved or minted points at its asset or fixture."""

SubjectKind = Literal["asset", "fixture"]


class PersistentIdStatus(StrEnum):
    """Where an identifier stands."""

    RESERVED = "Reserved"
    DRAFT = "Draft"
    """The authority keeps it, and nobody else can see it yet."""
    MINTED = "Minted"
    """It resolves, and the world can find it."""
    WITHDRAWN = "Withdrawn"
    """It resolves to its tombstone, and what can be hidden is hidden; a draft that nobody ever saw was given up."""
    RELEASED = "Released"


@dataclass(frozen=True)
class PersistentIdReserved(Event):
    """The identifier belongs to a record from now on, though no authority may know it yet.

    `landing_page` is the URL it leads to; None for a recorded identifier, which leads where it did.
    """

    scheme: IdentifierScheme
    value: str
    landing_page: str | None
    subject_kind: SubjectKind
    subject_id: UUID
    origin: IdentifierOrigin
    test: bool = False


@dataclass(frozen=True)
class PersistentIdMinted(Event):
    """The authority holds the identifier; a `draft` is not public yet."""

    draft: bool = False


@dataclass(frozen=True)
class PersistentIdMintFailed(Event):
    """The authority was asked and did not register it; `retryable` when it may do so later, `retry_after` when not
    before so many seconds."""

    reason: str
    retryable: bool
    retry_after: float | None = None


@dataclass(frozen=True)
class PersistentIdReleased(Event):
    """It will not be registered, and the authority holds nothing: the record is free for another."""

    reason: str


@dataclass(frozen=True)
class PersistentIdPublicationRequested(Event):
    """A draft is to be public; the authority is asked for it from now on."""


@dataclass(frozen=True)
class PersistentIdPublished(Event):
    """The authority shows a former draft to the world."""


@dataclass(frozen=True)
class PersistentIdMetadataPushed(Event):
    """The authority has what this digest stands for: the metadata, where the identifier leads, and who may see it."""

    digest: str


@dataclass(frozen=True)
class PersistentIdPushFailed(Event):
    """The authority was told of a change and did not take it; `retryable` and `retry_after` as for a mint."""

    reason: str
    retryable: bool
    retry_after: float | None = None


@dataclass(frozen=True)
class PersistentIdRedirected(Event):
    """The identifier is to lead to another address of its page, because the pages have moved."""

    landing_page: str


@dataclass(frozen=True)
class PersistentIdWithdrawn(Event):
    """From now on the identifier leads to a tombstone, which says why; a draft will never be published."""

    reason: str


@dataclass(frozen=True)
class Withdrawal:
    """Why an identifier was withdrawn, and when."""

    reason: str
    withdrawn_at: Moment


@dataclass(frozen=True)
class Pushed:
    """What the authority was told last."""

    digest: str
    pushed_at: Moment


@dataclass(frozen=True)
class MintFailure:
    """The latest failure of the authority since it last did what it was asked, and the how-manieth since (from 1)."""

    reason: str
    retryable: bool
    attempt: int
    failed_at: Moment
    retry_after: float | None = None


@dataclass(frozen=True)
class PersistentId:
    """An identifier on its way to a record, or arrived there."""

    id: UUID
    scheme: IdentifierScheme
    value: str
    landing_page: str | None
    subject_kind: SubjectKind
    subject_id: UUID
    origin: IdentifierOrigin
    test: bool
    status: PersistentIdStatus
    reserved_at: Moment
    minted_at: Moment | None = None
    published_at: Moment | None = None
    publication_requested_at: Moment | None = None
    withdrawal: Withdrawal | None = None
    released_at: Moment | None = None
    pushed: Pushed | None = None
    last_failure: MintFailure | None = None
    former_landing_pages: tuple[str, ...] = ()
    """Where it led before its page moved, the oldest first."""

    @property
    def identifier(self) -> PersistentIdentifier:
        """Scheme and value as one."""
        return PersistentIdentifier(self.scheme, self.value)

    @property
    def is_public(self) -> bool:
        """Whether the world may see where it leads."""
        is_one = self.status in (PersistentIdStatus.MINTED, PersistentIdStatus.WITHDRAWN)
        return is_one and not self.is_given_up

    @property
    def can_be_withdrawn(self) -> bool:
        """Whether the world can find it; or it is a draft, and its authority was not asked to publish it or refuses
        to."""
        is_draft = self.status is PersistentIdStatus.DRAFT
        return self.status is PersistentIdStatus.MINTED or (is_draft and not self._may_be_published)

    @property
    def _may_be_published(self) -> bool:
        asked, failure = self.publication_requested_at, self.last_failure
        if asked is None:
            return False
        return failure is None or failure.retryable or failure.failed_at < asked

    @property
    def is_given_up(self) -> bool:
        """Whether it was a draft at its authority and will never be more."""
        return self.status is PersistentIdStatus.WITHDRAWN and self.published_at is None

    @property
    def is_kept_here(self) -> bool:
        """Whether its authority is told by cora: not of a recorded one, which is somebody else's to keep, nor of a
        draft that was given up."""
        return self.origin is IdentifierOrigin.MINTED and (self.is_public or self.status is PersistentIdStatus.DRAFT)


@dataclass(eq=False)
class PersistentIdNotFoundError(NotFoundError):
    """There is no such persistent identifier."""

    says = "There is no persistent identifier with the id {id}; list them at /persistent-ids."


@dataclass(eq=False)
class AssetPersistentIdAssignmentForbiddenError(ConflictError):
    """A decommissioned asset is given no identifier."""

    says = "Asset {asset_id} is decommissioned; a persistent identifier has to be assigned before that."
    asset_id: UUID


@dataclass(eq=False)
class AssetPersistentIdAlreadyAssignedError(ConflictError):
    """The asset has its identifier, once and for all."""

    says = "Asset {asset_id} has the {scheme} {value}, and an identifier is never changed; use that one."
    asset_id: UUID
    scheme: IdentifierScheme
    value: str


@dataclass(eq=False)
class FixturePersistentIdAlreadyAssignedError(ConflictError):
    """The fixture has its identifier, once and for all."""

    says = "Fixture {fixture_id} has the {scheme} {value}, and an identifier is never changed; use that one."
    fixture_id: UUID
    scheme: IdentifierScheme
    value: str


@dataclass(eq=False)
class PersistentIdReservedError(ConflictError):
    """Another identifier is reserved for the record."""

    says = (
        "The {scheme} {value} is reserved for this record (persistent identifier {persistent_id_id}); "
        "finish it: send the command with the same scheme and suffix, or without a suffix; or give it up: "
        "release_persistent_id."
    )
    persistent_id_id: UUID
    scheme: IdentifierScheme
    value: str


@dataclass(eq=False)
class PidinstRecordIncompleteError(ConflictError):
    """The PIDINST record lacks what is mandatory."""

    id: UUID
    missing: tuple[Missing, ...]

    def detail(self) -> str:
        return "No identifier can be minted yet. " + " ".join(
            f"{each.property} is missing: {each.detail}" for each in self.missing
        )


@dataclass(eq=False)
class SchemeNotConfiguredError(ConflictError):
    """No authority for this scheme is set up on this server."""

    scheme: IdentifierScheme
    configured: tuple[str, ...]
    to_set: tuple[str, ...]

    def detail(self) -> str:
        settings = ", ".join(self.to_set)
        others = f"Use {' or '.join(self.configured)}, or have" if self.configured else "Have"
        return f"No {self.scheme} can be minted here. {others} the server set up for it: {settings}."


_SETTINGS = {
    IdentifierScheme.DOI: ("CORA_DATACITE_REPOSITORY", "CORA_DATACITE_PASSWORD", "CORA_DATACITE_PREFIX"),
    IdentifierScheme.HANDLE: ("CORA_HANDLE_URL", "CORA_HANDLE_PREFIX", "CORA_HANDLE_USER", "CORA_HANDLE_SECRET"),
}


def not_configured(scheme: IdentifierScheme, configured: Iterable[str]) -> SchemeNotConfiguredError:
    """The refusal of a scheme, with the settings that it needs."""
    return SchemeNotConfiguredError(scheme, tuple(sorted(configured)), _SETTINGS[scheme])


@dataclass(eq=False)
class PersistentIdTakenError(ConflictError):
    """The identifier belongs to another record."""

    says = "The {scheme} {value} is taken (persistent identifier {persistent_id_id}); choose another."
    persistent_id_id: UUID
    scheme: IdentifierScheme
    value: str


@dataclass(eq=False)
class PersistentIdCannotPublishError(ConflictError):
    """Only a draft can be published."""

    says = "The {scheme} {value} is {state}; only a Draft can be published."
    id: UUID
    scheme: IdentifierScheme
    value: str
    state: PersistentIdStatus


@dataclass(eq=False)
class PersistentIdCannotWithdrawError(ConflictError):
    """Only what the world can find, and a draft that is not being published, can be withdrawn."""

    says = (
        "The {scheme} {value} is {state}; only a Minted identifier can be withdrawn, or a Draft whose authority was "
        "not asked to publish it, or refuses to."
    )
    id: UUID
    scheme: IdentifierScheme
    value: str
    state: PersistentIdStatus


@dataclass(eq=False)
class PersistentIdCannotReleaseError(ConflictError):
    """Only what is reserved and not minted can be given up."""

    says = "The {scheme} {value} is {state}; only a Reserved identifier can be released."
    id: UUID
    scheme: IdentifierScheme
    value: str
    state: PersistentIdStatus


@dataclass(eq=False)
class PersistentIdAuthorityNotConfiguredError(ConflictError):
    """No authority is set up here that could tell whether it holds the identifier."""

    id: UUID
    scheme: IdentifierScheme
    value: str
    to_set: tuple[str, ...]

    def detail(self) -> str:
        return (
            f"Nobody can be asked whether the {self.scheme} {self.value} was registered, so it stays reserved. Have "
            f"the server set up for its authority ({', '.join(self.to_set)}), then send the command again."
        )


def authority_not_configured(known: PersistentId) -> PersistentIdAuthorityNotConfiguredError:
    """The refusal to give up an identifier about which nobody can be asked, with the settings that it needs."""
    return PersistentIdAuthorityNotConfiguredError(known.id, known.scheme, known.value, _SETTINGS[known.scheme])


@dataclass(eq=False)
class PersistentIdHeldError(ConflictError):
    """The authority holds the identifier already, leading to its record."""

    says = (
        "The authority holds the {scheme} {value}, and it leads to its record; send the assignment again, which "
        "finishes it, or wait until cora has done so."
    )
    id: UUID
    scheme: IdentifierScheme
    value: str


@dataclass(eq=False)
class PersistentIdentifierLookError(AuthorityError):
    """The authority did not tell whether it holds the identifier."""

    scheme: IdentifierScheme
    value: str
    reason: str
    retryable: bool

    def detail(self) -> str:
        reason = self.reason.removesuffix(".")
        what = f"The authority did not tell whether it holds the {self.scheme} {self.value}: {reason}."
        again = "Send the command again later." if self.retryable else "See the reason and mend it first."
        return f"{what} It stays reserved. {again}"


@dataclass(eq=False)
class PersistentIdNotKeptHereError(ConflictError):
    """No authority is told of this identifier by this server."""

    id: UUID
    scheme: IdentifierScheme
    value: str
    state: PersistentIdStatus
    origin: IdentifierOrigin

    def detail(self) -> str:
        if self.state is PersistentIdStatus.RESERVED:
            return f"The {self.scheme} {self.value} is not minted yet; send the command again once it is."
        if self.origin is IdentifierOrigin.MINTED:
            return f"Nothing is told of the {self.scheme} {self.value} any more: it was given up as a draft."
        return (
            f"Nothing can be told of the {self.scheme} {self.value}: it is {self.state} and was {self.origin}. "
            "cora tells the authority of identifiers that it has minted itself."
        )


@dataclass(eq=False)
class PersistentIdentifierPushError(AuthorityError):
    """The authority did not take what it was told of an identifier."""

    scheme: IdentifierScheme
    value: str
    reason: str
    retryable: bool

    def detail(self) -> str:
        reason = self.reason.removesuffix(".")
        what = f"The authority did not take what it was told of the {self.scheme} {self.value}: {reason}."
        if self.retryable:
            return f"{what} Send the command again, or wait until cora has done so."
        return f"{what} See the reason and mend it, then send the command again; cora tries again once a day."


@dataclass(eq=False)
class PersistentIdentifierMintError(AuthorityError):
    """The authority for persistent identifiers did not register the identifier."""

    scheme: IdentifierScheme
    reason: str
    retryable: bool
    value: str | None = None
    released: bool = False

    def detail(self) -> str:
        reason = self.reason.removesuffix(".")
        what = f"The {self.scheme} {self.value or 'identifier'} could not be minted: {reason}."
        if self.retryable:
            return f"{what} It stays reserved: send the command again to resume it, or wait until cora has done so."
        if self.released:
            setting = "CORA_DATACITE_PREFIX" if self.scheme is IdentifierScheme.DOI else "CORA_HANDLE_PREFIX"
            return (
                f"{what} It is released: see the reason, and choose another suffix or leave it out; where the prefix "
                f"is not ours, no suffix helps: mend {setting}."
            )
        if self.value is None:
            return f"{what} Sending the command again will not help; see the reason."
        return (
            f"{what} It stays reserved, because the authority may hold it: see the reason and mend it there, then send "
            "the command again; cora tries again once a day."
        )


def value_claim(scheme: IdentifierScheme, value: str) -> Claim:
    """The claim on an identifier. Upper and lower case ASCII letters are alike, others are not."""
    return Claim("persistent_id.value", PersistentIdentifier(scheme, value).key)


def evolve(state: PersistentId | None, event: Event, fact: Fact) -> PersistentId:
    match state, event:
        case None, PersistentIdReserved():
            return PersistentId(
                id=fact.id,
                scheme=event.scheme,
                value=event.value,
                landing_page=event.landing_page,
                subject_kind=event.subject_kind,
                subject_id=event.subject_id,
                origin=event.origin,
                test=event.test,
                status=PersistentIdStatus.RESERVED,
                reserved_at=fact.occurred_at,
            )
        case PersistentId(status=PersistentIdStatus.RESERVED), PersistentIdMinted(draft=True):
            return replace(state, status=PersistentIdStatus.DRAFT, minted_at=fact.occurred_at, last_failure=None)
        case PersistentId(status=PersistentIdStatus.RESERVED), PersistentIdMinted():
            now = fact.occurred_at
            return replace(state, status=PersistentIdStatus.MINTED, minted_at=now, published_at=now, last_failure=None)
        case PersistentId(status=PersistentIdStatus.RESERVED), PersistentIdMintFailed():
            return replace(state, last_failure=_failed(state, event, fact))
        case PersistentId(status=PersistentIdStatus.RESERVED), PersistentIdReleased():
            return replace(state, status=PersistentIdStatus.RELEASED, released_at=fact.occurred_at)
        case PersistentId(status=PersistentIdStatus.DRAFT), PersistentIdPublicationRequested():
            return replace(state, publication_requested_at=fact.occurred_at)
        case PersistentId(status=PersistentIdStatus.DRAFT), PersistentIdPublished():
            return replace(state, status=PersistentIdStatus.MINTED, published_at=fact.occurred_at, last_failure=None)
        case PersistentId(is_given_up=True, publication_requested_at=datetime()), PersistentIdPublished():
            # It was withdrawn while its authority was asked once more, and did it after all: it needs a tombstone.
            return replace(state, published_at=fact.occurred_at)
        case PersistentId(is_kept_here=True), PersistentIdMetadataPushed():
            return replace(state, pushed=Pushed(event.digest, fact.occurred_at), last_failure=None)
        case PersistentId(is_kept_here=True), PersistentIdPushFailed():
            return replace(state, last_failure=_failed(state, event, fact))
        case PersistentId(is_kept_here=True, landing_page=str(former)), PersistentIdRedirected():
            pages = (*state.former_landing_pages, former)
            return replace(state, landing_page=event.landing_page, former_landing_pages=pages)
        case PersistentId(can_be_withdrawn=True), PersistentIdWithdrawn():
            withdrawal = Withdrawal(event.reason, fact.occurred_at)
            return replace(state, status=PersistentIdStatus.WITHDRAWN, withdrawal=withdrawal)
        case _:
            raise TypeError(f"{type(event).__name__} cannot follow here")


def _failed(state: PersistentId, event: PersistentIdMintFailed | PersistentIdPushFailed, fact: Fact) -> MintFailure:
    attempt = state.last_failure.attempt + 1 if state.last_failure else 1
    return MintFailure(event.reason, event.retryable, attempt, fact.occurred_at, event.retry_after)


def references(state: PersistentId) -> Iterable[Reference]:
    found = [Reference(SUBJECT, state.subject_id)]
    return former(found) if state.status is PersistentIdStatus.RELEASED else found


def claims(state: PersistentId) -> Iterable[Claim]:
    if state.status is not PersistentIdStatus.RELEASED:
        yield value_claim(state.scheme, state.value)


def claim_taken(claim: Claim, state: PersistentId, owner: UUID) -> PersistentIdTakenError:
    return PersistentIdTakenError(owner, state.scheme, state.value)


PERSISTENT_ID = Aggregate(
    kind="persistent_id",
    collection="persistent-ids",
    state=PersistentId,
    events=(
        PersistentIdReserved,
        PersistentIdMinted,
        PersistentIdMintFailed,
        PersistentIdReleased,
        PersistentIdPublicationRequested,
        PersistentIdPublished,
        PersistentIdMetadataPushed,
        PersistentIdPushFailed,
        PersistentIdRedirected,
        PersistentIdWithdrawn,
    ),
    evolve=evolve,
    not_found=PersistentIdNotFoundError,
    references=references,
    claims=claims,
    claim_taken=claim_taken,
    texts=lambda state: (Text("value", state.value, Weight.OWN),),
    filters={
        "status": Filter(("status",)),
        "scheme": Filter(("scheme",)),
        "value": Filter(("value",), as_kept=as_kept),
        "subject_id": Filter(("subject_id",), relation=SUBJECT),
        "subject_kind": Filter(("subject_kind",)),
        "origin": Filter(("origin",)),
        "last_error": Filter(("last_failure", "reason"), is_part=True),
        "reserved_at": Filter(("reserved_at",), is_time=True),
        "test": Filter(("test",)),
    },
    sorts={"value": ("value",), "reserved_at": ("reserved_at",)},
    title=("value",),
    began="reserved_at",
)
