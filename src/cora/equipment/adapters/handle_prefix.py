"""What is the same of a prefix of Handles, whoever registers them."""

from collections.abc import AsyncIterator, Set

from cora.equipment.ports.authorities import HandleAccount
from cora.equipment.ports.doi_minter import DoiMinter, Held, Minted, MintRequest, listed
from cora.equipment.values import IdentifierScheme


class HandlePrefix(DoiMinter):
    """An authority for the Handles of one prefix."""

    def __init__(self, account: HandleAccount) -> None:
        self._account = account

    @property
    def test(self) -> bool:
        """Never: a Handle of a prefix that is registered resolves."""
        return False

    @property
    def schemes(self) -> Set[str]:
        """Handle."""
        return frozenset({IdentifierScheme.HANDLE})

    def make_value(self, scheme: str, suffix: str) -> str:
        """`<prefix>/<suffix>`."""
        return f"{self._account.prefix}/{suffix}"

    async def hide(self, request: MintRequest) -> Minted:
        """A Handle cannot be hidden: it goes on leading to its landing page, which tells that it was withdrawn."""
        return await self.push(request)

    def list(self, scheme: str) -> AsyncIterator[Held]:
        """All Handles of our prefix."""
        return listed(self, scheme)
