"""Plans the lists of an asset that is recorded, such as its owners and ports, each item by a command."""

from typing import TYPE_CHECKING, Any
from uuid import UUID

from cora.equipment.aggregates.asset.state import Asset, identifier_key, owner_key, port_key, subject_key
from cora.equipment.values import Owner
from cora.facility_file.shapes import LEFT_OUT

if TYPE_CHECKING:
    from cora.facility_file.planning.assets import Turn


async def plan_lists(turn: "Turn") -> None:
    """Remove what the file no longer lists, then add what it lists anew."""
    state, entry = turn.state, turn.entry
    if state is None:
        return
    arguments: dict[str, Any] = {"name": state.name, "tier": state.tier}
    for key, name in (("owners", "owners"), ("identifiers", "alternate_identifiers"), ("ports", "ports"),
                      ("related_identifiers", "related_identifiers"), ("subjects", "subjects")):  # fmt: skip
        if getattr(entry, key) is not LEFT_OUT:
            arguments[name] = getattr(entry, key)
    wanted = turn.planning.checked(turn.subject, "register_asset", arguments)
    if wanted is None:
        return
    if entry.owners is not LEFT_OUT:
        await _plan_owners(turn, state, wanted.owners, entry.owners)
    if entry.identifiers is not LEFT_OUT:
        await _plan_identifiers(turn, state, wanted.alternate_identifiers, entry.identifiers)
    if entry.related_identifiers is not LEFT_OUT:
        await _plan_related(turn, state, wanted.related_identifiers, entry.related_identifiers)
    if entry.subjects is not LEFT_OUT:
        await _plan_subjects(turn, state, wanted.subjects, entry.subjects)
    if entry.ports is not LEFT_OUT:
        await _plan_ports(turn, state, wanted.ports, entry.ports)


def _twice(turn: "Turn", key: str, found: list[Any]) -> bool:
    """Whether a list names something twice, which is a problem."""
    seen: set[Any] = set()
    for index, each in enumerate(found):
        if each in seen:
            turn.planning.problem(turn.entry.at(key, index), f"{turn.subject.label}: '{key}' lists this twice")
            return True
        seen.add(each)
    return False


async def remove_families(turn: "Turn") -> None:
    """Remove the families that the file no longer lists. Comes before the model that may not declare them."""
    wanted, state = _wanted_families(turn), turn.state
    for id in [each for each in state.family_ids if each not in wanted] if state and wanted is not None else ():
        name = turn.planning.named(str(id))
        await turn.change("remove_asset_family", {"family_id": str(id)}, f"remove {name} from", "families")


async def add_families(turn: "Turn") -> None:
    """Add the families that the file lists anew. Comes after the model that declares them."""
    wanted, state = _wanted_families(turn), turn.state
    for id in [each for each in wanted if each not in state.family_ids] if state and wanted is not None else ():
        name = turn.planning.named(str(id))
        await turn.change("add_asset_family", {"family_id": str(id)}, f"add {name} to", "families")


def _wanted_families(turn: "Turn") -> tuple[UUID, ...] | None:
    return turn.references.get("family_ids")


async def _plan_owners(turn: "Turn", state: Asset, wanted: Any, given: list[dict[str, Any]]) -> None:
    keys = [owner_key(owner.name) for owner in wanted]
    if _twice(turn, "owners", keys):
        return
    recorded = {owner_key(owner.name): owner for owner in state.owners}
    stays: set[str] = set()
    for key, owner, said in zip(keys, wanted, given, strict=True):
        if key in recorded and await _is_same_owner(turn, recorded[key], owner, said):
            stays.add(key)
    for key, owner in recorded.items():
        if key not in stays:
            await turn.change("remove_asset_owner", {"name": owner.name}, f"remove owner '{owner.name}' from", "owners")
    for key, owner in zip(keys, given, strict=True):
        if key not in stays:
            if key in recorded and "contact" not in owner:
                owner = await _with_address(turn, recorded[key], owner)
            await turn.change("add_asset_owner", {"owner": owner}, f"add owner '{owner['name']}' to", "owners")


async def _is_same_owner(turn: "Turn", recorded: Owner, wanted: Any, said: dict[str, Any]) -> bool:
    if recorded.name != wanted.name or recorded.identifier != wanted.identifier:
        return False
    if "contact" not in said:
        return True  # an address that is left out is left alone
    if recorded.contact_id is None or wanted.contact is None:
        return recorded.contact_id is None and wanted.contact is None
    # An address that was erased is not the same as any: the owner is removed and added again.
    return await turn.planning.facility.address(recorded.contact_id) == wanted.contact.address


async def _with_address(turn: "Turn", recorded: Owner, owner: dict[str, Any]) -> dict[str, Any]:
    """The owner, who is added anew, with the address that is recorded."""
    contact_id = recorded.contact_id
    address = None if contact_id is None else await turn.planning.facility.address(contact_id)
    return owner if address is None else {**owner, "contact": address}


async def _plan_identifiers(turn: "Turn", state: Asset, wanted: Any, given: list[dict[str, Any]]) -> None:
    if _twice(turn, "identifiers", [identifier_key(each) for each in wanted]):
        return
    for each in state.alternate_identifiers:
        if each not in wanted:
            arguments = {"kind": each.kind, "value": each.value, "name": each.name}
            await turn.change("remove_asset_alternate_identifier", {"identifier": arguments},
                              f"remove identifier '{each.value}' from", "identifiers")  # fmt: skip
    for each, arguments in zip(wanted, given, strict=True):
        if each not in state.alternate_identifiers:
            await turn.change("add_asset_alternate_identifier", {"identifier": arguments},
                              f"add identifier '{each.value}' to", "identifiers")  # fmt: skip


async def _plan_related(turn: "Turn", state: Asset, wanted: Any, given: list[dict[str, Any]]) -> None:
    if _twice(turn, "related_identifiers", [each.key for each in wanted]):
        return
    for each in state.related_identifiers:
        if each not in wanted:
            arguments = {"relation": each.relation, "scheme": each.scheme, "value": each.value, "name": each.name}
            await turn.change("remove_asset_related_identifier", {"identifier": arguments},
                              f"remove {each.relation} '{each.value}' from", "related_identifiers")  # fmt: skip
    for each, arguments in zip(wanted, given, strict=True):
        if each not in state.related_identifiers:
            await turn.change("add_asset_related_identifier", {"identifier": arguments},
                              f"add {each.relation} '{each.value}' to", "related_identifiers")  # fmt: skip


async def _plan_subjects(turn: "Turn", state: Asset, wanted: Any, given: list[dict[str, Any]]) -> None:
    if _twice(turn, "subjects", [subject_key(each.name) for each in wanted]):
        return
    for each in state.subjects:
        if each not in wanted:
            await turn.change(
                "remove_asset_subject", {"name": each.name}, f"remove subject '{each.name}' from", "subjects"
            )
    for each, arguments in zip(wanted, given, strict=True):
        if each not in state.subjects:
            await turn.change("add_asset_subject", {"subject": arguments}, f"add subject '{each.name}' to", "subjects")


async def _plan_ports(turn: "Turn", state: Asset, wanted: Any, given: list[dict[str, Any]]) -> None:
    if _twice(turn, "ports", [port_key(port.name) for port in wanted]):
        return
    for port in state.ports:
        if port not in wanted:
            await turn.change("remove_asset_port", {"name": port.name}, f"remove port '{port.name}' from", "ports")
    for port, arguments in zip(wanted, given, strict=True):
        if port not in state.ports:
            await turn.change("add_asset_port", {"port": arguments}, f"add port '{port.name}' to", "ports")
