"""Applying plans: what is recorded, that it is resumed, and that a conflict is told in words."""

import asyncio
import random
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
from tests.unit.facility_file.hutch import BASE, EXAMPLE, FakeTokens, Hutch, changed, line_of, make_hutch

from cora.facility_file import (
    Facility,
    PlanHasProblemsError,
    RemoteFacility,
    UnreachableError,
    apply_plan,
    make_plan,
    read_files,
)
from cora.facility_file.port import StepRefusedError
from cora.kernel.errors import OverloadedError
from cora.surfaces.http.app import create_app


@pytest.fixture(params=["direct", "remote"])
async def hutch(tmp_path: Path, request: pytest.FixtureRequest) -> Hutch:
    return await make_hutch(tmp_path, remote=request.param == "remote")


class Wrapped:
    """A facility where something happens before a command is run."""

    def __init__(self, inner: Facility) -> None:
        self.inner = inner
        self.commands = inner.commands
        self.at_once = inner.at_once
        self.holders = inner.holders
        self.get = inner.get
        self.listed = inner.listed
        self.address = inner.address
        self.notes = inner.notes
        self.forget = inner.forget

    async def execute(self, command: str, arguments: Mapping[str, Any], occurred_at: datetime | None, key: str) -> None:
        await self.before(command, arguments)
        await self.inner.execute(command, arguments, occurred_at, key)

    async def before(self, command: str, arguments: Mapping[str, Any]) -> None:
        """What happens before a command."""


async def test_the_example_is_applied_and_a_second_time_changes_nothing(hutch: Hutch):
    text = EXAMPLE.read_text()
    await hutch.apply(text)
    recorded = len(hutch.log.events)
    plan = await hutch.plan(text)
    assert list(plan.steps) == []
    assert plan.summary == "nothing to change: 73 records as the files say"
    result = await apply_plan(plan, hutch.facility)
    assert (result.summary, result.is_complete) == ("nothing to change", True)
    assert len(hutch.log.events) == recorded


async def test_what_is_recorded_is_what_the_file_says(hutch: Hutch):
    await hutch.apply(BASE)
    rotary = hutch.state("asset", "Rotary")
    assert rotary["parent_id"] == str(hutch.id("asset", "2-BM"))
    assert rotary["controller_id"] == str(hutch.id("asset", "Drive"))
    assert rotary["model_id"] == str(hutch.id("model", "ABRS-250"))
    assert rotary["family_ids"] == [str(hutch.id("family", "RotaryStage"))]
    assert rotary["settings"] == {"max_speed": 720, "mode": "slow"}
    assert rotary["drawing"] == {"system": "EDMS", "number": "630C2125", "revision": "02"}
    assert rotary["alternate_identifiers"] == [{"kind": "SerialNumber", "value": "730792/1", "name": None}]
    paper = {"relation": "References", "scheme": "Handle", "value": "20.5/paper", "name": "Paper"}
    assert rotary["related_identifiers"] == [paper]
    assert rotary["subjects"] == [{"name": "optics", "identifier": "voc/1", "scheme": "Keywords"}]
    assert rotary["lifecycle"] == "Active"
    assert rotary["fixture_id"] == str(hutch.id("fixture", "Tower at 2-BM"))
    assert hutch.state("mount", "02-BM-B-ROT")["installed_asset_id"] == rotary["id"]
    assert hutch.state("mount", "02-BM-B-ROT")["parent_id"] == str(hutch.id("mount", "02-BM-B"))
    assert hutch.state("frame", "Hutch B")["placement"]["z"] == 50500
    fixture = hutch.state("fixture", "Tower at 2-BM")
    assert fixture["persistent_id"]["value"] == "10.0000/cora-stub/tower"
    (owner,) = hutch.state("asset", "2-BM")["owners"]
    assert hutch.log.tables.contacts[UUID(owner["contact_id"])] == "office@aps.example"
    assert "office@aps.example" not in repr(hutch.log.events)


async def test_the_events_say_that_they_were_imported(tmp_path: Path):
    hutch = await make_hutch(tmp_path)
    await hutch.apply(BASE)
    assert {event.via for event in hutch.log.events if event.actor == "cli:tester"} >= {"import"}


