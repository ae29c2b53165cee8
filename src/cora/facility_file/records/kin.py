"""Which records are parts of which: HasComponent and IsComponentOf, as far as they make a tree."""

from collections.abc import Sequence
from uuid import UUID

from cora.equipment.pidinst.reading.quirks import persistent_identifier, same_identifier
from cora.equipment.pidinst.reading.record import Code, Related
from cora.equipment.related_identifier import RelatedIdentifier
from cora.facility_file.port import VALUES_AT_ONCE, Facility, Record
from cora.facility_file.problems import short
from cora.facility_file.records.identity import carriers, may_be_called
from cora.facility_file.records.items import Item

_WHOLE = "IsComponentOf"
_PART = "HasComponent"


async def relate(items: Sequence[Item], facility: Facility) -> None:
    """Give each item its parent; relations between records that make no tree are told."""
    known = {
        same_identifier(item.record.identifier): item
        for item in items
        if item.record.identifier is not None and not item.is_left_out
    }
    others = await _recorded_elsewhere(items, known, facility)
    await _recognise_wholes(items, known, others, facility)
    for item in items:
        if not item.is_left_out:
            for index, related in enumerate(item.record.related):
                if related.relation == _WHOLE:
                    _take_whole(item, index, related, known, others)
    # The whole is asked after the part: what a part says of itself goes first.
    for item in items:
        if not item.is_left_out:
            for index, related in enumerate(item.record.related):
                if related.relation == _PART:
                    _take_part(item, index, related, known, others)
    await _put_below_those_that_state_it(items, facility)
    for item in items:
        if item.parent is not None:
            item.parent.children.append(item)


async def _recorded_elsewhere(
    items: Sequence[Item], known: dict[tuple[str, str], Item], facility: Facility
) -> dict[str, Record | str]:
    pids = [
        pid
        for item in items
        for related in item.record.related
        if related.relation in (_WHOLE, _PART) and same_identifier(related.code) not in known
        if (pid := persistent_identifier(related.code)) is not None
    ]
    return await carriers(pids, facility)


async def _recognise_wholes(
    items: Sequence[Item], known: dict[tuple[str, str], Item], others: dict[str, Record | str], facility: Facility
) -> None:
    """Find the assets of records without identifier by what is recorded below them: names are looked at later, and
    what has a part that is recorded there is no other of that name."""
    found: set[UUID] = {item.recorded.id for item in items if item.recorded is not None}
    for item in items:
        if item.is_left_out or item.recorded is not None or item.record.identifier is not None:
            continue
        for related in item.record.related:
            item_of_part = known.get(same_identifier(related.code)) if related.relation == _PART else None
            part = _elsewhere(related, others) if item_of_part is None else item_of_part.recorded
            if related.relation != _PART or not isinstance(part, Record) or part.state.parent_id in {None, *found}:
                continue
            whole = await facility.get("asset", part.state.parent_id)
            if whole is not None and may_be_called(whole.state, item):
                item.recorded = whole
                found.add(whole.id)
                break


async def _put_below_those_that_state_it(items: Sequence[Item], facility: Facility) -> None:
    """Put what is new and tells no whole below the oldest asset that states it as its part: that was imported first."""
    left = {
        item.pid.value: item
        for item in items
        if item.pid is not None and not item.is_left_out
        if item.recorded is None and item.parent is None and item.parent_recorded is None
    }
    values = list(left)
    for start in range(0, len(values), VALUES_AT_ONCE):
        asked = {"related_identifier": tuple(values[start : start + VALUES_AT_ONCE])}
        async for whole in facility.listed("asset", asked):
            for stated in whole.state.related_identifiers:
                item = left.get(stated.value) if stated.relation == _PART else None
                if item is not None and item.parent_recorded is None and not whole.state.is_decommissioned:
                    item.parent_recorded = whole


def _elsewhere(related: Related, others: dict[str, Record | str]) -> Record | str | None:
    pid = persistent_identifier(related.code)
    return None if pid is None else others.get(pid.key)


