"""What commands on assets are refused with, in the order of the rows of domain.md."""

from dataclasses import dataclass
from uuid import UUID

from cora.equipment.aggregates.asset.state import AssetLifecycle
from cora.kernel.errors import ConflictError, InvalidError, InvalidRequestError, NotFoundError


@dataclass(eq=False)
class AssetNotFoundError(NotFoundError):
    """There is no such asset."""

    says = "There is no asset {id}."


@dataclass(eq=False)
class AssetIsDecommissionedError(ConflictError):
    """The asset is decommissioned."""

    says = "Asset {asset_id} is decommissioned for good; register a new asset instead."
    asset_id: UUID


@dataclass(eq=False)
class InvalidAssetAnchorError(InvalidError):
    """An asset stands either under a parent or, as a root, in a facility."""

    says = "Give either parent_id (parent: {parent_id}) or facility_code (facility: {facility_code}), and not both."
    parent_id: UUID | None
    facility_code: str | None


@dataclass(eq=False)
class ParentNotFoundError(NotFoundError):
    """There is no asset that could be the parent."""

    says = "There is no asset {id} to be the parent; register it first."


@dataclass(eq=False)
class ParentIsDecommissionedError(ConflictError):
    """The parent is decommissioned."""

    says = "Asset {parent_id} is decommissioned and takes no further parts; name another parent."
    parent_id: UUID


@dataclass(eq=False)
class ControllerNotFoundError(NotFoundError):
    """There is no asset that could be the controller."""

    says = "There is no asset {id} to be the controller; register it first."


@dataclass(eq=False)
class ControllerIsDecommissionedError(ConflictError):
    """The controller is decommissioned."""

    says = "Asset {controller_id} is decommissioned and controls nothing; name another controller."
    controller_id: UUID


@dataclass(eq=False)
class ControllerCycleError(ConflictError):
    """The asset would control itself, at the end of the line of its controllers."""

    says = "Asset {controller_id} cannot be the controller of asset {asset_id}: {why}."
    asset_id: UUID
    controller_id: UUID
    why: str


@dataclass(eq=False)
class AssetModelMismatchError(ConflictError):
    """The asset would be of a family that its model does not declare."""

    says = "Model {model_id} does not declare family {family_id}; add the family to the model first."
    model_id: UUID
    family_id: UUID


@dataclass(eq=False)
class AssetNameTakenError(ConflictError):
    """A living sibling has this name."""

    says = (
        "Asset {existing_id} stands beside it and is named {name!r}, upper and lower case alike; choose another name."
    )
    name: str
    existing_id: UUID


@dataclass(eq=False)
class AssetCannotActivateError(ConflictError):
    """Only a commissioned asset can be activated."""

    says = "Asset {asset_id} is {lifecycle}; only a Commissioned one can be activated."
    asset_id: UUID
    lifecycle: AssetLifecycle


@dataclass(eq=False)
class AssetCannotEnterMaintenanceError(ConflictError):
    """Only an active asset can enter maintenance."""

    says = "Asset {asset_id} is {lifecycle}; only an Active one can enter maintenance."
    asset_id: UUID
    lifecycle: AssetLifecycle


@dataclass(eq=False)
class AssetCannotExitMaintenanceError(ConflictError):
    """Only an asset in maintenance can exit it."""

    says = "Asset {asset_id} is {lifecycle}; only one in Maintenance can exit it."
    asset_id: UUID
    lifecycle: AssetLifecycle


@dataclass(eq=False)
class AssetHasFixtureBindingError(ConflictError):
    """The asset is attached to a fixture."""

    says = "Asset {asset_id} is attached to fixture {fixture_id}; detach it first."
    asset_id: UUID
    fixture_id: UUID


@dataclass(eq=False)
class AssetIsInstalledError(ConflictError):
    """The asset is installed in a mount."""

    says = "Asset {asset_id} is installed in mount {mount_id}; uninstall it first."
    asset_id: UUID
    mount_id: UUID


@dataclass(eq=False)
class AssetHasActiveChildrenError(ConflictError):
    """Parts of the asset are not decommissioned."""

    says = "Asset {child_id} is a part of asset {asset_id}; decommission or relocate it and any other part first."
    asset_id: UUID
    child_id: UUID


@dataclass(eq=False)
class AssetHasControlledAssetsError(ConflictError):
    """The asset controls other assets."""

    says = "Asset {asset_id} controls asset {controlled_id}; give that one and any other another controller first."
    asset_id: UUID
    controlled_id: UUID


@dataclass(eq=False)
class AssetCannotDecommissionError(ConflictError):
    """The asset is decommissioned already."""

    says = "Asset {asset_id} is {lifecycle} already."
    asset_id: UUID
    lifecycle: AssetLifecycle


@dataclass(eq=False)
class AssetCannotRelocateError(ConflictError):
    """The asset cannot stand under that parent."""

    says = "Asset {asset_id} cannot be moved under {to_parent_id}: {why}."
    asset_id: UUID
    to_parent_id: UUID
    why: str


