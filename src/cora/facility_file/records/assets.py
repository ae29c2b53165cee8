"""A record becomes the entry of an asset: all that cora has a place for, or that an asset lacks which is recorded."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from pydantic import TypeAdapter

from cora.equipment.aggregates.asset.state import Asset, identifier_key, owner_key, subject_key
from cora.equipment.paths import joined_path
from cora.equipment.pidinst.reading.parts import Spot
from cora.equipment.pidinst.reading.quirks import is_unknown
from cora.equipment.pidinst.reading.record import Dated, Dialect, ImportedRecord
from cora.equipment.values import (
    AlternateIdentifier,
    Description,
    Note,
    OwnerGiven,
    OwnerName,
    Term,
)
from cora.facility_file.entries import AssetEntry
from cora.facility_file.port import Facility
from cora.facility_file.problems import short
from cora.facility_file.records.addresses import without_address
from cora.facility_file.records.families import given_term, shown_term, terms
from cora.facility_file.records.filling import (
    MOST_OTHERS,
    MOST_OWNERS,
    more_alternates,
    more_owners,
    more_related,
    more_subjects,
)
from cora.facility_file.records.identity import alternate_name, own_id
from cora.facility_file.records.items import Item, first_of, fitted, given_identifier, shown_thing, spots_of, text_of
from cora.facility_file.records.models import agent_identifier, instance_identifier
from cora.facility_file.records.pages import noted_page
from cora.facility_file.records.relations import drawing_of, related_identifiers
from cora.facility_file.shapes import LEFT_OUT, Named
from cora.kernel.requests import EARLIEST

_OWNER: TypeAdapter[OwnerGiven] = TypeAdapter(OwnerGiven)
_OWNER_NAME: TypeAdapter[str] = TypeAdapter(OwnerName)
_DESCRIPTION: TypeAdapter[str] = TypeAdapter(Description)
_NOTE: TypeAdapter[str] = TypeAdapter(Note)
_ALTERNATE: TypeAdapter[AlternateIdentifier] = TypeAdapter(AlternateIdentifier)
_LONGEST_TEXT = 5000
_LONGEST_OWNER = 255
_PROPERTIES = {
    "name": "name", "description": "description", "model": "model", "families": "instrument_types", "owners": "owners",
    "identifiers": "alternates", "related_identifiers": "related",
    "subjects": "subjects", "drawing": "related", "persistent_id": "identifier", "registered": "dates",
    "decommissioned": "dates",
}  # fmt: skip


@dataclass(frozen=True)
class Life:
    """When an instrument began and ended, as its record says."""

    began: datetime | None = None
    ended: datetime | None = None


def life_of(item: Item, now: datetime) -> Life:
    """The first date of each type that cora can record; others are told."""
    found: dict[str, date] = {}
    for each in item.record.dates:
        if found.get(each.kind, each.day) != each.day:
            item.tell(each.spot, f"a further date is not kept: {each.kind} {each.day}")
        elif _at(each.day) > now:
            item.tell(each.spot, f"{each.kind} {each.day} lies in the future and is not kept")
        elif _at(each.day) < EARLIEST:
            item.tell(each.spot, f"{each.kind} {each.day} lies before {EARLIEST.year} and is not kept")
        else:
            found[each.kind] = each.day
    began, ended = found.get("Commissioned"), found.get("DeCommissioned")
    if began is not None and ended is not None and ended < began:
        at = _spot_of(item.record.dates, "DeCommissioned")
        item.tell(at, f"DeCommissioned {ended} lies before {began} and is not kept")
        ended = None
    if began is None and ended is not None and item.recorded is None:
        item.tell(_spot_of(item.record.dates, "DeCommissioned"), f"when it began is not told; {ended} stands for it")
        began = ended
    return Life(began and _at(began), ended and _at(ended))


def _at(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def _spot_of(dates: Iterable[Dated], kind: str) -> Spot:
    return next(each.spot for each in dates if each.kind == kind)


async def asset_entry(
    item: Item, families: list[str], model: str | None, life: Life, tier: str, source: str, facility: Facility
) -> AssetEntry:
    """The entry of an item whose path is settled. Its families and its model are those that its asset gets."""
    record = item.record
    spots = spots_of(item, _PROPERTIES)
    owners, others, subjects = _owners(item), _alternates(item), _subjects(item)
    drawing, related = drawing_of(item), related_identifiers(item)
    description = text_of(
        item, _DESCRIPTION, record.description, _LONGEST_TEXT, record.at("description"), "the description"
    )
    entry = AssetEntry(place=item.place(record.spot), lines=dict(spots), name=item.path[-1])
    above = Named(joined_path(*item.path[:-1]), record.spot)
    if len(item.path) > 2:
        entry.parent = above
    else:
        entry.facility = above
    if item.pid is not None:
        entry.persistent_id = {"scheme": item.pid.scheme.value, "value": item.pid.value}
    if life.ended is not None:
        entry.decommissioned = life.ended
    recorded: Asset | None = None if item.recorded is None else item.recorded.state
    if recorded is None:
        entry.tier = tier
        entry.registered = life.began or LEFT_OUT
        entry.note = _note(item, source) or LEFT_OUT
    else:
        owners = await more_owners(item, recorded, owners, facility)
        others = more_alternates(item, recorded, others)
        related = more_related(item, recorded, related)
        subjects = more_subjects(item, recorded, subjects)
        _tell_began(item, recorded, life)
    if description is not None and (recorded is None or recorded.description is None):
        entry.description = description
    elif description is not None and recorded is not None and recorded.description != description:
        item.tell(record.at("description"), "its description stays as it is recorded")
    if model is not None:
        entry.model = Named(model, record.at("model"))
    if families:
        entry.families = [Named(each, record.at("instrument_types")) for each in families]
    if owners:
        entry.owners = owners
    if others:
        entry.identifiers = others
    if related:
        entry.related_identifiers = related
    if subjects:
        entry.subjects = subjects
    if drawing is not None and (recorded is None or recorded.drawing is None):
        entry.drawing = drawing
    return entry


def _tell_began(item: Item, recorded: Asset, life: Life) -> None:
    """Tell a day of commissioning that is not the recorded one."""
    days = {each.astimezone(UTC).date() for each in (recorded.registered_at, recorded.commissioned_at)}
    if life.began is not None and life.began.date() not in days:
        at = _spot_of(item.record.dates, "Commissioned")
        item.tell(at, f"Commissioned {life.began.date()} is not kept: {recorded.commissioned_at.date()} is recorded")


def _owners(item: Item) -> list[dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for thing in item.record.owners:
        name = text_of(item, _OWNER_NAME, thing.name, _LONGEST_OWNER, thing.spot, "the name of an owner")
        if name is None:
            if thing.code is not None:
                item.tell(thing.spot, f"an owner without a name is not kept: {thing.code.value}")
            continue
        if owner_key(name) in found:
            item.tell(thing.spot, f"an owner stands here twice: {shown_thing(thing)}")
            continue
        owner: dict[str, Any] = {"name": name}
        identifier = agent_identifier(item, thing, "an owner")
        if identifier is not None:
            owner["identifier"] = given_identifier(identifier)
        if thing.contact is not None and not is_unknown(thing.contact):
            fit, why = fitted(_OWNER, {"name": name, "contact": thing.contact.removeprefix("mailto:")})
            if fit is None or fit.contact is None:
                item.tell(thing.spot, f"the contact of an owner is not kept: it {why}")
            else:
                owner["contact"] = fit.contact.address
        found[owner_key(name)] = owner
    return first_of(item, found.values(), MOST_OWNERS, item.record.at("owners"), "owners")


def _alternates(item: Item) -> list[dict[str, Any]]:
    record = item.record
    told: list[tuple[Any, dict[str, Any]]] = [
        (each.spot, {"kind": each.kind, "value": each.value, "name": each.name or _name_of(each.kind)})
        for each in record.alternates
        if not is_unknown(each.value)
    ]
    if record.identifier is not None and item.pid is None and not _is_own(item):
        name = alternate_name(record.identifier)
        item.tell(
            record.at("identifier"),
            f"{name} {short(record.identifier.value)} is no DOI and no Handle: it is another identifier",
        )
        told.append((record.at("identifier"), {"kind": "Other", "value": record.identifier.value, "name": name}))
    if (number := instance_identifier(item)) is not None:
        item.tell(record.at("model"), f"{number[0]} {number[1]} of the model is taken for the instrument's too")
        told.append((record.at("model"), {"kind": number[0], "value": number[1], "name": None}))
    found: dict[Any, dict[str, Any]] = {}
    for spot, each in told:
        fit, why = fitted(_ALTERNATE, each)
        if fit is None:
            item.tell(spot, f"an identifier is not kept, {each['kind']} {short(each['value'])}: it {why}")
        else:
            found.setdefault(identifier_key(fit), {name: value for name, value in each.items() if value is not None})
    return first_of(item, found.values(), MOST_OTHERS, record.at("alternates"), "other identifiers")


def _is_own(item: Item) -> bool:
    """Whether the identifier is the id that cora gave to this asset itself."""
    code = item.record.identifier
    return code is not None and item.recorded is not None and own_id(code) == item.recorded.id


def _name_of(kind: str) -> str | None:
    return "Other" if kind == "Other" else None


def _subjects(item: Item) -> list[dict[str, Any]]:
    found: dict[str, Term] = {}
    for term in terms(item, item.record.subjects, "a subject", MOST_OTHERS):
        if found.setdefault(subject_key(term.name), term) != term:
            item.tell(item.record.at("subjects"), f"a subject stands here twice: {shown_term(term)}")
    return list(map(given_term, found.values()))


def _note(item: Item, source: str) -> str | None:
    """What is written into the history of a new asset: where it comes from, and what of the record is not kept, by its
    place. What stands there is not: names of people must not get where nothing can be erased."""
    record = item.record
    told = (*record.not_understood, *item.told)
    lines = [f"Imported from {source} ({record.dialect}).", *filter(None, (noted_page(item),))]
    places = dict.fromkeys(_named_place(record, each.spot) for each in told)
    if places:
        lines.append(f"Not kept, or not as it stands there: {', '.join(places)}.")
    text = without_address(" ".join(lines))
    return fitted(_NOTE, text[:_LONGEST_TEXT].rstrip())[0]


def _named_place(record: ImportedRecord, spot: Spot) -> str:
    """A path in the record, with the property where the path does not name it: values of a Handle have numbers."""
    path = spot.path or "the record"
    if record.dialect is not Dialect.HANDLE:
        return path
    found = (name for name, at in record.spots.items() if f"{spot.path}/".startswith(f"{at.path}/"))
    name = next(found, None)
    return path if name is None else f"{name} ({path})"
