"""A minter for trying things out: its identifiers resolve nowhere and are marked as tests everywhere."""

from collections.abc import Set

from cora.equipment.ports.doi_minter import TEST_PREFIXES, Minted, MintFailedError, MintRequest
from cora.equipment.values import PersistentIdentifier


class StubDoiMinter:
    """Grants every identifier. What it granted it knows until its process ends."""

    def __init__(self) -> None:
        self._leads_to: dict[tuple[str, str], str] = {}

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

    async def mint(self, request: MintRequest) -> Minted:
        """Grant the identifier. Raises `MintFailedError` when it was granted for another URL."""
        if self._leads_to.setdefault(_key(request.identifier), request.url) != request.url:
            raise MintFailedError("the identifier leads elsewhere already", retryable=False)
        return Minted(request.identifier)

    async def holds(self, identifier: PersistentIdentifier) -> bool:
        """Whether it granted the identifier."""
        return _key(identifier) in self._leads_to


def _key(identifier: PersistentIdentifier) -> tuple[str, str]:
    return identifier.scheme, identifier.value.lower()
