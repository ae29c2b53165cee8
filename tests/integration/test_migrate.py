"""Migrations: each file once, whoever starts at the same moment, whatever an earlier one left behind."""

import shutil
import subprocess
import sys
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from uuid import uuid4

import asyncpg
import psycopg
import pytest
from tests.conftest import EMPTY, execute, in_database, new_database

from cora.log import migrate as migrating
from cora.log.connect import connect
from cora.log.embedded import embedded_postgres
from cora.log.migrate import FOLDER, migrate, pending

NAMES = sorted(path.stem for path in FOLDER.glob("*.sql"))


@pytest.fixture
def empty(postgres: str) -> Generator[str]:
    """The address of a database with nothing in it."""
    with new_database(postgres, EMPTY) as name:
        yield in_database(postgres, name)


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


async def test_an_owner_who_is_no_superuser_migrates_and_acts_under_the_role(tmp_path: Path) -> None:
    with embedded_postgres(tmp_path) as server:
        execute(server.dsn(), "create role owner_of_it login createrole")
        execute(server.dsn(), "create database owned owner owner_of_it")
        owned = server.dsn("owned").replace("postgres@", "owner_of_it@")
        assert migrate(owned) == NAMES
        connection = await connect(owned, "cora")
        assert await connection.fetchval("select current_user") == "cora_app"
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute("delete from event")
        await connection.close()


def test_an_owner_who_may_not_have_the_role_is_told_and_may_try_again(empty: str) -> None:
    migrate(empty)
    owner, name = f"owner_{uuid4().hex[:12]}", f"owned_{uuid4().hex[:12]}"
    execute(empty, "create role {} login", owner)
    execute(empty, "create database {} owner {}", name, owner)
    owned = in_database(empty, name).replace("postgres@", f"{owner}@")
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="cora_app"):
        migrate(owned)
    assert pending(owned) == NAMES
    execute(empty, "grant cora_app to {}", owner)
    assert migrate(owned) == NAMES
    execute(empty, "drop database {}", name)
    execute(empty, "drop role {}", owner)
