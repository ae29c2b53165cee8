from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from tests.unit.equipment.strategies_asset import (
    ASSET_ID,
    FAMILY_ID,
    LATER,
    MODEL_ID,
    OTHER_ID,
    PARENT_ID,
    World,
    a_dead_asset,
    a_model,
    an_asset,
    decide,
    first_true,
    folds,
    identifiers,
    ids,
    mostly,
    numbered,
    owners_given,
    ports,
    refusal,
    related_identifiers,
    subjects,
)

from cora.equipment.aggregates.asset import ASSET
from cora.equipment.aggregates.asset.errors import (
    AssetModelMismatchError,
    AssetNameTakenError,
    ControllerIsDecommissionedError,
    ControllerNotFoundError,
    InvalidAssetAnchorError,
    ParentIsDecommissionedError,
    ParentNotFoundError,
)
from cora.equipment.aggregates.asset.state import Asset, AssetCondition, AssetLifecycle, AssetTier, name_claim
from cora.equipment.aggregates.facility import FACILITY, Facility, FacilityNotFoundError
from cora.equipment.aggregates.family import FAMILY, Family, FamilyDeprecatedError, FamilyNotFoundError
from cora.equipment.aggregates.model import MODEL, ModelDeprecatedError, ModelNotFoundError
from cora.equipment.carried_identifiers import sought
from cora.equipment.features.register_asset import Context, RegisterAsset, register_asset
from cora.equipment.related_identifier import RelatedIdentifier, RelatedIdentifierScheme, RelationType
from cora.equipment.values import (
    AlternateIdentifier,
    AlternateIdentifierKind,
    DefinitionStatus,
    Owner,
    OwnerGiven,
    Port,
    PortDirection,
    Term,
)
from cora.kernel.aggregate import Fact, FoundBy, Reference
from cora.kernel.errors import InvalidRequestError
from cora.kernel.reader import Reader

CONTROLLER_ID = numbered(40)
FACILITY_THERE = (FACILITY, Facility(numbered(60), "aps", "Advanced Photon Source"))
PARENT = (ASSET, an_asset(id=PARENT_ID, parent_id=None, facility_code="aps", name="2-BM"))
CONTROLLER = (ASSET, an_asset(id=CONTROLLER_ID, name="RotaryDrive"))
ROTARY_STAGE = Family(FAMILY_ID, "RotaryStage")
MODEL_THERE = (MODEL, a_model(FAMILY_ID))
EVERYTHING = (FACILITY_THERE, PARENT, CONTROLLER, (FAMILY, ROTARY_STAGE), MODEL_THERE)


def part(**given: Any) -> RegisterAsset:
    return RegisterAsset(name="Rotary", tier=AssetTier.DEVICE, parent_id=PARENT_ID, **given)


