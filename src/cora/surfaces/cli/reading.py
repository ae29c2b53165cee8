"""`cora get`, `list`, `search`, `history` and `tree`: what is recorded, as people read it, or as JSON."""

import sys
from collections.abc import AsyncGenerator, Iterable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any

import typer

from cora.equipment.aggregates.asset import ASSET
from cora.equipment.aggregates.frame import FRAME
from cora.equipment.views import VIEWS
from cora.kernel.documents import DEFAULT_LIMIT, filter_names
from cora.kernel.showing import View
from cora.surfaces.cli.asking import asking, required
from cora.surfaces.cli.common import AsJson, DataDir, err, out, run, settings_from, show_json, show_table, written
from cora.surfaces.cli.facility import Server, TokenOption
from cora.surfaces.cli.finding import KINDS, Page, find_id, find_record, gathered, moment, pages_at, view_named
from cora.surfaces.cli.naming import named_events, named_states
from cora.surfaces.cli.words import found, label, past, row, sheet
from cora.surfaces.spread import Columns, as_csv, as_xlsx, columns_of

COLUMNS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "facility": ("code", "name", "website"),
        "family": ("name", "status", "version", "affordances"),
        "role": ("name", "required_affordances", "produces", "consumes"),
        "model": ("manufacturer", "part_number", "name", "declared_family_ids", "status", "version"),
        "asset": ("name", "parent_id", "tier", "lifecycle", "condition", "alternate_identifiers", "persistent_id"),
        "frame": ("name", "parent_id", "status", "placement"),
        "mount": ("slot_code", "installed_asset_id", "installed_at", "status"),
        "assembly": ("name", "status", "version"),
        "fixture": ("name", "assembly_id", "persistent_id", "registered_at", "retired_at"),
        "persistent_id": ("scheme", "value", "status", "test", "subject_kind"),
    }
)
"""The fields that a list shows where none are asked for, by kind. The id comes after them."""

KindArgument = Annotated[
    str, typer.Argument(metavar="KIND", help=f"What it is: {', '.join(KINDS)}.", show_default=False)
]
Which = Annotated[
    str,
    typer.Argument(
        metavar="WHICH",
        help="Its id, or what people call it: the path of an asset (aps/2-BM/SampleTable) or a frame, the slot code of "
        "a mount, the code of a facility, manufacturer/part number of a model, the name of anything else.",
        show_default=False,
    ),
]
AsOf = Annotated[
    str | None,
    typer.Option(metavar="TIME", help="What the record said then: a time with its offset, or a position of the log."),
]
TrueAt = Annotated[
    str | None, typer.Option(metavar="TIME", help="What was true in the hutch then: a time with its offset.")
]


