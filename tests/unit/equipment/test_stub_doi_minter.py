"""The minter for trying things out."""

import pytest

from cora.equipment.adapters.stub_doi_minter import StubDoiMinter
from cora.equipment.pidinst.record import Identifier, PidinstRecord
from cora.equipment.ports.doi_minter import DoiMinter, MintFailedError, MintRequest, is_test_value
from cora.equipment.values import IdentifierScheme, PersistentIdentifier

SCHEMES = [
    (IdentifierScheme.DOI, "10.0000/cora-stub/a1"),
    (IdentifierScheme.HANDLE, "20.500.0000/cora-stub/a1"),
]


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
    return MintRequest(identifier, url, record)


@pytest.mark.parametrize(("scheme", "value"), SCHEMES)
async def test_it_grants_what_is_under_its_prefix_and_says_it_is_a_test(scheme: IdentifierScheme, value: str) -> None:
    minter: DoiMinter = StubDoiMinter()
    assert minter.test
    assert scheme in minter.schemes
    assert minter.make_value(scheme, "a1") == value
    identifier = PersistentIdentifier(scheme, value)
    assert not await minter.holds(identifier)
    assert (await minter.mint(request(identifier))).identifier == identifier
    assert await minter.holds(identifier)


async def test_the_same_request_again_is_granted_again() -> None:
    minter = StubDoiMinter()
    identifier = PersistentIdentifier(IdentifierScheme.DOI, "10.0000/cora-stub/a1")
    assert await minter.mint(request(identifier)) == await minter.mint(request(identifier))


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
