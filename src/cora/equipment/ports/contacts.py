"""E-mail addresses, kept apart from the history so that they can be erased."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from cora.kernel.errors import NotFoundError


@dataclass(eq=False)
class ContactNotFoundError(NotFoundError):
    """There is no such e-mail address."""

    says = "There is no address for the contact {id}; it may have been erased."


class Contacts(Protocol):
    """Addresses by contact id."""

    async def get(self, contact_id: UUID) -> str | None:
        """The address, or None when it is unknown or erased."""
        ...

    async def addresses(self, contact_ids: Collection[UUID]) -> Mapping[UUID, str]:
        """The addresses of several contacts; one that is unknown or erased is left out."""
        ...

    async def erase(self, contact_id: UUID) -> bool:
        """Remove the address for ever; whether there was one."""
        ...
