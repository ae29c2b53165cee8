"""The embedded Postgres: wherever its data lies, whoever runs it, however it ended the last time."""

import contextlib
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator
from pathlib import Path

import asyncpg
import psycopg
import pytest

from cora.log.embedded import EmbeddedPostgres, EmbeddedPostgresError, embedded_postgres

# Uses the server of a data directory, says so, and stays until its standard input is closed. It becomes another user
# only after its imports: Python itself may lie where only root can read.
USER_OF_IT = """
import os, sys
from pathlib import Path
import psycopg
from cora.log.embedded import embedded_postgres
if uid := int(sys.argv[3]):
    os.setgroups([])
    os.setgid(int(sys.argv[4]))
    os.setuid(uid)
with embedded_postgres(Path(sys.argv[1])) as server:
    with psycopg.connect(server.dsn(), autocommit=True) as connection:
        connection.execute("select pg_advisory_lock(1)")
        connection.execute("create table if not exists seen (who int)")
        connection.execute("insert into seen values (%s)", (int(sys.argv[2]),))
    print("ready", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def directory() -> Generator[Path]:
    """A data directory that any user may reach."""
    made = Path(tempfile.mkdtemp(prefix="cora-embedded-"))
    made.chmod(0o755)
    yield made / "data"
    shutil.rmtree(made)


def use(directory: Path, who: int = 0, user: str = "root") -> subprocess.Popen[str]:
    """Another process that uses the server; root is whoever runs the tests."""
    entry = pwd.getpwnam(user)
    return subprocess.Popen(
        [sys.executable, "-c", USER_OF_IT, str(directory), str(who), str(entry.pw_uid), str(entry.pw_gid)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "HOME": "/nonexistent"},
    )


def wait_until_ready(process: subprocess.Popen[str]) -> None:
    assert process.stdout is not None
    line = process.stdout.readline()
    assert line == "ready\n", process.communicate()[1]


def leave(process: subprocess.Popen[str]) -> None:
    """Let a process end by itself."""
    _, errors = process.communicate("")
    assert process.returncode == 0, errors


def postmaster(directory: Path) -> int | None:
    """The number of the server's process, None when there is none."""
    path = directory / "postgres" / "postmaster.pid"
    return int(path.read_text().split("\n", 1)[0]) if path.exists() else None


def seen(server: EmbeddedPostgres) -> list[int]:
    with psycopg.connect(server.dsn()) as connection:
        return [row[0] for row in connection.execute("select who from seen order by who")]


def remember(server: EmbeddedPostgres, who: int) -> None:
    with psycopg.connect(server.dsn()) as connection:
        connection.execute("create table if not exists seen (who int)")
        connection.execute("insert into seen values (%s)", (who,))


@pytest.mark.parametrize("name", ["data", "with space, comma & 'quotes' ü%20", "/".join(["long-" * 10] * 5)])
async def test_it_works_in_any_directory_and_is_durable(name: str, directory: Path) -> None:
    with embedded_postgres(directory / name) as server:
        assert server.version >= 15
        connection = await asyncpg.connect(server.dsn())
        for setting in ("fsync", "synchronous_commit", "full_page_writes"):
            assert await connection.fetchval("select current_setting($1)", setting) == "on"
        assert await connection.fetchval("show listen_addresses") == ""
        await connection.close()
        remember(server, 1)
    assert postmaster(directory / name) is None
    with embedded_postgres(directory / name) as server:
        assert seen(server) == [1]


def test_it_is_shared_and_stops_with_its_last_user(directory: Path) -> None:
    with embedded_postgres(directory):
        first = postmaster(directory)
        other = use(directory)
        wait_until_ready(other)
        with embedded_postgres(directory) as again:
            assert postmaster(directory) == first
        assert seen(again) == [0]
    assert postmaster(directory) == first
    leave(other)
    assert postmaster(directory) is None


@pytest.mark.skipif(os.geteuid() != 0, reason="an ordinary user needs no way through")
def test_it_stops_also_when_the_way_to_it_was_closed_meanwhile(directory: Path) -> None:
    with embedded_postgres(directory) as server:
        directory.parent.chmod(0o700)
        remember(server, 1)
    assert postmaster(directory) is None


def test_processes_that_start_at_once_share_one_server(directory: Path) -> None:
    users = [use(directory, who) for who in range(5)]
    for process in users:
        wait_until_ready(process)
    with embedded_postgres(directory) as server:
        assert seen(server) == list(range(5))
    for process in users:
        leave(process)
    assert postmaster(directory) is None


def test_a_user_that_is_killed_is_not_counted_any_more(directory: Path) -> None:
    killed = use(directory)
    wait_until_ready(killed)
    killed.kill()
    killed.communicate()
    left = postmaster(directory)
    assert left is not None
    with embedded_postgres(directory) as server:
        assert postmaster(directory) == left
        assert seen(server) == [0]
    assert postmaster(directory) is None


