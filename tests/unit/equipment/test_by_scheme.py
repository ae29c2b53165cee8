"""Several authorities as one."""

import pytest
from tests.unit.equipment.test_stub_doi_minter import DOI, HANDLE, request

from cora.equipment.adapters.by_scheme import BySchemeMinter
from cora.equipment.adapters.stub_doi_minter import StubDoiMinter
from cora.equipment.ports.doi_minter import DoiMinter, NotAskedError


class RealMinter(StubDoiMinter):
    """A minter whose identifiers are meant."""

    @property
    def test(self) -> bool:
        return False


async def test_each_scheme_has_its_own_authority() -> None:
    dois, handles = StubDoiMinter(), StubDoiMinter()
    both: DoiMinter = BySchemeMinter({"DOI": dois, "Handle": handles})
    assert both.schemes == {"DOI", "Handle"}
    assert both.make_value("Handle", "a1") == HANDLE.value
    for identifier, own, other in ((DOI, dois, handles), (HANDLE, handles, dois)):
        wanted = request(identifier)
        for step in (both.mint, both.publish, both.push, both.hide):
            assert (await step(wanted)).identifier == identifier
        assert await both.look(identifier) is not None
        assert await both.look(identifier) == await own.look(identifier)
        assert await other.look(identifier) is None
        assert [held.identifier async for held in both.list(identifier.scheme)] == [identifier]


@pytest.mark.parametrize(
    ("minters", "test"),
    [
        ([RealMinter(), RealMinter()], False),
        ([RealMinter(), StubDoiMinter()], True),
        ([StubDoiMinter(), StubDoiMinter()], True),
    ],
)
def test_identifiers_are_tests_as_soon_as_those_of_one_authority_are(minters: list[DoiMinter], test: bool) -> None:
    assert BySchemeMinter(dict(zip(("DOI", "Handle"), minters, strict=True))).test is test


async def test_a_scheme_without_an_authority_may_have_one_later() -> None:
    minter = BySchemeMinter({"DOI": StubDoiMinter()})
    for ask in (minter.mint, minter.publish, minter.push, minter.hide):
        with pytest.raises(NotAskedError, match="Handle") as failure:
            await ask(request(HANDLE))
        assert (failure.value.retryable, failure.value.retry_after) == (True, None)
    with pytest.raises(NotAskedError):
        await minter.look(HANDLE)
