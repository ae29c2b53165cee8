"""Makes the file: everything is read, then it is decided what can be said, then it is written."""

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from cora.equipment.paths import can_be_said
from cora.facility_file.exporting.assets import asset_entry
from cora.facility_file.exporting.definitions import (
    Entry,
    assembly_entry,
    facility_entry,
    family_entry,
    model_entry,
    role_entry,
)
from cora.facility_file.exporting.fixtures import fixture_entry, outline_fixtures
from cora.facility_file.exporting.holdings import NONE, read_holdings
from cora.facility_file.exporting.notes import Note, Report
from cora.facility_file.exporting.outline import NothingThereError, Outline, find_tops, note_lost, outline_assets
from cora.facility_file.exporting.places import frame_entry, mount_entry, outline_places
from cora.facility_file.exporting.text import day_or_time, entry_lines
from cora.facility_file.exporting.vocabulary import Vocabulary, outline_vocabulary
from cora.facility_file.port import Facility, Record
from cora.facility_file.read import VERSION

# Assets nested deeper than this stand apart, under the path of the asset above them.
_DEEPEST = 120

Progress = Callable[[int, int | None, str], object]


def _silent(_done: int, _total: int | None, _what: str) -> None:
    return


@dataclass
class Export:
    """A file that is ready to be written, and what it cannot say."""

    report: Report
    outline: Outline
    vocabulary: Vocabulary

    def lines(self, progress: Progress = _silent) -> Iterator[str]:
        """The lines of the file, without their ends."""
        yield f"cora: {VERSION}"
        default = self.outline.default
        if default is not None:
            yield f"occurred_at: {day_or_time(default)}"
        total, done = sum(self.report.counts.values()), 0
        for section, entries in self._sections():
            if self.report.counts.get(section):
                yield ""
                yield f"{section}:"
                for lines in entries:
                    yield from lines
                    done += 1
                    progress(done, total, section)

    def _sections(self) -> Iterator[tuple[str, Iterator[Iterator[str]]]]:
        outline, words, holdings = self.outline, self.vocabulary, self.outline.holdings
        families, roles = holdings.families, holdings.roles
        yield (
            "facilities",
            (self._dated(record, facility_entry(record.state, address)) for record, address in words.facilities),
        )
        yield "roles", (self._dated(record, role_entry(record.state)) for record in words.roles)
        yield "families", (self._dated(record, family_entry(record.state, roles)) for record in words.families)
        yield "models", (self._dated(record, model_entry(record.state, families)) for record in words.models)
        yield (
            "frames",
            (
                self._dated(record, frame_entry(record.state, holdings))
                for record in map(holdings.frames.records.__getitem__, outline.frames)
            ),
        )
        yield (
            "mounts",
            (
                self._dated(record, mount_entry(record.state, holdings))
                for record in map(holdings.mounts.record, outline.mounts)
            ),
        )
        yield "assets", self._assets()
        yield (
            "assemblies",
            (self._dated(record, assembly_entry(record.state, families, roles)) for record in words.assemblies),
        )
        yield (
            "fixtures",
            (
                entry_lines(fixture_entry(outline, record.state), 2)
                for record in map(holdings.fixtures.__getitem__, outline.fixtures)
            ),
        )

    def _dated(self, record: Record, entry: Entry) -> Iterator[str]:
        if record.began_at != self.outline.default:
            entry["registered"] = day_or_time(record.began_at)
        return entry_lines(entry, 2)

    def _assets(self) -> Iterator[Iterator[str]]:
        """The lines of each asset, those below it after it."""
        assets, tops = self.outline.holdings.assets, self.outline.tops
        apart: deque[int] = deque()
        above = assets.above[tops[0]] if tops else NONE
        if above == NONE:
            yield from self._nested(tops, 2, (), apart)
        else:
            yield from self._nested(tops, 6, self._under(above), apart)
        while apart:
            above = apart.popleft()
            yield from self._nested(assets.below(above), 6, self._under(above), apart)

    def _under(self, number: int) -> tuple[str, ...]:
        return (*entry_lines({"under": self.outline.holdings.assets.label(number)}, 2), "    children:")

    def _nested(
        self, tops: list[int], indent: int, before: tuple[str, ...], apart: deque[int]
    ) -> Iterator[Iterator[str]]:
        assets = self.outline.holdings.assets
        waiting = [(number, indent) for number in reversed(tops)]
        while waiting:
            number, indent = waiting.pop()
            lines = [*before, *entry_lines(asset_entry(self.outline, number), indent)]
            before = ()
            below = assets.below(number)
            if below and indent > _DEEPEST and can_be_said(assets.path(number)):
                apart.append(number)
            elif below:
                lines.append(" " * (indent + 2) + "children:")
                waiting.extend((each, indent + 4) for each in reversed(below))
            yield iter(lines)


async def make_export(
    facility: Facility,
    *,
    under: str | None = None,
    contacts: bool = False,
    test_identifiers: bool = True,
    as_of: str | None = None,
    progress: Progress = _silent,
) -> Export:
    """Read a facility, or what is `under` an asset or a facility, and decide what its file says.

    Raises `NothingThereError` when `under` leads to nothing, `UnreachableError`
    when the facility cannot be asked.
    """
    report = Report(datetime.now(UTC), under, as_of)
    holdings = await read_holdings(
        facility, contacts=contacts, as_of=as_of, told=lambda count: progress(count, None, "reading")
    )
    report.position = holdings.position
    outline = Outline(holdings, report, find_tops(holdings, under), under is None, test_identifiers)
    outline_places(outline)
    outline_assets(outline, contacts=contacts, told=lambda count: progress(count, None, "looking"))
    outline_fixtures(outline)
    vocabulary = outline_vocabulary(outline, contacts=contacts)
    note_lost(outline)
    _note_reserved(outline)
    _note_above(outline)
    counts = {
        "facilities": len(vocabulary.facilities),
        "roles": len(vocabulary.roles),
        "families": len(vocabulary.families),
        "models": len(vocabulary.models),
        "frames": len(outline.frames),
        "mounts": len(outline.mounts),
        "assets": sum(outline.selected),
        "assemblies": len(vocabulary.assemblies),
        "fixtures": len(outline.fixtures),
    }
    report.counts = {section: count for section, count in counts.items() if count}
    return Export(report, outline, vocabulary)


def _note_reserved(outline: Outline) -> None:
    """Tell of the identifiers that no authority holds yet."""
    holdings = outline.holdings
    fixtures = {holdings.fixtures[number].id for number in outline.fixtures} if holdings.reserved else set[Any]()
    for each in holdings.reserved:
        number = holdings.assets.numbers.get(each.subject_id)
        if outline.whole or each.subject_id in fixtures or (number is not None and outline.selected[number]):
            outline.report.note(Note.RESERVED_IDENTIFIERS, f"{each.scheme} {each.value}")


def _note_above(outline: Outline) -> None:
    """Tell of the asset that an exported subtree stands under."""
    assets = outline.holdings.assets
    above = {assets.above[top] for top in outline.tops} - {NONE}
    for number in above:
        if not can_be_said(assets.path(number)):
            raise NothingThereError(f"no path leads to {assets.label(number)}, as a name begins with a slash")
        outline.report.note(Note.OUTSIDE, f"{assets.label(number)}, which it stands under")
