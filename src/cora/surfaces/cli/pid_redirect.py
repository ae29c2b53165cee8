"""`cora pid redirect`: identifiers lead to where the pages have moved to."""

import json
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, NamedTuple

import typer

from cora.equipment.aggregates.persistent_id import PERSISTENT_ID
from cora.surfaces.cli.asking import Ask
from cora.surfaces.cli.common import AsJson, DataDir, confirmed, err, out, run, settings_from, show_json, show_table
from cora.surfaces.cli.doing import REFUSED, Do, reaching, said
from cora.surfaces.cli.facility import Server, TokenOption
from cora.surfaces.cli.finding import pages_at
from cora.surfaces.cli.pid_finding import find_identifier
from cora.surfaces.cli.progress import ProgressBar

COMMAND = "redirect_persistent_id"


class Move(NamedTuple):
    """An identifier with where it leads and where it is to lead; `failure` says why it cannot."""

    id: str
    value: str
    leads_to: str
    moves_to: str
    failure: str = ""


def redirect(
    which: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="WHICH",
            help="Identifiers, as for status. Left out, all that lead elsewhere.",
            show_default=False,
        ),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show which would lead where.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask before.")] = False,
    server: Server = None,
    token: TokenOption = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Have identifiers lead to where the pages are now.

    For when the pages have moved to another CORA_PUBLIC_URL. The server tells the authorities soon after, as fast as
    they may be called. A Handle may be remembered under way for a day, so let the old address answer for a while.
    The exit code is 1 when one of them cannot be moved.

    \b
        cora pid redirect --dry-run
        cora pid redirect 10.82433/08qf-ee96
    """  # fmt: skip
    settings = settings_from(data_dir=data_dir)

    async def work() -> tuple[list[Move], bool]:
        # Also for a rehearsal: without a CORA_PUBLIC_URL they would lead to where nobody finds them.
        async with reaching(settings, server, token) as reached:
            found = await _rehearsed(reached.do, await _wanted(reached.ask, which))
            able = [each for each in found if not each.failure]
            is_done = not dry_run and bool(able) and confirmed(_question(able), yes=yes)
            return (await _moved(reached.do, found) if is_done else found), is_done

    found, is_done = run(work())
    if as_json:
        show_json({"items": [each._asdict() for each in found], "done": is_done})
    elif found:
        show_table(("identifier", "leads to", "moves to"), [each[1:4] for each in found])
        moved = sum(not each.failure for each in found)
        out.print(f"{moved:,} {'moved' if is_done else 'to be moved'}.", highlight=False)
    else:
        out.print("All identifiers lead to where their pages are.")
    for each in found:
        if each.failure:
            err.print(f"{each.value}: {each.failure}", style="red", markup=False, highlight=False)
    if any(each.failure for each in found):
        raise typer.Exit(1)


async def _wanted(ask: Ask, which: Sequence[str] | None) -> list[Mapping[str, Any]]:
    if which:
        return [await find_identifier(ask, each) for each in which]
    query = {"status": ["Reserved", "Draft", "Minted", "Withdrawn"], "origin": ["Minted"]}
    pages = pages_at(ask, "/persistent-ids", query, None)
    # A draft that was given up leads nowhere.
    return [
        item
        async for page in pages
        for item in page.items
        if not PERSISTENT_ID.decode_state(json.dumps(item["state"])).is_given_up
    ]


async def _rehearsed(do: Do, records: Sequence[Mapping[str, Any]]) -> list[Move]:
    """Those of them that would lead elsewhere than they do."""
    found: list[Move] = []
    with ProgressBar("rehearsing") as told:
        for done, record in enumerate(records):
            told(done, len(records))
            state = record["state"]
            leads_to = state["landing_page"] or ""
            try:
                after = await do(COMMAND, {"persistent_id_id": record["id"]}, dry_run=True)
            except REFUSED as refusal:
                found.append(Move(record["id"], state["value"], leads_to, "", said(refusal)))
                continue
            if after["events"]:
                found.append(Move(record["id"], state["value"], leads_to, after["state"]["landing_page"]))
    return found


def _question(able: Sequence[Move]) -> str:
    what = able[0].value if len(able) == 1 else f"{len(able):,} identifiers"
    return f"Have {what} lead to {able[0].moves_to.rpartition('/id/')[0]}?"


async def _moved(do: Do, found: Sequence[Move]) -> list[Move]:
    moved: list[Move] = []
    with ProgressBar("redirecting") as told:
        for each in found:
            told(len(moved), len(found))
            failure = each.failure
            try:
                if not failure:
                    await do(COMMAND, {"persistent_id_id": each.id})
            except REFUSED as refusal:
                failure = said(refusal)
            moved.append(each._replace(failure=failure))
    return moved
