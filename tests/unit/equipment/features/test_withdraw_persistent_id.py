import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.equipment.identifiers import KNOWN, an_identifier

from cora.equipment.aggregates.persistent_id import (
    PERSISTENT_ID,
    PersistentId,
    PersistentIdCannotWithdrawError,
    PersistentIdPublicationRequested,
    PersistentIdPublished,
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


def test_a_draft_that_nobody_saw_has_no_tombstone_and_its_authority_is_told_nothing_more() -> None:
    known = an_identifier("draft")
    after = an_identifier("draft", *withdraw_persistent_id(COMMAND, known))
    assert (after.status, after.published_at) == (PersistentIdStatus.WITHDRAWN, None)
    assert not after.is_public
    assert not after.is_kept_here
    assert list(PERSISTENT_ID.claims(after)) == list(PERSISTENT_ID.claims(known))
    with pytest.raises(PersistentIdCannotWithdrawError, match="is Withdrawn"):
        withdraw_persistent_id(COMMAND, after)


def test_a_draft_that_is_being_published_is_not_withdrawn() -> None:
    asked = an_identifier("draft", PersistentIdPublicationRequested())
    with pytest.raises(PersistentIdCannotWithdrawError, match="was not asked to publish it"):
        withdraw_persistent_id(COMMAND, asked)
    published = an_identifier("draft", PersistentIdPublicationRequested(), PersistentIdPublished())
    after = an_identifier(
        "draft",
        PersistentIdPublicationRequested(),
        PersistentIdPublished(),
        *withdraw_persistent_id(COMMAND, published),
    )
    assert (after.is_public, after.is_kept_here) == (True, True)


@given(st.sampled_from(["reserved", "draft", "minted", "withdrawn", "released", "recorded"]))
def test_only_what_the_world_can_find_and_drafts_are_withdrawn(stands: str) -> None:
    known: PersistentId = an_identifier(stands)
    if stands in ("minted", "recorded", "draft"):
        assert withdraw_persistent_id(COMMAND, known)
        return
    with pytest.raises(PersistentIdCannotWithdrawError, match=known.status):
        withdraw_persistent_id(COMMAND, known)
