"""How the events of an asset become its state."""

from dataclasses import fields, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.equipment.strategies_asset import (
    AFTERWARDS,
    ASSET_ID,
    FAMILY_ID,
    FIXTURE_ID,
    LATER,
    MODEL_ID,
    NOW,
    OTHER_ID,
    PARENT_ID,
    an_asset,
    assets,
    folds,
    identifiers,
    ids,
    names,
    optional_ids,
    owners,
    ports,
    reasons,
    related_identifiers,
    settings_objects,
    subjects,
)
from tests.unit.equipment.strategies_definitions import drawings

from cora.equipment.aggregates.asset import ASSET
from cora.equipment.aggregates.asset.errors import MalformedAssetPersistentIdentifierError
from cora.equipment.aggregates.asset.events import (
    AssetActivated,
    AssetAlternateIdentifierAdded,
    AssetAlternateIdentifierRemoved,
    AssetAttachedToFixture,
    AssetControllerSet,
    AssetDecommissioned,
    AssetDegraded,
    AssetDescribed,
    AssetDetachedFromFixture,
    AssetDrawingSet,
    AssetFamilyAdded,
    AssetFamilyRemoved,
    AssetFaulted,
    AssetMaintenanceEntered,
    AssetMaintenanceExited,
    AssetModelBound,
    AssetNoteAdded,
    AssetOwnerAdded,
    AssetOwnerRemoved,
    AssetPersistentIdAssigned,
    AssetPortAdded,
    AssetPortRemoved,
    AssetRegistered,
    AssetRelatedIdentifierAdded,
    AssetRelatedIdentifierRemoved,
    AssetRelocated,
    AssetRestored,
    AssetSettingsUpdated,
    AssetSubjectAdded,
    AssetSubjectRemoved,
)
from cora.equipment.aggregates.asset.state import Asset, AssetCondition, AssetLifecycle, AssetTier, name_claim
from cora.equipment.assigned_identifier import AssignedIdentifier, IdentifierOrigin
from cora.equipment.related_identifier import RelatedIdentifier, RelatedIdentifierScheme, RelationType
from cora.equipment.values import Drawing, DrawingSystem, IdentifierScheme, Owner, Port, PortDirection, Term
from cora.kernel.aggregate import Claim, Event, Fact, former

PORT = Port("pso_out", PortDirection.OUTPUT, "TTL")
DRAWING = Drawing(DrawingSystem.EDMS, "630C2125", "02")
MANUAL = RelatedIdentifier(RelationType.IS_DESCRIBED_BY, "10.5438/manual", RelatedIdentifierScheme.DOI, "Manual")
PAPER = RelatedIdentifier(RelationType.REFERENCES, "https://vendor.example", RelatedIdentifierScheme.URL)
ASSIGNED = AssetPersistentIdAssigned("DOI", "10.1234/abcd-ef37", IdentifierOrigin.MINTED, test=True)

later_events: st.SearchStrategy[Any] = st.one_of(
    st.builds(AssetDescribed, names, st.none() | st.just("turns")),
    st.builds(AssetModelBound, ids, optional_ids, st.none() | reasons),
    st.builds(AssetControllerSet, optional_ids),
    st.builds(AssetDrawingSet, drawings),
    st.builds(AssetNoteAdded, st.just("hums")),
    st.just(AssetActivated()),
    st.just(AssetMaintenanceEntered()),
    st.just(AssetMaintenanceExited()),
    st.builds(AssetDecommissioned, reasons),
    st.builds(AssetRelocated, ids, ids, reasons),
    st.builds(AssetFamilyAdded, ids),
    st.builds(AssetFamilyRemoved, ids),
    st.builds(AssetPortAdded, ports),
    st.builds(AssetPortRemoved, st.just("pso_out")),
    st.builds(AssetSettingsUpdated, settings_objects, settings_objects),
    st.builds(AssetDegraded, reasons),
    st.builds(AssetFaulted, reasons),
    st.builds(AssetRestored, reasons),
    st.builds(AssetOwnerAdded, owners),
    st.builds(AssetOwnerRemoved, st.just("APS")),
    st.builds(AssetAlternateIdentifierAdded, identifiers),
    st.builds(AssetAlternateIdentifierRemoved, identifiers),
    st.builds(AssetRelatedIdentifierAdded, related_identifiers),
    st.builds(AssetRelatedIdentifierRemoved, related_identifiers),
    st.builds(AssetSubjectAdded, subjects),
    st.builds(AssetSubjectRemoved, st.just("optics")),
    st.builds(AssetAttachedToFixture, ids),
    st.builds(AssetDetachedFromFixture, ids),
    st.just(ASSIGNED),
)

