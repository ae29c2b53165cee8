from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from tests.unit.equipment.strategies_asset import folds, names, numbered

from cora.equipment.aggregates.facility import FACILITY, Facility, FacilityRevised
from cora.equipment.features.revise_facility import ReviseFacility, revise_facility
from cora.equipment.values import AgentIdentifier
from cora.kernel.contact import ContactId

ID = numbered(1)
ROR = AgentIdentifier("https://ror.org/05gvnxz63", "ROR")
APS = Facility(ID, "aps", "APS", ROR, ContactId("0196"), "https://www.aps.anl.gov")


def test_all_but_the_code_is_said_anew() -> None:
    command = ReviseFacility.model_validate(
        {
            "facility_id": ID,
            "name": " Advanced Photon Source ",
            "identifier": {"scheme": "ror", "value": "05gvnxz63"},
            "contact": "pids@aps.anl.gov",
            "website": "https://aps.anl.gov",
        }
    )
    assert command.contact is not None
    assert revise_facility(command, APS) == [
        FacilityRevised("Advanced Photon Source", ROR, command.contact.contact_id, "https://aps.anl.gov")
    ]


def test_what_is_left_out_is_cleared() -> None:
    (event,) = revise_facility(ReviseFacility(facility_id=ID, name="APS"), APS)
    assert folds(FACILITY, APS, [event]) == Facility(ID, "aps", "APS")


def test_what_is_said_again_is_recorded_again() -> None:
    again = ReviseFacility(facility_id=ID, name="APS", identifier=ROR, website=APS.website)
    assert revise_facility(again, APS) == [FacilityRevised("APS", ROR, None, APS.website)]


def test_the_address_is_in_no_event() -> None:
    command = ReviseFacility.model_validate({"facility_id": ID, "name": "APS", "contact": "pids@aps.anl.gov"})
    (event,) = revise_facility(command, APS)
    assert "aps.anl.gov" not in FACILITY.encode_event(event)


WRONG: list[dict[str, Any]] = [{"name": " "}, {"website": "aps.anl.gov"}, {"contact": "nobody"}, {"code": "aps"}]


@pytest.mark.parametrize("wrong", WRONG)
def test_what_is_of_the_wrong_shape_is_invalid(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        ReviseFacility.model_validate({"facility_id": ID, "name": "APS", **wrong})


@given(names, st.none() | st.just(ROR), st.none() | st.just("https://aps.anl.gov"))
def test_what_is_told_is_what_is_recorded(name: str, identifier: AgentIdentifier | None, website: str | None) -> None:
    command = ReviseFacility(facility_id=ID, name=name, identifier=identifier, website=website)
    after = folds(FACILITY, APS, revise_facility(command, APS))
    assert after == Facility(ID, "aps", command.name, identifier, None, website)
