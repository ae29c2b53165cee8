"""The stream of an identifier: its states, its claim, what it points at."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cora.equipment.aggregates.persistent_id import (
    PERSISTENT_ID,
    SUBJECT,
    PersistentId,
    PersistentIdMinted,
    PersistentIdMintFailed,
    PersistentIdReleased,
    PersistentIdReserved,
    PersistentIdStatus,
    PersistentIdTakenError,
    value_claim,
)
from cora.equipment.assigned_identifier import IdentifierOrigin
from cora.equipment.values import IdentifierScheme
from cora.kernel.aggregate import Event, Fact, Reference, former

NOW = datetime(2026, 5, 3, 14, 0, tzinfo=UTC)
SUBJECT_ID = UUID(int=7)


def reserved(
    value: str = "10.0000/cora-stub/a1", scheme: IdentifierScheme = IdentifierScheme.DOI
) -> PersistentIdReserved:
    return PersistentIdReserved(
        scheme, value, "http://cora.test/id/1", "asset", SUBJECT_ID, IdentifierOrigin.MINTED, test=True
    )


def folded(*events: Event) -> PersistentId:
    id, state = UUID(int=1), None
    for number, event in enumerate(events):
        state = PERSISTENT_ID.evolve(state, event, Fact(id, NOW + timedelta(minutes=number)))
    assert state is not None
    return state


FAILURES = st.builds(PersistentIdMintFailed, reason=st.just("no answer"), retryable=st.booleans())


@given(st.lists(FAILURES, max_size=5))
def test_a_reservation_stays_open_whatever_fails(failures: list[PersistentIdMintFailed]) -> None:
    state = folded(reserved(), *failures)
    assert state.status is PersistentIdStatus.RESERVED
    assert list(PERSISTENT_ID.references(state)) == [Reference(SUBJECT, SUBJECT_ID)]
    assert list(PERSISTENT_ID.claims(state)) == [value_claim(IdentifierScheme.DOI, "10.0000/cora-stub/a1")]
    last = state.last_failure
    assert (last is None) == (not failures)
    if last is not None:
        assert (last.attempt, last.reason, last.retryable) == (len(failures), "no answer", failures[-1].retryable)


def test_a_minted_identifier_keeps_its_claim_for_ever() -> None:
    state = folded(reserved(), PersistentIdMinted())
    assert state.status is PersistentIdStatus.MINTED
    assert state.minted_at == NOW + timedelta(minutes=1)
    assert list(PERSISTENT_ID.claims(state)) == [value_claim(IdentifierScheme.DOI, "10.0000/cora-stub/a1")]


def test_a_released_identifier_claims_nothing_and_points_at_what_it_was_for() -> None:
    state = folded(reserved(), PersistentIdMintFailed("refused", retryable=False), PersistentIdReleased("refused"))
    assert state.status is PersistentIdStatus.RELEASED
    assert list(PERSISTENT_ID.claims(state)) == []
    assert list(PERSISTENT_ID.references(state)) == list(former([Reference(SUBJECT, SUBJECT_ID)]))


def test_a_document_folds_back_to_the_same_state() -> None:
    state = folded(reserved(), PersistentIdMintFailed("no answer", retryable=True), PersistentIdMinted())
    assert PERSISTENT_ID.decode_state(PERSISTENT_ID.encode_state(state)) == state


def test_only_ascii_letters_are_alike_in_both_cases() -> None:
    handle = IdentifierScheme.HANDLE
    assert value_claim(handle, "21.T1/AbC") == value_claim(handle, "21.t1/aBc")
    assert value_claim(handle, "21.T1/\u00c4") != value_claim(handle, "21.T1/\u00e4")
    assert value_claim(handle, "10.5438/a") != value_claim(IdentifierScheme.DOI, "10.5438/a")


def test_a_taken_value_names_the_identifier_that_has_it() -> None:
    state, owner = folded(reserved()), uuid4()
    (claim,) = PERSISTENT_ID.claims(state)
    refusal = PERSISTENT_ID.claim_taken(claim, state, owner)
    assert isinstance(refusal, PersistentIdTakenError)
    assert refusal.members() == {"persistent_id_id": owner, "scheme": "DOI", "value": "10.0000/cora-stub/a1"}


@pytest.mark.parametrize("event", [PersistentIdMinted(), PersistentIdReleased("no")])
def test_nothing_comes_before_the_reservation(event: Event) -> None:
    with pytest.raises(TypeError, match="cannot follow"):
        folded(event)


@pytest.mark.parametrize("end", [PersistentIdMinted(), PersistentIdReleased("refused")])
@pytest.mark.parametrize(
    "event", [PersistentIdMinted(), PersistentIdReleased("no"), PersistentIdMintFailed("no", retryable=True)]
)
def test_nothing_comes_after_the_end(end: Event, event: Event) -> None:
    with pytest.raises(TypeError, match="cannot follow"):
        folded(reserved(), end, event)
