"""The sets that harvesters find an instrument in: its facility, its families, and whether it is an asset or a fixture.

A family stands by its id, since its name may be another tomorrow.
"""

from dataclasses import dataclass
from uuid import UUID

from cora.equipment.aggregates.assembly import ASSEMBLY
from cora.equipment.aggregates.asset import ASSET
from cora.equipment.aggregates.facility import FACILITY, facility_claim
from cora.equipment.aggregates.family import FAMILY
from cora.equipment.aggregates.fixture import FIXTURE
from cora.equipment.aggregates.persistent_id import PersistentId
from cora.equipment.pidinst.gather import gather_facility
from cora.kernel.reader import Reader

_ROOTS = {"facility": "Instruments by facility", "family": "Instruments by family", "kind": "Instruments by kind"}
_KINDS = {"kind:asset": "Single instruments", "kind:fixture": "Instruments assembled of others"}


@dataclass(frozen=True)
class NamedSet:
    """A set by its spec, with a name for people."""

    spec: str
    name: str


async def sets_of(known: PersistentId, read: Reader) -> frozenset[str]:
    """The specs of the sets that what an identifier names is in."""
    if known.subject_kind == "asset":
        asset = await read.require(ASSET, known.subject_id)
        assets, families = [asset], asset.family_ids
    else:
        fixture = await read.require(FIXTURE, known.subject_id)
        assembly = await read.require(ASSEMBLY, fixture.assembly_id)
        assets = [await read.require(ASSET, each.asset_id) for each in fixture.slot_asset_bindings]
        families = (assembly.presents_as_family_id,)
    facility = await gather_facility(assets, read)
    found = {f"kind:{known.subject_kind}", *(f"family:{id}" for id in families)}
    return frozenset(found if facility is None else found | {f"facility:{facility.code}"})


async def named_sets(specs: frozenset[str], read: Reader) -> list[NamedSet]:
    """Sets with their names, each after the one it lies in, which is there too."""
    roots = {spec.partition(":")[0] for spec in specs}
    await read.ahead(*(UUID(spec.removeprefix("family:")) for spec in specs if spec.startswith("family:")))
    return [NamedSet(spec, await _name(spec, read)) for spec in sorted(specs | roots)]


async def _name(spec: str, read: Reader) -> str:
    match spec.partition(":"):
        case "facility", ":", code:
            owner = await read.owner(facility_claim(code))
            facility = await read.get(FACILITY, owner) if owner else None
            return facility.name if facility else code
        case "family", ":", id:
            family = await read.get(FAMILY, UUID(id))
            return family.name if family else id
        case root, _, _:
            return _KINDS.get(spec) or _ROOTS[root]