async def test_dates_of_the_file_become_the_times_of_the_events(hutch: Hutch):
    text = changed(
        BASE, "    tier: Unit\n", "    tier: Unit\n    registered: 2001-03-01\n    commissioned: 2002-07-15\n"
    )
    text = changed(
        text,
        "        mount: 02-BM-B-ROT\n",
        "        mount: 02-BM-B-ROT\n        installed: 2024-09-30T10:00:00+02:00\n",
    )
    await hutch.apply(text)
    beamline = hutch.state("asset", "2-BM")
    assert beamline["registered_at"].startswith("2001-03-01T00:00:00")
    assert beamline["commissioned_at"].startswith("2002-07-15")
    assert hutch.state("mount", "02-BM-B-ROT")["installed_at"].startswith("2024-09-30T08:00:00")
    # The fixture binds what was installed in 2024; the default of the file is earlier.
    assert hutch.state("fixture", "Tower at 2-BM")["registered_at"].startswith("2024-09-30T08:00:00")
    # What is minted now is minted now.
    minted = next(event for event in hutch.log.events if event.kind == "PersistentIdMinted")
    assert minted.occurred_at.year >= 2025
    assert await hutch.steps(text) == []


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("    tier: Unit\n", "    tier: Unit\n    registered: 2999-01-01\n", "'registered' lies in the future"),
        ("    tier: Unit\n", "    tier: Unit\n    commissioned: 2001-01-01\n", "'commissioned' lies before 2016-05-01"),
        ("mount: 02-BM-B-ROT\n", "mount: 02-BM-B-ROT\n        installed: 2001-01-01\n", "'installed' lies before"),
        ("        mount: 02-BM-B-ROT\n", "        installed: 2020-01-01\n", "'installed' goes with a 'mount'"),
        (
            "    assembly: SampleTower\n",
            "    assembly: SampleTower\n    registered: 2001-01-01\n",
            "'registered' lies before the",
        ),
        ("occurred_at: 2016-05-01\n", "", "'installed' lies before"),
        (
            "      - name: Drive\n",
            "      - name: Drive\n        commissioned: 2020-01-01\n",
            "give 'lifecycle: Active' too",
        ),
    ],
)
async def test_dates_that_cannot_be_are_problems(tmp_path: Path, old: str, new: str, says: str):
    hutch = await make_hutch(tmp_path)
    text = changed(BASE, old, new)
    if not new:
        text = changed(
            text, "        mount: 02-BM-B-ROT\n", "        mount: 02-BM-B-ROT\n        installed: 2024-09-30\n"
        )
    found = await hutch.problems(text)
    assert any(says in problem for _, problem in found), found


async def test_a_date_before_a_change_that_has_none_is_told_with_what_to_give(hutch: Hutch):
    await hutch.apply(BASE)
    text = changed(
        BASE, "      - name: Drive\n",
        "      - name: Drive\n        description: slow\n        lifecycle: Active\n        commissioned: 2020-01-01\n",
    )  # fmt: skip
    ((_, problem),) = await hutch.problems(changed(text, "occurred_at: 2016-05-01\n", ""))
    assert problem == (
        "asset 'Drive': 'commissioned' lies before what else is changed of it, which would be recorded as of now: "
        "give 'occurred_at' at the top of the file"
    )


async def test_a_default_time_before_the_latest_fact_gives_way_to_it(hutch: Hutch):
    await hutch.apply(BASE)
    id = str(hutch.id("asset", "Drive"))
    await hutch.run("activate_asset", asset_id=id)
    await hutch.run("install_asset", mount_id=str(hutch.id("mount", "02-BM-B")), asset_id=id)
    await hutch.run("uninstall_asset", mount_id=str(hutch.id("mount", "02-BM-B")), reason="moved")
    other = changed(
        BASE, "  - {slot_code: 02-BM-B,", "  - {slot_code: NEW, frame: Floor, placement: {}}\n  - {slot_code: 02-BM-B,"
    )
    other = changed(other, "      - name: Drive\n", "      - name: Drive\n        mount: NEW\n")
    await hutch.apply(other)
    assert hutch.state("mount", "NEW")["installed_asset_id"] == id


async def test_a_mount_is_placed_before_something_is_installed_there(hutch: Hutch):
    await hutch.apply(BASE)
    text = changed(BASE, "placement: {y: 100}", "placement: {y: 101}, drawing: {system: EDMS, number: A}")
    text = changed(text, "occurred_at: 2016-05-01", "occurred_at: 2017-05-01")
    text = changed(
        text, "      - name: Drive\n", "      - name: Drive\n        lifecycle: Active\n        mount: 02-BM-B\n"
    )
    dates = "        commissioned: 2016-05-02\n        installed: 2016-06-01\n"
    early = changed(text, "        mount: 02-BM-B\n", f"        mount: 02-BM-B\n{dates}")
    ((_, problem),) = await hutch.problems(early)
    assert "'installed' lies before the latest fact of the mount, 2017-05-01" in problem
    await hutch.apply(text)
    mount = hutch.state("mount", "02-BM-B")
    assert (mount["placement"]["y"], mount["drawing"]["number"]) == (101.0, "A")
    assert mount["installed_at"].startswith("2017-05-01")
    assert await hutch.steps(text) == []


