"""The report of `cora pid assign` as a table, and how the parts of `cora pid reconcile` add up."""

from pathlib import Path
from typing import Any

from cora.surfaces.cli.pid_assign import INCOMPLETE, Candidate, write_report
from cora.surfaces.cli.pid_finding import Named
from cora.surfaces.cli.pid_reconcile import Report


def test_nothing_in_the_report_is_run_by_a_spreadsheet(tmp_path: Path) -> None:
    file = tmp_path / "report.csv"
    missing = (("Owner", "add one"), ("Manufacturer", "bind a model"))
    write_report(file, [Candidate(Named("fixture", "01a2", "=1+1"), missing, INCOMPLETE)])
    head, row = file.read_text(encoding="utf-8-sig").splitlines()
    assert head == "kind,name,id,complete,missing,outcome,identifier,detail"
    assert row == "fixture,'=1+1,01a2,no,Owner: add one; Manufacturer: bind a model,incomplete,,"


def part(*findings: Any, agreed: tuple[str, ...] = ()) -> dict[str, Any]:
    return {"agreed": agreed, "skipped": [], "findings": findings, "others": []}


def finding(mended: bool | None) -> dict[str, Any]:
    return {"scheme": "DOI", "value": "10.1/a", "persistent_id_id": "1", "mended": mended}


def test_what_was_mended_counts_once_also_when_the_part_is_asked_for_again() -> None:
    report = Report()
    report.add(part(finding(False), agreed=("2",)))
    assert (report.summary, len(report.left)) == ("1 agree, 1 differ", 1)
    report.add(part(finding(True), agreed=("2",)))
    assert (report.summary, report.left) == ("1 agree, 1 mended", [])
    report.add(part(agreed=("1", "2")))
    assert (report.summary, report.left) == ("1 agree, 1 mended", [])
