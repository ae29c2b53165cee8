"""The report of `cora pid assign` as a table, what it waits for, and how the parts of `cora pid reconcile` add up."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from cora.equipment.aggregates.persistent_id import AssetPersistentIdAlreadyAssignedError
from cora.equipment.values import IdentifierScheme
from cora.kernel.errors import OverloadedError
from cora.surfaces.cli.common import ProblemError
from cora.surfaces.cli.pid_assign import ASSIGNED, FAILED, INCOMPLETE, TRIES, Candidate, _done, write_report
from cora.surfaces.cli.pid_finding import Named
from cora.surfaces.cli.pid_reconcile import Report


def test_nothing_in_the_report_is_run_by_a_spreadsheet(tmp_path: Path) -> None:
    file = tmp_path / "report.csv"
    missing = (("Owner", "add one"), ("Manufacturer", "bind a model"))
    write_report(file, [Candidate(Named("fixture", "01a2", "=1+1"), missing, INCOMPLETE)])
    head, row = file.read_text(encoding="utf-8-sig").splitlines()
    assert head == "kind,name,id,complete,missing,outcome,identifier,publication,detail"
    assert row == "fixture,'=1+1,01a2,no,Owner: add one; Manufacturer: bind a model,incomplete,,,"


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


BUSY = ProblemError("Overloaded", "no call is free", {"code": "Overloaded", "retry_after": 7})
TAKEN = {"value": "10.1/b"}


async def assigned(*said: Exception) -> tuple[Candidate, list[int]]:
    """What becomes of a record whose command is refused like this, one time after the other; how long it waited."""
    refusals, waited = list(said), list[int]()

    async def do(name: str, fields: Mapping[str, Any], *, dry_run: bool = False) -> dict[str, Any]:
        if refusals:
            raise refusals.pop(0)
        return {"value": "10.1/a", "publication": "Draft"}

    async def wait(seconds: int, _why: str) -> None:
        waited.append(seconds)

    candidate = Candidate(Named("asset", "01a2", "tower"))
    return await _done(do, candidate, IdentifierScheme.DOI, None, wait), waited


@pytest.mark.parametrize(
    ("said", "value", "waited"),
    [
        ((), "10.1/a", []),
        ((BUSY, OverloadedError(30)), "10.1/a", [7, 30]),
        ((BUSY, ProblemError("AssetPersistentIdAlreadyAssigned", "it has", TAKEN)), "10.1/b", [7]),
        (
            (OverloadedError(5), AssetPersistentIdAlreadyAssignedError(UUID(int=1), IdentifierScheme.DOI, "10.1/b")),
            "10.1/b",
            [5],
        ),
    ],
)
async def test_what_is_too_much_for_now_is_waited_for(said: Any, value: str, waited: list[int]) -> None:
    found, slept = await assigned(*said)
    assert (found.outcome, found.value, slept) == (ASSIGNED, value, waited)
    # What a server has finished meanwhile is not asked after.
    assert found.publication == ("Draft" if value == "10.1/a" else "")


async def test_what_had_an_identifier_before_is_refused() -> None:
    found, _ = await assigned(ProblemError("AssetPersistentIdAlreadyAssigned", "it has", TAKEN))
    assert found.outcome == FAILED


async def test_nothing_is_waited_for_without_end() -> None:
    found, slept = await assigned(*[BUSY] * (TRIES + 1))
    assert (found.outcome, len(slept)) == (FAILED, TRIES - 1)
