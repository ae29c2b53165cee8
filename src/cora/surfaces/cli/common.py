"""What the commands share: settings from options, a running cora, and errors in words."""

import asyncio
import getpass
import json
import os
import shutil
import sys
from collections.abc import AsyncGenerator, Coroutine, Generator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, BinaryIO, TypeVar

import asyncpg
import psycopg
import typer
import uvloop
from pydantic import ValidationError
from pydantic_core import to_jsonable_python
from rich.console import Console
from typer.core import TyperGroup

from cora.equipment.wire import UnfitMinterError
from cora.facility_file import NothingThereError, UnreachableError
from cora.kernel.errors import InvalidRequestError, Refusal
from cora.kernel.principal import Principal, Role
from cora.kernel.wrong_values import what_is_wrong
from cora.log.embedded import EmbeddedPostgresError
from cora.settings import Settings
from cora.surfaces.logging import configure_logging
from cora.surfaces.start import OlderDatabaseError, Opened, PortTakenError, database, opened

R = TypeVar("R")

out = Console(soft_wrap=True)
err = Console(stderr=True, soft_wrap=True)


class ProblemError(Exception):
    """What a server answers instead: the stable code of a refusal, what is wrong in words, and all of the answer."""

    def __init__(self, code: str, detail: str, members: Mapping[str, Any] = MappingProxyType({})) -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.members = members


_TOLD_IN_WORDS = (
    EmbeddedPostgresError,
    NothingThereError,
    OlderDatabaseError,
    PortTakenError,
    ProblemError,
    UnfitMinterError,
    UnreachableError,
)

DataDir = Annotated[
    Path | None, typer.Option("--data-dir", help="Where the embedded Postgres keeps its data. [env: CORA_DATA_DIR]")
]
AsJson = Annotated[bool, typer.Option("--json", help="Write machine-readable JSON to stdout.")]


def settings_from(**given: Any) -> Settings:
    """The settings of the environment, with options of the command line before them.

    Wrong ones are told and end the process with exit code 2.
    """
    try:
        return Settings(**{name: value for name, value in given.items() if value is not None})
    except ValidationError as error:
        for each in error.errors():
            err.print(f"CORA_{str(each['loc'][0]).upper()}: {what_is_wrong(each)}", style="red", markup=False)
        raise typer.Exit(2) from error


class InOurWords(TyperGroup):
    """Commands of which what is wrong with an option is told as everywhere else: Typer tells it in Pydantic's words."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command that is asked for."""
        try:
            return super().invoke(ctx)
        except typer.BadParameter as wrong:
            if isinstance(wrong.__cause__, ValidationError):
                wrong.message = what_is_wrong(wrong.__cause__.errors()[0])
            raise


def admin() -> Principal:
    """Who runs commands beside the data directory."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):
        user = "unknown"
    return Principal(f"cli:{user}", Role.ADMIN)


def run(work: Coroutine[Any, Any, R]) -> R:
    """Run a coroutine; whatever a user can cause is told in words on stderr, with exit code 1."""
    with in_words():
        return uvloop.run(work)


@contextmanager
def in_words() -> Generator[None]:
    """Errors that a user can cause, as text on stderr and exit code 1."""
    try:
        yield
    except InvalidRequestError as refusal:
        for each in refusal.errors:
            err.print(f"{each.pointer or 'request'}: {each.detail}", style="red", markup=False, highlight=False)
        raise typer.Exit(1) from refusal
    except Refusal as refusal:
        place = f"{refusal.place}: " if refusal.place is not None else ""
        err.print(f"{place}{refusal.code()}: {refusal.detail()}", style="red", markup=False, highlight=False)
        raise typer.Exit(1) from refusal
    except _TOLD_IN_WORDS as error:
        err.print(str(error), style="red", markup=False, highlight=False)
        raise typer.Exit(1) from error
    except BrokenPipeError:
        raise  # who reads no further what is written; that is no error, and ends the command
    except (asyncpg.PostgresError, psycopg.Error, OSError) as error:
        err.print(f"The database cannot be used: {error}", style="red", markup=False, highlight=False)
        raise typer.Exit(1) from error
    except (KeyboardInterrupt, asyncio.CancelledError) as error:
        err.print("Stopped.", style="yellow")
        raise typer.Exit(130) from error


@asynccontextmanager
async def beside(settings: Settings, *, reads_only: bool = False) -> AsyncGenerator[Opened]:
    """A running cora in this process, on the database that is set. Log lines are left to warnings."""
    configure_logging(settings.log_format, level=30)
    with database(settings) as dsn:
        async with opened(settings, dsn, reads_only=reads_only) as cora:
            yield cora


def confirmed(question: str, *, yes: bool) -> bool:
    """Whether it is meant: asked on a terminal only, and not where `yes` says so already."""
    return yes or not on_terminal() or typer.confirm(question, err=True)


def on_terminal() -> bool:
    """Whether somebody can be asked."""
    return sys.stdin.isatty()


def show_json(value: Any) -> None:
    """A value as JSON on stdout, with times as answers show them."""
    sys.stdout.write(json.dumps(to_jsonable_python(value), indent=2, ensure_ascii=False) + "\n")


def time_text(moment: datetime) -> str:
    """A time as people read it: `2026-05-03 14:00:00 UTC`."""
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def show_table(heads: Sequence[str], rows: Sequence[Sequence[str | None]]) -> None:
    """Aligned columns on stdout, none of them cut off: ids are there to be copied, and pipes have no width."""
    table = [heads, *([value or "-" for value in row] for row in rows)]
    widths = [max(len(row[column]) for row in table) for column in range(len(heads))]
    for row in table:
        sys.stdout.write(
            "  ".join(value.ljust(width) for value, width in zip(row, widths, strict=True)).rstrip() + "\n"
        )


@contextmanager
def written(path: Path | None) -> Generator[BinaryIO]:
    """Standard output, or a file that is there when all of it was written, and until then as it was."""
    if path is None:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    path = path.resolve()
    is_special = path.exists() and not path.is_file()
    part = path if is_special else path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with part.open("wb") as file:
            yield file
        if not is_special:
            if path.exists():
                shutil.copymode(path, part)
            part.replace(path)
    except OSError as error:
        err.print(f"{path} cannot be written: {error.strerror or error}", style="red", markup=False, highlight=False)
        raise typer.Exit(1) from error
    finally:
        if not is_special:
            part.unlink(missing_ok=True)
