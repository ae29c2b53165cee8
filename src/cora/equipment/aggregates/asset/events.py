"""What can happen to an asset."""

from dataclasses import dataclass
from typing import Any, ClassVar
from uuid import UUID

from cora.equipment.aggregates.asset.state import AssetTier
from cora.equipment.assigned_identifier import IdentifierOrigin
from cora.equipment.related_identifier import RelatedIdentifier
from cora.equipment.values import AlternateIdentifier, Drawing, Owner, Port, Term
from cora.kernel.aggregate import Event


@dataclass(frozen=True)
class AssetRegistered(Event):
    """An asset became known; all that was said of it."""

    name: str
    tier: AssetTier
    description: str | None = None
    parent_id: UUID | None = None
    facility_code: str | None = None
    model_id: UUID | None = None
    family_ids: tuple[UUID, ...] = ()
    owners: tuple[Owner, ...] = ()
    alternate_identifiers: tuple[AlternateIdentifier, ...] = ()
    ports: tuple[Port, ...] = ()
    drawing: Drawing | None = None
    controller_id: UUID | None = None
    related_identifiers: tuple[RelatedIdentifier, ...] = ()
    subjects: tuple[Term, ...] = ()


@dataclass(frozen=True)
class AssetDescribed(Event):
    """Its name and description were given anew."""

    name: str
    description: str | None


@dataclass(frozen=True)
class AssetModelBound(Event):
    """It was found to be of a model; `previous_model_id` is the one it was said to be of before."""

    model_id: UUID
    previous_model_id: UUID | None = None
    reason: str | None = None


@dataclass(frozen=True)
class AssetControllerSet(Event):
    """Another asset drives it; None: none does."""

    controller_id: UUID | None


@dataclass(frozen=True)
class AssetDrawingSet(Event):
    """It is shown on a drawing; None: on none."""

    drawing: Drawing | None


@dataclass(frozen=True)
class AssetNoteAdded(Event):
    """Somebody noted something about it. It stands in the history alone."""

    text: str


@dataclass(frozen=True)
class AssetActivated(Event):
    """It went into service."""


@dataclass(frozen=True)
class AssetMaintenanceEntered(Event):
    """It was taken out of service for maintenance."""


@dataclass(frozen=True)
class AssetMaintenanceExited(Event):
    """It went back into service."""


@dataclass(frozen=True)
class AssetDecommissioned(Event):
    """It came to its end."""

    reason: str


@dataclass(frozen=True)
class AssetRelocated(Event):
    """It became a part of another asset."""

    joins: ClassVar[tuple[str, ...] | None] = ("from_parent_id", "to_parent_id")
    from_parent_id: UUID
    to_parent_id: UUID
    reason: str


@dataclass(frozen=True)
class AssetFamilyAdded(Event):
    """It was found to be of a family."""

    family_id: UUID


@dataclass(frozen=True)
class AssetFamilyRemoved(Event):
    """It is no longer said to be of a family."""

    family_id: UUID


@dataclass(frozen=True)
class AssetPortAdded(Event):
    """It has a port."""

    port: Port


@dataclass(frozen=True)
class AssetPortRemoved(Event):
    """It no longer has a port."""

    name: str


@dataclass(frozen=True)
class AssetSettingsUpdated(Event):
    """Its settings changed: the patch that was sent, and what came of it."""

    patch: dict[str, Any]
    settings: dict[str, Any]


@dataclass(frozen=True)
class AssetDegraded(Event):
    """It was reported to work less well than it should."""

    reason: str


@dataclass(frozen=True)
class AssetFaulted(Event):
    """It was reported not to work."""

    reason: str


@dataclass(frozen=True)
class AssetRestored(Event):
    """It was reported to work as it should."""

    reason: str


@dataclass(frozen=True)
class AssetOwnerAdded(Event):
    """It has an owner."""

    owner: Owner


@dataclass(frozen=True)
class AssetOwnerRemoved(Event):
    """It no longer has an owner."""

    name: str


@dataclass(frozen=True)
class AssetAlternateIdentifierAdded(Event):
    """It is known by an identifier of its maker or its house."""

    identifier: AlternateIdentifier


@dataclass(frozen=True)
class AssetAlternateIdentifierRemoved(Event):
    """It is no longer known by an identifier."""

    identifier: AlternateIdentifier


@dataclass(frozen=True)
class AssetRelatedIdentifierAdded(Event):
    """It is said to be related to what has an identifier."""

    identifier: RelatedIdentifier


@dataclass(frozen=True)
class AssetRelatedIdentifierRemoved(Event):
    """It is no longer said to be related to that."""

    identifier: RelatedIdentifier


@dataclass(frozen=True)
class AssetSubjectAdded(Event):
    """It is found under a subject."""

    subject: Term


@dataclass(frozen=True)
class AssetSubjectRemoved(Event):
    """It is no longer found under a subject."""

    name: str


@dataclass(frozen=True)
class AssetAttachedToFixture(Event):
    """It serves in a fixture that binds it."""

    joins: ClassVar[tuple[str, ...] | None] = ("fixture_id",)
    fixture_id: UUID


@dataclass(frozen=True)
class AssetDetachedFromFixture(Event):
    """It no longer serves in a fixture."""

    joins: ClassVar[tuple[str, ...] | None] = ("fixture_id",)
    fixture_id: UUID


@dataclass(frozen=True)
class AssetPersistentIdAssigned(Event):
    """The world can cite it: set once, never cleared or changed."""

    scheme: str
    value: str
    origin: IdentifierOrigin
    test: bool = False


AssetEvent = (
    AssetRegistered
    | AssetDescribed
    | AssetModelBound
    | AssetControllerSet
    | AssetDrawingSet
    | AssetNoteAdded
    | AssetActivated
    | AssetMaintenanceEntered
    | AssetMaintenanceExited
    | AssetDecommissioned
    | AssetRelocated
    | AssetFamilyAdded
    | AssetFamilyRemoved
    | AssetPortAdded
    | AssetPortRemoved
    | AssetSettingsUpdated
    | AssetDegraded
    | AssetFaulted
    | AssetRestored
    | AssetOwnerAdded
    | AssetOwnerRemoved
    | AssetAlternateIdentifierAdded
    | AssetAlternateIdentifierRemoved
    | AssetRelatedIdentifierAdded
    | AssetRelatedIdentifierRemoved
    | AssetSubjectAdded
    | AssetSubjectRemoved
    | AssetAttachedToFixture
    | AssetDetachedFromFixture
    | AssetPersistentIdAssigned
)
