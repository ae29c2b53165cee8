"""The command line: `cora serve`, `cora apply`, `cora call` and the rest."""

import os
import signal
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer

import cora
from cora.kernel.errors import UnauthenticatedError
from cora.kernel.principal import ANONYMOUS, Principal, Role
from cora.log.tokens import TokenNameTakenError
from cora.log.verify import verify as verify_log
from cora.surfaces.cli.common import (
    AsJson,
    DataDir,
    InOurWords,
    admin,
    beside,
    err,
    in_words,
    out,
    run,
    settings_from,
    show_json,
    show_table,
    time_text,
)
from cora.surfaces.cli.environment import known_names, unknown
from cora.surfaces.cli.facility import apply, export, plan
from cora.surfaces.cli.labels import labels
from cora.surfaces.cli.pid import app as pid_app
from cora.surfaces.cli.progress import ProgressBar
from cora.surfaces.cli.reading import get, history, list_records, search, tree
from cora.surfaces.cli.records import import_records
from cora.surfaces.cli.tables import import_tables
from cora.surfaces.start import database, upgrade

# What takes long to import, the servers above all, is imported by the commands that need it.
app = typer.Typer(
    name="cora",
    cls=InOurWords,
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
token_app = typer.Typer(
    help="Make, list and revoke the tokens that callers identify themselves with.", no_args_is_help=True
)
app.add_typer(token_app, name="token")
app.add_typer(pid_app, name="pid")
app.command()(plan)
app.command()(apply)
app.command("import")(import_tables)
app.command("import-records")(import_records)
app.command()(export)
app.command()(get)
app.command("list")(list_records)
app.command()(search)
app.command()(history)
app.command()(tree)
app.command()(labels)

Host = Annotated[str | None, typer.Option(help="The address to listen on. [env: CORA_HOST]")]
Port = Annotated[int | None, typer.Option(help="The port to listen on. [env: CORA_PORT]")]
RoleName = Annotated[str, typer.Option("--role", help="reader, operator, steward or admin.")]


def _show_version(asked: bool) -> None:
    if asked:
        out.print(f"cora {metadata.version('cora')}", highlight=False)
        raise typer.Exit


@app.callback()
def cora_options(  # pyright: ignore[reportUnusedFunction]
    _version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=_show_version, help="Show the version and exit.")
    ] = False,
) -> None:
    """The equipment record of a research facility. Settings are environment variables with the prefix CORA_."""


@app.command()
def serve(host: Host = None, port: Port = None, data_dir: DataDir = None) -> None:
    """Serve HTTP and MCP, on the embedded Postgres unless CORA_DATABASE_URL names another."""
    from cora.surfaces.cli.serving import serve_until_stopped

    settings = settings_from(host=host, port=port, data_dir=data_dir)
    run(serve_until_stopped(settings))


@app.command()
def demo(host: Host = None, port: Port = None, data_dir: DataDir = None) -> None:
    """Serve with the example beamline (2-BM of the Advanced Photon Source) loaded."""
    from cora.surfaces.cli.serving import serve_until_stopped

    settings = settings_from(host=host, port=port, data_dir=data_dir)
    run(serve_until_stopped(settings, example=_example()))


@app.command()
def migrate(data_dir: DataDir = None) -> None:
    """Bring the database to the schema of this cora."""
    settings = settings_from(data_dir=data_dir)
    with in_words(), database(settings) as dsn:
        applied, records = run(upgrade(dsn))
    for name in applied:
        out.print(name, highlight=False)
    if records:
        out.print(f"Derived {records:,} records again.", highlight=False)
    if not applied and not records:
        out.print("Nothing to apply: the database is up to date.", highlight=False)


