"""Plans: each kind of difference, and each problem with its line."""

from itertools import pairwise
from pathlib import Path

import pytest
from tests.unit.facility_file.hutch import BASE, EXAMPLE, Hutch, changed, line_of, make_hutch


@pytest.fixture
async def hutch(tmp_path: Path) -> Hutch:
    return await make_hutch(tmp_path)


@pytest.fixture
async def filled(tmp_path: Path) -> Hutch:
    hutch = await make_hutch(tmp_path)
    await hutch.apply(BASE)
    return hutch


async def test_the_example_has_no_problems(hutch: Hutch):
    plan = await hutch.plan(EXAMPLE.read_text())
    assert [str(problem) for problem in plan.problems] == []
    assert plan.warnings == ()
    assert plan.steps.counts["register_asset"] == 20
    assert plan.steps.counts["assign_fixture_persistent_id"] == 2


async def test_a_plan_tells_each_command_in_words_and_in_order(hutch: Hutch):
    assert await hutch.steps(BASE) == [
        "register facility 'aps'",
        "define family 'RotaryStage'",
        "define family 'Camera'",
        "define family 'Tower'",
        "set the settings schema of family 'RotaryStage'",
        "family 'RotaryStage' says that it presents as role 'Positioner'",
        "define model 'Aerotech/ABRS-250MP'",
        "register frame 'Floor'",
        "register frame 'Floor/Hutch B'",
        "register mount '02-BM-B'",
        "register mount '02-BM-B-ROT'",
        "register asset 'aps/2-BM'",
        "register asset 'aps/2-BM/Drive'",
        "register asset 'aps/2-BM/Rotary'",
        "set the settings of asset 'aps/2-BM/Rotary'",
        "activate asset 'aps/2-BM/Rotary'",
        "activate asset 'aps/2-BM'",
        "install asset 'aps/2-BM/Rotary' in mount '02-BM-B-ROT'",
        "define assembly 'SampleTower'",
        "register fixture 'Tower at 2-BM'",
        "attach asset 'aps/2-BM/Rotary' to fixture 'Tower at 2-BM'",
        "have a DOI with the suffix 'tower' minted for fixture 'Tower at 2-BM'",
    ]


