"""How a surface learns who is calling."""

from typing import Protocol

from cora.kernel.principal import Principal


class Tokens(Protocol):
    """The tokens that callers identify themselves with."""

    async def authenticate(self, bearer: str) -> Principal | None:
        """Who holds this token; None when it is unknown, expired or revoked, without saying which."""
        ...
