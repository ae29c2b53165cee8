"""How cora asks an authority to register a persistent identifier, for assets and fixtures alike."""

from collections.abc import Mapping, Set
from dataclasses import dataclass
from typing import Protocol

from cora.equipment.pidinst.record import PidinstRecord
from cora.equipment.values import PersistentIdentifier

TEST_PREFIXES: Mapping[str, str] = {"DOI": "10.0000/cora-stub", "Handle": "20.500.0000/cora-stub"}
"""Under these nothing resolves: no registrant can have the prefixes 10.0000 and 20.500.0000."""


def is_test_value(scheme: str, value: str) -> bool:
    """Whether an identifier was made for trying things out, by whatever way it came in."""
    return scheme in TEST_PREFIXES and value.lower().startswith(f"{TEST_PREFIXES[scheme]}/")


@dataclass(frozen=True)
class MintRequest:
    """What is to be registered: an identifier that cora chose, where it leads, and what it names."""

    identifier: PersistentIdentifier
    url: str
    record: PidinstRecord


@dataclass(frozen=True)
class Minted:
    """The authority holds the identifier now."""

    identifier: PersistentIdentifier


class MintFailedError(Exception):
    """The authority did not register the identifier.

    `reason` is shown to clients and kept in the log: no secrets in it.
    `retryable` says that the same request may succeed later.
    """

    def __init__(self, reason: str, *, retryable: bool) -> None:
        super().__init__(reason)
        self.reason = reason
        self.retryable = retryable


class DoiMinter(Protocol):
    """An authority for persistent identifiers.

    `schemes` are those it registers, `test` says that its identifiers resolve
    nowhere and must be marked.
    """

    @property
    def test(self) -> bool: ...

    @property
    def schemes(self) -> Set[str]: ...

    def make_value(self, scheme: str, suffix: str) -> str:
        """The identifier that a suffix has with this authority: its prefix, a slash, the suffix."""
        ...

    async def mint(self, request: MintRequest) -> Minted:
        """Register the identifier, or find it registered for this very URL. Raises `MintFailedError`.

        It is called again with the same request after a lost answer, a failure or
        a crash, and must not register anything twice.
        """
        ...

    async def holds(self, identifier: PersistentIdentifier) -> bool:
        """Whether the authority knows the identifier. Raises `MintFailedError` when it cannot be asked."""
        ...
