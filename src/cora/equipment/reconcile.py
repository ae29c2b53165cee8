"""Comparing what the log says of identifiers with what their authority holds, and mending what may be mended.

From both sides: each identifier of the log is looked up at its authority, and
what the authority lists under our prefix is looked up in the log. A list may
lag behind (DataCite REST API, 3.2 of the reference), so whatever it shows to
be amiss is looked at by itself before anything is said. Nothing that leads
elsewhere, or belongs to another account, is ever touched.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import urlsplit
from uuid import UUID

from cora.equipment.aggregates.asset import ASSET
from cora.equipment.aggregates.asset.state import Asset
from cora.equipment.aggregates.fixture import FIXTURE, Fixture
from cora.equipment.aggregates.persistent_id import PersistentId, SubjectKind, value_claim
from cora.equipment.identifiers import in_lower_case, is_test_value
from cora.equipment.minting import ask_authority, exclusively
from cora.equipment.ports.doi_minter import Held, HeldState, MintFailedError, NotAskedError
from cora.equipment.publication import Publication, Visibility, look_up, read_publication, tell
from cora.equipment.values import IdentifierScheme, PersistentIdentifier
from cora.equipment.wired import Equipment
from cora.kernel.errors import OverloadedError, Refusal
from cora.kernel.execute import Session
from cora.kernel.reader import Reader

WAIT_SECONDS = 5.0
"""How long one that is told just now by another is waited for."""
LONGEST_URL = 300


class Difference(StrEnum):
    """In which way the log and the authority differ."""

    MISSING = "Missing"
    """The log has it, the authority has nothing."""
    STALE = "Stale"
    """The authority has another state, another of our URLs, or not the metadata of now."""
    UNRESOLVED = "Unresolved"
    """The authority has it, and the resolver does not know it."""
    FOREIGN = "Foreign"
    """The log has it, and at the authority it leads elsewhere or belongs to another account."""
    UNREADABLE = "Unreadable"
    """The authority does not tell what it has."""
    ORPHANED = "Orphaned"
    """The authority has it under our prefix, leading here, and the log does not."""


MENDED = (Difference.MISSING, Difference.STALE, Difference.UNRESOLVED)
"""What is mended by telling the authority again what it should have."""


@dataclass(frozen=True)
class Finding:
    """One identifier about which the log and the authority differ.

    `persistent_id_id` and the subject are of the log, as far as it knows them. `mended` is null where nothing was to be
    mended, and `failure` says why it could not be.
    """

    difference: Difference
    scheme: IdentifierScheme
    value: str
    detail: str
    to_do: str
    persistent_id_id: UUID | None = None
    subject_kind: SubjectKind | None = None
    subject_id: UUID | None = None
    mended: bool | None = None
    failure: str | None = None


@dataclass(frozen=True)
class Other:
    """What the authority has under our prefix and leads elsewhere: somebody else's, and left alone."""

    scheme: IdentifierScheme
    value: str
    url: str | None


@dataclass(frozen=True)
class Interruption:
    """Why the rest was not compared; `retryable` when it may be later, and not before `retry_after` seconds."""

    reason: str
    retryable: bool
    retry_after: float | None = None


@dataclass
class Comparison:
    """What came of comparing a part.

    `agreed` are the identifiers of the log that stand as they should, `skipped` those that no authority keeps for us:
    recorded ones, tests of the stub, and those that somebody tells the authority of just now.
    """

    agreed: list[UUID]
    skipped: list[UUID]
    findings: list[Finding]
    others: list[Other]
    interrupted: Interruption | None = None


def nothing_compared() -> Comparison:
    """Before anything is compared."""
    return Comparison([], [], [], [])


def difference(told: Publication, held: Held | None, public_url: str) -> tuple[Difference, str] | None:
    """In which way an authority differs from what it should have, and how that is; None where it does not."""
    scheme, expected = told.persistent_id.scheme, _expected(told)
    if held is None:
        return Difference.MISSING, f"The authority holds no such {scheme}."
    if not held.ours:
        return Difference.FOREIGN, "It belongs to another account of the authority."
    is_a_page_of_ours = leads_here(held.url, public_url) or held.url in told.persistent_id.former_landing_pages
    if held.url is not None and held.url != told.url and not is_a_page_of_ours:
        return Difference.FOREIGN, f"It leads to {_cut(held.url)}, not to {told.url}."
    if held.url != told.url:
        return Difference.STALE, f"It leads to {_cut(held.url or 'nothing')}, not to {told.url}."
    if held.state is not expected:
        return Difference.STALE, f"It is {held.state} at the authority; it should be {expected}."
    if not held.resolves and held.state is not HeldState.DRAFT:
        return Difference.UNRESOLVED, "The resolver does not know it."
    # After a lost answer nobody knows what it was told, so only what it has counts.
    is_known = told.persistent_id.pushed is not None
    if is_known and told.is_news:
        return (
            Difference.STALE,
            "The record has changed since the authority was told of it; a server tells it soon after a change.",
        )
    changed = told.minter.changed(told.request, held)
    if changed:
        what = "what it was told" if is_known else "the record"
        return Difference.STALE, f"At the authority these differ from {what}: {', '.join(changed)}."
    return None


