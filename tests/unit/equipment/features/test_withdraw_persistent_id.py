from dataclasses import replace

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
    PersistentIdPushFailed,
    PersistentIdStatus,
    PersistentIdWithdrawn,
)
from cora.equipment.features.withdraw_persistent_id import WithdrawPersistentId, withdraw_persistent_id
from cora.kernel.aggregate import Event

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


REFUSED = PersistentIdPushFailed("the prefix is not yours", retryable=False)


@pytest.mark.parametrize(
    ("events", "is_withdrawn"),
    [
        ([PersistentIdPublicationRequested(), REFUSED], True),
        ([PersistentIdPublicationRequested(), replace(REFUSED, retryable=True)], False),
        ([PersistentIdPublicationRequested(), REFUSED, replace(REFUSED, retryable=True)], False),
        ([REFUSED, PersistentIdPublicationRequested()], False),
    ],
)
def test_a_draft_that_its_authority_refuses_to_publish_is_withdrawn(events: list[Event], is_withdrawn: bool) -> None:
    known = an_identifier("draft", *events)
    if is_withdrawn:
        assert an_identifier("draft", *events, *withdraw_persistent_id(COMMAND, known)).is_given_up
        return
    with pytest.raises(PersistentIdCannotWithdrawError, match="or refuses to"):
        withdraw_persistent_id(COMMAND, known)


def test_one_that_is_published_in_the_end_has_a_tombstone() -> None:
    withdrawn = [PersistentIdPublicationRequested(), REFUSED, PersistentIdWithdrawn("by mistake")]
    after = an_identifier("draft", *withdrawn, PersistentIdPublished())
    assert (after.status, after.is_public, after.is_kept_here) == (PersistentIdStatus.WITHDRAWN, True, True)
    with pytest.raises(TypeError, match="cannot follow"):
        an_identifier("draft", PersistentIdWithdrawn("by mistake"), PersistentIdPublished())


@given(st.sampled_from(["reserved", "draft", "minted", "withdrawn", "released", "recorded"]))
def test_only_what_the_world_can_find_and_drafts_are_withdrawn(stands: str) -> None:
    known: PersistentId = an_identifier(stands)
    if stands in ("minted", "recorded", "draft"):
        assert withdraw_persistent_id(COMMAND, known)
        return
    with pytest.raises(PersistentIdCannotWithdrawError, match=known.status):
        withdraw_persistent_id(COMMAND, known)
