"""Finishing what is reserved: the identifiers whose clients were lost, or whose authority failed, are minted here.

The server runs this every few seconds, in as many processes as there are: the
lease of each identifier keeps them apart.
"""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast
from uuid import UUID

import structlog

from cora.equipment.aggregates.persistent_id import PERSISTENT_ID, PersistentId
from cora.equipment.assignment import finish
from cora.equipment.pauses import pause
from cora.equipment.subject import SUBJECTS
from cora.equipment.wired import Equipment
from cora.kernel.documents import MAXIMUM_LIMIT, Asked, Documents
from cora.kernel.errors import AuthorityError, Refusal
from cora.kernel.execute import Call, Kernel, Session
from cora.kernel.principal import Principal, Role

WORKER = Principal("system:worker", Role.STEWARD)

# A fresh reservation is its client's to finish; the worker comes after it.
GRACE = timedelta(seconds=10)

_logger = structlog.get_logger("cora.worker")


@dataclass(frozen=True)
class Reservation:
    """An identifier that is not minted yet, and when cora last learned anything about it."""

    persistent_id: PersistentId
    recorded_at: datetime

    def due_at(self, grace: timedelta = GRACE) -> datetime:
        """When it is to be tried next."""
        return self.recorded_at + pause(self.persistent_id, grace)


@dataclass(frozen=True)
class Finished:
    """What became of the reservations that were due."""

    assigned: tuple[UUID, ...] = ()
    failed: tuple[UUID, ...] = ()
    left: tuple[UUID, ...] = ()
    """Not due yet, or in another's hands."""


async def open_reservations(documents: Documents) -> AsyncIterator[Reservation]:
    """Every identifier that is reserved and not minted, the oldest first."""
    after: str | None = None
    while True:
        asked = Asked(filters={"status": ("Reserved",)}, limit=MAXIMUM_LIMIT, after=after)
        page = cast("dict[str, Any]", json.loads((await documents.list(PERSISTENT_ID, asked)).body))
        for item in page["items"]:
            state = PERSISTENT_ID.decode_state(json.dumps(item["state"]))
            yield Reservation(state, datetime.fromisoformat(item["recorded_at"]))
        after = page["next"]
        if after is None:
            return


async def finish_open_reservations(kernel: Kernel, documents: Documents, *, grace: timedelta = GRACE) -> Finished:
    """Mint and assign every open reservation that is due. Raises nothing that a later run can mend."""
    wired: Equipment = kernel.wired
    assigned: list[UUID] = []
    failed: list[UUID] = []
    left: list[UUID] = []
    for reservation in [each async for each in open_reservations(documents)]:
        reserved = reservation.persistent_id
        if reservation.due_at(grace) > kernel.clock():
            left.append(reserved.id)
            continue
        call = Call(WORKER, via="worker", request_id=f"worker:{reserved.id}")
        subject = SUBJECTS[reserved.subject_kind]
        try:
            await finish(subject, reserved.subject_id, reserved.id, Session(kernel, call, b""), wired, wait=1.0)
        except AuthorityError as refusal:
            failed.append(reserved.id)
            _logger.warning("not minted", value=reserved.value, detail=refusal.detail())
        except Refusal as refusal:
            # Finished by another meanwhile, or too busy: the next run will see.
            left.append(reserved.id)
            _logger.info("left for later", value=reserved.value, detail=refusal.detail())
        else:
            assigned.append(reserved.id)
            _logger.info("minted", value=reserved.value, subject=str(reserved.subject_id))
    return Finished(tuple(assigned), tuple(failed), tuple(left))
