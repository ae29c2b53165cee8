"""The rules hold for cora, and each of them catches what it is there for."""

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.architecture import rules
from tests.architecture.source import REPOSITORY, SOURCE

Rule = Callable[[Path], Iterator[str]]

FEATURES = "cora/equipment/features"
AGGREGATES = "cora/equipment/aggregates"

GOOD_SLICE = """
from cora.kernel.slice import Command, decides

class OpenValve(Command): ...

@decides("POST /valves/{valve_id}/open")
def open_valve(command, valve):
    return []
"""

GOOD_AGGREGATE = """
def evolve(state, event, fact):
    match event:
        case ValvePersistentIdAssigned(scheme, value):
            return replace(state, persistent_id=PersistentIdentifier(scheme, value))
        case ValveOpened():
            return replace(state, is_open=True)
"""


def plant(root: Path, files: dict[str, str]) -> Path:
    """A source tree with these files."""
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


@pytest.mark.parametrize(
    "rule",
    [
        rules.impure_deciders,
        rules.misnamed_slices,
        rules.touched_identifiers,
        rules.stray_kernels,
        rules.stray_adapters,
    ],
)
def test_cora_keeps_the_rule_and_so_does_a_good_sample(rule: Rule, tmp_path: Path) -> None:
    assert list(rule(SOURCE)) == []
    good = {
        f"{FEATURES}/__init__.py": "",
        f"{FEATURES}/open_valve.py": GOOD_SLICE,
        f"{AGGREGATES}/valve.py": GOOD_AGGREGATE,
    }
    assert list(rule(plant(tmp_path, good))) == []


@pytest.mark.parametrize(
    ("planted", "complaint"),
    [
        ("import time", "imports time"),
        ("import random", "imports random"),
        ("import asyncpg", "imports asyncpg"),
        ("from cora.log.store import PostgresLog", "imports cora.log.store"),
        ("from uuid import uuid4", "imports uuid.uuid4"),
        ("from cora.equipment.adapters.stub_doi_minter import StubDoiMinter", "imports cora.equipment.adapters"),
        ("def f(): return datetime.now(UTC)", "calls now"),
        ("def f(): return open('x')", "calls open"),
        ("def f(): return new_id()", "calls new_id"),
    ],
)
@pytest.mark.parametrize("place", [f"{FEATURES}/open_valve.py", f"{AGGREGATES}/valve.py", "cora/equipment/helper.py"])
def test_a_decider_that_does_more_than_decide_is_found(
    place: str, planted: str, complaint: str, tmp_path: Path
) -> None:
    good = GOOD_SLICE + "\nfrom cora.equipment.helper import f\n"
    files = {
        f"{FEATURES}/open_valve.py": good,
        f"{AGGREGATES}/valve.py": GOOD_AGGREGATE,
        "cora/equipment/helper.py": "",
    }
    files[place] += f"\n{planted}\n"
    found = list(rules.impure_deciders(plant(tmp_path, files)))
    assert len(found) == 1
    assert complaint in found[0]


def test_an_asynchronous_decider_is_found(tmp_path: Path) -> None:
    bad = GOOD_SLICE.replace("def open_valve", "async def open_valve")
    found = list(rules.impure_deciders(plant(tmp_path, {f"{FEATURES}/open_valve.py": bad})))
    assert found == ["cora.equipment.features.open_valve decides in an async function"]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("open_valves.py", GOOD_SLICE),
        ("open_valve.py", GOOD_SLICE.replace("class OpenValve", "class Opening")),
        ("open_valve.py", GOOD_SLICE + GOOD_SLICE.replace("open_valve", "close_valve")),
        ("open_valve.py", "class OpenValve: ..."),
    ],
)
def test_a_misnamed_slice_is_found(name: str, text: str, tmp_path: Path) -> None:
    assert list(rules.misnamed_slices(plant(tmp_path, {f"{FEATURES}/{name}": text})))


IMPORTING = "from cora.equipment.features.open_valve import open_valve\n"


