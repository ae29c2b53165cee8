"""Every record that carries an identifier, decommissioned and retired ones too: a serial number, an inventory number or
another one that people gave, ignoring case, or a DOI or Handle, bare or as it is written in links; its own, or one it
is stated to be identical to. A hundred are shown."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from cora.equipment.aggregates.asset import ASSET
from cora.equipment.aggregates.asset.state import ASSET_IDENTIFIER
from cora.equipment.aggregates.fixture import FIXTURE, FIXTURE_IDENTIFIER
from cora.equipment.assigned_identifier import AssignedIdentifier
from cora.equipment.beside import lines_of, path_of
from cora.equipment.carried_identifiers import identical, is_sought, sought
from cora.equipment.related_identifier import RelatedIdentifier
from cora.equipment.values import AlternateIdentifier, IdentifierScheme
from cora.kernel.principal import Role
from cora.kernel.reader import Reader
from cora.kernel.slice import Query, answers

_MOST_SHOWN = 100


class FindByIdentifier(Query):
    """Which identifier."""

    value: Annotated[str, Field(min_length=1, max_length=500)]


@dataclass(frozen=True)
class MatchedIdentifier:
    """The identifier that matched, as it is recorded. `name` says what an `Other` is; `test` marks one that must not be
    cited."""

    kind: Literal["SerialNumber", "InventoryNumber", "Other", "DOI", "Handle"]
    value: str
    name: str | None = None
    test: bool = False


@dataclass(frozen=True)
class Carrier:
    """A record that carries the identifier. `path` is that of an asset, the name of a fixture. It is not `living`
    once it is decommissioned or retired."""

    kind: Literal["asset", "fixture"]
    id: UUID
    name: str
    path: str
    living: bool
    matched: tuple[MatchedIdentifier, ...]


@dataclass(frozen=True)
class Carriers:
    """The records that carry an identifier, and how many there are."""

    items: tuple[Carrier, ...]
    count: int


@answers("GET /by-identifier/{value...}", allow=Role.READER)
async def find_by_identifier(query: FindByIdentifier, read: Reader) -> Carriers:
    targets = sought(query.value)
    asset_ids = await _carrying(ASSET_IDENTIFIER, targets, read)
    fixture_ids = await _carrying(FIXTURE_IDENTIFIER, targets, read)
    shown = asset_ids[:_MOST_SHOWN]
    await read.ahead(*shown, *fixture_ids)
    lines = await lines_of([await read.require(ASSET, id) for id in shown], read)
    items = [
        Carrier(
            "asset",
            line[-1].id,
            line[-1].name,
            path_of(line),
            not line[-1].is_decommissioned,
            _matched(targets, line[-1].alternate_identifiers, line[-1].persistent_id, line[-1].related_identifiers),
        )
        for line in lines
    ]
    for id in fixture_ids[: _MOST_SHOWN - len(items)]:
        fixture = await read.require(FIXTURE, id)
        matched = _matched(targets, (), fixture.persistent_id)
        items.append(Carrier("fixture", id, fixture.name, fixture.name, not fixture.is_retired, matched))
    return Carriers(tuple(items), len(asset_ids) + len(fixture_ids))


async def _carrying(relation: str, targets: tuple[UUID, ...], read: Reader) -> list[UUID]:
    found = await read.sources_of(relation, targets)
    return list(dict.fromkeys(id for ids in found for id in ids))


def _matched(
    targets: tuple[UUID, ...],
    alternates: Iterable[AlternateIdentifier],
    persistent: AssignedIdentifier | None,
    related: Iterable[RelatedIdentifier] = (),
) -> tuple[MatchedIdentifier, ...]:
    matched = [
        MatchedIdentifier(each.kind.value, each.value, each.name) for each in alternates if is_sought(targets, each)
    ]
    if persistent is not None and is_sought(targets, persistent):
        matched.append(MatchedIdentifier(persistent.scheme.value, persistent.value, test=persistent.test))
    matched += [
        MatchedIdentifier("DOI" if each.scheme == IdentifierScheme.DOI else "Handle", each.value, each.name)
        for each in identical(related)
        if is_sought(targets, each)
    ]
    return tuple(matched)
