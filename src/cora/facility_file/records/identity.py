"""Which records are assets already: by their identifier, whatever the asset is called now and wherever it stands."""

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import fields, is_dataclass, replace
from datetime import date
from typing import Any, cast
from uuid import UUID

from pydantic import TypeAdapter

from cora.equipment.aggregates.asset.state import Asset
from cora.equipment.aggregates.persistent_id import value_claim
from cora.equipment.pidinst.reading.quirks import folded_word, is_unknown, same_identifier
from cora.equipment.pidinst.reading.record import Code, ImportedRecord
from cora.equipment.values import AlternateIdentifier, AlternateIdentifierKind, PersistentIdentifier, folded
from cora.facility_file.keys import Key
from cora.facility_file.planning.known import gathered
from cora.facility_file.port import VALUES_AT_ONCE, Facility, Record
from cora.facility_file.records.items import Item, fitted

_ALTERNATE: TypeAdapter[AlternateIdentifier] = TypeAdapter(AlternateIdentifier)
_URN = "urn:uuid:"
_SERIAL = AlternateIdentifierKind.SERIAL_NUMBER
_OF_READING = ("spot", "spots", "dialect", "not_understood")
LONGEST_NAME = 200


async def recognise(items: Sequence[Item], facility: Facility) -> None:
    """Find the assets that records are, and leave out those that are told twice or are no assets."""
    _leave_out_doubles(items)
    with_pid = [item for item in items if item.pid is not None and not item.is_left_out]
    subjects = await carriers([item.pid for item in with_pid if item.pid is not None], facility)
    for item in with_pid:
        subject = subjects.get(item.pid.key) if item.pid else None
        if isinstance(subject, str):
            item.is_left_out = True
            item.tell(item.record.at("identifier"), f"left out: its identifier belongs to {subject}")
        elif subject is not None:
            item.recorded = subject
    await _recognise_others([item for item in items if item.pid is None and item.record.identifier], facility)
    await _recognise_ended([item for item in items if not _is_kept(item) and not item.is_left_out], facility)
    first: dict[Hashable, Item] = {}
    for item in items:
        if item.recorded is not None and not item.is_left_out:
            _leave_out_second(item, first.setdefault(item.recorded.id, item), "identifier", "asset")


def _leave_out_doubles(items: Sequence[Item]) -> None:
    first: dict[Hashable, Item] = {}
    for item in items:
        code = item.record.identifier
        key = _without_identifier(item) if code is None else same_identifier(code)
        if key is not None:
            at, what = ("name", "name and the serial number") if code is None else ("identifier", "identifier")
            _leave_out_second(item, first.setdefault(key, item), at, what)


def _leave_out_second(item: Item, first: Item, at: str, what: str) -> None:
    """Leave out an item that is not the first of its instrument in the import."""
    if item is first:
        return
    item.is_left_out = True
    says = f"left out: it has the {what} of the record at {first.place(first.record.spot)}"
    if _told_by(item.record) != _told_by(first.record):
        says += "; it says other things: import it after that one, to fill in what is lacking"
    item.tell(item.record.at(at), says)


def _told_by(record: ImportedRecord) -> Any:
    """What a record says beside its identifier, wherever, in whatever dialect and case."""

    def bare(value: Any) -> Any:
        if isinstance(value, tuple):
            return [bare(each) for each in cast("tuple[Any, ...]", value)]
        if not is_dataclass(value):
            return folded(value) if isinstance(value, str) else value
        return [bare(getattr(value, each.name)) for each in fields(value) if each.name not in _OF_READING]

    return bare(replace(record, identifier=None))


def _without_identifier(item: Item) -> Hashable:
    """What is the same for records of one instrument that has no identifier: name, serial numbers, makers and model.
    None where there is no serial number: then they may be several of a kind."""
    record = item.record
    serials = {folded(each.value) for each in record.alternates if each.kind == _SERIAL and not is_unknown(each.value)}
    if not serials or record.name is None:
        return None
    names = (record.name, record.model and record.model.name, *(each.name for each in record.manufacturers))
    return (*(folded(each or "") for each in names), frozenset(serials))


async def carriers(pids: Iterable[PersistentIdentifier], facility: Facility) -> dict[str, Record | str]:
    """The asset of each identifier, by its key; words for what is no asset."""
    wanted = {pid.key: pid for pid in pids}
    keys = [
        Key("persistent_id", value_claim(pid.scheme, pid.value), (), ("value", pid.value)) for pid in wanted.values()
    ]
    ids = dict(zip(wanted, await facility.holders(keys), strict=True))
    held = {key: id for key, id in ids.items() if id is not None}
    records = await gathered(facility.get("persistent_id", id) for id in held.values())
    subjects = {key: record.state for key, record in zip(held, records, strict=True) if record is not None}
    assets = await gathered(facility.get(each.subject_kind, each.subject_id) for each in subjects.values())
    found: dict[str, Record | str] = {}
    for (key, subject), record in zip(subjects.items(), assets, strict=True):
        if record is not None:
            found[key] = record if subject.subject_kind == "asset" else f"fixture '{record.state.name}'"
    return found


