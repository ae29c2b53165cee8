"""Record an instrument, or a part of one, with all that is known of it. A root (a beamline, say) names its facility,
everything else its parent. A part is an asset of its own if it can be swapped or retired alone, if anything else must
point at it, or if it needs its own settings."""

from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated, TypeVar
from uuid import UUID

from pydantic import Field

from cora.equipment.aggregates.asset import ASSET, require_controller, require_declared
from cora.equipment.aggregates.asset.errors import (
    AssetModelMismatchError,
    AssetNameTakenError,
    ControllerIsDecommissionedError,
    ControllerNotFoundError,
    InvalidAssetAnchorError,
    ParentIsDecommissionedError,
    ParentNotFoundError,
)
from cora.equipment.aggregates.asset.events import AssetRegistered
from cora.equipment.aggregates.asset.state import (
    Asset,
    AssetTier,
    identifier_key,
    name_claim,
    owner_key,
    port_key,
    subject_key,
)
from cora.equipment.aggregates.facility import FacilityNotFoundError, facility_claim
from cora.equipment.aggregates.family import FAMILY, Family, FamilyDeprecatedError, FamilyNotFoundError, require_usable
from cora.equipment.aggregates.model import MODEL, Model, ModelDeprecatedError, ModelNotFoundError, require_current
from cora.equipment.related_identifier import RelatedIdentifier
from cora.equipment.values import (
    AlternateIdentifier,
    Description,
    Drawing,
    Name,
    OwnerGiven,
    Port,
    Slug,
    Term,
)
from cora.kernel.aggregate import Claim
from cora.kernel.errors import InvalidRequestError, Violation
from cora.kernel.principal import Role
from cora.kernel.reader import Reader
from cora.kernel.slice import Creation, decides

T = TypeVar("T")


class RegisterAsset(Creation):
    """One physical instrument, or part of one; give `facility_code` for a root and `parent_id` for anything else."""

    name: Name
    tier: AssetTier
    description: Description | None = None
    parent_id: UUID | None = None
    facility_code: Slug | None = None
    model_id: UUID | None = None
    family_ids: Annotated[tuple[UUID, ...], Field(max_length=200)] = ()
    owners: Annotated[tuple[OwnerGiven, ...], Field(max_length=200)] = ()
    alternate_identifiers: Annotated[tuple[AlternateIdentifier, ...], Field(max_length=1000)] = ()
    ports: Annotated[tuple[Port, ...], Field(max_length=1000)] = ()
    drawing: Drawing | None = None
    controller_id: UUID | None = None
    related_identifiers: Annotated[tuple[RelatedIdentifier, ...], Field(max_length=1000)] = ()
    subjects: Annotated[tuple[Term, ...], Field(max_length=1000)] = ()


@dataclass(frozen=True)
class Context:
    """The records that the new asset is to point at, and who has its name."""

    facility_id: UUID | None
    parent: Asset | None
    model: Model | None
    families: dict[UUID, Family | None]
    controller: Asset | None
    name_owner: UUID | None


async def load_context(command: RegisterAsset, read: Reader) -> Context:
    await read.ahead(command.parent_id, command.model_id, *command.family_ids, command.controller_id)
    return Context(
        facility_id=await read.owner(facility_claim(command.facility_code)) if command.facility_code else None,
        parent=await read.get(ASSET, command.parent_id) if command.parent_id else None,
        model=await read.get(MODEL, command.model_id) if command.model_id else None,
        families={family_id: await read.get(FAMILY, family_id) for family_id in command.family_ids},
        controller=await read.get(ASSET, command.controller_id) if command.controller_id else None,
        # The append refuses a taken name. It is looked up only where a refusal follows that comes after.
        name_owner=await read.owner(_name_claim(command)) if _duplicates(command) else None,
    )


@decides(
    "POST /assets",
    on=ASSET,
    allow=Role.OPERATOR,
    refuses=(
        InvalidAssetAnchorError,
        FacilityNotFoundError,
        ParentNotFoundError,
        ParentIsDecommissionedError,
        ModelNotFoundError,
        ModelDeprecatedError,
        FamilyNotFoundError,
        FamilyDeprecatedError,
        ControllerNotFoundError,
        ControllerIsDecommissionedError,
        AssetModelMismatchError,
        AssetNameTakenError,
        InvalidRequestError,
    ),
    loads=load_context,
)
def register_asset(command: RegisterAsset, context: Context) -> list[AssetRegistered]:
    _require_anchor(command, context)
    if command.model_id is not None:
        require_current(command.model_id, context.model)
    require_usable(command.family_ids, context.families)
    if command.controller_id is not None:
        require_controller(command.controller_id, context.controller)
    if context.model is not None:
        require_declared(command.family_ids, context.model.id, context.model.declared_family_ids)
    if context.name_owner is not None:
        raise AssetNameTakenError(command.name, context.name_owner)
    if duplicates := _duplicates(command):
        raise InvalidRequestError(duplicates)
    return [
        AssetRegistered(
            name=command.name,
            tier=command.tier,
            description=command.description,
            parent_id=command.parent_id,
            facility_code=command.facility_code,
            model_id=command.model_id,
            family_ids=command.family_ids,
            owners=tuple(owner.owner() for owner in command.owners),
            alternate_identifiers=command.alternate_identifiers,
            ports=command.ports,
            drawing=command.drawing,
            controller_id=command.controller_id,
            related_identifiers=command.related_identifiers,
            subjects=command.subjects,
        )
    ]


def _name_claim(command: RegisterAsset) -> Claim:
    return name_claim(command.name, command.parent_id, command.facility_code)


def _require_anchor(command: RegisterAsset, context: Context) -> None:
    if (command.parent_id is None) == (command.facility_code is None):
        raise InvalidAssetAnchorError(command.parent_id, command.facility_code)
    if command.facility_code is not None and context.facility_id is None:
        raise FacilityNotFoundError(command.facility_code)
    if command.parent_id is not None:
        if context.parent is None:
            raise ParentNotFoundError(command.parent_id)
        if context.parent.is_decommissioned:
            raise ParentIsDecommissionedError(command.parent_id)


def _duplicates(command: RegisterAsset) -> tuple[Violation, ...]:
    """Each entry of a list that repeats an earlier one of the same list."""
    return (
        *_repeated("family_ids", command.family_ids, lambda family_id: family_id),
        *_repeated("owners", command.owners, lambda owner: owner_key(owner.name)),
        *_repeated("alternate_identifiers", command.alternate_identifiers, identifier_key),
        *_repeated("ports", command.ports, lambda port: port_key(port.name)),
        *_repeated("related_identifiers", command.related_identifiers, lambda related: related.key),
        *_repeated("subjects", command.subjects, lambda subject: subject_key(subject.name)),
    )


def _repeated(field: str, entries: Sequence[T], key: Callable[[T], Hashable]) -> Iterator[Violation]:
    first: dict[Hashable, int] = {}
    for index, entry in enumerate(entries):
        earlier = first.setdefault(key(entry), index)
        if earlier != index:
            yield Violation(f"/{field}/{index}", f"repeats /{field}/{earlier}; leave one of them out")
