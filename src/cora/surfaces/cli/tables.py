"""`cora import`: tables (CSV, XLSX) of assets, models, families or mounts."""

import sys
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from cora.facility_file.read import Defaults, Files
from cora.surfaces.cli.common import AsJson, DataDir, err, out
from cora.surfaces.cli.facility import Server, TokenOption, apply_read, of, plan_read

# What reads and writes workbooks takes long to import, so it is left to the moment when it is needed.


class Kind(StrEnum):
    """What the rows of a table are."""

    ASSETS = "assets"
    MODELS = "models"
    FAMILIES = "families"
    MOUNTS = "mounts"


def import_tables(
    files: Annotated[
        list[Path] | None, typer.Argument(metavar="FILE", help="Tables, .csv or .xlsx, read together.")
    ] = None,
    kind: Annotated[
        Kind | None,
        typer.Option(help="What the rows are; left out, the name of the sheet or file, or the header tells it."),
    ] = None,
    apply: Annotated[bool, typer.Option("--apply", help="Make the changes; without it they are only shown.")] = False,
    occurred_at: Annotated[
        datetime | None,
        typer.Option(
            help="When it all happened (UTC), where no column says so.", formats=["%Y-%m-%d", "%Y-%m-%dT%H:%M:%SZ"]
        ),
    ] = None,
    reason: Annotated[str | None, typer.Option(help="The reason, where a change wants one.")] = None,
    template: Annotated[Kind | None, typer.Option(help="Write an empty table of this kind instead.")] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Where to write it: .csv or .xlsx; left out, CSV on stdout.")
    ] = None,
    server: Server = None,
    token: TokenOption = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Show what the rows of tables would change, and every problem by row and column; with --apply make it so.

    A table is another way to write a facility file: what is equal is left alone, an empty cell changes nothing.
    """
    if template is not None:
        if files:
            raise typer.BadParameter("it writes an empty table and reads none", param_hint="--template")
        _write_template(template, output)
        return
    if output is not None:
        raise typer.BadParameter("it goes with --template", param_hint="--output")
    if not files:
        raise typer.BadParameter("give the tables, or --template for an empty one", param_hint="FILE...")
    at = occurred_at.replace(tzinfo=UTC) if occurred_at else None
    if at is not None and at > datetime.now(UTC):
        raise typer.BadParameter("it lies in the future", param_hint="--occurred-at")
    defaults = Defaults(at, reason)
    tables = files

    def read() -> Files:
        from cora.facility_file.tables import read_tables

        return read_tables(tables, kind, defaults)

    if apply:
        apply_read(of(read), server, token, data_dir, as_json=as_json)
        return
    made = plan_read(of(read), server, token, data_dir, as_json=as_json)
    if not as_json and len(made.steps):
        out.print("Nothing was changed; --apply makes these changes.")


def _write_template(kind: Kind, output: Path | None) -> None:
    from cora.facility_file.tables import template

    if output is None:
        for chunk in template(kind, is_workbook=False):
            sys.stdout.buffer.write(chunk)
        return
    ending = output.suffix.casefold()
    if ending not in (".csv", ".xlsx"):
        raise typer.BadParameter("the name ends in .csv or .xlsx", param_hint="--output")
    try:
        with output.open("xb") as file:
            file.writelines(template(kind, is_workbook=ending == ".xlsx"))
    except FileExistsError as error:
        err.print(f"{output} exists already, and what is in it would be lost.", style="red", markup=False)
        raise typer.Exit(1) from error
    except OSError as error:
        err.print(f"{output} cannot be written: {error.strerror}", style="red", markup=False, highlight=False)
        raise typer.Exit(1) from error