# Which fields of the state an event may change; all others must come through untouched.
CHANGES: dict[type[Event], set[str]] = {
    AssetDescribed: {"name", "description"},
    AssetModelBound: {"model_id"},
    AssetControllerSet: {"controller_id"},
    AssetDrawingSet: {"drawing"},
    AssetNoteAdded: set(),
    AssetActivated: {"lifecycle", "commissioned_at"},
    AssetMaintenanceEntered: {"lifecycle"},
    AssetMaintenanceExited: {"lifecycle"},
    AssetDecommissioned: {"lifecycle", "decommissioned_at"},
    AssetRelocated: {"parent_id"},
    AssetFamilyAdded: {"family_ids"},
    AssetFamilyRemoved: {"family_ids"},
    AssetPortAdded: {"ports"},
    AssetPortRemoved: {"ports"},
    AssetSettingsUpdated: {"settings"},
    AssetDegraded: {"condition", "condition_reason"},
    AssetFaulted: {"condition", "condition_reason"},
    AssetRestored: {"condition", "condition_reason"},
    AssetOwnerAdded: {"owners"},
    AssetOwnerRemoved: {"owners"},
    AssetAlternateIdentifierAdded: {"alternate_identifiers"},
    AssetAlternateIdentifierRemoved: {"alternate_identifiers"},
    AssetRelatedIdentifierAdded: {"related_identifiers"},
    AssetRelatedIdentifierRemoved: {"related_identifiers"},
    AssetSubjectAdded: {"subjects"},
    AssetSubjectRemoved: {"subjects"},
    AssetAttachedToFixture: {"fixture_id"},
    AssetDetachedFromFixture: {"fixture_id"},
    AssetPersistentIdAssigned: {"persistent_id"},
}


def test_every_event_but_the_first_is_here() -> None:
    assert {*CHANGES, AssetRegistered} == set(ASSET.events)


@given(assets(), later_events)
def test_an_event_changes_what_it_speaks_of_and_nothing_else(asset: Asset, event: Any) -> None:
    after = folds(ASSET, asset, [event])
    changed = {field.name for field in fields(Asset) if getattr(after, field.name) != getattr(asset, field.name)}
    assert changed <= CHANGES[type(event)]


@given(st.lists(later_events, max_size=8))
def test_the_fold_of_the_events_survives_the_document_at_every_step(events: list[Any]) -> None:
    asset = ASSET.evolve(None, AssetRegistered("Rotary", AssetTier.DEVICE, parent_id=PARENT_ID), Fact(ASSET_ID, NOW))
    assigned = False
    for event in events:
        if isinstance(event, AssetPersistentIdAssigned) and assigned:
            continue
        assigned = assigned or isinstance(event, AssetPersistentIdAssigned)
        asset = folds(ASSET, asset, [event])
        if asset.is_decommissioned:
            living = replace(asset, lifecycle=AssetLifecycle.ACTIVE)
            assert list(ASSET.references(asset)) == list(former(ASSET.references(living)))
            assert not list(ASSET.claims(asset))


