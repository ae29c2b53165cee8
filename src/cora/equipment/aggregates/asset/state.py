"""What is known of an asset."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any
from uuid import UUID

from cora.equipment.assigned_identifier import AssignedIdentifier
from cora.equipment.carried_identifiers import identifier_references
from cora.equipment.related_identifier import RelatedIdentifier
from cora.equipment.values import AlternateIdentifier, Drawing, Owner, Port, Term, folded
from cora.kernel.aggregate import Claim, Reference, former
from cora.kernel.moment import Moment
from cora.kernel.search import Text, Weight, texts_within

INSTALLED_IN = "mount.installed_asset_id"
"""The claim, and the relation, by which a mount holds an asset."""


ASSET_IDENTIFIER = "asset.identifier"
"""The relation by which an asset is found by any of its identifiers."""


class AssetTier(StrEnum):
    """The level of an asset in the ISA-88 equipment hierarchy."""

    UNIT = "Unit"
    COMPONENT = "Component"
    DEVICE = "Device"


class AssetLifecycle(StrEnum):
    """Where an asset stands between its registration and its end."""

    COMMISSIONED = "Commissioned"
    ACTIVE = "Active"
    MAINTENANCE = "Maintenance"
    DECOMMISSIONED = "Decommissioned"


class AssetCondition(StrEnum):
    """How well an asset works; it moves on its own, in any lifecycle."""

    NOMINAL = "Nominal"
    DEGRADED = "Degraded"
    FAULTED = "Faulted"


@dataclass(frozen=True)
class Asset:
    """One physical instrument, or part of one.

    A root names a facility and no parent, every other asset a parent and no
    facility. `condition_reason` is what the latest report of its condition
    said. `commissioned_at` is the first activation, before it the registration.
    """

    id: UUID
    name: str
    tier: AssetTier
    registered_at: Moment
    commissioned_at: Moment
    description: str | None = None
    parent_id: UUID | None = None
    facility_code: str | None = None
    lifecycle: AssetLifecycle = AssetLifecycle.COMMISSIONED
    condition: AssetCondition = AssetCondition.NOMINAL
    condition_reason: str | None = None
    family_ids: tuple[UUID, ...] = ()
    settings: dict[str, Any] = field(default_factory=dict[str, Any])
    ports: tuple[Port, ...] = ()
    owners: tuple[Owner, ...] = ()
    alternate_identifiers: tuple[AlternateIdentifier, ...] = ()
    related_identifiers: tuple[RelatedIdentifier, ...] = ()
    subjects: tuple[Term, ...] = ()
    drawing: Drawing | None = None
    model_id: UUID | None = None
    controller_id: UUID | None = None
    fixture_id: UUID | None = None
    persistent_id: AssignedIdentifier | None = None
    decommissioned_at: Moment | None = None

    @property
    def is_decommissioned(self) -> bool:
        """Whether it has come to its end."""
        return self.lifecycle is AssetLifecycle.DECOMMISSIONED


def name_claim(name: str, parent_id: UUID | None, facility_code: str | None) -> Claim:
    """The claim on a name among the living children of a parent, or the roots of a facility."""
    return Claim("asset.name", f"{parent_id or facility_code}/{folded(name)}")


def installation_claim(asset_id: UUID) -> Claim:
    """The claim that the mount where an asset is installed holds."""
    return Claim(INSTALLED_IN, str(asset_id))


def port_key(name: str) -> str:
    """By what a port is found inside one asset."""
    return folded(name)


def owner_key(name: str) -> str:
    """By what an owner is found inside one asset."""
    return folded(name)


def identifier_key(identifier: AlternateIdentifier) -> tuple[str, str, str]:
    """What makes an alternate identifier unique inside one asset; `Other` is told apart by its name too."""
    named = (identifier.kind == "Other" and identifier.name) or ""
    return identifier.kind, folded(identifier.value), folded(named)


def subject_key(name: str) -> str:
    """By what a subject is found inside one asset."""
    return folded(name)


def references(asset: Asset) -> Iterable[Reference]:
    """The records that an asset points at, and the identifiers it is found by."""
    found = _references(asset)
    return former(found) if asset.is_decommissioned else found


def _references(asset: Asset) -> Iterable[Reference]:
    for relation, target in (
        ("asset.parent_id", asset.parent_id),
        ("asset.model_id", asset.model_id),
        ("asset.controller_id", asset.controller_id),
        ("asset.fixture_id", asset.fixture_id),
    ):
        if target is not None:
            yield Reference(relation, target)
    for family_id in asset.family_ids:
        yield Reference("asset.family_ids", family_id)
    yield from identifier_references(
        ASSET_IDENTIFIER, asset.alternate_identifiers, asset.persistent_id, asset.related_identifiers
    )


def claims(asset: Asset) -> Iterable[Claim]:
    """Its name among its living siblings."""
    if not asset.is_decommissioned:
        yield name_claim(asset.name, asset.parent_id, asset.facility_code)


def texts(asset: Asset) -> Iterable[Text]:
    """Its name, every identifier, the names of what belongs to it, what it is related to and about, its description."""
    yield Text("name", asset.name, Weight.OWN)
    if asset.persistent_id is not None:
        yield Text("persistent_id", asset.persistent_id.value, Weight.OWN)
    for identifier in asset.alternate_identifiers:
        yield Text("alternate_identifiers", identifier.value, Weight.OWN)
        yield Text("alternate_identifiers", identifier.name)
    for related in asset.related_identifiers:
        yield Text("related_identifiers", related.value)
        yield Text("related_identifiers", related.name)
    for subject in asset.subjects:
        yield Text("subjects", subject.name)
        yield Text("subjects", subject.identifier)
    for port in asset.ports:
        yield Text("ports", port.name)
    for owner in asset.owners:
        yield Text("owners", owner.name)
        yield Text("owners", owner.identifier.value if owner.identifier else None)
    if asset.drawing is not None:
        yield Text("drawing", asset.drawing.number)
    yield from texts_within("settings", asset.settings)
    yield Text("description", asset.description, Weight.PROSE)
