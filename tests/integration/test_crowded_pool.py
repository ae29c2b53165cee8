"""The few connections for people, when many want one at once: nobody waits for what is held while they wait."""

import asyncio
from typing import cast
from uuid import UUID

from cora.equipment.features.get_contact import ContactShown, GetContact, get_contact
from cora.equipment.features.register_facility import RegisterFacility, register_facility
from cora.kernel.contact import Contact
from cora.kernel.execute import Call
from cora.kernel.principal import Principal, Role
from cora.kernel.slice import CommandSlice, QuerySlice
from cora.log.store import CONNECTIONS_FOR_PEOPLE
from cora.surfaces.start import Opened

CALLER = Principal("ada", Role.ADMIN)


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
