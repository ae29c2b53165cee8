"""How assets are written."""

from cora.equipment.aggregates.asset.state import Asset, AssetCondition, AssetLifecycle
from cora.equipment.assigned_identifier import AssignedIdentifier
from cora.equipment.paths import joined_path
from cora.facility_file.exporting.definitions import Entry, drawing_entry, names_of_model, owner_entry, put, term_entry
from cora.facility_file.exporting.outline import Outline
from cora.facility_file.exporting.text import day_or_time, in_order


def asset_entry(outline: Outline, number: int) -> Entry:
    """An asset, without those below it."""
    holdings = outline.holdings
    kept = holdings.assets.kept(number)
    asset = kept.state
    entry: Entry = {"name": asset.name}
    put(entry, facility=asset.facility_code)
    entry["tier"] = asset.tier
    families = dict.fromkeys(holdings.families.meant(id).state.name for id in asset.family_ids)
    put(entry, description=asset.description)
    if asset.model_id is not None and number not in outline.without_model:
        entry["model"] = joined_path(*names_of_model(holdings.models.meant(asset.model_id).state))
    put(entry, families=list(families))
    _put_lifecycle(entry, outline, asset)
    addresses = kept.addresses or (None,) * len(asset.owners)
    put(
        entry,
        owners=[
            owner_entry(owner.name, address, owner.identifier)
            for owner, address in zip(asset.owners, addresses, strict=True)
        ],
        identifiers=[
            {"kind": each.kind, **({"name": each.name} if each.name else {}), "value": each.value}
            for each in asset.alternate_identifiers
        ],
        related_identifiers=[
            {"relation": each.relation, "scheme": each.scheme, "value": each.value}
            | ({"name": each.name} if each.name else {})
            for each in asset.related_identifiers
        ],
        subjects=list(map(term_entry, asset.subjects)),
        ports=[
            {"name": port.name, "direction": port.direction, "signal_type": port.signal_type} for port in asset.ports
        ],
        settings=None if number in outline.without_settings else in_order(asset.settings),
        drawing=drawing_entry(asset.drawing),
    )
    if number in outline.controllers:
        entry["controller"] = holdings.assets.label(outline.controllers[number])
    if asset.condition is not AssetCondition.NOMINAL or asset.condition_reason is not None:
        entry["condition"] = {"state": asset.condition}
        put(entry["condition"], reason=asset.condition_reason)
    _put_mount(entry, outline, asset)
    put(entry, persistent_id=identifier_entry(outline.identifier(asset)))
    return entry


def _put_lifecycle(entry: Entry, outline: Outline, asset: Asset) -> None:
    if asset.lifecycle is not AssetLifecycle.COMMISSIONED:
        entry["lifecycle"] = asset.lifecycle
    if asset.registered_at != outline.default:
        entry["registered"] = day_or_time(asset.registered_at)
    if asset.commissioned_at != asset.registered_at:
        entry["commissioned"] = day_or_time(asset.commissioned_at)


def _put_mount(entry: Entry, outline: Outline, asset: Asset) -> None:
    """Where it is installed; the date where it is not the one that applying would give it anyway."""
    number, mounts = outline.mount_of(asset), outline.holdings.mounts
    if number is None:
        return
    entry["mount"] = mounts.codes[number]
    installed_at = mounts.installed_at(number)
    if installed_at > max(asset.commissioned_at, mounts.began_at(number)):
        entry["installed"] = day_or_time(installed_at)


def identifier_entry(assigned: AssignedIdentifier | None) -> Entry | None:
    """A persistent identifier that exists."""
    return None if assigned is None else {"scheme": assigned.scheme, "value": assigned.value}
