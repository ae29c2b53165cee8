"""What people call a record, and how it is found by that: through the claims that records hold, now or as it was."""

from contextlib import suppress
from typing import Any, TypeVar
from uuid import UUID

from cora.equipment.aggregates.assembly import assembly_claim
from cora.equipment.aggregates.asset.state import name_claim
from cora.equipment.aggregates.facility import facility_claim
from cora.equipment.aggregates.family import family_claim
from cora.equipment.aggregates.fixture import fixture_claim
from cora.equipment.aggregates.frame import frame_claim
from cora.equipment.aggregates.model import model_claim
from cora.equipment.aggregates.mount import mount_claim
from cora.equipment.aggregates.persistent_id import value_claim
from cora.equipment.aggregates.role import ROLE, role_id
from cora.equipment.paths import split_path
from cora.equipment.values import IdentifierScheme, PersistentIdentifier
from cora.kernel.aggregate import Aggregate
from cora.kernel.reader import Reader
from cora.kernel.showing import NaturalKey, locate

S = TypeVar("S")


async def find_asset(path: str, read: Reader) -> UUID | None:
    """An asset by its path: the code of its facility, then names down the tree."""
    code, *names = split_path(path)
    if not names:
        raise ValueError(
            "names a facility only; an asset's path goes on with names down the tree, such as aps/2-BM; the topmost "
            f"assets of a facility are listed with facility_code={code}"
        )
    found: UUID | None = None
    for name in names:
        found = await read.owner(name_claim(name, found, None if found else code))
        if found is None:
            return None
    return found


async def find_frame(path: str, read: Reader) -> UUID | None:
    """A frame by its path: names down the tree, from a root."""
    found: UUID | None = None
    for name in split_path(path):
        found = await read.owner(frame_claim(found, name))
        if found is None:
            return None
    return found


async def by_id_or_key(aggregate: Aggregate[S], key: NaturalKey, text: str, field: str, read: Reader) -> S:
    """The record that a field of a question names by its id or its natural key. Raises `<Kind>NotFoundError`."""
    return await read.require(aggregate, await locate(aggregate, key, text, field, read))


async def _model(path: str, read: Reader) -> UUID | None:
    parts = split_path(path)
    if len(parts) != 2:
        raise ValueError("must be a manufacturer and a part number with a slash between, such as Aerotech/ABRS-250MP")
    return await read.owner(model_claim(*parts))


async def _role(name: str, read: Reader) -> UUID | None:
    id = role_id(name)
    return id if await read.get(ROLE, id) else None


async def _persistent_id(text: str, read: Reader) -> UUID | None:
    scheme, _, value = text.partition("/")
    schemes = [each for each in IdentifierScheme if each == scheme] or list(IdentifierScheme)
    found: list[PersistentIdentifier] = []
    for each in schemes:
        with suppress(ValueError):
            found.append(PersistentIdentifier(each, value if each == scheme else text))
    if not found:
        raise ValueError(f"is no {' or '.join(schemes)}")
    for each in found:
        if (owner := await read.owner(value_claim(each.scheme, each.value))) is not None:
            return owner
    return None


def _by_claim(name: str, claim: Any) -> NaturalKey:
    async def find(text: str, read: Reader) -> UUID | None:
        owner: UUID | None = await read.owner(claim(text))
        return owner

    return NaturalKey(name, find)


FACILITY_KEY = _by_claim("code", facility_claim)
FAMILY_KEY = _by_claim("name", family_claim)
ROLE_KEY = NaturalKey("name", _role)
MODEL_KEY = NaturalKey("part_number", _model, has_slashes=True)
ASSET_KEY = NaturalKey("path", find_asset, has_slashes=True)
FRAME_KEY = NaturalKey("path", find_frame, has_slashes=True)
MOUNT_KEY = _by_claim("slot", mount_claim)
ASSEMBLY_KEY = _by_claim("name", assembly_claim)
FIXTURE_KEY = _by_claim("name", fixture_claim)
PERSISTENT_ID_KEY = NaturalKey(
    "value", _persistent_id, has_slashes=True, beginnings=tuple(each.value for each in IdentifierScheme)
)