async def test_all_that_is_said_of_a_part_is_recorded() -> None:
    command = RegisterAsset.model_validate(
        {
            "name": " Rotary ",
            "tier": "Device",
            "description": "turns the specimen",
            "parent_id": PARENT_ID,
            "model_id": MODEL_ID,
            "family_ids": [FAMILY_ID],
            "owners": [{"name": "APS", "contact": "beamline@example.org"}],
            "alternate_identifiers": [{"kind": "SerialNumber", "value": "146853-A-1-1-X"}],
            "ports": [{"name": "pso_out", "direction": "Output", "signal_type": "TTL"}],
            "drawing": {"system": "EDMS", "number": "630C2125"},
            "controller_id": CONTROLLER_ID,
            "related_identifiers": [{"relation": "References", "scheme": "DOI", "value": "https://doi.org/10.5438/X"}],
            "subjects": [{"name": " tomography "}],
        }
    )
    (event,) = await decide(register_asset, command, *EVERYTHING)
    asset = folds(ASSET, None, [event], Fact(ASSET_ID, LATER))
    contact = command.owners[0].contact
    assert contact is not None
    assert asset == Asset(
        id=ASSET_ID,
        name="Rotary",
        tier=AssetTier.DEVICE,
        registered_at=LATER,
        commissioned_at=LATER,
        description="turns the specimen",
        parent_id=PARENT_ID,
        lifecycle=AssetLifecycle.COMMISSIONED,
        condition=AssetCondition.NOMINAL,
        family_ids=(FAMILY_ID,),
        ports=(Port("pso_out", PortDirection.OUTPUT, "TTL"),),
        owners=(Owner("APS", contact.contact_id),),
        alternate_identifiers=(AlternateIdentifier(AlternateIdentifierKind.SERIAL_NUMBER, "146853-A-1-1-X"),),
        drawing=command.drawing,
        model_id=MODEL_ID,
        controller_id=CONTROLLER_ID,
        related_identifiers=(RelatedIdentifier(RelationType.REFERENCES, "10.5438/x", RelatedIdentifierScheme.DOI),),
        subjects=(Term("tomography"),),
    )
    assert set(ASSET.references(asset)) == {
        Reference("asset.parent_id", PARENT_ID),
        Reference("asset.model_id", MODEL_ID),
        Reference("asset.controller_id", CONTROLLER_ID),
        Reference("asset.family_ids", FAMILY_ID),
        FoundBy("asset.identifier", *sought("146853-a-1-1-x")),
    }
    assert list(ASSET.claims(asset)) == [name_claim("ROTARY", PARENT_ID, None)]


async def test_a_root_names_its_facility() -> None:
    command = RegisterAsset(name="2-BM", tier=AssetTier.UNIT, facility_code="aps")
    (event,) = await decide(register_asset, command, FACILITY_THERE)
    asset = folds(ASSET, None, [event], Fact(ASSET_ID, LATER))
    assert (asset.parent_id, asset.facility_code) == (None, "aps")
    assert list(ASSET.references(asset)) == []
    assert list(ASSET.claims(asset)) == [name_claim("2-bm", None, "aps")]


@pytest.mark.parametrize("anchor", [{}, {"parent_id": PARENT_ID, "facility_code": "aps"}])
async def test_an_anchor_is_one_of_both(anchor: dict[str, Any]) -> None:
    with pytest.raises(InvalidAssetAnchorError):
        await decide(register_asset, RegisterAsset(name="x", tier=AssetTier.UNIT, **anchor), *EVERYTHING)


async def test_an_unknown_facility_is_refused_by_its_code() -> None:
    with pytest.raises(FacilityNotFoundError) as refused:
        await decide(register_asset, RegisterAsset(name="x", tier=AssetTier.UNIT, facility_code="esrf"), FACILITY_THERE)
    assert refused.value.members() == {"id": "esrf"}


async def test_an_unknown_or_dead_parent_is_refused() -> None:
    with pytest.raises(ParentNotFoundError):
        await decide(register_asset, part())
    with pytest.raises(ParentIsDecommissionedError):
        await decide(register_asset, part(), (ASSET, a_dead_asset(id=PARENT_ID)))


async def test_an_unknown_or_deprecated_model_is_refused() -> None:
    with pytest.raises(ModelNotFoundError):
        await decide(register_asset, part(model_id=MODEL_ID), PARENT)
    deprecated = (MODEL, replace(a_model(FAMILY_ID), status=DefinitionStatus.DEPRECATED))
    with pytest.raises(ModelDeprecatedError):
        await decide(register_asset, part(model_id=MODEL_ID), PARENT, deprecated)


async def test_of_several_unknown_families_the_smallest_id_is_named() -> None:
    with pytest.raises(FamilyNotFoundError) as refused:
        await decide(register_asset, part(family_ids=(numbered(80), numbered(70), FAMILY_ID)), *EVERYTHING)
    assert refused.value.members() == {"id": numbered(70)}


async def test_a_deprecated_family_is_refused() -> None:
    deprecated = (FAMILY, replace(ROTARY_STAGE, status=DefinitionStatus.DEPRECATED))
    with pytest.raises(FamilyDeprecatedError):
        await decide(register_asset, part(family_ids=(FAMILY_ID,)), PARENT, deprecated)