@app.command()
def verify(data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """Prove that the log is untouched: recompute every digest, block and document; exit 1 at the first difference."""
    settings = settings_from(data_dir=data_dir)

    async def work() -> bool:
        async with beside(settings, reads_only=True) as running:
            with ProgressBar("verifying") as told:
                report = await verify_log(running.log.dsn, running.log.schema, running.equipment.aggregates, told)
        if as_json:
            show_json(
                {**{name: getattr(report, name) for name in type(report).__annotations__}, "intact": report.intact}
            )
        elif report.difference is not None:
            err.print(f"The log is not what it was: {report.difference}", style="red", markup=False, highlight=False)
        else:
            out.print(
                f"Intact: {report.events:,} events in {report.blocks:,} blocks, {report.records:,} records, "
                f"{report.references:,} references, {report.claims:,} claims, {report.mentions:,} mentions.",
                highlight=False,
            )
        return report.intact

    if not run(work()):
        raise typer.Exit(1)


@app.command()
def mcp(
    role: RoleName = "operator",
    token: Annotated[str | None, typer.Option(help="Act as the holder of this token.", envvar="CORA_TOKEN")] = None,
    data_dir: DataDir = None,
) -> None:
    """Serve MCP over standard input and output, for an agent that starts cora itself."""
    from cora.surfaces.mcp.stdio import serve_stdio

    settings = settings_from(data_dir=data_dir)
    acting = _role(role)

    async def work() -> bool:
        async with beside(settings) as running:

            async def identify() -> Principal:
                if token is None:
                    return Principal(admin().name, acting)
                return await running.tokens.authenticate(token) or ANONYMOUS

            try:
                await serve_stdio(running.kernel, running.log, running.equipment, identify)
            except UnauthenticatedError:
                err.print("The token is not valid.", style="red")
                return False
        return True

    if not run(work()):
        raise typer.Exit(1)


@token_app.command("create")
def create_token(
    role: RoleName,
    name: Annotated[str | None, typer.Option(help="Whom the token is for; events name it as their actor.")] = None,
    expires: Annotated[datetime | None, typer.Option(help="When it ends (UTC).")] = None,
    data_dir: DataDir = None,
) -> None:
    """Make a token and print it, alone, on stdout. It is shown this once; only its hash is kept."""
    settings = settings_from(data_dir=data_dir)
    acting = _role(role)
    ends = expires.replace(tzinfo=UTC) if expires and expires.tzinfo is None else expires
    if ends is not None and ends <= datetime.now(UTC):
        raise typer.BadParameter(
            f"{time_text(ends)} has passed; the token would never be valid", param_hint="--expires"
        )

    async def work() -> str | None:
        async with beside(settings) as running:
            try:
                return await running.tokens.create(acting, name, ends)
            except TokenNameTakenError as taken:
                err.print(str(taken), style="red", markup=False)
            except ValueError as wrong:
                err.print(str(wrong), style="red", markup=False)
            return None

    made = run(work())
    if made is None:
        raise typer.Exit(1)
    typer.echo(made)


@token_app.command("list")
def list_tokens(data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """List the tokens, without their secrets."""
    settings = settings_from(data_dir=data_dir)

    async def work() -> None:
        async with beside(settings, reads_only=True) as running:
            tokens = await running.tokens.list()
        if as_json:
            show_json(
                [
                    {
                        "id": str(token.id),
                        "name": token.name,
                        "role": token.role.label,
                        "created_at": token.created_at,
                        "expires_at": token.expires_at,
                        "revoked_at": token.revoked_at,
                    }
                    for token in tokens
                ]
            )
        elif not tokens:
            out.print("There are no tokens. Make one: cora token create --role reader")
        else:
            rows = [
                (
                    str(token.id), token.name, token.role.label,
                    *(at and time_text(at) for at in (token.created_at, token.expires_at, token.revoked_at)),
                )
                for token in tokens
            ]  # fmt: skip
            show_table(("id", "name", "role", "created", "expires", "revoked"), rows)

    run(work())


@token_app.command("revoke")
def revoke_token(id: UUID, data_dir: DataDir = None) -> None:
    """End a token. Servers that run believe it for a second at most."""
    settings = settings_from(data_dir=data_dir)

    async def work() -> bool:
        async with beside(settings) as running:
            return await running.tokens.revoke(id)

    if not run(work()):
        err.print(f"There is no token {id} that could be revoked. See: cora token list", style="red")
        raise typer.Exit(1)
    out.print("Revoked.")


def _role(label: str) -> Role:
    try:
        return Role.named(label)
    except ValueError as wrong:
        raise typer.BadParameter(str(wrong)) from wrong


def _example() -> Path:
    """The example beamline, which lies beside the sources."""
    return Path(cora.__file__).parents[2] / "examples" / "aps-2bm.yaml"


@app.command(
    "call",
    add_help_option=False,
    context_settings={"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []},
)
def call_by_name(context: typer.Context) -> None:
    """Run any command or question by its name; `cora call --help` lists them."""
    from cora.surfaces.cli.call import call

    call.main(args=context.args, prog_name="cora call")


def main() -> None:
    """The entry point of `cora`."""
    # Asked to stop, a command unwinds as after Ctrl-C: it may be the last user of the embedded Postgres.
    signal.signal(signal.SIGTERM, _interrupt)
    _warn_of_unknown_settings()
    app()


def _warn_of_unknown_settings() -> None:
    for name, near in unknown(os.environ, known_names(app)):
        hint = f" Is {near} meant?" if near else " The settings are in docs/reference/settings.md."
        err.print(f"{name} is no setting of cora and is ignored.{hint}", style="yellow", markup=False, highlight=False)


def _interrupt(_number: int, _frame: object) -> None:
    signal.raise_signal(signal.SIGINT)
