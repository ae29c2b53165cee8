import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from tests.unit.equipment.strategies_asset import NOW, folds, names, numbered

from cora.equipment.aggregates.facility import FACILITY, Facility, FacilityRegistered
from cora.equipment.features.register_facility import RegisterFacility, register_facility
from cora.equipment.values import AgentIdentifier
from cora.kernel.aggregate import Fact

ROR = {"scheme": "ror", "value": "05gvnxz63"}


def test_a_facility_is_registered_with_all_that_is_told() -> None:
    command = RegisterFacility.model_validate(
        {
            "code": "aps",
            "name": " Advanced Photon Source ",
            "identifier": ROR,
            "contact": "pids@aps.anl.gov",
            "website": "https://www.aps.anl.gov",
        }
    )
    assert command.contact is not None
    assert register_facility(command) == [
        FacilityRegistered(
            "Advanced Photon Source",
            AgentIdentifier("https://ror.org/05gvnxz63", "ROR"),
            command.contact.contact_id,
            "https://www.aps.anl.gov",
            code="aps",
        )
    ]


def test_the_address_is_in_no_event() -> None:
    command = RegisterFacility.model_validate({"code": "aps", "name": "APS", "contact": "pids@aps.anl.gov"})
    (event,) = register_facility(command)
    assert "aps.anl.gov" not in FACILITY.encode_event(event)


@pytest.mark.parametrize(
    "wrong",
    [
        {"code": "APS"},
        {"code": "a_b"},
        {"code": ""},
        {"code": "a" * 33},
        {"name": " "},
        {"name": "n" * 201},
        {"website": "ftp://aps.anl.gov"},
        {"website": "https://"},
        {"website": "aps.anl.gov"},
        {"contact": "nobody"},
        {"identifier": {"scheme": "ROR", "value": "05gvnxz64"}},
        {"nickname": "aps"},
    ],
)
def test_what_is_of_the_wrong_shape_is_invalid(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        RegisterFacility.model_validate({"code": "aps", "name": "APS", **wrong})


@given(st.from_regex(r"[a-z0-9-]{1,32}", fullmatch=True), names, st.none() | st.just("https://aps.anl.gov"))
def test_what_is_told_is_what_is_recorded(code: str, name: str, website: str | None) -> None:
    command = RegisterFacility.model_validate({"code": code, "name": name, "website": website})
    (event,) = register_facility(command)
    state = folds(FACILITY, None, [event], Fact(numbered(1), NOW))
    assert state == Facility(numbered(1), code, command.name, website=website)