async def test_files_with_problems_are_not_applied(tmp_path: Path):
    hutch = await make_hutch(tmp_path)
    before = len(hutch.log.events)
    plan = await hutch.plan(changed(BASE, "model: abrs", "model: abs"))
    with pytest.raises(PlanHasProblemsError, match="1 problem"):
        await apply_plan(plan, hutch.facility)
    assert len(hutch.log.events) == before


async def test_progress_is_told(hutch: Hutch):
    told: list[tuple[int, int, str]] = []
    plan = await hutch.plan(BASE)
    await apply_plan(plan, hutch.facility, lambda done, total, what: told.append((done, total, what)))
    assert [done for done, _, _ in told] == list(range(1, len(plan.steps) + 1))
    assert {total for _, total, _ in told} == {len(plan.steps)}
    assert told[0][2] == "register facility 'aps'"


class _CutShort(Wrapped):
    """Loses the facility after some commands."""

    def __init__(self, inner: Facility, after: int) -> None:
        super().__init__(inner)
        self.left = after

    async def before(self, command: str, arguments: Mapping[str, Any]) -> None:
        self.left -= 1
        if self.left < 0:
            raise UnreachableError("the server is gone")


async def test_an_apply_cut_short_anywhere_is_resumed_by_running_it_again(tmp_path: Path):
    whole = await make_hutch(tmp_path)
    await whole.apply(BASE)
    expected = sorted(whole.log.kinds())
    total = len((await (await make_hutch(tmp_path)).plan(BASE)).steps)
    for after in range(total):
        hutch = await make_hutch(tmp_path)
        with pytest.raises(UnreachableError):
            await apply_plan(await hutch.plan(BASE), _CutShort(hutch.facility, after))
        await hutch.apply(BASE)
        assert sorted(hutch.log.kinds()) == expected, f"cut short after {after}"
        assert await hutch.steps(BASE) == []


async def test_the_facility_being_lost_is_told_as_such(tmp_path: Path):
    hutch = await make_hutch(tmp_path)
    with pytest.raises(UnreachableError, match="the server is gone"):
        await apply_plan(await hutch.plan(BASE), _CutShort(hutch.facility, 3))


class _Meanwhile(Wrapped):
    """Somebody takes a slot code just before it is registered."""

    def __init__(self, hutch: Hutch) -> None:
        super().__init__(hutch.facility)
        self.hutch = hutch

    async def before(self, command: str, arguments: Mapping[str, Any]) -> None:
        if command == "register_mount" and arguments["slot_code"] == "02-BM-B":
            await self.hutch.run("register_mount", slot_code="02-bm-b", placement=arguments["placement"])


async def test_a_conflict_that_arises_meanwhile_is_told_in_words(hutch: Hutch):
    plan = await hutch.plan(BASE)
    result = await apply_plan(plan, _Meanwhile(hutch))
    (failure,) = result.failures
    assert failure.place.line == line_of(BASE, "{slot_code: 02-BM-B,")
    assert failure.text.startswith("could not register mount '02-BM-B': Mount ")
    assert "has the slot code '02-BM-B'" in failure.text
    assert not result.is_complete
    assert "register_asset" not in result.done
    assert result.summary.endswith("left; run it again")


class _Busy(Wrapped):
    """Refuses the first tries as overload."""

    def __init__(self, inner: Facility) -> None:
        super().__init__(inner)
        self.refused: set[str] = set()

    async def execute(self, command: str, arguments: Mapping[str, Any], occurred_at: datetime | None, key: str) -> None:
        if key not in self.refused:
            self.refused.add(key)
            raise StepRefusedError("Overloaded", OverloadedError().detail(), 503)
        await super().execute(command, arguments, occurred_at, key)


async def test_overload_is_waited_out(hutch: Hutch):
    result = await apply_plan(await hutch.plan(BASE), _Busy(hutch.facility))
    assert result.is_complete


