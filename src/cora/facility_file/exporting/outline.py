"""What of all that is recorded a file says, decided before it is written; what it cannot say is noted."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from cora.equipment.aggregates.asset.state import Asset, AssetLifecycle
from cora.equipment.aggregates.family import Family
from cora.equipment.aggregates.fixture import Fixture
from cora.equipment.aggregates.model import Model
from cora.equipment.assigned_identifier import AssignedIdentifier, IdentifierOrigin
from cora.equipment.paths import can_be_said, joined_path, split_path
from cora.equipment.settings import FamilySchema, setting_violations
from cora.equipment.values import folded
from cora.facility_file.exporting.definitions import names_of_model
from cora.facility_file.exporting.holdings import NONE, Holdings, KeptAsset
from cora.facility_file.exporting.notes import Note, Report
from cora.facility_file.exporting.text import can_be_held

_ID = re.compile("[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class NothingThereError(ValueError):
    """There is no living asset, nor a facility, at the path that is to be exported."""


@dataclass
class Outline:
    """What is written. Assets, mounts and fixtures by their numbers."""

    holdings: Holdings
    report: Report
    tops: list[int]
    """The assets that are written with all below them."""
    whole: bool
    test_identifiers: bool = True
    selected: bytearray = field(init=False)
    mounts: list[int] = field(default_factory=list[int])
    """In order."""
    frames: list[UUID] = field(default_factory=list[UUID])
    """In order."""
    fixtures: list[int] = field(default_factory=list[int])
    """In order."""
    without_model: set[int] = field(default_factory=set[int])
    without_settings: set[int] = field(default_factory=set[int])
    controllers: dict[int, int] = field(default_factory=dict[int, int])
    default: datetime | None = None
    """The earliest date of what is written."""
    _written_mounts: set[int] = field(default_factory=set[int])
    _schemas: dict[UUID, FamilySchema | None] = field(default_factory=dict[UUID, FamilySchema | None])

    def __post_init__(self) -> None:
        self.selected = bytearray(len(self.holdings.assets.names))
        for number in self.in_order():
            self.selected[number] = True

    def note_date(self, moment: datetime) -> None:
        """Something is written that began then. The earliest such date stands at the top of the file, so that what has
        no date of its own lies before nothing that has one."""
        self.default = moment if self.default is None else min(self.default, moment)

    def in_order(self) -> Iterator[int]:
        """The assets that are written, each before those below it."""
        for top in self.tops:
            yield from self.holdings.assets.subtree(top)

    def mount_of(self, asset: Asset) -> int | None:
        """The mount that an asset is written to be in."""
        number = self.holdings.mounts.holding.get(asset.id)
        is_installed = asset.lifecycle in (AssetLifecycle.ACTIVE, AssetLifecycle.MAINTENANCE)
        return number if is_installed and number in self._written_mounts else None

    def latest(self, asset: Asset) -> datetime:
        """The latest date of an asset that a file tells: its installation, its activation or its registration."""
        moment = max(asset.registered_at, asset.commissioned_at)
        number = self.mount_of(asset)
        return moment if number is None else max(moment, self.holdings.mounts.installed_at(number))

    def as_written(self, number: int) -> Asset:
        """An asset as the file says it is."""
        holdings = self.holdings
        asset = holdings.assets.kept(number).state
        model_id = None
        if asset.model_id is not None and number not in self.without_model:
            model_id = holdings.models.meant(asset.model_id).id
        return replace(
            asset,
            family_ids=tuple(dict.fromkeys(holdings.families.meant(id).id for id in asset.family_ids)),
            model_id=model_id,
            settings={} if number in self.without_settings else asset.settings,
        )

    def identifier(self, of: Asset | Fixture) -> AssignedIdentifier | None:
        """The persistent identifier that is written. Recorded elsewhere, a draft or a withdrawn one would be public."""
        assigned = of.persistent_id
        is_left_out = assigned is not None and assigned.test and not self.test_identifiers
        return None if is_left_out or of.id in self.holdings.not_public else assigned

    def note_identifier(self, label: str, of: Asset | Fixture) -> None:
        """Tell what becomes of a persistent identifier."""
        assigned = of.persistent_id
        if assigned is None:
            return
        example = f"{label}: {assigned.scheme} {assigned.value}"
        status = self.holdings.not_public.get(of.id)
        if status is not None:
            self.report.note(Note.NOT_PUBLIC_IDENTIFIERS, f"{example}, {status}")
        elif assigned.test:
            self.report.note(
                Note.TEST_IDENTIFIERS if self.test_identifiers else Note.TEST_IDENTIFIERS_LEFT_OUT, example
            )
        elif assigned.origin is IdentifierOrigin.MINTED:
            self.report.note(Note.MINTED_IDENTIFIERS, example)

    def write_mounts(self, numbers: set[int]) -> None:
        """These mounts are written."""
        self._written_mounts = numbers
        self.mounts = [number for number in self.holdings.mounts.in_order() if number in numbers]

    def schema(self, family_id: UUID) -> FamilySchema | None:
        """The settings schema of a family as the file says it is."""
        if family_id not in self._schemas:
            family: Family = self.holdings.families.meant(family_id).state
            schema = family.settings_schema if can_be_held(family.settings_schema) else None
            self._schemas[family_id] = None if schema is None else FamilySchema(family.name, schema)
        return self._schemas[family_id]

    def with_names(self, text: str) -> str:
        """The text with the paths of assets instead of their ids."""

        def name(found: re.Match[str]) -> str:
            number = self.holdings.assets.numbers.get(UUID(found[0]))
            return found[0] if number is None else f"'{self.holdings.assets.label(number)}'"

        return _ID.sub(name, text)


def find_tops(holdings: Holdings, under: str | None) -> list[int]:
    """The assets that a path leads to: all roots without one, those of a facility, or one asset.

    Raises `NothingThereError`.
    """
    assets = holdings.assets
    if under is None:
        return assets.roots()
    try:
        code, *names = split_path(under)
    except ValueError as wrong:
        raise NothingThereError(str(wrong)) from wrong
    if all(record.state.code != code for record, _ in holdings.facilities):
        known = ", ".join(sorted(record.state.code for record, _ in holdings.facilities)) or "there is none"
        raise NothingThereError(f"'{code}' is no facility (known: {known}); a path is such as aps/2-BM")
    here = [number for number in assets.roots() if assets.codes[number] == code]
    for depth, name in enumerate(names):
        found = [number for number in here if folded(assets.names[number]) == folded(name)]
        if not found:
            above = joined_path(code, *names[:depth])
            raise NothingThereError(f"there is no asset '{name}' below {above}, or it is decommissioned")
        here = found if depth == len(names) - 1 else assets.below(found[0])
    return here


def outline_assets(outline: Outline, *, contacts: bool, told: Callable[[int], object]) -> None:
    """Decide what is written of the assets; mounts are decided already."""
    holdings = outline.holdings
    for count, number in enumerate(outline.in_order()):
        kept = holdings.assets.kept(number)
        label = holdings.assets.label(number)
        families = list(dict.fromkeys(holdings.families.use(id).id for id in kept.state.family_ids))
        _outline_model(outline, number, kept.state, families, label)
        _outline_settings(outline, number, kept.state, families, label)
        _outline_controller(outline, number, kept.state, label)
        outline.note_date(kept.state.registered_at)
        _note_dates(outline, kept.state, label)
        _note_contacts(outline, kept, label, contacts=contacts)
        outline.note_identifier(label, kept.state)
        if kept.version > events_of_asset(kept.state):
            outline.report.note(Note.HISTORIES, label)
        if count % 200 == 0:
            told(count)


def _outline_model(outline: Outline, number: int, asset: Asset, families: list[UUID], label: str) -> None:
    if asset.model_id is None:
        return
    holdings = outline.holdings
    model: Model = holdings.models.meant(asset.model_id).state
    if not set(families) <= {holdings.families.meant(id).id for id in model.declared_family_ids}:
        outline.report.note(Note.UNDECLARED_FAMILIES, label)
    elif not can_be_said(names_of_model(model)):
        outline.report.note(Note.SLASHES, f"the model of {label}")
    else:
        holdings.models.use(asset.model_id)
        return
    outline.without_model.add(number)


def _outline_settings(outline: Outline, number: int, asset: Asset, families: list[UUID], label: str) -> None:
    if not asset.settings:
        return
    if not can_be_held(asset.settings):
        outline.report.note(Note.UNHOLDABLE, f"the settings of {label}")
    elif setting_violations(asset.settings, [schema for id in families if (schema := outline.schema(id))]):
        outline.report.note(Note.BROKEN_SETTINGS, label)
    else:
        return
    outline.without_settings.add(number)


def _outline_controller(outline: Outline, number: int, asset: Asset, label: str) -> None:
    if asset.controller_id is None:
        return
    assets, report = outline.holdings.assets, outline.report
    controller = assets.numbers.get(asset.controller_id)
    if controller is None or not assets.is_living[controller]:
        report.note(Note.CHANGED_MEANWHILE, label)
    elif not can_be_said(assets.path(controller)):
        report.note(Note.SLASHES, f"the controller of {label}")
    elif _needs(outline, controller, number):
        report.note(Note.CONTROLLERS, label)
    else:
        outline.controllers[number] = controller
        if not outline.selected[controller]:
            report.note(Note.OUTSIDE, f"{assets.label(controller)}, which controls {label}")


def _needs(outline: Outline, start: int, number: int) -> bool:
    """Whether an asset must be registered after another: it stands below it, is controlled by it, and so on."""
    waiting, seen = [start], {start}
    while waiting:
        here = waiting.pop()
        if here == number:
            return True
        for needed in (outline.holdings.assets.above[here], outline.controllers.get(here, NONE)):
            if needed != NONE and needed not in seen:
                seen.add(needed)
                waiting.append(needed)
    return False


def _note_dates(outline: Outline, asset: Asset, label: str) -> None:
    mount = outline.mount_of(asset)
    if mount is not None and outline.holdings.mounts.installed_at(mount) < asset.commissioned_at:
        outline.report.note(Note.INSTALLATION_DATES, label)


def _note_contacts(outline: Outline, kept: KeptAsset, label: str, *, contacts: bool) -> None:
    for index, owner in enumerate(kept.state.owners):
        if owner.contact_id is None:
            continue
        if not contacts:
            outline.report.note(Note.CONTACTS, f"of {owner.name}, {label}")
        elif kept.addresses[index] is None:
            outline.report.note(Note.ERASED_CONTACTS, f"of {owner.name}, {label}")


def events_of_asset(asset: Asset) -> int:
    """How many events an asset has when it is made from a file."""
    return 1 + sum(
        map(
            bool,
            (
                asset.settings,
                asset.lifecycle is not AssetLifecycle.COMMISSIONED,
                asset.lifecycle is AssetLifecycle.MAINTENANCE,
                asset.condition_reason,
                asset.fixture_id,
                asset.persistent_id,
            ),
        )
    )


def note_lost(outline: Outline) -> None:
    """Tell of the assets that are no more, inside of what is exported."""
    assets, report = outline.holdings.assets, outline.report
    tops = set(outline.tops)
    for number, is_living in enumerate(assets.is_living):
        if is_living:
            continue
        if not outline.whole and tops.isdisjoint(assets.line(number)):
            continue
        label = assets.label(number)
        if number in assets.stray:
            report.note(Note.CHANGED_MEANWHILE, label)
            continue
        report.note(Note.DECOMMISSIONED_ASSETS, label)
        assigned: Any = assets.kept(number).state.persistent_id
        if assigned is not None:
            report.note(Note.LOST_IDENTIFIERS, f"{label}: {assigned.scheme} {assigned.value}")
