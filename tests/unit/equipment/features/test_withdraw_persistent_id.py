import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.equipment.identifiers import KNOWN, an_identifier

from cora.equipment.aggregates.persistent_id import (
    PERSISTENT_ID,
    PersistentId,
    PersistentIdCannotWithdrawError,
    PersistentIdStatus,
    PersistentIdWithdrawn,
)
from cora.equipment.features.withdraw_persistent_id import WithdrawPersistentId, withdraw_persistent_id

COMMAND = WithdrawPersistentId(persistent_id_id=KNOWN.id, reason="never existed")


def test_it_leads_to_a_tombstone_and_keeps_its_claim() -> None:
    known = an_identifier("minted")
    events = withdraw_persistent_id(COMMAND, known)
    assert events == [PersistentIdWithdrawn("never existed")]
    after = an_identifier("minted", *events)
    assert after.status is PersistentIdStatus.WITHDRAWN
    assert after.withdrawal is not None
    assert after.withdrawal.reason == "never existed"
    assert list(PERSISTENT_ID.claims(after)) == list(PERSISTENT_ID.claims(known))
    assert after.is_public


@given(st.sampled_from(["reserved", "draft", "minted", "withdrawn", "released", "recorded"]))
def test_only_what_the_world_can_find_is_withdrawn(stands: str) -> None:
    known: PersistentId = an_identifier(stands)
    if stands in ("minted", "recorded"):
        assert withdraw_persistent_id(COMMAND, known)
        return
    with pytest.raises(PersistentIdCannotWithdrawError, match=known.status):
        withdraw_persistent_id(COMMAND, known)