async def test_planning_touches_nothing(hutch: Hutch):
    before = len(hutch.log.events)
    await hutch.plan(BASE)
    assert len(hutch.log.events) == before


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        (
            "families: [RotaryStage]\n        lifecycle",
            "families: [RotaryStge]\n        lifecycle",
            "asset 'Rotary': family 'RotaryStge' is not known; did you mean 'RotaryStage'?",
        ),
        ("model: abrs", "model: abs", "asset 'Rotary': model 'abs' is not known; did you mean 'abrs'?"),
        ("controller: aps/2-BM/Drive", "controller: aps/2-BM/Drve", "did you mean 'aps/2-BM/Drive'?"),
        ("mount: 02-BM-B-ROT", "mount: 02-BM-B-ROTT", "mount '02-BM-B-ROTT' is not known; did you mean '02-BM-B-ROT'?"),
        (
            "presents_as: [Positioner]",
            "presents_as: [Positoner]",
            "role 'Positoner' is not known; did you mean 'Positioner'?",
        ),
        ("facility: aps", "facility: apps", "facility 'apps' is not known; did you mean 'aps'?"),
        ("parent: 02-BM-B}", "parent: 02-BM-C}", "mount '02-BM-C' is not known"),
        (
            "frame: Floor/Hutch B, placement: {y: 100}",
            "frame: Floor/Hutch C, placement: {y: 100}",
            "frame 'Floor/Hutch C' is not known; did you mean 'Floor/Hutch B'?",
        ),
        (
            "assembly: SampleTower",
            "assembly: SampleTowr",
            "assembly 'SampleTowr' is not known; did you mean 'SampleTower'?",
        ),
        (
            "{rotation: aps/2-BM/Rotary}",
            "{rotation: aps/2-BM/Rotry}",
            "asset 'aps/2-BM/Rotry' is not known; did you mean 'aps/2-BM/Rotary'?",
        ),
        ("presents_as_family: Tower", "presents_as_family: Towr", "family 'Towr' is not known"),
        (
            "      rotation: {families: [RotaryStage]}",
            "      rotation: {families: [Stage]}",
            "family 'Stage' is not known",
        ),
        # rules
        ("families: [RotaryStage]\n        lifecycle", "families: [Camera]\n        lifecycle", "family 'Camera'"),
        ("max_speed: 720", "max_speed: fast", "'settings/max_speed'"),
        ("max_speed: 720", "speed: 720", "no family of this asset declares this setting"),
        ("presents_as: [Positioner]", "presents_as: [Detector]", "lacks what role 'Detector' requires"),
        ("affordances: [Imageable]", "affordances: [Imagable]", "'affordances/0'"),
        ("max_speed: {type: number, minimum: 0}", "max_speed: {type: numbr}", "'settings_schema"),
        ("code: aps, name", "code: APS!, name", "facility 'APS!': 'code'"),
        (
            "[{kind: SerialNumber, value: 730792/1}]",
            "[{kind: SerialNumber, value: 730792/1}, {kind: SerialNumber, value: 730792/1}]",
            "repeats",
        ),
        ("kind: SerialNumber", "kind: Serial", "'identifiers/0"),
        ("relation: References", "relation: Cites", "'related_identifiers/0/relation'"),
        ("value: 20.5/paper", "value: paper", "is not a Handle"),
        ("name: Paper}", "name: A}, {relation: References, scheme: Handle, value: 20.5/PAPER}", "repeats"),
        ("[{name: optics,", "[{name: OPTICS}, {name: optics,", "repeats"),
        ("contact: office@aps.example", "contact: office", "is not an e-mail address"),
        ("system: EDMS", "system: Shelf", "'drawing/system'"),
        ("direction: Output", "direction: Out", "'ports/0/direction'"),
        (
            "name: Hutch B, parent: Floor, placement: {z: 50500}",
            "name: Hutch B, parent: Floor",
            "a new frame below a parent needs a 'placement'",
        ),
        (
            "{slot_code: 02-BM-B, frame: Floor/Hutch B, placement",
            "{slot_code: 02-BM-B, placement",
            "a new mount needs a 'frame'",
        ),
        (
            "{rotation: aps/2-BM/Rotary}",
            "{rotations: aps/2-BM/Rotary}",
            "Slot 'rotation' holds 0 assets; the assembly wants exactly one",
        ),
        (
            "{rotation: aps/2-BM/Rotary}",
            "{rotation: aps/2-BM/Drive}",
            "Asset 'aps/2-BM/Drive' is installed in no mount",
        ),
        ("scheme: DOI, suffix: tower", "scheme: DOI, suffix: TOWER!", "'assign/suffix'"),
        ("assign: {scheme: DOI, suffix: tower}", "attach: [rot]", "names the slot 'rot', which nothing is bound to"),
        ("assign: {scheme: DOI, suffix: tower}", "retired: 2020-01-01", "nothing is retired by applying a file"),
        (
            "      rotation: {families: [RotaryStage]}\n",
            "      rotation: {families: [RotaryStage]}\n    wires: [rotation]\n",
            "a wire is 'slot.port -> slot.port'",
        ),
        ("controller: aps/2-BM/Drive", "controller: aps/2-BM/Rotary", "asset 'Rotary': it is controlled by itself"),
        (
            "frame: Floor/Hutch B, placement: {y: 100}",
            "frame: Floor/Hutch B, placement: {y: 100}, parent: 02-BM-B-ROT",
            "is its own 'parent'",
        ),
        (
            "        lifecycle: Active\n        controller",
            "        controller",
            "only an Active asset can be installed",
        ),
    ],
)
async def test_what_is_wrong_is_told_with_its_line(hutch: Hutch, old: str, new: str, says: str):
    text = changed(BASE, old, new)
    found = await hutch.problems(text)
    told = [(line, problem) for line, problem in found if says in problem]
    assert told, found
    first, last = line_of(BASE, old), line_of(BASE, old) + new.count("\n") + 1
    lines = text.splitlines()
    entry = next(number for number in range(first, 0, -1) if lines[number - 1].lstrip().startswith("- "))
    assert all(entry <= line <= last for line, _ in told), (told, entry, last)
    # One mistake is told once, not again by all that depends on it.
    assert len(found) <= 3, found


async def test_every_problem_of_all_files_is_told_at_once(hutch: Hutch):
    one = changed(BASE, "model: abrs", "model: abs")
    two = "cora: 1\nfamilies:\n  - name: A\n    colour: red\n  - name: B\n    presents_as: [None such]\n"
    plan = await hutch.plan(one, two)
    places = [(Path(problem.place.file).name, problem.place.line) for problem in plan.problems]
    assert places == [("hutch.yaml", line_of(one, "model: abs")), ("hutch1.yaml", 4), ("hutch1.yaml", 6)]
    assert plan.summary == "3 problems; nothing can be applied"


async def test_files_are_read_together(hutch: Hutch):
    first = BASE[: BASE.index("assets:")]
    rest = "cora: 1\noccurred_at: 2016-05-01\n" + BASE[BASE.index("assets:") :].replace(
        "model: abrs", "model: Aerotech/ABRS-250MP"
    )
    assert set(await hutch.steps(rest, first)) == set(await hutch.steps(BASE))
    problems = await hutch.problems(rest.replace("Aerotech/ABRS-250MP", "abrs"), first)
    assert any("model 'abrs' is not known" in text for _, text in problems)


async def test_an_entry_that_stands_twice_is_told(hutch: Hutch):
    again = "cora: 1\nfamilies:\n  - name: rotarystage\nassets:\n  - {name: 2-BM, facility: aps, tier: Unit}\n"
    found = await hutch.problems(BASE, again)
    assert [line for line, _ in found] == [3, 5]
    assert "stands in the files twice, first at" in found[0][1]
    assert "write '- under:'" in found[1][1]


async def test_children_are_added_under_an_asset(filled: Hutch):
    text = "cora: 1\nassets:\n  - under: aps/2-BM/Rotary\n    children:\n      - {name: Top, tier: Device}\n"
    assert await filled.steps(text) == ["register asset 'aps/2-BM/Rotary/Top'"]
    wrong = changed(text, "aps/2-BM/Rotary", "aps/2-BM/Rotaty")
    assert await filled.problems(wrong) == [(3, "'under': asset 'aps/2-BM/Rotaty' is not known")]


