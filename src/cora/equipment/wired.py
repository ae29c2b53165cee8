"""What the equipment context offers, once it is wired (wire.py makes it)."""

from dataclasses import dataclass, replace
from typing import Any, Self

from cora.equipment.ports.contacts import Contacts
from cora.equipment.ports.doi_minter import DoiMinter
from cora.equipment.ports.leases import Leases
from cora.equipment.ports.tellings import Tellings
from cora.kernel.aggregate import Aggregate
from cora.kernel.showing import View
from cora.kernel.slice import Slice


@dataclass(frozen=True)
class Equipment:
    """The kinds of records, the slices, and what lies outside of the log.

    `public_url` is where the landing pages are, without a slash at the end. `publishes` says whether an identifier is
    public from the start; else it is left a draft where the authority has drafts. `publishes_contacts` says whether the
    world and the authorities are told the e-mail addresses of owners. `bulk_minter` is the minter of work in bulk,
    where that has one of its own.
    """

    views: tuple[View[Any], ...]
    slices: tuple[Slice, ...]
    doi_minter: DoiMinter
    leases: Leases
    contacts: Contacts
    tellings: Tellings
    public_url: str
    publishes: bool = True
    publishes_contacts: bool = False
    bulk_minter: DoiMinter | None = None

    @property
    def in_bulk(self) -> Self:
        """The same for work in bulk, which leaves calls of the authorities to those who wait for an answer."""
        return replace(self, doi_minter=self.bulk_minter or self.doi_minter)

    @property
    def public_contacts(self) -> Contacts | None:
        """Where the addresses are found that records tell; None when they tell none."""
        return self.contacts if self.publishes_contacts else None

    @property
    def aggregates(self) -> tuple[Aggregate[Any], ...]:
        """The kinds of records."""
        return tuple(view.aggregate for view in self.views)
