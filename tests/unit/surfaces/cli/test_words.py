"""Values, records, events and trees as people read them."""

from typing import Any

import pytest

from cora.surfaces.cli.trees import show_tree
from cora.surfaces.cli.words import NOTHING, label, one_line, past, row, sheet, words

ID = "01a20ba5-7d78-755a-bce1-e6a466945413"
OTHER = "01a20ba5-7d78-755a-bce1-e6a466945414"
TIME = "2026-05-03T14:00:00.000000Z"
SHOWN = "2026-05-03 14:00:00 UTC"
TOLERANCES = dict.fromkeys(("tol_x", "tol_y", "tol_z", "tol_rx", "tol_ry", "tol_rz"), 0)
PLACE = {"parent_frame_id": ID, "x": 0, "y": 1400.5, "z": -3, "rx": 0, "ry": 0, "rz": 0, "units": "SI_mm_rad"}


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (None, ""),
        (True, "yes"),
        (False, "no"),
        (0, "0"),
        (1.5, "1.5"),
        (-3.0, "-3"),
        ("text", "text"),
        ("[red]", "[red]"),
        (TIME, SHOWN),
        ("2026-05-03", "2026-05-03"),
        ([], ""),
        (["a", "", None, "b"], "a, b"),
        ([{"slot": "a", "at": 1}, {"slot": "b"}], "slot: a, at: 1; slot: b"),
        ({}, ""),
        ({"id": ID, "name": "Camera"}, "Camera"),
        ({"name": "Argonne", "contact_id": ID}, "Argonne"),
        ({"name": "Argonne", "identifier": {"scheme": "ROR", "value": "x"}}, "Argonne (identifier: ROR x)"),
        ({"scheme": "DOI", "value": "10.1/a", "test": True}, "DOI 10.1/a (a test identifier)"),
        ({"scheme": "DOI", "value": "10.1/a", "test": False}, "DOI 10.1/a"),
        ({"kind": "SerialNumber", "value": "7", "name": None}, "SerialNumber 7"),
        ({"kind": "Other", "value": "2bmb:m1", "name": "EPICS PV"}, "EPICS PV 2bmb:m1"),
        ({"id": ID, "slot_code": "A-1", "installed_at": TIME}, f"A-1 since {SHOWN}"),
        ({"id": ID, "slot_code": "A-1"}, "A-1"),
        (
            {"speed": 720, "mode": None, "limits": {"low": -1, "high": 1}, "axes": ["x", "y"], "one": ["z"]},
            "speed: 720, limits: (low: -1, high: 1), axes: (x, y), one: z",
        ),
        (PLACE, "x 0, y 1400.5, z -3 mm"),
        (
            {**PLACE, **TOLERANCES, "rz": 1.5, "tol_x": 0.25, "reference_surface": "OpticCenter"},
            "x 0, y 1400.5, z -3 mm; rz 1.5 rad; tolerances x 0.25; OpticCenter",
        ),
    ],
)
def test_a_value_in_words(value: Any, said: str) -> None:
    assert words(value) == said


def test_a_cell_is_one_line() -> None:
    assert one_line("two\nlines\tand more") == "two lines and more"