class _Crowded(Wrapped):
    """Counts how many commands are under way at once."""

    def __init__(self, inner: Facility) -> None:
        super().__init__(inner)
        self.now = self.most = 0
        self.new: set[str] = set()

    async def execute(self, command: str, arguments: Mapping[str, Any], occurred_at: datetime | None, key: str) -> None:
        self.now += 1
        self.most = max(self.most, self.now)
        await asyncio.sleep(random.random() / 1000)
        if command == "register_asset":
            assert arguments.get("parent_id") in {None, *self.new}
            self.new.add(arguments["id"])
        await self.inner.execute(command, arguments, occurred_at, key)
        self.now -= 1


async def test_independent_commands_run_at_once_and_parents_before_children(tmp_path: Path):
    hutch = await make_hutch(tmp_path)
    children = "".join(
        f"      - {{name: Axis {n}, tier: Device, children: [{{name: Top, tier: Device}}]}}\n" for n in range(300)
    )
    text = changed(BASE, "      - name: Drive\n", children + "      - name: Drive\n")
    crowd = _Crowded(hutch.facility)
    result = await apply_plan(await hutch.plan(text), crowd)
    assert result.is_complete
    assert 64 <= crowd.most <= 128


async def test_an_erased_address_is_recorded_again_when_the_file_gives_it(hutch: Hutch):
    await hutch.apply(BASE)
    hutch.log.tables.contacts.clear()
    assert await hutch.steps(BASE) == [
        "remove owner 'Argonne' from asset 'aps/2-BM'",
        "add owner 'Argonne' to asset 'aps/2-BM'",
    ]
    await hutch.apply(BASE)
    assert list(hutch.log.tables.contacts.values()) == ["office@aps.example"]
    assert await hutch.steps(BASE) == []


async def test_what_was_detached_since_stays_detached(hutch: Hutch):
    await hutch.apply(BASE)
    id, fixture = str(hutch.id("asset", "Rotary")), str(hutch.id("fixture", "Tower at 2-BM"))
    await hutch.run("detach_asset_from_fixture", asset_id=id, fixture_id=fixture)
    assert await hutch.steps(BASE) == []
    text = changed(BASE, "    bindings:", "    attach: true\n    bindings:")
    assert await hutch.steps(text) == ["attach asset 'aps/2-BM/Rotary' to fixture 'Tower at 2-BM'"]
    await hutch.apply(text)
    assert hutch.state("asset", "Rotary")["fixture_id"] == fixture


async def test_an_identifier_that_exists_is_recorded(hutch: Hutch):
    text = changed(
        BASE,
        "        model: abrs\n",
        "        model: abrs\n        persistent_id: {scheme: Handle, value: 21.11157/Abc}\n",
    )
    await hutch.apply(text)
    assert hutch.state("asset", "Rotary")["persistent_id"]["origin"] == "Recorded"
    assert await hutch.steps(text) == []
    assert await hutch.steps(text.replace("21.11157/Abc", "hdl:21.11157/aBC")) == []
    ((_, problem),) = await hutch.problems(text.replace("21.11157/Abc", "21.11157/other"))
    assert "its identifier is Handle 21.11157/Abc and never changes" in problem


async def test_an_identifier_is_minted_for_an_asset_whose_owner_stands_above(hutch: Hutch):
    text = changed(BASE, "        model: abrs\n", "        model: abrs\n        assign: {scheme: DOI}\n")
    await hutch.apply(text)
    assert hutch.state("asset", "Rotary")["persistent_id"]["origin"] == "Minted"
    assert await hutch.steps(text) == []
    text = changed(text, "      - name: Drive\n", "      - name: Drive\n        assign: {scheme: DOI}\n")
    ((line, problem),) = await hutch.problems(text)
    assert line == line_of(text, "- name: Drive") + 1
    assert "asset 'Drive': cannot be cited without" in problem


async def test_two_facilities_of_one_log_have_assets_of_the_same_name(hutch: Hutch):
    await hutch.apply(BASE)
    text = "cora: 1\nfacilities: [{code: esrf, name: ESRF}]\nassets: [{name: 2-BM, facility: esrf, tier: Unit}]\n"
    assert await hutch.steps(text) == ["register facility 'esrf'", "register asset 'esrf/2-BM'"]
    await hutch.apply(text)
    assert len([each for each in hutch.states("asset") if each["name"] == "2-BM"]) == 2