async def test_an_unknown_or_dead_controller_is_refused() -> None:
    with pytest.raises(ControllerNotFoundError):
        await decide(register_asset, part(controller_id=CONTROLLER_ID), PARENT)
    with pytest.raises(ControllerIsDecommissionedError):
        await decide(register_asset, part(controller_id=CONTROLLER_ID), PARENT, (ASSET, a_dead_asset(id=CONTROLLER_ID)))


async def test_of_several_families_the_model_does_not_declare_the_smallest_id_is_named() -> None:
    extra = tuple((FAMILY, Family(numbered(n), f"Family {n}")) for n in (80, 70))
    command = part(model_id=MODEL_ID, family_ids=(numbered(80), FAMILY_ID, numbered(70)))
    with pytest.raises(AssetModelMismatchError) as refused:
        await decide(register_asset, command, *EVERYTHING, *extra)
    assert refused.value.members() == {"model_id": MODEL_ID, "family_id": numbered(70)}


async def test_every_duplicate_in_the_lists_is_reported() -> None:
    serial = AlternateIdentifier(AlternateIdentifierKind.SERIAL_NUMBER, "A-1")
    manual = RelatedIdentifier(RelationType.IS_DESCRIBED_BY, "10.5438/manual", RelatedIdentifierScheme.DOI)
    command = part(
        family_ids=(FAMILY_ID, FAMILY_ID),
        owners=(OwnerGiven("APS"), OwnerGiven("ANL"), OwnerGiven("aps")),
        alternate_identifiers=(serial, replace(serial, value="a-1")),
        ports=(Port("a", PortDirection.INPUT, "TTL"), Port("A", PortDirection.OUTPUT, "TTL")),
        related_identifiers=(manual, replace(manual, value="10.5438/MANUAL", name="Manual")),
        subjects=(Term("optics"), Term("OPTICS")),
    )
    with pytest.raises(InvalidRequestError) as refused:
        await decide(register_asset, command, *EVERYTHING)
    assert [violation.pointer for violation in refused.value.errors] == [
        "/family_ids/1",
        "/owners/2",
        "/alternate_identifiers/1",
        "/ports/1",
        "/related_identifiers/1",
        "/subjects/1",
    ]


async def test_a_taken_name_is_refused_before_duplicates() -> None:
    sibling = (ASSET, an_asset(id=OTHER_ID, name="ROTARY"))
    command = part(owners=(OwnerGiven("APS"), OwnerGiven("APS")))
    with pytest.raises(AssetNameTakenError) as refused:
        await decide(register_asset, command, *EVERYTHING, sibling)
    assert refused.value.members() == {"name": "Rotary", "existing_id": OTHER_ID}


