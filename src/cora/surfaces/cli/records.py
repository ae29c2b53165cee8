"""`cora import-records`: records of others (PIDINST, Handle, DataCite) of instruments that are to be kept here."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from cora.equipment.paths import split_path
from cora.equipment.pidinst.reading import Format
from cora.facility_file import Facility
from cora.facility_file.problems import Problem
from cora.facility_file.read import Defaults, Files
from cora.facility_file.records import Destination, read_as_files
from cora.surfaces.cli.common import AsJson, DataDir, err
from cora.surfaces.cli.facility import Server, TokenOption, apply_read, plan_read

UNIT = "Imported instruments"


def import_records(
    files: Annotated[list[Path], typer.Argument(metavar="FILE", help="Records, XML or JSON, read together.")],
    facility: Annotated[
        str | None, typer.Option(metavar="CODE", help="The facility that the instruments go to, by its code.")
    ] = None,
    under: Annotated[
        str | None,
        typer.Option(
            metavar="PATH",
            help=f"The asset that they are put below (aps/2-BM); its last name may be new. Left out: '{UNIT}' of the "
            "facility. A code alone makes roots of them, which can never be moved.",
        ),
    ] = None,
    create_facility: Annotated[
        str | None, typer.Option(metavar="NAME", help="Register the facility with this name where it is not known.")
    ] = None,
    format: Annotated[Format, typer.Option(help="What the records are; left out, it is found out.")] = Format.AUTO,
    skip_unreadable: Annotated[
        bool,
        typer.Option(
            "--skip-unreadable",
            help="Leave out what cannot be read, and import the rest; without it, nothing is imported then.",
        ),
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show the plan.")] = False,
    occurred_at: Annotated[
        datetime | None,
        typer.Option(
            help="When it all happened (UTC), where a record gives no date.", formats=["%Y-%m-%d", "%Y-%m-%dT%H:%M:%SZ"]
        ),
    ] = None,
    reason: Annotated[str | None, typer.Option(help="The reason, where a change wants one.")] = None,
    server: Server = None,
    token: TokenOption = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Take in records of instruments: PIDINST (XML, JSON, B2INST, SMS, instrumentdb, LinkML), Handle, DataCite.

    Facility, families, models, owners and assets are made of them by the ordinary commands, and the identifier that
    each has is recorded. What is not understood or not kept is told with its place. An instrument that is recorded
    already, by its identifier, gets only what it lacks: a second import changes nothing. The exit code is 1 when
    something was left out that cannot be read.
    """
    destination = _destination(facility, under, create_facility)
    at = occurred_at.replace(tzinfo=UTC) if occurred_at else None
    if at is not None and at > datetime.now(UTC):
        raise typer.BadParameter("it lies in the future", param_hint="--occurred-at")
    defaults = Defaults(at, reason)

    unread: list[Problem] = []

    async def read(to: Facility) -> Files:
        found = await read_as_files(
            files, destination, to, format=format, defaults=defaults, skip_unreadable=skip_unreadable
        )
        unread.extend(found.unread)
        return found

    try:
        if dry_run:
            plan_read(read, server, token, data_dir, as_json=as_json)
        else:
            apply_read(read, server, token, data_dir, as_json=as_json)
    finally:
        _tell_unread(unread, is_skipped=skip_unreadable)
    if unread:
        raise typer.Exit(1)


def _tell_unread(unread: Sequence[Problem], *, is_skipped: bool) -> None:
    if unread and is_skipped:
        lines = [f"Left out, for it cannot be read ({len(unread):,}):", *(f"  {each.place}" for each in unread)]
    elif unread:
        lines = ["Nothing is imported while something cannot be read; --skip-unreadable imports the others."]
    else:
        lines = []
    for line in lines:
        err.print(line, style="red", markup=False, highlight=False)


def _destination(facility: str | None, under: str | None, name: str | None) -> Destination:
    if under is None:
        if facility is None:
            raise typer.BadParameter("say where the instruments go: --facility CODE or --under PATH")
        return Destination((facility.strip(), UNIT), name)
    try:
        path = tuple(split_path(under))
    except ValueError as wrong:
        raise typer.BadParameter(str(wrong), param_hint="--under") from wrong
    if facility is not None and facility.strip() != path[0]:
        raise typer.BadParameter(f"its facility is {path[0]}, not {facility}", param_hint="--under")
    return Destination(path, name)
