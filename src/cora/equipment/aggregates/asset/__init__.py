"""An asset: one physical instrument, or part of one.

`state` says what is known of it, `events` what can happen to it, `errors` what
is refused; this module says how the one follows from the other.
"""

from collections.abc import Collection, Iterable
from dataclasses import replace
from typing import assert_never
from uuid import UUID

from cora.equipment.aggregates.asset.errors import (
    AssetIsDecommissionedError,
    AssetModelMismatchError,
    AssetNameTakenError,
    AssetNotFoundError,
    ControllerIsDecommissionedError,
    ControllerNotFoundError,
    MalformedAssetPersistentIdentifierError,
)
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
    AssetEvent,
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
from cora.equipment.aggregates.asset.state import Asset, AssetCondition, AssetLifecycle, claims, references, texts
from cora.equipment.assigned_identifier import AssignedIdentifier
from cora.equipment.carried_identifiers import as_kept
from cora.kernel.aggregate import Aggregate, Claim, Fact, Filter


def evolve(asset: Asset | None, event: AssetEvent, fact: Fact) -> Asset:
    """The asset after an event.

    Raises `MalformedAssetPersistentIdentifierError` for an identifier that
    does not parse or is not the first: such a log is corrupted.
    """
    if isinstance(event, AssetRegistered):
        return _registered(event, fact)
    if asset is None:
        raise TypeError(f"an asset begins with AssetRegistered, not with {type(event).__name__}")
    match event:
        case AssetDescribed(name, description):
            return replace(asset, name=name, description=description)
        case AssetModelBound(model_id):
            return replace(asset, model_id=model_id)
        case AssetControllerSet(controller_id):
            return replace(asset, controller_id=controller_id)
        case AssetDrawingSet(drawing):
            return replace(asset, drawing=drawing)
        case AssetNoteAdded():
            return asset
        case AssetActivated():
            return replace(asset, lifecycle=AssetLifecycle.ACTIVE, commissioned_at=fact.occurred_at)
        case AssetMaintenanceEntered():
            return replace(asset, lifecycle=AssetLifecycle.MAINTENANCE)
        case AssetMaintenanceExited():
            return replace(asset, lifecycle=AssetLifecycle.ACTIVE)
        case AssetDecommissioned():
            return replace(asset, lifecycle=AssetLifecycle.DECOMMISSIONED, decommissioned_at=fact.occurred_at)
        case AssetRelocated():
            return replace(asset, parent_id=event.to_parent_id)
        case AssetFamilyAdded(family_id):
            return replace(asset, family_ids=(*asset.family_ids, family_id))
        case AssetFamilyRemoved(family_id):
            return replace(asset, family_ids=tuple(each for each in asset.family_ids if each != family_id))
        case AssetPortAdded(port):
            return replace(asset, ports=(*asset.ports, port))
        case AssetPortRemoved(name):
            return replace(asset, ports=tuple(port for port in asset.ports if port.name != name))
        case AssetSettingsUpdated():
            return replace(asset, settings=event.settings)
        case AssetDegraded(reason):
            return replace(asset, condition=AssetCondition.DEGRADED, condition_reason=reason)
        case AssetFaulted(reason):
            return replace(asset, condition=AssetCondition.FAULTED, condition_reason=reason)
        case AssetRestored(reason):
            return replace(asset, condition=AssetCondition.NOMINAL, condition_reason=reason)
        case AssetOwnerAdded(owner):
            return replace(asset, owners=(*asset.owners, owner))
        case AssetOwnerRemoved(name):
            return replace(asset, owners=tuple(owner for owner in asset.owners if owner.name != name))
        case AssetAlternateIdentifierAdded(identifier):
            return replace(asset, alternate_identifiers=(*asset.alternate_identifiers, identifier))
        case AssetAlternateIdentifierRemoved(identifier):
            left = tuple(each for each in asset.alternate_identifiers if each != identifier)
            return replace(asset, alternate_identifiers=left)
        case AssetRelatedIdentifierAdded(identifier):
            return replace(asset, related_identifiers=(*asset.related_identifiers, identifier))
        case AssetRelatedIdentifierRemoved(identifier):
            kept = tuple(each for each in asset.related_identifiers if each != identifier)
            return replace(asset, related_identifiers=kept)
        case AssetSubjectAdded(subject):
            return replace(asset, subjects=(*asset.subjects, subject))
        case AssetSubjectRemoved(name):
            return replace(asset, subjects=tuple(each for each in asset.subjects if each.name != name))
        case AssetAttachedToFixture(fixture_id):
            return replace(asset, fixture_id=fixture_id)
        case AssetDetachedFromFixture():
            return replace(asset, fixture_id=None)
        case AssetPersistentIdAssigned():
            return replace(asset, persistent_id=_assigned(asset, event))
        case _:
            assert_never(event)


