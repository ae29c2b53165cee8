"""Tables on Postgres: a template filled in, tried, applied, and equal afterwards; a crowd of rows."""

import asyncio
import csv
import json
from collections.abc import AsyncGenerator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook
from tests.integration.mcp_world import Server, serving
from typer.testing import CliRunner, Result

from cora.facility_file import DirectFacility, apply_plan, make_plan
from cora.facility_file.tables import KINDS, read_tables
from cora.kernel.principal import Principal, Role
from cora.surfaces.cli.main import app
from cora.surfaces.cli.tables import Kind
from cora.surfaces.start import Opened
from cora.tables import write_csv, write_xlsx

FACILITY = """\
cora: 1
occurred_at: 2016-01-01
facilities: [{code: aps, name: Advanced Photon Source}]
frames: [{name: Floor}, {name: Hutch B, parent: Floor, placement: {z: 50500}}]
"""

ROWS: dict[str, list[dict[str, Any]]] = {
    "families": [
        {"name": "RotaryStage", "affordances": "Rotatable; Homeable; Limitable", "presents_as": "Positioner",
         "settings_schema": '{"type":"object","properties":{"max_speed":{"type":"number"},"mode":{"type":"string"}}}'},
    ],
    "models": [
        {"manufacturer": "Aerotech", "part_number": "ABRS-250MP-M-AS", "name": "ABRS-250MP", "families": "RotaryStage"},
    ],
    "mounts": [{"slot_code": "02-BM-B-ROT", "frame": "Floor/Hutch B", "y": "1400", "tol_x": "0.25"}],
    "assets": [
        {"name": "Rotary", "parent": "aps/2-BM/SampleTable", "tier": "Device", "model": "Aerotech/ABRS-250MP-M-AS",
         "families": "RotaryStage", "serial_number": "0146853", "owner": "Argonne", "owner_contact": "a@aps.example",
         "lifecycle": "Active", "mount": "02-BM-B-ROT", "installed": "2024-09-30", "commissioned": "2017-07-15",
         "settings.max_speed": "720", "settings.mode": '"1.10"', "identifier.EPICS PV": "2bmb:m102",
         "ports": "pso_out Output TTL", "condition": "Degraded", "condition_reason": "bearing worn"},
        {"name": "SampleTable", "parent": "aps/2-BM", "tier": "Component"},
        {"name": "2-BM", "facility": "aps", "tier": "Unit", "lifecycle": "Active"},
    ],
}  # fmt: skip


@pytest.fixture
async def server(cora: Opened) -> AsyncGenerator[Server]:
    async with serving(cora) as running:
        yield running


async def cora_command(*arguments: str, code: int = 0, env: Mapping[str, str] | None = None) -> Result:
    """What a command wrote; it runs in a thread, as a server may run in this loop."""
    told = await asyncio.to_thread(CliRunner().invoke, app, arguments, env=env)
    assert told.exit_code == code, told.output
    return told


async def count_of(cora: Opened, statement: str) -> int:
    found: int = await cora.log.pool.fetchval(f"select count(*) from {statement}")
    return found


