"""The gates before an identifier, in their order."""

from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cora.equipment.adapters.stub_doi_minter import StubDoiMinter
from cora.equipment.aggregates.persistent_id import (
    AssetPersistentIdAssignmentForbiddenError,
    PersistentId,
    PersistentIdStatus,
)
from cora.equipment.assigned_identifier import AssignedIdentifier, IdentifierOrigin
from cora.equipment.assignment import Wanted, taken_up
from cora.equipment.pidinst.record import Missing
from cora.equipment.subject import ASSETS, FIXTURES, Standing, Subject, pass_gates
from cora.equipment.values import IdentifierScheme
from cora.kernel.errors import Refusal

ID = UUID(int=1)
MINTER = StubDoiMinter()


def reservation(scheme: IdentifierScheme, suffix: str) -> PersistentId:
    return PersistentId(
        UUID(int=2), scheme, MINTER.make_value(scheme, suffix), "http://cora.test/id/1", "asset", ID,
        IdentifierOrigin.MINTED, True, PersistentIdStatus.RESERVED, datetime(2026, 1, 1, tzinfo=UTC),
    )  # fmt: skip


SCHEMES = st.sampled_from(list(IdentifierScheme))
SUFFIXES = st.sampled_from(["a", "b"])
RESERVATIONS = st.none() | st.builds(reservation, SCHEMES, SUFFIXES)
STANDINGS = st.builds(
    Standing,
    subject=st.sampled_from([ASSETS, FIXTURES]),
    id=st.just(ID),
    forbidden=st.none() | st.builds(AssetPersistentIdAssignmentForbiddenError, st.just(ID)),
    assigned=st.none() | st.just(AssignedIdentifier(IdentifierScheme.DOI, "10.5438/a", IdentifierOrigin.MINTED)),
    reserved=RESERVATIONS,
    missing=st.sampled_from([(), (Missing("Manufacturer", "bind a model."),)]),
)
WANTED = st.builds(Wanted, SCHEMES, st.none() | SUFFIXES)


def expected(standing: Standing, wanted: Wanted) -> str | None:
    """The row of domain.md 4.2, written down plainly."""
    reserved = standing.reserved
    same = reserved is not None and reserved.scheme == wanted.scheme
    if same and wanted.suffix is not None:
        same = reserved is not None and reserved.value.endswith(f"/{wanted.suffix}")
    if standing.forbidden is not None and not same:
        return "AssetPersistentIdAssignmentForbidden"
    if standing.assigned is not None:
        return f"{standing.subject.kind.capitalize()}PersistentIdAlreadyAssigned"
    if reserved is not None and not same:
        return "PersistentIdReserved"
    return "PidinstRecordIncomplete" if standing.missing else None


@given(STANDINGS, WANTED)
def test_the_first_gate_that_is_shut_is_the_one_that_is_named(standing: Standing, wanted: Wanted) -> None:
    resumed = taken_up(wanted, standing, MINTER)
    assert resumed is None or resumed is standing.reserved
    found: str | None = None
    try:
        pass_gates(standing, resumed=resumed is not None)
    except Refusal as refusal:
        found = refusal.code()
    assert found == expected(standing, wanted)


@pytest.mark.parametrize("subject", [ASSETS, FIXTURES])
def test_a_record_with_nothing_in_its_way_passes(subject: Subject) -> None:
    pass_gates(Standing(subject, ID))