def record(state: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A record as it is answered."""
    times = dict.fromkeys(("began_at", "created_at", "recorded_at", "occurred_at"), TIME)
    return {"id": ID, "kind": "asset", "version": 3, "position": 9, **times, "state": {"id": ID, **state}, **more}


def test_a_sheet_tells_by_name_what_the_state_tells_by_id() -> None:
    state = {
        "tier": "Device",
        "name": "Rotary",
        "description": "first\nsecond",
        "parent_id": ID,
        "model_id": OTHER,
        "on": [{"asset_id": ID}],
    }
    beside = {"path": "aps/Rotary", "parent": {"id": ID, "name": "Table"}, "model": None, "mount": None}
    assert sheet(record(state, beside={**beside, "children_count": 0})) == [
        ("name", "Rotary"),
        ("path", "aps/Rotary"),
        ("description", "first"),
        ("", "second"),
        ("mount", "not installed"),
        ("tier", "Device"),
        ("model", OTHER),
        ("on", "asset_id: Table"),
        ("parent", "Table"),
        ("recorded", f"{SHOWN} (version 3)"),
        ("occurred", SHOWN),
        ("id", ID),
    ]


def test_a_sheet_has_a_line_for_each_item_and_the_whole_of_a_schema() -> None:
    ports = [{"name": "gate", "direction": "Input"}, {"name": "pso"}]
    state = {"version": "2", "affordances": ["A", "B"], "ports": ports, "settings_schema": {"type": "object"}}
    families = [{"id": ID, "name": "Camera"}, {"id": OTHER, "name": "Table"}]
    assert sheet(record(state, beside={"families": families, "assets_count": 3}))[:7] == [
        ("affordances", "A, B"),
        ("ports", "gate (direction: Input)"),
        ("", "pso"),
        ("settings schema", '{"type": "object"}'),
        ("families", "Camera, Table"),
        ("assets", "3"),
        ("version", "2"),
    ]


def test_a_row_ends_with_the_id() -> None:
    assert row(record({"name": "A", "registered_at": TIME}), ("name", "registered_at", "drawing")) == [
        "A", SHOWN, "", ID,
    ]  # fmt: skip
    assert [label(name) for name in ("registered_at", "slot_code")] == ["registered", "slot code"]


def event(*changes: dict[str, Any], **more: Any) -> dict[str, Any]:
    """An event as a history has it."""
    said = {"occurred_at": TIME, "recorded_at": TIME, "actor": "Ada", "via": "http", "kind": "AssetActivated"}
    return {**said, "on_behalf_of": None, "reason": None, "on": "", "changes": list(changes), **more}


def test_an_event_has_a_row_for_each_part_that_changed() -> None:
    first, second, third = past(
        event(
            {"pointer": "/lifecycle", "before": "Commissioned", "after": "Active"},
            {"pointer": "/settings/a~1b", "after": 7},
            {"pointer": "/drawing", "before": {"number": "7"}, "after": None},
            {"pointer": "/notes", "after": None},
            on_behalf_of="Grace",
            reason="first\nlight",
        )
    )
    assert first == [
        SHOWN, SHOWN, "Ada for Grace", "http", "AssetActivated", "first light", "lifecycle: Commissioned -> Active",
    ]  # fmt: skip
    assert second[6:] == ["settings.a/b: 7"]
    assert third[6:] == [f"drawing: number: 7 -> {NOTHING}"]
    assert {cell for each in (second, third) for cell in each[:6]} == {" "}


def test_a_long_value_that_changed_is_cut_off_and_says_so() -> None:
    ((*_, told),) = past(event({"pointer": "/description", "before": "a" * 500, "after": "b"}))
    assert told == f"description: {'a' * 117}... -> b"


def test_an_event_that_changed_nothing_is_a_row() -> None:
    ((*_, what, reason, told),) = past(event({"pointer": "/id", "after": ID}, on="A-1"))
    assert (what, reason, told) == ("AssetActivated (A-1)", "", "")


def node(name: str, *children: dict[str, Any], **more: Any) -> dict[str, Any]:
    """An asset in a tree."""
    usual = {"tier": "Device", "lifecycle": "Active", "condition": "Nominal", "mount": None, "persistent_id": None}
    return {"name": name, **usual, "children": children, "children_count": len(children), **more}


def test_a_tree_tells_what_is_not_as_usual(capsys: pytest.CaptureFixture[str]) -> None:
    broken = node(
        "[red]" + "x" * 100,
        lifecycle="Maintenance",
        condition="Faulted",
        mount={"id": ID, "slot_code": "A-1"},
        persistent_id={"scheme": "DOI", "value": "10.1/a"},
        children_count=1200,
    )
    show_tree({"path": "aps/2-BM", "root": node("2-BM", node("Table", broken), node("Drive"))})
    assert capsys.readouterr().out.splitlines() == [
        "aps/2-BM  Device",
        "├── Table  Device",
        f"│   └── [red]{'x' * 100}  Device, Maintenance, Faulted, in A-1, DOI 10.1/a",
        "│       └── 1,200 more below",
        "└── Drive  Device",
    ]


def test_a_tree_of_frames_has_their_mounts(capsys: pytest.CaptureFixture[str]) -> None:
    installed = {"name": "Rotary", "lifecycle": "Active", "condition": "Degraded", "persistent_id": None}
    mounts = [{"slot_code": "A-1", "installed_asset": installed}, {"slot_code": "A-2", "installed_asset": None}]
    hutch = {"name": "Hutch", "placement": PLACE, "children": (), "children_count": 0}
    floor = {"name": "Floor", "placement": None, "children_count": 1}
    below = [{**hutch, "mounts": mounts, "mounts_count": 4}]
    show_tree({"path": "Floor", "root": {**floor, "children": below, "mounts": [], "mounts_count": 0}})
    assert capsys.readouterr().out.splitlines() == [
        "Floor",
        "└── Hutch  x 0, y 1400.5, z -3 mm",
        "    ├── A-1: Rotary, Degraded",
        "    ├── A-2: empty",
        "    └── 2 more mounts",
    ]
