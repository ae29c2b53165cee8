"""Exports on Postgres: applied to another database they are exported as the same file, beside it and over HTTP."""

from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.conftest import in_database, new_database
from tests.integration.test_facility_file import EXAMPLE, OneToken, direct, many

from cora.facility_file import Facility, RemoteFacility, apply_plan, make_export, make_plan, read_files
from cora.settings import Settings
from cora.surfaces.http.app import create_app
from cora.surfaces.start import Opened, opened

SETTINGS = """\
  - name: Odd
    facility: aps
    tier: Unit
    families: [Odd]
    settings: {z: 1e22, yy: 1e16, x: 0.1, www: 1.0e-7, v: 100.0, u: [null, {a: "no"}]}
"""


def over_http(cora: Opened) -> RemoteFacility:
    app = create_app(cora.kernel, cora.log, OneToken(), cora.equipment)
    return RemoteFacility("http://cora.test", "admin", cora.equipment.slices, httpx.ASGITransport(app))


async def apply(facility: Facility, path: Path) -> None:
    plan = await make_plan(read_files([path]), facility)
    assert [str(problem) for problem in plan.problems] == []
    assert (await apply_plan(plan, facility)).is_complete


async def exported(facility: Facility, **options: Any) -> str:
    return "".join(f"{line}\n" for line in (await make_export(facility, **options)).lines())


@pytest.fixture(scope="module")
async def beamline(module_cora: Opened) -> Opened:
    """The example beamline, applied."""
    await apply(direct(module_cora), EXAMPLE)
    return module_cora


@pytest.fixture(params=["direct", "remote"])
async def empty(cora: Opened, request: pytest.FixtureRequest) -> AsyncGenerator[Facility]:
    """A facility with nothing recorded."""
    if request.param == "direct":
        yield direct(cora)
        return
    async with over_http(cora) as remote:
        yield remote


async def test_the_example_is_exported_again_as_the_same_file(beamline: Opened, empty: Facility, tmp_path: Path):
    path = tmp_path / "exported.yaml"
    path.write_text(await exported(direct(beamline)))
    await apply(empty, path)
    assert await exported(empty) == path.read_text()


async def test_over_http_it_is_the_same_file(beamline: Opened):
    async with over_http(beamline) as remote:
        for options in ({}, {"under": "aps/2-BM/SampleTable"}, {"contacts": True}):
            assert await exported(remote, **options) == await exported(direct(beamline), **options)


async def test_applied_where_it_was_made_it_changes_nothing(beamline: Opened, tmp_path: Path):
    for number, under in enumerate((None, "aps", "aps/2-BM", "aps/2-BM/SampleTable/Hexapod")):
        path = tmp_path / f"{number}.yaml"
        path.write_text(await exported(direct(beamline), under=under))
        plan = await make_plan(read_files([path]), direct(beamline))
        assert ([str(problem) for problem in plan.problems], [step.words for step in plan.steps]) == ([], [])


@pytest.fixture
async def another(postgres: str, template: str, tmp_path: Path) -> AsyncGenerator[Opened]:
    """A second running cora, on a database of its own."""
    with new_database(postgres, template) as name:
        async with opened(Settings(data_dir=tmp_path), in_database(postgres, name)) as running:
            yield running


async def test_many_assets_and_odd_settings_are_the_same_again(cora: Opened, another: Opened, tmp_path: Path):
    """Numbers come back from the database in another form than they went in."""
    schema = '{type: object, patternProperties: {".*": {}}}'
    text = many(300).replace("families:\n", f"families:\n  - {{name: Odd, settings_schema: {schema}}}\n", 1)
    first, second = tmp_path / "first.yaml", tmp_path / "second.yaml"
    first.write_text(text + SETTINGS)
    await apply(direct(cora), first)
    second.write_text(await exported(direct(cora)))
    shown = 'settings: {u: [null, {a: "no"}], v: 100.0, x: 0.1, z: 1e+22, yy: 10000000000000000, www: 1e-07}'
    assert shown in second.read_text()
    plan = await make_plan(read_files([second]), direct(cora))
    assert ([str(problem) for problem in plan.problems], [step.words for step in plan.steps]) == ([], [])
    await apply(direct(another), second)
    assert await exported(direct(another)) == second.read_text()
