from dataclasses import replace

import pytest
from hypothesis import given
from pydantic import ValidationError
from tests.unit.equipment.recording_cases import INVALID, KEPT, VALUES, check_recorded, standing
from tests.unit.equipment.strategies_asset import ASSET_ID as ID
from tests.unit.equipment.strategies_asset import an_asset

from cora.equipment.aggregates.persistent_id import AssetPersistentIdAlreadyAssignedError
from cora.equipment.assigned_identifier import AssignedIdentifier, IdentifierOrigin
from cora.equipment.features.record_asset_persistent_id import RecordAssetPersistentId, record_asset_persistent_id
from cora.equipment.subject import ASSETS
from cora.equipment.values import IdentifierScheme


def command(scheme: str, value: str) -> RecordAssetPersistentId:
    return RecordAssetPersistentId.model_validate({"asset_id": ID, "scheme": scheme, "value": value})


@pytest.mark.parametrize(("scheme", "given", "kept"), KEPT)
def test_an_identifier_is_kept_in_its_normal_form(scheme: str, given: str, kept: str) -> None:
    assert command(scheme, given).identifier.value == kept


@pytest.mark.parametrize(("scheme", "given"), INVALID)
def test_what_is_not_of_its_scheme_is_invalid(scheme: str, given: str) -> None:
    with pytest.raises(ValidationError):
        command(scheme, given)


@given(VALUES)
def test_it_is_recorded_with_its_own_stream(value: str) -> None:
    events = record_asset_persistent_id(command("DOI", value), an_asset(), standing(ASSETS, ID))
    check_recorded(events, ASSETS, ID, value.lower())


@given(VALUES, VALUES)
def test_one_that_is_assigned_is_never_replaced(value: str, other: str) -> None:
    assigned = AssignedIdentifier(IdentifierScheme.DOI, other.lower(), IdentifierOrigin.MINTED)
    context = standing(ASSETS, ID)
    context = replace(context, standing=replace(context.standing, assigned=assigned))
    with pytest.raises(AssetPersistentIdAlreadyAssignedError) as refused:
        record_asset_persistent_id(command("DOI", value), an_asset(), context)
    assert refused.value.value == other.lower()
