"""What a row of a table leaves out. An empty cell changes nothing, also where a value has several columns."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any, TypeVar, cast

from cora.equipment.aggregates.asset.state import Asset, owner_key
from cora.equipment.aggregates.family import Family
from cora.equipment.aggregates.model import Model, maker_key
from cora.equipment.aggregates.mount import Mount
from cora.equipment.settings import merged
from cora.equipment.values import AgentIdentifier, AlternateIdentifier, AlternateIdentifierKind, folded
from cora.facility_file.entries import AssetEntry, FamilyEntry, ModelEntry, MountEntry
from cora.facility_file.planning.core import Planning
from cora.facility_file.shapes import LEFT_OUT, Entry, LeftOut

E = TypeVar("E", bound=Entry)

_PLACING = ("x", "y", "z", "rx", "ry", "rz", "tol_x", "tol_y", "tol_z", "tol_rx", "tol_ry", "tol_rz")


async def completed(planning: Planning, entry: E, state: Any) -> E:
    """The entry as it is planned: of a value that its row gives in part, the rest is what is recorded."""
    if not entry.place.is_in_table or state is None:
        return entry
    whole: Entry = entry
    match entry:
        case AssetEntry():
            whole = await _whole_asset(planning, entry, state)
        case FamilyEntry() if isinstance(entry.term, dict):
            whole = replace(entry, term=_whole_term(entry.term, state))
        case ModelEntry():
            further = entry.further_manufacturers
            if further is not LEFT_OUT:
                further = [_whole_maker(each, state) for each in further]
            whole = replace(entry, manufacturer=_whole_maker(entry.manufacturer, state), further_manufacturers=further)
        case MountEntry() if entry.placement is not LEFT_OUT:
            mount: Mount = state
            placed = {key: getattr(mount.placement, key) for key in (*_PLACING, "reference_surface")}
            whole = replace(entry, placement={**placed, **entry.placement}, drawing=_drawing(entry.drawing, mount))
        case MountEntry():
            whole = replace(entry, drawing=_drawing(entry.drawing, state))
        case _:
            pass
    return cast("E", whole)


async def _whole_asset(planning: Planning, entry: AssetEntry, state: Asset) -> AssetEntry:
    settings, identifiers, owners = entry.settings, entry.identifiers, entry.owners
    if isinstance(settings, dict) and "settings" not in entry.parts:
        settings = merged(state.settings, settings)
    if identifiers is not LEFT_OUT:
        kept = (each for each in state.alternate_identifiers if _column_of(each) not in entry.parts)
        identifiers = [*identifiers, *_as_given(kept)]
    if owners is not LEFT_OUT:
        owners = [await _whole_owner(planning, owner, state) for owner in owners]
    return replace(
        entry, settings=settings, identifiers=identifiers, owners=owners, drawing=_drawing(entry.drawing, state)
    )


def _column_of(identifier: AlternateIdentifier) -> str:
    """The column of a table that gives such an identifier."""
    match identifier.kind:
        case AlternateIdentifierKind.SERIAL_NUMBER:
            return "serial_number"
        case AlternateIdentifierKind.INVENTORY_NUMBER:
            return "inventory_number"
        case AlternateIdentifierKind.OTHER:
            return f"identifier.{folded(identifier.name or '')}"


def _as_given(identifiers: Iterable[AlternateIdentifier]) -> list[dict[str, Any]]:
    return [{"kind": each.kind.value, "value": each.value, "name": each.name} for each in identifiers]


async def _whole_owner(planning: Planning, owner: dict[str, Any], state: Asset) -> dict[str, Any]:
    recorded = next((each for each in state.owners if owner_key(each.name) == owner_key(owner["name"])), None)
    if recorded is None:
        return owner
    whole = dict(owner)
    if "contact" not in owner and recorded.contact_id is not None:
        whole["contact"] = await planning.facility.address(recorded.contact_id)
    if "identifier" not in owner:
        whole |= _identifier(recorded.identifier)
    return whole


def _whole_maker(maker: dict[str, Any], state: Model) -> dict[str, Any]:
    recorded = next((each for each in state.manufacturers if maker_key(each.name) == maker_key(maker["name"])), None)
    if recorded is None or "identifier" in maker:
        return maker
    return {**maker, **_identifier(recorded.identifier)}


def _identifier(recorded: AgentIdentifier | None) -> dict[str, Any]:
    return {"identifier": {"scheme": recorded.scheme, "value": recorded.value}} if recorded else {}


def _whole_term(term: dict[str, Any], state: Family) -> dict[str, Any]:
    recorded = state.term
    if recorded is None or recorded.name != term["name"] or "identifier" in term or "scheme" in term:
        return term
    return {**term, "identifier": recorded.identifier, "scheme": recorded.scheme}


D = TypeVar("D", bound=dict[str, Any] | LeftOut | None)


def _drawing(given: D, state: Asset | Mount) -> D | dict[str, Any]:
    """The drawing, with the recorded revision where it is the same drawing."""
    recorded = state.drawing
    if not isinstance(given, dict) or recorded is None or "revision" in given:
        return given
    is_same = (given["system"], given["number"]) == (recorded.system, recorded.number)
    return {**given, "revision": recorded.revision} if is_same else given
