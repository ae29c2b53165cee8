"""`cora labels`: sheets of labels for many assets, from the database beside or a server."""

import asyncio
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

import typer

from cora.surfaces.cli.asking import Ask, asking, required
from cora.surfaces.cli.common import DataDir, err, out, run, settings_from, written
from cora.surfaces.cli.facility import Server, TokenOption
from cora.surfaces.cli.finding import KINDS, find_id, find_tops, pages_at
from cora.surfaces.cli.progress import ProgressBar

# What draws takes long to import, so it is left to the moment when it is needed.

_FIELDS = "name,lifecycle,family_ids,alternate_identifiers,persistent_id"


class LayoutName(StrEnum):
    """What the labels are printed on."""

    AVERY_L4731 = "avery-l4731"
    AVERY_L7160 = "avery-l7160"
    ROLL_62X29 = "roll-62x29"


def labels(
    under: Annotated[
        str | None,
        typer.Option(
            metavar="PATH",
            help="An asset (aps/2-BM) and all below it, or all of a facility (aps); else all assets.",
        ),
    ] = None,
    family: Annotated[
        str | None, typer.Option(metavar="WHICH", help="Only assets of this family: its name or id.")
    ] = None,
    layout: Annotated[
        LayoutName,
        typer.Option(
            help="avery-l4731: 189 labels of 25.4 x 10 mm on A4; avery-l7160: 21 of 63.5 x 38.1 mm on A4; "
            "roll-62x29: one after the other."
        ),
    ] = LayoutName.AVERY_L4731,
    start: Annotated[
        int, typer.Option(min=1, help="The first place to print on, counted along the rows, for a sheet begun before.")
    ] = 1,
    output: Annotated[Path, typer.Option("--out", "-o", metavar="FILE", help="Where to write it (PDF).")] = Path(
        "labels.pdf"
    ),
    server: Server = None,
    token: TokenOption = None,
    data_dir: DataDir = None,
) -> None:
    """Write labels to print: a QR code that leads to the asset, its identifier, name, serial and inventory number.

    An asset without an identifier gets the address of its page. Decommissioned assets get none. Print it in actual
    size.

    \b
        cora labels --under aps/2-BM --layout avery-l4731 --out labels.pdf
        cora labels --family Camera --start 12
    """
    from cora.labels import LAYOUTS, as_sheets
    from cora.surfaces.labels import label_of

    sheet = LAYOUTS[layout.value]
    if start > sheet.per_page:
        raise typer.BadParameter(f"a sheet of {sheet.name} has {sheet.per_page} places", param_hint="--start")
    settings = settings_from(data_dir=data_dir)

    async def find() -> tuple[list[dict[str, Any]], str, set[str]]:
        async with asking(settings, server, token) as ask:
            found = await _assets(ask, under, family)
            return found, await _pages(ask, found), await _withdrawn(ask)

    assets, page, withdrawn = run(find())
    if not assets:
        err.print("There are no assets to label.", style="red")
        raise typer.Exit(1)
    if urlsplit(page).hostname in ("127.0.0.1", "::1", "localhost"):
        err.print(
            f"Labels without an identifier lead to {page}..., which only this machine can reach: set CORA_PUBLIC_URL, "
            f"{'here' if server is None else 'for the server'}, before they are printed.",
            style="yellow", markup=False, highlight=False,
        )  # fmt: skip
    with ProgressBar("Labels") as progress, written(output) as file:
        drawn = (
            label_of(each["state"], page + each["id"], sheet, withdrawn=each["id"] in withdrawn) for each in assets
        )
        file.write(as_sheets(drawn, sheet, start, lambda number: progress(number, len(assets))))
    pages = -(-(start - 1 + len(assets)) // sheet.per_page)
    said = f"{_counted(len(assets), 'label')} on {_counted(pages, 'page')} of {sheet.name}: {output}"
    out.print(said, markup=False, highlight=False)


async def _assets(ask: Ask, under: str | None, family: str | None) -> list[dict[str, Any]]:
    """The living assets that are meant, that at the top first, then by name."""
    query: dict[str, Sequence[str]] = {"sort": ["name"], "fields": [_FIELDS]}
    found: list[dict[str, Any]] = []
    wanted = None if family is None else await find_id(ask, KINDS["family"], family, {})
    if wanted is not None:
        query["family_ids"] = [wanted]
    tops = [None] if under is None else [top for _, top in await find_tops(ask, under, _FIELDS)]
    with ProgressBar("Assets") as progress:
        for top in tops:
            narrowed = query
            if top is not None:
                narrowed = {**query, "under": [top["id"]]}
                if wanted is None or wanted in top["state"]["family_ids"]:
                    found.append(top)
            async for page in pages_at(ask, "/assets", narrowed, None):
                found += page.items
                progress(len(found), None)
                await asyncio.sleep(0)
    return [each for each in found if each["state"]["lifecycle"] != "Decommissioned"]


async def _pages(ask: Ask, assets: Sequence[dict[str, Any]]) -> str:
    """What the address of the page of each asset begins with, as the server itself tells it; not asked for where all
    have identifiers."""
    bare = next((each["id"] for each in assets if each["state"]["persistent_id"] is None), None)
    if bare is None:
        return ""
    page: str = required(await ask(f"/assets/{bare}/pidinst", {}), "landingPage")["landingPage"]
    return page.removesuffix(bare)


async def _withdrawn(ask: Ask) -> set[str]:
    """The ids of what has an identifier that was withdrawn."""
    query = {"status": ["Withdrawn"], "subject_kind": ["asset"], "fields": ["subject_id"]}
    pages = pages_at(ask, "/persistent-ids", query, None)
    return {item["state"]["subject_id"] async for page in pages for item in page.items}


def _counted(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"
