"""The few connections for people, when many want one at once: nobody waits for what is held while they wait."""

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AsyncExitStack
from typing import cast
from uuid import UUID

import asyncpg
import pytest

import cora.log.link as cora_link
from cora.equipment.aggregates.facility import FACILITY, facility_claim
from cora.equipment.features.get_contact import ContactShown, GetContact, get_contact
from cora.equipment.features.register_facility import RegisterFacility, register_facility
from cora.kernel.contact import Contact
from cora.kernel.documents import Asked
from cora.kernel.errors import OverloadedError
from cora.kernel.execute import Call
from cora.kernel.identity import new_id
from cora.kernel.principal import Principal, Role
from cora.kernel.reader import ReadSet
from cora.kernel.slice import CommandSlice, QuerySlice
from cora.log.pool import PATIENCE
from cora.log.store import CONNECTIONS_FOR_PEOPLE
from cora.surfaces.start import Opened

CALLER = Principal("ada", Role.ADMIN)


@pytest.fixture
async def token(cora: Opened) -> str:
    """A reader's."""
    return await cora.tokens.create(Role.READER, "ada")


async def _contact(cora: Opened) -> UUID:
    contact = Contact.given("optics@example.org")
    declared = cast("CommandSlice", register_facility.__slice__)  # type: ignore[attr-defined]
    command = RegisterFacility(code="aps", name="Advanced Photon Source", contact=contact)
    await cora.kernel.command(declared, command, Call(CALLER, "system", "a request"))
    return contact.id


async def test_more_readers_of_contacts_than_connections_are_all_answered(cora: Opened) -> None:
    contact_id = await _contact(cora)
    declared = cast("QuerySlice", get_contact.__slice__)  # type: ignore[attr-defined]
    async with asyncio.timeout(5):
        shown: list[ContactShown] = await asyncio.gather(
            *(
                cora.kernel.query(declared, GetContact(contact_id=contact_id), CALLER)
                for _ in range(3 * CONNECTIONS_FOR_PEOPLE)
            )
        )
    assert {each.address for each in shown} == {"optics@example.org"}


@pytest.fixture
async def no_connection_is_free(cora: Opened, token: str) -> AsyncGenerator[None]:
    """Lists hold every connection for people."""
    async with AsyncExitStack() as stack:
        for _ in range(CONNECTIONS_FOR_PEOPLE):
            await stack.enter_async_context(cora.log.pool.acquire())
        yield


@pytest.mark.usefixtures("no_connection_is_free")
class TestNoConnectionIsFree:
    """What the log itself needs does not come from the pool; what does is refused soon."""

    async def test_tokens_are_checked(self, token: str, cora: Opened) -> None:
        async with asyncio.timeout(1):
            assert await cora.tokens.authenticate(token) == Principal("ada", Role.READER)
            unknown = [f"cora_{new_id().hex}_{'x' * 43}" for _ in range(500)]
            assert not any(await asyncio.gather(*map(cora.tokens.authenticate, unknown)))

    async def test_commands_are_recorded_and_answered_again(self, cora: Opened) -> None:
        async with asyncio.timeout(1):
            declared = cast("CommandSlice", register_facility.__slice__)  # type: ignore[attr-defined]
            command = RegisterFacility(code="aps", name="Advanced Photon Source")
            call = Call(CALLER, "system", "a request", idempotency_key="one")
            first, again = [await cora.kernel.command(declared, command, call) for _ in range(2)]
            assert first == again
            assert await cora.log.latest_joinings([first.id, new_id()]) == {}

    async def test_what_was_read_is_compared(self, cora: Opened) -> None:
        unread = ReadSet(0, {new_id(): 0}, frozenset(), {}, False)
        stale = ReadSet(0, {}, frozenset(), {facility_claim("aps"): new_id()}, False)
        async with asyncio.timeout(1):
            found = await asyncio.gather(*(cora.log.still_current(reads) for reads in (unread, stale, unread) * 50))
        assert found == [True, False, True] * 50

    @pytest.mark.parametrize("read", ["a list", "a snapshot", "a contact"])
    async def test_a_read_for_people_is_refused_soon(self, cora: Opened, read: str) -> None:
        async def in_a_snapshot() -> None:
            async with cora.log.snapshot():
                pass

        reads: dict[str, Callable[[], Awaitable[object]]] = {
            "a list": lambda: cora.log.list(FACILITY, Asked()),
            "a snapshot": in_a_snapshot,
            "a contact": lambda: cora.log.contacts.get(new_id()),
        }
        began = time.monotonic()
        with pytest.raises(OverloadedError):
            await reads[read]()
        assert time.monotonic() - began < 1.5 * PATIENCE


async def test_a_database_that_takes_no_more_connections_is_overload(
    cora: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refused(*_: object, **__: object) -> None:
        raise asyncpg.TooManyConnectionsError("sorry, too many clients already")

    monkeypatch.setattr(cora_link, "connect", refused)
    fresh = [cora.log._held, cora.log._records._link, cora.log._holders._link, cora.log._answers._link]
    for link in fresh:
        await link.drop()
    looks: list[Callable[[], Awaitable[object]]] = [
        lambda: cora.log.record(new_id()),
        lambda: cora.log.holder(facility_claim("aps")),
        lambda: cora.log.answered("ada", "one", b""),
        lambda: cora.log.under_lock().__aenter__(),
    ]
    for look in looks:
        with pytest.raises(OverloadedError):
            async with asyncio.timeout(5):
                await look()
