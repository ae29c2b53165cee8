"""The minter for trying things out."""

from dataclasses import replace

import pytest

from cora.equipment.adapters.stub_doi_minter import StubDoiMinter
from cora.equipment.identifiers import is_test_value
from cora.equipment.pidinst.published import PublishedRecord, Publisher
from cora.equipment.pidinst.record import Identifier, PidinstRecord
from cora.equipment.ports.doi_minter import DoiMinter, Held, HeldState, MintFailedError, MintRequest
from cora.equipment.values import IdentifierScheme, PersistentIdentifier

SCHEMES = [
    (IdentifierScheme.DOI, "10.0000/cora-stub/a1"),
    (IdentifierScheme.HANDLE, "20.500.0000/cora-stub/a1"),
]

DOI, HANDLE = (PersistentIdentifier(scheme, value) for scheme, value in SCHEMES)


def request(identifier: PersistentIdentifier, url: str = "http://cora.test/id/1") -> MintRequest:
    record = PidinstRecord(
        identifier=Identifier(identifier=identifier.value, identifier_type=identifier.scheme),
        landing_page=url,
        name="Tower",
        owners=(),
        manufacturers=(),
        complete=False,
        test=True,
    )
    return MintRequest(identifier, url, PublishedRecord(record, Publisher("Facility"), 2026, resolves=False))


@pytest.mark.parametrize(("scheme", "value"), SCHEMES)
async def test_it_grants_what_is_under_its_prefix_and_says_it_is_a_test(scheme: IdentifierScheme, value: str) -> None:
    minter: DoiMinter = StubDoiMinter()
    assert minter.test
    assert scheme in minter.schemes
    assert minter.make_value(scheme, "a1") == value
    identifier = PersistentIdentifier(scheme, value)
    assert await minter.look(identifier) is None
    assert (await minter.mint(request(identifier))).identifier == identifier
    assert await minter.look(identifier) is not None


async def test_the_same_request_again_is_granted_again() -> None:
    minter = StubDoiMinter()
    identifier = PersistentIdentifier(IdentifierScheme.DOI, "10.0000/cora-stub/a1")
    granted = await minter.mint(request(identifier))
    assert not granted.found
    assert await minter.mint(request(identifier)) == replace(granted, found=True)


async def test_an_identifier_that_leads_elsewhere_is_refused_for_good() -> None:
    minter = StubDoiMinter()
    identifier = PersistentIdentifier(IdentifierScheme.HANDLE, "20.500.0000/cora-stub/A1")
    await minter.mint(request(identifier))
    same = PersistentIdentifier(IdentifierScheme.HANDLE, "20.500.0000/cora-stub/a1")
    with pytest.raises(MintFailedError) as failure:
        await minter.mint(request(same, "http://cora.test/id/2"))
    assert not failure.value.retryable


@pytest.mark.parametrize(
    ("scheme", "value", "expected"),
    [
        ("DOI", "10.0000/cora-stub/a1", True),
        ("DOI", "10.0000/CORA-STUB/a1", True),
        ("Handle", "20.500.0000/cora-stub/a1", True),
        ("DOI", "10.0000/cora-stubborn/a1", False),
        ("DOI", "10.5438/q5e8-9585", False),
        ("Handle", "10.0000/cora-stub/a1", False),
        ("Handle", "21.11157/abc", False),
    ],
)
def test_its_identifiers_are_known_by_their_prefix(scheme: str, value: str, expected: bool) -> None:
    assert is_test_value(scheme, value) is expected


async def test_it_keeps_a_doi_as_a_draft_until_it_is_published_and_hides_it_again() -> None:
    minter = StubDoiMinter()
    draft = replace(request(DOI), publish=False)
    assert (await minter.mint(draft)).state is HeldState.DRAFT
    assert (await minter.hide(draft)).state is HeldState.DRAFT, "the world never saw it"
    assert (await minter.publish(draft)).state is HeldState.FINDABLE
    assert (await minter.mint(draft)).state is HeldState.FINDABLE, "what is published stays so"
    assert (await minter.hide(draft)).state is HeldState.REGISTERED
    assert (await minter.push(draft)).state is HeldState.REGISTERED
    assert (await minter.look(DOI)) == Held(DOI, HeldState.REGISTERED, draft.url, ours=True, resolves=False)


async def test_a_handle_is_never_anything_but_findable() -> None:
    minter = StubDoiMinter()
    wanted = replace(request(HANDLE), publish=False)
    assert [(await ask(wanted)).state for ask in (minter.mint, minter.push, minter.hide)] == [HeldState.FINDABLE] * 3


async def test_it_lists_what_it_granted_of_a_scheme() -> None:
    minter = StubDoiMinter()
    for identifier in (DOI, HANDLE):
        await minter.mint(request(identifier))
    assert [held.identifier async for held in minter.list("DOI")] == [DOI]


async def test_what_an_earlier_process_granted_can_be_published_and_withdrawn() -> None:
    assert (await StubDoiMinter().publish(request(DOI))).state is HeldState.FINDABLE
    assert (await StubDoiMinter().push(request(DOI))).state is HeldState.FINDABLE
    assert (await StubDoiMinter().hide(request(DOI))).state is HeldState.REGISTERED
