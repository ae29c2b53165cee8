"""Every command of the plain model, with the role it needs (domain.md, 4.3) and the path of its record."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from tests.model import assets, definitions, identifiers, places
from tests.model.world import State, World

ROLES = ("reader", "operator", "steward", "admin")
"""Each includes those before it."""


@dataclass(frozen=True)
class Planned:
    """What a command does to the world, who may give it, and which kind of record is in its path."""

    decide: Callable[[World, State], None]
    role: str
    on: str | None = None

    def lets(self, role: str) -> bool:
        """Whether a caller with this role may give it."""
        return ROLES.index(role) >= ROLES.index(self.role)


_CREATING = {
    "register_facility": Planned(definitions.register_facility, "admin"),
    "define_family": Planned(definitions.define_family, "steward"),
    "define_role": Planned(definitions.define_role, "steward"),
    "define_model": Planned(definitions.define_model, "steward"),
    "define_assembly": Planned(definitions.define_assembly, "steward"),
    "register_asset": Planned(assets.register_asset, "operator"),
    "register_frame": Planned(places.register_frame, "operator"),
    "register_mount": Planned(places.register_mount, "operator"),
    "register_fixture": Planned(places.register_fixture, "operator"),
}

_ON_DEFINITIONS = {
    "revise_facility": Planned(definitions.revise_facility, "admin", "facility"),
    "version_family": Planned(definitions.version_family, "steward", "family"),
    "deprecate_family": Planned(definitions.deprecate_family, "steward", "family"),
    "update_family_settings_schema": Planned(definitions.update_family_settings_schema, "steward", "family"),
    "add_family_presents_as": Planned(definitions.add_family_presents_as, "steward", "family"),
    "remove_family_presents_as": Planned(definitions.remove_family_presents_as, "steward", "family"),
    "version_model": Planned(definitions.version_model, "steward", "model"),
    "deprecate_model": Planned(definitions.deprecate_model, "steward", "model"),
    "add_model_family": Planned(definitions.add_model_family, "steward", "model"),
    "remove_model_family": Planned(definitions.remove_model_family, "steward", "model"),
    "version_assembly": Planned(definitions.version_assembly, "steward", "assembly"),
    "deprecate_assembly": Planned(definitions.deprecate_assembly, "steward", "assembly"),
    "add_assembly_presents_as": Planned(definitions.add_assembly_presents_as, "steward", "assembly"),
    "remove_assembly_presents_as": Planned(definitions.remove_assembly_presents_as, "steward", "assembly"),
}

_ON_ASSETS = {
    "describe_asset": assets.describe_asset,
    "bind_asset_model": assets.bind_asset_model,
    "set_asset_controller": assets.set_asset_controller,
    "set_asset_drawing": assets.set_asset_drawing,
    "add_asset_note": assets.add_asset_note,
    "activate_asset": assets.activate_asset,
    "enter_asset_maintenance": assets.enter_asset_maintenance,
    "exit_asset_maintenance": assets.exit_asset_maintenance,
    "decommission_asset": assets.decommission_asset,
    "relocate_asset": assets.relocate_asset,
    "add_asset_family": assets.add_asset_family,
    "remove_asset_family": assets.remove_asset_family,
    "add_asset_port": assets.add_asset_port,
    "remove_asset_port": assets.remove_asset_port,
    "update_asset_settings": assets.update_asset_settings,
    "degrade_asset": assets.degrade_asset,
    "fault_asset": assets.fault_asset,
    "restore_asset": assets.restore_asset,
    "add_asset_owner": assets.add_asset_owner,
    "remove_asset_owner": assets.remove_asset_owner,
    "add_asset_alternate_identifier": assets.add_asset_alternate_identifier,
    "remove_asset_alternate_identifier": assets.remove_asset_alternate_identifier,
    "add_asset_related_identifier": assets.add_asset_related_identifier,
    "remove_asset_related_identifier": assets.remove_asset_related_identifier,
    "add_asset_subject": assets.add_asset_subject,
    "remove_asset_subject": assets.remove_asset_subject,
    "attach_asset_to_fixture": assets.attach_asset_to_fixture,
    "detach_asset_from_fixture": assets.detach_asset_from_fixture,
}

_ON_PLACES = {
    "update_frame_placement": Planned(places.update_frame_placement, "operator", "frame"),
    "decommission_frame": Planned(places.decommission_frame, "operator", "frame"),
    "set_mount_drawing": Planned(places.set_mount_drawing, "operator", "mount"),
    "update_mount_placement": Planned(places.update_mount_placement, "operator", "mount"),
    "install_asset": Planned(places.install_asset, "operator", "mount"),
    "uninstall_asset": Planned(places.uninstall_asset, "operator", "mount"),
    "decommission_mount": Planned(places.decommission_mount, "operator", "mount"),
    "retire_fixture": Planned(places.retire_fixture, "operator", "fixture"),
}

_ASSIGNING = {
    f"{verb}_{kind}_persistent_id": Planned(partial(decide, kind=kind), "steward", kind)
    for verb, decide in (("assign", identifiers.assign), ("record", identifiers.record))
    for kind in ("asset", "fixture")
}

_ON_IDENTIFIERS = {
    "publish_persistent_id": Planned(identifiers.publish, "steward", "persistent_id"),
    "push_persistent_id": Planned(identifiers.push, "steward", "persistent_id"),
    "redirect_persistent_id": Planned(identifiers.redirect, "steward", "persistent_id"),
    "withdraw_persistent_id": Planned(identifiers.withdraw, "steward", "persistent_id"),
    "release_persistent_id": Planned(identifiers.release, "steward", "persistent_id"),
}

COMMANDS: dict[str, Planned] = {
    **_CREATING,
    **_ON_DEFINITIONS,
    **{name: Planned(decide, "operator", "asset") for name, decide in _ON_ASSETS.items()},
    **_ON_PLACES,
    **_ASSIGNING,
    **_ON_IDENTIFIERS,
}
