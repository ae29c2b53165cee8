"""Wires the equipment context: all its records and slices, with the minter and what lies beside the log."""

from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field

from cora.equipment import features
from cora.equipment.adapters.by_scheme import BySchemeMinter
from cora.equipment.adapters.datacite_metadata import datacite_metadata
from cora.equipment.adapters.opening import opened_authorities
from cora.equipment.adapters.stub_doi_minter import StubDoiMinter
from cora.equipment.aggregates.persistent_id import PERSISTENT_ID
from cora.equipment.assigned_identifier import IdentifierOrigin
from cora.equipment.ports.authorities import Authorities, UnfitMinterError
from cora.equipment.ports.calls import Calls
from cora.equipment.ports.contacts import Contacts
from cora.equipment.ports.doi_minter import DoiMinter, Minters
from cora.equipment.ports.leases import Leases
from cora.equipment.ports.tellings import Tellings
from cora.equipment.views import VIEWS
from cora.equipment.wired import Equipment
from cora.kernel.batch import batch_of
from cora.kernel.documents import Asked, Documents
from cora.kernel.slice import Slice, declared_slices


def equipment_slices() -> tuple[Slice, ...]:
    """Every command and question, and the batch of commands."""
    declared = tuple(declared_slices(features))
    return (*declared, batch_of(declared))


@dataclass(frozen=True)
class Deps:
    """What the context needs from the server. Without a minter it gets the stub, which is for trying things out.

    Work in bulk may have a minter of its own.
    """

    public_url: str
    leases: Leases
    contacts: Contacts
    tellings: Tellings
    doi_minter: DoiMinter = field(default_factory=StubDoiMinter)
    bulk_minter: DoiMinter | None = None
    publishes: bool = True
    publishes_contacts: bool = False


def opened_minters(authorities: Authorities, calls: Calls) -> AbstractAsyncContextManager[Minters]:
    """The minters of the authorities that are set up, for as long as they are used; without any, the stub.

    Raises `UnfitMinterError`.
    """
    return opened_authorities(authorities, calls, datacite_metadata)


def wire_equipment(deps: Deps) -> Equipment:
    """The equipment context, ready for a kernel and the surfaces."""
    return Equipment(
        views=VIEWS,
        slices=equipment_slices(),
        doi_minter=deps.doi_minter,
        bulk_minter=deps.bulk_minter,
        leases=deps.leases,
        contacts=deps.contacts,
        tellings=deps.tellings,
        public_url=deps.public_url.rstrip("/"),
        publishes=deps.publishes,
        publishes_contacts=deps.publishes_contacts,
    )


async def without_stub(minters: Minters, documents: Documents) -> Minters:
    """The minters for a log: where an authority has registered identifiers the stub is none, and nobody is instead.

    Somebody has left out the settings of the authority: what the stub would grant and confirm were lies.
    """
    if isinstance(minters.for_people, StubDoiMinter) and await _holds(documents, test=False):
        return Minters(BySchemeMinter({}), BySchemeMinter({}))
    return minters


async def _holds(documents: Documents, *, test: bool) -> bool:
    """Whether there are identifiers that are tests, or that a real authority has registered for this log."""
    filters = {"test": ("true",)} if test else {"test": ("false",), "origin": (IdentifierOrigin.MINTED,)}
    return (await documents.list(PERSISTENT_ID, Asked(filters=filters, limit=1))).size > 0


async def require_fit_minter(
    minter: DoiMinter, documents: Documents, *, is_public: bool, allow_test_identifiers: bool
) -> None:
    """Raises `UnfitMinterError` for a public server with a test minter, for a real one without an address that lasts,
    and for a log of the other ones' identifiers."""
    if not minter.schemes:
        return
    if not minter.test and not is_public:
        raise UnfitMinterError(
            "Identifiers would lead to the address that this server listens on, for ever; "
            "set CORA_PUBLIC_URL to where the public reaches it."
        )
    if allow_test_identifiers:
        return
    remedy = "set CORA_ALLOW_TEST_IDENTIFIERS=true if that is meant"
    if minter.test and is_public:
        raise UnfitMinterError(
            "CORA_PUBLIC_URL is set, but identifiers would be tests, from the stub minter or from DataCite's test "
            f"system, and not resolve; leave CORA_PUBLIC_URL out, set CORA_DATACITE_URL, or {remedy}."
        )
    if await _holds(documents, test=not minter.test):
        held, other = ("real", "an authority that gives tests") if minter.test else ("test", "a real authority")
        raise UnfitMinterError(
            f"The log holds {held} identifiers, which do not go with {other}; start with a fresh database, or {remedy}."
        )