async def test_what_is_left_out_is_left_alone(filled: Hutch):
    text = "cora: 1\nassets:\n  - under: aps/2-BM\n    children:\n      - {name: rotary}\n"
    assert await filled.steps(changed(text, "rotary", "Rotary")) == []
    # Names are the same ignoring case; another spelling is another name to show.
    assert await filled.steps(text) == ["rename asset 'Rotary' to 'rotary'"]


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("description: the axis", "description: theta", ["describe asset 'aps/2-BM/Rotary'"]),
        ("description: the axis", "description: null", ["describe asset 'aps/2-BM/Rotary'"]),
        (
            "settings: {max_speed: 720, mode: slow}",
            "settings: {max_speed: 30}",
            ["change the settings mode, max_speed of asset 'aps/2-BM/Rotary'"],
        ),
        ("settings: {max_speed: 720, mode: slow}", "settings: {mode: slow, max_speed: 720.0}", []),
        (
            "settings: {max_speed: 720, mode: slow}",
            "settings: null",
            ["change the settings max_speed, mode of asset 'aps/2-BM/Rotary'"],
        ),
        (
            "identifiers: [{kind: SerialNumber, value: 730792/1}]",
            "identifiers: [{kind: InventoryNumber, value: 7}]",
            [
                "remove identifier '730792/1' from asset 'aps/2-BM/Rotary'",
                "add identifier '7' to asset 'aps/2-BM/Rotary'",
            ],
        ),
        (
            "name: Paper}",
            "name: Paper}, {relation: IsAttachedTo, scheme: Handle, value: 20.5/mast}",
            ["add IsAttachedTo '20.5/mast' to asset 'aps/2-BM/Rotary'"],
        ),
        (
            "name: Paper",
            "name: The paper",
            [
                "remove References '20.5/paper' from asset 'aps/2-BM/Rotary'",
                "add References '20.5/paper' to asset 'aps/2-BM/Rotary'",
            ],
        ),
        (
            "subjects: [{name: optics, identifier: voc/1, scheme: Keywords}]",
            "subjects: [{name: vacuum}]",
            [
                "remove subject 'optics' from asset 'aps/2-BM/Rotary'",
                "add subject 'vacuum' to asset 'aps/2-BM/Rotary'",
            ],
        ),
        (
            "ports: [{name: pso_out, direction: Output, signal_type: TTL}]",
            "ports: []",
            ["remove port 'pso_out' from asset 'aps/2-BM/Rotary'"],
        ),
        (
            "ports: [{name: pso_out, direction: Output, signal_type: TTL}]",
            "ports: null",
            ["remove port 'pso_out' from asset 'aps/2-BM/Rotary'"],
        ),
        (
            "owners: [{name: Argonne, contact: office@aps.example}]",
            "owners:",
            ["remove owner 'Argonne' from asset 'aps/2-BM'"],
        ),
        (
            "identifiers: [{kind: SerialNumber, value: 730792/1}]",
            "identifiers: null",
            ["remove identifier '730792/1' from asset 'aps/2-BM/Rotary'"],
        ),
        (
            "signal_type: TTL",
            "signal_type: LVDS",
            ["remove port 'pso_out' from asset 'aps/2-BM/Rotary'", "add port 'pso_out' to asset 'aps/2-BM/Rotary'"],
        ),
        (
            "owners: [{name: Argonne, contact: office@aps.example}]",
            "owners: [{name: Argonne, contact: desk@aps.example}]",
            ["remove owner 'Argonne' from asset 'aps/2-BM'", "add owner 'Argonne' to asset 'aps/2-BM'"],
        ),
        (
            "owners: [{name: Argonne, contact: office@aps.example}]",
            "owners: [{name: Other}]",
            ["remove owner 'Argonne' from asset 'aps/2-BM'", "add owner 'Other' to asset 'aps/2-BM'"],
        ),
        (
            "        mount: 02-BM-B-ROT\n",
            "        mount: 02-BM-B-ROT\n        condition: {state: Degraded, reason: worn}\n",
            ["report that asset 'aps/2-BM/Rotary' is Degraded"],
        ),
        (
            "        lifecycle: Active\n",
            "        lifecycle: Maintenance\n",
            ["put asset 'aps/2-BM/Rotary' into maintenance"],
        ),
        (
            "      - name: Drive\n",
            "      - name: Drive\n        lifecycle: Maintenance\n",
            ["activate asset 'aps/2-BM/Drive'", "put asset 'aps/2-BM/Drive' into maintenance"],
        ),
        (
            "      - name: Drive\n",
            "      - name: Drive\n        families: [Camera]\n",
            ["add family 'Camera' to asset 'aps/2-BM/Drive'"],
        ),
        (
            "presents_as: [Positioner]",
            "presents_as: []",
            ["family 'RotaryStage' no longer says that it presents as role 'Positioner'"],
        ),
        (
            "max_speed: {type: number, minimum: 0}",
            "max_speed: {type: number}",
            ["set the settings schema of family 'RotaryStage'"],
        ),
        (
            "    settings_schema: {type: object, properties: {max_speed: {type: number, minimum: 0}, mode: "
            "{type: string}}}",
            "    settings_schema: null",
            ["clear the settings schema of family 'RotaryStage'"],
        ),
        (
            "presents_as_family: Tower",
            "presents_as_family: Tower\n    presents_as: [Positioner]",
            ["assembly 'SampleTower' says that it presents as role 'Positioner'"],
        ),
        ("    bindings:", "    attach: false\n    bindings:", ["detach asset 'Rotary' from fixture 'Tower at 2-BM'"]),
        ("placement: {z: 50500}", "placement: {z: 50501}", ["place frame 'Floor/Hutch B' anew"]),
        ("placement: {z: 50500}", "placement: {z: 50500.0, tol_z: 0}", []),
        ("placement: {y: 1400}", "placement: {y: 1400, tol_x: 0.25}", ["place mount '02-BM-B-ROT' anew"]),
        (
            "frame: Floor/Hutch B, placement: {y: 1400}",
            "frame: Floor, placement: {y: 1400}",
            ["place mount '02-BM-B-ROT' in frame 'Floor'"],
        ),
        (
            "frame: Floor/Hutch B, placement: {y: 1400}",
            "frame: Floor",
            ["place mount '02-BM-B-ROT' in frame 'Floor'"],
        ),
        (
            "placement: {y: 1400}",
            "placement: {y: 1401}, drawing: {system: ICMS, number: X-1}",
            ["place mount '02-BM-B-ROT' anew", "set the drawing of mount '02-BM-B-ROT'"],
        ),
        ('revision: "02"', 'revision: "03"', ["set the drawing of asset 'aps/2-BM/Rotary'"]),
        (
            'drawing: {system: EDMS, number: 630C2125, revision: "02"}',
            "drawing: null",
            ["clear the drawing of asset 'aps/2-BM/Rotary'"],
        ),
        ("controller: aps/2-BM/Drive", "controller: null", ["clear the controller of asset 'aps/2-BM/Rotary'"]),
        ("controller: aps/2-BM/Drive", "controller: aps/2-BM", ["set the controller of asset 'aps/2-BM/Rotary'"]),
        (
            "      - name: Drive\n",
            "      - name: Drive\n        model: abrs\n",
            ["bind model 'Aerotech/ABRS-250MP' to asset 'aps/2-BM/Drive'"],
        ),
    ],
)
async def test_what_differs_is_changed(filled: Hutch, old: str, new: str, words: list[str]):
    text = changed(BASE, old, new)
    assert await filled.steps(text) == words
    await filled.apply(text)
    assert await filled.steps(text) == []


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("placement: {z: 50500}", "placement: null", "a frame below a parent keeps a 'placement'"),
        (", parent: 02-BM-B}", ", parent: null}", "no command changes 'parent' of a mount"),
        (
            "        tier: Device\n        description",
            "        tier: Component\n        description",
            "no command changes 'tier'",
        ),
        ("model: abrs", "model: null", "no command takes the model of an asset away; name another model"),
        ("system: EDMS", "system: Shelf", "'drawing/system': 'Shelf' is not known"),
        (
            "controller: aps/2-BM/Drive",
            "controller: aps/2-BM/Rotary",
            "Asset 'aps/2-BM/Rotary' cannot be the controller of asset 'aps/2-BM/Rotary': that is the asset itself",
        ),
        ("bindings: {rotation: aps/2-BM/Rotary}", "bindings: {rotation: aps/2-BM/Drive}", "a frozen snapshot"),
        (
            "    lifecycle: Active\n    owners",
            "    lifecycle: Commissioned\n    owners",
            "never becomes Commissioned again",
        ),
        ("suffix: tower", "suffix: other", "its identifier is DOI 10.0000/cora-stub/tower and never changes"),
        ("scheme: DOI", "scheme: Handle", "its identifier is DOI"),
        ("mount: 02-BM-B-ROT", "mount: 02-BM-B", "it is attached to fixture 'Tower at 2-BM' and stays in its mount"),
        ("mount: 02-BM-B-ROT", "mount: null", "detach it first"),
        (
            "        mount: 02-BM-B-ROT",
            "        mount: 02-BM-B-ROT\n        registered: 2001-01-01",
            "no command changes 'registered'",
        ),
    ],
)
async def test_what_cannot_be_changed_is_a_problem(filled: Hutch, old: str, new: str, says: str):
    text = changed(BASE, old, new)
    found = await filled.problems(text)
    assert len(found) == 1, found
    assert says in found[0][1]


