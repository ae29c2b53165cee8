"""`cora plan`, `cora apply` and `cora export`: facility files to and from the database beside, or a server."""

import json
import sys
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated, TypeAlias

import typer

from cora.equipment import features
from cora.facility_file import (
    DirectFacility,
    Export,
    Facility,
    Files,
    Plan,
    RemoteFacility,
    Result,
    apply_plan,
    make_export,
    make_plan,
    read_files,
)
from cora.kernel.principal import Principal
from cora.kernel.slice import declared_slices
from cora.settings import Settings
from cora.surfaces.cli.common import AsJson, DataDir, admin, beside, err, out, run, settings_from, show_json, written
from cora.surfaces.cli.progress import ProgressBar
from cora.surfaces.start import Opened

FilesArgument = Annotated[list[Path], typer.Argument(metavar="FILE", help="Facility files, read together.")]
Server = Annotated[
    str | None,
    typer.Option(help="The address of a server; without it, the database beside is used.", envvar="CORA_SERVER"),
]
TokenOption = Annotated[str | None, typer.Option(help="The token for the server.", envvar="CORA_TOKEN")]
MOST_WORDS = 200

Read: TypeAlias = Callable[[Facility], Awaitable[Files]]
"""Reads what is planned; it may look at what is recorded."""


def of(read: Callable[[], Files]) -> Read:
    """Reads what is planned and looks at nothing else."""

    async def reading(_: Facility) -> Files:
        return read()

    return reading


def plan(
    files: FilesArgument,
    server: Server = None,
    token: TokenOption = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Show what applying the files would change, and every problem in them; change nothing."""
    plan_read(of(lambda: read_files(files)), server, token, data_dir, as_json=as_json)


def apply(
    files: FilesArgument,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show the plan.")] = False,
    server: Server = None,
    token: TokenOption = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Make the facility as the files say. What is equal is left alone; nothing is ever decommissioned.

    An apply that was interrupted is continued by running it again.
    """
    if dry_run:
        plan(files, server, token, data_dir, as_json)
        return
    apply_read(of(lambda: read_files(files)), server, token, data_dir, as_json=as_json)


def plan_read(read: Read, server: str | None, token: str | None, data_dir: Path | None, *, as_json: bool) -> Plan:
    """Show what it would change to apply what is read. With problems it ends here, with exit code 1."""
    made = run(_plan(read, settings_from(data_dir=data_dir), server, token))
    _show_plan(made, as_json=as_json)
    if made.problem_count:
        raise typer.Exit(1)
    return made


def apply_read(read: Read, server: str | None, token: str | None, data_dir: Path | None, *, as_json: bool) -> None:
    """Apply what is read, and show what it came to."""
    made, result = run(_apply(read, settings_from(data_dir=data_dir), server, token))
    if result is None:
        _show_plan(made, as_json=as_json)
        raise typer.Exit(1)
    if as_json:
        show_json(result.to_json())
    else:
        _show_problems(made)
        for failure in result.failures:
            err.print(str(failure), style="red", markup=False, highlight=False)
        out.print(result.summary[:1].upper() + result.summary[1:] + ".", markup=False, highlight=False)
    if not result.is_complete:
        raise typer.Exit(1)


def export(
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write to this file; without it, to stdout.")
    ] = None,
    under: Annotated[
        str | None,
        typer.Option(metavar="PATH", help="Only an asset and all below it (aps/2-BM), with what they need."),
    ] = None,
    contacts: Annotated[
        bool, typer.Option("--contacts", help="Write e-mail addresses too; nobody can erase them from a file.")
    ] = False,
    test_identifiers: Annotated[bool, typer.Option(help="Write the identifiers of the stub authority.")] = True,
    as_of: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="As it was: a time with its offset, or a position of the log."),
    ] = None,
    server: Server = None,
    token: TokenOption = None,
    data_dir: DataDir = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Write the report as JSON: to stdout with -o, else to stderr.")
    ] = False,
) -> None:
    """Write what is as a facility file, and tell on stderr what such a file cannot say.

    Applied to an empty database it makes the same records, and their export is the same file.
    """
    settings = settings_from(data_dir=data_dir)
    with written(output) as file:
        made = run(
            _export(settings, server, token, under, contacts=contacts, test_identifiers=test_identifiers, as_of=as_of)
        )
        with ProgressBar("writing", hidden=output is None and sys.stdout.isatty()) as progress:
            for line in made.lines(progress):
                file.write(f"{line}\n".encode())
    if as_json:
        (sys.stderr if output is None else sys.stdout).write(
            json.dumps(made.report.to_json(), indent=2, ensure_ascii=False) + "\n"
        )
        return
    for line in (f"Exported {made.report.summary}.", *made.report.lines()):
        err.print(line, markup=False, highlight=False)


