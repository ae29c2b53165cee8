"""`cora serve` and `cora demo`: the server in the foreground, and what it tells when it is up."""

from pathlib import Path

from cora.equipment.aggregates.facility import FACILITY
from cora.equipment.wire import UnfitMinterError
from cora.kernel.documents import Asked
from cora.settings import Settings
from cora.surfaces.cli.common import admin, err, out
from cora.surfaces.cli.facility import apply_beside
from cora.surfaces.logging import configure_logging
from cora.surfaces.mcp.http import MCP_PATH
from cora.surfaces.server import listening, serve
from cora.surfaces.start import Opened, database, first_token, opened

LOADED = "example-loaded"
"""The file in the data directory that says so."""


async def serve_until_stopped(settings: Settings, example: Path | None = None) -> None:
    """Serve until SIGINT or SIGTERM; with an example, load what is missing of it first.

    Raises `PortTakenError`, `EmbeddedPostgresError` and `UnfitMinterError`.
    """
    configure_logging(settings.log_format)
    listener = listening(settings)
    if settings.port == 0:
        settings = settings.model_copy(update={"port": listener.getsockname()[1]})
    with database(settings) as dsn:
        async with opened(settings, dsn) as cora:
            if example is not None and not cora.equipment.doi_minter.test:
                raise UnfitMinterError(
                    "The instruments of the demo would be registered with a real authority, for ever; "
                    "leave its settings out (CORA_DATACITE_..., CORA_HANDLE_...), or use cora serve."
                )
            path = await first_token(cora)
            if example is not None:
                await _load(cora, example)

            async def tell() -> None:
                _tell(settings.address, path, is_demo=example is not None)

            await serve(cora, listener, tell)


async def _load(cora: Opened, example: Path) -> None:
    """Load the example, once: what people have made of it since is theirs."""
    loaded = cora.settings.data_dir / LOADED
    if loaded.exists() and (await cora.log.list(FACILITY, Asked(limit=1))).size:
        out.print(f"{example.name}: nothing to change; it was loaded before.", markup=False, highlight=False)
        return
    made, result = await apply_beside(cora, [example], admin())
    for problem in made.problems:
        err.print(str(problem), style="red", markup=False, highlight=False)
    if result is not None:
        for failure in result.failures:
            err.print(str(failure), style="red", markup=False, highlight=False)
        out.print(f"{example.name}: {result.summary}.", markup=False, highlight=False)
        if result.is_complete:
            loaded.parent.mkdir(parents=True, exist_ok=True)
            loaded.touch()


def _tell(address: str, token: Path, *, is_demo: bool) -> None:
    """Where to look and with which token. What a server writes is kept by others: only the demo shows the token."""
    out.print(f"\ncora is up at {address}\n", highlight=False)
    bearer = "$TOKEN"
    if not token.exists():
        out.print("Make a token with: cora token create --role operator\n", highlight=False)
    elif is_demo:
        bearer = token.read_text()
        out.print(f"Token (admin, kept in {token}):\n  {bearer}\n", highlight=False, markup=False)
    else:
        bearer = f"$(cat '{token}')"
        out.print(f"The admin token is kept in {token}.\n", highlight=False, markup=False)
    curl = f'curl -H "Authorization: Bearer {bearer}" {address}/fixtures'
    out.print("Try:", highlight=False)
    out.print(f"  the fixtures and their identifiers   {curl}", highlight=False, markup=False)
    out.print(f"  the API page                         {address}/docs", highlight=False)
    out.print(f"  MCP, with the same token             {address}{MCP_PATH}", highlight=False)
    out.print("\nStop with Ctrl-C.", highlight=False)