OTHER_MODEL = """\
  - {key: axis, name: Axis, manufacturer: {name: Kohzu}, part_number: RA-10, families: [Camera]}
frames:
"""


async def test_another_model_is_bound_with_the_reason_of_the_file_between_the_families(filled: Hutch):
    text = changed(BASE, "frames:\n", OTHER_MODEL)
    text = changed(text, "        model: abrs\n        families: [RotaryStage]\n",
                   "        model: axis\n        families: [Camera]\n        settings: null\n")  # fmt: skip
    text = changed(text, "        settings: {max_speed: 720, mode: slow}\n", "")
    plan = await filled.plan(text)
    assert [step.words for step in plan.steps] == [
        "define model 'Kohzu/RA-10'",
        "remove family 'RotaryStage' from asset 'aps/2-BM/Rotary'",
        "bind model 'Kohzu/RA-10' to asset 'aps/2-BM/Rotary'",
        "add family 'Camera' to asset 'aps/2-BM/Rotary'",
        "change the settings max_speed, mode of asset 'aps/2-BM/Rotary'",
    ]
    (bound,) = [step for step in plan.steps if step.command == "bind_asset_model"]
    assert bound.arguments["reason"] == "as surveyed"
    await filled.apply(text)
    assert filled.state("asset", "Rotary")["model_id"] == str(filled.id("model", "Axis"))
    assert await filled.steps(text) == []


