"""Of an asset that is recorded only what it lacks is filled in: since it is kept here, what stands here goes before
what stands in a record of it elsewhere. What its record says otherwise is told.

Each function gives a list as it should be, those that are recorded first; nothing where it is so already.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from pydantic import TypeAdapter

from cora.equipment.aggregates.asset.state import Asset, identifier_key, owner_key, subject_key
from cora.equipment.pidinst.derive import doi_of
from cora.equipment.related_identifier import RelatedIdentifier, RelatedIdentifierScheme, RelationType
from cora.equipment.values import AlternateIdentifier, Owner
from cora.facility_file.port import Facility
from cora.facility_file.problems import short
from cora.facility_file.records.families import given_term
from cora.facility_file.records.items import Item, first_of, given_identifier
from cora.facility_file.records.kin import is_same_relation

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
    for owner in recorded.owners:
        other = said.get(owner_key(owner.name), {})
        if owner.contact_id is not None and "contact" in other:
            if await facility.address(owner.contact_id) != other["contact"]:
                _stays(item, "owners", f"the contact of owner '{owner.name}'")
            said[owner_key(owner.name)] = {key: value for key, value in other.items() if key != "contact"}
    has = {owner_key(owner.name): _given_owner(owner) for owner in recorded.owners}
    return _filled(
        item, "owners", "owners", MOST_OWNERS, has, said,
        lambda owner: f"owner '{owner['name']}'", lambda owner: ("owner", owner["name"]),
    )  # fmt: skip


def more_alternates(item: Item, recorded: Asset, others: list[Given]) -> list[Given]:
    """Other identifiers, and the names that they lack."""
    return _filled(
        item, "alternates", "other identifiers", MOST_OTHERS,
        {
            identifier_key(each): _without_none(kind=each.kind.value, value=each.value, name=each.name)
            for each in recorded.alternate_identifiers
        },
        {identifier_key(_ALTERNATE.validate_python(each)): each for each in others},
        lambda given: f"{given['kind']} {short(given['value'])}",
        lambda given: (given["name"] if given["kind"] == "Other" else given["kind"], short(given["value"])),
    )  # fmt: skip


def more_related(item: Item, recorded: Asset, found: list[Given]) -> list[Given]:
    """What is related, and the names that it lacks."""
    has = {each.key: given_related(each) for each in recorded.related_identifiers}
    said = {_STATED.validate_python(each).key: each for each in found}
    # How its value is spelled makes no difference where it is the same.
    said = {key: {**each, **has.get(key, {}), **_without_none(name=each.get("name"))} for key, each in said.items()}
    doi = doi_of(recorded.drawing)
    drawn = () if doi is None else (RelatedIdentifier(RelationType.IS_DESCRIBED_BY, doi, RelatedIdentifierScheme.DOI),)
    # What the tree or the drawing tells is not stated, and yet in the record.
    unsaid = [
        given_related(each)
        for each in (*recorded.related_identifiers, *drawn)
        if each.key not in said and not any(is_same_relation(each, related) for related in item.record.related)
    ]
    return _filled(
        item, "related", "related identifiers", MOST_OTHERS, has, said,
        lambda given: f"{given['relation']} {short(given['value'])}",
        lambda given: (given["relation"], short(given["value"])), unsaid,
    )  # fmt: skip


def more_subjects(item: Item, recorded: Asset, subjects: list[Given]) -> list[Given]:
    """Subjects, and the identifiers that they lack."""
    return _filled(
        item, "subjects", "subjects", MOST_OTHERS,
        {subject_key(each.name): given_term(each) for each in recorded.subjects},
        {subject_key(each["name"]): each for each in subjects},
        lambda given: f"subject '{given['name']}'", lambda given: ("subject", given["name"]),
    )  # fmt: skip


def given_related(related: RelatedIdentifier) -> Given:
    """A relation as a facility file has it."""
    return _without_none(
        relation=related.relation.value, scheme=related.scheme.value, value=related.value, name=related.name
    )


def _given_owner(owner: Owner) -> Given:
    return _without_none(name=owner.name, identifier=owner.identifier and given_identifier(owner.identifier))


def _without_none(**values: Any) -> Given:
    return {name: value for name, value in values.items() if value is not None}


def _filled(
    item: Item, name: str, plural: str, most: int, has: Mapping[Any, Given], said: Mapping[Any, Given],
    label: Callable[[Given], str], told_apart: Callable[[Given], tuple[str, str]],
    unsaid: Iterable[Given] | None = None,
) -> list[Given]:  # fmt: skip
    """What is recorded with what it lacks, and what is said besides; what is said otherwise is told.

    `told_apart` gives the kind of an item and its value: one that is added may
    stand for one of its kind that is `unsaid`, which are all that are not said.
    """
    wanted = [_whole(item, name, label(given), given, said.get(key, {})) for key, given in has.items()]
    added = [given for key, given in said.items() if key not in has]
    whole = first_of(item, [*wanted, *added], most, item.record.at(name), plural)
    if len(whole) < len(has):
        return []  # where more are recorded than a command takes at once, none of them is lost
    if unsaid is None:
        unsaid = (given for key, given in has.items() if key not in said)
    _tell_replaced(item, name, map(told_apart, whole[len(has) :]), map(told_apart, unsaid))
    return [] if whole == list(has.values()) else whole


def _whole(item: Item, name: str, what: str, has: Given, said: Given) -> Given:
    others = [key for key in said if key in has and said[key] != has[key]]
    if others:
        told = ", ".join(_words(said[key]) for key in others)
        _stays(item, name, what, f": not {told}")
    return {**said, **has}


def _tell_replaced(item: Item, name: str, added: Iterable[tuple[str, str]], unsaid: Iterable[tuple[str, str]]) -> None:
    """Tell what comes to stand beside what is recorded and is not in the record."""
    news, olds = defaultdict[str, list[str]](list), defaultdict[str, list[str]](list)
    for found, pairs in ((news, added), (olds, unsaid)):
        for kind, value in pairs:
            found[kind].append(value)
    for kind in (each for each in news if each in olds):
        beside = f"recorded besides, and not in the record: {', '.join(olds[kind])}"
        item.tell(item.record.at(name), f"added as {kind}: {', '.join(news[kind])}; {beside}")


def _words(value: str | Given) -> str:
    return short(value) if isinstance(value, str) else f"{value['scheme']} {short(value['value'])}"


def _stays(item: Item, name: str, what: str, more: str = "") -> None:
    item.tell(item.record.at(name), f"{what} stays as it is recorded{more}")
