"""`cora pid`: persistent identifiers as people deal with them, from a list of them to the end of one."""

import asyncio
import json
import sys
from collections.abc import Iterator, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Annotated, Any, cast

import typer

from cora.equipment.aggregates.persistent_id import PERSISTENT_ID, PersistentId, PersistentIdStatus
from cora.equipment.assigned_identifier import IdentifierOrigin
from cora.equipment.finish_reservations import GRACE
from cora.equipment.keep_publications import FIRST_PAUSE
from cora.equipment.pauses import pause
from cora.equipment.values import IdentifierScheme
from cora.surfaces.cli.asking import Ask, asking
from cora.surfaces.cli.common import AsJson, DataDir, err, out, run, settings_from, show_json, show_table, time_text
from cora.surfaces.cli.doing import reaching
from cora.surfaces.cli.facility import Server, TokenOption
from cora.surfaces.cli.finding import gathered, pages_at
from cora.surfaces.cli.pid_assign import assign
from cora.surfaces.cli.pid_finding import find_identifier, find_subject, kept_identifier, name_of
from cora.surfaces.cli.pid_reconcile import reconcile
from cora.surfaces.cli.pid_redirect import redirect
from cora.surfaces.cli.words import Data, words

app = typer.Typer(
    help="Persistent identifiers: what stands where, what the authorities are told, and whether they have it. An "
    "identifier is meant by its value in any way it is written (10.82433/08qf-ee96, doi:10.82433/08qf-ee96, "
    "https://hdl.handle.net/21.T11998/abc), by its id, or by what it names: the path of an asset or a fixture by name.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
Identifier = Annotated[
    str,
    typer.Argument(
        metavar="WHICH",
        help="A DOI or a Handle in any way it is written, its id, or the asset (id or path) or fixture (id or name) "
        "that it names.",
        show_default=False,
    ),
]
Scheme = Annotated[IdentifierScheme, typer.Option(help="Which kind of identifier.")]

MOST_NAMED = 200
"""Subjects that are shown by name; the others by their ids."""
_AT_ONCE = 8

_SINCE = MappingProxyType(
    {
        "Reserved": ("reserved_at",),
        "Draft": ("minted_at",),
        "Minted": ("published_at",),
        "Withdrawn": ("withdrawal", "withdrawn_at"),
        "Released": ("released_at",),
    }
)
_HAPPENED = MappingProxyType(
    {
        "PersistentIdReserved": "reserved",
        "PersistentIdMinted": "registered by the authority",
        "PersistentIdMintFailed": "the authority did not register it",
        "PersistentIdReleased": "released: the record is free for another",
        "PersistentIdPublicationRequested": "to be published",
        "PersistentIdPublished": "published: the world can find it",
        "PersistentIdMetadataPushed": "the authority was told what it should have",
        "PersistentIdPushFailed": "the authority did not take what it was told",
        "PersistentIdRedirected": "to lead to where its page has moved",
        "PersistentIdWithdrawn": "withdrawn",
    }
)
_RECORDED = MappingProxyType(
    {
        "PersistentIdReserved": "recorded, as it was registered before",
        "PersistentIdMinted": "held by its own authority, as it was recorded",
    }
)
_SEEN = MappingProxyType(
    {"Draft": "as a Draft that nobody sees until it is published", "Findable": "for the world to find"}
)

_NOT_TOLD = " Its own authority is not told: it is not kept here. Have it withdrawn there too."


@app.command("list")
def list_identifiers(
    statuses: Annotated[
        list[PersistentIdStatus] | None, typer.Option("--status", help="Only these; may be repeated.")
    ] = None,
    scheme: Annotated[IdentifierScheme | None, typer.Option(help="Only this kind of identifier.")] = None,
    error: Annotated[bool, typer.Option("--error", help="Only those of which the authority failed last.")] = False,
    subject: Annotated[
        str | None, typer.Option(metavar="WHICH", help="Only those of this asset (id or path) or fixture (id or name).")
    ] = None,
    test: Annotated[bool | None, typer.Option("--test/--real", help="Only tests, or none of them.")] = None,
    server: Server = None,
    token: TokenOption = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """List identifiers and how they stand.

    With what each names, since when it stands so, and what the authority failed with last.

    \b
        cora pid list --status Draft
        cora pid list --error
    """
    settings = settings_from(data_dir=data_dir)
    query: dict[str, list[str]] = {"status": [str(each) for each in statuses]} if statuses else {}
    query |= {"scheme": [str(scheme)]} if scheme is not None else {}
    query |= {"test": [str(test).lower()]} if test is not None else {}
    query |= {"last_error": [""]} if error else {}

    async def work() -> tuple[list[dict[str, Any]], Mapping[str, str]]:
        async with asking(settings, server, token) as ask:
            narrowed = {"subject_id": [(await find_subject(ask, subject)).id]} if subject is not None else {}
            items = (await gathered(pages_at(ask, "/persistent-ids", {**query, **narrowed}, None))).items
            shown = [each for each in items if not error or not _known(each).is_given_up]
            return shown, {} if as_json else await _names(ask, shown)

    found, names = run(work())
    if as_json:
        show_json({"items": found})
    elif found:
        show_table(
            ("identifier", "status", "names", "since", "last error"), [_row(each["state"], names) for each in found]
        )
    else:
        out.print("There are no such identifiers.")


async def _names(ask: Ask, records: list[dict[str, Any]]) -> Mapping[str, str]:
    free = asyncio.Semaphore(_AT_ONCE)
    wanted = dict.fromkeys((each["state"]["subject_kind"], each["state"]["subject_id"]) for each in records)

    async def named(kind: str, id: str) -> tuple[str, str]:
        async with free:
            return id, await name_of(ask, kind, id)

    return dict(await asyncio.gather(*(named(*each) for each in list(wanted)[:MOST_NAMED])))


def _row(state: Data, names: Mapping[str, str]) -> list[str]:
    failure = state["last_failure"]
    subject = names.get(state["subject_id"], state["subject_id"])
    value = f"{state['value']} (test)" if state["test"] else state["value"]
    return [value, _status(state), subject, words(_since(state)), failure["reason"] if failure else ""]


def _status(state: Data) -> str:
    return ", ".join((state["status"], *_besides(state)))


def _standing(state: Data) -> str:
    """How it stands and since when: what was recorded was Minted before, so it is since then that it is recorded."""
    since = f"since {words(_since(state))}"
    if state["status"] == "Minted":
        return f"{_status(state)} {since}"
    return ", ".join((f"{state['status']} {since}", *_besides(state)))


def _besides(state: Data) -> Iterator[str]:
    if state["status"] == "Draft" and state["publication_requested_at"]:
        yield "to be published"
    if state["origin"] == IdentifierOrigin.RECORDED:
        yield "recorded"


def _since(state: Data) -> Any:
    found: Any = state
    for step in _SINCE[state["status"]]:
        found = found and found.get(step)
    return found or state["reserved_at"]


@app.command()
def status(
    which: Identifier,
    server: Server = None,
    token: TokenOption = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Show one identifier and its history.

    How it stands, what its authority was told last, what failed and when it is tried again, and all that happened.

    \b
        cora pid status 10.82433/08qf-ee96
        cora pid status aps/2-BM/SampleTable
    """
    settings = settings_from(data_dir=data_dir)

    async def work() -> tuple[dict[str, Any], list[dict[str, Any]], str]:
        async with asking(settings, server, token) as ask:
            record = await find_identifier(ask, which)
            path = f"/persistent-ids/{record['id']}/history"
            events = (await gathered(pages_at(ask, path, {"order": ["oldest"]}, None))).items
            state = record["state"]
            return record, events, await name_of(ask, state["subject_kind"], state["subject_id"])

    record, events, name = run(work())
    due = _next_try(record)
    if as_json:
        show_json({"record": record, "history": events, "next_try_at": due})
        return
    lines = [*_told(record["state"], name, due), ("id", record["id"])]
    width = max(len(title) for title, _ in lines)
    for title, text in lines:
        sys.stdout.write(f"{title.ljust(width)}  {text}\n")
    sys.stdout.write("\n")
    happened = {**_HAPPENED, **_RECORDED} if record["state"]["origin"] == IdentifierOrigin.RECORDED else _HAPPENED
    show_table(("occurred", "by", "what happened"), [_past(each, happened) for each in events])


def _told(state: Data, name: str, due: datetime | None) -> list[tuple[str, str]]:
    failure, pushed, withdrawn = state["last_failure"], state["pushed"], state["withdrawal"]
    kind = f"{state['value']} ({'a test ' if state['test'] else ''}{state['scheme']})"
    lines = [
        ("identifier", kind),
        ("status", _standing(state)),
        ("names", f"{state['subject_kind']} {name}"),
        _leads(state),
    ]
    if withdrawn:
        lines.append(("withdrawn", withdrawn["reason"]))
    if pushed:
        lines.append(("told last", f"{words(pushed['pushed_at'])} (digest {pushed['digest'][:12]})"))
    if failure:
        again = "" if failure["retryable"] else "; no retry can mend it"
        failed = f"{failure['reason']} ({words(failure['failed_at'])}, attempt {failure['attempt']}{again})"
        lines.append(("last error", failed))
    if due is not None:
        lines.append(("next try", f"{time_text(due)}, by the server"))
    return lines


def _leads(state: Data) -> tuple[str, str]:
    if state["origin"] == IdentifierOrigin.RECORDED:
        return "leads to", "where it did before it was recorded"
    match PersistentIdStatus(state["status"]):
        case PersistentIdStatus.RELEASED:
            return "leads to", "nothing: it was released before it was registered"
        case PersistentIdStatus.WITHDRAWN if state["published_at"] is None:
            return "leads to", "nothing: it was a draft, and is never published"
        case PersistentIdStatus.RESERVED | PersistentIdStatus.DRAFT:
            return "is to lead to", state["landing_page"]
        case _:
            return "leads to", state["landing_page"]


def _next_try(record: Data) -> datetime | None:
    """When a server tries again what failed last; it chooses the moment itself, so this is to the second at best."""
    known = _known(record)
    if known.last_failure is None or not (known.status is PersistentIdStatus.RESERVED or known.is_kept_here):
        return None
    first = GRACE if known.status is PersistentIdStatus.RESERVED else FIRST_PAUSE
    return datetime.fromisoformat(record["recorded_at"]) + pause(known, first)


def _known(record: Data) -> PersistentId:
    return PERSISTENT_ID.decode_state(json.dumps(record["state"]))


def _past(event: Data, happened: Mapping[str, str]) -> list[str]:
    what = happened.get(event["kind"], event["kind"])
    if event["kind"] in ("PersistentIdMintFailed", "PersistentIdPushFailed"):
        told = _reason_in(event)
        what = f"{what}: {told}" if told else what
    elif event["reason"]:
        what = f"{what}: {event['reason']}"
    who = event["actor"] + (f" for {event['on_behalf_of']}" if event["on_behalf_of"] else "")
    return [words(event["occurred_at"]), who, what]


def _reason_in(event: Data) -> str | None:
    """Why the authority failed, in what an event changed: the whole failure, or its reason alone."""
    for change in event["changes"]:
        after = change.get("after")
        if change["pointer"] == "/last_failure" and isinstance(after, dict):
            return str(cast("Data", after)["reason"])
        if change["pointer"] == "/last_failure/reason":
            return str(after)
    return None


@app.command()
def preview(
    which: Annotated[
        str,
        typer.Argument(metavar="WHICH", help="An asset (id or path) or a fixture (id or name).", show_default=False),
    ],
    scheme: Scheme = IdentifierScheme.DOI,
    suffix: Annotated[
        str | None, typer.Option(help="What comes after the prefix; left out, cora would choose one.")
    ] = None,
    server: Server = None,
    token: TokenOption = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Show what an authority would be sent, for a new identifier or of the one that the record has.

    It is checked by the schema of the authority, and what that has no place for is told. Nothing is recorded, and no
    authority is asked. With problems the exit code is 1.
    """
    settings = settings_from(data_dir=data_dir)

    async def work() -> tuple[dict[str, Any], Data | None]:
        async with reaching(settings, server, token, reads_only=True) as reached:
            subject = await find_subject(reached.ask, which)
            known = await kept_identifier(reached.ask, subject) if suffix is None else None
            if known is not None:
                told = await reached.do("push_persistent_id", {"persistent_id_id": known["id"]}, dry_run=True)
                state = told["state"]
                standing = {"url": state["landing_page"], "publication": state["status"]}
                return {**told, "scheme": state["scheme"], "value": state["value"], **standing}, known["state"]
            fields = {f"{subject.kind}_id": subject.id, "scheme": str(scheme)}
            fields |= {"suffix": suffix} if suffix is not None else {}
            return await reached.do(f"assign_{subject.kind}_persistent_id", fields, dry_run=True), None

    told, known = run(work())
    if as_json:
        show_json(told)
    else:
        identifier = f"The {told['scheme']} {told['value']}"
        if known is not None:
            says = f"{identifier} is {_status(known)}; it {' '.join(_leads(known))}."
        else:
            chosen = "" if suffix is not None else " (or another that cora chooses)"
            says = f"{identifier}{chosen} would be assigned, {_SEEN[told['publication']]}, and lead to {told['url']}."
        out.print(says, markup=False, highlight=False, soft_wrap=True)
        out.print("\nThe authority would be sent:")
        show_json(told["payload"])
        if told["loss"]:
            out.print("\nWhat it has no place for:")
            show_table(("property", "why"), [(each["property"], each["detail"]) for each in told["loss"]])
        for each in told["problems"]:
            err.print(each, style="red", markup=False, highlight=False)
        err.print("Nothing was recorded: this was a dry run.", style="yellow")
    if told["problems"]:
        raise typer.Exit(1)


@app.command()
def publish(
    which: Identifier,
    server: Server = None,
    token: TokenOption = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Publish a draft.

    From now on the world can find it, with its record as it is now.
    """
    _change("publish_persistent_id", which, {}, "{} is published.", server, token, data_dir, as_json=as_json)


@app.command()
def push(
    which: Identifier,
    again: Annotated[
        bool, typer.Option("--again", help="Also when the authority was told the same before: it may have lost it.")
    ] = False,
    server: Server = None,
    token: TokenOption = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Tell the authority what changed.

    A server does so by itself soon after a change. With --again it is told all of it, and has restored what it lost.
    """
    _change("push_persistent_id", which, {"again": again}, "The authority has what it should have of {}.",
            server, token, data_dir, as_json=as_json)  # fmt: skip


@app.command()
def withdraw(
    which: Identifier,
    reason: Annotated[str, typer.Option(help="Why; the tombstone tells the world.", show_default=False)],
    server: Server = None,
    token: TokenOption = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Withdraw an identifier for good.

    Its page is a tombstone from now on, which says why; a server has the authority hide it soon after. An identifier
    that was recorded leads where it did before, and its own authority is not told: it is not kept here. A draft is
    never published, and its authority keeps it.
    """
    _change("withdraw_persistent_id", which, {"reason": reason}, "{} is withdrawn.",
            server, token, data_dir, as_json=as_json, of_recorded=_NOT_TOLD)  # fmt: skip


@app.command()
def release(
    which: Identifier,
    reason: Annotated[str, typer.Option(help="Why it will not be minted.", show_default=False)],
    server: Server = None,
    token: TokenOption = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Give up an identifier that is reserved and not minted.

    Its authority is asked first, and must hold nothing. Then the asset or fixture is free for another identifier.
    """
    _change("release_persistent_id", which, {"reason": reason}, "{} is released.",
            server, token, data_dir, as_json=as_json)  # fmt: skip


def _change(
    command: str, which: str, fields: Mapping[str, Any], says: str,
    server: str | None, token: str | None, data_dir: Any, *, as_json: bool, of_recorded: str = "",
) -> None:  # fmt: skip
    settings = settings_from(data_dir=data_dir)

    async def work() -> dict[str, Any]:
        async with reaching(settings, server, token) as reached:
            record = await find_identifier(reached.ask, which)
            return await reached.do(command, {"persistent_id_id": record["id"], **fields})

    done = run(work())
    if as_json:
        show_json(done)
        return
    state = done["state"]
    says += of_recorded if state["origin"] == IdentifierOrigin.RECORDED else ""
    told = says.format(f"the {state['scheme']} {state['value']}")
    out.print(told[0].upper() + told[1:], markup=False, highlight=False)


app.command()(assign)
app.command()(reconcile)
app.command()(redirect)
