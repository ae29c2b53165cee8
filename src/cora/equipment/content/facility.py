"""What is said of a facility, by `register_facility` and `revise_facility` alike."""

from cora.equipment.values import AgentIdentifier, Name, Url
from cora.kernel.contact import Contact, ContactId
from cora.kernel.slice import Command


class FacilityGiven(Command):
    """Its name, and how it is identified and reached."""

    name: Name
    identifier: AgentIdentifier | None = None
    contact: Contact | None = None
    website: Url | None = None

    @property
    def contact_id(self) -> ContactId | None:
        """What events hold in place of the e-mail address."""
        return self.contact.contact_id if self.contact else None
