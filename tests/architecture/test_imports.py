"""Imports point one way: the contracts in pyproject.toml hold, and are broken by what they forbid."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

from tests.architecture.source import REPOSITORY

PACKAGES = ("surfaces", "facility_file", "equipment", "kernel", "log", "tables", "labels")
FORBIDDEN = (
    ("kernel", "equipment"),
    ("kernel", "log"),
    ("kernel", "surfaces"),
    ("equipment", "facility_file"),
    ("equipment", "log"),
    ("equipment", "surfaces"),
    ("facility_file", "log"),
    ("facility_file", "surfaces"),
    ("log", "equipment"),
    ("log", "facility_file"),
    ("log", "surfaces"),
    ("tables", "equipment"),
    ("tables", "facility_file"),
    ("tables", "kernel"),
    ("tables", "log"),
    ("tables", "surfaces"),
    ("labels", "equipment"),
    ("labels", "facility_file"),
    ("labels", "kernel"),
    ("labels", "log"),
    ("labels", "surfaces"),
    ("labels", "tables"),
)


def lint(directory: Path, source: Path) -> subprocess.CompletedProcess[str]:
    """Run the linter of imports on a source tree."""
    return subprocess.run(
        [Path(sys.executable).parent / "lint-imports", "--no-cache"],
        cwd=directory,
        env={**os.environ, "PYTHONPATH": str(source)},
        capture_output=True,
        text=True,
        check=False,
    )


def plant(directory: Path, imports: Iterable[tuple[str, str]] = ()) -> Path:
    """The packages of cora, empty but for some imports, under the same contracts."""
    shutil.copy(REPOSITORY / "pyproject.toml", directory)
    for package in PACKAGES:
        folder = directory / "src" / "cora" / package
        folder.mkdir(parents=True)
        lines = [f"import cora.{imported}\n" for importer, imported in imports if importer == package]
        (folder / "__init__.py").write_text("".join(lines))
    (directory / "src" / "cora" / "__init__.py").touch()
    return directory / "src"


def test_imports_point_one_way() -> None:
    told = lint(REPOSITORY, REPOSITORY / "src")
    assert told.returncode == 0, told.stdout


def test_the_contracts_hold_for_packages_that_import_nothing(tmp_path: Path) -> None:
    told = lint(tmp_path, plant(tmp_path))
    assert told.returncode == 0, told.stdout


def test_every_import_the_other_way_is_found(tmp_path: Path) -> None:
    told = lint(tmp_path, plant(tmp_path, FORBIDDEN))
    assert told.returncode == 1, told.stdout
    assert [each for each in FORBIDDEN if "cora.{} -> cora.{}".format(*each) not in told.stdout] == []