async def test_another_model_wants_a_reason_and_the_first_does_not(filled: Hutch):
    text = changed(changed(BASE, "reason: as surveyed\n", ""), "families: [RotaryStage]}\nframes:\n",
                   "families: [RotaryStage]}\n  - {key: axis, name: Axis, manufacturer: {name: Kohzu}, "
                   "part_number: RA-10, families: [RotaryStage]}\nframes:\n")  # fmt: skip
    first = changed(text, "      - name: Drive\n", "      - name: Drive\n        model: axis\n")
    assert await filled.steps(first) == [
        "define model 'Kohzu/RA-10'",
        "bind model 'Kohzu/RA-10' to asset 'aps/2-BM/Drive'",
    ]
    another = changed(text, "        model: abrs\n", "        model: axis\n")
    ((line, problem),) = await filled.problems(another)
    assert line == line_of(another, "        model: axis")
    assert "binding it to another model wants a reason; give 'reason' at the top" in problem


async def test_a_model_that_does_not_declare_the_families_is_told(filled: Hutch):
    text = changed(changed(BASE, "frames:\n", OTHER_MODEL), "        model: abrs\n", "        model: axis\n")
    ((line, problem),) = await filled.problems(text)
    assert line == line_of(text, "        model: axis")
    assert "Model 'Kohzu/RA-10' does not declare family 'RotaryStage'; add the family to the model first" in problem


LINE = """\
cora: 1
reason: rewired
assets:
  - under: aps/2-BM
    children:
      - {name: Drive, tier: Device, controller: null}
      - {name: Crate, tier: Device, controller: aps/2-BM/Drive}
      - {name: Card, tier: Device, controller: aps/2-BM/Crate}
"""


def rewired(**controllers: str) -> str:
    """The line with these controllers instead."""
    lines = [
        f"      - {{name: {name}, tier: Device, controller: {controllers.get(name, 'null')}}}"
        for name in ("Drive", "Crate", "Card")
    ]
    return LINE[: LINE.index("      - {")] + "\n".join(lines) + "\n"


async def test_controllers_are_set_from_the_top_of_the_line_down(filled: Hutch):
    """On the way from Drive, Crate, Card to Card, Drive, Crate no asset controls itself."""
    await filled.apply(LINE)
    text = rewired(Crate="aps/2-BM/Drive", Drive="aps/2-BM/Card")
    assert await filled.steps(text) == [
        "clear the controller of asset 'aps/2-BM/Card'",
        "set the controller of asset 'aps/2-BM/Drive'",
    ]
    await filled.apply(text)
    assert await filled.steps(text) == []
    upside_down = rewired(Drive="aps/2-BM/Crate", Crate="aps/2-BM/Card")
    await filled.apply(upside_down)
    reversed_again = LINE
    assert await filled.steps(reversed_again) == [
        "clear the controller of asset 'aps/2-BM/Drive'",
        "set the controller of asset 'aps/2-BM/Crate'",
        "set the controller of asset 'aps/2-BM/Card'",
    ]
    await filled.apply(reversed_again)
    assert filled.state("asset", "Card")["controller_id"] == str(filled.id("asset", "Crate"))


async def test_a_circle_of_controllers_is_told_where_it_is_closed(filled: Hutch):
    await filled.apply(LINE)
    text = rewired(Drive="aps/2-BM/Card", Crate="aps/2-BM/Drive", Card="aps/2-BM/Crate")
    ((line, problem),) = await filled.problems(text)
    assert line == line_of(text, "{name: Drive")
    assert problem == (
        "asset 'Drive': Asset 'aps/2-BM/Card' cannot be the controller of asset 'aps/2-BM/Drive': "
        "it is controlled by the asset, directly or through others."
    )
    # What the file leaves out stays, and counts.
    only = "cora: 1\nassets: [{under: aps/2-BM, children: [{name: Drive, controller: aps/2-BM/Card}]}]\n"
    assert len(await filled.problems(only)) == 1


async def test_a_circle_through_a_new_asset_is_told(filled: Hutch):
    new = "      - {name: Bus, tier: Device, controller: aps/2-BM/Rotary}\n      - name: Drive\n"
    text = changed(BASE, "      - name: Drive\n", new + "        controller: aps/2-BM/Bus\n")
    ((line, problem),) = await filled.problems(text)
    assert line == line_of(text, "        controller: aps/2-BM/Bus")
    assert "Asset 'aps/2-BM/Bus' cannot be the controller of asset 'aps/2-BM/Drive'" in problem


