"""Facility files on Postgres: the example, a crowd of assets, an apply cut short, a server in between."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from cora.facility_file import (
    DirectFacility,
    Facility,
    RemoteFacility,
    UnreachableError,
    apply_plan,
    make_plan,
    read_files,
)
from cora.kernel.principal import Principal, Role
from cora.surfaces.http.app import create_app
from cora.surfaces.start import Opened

EXAMPLE = Path(__file__).parents[2] / "examples" / "aps-2bm.yaml"
ADMIN = Principal("cli:tester", Role.ADMIN)

MANY = """\
cora: 1
occurred_at: 2016-05-01
facilities: [{code: aps, name: Advanced Photon Source}]
families:
  - name: Stage
    settings_schema: {type: object, properties: {max_speed: {type: number}}}
models:
  - {key: m, name: M, manufacturer: {name: Maker}, part_number: P-1, families: [Stage]}
frames: [{name: Floor}]
"""


class OneToken:
    """Everybody is the admin."""

    async def authenticate(self, bearer: str) -> Principal | None:
        return ADMIN if bearer == "admin" else None


def many(count: int) -> str:
    """A facility of so many axes in beamlines of forty, each in its mount."""
    lines = [MANY, "mounts:"]
    lines += [f"  - {{slot_code: S-{n}, frame: Floor, placement: {{x: {n}}}}}" for n in range(count)]
    lines.append("assets:")
    for n in range(count):
        if n % 40 == 0:
            lines.append(f"  - name: BL {n // 40}\n    facility: aps\n    tier: Unit\n    children:")
        lines.append(
            f"      - {{name: Axis {n}, tier: Device, model: m, families: [Stage], lifecycle: Active, mount: S-{n}, "
            f"settings: {{max_speed: {n}}}, identifiers: [{{kind: SerialNumber, value: 0{n}-1}}]}}"
        )
    return "\n".join(lines) + "\n"


@pytest.fixture(params=["direct", "remote"])
async def facility(cora: Opened, request: pytest.FixtureRequest) -> AsyncGenerator[Facility]:
    if request.param == "direct":
        yield direct(cora)
        return
    app = create_app(cora.kernel, cora.log, OneToken(), cora.equipment)
    transport = httpx.ASGITransport(app)
    async with RemoteFacility("http://cora.test", "admin", cora.equipment.slices, transport) as remote:
        yield remote


def direct(cora: Opened) -> DirectFacility:
    return DirectFacility(cora.kernel, cora.log, cora.log.contacts, cora.equipment.slices, ADMIN)


async def count_of(cora: Opened, statement: str) -> int:
    found: int = await cora.log.pool.fetchval(f"select count(*) from {statement}")
    return found


async def test_the_example_is_applied_and_a_second_time_changes_nothing(cora: Opened, facility: Facility):
    plan = await make_plan(read_files([EXAMPLE]), facility)
    assert [str(problem) for problem in plan.problems] == []
    result = await apply_plan(plan, facility)
    assert [str(failure) for failure in result.failures] == []
    assert result.is_complete
    recorded = await count_of(cora, "event")
    again = await make_plan(read_files([EXAMPLE]), facility)
    assert ([str(problem) for problem in again.problems], [step.words for step in again.steps]) == ([], [])
    assert await count_of(cora, "event") == recorded
    cited = await cora.log.pool.fetch("select name, persistent_id from fixture_summary order by name")
    assert [bool(row["persistent_id"]) for row in cited] == [True, True]
    assert {row["persistent_id"] for row in cited} >= {"10.0000/cora-stub/aps-2bm-sample-tower"}


async def test_many_assets_are_applied_and_changed(cora: Opened, facility: Facility, tmp_path: Path):
    path = tmp_path / "many.yaml"
    text = many(400)
    path.write_text(text)
    result = await apply_plan(await make_plan(read_files([path]), facility), facility)
    assert result.is_complete, result.to_json()
    assert result.done["install_asset"] == 400
    assert await count_of(cora, "document where kind = 'asset' and body->>'lifecycle' = 'Active'") == 400
    assert await count_of(cora, "reference where relation = 'mount.installed_asset_id' and until is null") == 400
    assert list((await make_plan(read_files([path]), facility)).steps) == []
    path.write_text(text.replace("{max_speed: 7}", "{max_speed: 8}").replace("value: 012-1", "value: 012-2"))
    plan = await make_plan(read_files([path]), facility)
    assert sorted(step.words for step in plan.steps) == [
        "add identifier '012-2' to asset 'aps/BL 0/Axis 12'",
        "change the settings max_speed of asset 'aps/BL 0/Axis 7'",
        "remove identifier '012-1' from asset 'aps/BL 0/Axis 12'",
    ]
    assert (await apply_plan(plan, facility)).is_complete


class CutShort:
    """A facility that is lost after some commands; those that were sent by then are still done."""

    def __init__(self, inner: Facility, after: int) -> None:
        self.commands, self.holders, self.get = inner.commands, inner.holders, inner.get
        self.listed, self.address, self.notes, self.forget = inner.listed, inner.address, inner.notes, inner.forget
        self.at_once, self._inner, self._left = inner.at_once, inner, after
        self.sent: set[asyncio.Future[None]] = set()

    async def execute(self, command: str, arguments: Mapping[str, Any], occurred_at: datetime | None, key: str) -> None:
        self._left -= 1
        if self._left < 0:
            raise UnreachableError("the server is gone")
        sent = asyncio.ensure_future(self._inner.execute(command, arguments, occurred_at, key))
        self.sent.add(sent)
        await asyncio.shield(sent)


async def test_an_apply_cut_short_is_resumed(cora: Opened, facility: Facility):
    for after in (1, 5, 10, 20):
        plan = await make_plan(read_files([EXAMPLE]), facility)
        assert not plan.problem_count
        cut_short = CutShort(facility, after)
        with pytest.raises(UnreachableError):
            await apply_plan(plan, cut_short)
        await asyncio.gather(*cut_short.sent)
    assert (await apply_plan(await make_plan(read_files([EXAMPLE]), facility), facility)).is_complete
    kinds = {
        row["kind"]: row["n"] for row in await cora.log.pool.fetch("select kind, count(*) n from event group by kind")
    }
    assert kinds["AssetRegistered"] == 20
    assert kinds["MountAssetInstalled"] == 13
    assert kinds["AssetAttachedToFixture"] == 12
    assert kinds["FixturePersistentIdAssigned"] == 2


async def test_two_who_apply_the_same_file_at_once_do_not_double_anything(cora: Opened, tmp_path: Path):
    path = tmp_path / "many.yaml"
    path.write_text(many(60))
    plans = [await make_plan(read_files([path]), direct(cora)) for _ in range(2)]
    results = await asyncio.gather(*(apply_plan(plan, direct(cora)) for plan in plans))
    assert any(result.failures for result in results)
    for failure in (failure for result in results for failure in result.failures):
        assert failure.text.startswith("could not ")
    last = await apply_plan(await make_plan(read_files([path]), direct(cora)), direct(cora))
    assert last.is_complete
    assert await count_of(cora, "document where kind = 'asset'") == 62
    assert await count_of(cora, "event where kind = 'MountAssetInstalled'") == 60
