"""What differs between an authority and what it should have, for every pair of the two; and how parts are asked for."""

import json
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.authorities.clients import DOI, HANDLE, OTHER_URL, URL, record_of
from tests.unit.equipment.world import World

from cora.equipment.adapters.stub_doi_minter import StubDoiMinter
from cora.equipment.aggregates.persistent_id import PERSISTENT_ID, PersistentId, PersistentIdStatus, Pushed
from cora.equipment.assigned_identifier import IdentifierOrigin
from cora.equipment.features.reconcile_persistent_ids import (
    Reconciled,
    ReconcilePersistentIds,
    reconcile_persistent_ids,
)
from cora.equipment.ports.doi_minter import Held, HeldState
from cora.equipment.publication import Publication, Visibility
from cora.equipment.reconcile import Difference, authority_cursor, difference, leads_here, next_cursor
from cora.kernel.errors import ForbiddenError, InvalidRequestError
from cora.kernel.execute import Call, Kernel
from cora.kernel.moment import UNRECORDED
from cora.kernel.principal import Principal, Role

PUBLIC_URL = "https://cora.facility.example"
STATUS = {
    Visibility.DRAFT: PersistentIdStatus.DRAFT,
    Visibility.FINDABLE: PersistentIdStatus.MINTED,
    Visibility.HIDDEN: PersistentIdStatus.WITHDRAWN,
}


def told_of(identifier: Any, visibility: Visibility, *, told_last: bool = True) -> Publication:
    known = PersistentId(
        UUID(int=1),
        identifier.scheme,
        identifier.value,
        URL,
        "asset",
        UUID(int=2),
        IdentifierOrigin.MINTED,
        test=False,
        status=STATUS[visibility],
        reserved_at=UNRECORDED,
    )
    publication = Publication(known, URL, record_of(identifier), visibility, StubDoiMinter())
    pushed = Pushed(publication.digest if told_last else "0" * 64, UNRECORDED)
    return replace(publication, persistent_id=replace(known, pushed=pushed))


helds = st.builds(
    Held,
    st.just(DOI),
    st.sampled_from(HeldState),
    st.sampled_from([URL, URL.replace("https", "http"), f"{PUBLIC_URL}/id/other", OTHER_URL, None]),
    st.booleans(),
    st.booleans(),
)


@given(st.sampled_from([DOI, HANDLE]), st.sampled_from(Visibility), st.booleans(), st.none() | helds)
def test_there_is_no_difference_only_where_everything_is_as_it_should_be(
    identifier: Any, visibility: Visibility, told_last: bool, held: Held | None
) -> None:
    told = told_of(identifier, visibility, told_last=told_last)
    found = difference(told, held, PUBLIC_URL)
    states = {
        Visibility.DRAFT: HeldState.DRAFT,
        Visibility.FINDABLE: HeldState.FINDABLE,
        Visibility.HIDDEN: HeldState.REGISTERED,
    }
    expected = states[visibility] if identifier is DOI else HeldState.FINDABLE
    is_right = held is not None and (held.ours, held.url, held.state) == (True, URL, expected)
    resolves = held is not None and (held.resolves or held.state is HeldState.DRAFT)
    assert (found is None) == (is_right and resolves and told_last)
    if found is None:
        return
    assert found[1].endswith(".")
    is_elsewhere = held is not None and (not held.ours or held.url == OTHER_URL)
    assert (found[0] is Difference.FOREIGN) == is_elsewhere
    assert (found[0] is Difference.MISSING) == (held is None)
    assert (found[0] is Difference.UNRESOLVED) == (is_right and not resolves)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        (URL, True),
        (URL.replace("https:", "http:"), True),
        (f"{PUBLIC_URL}.evil.example/id/1", False),
        (f"{PUBLIC_URL}/about", False),
        (OTHER_URL, False),
        (None, False),
    ],
)
def test_only_landing_pages_are_here(url: str | None, expected: bool) -> None:
    assert leads_here(url, PUBLIC_URL) is expected


def test_the_lists_of_all_schemes_follow_one_another() -> None:
    schemes = frozenset({"Handle", "DOI"})
    assert authority_cursor(None, schemes) == ("DOI", None)
    assert next_cursor("DOI", "a:b", schemes) == "DOI:a:b"
    assert authority_cursor("DOI:a:b", schemes) == ("DOI", "a:b")
    assert next_cursor("DOI", None, schemes) == "Handle:"
    assert authority_cursor("Handle:", schemes) == ("Handle", None)
    assert next_cursor("Handle", None, schemes) is None
    assert authority_cursor(None, ()) is None


async def reconcile(world: World, role: Role = Role.STEWARD, **fields: Any) -> Reconciled:
    kernel = Kernel(world.log, world.wired, clock=lambda: world.log.clock(), documents=world.log)
    declared: Any = reconcile_persistent_ids
    call = Call(Principal("someone", role), "http", "request-1")
    return await kernel.act(declared.__slice__, ReconcilePersistentIds(**fields), call)


async def test_tests_of_the_stub_are_skipped_as_nobody_keeps_them() -> None:
    world = World()
    await world.assign("asset", await world.asset())
    before = world.log.kinds()
    (id,) = [id for id, each in world.log.tables.documents.items() if each.kind == PERSISTENT_ID.kind]
    assert await reconcile(world, fix=True) == Reconciled((), (id,), (), (), None, None)
    assert json.loads(world.log.tables.documents[id].body)["status"] == "Minted"
    assert world.log.kinds() == before


async def test_it_is_for_stewards() -> None:
    with pytest.raises(ForbiddenError):
        await reconcile(World(), Role.OPERATOR)


async def test_a_cursor_that_is_none_is_refused() -> None:
    with pytest.raises(InvalidRequestError, match="cursor"):
        await reconcile(World(), of="authority", cursor="nonsense")
