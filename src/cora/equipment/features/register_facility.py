"""Register a facility: the institution that runs the equipment. Its code is the root of every asset path."""

from cora.equipment.aggregates.facility import FACILITY, FacilityAlreadyExistsError, FacilityRegistered
from cora.equipment.values import AgentIdentifier, Name, Slug, Url
from cora.kernel.contact import Contact
from cora.kernel.principal import Role
from cora.kernel.slice import Creation, decides


class RegisterFacility(Creation):
    """The facility: a short code, its name, and how it is identified and reached."""

    code: Slug
    name: Name
    identifier: AgentIdentifier | None = None
    contact: Contact | None = None
    website: Url | None = None


@decides("POST /facilities", on=FACILITY, allow=Role.ADMIN, refuses=(FacilityAlreadyExistsError,))
def register_facility(command: RegisterFacility) -> list[FacilityRegistered]:
    contact_id = command.contact.contact_id if command.contact else None
    return [FacilityRegistered(command.code, command.name, command.identifier, contact_id, command.website)]
