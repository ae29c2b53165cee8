"""The e-mail address behind a contact id, as owners and facilities hold it. Erased addresses are not found."""

from uuid import UUID

from pydantic import BaseModel

from cora.equipment.ports.contacts import ContactNotFoundError
from cora.equipment.wired import Equipment
from cora.kernel.principal import Role
from cora.kernel.slice import Query, answers


class GetContact(Query):
    """Which contact."""

    contact_id: UUID


class ContactShown(BaseModel):
    """An address, with the id that events and documents hold."""

    contact_id: UUID
    address: str


@answers("GET /contacts/{contact_id}", allow=Role.READER, refuses=(ContactNotFoundError,))
async def get_contact(query: GetContact, wired: Equipment) -> ContactShown:
    address = await wired.contacts.get(query.contact_id)
    if address is None:
        raise ContactNotFoundError(query.contact_id)
    return ContactShown(contact_id=query.contact_id, address=address)
