"""A minter for trying things out: its identifiers resolve nowhere and are marked as tests everywhere."""

import json
from collections.abc import AsyncIterator, Sequence, Set

from cora.equipment.identifiers import TEST_PREFIXES
from cora.equipment.pidinst.forms import HANDLE, loss_of
from cora.equipment.pidinst.forms.datacite import DATACITE_JSON
from cora.equipment.ports.doi_minter import (
    Held,
    HeldPage,
    HeldState,
    Minted,
    MintFailedError,
    MintRequest,
    Preview,
    listed,
)
from cora.equipment.values import PersistentIdentifier


class StubDoiMinter:
    """Grants every identifier. What it granted it knows until its process ends.

    What it does not know it takes for granted by an earlier process, so that it can be published and withdrawn.
    """

    def __init__(self) -> None:
        self._held: dict[str, Held] = {}

    @property
    def test(self) -> bool:
        """Always true."""
        return True

    @property
    def schemes(self) -> Set[str]:
        """DOI and Handle."""
        return TEST_PREFIXES.keys()

    def make_value(self, scheme: str, suffix: str) -> str:
        """`10.0000/cora-stub/<suffix>` for a DOI, `20.500.0000/cora-stub/<suffix>` for a Handle."""
        return f"{TEST_PREFIXES[scheme]}/{suffix}"

    def preview(self, request: MintRequest) -> Preview:
        """What a real authority is told of the record, and could not be told; the stub takes note of the URL alone."""
        form = DATACITE_JSON if _has_drafts(request.identifier) else HANDLE
        record = json.loads(form.render(request.record))
        return Preview({"url": request.url, "record": record}, loss=loss_of(form, request.record))

    def changed(self, request: MintRequest, held: Held) -> Sequence[str]:
        """None: it keeps no metadata."""
        return ()

    async def mint(self, request: MintRequest) -> Minted:
        """Grant the identifier. Raises `MintFailedError` when it was granted for another URL."""
        held = self._held.get(request.identifier.key)
        if held is not None and held.url != request.url:
            raise MintFailedError("the identifier leads elsewhere already", retryable=False)
        is_findable = request.publish or not _has_drafts(request.identifier)
        if held is None or (is_findable and held.state is HeldState.DRAFT):
            return self._hold(request, HeldState.FINDABLE if is_findable else HeldState.DRAFT)
        return Minted(request.identifier, held.state, found=True)

    async def publish(self, request: MintRequest) -> Minted:
        """Make it findable."""
        return self._hold(request, HeldState.FINDABLE)

    async def push(self, request: MintRequest) -> Minted:
        """Take note of where it leads."""
        held = self._held.get(request.identifier.key)
        return self._hold(request, HeldState.FINDABLE if held is None else held.state)

    async def hide(self, request: MintRequest) -> Minted:
        """Hide a DOI; a Handle stays as it is."""
        held = self._held.get(request.identifier.key)
        if held is not None and held.state is HeldState.DRAFT:
            return Minted(request.identifier, held.state, found=True)
        return self._hold(request, HeldState.REGISTERED if _has_drafts(request.identifier) else HeldState.FINDABLE)

    async def look(self, identifier: PersistentIdentifier) -> Held | None:
        """What it granted."""
        return self._held.get(identifier.key)

    def list(self, scheme: str) -> AsyncIterator[Held]:
        """All that it granted of a scheme."""
        return listed(self, scheme)

    async def list_from(self, scheme: str, cursor: str | None) -> HeldPage:
        """The same, in one part."""
        return HeldPage(tuple(held for held in self._held.values() if held.identifier.scheme == scheme))

    def _hold(self, request: MintRequest, state: HeldState) -> Minted:
        held = Held(request.identifier, state, request.url, ours=True, resolves=False)
        self._held[request.identifier.key] = held
        return Minted(request.identifier, state)


def _has_drafts(identifier: PersistentIdentifier) -> bool:
    """Handles are public from the moment they are registered."""
    return identifier.scheme == "DOI"
