"""A whole facility, or a part of one, as YAML files: read, plan, apply, export.

    files = read_files(paths)
    plan = await make_plan(files, facility)      # plan.problems, plan.steps, plan.summary
    result = await apply_plan(plan, facility, progress)
    export = await make_export(facility)             # export.lines(), export.report

`facility` is a `DirectFacility` (the database) or a `RemoteFacility` (a server).
"""

from cora.facility_file.apply import PlanHasProblemsError, Result, apply_plan
from cora.facility_file.direct import DirectFacility
from cora.facility_file.exporting.make import Export, make_export
from cora.facility_file.exporting.outline import NothingThereError
from cora.facility_file.planning.make import make_plan
from cora.facility_file.port import Facility, UnreachableError, unwelcome
from cora.facility_file.problems import Problem
from cora.facility_file.read import Files, read_files
from cora.facility_file.remote import RemoteFacility
from cora.facility_file.steps import Plan, Step

__all__ = [
    "DirectFacility",
    "Export",
    "Facility",
    "Files",
    "NothingThereError",
    "Plan",
    "PlanHasProblemsError",
    "Problem",
    "RemoteFacility",
    "Result",
    "Step",
    "UnreachableError",
    "apply_plan",
    "make_export",
    "make_plan",
    "read_files",
    "unwelcome",
]
