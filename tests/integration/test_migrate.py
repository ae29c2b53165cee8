"""Migrations: each file once, whoever starts at the same moment, whatever an earlier one left behind."""

import shutil
import subprocess
import sys
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from tests.conftest import execute, in_database

from cora.log import migrate as migrating
from cora.log.migrate import FOLDER, migrate, pending

NAMES = sorted(path.stem for path in FOLDER.glob("*.sql"))


@pytest.fixture
def empty(postgres: str) -> Generator[str]:
    """The address of a database with nothing in it."""
    name = f"empty_{uuid4().hex[:12]}"
    execute(postgres, "create database {}", name)
    yield in_database(postgres, name)
    execute(postgres, "drop database {} with (force)", name)


def test_each_file_is_applied_once(empty: str) -> None:
    assert pending(empty) == NAMES
    assert migrate(empty) == NAMES
    assert pending(empty) == []
    assert migrate(empty) == []


def test_files_are_numbered_without_a_gap() -> None:
    assert [int(name.partition("_")[0]) for name in NAMES] == list(range(1, len(NAMES) + 1))


def test_those_who_start_at_once_apply_them_together_once(empty: str) -> None:
    with ThreadPoolExecutor(6) as threads:
        applied = list(threads.map(migrate, [empty] * 6))
    assert sorted(applied) == [[]] * 5 + [NAMES]


def test_another_schema_is_another_cora(empty: str) -> None:
    assert migrate(empty) == NAMES
    assert pending(empty, "second") == NAMES
    assert migrate(empty, "second") == NAMES
    assert pending(empty, "second") == []


def test_the_lock_of_a_process_that_was_killed_does_not_stay(empty: str) -> None:
    killed = subprocess.run(
        [sys.executable, "-c", KILLED_WHILE_IT_MIGRATES, empty], capture_output=True, text=True, check=False
    )
    assert killed.returncode == -9, killed.stderr
    with psycopg.connect(empty) as connection:
        assert connection.execute("select count(*) from cora.yoyo_lock").fetchone() == (1,)
    assert migrate(empty) == NAMES


KILLED_WHILE_IT_MIGRATES = """
import os, signal, sys
from cora.log import migrate
with migrate._locked(sys.argv[1], "cora") as backend:
    with backend.lock():
        os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_file_that_fails_leaves_nothing_behind(empty: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "schema"
    shutil.copytree(FOLDER, folder)
    (folder / "9999_broken.sql").write_text("create table half (id int); select 1 / 0;")
    monkeypatch.setattr(migrating, "FOLDER", folder)
    with pytest.raises(psycopg.errors.DivisionByZero):
        migrate(empty)
    assert pending(empty) == ["9999_broken"]
    with psycopg.connect(empty) as connection:
        assert connection.execute("select to_regclass('cora.half')").fetchone() == (None,)
    (folder / "9999_broken.sql").write_text("create table half (id int)")
    assert migrate(empty) == ["9999_broken"]
