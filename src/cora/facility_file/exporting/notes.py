"""What a facility file cannot say of what is: counted, with examples, so that nothing is left out silently."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from cora.facility_file.entries import KINDS
from cora.kernel.moment import moment_text

MOST_EXAMPLES = 5


class Note(StrEnum):
    """Each kind of thing that is told of an export, in the order in which they are told."""

    DECOMMISSIONED_ASSETS = "Decommissioned assets, left out"
    DECOMMISSIONED_MOUNTS = "Decommissioned mounts, left out"
    DECOMMISSIONED_FRAMES = "Decommissioned frames, left out"
    RETIRED_FIXTURES = "Retired fixtures, left out"
    LOST_IDENTIFIERS = "Persistent identifiers of decommissioned assets and retired fixtures, left out with them"
    DEPRECATED_UNUSED = "Deprecated definitions that nothing in the file uses, left out"
    DEPRECATED_USED = "Deprecated definitions that something in the file uses, written as any other"
    NAMES_TAKEN = "Definitions whose name another has by now, left out; what used them names the other"
    OLDER_ASSEMBLIES = "Fixtures of an older version of their assembly, left out"
    REFUSED_FIXTURES = "Fixtures that could not be registered as things are now, left out"
    FIXTURE_DATES = "Fixtures with an asset that moved later; they get the date of the move"
    ATTACHMENTS = "Slots of a fixture with only some of their assets attached, written as not attached"
    UNDECLARED_FAMILIES = "Assets of a family that their model no longer declares, written without the model"
    BROKEN_SETTINGS = "Assets whose settings break the schemas of now, written without the settings"
    UNHOLDABLE = "Settings and schemas with an empty key or very many values, left out"
    CONTROLLERS = "Assets controlled by what needs them, written without the controller"
    INSTALLATION_DATES = "Installations before the activation; they get the date of the activation"
    SLASHES = "What no path leads to, as a name on the way begins with a slash, left out where that takes a path"
    SUPERSEDING_FRAMES = "Frames that supersede another, written without which"
    CONTENT_HASHES = "Assemblies that will have another content hash, as a family was renamed since"
    HISTORIES = "Records with more history than the file tells, written as they are now"
    RESERVED_IDENTIFIERS = "Persistent identifiers reserved and not minted yet, left out"
    NOT_PUBLIC_IDENTIFIERS = (
        "Persistent identifiers that are drafts or withdrawn, left out: recorded elsewhere they would be public"
    )
    MINTED_IDENTIFIERS = (
        "Persistent identifiers minted here; applying records them, mints nothing, and they still lead here"
    )
    TEST_IDENTIFIERS = (
        "Test identifiers of the stub; a log that records them refuses a real authority "
        "(--no-test-identifiers leaves them out)"
    )
    TEST_IDENTIFIERS_LEFT_OUT = "Test identifiers of the stub, left out"
    CONTACTS = "E-mail addresses, left out (--contacts writes them)"
    ERASED_CONTACTS = "E-mail addresses that were erased"
    OUTSIDE = "Assets outside of the subtree, which must be there where the file is applied"
    PARTLY_OUTSIDE = "Fixtures with some of their assets outside of the subtree, left out"
    CHANGED_MEANWHILE = "Records that changed while they were read, left out in part; export again"


@dataclass
class Told:
    """How often something was noted, and the first few times."""

    count: int = 0
    examples: list[str] = field(default_factory=list[str])


@dataclass
class Report:
    """What was written, of when, and what the file cannot say."""

    made_at: datetime
    under: str | None = None
    as_of: str | None = None
    position: int = 0
    """Of the latest event of all that was read."""
    counts: dict[str, int] = field(default_factory=dict[str, int])
    """How many records each section has."""
    notes: dict[Note, Told] = field(default_factory=dict[Note, Told])

    def note(self, note: Note, example: str) -> None:
        """Count something that the file cannot say."""
        told = self.notes.setdefault(note, Told())
        told.count += 1
        if len(told.examples) < MOST_EXAMPLES:
            told.examples.append(example)

    @property
    def summary(self) -> str:
        """What was written, in one line."""
        total = sum(self.counts.values())
        parts = ", ".join(
            f"{count:,} {section if count != 1 else KINDS[section]}" for section, count in self.counts.items()
        )
        what = f"{total:,} {'record' if total == 1 else 'records'}" + (f" ({parts})" if parts else "")
        below = f" under {self.under}" if self.under else ""
        return f"{what}{below} as of position {self.position:,}, {moment_text(self.made_at)}"

    def lines(self) -> Iterator[str]:
        """The notes in words."""
        for note in Note:
            if note in self.notes:
                told = self.notes[note]
                more = "; ..." if told.count > len(told.examples) else ""
                yield f"{note.value}: {told.count:,} ({'; '.join(told.examples)}{more})"

    def to_json(self) -> dict[str, Any]:
        """The report as JSON data."""
        return {
            "summary": self.summary,
            "made_at": moment_text(self.made_at),
            "position": self.position,
            "as_of": self.as_of,
            "under": self.under,
            "counts": self.counts,
            "notes": [
                {"note": note.name.lower(), "text": note.value, "count": told.count, "examples": told.examples}
                for note in Note
                if (told := self.notes.get(note))
            ],
        }