def difference_of_given_up(held: Held | None) -> tuple[Difference, str] | None:
    """The same for a draft that was given up: it should be one still, or nothing."""
    if held is None or held.state is HeldState.DRAFT or not held.ours:
        return None
    return Difference.STALE, f"It was given up as a draft, and is {held.state} at the authority, where it has no page."


def leads_here(url: str | None, public_url: str) -> bool:
    """Whether a URL is a landing page of this cora, by http or https."""
    if url is None:
        return False
    theirs, ours = urlsplit(url), urlsplit(public_url)
    return theirs.netloc == ours.netloc and theirs.path.startswith(f"{ours.path}/id/")


def _expected(told: Publication) -> HeldState:
    if told.persistent_id.scheme is not IdentifierScheme.DOI:
        return HeldState.FINDABLE  # a Handle has no other state
    match told.visibility:
        case Visibility.DRAFT:
            return HeldState.DRAFT
        case Visibility.FINDABLE:
            return HeldState.FINDABLE
        case Visibility.HIDDEN:
            return HeldState.REGISTERED


async def compare_log(ids: Iterable[UUID], session: Session, wired: Equipment, *, fix: bool) -> Comparison:
    """Look up identifiers of the log at their authorities, and mend what may be mended if `fix` says so.

    Raises `PersistentIdNotFoundError`. What keeps the authority from answering ends it before its time.
    """
    found = nothing_compared()
    for id in ids:
        known = (await look_up(id, session, wired)).persistent_id
        if not _is_asked(known, wired):
            found.skipped.append(id)
            continue
        try:
            # Others tell the authority of it under the same lease: what they are about to change is no difference.
            async with exclusively(wired.leases, f"mint:{id}", wait=WAIT_SECONDS):
                told = await look_up(id, session, wired)
                held = await ask_authority(lambda told=told: _look(told.persistent_id.identifier, wired), known.value)
        except OverloadedError:
            found.skipped.append(id)
            continue
        if isinstance(held, MintFailedError) and held.retryable:
            found.interrupted = Interruption(held.reason, held.retryable, held.retry_after)
            return found
        differs = (
            (Difference.UNREADABLE, held.reason)
            if isinstance(held, MintFailedError)
            else difference_of_given_up(held)
            if told.persistent_id.is_given_up
            else difference(told, held, wired.public_url)
        )
        if differs is None:
            found.agreed.append(id)
        else:
            try:
                finding = await _finding(told.persistent_id, *differs, session, wired, fix=fix)
            except OverloadedError as overloaded:
                found.interrupted = Interruption(overloaded.why, retryable=True, retry_after=overloaded.retry_after)
                return found
            found.findings.append(finding)
    return found


def _is_asked(known: PersistentId, wired: Equipment) -> bool:
    """Whether an authority that is set up here keeps it for us, or did; the stub keeps nothing."""
    is_asked = known.scheme in wired.doi_minter.schemes and not is_test_value(known.scheme, known.value)
    return (known.is_kept_here or known.is_given_up) and is_asked


async def _look(identifier: PersistentIdentifier, wired: Equipment) -> Held | None:
    return await wired.doi_minter.look(identifier)


async def _finding(
    known: PersistentId, what: Difference, detail: str, session: Session, wired: Equipment, *, fix: bool
) -> Finding:
    """What is told of a difference. Raises `OverloadedError` where the authority was not asked to mend it."""
    mended, failure = None, None
    if fix and what in MENDED and known.is_kept_here:
        try:
            await tell(known.id, session, wired, wait=WAIT_SECONDS, again=True)
            mended = True
        except Refusal as refusal:
            if isinstance(refusal, OverloadedError) and isinstance(refusal.__cause__, NotAskedError):
                raise
            mended, failure = False, refusal.detail()
    return Finding(
        what,
        known.scheme,
        known.value,
        detail,
        _to_do(what, known),
        known.id,
        known.subject_kind,
        known.subject_id,
        mended,
        failure,
    )


def _to_do(what: Difference, known: PersistentId) -> str:
    match what:
        case Difference.STALE if known.is_given_up:
            return "Hide it at the authority."
        case Difference.FOREIGN:
            return (
                "Find out at the authority who changed it; what another account holds has to be transferred to ours "
                "first. If it is ours and should lead here, tell the authority: "
                f"cora pid push {known.value} --again"
            )
        case Difference.UNREADABLE:
            return "See the reason, and mend it at the authority."
        case _:
            return "Tell the authority again: cora pid reconcile --fix"