@pytest.mark.parametrize(
    ("tests", "complaint"),
    [
        ({}, "open_valve has no test_open_valve.py"),
        ({"test_open_valve.py": "@given()\ndef test_it(): ...\n"}, "test_open_valve.py does not import open_valve"),
        ({"test_open_valve.py": IMPORTING + "def test_it(): ...\n"}, "test_open_valve.py has no property test"),
        ({"test_open_valve.py": IMPORTING + "@given()\ndef test_it(): ...\n"}, None),
    ],
)
def test_a_decider_without_its_property_is_found(tests: dict[str, str], complaint: str | None, tmp_path: Path) -> None:
    root = plant(tmp_path / "src", {f"{FEATURES}/open_valve.py": GOOD_SLICE})
    folder = plant(tmp_path / "unit", {f"equipment/features/{name}": text for name, text in tests.items()})
    assert list(rules.unpaired_slices(root, folder)) == ([complaint] if complaint else [])


def test_a_question_that_nobody_tests_is_found(tmp_path: Path) -> None:
    root = plant(tmp_path / "src", {f"{FEATURES}/open_valve.py": GOOD_SLICE.replace("@decides", "@answers")})
    folder = plant(tmp_path / "unit", {"test_other.py": ""})
    assert list(rules.unpaired_slices(root, folder)) == ["open_valve is imported by no test"]
    plant(folder, {"test_other.py": IMPORTING})
    assert list(rules.unpaired_slices(root, folder)) == []


def test_every_slice_of_cora_is_tested() -> None:
    assert list(rules.unpaired_slices(SOURCE, REPOSITORY / "tests" / "unit")) == []


@pytest.mark.parametrize(
    "planted",
    [
        "        case ValveIdentifierCleared():\n            return replace(state, persistent_id=None)\n",
        "        case ValvePersistentIdAssigned():\n            return replace(state, persistent_id=None)\n",
        "        case ValveMoved(pid):\n            return replace(state, persistent_id=pid)\n",
        "        case ValvePersistentIdAssigned() | Moved():\n            return replace(state, persistent_id=id)\n",
        "    return replace(state, persistent_id=event.pid)\n",
    ],
)
def test_an_event_that_touches_an_identifier_is_found(planted: str, tmp_path: Path) -> None:
    bad = plant(tmp_path, {f"{AGGREGATES}/valve.py": GOOD_AGGREGATE + planted})
    assert len(list(rules.touched_identifiers(bad))) == 1


@pytest.mark.parametrize(
    ("name", "planted"),
    [
        ("cora/surfaces/http/app.py", "kernel = Kernel(log)"),
        ("cora/surfaces/http/app.py", "kernel = execute.Kernel(log)"),
        ("cora/log/store.py", "class MemoryLog: ..."),
        ("cora/log/store.py", "from tests.unit.memory_log import MemoryLog"),
    ],
)
def test_a_test_kernel_in_what_is_shipped_is_found(name: str, planted: str, tmp_path: Path) -> None:
    assert len(list(rules.stray_kernels(plant(tmp_path, {name: planted})))) == 1
    assert list(rules.stray_kernels(plant(tmp_path, {name: ""}))) == []


def test_an_adapter_used_elsewhere_is_found(tmp_path: Path) -> None:
    planted = "from cora.equipment.adapters.stub_doi_minter import StubDoiMinter"
    assert list(rules.stray_adapters(plant(tmp_path, {"cora/equipment/wire.py": planted}))) == []
    assert list(rules.stray_adapters(plant(tmp_path, {"cora/equipment/assignment.py": planted})))


def test_no_tracked_file_names_a_host_of_packages(tmp_path: Path) -> None:
    assert list(rules.package_hosts(REPOSITORY)) == []
    host, option = "pypi" + ".org", "--index" + "-url"
    planted = {"a.md": f"https://{host}/project", "b.txt": f"{option} somewhere", "c.txt": "nothing", "d.txt": host}
    plant(tmp_path, planted)
    for command in (["init", "-q"], ["add", "a.md", "b.txt", "c.txt"]):
        subprocess.run(["git", *command], cwd=tmp_path, check=True)
    assert list(rules.package_hosts(tmp_path)) == ["a.md:1", "b.txt:1"]
