"""How cora asks an authority to register a persistent identifier, for assets and fixtures alike."""

from collections.abc import AsyncIterator, Sequence, Set
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NamedTuple, Protocol

from cora.equipment.pidinst.forms.form import Loss
from cora.equipment.pidinst.published import PublishedRecord
from cora.equipment.values import PersistentIdentifier


class HeldState(StrEnum):
    """How far an authority lets the world see an identifier."""

    DRAFT = "Draft"
    """Kept by the authority alone: it resolves nowhere yet."""
    REGISTERED = "Registered"
    """It resolves, but its metadata is hidden: how a withdrawn DOI is kept."""
    FINDABLE = "Findable"
    """It resolves, and its metadata is public. A Handle is never anything else."""


@dataclass(frozen=True)
class MintRequest:
    """What is to be registered: an identifier that cora chose, where it leads, and what it names.

    Without `publish` it is left a draft, where the authority has drafts.
    """

    identifier: PersistentIdentifier
    url: str
    record: PublishedRecord
    publish: bool = True


@dataclass(frozen=True)
class Minted:
    """The authority holds the identifier now, and in which state.

    `found` when no answer told so but the identifier itself: an earlier request may have brought it there, with
    metadata of then.
    """

    identifier: PersistentIdentifier
    state: HeldState = HeldState.FINDABLE
    found: bool = False


@dataclass(frozen=True)
class Held:
    """What an authority has under an identifier.

    `url` is where it leads, if anywhere. `ours` is false for what belongs to another
    account. `resolves` is false while the resolver does not know of it, as for a draft.
    `metadata` is what it tells the world, in a form that only its minter knows.
    """

    identifier: PersistentIdentifier
    state: HeldState
    url: str | None
    ours: bool
    resolves: bool
    metadata: Any = field(default=None, compare=False, repr=False)

    def is_for(self, url: str) -> bool:
        """Whether it is ours and leads there, so that it was registered by this very request."""
        return self.ours and self.url == url


@dataclass(frozen=True)
class HeldPage:
    """A part of what our account holds. `next` asks for the part after it; None after the last one."""

    held: tuple[Held, ...]
    next: str | None = None


@dataclass(frozen=True)
class Preview:
    """What an authority would be sent.

    `payload` is the JSON value of the request, `problems` what the official schema says against it, and `loss` what
    of the record it does not tell.
    """

    payload: Any
    problems: tuple[str, ...] = ()
    loss: tuple[Loss, ...] = ()


class MintFailedError(Exception):
    """The authority did not do what it was asked.

    `reason` is shown to clients and kept in the log: no secrets in it.
    `retryable` says that the same request may succeed later, `retry_after` that
    it should not come before so many seconds have passed. `answered` is false
    where the request or its answer was lost.
    """

    def __init__(
        self, reason: str, *, retryable: bool, retry_after: float | None = None, answered: bool = True
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.retryable = retryable
        self.retry_after = retry_after
        self.answered = answered


class NotAskedError(MintFailedError):
    """The authority was not asked, so this is no failure of it and no fact about the identifier.

    By our own limit or its wish the next call is `retry_after` seconds away; None where no authority is set up.
    """

    def __init__(self, reason: str, *, retry_after: float | None = None) -> None:
        super().__init__(reason, retryable=True, retry_after=retry_after)


class DoiMinter(Protocol):
    """An authority for persistent identifiers, or several of them.

    `schemes` are those it registers, `test` says that its identifiers resolve
    nowhere and must be marked. Whatever is asked raises `MintFailedError` when the
    authority refuses or cannot be asked. Each request may be sent again after a
    lost answer, a failure or a crash: nothing is registered or changed twice.
    """

    @property
    def test(self) -> bool: ...

    @property
    def schemes(self) -> Set[str]: ...

    def make_value(self, scheme: str, suffix: str) -> str:
        """The identifier that a suffix has with this authority: its prefix, a slash, the suffix."""
        ...

    def preview(self, request: MintRequest) -> Preview:
        """What `mint` would send of this request. Nobody is asked."""
        ...

    def changed(self, request: MintRequest, held: Held) -> Sequence[str]:
        """The properties of which the authority has something else than it is sent with the request, by their names.

        Nobody is asked. In doubt there is no difference, and none in what sending it again would not mend.
        """
        ...

    async def mint(self, request: MintRequest) -> Minted:
        """Register the identifier, or find it registered for this very URL; published if the request says so.

        What is published already stays so. What leads elsewhere is somebody else's: not retryable.
        """
        ...

    async def publish(self, request: MintRequest) -> Minted:
        """Make a draft findable, or again what was hidden, with the metadata and URL of the request."""
        ...

    async def push(self, request: MintRequest) -> Minted:
        """Send metadata and URL of an identifier that we hold; how visible it is stays as it is."""
        ...

    async def hide(self, request: MintRequest) -> Minted:
        """Withdraw what was published: it resolves to its landing page, and where it can the authority hides it.

        A draft stays one: the world never saw it.
        """
        ...

    async def look(self, identifier: PersistentIdentifier) -> Held | None:
        """What the authority has under the identifier, drafts included; None when it has nothing."""
        ...

    def list(self, scheme: str) -> AsyncIterator[Held]:
        """All that our account holds under our prefix. May lag behind: only `look` tells what is true now."""
        ...

    async def list_from(self, scheme: str, cursor: str | None) -> HeldPage:
        """The same by parts: the first one, or that after the one whose `next` this is.

        Raises `ValueError` for a cursor that is none.
        """
        ...


async def listed(minter: DoiMinter, scheme: str) -> AsyncIterator[Held]:
    """All that the parts of a list hold, one after the other."""
    page = await minter.list_from(scheme, None)
    while True:
        for held in page.held:
            yield held
        if page.next is None:
            return
        page = await minter.list_from(scheme, page.next)


class Minters(NamedTuple):
    """The same authorities for those who wait for an answer, and for work in bulk, which leaves calls to them."""

    for_people: DoiMinter
    in_bulk: DoiMinter