def _registered(event: AssetRegistered, fact: Fact) -> Asset:
    return Asset(
        id=fact.id,
        registered_at=fact.occurred_at,
        commissioned_at=fact.occurred_at,
        name=event.name,
        tier=event.tier,
        description=event.description,
        parent_id=event.parent_id,
        facility_code=event.facility_code,
        model_id=event.model_id,
        family_ids=event.family_ids,
        owners=event.owners,
        alternate_identifiers=event.alternate_identifiers,
        related_identifiers=event.related_identifiers,
        subjects=event.subjects,
        ports=event.ports,
        drawing=event.drawing,
        controller_id=event.controller_id,
    )


def _assigned(asset: Asset, event: AssetPersistentIdAssigned) -> AssignedIdentifier:
    if asset.persistent_id is not None:
        raise MalformedAssetPersistentIdentifierError(
            f"asset {asset.id} has {asset.persistent_id.value} and was assigned {event.value} too"
        )
    try:
        return AssignedIdentifier.parsed(event.scheme, event.value, event.origin, event.test)
    except ValueError as wrong:
        raise MalformedAssetPersistentIdentifierError(f"asset {asset.id}: {event.scheme} {event.value!r}") from wrong


def require_living(asset: Asset) -> None:
    """Raises `AssetIsDecommissionedError` when the asset has come to its end."""
    if asset.is_decommissioned:
        raise AssetIsDecommissionedError(asset.id)


def require_declared(family_ids: Iterable[UUID], model_id: UUID, declared_family_ids: Collection[UUID]) -> None:
    """Raises `AssetModelMismatchError` with the smallest of the families that a model does not declare."""
    if undeclared := sorted(set(family_ids).difference(declared_family_ids)):
        raise AssetModelMismatchError(model_id, undeclared[0])


def require_controller(controller_id: UUID, controller: Asset | None) -> None:
    """Raises `ControllerNotFoundError`, or `ControllerIsDecommissionedError` for one that has come to its end."""
    if controller is None:
        raise ControllerNotFoundError(controller_id)
    if controller.is_decommissioned:
        raise ControllerIsDecommissionedError(controller_id)


def _claim_taken(_claim: Claim, asset: Asset, owner: UUID) -> AssetNameTakenError:
    return AssetNameTakenError(asset.name, owner)


ASSET = Aggregate(
    kind="asset",
    collection="assets",
    state=Asset,
    events=AssetEvent.__args__,
    evolve=evolve,
    not_found=AssetNotFoundError,
    references=references,
    claims=claims,
    claim_taken=_claim_taken,
    texts=texts,
    filters={
        "name": Filter(("name",)),
        "tier": Filter(("tier",)),
        "lifecycle": Filter(("lifecycle",)),
        "condition": Filter(("condition",)),
        "parent_id": Filter(("parent_id",), relation="asset.parent_id"),
        "facility_code": Filter(("facility_code",)),
        "model_id": Filter(("model_id",), relation="asset.model_id"),
        "controller_id": Filter(("controller_id",), relation="asset.controller_id"),
        "family_ids": Filter(("family_ids",), many=True, relation="asset.family_ids"),
        "fixture_id": Filter(("fixture_id",), relation="asset.fixture_id"),
        "persistent_id": Filter(("persistent_id", "value"), as_kept=as_kept),
        "owner": Filter(("owners",), many=True, within=("name",)),
        "alternate_identifier": Filter(("alternate_identifiers",), many=True, within=("value",)),
        "related_identifier": Filter(("related_identifiers",), many=True, within=("value",)),
        "subject": Filter(("subjects",), many=True, within=("name",)),
        "registered_at": Filter(("registered_at",), is_time=True),
        "commissioned_at": Filter(("commissioned_at",), is_time=True),
        "decommissioned_at": Filter(("decommissioned_at",), is_time=True),
    },
    sorts={"name": ("name",), "registered_at": ("registered_at",)},
    began="registered_at",
    tree="asset.parent_id",
)