async def _recognise_others(items: Sequence[Item], facility: Facility) -> None:
    """Find assets by an identifier that is kept as an alternate one, and those of this very cora by their id."""
    by_value: dict[str, list[Item]] = {}
    for item in items:
        code = item.record.identifier
        if code is None or item.is_left_out:
            continue
        id = own_id(code)
        if id is not None:
            item.recorded = await facility.get("asset", id)
        if item.recorded is None:
            by_value.setdefault(code.value, []).append(item)
    values = list(by_value)
    for start in range(0, len(values), VALUES_AT_ONCE):
        part = tuple(values[start : start + VALUES_AT_ONCE])
        async for record in facility.listed("asset", {"alternate_identifier": part}):
            for item in (item for value in part for item in by_value[value]):
                if item.record.identifier and _carries(record.state, item.record.identifier):
                    item.recorded = item.recorded or record


async def _recognise_ended(items: Sequence[Item], facility: Facility) -> None:
    """Find assets that have come to their end, so that no name is theirs, by all that a record without identifier
    tells: name, last day and serial number. An asset is that of one record."""
    ended = [item for item in items if _days(item, "DeCommissioned")]
    if not ended:
        return
    found: set[UUID] = set()
    async for record in facility.listed("asset", {"lifecycle": ("Decommissioned",)}):
        for item in ended:
            if item.recorded is None and record.id not in found and _has_ended(record.state, item):
                item.recorded = record
                found.add(record.id)


def _is_kept(item: Item) -> bool:
    """Whether the identifier of a record is one that cora can keep, so that an asset is found by it."""
    code = item.record.identifier
    if code is None or item.pid is not None or item.recorded is not None:
        return code is not None
    return fitted(_ALTERNATE, {"kind": "Other", "value": code.value, "name": alternate_name(code)})[0] is not None


def _days(item: Item, kind: str) -> set[date]:
    return {each.day for each in item.record.dates if each.kind == kind}


def _has_ended(asset: Asset, item: Item) -> bool:
    return _ended_so(asset, item) and may_be_called(asset, item)


def may_be_called(asset: Asset, item: Item) -> bool:
    """Whether an asset has the name of a record, also where that was made longer, and no other serial number."""
    code = item.record.identifier
    has, said = folded(asset.name), item.record.name
    if is_unknown(said) and code is not None:
        said = code.value
    if not said or not same_serial_number(asset, item):
        return False
    return has == folded(said[:LONGEST_NAME].rstrip()) or has.startswith(f"{folded(said[:90])} (")


def _ended_so(asset: Asset, item: Item) -> bool:
    """Whether an asset has ended on the last day that a record tells. An end that could not be recorded as of its own
    day is a later one: then they share the first day or a serial number, or the asset was recorded for no more than a
    day."""
    if asset.decommissioned_at is None:
        return False
    began, ended = asset.registered_at.date(), asset.decommissioned_at.date()
    has, says = _serial_numbers(asset, item)
    is_as_of_later = bool(has & says) or began == ended or began in _days(item, "Commissioned")
    days = _days(item, "DeCommissioned")
    return ended in days or (is_as_of_later and min(days) < ended)


def same_serial_number(asset: Asset, item: Item) -> bool:
    """Whether an asset may be the instrument by their serial numbers: one of them has none, or they share one."""
    has, says = _serial_numbers(asset, item)
    return not has or not says or bool(has & says)


def _serial_numbers(asset: Asset, item: Item) -> tuple[set[str], set[str]]:
    """Those of an asset, and those that a record tells."""
    has = {folded(each.value) for each in asset.alternate_identifiers if each.kind is _SERIAL}
    return has, {folded(each.value) for each in item.record.alternates if each.kind == _SERIAL}


def own_id(code: Code) -> UUID | None:
    """The id in an identifier that cora gives to what has none."""
    value = code.value.casefold()
    if not value.startswith(_URN):
        return None
    try:
        return UUID(value.removeprefix(_URN))
    except ValueError:
        return None


def alternate_name(code: Code) -> str:
    """What an identifier that is neither a DOI nor a Handle is called among the alternate ones."""
    return code.scheme or "Identifier"


def _carries(asset: Asset, code: Code) -> bool:
    return any(
        each.kind is AlternateIdentifierKind.OTHER
        and folded(each.value) == folded(code.value)
        and folded_word(each.name or "") == folded_word(alternate_name(code))
        for each in asset.alternate_identifiers
    )