async def test_a_token_that_may_not_is_told(tmp_path: Path):
    import httpx

    from cora.facility_file import RemoteFacility, make_plan, read_files

    hutch = await make_hutch(tmp_path)
    app = create_app(hutch.kernel, hutch.log, FakeTokens(), hutch.kernel.wired)
    slices = hutch.kernel.wired.slices
    async with RemoteFacility("https://cora.example", "steward", slices, httpx.ASGITransport(app)) as facility:
        result = await apply_plan(await make_plan(read_files(hutch.write(BASE)), facility), facility)
        assert [failure.text for failure in result.failures] == [
            "could not register facility 'aps': This needs the role admin; the token has the role steward."
        ]
    async with RemoteFacility("https://cora.example", "nobody", slices, httpx.ASGITransport(app)) as facility:
        with pytest.raises(UnreachableError, match="does not accept the token"):
            await make_plan(read_files(hutch.write(BASE)), facility)


async def test_a_server_that_is_none_is_told(tmp_path: Path):
    hutch = await make_hutch(tmp_path)
    slices = hutch.kernel.wired.slices

    def answer(_: httpx.Request) -> httpx.Response:
        return httpx.Response(200, text="<html>hello</html>")

    async with RemoteFacility("https://cora.example", "t", slices, httpx.MockTransport(answer)) as facility:
        with pytest.raises(UnreachableError, match="does not answer as a cora server does"):
            await make_plan(read_files(hutch.write(BASE)), facility)


def _mutated(text: str, random_: random.Random) -> str:
    """The text with a few of its lines dropped, doubled, indented or filled with something else."""
    lines = text.splitlines()
    words = [
        "null",
        "[]",
        "{}",
        "''",
        "1",
        "no",
        "-1e400",
        "a: b",
        "[[x]]",
        "&a x",
        "2999-01-01",
        "aps//",
        "\u00e9" * 300,
    ]
    for _ in range(random_.randint(1, 4)):
        at = random_.randrange(len(lines))
        match random_.randrange(5):
            case 0:
                del lines[at]
            case 1:
                lines.insert(at, lines[random_.randrange(len(lines))])
            case 2:
                lines[at] = " " * random_.randint(1, 4) + lines[at]
            case 3:
                lines[at] = f"{lines[at].partition(':')[0]}: {random_.choice(words)}"
            case _:
                lines[at] = lines[at].replace(random_.choice("abcdeilnorst"), random_.choice("xyz{[:\\'"), 1)
    return "\n".join(lines) + "\n"


async def test_whatever_a_file_says_the_answer_is_in_words(tmp_path: Path):
    random_ = random.Random(20161)
    filled = await make_hutch(tmp_path)
    await filled.apply(BASE)
    for number in range(120):
        text = _mutated(BASE, random_)
        for hutch in (filled, await make_hutch(tmp_path)):
            plan = await hutch.plan(text)
            for problem in plan.problems:
                assert problem.text
                assert problem.place.order[1] >= 1
            if hutch is not filled and not plan.problem_count:
                result = await apply_plan(plan, hutch.facility)
                assert result.is_complete, (number, text, [str(failure) for failure in result.failures])
                assert await hutch.steps(text) == [], (number, text)


def test_the_clock_of_the_tests_is_past_the_dates_of_the_files():
    assert datetime.now(UTC).year >= 2025


@pytest.mark.parametrize(
    "members",
    [
        {"settings": {"max_speed": 1e300}},
        {"settings": {"max_speed": 2**70}},
        {"settings": {"max_speed": float("nan")}},
        {"settings": {"mode": "a\ufffe"}},
    ],
)
async def test_what_no_surface_takes_is_refused_on_every_way_in(hutch: Hutch, members: dict[str, Any]):
    await hutch.apply(BASE)
    recorded = len(hutch.log.events)
    arguments = {"asset_id": str(hutch.id("asset", "Rotary")), "patch": members["settings"]}
    with pytest.raises(StepRefusedError) as refused:
        await hutch.facility.execute("update_asset_settings", arguments, None, "a-key")
    assert (refused.value.code, refused.value.status) == ("InvalidRequest", 422)
    assert len(hutch.log.events) == recorded


async def test_a_value_is_of_its_type_on_every_way_in(hutch: Hutch):
    with pytest.raises(StepRefusedError) as refused:
        await hutch.facility.execute("define_family", {"name": 7}, None, "a-key")
    assert (refused.value.code, refused.value.status) == ("InvalidRequest", 422)


async def test_a_list_that_is_too_long_is_a_problem_of_the_plan(hutch: Hutch):
    ports = ", ".join(f"{{name: p{n}, direction: Input, signal_type: TTL}}" for n in range(1001))
    before = "        ports: [{name: pso_out, direction: Output, signal_type: TTL}]\n"
    plan = await hutch.plan(changed(BASE, before, f"        ports: [{ports}]\n"))
    assert any("'ports': lists 1001, but at most 1000 are possible" in each.text for each in plan.problems)
