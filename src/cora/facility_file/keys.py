"""Natural keys: how a record is found by what people call it. A key is the claim that the record holds."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple
from uuid import UUID

from cora.equipment.aggregates.assembly import ASSEMBLY, assembly_claim
from cora.equipment.aggregates.asset import ASSET
from cora.equipment.aggregates.asset.state import installation_claim, name_claim
from cora.equipment.aggregates.facility import FACILITY, facility_claim
from cora.equipment.aggregates.family import FAMILY, family_claim
from cora.equipment.aggregates.fixture import FIXTURE, fixture_claim
from cora.equipment.aggregates.frame import FRAME, frame_claim
from cora.equipment.aggregates.model import MODEL, model_claim
from cora.equipment.aggregates.mount import MOUNT, mount_claim
from cora.equipment.aggregates.persistent_id import PERSISTENT_ID
from cora.equipment.aggregates.role import ROLE
from cora.kernel.aggregate import Aggregate, Claim

AGGREGATES: Mapping[str, Aggregate[Any]] = MappingProxyType(
    {each.kind: each for each in (FACILITY, ROLE, FAMILY, MODEL, FRAME, MOUNT, ASSET, ASSEMBLY, FIXTURE, PERSISTENT_ID)}
)


class Key(NamedTuple):
    """What identifies a record of a kind.

    A list of the kind, narrowed by `within` and then by `exactly`, holds the
    record if it is spelled the same way; narrowed by `within` alone it holds
    the record however it is spelled.
    """

    kind: str
    claim: Claim
    within: tuple[tuple[str, str], ...] = ()
    exactly: tuple[str, str] | None = None
    is_exact: bool = False
    """Whether there is one spelling only."""


def facility_key(code: str) -> Key:
    """A facility by its code."""
    return Key("facility", facility_claim(code), (), ("code", code), is_exact=True)


def family_key(name: str) -> Key:
    """A family by its name."""
    return Key("family", family_claim(name), (), ("name", name))


def model_key(manufacturer: str, part_number: str) -> Key:
    """A model by its maker and part number."""
    return Key("model", model_claim(manufacturer, part_number), (), ("part_number", part_number))


def frame_key(name: str, parent_id: UUID | None) -> Key:
    """A frame by its name below its parent."""
    within = (("parent_id", str(parent_id)),) if parent_id else ()
    return Key("frame", frame_claim(parent_id, name), within, ("name", name))


def mount_key(slot_code: str) -> Key:
    """A mount by its slot code."""
    return Key("mount", mount_claim(slot_code), (), ("slot_code", slot_code))


def installed_key(asset_id: UUID) -> Key:
    """The mount where an asset is installed."""
    return Key("mount", installation_claim(asset_id), (), ("installed_asset_id", str(asset_id)), is_exact=True)


def root_key(name: str, facility_code: str) -> Key:
    """A root asset by its name in its facility."""
    return Key("asset", name_claim(name, None, facility_code), (("facility_code", facility_code),), ("name", name))


def child_key(name: str, parent_id: UUID) -> Key:
    """An asset by its name below its parent."""
    return Key("asset", name_claim(name, parent_id, None), (("parent_id", str(parent_id)),), ("name", name))


def assembly_key(name: str) -> Key:
    """An assembly by its name."""
    return Key("assembly", assembly_claim(name), (), ("name", name))


def fixture_key(name: str) -> Key:
    """A fixture by its name."""
    return Key("fixture", fixture_claim(name), (), ("name", name))
