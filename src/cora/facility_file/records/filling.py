"""Of an asset that is recorded only what it lacks is filled in: since it is kept here, what stands here goes before
what stands in a record of it elsewhere. What its record says otherwise is told.

Each function gives a list as it should be, those that are recorded first; nothing where it is so already.
"""

from typing import Any

from pydantic import TypeAdapter

from cora.equipment.aggregates.asset.state import Asset, identifier_key, owner_key, subject_key
from cora.equipment.related_identifier import RelatedIdentifier
from cora.equipment.values import AlternateIdentifier, Owner
from cora.facility_file.port import Facility
from cora.facility_file.problems import short
from cora.facility_file.records.families import given_term
from cora.facility_file.records.items import Item, first_of, given_identifier

_ALTERNATE: TypeAdapter[AlternateIdentifier] = TypeAdapter(AlternateIdentifier)
_STATED: TypeAdapter[RelatedIdentifier] = TypeAdapter(RelatedIdentifier)

Given = dict[str, Any]

MOST_OWNERS = 200
"""So many owners an asset is registered with at most."""

MOST_OTHERS = 1000
"""So many other identifiers, related identifiers and subjects."""


async def more_owners(item: Item, recorded: Asset, owners: list[Given], facility: Facility) -> list[Given]:
    """An address that is left out is left alone, and one that was erased does not come back."""
    said = {owner_key(each["name"]): each for each in owners}
    has = [_given_owner(owner) for owner in recorded.owners]
    wanted: list[Given] = []
    for owner, given in zip(recorded.owners, has, strict=True):
        other = said.pop(owner_key(owner.name), {})
        filled, what = _filled(item, "owners", f"owner '{owner.name}'", given, other), f"of owner '{owner.name}'"
        if "contact" in other and owner.contact_id is None:
            filled["contact"] = other["contact"]
        elif "contact" in other and await facility.address(owner.contact_id or "") != other["contact"]:
            _stays(item, "owners", f"the contact {what}")
        wanted.append(filled)
    whole = first_of(item, [*wanted, *said.values()], MOST_OWNERS, item.record.at("owners"), "owners")
    return _unless_same(whole, has)


def more_alternates(item: Item, recorded: Asset, others: list[Given]) -> list[Given]:
    """Other identifiers, and the names that they lack."""
    said = {identifier_key(_ALTERNATE.validate_python(each)): each for each in others}
    has = [
        _without_none(kind=each.kind.value, value=each.value, name=each.name) for each in recorded.alternate_identifiers
    ]
    wanted = [
        _filled(
            item, "alternates", f"{given['kind']} {short(given['value'])}", given, said.pop(identifier_key(each), {})
        )
        for each, given in zip(recorded.alternate_identifiers, has, strict=True)
    ]
    whole = first_of(item, [*wanted, *said.values()], MOST_OTHERS, item.record.at("alternates"), "other identifiers")
    return _unless_same(whole, has)


def more_related(item: Item, recorded: Asset, found: list[Given]) -> list[Given]:
    """What is related, and the names that it lacks."""
    said = {_STATED.validate_python(each).key: each for each in found}
    has = [given_related(each) for each in recorded.related_identifiers]
    wanted: list[Given] = []
    for each, given in zip(recorded.related_identifiers, has, strict=True):
        # How its value is spelled makes no difference where it is the same.
        other = {key: value for key, value in said.pop(each.key, {}).items() if key == "name"}
        wanted.append(_filled(item, "related", f"{each.relation} {short(each.value)}", given, other))
    whole = first_of(item, [*wanted, *said.values()], MOST_OTHERS, item.record.at("related"), "related identifiers")
    return _unless_same(whole, has)


def more_subjects(item: Item, recorded: Asset, subjects: list[Given]) -> list[Given]:
    """Subjects, and the identifiers that they lack."""
    said = {subject_key(each["name"]): each for each in subjects}
    has = [given_term(each) for each in recorded.subjects]
    wanted: list[Given] = []
    for given in has:
        other = said.pop(subject_key(given["name"]), {})
        wanted.append(_filled(item, "subjects", f"subject '{given['name']}'", given, other))
    whole = first_of(item, [*wanted, *said.values()], MOST_OTHERS, item.record.at("subjects"), "subjects")
    return _unless_same(whole, has)


def given_related(related: RelatedIdentifier) -> Given:
    """A relation as a facility file has it."""
    return _without_none(
        relation=related.relation.value, scheme=related.scheme.value, value=related.value, name=related.name
    )


def _given_owner(owner: Owner) -> Given:
    return _without_none(name=owner.name, identifier=owner.identifier and given_identifier(owner.identifier))


def _without_none(**values: Any) -> Given:
    return {name: value for name, value in values.items() if value is not None}


def _filled(item: Item, name: str, what: str, has: Given, said: Given) -> Given:
    """What is recorded with what it lacks; what is said otherwise is told."""
    others = [key for key in said if key in has and said[key] != has[key]]
    if others:
        told = ", ".join(_words(said[key]) for key in others)
        _stays(item, name, what, f": not {told}")
    return {**has, **{key: value for key, value in said.items() if key not in has and key != "contact"}}


def _words(value: str | Given) -> str:
    return short(value) if isinstance(value, str) else f"{value['scheme']} {short(value['value'])}"


def _stays(item: Item, name: str, what: str, more: str = "") -> None:
    item.tell(item.record.at(name), f"{what} stays as it is recorded{more}")


def _unless_same(wanted: list[Given], has: list[Given]) -> list[Given]:
    # Where more are recorded than a command takes at once, none of them is lost.
    return [] if wanted == has or len(wanted) < len(has) else wanted