@dataclass(eq=False)
class AssetFamilyAlreadyPresentError(ConflictError):
    """The asset is of this family already."""

    says = "Asset {asset_id} is of family {family_id} already."
    asset_id: UUID
    family_id: UUID


@dataclass(eq=False)
class AssetFamilyNotPresentError(ConflictError):
    """The asset is not of this family."""

    says = "Asset {asset_id} is not of family {family_id}; its families are in its state."
    asset_id: UUID
    family_id: UUID


@dataclass(eq=False)
class AssetPortAlreadyPresentError(ConflictError):
    """The asset has a port of this name."""

    says = "Asset {asset_id} has a port {name!r} already; choose another name or remove that port first."
    asset_id: UUID
    name: str


@dataclass(eq=False)
class AssetPortNotPresentError(ConflictError):
    """The asset has no port of this name."""

    says = "Asset {asset_id} has no port {name!r}; its ports are in its state."
    asset_id: UUID
    name: str


@dataclass(eq=False)
class InvalidAssetSettingsError(InvalidRequestError):
    """The settings would break the schemas of the asset's families."""


@dataclass(eq=False)
class AssetOwnerAlreadyPresentError(ConflictError):
    """The asset has an owner of this name."""

    says = "Asset {asset_id} has an owner {name!r} already; remove it first to record it anew."
    asset_id: UUID
    name: str


@dataclass(eq=False)
class AssetOwnerNotPresentError(ConflictError):
    """The asset has no owner of this name."""

    says = "Asset {asset_id} has no owner {name!r}; its owners are in its state."
    asset_id: UUID
    name: str


@dataclass(eq=False)
class AssetAlternateIdentifierAlreadyPresentError(ConflictError):
    """The asset has this identifier already."""

    says = "Asset {asset_id} has the {kind} {value!r} already."
    asset_id: UUID
    kind: str
    value: str


@dataclass(eq=False)
class AssetAlternateIdentifierNotPresentError(ConflictError):
    """The asset has no such identifier."""

    says = "Asset {asset_id} has no {kind} {value!r}; its identifiers are in its state."
    asset_id: UUID
    kind: str
    value: str


@dataclass(eq=False)
class AssetRelatedIdentifierAlreadyPresentError(ConflictError):
    """The asset is said to be related to this already."""

    says = "Asset {asset_id} has the related identifier {relation} {scheme} {value!r} already."
    asset_id: UUID
    relation: str
    scheme: str
    value: str


@dataclass(eq=False)
class AssetRelatedIdentifierNotPresentError(ConflictError):
    """The asset is not said to be related to this."""

    says = "Asset {asset_id} has no {relation} {scheme} {value!r}; its related identifiers are in its state."
    asset_id: UUID
    relation: str
    scheme: str
    value: str


@dataclass(eq=False)
class AssetSubjectAlreadyPresentError(ConflictError):
    """The asset has a subject of this name."""

    says = "Asset {asset_id} has a subject {name!r} already; remove it first to record it anew."
    asset_id: UUID
    name: str


@dataclass(eq=False)
class AssetSubjectNotPresentError(ConflictError):
    """The asset has no subject of this name."""

    says = "Asset {asset_id} has no subject {name!r}; its subjects are in its state."
    asset_id: UUID
    name: str


@dataclass(eq=False)
class AssetAlreadyAttachedToFixtureError(ConflictError):
    """The asset is attached to a fixture already."""

    says = "Asset {asset_id} is attached to fixture {fixture_id}; detach it first."
    asset_id: UUID
    fixture_id: UUID


@dataclass(eq=False)
class AssetCannotAttachToFixtureError(ConflictError):
    """A decommissioned asset is not attached to anything."""

    says = "Asset {asset_id} is {lifecycle} and cannot be attached to a fixture."
    asset_id: UUID
    lifecycle: AssetLifecycle


@dataclass(eq=False)
class AssetNotBoundInFixtureError(ConflictError):
    """The asset fills no slot of the fixture."""

    says = "Asset {asset_id} is in no slot of fixture {fixture_id}; register a fixture that binds it first."
    asset_id: UUID
    fixture_id: UUID


@dataclass(eq=False)
class AssetNotAttachedToFixtureError(ConflictError):
    """The asset is attached to no fixture."""

    says = "Asset {asset_id} is attached to no fixture."
    asset_id: UUID


@dataclass(eq=False)
class AssetAttachedToDifferentFixtureError(ConflictError):
    """The asset is attached to another fixture than the one named."""

    says = "Asset {asset_id} is attached to fixture {fixture_id}, not to {expected_fixture_id}; name that one."
    asset_id: UUID
    fixture_id: UUID
    expected_fixture_id: UUID


class MalformedAssetPersistentIdentifierError(Exception):
    """The log holds an identifier for an asset that does not parse, or a second one: the log is corrupted."""
