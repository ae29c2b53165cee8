"""Identifiers as they stand after some events."""

from datetime import UTC, datetime, timedelta

from cora.equipment.aggregates.persistent_id import (
    PERSISTENT_ID,
    PersistentId,
    PersistentIdMinted,
    PersistentIdReleased,
    PersistentIdReserved,
    PersistentIdWithdrawn,
)
from cora.equipment.assigned_identifier import IdentifierOrigin
from cora.equipment.values import IdentifierScheme
from cora.kernel.aggregate import Event, Fact
from cora.kernel.identity import new_id

NOW = datetime(2026, 5, 3, 14, tzinfo=UTC)
SUBJECT_ID = new_id()
KNOWN = Fact(new_id(), NOW)

_FOLLOWING: dict[str, tuple[Event, ...]] = {
    "reserved": (),
    "draft": (PersistentIdMinted(draft=True),),
    "minted": (PersistentIdMinted(),),
    "recorded": (PersistentIdMinted(),),
    "withdrawn": (PersistentIdMinted(), PersistentIdWithdrawn("never existed")),
    "released": (PersistentIdReleased("taken by somebody else"),),
}


def an_identifier(stands: str, *events: Event) -> PersistentId:
    """An identifier that stands so, and then meets some events, a minute after one another."""
    recorded = stands == "recorded"
    reserved = PersistentIdReserved(
        scheme=IdentifierScheme.DOI,
        value="10.5072/abc",
        landing_page=None if recorded else f"https://cora.example/id/{SUBJECT_ID}",
        subject_kind="asset",
        subject_id=SUBJECT_ID,
        origin=IdentifierOrigin.RECORDED if recorded else IdentifierOrigin.MINTED,
    )
    state: PersistentId | None = None
    for minute, event in enumerate((reserved, *_FOLLOWING[stands], *events)):
        state = PERSISTENT_ID.evolve(state, event, Fact(KNOWN.id, NOW + timedelta(minutes=minute)))
    assert state is not None
    return state
