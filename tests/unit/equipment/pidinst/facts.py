"""Records to derive from, told as little as a test needs."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from cora.equipment.aggregates.assembly import Assembly
from cora.equipment.aggregates.asset.state import Asset, AssetTier
from cora.equipment.aggregates.facility import Facility
from cora.equipment.aggregates.family import Family
from cora.equipment.aggregates.fixture import Fixture
from cora.equipment.aggregates.model import Model
from cora.equipment.aggregates.persistent_id import PersistentId, PersistentIdStatus
from cora.equipment.assigned_identifier import AssignedIdentifier, IdentifierOrigin
from cora.equipment.pidinst.gather import Component, Compound, Instrument, Surroundings
from cora.equipment.values import AgentIdentifier, IdentifierScheme, Manufacturer, SlotAssetBinding

URL = "http://cora.test"
BEGAN = datetime(2024, 3, 1, 23, 30, tzinfo=UTC)
ENDED = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)
ROR = AgentIdentifier("https://ror.org/05gvnxz63", "ROR")

FACILITY = Facility(UUID(int=1), "aps", "Advanced Photon Source", ROR)
FAMILY = Family(UUID(int=2), "RotaryStage")
MODEL = Model(UUID(int=3), "ABRS", Manufacturer("Aerotech", ROR), "ABRS-150", (FAMILY.id,))
ALONE = Surroundings(None, None, ())


def identifier(
    value: str, scheme: IdentifierScheme = IdentifierScheme.DOI, *, test: bool = False
) -> AssignedIdentifier:
    return AssignedIdentifier(scheme, value, IdentifierOrigin.MINTED, test)


def kept(of: Asset | Fixture, status: PersistentIdStatus = PersistentIdStatus.MINTED) -> PersistentId:
    """The identifier of a record that has one."""
    own = of.persistent_id
    assert own is not None
    kind = "asset" if isinstance(of, Asset) else "fixture"
    id = UUID(int=of.id.int + 1000)
    return PersistentId(id, own.scheme, own.value, None, kind, of.id, own.origin, own.test, status, BEGAN)


def public(*others: Asset | Fixture | None) -> dict[UUID, PersistentId]:
    """The identifiers of those that have one, all of them public."""
    return {each.id: kept(each) for each in others if each is not None and each.persistent_id is not None}


def around(parent: Asset | None = None, fixture: Fixture | None = None, children: Sequence[Asset] = ()) -> Surroundings:
    """What an asset is related to; whatever has an identifier has a public one."""
    return Surroundings(parent, fixture, tuple(children), public(parent, fixture, *children))


def asset(number: int = 10, **told: Any) -> Asset:
    basic: dict[str, Any] = {
        "id": UUID(int=number),
        "name": f"Stage {number}",
        "tier": AssetTier.DEVICE,
        "registered_at": BEGAN,
        "commissioned_at": BEGAN,
    }
    return Asset(**{**basic, **told})


def instrument(of: Asset | None = None, **told: Any) -> Instrument:
    """An asset whose facility is its owner, of the model and the family here."""
    of = of or asset()
    basic: dict[str, Any] = {
        "asset": of,
        "responsible": of if of.owners else None,
        "facility": None if of.owners else FACILITY,
        "model": MODEL,
        "families": (FAMILY,),
    }
    return Instrument(**{**basic, **told})


def compound(*instruments: Instrument, **told: Any) -> Compound:
    """A fixture that binds the assets in slots named after their order."""
    components = tuple(Component(f"slot-{number}", each) for number, each in enumerate(instruments))
    assembly = Assembly(UUID(int=4), "SampleTower", FAMILY.id, content_hash="1" * 64)
    basic: dict[str, Any] = {
        "id": UUID(int=20),
        "name": "Tower A",
        "assembly_id": assembly.id,
        "assembly_content_hash": "0" * 64,
        "slot_asset_bindings": tuple(SlotAssetBinding(each.slot_name, each.instrument.asset.id) for each in components),
        "registered_at": BEGAN,
    }
    identifiers = public(*(each.asset for each in instruments))
    return Compound(Fixture(**{**basic, **told}), assembly, FAMILY, components, identifiers)
