"""The values of an asset that is to be registered, and what is wrong with them, whatever else is wrong with it."""

from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from cora.equipment.aggregates.asset.state import AssetTier
from cora.facility_file.entries import AssetEntry
from cora.facility_file.shapes import LEFT_OUT

if TYPE_CHECKING:
    from cora.facility_file.planning.assets import Turn

_CAN_BE_LEFT_OUT = frozenset(
    {"description", "owners", "alternate_identifiers", "related_identifiers", "subjects", "ports", "drawing"}
)


def values_of(entry: AssetEntry) -> dict[str, Any]:
    """What the entry says of an asset that refers to no other record, as arguments of its registration."""
    found: dict[str, Any] = {}
    for key, name in (("tier", "tier"), ("description", "description"), ("owners", "owners"), ("ports", "ports"),
                      ("identifiers", "alternate_identifiers"), ("related_identifiers", "related_identifiers"),
                      ("subjects", "subjects"), ("drawing", "drawing")):  # fmt: skip
        value = getattr(entry, key)
        if value is not LEFT_OUT and value is not None:
            found[name] = value
    return found


def less_what_is_wrong(turn: "Turn", arguments: dict[str, Any]) -> dict[str, Any]:
    """The arguments without the values that are not what they should be, which are told.

    Such a plan is not applied, but what else is wrong with the asset is found too.
    """
    request = turn.planning.facility.commands["register_asset"].request
    try:
        request.model_validate(arguments)
    except ValidationError as wrong:
        broken = {error["loc"][0] for error in wrong.errors()} & _CAN_BE_LEFT_OUT
        told = {name: value for name, value in arguments.items() if name in broken}
        known = {"name": turn.entry.name, "tier": AssetTier.DEVICE}
        turn.planning.checked(turn.subject, "register_asset", {**known, **told})
        return {name: value for name, value in arguments.items() if name not in broken}
    return arguments


def check_values(turn: "Turn") -> None:
    """Tell what is wrong with the values of an asset that cannot be planned for another reason."""
    known = {"tier": turn.state.tier} if turn.state is not None else {}
    turn.planning.checked(turn.subject, "register_asset", {"name": turn.entry.name, **known, **values_of(turn.entry)})
