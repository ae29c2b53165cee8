"""What the context offers, and which minter goes with which log."""

from dataclasses import replace

import pytest
from tests.unit.equipment.world import FakeMinter, World
from tests.unit.memory_log import MemoryContacts, MemoryLeases, MemoryLog, MemoryTellings

from cora.equipment.adapters.stub_doi_minter import StubDoiMinter
from cora.equipment.aggregates.persistent_id import SchemeNotConfiguredError
from cora.equipment.ports.doi_minter import Minters
from cora.equipment.wire import Deps, UnfitMinterError, require_fit_minter, wire_equipment, without_stub
from cora.kernel.execute import Kernel


class RealMinter(FakeMinter):
    """A minter whose identifiers are meant."""

    @property
    def test(self) -> bool:
        return False


def test_every_record_and_slice_is_offered_once_and_the_stub_is_the_minter_unless_another_is_given() -> None:
    log = MemoryLog()
    deps = Deps("http://cora.test/", MemoryLeases(), MemoryContacts(log), MemoryTellings())
    equipment = wire_equipment(deps)
    assert isinstance(equipment.doi_minter, StubDoiMinter)
    assert equipment.public_url == "http://cora.test"
    for names in (
        [aggregate.kind for aggregate in equipment.aggregates],
        [aggregate.collection for aggregate in equipment.aggregates],
        [declared.name for declared in equipment.slices],
        [str(route) for declared in equipment.slices for route in declared.routes],
    ):
        assert len(names) == len(set(names)) > 0
    assert {"assign_asset_persistent_id", "get_fixture_pidinst", "erase_contact"} <= {
        declared.name for declared in equipment.slices
    }


@pytest.mark.parametrize("is_public", [True, False])
async def test_the_stub_is_for_servers_that_are_not_public(is_public: bool) -> None:
    log, stub = MemoryLog(), StubDoiMinter()
    await require_fit_minter(stub, log, is_public=is_public, allow_test_identifiers=True)
    if is_public:
        with pytest.raises(UnfitMinterError, match="CORA_PUBLIC_URL"):
            await require_fit_minter(stub, log, is_public=True, allow_test_identifiers=False)
    else:
        await require_fit_minter(stub, log, is_public=False, allow_test_identifiers=False)


async def test_a_real_minter_wants_a_log_without_test_identifiers() -> None:
    world, real = World(), RealMinter()
    await world.record("asset", await world.asset(), "DOI", "10.5438/old")
    await require_fit_minter(real, world.log, is_public=True, allow_test_identifiers=False)
    await world.assign("asset", await world.asset())
    with pytest.raises(UnfitMinterError, match="test identifiers"):
        await require_fit_minter(real, world.log, is_public=True, allow_test_identifiers=False)
    await require_fit_minter(real, world.log, is_public=True, allow_test_identifiers=True)


async def test_the_stub_does_not_stand_in_for_an_authority_whose_settings_were_left_out() -> None:
    world, stub = World(), StubDoiMinter()
    stubs = Minters(stub, stub)
    await world.record("asset", await world.asset(), "DOI", "10.5438/old")
    assert await without_stub(stubs, world.log) is stubs
    world.wired = replace(world.wired, doi_minter=RealMinter())
    world.kernel = Kernel(world.log, world.wired, clock=lambda: world.log.clock(), documents=world.log)
    await world.assign("asset", await world.asset())
    nobody, in_bulk = await without_stub(stubs, world.log)
    assert nobody.schemes == in_bulk.schemes == set()
    await require_fit_minter(nobody, world.log, is_public=False, allow_test_identifiers=False)
    with pytest.raises(UnfitMinterError, match="real identifiers"):
        await require_fit_minter(stub, world.log, is_public=False, allow_test_identifiers=False)
    world.wired = replace(world.wired, doi_minter=nobody)
    world.kernel = Kernel(world.log, world.wired, clock=lambda: world.log.clock(), documents=world.log)
    with pytest.raises(SchemeNotConfiguredError, match="CORA_DATACITE"):
        await world.assign("asset", await world.asset())


async def test_a_real_minter_wants_an_address_that_lasts() -> None:
    for allow in (True, False):
        with pytest.raises(UnfitMinterError, match="CORA_PUBLIC_URL"):
            await require_fit_minter(RealMinter(), MemoryLog(), is_public=False, allow_test_identifiers=allow)
