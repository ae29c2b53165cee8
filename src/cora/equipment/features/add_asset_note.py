"""Note something about an asset, at any time of its life and after it. A note stands in its history and changes nothing
else; it can be neither changed nor taken away."""

from uuid import UUID

from cora.equipment.aggregates.asset import ASSET
from cora.equipment.aggregates.asset.events import AssetNoteAdded
from cora.equipment.aggregates.asset.state import Asset
from cora.equipment.values import Note
from cora.kernel.principal import Role
from cora.kernel.slice import Command, decides


class AddAssetNote(Command):
    """What is noted about which asset."""

    asset_id: UUID
    text: Note


@decides("POST /assets/{asset_id}/add-note", on=ASSET, allow=Role.OPERATOR)
def add_asset_note(command: AddAssetNote, asset: Asset) -> list[AssetNoteAdded]:
    return [AssetNoteAdded(command.text)]
