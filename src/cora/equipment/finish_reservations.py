"""Finishing what is reserved: the identifiers whose clients were lost, or whose authority failed, are minted here.

The server runs this every few seconds, in as many processes as there are, of
which one acts at a time. What cannot be minted for now holds nothing else up:
each authority is asked beside the others, and left alone when it gives no answer
or is not to be asked; what breaks is put off.
"""

import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, cast
from uuid import UUID

import structlog

from cora.equipment.aggregates.persistent_id import PERSISTENT_ID, PersistentId
from cora.equipment.assignment import finish
from cora.equipment.minting import beside_each_other, exclusively
from cora.equipment.pauses import pause
from cora.equipment.resting import Resting
from cora.equipment.subject import SUBJECTS
from cora.equipment.wired import Equipment
from cora.kernel.documents import MAXIMUM_LIMIT, Asked, Documents
from cora.kernel.errors import AuthorityError, OverloadedError, Refusal
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
    """Not due yet, in another's hands, or not asked for as their authority is left alone."""


@dataclass(frozen=True)
class _Round:
    kernel: Kernel
    resting: Resting
    assigned: list[UUID] = field(default_factory=list[UUID])
    failed: list[UUID] = field(default_factory=list[UUID])
    left: list[UUID] = field(default_factory=list[UUID])


async def open_reservations(documents: Documents) -> AsyncIterator[Reservation]:
    """Every identifier that is reserved and not minted, the oldest first."""
    after: str | None = None
    while True:
        asked = Asked(filters={"status": ("Reserved",)}, limit=MAXIMUM_LIMIT, after=after)
        page = cast("dict[str, Any]", json.loads((await documents.list(PERSISTENT_ID, asked)).body))
        for item in page["items"]:
            try:
                state = PERSISTENT_ID.decode_state(json.dumps(item["state"]))
            except Exception:
                _logger.exception("a reservation cannot be read", id=item["id"])
                continue
            yield Reservation(state, datetime.fromisoformat(item["recorded_at"]))
        after = page["next"]
        if after is None:
            return


async def finish_open_reservations(
    kernel: Kernel, documents: Documents, *, grace: timedelta = GRACE, resting: Resting | None = None
) -> Finished:
    """Mint and assign every open reservation that is due, unless another process does so.

    Raises nothing that a later run can mend. `resting` is what earlier runs have learned to leave alone.
    """
    wired: Equipment = kernel.wired
    now = _Round(kernel, resting or Resting())
    try:
        async with exclusively(wired.leases, "reservations", wait=0.5):
            due: dict[str, list[PersistentId]] = {}
            async for reservation in open_reservations(documents):
                reserved = reservation.persistent_id
                if _is_due(reservation, grace, now):
                    due.setdefault(reserved.scheme, []).append(reserved)
                else:
                    now.left.append(reserved.id)
            await beside_each_other([_finish_those(scheme, those, now) for scheme, those in due.items()])
    except OverloadedError:
        _logger.debug("another process finishes the reservations")
    return Finished(tuple(now.assigned), tuple(now.failed), tuple(now.left))


def _is_due(reservation: Reservation, grace: timedelta, now: _Round) -> bool:
    reserved, moment = reservation.persistent_id, now.kernel.clock()
    return (
        reservation.due_at(grace) <= moment
        and reserved.scheme in now.kernel.wired.doi_minter.schemes
        and now.resting.until(reserved.id, moment) is None
    )


async def _finish_those(scheme: str, those: Sequence[PersistentId], now: _Round) -> None:
    """Those of one scheme, until its authority is to be left alone."""
    for reserved in those:
        if now.resting.until(scheme, now.kernel.clock()) is not None:
            now.left.append(reserved.id)
            continue
        refusal: Refusal | None = None
        try:
            await _finish(reserved, now)
        except Refusal as refused:
            refusal = refused
        except Exception:
            now.failed.append(reserved.id)
            until = now.resting.rest(reserved.id, now.kernel.clock())
            _logger.exception("finishing broke; it is put off", value=reserved.value, until=until.isoformat())
            continue
        now.resting.heed(scheme, refusal, now.kernel.clock())
        if refusal is None:
            now.assigned.append(reserved.id)
            _logger.info("minted", value=reserved.value, subject=str(reserved.subject_id))
        elif isinstance(refusal, AuthorityError):
            now.failed.append(reserved.id)
            _logger.warning("not minted", value=reserved.value, detail=refusal.detail())
        else:
            # Finished by another meanwhile, or too busy: the next run will see.
            now.left.append(reserved.id)
            _logger.info("left for later", value=reserved.value, detail=refusal.detail())


async def _finish(reserved: PersistentId, now: _Round) -> None:
    call = Call(WORKER, via="worker", request_id=f"worker:{reserved.id}")
    subject, session = SUBJECTS[reserved.subject_kind], Session(now.kernel, call, b"")
    await finish(subject, reserved.subject_id, reserved.id, session, now.kernel.wired, wait=1.0)