async def test_a_new_asset_becomes_a_controller(filled: Hutch):
    new = "      - {name: Bus, tier: Device}\n      - name: Drive\n        controller: aps/2-BM/Bus\n"
    text = changed(BASE, "      - name: Drive\n", new)
    assert await filled.steps(text) == [
        "register asset 'aps/2-BM/Bus'",
        "set the controller of asset 'aps/2-BM/Drive'",
    ]
    await filled.apply(text)
    assert await filled.steps(text) == []


async def test_a_line_of_controllers_that_would_be_too_long_is_told(filled: Hutch):
    names = [f"C{number}" for number in range(64)]
    line = [f"      - {{name: {one}, tier: Device, controller: aps/2-BM/{above}}}"
            for above, one in pairwise(names)]  # fmt: skip
    head = "cora: 1\nreason: rewired\nassets:\n  - under: aps/2-BM\n    children:\n"
    await filled.apply(head + "\n".join(["      - {name: C0, tier: Device}", *line]) + "\n")
    end = head + "      - {name: Drive, controller: aps/2-BM/C63}\n"
    ((_, problem),) = await filled.problems(end)
    assert "the line of its controllers would be longer than 64 assets" in problem
    assert len(await filled.steps(end.replace("C63", "C62"))) == 1


async def test_what_came_to_its_end_is_not_found_and_made_anew(filled: Hutch):
    bare = "cora: 1\nframes: [{name: Rack, parent: Floor, placement: {}}]\n"
    bare += "mounts: [{slot_code: R-1, frame: Floor/Rack}]\n"
    await filled.apply(bare)
    await filled.run("decommission_mount", mount_id=str(filled.id("mount", "R-1")), reason="torn down")
    await filled.run("decommission_frame", frame_id=str(filled.id("frame", "Rack")), reason="torn down")
    assert await filled.steps(bare) == ["register frame 'Floor/Rack'", "register mount 'R-1'"]
    await filled.apply(bare)
    assert await filled.steps(bare) == []


async def test_an_asset_moves_to_another_mount_once_it_is_detached(filled: Hutch):
    text = changed(
        changed(BASE, "mount: 02-BM-B-ROT", "mount: 02-BM-B"), "    bindings:", "    attach: false\n    bindings:"
    )
    assert await filled.steps(text) == [
        "detach asset 'Rotary' from fixture 'Tower at 2-BM'",
        "uninstall asset 'aps/2-BM/Rotary'",
        "install asset 'aps/2-BM/Rotary' in mount '02-BM-B'",
    ]
    await filled.apply(text)
    assert await filled.steps(text) == []


async def test_a_mount_holds_one_asset(filled: Hutch):
    other = "      - name: Drive\n        tier: Device\n        lifecycle: Active\n        mount: 02-BM-B-ROT\n"
    text = changed(BASE, "      - name: Drive\n        tier: Device\n", other)
    found = await filled.problems(text)
    assert (line_of(text, "description: the axis") + 5, True) in [
        (line, "takes one asset" in says) for line, says in found
    ]
    text = "cora: 1\nassets:\n  - under: aps/2-BM\n    children:\n" + other
    ((line, problem),) = await filled.problems(text)
    assert (line, problem) == (8, "asset 'Drive': the mount holds asset 'Rotary'; uninstall that first")


async def test_null_uninstalls(filled: Hutch):
    first = changed(
        BASE, "      - name: Drive\n", "      - name: Drive\n        lifecycle: Active\n        mount: 02-BM-B\n"
    )
    await filled.apply(first)
    text = changed(first, "        mount: 02-BM-B\n", "        mount: null\n")
    assert await filled.steps(text) == ["uninstall asset 'aps/2-BM/Drive'"]
    ((line, problem),) = await filled.problems(changed(text, "reason: as surveyed\n", ""))
    assert line == line_of(text, "mount: null") - 1
    assert "uninstalling it wants a reason; give 'reason' at the top" in problem
    await filled.apply(text)
    assert filled.state("mount", "02-BM-B")["installed_asset_id"] is None
    assert await filled.steps(text) == []


async def test_the_words_of_messages(hutch: Hutch):
    text = changed(BASE, "affordances: [Imageable]", "affordances:\n      - Imageable\n      - Imagable")
    text = changed(
        text, "      - name: Drive\n        tier: Device\n", "      - name: Drive\n        description: no tier\n"
    )
    text = changed(
        text, "        families: [RotaryStage]\n", "        families:\n          - Camera\n          - RotaryStge\n"
    )
    plan = await hutch.plan(text)
    path = plan.files[0]
    assert [str(problem) for problem in plan.problems] == [
        f"{path}:{line_of(text, '- Imagable')}: family 'Camera': 'affordances/1': 'Imagable' is not known; "
        "did you mean 'Imageable'?",
        f"{path}:{line_of(text, '- name: Drive')}: asset 'Drive': 'tier' is missing",
        f"{path}:{line_of(text, '- RotaryStge')}: asset 'Rotary': family 'RotaryStge' is not known; "
        "did you mean 'RotaryStage'?",
    ]


