"""Say anew all that is known of a facility but its code, which stays. What is left out is cleared, the contact too."""

from uuid import UUID

from cora.equipment.aggregates.facility import FACILITY, Facility, FacilityContent, FacilityRevised
from cora.equipment.content.facility import FacilityGiven
from cora.kernel.aggregate import same_fields
from cora.kernel.principal import Role
from cora.kernel.slice import decides


class ReviseFacility(FacilityGiven):
    """The whole content: the name of the facility, and how it is identified and reached."""

    facility_id: UUID


@decides("POST /facilities/{facility_id}/revise", on=FACILITY, allow=Role.ADMIN)
def revise_facility(command: ReviseFacility, facility: Facility) -> list[FacilityRevised]:
    return [FacilityRevised(**same_fields(FacilityContent, command))]