async def compare_authority(
    scheme: str, cursor: str | None, session: Session, wired: Equipment
) -> tuple[Comparison, str | None]:
    """Look up in the log what an authority lists under our prefix, and where its list goes on.

    What the list shows to be as it should is `agreed`; what differs is left to `compare_log`. Raises `ValueError` for
    a cursor that is none.
    """
    found = nothing_compared()
    page = await ask_authority(lambda: _listed(scheme, cursor, wired), scheme)
    if isinstance(page, ValueError):
        raise page
    if isinstance(page, MintFailedError):
        found.interrupted = Interruption(page.reason, page.retryable, page.retry_after)
        return found, cursor
    for held in page.held:
        told = await session.kernel.see(lambda read, held=held: _known(held.identifier, read, wired))
        if isinstance(told, Publication):
            if difference(told, held, wired.public_url) is None:
                found.agreed.append(told.persistent_id.id)
        elif told is None and not await session.kernel.see(lambda read, held=held: _is_page_of_ours(held, read, wired)):
            found.others.append(Other(held.identifier.scheme, held.identifier.value, held.url and _cut(held.url)))
        elif told is None:
            now = await ask_authority(lambda held=held: _look(held.identifier, wired), held.identifier.value)
            if isinstance(now, MintFailedError):
                found.interrupted = Interruption(now.reason, now.retryable, now.retry_after)
                return found, cursor
            if now is not None and await session.kernel.see(lambda read, now=now: _is_page_of_ours(now, read, wired)):
                found.findings.append(await session.kernel.see(lambda read, now=now: _orphaned(now, read, wired)))
    return found, page.next


async def _listed(scheme: str, cursor: str | None, wired: Equipment):
    try:
        return await wired.doi_minter.list_from(scheme, cursor)
    except ValueError as wrong:
        return wrong


async def _known(identifier: PersistentIdentifier, read: Reader, wired: Equipment) -> Publication | UUID | None:
    """What the authority should have of it; its id alone where that is not for us to say; None for an unknown one."""
    owner = await read.owner(value_claim(identifier.scheme, identifier.value))
    if owner is None:
        return None
    told = await read_publication(owner, read, wired)
    return told if told.persistent_id.is_kept_here else owner


async def _is_page_of_ours(held: Held, read: Reader, wired: Equipment) -> bool:
    """Whether it leads to a landing page of this cora, or did before the pages moved: to a record of this log."""
    return leads_here(held.url, wired.public_url) or await _led_to(held, read) is not None


async def _led_to(held: Held, read: Reader) -> Asset | Fixture | None:
    try:
        id = UUID(urlsplit(held.url or "").path.rpartition("/id/")[2].partition("/")[0])
    except ValueError:
        return None
    return await read.get(ASSET, id) or await read.get(FIXTURE, id)


async def _orphaned(held: Held, read: Reader, wired: Equipment) -> Finding:
    identifier = held.identifier
    url = held.url or ""
    subject = await _led_to(held, read)
    gone = "delete it at the authority" if held.state is HeldState.DRAFT else "hide it at the authority"
    if subject is None:
        detail, kind = f"It leads to {_cut(url)}, which is no asset or fixture of this log.", None
        to_do = f"If no other log has it, {gone}."
    else:
        kind: SubjectKind | None = "asset" if isinstance(subject, Asset) else "fixture"
        if subject.persistent_id is not None:
            detail = f"It leads to the {kind} {subject.name}, which has {subject.persistent_id.value}."
            to_do = f"It is one too many: {gone}."
        else:
            detail = f"It leads to the {kind} {subject.name}, which has no identifier."
            suffix = _suffix(identifier, wired)
            to_do = (
                f"Take it up: cora call assign_{kind}_persistent_id --{kind}-id {subject.id} "
                f"--scheme {identifier.scheme} --suffix {suffix}"
                if suffix is not None
                else f"Record it: cora call record_{kind}_persistent_id --{kind}-id {subject.id} "
                f"--scheme {identifier.scheme} --value {identifier.value}"
            )
    known_id = None if subject is None else subject.id
    return Finding(Difference.ORPHANED, identifier.scheme, identifier.value, detail, to_do, None, kind, known_id)


def _suffix(identifier: PersistentIdentifier, wired: Equipment) -> str | None:
    """What to ask for so that this very identifier is minted; None where no suffix makes it."""
    suffix = identifier.value.partition("/")[2]
    made = wired.doi_minter.make_value(identifier.scheme, suffix)
    return suffix if in_lower_case(made) == in_lower_case(identifier.value) else None


def _cut(url: str) -> str:
    """A URL as it may be shown: it came from outside, so of bounded length, and nothing that a terminal would obey."""
    shown = "".join(each if each.isprintable() else "?" for each in url[:LONGEST_URL])
    return shown if len(url) <= LONGEST_URL else f"{shown}..."


def authority_cursor(text: str | None, schemes: Collection[str]) -> tuple[str, str | None] | None:
    """The scheme and the cursor of its authority that a cursor stands for; None where there is no authority.

    Raises `ValueError` for one that is none.
    """
    if text is None:
        return (min(schemes), None) if schemes else None
    scheme, colon, cursor = text.partition(":")
    if not colon or scheme not in schemes:
        raise ValueError("is no cursor of this list")
    return scheme, cursor or None


def next_cursor(scheme: str, following: str | None, schemes: Collection[str]) -> str | None:
    """The cursor of what comes after a part of the list of a scheme; after its last one, that of the next scheme."""
    if following is not None:
        return f"{scheme}:{following}"
    after = sorted(each for each in schemes if each > scheme)
    return f"{after[0]}:" if after else None