async def test_registering_reads_the_parent_and_neither_its_children_nor_the_name() -> None:
    read = Reader(World(EVERYTHING))
    await decide(register_asset, part(model_id=MODEL_ID, family_ids=(FAMILY_ID,)), reader=read)
    assert set(read.read_set().versions) == {PARENT_ID, MODEL_ID, FAMILY_ID}
    assert not read.read_set().relations
    assert not read.read_set().claims


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": "  "},
        {"name": "x" * 201},
        {"tier": "Beamline"},
        {"facility_code": "APS"},
        {"owners": [{"name": "APS", "contact": "nobody"}]},
        {"alternate_identifiers": [{"kind": "Other", "value": "x"}]},
        {"related_identifiers": [{"relation": "Cites", "scheme": "DOI", "value": "10.5438/x"}]},
        {"subjects": [{"name": "optics", "scheme": "URL"}]},
        {"lifecycle": "Active"},
    ],
)
def test_the_shape_is_checked(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        RegisterAsset.model_validate({"name": "Rotary", "tier": "Device", "facility_code": "aps"} | wrong)


@given(st.data())
def test_refusals_come_in_the_order_of_the_row(data: st.DataObject) -> None:
    draw = data.draw
    parent_id, facility_code = draw(mostly((PARENT_ID, None), (None, "aps"), (None, None), (PARENT_ID, "aps")))
    command = RegisterAsset(
        name="Rotary",
        tier=draw(st.sampled_from(AssetTier)),
        parent_id=parent_id,
        facility_code=facility_code,
        model_id=draw(st.sampled_from([None, MODEL_ID])),
        family_ids=tuple(draw(st.lists(ids, max_size=2))),
        owners=tuple(draw(st.lists(owners_given, max_size=2))),
        alternate_identifiers=tuple(draw(st.lists(identifiers, max_size=2))),
        ports=tuple(draw(st.lists(ports, max_size=2))),
        controller_id=draw(st.sampled_from([None, CONTROLLER_ID])),
        related_identifiers=tuple(draw(st.lists(related_identifiers, max_size=2))),
        subjects=tuple(draw(st.lists(subjects, max_size=2))),
    )
    other_asset = mostly(an_asset(id=OTHER_ID), a_dead_asset(id=OTHER_ID), None)
    deprecated = replace(ROTARY_STAGE, status=DefinitionStatus.DEPRECATED)
    found_family = mostly(ROTARY_STAGE, deprecated, None)
    fit = a_model(*command.family_ids)
    model = draw(mostly(fit, replace(fit, status=DefinitionStatus.DEPRECATED), a_model(OTHER_ID), None))
    families: dict[UUID, Family | None] = {id: draw(found_family) for id in command.family_ids}
    context = Context(
        facility_id=draw(mostly(OTHER_ID, None)) if facility_code else None,
        parent=draw(other_asset) if parent_id else None,
        model=model if command.model_id else None,
        families=families,
        controller=draw(other_asset) if command.controller_id else None,
        name_owner=draw(mostly(None, OTHER_ID)),
    )
    keys = (
        list(command.family_ids),
        [owner.name.casefold() for owner in command.owners],
        [
            (i.kind, i.value.casefold(), (i.name or "").casefold() * (i.kind == "Other"))
            for i in command.alternate_identifiers
        ],
        [port.name.casefold() for port in command.ports],
        [
            (r.relation, r.scheme, r.value if r.scheme == "URL" else r.value.lower())
            for r in command.related_identifiers
        ],
        [subject.name.casefold() for subject in command.subjects],
    )
    parent, controller = context.parent, context.controller
    refused = refusal(register_asset, command=command, context=context)
    assert refused is first_true(
        ((command.parent_id is None) == (command.facility_code is None), InvalidAssetAnchorError),
        (command.facility_code is not None and context.facility_id is None, FacilityNotFoundError),
        (command.parent_id is not None and parent is None, ParentNotFoundError),
        (parent is not None and parent.is_decommissioned, ParentIsDecommissionedError),
        (command.model_id is not None and model is None, ModelNotFoundError),
        (bool(context.model and context.model.status is DefinitionStatus.DEPRECATED), ModelDeprecatedError),
        (None in families.values(), FamilyNotFoundError),
        (deprecated in families.values(), FamilyDeprecatedError),
        (command.controller_id is not None and controller is None, ControllerNotFoundError),
        (controller is not None and controller.is_decommissioned, ControllerIsDecommissionedError),
        (
            bool(context.model and set(command.family_ids) - set(context.model.declared_family_ids)),
            AssetModelMismatchError,
        ),
        (context.name_owner is not None, AssetNameTakenError),
        (any(len(set(each)) < len(each) for each in keys), InvalidRequestError),
    )
    if not refused:
        asset = folds(ASSET, None, register_asset(command, context), Fact(ASSET_ID, LATER))
        said = {name: getattr(command, name) for name in type(command).model_fields if name not in ("id", "owners")}
        assert {name: getattr(asset, name) for name in said} == said
        assert [owner.name for owner in asset.owners] == [owner.name for owner in command.owners]
