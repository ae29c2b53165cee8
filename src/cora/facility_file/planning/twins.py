"""Warns of new assets with the model and the serial number of a recorded one: probably the same, renamed."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from cora.equipment.aggregates.asset.state import Asset
from cora.equipment.values import AlternateIdentifierKind, folded
from cora.facility_file.entries import AssetEntry
from cora.facility_file.planning.core import Planning
from cora.facility_file.read import label_of
from cora.facility_file.shapes import LEFT_OUT, Named

_SERIAL = AlternateIdentifierKind.SERIAL_NUMBER


class Twins:
    """Collects the new assets with a recorded model and a serial number, then looks through those recorded."""

    def __init__(self, planning: Planning) -> None:
        self._planning = planning
        self._new: dict[tuple[UUID, str], AssetEntry] = {}

    def note(self, entry: AssetEntry) -> None:
        """Note an asset that is new."""
        if not isinstance(entry.model, Named) or entry.identifiers is LEFT_OUT:
            return
        planning = self._planning
        name = planning.survey.model_name(entry.model, entry.place.file)
        record = planning.known.models.get((folded(name[0]), folded(name[1]))) if name else None
        if record is None:
            return
        for serial in _serials(entry.identifiers):
            self._new[record.id, serial] = entry

    async def warn(self) -> None:
        """Look for recorded assets with the same model and serial number."""
        if not self._new:
            return
        models = tuple(sorted({str(model_id) for model_id, _ in self._new}))
        async for record in self._planning.facility.listed("asset", {"model_id": models}):
            state: Asset = record.state
            if state.is_decommissioned or state.model_id is None:
                continue
            for identifier in state.alternate_identifiers:
                if identifier.kind is not _SERIAL:
                    continue
                entry = self._new.get((state.model_id, folded(identifier.value)))
                if entry is not None:
                    says = f"is new, but has the model and the serial number '{identifier.value}' of the recorded asset"
                    self._planning.warn(
                        entry.at("identifiers"),
                        f"{label_of(entry)} {says} '{state.name}'; if it is the same, {_what_to_do(entry, state)}",
                    )


def _what_to_do(entry: AssetEntry, recorded: Asset) -> str:
    if not entry.place.is_in_record:
        return "give 'was: <its older path>'"
    if entry.persistent_id is LEFT_OUT or recorded.persistent_id is not None:
        return "leave the record out"
    return "record its identifier there first (record_asset_persistent_id)"


def _serials(identifiers: Iterable[dict[str, Any]]) -> Iterable[str]:
    return (folded(each["value"]) for each in identifiers if each["kind"] == _SERIAL)