def test_it_starts_again_after_the_server_was_killed(directory: Path) -> None:
    with embedded_postgres(directory) as server:
        remember(server, 1)
        killed = postmaster(directory)
        assert killed is not None
        os.kill(killed, signal.SIGKILL)
        with embedded_postgres(directory) as again:
            assert postmaster(directory) != killed
            assert seen(again) == [1]
    assert postmaster(directory) is None


def test_it_is_started_again_for_those_who_use_it(directory: Path) -> None:
    with embedded_postgres(directory) as server:
        remember(server, 1)
        for _ in range(2):
            killed = postmaster(directory)
            assert killed is not None
            os.kill(killed, signal.SIGKILL)
            found: list[int] = []
            until = time.monotonic() + 30
            while not found and time.monotonic() < until:
                with contextlib.suppress(psycopg.OperationalError):
                    found = seen(server)
                time.sleep(0.1)
            assert found == [1]
            assert postmaster(directory) != killed
    assert postmaster(directory) is None


def test_it_starts_when_another_process_got_the_number_of_the_old_server(directory: Path) -> None:
    with embedded_postgres(directory) as server:
        remember(server, 1)
    bystander = subprocess.Popen(["sleep", "60"], cwd="/")
    try:
        path = directory / "postgres" / "postmaster.pid"
        lines = [str(bystander.pid), str(directory / "postgres"), "1", "5432", ".", "", "  1  1", "ready"]
        path.write_text("\n".join(lines) + "\n")
        shutil.copystat(directory / "postgres" / "PG_VERSION", path)
        began = time.monotonic()
        with embedded_postgres(directory) as again:
            assert seen(again) == [1]
        assert time.monotonic() - began < 30
        assert bystander.poll() is None
    finally:
        bystander.kill()
        bystander.wait()


def test_a_creation_that_was_interrupted_is_begun_anew(directory: Path) -> None:
    half = directory / "postgres.new"
    half.mkdir(parents=True)
    (half / "PG_VERSION").write_text("18\n")
    with embedded_postgres(directory) as server:
        remember(server, 1)
    assert not half.exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_an_ordinary_user_runs_it_as_themselves_and_root_beside_them(directory: Path) -> None:
    nobody = pwd.getpwnam("nobody")
    directory.mkdir()
    os.chown(directory, nobody.pw_uid, nobody.pw_gid)
    process = use(directory, 7, "nobody")
    wait_until_ready(process)
    assert (directory / "postgres").stat().st_uid == nobody.pw_uid
    with embedded_postgres(directory) as server:
        assert seen(server) == [7]
    leave(process)
    assert postmaster(directory) is None
    with embedded_postgres(directory) as server:
        assert seen(server) == [7]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_a_directory_that_cannot_be_written_is_told(directory: Path) -> None:
    directory.mkdir(mode=0o755)
    process = use(directory, user="nobody")
    _, errors = process.communicate("")
    assert f"The data directory {directory} cannot be written (Permission denied)" in errors


def test_a_file_in_the_place_of_the_directory_is_told(directory: Path) -> None:
    directory.write_text("")
    with pytest.raises(EmbeddedPostgresError, match=r"cannot be written .*CORA_DATA_DIR"), embedded_postgres(directory):
        pass


@pytest.mark.parametrize("version", ["15", "99"])
def test_data_of_another_version_is_refused_untouched(version: str, directory: Path) -> None:
    (directory / "postgres").mkdir(parents=True)
    (directory / "postgres" / "PG_VERSION").write_text(f"{version}\n")
    with pytest.raises(EmbeddedPostgresError, match=f"made by Postgres {version}"), embedded_postgres(directory):
        pass
    assert [path.name for path in (directory / "postgres").iterdir()] == ["PG_VERSION"]


def test_a_directory_full_of_something_else_is_refused_untouched(directory: Path) -> None:
    (directory / "postgres").mkdir(parents=True)
    (directory / "postgres" / "thesis.tex").write_text("")
    with pytest.raises(EmbeddedPostgresError, match="holds no data of Postgres"), embedded_postgres(directory):
        pass
    assert [path.name for path in (directory / "postgres").iterdir()] == ["thesis.tex"]


def test_a_server_that_cannot_start_is_told_with_the_end_of_its_log(
    directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with embedded_postgres(directory):
        pass
    with (directory / "postgres" / "postgresql.conf").open("a") as settings:
        settings.write("no_such_setting = 1\n")
    monkeypatch.setattr("cora.log.embedded.START_WITHIN", 1)
    with pytest.raises(EmbeddedPostgresError, match="no_such_setting"), embedded_postgres(directory):
        pass
