"""Identifiers that exist already, as they are given and as they are kept."""

from uuid import UUID

from hypothesis import strategies as st

from cora.equipment.aggregates.persistent_id import PERSISTENT_ID, PersistentIdMinted, PersistentIdReserved
from cora.equipment.assigned_identifier import IdentifierOrigin
from cora.equipment.recording import Recording
from cora.equipment.subject import Standing, Subject
from cora.equipment.values import IdentifierScheme
from cora.kernel.aggregate import Event
from cora.kernel.slice import On

OWN_ID = UUID(int=3)

KEPT = [
    ("DOI", "10.5438/Q5E8-9585", "10.5438/q5e8-9585"),
    ("DOI", "https://doi.org/10.5438/q5e8-9585", "10.5438/q5e8-9585"),
    ("Handle", "hdl:21.11157/AbC", "21.11157/AbC"),
]
INVALID = [("DOI", "21.11157/abc"), ("DOI", "q5e8-9585"), ("Handle", "no handle"), ("ARK", "12148/btv1b8449691v")]
VALUES = st.from_regex(r"\A10\.[0-9]{4}/[A-Za-z0-9._-]{1,30}\Z")


def standing(subject: Subject, id: UUID) -> Recording:
    """A record with nothing in its way."""
    return Recording(Standing(subject, id), OWN_ID)


def check_recorded(events: list[Event | On], subject: Subject, id: UUID, value: str) -> None:
    """The identifier's own stream goes from reserved to minted, and the record gets it, in one append."""
    reserved, minted, assigned = events
    doi, recorded = IdentifierScheme.DOI, IdentifierOrigin.RECORDED
    assert reserved == On(
        PERSISTENT_ID, OWN_ID, PersistentIdReserved(doi, value, None, subject.kind, id, recorded, test=False)
    )
    assert minted == On(PERSISTENT_ID, OWN_ID, PersistentIdMinted())
    assert assigned == subject.assigned(doi, value, recorded, False)
