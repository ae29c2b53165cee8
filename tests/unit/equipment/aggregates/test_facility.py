import pytest
from tests.unit.equipment.strategies_asset import AFTERWARDS, NOW, folds, numbered

from cora.equipment.aggregates.facility import (
    FACILITY,
    Facility,
    FacilityAlreadyExistsError,
    FacilityNotFoundError,
    FacilityRegistered,
    FacilityRevised,
    facility_claim,
)
from cora.equipment.values import AgentIdentifier
from cora.kernel.aggregate import Fact
from cora.kernel.contact import ContactId

APS = Facility(
    numbered(1),
    "aps",
    "Advanced Photon Source",
    AgentIdentifier("https://ror.org/05gvnxz63", "ROR"),
    ContactId("0196"),
    "https://www.aps.anl.gov",
)


def test_a_facility_is_what_was_registered() -> None:
    event = FacilityRegistered(APS.name, APS.identifier, APS.contact_id, APS.website, code=APS.code)
    assert folds(FACILITY, None, [event], Fact(APS.id, NOW)) == APS


def test_a_revision_replaces_all_but_the_code() -> None:
    event = FacilityRevised("APS", None, ContactId("0197"))
    assert folds(FACILITY, APS, [event]) == Facility(APS.id, "aps", "APS", None, ContactId("0197"))
    with pytest.raises(TypeError):
        FACILITY.evolve(None, event, AFTERWARDS)


def test_it_alone_has_its_code_and_points_at_nothing() -> None:
    assert list(FACILITY.claims(APS)) == [facility_claim("aps")]
    assert list(FACILITY.references(APS)) == []


def test_a_code_that_is_taken_is_refused_with_its_owner() -> None:
    refused = FACILITY.claim_taken(facility_claim("aps"), APS, numbered(2))
    assert isinstance(refused, FacilityAlreadyExistsError)
    assert refused.code() == "FacilityAlreadyExists"
    assert refused.members() == {"facility_code": "aps", "existing_id": numbered(2)}


def test_a_facility_that_is_not_there_is_named_by_id_or_by_code() -> None:
    assert "aps" in FacilityNotFoundError("aps").detail()
    assert str(numbered(1)) in FacilityNotFoundError(numbered(1)).detail()


def test_it_is_found_by_code_and_name() -> None:
    assert {"aps", "photon"} <= set(FACILITY.search_text(APS).split())
