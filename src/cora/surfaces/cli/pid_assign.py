"""`cora pid assign`: an identifier for one record, or for every asset below another that has none."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any

import typer

from cora.equipment.aggregates.family import FAMILY
from cora.equipment.values import IdentifierScheme
from cora.kernel.errors import ForbiddenError
from cora.surfaces.cli.asking import Ask, required
from cora.surfaces.cli.common import (
    AsJson,
    DataDir,
    confirmed,
    err,
    out,
    run,
    settings_from,
    show_json,
    show_table,
    written,
)
from cora.surfaces.cli.doing import REFUSED, Do, Reached, is_missing, reaching, retry_after, said, told_by
from cora.surfaces.cli.facility import Server, TokenOption
from cora.surfaces.cli.finding import KINDS, find_id, find_tops, is_facility, pages_at
from cora.surfaces.cli.pid_finding import Named, find_subject
from cora.surfaces.cli.progress import ProgressBar

TRIES = 20
"""How often one record is waited for, one time after the other."""
_AT_ONCE = 8
_HEADER = ("kind", "name", "id", "complete", "missing", "outcome", "identifier", "publication", "detail")

READY, ASSIGNED, INCOMPLETE, FAILED = "ready", "assigned", "incomplete", "failed"


@dataclass(frozen=True)
class Candidate:
    """A record without an identifier: whether it can have one, what came of it.

    `missing` are property and remedy of what its record lacks, `publication` whether its identifier is a Draft or
    Findable.
    """

    subject: Named
    missing: tuple[tuple[str, str], ...] = ()
    outcome: str = READY
    value: str = ""
    publication: str = ""
    detail: str = ""

    @property
    def missing_text(self) -> str:
        """What is missing, with what to do about each."""
        return "; ".join(f"{name}: {remedy}" for name, remedy in self.missing)

    @property
    def cells(self) -> tuple[str, ...]:
        """The same as a row of a table, by `_HEADER`."""
        complete = "no" if self.missing else "yes"
        kind, id, name = self.subject
        seen = (self.outcome, self.value, self.publication)
        return (kind, name, id, complete, self.missing_text, *seen, self.detail)

    def to_json(self) -> dict[str, Any]:
        """The same as JSON data."""
        missing = [{"property": name, "detail": remedy} for name, remedy in self.missing]
        told = dict(zip(_HEADER, self.cells, strict=True))
        return {**told, "complete": not self.missing, "missing": missing}


def assign(
    which: Annotated[
        str | None,
        typer.Argument(metavar="WHICH", help="One asset (id or path) or fixture (id or name).", show_default=False),
    ] = None,
    under: Annotated[
        str | None,
        typer.Option(
            metavar="PATH",
            help="Every asset below this one (its id or path), or of this facility (its code), that has none.",
        ),
    ] = None,
    family: Annotated[
        str | None, typer.Option(metavar="NAME", help="With --under: only assets of this family (name or id).")
    ] = None,
    scheme: Annotated[IdentifierScheme, typer.Option(help="Which kind of identifier.")] = IdentifierScheme.DOI,
    suffix: Annotated[
        str | None, typer.Option(help="For one record, what comes after the prefix; left out, cora chooses one.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only report which records are complete, and rehearse them.")
    ] = False,
    csv: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the report as a table for spreadsheets, too.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask before identifiers are assigned.")] = False,
    server: Server = None,
    token: TokenOption = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Assign identifiers, for ever.

    To one asset or fixture, or with --under to every asset below another, or of a facility, that has none.

    Fixtures stand below nothing, so each is named by itself. What is decommissioned is left out. Incomplete records are
    reported, with what they lack; a failure does not stop the others. Where the authority may be called no more for a
    while, it is waited for. Run again, it goes on with those that are left.
    The exit code is 1 when one of them has no identifier in the end.

    \b
        cora pid assign aps/2-BM/SampleTable --suffix aps-2bm-table
        cora pid assign --under aps/2-BM --family Camera --dry-run --csv report.csv
    """
    if (which is None) == (under is None):
        raise typer.BadParameter("name one record, or give --under", param_hint="WHICH")
    if under is None and family is not None:
        raise typer.BadParameter("goes with --under", param_hint="--family")
    if under is not None and suffix is not None:
        raise typer.BadParameter("goes with one record: no two have the same identifier", param_hint="--suffix")
    settings = settings_from(data_dir=data_dir)

    async def work() -> list[Candidate]:
        async with reaching(settings, server, token, reads_only=dry_run, in_bulk=under is not None) as reached:
            with err.status("looking at the records ..."):  # shown on a terminal only
                subjects = (
                    await _below(reached.ask, under, family) if under is not None
                    else [await find_subject(reached.ask, which or "")]
                )  # fmt: skip
            with ProgressBar("rehearsing") as told:
                found = await _looked_at(reached.ask, subjects, told)
                found = [await _rehearsed(reached.do, each, scheme, suffix) for each in found]
            ready = [each for each in found if each.outcome == READY]
            if dry_run or not ready or not confirmed(_question(ready, scheme), yes=yes):
                return found
            return await _assigned(reached, found, scheme, suffix)

    found = run(work())
    if csv is not None:
        write_report(csv, found)
    _show(found, as_json=as_json)
    if any(each.outcome in (INCOMPLETE, FAILED) or (each.outcome == READY and not dry_run) for each in found):
        raise typer.Exit(1)


