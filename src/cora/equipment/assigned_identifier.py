"""The persistent identifier that an asset or a fixture was assigned, with where it came from."""

from dataclasses import dataclass
from enum import StrEnum

from cora.equipment.values import IdentifierScheme, PersistentIdentifier


class IdentifierOrigin(StrEnum):
    """Whether cora had the identifier minted or recorded one that existed already."""

    MINTED = "Minted"
    RECORDED = "Recorded"


@dataclass(frozen=True)
class AssignedIdentifier:
    """A persistent identifier and its origin; `test` marks one of the stub minter, which resolves nowhere."""

    scheme: IdentifierScheme
    value: str
    origin: IdentifierOrigin
    test: bool = False

    @classmethod
    def parsed(cls, scheme: str, value: str, origin: IdentifierOrigin, test: bool) -> "AssignedIdentifier":
        """An identifier as an event holds it. Raises `ValueError` when it does not parse."""
        identifier = PersistentIdentifier(IdentifierScheme(scheme), value)
        return cls(identifier.scheme, identifier.value, origin, test)
