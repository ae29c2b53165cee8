"""Several authorities as one: each scheme has its own."""

from collections.abc import AsyncIterator, Mapping, Sequence, Set

from cora.equipment.ports.doi_minter import (
    DoiMinter,
    Held,
    HeldPage,
    Minted,
    MintRequest,
    NotAskedError,
    Preview,
)
from cora.equipment.values import PersistentIdentifier


class BySchemeMinter:
    """Passes each request to the authority of its scheme.

    Its identifiers are tests as soon as those of one authority are: a log holds real ones or tests, not both.
    """

    def __init__(self, minters: Mapping[str, DoiMinter]) -> None:
        self._minters = dict(minters)

    @property
    def test(self) -> bool:
        """Whether identifiers of one of the authorities resolve nowhere."""
        return any(minter.test for minter in self._minters.values())

    @property
    def schemes(self) -> Set[str]:
        """Those that have an authority."""
        return frozenset(self._minters)

    def make_value(self, scheme: str, suffix: str) -> str:
        """As the authority of the scheme makes it."""
        return self._of(scheme).make_value(scheme, suffix)

    def preview(self, request: MintRequest) -> Preview:
        """What the authority of its scheme would be sent."""
        return self._of(request.identifier.scheme).preview(request)

    def changed(self, request: MintRequest, held: Held) -> Sequence[str]:
        """As the authority of its scheme says."""
        return self._of(request.identifier.scheme).changed(request, held)

    async def mint(self, request: MintRequest) -> Minted:
        """By the authority of its scheme."""
        return await self._of(request.identifier.scheme).mint(request)

    async def publish(self, request: MintRequest) -> Minted:
        """By the authority of its scheme."""
        return await self._of(request.identifier.scheme).publish(request)

    async def push(self, request: MintRequest) -> Minted:
        """By the authority of its scheme."""
        return await self._of(request.identifier.scheme).push(request)

    async def hide(self, request: MintRequest) -> Minted:
        """By the authority of its scheme."""
        return await self._of(request.identifier.scheme).hide(request)

    async def look(self, identifier: PersistentIdentifier) -> Held | None:
        """By the authority of its scheme."""
        return await self._of(identifier.scheme).look(identifier)

    def list(self, scheme: str) -> AsyncIterator[Held]:
        """What the authority of the scheme holds for us."""
        return self._of(scheme).list(scheme)

    async def list_from(self, scheme: str, cursor: str | None) -> HeldPage:
        """A part of that."""
        return await self._of(scheme).list_from(scheme, cursor)

    def _of(self, scheme: str) -> DoiMinter:
        """Raises `NotAskedError` for a scheme without an authority: one may be set up later."""
        minter = self._minters.get(scheme)
        if minter is None:
            raise NotAskedError(f"no authority for the scheme {scheme} is set up here")
        return minter