async def _below(ask: Ask, under: str, family: str | None) -> list[Named]:
    """The living assets below one, or of a facility, that have no identifier, by their paths."""
    family_id = await find_id(ask, KINDS[FAMILY.kind], family, {}) if family is not None else None
    fields = "name,parent_id,lifecycle,family_ids,persistent_id"
    try:
        tops = await find_tops(ask, under, fields)
    except REFUSED as error:
        if not is_missing(error):
            raise
        says = f"{under!r} is no asset (by its id or path, as aps/2-BM) and no facility (by its code)"
        raise typer.BadParameter(says, param_hint="--under") from None
    paths: dict[str, str] = {}
    states: dict[str, Any] = {}
    for path, top in tops:
        paths[top["id"]] = path
        if is_facility(under):
            states[top["id"]] = top["state"]
        async for page in pages_at(ask, "/assets", {"under": [top["id"]], "fields": [fields]}, None):
            states |= {item["id"]: item["state"] for item in page.items}

    def path_of(id: str) -> str:
        names: list[str] = []
        while id not in paths:
            names.append(states[id]["name"])
            id = states[id]["parent_id"]
        return "/".join([paths[id], *reversed(names)])

    found = [
        Named("asset", id, path_of(id))
        for id, state in states.items()
        if state["persistent_id"] is None
        and state["lifecycle"] != "Decommissioned"
        and (family_id is None or family_id in state["family_ids"])
    ]
    return sorted(found, key=lambda each: each.name)


async def _looked_at(ask: Ask, subjects: Sequence[Named], told: ProgressBar) -> list[Candidate]:
    """What the record of each lacks."""
    free = asyncio.Semaphore(_AT_ONCE)
    done = 0

    async def looked_at(subject: Named) -> Candidate:
        nonlocal done
        async with free:
            record = required(await ask(f"/{subject.kind}s/{subject.id}/pidinst", {}), "complete")
        done += 1
        told(done, len(subjects))
        missing = tuple((each["property"], each["detail"]) for each in record.get("missing", ()))
        return Candidate(subject, missing, READY if record["complete"] else INCOMPLETE)

    return list(await asyncio.gather(*(looked_at(each) for each in subjects)))


async def _rehearsed(do: Do, candidate: Candidate, scheme: IdentifierScheme, suffix: str | None) -> Candidate:
    """A complete record with what it would have, or with what it would be refused for.

    Raises the refusal of a caller who may assign none.
    """
    if candidate.outcome != READY:
        return candidate
    try:
        answer = await do(*_command(candidate, scheme, suffix), dry_run=True)
    except REFUSED as refusal:
        if told_by(refusal)[0] == ForbiddenError.code():
            raise  # the same of all of them
        return replace(candidate, outcome=FAILED, detail=said(refusal))
    # Without a suffix the value of a rehearsal is not the one that is assigned.
    value = answer["value"] if suffix is not None else ""
    if answer["problems"]:
        return replace(candidate, outcome=FAILED, value=value, detail="; ".join(answer["problems"]))
    lost = ", ".join(dict.fromkeys(each["property"] for each in answer["loss"]))
    detail = f"not told: {lost}" if lost else ""
    return replace(candidate, value=value, publication=answer["publication"], detail=detail)


