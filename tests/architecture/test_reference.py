"""The reference pages are what the declarations say."""

from dataclasses import replace

import pytest
from tests.architecture.source import REPOSITORY

from cora.equipment.features.activate_asset import activate_asset
from cora.kernel.principal import Role
from cora.kernel.slice import Slice
from cora.settings import Settings
from cora.surfaces import reference

FOLDER = REPOSITORY / "docs" / "reference"


@pytest.mark.parametrize("name", reference.pages())
def test_a_page_is_as_it_would_be_made_now(name: str) -> None:
    made = reference.pages()[name]
    assert (FOLDER / name).read_text() == made, f"docs/reference/{name} is out of date; run: make reference"


def test_a_changed_slice_changes_its_line(monkeypatch: pytest.MonkeyPatch) -> None:
    declared: Slice = activate_asset.__slice__  # type: ignore[attr-defined]
    before = reference.pages()["surface.txt"]
    for changed in (
        replace(declared, allow=Role.ADMIN),
        replace(declared, refuses=()),
        replace(declared, name="start"),
    ):
        monkeypatch.setattr(activate_asset, "__slice__", changed)
        after = reference.pages()["surface.txt"]
        assert sum(line not in after.splitlines() for line in before.splitlines()) == 1


def test_every_setting_has_a_line() -> None:
    text = (FOLDER / "settings.md").read_text()
    assert [name for name in Settings.model_fields if f"| `CORA_{name.upper()}` |" not in text] == []
