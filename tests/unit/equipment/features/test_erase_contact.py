"""An address is shown to readers and can be erased for ever."""

from typing import Any
from uuid import UUID

import pytest
from tests.unit.equipment.world import World

from cora.equipment.features.erase_contact import EraseContact, erase_contact
from cora.equipment.features.get_contact import GetContact, get_contact
from cora.equipment.ports.contacts import ContactNotFoundError
from cora.kernel.errors import ForbiddenError, InvalidRequestError, UnauthenticatedError
from cora.kernel.execute import Call
from cora.kernel.principal import ANONYMOUS, Principal, Role

CONTACT = UUID(int=5)


@pytest.fixture
def world() -> World:
    world = World()
    world.log.tables.contacts[CONTACT] = "ada@example.org"
    return world


async def ask(world: World, caller: Principal) -> Any:
    declared: Any = get_contact
    return await world.kernel.query(declared.__slice__, GetContact(contact_id=CONTACT), caller)


async def erase(world: World, role: Role = Role.ADMIN, **options: Any) -> Any:
    declared: Any = erase_contact
    call = Call(Principal("someone", role), "http", "request-1", **options)
    return await world.kernel.act(declared.__slice__, EraseContact(contact_id=CONTACT), call)


async def test_a_reader_sees_it_and_nobody_without_a_token(world: World) -> None:
    assert (await ask(world, Principal("reader", Role.READER))).address == "ada@example.org"
    with pytest.raises(UnauthenticatedError):
        await ask(world, ANONYMOUS)


async def test_an_admin_erases_it_once(world: World) -> None:
    with pytest.raises(ForbiddenError):
        await erase(world, Role.STEWARD)
    assert (await erase(world)).contact_id == CONTACT
    with pytest.raises(ContactNotFoundError):
        await ask(world, Principal("reader", Role.READER))
    with pytest.raises(ContactNotFoundError):
        await erase(world)
    assert world.log.events == []


@pytest.mark.parametrize("options", [{"dry_run": True}, {"if_match": 1}])
async def test_what_cannot_be_rehearsed_or_dated_is_refused_and_nothing_is_erased(
    world: World, options: dict[str, Any]
) -> None:
    with pytest.raises(InvalidRequestError):
        await erase(world, **options)
    assert world.log.tables.contacts == {CONTACT: "ada@example.org"}
