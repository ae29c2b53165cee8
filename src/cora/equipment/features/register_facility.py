"""Register a facility: the institution that runs the equipment. Its code is the root of every asset path."""

from cora.equipment.aggregates.facility import (
    FACILITY,
    FacilityAlreadyExistsError,
    FacilityContent,
    FacilityRegistered,
)
from cora.equipment.content.facility import FacilityGiven
from cora.equipment.values import Slug
from cora.kernel.aggregate import same_fields
from cora.kernel.principal import Role
from cora.kernel.slice import Creation, decides


class Coded(Creation):
    """The code, before all else that is said."""

    code: Slug


class RegisterFacility(FacilityGiven, Coded):
    """The facility: a short code, its name, and how it is identified and reached."""


@decides("POST /facilities", on=FACILITY, allow=Role.ADMIN, refuses=(FacilityAlreadyExistsError,))
def register_facility(command: RegisterFacility) -> list[FacilityRegistered]:
    return [FacilityRegistered(**same_fields(FacilityContent, command), code=command.code)]