def fill_in(path: Path, kind: str, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write rows into a template, with columns that it does not have added."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    if path.suffix == ".csv":
        header = path.read_text(encoding="utf-8-sig").strip().split(",")
        header += [name for name in names if name not in header]
        with path.open("w", encoding="utf-8-sig", newline="") as file:
            writer = csv.DictWriter(file, header)
            writer.writeheader()
            writer.writerows(rows)
        return
    book: Any = load_workbook(path)
    sheet = book[kind]
    header = [cell.value for cell in sheet[1]]
    for name in names:
        if name not in header:
            sheet.cell(1, len(header) + 1, name)
            header.append(name)
    for row in rows:
        sheet.append([_typed(name, row.get(name)) for name in header])
    book.save(path)


def _typed(name: str, value: Any) -> Any:
    """Numbers are typed as numbers by whoever fills in a workbook."""
    return float(value) if value and name in ("y", "tol_x", "settings.max_speed") else value


@pytest.mark.parametrize("ending", ["csv", "xlsx"])
@pytest.mark.parametrize("is_remote", [False, True])
async def test_a_template_is_filled_in_tried_applied_and_equal_afterwards(
    cora: Opened, server: Server, database_url: str, tmp_path: Path, ending: str, is_remote: bool
) -> None:
    settings = {"CORA_DATABASE_URL": database_url, "CORA_DATA_DIR": str(tmp_path)}
    facility = tmp_path / "facility.yaml"
    facility.write_text(FACILITY)
    await cora_command("apply", str(facility), env=settings)
    if is_remote:
        settings = {
            "CORA_DATABASE_URL": "none", "CORA_SERVER": server.url, "CORA_TOKEN": server.bearers[Role.ADMIN],
        }  # fmt: skip
    paths: list[str] = []
    for kind, rows in ROWS.items():
        path = tmp_path / f"{kind}.{ending}"
        await cora_command("import", "--template", kind, "-o", str(path))
        assert "exists already" in (await cora_command("import", "--template", kind, "-o", str(path), code=1)).stderr
        fill_in(path, kind, rows)
        paths.append(str(path))
    command = ["import", *paths, "--occurred-at", "2017-01-01"]
    before = await count_of(cora, "event")
    imported_before = await count_of(cora, "event where via = 'import'")

    told = await cora_command(*command, env=settings)
    assert "  install asset 'aps/2-BM/SampleTable/Rotary' in mount '02-BM-B-ROT'\n" in told.stdout
    assert told.stdout.endswith("Nothing was changed; --apply makes these changes.\n")
    planned = json.loads((await cora_command(*command, "--json", env=settings)).stdout)
    assert planned["problem_count"] == 0
    assert await count_of(cora, "event") == before

    applied = json.loads((await cora_command(*command, "--apply", "--json", env=settings)).stdout)
    assert (applied["complete"], applied["counts"]) == (True, planned["counts"])
    rotary = json.loads(await cora.log.pool.fetchval("select body from document where body->>'name' = 'Rotary'"))
    assert rotary["settings"] == {"max_speed": 720, "mode": "1.10"}
    assert [each["value"] for each in rotary["alternate_identifiers"]] == ["0146853", "2bmb:m102"]
    assert rotary["commissioned_at"].startswith("2017-07-15")
    imported = await count_of(cora, "event where via = 'import'") - imported_before
    assert imported == (0 if is_remote else len(planned["steps"]))

    recorded = await count_of(cora, "event")
    again = await cora_command(*command, "--apply", env=settings)
    assert again.stdout == "Nothing to change.\n"
    assert json.loads((await cora_command(*command, "--json", env=settings)).stdout)["steps"] == []
    assert await count_of(cora, "event") == recorded


async def test_a_table_with_problems_changes_nothing(cora: Opened, database_url: str, tmp_path: Path) -> None:
    settings = {"CORA_DATABASE_URL": database_url, "CORA_DATA_DIR": str(tmp_path)}
    facility = tmp_path / "facility.yaml"
    facility.write_text(FACILITY)
    await cora_command("apply", str(facility), env=settings)
    path = tmp_path / "assets.csv"
    path.write_text("name,facility,parent,tier\n2-BM,aps,,Unit\nTable,,aps/2-BM,Shelf\n=1+1,,aps/2-BM,Unit\n")
    before = await count_of(cora, "event")
    for options in ([], ["--apply"]):
        told = await cora_command("import", str(path), *options, code=1, env=settings)
        assert f"{path}, row 3, column tier (D3): asset 'Table': 'tier' is 'Shelf'" in told.stderr
        assert f"{path}, row 4, column name (A4): a formula stands here" in told.stderr
        assert "Traceback" not in told.stderr
        shown = json.loads((await cora_command("import", str(path), *options, "--json", code=1, env=settings)).stdout)
        assert [(each["row"], each["cell"]) for each in shown["problems"]] == [(3, "D3"), (4, "A4")]
    assert await count_of(cora, "event") == before


async def test_a_crowd_of_rows_is_applied_once(cora: Opened, tmp_path: Path) -> None:
    facility = DirectFacility(
        cora.kernel, cora.log, cora.log.contacts, cora.equipment.slices, Principal("cli:tester", Role.ADMIN)
    )
    base = tmp_path / "facility.yaml"
    base.write_text(FACILITY)
    await cora_command("apply", str(base), env={"CORA_DATABASE_URL": cora.log.dsn, "CORA_DATA_DIR": str(tmp_path)})
    header = ["name", "parent", "facility", "tier", "serial_number", "lifecycle", "mount"]
    rows: list[list[str | None]] = [
        [f"Axis {n}", f"aps/BL {n % 10}", None, "Device", f"=0{n}", "Active", f"S-{n}"] for n in range(400)
    ]
    rows += [[f"BL {n}", None, "aps", "Unit", None, None, None] for n in range(10)]
    assets, mounts = tmp_path / "assets.csv", tmp_path / "mounts.xlsx"
    assets.write_bytes(b"".join(write_csv(header, rows)))
    mounts.write_bytes(
        b"".join(write_xlsx(["slot_code", "frame", "x"], ([f"S-{n}", "Floor/Hutch B", n] for n in range(400))))
    )
    result = await apply_plan(await make_plan(read_tables([assets, mounts]), facility), facility)
    assert result.is_complete, result.to_json()
    assert (result.done["register_asset"], result.done["install_asset"]) == (410, 400)
    assert await count_of(cora, "document where body->'alternate_identifiers'->0->>'value' like '=0%'") == 400
    plan = await make_plan(read_tables([assets, mounts]), facility)
    assert ([str(each) for each in plan.problems], list(plan.steps)) == ([], [])


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["import"], "give the tables"),
        (["import", "--template", "assets", "x.csv"], "it writes an empty table and reads none"),
        (["import", "--template", "shelves"], "shelves"),
        (["import", "--template", "assets", "-o", "assets.ods"], "the name ends in .csv or .xlsx"),
        (["import", "x.csv", "-o", "y.csv"], "it goes with --template"),
        (["import", "x.csv", "--kind", "fixtures"], "fixtures"),
        (["import", "x.csv", "--occurred-at", "2999-01-01"], "it lies in the future"),
        (["import", "x.csv", "--occurred-at", "yesterday"], "yesterday"),
    ],
)
async def test_what_is_wrong_with_the_options_is_told(arguments: list[str], said: str) -> None:
    told = await cora_command(*arguments, code=2)
    assert said in told.stderr


async def test_a_template_goes_to_stdout_or_says_why_not(tmp_path: Path) -> None:
    told = await cora_command("import", "--template", "mounts")
    assert told.stdout.strip("\ufeff\r\n").split(",") == [column.name for column in KINDS["mounts"]]
    gone = await cora_command("import", "--template", "mounts", "-o", str(tmp_path / "no" / "mounts.csv"), code=1)
    assert "cannot be written: No such file or directory" in gone.stderr


def test_the_command_line_knows_every_kind_of_table() -> None:
    assert [str(kind) for kind in Kind] == list(KINDS)
