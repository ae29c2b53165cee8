"""Whatever has come about is exported, applied to an empty facility, and exported as the same file."""

from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, note, settings
from hypothesis import strategies as st
from tests.unit.facility_file.hutch import Hutch, make_hutch
from tests.unit.facility_file.stories import Story, pictured

from cora.facility_file import Export, make_export
from cora.facility_file.exporting.notes import Note

# What is told beside a file that says all that is in use as it is.
HARMLESS = frozenset(
    (Note.DECOMMISSIONED_ASSETS, Note.LOST_IDENTIFIERS, Note.HISTORIES, Note.MINTED_IDENTIFIERS, Note.TEST_IDENTIFIERS,
     Note.CONTACTS)
)  # fmt: skip


def text_of(export: Export) -> str:
    return "".join(f"{line}\n" for line in export.lines())


async def exported(hutch: Hutch) -> tuple[str, Export]:
    export = await make_export(hutch.facility)
    return text_of(export), export


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**32), steps=st.integers(0, 250))
async def test_an_export_applied_to_an_empty_facility_is_exported_as_the_same_file(seed: int, steps: int):
    note(f"Story(hutch, {seed}).tell({steps})")
    with TemporaryDirectory() as directory:
        first, second = await make_hutch(Path(directory)), await make_hutch(Path(directory))
        await Story(first, seed).tell(steps)
        text, export = await exported(first)
        await second.apply(text)
        again, export_again = await exported(second)
        assert again == text
        assert export_again.report.counts == export.report.counts
        assert Note.HISTORIES not in export_again.report.notes
        if export.report.notes.keys() <= HARMLESS:
            assert pictured(second) == pictured(first)
            assert await first.steps(text) == []
