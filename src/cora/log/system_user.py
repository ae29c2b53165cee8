"""Who the embedded Postgres runs as: it refuses to run as root.

An ordinary user runs it as themselves. Root runs it as the owner of its data,
or, when there is none yet, as a system user made for it.
"""

import os
import pwd
import stat
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import structlog

NAME = "cora-postgres"

_logger = structlog.get_logger("cora.log")


class UnfitUserError(Exception):
    """There is nobody to run as; the text says why and what to do."""


@dataclass(frozen=True)
class ServerUser:
    """Another user to run as; without ids the user of this process."""

    uid: int | None = None
    gid: int | None = None

    @property
    def extra_groups(self) -> tuple[int, ...] | None:
        """The further groups to run with: none of root's."""
        return None if self.uid is None else ()

    def own(self, directory: Path) -> None:
        """Give a directory to this user."""
        if self.uid is not None and self.gid is not None:
            os.chown(directory, self.uid, self.gid)

    def let_into(self, directory: Path) -> None:
        """Let this user through to a directory, when it is another: no further rights than to pass."""
        if self.uid is None:
            return
        for above in directory.parents:
            if _allow(above, stat.S_IXOTH):
                # It may have been closed on purpose, and must not be open without a word.
                _logger.warning("let every user pass through a directory to the data of Postgres", path=str(above))

    def let_run(self, program: Path) -> None:
        """Let this user run a program of an installation that only root may read.

        Raises `UnfitUserError` when it cannot be run as this user.
        """
        if self.uid is None or self._can_run(program):
            return
        self.let_into(program)
        for part in program.parent.parent.rglob("*"):
            is_program = part.is_dir() or part.stat().st_mode & stat.S_IXUSR
            _allow(part, stat.S_IROTH | (stat.S_IXOTH if is_program else 0))
        libraries = program.parents[2].with_suffix(".libs")
        for part in (libraries, *libraries.glob("*")) if libraries.exists() else ():
            _allow(part, stat.S_IROTH | stat.S_IXOTH)
        if not self._can_run(program):
            raise UnfitUserError(
                f"Postgres refuses to run as root, and user {self.uid} cannot run {program}; "
                "run cora as an ordinary user, or set CORA_DATABASE_URL."
            )

    def _can_run(self, program: Path) -> bool:
        try:
            done = subprocess.run(  # noqa: S603
                [str(program), "--version"],
                capture_output=True,
                cwd="/",
                check=False,
                user=self.uid,
                group=self.gid,
                extra_groups=self.extra_groups,
            )
        except (OSError, subprocess.SubprocessError):
            return False
        return done.returncode == 0


def server_user(directory: Path) -> ServerUser:
    """Who runs the server of a data directory. Raises `UnfitUserError`."""
    if os.geteuid() != 0:
        return ServerUser()
    if directory.exists() and (owner := directory.stat()).st_uid != 0:
        return ServerUser(owner.st_uid, owner.st_gid)
    entry = _entry() or _made()
    return ServerUser(entry.pw_uid, entry.pw_gid)


def _entry() -> pwd.struct_passwd | None:
    try:
        return pwd.getpwnam(NAME)
    except KeyError:
        return None


def _made() -> pwd.struct_passwd:
    command = ["useradd", "--system", "--user-group", "--no-create-home", "--home-dir", "/nonexistent", NAME]
    why = "useradd made none"
    for _ in range(20):
        try:
            told = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
            why = told.stderr.strip() or why
        except OSError as error:
            why = f"useradd: {error.strerror}"
        # Another process may be making it at this moment.
        if entry := _entry():
            return entry
        time.sleep(0.1)
    raise UnfitUserError(
        f"Postgres refuses to run as root, and the system user {NAME} cannot be made ({why}); "
        "run cora as an ordinary user, or set CORA_DATABASE_URL."
    )


def _allow(path: Path, rights: int) -> bool:
    """Give every user these rights; whether some were missing."""
    mode = path.stat().st_mode
    if mode & rights == rights:
        return False
    path.chmod(stat.S_IMODE(mode) | rights)
    return True
