"""Compare identifiers with what their authority holds, a part at a time, and with `fix` mend what may be mended: what
is missing, out of date, still visible or does not resolve is told to the authority again. Orphaned and foreign ones are
only reported. Ask twice: `of` the log, and `of` the authority for what only it has; each until `next` is null."""

from dataclasses import dataclass
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from cora.equipment.aggregates.persistent_id import PERSISTENT_ID, PersistentIdNotFoundError, PersistentIdStatus
from cora.equipment.assigned_identifier import IdentifierOrigin
from cora.equipment.reconcile import (
    Comparison,
    Finding,
    Interruption,
    Other,
    authority_cursor,
    compare_authority,
    compare_log,
    next_cursor,
    nothing_compared,
)
from cora.equipment.values import IdentifierScheme
from cora.equipment.wired import Equipment
from cora.kernel.documents import Asked, Documents, Page
from cora.kernel.errors import Violation
from cora.kernel.execute import Session
from cora.kernel.principal import Role
from cora.kernel.requests import invalid, read_json
from cora.kernel.slice import Command, acts

MOST_AT_ONCE = 100
DEFAULT_AT_ONCE = 20

_KEPT = (PersistentIdStatus.DRAFT, PersistentIdStatus.MINTED, PersistentIdStatus.WITHDRAWN)


class ReconcilePersistentIds(Command):
    """Which side is gone through, from where on, and whether differences are mended."""

    of: Literal["log", "authority"] = Field(
        default="log",
        description="The identifiers of the log, each looked up at its authority; or what the authority lists under "
        "our prefix, each looked up in the log.",
    )
    ids: Annotated[tuple[UUID, ...], Field(max_length=MOST_AT_ONCE)] | None = Field(
        default=None, description="Of the log, only these."
    )
    scheme: IdentifierScheme | None = Field(default=None, description="Only this one.")
    limit: int = Field(
        default=DEFAULT_AT_ONCE, ge=1, le=MOST_AT_ONCE, description="Of the log, at most so many at once."
    )
    cursor: str | None = Field(default=None, max_length=2000, description="`next` of the part before.")
    fix: bool = Field(default=False, description="Mend what may be mended.")


@dataclass(frozen=True)
class Reconciled:
    """What a part came to.

    `agreed` are the identifiers of the log that stand as they should; of the authority's list, which may lag behind,
    those that differ are neither agreed nor reported: look at them by `ids`. `skipped` are those that no authority set
    up here keeps for us. `others` lead elsewhere and are left alone. Where it was `interrupted`, send the same again.
    """

    agreed: tuple[UUID, ...]
    skipped: tuple[UUID, ...]
    findings: tuple[Finding, ...]
    others: tuple[Other, ...]
    interrupted: Interruption | None
    next: str | None


@acts("POST /persistent-ids/reconcile", allow=Role.STEWARD, refuses=(PersistentIdNotFoundError,))
async def reconcile_persistent_ids(
    command: ReconcilePersistentIds, session: Session, documents: Documents, wired: Equipment
) -> Reconciled:
    wired = wired.in_bulk
    if command.of == "authority":
        return await _of_authority(command, session, wired)
    if command.ids is not None:
        return _told(await compare_log(command.ids, session, wired, fix=command.fix), None)
    filters = {"status": tuple(map(str, _KEPT)), "origin": (str(IdentifierOrigin.MINTED),)}
    if command.scheme is not None:
        filters["scheme"] = (str(command.scheme),)
    page = await documents.list(PERSISTENT_ID, Asked(filters, limit=command.limit, after=command.cursor))
    found = await compare_log(_ids(page), session, wired, fix=command.fix)
    return _told(found, command.cursor if found.interrupted else page.next)


async def _of_authority(command: ReconcilePersistentIds, session: Session, wired: Equipment) -> Reconciled:
    configured = wired.doi_minter.schemes
    schemes = configured if command.scheme is None else configured & {str(command.scheme)}
    try:
        place = authority_cursor(command.cursor, schemes)
        if place is None:
            return _told(nothing_compared(), None)
        scheme, cursor = place
        found, following = await compare_authority(scheme, cursor, session, wired)
    except ValueError:
        raise invalid([Violation("/cursor", "is no cursor of this list")]) from None
    goes_on = command.cursor if found.interrupted else next_cursor(scheme, following, schemes)
    return _told(found, goes_on)


def _ids(page: Page) -> list[UUID]:
    return [UUID(item["id"]) for item in read_json(page.body.encode())["items"]]


def _told(found: Comparison, following: str | None) -> Reconciled:
    return Reconciled(
        tuple(found.agreed),
        tuple(found.skipped),
        tuple(found.findings),
        tuple(found.others),
        found.interrupted,
        following,
    )