async def _done(
    do: Do,
    candidate: Candidate,
    scheme: IdentifierScheme,
    suffix: str | None,
    wait: Callable[[int, str], Awaitable[None]],
) -> Candidate:
    """A complete record with its identifier, waited for as long as it takes, or with what it was refused for."""
    if candidate.outcome != READY:
        return candidate
    for attempt in range(TRIES):
        try:
            answer = await do(*_command(candidate, scheme, suffix))
        except REFUSED as refusal:
            code, members = told_by(refusal)
            if attempt and code.endswith("PersistentIdAlreadyAssigned"):
                # What was reserved here a server has finished meanwhile.
                return replace(candidate, outcome=ASSIGNED, value=str(members["value"]), publication="", detail="")
            seconds = retry_after(refusal)
            if seconds is None or attempt + 1 == TRIES:
                return replace(candidate, outcome=FAILED, detail=said(refusal))
            await wait(seconds, said(refusal))
        else:
            seen = answer["publication"]
            return replace(candidate, outcome=ASSIGNED, value=answer["value"], publication=seen, detail="")
    raise AssertionError


def _command(candidate: Candidate, scheme: IdentifierScheme, suffix: str | None) -> tuple[str, dict[str, Any]]:
    kind, id, _ = candidate.subject
    fields = {f"{kind}_id": id, "scheme": str(scheme), **({"suffix": suffix} if suffix is not None else {})}
    return f"assign_{kind}_persistent_id", fields


def _question(ready: Sequence[Candidate], scheme: IdentifierScheme) -> str:
    what = ready[0].subject.name if len(ready) == 1 else f"{len(ready):,} records"
    return f"Assign a {scheme} to {what}, for ever?"


async def _assigned(
    reached: Reached, found: Sequence[Candidate], scheme: IdentifierScheme, suffix: str | None
) -> list[Candidate]:
    done: list[Candidate] = []
    with ProgressBar("assigning") as told:

        async def wait(seconds: int, why: str) -> None:
            err.print(f"{why} Waiting until then.", style="yellow", markup=False, highlight=False)
            for left in range(seconds, 0, -1):
                told.rename(f"waiting {left} s")
                await asyncio.sleep(1.0)
            told.rename("assigning")

        for each in found:
            told(len(done), len(found))
            done.append(await _done(reached.do, each, scheme, suffix, wait))
    return done


def write_report(path: Path, found: Sequence[Candidate]) -> None:
    """The report as CSV for spreadsheets."""
    from cora.tables import write_csv
    from cora.tables.write import BYTE_ORDER_MARK

    def chunks() -> Iterator[bytes]:
        yield BYTE_ORDER_MARK
        yield from write_csv(_HEADER, (each.cells for each in found))

    with written(path) as file:
        file.writelines(chunks())


def _show(found: Sequence[Candidate], *, as_json: bool) -> None:
    if as_json:
        show_json({"items": [each.to_json() for each in found]})
        return
    if not found:
        out.print("There is nothing without an identifier.")
        return
    rows = [
        (each.subject.name, "no" if each.missing else "yes", each.outcome, each.value, each.publication,
         each.missing_text or each.detail)
        for each in found
    ]  # fmt: skip
    show_table(("name", "complete", "outcome", "identifier", "publication", "detail"), rows)
    counts = Counter(each.outcome for each in found)
    out.print(", ".join(f"{count:,} {outcome}" for outcome, count in counts.items()) + ".", highlight=False)
    if any(each.outcome == ASSIGNED and each.publication == "Draft" for each in found):
        out.print("Nobody sees a Draft until it is published: cora pid publish WHICH", markup=False, highlight=False)