async def _export(
    settings: Settings, server: str | None, token: str | None, under: str | None, *,
    contacts: bool, test_identifiers: bool, as_of: str | None,
) -> Export:  # fmt: skip
    async with _reached(settings, server, token, reads_only=True) as facility:
        with ProgressBar("reading") as progress:
            return await make_export(
                facility,
                under=under,
                contacts=contacts,
                test_identifiers=test_identifiers,
                progress=progress,
                as_of=as_of,
            )


async def apply_beside(cora: Opened, files: Sequence[Path], principal: Principal) -> tuple[Plan, Result | None]:
    """Plan and apply on a running cora; no result when the files have problems."""
    return await _apply_to(_direct(cora, principal), of(lambda: read_files(files)))


def _direct(cora: Opened, principal: Principal) -> Facility:
    return DirectFacility(cora.kernel, cora.log, cora.log.contacts, cora.equipment.slices, principal)


@asynccontextmanager
async def _reached(
    settings: Settings, server: str | None, token: str | None, *, reads_only: bool
) -> AsyncGenerator[Facility]:
    if server is None:
        async with beside(settings, reads_only=reads_only) as cora:
            yield _direct(cora, admin())
        return
    async with RemoteFacility(server, token or "", tuple(declared_slices(features))) as remote:
        yield remote


async def _plan(read: Read, settings: Settings, server: str | None, token: str | None) -> Plan:
    async with _reached(settings, server, token, reads_only=True) as facility:
        return await _planned(facility, read)


async def _apply(read: Read, settings: Settings, server: str | None, token: str | None) -> tuple[Plan, Result | None]:
    async with _reached(settings, server, token, reads_only=False) as facility:
        return await _apply_to(facility, read)


async def _apply_to(facility: Facility, read: Read) -> tuple[Plan, Result | None]:
    made = await _planned(facility, read)
    if made.problem_count:
        return made, None
    with ProgressBar("applying") as progress:
        return made, await apply_plan(made, facility, progress)


async def _planned(facility: Facility, read: Read) -> Plan:
    with err.status("reading and planning ..."):  # shown on a terminal only
        return await make_plan(await read(facility), facility)


def _show_plan(made: Plan, *, as_json: bool) -> None:
    if as_json:
        show_json(made.to_json())
        return
    _show_problems(made)
    for number, step in enumerate(made.steps):
        if number == MOST_WORDS:
            out.print(f"... and {len(made.steps) - MOST_WORDS:,} more (--json shows all)", highlight=False)
            break
        out.print(f"  {step.words}", markup=False, highlight=False)
    out.print(made.summary[:1].upper() + made.summary[1:] + ".", markup=False, highlight=False)


def _show_problems(made: Plan) -> None:
    for warning in made.warnings:
        err.print(f"{warning} (a warning)", style="yellow", markup=False, highlight=False)
    for problem in made.problems:
        err.print(str(problem), style="red", markup=False, highlight=False)
    if made.problem_count > len(made.problems):
        err.print(f"... and {made.problem_count - len(made.problems):,} more", style="red")