async def test_two_assets_exchange_their_mounts(filled: Hutch):
    first = changed(BASE, "    bindings:", "    attach: false\n    bindings:")
    first = changed(
        first, "      - name: Drive\n", "      - name: Drive\n        lifecycle: Active\n        mount: 02-BM-B\n"
    )
    await filled.apply(first)
    text = first.replace("mount: 02-BM-B\n", "mount: X\n").replace("mount: 02-BM-B-ROT", "mount: 02-BM-B")
    text = text.replace("mount: X\n", "mount: 02-BM-B-ROT\n")
    steps = await filled.steps(text)
    assert [step.split()[0] for step in steps] == ["uninstall", "uninstall", "install", "install"]
    await filled.apply(text)
    assert await filled.steps(text) == []


async def test_a_new_name_is_told_with_was(filled: Hutch):
    text = changed(BASE, "      - name: Rotary\n", "      - name: Theta\n        was: aps/2-BM/Rotary\n")
    text = text.replace("{rotation: aps/2-BM/Rotary}", "{rotation: aps/2-BM/Theta}")
    assert await filled.steps(text) == ["rename asset 'Rotary' to 'Theta'"]
    id = filled.id("asset", "Rotary")
    await filled.apply(text)
    assert filled.id("asset", "Theta") == id
    assert await filled.steps(text) == []
    assert await filled.steps(text.replace("was: aps/2-BM/Rotary", "was: Rotary")) == []


async def test_the_older_name_may_be_given_to_another(filled: Hutch):
    text = changed(
        BASE,
        "      - name: Rotary\n",
        "      - {name: Rotary, tier: Device}\n      - name: Theta\n        was: Rotary\n",
    )
    text = text.replace("{rotation: aps/2-BM/Rotary}", "{rotation: aps/2-BM/Theta}")
    assert await filled.steps(text) == ["rename asset 'Rotary' to 'Theta'", "register asset 'aps/2-BM/Rotary'"]
    await filled.apply(text)
    assert await filled.steps(text) == []


async def test_an_asset_moves_with_was(filled: Hutch):
    text = changed(BASE, "      - name: Drive\n        tier: Device\n", "")
    text = changed(
        text,
        "        model: abrs\n",
        "        model: abrs\n        children: [{name: Drive, tier: Device, was: aps/2-BM/Drive}]\n",
    )
    text = changed(text, "        controller: aps/2-BM/Drive\n", "")
    assert await filled.steps(text) == ["relocate asset 'Drive' to 'aps/2-BM/Rotary'"]
    await filled.apply(text)
    assert filled.state("asset", "Drive")["parent_id"] == str(filled.id("asset", "Rotary"))
    assert await filled.steps(text) == []


async def test_an_asset_moves_below_one_that_is_new(filled: Hutch):
    moved = "{name: Drive, tier: Device, was: aps/2-BM/Drive}"
    text = "cora: 1\nreason: rebuilt\nassets:\n  - under: aps/2-BM\n    children:\n"
    text += f"      - {{name: Crate, tier: Component, children: [{moved}]}}\n"
    assert await filled.steps(text) == [
        "register asset 'aps/2-BM/Crate'",
        "relocate asset 'Drive' to 'aps/2-BM/Crate'",
    ]
    await filled.apply(text)
    assert filled.state("asset", "Drive")["parent_id"] == str(filled.id("asset", "Crate"))
    assert await filled.steps(text) == []


async def test_what_stood_above_moves_below(filled: Hutch):
    head = "cora: 1\nreason: rebuilt\nassets:\n  - under: aps/2-BM\n    children:\n"
    await filled.apply(
        head + "      - {name: Crate, tier: Device, children: [{name: Card, tier: Device, children: "
        "[{name: Chip, tier: Device}]}]}\n"
    )
    text = head + (
        "      - name: Chip\n        was: aps/2-BM/Crate/Card/Chip\n        children:\n"
        "          - name: Card\n            was: aps/2-BM/Crate/Card\n            children:\n"
        "              - {name: Crate, was: aps/2-BM/Crate}\n"
    )
    assert await filled.steps(text) == [
        "relocate asset 'Chip' to 'aps/2-BM'",
        "relocate asset 'Card' to 'aps/2-BM/Chip'",
        "relocate asset 'Crate' to 'aps/2-BM/Chip/Card'",
    ]
    await filled.apply(text)
    assert filled.state("asset", "Crate")["parent_id"] == str(filled.id("asset", "Card"))
    assert await filled.steps(text) == []


async def test_an_asset_does_not_move_below_itself(filled: Hutch):
    text = "cora: 1\nreason: test\nassets:\n  - under: aps/2-BM/Drive\n    children: [{name: 2-BM, was: aps/2-BM}]\n"
    assert any(line == 5 and "asset '2-BM'" in problem for line, problem in await filled.problems(text))


async def test_a_twin_is_warned_of(filled: Hutch):
    text = changed(BASE, "      - name: Rotary\n", "      - name: Theta\n").replace("{rotation: aps/2-BM/Rotary}", "{}")
    text = text[: text.index("assemblies:")].replace("        mount: 02-BM-B-ROT\n", "")
    plan = await filled.plan(text)
    assert plan.problems == ()
    (warning,) = plan.warnings
    assert warning.place.line == line_of(text, "        identifiers:")
    assert "serial number '730792/1' of the recorded asset 'Rotary'" in warning.text


