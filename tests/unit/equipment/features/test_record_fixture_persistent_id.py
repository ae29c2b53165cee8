from dataclasses import replace

import pytest
from hypothesis import given
from pydantic import ValidationError
from tests.unit.equipment.recording_cases import INVALID, KEPT, VALUES, check_recorded, standing
from tests.unit.equipment.strategies_asset import FIXTURE_ID as ID
from tests.unit.equipment.strategies_asset import a_fixture

from cora.equipment.aggregates.persistent_id import FixturePersistentIdAlreadyAssignedError
from cora.equipment.assigned_identifier import AssignedIdentifier, IdentifierOrigin
from cora.equipment.features.record_fixture_persistent_id import RecordFixturePersistentId, record_fixture_persistent_id
from cora.equipment.subject import FIXTURES
from cora.equipment.values import IdentifierScheme


def command(scheme: str, value: str) -> RecordFixturePersistentId:
    return RecordFixturePersistentId.model_validate({"fixture_id": ID, "scheme": scheme, "value": value})


@pytest.mark.parametrize(("scheme", "given", "kept"), KEPT)
def test_an_identifier_is_kept_in_its_normal_form(scheme: str, given: str, kept: str) -> None:
    assert command(scheme, given).identifier.value == kept


@pytest.mark.parametrize(("scheme", "given"), INVALID)
def test_what_is_not_of_its_scheme_is_invalid(scheme: str, given: str) -> None:
    with pytest.raises(ValidationError):
        command(scheme, given)


@given(VALUES)
def test_it_is_recorded_with_its_own_stream(value: str) -> None:
    events = record_fixture_persistent_id(command("DOI", value), a_fixture(), standing(FIXTURES, ID))
    check_recorded(events, FIXTURES, ID, value.lower())


@given(VALUES, VALUES)
def test_one_that_is_assigned_is_never_replaced(value: str, other: str) -> None:
    assigned = AssignedIdentifier(IdentifierScheme.DOI, other.lower(), IdentifierOrigin.MINTED)
    context = standing(FIXTURES, ID)
    context = replace(context, standing=replace(context.standing, assigned=assigned))
    with pytest.raises(FixturePersistentIdAlreadyAssignedError) as refused:
        record_fixture_persistent_id(command("DOI", value), a_fixture(), context)
    assert refused.value.value == other.lower()
