"""Authorities that fail, or that tell what they were asked."""

from collections.abc import Set

from cora.equipment.adapters.stub_doi_minter import StubDoiMinter
from cora.equipment.ports.doi_minter import Minted, MintFailedError, MintRequest


class Refusing(StubDoiMinter):
    """An authority that registers nothing."""

    def __init__(self, *, retryable: bool) -> None:
        super().__init__()
        self.retryable = retryable
        self.asked: list[MintRequest] = []

    async def mint(self, request: MintRequest) -> Minted:
        self.asked.append(request)
        raise MintFailedError("closed for the night", retryable=self.retryable)


class Unasked(StubDoiMinter):
    """An authority that must not be asked."""

    async def mint(self, request: MintRequest) -> Minted:
        raise AssertionError(f"asked for {request.identifier.value}")


class Granting(StubDoiMinter):
    """An authority that registers everything, and remembers what it was asked."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[MintRequest] = []

    async def mint(self, request: MintRequest) -> Minted:
        self.asked.append(request)
        return await super().mint(request)


class OfDois(Unasked):
    """An authority that registers DOIs and no Handles, and must not be asked."""

    @property
    def schemes(self) -> Set[str]:
        return frozenset({"DOI"})