@pytest.mark.parametrize(
    ("event", "changes"),
    [
        (AssetDescribed("Rotary 2", None), {"name": "Rotary 2", "description": None}),
        (AssetModelBound(OTHER_ID, MODEL_ID, "misread"), {"model_id": OTHER_ID}),
        (AssetControllerSet(OTHER_ID), {"controller_id": OTHER_ID}),
        (AssetControllerSet(None), {"controller_id": None}),
        (AssetDrawingSet(replace(DRAWING, revision="03")), {"drawing": replace(DRAWING, revision="03")}),
        (AssetDrawingSet(None), {"drawing": None}),
        (AssetNoteAdded("hums"), {}),
        (AssetActivated(), {"lifecycle": AssetLifecycle.ACTIVE, "commissioned_at": LATER}),
        (AssetMaintenanceEntered(), {"lifecycle": AssetLifecycle.MAINTENANCE}),
        (AssetMaintenanceExited(), {"lifecycle": AssetLifecycle.ACTIVE}),
        (AssetDecommissioned("x"), {"lifecycle": AssetLifecycle.DECOMMISSIONED, "decommissioned_at": LATER}),
        (AssetRelocated(PARENT_ID, OTHER_ID, "x"), {"parent_id": OTHER_ID}),
        (AssetFamilyAdded(OTHER_ID), {"family_ids": (FAMILY_ID, OTHER_ID)}),
        (AssetFamilyRemoved(FAMILY_ID), {"family_ids": ()}),
        (AssetPortAdded(replace(PORT, name="x")), {"ports": (PORT, replace(PORT, name="x"))}),
        (AssetPortRemoved("pso_out"), {"ports": ()}),
        (AssetSettingsUpdated({"a": None}, {"b": [1, {"c": 2.5}]}), {"settings": {"b": [1, {"c": 2.5}]}}),
        (AssetDegraded("x"), {"condition": AssetCondition.DEGRADED, "condition_reason": "x"}),
        (AssetFaulted("x"), {"condition": AssetCondition.FAULTED, "condition_reason": "x"}),
        (AssetRestored("x"), {"condition": AssetCondition.NOMINAL, "condition_reason": "x"}),
        (AssetOwnerAdded(Owner("ANL")), {"owners": (Owner("APS"), Owner("ANL"))}),
        (AssetOwnerRemoved("APS"), {"owners": ()}),
        (AssetRelatedIdentifierAdded(PAPER), {"related_identifiers": (MANUAL, PAPER)}),
        (AssetRelatedIdentifierRemoved(MANUAL), {"related_identifiers": ()}),
        (AssetSubjectAdded(Term("optics")), {"subjects": (Term("vacuum"), Term("optics"))}),
        (AssetSubjectRemoved("vacuum"), {"subjects": ()}),
        (AssetAttachedToFixture(OTHER_ID), {"fixture_id": OTHER_ID}),
        (AssetDetachedFromFixture(FIXTURE_ID), {"fixture_id": None}),
    ],
)
def test_what_an_event_says_becomes_the_state(event: Any, changes: dict[str, Any]) -> None:
    asset = an_asset(
        description="turns",
        family_ids=(FAMILY_ID,),
        ports=(PORT,),
        owners=(Owner("APS"),),
        settings={"a": 1},
        related_identifiers=(MANUAL,),
        subjects=(Term("vacuum"),),
        drawing=DRAWING,
        model_id=MODEL_ID,
        controller_id=PARENT_ID,
        fixture_id=FIXTURE_ID,
    )
    assert folds(ASSET, asset, [event]) == replace(asset, **changes)


def test_an_asset_begins_with_its_registration() -> None:
    with pytest.raises(TypeError):
        ASSET.evolve(None, AssetActivated(), AFTERWARDS)


def test_it_counts_as_commissioned_from_its_registration_until_it_is_activated() -> None:
    registered = AssetRegistered("Rotary", AssetTier.DEVICE, parent_id=PARENT_ID)
    asset = ASSET.evolve(None, registered, Fact(ASSET_ID, NOW))
    assert (asset.registered_at, asset.commissioned_at) == (NOW, NOW)
    asset = ASSET.evolve(asset, AssetActivated(), Fact(ASSET_ID, LATER))
    assert (asset.registered_at, asset.commissioned_at) == (NOW, LATER)


def test_an_identifier_is_assigned_with_its_origin() -> None:
    after = folds(ASSET, an_asset(), [replace(ASSIGNED, value="10.1234/ABCD-ef37")])
    assert after.persistent_id == AssignedIdentifier(
        IdentifierScheme.DOI, "10.1234/abcd-ef37", IdentifierOrigin.MINTED, test=True
    )
    assert "'= 10 1234 abcd ef37 '" in ASSET.search_text(after)


def test_a_second_identifier_is_the_mark_of_a_corrupted_log() -> None:
    once = ASSET.evolve(an_asset(), ASSIGNED, AFTERWARDS)
    for again in (ASSIGNED, replace(ASSIGNED, value="10.1234/other")):
        with pytest.raises(MalformedAssetPersistentIdentifierError):
            ASSET.evolve(once, again, AFTERWARDS)


@pytest.mark.parametrize(
    ("scheme", "value"), [("DOI", "not a doi"), ("DOI", ""), ("Handle", "x"), ("URN", "10.1234/abcd"), ("", "")]
)
def test_an_identifier_that_does_not_parse_is_the_mark_of_a_corrupted_log(scheme: str, value: str) -> None:
    with pytest.raises(MalformedAssetPersistentIdentifierError):
        ASSET.evolve(an_asset(), replace(ASSIGNED, scheme=scheme, value=value), AFTERWARDS)


def test_siblings_share_no_name_and_others_may() -> None:
    one = name_claim("Straße", PARENT_ID, None)
    assert one == name_claim("STRASSE", PARENT_ID, None)
    assert one != name_claim("Straße", OTHER_ID, None)
    assert one != name_claim("Straße", None, "aps")


def test_a_name_moves_with_the_asset() -> None:
    moved = folds(ASSET, an_asset(), [AssetRelocated(PARENT_ID, OTHER_ID, "x")])
    assert list(ASSET.claims(moved)) == [Claim("asset.name", f"{OTHER_ID}/rotary")]


def test_filters_and_sorts_lead_into_the_state() -> None:
    state = {field.name for field in fields(Asset)}
    assert {each.path[0] for each in ASSET.filters.values()} | {path[0] for path in ASSET.sorts.values()} <= state
