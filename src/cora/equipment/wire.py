"""Wires the equipment context: all its records and slices, with the minter and what lies beside the log."""

from dataclasses import dataclass, field

from cora.equipment import features
from cora.equipment.adapters.stub_doi_minter import StubDoiMinter
from cora.equipment.aggregates.persistent_id import PERSISTENT_ID
from cora.equipment.ports.contacts import Contacts
from cora.equipment.ports.doi_minter import DoiMinter
from cora.equipment.ports.leases import Leases
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
    """What the context needs from the server. Without a minter it gets the stub, which is for trying things out."""

    public_url: str
    leases: Leases
    contacts: Contacts
    doi_minter: DoiMinter = field(default_factory=StubDoiMinter)


class UnfitMinterError(Exception):
    """This minter and this log do not go together; the server does not start."""


def wire_equipment(deps: Deps) -> Equipment:
    """The equipment context, ready for a kernel and the surfaces."""
    return Equipment(
        views=VIEWS,
        slices=equipment_slices(),
        doi_minter=deps.doi_minter,
        leases=deps.leases,
        contacts=deps.contacts,
        public_url=deps.public_url.rstrip("/"),
    )


async def require_fit_minter(
    minter: DoiMinter, documents: Documents, *, is_public: bool, allow_test_identifiers: bool
) -> None:
    """Raises `UnfitMinterError` for a public server with a test minter, and for a real minter on a log of tests."""
    if allow_test_identifiers:
        return
    remedy = "set CORA_ALLOW_TEST_IDENTIFIERS=true if that is meant"
    if minter.test and is_public:
        raise UnfitMinterError(
            "CORA_PUBLIC_URL is set, but identifiers would come from the stub minter and resolve nowhere; "
            f"leave CORA_PUBLIC_URL out, or {remedy}."
        )
    if not minter.test:
        found = await documents.list(PERSISTENT_ID, Asked(filters={"test": ("true",)}, limit=1))
        if found.size:
            raise UnfitMinterError(
                "The log holds test identifiers, which do not go with a real minter; "
                f"start with a fresh database, or {remedy}."
            )