def get(
    kind: KindArgument,
    which: Which,
    as_of: AsOf = None,
    true_at: TrueAt = None,
    server: Server = None,
    token: TokenOption = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Show one record: what it is, how it is, and where.

    \b
        cora get asset aps/2-BM/SampleTable
        cora get mount 02-BM-B-ROTARY --true-at 2026-05-03T14:00:00Z
    """
    view = view_named(kind)
    settings = settings_from(data_dir=data_dir)

    async def work() -> dict[str, Any]:
        async with asking(settings, server, token) as ask:
            return await find_record(ask, view, which, moment(as_of, true_at))

    record = run(work())
    if as_json:
        show_json(record)
        return
    lines = sheet(record)
    width = max(len(name) for name, _ in lines)
    for name, text in lines:
        sys.stdout.write(f"{name.ljust(width)}  {text}\n")


def list_records(
    kind: Annotated[
        str,
        typer.Argument(
            metavar="COLLECTION",
            help=f"Which records: {', '.join(view.aggregate.collection for view in VIEWS)}.",
            show_default=False,
        ),
    ],
    filters: Annotated[
        list[str] | None,
        typer.Option(
            "--filter", metavar="NAME=VALUE", help="Only records with this value; of one name, any of the values."
        ),
    ] = None,
    sort: Annotated[str | None, typer.Option(help="In this order; with - before it, descending.")] = None,
    missing: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="Only records with nothing under this filter.")
    ] = None,
    under: Annotated[
        str | None, typer.Option(metavar="WHICH", help="Only what stands below this one, at any depth: an id or path.")
    ] = None,
    fields: Annotated[
        str | None, typer.Option(metavar="A,B", help="These fields of the state, with commas between them.")
    ] = None,
    limit: Annotated[
        int | None, typer.Option(min=1, help=f"At most so many.  [default: {DEFAULT_LIMIT}]", show_default=False)
    ] = None,
    all_pages: Annotated[bool, typer.Option("--all", help="All of them.")] = False,
    count: Annotated[bool, typer.Option("--count", help="Only how many there are.")] = False,
    as_of: AsOf = None,
    true_at: TrueAt = None,
    server: Server = None,
    token: TokenOption = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
    csv: Annotated[bool, typer.Option("--csv", help="Write a table for spreadsheets to stdout.")] = False,
    xlsx: Annotated[Path | None, typer.Option(metavar="FILE", help="Write a workbook to this file.")] = None,
) -> None:
    """List records of a kind, as a table.

    \b
        cora list assets --filter lifecycle=Active --under aps/2-BM
        cora list assets --missing persistent_id --sort name --all --csv > assets.csv
    """
    view = view_named(kind, "COLLECTION")
    if as_json + csv + (xlsx is not None) > 1 or (count and (csv or xlsx is not None)):
        raise typer.BadParameter("of --json, --csv, --xlsx and --count one goes at a time", param_hint="--csv")
    if all_pages and limit is not None:
        raise typer.BadParameter("goes without --all", param_hint="--limit")
    narrowed = _filters(view, filters or ())
    narrowed |= {"under": [under]} if under is not None else {}
    narrowed |= {"missing": [",".join(missing)]} if missing else {}
    when = moment(as_of, true_at)
    query = {**narrowed, **when, **({"sort": [sort]} if sort is not None else {})}
    wanted = tuple(name.strip() for name in fields.split(",")) if fields is not None else None
    shown = tuple(name for name in wanted or COLUMNS[view.aggregate.kind] if name != "id")
    is_shown = not (as_json or csv or xlsx is not None)
    if is_shown or wanted is not None:
        query["fields"] = [",".join(shown or ("id",))]
    spread = columns_of(view.aggregate, wanted)
    path = f"/{view.aggregate.collection}"
    most = None if all_pages else limit or DEFAULT_LIMIT
    settings = settings_from(data_dir=data_dir)

    async def counted() -> int:
        async with asking(settings, server, token) as ask:
            return required(await ask(path, {**query, "count": ["true"], "limit": ["1"]}), "count")["count"]

    async def listed() -> Page:
        async with asking(settings, server, token) as ask:
            pages = pages_at(ask, path, query, most)
            if csv:
                return await _write_csv(spread, pages)
            page = await gathered(pages)
            return page._replace(items=await named_states(ask, page.items, when)) if is_shown else page

    if count:
        number = run(counted())
        show_json({"count": number}) if as_json else out.print(number, highlight=False)
        return
    page = run(listed())
    if as_json:
        show_json(page._asdict())
        return
    if xlsx is not None:
        with written(xlsx) as file:
            file.writelines(as_xlsx(spread, page.items, view.aggregate.collection))
    elif is_shown and page.items:
        show_table([*map(label, shown), "id"], [row(record, shown) for record in page.items])
    elif is_shown:
        out.print(f"There are no {_plural(view)}{' that fit' if narrowed else ''}.", markup=False, highlight=False)
    if page.next is not None:
        err.print("There are more: --all shows all of them, --count how many there are.", highlight=False)


def search(
    words: Annotated[
        list[str],
        typer.Argument(
            metavar="WORDS",
            help="All must be there, each as the beginning of a word; what the shell takes as one, such as "
            "'air bearing', stands together.",
            show_default=False,
        ),
    ],
    kinds: Annotated[
        list[str] | None, typer.Option("--kind", metavar="KIND", help="Only of this kind; may be repeated.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="At most so many.")] = DEFAULT_LIMIT,
    server: Server = None,
    token: TokenOption = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Find records by names, descriptions, makers, part and serial numbers, identifiers and process variables.

    \b
        cora search rotary
        cora search --kind asset 2bmb:m102
    """
    query = {"q": [" ".join(f'"{word}"' if " " in word else word for word in words)]}
    if kinds:
        query["kind"] = [view_named(kind, "--kind").aggregate.kind for kind in kinds]
    settings = settings_from(data_dir=data_dir)

    async def work() -> Page:
        async with asking(settings, server, token) as ask:
            return await gathered(pages_at(ask, "/search", query, limit))

    page = run(work())
    if as_json:
        show_json(page._asdict())
    elif page.items:
        show_table(("kind", "name", "path", "status", "matched", "id"), [found(item) for item in page.items])
    else:
        out.print("Nothing is found.", markup=False, highlight=False)
    if page.next is not None and not as_json:
        err.print(f"There are more: --limit {2 * limit} shows more of them; more words find fewer.", highlight=False)


def history(
    kind: KindArgument,
    which: Which,
    newest: Annotated[bool, typer.Option("--newest/--oldest", help="Which come first.")] = True,
    limit: Annotated[int, typer.Option(min=1, help="At most so many events.")] = DEFAULT_LIMIT,
    as_of: AsOf = None,
    true_at: TrueAt = None,
    server: Server = None,
    token: TokenOption = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Show what happened to a record: when, by whom, what changed (before -> after), and why.

    \b
        cora history asset aps/2-BM/SampleTable
        cora history mount 02-BM-B-ROTARY --oldest --limit 10
    """
    view = view_named(kind)
    settings = settings_from(data_dir=data_dir)

    async def work() -> Page:
        async with asking(settings, server, token) as ask:
            when = moment(as_of, true_at)
            query = {**when, "order": ["newest" if newest else "oldest"]}
            id = await find_id(ask, view, which, when)
            page = await gathered(pages_at(ask, f"/{view.aggregate.collection}/{id}/history", query, limit))
            return page if as_json else page._replace(items=await named_events(ask, id, page.items, when))

    page = run(work())
    if as_json:
        show_json(page._asdict())
        return
    heads = ("occurred", "recorded", "by", "through", "event", "reason", "changed")
    show_table(heads, [each for event in page.items for each in past(event)])
    if page.next is not None:
        err.print(f"There are more: --limit {2 * limit} shows more of them.", highlight=False)


def tree(
    which: Which,
    depth: Annotated[int, typer.Option(min=0, max=64, help="How many levels below it.")] = 2,
    frames: Annotated[bool, typer.Option("--frames", help="A frame with its mounts, instead of an asset.")] = False,
    as_of: AsOf = None,
    true_at: TrueAt = None,
    server: Server = None,
    token: TokenOption = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Show an asset with all that is below it and where each is mounted, or a frame with its mounts.

    \b
        cora tree aps/2-BM --depth 3
        cora tree --frames "2-BM source"
    """
    from cora.surfaces.cli.trees import show_tree

    view = KINDS[(FRAME if frames else ASSET).kind]
    settings = settings_from(data_dir=data_dir)

    async def work() -> dict[str, Any]:
        async with asking(settings, server, token) as ask:
            when = moment(as_of, true_at)
            id = await find_id(ask, view, which, when)
            path = f"/{view.aggregate.collection}/{id}/tree"
            return required(await ask(path, {**when, "depth": [str(depth)]}), "path", "root", "truncated")

    found = run(work())
    if as_json:
        show_json(found)
        return
    show_tree(found)
    if found["truncated"]:
        err.print("Not all of it fits into one answer; ask for a part of it.", style="yellow")


def _plural(view: View[Any]) -> str:
    return view.aggregate.collection.replace("-", " ")


def _filters(view: View[Any], given: Iterable[str]) -> dict[str, list[str]]:
    known = filter_names(view.aggregate)
    found: dict[str, list[str]] = {}
    for text in given:
        name, equals, value = text.partition("=")
        if not equals or name not in known:
            wrong = f"{_plural(view)} are not filtered by {name!r}" if equals else f"{text!r} is not NAME=VALUE"
            says = f"{wrong}; the names are: {', '.join(known)}"
            raise typer.BadParameter(says, param_hint="--filter")
        found.setdefault(name, []).append(value)
    return found


async def _write_csv(columns: Columns, pages: AsyncGenerator[Page]) -> Page:
    """Write the pages as they come; of what follows the last one the cursor is given back."""
    following: str | None = None
    goes_on = False
    async for page in pages:
        sys.stdout.buffer.writelines(as_csv(columns, page.items, goes_on=goes_on))
        goes_on, following = True, page.next
    sys.stdout.buffer.flush()
    return Page([], following)
