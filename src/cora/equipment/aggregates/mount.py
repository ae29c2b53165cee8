"""A mount: a place where one asset can be bolted. Where an asset is lives here alone."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import ClassVar, assert_never
from uuid import UUID

from cora.equipment.aggregates.asset.state import INSTALLED_IN, AssetLifecycle, installation_claim
from cora.equipment.values import Drawing, Placement, folded
from cora.kernel.aggregate import Aggregate, Claim, Event, Fact, Filter, Reference, former
from cora.kernel.errors import ConflictError, NotFoundError, Refusal
from cora.kernel.moment import Moment
from cora.kernel.search import Text, Weight


class MountStatus(StrEnum):
    """Whether a mount is in use."""

    ACTIVE = "Active"
    DECOMMISSIONED = "Decommissioned"


@dataclass(frozen=True)
class Mount:
    """A place, its position in a frame, and what is bolted there.

    `parent_id` is the slot above in the tree of slots. `installed_at` is when
    the present asset was bolted there.
    """

    id: UUID
    slot_code: str
    placement: Placement
    parent_id: UUID | None = None
    drawing: Drawing | None = None
    installed_asset_id: UUID | None = None
    installed_at: Moment | None = None
    status: MountStatus = MountStatus.ACTIVE


@dataclass(frozen=True)
class MountRegistered(Event):
    """A mount became known."""

    slot_code: str
    placement: Placement
    parent_id: UUID | None = None
    drawing: Drawing | None = None


@dataclass(frozen=True)
class MountAssetInstalled(Event):
    """An asset was bolted there."""

    joins: ClassVar[tuple[str, ...] | None] = ("asset_id",)
    asset_id: UUID


@dataclass(frozen=True)
class MountAssetUninstalled(Event):
    """The asset was taken away."""

    joins: ClassVar[tuple[str, ...] | None] = ("asset_id",)
    asset_id: UUID
    reason: str


@dataclass(frozen=True)
class MountDrawingSet(Event):
    """It is shown on a drawing; None: on none."""

    drawing: Drawing | None


@dataclass(frozen=True)
class MountPlacementUpdated(Event):
    """It was found or put elsewhere, in the same frame or another."""

    placement: Placement


@dataclass(frozen=True)
class MountDecommissioned(Event):
    """It came to its end."""

    reason: str


MountEvent = (
    MountRegistered
    | MountAssetInstalled
    | MountAssetUninstalled
    | MountDrawingSet
    | MountPlacementUpdated
    | MountDecommissioned
)


@dataclass(eq=False)
class MountNotFoundError(NotFoundError):
    """There is no such mount."""

    says = "There is no mount {id}."


@dataclass(eq=False)
class MountIsDecommissionedError(ConflictError):
    """The mount is decommissioned."""

    says = "Mount {mount_id} is decommissioned and takes no further slots; name another parent."
    mount_id: UUID


@dataclass(eq=False)
class MountAlreadyExistsError(ConflictError):
    """An active mount has this slot code."""

    says = "Mount {existing_id} has the slot code {slot_code!r}, upper and lower case alike; choose another."
    slot_code: str
    existing_id: UUID


@dataclass(eq=False)
class MountCannotUpdateError(ConflictError):
    """Only an active mount changes."""

    says = "Mount {mount_id} is {mount_status}; only an Active one changes."
    mount_id: UUID
    mount_status: MountStatus


@dataclass(eq=False)
class AssetNotInstallableError(ConflictError):
    """Only an active asset can be installed."""

    says = "Asset {asset_id} is {lifecycle}; only an Active one can be installed."
    asset_id: UUID
    lifecycle: AssetLifecycle


@dataclass(eq=False)
class AssetAlreadyInstalledElsewhereError(ConflictError):
    """The asset is installed in another mount."""

    says = "Asset {asset_id} is installed in mount {mount_id}; uninstall it there first."
    asset_id: UUID
    mount_id: UUID


@dataclass(eq=False)
class MountAlreadyOccupiedError(ConflictError):
    """Another asset is installed in the mount."""

    says = "Asset {installed_asset_id} is installed in mount {mount_id}; uninstall it first."
    mount_id: UUID
    installed_asset_id: UUID


@dataclass(eq=False)
class MountIsEmptyError(ConflictError):
    """Nothing is installed in the mount."""

    says = "Nothing is installed in mount {mount_id}."
    mount_id: UUID


@dataclass(eq=False)
class MountHasFixtureBoundAssetError(ConflictError):
    """The installed asset is attached to a fixture."""

    says = "Asset {asset_id} in mount {mount_id} is attached to fixture {fixture_id}; detach it first."
    mount_id: UUID
    asset_id: UUID
    fixture_id: UUID


@dataclass(eq=False)
class MountCannotDecommissionError(ConflictError):
    """The mount is decommissioned already."""

    says = "Mount {mount_id} is {mount_status} already."
    mount_id: UUID
    mount_status: MountStatus


@dataclass(eq=False)
class MountHasAssetInstalledError(ConflictError):
    """An asset is installed in the mount."""

    says = "Asset {asset_id} is installed in mount {mount_id}; uninstall it first."
    mount_id: UUID
    asset_id: UUID


@dataclass(eq=False)
class MountHasActiveChildrenError(ConflictError):
    """Slots below the mount are not decommissioned."""

    says = "Mount {child_id} is a slot below mount {mount_id}; decommission it and any other slot below first."
    mount_id: UUID
    child_id: UUID


def evolve(mount: Mount | None, event: MountEvent, fact: Fact) -> Mount:
    """The mount after an event."""
    if isinstance(event, MountRegistered):
        return Mount(
            id=fact.id,
            slot_code=event.slot_code,
            placement=event.placement,
            parent_id=event.parent_id,
            drawing=event.drawing,
        )
    if mount is None:
        raise TypeError(f"a mount begins with MountRegistered, not with {type(event).__name__}")
    match event:
        case MountAssetInstalled(asset_id):
            return replace(mount, installed_asset_id=asset_id, installed_at=fact.occurred_at)
        case MountAssetUninstalled():
            return replace(mount, installed_asset_id=None, installed_at=None)
        case MountDrawingSet(drawing):
            return replace(mount, drawing=drawing)
        case MountPlacementUpdated(placement):
            return replace(mount, placement=placement)
        case MountDecommissioned():
            return replace(mount, status=MountStatus.DECOMMISSIONED)
        case _:
            assert_never(event)


def require_active(mount: Mount) -> None:
    """Raises `MountCannotUpdateError` unless the mount is in use."""
    if mount.status is not MountStatus.ACTIVE:
        raise MountCannotUpdateError(mount.id, mount.status)


def references(mount: Mount) -> Iterable[Reference]:
    """What a mount holds, the slot above it and the frame it is placed in."""
    found = _references(mount)
    return found if mount.status is MountStatus.ACTIVE else former(found)


def _references(mount: Mount) -> Iterable[Reference]:
    yield Reference("mount.placement", mount.placement.parent_frame_id)
    if mount.parent_id is not None:
        yield Reference("mount.parent_id", mount.parent_id)
    if mount.installed_asset_id is not None:
        yield Reference(INSTALLED_IN, mount.installed_asset_id)


def mount_claim(slot_code: str) -> Claim:
    """The claim by which an active mount is found by its slot code."""
    return Claim("mount.slot_code", folded(slot_code))


def claims(mount: Mount) -> Iterable[Claim]:
    """Its slot code, and the one place of the asset that is installed."""
    if mount.status is not MountStatus.ACTIVE:
        return
    yield mount_claim(mount.slot_code)
    if mount.installed_asset_id is not None:
        yield installation_claim(mount.installed_asset_id)


def _claim_taken(claim: Claim, mount: Mount, owner: UUID) -> Refusal:
    if claim.what == INSTALLED_IN:
        return AssetAlreadyInstalledElsewhereError(UUID(claim.value), owner)
    return MountAlreadyExistsError(mount.slot_code, owner)


def _texts(mount: Mount) -> Iterable[Text]:
    yield Text("slot_code", mount.slot_code, Weight.OWN)
    if mount.drawing is not None:
        yield Text("drawing", mount.drawing.number)


MOUNT = Aggregate(
    kind="mount",
    collection="mounts",
    state=Mount,
    events=MountEvent.__args__,
    evolve=evolve,
    not_found=MountNotFoundError,
    references=references,
    claims=claims,
    claim_taken=_claim_taken,
    texts=_texts,
    filters={
        "slot_code": Filter(("slot_code",)),
        "status": Filter(("status",)),
        "parent_id": Filter(("parent_id",), relation="mount.parent_id"),
        "frame": Filter(("placement", "parent_frame_id"), relation="mount.placement"),
        "installed_asset_id": Filter(("installed_asset_id",), relation=INSTALLED_IN),
        "installed_at": Filter(("installed_at",), is_time=True),
    },
    sorts={"slot_code": ("slot_code",)},
    title=("slot_code",),
    tree="mount.parent_id",
)