def _take_whole(
    item: Item, index: int, related: Related, known: dict[tuple[str, str], Item], others: dict[str, Record | str]
) -> None:
    whole = known.get(same_identifier(related.code))
    if whole is not None:
        _put_below(item, whole, item, index, related)
        return
    recorded = _elsewhere(related, others)
    if not isinstance(recorded, Record):
        return
    if item.recorded is not None:
        if item.recorded.state.parent_id == recorded.id:
            item.kept_relations.add(index)
        else:
            _makes_no_tree(item, index, related, "the asset is recorded elsewhere, and stays there")
    elif item.parent is not None or item.parent_recorded is not None:
        _makes_no_tree(item, index, related, "another whole comes first")
    elif recorded.state.is_decommissioned:
        _makes_no_tree(item, index, related, "that asset is decommissioned")
    else:
        item.parent_recorded = recorded
        item.kept_relations.add(index)


def _take_part(
    item: Item, index: int, related: Related, known: dict[tuple[str, str], Item], others: dict[str, Record | str]
) -> None:
    part = known.get(same_identifier(related.code))
    if part is not None:
        _put_below(part, item, item, index, related)
        return
    recorded = _elsewhere(related, others)
    if not isinstance(recorded, Record):
        return
    if item.recorded is not None and recorded.state.parent_id == item.recorded.id:
        item.kept_relations.add(index)
    else:
        _makes_no_tree(item, index, related, "the part is recorded elsewhere, and stays there")


def _put_below(part: Item, whole: Item, said_by: Item, index: int, related: Related) -> None:
    why = _why_not(part, whole)
    if why is None:
        part.parent = whole
    if why in (None, ""):
        said_by.kept_relations.add(index)
    else:
        _makes_no_tree(said_by, index, related, why or "")


def _why_not(part: Item, whole: Item) -> str | None:
    """Why a part cannot stand below its whole; None if it can, nothing if it does."""
    if part.parent is whole:
        return ""
    if part.recorded is not None:
        is_there = whole.recorded is not None and part.recorded.state.parent_id == whole.recorded.id
        return "" if is_there else "the part is recorded elsewhere, and stays there"
    if part.parent is not None or part.parent_recorded is not None:
        return "another whole comes first"
    if whole.is_dead:
        return "that asset is decommissioned"
    line = [whole]
    while (above := line[-1].parent) is not None:
        line.append(above)
    if part in line:
        return "the records are parts of each other in a circle"
    return None


def stand_alone(item: Item) -> None:
    """Take an item from its whole, which it cannot stand below: both state what the tree does not tell then."""
    if item.parent is not None:
        item.parent.children.remove(item)
        _state(item.parent, item.record.identifier)
        _state(item, item.parent.record.identifier)
    elif item.parent_recorded is not None and (pid := item.parent_recorded.state.persistent_id) is not None:
        _state(item, Code(pid.value, pid.scheme))
    item.parent = item.parent_recorded = None


def _state(item: Item, other: Code | None) -> None:
    """State how an item is related to another."""
    for index, related in enumerate(item.record.related):
        is_other = other is not None and same_identifier(related.code) == same_identifier(other)
        if is_other and related.relation in (_WHOLE, _PART):
            item.kept_relations.discard(index)


def is_same_relation(stated: RelatedIdentifier, related: Related) -> bool:
    """Whether an asset states what a record says of a relation."""
    code = Code(stated.value, stated.scheme)
    return stated.relation == related.relation and same_identifier(code) == same_identifier(related.code)


def _makes_no_tree(item: Item, index: int, related: Related, why: str) -> None:
    """Tell why. What is new states its relation all the same; of what is recorded the tree says how it stands."""
    relation = f"{related.relation} {short(related.code.value)}"
    if item.recorded is None:
        item.tell(related.spot, f"{relation} is stated and makes no tree: {why}")
    elif not any(is_same_relation(each, related) for each in item.recorded.state.related_identifiers):
        item.refused_relations.add(index)
        item.tell(related.spot, f"{relation} is not kept: {why}")
