"""What can have a persistent identifier: an asset or a fixture, and the gates before it gets one."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from cora.equipment.aggregates.asset import ASSET
from cora.equipment.aggregates.asset.events import AssetPersistentIdAssigned
from cora.equipment.aggregates.asset.state import Asset
from cora.equipment.aggregates.fixture import FIXTURE, Fixture, FixturePersistentIdAssigned
from cora.equipment.aggregates.persistent_id import (
    PERSISTENT_ID,
    SUBJECT,
    AssetPersistentIdAlreadyAssignedError,
    AssetPersistentIdAssignmentForbiddenError,
    FixturePersistentIdAlreadyAssignedError,
    PersistentId,
    PersistentIdReservedError,
    PersistentIdStatus,
    PidinstRecordIncompleteError,
    SubjectKind,
)
from cora.equipment.assigned_identifier import AssignedIdentifier
from cora.equipment.pidinst.derive import missing_of_asset, missing_of_fixture
from cora.equipment.pidinst.gather import gather_compound, gather_instrument
from cora.equipment.pidinst.published import PublishedRecord
from cora.equipment.pidinst.read import (
    read_published_asset,
    read_published_fixture,
)
from cora.equipment.pidinst.record import Missing
from cora.equipment.values import IdentifierScheme
from cora.equipment.wired import Equipment
from cora.kernel.aggregate import Aggregate, Event
from cora.kernel.errors import Refusal
from cora.kernel.reader import Reader


@dataclass(frozen=True)
class Subject:
    """What differs between an asset and a fixture."""

    kind: SubjectKind
    aggregate: Aggregate[Any]
    forbidden: Callable[[Any], Refusal | None]
    missing: Callable[[Any, Reader], Awaitable[tuple[Missing, ...]]]
    published: Callable[[Any, Reader, Equipment], Awaitable[PublishedRecord]]
    assigned: Callable[..., Event]
    already_assigned: Callable[[UUID, IdentifierScheme, str], Refusal]


@dataclass(frozen=True)
class Standing:
    """How a record stands when an identifier is wanted for it.

    `reserved` is the open reservation. `missing` is read only where nothing
    before it decides, and never for an identifier that exists already.
    """

    subject: Subject
    id: UUID
    forbidden: Refusal | None = None
    assigned: AssignedIdentifier | None = None
    reserved: PersistentId | None = None
    missing: tuple[Missing, ...] = ()


async def standing_of(subject: Subject, state: Any, read: Reader, *, to_be_minted: bool) -> Standing:
    """Read how an asset or a fixture stands."""
    forbidden, assigned = subject.forbidden(state), state.persistent_id
    reserved = None if assigned else await _open_reservation(state.id, read)
    needed = to_be_minted and forbidden is None and assigned is None and reserved is None
    missing = await subject.missing(state, read) if needed else ()
    return Standing(subject, state.id, forbidden, assigned, reserved, missing)


def pass_gates(standing: Standing, *, resumed: bool = False) -> None:
    """Raises the refusal that stands in the way, in the order of the row.

    A resumed reservation passed the gates when it was made and is always
    finished, also for an asset decommissioned since.
    """
    subject, reserved = standing.subject, standing.reserved
    if standing.forbidden is not None and not resumed:
        raise standing.forbidden
    if standing.assigned is not None:
        raise subject.already_assigned(standing.id, standing.assigned.scheme, standing.assigned.value)
    if reserved is not None and not resumed:
        raise PersistentIdReservedError(reserved.id, reserved.scheme, reserved.value)
    if standing.missing:
        raise PidinstRecordIncompleteError(standing.id, standing.missing)


async def _open_reservation(id: UUID, read: Reader) -> PersistentId | None:
    for source in await read.sources(SUBJECT, id):
        found = await read.get(PERSISTENT_ID, source)
        if found is not None and found.status is PersistentIdStatus.RESERVED:
            return found
    return None


async def _missing_of_asset(asset: Asset, read: Reader) -> tuple[Missing, ...]:
    return missing_of_asset(await gather_instrument(asset, read, whole=False))


async def _missing_of_fixture(fixture: Fixture, read: Reader) -> tuple[Missing, ...]:
    return missing_of_fixture(await gather_compound(fixture, read, whole=False))


def _forbidden_for_asset(asset: Asset) -> Refusal | None:
    return AssetPersistentIdAssignmentForbiddenError(asset.id) if asset.is_decommissioned else None


def _forbidden_for_fixture(fixture: Fixture) -> Refusal | None:
    """Never: a retired fixture can be cited all the same."""
    return None


ASSETS = Subject(
    kind="asset",
    aggregate=ASSET,
    forbidden=_forbidden_for_asset,
    missing=_missing_of_asset,
    published=read_published_asset,
    assigned=AssetPersistentIdAssigned,
    already_assigned=AssetPersistentIdAlreadyAssignedError,
)

FIXTURES = Subject(
    kind="fixture",
    aggregate=FIXTURE,
    forbidden=_forbidden_for_fixture,
    missing=_missing_of_fixture,
    published=read_published_fixture,
    assigned=FixturePersistentIdAssigned,
    already_assigned=FixturePersistentIdAlreadyAssignedError,
)

SUBJECTS: dict[str, Subject] = {subject.kind: subject for subject in (ASSETS, FIXTURES)}