async def test_a_record_that_exists_under_another_case_is_the_same(filled: Hutch):
    text = "cora: 1\nfamilies: [{name: CAMERA, affordances: [Imageable]}]\nmounts: [{slot_code: 02-bm-b}]\n"
    found = await filled.problems(text)
    assert [problem for _, problem in found] == ["mount '02-bm-b': no command changes 'slot_code' of a mount"]
    families = text[: text.index("mounts:")]
    assert await filled.steps(families) == ["make version '2' of family 'CAMERA': name (was 'Camera')"]


async def test_a_slash_in_a_name_is_doubled(hutch: Hutch):
    text = changed(BASE, "      - name: Drive\n", "      - name: W/Si drive\n")
    assert "controller" in text
    text = changed(text, "controller: aps/2-BM/Drive", "controller: aps/2-BM/W//Si drive")
    assert "register asset 'aps/2-BM/W//Si drive'" in await hutch.steps(text)


async def test_a_controller_is_registered_before_what_it_controls(hutch: Hutch):
    text = changed(BASE, "      - name: Drive\n        tier: Device\n", "")
    text += "" if text.endswith("\n") else "\n"
    text = text.replace("controller: aps/2-BM/Drive", "controller: aps/Rack/Crate/Drive")
    text = changed(text, "assemblies:", "  - {name: Rack, facility: aps, tier: Unit, "
        "children: [{name: Crate, tier: Component, "
                   "children: [{name: Drive, tier: Device}]}]}\nassemblies:")  # fmt: skip
    steps = await hutch.steps(text)
    assert steps.index("register asset 'aps/Rack/Crate/Drive'") < steps.index("register asset 'aps/2-BM/Rotary'")
    await hutch.apply(text)


async def test_a_file_whose_records_refer_to_each_other_in_any_order(hutch: Hutch):
    sections = BASE[BASE.index("facilities:") :].split("\n")
    blocks: list[list[str]] = []
    for line in sections:
        if line and not line.startswith((" ", "-")):
            blocks.append([])
        blocks[-1].append(line)
    text = BASE[: BASE.index("facilities:")] + "\n".join("\n".join(block).rstrip() for block in reversed(blocks)) + "\n"
    assert set(await hutch.steps(text)) == set(await hutch.steps(BASE))
    await hutch.apply(text)


async def test_a_plan_as_json_says_the_same(hutch: Hutch):
    plan = await hutch.plan(BASE)
    shown = plan.to_json()
    assert [step["words"] for step in shown["steps"]] == [step.words for step in plan.steps]
    assert shown["counts"]["register_asset"] == 3
    assert shown["problems"] == []
    assert shown["steps"][0]["line"] == line_of(BASE, "code: aps")


async def test_a_name_that_is_not_known_hides_nothing_else(hutch: Hutch):
    text = (
        "cora: 1\n"
        "facilities: [{code: aps, name: Advanced Photon Source}]\n"
        "families: [{name: Stage}]\n"
        "assets:\n"
        "  - name: A\n"
        "    facility: aps\n"
        "    tier: Unit\n"
        "    families: [Nope]\n"
        "    identifiers: [{kind: Serial, value: x}]\n"
        "    children:\n"
        "      - {name: B, tier: Device, families: [Stage], ports: [{name: p, direction: Up, signal_type: TTL}]}\n"
        "      - {name: C, families: [Stag]}\n"
    )
    told = await hutch.problems(text)
    assert [line for line, _ in told] == [8, 9, 11, 12, 12]
    assert "'identifiers/0/kind': 'Serial' is not known" in told[1][1]
    assert "'ports/0/direction': 'Up' is not known" in told[2][1]
    assert "'tier' is missing" in told[4][1]


async def test_a_value_that_is_wrong_hides_nothing_else_of_an_asset(hutch: Hutch):
    entry = "lifecycle: Active, mount: S1"
    text = (
        "cora: 1\n"
        "facilities: [{code: aps, name: Advanced Photon Source}]\n"
        "families: [{name: Stage, settings_schema: {type: object, properties: {speed: {type: number}}, "
        "additionalProperties: false}}]\n"
        "frames: [{name: Floor}]\n"
        "mounts: [{slot_code: S1, frame: Floor, placement: {}}]\n"
        "assets:\n"
        "  - name: A\n"
        "    facility: aps\n"
        "    tier: Unit\n"
        "    children:\n"
        f"      - {{name: B, tier: Device, families: [Stage], {entry}}}\n"
        f"      - {{name: C, tier: Device, families: [Stage], {entry}, settings: {{sped: 1}}, "
        "identifiers: [{kind: Serial, value: x}]}\n"
    )
    told = [problem for line, problem in await hutch.problems(text) if line == 12]
    for part in ("'Serial' is not known", "sped", "mount 'S1' takes one asset"):
        assert [problem for problem in told if part in problem], (part, told)
    assert len([problem for problem in told if "Serial" in problem]) == 1
