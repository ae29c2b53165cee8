"""`cora pid reconcile`: the log compared with the authorities, part by part."""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any

import typer

from cora.equipment.values import IdentifierScheme
from cora.surfaces.cli.asking import Ask
from cora.surfaces.cli.common import AsJson, DataDir, err, out, run, settings_from, show_json, show_table
from cora.surfaces.cli.doing import Reached, reaching
from cora.surfaces.cli.facility import Server, TokenOption
from cora.surfaces.cli.finding import pages_at
from cora.surfaces.cli.pid_finding import name_of
from cora.surfaces.cli.progress import ProgressBar

AT_ONCE = 20
TRIES = 3
"""How often an authority that does not answer is waited for, one time after the other."""
PAUSE = 5.0


@dataclass
class Report:
    """What came of all parts."""

    agreed: set[str] = field(default_factory=set[str])
    skipped: set[str] = field(default_factory=set[str])
    findings: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])
    others: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    interrupted: str | None = None
    """Why the rest was not compared."""

    def add(self, part: Mapping[str, Any]) -> None:
        """Add a part. What was mended once counts as mended, also when the part is asked for again."""
        self.agreed.update(part["agreed"])
        self.skipped.update(part["skipped"])
        for each in part["findings"]:
            key = f"{each['scheme']}:{each['value']}"
            if key not in self.findings or not self.findings[key]["mended"]:
                self.findings[key] = each
        self.others += [each for each in part["others"] if each not in self.others]

    @property
    def left(self) -> list[dict[str, Any]]:
        """What is not mended."""
        return [each for each in self.findings.values() if each["mended"] is not True]

    @property
    def summary(self) -> str:
        """All of it in one sentence."""
        found = {each["persistent_id_id"] for each in self.findings.values()}
        mended = len(self.findings) - len(self.left)
        parts = [f"{len(self.agreed - found):,} agree"]
        parts += [f"{mended:,} mended"] if mended else []
        parts += [f"{len(self.left):,} differ"] if self.left else []
        parts += [f"{len(self.skipped):,} kept by no authority for us"] if self.skipped else []
        parts += [f"{len(self.others):,} of somebody else under our prefix, left alone"] if self.others else []
        return ", ".join(parts)


def reconcile(
    fix: Annotated[
        bool, typer.Option("--fix", help="Tell the authority again what is missing, out of date or does not resolve.")
    ] = False,
    each: Annotated[
        bool,
        typer.Option("--each", help="Look at every identifier by itself, also at those that a list shows to be right."),
    ] = False,
    scheme: Annotated[IdentifierScheme | None, typer.Option(help="Only this kind of identifier.")] = None,
    server: Server = None,
    token: TokenOption = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Compare with the authorities.

    What is missing, stale, unresolved or foreign there, and what only they have, is reported. With --fix what is
    missing, stale or unresolved is told again; orphaned and foreign ones are only reported. The exit code is 1 when
    something is left that differs, or not all could be compared.
    """
    settings = settings_from(data_dir=data_dir)

    async def work() -> tuple[Report, dict[str, str]]:
        report = Report()
        async with reaching(settings, server, token) as reached:
            interruptions: list[str] = []
            for one in IdentifierScheme if scheme is None else (scheme,):
                # An authority that gives no answer does not keep the other from being compared.
                try:
                    await _compare(reached, report, {"scheme": str(one)}, fix=fix, each=each)
                except _InterruptedError as interruption:
                    interruptions.append(str(interruption).removesuffix("."))
            report.interrupted = "; ".join(interruptions) or None
            named = [found for found in report.findings.values() if found["subject_id"]]
            names = {} if as_json else {
                found["subject_id"]: await name_of(reached.ask, found["subject_kind"], found["subject_id"])
                for found in named[:AT_ONCE * 10]
            }  # fmt: skip
        return report, names

    report, names = run(work())
    if as_json:
        show_json(
            {
                "agreed": len(report.agreed),
                "skipped": len(report.skipped),
                "findings": list(report.findings.values()),
                "others": report.others,
                "interrupted": report.interrupted,
            }
        )
    else:
        _show(list(report.findings.values()), names)
        out.print(report.summary[:1].upper() + report.summary[1:] + ".", markup=False, highlight=False)
    if report.interrupted is not None:
        says = f"Not all was compared: {report.interrupted}."
        err.print(says, style="red", markup=False, highlight=False)
    if report.left or report.interrupted is not None:
        raise typer.Exit(1)


class _InterruptedError(Exception):
    """An authority gives no answer, however often it is asked."""


async def _compare(reached: Reached, report: Report, narrowed: Mapping[str, str], *, fix: bool, each: bool) -> None:
    """Both sides, part by part. Raises `_InterruptedError`."""
    asked: dict[str, Any] = {"of": "authority", **narrowed}
    with err.status("reading what the authorities list ..."):  # shown on a terminal only
        while (following := (await _part(reached, asked, report))["next"]) is not None:
            asked["cursor"] = following
    kept = await _kept(reached.ask, narrowed)
    wanted = [id for id in kept if each or id not in report.agreed]
    with ProgressBar("comparing") as told:
        for start in range(0, len(wanted), AT_ONCE):
            told(start, len(wanted))
            await _part(reached, {"ids": wanted[start : start + AT_ONCE], "fix": fix}, report)


async def _kept(ask: Ask, narrowed: Mapping[str, str]) -> list[str]:
    query = {name: [value] for name, value in narrowed.items()}
    query |= {"status": ["Draft", "Minted", "Withdrawn"], "origin": ["Minted"], "fields": ["status"]}
    return [item["id"] async for page in pages_at(ask, "/persistent-ids", query, None) for item in page.items]


async def _part(reached: Reached, asked: Mapping[str, Any], report: Report) -> dict[str, Any]:
    """One part, waited for as long as the authority asks for it. Raises `_InterruptedError` when it gives no answer."""
    for attempt in range(TRIES):
        part = await reached.do("reconcile_persistent_ids", asked)
        report.add(part)
        interrupted = part["interrupted"]
        if interrupted is None:
            return part
        if not interrupted["retryable"] or attempt + 1 == TRIES:
            raise _InterruptedError(interrupted["reason"])
        wait = interrupted["retry_after"] or PAUSE
        says = f"{interrupted['reason']}; going on in {wait:.0f} s"
        err.print(says, style="yellow", markup=False, highlight=False)
        await asyncio.sleep(wait)
    raise AssertionError


def _show(findings: Sequence[Mapping[str, Any]], names: Mapping[str, str]) -> None:
    if not findings:
        return
    mended = {True: "yes", False: "no", None: ""}
    rows = [
        (each["difference"], each["value"], names.get(each["subject_id"], each["subject_id"]), mended[each["mended"]],
         each["detail"])
        for each in findings
    ]  # fmt: skip
    show_table(("difference", "identifier", "names", "mended", "what"), rows)
    to_do = Counter(each["to_do"] for each in findings if each["mended"] is None)
    for each in findings:
        if each["failure"]:
            err.print(f"{each['value']}: {each['failure']}", style="red", markup=False, highlight=False)
    for says, count in to_do.items():
        out.print(f"{says}" + (f" ({count:,} of them)" if count > 1 else ""), markup=False, highlight=False)
