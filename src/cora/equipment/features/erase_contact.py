"""Remove an e-mail address for ever, for instance because its owner asks for it. Events and records keep the contact
id, which then leads nowhere. Where it was published, the authorities are told soon after."""

from uuid import UUID

from pydantic import BaseModel

from cora.equipment.ports.contacts import ContactNotFoundError
from cora.equipment.wired import Equipment
from cora.kernel.principal import Role
from cora.kernel.slice import Command, acts


class EraseContact(Command):
    """Which contact."""

    contact_id: UUID


class ContactErased(BaseModel):
    """The address is gone."""

    contact_id: UUID


@acts("POST /contacts/{contact_id}/erase", allow=Role.ADMIN, refuses=(ContactNotFoundError,), ends=True)
async def erase_contact(command: EraseContact, wired: Equipment) -> ContactErased:
    if not await wired.contacts.erase(command.contact_id):
        raise ContactNotFoundError(command.contact_id)
    return ContactErased(contact_id=command.contact_id)
